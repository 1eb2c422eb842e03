// One segment of a journal's file, walked block by block: what of it is valid, and what its end is.
//
//   bytes, number of the first block ─► walk_segment() ─► SegmentWalk ─► scan.cpp: joined in order
//
// A function of these alone, and of no segment before. So segments are walked one after the other
// or many at once, by the same code, and what depends on those before is decided where walks are
// joined: whether this one follows, and whether a recovery has seen the torn tail of the last.
// Cold.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/command.h"
#include "engine/journal/format.h"
#include "engine/journal/scan.h"
#include "engine/types.h"

namespace basalt::journal {

struct SegmentWalk {
  // What stands in the first place.
  enum class Begin : std::uint8_t {
    valid,       // The block that belongs there.
    misplaced,   // A block that belongs elsewhere.
    unfinished,  // A block whose header arrived, and not the rest.
    nothing,     // None that could be told.
  };
  Begin begin = Begin::nothing;
  BlockHeader first_header{};  // Of the first place, unless there is nothing.

  SegmentReport report;  // Final, unless there is damage.
  std::vector<Command> starts;
  // After the last valid block; only if there is one.
  Sequence last_sequence = 0;
  bool closed = false;
  // FileReport::resume.sequence, where a block moves it.
  std::optional<Sequence> resume_sequence;

  std::optional<Finding> damage;  // Nothing after it was read.
  std::optional<Finding> tail;    // Where valid blocks end before the segment does.
  std::uint64_t torn_blocks = 0;
  Sequence torn_sequence = 0;  // The highest that the tail tells of, as far as it was read.

  // Nothing was ever written there, so it is the same whatever its first block would be.
  [[nodiscard]] bool spare() const noexcept {
    return report.state == SegmentState::spare && !damage;
  }
};

// Called now and then with the bytes walked since the last call.
using Walked = std::function<void(std::uint64_t)>;

// `range.first_block` is the number of the block that belongs in the first place.
// Precondition: first_block < end_block.
[[nodiscard]] SegmentWalk walk_segment(const SegmentBytes& segment, FileKind kind,
                                       const ScanRange& range, const Walked& walked = {});

// The number that the segment's first block claims to have; 0 also when it claims none.
[[nodiscard]] std::uint64_t claimed_first_block(const SegmentBytes& segment);

// May a block with this header come after one whose last sequence is `last`?
[[nodiscard]] bool follows(const BlockHeader& header, FileKind kind, Sequence last) noexcept;

}  // namespace basalt::journal
