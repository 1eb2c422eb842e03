// A digest of state, the same on every machine and build: XXH3, 64 bits, over little-endian
// integers of fixed width. Every role that has state adds it in an order of its own making (by id,
// by rank), never in the order of memory addresses, and leaves out what is absent, so that the
// sizes of tables do not show.
//
// For followers, stopped engines and tests: it allocates.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/types.h"

struct XXH3_state_s;  // Of xxhash.h, which no role needs to see.

namespace basalt {

static_assert(std::endian::native == std::endian::little, "bytes are hashed as they lie in memory");

class StateHash {
 public:
  StateHash();
  ~StateHash();
  StateHash(const StateHash&) = delete;
  StateHash& operator=(const StateHash&) = delete;

  template <std::integral T>
  void add(T value) {
    static_assert(!std::is_same_v<T, bool>, "say how wide");
    add_bytes(&value, sizeof value);
  }
  void add(int128 value) { add_bytes(&value, sizeof value); }
  void add(uint128 value) { add_bytes(&value, sizeof value); }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  void add(Enum value) { add_bytes(&value, sizeof value); }
  template <typename Tag, typename Rep>
  void add(Unit<Tag, Rep> value) {
    add_bytes(&value.value, sizeof value.value);
  }

  // Of all that was added so far; adding may go on.
  [[nodiscard]] std::uint64_t digest() const;

 private:
  void add_bytes(const void* bytes, std::size_t size);

  XXH3_state_s* state_;
};

}  // namespace basalt
