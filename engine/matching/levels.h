// The price levels of one side of one book, best first.
//
//   rank (36 bits):  │ 6 │ 6 │ 6 │ 6 │ 6 │  6  │
//     heights of nodes  5   4   3   2   1  └ leaf: 64 levels side by side
//
// A side sees a price as its *rank*: the better, the higher. A bid's rank is its price, an ask's is
// the price counted down from the top. So both sides are one code, with the side as data and no
// branch on it, and "best" is the highest bit everywhere.
//
// The tree is a radix tree with a 64-bit occupancy word in every node: the best level is kept, the
// next is found by counting zeros, and a level is one load away from the inner node of its
// *stretch* of 4,096 ticks, which the side remembers for four of them. Every price that a venue may
// name has a place, so there is no window to move and no second structure for far prices. Nodes
// exist only where there are orders, and above stretches only where two paths part: a side whose
// orders lie within one stretch, as most do, has one inner node, and ten thousand quiet symbols
// none.
//
// Invariants
//   L1  A bit of a leaf is set exactly when its level holds at least one order, and one of an inner
//       node exactly when it has that child. Of the leaves of a stretch at least one has orders;
//       others may be parked (book_memory.h).
//   L2  best() and best_level() are the best level's while the side has orders; no_rank otherwise.
//   L3  What near_ remembers is in the tree.
//   L4  An inner node above stretches has two children or more. So the nodes are those that the
//       ranks need, in whatever order they came and went.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "engine/assert.h"
#include "engine/limits.h"
#include "engine/matching/book_memory.h"
#include "engine/types.h"

namespace basalt::matching {

using Rank = std::int64_t;
inline constexpr Rank no_rank = -1;  // Worse than any.

inline constexpr Rank rank_mask = (Rank{1} << 36) - 1;
static_assert(limits::price_max.value == rank_mask);

// Each is the other's inverse.
[[nodiscard]] constexpr Rank rank_of(Side side, Price price) noexcept {
  return price.value ^ (-static_cast<Rank>(side) & rank_mask);
}
[[nodiscard]] constexpr Price price_of(Side side, Rank rank) noexcept {
  return {rank ^ (-static_cast<Rank>(side) & rank_mask)};
}

// One cache line.
class alignas(cache_line_bytes) Levels {
 public:
  static constexpr std::uint32_t bits = 6;
  static constexpr std::uint32_t inners_wanted = 2;  // At most, to make a level.
  static_assert(rank_mask < Rank{1} << (bits * (BookMemory::height_max + 1)));

  [[nodiscard]] bool empty() const noexcept { return best_ == no_rank; }
  [[nodiscard]] Rank best() const noexcept { return best_; }
  [[nodiscard]] Link best_level() const noexcept { return best_level_; }

  // Over all orders of the side.
  [[nodiscard]] Quantity quantity() const noexcept { return quantity_; }
  void add(Quantity by) noexcept { quantity_ += by; }

  // The level of a rank, or nullptr.
  [[nodiscard]] const Level* find(const BookMemory& memory, Rank rank) const noexcept;

  // Are there orders in the leaf of a rank? Then make() takes no node while they are.
  [[nodiscard]] bool has_leaf(const BookMemory& memory, Rank rank) const noexcept;

  // The level of a rank, made when there is none. Needs memory.has_room(inners_wanted), or
  // has_leaf().
  [[nodiscard]] Link make(BookMemory& memory, Rank rank) noexcept {
    const std::uint32_t stretch = stretch_of(rank);
    const Near& near = near_[stretch % near_.size()];
    std::uint32_t leaf = none;
    if (near.stretch == stretch) [[likely]]
      leaf = memory.inner(near.inner).child[index(rank, 1)];
    if (leaf == none) [[unlikely]]
      leaf = make_leaf(memory, rank);
    memory.occupy(leaf, index(rank, 0));
    const Link level = BookMemory::leaf_levels * leaf + index(rank, 0);
    move_best(worse_than_best(rank), {rank, level});
    return level;
  }

  // An order has left the level of a rank: where it was the last, drops the level and finds the new
  // best.
  void leave(BookMemory& memory, Rank rank, Link level) noexcept {
    const bool empty = memory.level(level).links.next == level;
    const std::uint32_t leaf = level / BookMemory::leaf_levels;
    std::uint64_t& occupied = memory.occupied(leaf);
    occupied &= ~(std::uint64_t{empty} << index(rank, 0));
    if (occupied == 0) [[unlikely]]
      return drop_leaf(memory, rank, leaf);
    const std::uint64_t i = highest(occupied);
    move_best(worse_than_best(rank), {(rank & ~Rank{63}) | static_cast<Rank>(i),
                                      BookMemory::leaf_levels * leaf + static_cast<Link>(i)});
  }

  // The next rank below `rank` that has a level, or no_rank.
  [[nodiscard]] Rank next_worse(const BookMemory& memory, Rank rank) const noexcept;

 private:
  // A stretch used of late, and its inner node.
  struct Near {
    std::uint32_t stretch = none;
    std::uint32_t inner = none;
  };

  struct Place {
    Rank rank;
    Link level;
  };

  static constexpr std::uint32_t index(Rank rank, std::uint32_t height) noexcept {
    return static_cast<std::uint32_t>(rank >> (bits * height)) & 63U;
  }
  static std::uint64_t highest(std::uint64_t occupied) noexcept {
    return 63U ^ static_cast<std::uint64_t>(std::countl_zero(occupied));
  }
  static std::uint64_t below(std::uint64_t i) noexcept { return (std::uint64_t{1} << i) - 1; }
  static constexpr std::uint32_t stretch_of(Rank rank) noexcept {
    return static_cast<std::uint32_t>(rank >> (2 * bits));
  }
  static bool covers(const BookMemory::Inner& inner, Rank rank) noexcept {
    return (rank ^ inner.first) >> (bits * (inner.height + 1)) == 0;
  }
  // The lowest at which one node covers two ranks, of different stretches.
  static std::uint32_t height_of_both(Rank a, Rank b) noexcept {
    return (static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint64_t>(a ^ b))) - 1) /
           bits;
  }

  // All bits set, or none.
  [[nodiscard]] Rank worse_than_best(Rank rank) const noexcept { return (rank - best_) >> 63; }
  // To a place, but where all bits of `stays` are set. Nobody can foretell that, so no branch asks.
  void move_best(Rank stays, const Place& place) noexcept {
    best_ = place.rank ^ ((place.rank ^ best_) & stays);
    best_level_ = place.level ^ ((place.level ^ best_level_) & static_cast<Link>(stays));
  }
  [[nodiscard]] std::uint32_t leaf_of(const BookMemory& memory, Rank rank) const noexcept;
  [[gnu::noinline]] std::uint32_t make_leaf(BookMemory& memory, Rank rank) noexcept;
  [[nodiscard]] std::uint32_t make_stretch(BookMemory& memory, Rank rank) noexcept;
  [[gnu::noinline]] void drop_leaf(BookMemory& memory, Rank rank, std::uint32_t leaf) noexcept;
  void drop_stretch(BookMemory& memory, Rank rank) noexcept;
  void set_best(const Place& place) noexcept;
  [[nodiscard]] static Place best_below(const BookMemory& memory, std::uint32_t node) noexcept;
  // Of a stretch, and those of its leaves whose bits are set; no_rank where all of them are parked.
  [[nodiscard]] static Place best_of(const BookMemory& memory, const BookMemory::Inner& stretch,
                                     std::uint64_t leaves) noexcept;

  Rank best_ = no_rank;
  Link best_level_ = none;
  std::uint32_t root_ = none;
  Quantity quantity_;
  std::array<Near, 4> near_;
};
static_assert(sizeof(Levels) == cache_line_bytes);

}  // namespace basalt::matching
