// The stage that merges: see log_core.h for what comes out.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/event.h"
#include "engine/log/log_core.h"
#include "engine/pipeline/record.h"
#include "engine/ring/broadcast_ring.h"
#include "engine/ring/spsc_ring.h"

namespace basalt::log {

class Log {
 public:
  using SlotBroadcast = ring::BroadcastRing<Slot>;
  using EventRing = ring::SpscRing<Event>;

  Log(std::string_view name, SlotBroadcast::Reader& commands, std::vector<EventRing*> shards,
      std::vector<std::uint32_t> shard_of_instrument, SlotBroadcast& log, LogCore& core);

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  std::uint32_t poll() noexcept;

  // Any thread. The last command that the log holds with all its events; 0: none of this run.
  [[nodiscard]] Sequence told() const noexcept { return told_.load(std::memory_order_acquire); }

 private:
  enum class Doing : std::uint8_t { command, slots, events_of_one, events_of_all };

  // Each does one slot's worth and says whether it could.
  bool take_command() noexcept;
  bool forward_slot() noexcept;
  bool forward_event() noexcept;
  bool merge_event() noexcept;

  [[nodiscard]] const Event* head(std::uint32_t shard) noexcept;
  void take_head(std::uint32_t shard) noexcept;
  void give_back() noexcept;
  bool put(const Event& event) noexcept;
  void finish_command() noexcept;

  std::string_view name_;
  SlotBroadcast::Reader& commands_;
  std::vector<EventRing*> shards_;
  std::vector<std::uint32_t> shard_of_instrument_;
  SlotBroadcast& log_;
  LogCore& core_;

  pipeline::CommandAssembler assembler_;
  Doing doing_ = Doing::command;
  std::uint32_t slot_ = 0;
  // Of each shard: its next event, and whether it has told its last one for this command.
  std::vector<const Event*> head_;
  std::vector<bool> told_all_;
  // The last effect merged so far: written once it is known whether another follows.
  Event held_;
  bool holds_ = false;
  Sequence finished_ = 0;
  alignas(false_sharing_bytes) std::atomic<Sequence> told_{0};  // Stage writes, any reads.
};

}  // namespace basalt::log
