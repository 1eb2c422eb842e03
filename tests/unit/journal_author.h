// Writes one file of a journal over several epochs, into memory: one block for each write, all of
// it complete. What a test then does to the bytes is its own affair.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "engine/arena.h"
#include "engine/journal/block_writer.h"
#include "engine/journal/scan.h"
#include "tests/unit/journal_memory_disk.h"

namespace basalt::journal::test {

inline constexpr std::uint32_t records_per_block = block_slots / 2;

class Author {
 public:
  explicit Author(FileKind kind = FileKind::commands, std::uint32_t segment_blocks = 10)
      : kind_(kind) {
    disk.segment_blocks = segment_blocks;
  }

  void write(std::uint32_t blocks, std::uint32_t epoch = 1, std::uint32_t engine = 1) {
    if (!writer_ || epoch != epoch_ || engine != engine_) {
      const FileReport before = scanned();
      ASSERT_FALSE(before.damage) << before.damage->what;
      begin(epoch, engine, before.resume);
    }
    for (std::uint32_t i = 0; i < blocks; ++i) write_block();
  }
  void begin(std::uint32_t epoch, std::uint32_t engine, const ResumePoint& resume) {
    epoch_ = epoch;
    engine_ = engine;
    next_ = resume.sequence + 1;
    disk.next_number = {resume.segment, resume.segment};
    arena_ = std::make_unique<Arena>(BlockWriter::memory_bytes(limits));
    writer_ = std::make_unique<BlockWriter>(BlockWriter::Start{kind_, engine, epoch, resume},
                                            limits, disk, *arena_);
  }
  // The last block of the last segment that has any, by place in its segment.
  std::byte* block(std::size_t file, std::size_t index) {
    return disk.files.at(file).bytes.data() + index * block_bytes;
  }
  void zero(std::size_t file, std::size_t index, std::size_t from = 0,
            std::size_t size = block_bytes) {
    std::memset(block(file, index) + from, 0, size);
  }
  FileReport scanned() const { return scan(segments_of(disk, kind_), kind_); }

  MemoryDisk disk;
  bool with_starts = false;  // The first command of each block is one that a report keeps.

 private:
  static constexpr BlockWriter::Limits limits{
      .buffer_blocks = 16, .writes_in_flight = 4, .write_blocks = 4};

  void write_block() {
    for (std::uint32_t i = 0; i < records_per_block; ++i) {
      if (kind_ == FileKind::commands) {
        Command command = command_with(next_, 2);
        if (with_starts && i == 0) command.order.kind = CommandKind::epoch_start;
        ASSERT_TRUE(writer_->append(slots_of(command), next_));
      } else {
        const Slot slot = std::bit_cast<Slot>(event_with(next_, 0, true));
        ASSERT_TRUE(writer_->append({&slot, 1}, next_));
      }
      ++next_;
    }
    ASSERT_EQ(writer_->submit(), 1u);
    disk.kick();
    disk.complete_all();
    Disk::Completion completion;
    while (disk.reap(completion)) writer_->completed(completion);
  }

  const FileKind kind_;
  std::uint32_t epoch_ = 0;
  std::uint32_t engine_ = 0;
  Sequence next_ = 1;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<BlockWriter> writer_;
};

}  // namespace basalt::journal::test
