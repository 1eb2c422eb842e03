#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <random>

#include "engine/journal/journal.h"
#include "tests/unit/journal_memory_disk.h"

namespace basalt::journal {
namespace {

using test::command_with;
using test::event_with;
using test::MemoryDisk;
using test::slots_of;

constexpr BlockWriter::Limits small{.buffer_blocks = 8, .writes_in_flight = 4, .write_blocks = 4};

struct Fixture {
  explicit Fixture(std::uint32_t ring_slots, const Journal::Start& start = {.engine = 1})
      : arena(Journal::memory_bytes(small) +
              2 * ring::BroadcastRing<Slot>::memory_bytes(ring_slots)),
        commands(ring_slots, 1, arena),
        log(ring_slots, 1, arena),
        journal(commands.reader(0), log.reader(0), disk, start, small, arena) {}

  // As many slots of a record as fit now go into the ring; the rest stays in `slots`.
  static void push(ring::BroadcastRing<Slot>& ring, std::vector<Slot>& slots) {
    while (!slots.empty()) {
      Slot* place = ring.claim();
      if (place == nullptr) break;
      *place = slots.front();
      slots.erase(slots.begin());
    }
    ring.publish();
  }
  void push_command(Sequence sequence, std::uint8_t slots) {
    auto record = slots_of(command_with(sequence, slots));
    push(commands, record);
    ASSERT_TRUE(record.empty());
  }
  void push_event(Sequence sequence, std::uint32_t index, bool last) {
    std::vector<Slot> record{std::bit_cast<Slot>(event_with(sequence, index, last))};
    push(log, record);
    ASSERT_TRUE(record.empty());
  }
  JournalReport inspected() {
    return combine(scan(segments_of(disk, FileKind::commands), FileKind::commands),
                   scan(segments_of(disk, FileKind::events), FileKind::events));
  }
  Sequence mark() const { return journal.durable_mark().load(std::memory_order_acquire); }

  MemoryDisk disk;
  Arena arena;
  ring::BroadcastRing<Slot> commands;
  ring::BroadcastRing<Slot> log;
  Journal journal;
};

TEST(JournalStage, a_command_is_durable_when_its_write_has_completed_and_not_before) {
  Fixture f(64);
  f.push_command(1, 2);
  EXPECT_EQ(f.journal.poll(), 1u);
  ASSERT_EQ(f.disk.pending.size(), 1u);
  EXPECT_EQ(f.mark(), 0u);
  f.disk.complete(0);
  f.journal.poll();
  EXPECT_EQ(f.mark(), 1u);
  EXPECT_EQ(f.journal.poll(), 0u);
  EXPECT_TRUE(f.journal.idle());
}

TEST(JournalStage, events_reach_the_disk_only_behind_the_mark) {
  Fixture f(64);
  f.push_command(1, 2);
  f.push_command(2, 2);
  f.push_event(1, 0, true);
  f.push_event(2, 0, true);
  f.journal.poll();
  f.journal.poll();
  ASSERT_EQ(f.disk.pending.size(), 1u);
  EXPECT_EQ(f.disk.pending[0].write.kind, FileKind::commands);
  f.disk.complete(0);
  f.journal.poll();
  ASSERT_EQ(f.disk.pending.size(), 1u);
  EXPECT_EQ(f.disk.pending[0].write.kind, FileKind::events);
  EXPECT_EQ(f.journal.marks().events.load(), 0u);
  f.disk.complete(0);
  f.journal.poll();
  EXPECT_EQ(f.journal.marks().events.load(), 2u);
}

TEST(JournalStage, one_poll_takes_a_bounded_batch) {
  Fixture f(1024);
  for (Sequence sequence = 1; sequence <= 200; ++sequence) f.push_command(sequence, 1);
  EXPECT_EQ(f.journal.poll(), limits::batch_max);
}

// Commands and the merged log through rings of two slots, completions in random order.
TEST(JournalStage, works_with_rings_of_two_slots) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    Fixture f(2);
    f.disk.segment_blocks = 5;
    constexpr Sequence commands_all = 800;
    Sequence next_command = 1;
    Sequence next_logged = 1;
    std::uint64_t events = 0;
    std::vector<Slot> to_commands;
    std::vector<Slot> to_log;
    Sequence mark = 0;
    for (std::uint32_t turn = 0; next_logged <= commands_all || !to_log.empty(); ++turn) {
      ASSERT_LT(turn, 1'000'000u) << "stuck, seed " << seed;
      if (to_commands.empty() && next_command <= commands_all) {
        const auto slots = static_cast<std::uint8_t>(1 + next_command % 4);
        to_commands = slots_of(command_with(next_command++, slots));
      }
      if (to_log.empty() && next_logged < next_command) {
        to_log =
            slots_of(command_with(next_logged, static_cast<std::uint8_t>(1 + next_logged % 4)));
        const auto count = static_cast<std::uint32_t>(1 + next_logged % 3);
        for (std::uint32_t i = 0; i < count; ++i) {
          to_log.push_back(std::bit_cast<Slot>(event_with(next_logged, i, i + 1 == count)));
        }
        events += count;
        ++next_logged;
      }
      Fixture::push(f.commands, to_commands);
      Fixture::push(f.log, to_log);
      f.journal.poll();
      ASSERT_GE(f.mark(), mark);
      ASSERT_GE(f.mark(), f.journal.marks().events.load());
      mark = f.mark();
      while (!f.disk.pending.empty() && random() % 3 != 0) {
        f.disk.complete(random() % f.disk.pending.size());
      }
    }
    f.disk.automatic = true;
    ASSERT_TRUE(f.journal.finish(std::chrono::seconds(5)));
    const JournalReport report = f.inspected();
    ASSERT_EQ(report.damage(), nullptr) << report.damage()->what;
    EXPECT_EQ(report.commands.last_sequence, commands_all);
    EXPECT_EQ(report.commands.records, commands_all);
    EXPECT_EQ(report.events.records, events);
    EXPECT_EQ(report.events.resume.sequence, commands_all);
  }
}

TEST(JournalStage, a_failed_write_of_either_file_stops_it) {
  for (const FileKind kind : file_kinds) {
    Fixture f(64);
    f.push_command(1, 2);
    f.push_event(1, 0, true);
    f.journal.poll();
    if (kind == FileKind::events) {
      f.disk.complete(0);
      f.journal.poll();
      ASSERT_EQ(f.disk.pending[0].write.kind, FileKind::events);
    }
    f.push_command(2, 2);
    f.journal.poll();
    f.disk.end(0, -EIO, 0);
    f.journal.poll();
    EXPECT_EQ(f.journal.error(), EIO);
    const Sequence mark = f.mark();
    f.disk.complete_all();
    EXPECT_EQ(f.journal.poll(), 0u);
    EXPECT_EQ(f.mark(), mark);
    EXPECT_FALSE(f.journal.finish(std::chrono::milliseconds(100)));
  }
}

TEST(JournalStage, a_full_disk_holds_the_inputs_back_and_loses_nothing) {
  Fixture f(64);
  f.disk.automatic = true;
  f.disk.segments_left = 0;
  Sequence sequence = 1;
  std::vector<Slot> rest;
  for (std::uint32_t turn = 0; turn < 2000; ++turn) {
    if (rest.empty()) rest = slots_of(command_with(sequence++, 2));
    Fixture::push(f.commands, rest);
    f.journal.poll();
  }
  EXPECT_FALSE(rest.empty()) << "the ring is full";
  EXPECT_EQ(f.journal.error(), 0);
  EXPECT_EQ(f.mark(), 0u);
  f.disk.segments_left = 100;
  for (std::uint32_t turn = 0; turn < 2000 && f.mark() + 1 < sequence; ++turn) {
    Fixture::push(f.commands, rest);
    f.journal.poll();
  }
  EXPECT_EQ(f.mark(), sequence - 1);
}

TEST(JournalStage, an_orderly_finish_writes_everything_and_closes_both_files) {
  Fixture f(64);
  f.disk.automatic = true;
  for (Sequence sequence = 1; sequence <= 20; ++sequence) {
    f.push_command(sequence, 2);
    f.push_event(sequence, 0, true);
  }
  ASSERT_TRUE(f.journal.finish(std::chrono::seconds(5)));
  const JournalReport report = f.inspected();
  EXPECT_TRUE(report.commands.closed);
  EXPECT_TRUE(report.events.closed);
  EXPECT_EQ(report.commands.records, 20u);
  EXPECT_EQ(report.events.records, 20u);
  EXPECT_FALSE(report.torn());
}

TEST(JournalStage, a_later_epoch_goes_on_in_new_segments_and_passes_over_events_that_are_there) {
  Fixture before(64);
  before.disk.automatic = true;
  for (Sequence sequence = 1; sequence <= 10; ++sequence) before.push_command(sequence, 2);
  for (Sequence sequence = 1; sequence <= 7; ++sequence) before.push_event(sequence, 0, true);
  before.push_event(8, 0, false);  // Its last event is not there.
  ASSERT_TRUE(before.journal.finish(std::chrono::seconds(5)));
  JournalReport report = before.inspected();
  EXPECT_EQ(report.commands.resume.sequence, 10u);
  EXPECT_EQ(report.events.resume.sequence, 7u);

  Fixture after(64, {.engine = 1,
                     .epoch = report.commands.epoch + 1,
                     .commands = report.commands.resume,
                     .events = report.events.resume});
  after.disk.automatic = true;
  after.disk.next_number = {report.commands.resume.segment, report.events.resume.segment};
  EXPECT_EQ(after.mark(), 10u);
  for (Sequence sequence = 8; sequence <= 9; ++sequence) {
    EXPECT_TRUE(after.journal.append_event(event_with(sequence, 0, true)));
  }
  after.push_event(5, 0, true);   // Already there.
  after.push_event(10, 0, true);  // By way of the log.
  after.push_command(11, 2);
  after.push_event(11, 0, true);
  ASSERT_TRUE(after.journal.finish(std::chrono::seconds(5)));

  MemoryDisk both;
  for (auto* disk : {&before.disk, &after.disk}) {
    for (auto& file : disk->files) both.files.push_back(file);
  }
  report = combine(scan(segments_of(both, FileKind::commands), FileKind::commands),
                   scan(segments_of(both, FileKind::events), FileKind::events));
  ASSERT_EQ(report.damage(), nullptr) << report.damage()->what;
  EXPECT_FALSE(report.torn());
  EXPECT_EQ(report.commands.last_sequence, 11u);
  EXPECT_EQ(report.commands.epoch, 2u);
  EXPECT_EQ(report.events.resume.sequence, 11u);
  EXPECT_EQ(report.events.records, 8u + 4u);
}

TEST(JournalStage, a_gap_in_the_commands_is_our_mistake_and_stops_the_process) {
  Fixture f(64);
  f.push_command(2, 2);
  EXPECT_DEATH(f.journal.poll(), "command_sequence_");
}

}  // namespace
}  // namespace basalt::journal
