// The engine's time as OUCH 5.0 and ITCH 5.0 carry it.
#pragma once

#include <cstdint>

#include "engine/types.h"

namespace basalt::pipeline {

inline constexpr std::int64_t day_ns = 86'400'000'000'000;

// Nanoseconds since midnight UTC. Precondition: not before 1970.
[[nodiscard]] constexpr std::uint64_t since_midnight(Nanos time) noexcept {
  return static_cast<std::uint64_t>(time.value % day_ns);
}

}  // namespace basalt::pipeline
