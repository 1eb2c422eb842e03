// The flow of a liquid equity, by scenario: the same orders around ever wilder prices.
//
//   of all new orders   15 % are immediate-or-cancel, and reach as deep as the others rest
//   of the rest         20 % are modified once: more quantity, and 80 % of them move by a tick
//                       95 % are cancelled, after an exponential life of median 0.431 ms
//   of these messages   2 % come again once the order is gone: duplicate cancels, stale modifies
//
// A new order comes each 100 us on average, at a time drawn uniformly over the whole walk, and is
// placed by the walk's middle of that moment. How far from it: three in four as d^-2.23, one in
// four in a hump 8 ticks out, 4 to 12. Quantities are 1 to 100.
//
// Clients do not look at the book. So an order may trade with what rests from before the middle
// moved, and a cancel or a modification may come after its order has been filled; as in a real flow
// this is what makes the book follow the prices.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bench/workloads/flow.h"
#include "bench/workloads/walk.h"

namespace basalt::bench {

struct EquityScenario {
  std::string_view name;
  std::uint32_t instruments = 1;  // Each has a walk of its own; orders choose one uniformly.
  WalkShape shape;
};

// The first five are one instrument.
inline constexpr std::array<EquityScenario, 7> equity_scenarios{{
    {"static", 1, {0, false}},
    {"normal", 1, {20, false}},
    {"swing-25", 1, {250, false}},
    {"swing-40", 1, {400, false}},
    {"flash-crash", 1, {20, true}},
    {"symbols-100", 100, {20, false}},
    {"symbols-10000", 10'000, {20, false}},
}};

inline constexpr std::uint64_t order_gap_ns = 100'000;
inline constexpr std::uint64_t life_median_ns = 431'000;
inline constexpr std::int64_t depth_max_ticks = 2'048;

// `orders` new orders; about twice as many messages.
[[nodiscard]] Flow equity_flow(const EquityScenario& scenario, std::size_t orders,
                               std::uint64_t seed);

}  // namespace basalt::bench
