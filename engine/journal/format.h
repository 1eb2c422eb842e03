// The journal's bytes: blocks of 4 KiB in segment files, and what a block's bytes can prove.
//
//   DIR/journal/commands-0000000001.seg ┐  fixed-size segments, zero-written before first use,
//   DIR/journal/events-0000000001.seg   ┘  filled block by block; a block is never written twice
//
//   block   ┌ header 64 ┬ 62 slots of 64 ───────────────────────────┬ footer 64 ┐
//   sectors │     0     │    1  …  6    (512 bytes each)            │     7     │
//           └──────── k ┴ k ── … ── k: each sector ends in a check ─┴──── check ┘
//
// A disk tears writes at sectors, people and file systems cut files at bytes, and bits rot
// anywhere. To tell the three apart each sector proves itself: the last four bytes of sectors 0 to
// 6 are lent to a check of that sector, and what stood there waits in the footer until the block
// is opened again. Sector 7 carries its own 64-bit hash and one over the seven others.
//
// Invariants of a block as written
//   I1  No written sector is all zeroes, and no single flipped bit makes it so.
//   I2  The block's last byte has more than one bit set: a zero there is a cut, never one flip.
//   I3  Unused slots and spare fields are zero, and every byte is covered by a check.
//   I4  A record never straddles blocks: a command is one to four slots, an event one.
//   I5  Block numbers count without gap over all segments of a file and all epochs; a block's
//       place is its number. All blocks of a segment are of one epoch.
//   I6  A segment begins only when every block before it is complete, so its first block proves
//       them all (durable_blocks == number).
// So a flipped bit is always `damaged`, an end that was cut or zeroed at any byte is always `torn`,
// and a write of which any subset of sectors arrived is `torn`, `valid` or `empty`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/command.h"
#include "engine/types.h"

namespace basalt::journal {

enum class FileKind : std::uint8_t { commands = 1, events = 2 };
inline constexpr std::array<FileKind, 2> file_kinds{FileKind::commands, FileKind::events};
[[nodiscard]] constexpr const char* name_of(FileKind kind) noexcept {
  return kind == FileKind::commands ? "commands" : "events";
}

inline constexpr std::size_t block_bytes = 4096;
inline constexpr std::size_t sector_bytes = 512;
inline constexpr std::uint32_t block_sectors = block_bytes / sector_bytes;
inline constexpr std::uint32_t block_slots = 62;
inline constexpr std::uint16_t format_version = 1;

// What a writer may have under way at once; a reader finds nothing written further than this
// beyond the first hole.
inline constexpr std::uint32_t writes_in_flight_max = 16;
inline constexpr std::uint32_t write_blocks_max = 16;
inline constexpr std::uint32_t window_blocks_max = writes_in_flight_max * write_blocks_max;

inline constexpr std::uint32_t first_segment = 1;

struct BlockHeader {
  std::array<char, 8> magic{};
  std::uint16_t version = 0;
  FileKind kind{};
  std::uint8_t slots_used = 0;  // 0 only in the block that an orderly stop closes a file with.
  std::uint32_t engine = 0;
  std::uint64_t number = 0;
  std::uint32_t epoch = 0;
  std::uint32_t spare = 0;
  Sequence first_sequence = 0;       // Of the first record; without records, of the last before.
  Sequence last_sequence = 0;        // Of the last record, likewise.
  std::uint64_t durable_blocks = 0;  // Blocks 0 … this - 1 were complete when this was submitted.
  Sequence resumes_after = 0;        // Records of earlier epochs beyond this one are void.
};

struct BlockFooter {
  std::array<std::uint32_t, block_sectors - 1> lent{};  // What the checks displaced.
  std::uint32_t spare = 0;
  std::uint64_t sectors_hash = 0;  // Over the 64-bit hashes of sectors 0 to 6.
  std::uint64_t spare2 = 0;
  std::uint64_t own_hash = 0;  // Of sector 7 up to here.
  std::array<std::uint8_t, 8> end_marker{};
};

struct alignas(block_bytes) Block {
  BlockHeader header;
  std::array<Slot, block_slots> slots;
  BlockFooter footer;
};

static_assert(sizeof(BlockHeader) == 64 && std::has_unique_object_representations_v<BlockHeader>);
static_assert(offsetof(BlockHeader, number) == 16 && offsetof(BlockHeader, first_sequence) == 32);
static_assert(sizeof(BlockFooter) == 64 && std::has_unique_object_representations_v<BlockFooter>);
static_assert(sizeof(Block) == block_bytes && std::is_trivially_copyable_v<Block>);
static_assert(offsetof(Block, slots) == 64 && offsetof(Block, footer) == block_bytes - 64);

// Where a file goes on: after recovery, in a new segment of a new epoch.
struct ResumePoint {
  std::uint64_t block = 0;                // The next block's number: as many are kept.
  std::uint32_t segment = first_segment;  // The number of the next segment.
  Sequence sequence = 0;                  // Everything up to here is kept, nothing beyond.

  friend bool operator==(const ResumePoint&, const ResumePoint&) = default;
};

// Hot. Gives a filled block its last form: header.slots_used slots are kept, the rest is zeroed,
// checks and footer are set. The header's other fields must be set before. About 0.3 µs.
void seal(Block& block) noexcept;

enum class BlockState : std::uint8_t {
  valid,    // Whole, and what it claims to be.
  empty,    // All zeroes: never written.
  torn,     // Explained by zeroes alone: an end that was cut, or sectors that never arrived.
  damaged,  // Holds bytes that no interrupted write explains.
};

struct Judgement {
  BlockState state{};
  const char* why = "";      // For people; static text.
  std::uint32_t offset = 0;  // In the block: where the trouble begins.
};

// Judges 4 KiB as read from the place of block `number` (bytes that the file does not have count
// as zero). When valid, the lent bytes are put back, so that the slots can be read; otherwise
// `block` is unchanged. Any bytes are safe to give.
[[nodiscard]] Judgement open_block(Block& block, FileKind kind, std::uint64_t number) noexcept;

// The number of slots of the record that starts with `slot`. Only for records of valid blocks and
// rings.
[[nodiscard]] inline std::uint32_t record_slots(const Slot& slot) noexcept {
  return slot.kind() >= 128 ? 1 : static_cast<std::uint32_t>(slot.bytes[9]);
}
static_assert(offsetof(Order, slots) == 9);

}  // namespace basalt::journal
