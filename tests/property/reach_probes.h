// Counts the visits to BASALT_REACHED probes, so that a campaign can fail for what it never saw.
//
//   BASALT_REACHED("a sweep empties a level") ─► probe_reached() ─► count by name ─►
//   probes_missed()
//
// Only builds that verify have probes; in others every count is zero and nothing is required.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace basalt::property {

inline constexpr bool probes_are_on =
#ifdef BASALT_VERIFY_ON
    true;
#else
    false;
#endif

// At most this many different probes; more is our own mistake.
inline constexpr std::uint32_t probes_max = 256;

// Visits so far in this process, from any thread.
[[nodiscard]] std::uint64_t probe_count(std::string_view name) noexcept;

// Those of `wanted` that were never reached. Empty where probes are off.
[[nodiscard]] std::vector<std::string> probes_missed(
    std::initializer_list<std::string_view> wanted);

}  // namespace basalt::property
