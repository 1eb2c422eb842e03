// The engine's numbers. Each carries its unit in its type, so that a price cannot be added to a
// quantity and only notional() may multiply the two.
//
//   Price     int64    ticks of the instrument        Quantity  int64   lots of the instrument
//   Money     int128   minor units of an asset        Nanos     int64   ns since 1970-01-01 UTC
//   Sequence  uint64   place in the one order of commands; 1 is the first; never wraps
//   OrderId   uint64   slot in the order tables (low half) and that slot's generation (high half)
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace basalt {

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

// Adjacent lines are fetched in pairs, so what two cores write lies two lines apart.
// std::hardware_destructive_interference_size varies with -mtune, and layouts must not.
inline constexpr std::size_t false_sharing_bytes = 128;
inline constexpr std::size_t cache_line_bytes = 64;

template <typename Tag, typename Rep>
struct Unit {
  Rep value = 0;

  friend constexpr auto operator<=>(const Unit&, const Unit&) = default;
  constexpr Unit& operator+=(Unit other) {
    value += other.value;
    return *this;
  }
  constexpr Unit& operator-=(Unit other) {
    value -= other.value;
    return *this;
  }
  friend constexpr Unit operator+(Unit a, Unit b) { return {a.value + b.value}; }
  friend constexpr Unit operator-(Unit a, Unit b) { return {a.value - b.value}; }
  friend constexpr Unit operator-(Unit a) { return {-a.value}; }
};

using Price = Unit<struct PriceTag, std::int64_t>;
using Quantity = Unit<struct QuantityTag, std::int64_t>;
using Money = Unit<struct MoneyTag, int128>;
using Nanos = Unit<struct NanosTag, std::int64_t>;

using Sequence = std::uint64_t;

enum class InstrumentId : std::uint32_t {};
enum class AccountId : std::uint32_t {};
enum class SessionId : std::uint32_t {};
enum class FirmId : std::uint32_t {};
enum class AssetId : std::uint32_t {};

template <typename Id>
constexpr auto index_of(Id id) noexcept {
  return static_cast<std::underlying_type_t<Id>>(id);
}

// Prices start at one tick; this is the absence of one (no trade yet, no reference).
inline constexpr Price no_price{0};
// Times are those of our days; this is the absence of one (an order that does not expire).
inline constexpr Nanos no_time{0};

inline constexpr InstrumentId no_instrument{0xFFFF'FFFF};
inline constexpr AccountId no_account{0xFFFF'FFFF};
inline constexpr SessionId no_session{0xFFFF'FFFF};
inline constexpr AssetId no_asset{0xFFFF'FFFF};
inline constexpr FirmId no_firm{0xFFFF'FFFF};

// Handed out by risk; an address, so that no later stage hashes. The generation rises each time
// the slot is used again, so a stale number never names another order. Generations start at 1:
// no live order is OrderId{0}.
enum class OrderId : std::uint64_t {};
inline constexpr OrderId no_order{0};

constexpr OrderId order_id(std::uint32_t slot, std::uint32_t generation) noexcept {
  return OrderId{(static_cast<std::uint64_t>(generation) << 32) | slot};
}
constexpr std::uint32_t slot_of(OrderId id) noexcept {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(id));
}
constexpr std::uint32_t generation_of(OrderId id) noexcept {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(id) >> 32);
}

enum class Side : std::uint8_t { buy = 0, sell = 1 };
constexpr Side opposite(Side side) noexcept {
  return static_cast<Side>(static_cast<std::uint8_t>(side) ^ 1U);
}

// One for each side.
template <typename T>
struct BySide {
  std::array<T, 2> of{};

  [[nodiscard]] constexpr T& operator[](Side side) noexcept {
    return of[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] constexpr const T& operator[](Side side) const noexcept {
    return of[static_cast<std::size_t>(side)];
  }
};

// gtd: until a time of its own, which is among its Instructions (command.h).
enum class TimeInForce : std::uint8_t {
  day = 0,
  gtc = 1,
  ioc = 2,
  fok = 3,
  gtd = 4,
  at_open = 5,   // For the opening auction alone,
  at_close = 6,  //   or the closing one,
  at_halt = 7,   //   or the volatility auction, which also opens trading behind a halt.
};
[[nodiscard]] constexpr bool is_for_auction(TimeInForce time_in_force) noexcept {
  return time_in_force >= TimeInForce::at_open;
}

// May come before its auction, and then waits for it. Nobody knows when a volatility auction comes.
[[nodiscard]] constexpr bool waits_for_auction(TimeInForce time_in_force) noexcept {
  return time_in_force == TimeInForce::at_open || time_in_force == TimeInForce::at_close;
}

// Price × quantity in minor units of the quote asset. `tick_lot_value` is what one tick on one lot
// is worth; the instrument's definition makes it a whole number. 2^63 × 2^63 × 2^0 fits in 127
// bits; limits.h bounds the three factors so that their product always does.
constexpr Money notional(Price price, Quantity quantity, std::int64_t tick_lot_value) noexcept {
  return {static_cast<int128>(price.value) * quantity.value * tick_lot_value};
}

}  // namespace basalt
