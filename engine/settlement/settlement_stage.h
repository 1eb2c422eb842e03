// Settlement as a stage: its core between two rings.
//
//   postings_to_settlement ─► Settlement ─► instructions_to_domain
//
// Input never waits for the domain: what it is still to be told waits in the core.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <string_view>

#include "engine/command.h"
#include "engine/limits.h"
#include "engine/pipeline/record.h"
#include "engine/ring/spsc_ring.h"
#include "engine/settlement/instruction.h"
#include "engine/settlement/settlement.h"
#include "engine/transfer.h"

namespace basalt::settlement {

// One slot of the ledger's stream.
inline void feed(const Slot& slot, pipeline::CommandAssembler& assembler,
                 Settlement& core) noexcept {
  if (!assembler.pending() && is_transfer(slot.kind())) {
    core.on_transfer(std::bit_cast<Transfer>(slot));
  } else if (assembler.take(slot)) {
    core.on_command(assembler.command());
  }
}

class SettlementStage {
 public:
  SettlementStage(std::string_view name, ring::SpscRing<Slot>& postings,
                  InstructionRing& instructions, Settlement& core)
      : name_(name), postings_(postings), instructions_(instructions), core_(core) {}

  [[nodiscard]] std::string_view name() const noexcept { return name_; }

  std::uint32_t poll() noexcept {
    std::uint32_t handled = 0;
    while (handled < limits::batch_max) {
      const Slot* slot = postings_.peek();
      if (slot == nullptr) break;
      feed(*slot, assembler_, core_);
      ++handled;
    }
    const std::uint32_t told = tell_domain();
    if (handled > 0) {
      // Relaxed: the release in consume() orders it for who has seen the ring drained.
      outstanding_.store(core_.outstanding(), std::memory_order_relaxed);
      postings_.consume();
    }
    return handled + told;
  }

  // Any thread, for orderly stops: is anything netted and not settled? Up to date when it is asked
  // after postings.drained() was seen true.
  [[nodiscard]] bool outstanding() const noexcept {
    return outstanding_.load(std::memory_order_relaxed);
  }

 private:
  std::uint32_t tell_domain() noexcept {
    std::uint32_t told = 0;
    while (told < limits::batch_max && core_.has_instruction()) {
      Instruction* next = instructions_.claim();
      if (next == nullptr) break;
      *next = core_.take_instruction();
      ++told;
    }
    if (told > 0) instructions_.publish();
    return told;
  }

  std::string_view name_;
  ring::SpscRing<Slot>& postings_;
  InstructionRing& instructions_;
  Settlement& core_;
  pipeline::CommandAssembler assembler_;
  alignas(false_sharing_bytes) std::atomic<bool> outstanding_{false};  // Stage writes, any reads.
};

}  // namespace basalt::settlement
