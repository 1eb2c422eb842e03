#include "engine/matching/levels.h"

namespace basalt::matching {

const Level* Levels::find(const BookMemory& memory, Rank rank) const noexcept {
  if (root_ == none) return nullptr;
  std::uint32_t node = root_;
  for (std::uint32_t height = inner_depth; height > 0; --height) {
    const BookMemory::Inner& inner = memory.inner(node);
    if ((inner.occupied >> index(rank, height) & 1) == 0) return nullptr;
    node = inner.child[index(rank, height)];
  }
  const std::uint32_t i = index(rank, 0);
  if ((memory.occupied(node) >> i & 1) == 0) return nullptr;
  return &memory.level(BookMemory::leaf_levels * node + i);
}

// The leaf of a rank, hung in where it was not, or was only parked.
std::uint32_t Levels::make_leaf(BookMemory& memory, Rank rank) noexcept {
  const auto stretch = static_cast<std::uint32_t>(rank >> (2 * bits));
  const Near& near = near_[stretch % near_.size()];
  const std::uint32_t node = near.stretch == stretch ? near.inner : make_stretch(memory, rank);
  BookMemory::Inner& inner = memory.inner(node);
  const std::uint32_t i = index(rank, 1);
  std::uint32_t leaf = inner.child[i];
  if (leaf == none) {
    leaf = memory.take_leaf(node, i);
  } else if ((inner.occupied >> i & 1) == 0) {
    BASALT_REACHED("a parked leaf of levels is used again");
    memory.unpark(leaf);
  }
  inner.occupied |= std::uint64_t{1} << i;
  return leaf;
}

// The lowest inner node of a rank, with the path to it, made as far as it is not there.
std::uint32_t Levels::make_stretch(BookMemory& memory, Rank rank) noexcept {
  if (root_ == none) root_ = memory.take_inner();
  std::uint32_t node = root_;
  for (std::uint32_t height = inner_depth; height > 1; --height) {
    BookMemory::Inner& inner = memory.inner(node);
    const std::uint32_t i = index(rank, height);
    if ((inner.occupied >> i & 1) == 0) {
      inner.child[i] = memory.take_inner();
      inner.occupied |= std::uint64_t{1} << i;
    }
    node = inner.child[i];
  }
  const auto stretch = static_cast<std::uint32_t>(rank >> (2 * bits));
  near_[stretch % near_.size()] = {stretch, node};
  return node;
}

// The last level of a leaf has gone: the leaf is parked, or goes with the last of its stretch.
void Levels::drop_leaf(BookMemory& memory, Rank rank, std::uint32_t leaf) noexcept {
  const std::uint32_t node = memory.inner_of(leaf);
  BookMemory::Inner& inner = memory.inner(node);
  BASALT_VERIFY((inner.occupied >> index(rank, 1) & 1) != 0);  // L1
  inner.occupied &= ~(std::uint64_t{1} << index(rank, 1));
  if (inner.occupied == 0) {
    memory.give_leaf(leaf);
    return drop_stretch(memory, rank);
  }
  BASALT_REACHED("a leaf of levels is parked");
  memory.park(leaf);
  if (rank == best_) find_best(memory, node, 1, rank);
}

// The lowest inner node of a rank holds no order any more: it goes with its leaves, and with it
// every inner node left empty.
void Levels::drop_stretch(BookMemory& memory, Rank rank) noexcept {
  BASALT_REACHED("an inner node of levels is given back");
  std::array<std::uint32_t, inner_depth + 1> path{};
  path[inner_depth] = root_;
  for (std::uint32_t height = inner_depth; height > 1; --height) {
    BASALT_VERIFY((memory.inner(path[height]).occupied >> index(rank, height) & 1) != 0);  // L1
    path[height - 1] = memory.inner(path[height]).child[index(rank, height)];
  }
  BookMemory::Inner& lowest = memory.inner(path[1]);
  while (lowest.parked != 0) memory.give_leaf(lowest.child[highest(lowest.parked)]);
  const auto stretch = static_cast<std::uint32_t>(rank >> (2 * bits));
  Near& near = near_[stretch % near_.size()];
  if (near.stretch == stretch) near = {};  // L3
  memory.give_inner(path[1]);
  for (std::uint32_t height = 2; height <= inner_depth; ++height) {
    BookMemory::Inner& inner = memory.inner(path[height]);
    inner.occupied &= ~(std::uint64_t{1} << index(rank, height));
    inner.child[index(rank, height)] = none;
    if (inner.occupied != 0) {
      BASALT_REACHED("an inner node of levels loses a child and stays");
      if (rank == best_) find_best(memory, path[height], height, rank);
      return;
    }
    memory.give_inner(path[height]);
  }
  BASALT_REACHED("the last node of a side is given back");
  root_ = none;
  best_ = no_rank;
  best_level_ = none;
}

// The best of the side is the best below a node that lies on the path of `rank`.
void Levels::find_best(const BookMemory& memory, std::uint32_t node, std::uint32_t height,
                       Rank rank) noexcept {
  const Place place = best_below(memory, node, height, rank >> (bits * (height + 1)));
  best_ = place.rank;
  best_level_ = place.level;
}

// The best level below a node, which has some; `prefix` are the bits of its ranks above it.
Levels::Place Levels::best_below(const BookMemory& memory, std::uint32_t node, std::uint32_t height,
                                 Rank prefix) noexcept {
  for (; height > 0; --height) {
    const BookMemory::Inner& inner = memory.inner(node);
    const std::uint32_t i = highest(inner.occupied);
    prefix = prefix << bits | i;
    node = inner.child[i];
  }
  const std::uint32_t i = highest(memory.occupied(node));
  return {prefix << bits | i, BookMemory::leaf_levels * node + i};
}

Rank Levels::next_worse(const BookMemory& memory, Rank rank) const noexcept {
  if (root_ == none) return no_rank;
  // Walk the rank's path down; remember the lowest node where a lower branch leaves it.
  std::uint32_t node = root_;
  std::uint32_t branch_node = none;
  std::uint32_t branch_height = 0;
  for (std::uint32_t height = inner_depth; height > 0; --height) {
    const BookMemory::Inner& inner = memory.inner(node);
    const std::uint32_t i = index(rank, height);
    if ((inner.occupied & below(i)) != 0) {
      branch_node = node;
      branch_height = height;
    }
    if ((inner.occupied >> i & 1) == 0) {
      node = none;
      break;
    }
    node = inner.child[i];
  }
  if (node != none) {
    const std::uint64_t lower = memory.occupied(node) & below(index(rank, 0));
    if (lower != 0) return (rank & ~Rank{63}) | highest(lower);
  }
  if (branch_node == none) return no_rank;
  BASALT_REACHED("the next level lies in another branch");
  const BookMemory::Inner& branch = memory.inner(branch_node);
  const std::uint32_t i = highest(branch.occupied & below(index(rank, branch_height)));
  return best_below(memory, branch.child[i], branch_height - 1,
                    rank >> (bits * (branch_height + 1)) << bits | i)
      .rank;
}

}  // namespace basalt::matching
