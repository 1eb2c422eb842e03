// What the journal promises about damaged files, over random journals: a torn tail is cut and
// nothing else is; what was acknowledged is there or refused; no flipped bit passes.
//
// Builds that verify run each seventh byte and bit only. BASALT_EXHAUSTIVE=1 runs every bit, of
// unused space too, and many more journals (minutes instead of seconds).
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "engine/journal/block_writer.h"
#include "engine/journal/scan.h"
#include "tests/unit/journal_memory_disk.h"

namespace basalt::journal {
namespace {

using test::command_with;
using test::MemoryBytes;
using test::MemoryDisk;
using test::slots_of;

bool exhaustive() {
  return std::getenv("BASALT_EXHAUSTIVE") != nullptr;
}

#ifdef BASALT_VERIFY_ON
constexpr std::size_t step = 7;
#else
constexpr std::size_t step = 1;
#endif

// A random workload on one file, stopped with some writes still under way.
struct Workload {
  Workload(std::uint64_t seed, std::uint32_t segment_blocks, BlockWriter::Limits run_limits)
      : random(seed),
        limits(run_limits),
        arena(BlockWriter::memory_bytes(limits)),
        writer({FileKind::commands, 1, 1, {}}, limits, disk, arena) {
    disk.segment_blocks = segment_blocks;
  }

  void append(std::uint64_t records) {
    for (; records > 0; --records) {
      const auto slots = static_cast<std::uint8_t>(1 + random() % 4);
      if (!writer.append(slots_of(command_with(next, slots)), next)) return;
      ++next;
    }
  }
  void submit() {
    writer.submit();
    disk.kick();
  }
  void complete(std::size_t place) {
    disk.complete(place);
    Disk::Completion completion;
    while (disk.reap(completion)) writer.completed(completion);
  }
  // Writes until `blocks` are durable, then fills the window of writes under way.
  void until(std::uint64_t blocks) {
    while (writer.durable_blocks() < blocks) {
      append(random() % 60);
      submit();
      while (!disk.pending.empty() && random() % 3 != 0) complete(random() % disk.pending.size());
    }
    // At a segment's end fewer can be: the next begins only when all is complete.
    for (int i = 0; i < 50 && disk.pending.size() < limits.writes_in_flight; ++i) {
      append(1 + random() % 60);
      submit();
    }
  }
  void settle() {
    while (!writer.idle()) {
      submit();
      while (!disk.pending.empty()) complete(0);
    }
  }
  FileReport scanned() { return scan(segments_of(disk, FileKind::commands), FileKind::commands); }

  std::mt19937_64 random;
  MemoryDisk disk;
  BlockWriter::Limits limits;
  Arena arena;
  BlockWriter writer;
  Sequence next = 1;
};

// The last sequence of each block, by number.
std::vector<Sequence> last_sequences(const Workload& run, std::uint64_t blocks) {
  std::vector<Sequence> last;
  for (const auto& file : run.disk.files) {
    for (std::size_t at = 0; at < file.bytes.size() && last.size() < blocks; at += block_bytes) {
      Block block;
      std::memcpy(static_cast<void*>(&block), file.bytes.data() + at, block_bytes);
      EXPECT_EQ(open_block(block, FileKind::commands, last.size()).state, BlockState::valid);
      last.push_back(block.header.last_sequence);
    }
  }
  return last;
}

constexpr BlockWriter::Limits single{.buffer_blocks = 64, .writes_in_flight = 8, .write_blocks = 1};
constexpr BlockWriter::Limits many{.buffer_blocks = 256, .writes_in_flight = 8, .write_blocks = 16};

TEST(JournalProperty, an_end_cut_or_zeroed_at_every_byte_of_the_last_64_kib_is_torn_and_exact) {
  const std::uint64_t shapes = exhaustive() ? 20 : 2;
  for (std::uint64_t seed = 1; seed <= shapes; ++seed) {
    Workload run(seed, 32, seed % 2 == 0 ? single : many);
    run.until(18 + seed % 3);
    run.settle();
    const FileReport whole = run.scanned();
    ASSERT_FALSE(whole.damage);
    ASSERT_EQ(run.disk.files.size(), 1u);
    const std::vector<Sequence> last = last_sequences(run, whole.blocks);
    const std::size_t end = whole.blocks * block_bytes;
    ASSERT_GE(end, 64u << 10);
    std::vector<std::byte> zeroed = run.disk.files[0].bytes;
    for (std::size_t kept = end; kept-- > end - (64u << 10);) {
      zeroed[kept] = std::byte{0};
      if (kept % step != 0) continue;
      for (const bool cut : {false, true}) {
        Segments segments;
        segments.push_back(std::make_unique<MemoryBytes>(
            FileKind::commands, 1, std::span(zeroed).first(cut ? kept : zeroed.size())));
        const FileReport report = scan(segments, FileKind::commands);
        const std::size_t blocks = kept / block_bytes;
        ASSERT_FALSE(report.damage) << kept << ": " << report.damage->what;
        ASSERT_EQ(report.blocks, blocks) << kept;
        ASSERT_EQ(report.last_sequence, blocks == 0 ? 0 : last[blocks - 1]) << kept;
        ASSERT_EQ(report.torn.has_value(), kept % block_bytes != 0) << kept;
      }
    }
  }
}

TEST(JournalProperty, no_flipped_bit_passes_and_none_is_cut_away) {
  Workload run(3, 24, {.buffer_blocks = 64, .writes_in_flight = 2, .write_blocks = 1});
  run.until(4);
  run.settle();
  const FileReport whole = run.scanned();
  ASSERT_FALSE(whole.damage || whole.torn);
  ASSERT_EQ(run.disk.files.size(), 1u);
  std::vector<std::byte> bytes = run.disk.files[0].bytes;
  const std::size_t written = whole.blocks * block_bytes;
  const std::size_t stride = exhaustive() ? 1 : 41;
  std::uint64_t flips = 0;
  // What was written bit by bit, unused space by sample.
  for (std::size_t bit = 0; bit < bytes.size() * 8;) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    Segments segments;
    segments.push_back(std::make_unique<MemoryBytes>(FileKind::commands, 1, bytes));
    const FileReport report = scan(segments, FileKind::commands);
    ASSERT_TRUE(report.damage) << "bit " << bit << " of " << written * 8 << " written";
    ASSERT_EQ(report.damage->offset / block_bytes, bit / 8 / block_bytes) << "names another block";
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    ++flips;
    bit += bit / 8 < written ? step : stride;
  }
  std::printf("%lu flips, all detected\n", flips);
}

// A power cut with eight writes under way: each may have arrived whole, in part, or not at all.
TEST(JournalProperty,
     whatever_subset_of_the_writes_under_way_arrives_what_was_acknowledged_is_there) {
  const std::uint64_t shapes = exhaustive() ? 100 : 8;
  std::uint64_t recoveries = 0;
  for (std::uint64_t seed = 1; seed <= shapes; ++seed) {
    for (std::uint32_t subset = 0; subset < 256; ++subset) {
      Workload run(seed, seed % 4 == 3 ? 23 : 400, seed % 2 == 0 ? single : many);
      run.until(20);
      // What the files would hold if all of it had arrived.
      std::vector<std::vector<std::byte>> whole;
      for (const auto& file : run.disk.files) whole.push_back(file.bytes);
      for (const auto& pending : run.disk.pending) {
        std::memcpy(
            whole.at(static_cast<std::size_t>(pending.write.file)).data() + pending.write.offset,
            pending.bytes.data(), pending.bytes.size());
      }
      for (std::uint32_t write = 0; !run.disk.pending.empty(); ++write) {
        const bool arrives = (subset >> write & 1) != 0;
        const bool in_part = seed % 2 == 1;
        std::vector<bool> sectors(run.disk.pending.front().bytes.size() / sector_bytes, arrives);
        for (std::size_t s = 0; s < sectors.size() && !arrives && in_part; ++s) {
          sectors[s] = run.random() % 2 == 0;
        }
        run.disk.lose(0, sectors);
      }
      // The blocks that are there without a gap, compared byte by byte.
      const std::vector<std::byte> zeroes(block_bytes);
      std::uint64_t expected = 0;
      bool gap = false;
      for (std::size_t f = 0; f < whole.size() && !gap; ++f) {
        for (std::size_t at = 0; at < whole[f].size() && !gap; at += block_bytes) {
          const std::byte* now = run.disk.files[f].bytes.data() + at;
          gap = std::memcmp(now, whole[f].data() + at, block_bytes) != 0 ||
                std::memcmp(now, zeroes.data(), block_bytes) == 0;
          expected += gap ? 0 : 1;
        }
      }
      const FileReport report = run.scanned();
      ++recoveries;
      ASSERT_FALSE(report.damage) << "seed " << seed << " subset " << subset << ": "
                                  << report.damage->what;
      ASSERT_EQ(report.blocks, expected) << "seed " << seed << " subset " << subset;
      ASSERT_GE(report.blocks, run.writer.durable_blocks());
      ASSERT_GE(report.last_sequence, run.writer.durable_sequence());
    }
  }
  std::printf("%lu recoveries\n", recoveries);
}

TEST(JournalProperty, damage_to_what_a_later_block_proves_is_always_refused) {
  const std::uint64_t places = exhaustive() ? 10'000 : 1'000;
  Workload run(11, 30, many);
  run.until(100);
  run.settle();
  const FileReport whole = run.scanned();
  Block last_block;
  const auto& last_file = run.disk.files.at(whole.segments.back().state == SegmentState::spare
                                                ? run.disk.files.size() - 2
                                                : run.disk.files.size() - 1);
  const std::uint64_t in_last = whole.segments.back().blocks;
  std::memcpy(static_cast<void*>(&last_block), last_file.bytes.data() + (in_last - 1) * block_bytes,
              block_bytes);
  const std::uint64_t proven = last_block.header.durable_blocks;
  ASSERT_GT(proven, 60u);
  for (std::uint64_t i = 0; i < places; ++i) {
    const std::uint64_t number = run.random() % proven;
    auto& file = run.disk.files.at(number / 30);
    const std::size_t at = number % 30 * block_bytes + run.random() % block_bytes;
    const std::size_t size = std::min<std::size_t>(1 + run.random() % 9000, file.bytes.size() - at);
    const std::vector<std::byte> before = file.bytes;
    const bool zeroes = run.random() % 2 == 0;
    for (std::size_t b = at; b < at + size; ++b) {
      file.bytes[b] = zeroes ? std::byte{0} : static_cast<std::byte>(run.random());
    }
    const FileReport report = run.scanned();
    if (file.bytes != before) {
      ASSERT_TRUE(report.damage) << "block " << number << ", " << size << " bytes from " << at;
      ASSERT_EQ(report.damage->file, segment_name(FileKind::commands, file.number));
    }
    file.bytes = before;
  }
}

TEST(JournalProperty, a_block_in_anothers_place_is_refused) {
  const std::uint64_t swaps = exhaustive() ? 10'000 : 1'000;
  Workload run(12, 30, many);
  run.until(100);
  run.settle();
  Workload other(13, 30, many);
  other.until(100);
  other.settle();
  const std::uint64_t blocks = std::min(run.scanned().blocks, other.scanned().blocks) - 1;
  const auto place = [](Workload& of, std::uint64_t number) {
    return of.disk.files.at(number / 30).bytes.data() + number % 30 * block_bytes;
  };
  for (std::uint64_t i = 0; i < swaps; ++i) {
    const std::uint64_t to = run.random() % blocks;
    const std::uint64_t from = run.random() % blocks;
    const bool foreign = run.random() % 2 == 0;
    std::array<std::byte, block_bytes> before;
    std::memcpy(before.data(), place(run, to), block_bytes);
    std::memcpy(place(run, to), place(foreign ? other : run, from), block_bytes);
    const bool changed = std::memcmp(before.data(), place(run, to), block_bytes) != 0;
    const FileReport report = run.scanned();
    if (changed && to != from) {
      ASSERT_TRUE(report.damage) << from << " in the place of " << to;
    }
    std::memcpy(place(run, to), before.data(), block_bytes);
  }
}

}  // namespace
}  // namespace basalt::journal
