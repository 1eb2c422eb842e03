#include "net/wire_clock.h"

#include <ctime>

namespace basalt::net {

Nanos realtime() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return {std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec};
}

}  // namespace basalt::net
