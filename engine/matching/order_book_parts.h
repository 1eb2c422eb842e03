// What the parts of a book hand to each other (order_book.h).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/assert.h"
#include "engine/command.h"
#include "engine/limits.h"
#include "engine/matching/book_memory.h"
#include "engine/matching/levels.h"
#include "engine/types.h"

namespace basalt::matching {

// What the instrument's definition sets; first what is asked of whoever takes (order_book.h).
struct BookRules {
  // Of the auction that trades beyond the collar start, in place of a refusal; 0: none. Where
  // there are bands, of that behind a pause.
  Nanos volatility_auction{};
  std::uint32_t band_ppm = 0;           // In place of collars; 0: none (bands.h).
  std::uint32_t collar_ppm = 0;         // Dynamic collar around the last trade; 0: none.
  std::uint32_t static_collar_ppm = 0;  // Around the price of the latest uncross; 0: none.
  InstrumentId instrument{};
  // For an uncross before the first trade, and the static collar before the first uncross;
  // no_price: there is none.
  Price reference;
  Price price_max = limits::price_max;  // What the venue itself prices stays below.
  Nanos volatility_extension{};  // Once, where its price is beyond the collar still; 0: none.
  Nanos limit_state{};           // So long the best may stand at a band,
  Nanos pause{};                 //   and then trading pauses for so long.
  std::uint32_t reserve_seed = 0;
};

// What is left of it goes when the auction that it is in ends. `flags` are those of an order in
// the market: a stop that waits is for no auction.
[[nodiscard]] constexpr bool ends_with_auction(TimeInForce time_in_force,
                                               std::uint16_t flags) noexcept {
  return is_for_auction(time_in_force) || (flags & flag_market) != 0;
}

inline constexpr Price no_low{limits::price_max.value + 1};
inline constexpr Rank peg_rank = 0;  // Of all pegs: they have no lasting price.
// What has no say unless the order crosses.
inline constexpr unsigned harmless_flags =
    flag_post_only | flag_slide | flag_self_trade_mask | flag_by_firm;

// Of orders without any, and of those that ask for nothing but to hide.
inline constexpr Details no_details{};
inline constexpr Details hidden_details = [] {
  Details details;
  details.hidden = true;
  return details;
}();

// The part of a command that may take and then rest.
struct Incoming {
  OrderId order;
  Side side;
  TimeInForce time_in_force;
  std::uint16_t flags;
  AccountId account;
  Price limit;
  Quantity open;
  Quantity executed;                     // Of the whole chain of replacements, before this command.
  const Details* details = &no_details;  // Whoever brings it in holds them meanwhile.
  OrderId partner = no_order;            // Likewise with flag_instructed, in place of theirs.

  [[nodiscard]] static Incoming of(const Order& command) noexcept {
    return {command.order,   command.side,  command.time_in_force, command.flags,
            command.account, command.price, command.quantity,      Quantity{}};
  }
  // Of one that stands in a slot, without its details.
  [[nodiscard]] static Incoming of(std::uint32_t slot, const BookMemory& memory) noexcept {
    const RestingOrder& order = memory.order(slot);
    return {order_id(slot, order.generation),
            order.side(),
            order.time_in_force(),
            order.flags(),
            order.account(),
            order.price(),
            order.open(),
            memory.executed(slot)};
  }

  // May it not rest in continuous trading?
  [[nodiscard]] bool trades_at_once() const noexcept {
    return time_in_force == TimeInForce::ioc || time_in_force == TimeInForce::fok;
  }
  [[nodiscard]] bool takes_only() const noexcept {
    return trades_at_once() || (flags & flag_market) != 0;
  }
  // Does it take details into the book, where it rests?
  [[nodiscard]] bool rests_with_details() const noexcept {
    return (flags & flag_instructed) != 0 || ends_with_auction(time_in_force, flags);
  }
  // All but `left` of it has traded.
  void lower_to(Quantity left) noexcept {
    if (left < open) BASALT_REACHED("what is left of a taker rests");
    executed += open - left;
    open = left;
  }
  [[nodiscard]] Quantity must_trade() const noexcept {
    return time_in_force == TimeInForce::fok ? open : std::min(details->min_quantity, open);
  }
};
// What a sweep leaves of an incoming order.
struct Left {
  Quantity open;
  bool prevented = false;  // Self-trade prevention ended it: nothing of it may rest.
  bool traded = false;
};

// The pegs of one side that have a price, best first, at one price the oldest first: as they are
// when a taker comes in, whatever that one does to what they follow.
struct PricedPegs {
  struct Peg {
    Rank rank;
    std::uint32_t slot;
  };
  std::array<Peg, limits::pegs_max> peg;
  std::uint32_t count = 0;
  std::uint32_t first = 0;

  [[nodiscard]] Rank best() const noexcept { return first < count ? peg[first].rank : no_rank; }
  [[nodiscard]] std::uint32_t slot() const noexcept { return peg[first].slot; }
  void pass() noexcept { ++first; }
};

// What an uncross would do.
struct Equilibrium {
  Price price = no_price;  // no_price: nothing would trade.
  Quantity quantity;
  Side surplus{};
  Quantity imbalance;  // Of `surplus`, what could trade at the price and finds nobody.
  friend bool operator==(const Equilibrium&, const Equilibrium&) = default;
};
// A level on the way from the best of a side to the worst, and what was not paired of it yet.
struct Walk {
  Side side{};
  Rank rank = no_rank;
  Quantity left;
};

// Slots of orders that wait for one auction, in the order in which they came.
struct Kept {
  std::uint32_t first = none;
  std::uint32_t last = none;
};

}  // namespace basalt::matching
