#include "tools/load/engine_books.h"

#include "engine/epochs.h"

namespace basalt::load {
namespace {

constexpr std::uint32_t event_ring_slots = 1'024;

// By the epochs that the journal has had until now.
CoreLimits limits_of(const std::filesystem::path& data) {
  journal::Follower follower(data);
  journal::Follower::Entry entry;
  Epochs epochs;
  while (follower.next(entry) == journal::Read::record) epochs.take(entry.command);
  return core_limits(epochs);
}

std::size_t memory_bytes(const CoreLimits& limits) {
  return limits.shards * matching::MatchingCore::memory_bytes(limits.matching) +
         marketdata::MarketDataCore::memory_bytes(limits.risk.reference, limits.risk.orders_max) +
         matching::EventRing::memory_bytes(event_ring_slots) +
         Arena::cost<Event>(matching::MatchingCore::events_max(limits.matching));
}

}  // namespace

EngineBooks::EngineBooks(const std::filesystem::path& data) : EngineBooks(data, limits_of(data)) {}

EngineBooks::EngineBooks(const std::filesystem::path& data, const CoreLimits& limits)
    : arena_(memory_bytes(limits)),
      shard_of_instrument_(limits.shard_of_instrument),
      events_(event_ring_slots, arena_),
      outlet_(events_, matching::MatchingCore::events_max(limits.matching), arena_),
      feed_(1, limits.history_bytes),
      market_data_(limits.risk.reference, limits.risk.orders_max, feed_, arena_),
      follower_(data),
      limits_(limits),
      wire_tick_(limits.matching.instruments_max),
      is_touched_(limits.matching.instruments_max) {
  for (std::uint32_t i = 0; i < limits.shards; ++i) shards_.emplace_back(limits.matching, arena_);
}

EngineBooks::Step EngineBooks::follow(std::uint32_t commands_max, Sequence every, Nanos until) {
  journal::Follower::Entry entry;
  for (std::uint32_t done = 0; done < commands_max; ++done) {
    switch (follower_.next(entry)) {
      case journal::Read::end:
        return Step::caught_up;
      case journal::Read::damaged:
        trouble_ = follower_.damage().file + ", offset " +
                   std::to_string(follower_.damage().offset) + ": " + follower_.damage().what;
        return Step::damaged;
      case journal::Read::record:
        break;
    }
    if (!market_data_.ready()) {
      trouble_ = "the feed has no room for more messages, by the topology's history_bytes_max";
      return Step::damaged;
    }
    if (!has_room(entry.command)) {
      trouble_ = "the engine has started with larger limits since: start again";
      return Step::damaged;
    }
    take(entry);
    if (sequence_ % every == 0 || time_ >= until) return Step::arrived;
  }
  return Step::went_on;
}

bool EngineBooks::has_room(const Command& command) const {
  if (command.order.kind != CommandKind::epoch_start) return true;
  const EpochLimits told = command.as<EpochStart>().limits;
  return told.orders_max <= limits_.matching.orders_max &&
         told.instruments_max <= limits_.matching.instruments_max &&
         told.leaves_max <= limits_.matching.leaves_max &&
         told.inners_max <= limits_.matching.inners_max &&
         told.instructed_max <= limits_.matching.instructed_max && told.shards == limits_.shards;
}

void EngineBooks::take(const journal::Follower::Entry& entry) {
  const Command& command = entry.command;
  if (command.order.kind == CommandKind::epoch_start) {
    for (auto& shard : shards_) shard.begin_epoch(command.as<EpochStart>().limits);
  }
  if (command.order.kind == CommandKind::define_instrument &&
      command.order.verdict == Reject::none) {
    const InstrumentId id = command.order.instrument;
    if (wire_tick_[index_of(id)] == 0) instruments_.push_back(id);
    wire_tick_[index_of(id)] = command.as<DefineInstrument>().wire_tick;
  }
  if (goes_to_every_shard(command.order)) {
    for (std::uint32_t shard = 0; shard < shards_.size(); ++shard) match(command, shard);
  } else if (goes_to_matching(command.order)) {
    match(command, shard_of_instrument_[index_of(command.order.instrument)]);
  }
  market_data_.on_command(command);
  for (const Event& event : entry.events) {
    market_data_.on_event(command, event);
    if (event.instrument != no_instrument) touch(event.instrument);
  }
  sequence_ = command.order.sequence;
  time_ = command.order.time;
}

// The books are what is wanted; what happened in them is in the journal already.
void EngineBooks::match(const Command& command, std::uint32_t shard) {
  shards_[shard].apply(command, outlet_);
  for (bool more = true; more;) {
    more = !outlet_.flush();
    while (const Event* event = events_.peek()) {
      if (event->instrument != no_instrument) touch(event->instrument);
    }
    events_.consume();
  }
}

void EngineBooks::touch(InstrumentId id) {
  if (is_touched_[index_of(id)]) return;
  is_touched_[index_of(id)] = true;
  touched_.push_back(id);
}

std::vector<InstrumentId> EngineBooks::take_touched() {
  for (const InstrumentId id : touched_) is_touched_[index_of(id)] = false;
  std::vector<InstrumentId> result;
  result.swap(touched_);
  return result;
}

}  // namespace basalt::load
