// What every session is told, as OUCH 5.0 messages in its own stream, written once.
//
//   log ─► on_command(), on_event() ─► encode in place ─► answers: stream number = session id
//                                                         └► gateways send, resume, answer again
//
//   command, event                       message                                    to
//   new order, verdict                   Rejected                                   who asked
//   new order, first event               Accepted; Rejected where the book refused  who asked
//     post-only, and would cross         Accepted, Canceled                         who asked
//   fill                                 Executed, Executed                         taker, maker
//     of an uncross                      the same, as of a cross                    both
//   rest of a taker, cancel, reduce,
//     self-trade prevention              Canceled                                   the owner
//   triggered, restated                  Order Restated                             the owner
//   replace, event Replaced              Replaced                                   who asked
//     event Rejected                     Rejected; the original stands              who asked
//     event Canceled                     Canceled, of the original                  who asked
//   account query                        Account Query Response                     who asked
//   mass cancel                          Mass Cancel Response, or Rejected          who asked
//     then, of each order                Canceled                                   the owner
//   order entry off, on                  Disable, Enable Response, or Rejected      who asked
//   start or end of day                  System Event                               all sessions
//   what a session administered          Admin Response                             who asked
//   Nothing; all other commands          silence
//
// Invariants
//   I1  A stream is a function of the prefix of the log that was seen: number, bytes and sequence.
//       No clock, no randomness, no address shows in it. So it is the same after every restart.
//   I2  An order is Accepted, or Replaced into being, before anything else is said about it.
//   I3  Whoever owns an order hears of it under the UserRefNum that it has now, and on the order
//       flow channel that it was entered on.
//
// What the fields carry where OUCH leaves a choice: feedhandlers/order_entry/EXTENSIONS.md.
// Never decides, never sends, never allocates after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/event.h"
#include "engine/pipeline/stream_store.h"
#include "engine/reference.h"
#include "feedhandlers/order_entry/ouch50.h"

namespace basalt::history {

class HistoryCore {
 public:
  // `orders_max` is the venue's: order numbers are addresses below it. `answers` has a stream for
  // each session that limits.sessions_max allows, and no other writer.
  HistoryCore(const ReferenceLimits& limits, std::uint32_t orders_max,
              pipeline::StreamStore& answers, Arena& arena);
  static std::size_t memory_bytes(const ReferenceLimits& limits, std::uint32_t orders_max) noexcept;

  // May the next slot of the log be taken? False: the store is full, and stays so. Waiting then
  // stops the venue, which is the only thing left that does not lose an answer.
  [[nodiscard]] bool ready() const noexcept { return answers_.has_room(messages_per_slot_max_); }

  void on_command(const Command& command) noexcept;
  void on_event(const Command& command, const Event& event) noexcept;

 private:
  // Of a live order, by the slot of its number: whom to tell, under which number, and what a
  // replacement inherits.
  struct Entry {
    std::uint32_t generation = 0;
    std::uint32_t user_ref_num = 0;
    SessionId session{};
    std::uint8_t channel = 0;
    std::uint8_t side = 0;  // OUCH's letters.
    std::uint8_t capacity = 0;
    std::uint8_t cross_type = 0;
  };
  static_assert(sizeof(Entry) == 16);

  void on_new_order(const Command& command, const Event& first) noexcept;
  void on_fill(const Command& command, const Event& event) noexcept;

  void tell_accepted(const Command& command, Price price) noexcept;
  void tell_replaced(const Command& command, const Event& event) noexcept;
  void tell_rejected(const Command& command, Reject reject) noexcept;
  void tell_executed(const Command& command, const Event& event, const Entry& entry,
                     ouch50::LiquidityFlag liquidity) noexcept;
  void tell_canceled(const Command& command, OrderId order, Quantity quantity,
                     CancelReason reason) noexcept;
  void tell_restated(const Command& command, const Event& event,
                     ouch50::RestatedReason reason) noexcept;
  void tell_next_number(const Command& command) noexcept;
  void tell_protected(const Command& command, const Event& event) noexcept;
  void tell_protection(const Command& command, const AskedBy& whose, InstrumentId instrument,
                       AccountId account, ouch50::ProtectionState state) noexcept;
  void tell_market_event(const Command& command) noexcept;
  void tell_administered(const Command& command) noexcept;
  void tell_mass_cancel(const Command& command) noexcept;
  template <wire::Message M>
  void tell_entry(const Command& command) noexcept;

  // The next message of any stream: its time is set, the rest is the caller's.
  template <wire::Message M>
  [[nodiscard]] ouch50::Encoder<M> start(const Command& command) noexcept;
  // The message is the session's. An order flow channel goes behind it, where there is one.
  template <wire::Message M>
  void finish(ouch50::Encoder<M>& message, const Command& command, SessionId session,
              std::uint8_t channel) noexcept;
  template <wire::Message M>
  void finish_of_firm(ouch50::Encoder<M>& message, const Command& command) noexcept;

  [[nodiscard]] const Entry& entry_of(OrderId order) const noexcept;

  ReferenceData reference_;
  std::span<Entry> entry_;
  pipeline::StreamStore& answers_;
  std::uint32_t messages_per_slot_max_;
  OrderId taker_ = no_order;  // Of the fills that come next.
};

}  // namespace basalt::history
