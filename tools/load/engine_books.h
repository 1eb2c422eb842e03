// The engine's books at any sequence, from its journal: what the client's own are compared with.
//
//   journal ─► Follower ─► (command, its events) ─┬► MatchingCore, the engine's own: the books
//                                                 └► MarketDataCore: how many feed messages so far
//
// A follower needs no lock, never slows the engine, and lives through its restarts. Of the engine's
// cores it runs the two that the comparison needs, as large as the journal's epochs say.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/arena.h"
#include "engine/cores.h"
#include "engine/journal/reader.h"
#include "engine/marketdata/marketdata.h"
#include "engine/matching/matching.h"
#include "engine/pipeline/stream_store.h"

namespace basalt::load {

class EngineBooks {
 public:
  // Throws std::runtime_error when there is no journal, or one of other rules.
  explicit EngineBooks(const std::filesystem::path& data);

  enum class Step : std::uint8_t {
    went_on,    // There may be more.
    arrived,    // At a place where it was to stop.
    caught_up,  // Nothing more in the journal for now.
    damaged,    // trouble() says what. Final.
  };
  // Follows at most `commands_max` further commands, but not beyond one whose sequence is a
  // multiple of `every`, nor beyond the first that was decided at `until` or later.
  [[nodiscard]] Step follow(std::uint32_t commands_max, Sequence every, Nanos until);

  [[nodiscard]] Sequence sequence() const noexcept { return sequence_; }
  [[nodiscard]] Nanos time() const noexcept { return time_; }
  [[nodiscard]] std::uint64_t feed_messages() const noexcept {
    return feed_.count(marketdata::feed_stream);
  }
  [[nodiscard]] bool engine_lives() const noexcept { return follower_.live(); }
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

  // Instruments that are defined.
  [[nodiscard]] const std::vector<InstrumentId>& instruments() const noexcept {
    return instruments_;
  }
  [[nodiscard]] bool has(InstrumentId id) const {
    return index_of(id) < wire_tick_.size() && wire_tick_[index_of(id)] != 0;
  }
  // Precondition of the following: has(id).
  [[nodiscard]] std::uint32_t wire_tick(InstrumentId id) const { return wire_tick_[index_of(id)]; }
  [[nodiscard]] const matching::OrderBook& book(InstrumentId id) const {
    return shard_of(id).book(id);
  }
  [[nodiscard]] const matching::BookMemory& memory(InstrumentId id) const {
    return shard_of(id).memory();
  }
  // Instruments whose books may have changed since the last call.
  [[nodiscard]] std::vector<InstrumentId> take_touched();

 private:
  EngineBooks(const std::filesystem::path& data, const CoreLimits& limits);

  [[nodiscard]] const matching::MatchingCore& shard_of(InstrumentId id) const {
    return shards_[shard_of_instrument_[index_of(id)]];
  }
  [[nodiscard]] bool has_room(const Command& command) const;
  void take(const journal::Follower::Entry& entry);
  void match(const Command& command, std::uint32_t shard);
  void touch(InstrumentId id);

  Arena arena_;
  std::deque<matching::MatchingCore> shards_;
  const std::vector<std::uint32_t> shard_of_instrument_;
  matching::EventRing events_;
  matching::EventOutlet outlet_;
  pipeline::StreamStore feed_;
  marketdata::MarketDataCore market_data_;
  journal::Follower follower_;

  const CoreLimits limits_;
  std::vector<InstrumentId> instruments_;
  std::vector<std::uint32_t> wire_tick_;  // By instrument.
  std::vector<InstrumentId> touched_;
  std::vector<bool> is_touched_;  // By instrument.
  Sequence sequence_ = 0;
  Nanos time_;
  std::string trouble_;
};

}  // namespace basalt::load
