// The middle of one instrument's prices over a flow: a geometric Brownian path, in whole ticks.
//
// Its width is given, not its volatility: the largest volatility is searched with which these very
// shocks swing no wider than wanted, so that a scenario is as wide as its name for every seed.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/workloads/random.h"

namespace basalt::bench {

// About 167.52 in steps of half a cent.
inline constexpr std::int64_t middle_start_ticks = 33'504;

struct WalkShape {
  std::uint32_t swing_per_mille = 0;  // Highest less lowest, of where it starts.
  // Falls by 60 % between 45 and 50 % of the flow, and is back at 90 % by 65 %, beside its swing.
  bool crash = false;
};

class Walk {
 public:
  Walk(const WalkShape& shape, std::uint32_t steps, Random& random);

  // Where it is at `time` of `duration`.
  [[nodiscard]] std::int64_t middle(std::uint64_t time, std::uint64_t duration) const {
    return ticks_[time * ticks_.size() / duration];
  }
  [[nodiscard]] const std::vector<std::int32_t>& ticks() const noexcept { return ticks_; }

 private:
  std::vector<std::int32_t> ticks_;  // By step.
};

}  // namespace basalt::bench
