#include "engine/matching/expiries.h"

#include <algorithm>

#include "engine/assert.h"

namespace basalt::matching {
namespace {

constexpr std::uint32_t no_place = 0xFFFF'FFFF;

constexpr std::uint32_t parent_of(std::uint32_t place) noexcept {
  return (place - 1) / 2;
}

constexpr std::uint32_t slice_of(std::uint32_t entries_max, std::uint32_t slice_max) noexcept {
  return std::min(entries_max, slice_max);
}

}  // namespace

Expiries::Expiries(std::uint32_t entries_max, std::uint32_t slice_max, Arena& arena)
    : heap_(arena.take<Expiry>(entries_max)),
      place_(arena.take<std::uint32_t>(entries_max)),
      due_(arena.take<Expiry>(slice_of(entries_max, slice_max))) {
  BASALT_ASSERT(slice_max > 0);
  std::fill(place_.begin(), place_.end(), no_place);
}

std::size_t Expiries::memory_bytes(std::uint32_t entries_max, std::uint32_t slice_max) noexcept {
  return Arena::cost<Expiry>(entries_max) + Arena::cost<std::uint32_t>(entries_max) +
         Arena::cost<Expiry>(slice_of(entries_max, slice_max));
}

void Expiries::add(const Expiry& entry) noexcept {
  BASALT_ASSERT(size_ < heap_.size());
  BASALT_ASSERT(place_[entry.detail] == no_place);  // X2
  settle(size_++, entry);
}

void Expiries::remove(std::uint32_t detail) noexcept {
  if (place_[detail] != no_place) take_out(place_[detail]);
}

std::span<const Expiry> Expiries::take_due(Nanos now) noexcept {
  std::uint32_t count = 0;
  for (; count < due_.size() && any_due(now); ++count) {
    due_[count] = heap_[0];
    take_out(0);
  }
  if (any_due(now)) BASALT_REACHED("more orders expire than one tick tells");
  const std::span<Expiry> taken = due_.first(count);
  std::sort(taken.begin(), taken.end(), [](const Expiry& a, const Expiry& b) {
    return a.instrument != b.instrument ? a.instrument < b.instrument : a < b;
  });
  return taken;
}

void Expiries::put(std::uint32_t place, const Expiry& entry) noexcept {
  heap_[place] = entry;
  place_[entry.detail] = place;
}

// Puts an entry where `place` is free, and whatever stands wrong then to its own place.
void Expiries::settle(std::uint32_t place, const Expiry& entry) noexcept {
  for (; place > 0 && entry < heap_[parent_of(place)]; place = parent_of(place)) {
    put(place, heap_[parent_of(place)]);
  }
  while (true) {
    std::uint32_t child = 2 * place + 1;
    if (child + 1 < size_ && heap_[child + 1] < heap_[child]) ++child;
    if (child >= size_ || !(heap_[child] < entry)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, entry);
}

void Expiries::take_out(std::uint32_t place) noexcept {
  BASALT_ASSERT(place < size_);
  place_[heap_[place].detail] = no_place;
  const Expiry last = heap_[--size_];
  if (place < size_) settle(place, last);
}

void Expiries::assert_invariants() const {
  for (std::uint32_t place = 0; place < size_; ++place) {
    BASALT_ASSERT(place == 0 || !(heap_[place] < heap_[parent_of(place)]));  // X1
    BASALT_ASSERT(place_[heap_[place].detail] == place);                     // X2
  }
  const auto here = std::count_if(place_.begin(), place_.end(),
                                  [](std::uint32_t place) { return place != no_place; });
  BASALT_ASSERT(here == static_cast<std::ptrdiff_t>(size_));  // X2
}

}  // namespace basalt::matching
