#include <bit>
#include <thread>

#include "engine/assert.h"
#include "engine/journal/reader.h"

namespace basalt::journal {
namespace {

constexpr auto look_interval = std::chrono::microseconds(500);

}  // namespace

Follower::Follower(const std::filesystem::path& data, Take take, Sequence from)
    : commands_(data, FileKind::commands),
      log_(data, FileKind::events),
      view_(data),
      take_(take),
      fixed_(false),
      from_(from) {}

Follower::Follower(const std::filesystem::path& data, const JournalReport& inspected, Take take,
                   Sequence from)
    : commands_(data, FileKind::commands),
      log_(data, FileKind::events),
      view_(data),
      take_(take),
      fixed_(true),
      from_(from),
      files_counted_(true) {
  BASALT_ASSERT(inspected.damage() == nullptr);
  commands_.allow(inspected.commands.resume.block);
  log_.allow(inspected.events.resume.block);
}

Read Follower::next(Entry& entry) {
  if (!damage_.what.empty()) return Read::damaged;
  Read read = read_on(entry);
  if (read != Read::end || fixed_) return read;
  read = look_again();
  return read == Read::record ? read_on(entry) : read;
}

Read Follower::wait(Entry& entry, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const Read read = next(entry);
    if (read != Read::end || std::chrono::steady_clock::now() >= deadline) return read;
    std::this_thread::sleep_for(look_interval);
  }
}

Read Follower::read_on(Entry& entry) {
  if (commands_.allowed() == 0) return Read::end;
  if (!sought_) {
    sought_ = true;
    if (commands_.seek(from_) != Read::record) return fail(commands_.damage());
    if (log_.seek(from_) != Read::record) return fail(log_.damage());
  }
  if (!have_command_) {
    Record record;
    const Read read = commands_.next(record);
    if (read == Read::damaged) return fail(commands_.damage());
    if (read == Read::end) return read;
    command_ = {};
    for (std::uint32_t slot = 0; slot < record.slots.size(); ++slot) {
      command_.set_slot(slot, record.slots[slot]);
    }
    command_engine_ = record.engine;
    command_epoch_ = record.epoch;
    have_command_ = true;
    events_.clear();
    events_complete_ = !goes_to_matching(command_.order);
  }
  const Read read = gather_events();
  if (read == Read::damaged) return read;
  // Events may lag behind their commands; at the end of a stopped engine's files they are missing.
  const bool missing = take_ == Take::all_commands && files_counted_;
  if (!events_complete_ && !missing) return Read::end;
  entry = {command_, command_engine_, command_epoch_, events_, events_complete_};
  have_command_ = false;
  return Read::record;
}

Read Follower::gather_events() {
  while (!events_complete_) {
    if (!ahead_) {
      Record record;
      const Read read = log_.next(record);
      if (read == Read::damaged) return fail(log_.damage());
      if (read == Read::end) return read;
      ahead_ = std::bit_cast<Event>(record.slots.front());
      // An epoch that resumed at or before this command tells its events anew.
      if (record.epoch > gathered_epoch_ && record.resumes_after < command_.order.sequence) {
        events_.clear();
      }
      gathered_epoch_ = ahead_epoch_ = record.epoch;
    }
    // Events that an earlier epoch wrote of commands that were then given up.
    const bool is_void = ahead_epoch_ < command_epoch_;
    if (is_void || ahead_->sequence < command_.order.sequence) {
      ahead_.reset();
      continue;
    }
    if (ahead_->sequence > command_.order.sequence) {
      events_complete_ = true;
      break;
    }
    events_.push_back(*ahead_);
    events_complete_ = ahead_->last != 0;
    ahead_.reset();
  }
  return Read::record;
}

// Says `record` when there may be more to read than before.
Read Follower::look_again() {
  const MarkView::Marks before = marks_;
  marks_ = view_.read();
  if (marks_.live) {
    files_counted_ = false;
    if (marks_.recovering) return Read::end;
    commands_.allow(marks_.command_blocks);
    log_.allow(marks_.event_blocks);
    return Read::record;
  }
  // Nobody writes; once is enough, unless an engine came and went unseen.
  const bool same = marks_.pid == before.pid && marks_.epoch == before.epoch;
  if (files_counted_ && same) return Read::end;
  return look_at_files();
}

Read Follower::look_at_files() {
  const FileReport commands = commands_.scan_from_here();
  const FileReport events = log_.scan_from_here();
  // An engine that took the lock meanwhile decides what counts.
  marks_ = view_.read();
  if (marks_.live) return Read::end;
  if (commands.damage) return fail(*commands.damage);
  if (events.damage) return fail(*events.damage);
  commands_.allow(commands.resume.block);
  log_.allow(events.resume.block);
  files_counted_ = true;
  return Read::record;
}

Read Follower::fail(const Finding& damage) {
  damage_ = damage;
  return Read::damaged;
}

}  // namespace basalt::journal
