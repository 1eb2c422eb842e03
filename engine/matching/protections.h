// Market-maker protection: how much may trade against an account's quote in one instrument within a
// window of time, before the quote is withdrawn and no other is taken.
//
//   OrderBook ─► its first Guard ─► next ─► …      one for each protected account
//
// A bounded pool for all books of a shard. Guards of a book stand in the order in which they were
// set.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/assert.h"
#include "engine/command.h"
#include "engine/limits.h"
#include "engine/types.h"

namespace basalt::matching {

inline constexpr std::uint32_t no_guard = 0xFFFF'FFFF;

struct Guard {
  AccountId account{};
  std::uint32_t next = no_guard;  // Of the same book.
  QuoteProtection limits{};
  std::uint64_t asked_by = 0;      // Told with what it does (event.h).
  std::array<OrderId, 2> side{};   // The latest of the quote, by side; it may be gone.
  Nanos since;                     // When the first fill of the window was.
  std::uint32_t fills = 0;         // In it; 0: there is no window.
  bool reached = false;            // By a fill of the present command.
  bool withdrawn = false;          // Until it is set anew.
  std::array<Quantity, 2> traded;  // In the window, by the side of the quote.

  [[nodiscard]] OrderId& order(Side which) noexcept {
    return side[static_cast<std::size_t>(which)];
  }
  void set(const QuoteProtection& wanted, std::uint64_t by) noexcept {
    limits = wanted;
    asked_by = by;
    fills = 0;
    traded = {};
    reached = withdrawn = false;
  }
  // So much has traded against this side of the quote.
  void count(Side which, Quantity quantity, Nanos now) noexcept {
    if (fills == 0 || now >= since + limits.window) {
      since = now;
      fills = 0;
      traded = {};
    }
    ++fills;
    Quantity& sum = traded[static_cast<std::size_t>(which)];
    sum = std::min(sum + quantity, limits::resting_max);
    const Quantity delta = traded[0] > traded[1] ? traded[0] - traded[1] : traded[1] - traded[0];
    reached = reached || (limits.fills > 0 && fills >= limits.fills) ||
              (limits.quantity > Quantity{0} &&
               // Each sum is at most half of what fits.
               traded[0] + traded[1] >= limits.quantity) ||
              (limits.delta > Quantity{0} && delta >= limits.delta);
  }
};

class Guards {
 public:
  Guards(std::uint32_t guards_max, Arena& arena)
      : guard_(arena.take<Guard>(guards_max)), free_(arena.take<std::uint32_t>(guards_max)) {
    for (std::uint32_t number = guards_max; number > 0; --number) free_[free_count_++] = number - 1;
  }
  static std::size_t memory_bytes(std::uint32_t guards_max) noexcept {
    return Arena::cost<Guard>(guards_max) + Arena::cost<std::uint32_t>(guards_max);
  }

  [[nodiscard]] Guard& operator[](std::uint32_t number) noexcept { return guard_[number]; }
  [[nodiscard]] const Guard& operator[](std::uint32_t number) const noexcept {
    return guard_[number];
  }
  // From now on there is room for so many, of those that there is memory for.
  void set_room(std::uint32_t guards) noexcept {
    BASALT_ASSERT(guards <= guard_.size());
    withheld_ = static_cast<std::uint32_t>(guard_.size()) - guards;
  }
  [[nodiscard]] bool has_room() const noexcept { return free_count_ > withheld_; }
  [[nodiscard]] std::uint32_t in_use() const noexcept {
    return static_cast<std::uint32_t>(guard_.size()) - free_count_;
  }
  // Precondition: has_room().
  [[nodiscard]] std::uint32_t take(AccountId account) noexcept {
    BASALT_ASSERT(free_count_ > 0);
    const std::uint32_t number = free_[--free_count_];
    guard_[number] = Guard{};
    guard_[number].account = account;
    return number;
  }
  void give(std::uint32_t number) noexcept { free_[free_count_++] = number; }

 private:
  const std::span<Guard> guard_;
  const std::span<std::uint32_t> free_;
  std::uint32_t free_count_ = 0;
  std::uint32_t withheld_ = 0;
};

}  // namespace basalt::matching
