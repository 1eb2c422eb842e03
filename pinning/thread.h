// Puts the calling thread on one core and gives it a name.
//
// Both say what failed in words, and the caller stops the start: an engine that only looks pinned
// has latencies that nobody can explain later.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace basalt::pinning {

// Nothing: done.
using Failure = std::optional<std::string>;

// Afterwards the thread runs on `core` and nowhere else, already when this returns.
[[nodiscard]] Failure pin_calling_thread(unsigned core);

// What top and perf show: at most 15 bytes. The main thread's name is the process's and stays as it
// is, so that operators and scripts find the process.
[[nodiscard]] Failure name_calling_thread(std::string_view name);

}  // namespace basalt::pinning
