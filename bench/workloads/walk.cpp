#include "bench/workloads/walk.h"

#include <algorithm>
#include <array>

namespace basalt::bench {
namespace {

constexpr unsigned price_bits = 16;  // Behind the point of a tick.
constexpr unsigned volatility_bits = 48;
constexpr unsigned share_bits = 16;

// Near normal: the sum of four uniform numbers.
std::vector<std::int64_t> draw_shocks(std::uint32_t steps, Random& random) {
  constexpr std::int64_t half = 1 << 16;
  std::vector<std::int64_t> shocks(steps);
  for (std::int64_t& shock : shocks) {
    for (int i = 0; i < 4; ++i) shock += static_cast<std::int64_t>(random.below(2 * half)) - half;
  }
  return shocks;
}

// Calls visit(price) for each step, the price with price_bits.
template <typename Visit>
void follow(const std::vector<std::int64_t>& shocks, std::int64_t volatility, Visit visit) {
  std::int64_t price = middle_start_ticks << price_bits;
  for (const std::int64_t shock : shocks) {
    visit(price);
    // 32, 30 and 19 bits.
    price += static_cast<std::int64_t>(static_cast<int128>(price) * volatility * shock >>
                                       volatility_bits);
    price = std::max(price, std::int64_t{1} << price_bits);
  }
}

bool swings_wider(const std::vector<std::int64_t>& shocks, std::int64_t volatility,
                  std::uint32_t per_mille) {
  std::int64_t low = middle_start_ticks << price_bits;
  std::int64_t high = low;
  const std::int64_t widest = low / 1000 * per_mille;
  follow(shocks, volatility, [&](std::int64_t price) {
    low = std::min(low, price);
    high = std::max(high, price);
  });
  return high - low > widest;
}

// What is left of a price, with share_bits, at a step of the flow.
std::int64_t left_by_crash(std::int64_t step, std::int64_t steps) {
  struct Corner {
    std::int64_t per_cent_of_flow;
    std::int64_t per_cent_left;
  };
  constexpr std::array<Corner, 5> corners{{{0, 100}, {45, 100}, {50, 40}, {65, 90}, {100, 90}}};
  std::size_t next = 1;
  while (step * 100 >= corners[next].per_cent_of_flow * steps && next + 1 < corners.size()) ++next;
  const Corner& from = corners[next - 1];
  const Corner& to = corners[next];
  const std::int64_t walked = step * 100 - from.per_cent_of_flow * steps;
  const std::int64_t length = (to.per_cent_of_flow - from.per_cent_of_flow) * steps;
  const std::int64_t share = (walked << share_bits) / length;
  return ((from.per_cent_left << share_bits) + (to.per_cent_left - from.per_cent_left) * share) /
         100;
}

}  // namespace

Walk::Walk(const WalkShape& shape, std::uint32_t steps, Random& random) {
  const std::vector<std::int64_t> shocks = draw_shocks(steps, random);
  std::int64_t narrow = 0;
  std::int64_t wide = 1 << 30;
  while (wide - narrow > 1) {
    const std::int64_t middle = (narrow + wide) / 2;
    (swings_wider(shocks, middle, shape.swing_per_mille) ? wide : narrow) = middle;
  }
  ticks_.reserve(steps);
  follow(shocks, narrow, [&](std::int64_t price) {
    const auto step = static_cast<std::int64_t>(ticks_.size());
    if (shape.crash) price = price * left_by_crash(step, steps) >> share_bits;
    ticks_.push_back(static_cast<std::int32_t>(price >> price_bits));
  });
}

}  // namespace basalt::bench
