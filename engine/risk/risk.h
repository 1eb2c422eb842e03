// The stage that fixes the order of the world.
//
//   log (feedback) ═► releases                       ┌═► commands: journal and log
//   gateways, requests, admin ─► decide ─► number ───┤
//   clock ─► Tick                                    └─► orders to matching[shard]
//
// A turn: feedback first, which needs no room anywhere; then what overflowed; then a slice of the
// cancels that the venue makes, of sessions that went down and of mass cancels; then at most one
// batch of new commands, round robin over the inputs. Nothing new is taken while the journal is
// too far behind (limits::undurable_max): the inputs then fill, and the wire with them.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/pipeline/clock.h"
#include "engine/pipeline/log_stage.h"
#include "engine/pipeline/outlet.h"
#include "engine/ring/broadcast_ring.h"
#include "engine/ring/spsc_ring.h"
#include "engine/risk/risk_core.h"

namespace basalt::risk {

class Risk {
 public:
  using SlotRing = ring::SpscRing<Slot>;
  using CommandRing = ring::BroadcastRing<Slot>;

  struct Wiring {
    ring::BroadcastRing<Slot>::Reader& log;
    std::vector<SlotRing*> inputs;  // Gateways, then requests of stages, then administration.
    CommandRing& commands;
    std::vector<SlotRing*> shards;
    std::vector<std::uint32_t> shard_of_instrument;
    const std::atomic<Sequence>& durable_mark;  // The journal's.
  };
  struct Settings {
    Nanos tick{1'000'000};
    Nanos idle_tick{100'000'000};  // While no order is live.
    Sequence undurable_max = limits::undurable_max;
    Sequence first_sequence = 1;  // One past the last recovered one.
    Nanos not_before;             // Time never goes back over a restart either.
  };

  Risk(std::string_view name, Wiring wiring, const Settings& settings, RiskCore& core,
       pipeline::Clock& clock, Arena& arena);

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  std::uint32_t poll() noexcept;

  // Any thread, for orderly stops and counters.
  [[nodiscard]] Sequence last_sequence() const noexcept {
    return last_sequence_.load(std::memory_order_acquire);  // Pairs with the release in emit().
  }
  [[nodiscard]] std::uint64_t overloaded_turns() const noexcept {
    return overloaded_turns_.load(std::memory_order_relaxed);  // A counter: carries no data.
  }
  // From now on takes no input and sequences no Tick; what is under way still finishes.
  void close() noexcept { closed_.store(true, std::memory_order_relaxed); }

 private:
  using CommandOutlet = pipeline::Outlet<CommandRing, Slot>;
  using ShardOutlet = pipeline::Outlet<SlotRing, Slot>;
  struct Input {
    SlotRing* ring;
    pipeline::CommandAssembler assembler;
  };
  // Orders of a session that went down, still to be cancelled.
  struct Purge {
    SessionId session{};
    Sequence until = 0;
  };

  std::uint32_t drain_feedback() noexcept;
  std::uint32_t take_inputs() noexcept;
  std::uint32_t purge() noexcept;
  std::uint32_t work_off_mass_cancels() noexcept;
  void read_clock() noexcept;
  bool tick_if_due() noexcept;
  void sequence(Command& command) noexcept;
  void emit(const Command& command) noexcept;
  static void write_to(ShardOutlet& shard, const Command& command) noexcept;
  void note(const Command& command) noexcept;
  [[nodiscard]] bool flush() noexcept;
  [[nodiscard]] bool clear() const noexcept;
  [[nodiscard]] bool overloaded() noexcept;

  std::string_view name_;
  Wiring wiring_;
  Settings settings_;
  RiskCore& core_;
  pipeline::Clock& clock_;
  CommandOutlet commands_;
  std::vector<ShardOutlet> shards_;
  std::vector<Input> inputs_;
  pipeline::CommandAssembler feedback_;
  std::vector<Purge> purges_;  // A place for each session, which is in it at most once.
  std::uint32_t purges_pending_ = 0;
  std::uint32_t next_input_ = 0;
  Sequence sequence_;
  Nanos now_;
  Nanos clock_read_;
  Nanos last_tick_;
  Nanos undurable_since_;
  Sequence undurable_from_ = 0;
  bool undurable_ = false;
  std::atomic<Sequence> last_sequence_;
  std::atomic<std::uint64_t> overloaded_turns_{0};
  std::atomic<bool> closed_{false};
};

}  // namespace basalt::risk
