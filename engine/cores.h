// Every state machine of the engine, without rings, threads or sockets.
//
//   command ─► risk.apply ─► matching ─► log numbers ─► risk, ledger, settlement, history,
//                                                       market data follow
//
// The exchange (exchange.h) puts each core behind its stage. Recovery, `basalt replay` and tests
// drive the same objects directly, one command at a time: a follower, which after each command is
// in the state that DESIGN calls "State at S". Since the cores are the same, what a replay derives
// is what the engine derived.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "engine/arena.h"
#include "engine/history/history.h"
#include "engine/ledger/ledger.h"
#include "engine/log/log_core.h"
#include "engine/marketdata/marketdata.h"
#include "engine/matching/matching.h"
#include "engine/pipeline/memory_part.h"
#include "engine/pipeline/stream_store.h"
#include "engine/risk/risk_core.h"
#include "engine/settlement/settlement.h"

namespace basalt {

struct CoreLimits {
  risk::RiskCore::Limits risk;
  matching::MatchingCore::Limits matching;  // Of each shard.
  settlement::SettlementLimits settlement;
  std::uint32_t shards = 1;
  // By instrument id. Part of the topology, and never visible in what comes out.
  std::vector<std::uint32_t> shard_of_instrument;
  std::size_t history_bytes = 0;  // Of sessions' streams; the feed's has as much.
};

class Cores {
 public:
  // `seed` spreads hash tables; nothing that is decided or derived depends on it.
  Cores(const CoreLimits& limits, std::uint64_t seed);

  // All that they take at construction; the two stores fill up to history_bytes each, later.
  static std::vector<pipeline::MemoryPart> memory_parts(const CoreLimits& limits);
  static std::size_t memory_bytes(const CoreLimits& limits) {
    return pipeline::sum_of(memory_parts(limits));
  }

  // Applies one decided command, lets all cores follow, and returns its events as the log has
  // them. Valid until the next call. Not for the running engine.
  std::span<const Event> replay(const Command& command);
  // After the last replay(), before the stages run.
  void end_replay();
  // What a new epoch says, before its first command. replay() does it for those that it comes to.
  void begin_epoch(const EpochLimits& limits) noexcept;

  // Books, open orders, balances, holds, positions and obligations. Cold; only between commands,
  // or with the engine stopped.
  [[nodiscard]] std::uint64_t state_hash() const;
  [[nodiscard]] std::uint64_t answers_total() const;  // Over all sessions' streams.
  void assert_invariants() const;

 private:
  Arena arena_;

 public:
  // One for each role, and the stores that they write.
  risk::RiskCore risk;
  std::deque<matching::MatchingCore> matching;
  log::LogCore log;
  ledger::Ledger ledger;
  settlement::Settlement settlement;
  pipeline::StreamStore answers;
  history::HistoryCore history;
  pipeline::StreamStore feed;
  marketdata::MarketDataCore market_data;
  const std::vector<std::uint32_t> shard_of_instrument;

 private:
  void match(const Command& command, std::uint32_t shard);
  void merge_all(const Command& command);

  matching::EventRing event_ring_;
  matching::EventOutlet event_outlet_;
  std::vector<Event> events_;
};

}  // namespace basalt
