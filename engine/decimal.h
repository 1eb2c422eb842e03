// Exact decimals as people write them, "199999.99", and their conversion to whole units and back.
//
// Never floating point: what is not a whole number of units is not converted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/types.h"

namespace basalt {

// units × 10^-decimals.
struct Decimal {
  int128 units = 0;
  std::uint8_t decimals = 0;
};

inline constexpr std::uint32_t decimal_digits_max = 36;  // 10^36 < 2^127.

// Digits, at most decimal_digits_max, with at most one point among them; no sign, no exponent.
// Nothing when it is anything else.
[[nodiscard]] constexpr std::optional<Decimal> decimal_from_text(std::string_view text) noexcept {
  Decimal result;
  std::uint32_t digits = 0;
  bool point = false;
  for (const char character : text) {
    if (character == '.') {
      if (point || digits == 0) return {};
      point = true;
      continue;
    }
    if (character < '0' || character > '9' || ++digits > decimal_digits_max) return {};
    result.units = result.units * 10 + (character - '0');
    if (point) ++result.decimals;
  }
  if (digits == 0 || text.back() == '.') return {};
  return result;
}

// `value` in whole units of 10^-decimals. Nothing when there is a rest, or no room.
[[nodiscard]] constexpr std::optional<int128> in_units(Decimal value,
                                                       std::uint32_t decimals) noexcept {
  constexpr int128 most = (int128{1} << 120) - 1;
  for (; value.decimals > decimals; --value.decimals) {
    if (value.units % 10 != 0) return {};
    value.units /= 10;
  }
  for (; value.decimals < decimals; ++value.decimals) {
    if (value.units > most / 10) return {};
    value.units *= 10;
  }
  return value.units;
}

// How many of `unit` make `value`. Nothing when there is a rest, or no room.
[[nodiscard]] constexpr std::optional<int128> in_multiples(Decimal value, Decimal unit) noexcept {
  const std::uint32_t decimals = value.decimals > unit.decimals ? value.decimals : unit.decimals;
  const std::optional<int128> whole = in_units(value, decimals);
  const std::optional<int128> of = in_units(unit, decimals);
  if (!whole || !of || *of == 0 || *whole % *of != 0) return {};
  return *whole / *of;
}

// A whole number as people write it; the standard library has none for 128 bits.
[[nodiscard]] inline std::string digits_of(uint128 value) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace basalt
