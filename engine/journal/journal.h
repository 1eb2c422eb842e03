// The journal stage: what risk has decided becomes durable, and what matching made of it follows.
//
//   risk ─ commands ─► │ BlockWriter │ ─► commands-*.seg ─► durable mark ─► gateways, feeds
//                      │             │                           │
//   log ──── events ─► │ BlockWriter │ ─► events-*.seg  ◄────────┘ (only events up to the mark)
//
// The durable mark is over commands alone; events are a function of them and are written behind,
// off the answer's path. An event is taken from the log only when the mark has passed its
// sequence, so no file ever tells of a command that a power cut could still take back.
//
// Invariants
//   I1  The mark never falls, and every command up to it is in a completed write.
//   I2  Commands come in sequence without gap; events never fall in sequence.
//   I3  After a failed or short write nothing moves: error() says why, and the owner fences.
//   I4  One poll handles at most limits::batch_max commands and as many records of the log, and
//       starts at most the allowed writes.
//
// Never blocks on a full disk or a slow one: it stops taking input, and its rings fill.
//
// A start, in order (all but the last step before any thread of the engine runs):
//   MarkPage page(DIR)           the lock; other processes' followers now wait
//   inspect(DIR)                 scan.h: damaged? torn? where does each file go on?
//   Follower(DIR, all_commands)  reader.h: replay commands, compare events
//   SegmentMaker, UringDisk, Journal{resume points of the inspection}
//   append_event() for what replay derived beyond the events file's resume point
//   page.keep(engine, epoch, journal.marks()), then run the stage
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "engine/arena.h"
#include "engine/event.h"
#include "engine/journal/block_writer.h"
#include "engine/journal/disk.h"
#include "engine/journal/marks.h"
#include "engine/limits.h"
#include "engine/ring/broadcast_ring.h"

namespace basalt::journal {

class Journal {
 public:
  using Reader = ring::BroadcastRing<Slot>::Reader;

  struct Start {
    std::uint32_t engine = 0;
    std::uint32_t epoch = 1;  // Above every epoch in the files.
    ResumePoint commands{};
    ResumePoint events{};
  };

  // `commands` carries whole commands from risk, the first with sequence
  // start.commands.sequence + 1. `log` carries commands and events mixed; its commands, and events
  // up to start.events.sequence, are passed over.
  Journal(Reader& commands, Reader& log, Disk& disk, const Start& start,
          const BlockWriter::Limits& limits, Arena& arena);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  static constexpr std::size_t memory_bytes(const BlockWriter::Limits& limits) noexcept {
    return 2 * BlockWriter::memory_bytes(limits);
  }

  [[nodiscard]] std::string_view name() const noexcept { return "journal"; }
  std::uint32_t poll() noexcept;

  // Any thread. Load it with acquire: it pairs with the release in poll().
  [[nodiscard]] const std::atomic<Sequence>& durable_mark() const noexcept {
    return marks_.durable;
  }
  [[nodiscard]] const Marks& marks() const noexcept { return marks_; }
  // Any thread. 0, or the errno of the write that failed: acknowledge nothing more, and stop.
  [[nodiscard]] std::int32_t error() const noexcept {
    // Acquire pairs with the release in publish_marks(): the marks are final.
    return marks_.error.load(std::memory_order_acquire);
  }
  // The polling thread, or any once it has stopped. Everything taken from the rings is durable.
  [[nodiscard]] bool idle() const noexcept;

  // Recovery, before the first poll(): an event that replay derived and the file lacks. False: the
  // buffers are full; poll() and try again.
  [[nodiscard]] bool append_event(const Event& event) noexcept;

  // Cold, once the loop has ended: writes what is left, then a closing block to each file. False:
  // it failed, or took longer than `patience`.
  [[nodiscard]] bool finish(std::chrono::milliseconds patience);

  [[nodiscard]] const BlockWriter& commands_file() const noexcept { return commands_; }
  [[nodiscard]] const BlockWriter& events_file() const noexcept { return events_; }

 private:
  // A command on its way out of a ring whose slots may come one by one.
  struct Assembly {
    std::array<Slot, limits::command_slots_max> slots;
    std::uint32_t have = 0;
    std::uint32_t need = 0;  // 0: between records.
  };

  std::uint32_t take_commands() noexcept;
  std::uint32_t take_log() noexcept;
  std::uint32_t reap() noexcept;
  [[nodiscard]] bool drain_until(std::chrono::steady_clock::time_point deadline);
  void publish_marks() noexcept;

  Reader& commands_in_;
  Reader& log_in_;
  Disk& disk_;
  BlockWriter commands_;
  BlockWriter events_;
  Assembly command_;
  Sequence command_sequence_;  // Of the last command that was taken.
  Sequence event_sequence_;    // Of the last event; those up to the start's are in the file.
  const Sequence events_present_;
  Slot event_;
  bool event_held_ = false;     // An event waits for the mark, or for a buffer.
  std::uint32_t log_skip_ = 0;  // Slots left of a command in the log.

  Marks marks_;
};

}  // namespace basalt::journal
