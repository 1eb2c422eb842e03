#include "engine/journal/block_writer.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <random>

#include "tests/unit/journal_memory_disk.h"

namespace basalt::journal {
namespace {

using test::command_with;
using test::MemoryDisk;
using test::slots_of;

constexpr BlockWriter::Limits small{.buffer_blocks = 64, .writes_in_flight = 4, .write_blocks = 4};

struct Fixture {
  explicit Fixture(const BlockWriter::Limits& limits = small)
      : arena(BlockWriter::memory_bytes(limits)),
        writer({FileKind::commands, 1, 1, {}}, limits, disk, arena) {}

  bool append(std::uint8_t slots = 2) {
    if (!writer.append(slots_of(command_with(next, slots)), next)) return false;
    ++next;
    return true;
  }
  void append_blocks(std::uint32_t blocks) {  // Closed but for the last.
    for (std::uint32_t i = 0; i < blocks * block_slots / 2; ++i) ASSERT_TRUE(append());
  }
  std::uint32_t submit() {
    const std::uint32_t started = writer.submit();
    disk.kick();
    writer.assert_invariants();
    return started;
  }
  void reap() {
    Disk::Completion completion;
    while (disk.reap(completion)) writer.completed(completion);
    writer.assert_invariants();
  }
  FileReport scanned() { return scan(segments_of(disk, FileKind::commands), FileKind::commands); }

  MemoryDisk disk;
  Arena arena;
  BlockWriter writer;
  Sequence next = 1;
};

TEST(JournalBlockWriter, a_single_record_goes_out_at_once) {
  Fixture f;
  ASSERT_TRUE(f.append());
  EXPECT_EQ(f.submit(), 1u);
  ASSERT_EQ(f.disk.pending.size(), 1u);
  EXPECT_EQ(f.disk.pending[0].bytes.size(), block_bytes);
  EXPECT_EQ(f.writer.durable_sequence(), 0u);
  f.disk.complete(0);
  f.reap();
  EXPECT_EQ(f.writer.durable_sequence(), 1u);
  EXPECT_TRUE(f.writer.idle());
}

TEST(JournalBlockWriter, what_was_submitted_is_never_written_to_again) {
  Fixture f;  // The disk checks that no block is written twice and no buffer changes under way.
  ASSERT_TRUE(f.append());
  f.submit();
  ASSERT_TRUE(f.append());
  f.submit();
  ASSERT_EQ(f.disk.pending.size(), 2u);
  EXPECT_EQ(f.disk.pending[0].write.offset, 0u);
  EXPECT_EQ(f.disk.pending[1].write.offset, block_bytes);
  f.disk.complete_all();
  f.reap();
  EXPECT_EQ(f.scanned().records, 2u);
}

TEST(JournalBlockWriter, nothing_waiting_starts_nothing) {
  Fixture f;
  EXPECT_EQ(f.submit(), 0u);
  ASSERT_TRUE(f.append());
  EXPECT_EQ(f.submit(), 1u);
  EXPECT_EQ(f.submit(), 0u);
}

TEST(JournalBlockWriter, writes_are_bounded_in_size_and_in_number) {
  Fixture f;
  f.append_blocks(30);
  EXPECT_EQ(f.submit(), small.writes_in_flight);
  EXPECT_EQ(f.submit(), 0u);
  for (const auto& pending : f.disk.pending) {
    EXPECT_EQ(pending.bytes.size(), small.write_blocks * block_bytes);
  }
  EXPECT_EQ(f.writer.counters().in_flight_max, small.writes_in_flight);
  f.disk.complete(0);
  f.reap();
  EXPECT_EQ(f.submit(), 1u);
}

TEST(JournalBlockWriter, the_mark_moves_over_a_gapless_prefix_whatever_the_order_of_completion) {
  std::vector<std::uint32_t> order{0, 1, 2, 3};
  do {
    Fixture f;
    std::vector<Sequence> last;
    for (std::uint32_t i = 0; i < 4; ++i) {
      ASSERT_TRUE(f.append());
      ASSERT_EQ(f.submit(), 1u);
      last.push_back(f.next - 1);
    }
    std::vector<bool> done(4);
    for (const std::uint32_t each : order) {
      std::size_t place = 0;
      for (std::uint32_t i = 0; i < each; ++i) place += done[i] ? 0 : 1;
      f.disk.complete(place);
      f.reap();
      done[each] = true;
      std::size_t prefix = 0;
      while (prefix < 4 && done[prefix]) ++prefix;
      ASSERT_EQ(f.writer.durable_sequence(), prefix == 0 ? 0 : last[prefix - 1]);
      ASSERT_EQ(f.writer.durable_blocks(), prefix);
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(JournalBlockWriter, random_records_come_back_as_they_were_over_many_segments) {
  std::mt19937_64 random(20261120);
  Fixture f;
  f.disk.segment_blocks = 7;
  std::vector<Slot> written;
  while (f.next < 5000) {
    const auto slots = static_cast<std::uint8_t>(1 + random() % 4);
    const auto record = slots_of(command_with(f.next, slots));
    if (f.append(slots)) written.insert(written.end(), record.begin(), record.end());
    if (random() % 8 == 0) f.submit();
    while (!f.disk.pending.empty() && random() % 3 != 0) {
      f.disk.complete(random() % f.disk.pending.size());
    }
    f.reap();
  }
  while (!f.writer.idle()) {
    f.submit();
    f.disk.complete_all();
    f.reap();
  }
  const FileReport report = f.scanned();
  ASSERT_FALSE(report.damage) << report.damage->what;
  EXPECT_EQ(report.records, f.next - 1);
  EXPECT_EQ(report.last_sequence, f.next - 1);
  EXPECT_GT(report.segments.size(), 10u);
  std::vector<Slot> read;
  std::uint64_t number = 0;
  for (const auto& file : f.disk.files) {
    for (std::size_t at = 0; at < file.bytes.size() && number < report.blocks; at += block_bytes) {
      Block block;
      std::memcpy(static_cast<void*>(&block), file.bytes.data() + at, block_bytes);
      ASSERT_EQ(open_block(block, FileKind::commands, number++).state, BlockState::valid);
      read.insert(read.end(), block.slots.begin(), block.slots.begin() + block.header.slots_used);
    }
  }
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) ASSERT_EQ(read[i].bytes, written[i].bytes);
}

TEST(JournalBlockWriter, without_buffers_a_record_is_refused_and_nothing_is_lost) {
  Fixture f({.buffer_blocks = 2, .writes_in_flight = 1, .write_blocks = 1});
  std::uint32_t taken = 0;
  while (f.append()) ++taken;
  EXPECT_EQ(taken, 2 * block_slots / 2);
  EXPECT_EQ(f.writer.counters().no_room, 1u);
  f.submit();
  EXPECT_FALSE(f.append());  // Under way is not free.
  f.disk.complete(0);
  f.reap();
  EXPECT_TRUE(f.append());
  while (!f.writer.idle()) {
    f.submit();
    f.disk.complete_all();
    f.reap();
  }
  EXPECT_EQ(f.scanned().records, taken + 1);
}

TEST(JournalBlockWriter, without_a_segment_it_waits_and_goes_on_when_one_comes) {
  Fixture f;
  f.disk.segments_left = 0;
  std::uint32_t taken = 0;
  while (f.append()) ++taken;
  EXPECT_EQ(f.submit(), 0u);
  EXPECT_GT(f.writer.counters().no_segment, 0u);
  EXPECT_EQ(f.writer.error(), 0);
  EXPECT_FALSE(f.append());
  f.disk.segments_left = 10;
  while (!f.writer.idle()) {
    f.submit();
    f.disk.complete_all();
    f.reap();
  }
  EXPECT_EQ(f.scanned().records, taken);
}

TEST(JournalBlockWriter, a_segment_begins_only_when_everything_before_is_complete) {
  Fixture f;
  f.disk.segment_blocks = 4;
  f.append_blocks(8);
  EXPECT_EQ(f.submit(), 1u);  // The segment's four blocks, and no more.
  EXPECT_EQ(f.disk.files.size(), 1u);
  f.disk.complete(0);
  f.reap();
  EXPECT_EQ(f.submit(), 1u);
  EXPECT_EQ(f.disk.files.size(), 2u);
  EXPECT_TRUE(f.disk.files[0].retired);
  Block block;
  std::memcpy(static_cast<void*>(&block), f.disk.pending[0].bytes.data(), block_bytes);
  EXPECT_EQ(block.header.number, 4u);
  EXPECT_EQ(block.header.durable_blocks, 4u);
}

TEST(JournalBlockWriter, a_closing_block_proves_all_before_it) {
  Fixture f;
  ASSERT_TRUE(f.append());
  f.submit();
  f.disk.complete(0);
  f.reap();
  f.writer.append_closing_block();
  EXPECT_FALSE(f.writer.idle());
  EXPECT_EQ(f.submit(), 1u);
  f.disk.complete(0);
  f.reap();
  EXPECT_TRUE(f.writer.idle());
  EXPECT_EQ(f.writer.durable_sequence(), 1u);
  EXPECT_TRUE(f.scanned().closed);
  // Zeroes in the middle of what it proved are damage now, not a torn tail.
  std::memset(f.disk.files[0].bytes.data() + 1024, 0, 512);
  EXPECT_TRUE(f.scanned().damage);
}

// One write of a run fails, is short, or is short by a block; for each write of the run.
void fail_at_each_write(std::int32_t (*result)(const MemoryDisk::Pending&),
                        std::size_t (*arrived)(const MemoryDisk::Pending&), int error) {
  const auto run = [&](std::uint64_t fail_at) {
    std::mt19937_64 random(7);
    Fixture f;
    f.disk.segment_blocks = 6;
    std::uint64_t ended = 0;
    Sequence mark_at_failure = 0;
    for (std::uint32_t turn = 0; turn < 200; ++turn) {
      for (std::uint64_t n = random() % 40; n > 0; --n) std::ignore = f.append();
      f.submit();
      while (!f.disk.pending.empty() && random() % 4 != 0) {
        const std::size_t place = random() % f.disk.pending.size();
        if (ended++ == fail_at) {
          const auto& pending = f.disk.pending[place];
          f.disk.end(place, result(pending), arrived(pending));
          f.reap();
          mark_at_failure = f.writer.durable_sequence();
          EXPECT_EQ(f.writer.error(), error);
        } else {
          f.disk.complete(place);
          f.reap();
        }
      }
      if (f.writer.error() != 0) {
        EXPECT_EQ(f.submit(), 0u) << "nothing is written after a failure";
        EXPECT_EQ(f.writer.durable_sequence(), mark_at_failure);
      }
    }
    const FileReport report = f.scanned();
    EXPECT_FALSE(report.damage) << report.damage->what;
    EXPECT_GE(report.last_sequence, f.writer.durable_sequence()) << "acknowledged, and lost";
    return ended;
  };
  const std::uint64_t writes = run(~std::uint64_t{0});
  ASSERT_GT(writes, 100u);
  for (std::uint64_t fail_at = 0; fail_at < writes; ++fail_at) {
    run(fail_at);
    if (testing::Test::HasFailure()) FAIL() << "write " << fail_at;
  }
}

TEST(JournalBlockWriter, after_a_failed_write_nothing_moves_for_each_write_of_a_run) {
  fail_at_each_write([](const MemoryDisk::Pending&) { return -EIO; },
                     [](const MemoryDisk::Pending&) { return std::size_t{0}; }, EIO);
}

TEST(JournalBlockWriter, after_a_full_disk_nothing_moves_for_each_write_of_a_run) {
  fail_at_each_write([](const MemoryDisk::Pending&) { return -ENOSPC; },
                     [](const MemoryDisk::Pending& p) { return p.bytes.size(); }, ENOSPC);
}

TEST(JournalBlockWriter, a_short_write_is_a_failed_one_for_each_write_of_a_run) {
  fail_at_each_write(
      [](const MemoryDisk::Pending& p) {
        return static_cast<std::int32_t>(p.bytes.size() - sector_bytes);
      },
      [](const MemoryDisk::Pending& p) { return p.bytes.size() - sector_bytes; }, EIO);
}

}  // namespace
}  // namespace basalt::journal
