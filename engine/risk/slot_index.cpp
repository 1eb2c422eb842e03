#include "engine/risk/slot_index.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>

#include "engine/assert.h"
#include "engine/limits.h"

namespace basalt::risk {
namespace {

static_assert(limits::sessions_max <= (1U << 20), "a session fits above channel and number");
static_assert(limits::accounts_max < (1ULL << 31), "an account fits above instrument and side");

// Distinct, and never 0: one is added to what is in front.
std::uint64_t key_of(const UserRef& ref) noexcept {
  return (static_cast<std::uint64_t>(index_of(ref.session)) + 1) << 40 |
         static_cast<std::uint64_t>(ref.channel) << 32 | ref.number;
}

std::uint64_t key_of(const QuoteSide& quote) noexcept {
  return (static_cast<std::uint64_t>(index_of(quote.account)) + 1) << 33 |
         static_cast<std::uint64_t>(index_of(quote.instrument)) << 1 |
         static_cast<std::uint64_t>(quote.side);
}

}  // namespace

template <typename Name>
SlotIndex<Name>::SlotIndex(std::uint32_t orders_max, std::uint64_t seed, Arena& arena)
    : entry_(arena.take<Entry>(capacity_for(orders_max))),
      seed_(seed),
      mask_(capacity_for(orders_max) - 1) {}

template <typename Name>
std::size_t SlotIndex<Name>::memory_bytes(std::uint32_t orders_max) noexcept {
  return Arena::cost<Entry>(capacity_for(orders_max));
}

template <typename Name>
std::uint32_t SlotIndex<Name>::capacity_for(std::uint32_t orders_max) noexcept {
  return std::bit_ceil(orders_max * 2);
}

template <typename Name>
std::uint32_t SlotIndex<Name>::home_of(std::uint64_t key) const noexcept {
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(&key, sizeof key, seed_)) & mask_;
}

template <typename Name>
std::uint32_t SlotIndex<Name>::find(const Name& name) const noexcept {
  const std::uint64_t key = key_of(name);
  // Bounded: at most half of the entries are taken, so a free one ends every probe.
  for (std::uint32_t at = home_of(key);; at = (at + 1) & mask_) {
    if (entry_[at].key == key) return entry_[at].slot;
    if (entry_[at].key == 0) return not_found;
  }
}

template <typename Name>
void SlotIndex<Name>::insert(const Name& name, std::uint32_t slot) noexcept {
  const std::uint64_t key = key_of(name);
  std::uint32_t at = home_of(key);
  while (entry_[at].key != 0) {
    BASALT_ASSERT(entry_[at].key != key);
    at = (at + 1) & mask_;
  }
  entry_[at] = {key, slot, 0};
}

template <typename Name>
void SlotIndex<Name>::erase(const Name& name) noexcept {
  const std::uint64_t key = key_of(name);
  std::uint32_t hole = home_of(key);
  while (entry_[hole].key != key) {
    BASALT_ASSERT(entry_[hole].key != 0);
    hole = (hole + 1) & mask_;
  }
  // Close the hole: pull back each later entry of the run that may stand there (Knuth, TAOCP
  // vol. 3, 6.4, algorithm R), so that no tombstones pile up.
  for (std::uint32_t at = (hole + 1) & mask_; entry_[at].key != 0; at = (at + 1) & mask_) {
    const std::uint32_t home = home_of(entry_[at].key);
    if (((at - home) & mask_) >= ((at - hole) & mask_)) {
      entry_[hole] = entry_[at];
      hole = at;
    }
  }
  entry_[hole] = Entry{};
}

template class SlotIndex<UserRef>;
template class SlotIndex<QuoteSide>;

}  // namespace basalt::risk
