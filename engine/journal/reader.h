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

  // Blocks below `end_block` may be read. Never lowered.
  void allow(std::uint64_t end_block) noexcept;
  [[nodiscard]] std::uint64_t allowed() const noexcept { return allowed_; }

  // Only records with at least this sequence will be given. Finds the segment by its first block
  // and the block by bisection; before the first next().
  [[nodiscard]] Read seek(Sequence sequence);
  [[nodiscard]] Read next(Record& record);

  // The file judged from the present segment to its end; for when no engine runs.
  [[nodiscard]] FileReport scan_from_here();
  [[nodiscard]] const Finding& damage() const noexcept { return damage_; }

 private:
  // A segment that has begun, and the number of its first block.
  struct Begun {
    std::size_t segment = 0;
    std::uint64_t first_block = 0;
    Sequence first_sequence = 0;
  };

  [[nodiscard]] Read load(std::uint64_t number);
  [[nodiscard]] Read check_order(const Record& record);
  [[nodiscard]] const Begun* begun_with(std::uint64_t number);
  void look_for_segments();
  void note_if_begun(std::size_t segment);
  [[nodiscard]] Read fail(std::string file, std::uint64_t offset, std::string what);

  const std::filesystem::path data_;
  const FileKind kind_;
  Segments segments_;
  std::vector<Begun> begun_;
  bool may_have_begun_ = true;  // More was allowed since segments were looked for.
  std::uint64_t allowed_ = 0;
  std::uint64_t number_ = 0;  // The block to be opened next.
  Block block_{};
  std::string block_file_;
  std::uint64_t block_offset_ = 0;
  std::uint32_t slot_ = 0;  // The next record's first slot in block_; past the used ones: none.
  std::vector<Block> chunk_;
  std::uint64_t chunk_first_ = 0;
  std::uint64_t chunk_count_ = 0;
  Sequence wanted_ = 0;  // Records below are passed over.
  Sequence last_sequence_ = 0;
  std::uint32_t last_epoch_ = 0;  // 0: nothing was read yet.
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

  // Follows whatever happens to the journal in `data`. The first entry is the first whose sequence
  // is at least `from`.
  explicit Follower(const std::filesystem::path& data, Take take = Take::complete,
                    Sequence from = 1);
  // Reads what an inspection found, and no more: for who holds the lock (MarkPage).
  Follower(const std::filesystem::path& data, const JournalReport& inspected, Take take,
           Sequence from = 1);

  [[nodiscard]] Read next(Entry& entry);
  // As next(), but waits for the engine to go on.
  [[nodiscard]] Read wait(Entry& entry, std::chrono::milliseconds patience);

  // An engine had the journal open when it was last looked at.
  [[nodiscard]] bool live() const noexcept { return marks_.live; }
  [[nodiscard]] const Finding& damage() const noexcept { return damage_; }

 private:
  [[nodiscard]] Read read_on(Entry& entry);
  [[nodiscard]] Read gather_events();
  [[nodiscard]] Read look_again();
  [[nodiscard]] Read look_at_files();
  [[nodiscard]] Read fail(const Finding& damage);

  RecordReader commands_;
  RecordReader log_;  // The events file.
  MarkView view_;
  MarkView::Marks marks_;
  const Take take_;
  const bool fixed_;  // No look beyond what was inspected.
  const Sequence from_;
  bool sought_ = false;
  bool files_counted_ = false;  // No engine runs, and its files' valid prefix is allowed.

  bool have_command_ = false;
  Command command_{};
  std::uint32_t command_engine_ = 0;
  std::uint32_t command_epoch_ = 0;
  std::vector<Event> events_;
  bool events_complete_ = false;
  std::optional<Event> ahead_;  // The next event, when it is not this command's.
  std::uint32_t ahead_epoch_ = 0;
  std::uint32_t gathered_epoch_ = 0;  // Of the last event that was read.
  Finding damage_;
};

}  // namespace basalt::journal
