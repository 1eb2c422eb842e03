#include "engine/risk/external_ids.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>

#include "engine/assert.h"

namespace basalt::risk {
namespace {

constexpr ExternalId no_id{};

std::uint32_t capacity_for(std::uint32_t ids_max) noexcept {
  return std::bit_ceil(ids_max * 2);
}

}  // namespace

ExternalIds::ExternalIds(std::uint32_t ids_max, std::uint64_t seed, Arena& arena)
    : id_(arena.take<ExternalId>(capacity_for(ids_max))),
      seed_(seed),
      mask_(capacity_for(ids_max) - 1),
      ids_max_(ids_max) {}

std::size_t ExternalIds::memory_bytes(std::uint32_t ids_max) noexcept {
  return Arena::cost<ExternalId>(capacity_for(ids_max));
}

std::uint32_t ExternalIds::place_of(const ExternalId& id) const noexcept {
  auto at = static_cast<std::uint32_t>(XXH3_64bits_withSeed(&id, sizeof id, seed_)) & mask_;
  // Bounded: at most half of the places are taken.
  while (id_[at] != no_id && id_[at] != id) at = (at + 1) & mask_;
  return at;
}

bool ExternalIds::contains(const ExternalId& id) const noexcept {
  return id != no_id && id_[place_of(id)] == id;
}

void ExternalIds::add(const ExternalId& id) noexcept {
  if (id == no_id) return;
  BASALT_ASSERT(!full());
  const std::uint32_t at = place_of(id);
  BASALT_ASSERT(id_[at] == no_id);
  id_[at] = id;
  ++count_;
}

}  // namespace basalt::risk
