#include "engine/journal/scan.h"

#include <algorithm>
#include <bit>

#include "engine/event.h"
#include "engine/journal/mark_page.h"
#include "engine/journal/segment_maker.h"

namespace basalt::journal {
namespace {

constexpr std::uint64_t chunk_blocks = 64;
constexpr std::uint64_t progress_blocks = 1024;

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

class Scanner {
 public:
  Scanner(const Segments& segments, FileKind kind, const ScanRange& range, const Progress& progress)
      : segments_(segments), range_(range), progress_(progress), next_(range.first_block) {
    report_.kind = kind;
    for (const auto& segment : segments_) bytes_all_ += segment->size();
  }

  FileReport run() {
    for (const auto& segment : segments_) {
      if (report_.damage || next_ >= range_.end_block) break;
      walk(*segment);
      bytes_before_ += segment->size();
    }
    if (!report_.damage && limited() && next_ < range_.end_block) {
      report_.damage = tail_ ? *tail_ : report_.end;
      report_.damage->what += ", but the engine's mark is beyond";
    }
    if (!report_.damage && report_.torn_blocks > 0) report_.torn = tail_;
    report_.blocks = next_ - range_.first_block;
    report_.resume.block = next_;
    return std::move(report_);
  }

 private:
  [[nodiscard]] bool limited() const noexcept { return range_.end_block != ScanRange{}.end_block; }

  void damage(const SegmentBytes& segment, std::uint64_t index, std::uint32_t offset,
              std::string what) {
    report_.damage = Finding{segment.name(), index * block_bytes + offset, std::move(what)};
  }
  void damage_at_tail(const char* proof) {
    report_.damage = tail_;
    report_.damage->what += proof;
  }

  void walk(const SegmentBytes& segment) {
    BlockStream stream(segment);
    SegmentReport found;
    found.file = segment.name();
    found.number = segment.number();
    found.first_block = next_;
    found.state = SegmentState::full;
    std::uint64_t index = 0;
    for (; index < stream.blocks() && next_ < range_.end_block; ++index) {
      Block* block = stream.at(index);
      if (block == nullptr) return damage(segment, index, 0, "cannot be read");
      if (open_block(*block, report_.kind, next_).state != BlockState::valid) break;
      if (!accept(segment, index, *block, found)) return;
      if (progress_ && index % progress_blocks == 0) {
        progress_(bytes_before_ + index * block_bytes, bytes_all_);
      }
    }
    if (next_ >= range_.end_block) {
      found.state = SegmentState::open;
    } else if (index < stream.blocks()) {
      walk_tail(segment, stream, index, found);
    } else if (index == 0) {
      found.state = SegmentState::spare;  // Cut to nothing.
    }
    if (report_.damage) return;
    if (found.state != SegmentState::spare) report_.resume.segment = found.number + 1;
    if (found.blocks > 0) report_.end = {found.file, found.blocks * block_bytes, "the file ends"};
    report_.segments.push_back(std::move(found));
  }

  // A valid block in its place: does it follow from what came before?
  bool accept(const SegmentBytes& segment, std::uint64_t index, const Block& block,
              SegmentReport& found) {
    const BlockHeader& header = block.header;
    const char* wrong = nullptr;
    if (index == 0) {
      if (tail_ && header.epoch <= report_.epoch) {
        damage_at_tail(", but a later segment of the same epoch follows");
        return false;
      }
      wrong = begin_segment(header, found);
    } else if (header.epoch != found.epoch) {
      wrong = "the epoch changes inside a segment";
    }
    if (wrong == nullptr && any_ && header.engine != report_.engine) {
      wrong = "the block is another engine's";
    }
    if (wrong == nullptr && !follows(header)) {
      wrong = "the sequence does not follow from the block before";
    }
    if (wrong != nullptr) {
      damage(segment, index, 0, wrong);
      return false;
    }
    take(block, found);
    return true;
  }

  const char* begin_segment(const BlockHeader& header, SegmentReport& found) {
    if (header.durable_blocks != header.number) return "the segment begins before it may";
    if (header.epoch < report_.epoch) return "the epoch falls";
    if (header.epoch > report_.epoch) {
      const bool knows_before = any_ || range_.first_block == 0;
      if (report_.kind == FileKind::commands && knows_before &&
          header.resumes_after != report_.last_sequence) {
        return "the epoch resumes after another sequence";
      }
      report_.epoch = header.epoch;
      report_.last_sequence = header.resumes_after;
      report_.resume.sequence = header.resumes_after;
    }
    tail_.reset();  // A recovery has seen it.
    report_.torn_blocks = 0;
    report_.torn_sequence = 0;
    found.engine = header.engine;
    found.epoch = header.epoch;
    found.resumes_after = header.resumes_after;
    return nullptr;
  }

  [[nodiscard]] bool follows(const BlockHeader& header) const noexcept {
    const Sequence last = report_.last_sequence;
    if (!any_ && range_.first_block > 0) return true;
    if (header.slots_used == 0) return header.first_sequence == last;
    if (report_.kind == FileKind::commands) return header.first_sequence == last + 1;
    return header.first_sequence >= last && header.first_sequence > header.resumes_after;
  }

  void take(const Block& block, SegmentReport& found) {
    const BlockHeader& header = block.header;
    const std::uint64_t records = records_in(header);
    if (records > 0 && found.records == 0) found.first_sequence = header.first_sequence;
    if (records > 0) found.last_sequence = header.last_sequence;
    found.records += records;
    ++found.blocks;
    report_.records += records;
    report_.engine = header.engine;
    report_.last_sequence = header.last_sequence;
    report_.closed = records == 0;
    if (report_.kind == FileKind::commands) {
      report_.resume.sequence = header.last_sequence;
      keep_starts(block);
    } else {
      for (std::uint32_t slot = 0; slot < header.slots_used; ++slot) {
        const auto event = std::bit_cast<Event>(block.slots[slot]);
        if (event.last != 0) report_.resume.sequence = event.sequence;
      }
    }
    any_ = true;
    ++next_;
  }

  void keep_starts(const Block& block) {
    for (std::uint32_t slot = 0; slot < block.header.slots_used;) {
      Command command;
      command.set_slot(0, block.slots[slot]);
      const std::uint32_t slots = command.order.slots;
      const CommandKind kind = command.order.kind;
      if (kind == CommandKind::epoch_start || kind == CommandKind::assign_shards) {
        for (std::uint32_t i = 1; i < slots; ++i) command.set_slot(i, block.slots[slot + i]);
        report_.starts.push_back(command);
      }
      slot += slots;
    }
  }

  // From the first block that is not valid to the end of the segment.
  void walk_tail(const SegmentBytes& segment, BlockStream& stream, std::uint64_t begin,
                 SegmentReport& found) {
    Finding here{segment.name(), begin * block_bytes, ""};
    std::uint64_t blocks_with_bytes = 0;
    for (std::uint64_t index = begin; index < stream.blocks(); ++index) {
      Block* block = stream.at(index);
      if (block == nullptr) return damage(segment, index, 0, "cannot be read");
      const std::uint64_t ahead = index - begin;
      const Judgement judgement = open_block(*block, report_.kind, next_ + ahead);
      if (ahead == 0) {
        here.offset += judgement.offset;
        here.what = judgement.why;
        if (begin == 0 && !may_begin(segment, *block, judgement)) return;
      }
      if (judgement.state == BlockState::empty) continue;
      if (judgement.state == BlockState::damaged) {
        return damage(segment, index, judgement.offset, judgement.why);
      }
      if (ahead >= window_blocks_max) {
        report_.damage = here;
        report_.damage->what += ", but something stands further on than could be under way";
        return;
      }
      if (judgement.state == BlockState::valid && block->header.durable_blocks > next_) {
        report_.damage = here;
        report_.damage->what += ", but a later block proves that this one was complete";
        return;
      }
      ++blocks_with_bytes;
      // A torn block's header may be read when its first sector is there.
      if (judgement.state == BlockState::valid || judgement.offset >= sector_bytes) {
        report_.torn_sequence = std::max(report_.torn_sequence, block->header.last_sequence);
      }
    }
    if (begin == 0 && blocks_with_bytes == 0) {
      found.state = SegmentState::spare;
      return;
    }
    found.state = blocks_with_bytes > 0 ? SegmentState::torn : SegmentState::open;
    report_.torn_blocks += blocks_with_bytes;
    tail_ = here;
  }

  // A segment's first block that is not valid: may an interrupted write have left it?
  bool may_begin(const SegmentBytes& segment, const Block& block, const Judgement& judgement) {
    const BlockHeader& header = block.header;
    if (judgement.state == BlockState::damaged) {
      Block other = block;
      if (open_block(other, report_.kind, header.number).state == BlockState::valid) {
        if (tail_) {
          damage_at_tail(", but later blocks follow in another segment");
        } else {
          damage(segment, 0, 0,
                 "holds block " + std::to_string(header.number) + " where block " +
                     std::to_string(next_) + " belongs: a segment is missing");
        }
        return false;
      }
      return true;  // The caller tells of it.
    }
    if (judgement.state == BlockState::torn && judgement.offset >= sector_bytes && tail_ &&
        header.epoch != 0 && header.epoch <= report_.epoch) {
      damage_at_tail(", but a later segment of the same epoch follows");
      return false;
    }
    return true;
  }

  const Segments& segments_;
  const ScanRange range_;
  const Progress& progress_;
  FileReport report_;
  std::uint64_t next_;           // The number of the block that belongs in the next place.
  bool any_ = false;             // A block was accepted.
  std::optional<Finding> tail_;  // A place where blocks end before their segment does.
  std::uint64_t bytes_before_ = 0;
  std::uint64_t bytes_all_ = 0;
};

}  // namespace

const Finding* JournalReport::damage() const noexcept {
  if (commands.damage) return &*commands.damage;
  if (events.damage) return &*events.damage;
  return nullptr;
}

std::uint64_t JournalReport::commands_lost() const noexcept {
  Sequence known = commands.torn_sequence;
  // Events of an earlier epoch may tell of commands that an earlier recovery had to give up.
  if (events.epoch >= commands.epoch) {
    known = std::max({known, events.last_sequence, events.torn_sequence});
  }
  return known > commands.last_sequence ? known - commands.last_sequence : 0;
}

FileReport scan(const Segments& segments, FileKind kind, const ScanRange& range,
                const Progress& progress) {
  return Scanner(segments, kind, range, progress).run();
}

JournalReport combine(FileReport commands, FileReport events) {
  JournalReport report{std::move(commands), std::move(events)};
  FileReport& decided = report.commands;
  FileReport& derived = report.events;
  if (report.damage() != nullptr) return report;
  if (decided.segments.empty() && derived.records > 0) {
    decided.damage = Finding{segment_name(FileKind::commands, first_segment), 0,
                             "missing, although there are events"};
    return report;
  }
  // Events end with the commands, and with those that an earlier epoch's recovery gave up.
  Sequence& resume = derived.resume.sequence;
  resume = std::min(resume, decided.last_sequence);
  for (const SegmentReport& segment : decided.segments) {
    if (segment.blocks > 0 && segment.epoch > derived.epoch) {
      resume = std::min(resume, segment.resumes_after);
    }
  }
  if (!decided.torn && report.commands_lost() > 0) {
    decided.torn = decided.end;
    if (decided.torn->file.empty()) {
      decided.torn->file = decided.segments.empty()
                               ? segment_name(FileKind::commands, first_segment)
                               : decided.segments.front().file;
    }
    decided.torn->what = "the file ends, but events tell of later commands";
  }
  return report;
}

JournalReport inspect(const std::filesystem::path& data, const Progress& progress) {
  return combine(scan(open_segments(data, FileKind::commands), FileKind::commands, {}, progress),
                 scan(open_segments(data, FileKind::events), FileKind::events, {}, progress));
}

}  // namespace basalt::journal
