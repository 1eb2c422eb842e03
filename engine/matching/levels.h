// The price levels of one side of one book, by price, best first.
//
//   price (36 bits):  │ 6 │ 6 │ 6 │ 6 │ 6 │  6  │
//                      └── inner nodes ───┘ └ leaf: 64 levels side by side
//
// A radix tree with a 64-bit occupancy word in every node: the best level is found by counting
// zeros from the root, any level by five loads, and a level near the one used last by none, since
// the leaf of the last lookup is remembered. Every price that a venue may name has a place, so
// there is no window to move and no second structure for far prices; nodes exist only where there
// are orders, so ten thousand quiet symbols cost ten thousand roots.
//
// Invariants
//   L1  A bit is set exactly when its child (or level) exists and holds at least one order.
//   L2  best_ is the best price whenever the side has orders.
//   L3  Nodes in use plus nodes free is the pool's size.
//
// Costs: leaf 1,088 bytes, inner node 264 bytes, both from pools shared by a shard's books.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/assert.h"
#include "engine/limits.h"
#include "engine/types.h"

namespace basalt::matching {

inline constexpr std::uint32_t none = 0xFFFF'FFFF;

// Orders at one price, oldest at the head. Quantity is the sum over them.
struct Level {
  std::uint32_t head = none;
  std::uint32_t tail = none;
  Quantity quantity;
};

// Fixed storage for the nodes of all books of one shard.
class LevelPool {
 public:
  // On whole cache lines, so that no level lies across two.
  struct alignas(cache_line_bytes) Leaf {
    std::array<Level, 64> level;
    std::uint64_t occupied = 0;
  };
  struct Inner {
    std::uint64_t occupied = 0;
    std::array<std::uint32_t, 64> child{};
  };
  static_assert(sizeof(Leaf) == 1'088 && sizeof(Inner) == 264);

  LevelPool(std::uint32_t leaves_max, std::uint32_t inners_max, Arena& arena);

  static constexpr std::size_t memory_bytes(std::uint32_t leaves, std::uint32_t inners) noexcept {
    return Arena::cost<Leaf>(leaves) + Arena::cost<Inner>(inners) +
           Arena::cost<std::uint32_t>(leaves) + Arena::cost<std::uint32_t>(inners);
  }

  // Is there room for a price that needs a whole new path on each side of a book?
  [[nodiscard]] bool has_room(std::uint32_t inners_wanted) const noexcept {
    return leaves_free_ >= 1 && inners_free_ >= inners_wanted;
  }

  // Each fresh node is empty. The caller has looked for room before.
  [[nodiscard]] std::uint32_t take_leaf() noexcept;
  [[nodiscard]] std::uint32_t take_inner() noexcept;
  void give_leaf(std::uint32_t leaf) noexcept { free_leaf_[leaves_free_++] = leaf; }
  void give_inner(std::uint32_t inner) noexcept { free_inner_[inners_free_++] = inner; }

  [[nodiscard]] Leaf& leaf(std::uint32_t number) noexcept { return leaf_[number]; }
  [[nodiscard]] Inner& inner(std::uint32_t number) noexcept { return inner_[number]; }
  [[nodiscard]] const Leaf& leaf(std::uint32_t number) const noexcept { return leaf_[number]; }
  [[nodiscard]] const Inner& inner(std::uint32_t number) const noexcept { return inner_[number]; }

  [[nodiscard]] std::uint32_t leaves_in_use() const noexcept {
    return static_cast<std::uint32_t>(leaf_.size()) - leaves_free_;
  }
  [[nodiscard]] std::uint32_t inners_in_use() const noexcept {
    return static_cast<std::uint32_t>(inner_.size()) - inners_free_;
  }

 private:
  std::span<Leaf> leaf_;
  std::span<Inner> inner_;
  std::span<std::uint32_t> free_leaf_;  // Stacks: the node given back last is still in cache.
  std::span<std::uint32_t> free_inner_;
  std::uint32_t leaves_free_ = 0;
  std::uint32_t inners_free_ = 0;
};

// `side` decides only which end is best.
template <Side side>
class Levels {
 public:
  static constexpr std::uint32_t bits = 6;
  static constexpr std::uint32_t inner_depth = 5;  // Inner nodes on a path, the root included.
  static_assert(limits::price_max.value < (std::int64_t{1} << (bits * (inner_depth + 1))));

  [[nodiscard]] bool empty() const noexcept { return root_ == none; }

  // The best price. The side is not empty.
  [[nodiscard]] Price best() const noexcept { return best_; }

  // Is a better or the same as b, on this side?
  [[nodiscard]] static constexpr bool at_least_as_good(Price a, Price b) noexcept {
    return side == Side::buy ? a >= b : a <= b;
  }

  // The level at a price that has one.
  [[nodiscard]] Level& at(LevelPool& pool, Price price) noexcept {
    return pool.leaf(leaf_of(pool, price)).level[index(price, 0)];
  }
  // The level at a price that may have none.
  [[nodiscard]] const Level* find(const LevelPool& pool, Price price) const noexcept;

  // The level at a price, made when there is none. Needs pool.has_room(inner_depth).
  [[nodiscard]] Level& make(LevelPool& pool, Price price) noexcept;

  // Drops the level at a price, which holds no order any more, and finds the new best.
  void drop(LevelPool& pool, Price price) noexcept;

  // The next price that is worse than `price`, or `fallback` when there is none.
  [[nodiscard]] Price next_worse(const LevelPool& pool, Price price, Price fallback) const noexcept;

 private:
  static constexpr std::uint32_t index(Price price, std::uint32_t height) noexcept {
    return static_cast<std::uint32_t>(price.value >> (bits * height)) & 63U;
  }
  // The best bit of an occupancy word that is not zero: the highest for bids, the lowest for asks.
  static std::uint32_t best_bit(std::uint64_t occupied) noexcept {
    return static_cast<std::uint32_t>(side == Side::buy ? 63 - std::countl_zero(occupied)
                                                        : std::countr_zero(occupied));
  }
  // The bits that are worse than bit `i`.
  static std::uint64_t worse_than(std::uint32_t i) noexcept {
    return side == Side::buy ? (std::uint64_t{1} << i) - 1 : ~std::uint64_t{1} << i;
  }

  [[nodiscard]] std::uint32_t leaf_of(const LevelPool& pool, Price price) noexcept;
  [[nodiscard]] static Price best_below(const LevelPool& pool, std::uint32_t node,
                                        std::uint32_t height, std::int64_t prefix) noexcept;

  std::uint32_t root_ = none;       // Of height inner_depth.
  std::uint32_t near_leaf_ = none;  // The leaf of the last lookup,
  std::int64_t near_prefix_ = -1;   //   and its price >> bits.
  Price best_;
};

}  // namespace basalt::matching

#include "engine/matching/levels-inl.h"
