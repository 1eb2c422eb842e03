// Reads the journal in order, of a running engine or of a stopped one. Cold.
//
//   commands-*.seg ─► RecordReader ┐
//   events-*.seg   ─► RecordReader ┴► Follower ─► (Command, its Events), in order of the log
//
// While an engine runs, nothing beyond its marks is read (mark_page.h). While none runs, the files
// count as far as they are valid (scan.h). A follower lives through the engine's death, its
// recovery and its next epoch without noticing.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/event.h"
#include "engine/journal/mark_page.h"
#include "engine/journal/scan.h"

namespace basalt::journal {

enum class Read : std::uint8_t {
  record,   // Here is one.
  end,      // Nothing more now; while an engine may run, ask again.
  damaged,  // damage() says what and where. Final.
};

struct Record {
  std::span<const Slot> slots;  // Valid until the next call.
  Sequence sequence = 0;
  std::uint32_t engine = 0;
  std::uint32_t epoch = 0;     // In which it was written.
  Sequence resumes_after = 0;  // Records of earlier epochs beyond this are void.
};

// One of the two files.
class RecordReader {
 public:
  RecordReader(std::filesystem::path data, FileKind kind);

  // Blocks below `block` may be read. Never lowered.
  void allow(std::uint64_t block) noexcept;
  // Goes to the first record with at least this sequence; finds the segment by its first block and
  // the block by bisection. Only what is allowed is looked at.
  [[nodiscard]] Read seek(Sequence sequence);
  [[nodiscard]] Read next(Record& record);

  // The whole file judged from the segment of the present position on; for when no engine runs.
  [[nodiscard]] FileReport scan_from_here();
  [[nodiscard]] const Finding& damage() const noexcept { return damage_; }

 private:
  [[nodiscard]] Read load(std::uint64_t number);
  [[nodiscard]] Read find_segment(std::uint64_t number);
  [[nodiscard]] Read read_block(std::size_t segment, std::uint64_t number, Block& block);
  void refresh_segments();
  [[nodiscard]] Read fail(std::string file, std::uint64_t offset, std::string what);

  const std::filesystem::path data_;
  const FileKind kind_;
  Segments segments_;
  std::vector<std::uint64_t> first_block_;  // By segment; of those that have begun.
  std::size_t segment_ = 0;                 // The one that block_ is in.
  std::uint64_t allowed_ = 0;
  std::uint64_t number_ = 0;  // The block to be read next.
  Block block_;
  std::uint32_t slot_ = 0;  // The next record's first slot in block_.
  bool loaded_ = false;
  Finding damage_;
};

class Follower {
 public:
  enum class Take : std::uint8_t {
    complete,      // Only commands whose events are all there. For bridges and observers.
    all_commands,  // Commands too whose events are missing at the end. For recovery and replay.
  };
  struct Entry {
    Command command;
    std::uint32_t engine = 0;
    std::uint32_t epoch = 0;
    std::span<const Event> events;  // Valid until the next call.
    bool complete = false;          // `events` are all that the command had.
  };

  // The first entry is the first whose sequence is at least `from`. `Take::all_commands` with
  // `locked`: the caller holds the lock (MarkPage), so the files' valid prefix counts.
  Follower(const std::filesystem::path& data, Take take, Sequence from = 1, bool locked = false);

  [[nodiscard]] Read next(Entry& entry);
  // As next(), but waits for the engine to go on.
  [[nodiscard]] Read wait(Entry& entry, std::chrono::milliseconds patience);

  // An engine had the journal open when it was last looked at.
  [[nodiscard]] bool live() const noexcept { return live_; }
  [[nodiscard]] const Finding& damage() const noexcept { return damage_; }

 private:
  [[nodiscard]] Read look_again();
  [[nodiscard]] Read gather_events();
  [[nodiscard]] Read give(Entry& entry);
  [[nodiscard]] Read damaged(const RecordReader& reader);

  RecordReader commands_;
  RecordReader events_in_;
  MarkView marks_;
  const Take take_;
  const bool locked_;
  Sequence seek_;  // 0: done.
  bool live_ = false;
  bool have_command_ = false;
  Command command_{};
  std::uint32_t command_engine_ = 0;
  std::uint32_t command_epoch_ = 0;
  std::optional<Event> held_event_;  // Of a later command.
  std::uint32_t held_epoch_ = 0;
  std::vector<Event> events_;
  bool events_complete_ = false;
  Finding damage_;
};

}  // namespace basalt::journal
