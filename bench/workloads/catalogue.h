// Every flow by its name, as benches offer them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/workloads/flow.h"

namespace basalt::bench {

// The scenarios of equity.h, then A, B and recorded.
[[nodiscard]] std::vector<std::string> flow_names();

struct Made {
  std::optional<Flow> flow;
  std::string why_not;  // In words, where there is no flow.
};

// `orders` new orders; of A and B, messages. "recorded" is as long as its day, and is read from the
// folder that BASALT_DATA names. Throws venues::BadInput.
[[nodiscard]] Made make_flow(const std::string& name, std::size_t orders, std::uint64_t seed);

}  // namespace basalt::bench
