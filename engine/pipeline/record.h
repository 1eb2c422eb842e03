// Commands are one to four slots; rings move slots. This puts a command together again.
//
//   slot ─► take() … take() ─► complete() ─► command()
//
// A record may be split over any number of polls, since a ring may hold as few as two slots.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/assert.h"
#include "engine/command.h"
#include "engine/limits.h"

namespace basalt::pipeline {

class CommandAssembler {
 public:
  // The next slot of the stream. True: the command is complete.
  bool take(const Slot& slot) noexcept {
    if (taken_ == wanted_) {
      command_ = Command{};
      taken_ = 0;
    }
    command_.set_slot(taken_++, slot);
    if (taken_ == 1) {
      wanted_ = command_.order.slots;
      BASALT_ASSERT(wanted_ >= 1);
      BASALT_ASSERT(wanted_ <= limits::command_slots_max);
    }
    return complete();
  }

  [[nodiscard]] bool complete() const noexcept { return taken_ != 0 && taken_ == wanted_; }
  // In the middle of a command: the next slot belongs to it.
  [[nodiscard]] bool pending() const noexcept { return taken_ != wanted_; }
  [[nodiscard]] const Command& command() const noexcept { return command_; }
  [[nodiscard]] Command& command() noexcept { return command_; }

 private:
  Command command_;
  std::uint32_t taken_ = 0;
  std::uint32_t wanted_ = 0;
};

// Writes all slots of a command through anything with claim().
template <typename Out>
void write_command(const Command& command, Out& out) noexcept {
  for (std::uint32_t i = 0; i < command.order.slots; ++i) *out.claim() = command.slot(i);
}

}  // namespace basalt::pipeline
