// Puts commands and the shards' events back into the one order of the commands.
//
//   commands ──────────────► forward ─┐
//   events of shard 0 … n ─► merge ───┴► the log: a command's slots, then its events, numbered
//
// An event's number is (sequence, index). Which shard it came from, and how many shards there are,
// never shows: the events of a command that went to every shard are merged by instrument, their
// `Nothing`s fold into one, and fills are counted over the whole venue.
#pragma once

#include <cstdint>

#include "engine/event.h"
#include "engine/types.h"

namespace basalt::log {

// The numbering alone: used by the stage, by recovery and by replay.
class LogCore {
 public:
  // The first event of a command.
  void begin() noexcept { index_ = 0; }

  // Numbers an event for its place in the log.
  void number(Event& event) noexcept {
    event.index = index_++;
    if (event.kind == EventKind::fill) event.match_number = ++fills_;
  }

  [[nodiscard]] std::uint64_t fills() const noexcept { return fills_; }

 private:
  std::uint64_t fills_ = 0;  // Since the first record of the journal.
  std::uint32_t index_ = 0;
};

}  // namespace basalt::log
