#include "engine/pipeline/duty_cycle.h"

#include <sys/prctl.h>

#include <utility>

namespace basalt::pipeline {

void DutyCycle::nap() noexcept {
  if (!slack_set_) {
    // The kernel may wake a thread later by its slack, by default as much again as the nap. Without
    // it naps are only longer.
    static_cast<void>(::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0));
    slack_set_ = true;
  }
  const timespec nap{.tv_sec = 0, .tv_nsec = nap_max.value};
  ::nanosleep(&nap, nullptr);  // A signal may end it early: all the better.
  naps_.add(1);
  turn_began_ = ticks_now();
}

StageGroup::StageGroup(std::string_view name, std::optional<std::uint32_t> core,
                       std::vector<StageSlot> stages)
    : name_(name),
      core_(core),
      stages_(std::move(stages)),
      meters_(std::make_unique<StageMeter[]>(stages_.size())) {}

std::vector<StageReport> StageGroup::reports(const TickRate& rate) const {
  std::vector<StageReport> reports;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    reports.push_back(meters_[i].report(rate));
    reports.back().name = stages_[i].name();
    reports.back().core = core_;
  }
  return reports;
}

}  // namespace basalt::pipeline
