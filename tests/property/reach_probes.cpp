#include "tests/property/reach_probes.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "engine/assert.h"

namespace basalt::property {
namespace {

// A probe's name is a literal, but one literal may have several addresses: compared as text.
struct Probe {
  std::atomic<const char*> name{nullptr};
  std::atomic<std::uint64_t> count{0};
};
std::array<Probe, probes_max> probes;

Probe& probe_of(const char* name) noexcept {
  for (Probe& probe : probes) {
    // Relaxed everywhere: names are constants of the program, counts carry no other data.
    const char* taken = probe.name.load(std::memory_order_relaxed);
    if (taken == nullptr &&
        probe.name.compare_exchange_strong(taken, name, std::memory_order_relaxed)) {
      return probe;
    }
    if (std::strcmp(taken, name) == 0) return probe;
  }
  std::abort();  // More than probes_max.
}

}  // namespace

std::uint64_t probe_count(std::string_view name) noexcept {
  for (const Probe& probe : probes) {
    const char* taken = probe.name.load(std::memory_order_relaxed);
    if (taken == nullptr) return 0;
    if (taken == name) return probe.count.load(std::memory_order_relaxed);
  }
  return 0;
}

std::vector<std::string> probes_missed(std::initializer_list<std::string_view> wanted) {
  std::vector<std::string> missed;
  if (!probes_are_on) return missed;
  for (const std::string_view name : wanted) {
    if (probe_count(name) == 0) missed.emplace_back(name);
  }
  return missed;
}

}  // namespace basalt::property

namespace basalt {

void probe_reached(const char* name) noexcept {
  property::probe_of(name).count.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace basalt
