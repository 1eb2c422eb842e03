// The whole engine: every ring and every stage, in order of flow, and their life.
//
//   construct   takes the data directory's lock, recovers from the journal, takes all memory
//   start       pins and starts the threads; makes the venue what its file says; opens the gateway
//   stop        closes the gateway, lets everything settle, ends the threads, closes the journal
//
// exchange.cpp is the wiring, on one screen; exchange_life.cpp is the rest.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/arena.h"
#include "engine/cores.h"
#include "engine/engine_settings.h"
#include "engine/epochs.h"
#include "engine/gateway/gateway.h"
#include "engine/history/history.h"
#include "engine/journal/journal.h"
#include "engine/journal/mark_page.h"
#include "engine/journal/segment_maker.h"
#include "engine/journal/uring_disk.h"
#include "engine/ledger/publishing_ledger.h"
#include "engine/log/log.h"
#include "engine/marketdata/marketdata_stage.h"
#include "engine/matching/matching.h"
#include "engine/pipeline/clock.h"
#include "engine/pipeline/duty_cycle.h"
#include "engine/pipeline/log_stage.h"
#include "engine/pipeline/topology.h"
#include "engine/recovery.h"
#include "engine/risk/risk.h"
#include "engine/settlement/domain.h"
#include "engine/settlement/settlement_stage.h"
#include "engine/venue.h"
#include "net/datagram_port.h"
#include "net/stream_port.h"

namespace basalt {

// Where the engine meets the world. Each belongs to one thread of the topology. Without a port of
// its own the feed leaves by that for orders, over a ring where marketdata has another thread.
struct Ports {
  std::unique_ptr<net::DatagramPort> orders;
  std::unique_ptr<net::DatagramPort> feed;
  std::unique_ptr<net::StreamPort> streams;
};

// The shards with their rings: as many as the topology says.
class Shards {
 public:
  Shards(const pipeline::Topology& topology, const CoreLimits& limits, Cores& cores, Arena& arena);

  [[nodiscard]] std::vector<ring::SpscRing<Slot>*> order_rings();
  [[nodiscard]] std::vector<matching::EventRing*> event_rings();
  [[nodiscard]] std::deque<matching::Matching>& stages() noexcept { return stages_; }

 private:
  std::deque<std::string> names_;
  std::deque<ring::SpscRing<Slot>> orders_;
  std::deque<matching::EventRing> events_;
  std::deque<matching::Matching> stages_;
};

class Exchange {
 public:
  struct Settings {
    std::filesystem::path data;
    std::string build;  // The commit, told in EpochStart.
    RecoveryProgress progress;
    // Which check the journal before there are threads; none: the caller alone, where it is.
    std::vector<unsigned> recovery_cores = {};
  };

  // Throws std::runtime_error that says what is wrong and how to mend it: a damaged journal, a
  // held lock, limits below what is in use, memory or io_uring that cannot be had.
  Exchange(const pipeline::Topology& topology, const VenueLoad& venue, Ports ports,
           const Settings& settings, pipeline::Clock& clock);
  ~Exchange();

  // Throws std::runtime_error: a pin that fails, a venue file that contradicts the journal.
  void start();

  // 0 while all is well; otherwise the errno with which the journal failed, or ETIMEDOUT when it
  // made no progress for limits::journal_stall_max: the engine is fenced, call stop().
  [[nodiscard]] std::int32_t fault() noexcept;

  struct Report {
    bool orderly = false;  // Everything that was taken in is durable, settled and told.
    std::uint64_t state_hash = 0;
    std::uint64_t commands = 0;  // Of this run.
    std::uint64_t events = 0;
    std::uint32_t holds_mismatched = 0;
    Money imbalance;
    std::uint64_t feed_messages = 0;
    std::vector<std::string> complaints;  // What was not orderly, in words.
  };
  Report stop();

  [[nodiscard]] const Recovered& recovered() const noexcept { return recovered_; }
  [[nodiscard]] bool direct_writes() const noexcept { return segments_.direct(); }
  [[nodiscard]] std::size_t memory_bytes() const {
    return Cores::memory_bytes(limits_) + arena_.size_bytes();
  }
  // What answers and feed may grow to besides.
  [[nodiscard]] std::size_t history_bytes_max() const noexcept { return 2 * limits_.history_bytes; }
  [[nodiscard]] std::vector<pipeline::StageReport> stage_reports() const;

  struct ThreadReport {
    std::string name;
    std::optional<std::uint32_t> core;
    // By malloc and new, from its first turn to its last: zero, or it waits for an allocator.
    // Nothing: not known (pinning/allocator.h).
    std::optional<std::uint64_t> allocated_bytes;
  };
  // Precondition: stopped. The counts are each thread's own until then.
  [[nodiscard]] std::vector<ThreadReport> thread_reports() const;
  [[nodiscard]] const gateway::Gateway& gateway() const noexcept { return gateway_; }
  // Precondition: stopped. They are the gateway thread's until then.
  [[nodiscard]] const net::DatagramCounters& datagrams() const noexcept {
    return ports_.orders->counters();
  }
  [[nodiscard]] const risk::Risk& risk() const noexcept { return risk_; }

 private:
  // exchange_life.cpp
  void check_limits() const;
  void plan_threads();
  void append_missing_events();
  void start_threads();
  [[nodiscard]] std::vector<Command> definitions_to_make();
  void prepare_domain(const std::vector<Command>& definitions);
  void submit(const Command& command);
  template <typename Condition>
  bool wait_until(Condition condition, Nanos patience);
  [[nodiscard]] bool drained() noexcept;
  [[nodiscard]] bool gateway_caught_up();
  void settle_everything(std::vector<std::string>& complaints);

  const pipeline::Topology topology_;
  const VenueLoad venue_;
  const Settings settings_;
  pipeline::Clock& clock_;
  const Ports ports_;

  journal::MarkPage mark_page_;
  journal::JournalReport inspected_;  // Until recovered_ has it.
  const Epochs epochs_;
  const CoreLimits limits_;
  Cores cores_;
  Recovered recovered_;
  Arena arena_;
  journal::SegmentMaker segments_;
  journal::UringDisk disk_;

  ring::SpscRing<Slot> commands_to_risk_;
  ring::SpscRing<Slot> requests_to_risk_;  // The settlement domain's answers.
  ring::SpscRing<Slot> admin_to_risk_;
  ring::BroadcastRing<Slot> commands_;
  Shards shards_;
  ring::BroadcastRing<Slot> log_ring_;
  ledger::PostingRing postings_to_settlement_;
  settlement::InstructionRing instructions_to_domain_;

  journal::Journal journal_;
  gateway::Gateway gateway_;
  risk::Risk risk_;
  log::Log log_;
  pipeline::LogStage<history::HistoryCore> history_;
  marketdata::MarketData market_data_;
  ledger::PublishingLedger publishing_ledger_;
  pipeline::LogStage<ledger::PublishingLedger> ledger_;
  settlement::SettlementStage settlement_;
  settlement::InternalDomain domain_;
  settlement::DomainStage domain_stage_;

  // One thread of the topology and the stages that it runs.
  struct Thread {
    Thread(const pipeline::ThreadPlan& the_plan, std::vector<pipeline::StageSlot> slots)
        : plan(the_plan), stages(plan.name, plan.core, std::move(slots)), duty_cycle(plan.idle) {}

    const pipeline::ThreadPlan plan;
    pipeline::StageGroup stages;
    pipeline::DutyCycle duty_cycle;
    std::optional<std::uint64_t> allocated_bytes;  // The thread's, until it is joined.
    std::thread thread;
  };
  std::vector<std::unique_ptr<Thread>> threads_;
  const pipeline::TickRate tick_rate_;
  std::atomic<bool> stop_{false};
  std::uint64_t feed_recovered_ = 0;  // Messages of earlier epochs.
  Sequence last_durable_ = 0;
  Nanos last_progress_;
};

}  // namespace basalt
