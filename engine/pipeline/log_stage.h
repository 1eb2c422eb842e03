// The stage around a core that follows the log: moves slots, keeps the command while its events
// pass, takes no input while the core's output is not yet gone, and gives its input back after
// that, so that rings seen drained in the order of flow leave nothing between two of them.
//
//   log ═► peek() ─► core.on_command() / core.on_event() ─► core's outlets
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "engine/command.h"
#include "engine/event.h"
#include "engine/limits.h"
#include "engine/pipeline/record.h"
#include "engine/pipeline/stage.h"
#include "engine/ring/broadcast_ring.h"

namespace basalt::pipeline {

using LogRing = ring::BroadcastRing<Slot>;

// Feeds one slot of the log to a core.
template <LogFollower Core>
void feed(const Slot& slot, CommandAssembler& assembler, Core& core) noexcept {
  if (!assembler.pending() && is_event(slot.kind())) {
    core.on_event(assembler.command(), std::bit_cast<Event>(slot));
  } else if (assembler.take(slot)) {
    core.on_command(assembler.command());
  }
}

// `Core` also has ready(): may it take another slot? It flushes its outlets there, and is ready
// when nothing is left in them.
template <LogFollower Core>
class LogStage {
 public:
  LogStage(std::string_view name, LogRing::Reader& log, Core& core)
      : name_(name), log_(log), core_(core) {}

  [[nodiscard]] std::string_view name() const noexcept { return name_; }

  std::uint32_t poll() noexcept {
    std::uint32_t handled = 0;
    while (handled < limits::batch_max && core_.ready()) {
      const Slot* slot = log_.peek();
      if (slot == nullptr) break;
      feed(*slot, assembler_, core_);
      ++handled;
    }
    owes_ = owes_ || handled > 0;
    if (owes_ && core_.ready()) {
      log_.consume();
      owes_ = false;
    }
    return handled;
  }

 private:
  std::string_view name_;
  LogRing::Reader& log_;
  Core& core_;
  bool owes_ = false;  // Slots that are read and not given back.
  CommandAssembler assembler_;
};

}  // namespace basalt::pipeline
