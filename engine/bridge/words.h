// Numbers and enumerations as the text that people read in the tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/bridge/rows.h"
#include "engine/reference.h"

namespace basalt::bridge {

[[nodiscard]] std::string decimal(int128 value);
// `units` are 10^-scale each: (12345, 4) is 1.2345. At least `places` of the decimals are shown,
// beyond those none that is zero at the end.
[[nodiscard]] std::string decimal(int128 units, std::uint32_t scale, std::uint32_t places);
// A price as people say it. OUCH's unit is the ten-thousandth, so this is exact.
[[nodiscard]] std::string price_text(Price price, const Instrument& instrument);

// Without the spaces that pad names on the wire.
template <std::size_t size>
[[nodiscard]] std::string_view trimmed(const std::array<char, size>& name) noexcept {
  const std::string_view all(name.data(), name.size());
  const std::size_t last = all.find_last_not_of(std::string_view(" \0", 2));
  return all.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

[[nodiscard]] std::string_view word(OrderStatus status) noexcept;
[[nodiscard]] std::string_view word(Reject reject) noexcept;
[[nodiscard]] std::string_view word(CancelReason reason) noexcept;
[[nodiscard]] std::string_view word(TimeInForce time_in_force) noexcept;
[[nodiscard]] std::string_view word(Side side) noexcept;
[[nodiscard]] std::string_view word(TransferKind kind) noexcept;
[[nodiscard]] std::string_view word(settlement::BatchState state) noexcept;

}  // namespace basalt::bridge
