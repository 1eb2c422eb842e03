#include "engine/journal/format.h"

// The 32-byte vectors everywhere: g++ 12 warns wrongly inside its own 64-byte intrinsics, and the
// values are the same.
#ifdef __AVX2__
#define XXH_VECTOR XXH_AVX2
#endif
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/event.h"
#include "engine/limits.h"

namespace basalt::journal {
namespace {

static_assert(std::endian::native == std::endian::little, "the bytes are the host's");

constexpr std::array<char, 8> magic{'B', 'a', 's', 'a', 'l', 't', 'J', '1'};
constexpr std::array<std::uint8_t, 8> end_marker{'e', 'n', 'd', '.', 'J', '1', '~', 0xD6};
static_assert(std::popcount(static_cast<std::uint8_t>(magic[0])) > 1);
static_assert(std::popcount(end_marker.back()) > 1, "I2");

constexpr std::uint32_t last_sector = block_sectors - 1;
constexpr std::size_t check_bytes = sizeof(std::uint32_t);
constexpr std::size_t checked_bytes = sector_bytes - check_bytes;
constexpr std::size_t own_hash_offset =
    offsetof(Block, footer) + offsetof(BlockFooter, own_hash) - last_sector * sector_bytes;

std::byte* bytes_of(Block& block) noexcept {
  return reinterpret_cast<std::byte*>(&block);
}
const std::byte* bytes_of(const Block& block) noexcept {
  return reinterpret_cast<const std::byte*>(&block);
}

bool all_zero(const std::byte* bytes, std::size_t size) noexcept {
  // Each byte equals its neighbour, and the first is zero: memcmp is the fastest loop there is.
  return size == 0 || (bytes[0] == std::byte{0} && std::memcmp(bytes, bytes + 1, size - 1) == 0);
}

// A sector fits its own place only: its file, its block's number and its place in the block are in
// the hash.
std::uint64_t sector_hash(const std::byte* block, std::uint32_t sector, FileKind kind,
                          std::uint64_t number) noexcept {
  const std::size_t size = sector == last_sector ? own_hash_offset : checked_bytes;
  const std::uint64_t place =
      (number * block_sectors + sector) * 4 + static_cast<std::uint64_t>(kind);
  return XXH3_64bits(block + sector * sector_bytes, size) ^ (place * 0x9E37'79B9'7F4A'7C15);
}

// Two bits are always set, so that no written sector is all zeroes (I1).
std::uint32_t check_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint32_t>(hash) | 0x8000'0001u;
}

std::byte* check_place(std::byte* block, std::uint32_t sector) noexcept {
  return block + (sector + 1) * sector_bytes - check_bytes;
}

bool sector_fits(const Block& block, std::uint32_t sector, FileKind kind,
                 std::uint64_t number) noexcept {
  const std::byte* bytes = bytes_of(block);
  const std::uint64_t hash = sector_hash(bytes, sector, kind, number);
  if (sector == last_sector) {
    return block.footer.own_hash == hash && block.footer.end_marker == end_marker;
  }
  std::uint32_t check;
  std::memcpy(&check, bytes + (sector + 1) * sector_bytes - check_bytes, sizeof check);
  return check == check_of(hash);
}

bool sector_missing(const Block& block, std::uint32_t sector) noexcept {
  return all_zero(bytes_of(block) + sector * sector_bytes, sector_bytes);
}

std::uint64_t hash_of_sectors(const Block& block, FileKind kind, std::uint64_t number) noexcept {
  std::array<std::uint64_t, last_sector> hashes;
  for (std::uint32_t sector = 0; sector < last_sector; ++sector) {
    hashes[sector] = sector_hash(bytes_of(block), sector, kind, number);
  }
  return XXH3_64bits(hashes.data(), sizeof hashes);
}

constexpr Judgement damaged(const char* why, std::size_t offset) noexcept {
  return {BlockState::damaged, why, static_cast<std::uint32_t>(offset)};
}

// Do the first `known` bytes of a header agree with what must stand in this place?
bool header_begins_right(const Block& block, std::size_t known, FileKind kind,
                         std::uint64_t number) noexcept {
  BlockHeader right;
  right.magic = magic;
  right.version = format_version;
  right.kind = kind;
  right.number = number;
  const auto agrees = [&](std::size_t offset, std::size_t size) {
    const std::size_t end = std::min(offset + size, known);
    return end <= offset ||
           std::memcmp(bytes_of(block) + offset,
                       reinterpret_cast<const std::byte*>(&right) + offset, end - offset) == 0;
  };
  return agrees(offsetof(BlockHeader, magic), sizeof right.magic) &&
         agrees(offsetof(BlockHeader, version), sizeof right.version) &&
         agrees(offsetof(BlockHeader, kind), sizeof right.kind) &&
         agrees(offsetof(BlockHeader, number), sizeof right.number) &&
         agrees(offsetof(BlockHeader, spare), sizeof right.spare) &&
         block.header.slots_used <= block_slots;
}

// The block's last byte is zero: its end was cut off, or its last sector never arrived.
Judgement judge_without_end(const Block& block, FileKind kind, std::uint64_t number) noexcept {
  const std::byte* bytes = bytes_of(block);
  if (all_zero(bytes, block_bytes)) return {BlockState::empty, "never written", 0};
  std::size_t size = block_bytes;
  while (bytes[size - 1] == std::byte{0}) --size;

  const auto last = static_cast<std::uint32_t>((size - 1) / sector_bytes);
  bool whole_before = true;
  for (std::uint32_t sector = 0; sector < last; ++sector) {
    if (sector_fits(block, sector, kind, number)) continue;
    if (!sector_missing(block, sector)) {
      return damaged("a sector fails its check", sector * sector_bytes);
    }
    whole_before = false;
  }
  const bool last_is_whole = last != last_sector && sector_fits(block, last, kind, number);
  if (!last_is_whole && !whole_before) {
    return damaged("bytes that no interrupted write explains", last * sector_bytes);
  }
  const std::size_t header_known = last == 0 && !last_is_whole ? size : sizeof(BlockHeader);
  const bool header_there = last == 0 || sector_fits(block, 0, kind, number);
  if (header_there && !header_begins_right(block, header_known, kind, number)) {
    return damaged("the header is not that of this block", 0);
  }
  return {BlockState::torn, "the end of the block is missing", static_cast<std::uint32_t>(size)};
}

// Everything is there and fits its checks. Is it what a writer writes?
Judgement judge_records(const Block& block, FileKind kind, std::uint64_t number) noexcept {
  const BlockHeader& header = block.header;
  if (!header_begins_right(block, sizeof header, kind, number)) {
    return damaged("the header is not that of this block", 0);
  }
  if (header.durable_blocks > number || header.first_sequence > header.last_sequence) {
    return damaged("the header contradicts itself", 0);
  }
  if (block.footer.spare != 0 || block.footer.spare2 != 0) {
    return damaged("spare bytes are not zero", offsetof(Block, footer));
  }
  Sequence sequence = header.first_sequence;
  std::uint32_t slot = 0;
  while (slot < header.slots_used) {
    const Slot& first = block.slots[slot];
    const std::size_t offset = sizeof(BlockHeader) + slot * sizeof(Slot);
    const std::uint32_t slots = record_slots(first);
    const bool is_command = !is_event(first.kind());
    if (is_command != (kind == FileKind::commands) || slots == 0 ||
        slots > limits::command_slots_max || slot + slots > header.slots_used) {
      return damaged("a record is malformed", offset);
    }
    Sequence own;
    std::memcpy(&own, first.bytes.data(), sizeof own);
    const Sequence expected = is_command && slot > 0 ? sequence + 1 : sequence;
    if ((is_command || slot == 0) ? own != expected : own < expected) {
      return damaged("a record is out of sequence", offset);
    }
    sequence = own;
    slot += slots;
  }
  if (sequence != header.last_sequence) return damaged("the header contradicts its records", 0);
  if (!all_zero(bytes_of(block) + sizeof(BlockHeader) + slot * sizeof(Slot),
                (block_slots - slot) * sizeof(Slot))) {
    return damaged("unused slots are not zero", sizeof(BlockHeader) + slot * sizeof(Slot));
  }
  return {BlockState::valid, "", 0};
}

}  // namespace

void seal(Block& block) noexcept {
  BlockHeader& header = block.header;
  header.magic = magic;
  header.version = format_version;
  header.spare = 0;
  // The footer follows the slots without a gap.
  std::memset(bytes_of(block) + sizeof header + header.slots_used * sizeof(Slot), 0,
              (block_slots - header.slots_used) * sizeof(Slot) + sizeof(BlockFooter));
  std::byte* bytes = bytes_of(block);
  std::array<std::uint64_t, last_sector> hashes;
  for (std::uint32_t sector = 0; sector < last_sector; ++sector) {
    hashes[sector] = sector_hash(bytes, sector, header.kind, header.number);
    std::byte* place = check_place(bytes, sector);
    const std::uint32_t check = check_of(hashes[sector]);
    std::memcpy(&block.footer.lent[sector], place, check_bytes);
    std::memcpy(place, &check, check_bytes);
  }
  block.footer.sectors_hash = XXH3_64bits(hashes.data(), sizeof hashes);
  block.footer.own_hash = sector_hash(bytes, last_sector, header.kind, header.number);
  block.footer.end_marker = end_marker;
}

Judgement open_block(Block& block, FileKind kind, std::uint64_t number) noexcept {
  if (block.footer.end_marker.back() == 0) return judge_without_end(block, kind, number);
  if (!sector_fits(block, last_sector, kind, number)) {
    return damaged("the footer fails its check", last_sector * sector_bytes);
  }
  std::uint32_t missing = 0;
  std::uint32_t first_missing = 0;
  for (std::uint32_t sector = last_sector; sector-- > 0;) {
    if (sector_fits(block, sector, kind, number)) continue;
    if (!sector_missing(block, sector)) {
      return damaged("a sector fails its check", sector * sector_bytes);
    }
    first_missing = sector;
    ++missing;
  }
  if (missing > 0) {
    return {BlockState::torn, "a sector is missing",
            static_cast<std::uint32_t>(first_missing * sector_bytes)};
  }
  if (block.footer.sectors_hash != hash_of_sectors(block, kind, number)) {
    return damaged("the sectors are not of one block", 0);
  }
  Block restored = block;
  for (std::uint32_t sector = 0; sector < last_sector; ++sector) {
    std::memcpy(check_place(bytes_of(restored), sector), &block.footer.lent[sector], check_bytes);
  }
  const Judgement judgement = judge_records(restored, kind, number);
  if (judgement.state == BlockState::valid) block = restored;
  return judgement;
}

}  // namespace basalt::journal
