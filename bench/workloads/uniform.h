// Flow that is spread evenly, with a book of a known size.
//
//   A   one instrument, about 10,000 live orders: fits a core's cache
//   B   100 instruments that grow to some 260,000 live orders: does not
//
// Of the messages 60 % rest, uniformly within 100 ticks of a middle that walks by a tick, 30 %
// cancel a random live order, and 10 % take what rests at the best one to three prices, but no more
// orders than keeps the number live. Quantities are 1 to 1,000.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bench/workloads/flow.h"

namespace basalt::bench {

// `messages` after those that fill the books.
[[nodiscard]] Flow flow_a(std::size_t messages, std::uint64_t seed);
[[nodiscard]] Flow flow_b(std::size_t messages, std::uint64_t seed);

}  // namespace basalt::bench
