#include "engine/journal/segment_walk.h"

#include <algorithm>
#include <bit>
#include <span>
#include <string>
#include <utility>

#include "engine/assert.h"
#include "engine/event.h"

namespace basalt::journal {
namespace {

constexpr std::uint64_t chunk_blocks = 64;
constexpr std::uint64_t told_blocks = 1024;

// Hands out a segment's blocks in order, reading many at once.
class BlockStream {
 public:
  explicit BlockStream(const SegmentBytes& segment)
      : segment_(segment),
        blocks_((segment.size() + block_bytes - 1) / block_bytes),
        chunk_(std::min(blocks_, chunk_blocks)) {}

  [[nodiscard]] std::uint64_t blocks() const noexcept { return blocks_; }

  // nullptr: the file cannot be read there. Valid until the next call.
  [[nodiscard]] Block* at(std::uint64_t index) {
    if (index < first_ || index >= first_ + count_) {
      count_ = std::min(chunk_blocks, blocks_ - index);
      first_ = index;
      const auto bytes = std::as_writable_bytes(std::span(chunk_)).first(count_ * block_bytes);
      if (!segment_.read(index * block_bytes, bytes)) return nullptr;
    }
    return &chunk_[index - first_];
  }

 private:
  const SegmentBytes& segment_;
  const std::uint64_t blocks_;
  std::vector<Block> chunk_;
  std::uint64_t first_ = 0;
  std::uint64_t count_ = 0;
};

std::uint64_t records_in(const BlockHeader& header) noexcept {
  if (header.slots_used == 0) return 0;
  return header.kind == FileKind::events ? header.slots_used
                                         : header.last_sequence - header.first_sequence + 1;
}

class Walker {
 public:
  Walker(const SegmentBytes& segment, FileKind kind, const ScanRange& range, const Walked& walked)
      : kind_(kind), range_(range), walked_(walked), stream_(segment) {
    walk_.report.file = segment.name();
    walk_.report.number = segment.number();
    walk_.report.first_block = range.first_block;
    walk_.report.state = SegmentState::full;
  }

  SegmentWalk run() {
    std::uint64_t index = 0;
    for (; index < stream_.blocks() && next() < range_.end_block; ++index) {
      Block* block = stream_.at(index);
      if (block == nullptr) return damaged(index, 0, "cannot be read");
      if (open_block(*block, kind_, next()).state != BlockState::valid) break;
      if (const char* wrong = wrong_with(block->header)) return damaged(index, 0, wrong);
      take(*block);
      if (walked_ && (index + 1) % told_blocks == 0) walked_(told_blocks * block_bytes);
    }
    if (next() >= range_.end_block) {
      walk_.report.state = SegmentState::open;
    } else if (index < stream_.blocks()) {
      walk_tail(index);
    } else if (index == 0) {
      walk_.report.state = SegmentState::spare;  // Cut to nothing.
    }
    return std::move(walk_);
  }

 private:
  // The number of the block that belongs in the next place.
  [[nodiscard]] std::uint64_t next() const noexcept {
    return range_.first_block + walk_.report.blocks;
  }

  SegmentWalk damaged(std::uint64_t index, std::uint32_t offset, const char* what) {
    damage(index, offset, what);
    return std::move(walk_);
  }
  void damage(std::uint64_t index, std::uint32_t offset, const char* what) {
    walk_.damage = Finding{walk_.report.file, index * block_bytes + offset, what};
  }

  // A valid block in its place: does it follow from the one before it in this segment?
  [[nodiscard]] const char* wrong_with(const BlockHeader& header) const noexcept {
    if (walk_.report.blocks == 0) return nullptr;
    if (header.epoch != walk_.report.epoch) return "the epoch changes inside a segment";
    if (header.engine != walk_.report.engine) return "the block is another engine's";
    if (!follows(header, kind_, walk_.last_sequence)) {
      return "the sequence does not follow from the block before";
    }
    return nullptr;
  }

  void take(const Block& block) {
    const BlockHeader& header = block.header;
    SegmentReport& found = walk_.report;
    if (found.blocks == 0) {
      walk_.begin = SegmentWalk::Begin::valid;
      walk_.first_header = header;
      found.engine = header.engine;
      found.epoch = header.epoch;
      found.resumes_after = header.resumes_after;
    }
    const std::uint64_t records = records_in(header);
    if (records > 0 && found.records == 0) found.first_sequence = header.first_sequence;
    if (records > 0) found.last_sequence = header.last_sequence;
    found.records += records;
    ++found.blocks;
    walk_.last_sequence = header.last_sequence;
    walk_.closed = records == 0;
    if (kind_ == FileKind::commands) {
      walk_.resume_sequence = header.last_sequence;
      keep_starts(block);
    } else {
      for (std::uint32_t slot = 0; slot < header.slots_used; ++slot) {
        const auto event = std::bit_cast<Event>(block.slots[slot]);
        if (event.last != 0) walk_.resume_sequence = event.sequence;
      }
    }
  }

  void keep_starts(const Block& block) {
    for (std::uint32_t slot = 0; slot < block.header.slots_used;) {
      Command command;
      command.set_slot(0, block.slots[slot]);
      const std::uint32_t slots = command.order.slots;
      const CommandKind kind = command.order.kind;
      if (kind == CommandKind::epoch_start || kind == CommandKind::assign_shards) {
        for (std::uint32_t i = 1; i < slots; ++i) command.set_slot(i, block.slots[slot + i]);
        walk_.starts.push_back(command);
      }
      slot += slots;
    }
  }

  // From the first block that is not valid to the end of the segment.
  void walk_tail(std::uint64_t begin) {
    Finding here{walk_.report.file, begin * block_bytes, ""};
    std::uint64_t blocks_with_bytes = 0;
    for (std::uint64_t index = begin; index < stream_.blocks(); ++index) {
      Block* block = stream_.at(index);
      if (block == nullptr) return damage(index, 0, "cannot be read");
      const std::uint64_t ahead = index - begin;
      const Judgement judgement = open_block(*block, kind_, next() + ahead);
      if (ahead == 0) {
        here.offset += judgement.offset;
        here.what = judgement.why;
        if (begin == 0) judge_begin(*block, judgement);
      }
      if (judgement.state == BlockState::empty) continue;
      if (judgement.state == BlockState::damaged) {
        return damage(index, judgement.offset, judgement.why);
      }
      const char* proof = nullptr;
      if (ahead >= window_blocks_max) {
        proof = ", but something stands further on than could be under way";
      } else if (judgement.state == BlockState::valid && block->header.durable_blocks > next()) {
        proof = ", but a later block proves that this one was complete";
      }
      if (proof != nullptr) {
        walk_.damage = here;
        walk_.damage->what += proof;
        return;
      }
      ++blocks_with_bytes;
      // A torn block's header may be read when its first sector is there.
      if (judgement.state == BlockState::valid || judgement.offset >= sector_bytes) {
        walk_.torn_sequence = std::max(walk_.torn_sequence, block->header.last_sequence);
      }
    }
    if (begin == 0 && blocks_with_bytes == 0) {
      walk_.report.state = SegmentState::spare;
      return;
    }
    walk_.report.state = blocks_with_bytes > 0 ? SegmentState::torn : SegmentState::open;
    walk_.torn_blocks = blocks_with_bytes;
    walk_.tail = here;
  }

  // A first block that is not valid there: what is it?
  void judge_begin(const Block& block, const Judgement& judgement) {
    if (judgement.state == BlockState::damaged) {
      Block other = block;
      if (open_block(other, kind_, other.header.number).state != BlockState::valid) return;
      walk_.begin = SegmentWalk::Begin::misplaced;
    } else if (judgement.state == BlockState::torn && judgement.offset >= sector_bytes) {
      walk_.begin = SegmentWalk::Begin::unfinished;
    } else {
      return;
    }
    walk_.first_header = block.header;
  }

  const FileKind kind_;
  const ScanRange range_;
  const Walked& walked_;
  BlockStream stream_;
  SegmentWalk walk_;
};

}  // namespace

SegmentWalk walk_segment(const SegmentBytes& segment, FileKind kind, const ScanRange& range,
                         const Walked& walked) {
  BASALT_ASSERT(range.first_block < range.end_block);
  return Walker(segment, kind, range, walked).run();
}

std::uint64_t claimed_first_block(const SegmentBytes& segment) {
  Block block;
  const auto bytes = std::as_writable_bytes(std::span(&block, 1));
  return segment.read(0, bytes) ? block.header.number : 0;
}

bool follows(const BlockHeader& header, FileKind kind, Sequence last) noexcept {
  if (header.slots_used == 0) return header.first_sequence == last;
  if (kind == FileKind::commands) return header.first_sequence == last + 1;
  return header.first_sequence >= last && header.first_sequence > header.resumes_after;
}

}  // namespace basalt::journal
