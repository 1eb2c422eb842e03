#include "engine/matching/levels.h"

namespace basalt::matching {

LevelPool::LevelPool(std::uint32_t leaves_max, std::uint32_t inners_max, Arena& arena)
    : leaf_(arena.take<Leaf>(leaves_max)),
      inner_(arena.take<Inner>(inners_max)),
      free_leaf_(arena.take<std::uint32_t>(leaves_max)),
      free_inner_(arena.take<std::uint32_t>(inners_max)) {
  // Stacked so that the lowest numbers come out first.
  for (std::uint32_t i = leaves_max; i > 0; --i) give_leaf(i - 1);
  for (std::uint32_t i = inners_max; i > 0; --i) give_inner(i - 1);
}

std::uint32_t LevelPool::take_leaf() noexcept {
  BASALT_ASSERT(leaves_free_ > 0);
  const std::uint32_t number = free_leaf_[--leaves_free_];
  // Its levels are empty already: a leaf is only given back when its last level is dropped.
  BASALT_VERIFY(leaf_[number].occupied == 0);
  return number;
}

std::uint32_t LevelPool::take_inner() noexcept {
  BASALT_ASSERT(inners_free_ > 0);
  const std::uint32_t number = free_inner_[--inners_free_];
  BASALT_VERIFY(inner_[number].occupied == 0);
  return number;
}

}  // namespace basalt::matching
