// Order flow for benches of books, made before the clock starts: the same seed gives the same
// orders.
//
//   A   one instrument, about 10,000 live orders: fits a core's cache
//   B   100 instruments that grow to some 260,000 live orders: does not
//
// Of the orders 60 % rest, uniformly within 100 ticks of a middle that walks, 30 % cancel a random
// live order, and 10 % take what rests at the best one to three prices, but no more orders than
// keeps the number live. Quantities are 1 to 1,000.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/command.h"

namespace basalt::bench {

enum class FlowKind : std::uint8_t { add, cancel, take };

struct BookFlow {
  std::string name;
  std::uint32_t instruments = 1;
  std::uint32_t slots = 0;      // Order numbers use slots below this.
  std::size_t first_timed = 0;  // What is before fills the books.
  std::vector<Order> orders;
  std::vector<FlowKind> kinds;
  std::uint32_t live_least = 0;  // While timed.
  std::uint32_t live_most = 0;
  std::uint64_t fills = 0;  // What a right book answers to the whole flow.
  Quantity quantity_filled;
};

[[nodiscard]] BookFlow flow_a(std::size_t orders);
[[nodiscard]] BookFlow flow_b(std::size_t orders);

}  // namespace basalt::bench
