// Bodies of levels.h.
#pragma once

#include "engine/matching/levels.h"

namespace basalt::matching {

template <Side side>
std::uint32_t Levels<side>::leaf_of(const LevelPool& pool, Price price) noexcept {
  const std::int64_t prefix = price.value >> bits;
  if (prefix == near_prefix_) [[likely]] {
    return near_leaf_;
  }
  std::uint32_t node = root_;
  for (std::uint32_t height = inner_depth; height > 0; --height) {
    BASALT_VERIFY((pool.inner(node).occupied >> index(price, height) & 1) != 0);  // L1
    node = pool.inner(node).child[index(price, height)];
  }
  near_prefix_ = prefix;
  near_leaf_ = node;
  return node;
}

template <Side side>
const Level* Levels<side>::find(const LevelPool& pool, Price price) const noexcept {
  if (root_ == none) return nullptr;
  std::uint32_t node = root_;
  for (std::uint32_t height = inner_depth; height > 0; --height) {
    const LevelPool::Inner& inner = pool.inner(node);
    if ((inner.occupied >> index(price, height) & 1) == 0) return nullptr;
    node = inner.child[index(price, height)];
  }
  const LevelPool::Leaf& leaf = pool.leaf(node);
  const std::uint32_t i = index(price, 0);
  return (leaf.occupied >> i & 1) == 0 ? nullptr : &leaf.level[i];
}

template <Side side>
Level& Levels<side>::make(LevelPool& pool, Price price) noexcept {
  const std::int64_t prefix = price.value >> bits;
  if (root_ == none) {
    root_ = pool.take_inner();
    best_ = price;
  } else if (!at_least_as_good(best_, price)) {
    best_ = price;
  }
  if (prefix != near_prefix_) {
    std::uint32_t node = root_;
    for (std::uint32_t height = inner_depth; height > 0; --height) {
      LevelPool::Inner& inner = pool.inner(node);
      const std::uint32_t i = index(price, height);
      if ((inner.occupied >> i & 1) == 0) {
        inner.child[i] = height == 1 ? pool.take_leaf() : pool.take_inner();
        inner.occupied |= std::uint64_t{1} << i;
      }
      node = inner.child[i];
    }
    near_prefix_ = prefix;
    near_leaf_ = node;
  }
  LevelPool::Leaf& leaf = pool.leaf(near_leaf_);
  const std::uint32_t i = index(price, 0);
  leaf.occupied |= std::uint64_t{1} << i;
  return leaf.level[i];
}

template <Side side>
void Levels<side>::drop(LevelPool& pool, Price price) noexcept {
  const std::uint32_t leaf_number = leaf_of(pool, price);
  LevelPool::Leaf& leaf = pool.leaf(leaf_number);
  BASALT_ASSERT(leaf.level[index(price, 0)].head == none);
  leaf.occupied &= ~(std::uint64_t{1} << index(price, 0));
  if (leaf.occupied != 0) [[likely]] {
    if (price == best_) best_.value = price.value >> bits << bits | best_bit(leaf.occupied);
    return;
  }
  // The leaf is empty: it goes, and with it every inner node that it leaves empty.
  BASALT_REACHED("a leaf of levels is given back");
  pool.give_leaf(leaf_number);
  near_prefix_ = -1;
  std::array<std::uint32_t, inner_depth + 1> path{};
  path[inner_depth] = root_;
  for (std::uint32_t height = inner_depth; height > 1; --height) {
    path[height - 1] = pool.inner(path[height]).child[index(price, height)];
  }
  for (std::uint32_t height = 1; height <= inner_depth; ++height) {
    LevelPool::Inner& inner = pool.inner(path[height]);
    inner.occupied &= ~(std::uint64_t{1} << index(price, height));
    if (inner.occupied != 0) {
      BASALT_REACHED("an inner node of levels loses a child and stays");
      break;
    }
    pool.give_inner(path[height]);
    if (height == inner_depth) {
      BASALT_REACHED("the last node of a side is given back");
      root_ = none;
    }
  }
  if (price == best_ && root_ != none) best_ = best_below(pool, root_, inner_depth, 0);
}

template <Side side>
Price Levels<side>::best_below(const LevelPool& pool, std::uint32_t node, std::uint32_t height,
                               std::int64_t prefix) noexcept {
  for (; height > 0; --height) {
    const LevelPool::Inner& inner = pool.inner(node);
    const std::uint32_t i = best_bit(inner.occupied);
    prefix = prefix << bits | i;
    node = inner.child[i];
  }
  return {prefix << bits | best_bit(pool.leaf(node).occupied)};
}

template <Side side>
Price Levels<side>::next_worse(const LevelPool& pool, Price price, Price fallback) const noexcept {
  if (root_ == none) return fallback;
  // Walk the price's path down; remember the lowest node where a worse branch leaves it.
  std::uint32_t node = root_;
  std::uint32_t branch_node = none;
  std::uint32_t branch_height = 0;
  for (std::uint32_t height = inner_depth; height > 0; --height) {
    const LevelPool::Inner& inner = pool.inner(node);
    const std::uint32_t i = index(price, height);
    if ((inner.occupied & worse_than(i)) != 0) {
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
    const std::uint64_t worse = pool.leaf(node).occupied & worse_than(index(price, 0));
    if (worse != 0) return {price.value >> bits << bits | best_bit(worse)};
  }
  if (branch_node == none) return fallback;
  BASALT_REACHED("the next level lies in another branch");
  const std::uint64_t worse =
      pool.inner(branch_node).occupied & worse_than(index(price, branch_height));
  const std::uint32_t i = best_bit(worse);
  const std::int64_t prefix = price.value >> (bits * (branch_height + 1)) << bits | i;
  return best_below(pool, pool.inner(branch_node).child[i], branch_height - 1, prefix);
}

}  // namespace basalt::matching
