// The engine's only source of time, behind a seam that the simulator replaces. Read once a turn.
#pragma once

#include <ctime>

#include "engine/types.h"

namespace basalt::pipeline {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Nanos now() noexcept = 0;  // Since 1970-01-01 UTC.
};

// The wall clock's time when it was made, and from then on what the monotonic clock adds, whose
// rate the system disciplines alike. So no timer of the engine sees it when somebody sets the wall
// clock.
class SystemClock final : public Clock {
 public:
  SystemClock() noexcept : began_(read(CLOCK_REALTIME) - read(CLOCK_MONOTONIC)) {}
  [[nodiscard]] Nanos now() noexcept override { return began_ + read(CLOCK_MONOTONIC); }

 private:
  static Nanos read(clockid_t clock) noexcept {
    timespec time{};
    ::clock_gettime(clock, &time);
    return {time.tv_sec * 1'000'000'000 + time.tv_nsec};
  }

  const Nanos began_;  // When the monotonic clock was 0.
};

}  // namespace basalt::pipeline
