// One instrument's limit order book: price-time priority, one core, fixed memory.
//
//   command ──► check everything ──► match the opposite side ──► rest or drop the remainder
//                      └──► Rejected (nothing has changed yet)
//
// Deterministic: the same commands give the same events. So: no clock, no allocation after
// construction, no exceptions, no logging, no reads of anything another core writes.
//
// Invariants, true between any two calls. assert_invariants() checks them all, after every
// command, in tests and in the simulator; the hot path asserts only what it touches.
//   I1  Not crossed: the best bid is below the best ask whenever both sides have orders.
//   I2  A level's quantity is the sum of its orders'. No level and no order rests at zero.
//   I3  Within a level, orders stand in the order in which they came to rest.
//   I4  An order rests in one place: its slot's generation is not zero exactly while it does.
//   I5  What rests on a side is at most limits::resting_max, so no sum of quantities overflows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/command.h"
#include "engine/event.h"
#include "engine/matching/levels.h"
#include "engine/pipeline/outlet.h"
#include "engine/ring/spsc_ring.h"
#include "engine/state_hash.h"
#include "engine/types.h"

namespace basalt::matching {

using EventRing = ring::SpscRing<Event>;
using EventOutlet = pipeline::Outlet<EventRing, Event>;

// A live order, found by its slot. One cache line.
struct alignas(cache_line_bytes) RestingOrder {
  std::uint32_t generation = 0;  // 0: the slot is free.
  std::uint32_t next = none;     // Younger at the same price.
  std::uint32_t previous = none;
  AccountId account{};
  Quantity open;
  Quantity executed;  // Of the whole chain of replacements.
  Price price;
  InstrumentId instrument{};
  Side side{};
  TimeInForce time_in_force{};
  std::uint16_t flags = 0;
};
static_assert(sizeof(RestingOrder) == cache_line_bytes);

// What the books of one shard share. Fixed at start.
struct BookMemory {
  std::span<RestingOrder> order;  // By slot, over the whole venue.
  LevelPool& levels;
};

class OrderBook {
 public:
  // What the instrument's definition sets.
  struct Rules {
    InstrumentId instrument{};
    std::uint32_t collar_ppm = 0;  // Dynamic collar around the last trade; 0: none.
  };

  void define(const Rules& rules) noexcept { rules_ = rules; }

  // Each of these emits the events that event.h lists for the command, the last one marked.
  void new_order(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  void replace(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  void cancel(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  void reduce(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;

  [[nodiscard]] Price last_trade() const noexcept { return last_trade_; }  // Or no_price.
  [[nodiscard]] bool empty(Side side) const noexcept {
    return side == Side::buy ? bids_.empty() : asks_.empty();
  }
  [[nodiscard]] Price best(Side side) const noexcept {
    return side == Side::buy ? bids_.best() : asks_.best();
  }

  // The level at a price, or nullptr.
  [[nodiscard]] const Level* find(Side side, Price price, const BookMemory& memory) const noexcept {
    return side == Side::buy ? bids_.find(memory.levels, price) : asks_.find(memory.levels, price);
  }
  // Calls visit(price, level) for the best `levels_max` levels, best first. Not for hot code: walks
  // the tree anew for each level.
  template <typename Visit>
  void each_level(Side side, const BookMemory& memory, Visit visit,
                  std::uint32_t levels_max = ~std::uint32_t{0}) const {
    const auto walk = [&](const auto& levels) {
      if (levels.empty()) return;
      const Price stop{-1};
      std::uint32_t visited = 0;
      for (Price price = levels.best(); price != stop && visited++ < levels_max;
           price = levels.next_worse(memory.levels, price, stop)) {
        visit(price, *levels.find(memory.levels, price));
      }
    };
    side == Side::buy ? walk(bids_) : walk(asks_);
  }

  // Books by rank: all that decides what an order can do yet, best first. Not order numbers, which
  // depend on when slots came free.
  void add_to_hash(const BookMemory& memory, StateHash& hash) const;
  // Returns how many orders rest here. O(orders in the book).
  std::uint32_t assert_invariants(const BookMemory& memory) const;

 private:
  // The part of a command that may take and then rest.
  struct Incoming {
    OrderId order;
    Price limit;
    Quantity open;
    Quantity executed;
    AccountId account;
    TimeInForce time_in_force;
    std::uint16_t flags;
  };

  // `freed` leaves this side in the same step.
  [[nodiscard]] Reject check(const Order& command, Side side, Quantity open, Price limit,
                             Quantity freed, const BookMemory& memory) const noexcept;
  [[nodiscard]] Price limit_of(const Order& command) const noexcept;
  [[nodiscard]] bool crosses(Side taker, Price limit) const noexcept;
  [[nodiscard]] bool fills_whole(Side taker, Price limit, Quantity wanted,
                                 const BookMemory& memory) const noexcept;

  template <Side taker>
  void take_and_rest(const Order& command, Incoming incoming, BookMemory& memory,
                     EventOutlet& out) noexcept;
  template <Side taker>
  void match(const Order& command, Incoming& incoming, BookMemory& memory,
             EventOutlet& out) noexcept;  // The hot loop.
  template <Side side>
  void rest(const Incoming& incoming, BookMemory& memory) noexcept;
  void unlink(std::uint32_t slot, BookMemory& memory) noexcept;

  Levels<Side::buy> bids_;
  Levels<Side::sell> asks_;
  std::array<Quantity, 2> resting_{};  // By side.
  Rules rules_;
  Price last_trade_ = no_price;
  Price collar_low_;
  Price collar_high_ = limits::price_max;

  template <Side side>
  auto& levels() noexcept {
    if constexpr (side == Side::buy) {
      return bids_;
    } else {
      return asks_;
    }
  }
  template <Side side>
  const auto& levels() const noexcept {
    return const_cast<OrderBook*>(this)->levels<side>();
  }
  [[nodiscard]] Quantity& resting(Side side) noexcept {
    return resting_[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] Quantity resting(Side side) const noexcept {
    return resting_[static_cast<std::size_t>(side)];
  }
  void traded_at(Price price) noexcept;
};

}  // namespace basalt::matching
