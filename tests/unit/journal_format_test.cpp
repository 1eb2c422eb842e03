#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <functional>

#include "engine/journal/format.h"
#include "engine/limits.h"
#include "tests/unit/journal_memory_disk.h"

namespace basalt::journal {
namespace {

using test::command_with;
using test::event_with;

constexpr std::uint64_t block_number = 77;

Block block_of_commands(std::uint32_t slots_used, Sequence first = 1000) {
  Block block{};
  block.header.kind = FileKind::commands;
  block.header.engine = 3;
  block.header.epoch = 2;
  block.header.number = block_number;
  block.header.first_sequence = first;
  block.header.durable_blocks = 70;
  Sequence sequence = first;
  std::uint32_t slot = 0;
  while (slot < slots_used) {
    const auto slots = static_cast<std::uint8_t>(
        std::min<std::uint64_t>(slots_used - slot, 1 + sequence % limits::command_slots_max));
    const Command command = command_with(sequence++, slots);
    for (std::uint32_t i = 0; i < slots; ++i) block.slots[slot++] = command.slot(i);
  }
  block.header.slots_used = static_cast<std::uint8_t>(slot);
  block.header.last_sequence = slot == 0 ? first : sequence - 1;
  return block;
}

Block sealed(const Block& filled) {
  Block block = filled;
  seal(block);
  return block;
}

BlockState judge(const Block& raw, FileKind kind = FileKind::commands,
                 std::uint64_t number = block_number) {
  Block block = raw;
  return open_block(block, kind, number).state;
}

std::uint8_t* bytes_of(Block& block) {
  return reinterpret_cast<std::uint8_t*>(&block);
}

TEST(JournalFormat, a_sealed_block_opens_with_the_records_it_was_given) {
  for (std::uint32_t used = 0; used <= block_slots; ++used) {
    const Block before = block_of_commands(used);
    Block block = sealed(before);
    ASSERT_EQ(open_block(block, FileKind::commands, block_number).state, BlockState::valid);
    EXPECT_EQ(block.header.slots_used, used);
    EXPECT_EQ(block.header.durable_blocks, 70u);
    EXPECT_EQ(std::memcmp(&block.slots, &before.slots, sizeof block.slots), 0);
  }
}

TEST(JournalFormat, sealing_zeroes_what_is_not_used) {
  Block block = block_of_commands(5);
  for (std::uint32_t slot = 5; slot < block_slots; ++slot)
    block.slots[slot].bytes.fill(std::byte{9});
  seal(block);
  ASSERT_EQ(open_block(block, FileKind::commands, block_number).state, BlockState::valid);
  for (std::uint32_t slot = 5; slot < block_slots; ++slot) {
    EXPECT_EQ(block.slots[slot].bytes, Slot{}.bytes);
  }
}

TEST(JournalFormat, a_block_is_valid_in_its_own_place_only) {
  const Block block = sealed(block_of_commands(20));
  EXPECT_EQ(judge(block), BlockState::valid);
  EXPECT_EQ(judge(block, FileKind::commands, block_number + 1), BlockState::damaged);
  EXPECT_EQ(judge(block, FileKind::commands, 0), BlockState::damaged);
  EXPECT_EQ(judge(block, FileKind::events), BlockState::damaged);
}

TEST(JournalFormat, a_block_of_zeroes_is_empty) {
  EXPECT_EQ(judge(Block{}), BlockState::empty);
}

TEST(JournalFormat, every_flipped_bit_is_damage) {
  for (const std::uint32_t used : {0u, 1u, 9u, 62u}) {
    Block block = sealed(block_of_commands(used));
    for (std::size_t bit = 0; bit < block_bytes * 8; ++bit) {
      bytes_of(block)[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      ASSERT_EQ(judge(block), BlockState::damaged) << "bit " << bit << " of " << used << " slots";
      bytes_of(block)[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    }
  }
}

TEST(JournalFormat, one_bit_in_space_that_was_never_written_is_damage) {
  Block block{};
  for (std::size_t bit = 0; bit < block_bytes * 8; ++bit) {
    bytes_of(block)[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    ASSERT_EQ(judge(block), BlockState::damaged) << "bit " << bit;
    bytes_of(block)[bit / 8] = 0;
  }
}

TEST(JournalFormat, an_end_that_is_cut_or_zeroed_at_any_byte_is_torn) {
  for (const std::uint32_t used : {0u, 1u, 9u, 62u}) {
    const Block whole = sealed(block_of_commands(used));
    for (std::size_t kept = 1; kept < block_bytes; ++kept) {
      Block block = whole;
      std::memset(bytes_of(block) + kept, 0, block_bytes - kept);
      ASSERT_EQ(judge(block), BlockState::torn) << kept << " bytes of " << used << " slots kept";
    }
  }
}

TEST(JournalFormat, whichever_sectors_of_a_write_arrive_nothing_looks_like_damage) {
  for (const std::uint32_t used : {0u, 1u, 9u, 62u}) {
    const Block whole = sealed(block_of_commands(used));
    for (std::uint32_t arrived = 0; arrived < 256; ++arrived) {
      Block block{};
      for (std::uint32_t sector = 0; sector < block_sectors; ++sector) {
        if ((arrived >> sector & 1) == 0) continue;
        std::memcpy(bytes_of(block) + sector * sector_bytes,
                    reinterpret_cast<const std::uint8_t*>(&whole) + sector * sector_bytes,
                    sector_bytes);
      }
      const BlockState expected = arrived == 0     ? BlockState::empty
                                  : arrived == 255 ? BlockState::valid
                                                   : BlockState::torn;
      ASSERT_EQ(judge(block), expected) << "sectors " << arrived << " of " << used << " slots";
    }
  }
}

TEST(JournalFormat, sectors_of_another_block_or_place_are_damage) {
  const Block one = sealed(block_of_commands(62, 1000));
  const Block other = sealed(block_of_commands(62, 2000));
  for (std::uint32_t sector = 0; sector < block_sectors; ++sector) {
    Block mixed = one;
    std::memcpy(bytes_of(mixed) + sector * sector_bytes,
                reinterpret_cast<const std::uint8_t*>(&other) + sector * sector_bytes,
                sector_bytes);
    EXPECT_EQ(judge(mixed), BlockState::damaged) << "sector " << sector << " of another block";
    Block moved = one;
    std::memcpy(bytes_of(moved) + sector * sector_bytes,
                bytes_of(moved) + (sector + 1) % block_sectors * sector_bytes, sector_bytes);
    EXPECT_EQ(judge(moved), BlockState::damaged) << "sector " << sector << " from its neighbour";
  }
}

TEST(JournalFormat, sectors_of_two_versions_of_one_block_are_damage) {
  Block other = block_of_commands(62);
  other.slots[20].bytes[40] ^= std::byte{1};  // The same in every respect but one byte.
  seal(other);
  Block mixed = sealed(block_of_commands(62));
  const std::size_t sector = (sizeof(BlockHeader) + 20 * sizeof(Slot)) / sector_bytes;
  std::memcpy(bytes_of(mixed) + sector * sector_bytes, bytes_of(other) + sector * sector_bytes,
              sector_bytes);
  EXPECT_EQ(judge(mixed), BlockState::damaged);
}

TEST(JournalFormat, a_block_without_its_end_may_hold_sectors_of_its_own_only) {
  const Block own = sealed(block_of_commands(62));
  Block neighbour = block_of_commands(62);
  neighbour.header.number = block_number - 1;
  seal(neighbour);
  for (const bool of_its_own : {true, false}) {
    const Block& from = of_its_own ? own : neighbour;
    Block block{};
    std::memcpy(bytes_of(block), &own, sector_bytes);
    std::memcpy(bytes_of(block) + 3 * sector_bytes,
                reinterpret_cast<const std::uint8_t*>(&from) + 3 * sector_bytes, sector_bytes);
    EXPECT_EQ(judge(block), of_its_own ? BlockState::torn : BlockState::damaged);
  }
}

TEST(JournalFormat, what_no_writer_writes_is_refused_even_with_right_checks) {
  const auto refused = [](const char* what, const std::function<void(Block&)>& change) {
    Block block = block_of_commands(20);
    change(block);
    seal(block);
    EXPECT_EQ(judge(block), BlockState::damaged) << what;
  };
  refused("no slots", [](Block& b) { b.slots[0].bytes[9] = std::byte{0}; });
  refused("five slots", [](Block& b) { b.slots[0].bytes[9] = std::byte{5}; });
  refused("a record beyond the used slots", [](Block& b) { b.header.slots_used -= 1; });
  refused("an event among commands", [](Block& b) { b.slots[0].bytes[8] = std::byte{200}; });
  refused("a jump in sequence", [](Block& b) { b.header.first_sequence += 1; });
  refused("another last sequence", [](Block& b) { b.header.last_sequence += 1; });
  refused("first above last", [](Block& b) { b.header.first_sequence = ~Sequence{0}; });
  refused("proof of blocks to come", [](Block& b) { b.header.durable_blocks = block_number + 1; });
}

TEST(JournalFormat, events_of_one_command_share_a_sequence_and_never_fall) {
  const auto block_of = [](std::initializer_list<Sequence> sequences) {
    Block block{};
    block.header.kind = FileKind::events;
    block.header.epoch = 1;
    block.header.number = block_number;
    block.header.first_sequence = *sequences.begin();
    for (const Sequence sequence : sequences) {
      block.slots[block.header.slots_used++] = std::bit_cast<Slot>(event_with(sequence, 0, true));
      block.header.last_sequence = sequence;
    }
    seal(block);
    return block;
  };
  EXPECT_EQ(judge(block_of({5, 5, 5, 9, 12, 12}), FileKind::events), BlockState::valid);
  EXPECT_EQ(judge(block_of({5, 6, 5, 9}), FileKind::events), BlockState::damaged);
}

}  // namespace
}  // namespace basalt::journal
