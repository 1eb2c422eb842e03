// What the world is told, as ITCH 5.0 messages in one stream, written once.
//
//   log ─► on_command(), on_event() ─► encode in place ─► feed: stream 0, whose numbers are the
//                                                         MoldUDP64 sequence numbers
//
//   command, event                        message
//   the first command of all              S  start of messages
//   define instrument                     R  directory, z  scale (EXTENSIONS.md), H  state
//   set instrument state                  H, in an auction with state Q
//   phase changed                         H; J where a volatility auction begins
//   extended                              J
//   market event                          S
//   set halt levels, halt market          V, W
//   rested                                A, of what it shows
//   fill                                  E  of the maker, at its own price
//     of a maker that hides               P
//     of an uncross                       C  of both, not printable; of none that hides
//   uncrossed                             Q  prints them all
//   indicative                            I
//   restated                              A, under a number of its own
//   canceled, of what is shown            X  a part of the order stays; D  none does
//   replaced, and rests whole at once     U
//   replaced, and trades or goes          D, then as for a new order
//   all others                            silence: of what waits or hides nothing shows
//
// Invariants
//   I1  The stream is a function of the prefix of the log that was seen: the same after every
//       restart, on every machine.
//   I2  Whoever applies the stream has, between the last message of one command and the first of
//       the next, the very books of the engine: orders, quantities, and their rank at each price.
//
// Shares are lots; prices are ticks in units of 0.0001. A stock locate is an instrument's id
// plus 1. Never decides, never sends, never allocates after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/event.h"
#include "engine/limits.h"
#include "engine/pipeline/stream_store.h"
#include "engine/reference.h"
#include "feedhandlers/market_data/itch50.h"

namespace basalt::marketdata {

inline constexpr std::uint32_t feed_stream = 0;

[[nodiscard]] constexpr std::uint16_t stock_locate(InstrumentId instrument) noexcept {
  return static_cast<std::uint16_t>(index_of(instrument) + 1);
}
static_assert(limits::instruments_max <= 0xFFFF, "each has a stock locate, and 0 is none's");

class MarketDataCore {
 public:
  // `orders_max` is the venue's: order numbers are addresses below it. `feed` has no other writer.
  MarketDataCore(const ReferenceLimits& limits, std::uint32_t orders_max,
                 pipeline::StreamStore& feed, Arena& arena);
  static std::size_t memory_bytes(const ReferenceLimits& limits, std::uint32_t orders_max) noexcept;

  // The number by which the feed knows an order that rests.
  [[nodiscard]] std::uint64_t reference_of(OrderId order) const noexcept {
    return shown_as_[slot_of(order)];
  }

  // May the next slot of the log be taken? False: the store is full, and stays so.
  [[nodiscard]] bool ready() const noexcept { return feed_.has_room(messages_per_slot_max); }

  void on_command(const Command& command) noexcept;
  void on_event(const Command& command, const Event& event) noexcept;

 private:
  // Start of messages, and the three of a definition.
  static constexpr std::uint32_t messages_per_slot_max = 4;

  void on_definition(const Command& command) noexcept;
  void on_market_event(const Command& command) noexcept;
  void on_halt(const Command& command) noexcept;
  void on_halt_levels(const Command& command) noexcept;
  void on_rested(const Command& command, const Event& event) noexcept;
  void on_fill(const Command& command, const Event& event) noexcept;
  void on_canceled(const Command& command, const Event& event) noexcept;
  void on_restated(const Command& command, const Event& event) noexcept;
  void on_uncrossed(const Command& command, const Event& event) noexcept;
  void on_indicative(const Command& command, const Event& event) noexcept;
  void on_bands(const Command& command, const Event& event) noexcept;

  void tell_system_event(const Command& command, itch50::EventCode event) noexcept;
  void tell_directory(const Command& command, const Instrument& instrument) noexcept;
  void tell_scale(const Command& command, const Instrument& instrument) noexcept;
  void tell_state(const Command& command, InstrumentId id, InstrumentState state,
                  wire::Alpha<4> reason = {}) noexcept;
  void on_phase_changed(const Command& command, const Event& event) noexcept;
  void tell_collar(const Command& command, const Event& event, std::uint32_t extension) noexcept;
  void tell_added(const Command& command, const Event& event, Quantity shown) noexcept;
  void tell_replaced(const Command& command, const Event& event) noexcept;
  void tell_deleted(const Command& command, OrderId order, InstrumentId instrument) noexcept;
  void tell_trade(const Command& command, const Event& event) noexcept;
  void tell_crossed(const Command& command, const Event& event, OrderId order) noexcept;

  // The next message, about an instrument, or about none where it is no_instrument; the rest is the
  // caller's.
  template <wire::Message M>
  [[nodiscard]] M& start(const Command& command, InstrumentId instrument) noexcept;
  template <wire::Message M>
  void finish(const M& message, const Command& command) noexcept;

  ReferenceData reference_;
  std::span<std::uint64_t> shown_as_;  // By slot: the feed's number of the order that rests there.
  pipeline::StreamStore& feed_;
  // The original of a replacement, until the next event tells whether U or D says it.
  OrderId replaced_ = no_order;
  OrderId taker_ = no_order;        // Of the fills that come next.
  bool taker_hides_ = false;        // Likewise, of an uncross.
  std::uint64_t match_number_ = 0;  // Of the latest fill.
};

}  // namespace basalt::marketdata
