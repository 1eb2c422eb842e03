// What time it is on the wire: CLOCK_REALTIME, some 20 ns a reading, disciplined from outside.
// Ports take it as a function, so that the simulator can put its own in.
#pragma once

#include "engine/types.h"

namespace basalt::net {

using WireClock = Nanos (*)() noexcept;

[[nodiscard]] Nanos realtime() noexcept;

}  // namespace basalt::net
