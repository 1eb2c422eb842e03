#include "engine/pipeline/counters.h"

#include <algorithm>

namespace basalt::pipeline {
namespace {

Nanos monotonic() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return {time.tv_sec * 1'000'000'000 + time.tv_nsec};
}

}  // namespace

TickRate::TickRate() noexcept : ticks_(ticks_now()), time_(monotonic()) {}

double TickRate::ns_per_tick() const noexcept {
  const Ticks ticks = ticks_now() - ticks_;
  const Nanos time = monotonic() - time_;
  return ticks == 0 ? 1.0 : static_cast<double>(time.value) / static_cast<double>(ticks);
}

std::uint64_t TickHistogram::count() const noexcept {
  std::uint64_t sum = 0;
  for (const Counter& bucket : buckets_) sum += bucket.value();
  return sum;
}

Ticks TickHistogram::percentile(std::uint32_t per_million) const noexcept {
  // The writer goes on meanwhile: one copy, so that the sum and the walk agree.
  std::array<std::uint64_t, buckets> copy;
  std::uint64_t all = 0;
  for (std::uint32_t i = 0; i < buckets; ++i) all += copy[i] = buckets_[i].value();
  if (all == 0) return 0;
  const auto wanted =
      static_cast<std::uint64_t>((static_cast<uint128>(all) * per_million + 999'999) / 1'000'000);
  std::uint64_t seen = 0;
  for (std::uint32_t i = 0; i < buckets; ++i) {
    seen += copy[i];
    if (seen >= std::max<std::uint64_t>(wanted, 1)) return top_of(i);
  }
  return ticks_max;
}

StageReport StageMeter::report(const TickRate& rate) const {
  const double ns = rate.ns_per_tick();
  const Ticks elapsed = ticks_now() - since_;
  const auto in_ns = [&](Ticks ticks) {
    // A bucket's top may lie above the longest that was seen.
    return ns * static_cast<double>(std::min(ticks, longest()));
  };
  StageReport report;
  report.messages = messages();
  report.turns = busy_turns() + idle_turns();
  report.idle_turns = idle_turns();
  report.busy_share =
      elapsed == 0 ? 0.0 : static_cast<double>(busy_ticks()) / static_cast<double>(elapsed);
  report.cycle_ns_p50 = in_ns(cycles_.percentile(500'000));
  report.cycle_ns_p99 = in_ns(cycles_.percentile(990'000));
  report.cycle_ns_max = ns * static_cast<double>(longest());
  return report;
}

}  // namespace basalt::pipeline
