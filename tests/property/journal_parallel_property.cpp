// Whoever walks a journal's segments finds the same: over random journals of several segments and
// epochs, whole, torn, flipped, cut, swapped and resealed, the report of many workers is that of
// one scan from the first block to the last, field by field and in the same order.
//
// BASALT_EXHAUSTIVE=1 runs many more journals.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "pinning/machine.h"
#include "pinning/workers.h"
#include "tests/unit/journal_author.h"

namespace basalt::journal {
namespace {

using test::Author;
using test::MemoryDisk;
using test::segments_of;

std::vector<unsigned> cores() {
  std::vector<unsigned> cores = pinning::cold_cores(pinning::read_machine());
  // With one core alone there is still the guessing, which two workers on it make.
  if (cores.size() == 1) cores.push_back(cores.front());
  return cores;
}

std::string text_of(const FileReport& report) {
  std::string text = std::string(name_of(report.kind)) + ": " + std::to_string(report.blocks) +
                     " blocks, " + std::to_string(report.segments.size()) + " segments";
  if (report.damage) {
    text += ", damage " + report.damage->file + " " + std::to_string(report.damage->offset) + " " +
            report.damage->what;
  }
  if (report.torn) text += ", torn " + report.torn->what;
  return text + ", resumes at " + std::to_string(report.resume.sequence);
}

std::string text_of(const JournalReport& report) {
  return text_of(report.commands) + "\n" + text_of(report.events);
}

// Both files, over one to four epochs, some of which end torn.
class RandomJournal {
 public:
  explicit RandomJournal(std::uint64_t seed)
      : random_(seed),
        commands_(FileKind::commands, 2 + pick(9)),
        events_(FileKind::events, 2 + pick(9)) {
    commands_.with_starts = true;
    const std::uint32_t epochs = 1 + pick(4);
    for (std::uint32_t epoch = 1; epoch <= epochs; ++epoch) {
      for (Author* author : {&commands_, &events_}) {
        author->write(1 + pick(30), epoch);
        if (pick(3) == 0) tear(*author);
        if (pick(3) == 0) std::ignore = author->disk.next_segment(kind_of(*author));  // A spare.
      }
    }
    kept_ = {commands_.disk.files, events_.disk.files};
  }

  // As it was before anything was spoiled.
  void restore() {
    commands_.disk.files = kept_[0];
    events_.disk.files = kept_[1];
  }

  [[nodiscard]] Segments commands() const {
    return segments_of(commands_.disk, FileKind::commands);
  }
  [[nodiscard]] Segments events() const { return segments_of(events_.disk, FileKind::events); }
  [[nodiscard]] std::uint32_t pick(std::uint32_t below) {
    return static_cast<std::uint32_t>(random_() % below);
  }

  // Does something to the bytes of either file. Which, the seed decides.
  void spoil() {
    Author& author = pick(2) == 0 ? commands_ : events_;
    std::vector<MemoryDisk::File>& files = author.disk.files;
    if (files.empty()) return;
    MemoryDisk::File& file = files[pick(static_cast<std::uint32_t>(files.size()))];
    if (file.bytes.empty()) return;
    switch (pick(8)) {
      case 0:
        return flip(file);
      case 1:
        return file.bytes.resize(pick(static_cast<std::uint32_t>(file.bytes.size())));
      case 2:
        return fill(file, std::byte{0});
      case 3:
        return fill(file, static_cast<std::byte>(random_()));
      case 4:
        return std::swap(file.bytes, files[pick(static_cast<std::uint32_t>(files.size()))].bytes);
      case 5:
        files.erase(files.begin() + pick(static_cast<std::uint32_t>(files.size())));
        return;
      case 6:
        return tear(author);
      default:
        return reseal(file, kind_of(author));
    }
  }

 private:
  [[nodiscard]] FileKind kind_of(const Author& author) const {
    return &author == &commands_ ? FileKind::commands : FileKind::events;
  }
  [[nodiscard]] std::size_t place_in(const MemoryDisk::File& file) {
    return pick(static_cast<std::uint32_t>(file.bytes.size()));
  }
  void flip(MemoryDisk::File& file) { file.bytes[place_in(file)] ^= std::byte{1} << pick(8); }
  void fill(MemoryDisk::File& file, std::byte with) {
    const std::size_t from = place_in(file);
    const std::size_t size = std::min<std::size_t>(1 + pick(20'000), file.bytes.size() - from);
    std::memset(file.bytes.data() + from, static_cast<int>(with), size);
  }
  // As a power cut does: the file's last written block has lost its end.
  void tear(Author& author) {
    for (auto file = author.disk.files.rbegin(); file != author.disk.files.rend(); ++file) {
      for (std::size_t index = file->bytes.size() / block_bytes; index > 0; --index) {
        std::byte* block = file->bytes.data() + (index - 1) * block_bytes;
        if (std::to_integer<int>(block[0]) == 0) continue;
        const std::size_t kept = sector_bytes * pick(block_sectors);
        std::memset(block + kept, 0, block_bytes - kept);
        return;
      }
    }
  }
  // A block that is whole, and whose header says something else.
  void reseal(MemoryDisk::File& file, FileKind kind) {
    if (file.bytes.size() < block_bytes) return;
    const std::size_t index =
        pick(2) == 0 ? 0 : pick(static_cast<std::uint32_t>(file.bytes.size() / block_bytes));
    std::byte* at = file.bytes.data() + index * block_bytes;
    Block block;
    std::memcpy(static_cast<void*>(&block), at, block_bytes);
    if (open_block(block, kind, block.header.number).state != BlockState::valid) return;
    const std::uint32_t by = 1 + pick(3);
    switch (pick(7)) {
      case 0:
        block.header.epoch += by;
        break;
      case 1:
        block.header.epoch -= std::min(by, block.header.epoch);
        break;
      case 2:
        block.header.engine += by;
        break;
      case 3:
        block.header.number += by;
        break;
      case 4:
        block.header.durable_blocks += by;
        break;
      case 5:
        block.header.resumes_after += by;
        break;
      default:
        block.header.first_sequence += by;
        break;
    }
    seal(block);
    std::memcpy(at, &block, block_bytes);
  }

  std::mt19937_64 random_;
  Author commands_;
  Author events_;
  std::array<std::vector<MemoryDisk::File>, 2> kept_;
};

// How often each came up, so that a run that saw only whole journals proves nothing.
struct Seen {
  std::uint64_t whole = 0;
  std::uint64_t torn = 0;
  std::uint64_t damaged = 0;
  std::uint64_t with_starts = 0;
};

void expect_same(const Segments& commands, const Segments& events, const ScanRanges& ranges,
                 const pinning::Workers& workers, Seen& seen) {
  const JournalReport one = combine(scan(commands, FileKind::commands, ranges.commands),
                                    scan(events, FileKind::events, ranges.events));
  const JournalReport many = inspect(commands, events, workers, ranges);
  ASSERT_TRUE(one == many) << text_of(one) << "\n--\n" << text_of(many);
  ++(one.damage() != nullptr ? seen.damaged : one.torn() ? seen.torn : seen.whole);
  if (!one.commands.starts.empty()) ++seen.with_starts;
}

TEST(JournalParallel, many_workers_report_what_one_scan_reports) {
  const std::uint64_t journals = std::getenv("BASALT_EXHAUSTIVE") != nullptr ? 2'000 : 12;
  const pinning::Workers workers(cores());
  Seen seen;
  for (std::uint64_t seed = 1; seed <= journals; ++seed) {
    RandomJournal journal(seed);
    for (std::uint32_t round = 0; round < 50; ++round) {
      for (std::uint32_t times = round == 0 ? 0 : 1 + journal.pick(3); times > 0; --times) {
        journal.spoil();
      }
      ScanRanges ranges;  // A fourth of them as beside a running engine.
      if (journal.pick(4) == 0) {
        ranges = {.commands = {.end_block = journal.pick(90)},
                  .events = {.end_block = journal.pick(90)}};
      }
      ASSERT_NO_FATAL_FAILURE(
          expect_same(journal.commands(), journal.events(), ranges, workers, seen))
          << "seed " << seed << ", round " << round;
      journal.restore();
    }
  }
  std::printf("%lu whole, %lu torn, %lu damaged\n", seen.whole, seen.torn, seen.damaged);
  EXPECT_GT(seen.whole, journals);
  EXPECT_GT(seen.torn, journals);
  EXPECT_GT(seen.damaged, journals);
  EXPECT_GT(seen.with_starts, journals);
}

TEST(JournalParallel, the_order_of_segments_and_of_what_they_start_is_kept) {
  Author author(FileKind::commands, 4);
  author.with_starts = true;
  author.write(40);
  const JournalReport report =
      inspect(segments_of(author.disk, FileKind::commands), {}, pinning::Workers(cores()));
  ASSERT_EQ(report.commands.segments.size(), 10U);
  ASSERT_EQ(report.commands.starts.size(), 40U);
  for (std::uint32_t i = 0; i < 10; ++i) {
    EXPECT_EQ(report.commands.segments[i].number, first_segment + i);
    EXPECT_EQ(report.commands.segments[i].first_block, 4 * i);
  }
  for (std::uint32_t i = 0; i < 40; ++i) {
    EXPECT_EQ(report.commands.starts[i].order.sequence, 1 + i * test::records_per_block);
  }
}

TEST(JournalParallel, progress_is_told_one_at_a_time_and_never_beyond_all) {
  Author author(FileKind::commands, 2'048);
  author.write(4'096);
  std::uint64_t told = 0;
  std::uint64_t last = 0;
  const Progress progress = [&](std::uint64_t done, std::uint64_t all) {
    ++told;
    EXPECT_GT(done, last);
    EXPECT_LE(done, all);
    EXPECT_EQ(all, 4'096 * block_bytes);
    last = done;
  };
  std::ignore = inspect(segments_of(author.disk, FileKind::commands), {}, pinning::Workers(cores()),
                        {}, progress);
  EXPECT_EQ(told, 4U);
}

}  // namespace
}  // namespace basalt::journal
