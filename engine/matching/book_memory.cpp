#include "engine/matching/book_memory.h"

#include <new>

namespace basalt::matching {
namespace {

constexpr std::size_t units(std::uint32_t orders, std::uint32_t leaves) noexcept {
  return std::size_t{BookMemory::leaf_levels} * leaves + std::size_t{2} * orders;
}

// Makes `count` objects in raw units, and returns the first.
template <typename T, typename Make>
T* make_all(std::byte* at, std::size_t count, Make make) {
  for (std::size_t i = 0; i < count; ++i) new (at + i * sizeof(T)) T(make(i));
  return std::launder(reinterpret_cast<T*>(at));
}

}  // namespace

BookMemory::BookMemory(const BookLimits& limits, Arena& arena)
    : units_(arena.take<Unit>(units(limits.orders_max, limits.leaves_max)).data()->bytes.data()),
      levels_(make_all<Level>(units_, std::size_t{leaf_levels} * limits.leaves_max,
                              [](std::size_t i) {
                                const auto self = static_cast<Link>(i);
                                return Level{{self, self}, {}};
                              })),
      first_order_(leaf_levels * limits.leaves_max),
      orders_(make_all<RestingOrder>(units_ + link_bytes * first_order_, limits.orders_max,
                                     [](std::size_t) { return RestingOrder{}; })),
      executed_(arena.take<Quantity>(limits.orders_max)),
      leaf_(arena.take<Leaf>(limits.leaves_max)),
      inner_(arena.take<Inner>(limits.inners_max)),
      free_leaf_(arena.take<std::uint32_t>(limits.leaves_max)),
      free_inner_(arena.take<std::uint32_t>(limits.inners_max)),
      detail_of_(arena.take<std::uint32_t>(limits.orders_max)),
      details_(arena.take<Details>(limits.instructed_max)),
      free_detail_(arena.take<std::uint32_t>(limits.instructed_max)),
      parts_max_(limits.parts_max()),
      to_cancel_(arena.take<OrderId>(std::size_t{limits.instructed_max} + 1)),
      guards_(limits.instructed_max, arena),
      expiries_(limits.instructed_max, limits.expiries_max, arena),
      firm_(arena.take<FirmId>(limits.accounts_max)),
      indicative_interval_(limits.indicative_interval) {
  BASALT_ASSERT(units(limits.orders_max, limits.leaves_max) < none);
  BASALT_ASSERT(limits.inners_max <= none / leaf_levels);
  std::fill(firm_.begin(), firm_.end(), no_firm);
  parked_.fill(none);
  // Stacked so that the lowest numbers come out first.
  for (std::uint32_t i = limits.leaves_max; i > 0; --i) free_leaf_[leaves_free_++] = i - 1;
  leaves_allowed_ = leaves_free_;
  leaves_room_ = static_cast<std::int32_t>(leaves_free_);
  for (std::uint32_t i = limits.inners_max; i > 0; --i) give_inner(i - 1);
  for (std::uint32_t i = limits.instructed_max; i > 0; --i) free_detail_[details_free_++] = i - 1;
}

std::size_t BookMemory::memory_bytes(const BookLimits& limits) noexcept {
  return Arena::cost<Unit>(units(limits.orders_max, limits.leaves_max)) +
         Arena::cost<Quantity>(limits.orders_max) + Arena::cost<Leaf>(limits.leaves_max) +
         Arena::cost<Inner>(limits.inners_max) + Arena::cost<std::uint32_t>(limits.leaves_max) +
         Arena::cost<std::uint32_t>(limits.inners_max) +
         Arena::cost<std::uint32_t>(limits.orders_max) +
         Arena::cost<Details>(limits.instructed_max) +
         Arena::cost<std::uint32_t>(limits.instructed_max) +
         Arena::cost<OrderId>(std::size_t{limits.instructed_max} + 1) +
         Guards::memory_bytes(limits.instructed_max) +
         Expiries::memory_bytes(limits.instructed_max, limits.expiries_max) +
         Arena::cost<FirmId>(limits.accounts_max);
}

void BookMemory::pair(OrderId own, OrderId other, InstrumentId instrument) noexcept {
  BASALT_ASSERT(is_live(own) && is_live(other));  // M5
  const std::uint32_t other_slot = slot_of(other);
  if (needs_details(other)) {
    Details details_of_other{};
    details_of_other.instrument = instrument;
    take_details(other_slot, details_of_other);
    orders_[other_slot].mark_instructed();
  }
  BASALT_ASSERT(details(slot_of(own)).partner == no_order);
  BASALT_ASSERT(details(other_slot).partner == no_order);
  details(slot_of(own)).partner = other;
  details(slot_of(own)).executed = executed(slot_of(own));
  details(other_slot).partner = own;
  details(other_slot).executed = executed(other_slot);
  paired_ += 2;
}

void BookMemory::unpair(std::uint32_t slot) noexcept {
  const OrderId other = std::exchange(details(slot).partner, no_order);
  details(slot_of(other)).partner = no_order;  // M5
  paired_ -= 2;
}

std::uint32_t BookMemory::take_leaf(std::uint32_t inner, std::uint32_t index) noexcept {
  if (leaves_free_ == 0) {
    BASALT_REACHED("a parked leaf of levels is taken for another place");
    std::uint32_t parked = none;
    for (std::uint32_t looked = 0; parked == none || !is_parked(parked); ++looked) {
      BASALT_ASSERT(looked < parked_max);  // M4
      parked = std::exchange(parked_[parked_first_++ % parked_max], none);
    }
    give_leaf(parked);
  }
  const std::uint32_t number = free_leaf_[--leaves_free_];
  // Its levels are empty already: a leaf is only given back when its last level is dropped.
  BASALT_VERIFY(leaf_[number].occupied == 0);
  BASALT_VERIFY(inner_[inner].child[index] == none);
  inner_[inner].child[index] = number;
  inner_[inner].occupied |= std::uint64_t{1} << index;
  leaf_[number].place = leaf_levels * inner + index;
  return number;
}

void BookMemory::give_leaf(std::uint32_t leaf) noexcept {
  BASALT_VERIFY(is_parked(leaf));
  const std::uint32_t index = leaf_[leaf].place % leaf_levels;
  Inner& inner = inner_[inner_of(leaf)];
  inner.child[index] = none;
  inner.occupied &= ~(std::uint64_t{1} << index);
  leaf_[leaf].place = none;
  free_leaf_[leaves_free_++] = leaf;
}

void BookMemory::park(std::uint32_t leaf) noexcept {
  BASALT_VERIFY(is_parked(leaf));
  ++leaves_room_;
  std::uint32_t& ticket = leaf_[leaf].ticket;
  if (parked_[ticket] == leaf) return;
  ticket = parked_first_++ % parked_max;
  const std::uint32_t first = std::exchange(parked_[ticket], leaf);
  if (first == none || !is_parked(first)) return;
  BASALT_REACHED("the leaf of levels parked longest is given back");
  give_leaf(first);
}

std::uint32_t BookMemory::take_inner(std::uint32_t height, std::int64_t rank) noexcept {
  BASALT_ASSERT(inners_free_ > 0);
  const std::uint32_t number = free_inner_[--inners_free_];
  --inners_room_;
  Inner& inner = inner_[number];
  BASALT_VERIFY(inner.occupied == 0);
  inner.height = height;
  inner.first = rank >> 6 * (height + 1) << 6 * (height + 1);
  return number;
}

}  // namespace basalt::matching
