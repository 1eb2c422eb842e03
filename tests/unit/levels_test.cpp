// The price levels of one side: what exists, what is best, what comes next, and what it costs.
#include "engine/matching/levels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace basalt::matching {
namespace {

constexpr Rank cap = rank_mask;

struct Nodes {
  explicit Nodes(std::uint32_t leaves = 64, std::uint32_t inners = 256)
      : arena(BookMemory::memory_bytes({1, leaves, inners})), memory({1, leaves, inners}, arena) {}

  Arena arena;
  BookMemory memory;
};

// A level exists while an order is linked to it: here, the one of slot 0, which each level may
// name since none of them is ever walked.
void add(Levels& levels, BookMemory& memory, Rank rank) {
  memory.level(levels.make(memory, rank)).links = {memory.link_of(0), memory.link_of(0)};
}
Link place_of(const Levels& levels, const BookMemory& memory, Rank rank) {
  return static_cast<Link>(levels.find(memory, rank) - &memory.level(0));
}
void remove(Levels& levels, BookMemory& memory, Rank rank) {
  const Link place = place_of(levels, memory, rank);
  memory.level(place) = {{place, place}, {}};
  levels.leave(memory, rank, place);
}

TEST(Levels, a_rank_is_a_bid_s_price_and_counts_an_ask_s_down) {
  EXPECT_EQ(rank_of(Side::buy, Price{100}), 100);
  EXPECT_GT(rank_of(Side::sell, Price{100}), rank_of(Side::sell, Price{101}));
  for (const Side side : {Side::buy, Side::sell}) {
    for (const Price price : {Price{1}, Price{100}, limits::price_max}) {
      EXPECT_EQ(price_of(side, rank_of(side, price)), price);
      EXPECT_GE(rank_of(side, price), 0);
    }
  }
}

TEST(Levels, a_new_side_is_empty_and_has_no_nodes) {
  Nodes nodes;
  Levels bids;
  EXPECT_TRUE(bids.empty());
  EXPECT_EQ(bids.find(nodes.memory, 1), nullptr);
  EXPECT_EQ(bids.next_worse(nodes.memory, 1), no_rank);
  EXPECT_EQ(nodes.memory.leaves_in_use(), 0u);
  EXPECT_EQ(nodes.memory.inners_in_use(), 0u);
}

TEST(Levels, the_best_bid_is_the_highest_and_the_best_ask_the_lowest) {
  Nodes nodes;
  Levels bids;
  Levels asks;
  for (const std::int64_t price : {std::int64_t{100}, std::int64_t{1}, cap, std::int64_t{64}}) {
    add(bids, nodes.memory, rank_of(Side::buy, Price{price}));
    add(asks, nodes.memory, rank_of(Side::sell, Price{price}));
  }
  EXPECT_EQ(price_of(Side::buy, bids.best()), Price{cap});
  EXPECT_EQ(price_of(Side::sell, asks.best()), Price{1});
}

TEST(Levels, dropping_the_best_finds_the_next_in_its_leaf_and_beyond) {
  Nodes nodes;
  Levels side;
  constexpr std::array<Rank, 5> ranks{cap, cap - 1, cap - 64, cap - 4096, 10};
  for (const Rank rank : ranks) add(side, nodes.memory, rank);
  for (std::size_t i = 1; i < ranks.size(); ++i) {
    remove(side, nodes.memory, side.best());
    EXPECT_EQ(side.best(), ranks[i]);
    EXPECT_EQ(side.best_level(), place_of(side, nodes.memory, ranks[i]));
  }
  remove(side, nodes.memory, 10);
  EXPECT_TRUE(side.empty());
}

TEST(Levels, dropping_another_leaves_the_best) {
  Nodes nodes;
  Levels bids;
  for (const Rank rank : {Rank{10}, Rank{9}, Rank{1'000'000}}) add(bids, nodes.memory, rank);
  remove(bids, nodes.memory, 9);
  remove(bids, nodes.memory, 10);
  EXPECT_EQ(bids.best(), 1'000'000);
}

TEST(Levels, a_better_price_after_an_empty_side_is_the_best) {
  Nodes nodes;
  Levels asks;
  add(asks, nodes.memory, 5);
  remove(asks, nodes.memory, 5);
  add(asks, nodes.memory, 500);
  EXPECT_EQ(asks.best(), 500);
}

TEST(Levels, next_worse_needs_no_level_at_the_price_it_starts_from) {
  Nodes nodes;
  Levels bids;
  add(bids, nodes.memory, 7);
  add(bids, nodes.memory, 1 << 20);
  EXPECT_EQ(bids.next_worse(nodes.memory, cap), 1 << 20);
  EXPECT_EQ(bids.next_worse(nodes.memory, 1 << 20), 7);
  EXPECT_EQ(bids.next_worse(nodes.memory, 8), 7);
  EXPECT_EQ(bids.next_worse(nodes.memory, 7), no_rank);
}

TEST(Levels, a_lone_price_takes_two_nodes_and_gives_them_back) {
  for (const Rank rank : {Rank{1}, Rank{63}, Rank{64}, Rank{4095}, cap}) {
    Nodes nodes(1, 1);
    Levels bids;
    ASSERT_TRUE(nodes.memory.has_room(1));
    add(bids, nodes.memory, rank);
    EXPECT_FALSE(nodes.memory.has_room(0));
    EXPECT_EQ(nodes.memory.leaves_in_use(), 1u);
    EXPECT_EQ(nodes.memory.inners_in_use(), 1u);
    remove(bids, nodes.memory, rank);
    EXPECT_TRUE(nodes.memory.has_room(1));
  }
}

TEST(Levels, one_node_above_two_stretches_however_far_apart) {
  for (const Rank other : {Rank{4096}, Rank{1} << 18, Rank{1} << 24, Rank{1} << 30, cap}) {
    Nodes nodes;
    Levels bids;
    add(bids, nodes.memory, 1);
    add(bids, nodes.memory, other);
    EXPECT_EQ(nodes.memory.inners_in_use(), 3u);
    EXPECT_EQ(bids.next_worse(nodes.memory, other), 1);
    EXPECT_EQ(bids.next_worse(nodes.memory, other - 1), 1);
    EXPECT_EQ(bids.next_worse(nodes.memory, cap), other == cap ? 1 : other);
    EXPECT_EQ(bids.find(nodes.memory, other / 2), nullptr);
    remove(bids, nodes.memory, other);
    EXPECT_EQ(nodes.memory.inners_in_use(), 1u);
    EXPECT_EQ(bids.best(), 1);
  }
}

TEST(Levels, a_third_stretch_hangs_below_or_above_what_joins_two) {
  for (const Rank third : {Rank{8192}, Rank{1} << 12, Rank{1} << 17, Rank{1} << 24, cap}) {
    Nodes nodes;
    Levels bids;
    for (const Rank rank : {Rank{1}, Rank{1} << 18}) add(bids, nodes.memory, rank);
    add(bids, nodes.memory, third);
    EXPECT_EQ(nodes.memory.inners_in_use(), 5u);
    remove(bids, nodes.memory, 1);
    EXPECT_EQ(nodes.memory.inners_in_use(), 3u);
    EXPECT_EQ(bids.best(), std::max(third, Rank{1} << 18));
    EXPECT_EQ(bids.next_worse(nodes.memory, bids.best()), std::min(third, Rank{1} << 18));
  }
}

TEST(Levels, sixty_four_neighbours_share_one_leaf) {
  Nodes nodes;
  Levels asks;
  for (Rank rank = 128; rank < 192; ++rank) add(asks, nodes.memory, rank);
  EXPECT_EQ(nodes.memory.leaves_in_use(), 1u);
  add(asks, nodes.memory, 192);
  EXPECT_EQ(nodes.memory.leaves_in_use(), 2u);
}

TEST(Levels, a_leaf_left_empty_takes_no_room_and_serves_again) {
  Nodes nodes(2, 1);
  Levels bids;
  add(bids, nodes.memory, 1);
  add(bids, nodes.memory, 64);
  const Link place = place_of(bids, nodes.memory, 64);
  EXPECT_FALSE(nodes.memory.has_room(0));
  remove(bids, nodes.memory, 64);
  EXPECT_EQ(nodes.memory.leaves_in_use(), 1u);
  EXPECT_TRUE(nodes.memory.has_room(0));
  EXPECT_EQ(bids.best(), 1);
  EXPECT_EQ(bids.find(nodes.memory, 64), nullptr);
  EXPECT_EQ(bids.next_worse(nodes.memory, cap), 1);
  add(bids, nodes.memory, 64);
  EXPECT_EQ(place_of(bids, nodes.memory, 64), place);
  EXPECT_EQ(nodes.memory.leaves_in_use(), 2u);
  EXPECT_FALSE(nodes.memory.has_room(0));
}

TEST(Levels, the_leaf_left_empty_longest_serves_another_place_when_none_is_free) {
  Nodes nodes(3, 2);
  Levels bids;
  Levels other;
  for (const Rank rank : {Rank{1}, Rank{64}, Rank{128}}) add(bids, nodes.memory, rank);
  const Link place = place_of(bids, nodes.memory, 128);
  remove(bids, nodes.memory, 128);
  remove(bids, nodes.memory, 64);
  add(other, nodes.memory, 128);
  EXPECT_EQ(place_of(other, nodes.memory, 128), place);
  EXPECT_EQ(bids.find(nodes.memory, 128), nullptr);
  add(bids, nodes.memory, 128);  // The other that was left empty.
  EXPECT_EQ(bids.best(), 128);
  EXPECT_EQ(bids.next_worse(nodes.memory, 128), 1);
  EXPECT_FALSE(nodes.memory.has_room(0));
  for (const Rank rank : {Rank{1}, Rank{128}}) remove(bids, nodes.memory, rank);
  remove(other, nodes.memory, 128);
  EXPECT_EQ(nodes.memory.leaves_in_use(), 0u);
  EXPECT_EQ(nodes.memory.inners_in_use(), 0u);
}

TEST(Levels, room_is_what_was_said_and_not_what_there_is_memory_for) {
  Nodes nodes(8, 4);
  Levels bids;
  nodes.memory.set_room(1, 1, 0);
  ASSERT_TRUE(nodes.memory.has_room(1));
  add(bids, nodes.memory, 1);
  EXPECT_FALSE(nodes.memory.has_room(0));
  nodes.memory.set_room(3, 3, 0);
  EXPECT_TRUE(nodes.memory.has_room(2));
  EXPECT_FALSE(nodes.memory.has_room(3));
  for (const Rank rank : {Rank{64}, Rank{128}}) add(bids, nodes.memory, rank);
  EXPECT_FALSE(nodes.memory.has_room(0));
  remove(bids, nodes.memory, 64);  // Parked.
  EXPECT_TRUE(nodes.memory.has_room(0));
}

TEST(Levels, two_sides_of_two_books_share_a_pool_and_no_rank_else) {
  Nodes nodes;
  Levels bids;
  Levels asks;
  Levels other;
  for (Rank rank = 60; rank < 70; ++rank) {
    add(bids, nodes.memory, rank);
    add(asks, nodes.memory, rank);
    nodes.memory.level(place_of(bids, nodes.memory, rank)).quantity = Quantity{rank};
  }
  EXPECT_EQ(asks.find(nodes.memory, 65)->quantity, Quantity{0});
  EXPECT_EQ(other.find(nodes.memory, 65), nullptr);
  for (Rank rank = 60; rank < 70; ++rank) remove(asks, nodes.memory, rank);
  EXPECT_EQ(bids.best(), 69);
  EXPECT_EQ(bids.find(nodes.memory, 60)->quantity, Quantity{60});
}

TEST(Levels, a_node_that_comes_back_is_empty) {
  Nodes nodes(1, 1);
  Levels bids;
  add(bids, nodes.memory, 100);
  remove(bids, nodes.memory, 100);
  add(bids, nodes.memory, 101);
  EXPECT_EQ(bids.find(nodes.memory, 100), nullptr);
  EXPECT_EQ(bids.next_worse(nodes.memory, 101), no_rank);
  EXPECT_EQ(bids.find(nodes.memory, 101)->quantity, Quantity{0});
}

TEST(Levels, a_level_that_an_order_leaves_stays_while_it_holds_others) {
  Nodes nodes;
  Levels bids;
  for (const Rank rank : {99, 100, 200}) add(bids, nodes.memory, rank);
  for (const Rank rank : {99, 100, 200}) {
    bids.leave(nodes.memory, rank, place_of(bids, nodes.memory, rank));
    EXPECT_NE(bids.find(nodes.memory, rank), nullptr);
    EXPECT_EQ(bids.best(), 200);
    EXPECT_EQ(bids.best_level(), place_of(bids, nodes.memory, 200));
  }
}

TEST(LevelsDeathTest, a_pool_without_room_gives_no_node) {
  Nodes nodes(1, 3);
  Levels bids;
  add(bids, nodes.memory, 1);
  EXPECT_DEATH(add(bids, nodes.memory, cap), "assertion failed");
}

}  // namespace
}  // namespace basalt::matching
