// Order flow that is made before any clock starts: what a matching core is given, and what a right
// book answers to it.
//
//   equity, uniform, recorded ─► FlowMaker ─► Flow ─► benches and tests
//                                (flow_maker.h)
//
// Orders are as risk hands them to a shard: numbers are slots that come free and are used again.
// The same seed gives the same bytes, whatever compiler and library: all draws are in integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/limits.h"
#include "engine/types.h"

namespace basalt::bench {

// By what came of a message, so that latencies can be told apart.
enum class FlowKind : std::uint8_t {
  add,      // Rests, and takes nothing.
  take,     // Takes, or is immediate-or-cancel and finds nothing.
  replace,  // Of a live order.
  cancel,   // Of a live order, or of a part of it.
  stale,    // Names an order that is gone.
};
inline constexpr std::size_t flow_kinds = 5;

// On a line of its own, as a command is in a ring.
struct alignas(cache_line_bytes) FlowOrder : Order {};

struct Flow {
  // Where orders of an instrument rest; low is above high where none does.
  struct Range {
    std::int64_t low_ticks = limits::price_max.value;
    std::int64_t high_ticks = 0;
  };

  std::string name;
  std::uint32_t slots = 0;      // Order numbers use slots below this.
  std::size_t first_timed = 0;  // What is before fills the books.
  std::vector<FlowOrder> orders;
  std::vector<FlowKind> kinds;
  std::vector<Range> ranges;     // By instrument.
  std::uint32_t live_least = 0;  // While timed.
  std::uint32_t live_most = 0;
  // What a right book answers to the whole flow.
  std::uint64_t reports = 0;
  std::uint64_t fills = 0;
  Quantity quantity_filled;

  [[nodiscard]] std::uint32_t instruments() const noexcept {
    return static_cast<std::uint32_t>(ranges.size());
  }
  [[nodiscard]] std::size_t timed() const noexcept { return orders.size() - first_timed; }
};

}  // namespace basalt::bench
