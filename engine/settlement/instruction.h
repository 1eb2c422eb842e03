// What settlement tells the settlement domain: one obligation of one batch, 64 bytes.
//
// A batch is `count` instructions in a row, numbered from 0; the last is flagged. A batch that is
// told again, after a failure or a restart, begins again at 0 under the same id: a domain that has
// executed it must not do so twice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/ring/spsc_ring.h"
#include "engine/types.h"

namespace basalt::settlement {

// Counts from 1, by the settlement core: a function of the log.
enum class BatchId : std::uint64_t {};

struct Instruction {
  BatchId batch{};
  std::uint32_t number = 0;
  std::uint32_t count = 0;
  std::uint64_t amount_low = 0;
  std::int64_t amount_high = 0;
  AccountId account{};
  AssetId asset{};
  std::uint8_t attempt = 0;  // 0: the first.
  std::uint8_t last = 0;
  std::array<std::uint8_t, 22> spare{};

  // Above zero the account receives, below it pays.
  [[nodiscard]] constexpr Money amount() const noexcept {
    return {(static_cast<int128>(amount_high) << 64) | static_cast<int128>(amount_low)};
  }
  constexpr void set_amount(Money money) noexcept {
    amount_low = static_cast<std::uint64_t>(money.value);
    amount_high = static_cast<std::int64_t>(money.value >> 64);
  }
};

static_assert(sizeof(Instruction) == 64 && std::is_trivially_copyable_v<Instruction>);
static_assert(std::has_unique_object_representations_v<Instruction>, "no padding");

using InstructionRing = ring::SpscRing<Instruction>;

}  // namespace basalt::settlement
