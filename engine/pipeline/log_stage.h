// The stage around a core that follows the log: moves slots, keeps the command while its events
// pass, and takes no input while the core's output is not yet gone.
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

// `Core` also has ready(): may it take another slot? It flushes its outlets there.
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
    if (handled > 0) log_.consume();
    return handled;
  }

 private:
  std::string_view name_;
  LogRing::Reader& log_;
  Core& core_;
  CommandAssembler assembler_;
};

}  // namespace basalt::pipeline
