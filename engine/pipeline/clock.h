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

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Nanos now() noexcept override {
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return {time.tv_sec * 1'000'000'000 + time.tv_nsec};
  }
};

}  // namespace basalt::pipeline
