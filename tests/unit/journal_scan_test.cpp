#include "engine/journal/scan.h"

#include <gtest/gtest.h>

#include <cstring>
#include <tuple>

#include "tests/unit/journal_author.h"

namespace basalt::journal {
namespace {

using test::Author;
using test::records_per_block;
using test::segments_of;

void expect_damage(const FileReport& report, std::uint32_t segment, std::uint64_t offset,
                   const char* what = "") {
  ASSERT_TRUE(report.damage);
  EXPECT_EQ(report.damage->file, segment_name(report.kind, segment));
  EXPECT_EQ(report.damage->offset, offset);
  EXPECT_NE(report.damage->what.find(what), std::string::npos) << report.damage->what;
  EXPECT_FALSE(report.torn);
}

TEST(JournalScan, no_segments_are_an_empty_journal) {
  const FileReport report = scan({}, FileKind::commands);
  EXPECT_FALSE(report.damage);
  EXPECT_FALSE(report.torn);
  EXPECT_EQ(report.resume.block, 0u);
  EXPECT_EQ(report.resume.segment, first_segment);
}

TEST(JournalScan, segments_that_were_never_written_are_spares) {
  Author a;
  a.write(3);
  std::ignore = a.disk.next_segment(FileKind::commands);
  const FileReport report = a.scanned();
  EXPECT_FALSE(report.damage);
  EXPECT_FALSE(report.torn);
  ASSERT_EQ(report.segments.size(), 2u);
  EXPECT_EQ(report.segments[0].state, SegmentState::open);
  EXPECT_EQ(report.segments[1].state, SegmentState::spare);
  EXPECT_EQ(report.resume.segment, 2u);
  EXPECT_EQ(report.resume.block, 3u);
  EXPECT_EQ(report.resume.sequence, 3u * records_per_block);
}

TEST(JournalScan, an_end_that_is_cut_at_a_block_is_shorter_and_one_inside_a_block_is_torn) {
  Author a;
  a.write(8);
  a.disk.files[0].bytes.resize(5 * block_bytes);
  EXPECT_EQ(a.scanned().blocks, 5u);
  EXPECT_FALSE(a.scanned().torn);
  a.disk.files[0].bytes.resize(4 * block_bytes + 100);
  const FileReport report = a.scanned();
  ASSERT_TRUE(report.torn);
  EXPECT_EQ(report.torn->file, segment_name(FileKind::commands, 1));
  EXPECT_GE(report.torn->offset, 4 * block_bytes);
  EXPECT_EQ(report.blocks, 4u);
  EXPECT_EQ(report.torn_blocks, 1u);
  a.disk.files[0].bytes.clear();
  EXPECT_FALSE(a.scanned().damage);
  EXPECT_EQ(a.scanned().blocks, 0u);
}

TEST(JournalScan, a_hole_that_a_later_block_proves_is_damage) {
  Author a;
  a.write(8);
  a.zero(0, 3);
  expect_damage(a.scanned(), 1, 3 * block_bytes, "a later block proves");
}

TEST(JournalScan, only_the_very_last_block_can_be_a_torn_tail_after_single_writes) {
  Author a;
  a.write(8);
  a.zero(0, 7, 512, 512);
  EXPECT_TRUE(a.scanned().torn);
  EXPECT_EQ(a.scanned().torn_sequence, 8u * records_per_block);  // Its header still tells.
  a.zero(0, 6, 512, 512);
  EXPECT_TRUE(a.scanned().torn) << "block 7 is not whole, so it proves nothing";
}

TEST(JournalScan, the_end_of_any_but_the_last_segment_is_never_cut) {
  for (const std::size_t kept :
       {9 * block_bytes, 5 * block_bytes, 5 * block_bytes + 77, std::size_t{1}, std::size_t{0}}) {
    Author a;
    a.write(21);
    a.disk.files[1].bytes.resize(kept);
    const FileReport report = a.scanned();
    ASSERT_TRUE(report.damage) << kept;
    EXPECT_FALSE(report.torn);
  }
  Author a;
  a.write(21);
  a.zero(1, 9);
  expect_damage(a.scanned(), 2, 9 * block_bytes, "follow");
  Author b;
  b.write(11);  // One block only in the later segment, and it is the last.
  b.zero(0, 9, 100, block_bytes - 100);
  expect_damage(b.scanned(), 1, 9 * block_bytes + 100, "follow");
}

TEST(JournalScan, a_segment_that_begins_before_the_one_before_is_full_is_damage) {
  Author a(FileKind::commands, 4);
  a.write(6);
  a.disk.files[0].bytes.resize(6 * block_bytes);
  expect_damage(a.scanned(), 1, 4 * block_bytes, "same epoch");
}

TEST(JournalScan, a_segment_whose_first_block_does_not_prove_all_before_it_is_damage) {
  Author a(FileKind::commands, 4);
  a.write(6);
  Block block;
  std::memcpy(static_cast<void*>(&block), a.block(1, 0), block_bytes);
  ASSERT_EQ(open_block(block, FileKind::commands, 4).state, BlockState::valid);
  block.header.durable_blocks = 3;
  seal(block);
  std::memcpy(a.block(1, 0), &block, block_bytes);
  expect_damage(a.scanned(), 2, 0, "begins before it may");
}

TEST(JournalScan, a_segment_that_is_missing_is_damage) {
  Author a;
  a.write(35);
  auto files = a.disk.files;
  a.disk.files.erase(a.disk.files.begin() + 1);
  expect_damage(a.scanned(), 3, 0, "a segment is missing");
  a.disk.files = files;
  a.disk.files.erase(a.disk.files.begin());
  expect_damage(a.scanned(), 2, 0, "a segment is missing");
}

TEST(JournalScan, something_beyond_what_can_be_under_way_is_damage) {
  Author a(FileKind::commands, 400);
  a.write(2);
  Author b(FileKind::commands, 400);
  b.write(2 + window_blocks_max + 1);
  const std::size_t far = 2 + window_blocks_max;
  std::memcpy(a.block(0, far), b.block(0, far), 700);  // The beginning of the right block.
  expect_damage(a.scanned(), 1, 2 * block_bytes, "further on");
  a.zero(0, far);
  std::memcpy(a.block(0, far - 1), b.block(0, far - 1), 700);
  EXPECT_TRUE(a.scanned().torn);
}

TEST(JournalScan, a_byte_in_unused_space_is_damage) {
  Author a;
  a.write(3);
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{5}, std::size_t{2000}, block_bytes - 1}) {
    a.block(0, 6)[at] = std::byte{1};
    EXPECT_TRUE(a.scanned().damage) << at;
    a.block(0, 6)[at] = std::byte{0};
  }
  EXPECT_FALSE(a.scanned().damage);
}

TEST(JournalScan, the_next_epoch_goes_on_behind_a_torn_tail) {
  Author a;
  a.write(6);
  a.zero(0, 4, 512, 512);  // Lost in a power cut, with block 5 …
  a.zero(0, 5, 0, 3072);   // … of which the end arrived.
  ASSERT_TRUE(a.scanned().torn);
  ASSERT_EQ(a.scanned().blocks, 4u);
  a.write(13, 2);
  const FileReport report = a.scanned();
  ASSERT_FALSE(report.damage) << report.damage->what;
  EXPECT_FALSE(report.torn);
  EXPECT_EQ(report.blocks, 17u);
  EXPECT_EQ(report.last_sequence, 17u * records_per_block);
  EXPECT_EQ(report.epoch, 2u);
  EXPECT_EQ(report.segments[0].state, SegmentState::torn);
  // Cutting the new epoch's end is as it always is, and damage in its middle too.
  a.zero(2, 2, 50, block_bytes - 50);
  ASSERT_FALSE(a.scanned().damage) << a.scanned().damage->what;
  EXPECT_TRUE(a.scanned().torn);
  EXPECT_EQ(a.scanned().blocks, 16u);
  a.zero(1, 2, 50, block_bytes - 50);
  EXPECT_TRUE(a.scanned().damage);
}

TEST(JournalScan, an_epoch_that_died_in_its_first_block_is_passed_over_by_the_next) {
  Author a;
  a.write(4);
  a.write(1, 2);
  a.zero(1, 0, 600, block_bytes - 600);
  const FileReport torn = a.scanned();
  ASSERT_FALSE(torn.damage) << torn.damage->what;
  EXPECT_TRUE(torn.torn);
  EXPECT_EQ(torn.resume.block, 4u);
  EXPECT_EQ(torn.resume.segment, 3u);
  a.write(3, 3);
  const FileReport report = a.scanned();
  ASSERT_FALSE(report.damage) << report.damage->what;
  EXPECT_FALSE(report.torn);
  EXPECT_EQ(report.blocks, 7u);
}

TEST(JournalScan, an_epoch_that_falls_or_another_engine_is_damage) {
  Author a;
  a.write(4, 5);
  a.begin(4, 1, a.scanned().resume);
  a.write(1, 4);
  EXPECT_TRUE(a.scanned().damage);
  Author b;
  b.write(4, 1, 1);
  b.write(1, 2, 9);
  expect_damage(b.scanned(), 2, 0, "another engine");
}

TEST(JournalScan, a_running_engines_blocks_beyond_its_mark_are_not_looked_at) {
  Author a;
  a.write(15);
  a.block(1, 3)[7] = std::byte{1};
  EXPECT_TRUE(a.scanned().damage);
  const Segments segments = segments_of(a.disk, FileKind::commands);
  EXPECT_FALSE(scan(segments, FileKind::commands, {.end_block = 13}).damage);
  EXPECT_EQ(scan(segments, FileKind::commands, {.end_block = 13}).blocks, 13u);
  EXPECT_TRUE(scan(segments, FileKind::commands, {.end_block = 14}).damage);
}

TEST(JournalScan, a_mark_beyond_the_file_is_damage) {
  Author a;
  a.write(5);
  const Segments segments = segments_of(a.disk, FileKind::commands);
  EXPECT_TRUE(scan(segments, FileKind::commands, {.end_block = 6}).damage);
}

TEST(JournalScan, events_that_go_further_tell_how_many_commands_went) {
  Author commands;
  Author events(FileKind::events);
  commands.write(8);
  events.write(4);  // One slot each: the same number of records fills half of a block.
  commands.disk.files[0].bytes.resize(3 * block_bytes);
  const JournalReport report = combine(commands.scanned(), events.scanned());
  ASSERT_EQ(report.damage(), nullptr);
  ASSERT_TRUE(report.commands.torn);
  EXPECT_EQ(report.commands.torn->offset, 3 * block_bytes);
  EXPECT_EQ(report.commands_lost(), records_per_block);
  EXPECT_EQ(report.events.resume.sequence, report.commands.last_sequence);
}

TEST(JournalScan, events_of_commands_that_were_given_up_end_where_the_commands_did) {
  Author commands;
  Author events(FileKind::events);
  commands.write(4);
  events.write(4);
  commands.disk.files[0].bytes.resize(2 * block_bytes);
  commands.write(4, 2);  // Written again, in the next epoch, which then wrote no event.
  const JournalReport report = combine(commands.scanned(), events.scanned());
  ASSERT_EQ(report.damage(), nullptr);
  EXPECT_FALSE(report.torn());
  EXPECT_EQ(report.commands.last_sequence, 6u * records_per_block);
  EXPECT_EQ(report.events.resume.sequence, 2u * records_per_block);
}

TEST(JournalScan, events_without_any_segment_of_commands_are_damage) {
  Author events(FileKind::events);
  events.write(1);
  EXPECT_NE(combine(scan({}, FileKind::commands), events.scanned()).damage(), nullptr);
}

}  // namespace
}  // namespace basalt::journal
