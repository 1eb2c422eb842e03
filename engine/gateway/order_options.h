// The options of one OUCH message (its appendage), on their way into a Command.
//
//   elements ─► take_options() ─► flags, Origin │ Asked, until the instrument is known
//                    └ one that this venue does not take: the command carries the reject
#pragma once

#include <cstdint>

#include "engine/command.h"
#include "feedhandlers/order_entry/ouch50.h"

namespace basalt::gateway {

// What only a new order may ask for.
struct Asked {
  Instructions instructions{};
  std::uint64_t wire_stop = 0;       // Until the instrument is known; 0: none.
  std::uint64_t wire_trail = 0;      // Likewise.
  std::uint64_t wire_expiry = 0;     // Nanoseconds since 1970; 0: none.
  std::uint32_t time_to_live_s = 0;  // Likewise.
  std::int32_t wire_offset = 0;      // Of a peg, added to what it follows.
};

// The first fault found is the one that is told.
inline void refuse(Command& command, Reject reason) noexcept {
  if (command.order.verdict == Reject::none) command.order.verdict = reason;
}

void take_side(Command& command, ouch50::Side side) noexcept;

// Of whatever kind the command is. An option of another kind that asks for nothing is as if it were
// absent.
void take_options(Command& command, const ouch50::Inbound& message, Asked& asked) noexcept;

}  // namespace basalt::gateway
