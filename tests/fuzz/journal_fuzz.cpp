// Any bytes as a block and as segments. Nothing may crash, and what was not resealed may only ever
// cost records, never change or add one.
//
//   byte 0    0: the rest is one raw block · 1: the rest is two raw segments
//             otherwise: patches to a good journal, of 4 bytes each (place low, place high, value,
//             flags: bit 0 = reseal that block afterwards, bit 1 = cut the file there)
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "engine/journal/block_writer.h"
#include "engine/journal/scan.h"
#include "tests/unit/journal_memory_disk.h"

namespace basalt::journal {
namespace {

constexpr std::uint64_t good_blocks = 6;
constexpr std::uint64_t segment_blocks = 8;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

const std::vector<std::byte>& good_segment() {
  static const std::vector<std::byte> bytes = [] {
    test::MemoryDisk disk;
    disk.segment_blocks = segment_blocks;
    constexpr BlockWriter::Limits limits{
        .buffer_blocks = 16, .writes_in_flight = 2, .write_blocks = 2};
    Arena arena(BlockWriter::memory_bytes(limits));
    BlockWriter writer({FileKind::commands, 1, 1, {}}, limits, disk, arena);
    Sequence sequence = 1;
    while (writer.durable_blocks() < good_blocks) {
      for (std::uint64_t i = 0; i < 5 + sequence % 11; ++i, ++sequence) {
        const auto slots = static_cast<std::uint8_t>(1 + sequence % 4);
        require(writer.append(test::slots_of(test::command_with(sequence, slots)), sequence),
                "no room");
      }
      writer.submit();
      disk.kick();
      disk.complete_all();
      Disk::Completion completion;
      while (disk.reap(completion)) writer.completed(completion);
    }
    return disk.files[0].bytes;
  }();
  return bytes;
}

FileReport scan_one(std::span<const std::byte> bytes) {
  Segments segments;
  segments.push_back(std::make_unique<test::MemoryBytes>(FileKind::commands, 1, bytes));
  return scan(segments, FileKind::commands);
}

void raw_block(std::span<const std::uint8_t> data) {
  Block block{};
  std::memcpy(static_cast<void*>(&block), data.data(), std::min(data.size(), block_bytes));
  for (const FileKind kind : file_kinds) {
    Block copy = block;
    const Judgement judgement = open_block(copy, kind, block.header.number);
    require(judgement.offset < block_bytes, "an offset outside the block");
    if (judgement.state == BlockState::valid) {
      require(copy.header.slots_used <= block_slots, "more slots than there are");
    }
  }
}

void raw_segments(std::span<const std::uint8_t> data) {
  const auto bytes = std::as_bytes(data);
  Segments segments;
  const std::size_t half = bytes.size() / 2;
  segments.push_back(std::make_unique<test::MemoryBytes>(FileKind::commands, 1, bytes.first(half)));
  segments.push_back(
      std::make_unique<test::MemoryBytes>(FileKind::commands, 2, bytes.subspan(half)));
  const JournalReport report =
      combine(scan(segments, FileKind::commands), scan(segments, FileKind::events));
  std::ignore = report.commands_lost();
}

void patched(std::span<const std::uint8_t> data) {
  std::vector<std::byte> bytes = good_segment();
  const FileReport good = scan_one(bytes);
  bool resealed = false;
  for (; data.size() >= 4; data = data.subspan(4)) {
    const std::size_t place = (data[0] | static_cast<std::size_t>(data[1]) << 8) % bytes.size();
    bytes[place] = std::byte{data[2]};
    if ((data[3] & 1) != 0) {
      std::byte* at = bytes.data() + place / block_bytes * block_bytes;
      Block block;
      std::memcpy(static_cast<void*>(&block), at, block_bytes);
      block.header.slots_used = static_cast<std::uint8_t>(block.header.slots_used % 63);
      seal(block);
      std::memcpy(at, &block, block_bytes);
      resealed = true;
    }
    if ((data[3] & 2) != 0) bytes.resize(std::max<std::size_t>(place, 1));
  }
  const FileReport report = scan_one(bytes);
  if (resealed) return;
  require(report.records <= good.records, "records from nowhere");
  require(report.blocks <= good.blocks, "blocks from nowhere");
  const std::size_t prefix = report.blocks * block_bytes;
  require(prefix <= bytes.size() && std::memcmp(bytes.data(), good_segment().data(), prefix) == 0,
          "a changed block passed");
}

}  // namespace
}  // namespace basalt::journal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> rest(data + 1, size - 1);
  switch (data[0]) {
    case 0:
      basalt::journal::raw_block(rest);
      break;
    case 1:
      basalt::journal::raw_segments(rest);
      break;
    default:
      basalt::journal::patched(rest);
      break;
  }
  return 0;
}
