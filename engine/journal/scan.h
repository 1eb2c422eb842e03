// Walks the journal's files block by block and says what they are: whole, torn at the end, or
// damaged. Cold: it allocates and reads whole files.
//
// The rule. Block numbers count without gap (format.h, I5), so each place has one block that may
// stand there. At the first place whose block is not valid
//   - it is damage when anything proves that the block was complete: a later block with
//     durable_blocks beyond it, or a later segment of the same epoch (format.h, I6); or when any
//     byte from there on is explained neither by an interrupted write nor by zeroes; or when
//     something stands further on than a writer has under way at once;
//   - otherwise it is the torn tail of the last segment, or that of an earlier epoch, which a
//     recovery has already seen and gone on behind.
// What was never acknowledged may be cut; what may have been is refused. So a zeroed or cut end of
// the last segment is torn whatever the other file holds, and nothing before it is ever cut.
//
// Each segment is walked by itself (segment_walk.h), and the walks are joined in order. Where
// workers share the walking, they guess which block a segment begins with, by what it says; a wrong
// guess is walked again. So what is found does not depend on who walked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/journal/format.h"
#include "engine/types.h"
#include "pinning/workers.h"

namespace basalt::journal {

// Something at a place in a file.
struct Finding {
  std::string file;
  std::uint64_t offset = 0;
  std::string what;

  friend bool operator==(const Finding&, const Finding&) = default;
};

enum class SegmentState : std::uint8_t {
  full,   // Valid to the end of the file.
  open,   // Valid, then never written.
  torn,   // Valid, then a torn tail.
  spare,  // Never written.
};

struct SegmentReport {
  std::string file;
  std::uint32_t number = 0;
  SegmentState state{};
  std::uint64_t first_block = 0;
  std::uint64_t blocks = 0;  // Valid ones.
  std::uint64_t records = 0;
  Sequence first_sequence = 0;  // Of its records; 0 and 0 without any.
  Sequence last_sequence = 0;
  std::uint32_t engine = 0;
  std::uint32_t epoch = 0;
  Sequence resumes_after = 0;

  friend bool operator==(const SegmentReport&, const SegmentReport&) = default;
};

struct FileReport {
  FileKind kind{};
  std::vector<SegmentReport> segments;
  // Of commands: each epoch_start and assign_shards, in order. They say how large a follower is.
  std::vector<Command> starts;
  std::optional<Finding> damage;  // Nothing after it was read. Everything else is up to it.
  std::optional<Finding> torn;    // The tail is torn: where and how.
  Finding end;                    // Where the valid blocks end.
  std::uint64_t torn_blocks = 0;  // Blocks of the tail with any byte in them.
  Sequence torn_sequence = 0;     // The highest sequence that the tail still tells of; or 0.
  bool closed = false;            // The last block is that of an orderly stop.
  std::uint64_t blocks = 0;
  std::uint64_t records = 0;
  std::uint32_t engine = 0;
  std::uint32_t epoch = 0;     // The last one.
  Sequence last_sequence = 0;  // 0: none.
  // For a writer of the next epoch. For events the sequence is that of the last command all of
  // whose events are there.
  ResumePoint resume;

  friend bool operator==(const FileReport&, const FileReport&) = default;
};

struct JournalReport {
  FileReport commands;
  FileReport events;

  [[nodiscard]] const Finding* damage() const noexcept;
  [[nodiscard]] bool torn() const noexcept { return commands.torn || events.torn; }
  // How many commands are known to have gone with a torn tail: by what the tail still tells, and
  // by the events file, whose later events tell of commands.
  [[nodiscard]] std::uint64_t commands_lost() const noexcept;

  friend bool operator==(const JournalReport&, const JournalReport&) = default;
};

// The bytes of one segment, wherever they are.
class SegmentBytes {
 public:
  virtual ~SegmentBytes() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::uint32_t number() const = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Fills `into` from `offset`, both of whole blocks and `into` aligned like one; beyond the end
  // with zeroes. False: it cannot be read.
  [[nodiscard]] virtual bool read(std::uint64_t offset, std::span<std::byte> into) const = 0;
};
using Segments = std::vector<std::unique_ptr<SegmentBytes>>;  // In order of number.

// The segments of one file in a data directory, from number `first` on, opened for reading. None:
// an empty file.
[[nodiscard]] Segments open_segments(const std::filesystem::path& data, FileKind kind,
                                     std::uint32_t first = 0);

struct ScanRange {
  std::uint64_t first_block = 0;  // Number of the first block of the first segment given.
  // Blocks from this number on are a running engine's business and not looked at.
  std::uint64_t end_block = ~std::uint64_t{0};
};
struct ScanRanges {
  ScanRange commands;
  ScanRange events;
};

// One file, segment by segment.
[[nodiscard]] FileReport scan(const Segments& segments, FileKind kind, const ScanRange& range = {});

// Called now and then, from any worker but from one at a time, with bytes walked and bytes in all.
using Progress = std::function<void(std::uint64_t, std::uint64_t)>;

// Both files, by as many workers as there are: what is found is what scan() and combine() find.
// Throws as Workers::each().
[[nodiscard]] JournalReport inspect(const Segments& commands, const Segments& events,
                                    const pinning::Workers& workers, const ScanRanges& ranges = {},
                                    const Progress& progress = {});
// The same of a data directory that no engine has open (or whose lock the caller holds), or below
// the marks of an engine that has.
[[nodiscard]] JournalReport inspect(const std::filesystem::path& data,
                                    const pinning::Workers& workers = pinning::Workers(),
                                    const ScanRanges& ranges = {}, const Progress& progress = {});

// Combines what was found in the two: events without any commands file are damage.
[[nodiscard]] JournalReport combine(FileReport commands, FileReport events);

}  // namespace basalt::journal
