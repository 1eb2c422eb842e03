#include "engine/journal/scan.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>

#include "engine/journal/segment_maker.h"
#include "engine/journal/segment_walk.h"

namespace basalt::journal {
namespace {

// What workers walked ahead of the joining, by place in the file; none where nobody did.
using Walks = std::vector<std::optional<SegmentWalk>>;

// Joins the walks of one file's segments in order, and makes those that are not there.
class Joiner {
 public:
  Joiner(const Segments& segments, FileKind kind, const ScanRange& range)
      : segments_(segments), range_(range), next_(range.first_block) {
    report_.kind = kind;
  }

  FileReport run(Walks ahead = {}) {
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      if (report_.damage || next_ >= range_.end_block) break;
      const bool usable = i < ahead.size() && ahead[i] &&
                          (ahead[i]->report.first_block == next_ || ahead[i]->spare());
      join(usable ? std::move(*ahead[i])
                  : walk_segment(*segments_[i], report_.kind, {next_, range_.end_block}));
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

  void damage_at_tail(const char* proof) {
    report_.damage = tail_;
    report_.damage->what += proof;
  }

  void join(SegmentWalk walk) {
    if (walk.begin == SegmentWalk::Begin::valid) {
      if (!begins_right(walk)) return;
      take(walk);
    } else if (!may_have_no_beginning(walk)) {
      return;
    }
    report_.torn_sequence = std::max(report_.torn_sequence, walk.torn_sequence);
    if (walk.damage) {
      report_.damage = std::move(walk.damage);
      return;
    }
    if (walk.tail) {
      tail_ = std::move(walk.tail);
      report_.torn_blocks += walk.torn_blocks;
    }
    SegmentReport& found = walk.report;
    if (found.state == SegmentState::spare) {
      found.first_block = next_;
    } else {
      report_.resume.segment = found.number + 1;
    }
    if (found.blocks > 0) report_.end = {found.file, found.blocks * block_bytes, "the file ends"};
    report_.segments.push_back(std::move(found));
  }

  // A segment whose first block is valid: does it follow from those before?
  bool begins_right(const SegmentWalk& walk) {
    const BlockHeader& header = walk.first_header;
    if (tail_ && header.epoch <= report_.epoch) {
      damage_at_tail(", but a later segment of the same epoch follows");
      return false;
    }
    const char* wrong = begin_segment(header);
    if (wrong == nullptr && any_ && header.engine != report_.engine) {
      wrong = "the block is another engine's";
    }
    const bool knows_before = any_ || range_.first_block == 0;
    if (wrong == nullptr && knows_before && !follows(header, report_.kind, report_.last_sequence)) {
      wrong = "the sequence does not follow from the block before";
    }
    if (wrong != nullptr) report_.damage = Finding{walk.report.file, 0, wrong};
    return wrong == nullptr;
  }

  const char* begin_segment(const BlockHeader& header) {
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
    return nullptr;
  }

  void take(SegmentWalk& walk) {
    report_.records += walk.report.records;
    report_.engine = walk.report.engine;
    report_.last_sequence = walk.last_sequence;
    report_.closed = walk.closed;
    if (walk.resume_sequence) report_.resume.sequence = *walk.resume_sequence;
    std::move(walk.starts.begin(), walk.starts.end(), std::back_inserter(report_.starts));
    next_ += walk.report.blocks;
    any_ = true;
  }

  // A segment whose first block is not valid: may an interrupted write have left it?
  bool may_have_no_beginning(const SegmentWalk& walk) {
    const BlockHeader& header = walk.first_header;
    if (walk.begin == SegmentWalk::Begin::misplaced) {
      if (tail_) {
        damage_at_tail(", but later blocks follow in another segment");
      } else {
        report_.damage = Finding{walk.report.file, 0,
                                 "holds block " + std::to_string(header.number) + " where block " +
                                     std::to_string(next_) + " belongs: a segment is missing"};
      }
      return false;
    }
    if (walk.begin == SegmentWalk::Begin::unfinished && tail_ && header.epoch != 0 &&
        header.epoch <= report_.epoch) {
      damage_at_tail(", but a later segment of the same epoch follows");
      return false;
    }
    return true;
  }

  const Segments& segments_;
  const ScanRange range_;
  FileReport report_;
  std::uint64_t next_;           // The number of the block that belongs in the next place.
  bool any_ = false;             // A block was accepted.
  std::optional<Finding> tail_;  // A place where blocks end before their segment does.
};

// One file, and what is walked of it ahead.
struct File {
  File(const Segments& the_segments, FileKind the_kind, const ScanRange& the_range)
      : segments(the_segments), kind(the_kind), range(the_range), walks(segments.size()) {}

  void walk(std::size_t place, const Walked& walked) {
    const std::uint64_t first = claimed_first_block(*segments[place]);
    if (first >= range.end_block) return;  // Not looked at, or damaged.
    walks[place] = walk_segment(*segments[place], kind, {first, range.end_block}, walked);
  }

  const Segments& segments;
  const FileKind kind;
  const ScanRange range;
  Walks walks;
};

// Sums what several walks tell of themselves.
class Tally {
 public:
  Tally(const Segments& commands, const Segments& events, const Progress& progress)
      : progress_(progress) {
    for (const Segments* segments : {&commands, &events}) {
      for (const auto& segment : *segments) all_ += segment->size();
    }
  }

  void add(std::uint64_t bytes) {
    if (!progress_) return;
    const std::lock_guard lock(mutex_);
    done_ += bytes;
    progress_(done_, all_);
  }

 private:
  const Progress& progress_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
  std::uint64_t all_ = 0;
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

FileReport scan(const Segments& segments, FileKind kind, const ScanRange& range) {
  return Joiner(segments, kind, range).run();
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

JournalReport inspect(const Segments& commands, const Segments& events,
                      const pinning::Workers& workers, const ScanRanges& ranges,
                      const Progress& progress) {
  File files[] = {{commands, FileKind::commands, ranges.commands},
                  {events, FileKind::events, ranges.events}};
  Tally tally(commands, events, progress);
  const Walked walked = [&tally](std::uint64_t bytes) { tally.add(bytes); };
  // Both files at once: the last segments of one keep busy who is done with the other.
  workers.each(commands.size() + events.size(), [&](std::size_t i) {
    const bool of_events = i >= commands.size();
    files[of_events ? 1 : 0].walk(of_events ? i - commands.size() : i, walked);
  });
  return combine(
      Joiner(commands, FileKind::commands, ranges.commands).run(std::move(files[0].walks)),
      Joiner(events, FileKind::events, ranges.events).run(std::move(files[1].walks)));
}

JournalReport inspect(const std::filesystem::path& data, const pinning::Workers& workers,
                      const ScanRanges& ranges, const Progress& progress) {
  return inspect(open_segments(data, FileKind::commands), open_segments(data, FileKind::events),
                 workers, ranges, progress);
}

}  // namespace basalt::journal
