#include "engine/matching/levels.h"

#include <utility>

namespace basalt::matching {

// Or none.
std::uint32_t Levels::leaf_of(const BookMemory& memory, Rank rank) const noexcept {
  std::uint32_t node = root_;
  while (node != none) {
    const BookMemory::Inner& inner = memory.inner(node);
    if (!covers(inner, rank)) return none;
    node = inner.child[index(rank, inner.height)];
    if (inner.height == 1) return node;
  }
  return none;
}

const Level* Levels::find(const BookMemory& memory, Rank rank) const noexcept {
  const std::uint32_t leaf = leaf_of(memory, rank);
  if (leaf == none || (memory.occupied(leaf) >> index(rank, 0) & 1) == 0) return nullptr;
  return &memory.level(BookMemory::leaf_levels * leaf + index(rank, 0));
}

bool Levels::has_leaf(const BookMemory& memory, Rank rank) const noexcept {
  const std::uint32_t leaf = leaf_of(memory, rank);
  return leaf != none && memory.occupied(leaf) != 0;
}

// The leaf of a rank, hung in where it was not.
std::uint32_t Levels::make_leaf(BookMemory& memory, Rank rank) noexcept {
  const std::uint32_t stretch = stretch_of(rank);
  Near& near = near_[stretch % near_.size()];
  if (near.stretch != stretch) near = {stretch, make_stretch(memory, rank)};
  const std::uint32_t node = near.inner;
  const BookMemory::Inner& inner = memory.inner(node);
  const std::uint32_t i = index(rank, 1);
  return inner.child[i] == none ? memory.take_leaf(node, i) : inner.child[i];
}

// The inner node of a rank's stretch, hung in where it was not: below a node that covers it or,
// with a new one that covers both, beside a node that does not.
std::uint32_t Levels::make_stretch(BookMemory& memory, Rank rank) noexcept {
  std::uint32_t* place = &root_;
  while (*place != none) {
    BookMemory::Inner& inner = memory.inner(*place);
    if (!covers(inner, rank)) break;
    if (inner.height == 1) return *place;
    inner.occupied |= std::uint64_t{1} << index(rank, inner.height);
    place = &inner.child[index(rank, inner.height)];
  }
  const std::uint32_t made = memory.take_inner(1, rank);
  if (*place == none) {
    *place = made;
    return made;
  }
  BASALT_REACHED("an inner node of levels is put above two others");
  const Rank other = memory.inner(*place).first;
  const std::uint32_t height = height_of_both(rank, other);
  const std::uint32_t branch = memory.take_inner(height, rank);
  BookMemory::Inner& inner = memory.inner(branch);
  inner.child[index(other, height)] = *place;
  inner.child[index(rank, height)] = made;
  inner.occupied = std::uint64_t{1} << index(other, height) | std::uint64_t{1}
                                                                  << index(rank, height);
  *place = branch;
  return made;
}

// The last level of a leaf has gone: the leaf is parked, or goes with all others of its stretch,
// where these are parked too.
void Levels::drop_leaf(BookMemory& memory, Rank rank, std::uint32_t leaf) noexcept {
  const BookMemory::Inner& stretch = memory.inner(memory.inner_of(leaf));
  memory.park(leaf);
  if (rank != best_ && stretch_of(rank) == stretch_of(best_)) return;
  // Of those better than the best all are parked.
  const std::uint64_t behind = rank == best_ ? below(index(rank, 1)) : ~std::uint64_t{0};
  const Place place = best_of(memory, stretch, stretch.occupied & behind);
  if (place.rank == no_rank) return drop_stretch(memory, rank);
  BASALT_REACHED("a leaf of levels is parked");
  if (rank == best_) set_best(place);
}

// The stretch of a rank holds no order any more: its node goes with its leaves, and so does the one
// above it, where that has only one other child, which takes its place (L4).
void Levels::drop_stretch(BookMemory& memory, Rank rank) noexcept {
  BASALT_REACHED("an inner node of levels is given back");
  std::uint32_t* above = nullptr;
  std::uint32_t* place = &root_;
  while (memory.inner(*place).height > 1) {
    BookMemory::Inner& inner = memory.inner(*place);
    BASALT_VERIFY((inner.occupied >> index(rank, inner.height) & 1) != 0);  // L1
    above = place;
    place = &inner.child[index(rank, inner.height)];
  }
  const BookMemory::Inner& lowest = memory.inner(*place);
  while (lowest.occupied != 0) memory.give_leaf(lowest.child[highest(lowest.occupied)]);
  Near& near = near_[stretch_of(rank) % near_.size()];
  if (near.stretch == stretch_of(rank)) near = {};  // L3
  memory.give_inner(*place);
  *place = none;
  if (above == nullptr) {
    BASALT_REACHED("the last node of a side is given back");
    return set_best({no_rank, none});
  }
  BookMemory::Inner& inner = memory.inner(*above);
  inner.occupied &= ~(std::uint64_t{1} << index(rank, inner.height));
  if (std::has_single_bit(inner.occupied)) {
    BASALT_REACHED("an inner node of levels gives its place to its only child");
    std::uint32_t& only = inner.child[highest(inner.occupied)];
    inner.occupied = 0;
    memory.give_inner(*above);
    *above = std::exchange(only, none);
  } else {
    BASALT_REACHED("an inner node of levels loses a child and stays");
  }
  if (rank == best_) set_best(best_below(memory, *above));
}

void Levels::set_best(const Place& place) noexcept {
  best_ = place.rank;
  best_level_ = place.level;
}

// The best level below a node, which has some.
Levels::Place Levels::best_below(const BookMemory& memory, std::uint32_t node) noexcept {
  while (true) {
    const BookMemory::Inner& inner = memory.inner(node);
    if (inner.height == 1) return best_of(memory, inner, inner.occupied);
    node = inner.child[highest(inner.occupied)];
  }
}

Levels::Place Levels::best_of(const BookMemory& memory, const BookMemory::Inner& stretch,
                              std::uint64_t leaves) noexcept {
  for (; leaves != 0; leaves &= below(highest(leaves))) {
    const std::uint64_t i = highest(leaves);
    const std::uint32_t leaf = stretch.child[i];
    const std::uint64_t occupied = memory.occupied(leaf);
    if (occupied == 0) continue;
    const std::uint64_t level = highest(occupied);
    return {stretch.first | static_cast<Rank>(i << bits | level),
            BookMemory::leaf_levels * leaf + static_cast<Link>(level)};
  }
  return {no_rank, none};
}

Rank Levels::next_worse(const BookMemory& memory, Rank rank) const noexcept {
  // Walk the rank's path down; remember the lowest node where a lower branch leaves it.
  std::uint32_t node = root_;
  const BookMemory::Inner* branch = nullptr;
  while (node != none) {
    const BookMemory::Inner& inner = memory.inner(node);
    if (!covers(inner, rank)) {
      if (inner.first < rank) return best_below(memory, node).rank;
      break;
    }
    const std::uint32_t i = index(rank, inner.height);
    if (inner.height == 1) {
      const bool hangs = (inner.occupied >> i & 1) != 0;
      const std::uint64_t lower =
          hangs ? memory.occupied(inner.child[i]) & below(index(rank, 0)) : 0;
      if (lower != 0) return (rank & ~Rank{63}) | static_cast<Rank>(highest(lower));
      const Rank next = best_of(memory, inner, inner.occupied & below(i)).rank;
      if (next != no_rank) return next;
      break;
    }
    if ((inner.occupied & below(i)) != 0) branch = &inner;
    if ((inner.occupied >> i & 1) == 0) break;
    node = inner.child[i];
  }
  if (branch == nullptr) return no_rank;
  BASALT_REACHED("the next level lies in another branch");
  const std::uint64_t i = highest(branch->occupied & below(index(rank, branch->height)));
  return best_below(memory, branch->child[i]).rank;
}

}  // namespace basalt::matching
