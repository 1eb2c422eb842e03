#include "engine/cores.h"

#include <algorithm>

namespace basalt {
namespace {

constexpr std::uint32_t replay_ring_slots = 1024;

}  // namespace

std::vector<pipeline::MemoryPart> Cores::memory_parts(const CoreLimits& limits) {
  const ReferenceLimits& reference = limits.risk.reference;
  return {
      {"risk", risk::RiskCore::memory_bytes(limits.risk), "orders_max or external_ids_max"},
      {"books", limits.shards * matching::MatchingCore::memory_bytes(limits.matching),
       "leaves_max, inners_max, orders_max or shards"},
      {"the ledger", ledger::Ledger::memory_bytes(reference), "accounts_max or assets_max"},
      {"settlement", settlement::Settlement::memory_bytes(limits.settlement),
       "settlement_obligations_max, accounts_max or assets_max"},
      {"history", history::HistoryCore::memory_bytes(reference, limits.risk.orders_max),
       "orders_max"},
      {"the feed", marketdata::MarketDataCore::memory_bytes(reference, limits.risk.orders_max),
       "orders_max"},
      {"replay",
       matching::EventRing::memory_bytes(replay_ring_slots) +
           Arena::cost<Event>(matching::MatchingCore::events_max(limits.matching)),
       "orders_max"},
  };
}

Cores::Cores(const CoreLimits& limits, std::uint64_t seed)
    : arena_(memory_bytes(limits)),
      risk(limits.risk, seed, arena_),
      ledger(limits.risk.reference, arena_),
      settlement(limits.settlement, arena_),
      answers(limits.risk.reference.sessions_max, limits.history_bytes),
      history(limits.risk.reference, limits.risk.orders_max, answers, arena_),
      feed(1, limits.history_bytes),
      market_data(limits.risk.reference, limits.risk.orders_max, feed, arena_),
      shard_of_instrument(limits.shard_of_instrument),
      event_ring_(replay_ring_slots, arena_),
      event_outlet_(event_ring_, matching::MatchingCore::events_max(limits.matching), arena_) {
  for (std::uint32_t i = 0; i < limits.shards; ++i) matching.emplace_back(limits.matching, arena_);
}

void Cores::match(const Command& command, std::uint32_t shard) {
  matching[shard].apply(command, event_outlet_);
  for (bool more = true; more;) {
    more = !event_outlet_.flush();
    while (const Event* event = event_ring_.peek()) events_.push_back(*event);
    event_ring_.consume();
  }
}

// As the log stage does with what all shards tell (log.cpp, merge_event).
void Cores::merge_all(const Command& command) {
  for (std::uint32_t shard = 0; shard < matching.size(); ++shard) match(command, shard);
  const Event nothing = events_.front();
  std::erase_if(events_, [](const Event& event) { return event.kind == EventKind::nothing; });
  std::stable_sort(events_.begin(), events_.end(),
                   [](const Event& a, const Event& b) { return a.instrument < b.instrument; });
  if (events_.empty()) {
    events_.push_back(nothing);
    events_.back().instrument = no_instrument;
  }
  for (Event& event : events_) event.last = &event == &events_.back();
}

std::span<const Event> Cores::replay(const Command& command) {
  events_.clear();
  if (command.order.kind == CommandKind::epoch_start) begin_epoch(command.as<EpochStart>().limits);
  risk.apply(command);
  if (goes_to_every_shard(command.order)) {
    merge_all(command);
  } else if (goes_to_matching(command.order)) {
    match(command, shard_of_instrument[index_of(command.order.instrument)]);
  }
  log.begin();
  for (Event& event : events_) log.number(event);

  const auto all_follow = [&](auto&& tell) {
    tell(risk);
    tell(ledger);
    for (const Transfer& transfer : ledger.posted()) settlement.on_transfer(transfer);
    tell(history);
    tell(market_data);
  };
  all_follow([&](auto& core) { core.on_command(command); });
  if (settlement_follows(command.order)) settlement.on_command(command);
  for (const Event& event : events_) {
    all_follow([&](auto& core) { core.on_event(command, event); });
  }
  // What the domain is to be told is told anew when the stages run.
  return events_;
}

void Cores::end_replay() {
  risk.collect_free_slots();
}

void Cores::begin_epoch(const EpochLimits& limits) noexcept {
  for (matching::MatchingCore& shard : matching) shard.begin_epoch(limits);
}

std::uint64_t Cores::state_hash() const {
  StateHash hash;
  const ReferenceData& reference = risk.reference();
  for (std::uint32_t i = 0; i < reference.limits().instruments_max; ++i) {
    const InstrumentId instrument{i};
    if (reference.has(instrument)) {
      matching[shard_of_instrument[i]].add_to_hash(instrument, hash);
    }
  }
  risk.add_to_hash(hash);
  ledger.add_to_hash(hash);
  settlement.add_to_hash(hash);
  return hash.digest();
}

std::uint64_t Cores::answers_total() const {
  std::uint64_t total = 0;
  for (std::uint32_t stream = 0; stream < answers.streams(); ++stream)
    total += answers.count(stream);
  return total;
}

void Cores::assert_invariants() const {
  for (const matching::MatchingCore& shard : matching) shard.assert_invariants();
  risk.assert_invariants();
  ledger.assert_invariants();
  settlement.assert_invariants();
}

}  // namespace basalt
