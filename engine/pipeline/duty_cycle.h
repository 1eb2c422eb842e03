// How a core spends its turns: which stages it polls, what each costs, and what it does when there
// is nothing to do.
//
//   run():  StageGroup::poll() ─► stage, stage, … in order of flow, one tick reading between two
//           DutyCycle::turn()  ─► counts the turn; idle for long: spins or naps
//
// Neither allocates, waits for anything but a nap, or locks after construction.
#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/pipeline/counters.h"
#include "engine/pipeline/stage.h"
#include "engine/types.h"

namespace basalt::pipeline {

enum class IdlePolicy : std::uint8_t {
  spin,  // Lowest latency; the core is never free for anything else.
  nap,   // Yields in each idle turn and sleeps after naps_after of them: for a core that is shared.
};

// The second half of run(): what a turn of a core amounted to.
class DutyCycle {
 public:
  static constexpr std::uint32_t naps_after = 1'000;  // Idle turns in a row.
  static constexpr Nanos nap_max{50'000};

  explicit DutyCycle(IdlePolicy idle) noexcept : idle_(idle), turn_began_(ticks_now()) {}
  DutyCycle(const DutyCycle&) = delete;
  DutyCycle& operator=(const DutyCycle&) = delete;

  // The core's thread, after each turn, with what the turn handled.
  void turn(std::uint32_t handled) noexcept {
    const Ticks now = ticks_now();
    meter_.turn(handled, now - turn_began_);
    turn_began_ = now;
    if (handled > 0) {
      idle_in_a_row_ = 0;
    } else if (idle_ == IdlePolicy::nap) {
      // The kernel's own work for this core, the completion of disk writes among it, must not wait
      // for a nap: measured, seconds of it piled up behind a core that only polls.
      if (++idle_in_a_row_ <= naps_after) {
        ::sched_yield();
      } else {
        idle_in_a_row_ = naps_after;  // Naps again after the next idle turn.
        nap();
      }
    }
  }

  // Any thread.
  [[nodiscard]] const StageMeter& meter() const noexcept { return meter_; }
  [[nodiscard]] std::uint64_t naps() const noexcept { return naps_.value(); }

 private:
  void nap() noexcept;

  const IdlePolicy idle_;
  std::uint32_t idle_in_a_row_ = 0;
  bool slack_set_ = false;
  Ticks turn_began_;
  Counter naps_;
  StageMeter meter_;
};

// Any stage, as one pointer and one function. The stage outlives it.
class StageSlot {
 public:
  template <Stage S>
  explicit StageSlot(S& stage)
      : stage_(&stage),
        poll_([](void* self) noexcept { return static_cast<S*>(self)->poll(); }),
        name_(stage.name()) {}

  std::uint32_t poll() const noexcept { return poll_(stage_); }
  [[nodiscard]] std::string_view name() const noexcept { return name_; }

 private:
  void* stage_;
  std::uint32_t (*poll_)(void*) noexcept;
  std::string_view name_;
};

// The stages of one core as one stage. It measures each of them.
class StageGroup {
 public:
  // `stages` in the order in which they are polled: the order of flow.
  StageGroup(std::string_view name, std::optional<std::uint32_t> core,
             std::vector<StageSlot> stages);

  [[nodiscard]] std::string_view name() const noexcept { return name_; }

  std::uint32_t poll() noexcept {
    std::uint32_t handled = 0;
    Ticks began = ticks_now();
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      const std::uint32_t of_stage = stages_[i].poll();
      const Ticks ended = ticks_now();
      meters_[i].turn(of_stage, ended - began);
      began = ended;
      handled += of_stage;
    }
    return handled;
  }

  // Any thread, while it runs or after.
  [[nodiscard]] std::vector<StageReport> reports(const TickRate& rate) const;

 private:
  const std::string name_;
  const std::optional<std::uint32_t> core_;
  const std::vector<StageSlot> stages_;
  const std::unique_ptr<StageMeter[]> meters_;  // One for each stage.
};
static_assert(Stage<StageGroup>);

}  // namespace basalt::pipeline
