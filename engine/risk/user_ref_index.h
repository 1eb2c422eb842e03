// From a client's own number to the live order that bears it.
//
// (session, order flow channel, user reference number) ─► slot of the order. One bounded table with
// open addressing and linear probing; only live orders are in it, so it is never fuller than half
// and a client's gaps and leaps cost nothing. XXH3 with a secret seed spreads the keys, so nobody
// can choose numbers that collide; the layout never shows in any decision.
#pragma once

#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/types.h"

namespace basalt::risk {

struct UserRef {
  SessionId session{};
  std::uint8_t channel = 0;  // OUCH's UserRefIdx.
  std::uint32_t number = 0;
};

class UserRefIndex {
 public:
  static constexpr std::uint32_t not_found = 0xFFFF'FFFF;

  UserRefIndex(std::uint32_t orders_max, std::uint64_t seed, Arena& arena);
  static std::size_t memory_bytes(std::uint32_t orders_max) noexcept;

  [[nodiscard]] std::uint32_t find(UserRef ref) const noexcept;
  // The reference is not in the table, and fewer than orders_max are.
  void insert(UserRef ref, std::uint32_t slot) noexcept;
  // The reference is in the table.
  void erase(UserRef ref) noexcept;

 private:
  struct Entry {
    std::uint64_t key = 0;  // 0: free. No reference has it: the session's bits are shifted by one.
    std::uint32_t slot = 0;
    std::uint32_t spare = 0;
  };

  static std::uint64_t key_of(UserRef ref) noexcept;
  static std::uint32_t capacity_for(std::uint32_t orders_max) noexcept;
  [[nodiscard]] std::uint32_t home_of(std::uint64_t key) const noexcept;

  std::span<Entry> entry_;  // A power of two, at least twice orders_max.
  std::uint64_t seed_;
  std::uint32_t mask_;
};

}  // namespace basalt::risk
