// From what a client calls an order to the slot of the live order that bears the name.
//
//   (session, order flow channel, user reference number) ─► slot     every live order
//   (account, instrument, side) ─► slot                              the latest of its quote
//
// One bounded table each, with open addressing and linear probing; only live orders are in it, so
// it is never fuller than half and a client's gaps and leaps cost nothing. XXH3 with a secret seed
// spreads the keys, so nobody can choose names that collide; the layout never shows in any
// decision.
#pragma once

#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/types.h"

namespace basalt::risk {

struct UserRef {
  SessionId session{};
  std::uint8_t channel = 0;  // OUCH's UserRefIdx.
  std::uint32_t number = 0;
};

struct QuoteSide {
  AccountId account{};
  InstrumentId instrument{};
  Side side{};
};

// Name: UserRef or QuoteSide.
template <typename Name>
class SlotIndex {
 public:
  static constexpr std::uint32_t not_found = 0xFFFF'FFFF;

  SlotIndex(std::uint32_t orders_max, std::uint64_t seed, Arena& arena);
  static std::size_t memory_bytes(std::uint32_t orders_max) noexcept;

  [[nodiscard]] std::uint32_t find(const Name& name) const noexcept;
  // The name is not in the table, and fewer than orders_max are.
  void insert(const Name& name, std::uint32_t slot) noexcept;
  // The name is in the table.
  void erase(const Name& name) noexcept;

 private:
  struct Entry {
    std::uint64_t key = 0;  // 0: free. No name has it.
    std::uint32_t slot = 0;
    std::uint32_t spare = 0;
  };

  static std::uint32_t capacity_for(std::uint32_t orders_max) noexcept;
  [[nodiscard]] std::uint32_t home_of(std::uint64_t key) const noexcept;

  std::span<Entry> entry_;  // A power of two, at least twice orders_max.
  std::uint64_t seed_;
  std::uint32_t mask_;
};

using UserRefIndex = SlotIndex<UserRef>;
using QuoteIndex = SlotIndex<QuoteSide>;

extern template class SlotIndex<UserRef>;
extern template class SlotIndex<QuoteSide>;

}  // namespace basalt::risk
