// Chance that is the same with every compiler and library: the engine is the standard's, whose
// output is prescribed; the distributions are ours, in integers, since the standard's may differ.
#pragma once

#include <bit>
#include <cstdint>
#include <random>

#include "engine/types.h"

namespace basalt::bench {

inline constexpr unsigned log2_bits = 24;

// The logarithm to base 2 of a value above 0, in units of 2^-24, rounded down.
[[nodiscard]] constexpr std::uint64_t log2_of(std::uint64_t value) noexcept {
  const int zeros = std::countl_zero(value);
  std::uint64_t mantissa = value << zeros;  // From 1 to below 2, with 63 bits behind the point.
  auto result = static_cast<std::uint64_t>(63 - zeros);
  for (unsigned bit = 0; bit < log2_bits; ++bit) {
    // A square has twice the logarithm: whether it reaches 2 is the next digit.
    const uint128 square = static_cast<uint128>(mantissa) * mantissa;
    const bool digit = (square >> 127) != 0;
    mantissa = static_cast<std::uint64_t>(square >> (digit ? 64 : 63));
    result = result << 1 | static_cast<std::uint64_t>(digit);
  }
  return result;
}
static_assert(log2_of(1) == 0);
static_assert(log2_of(8) == std::uint64_t{3} << log2_bits);
// log2(10) = 3.3219280948…
static_assert(log2_of(10) == 55'732'705);

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // Uniform in [0, bound).
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>(static_cast<uint128>(engine_()) * bound >> 64);
  }
  // Uniform in [1, last].
  std::int64_t from_one_to(std::uint64_t last) {
    return static_cast<std::int64_t>(1 + below(last));
  }
  bool chance(std::uint64_t per_cent) { return below(100) < per_cent; }
  // Exponential, told by its median: how often a uniform number halves, times the median, which has
  // 34 bits at most.
  std::uint64_t exponential(std::uint64_t median) {
    const std::uint64_t halvings = (std::uint64_t{64} << log2_bits) - log2_of(engine_() | 1U);
    return median * halvings >> log2_bits;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace basalt::bench
