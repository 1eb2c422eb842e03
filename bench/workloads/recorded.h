// A recorded day of one stock as flow: what LOBSTER's message file holds (feedhandlers/venues).
#pragma once

#include <string>

#include "bench/workloads/flow.h"

namespace basalt::bench {

// Throws venues::BadInput when there is no such file, or it is not what it should be.
[[nodiscard]] Flow recorded_flow(const std::string& path);

}  // namespace basalt::bench
