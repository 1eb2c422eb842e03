// One shard: the books of the instruments that one matching core owns.
//
//   orders from risk ─► Matching::poll() ─► MatchingCore::apply() ─► events to the log
//
// The core is the state machine; the stage moves slots. Every command that reaches a shard is
// answered by at least one event, and the last is marked, so that the log can put commands and
// events together again without knowing what any of them means.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/limits.h"
#include "engine/matching/order_book.h"
#include "engine/pipeline/record.h"
#include "engine/ring/spsc_ring.h"

namespace basalt::matching {

class MatchingCore {
 public:
  struct Limits {
    std::uint32_t orders_max = 0;       // Live at once over the whole venue: slots are venue-wide.
    std::uint32_t instruments_max = 0;  // Likewise.
    std::uint32_t leaves_max = 0;       // Nodes for price levels, shared by this shard's books.
    std::uint32_t inners_max = 0;
    std::uint32_t instructed_max = 0;  // Orders with details, of orders_max.
    // Of one command, over all books.
    std::uint32_t uncross_fills_max = limits::uncross_fills_max;
    std::uint32_t expiries_max = limits::expiries_max;
    std::uint32_t accounts_max = 0;  // Whose firms are known, for self-trade prevention.
    Nanos indicative_interval = limits::indicative_interval;

    [[nodiscard]] BookLimits books() const noexcept {
      return {orders_max,   leaves_max,   inners_max,         instructed_max,
              expiries_max, accounts_max, indicative_interval};
    }
  };

  MatchingCore(const Limits& limits, Arena& arena);
  static std::size_t memory_bytes(const Limits& limits) noexcept;

  // What one command can emit at most: the fill or the cancel that ends an order, for every one
  // that can rest, what a taker loses to so many of its own, two events for every part of a
  // reserve, three for every stop that triggers, one for every protection that is reached, and
  // three more. A slice of an uncross also tells who takes in each fill, and four things of each
  // book.
  [[nodiscard]] static std::uint32_t events_max(const Limits& limits) noexcept {
    const BookLimits books = limits.books();
    return limits.orders_max + std::min(limits.orders_max, limits::decrements_max) +
           2 * static_cast<std::uint32_t>(books.parts_max()) + 4 * books.instructed_max +
           limits.uncross_fills_max + 4 * limits.instruments_max + 3;
  }

  // Applies one command and emits its events, the last one marked. Definitions and orders with
  // instructions need their slots; other orders only the first.
  void apply(const Command& command, EventOutlet& out) noexcept;
  void apply(const Order& order, EventOutlet& out) noexcept;

  // What an epoch says of the room for levels and instructions, up to what there is memory for. It
  // decides what is refused, so a follower is told where the epoch starts, and an engine before its
  // first order.
  void begin_epoch(const EpochLimits& limits) noexcept {
    memory_.set_room(limits.leaves_max, limits.inners_max, limits.instructed_max);
  }

  // Asks for the lines of the orders that a later command names. Cheap, and changes nothing; nor
  // does it ask what kind of command it is, which nobody can foretell. Inlined, since gcc 12 drops
  // calls of functions that do nothing else.
  [[gnu::always_inline]] void prefetch(const Order& order) const noexcept {
    __builtin_prefetch(&memory_.order(std::min(slot_of(order.order), last_slot())), 1);
    __builtin_prefetch(&memory_.order(std::min(slot_of(order.original), last_slot())), 1);
  }

  [[nodiscard]] const OrderBook& book(InstrumentId instrument) const noexcept {
    return book_[index_of(instrument)];
  }
  [[nodiscard]] const BookMemory& memory() const noexcept { return memory_; }
  void add_to_hash(InstrumentId instrument, StateHash& hash) const {
    book(instrument).add_to_hash(memory_, hash);
  }
  void assert_invariants() const;  // O(orders_max).

 private:
  [[nodiscard]] std::uint32_t last_slot() const noexcept { return memory_.orders_max() - 1; }
  void apply_unmarked(const Order& order, EventOutlet& out) noexcept;
  [[gnu::noinline]] void apply_of_few(const Order& order, EventOutlet& out) noexcept;
  void tick(const Order& order, EventOutlet& out) noexcept;
  [[gnu::noinline]] void tick_of_books(const Order& order, EventOutlet& out) noexcept;
  void define(const Command& command) noexcept;
  void halt(const Command& command, EventOutlet& out) noexcept;
  // Is the book one of those that wait for ticks, now?
  void note_waiting(InstrumentId instrument) noexcept;
  void note_banded(InstrumentId instrument) noexcept;
  void protect(const Command& command, EventOutlet& out) noexcept;
  // After a command, where a book may have begun to wait, what an uncross would do has changed, or
  // a protection was reached.
  [[gnu::noinline]] void look_after(const Order& order, EventOutlet& out) noexcept;

  BookMemory memory_;
  std::span<OrderBook> book_;
  std::span<std::uint64_t> waiting_;  // A bit for each book that waits for ticks,
  std::span<std::uint64_t> banded_;   //   and for each that has bands: no command needs a look.
  std::uint32_t banded_books_ = 0;
  // Books that wait, instruments whose phase can change by itself, and books with protected quotes.
  // 0: no command needs a look.
  std::uint32_t watched_ = 0;
  std::uint32_t uncross_fills_max_;
};

class Matching {
 public:
  using OrderRing = ring::SpscRing<Slot>;

  Matching(std::string_view name, OrderRing& orders, EventRing& events, MatchingCore& core,
           std::uint32_t events_max, Arena& arena)
      : name_(name), orders_(orders), out_(events, events_max, arena), core_(core) {}

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  std::uint32_t poll() noexcept;

 private:
  std::string_view name_;
  OrderRing& orders_;
  EventOutlet out_;
  MatchingCore& core_;
  pipeline::CommandAssembler assembler_;
};

}  // namespace basalt::matching
