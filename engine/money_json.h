// A sum of money in JSON, in minor units: a number as long as every reader of JSON keeps it
// exactly, a string of digits beyond.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "engine/decimal.h"
#include "engine/types.h"

namespace basalt {

// What a double, which is all that many readers have, holds exactly.
inline constexpr Money json_number_max{int128{1} << 53};

[[nodiscard]] inline nlohmann::json money_json(Money money) {
  if (money <= json_number_max && money >= -json_number_max) {
    return static_cast<std::int64_t>(money.value);
  }
  // Through unsigned: the lowest value has no positive twin.
  const auto bits = static_cast<uint128>(money.value);
  return money < Money{0} ? '-' + digits_of(-bits) : digits_of(bits);
}

}  // namespace basalt
