// The price levels of one side: what exists, what is best, what comes next, and what it costs.
#include "engine/matching/levels.h"

#include <gtest/gtest.h>

namespace basalt::matching {
namespace {

constexpr Price cap = limits::price_max;
constexpr Price nothing{-1};

struct Nodes {
  explicit Nodes(std::uint32_t leaves = 64, std::uint32_t inners = 256)
      : arena(LevelPool::memory_bytes(leaves, inners)), pool(leaves, inners, arena) {}

  Arena arena;
  LevelPool pool;
};

// A level exists while it holds an order: here, while its head is set.
template <Side side>
void add(Levels<side>& levels, LevelPool& pool, Price price) {
  levels.make(pool, price).head = 1;
}
template <Side side>
void remove(Levels<side>& levels, LevelPool& pool, Price price) {
  levels.at(pool, price).head = none;
  levels.drop(pool, price);
}

TEST(Levels, a_new_side_is_empty_and_has_no_nodes) {
  Nodes nodes;
  Levels<Side::buy> bids;
  EXPECT_TRUE(bids.empty());
  EXPECT_EQ(bids.find(nodes.pool, Price{1}), nullptr);
  EXPECT_EQ(bids.next_worse(nodes.pool, Price{1}, nothing), nothing);
  EXPECT_EQ(nodes.pool.leaves_in_use(), 0u);
  EXPECT_EQ(nodes.pool.inners_in_use(), 0u);
}

TEST(Levels, the_best_bid_is_the_highest_and_the_best_ask_the_lowest) {
  Nodes nodes;
  Levels<Side::buy> bids;
  Levels<Side::sell> asks;
  for (const Price price : {Price{100}, Price{1}, cap, Price{64}}) {
    add(bids, nodes.pool, price);
    add(asks, nodes.pool, price);
  }
  EXPECT_EQ(bids.best(), cap);
  EXPECT_EQ(asks.best(), Price{1});
}

TEST(Levels, dropping_the_best_finds_the_next_in_its_leaf_and_beyond) {
  Nodes nodes;
  Levels<Side::sell> asks;
  for (const Price price : {Price{10}, Price{11}, Price{64}, Price{4096}, cap}) {
    add(asks, nodes.pool, price);
  }
  for (const Price next : {Price{11}, Price{64}, Price{4096}, cap}) {
    remove(asks, nodes.pool, asks.best());
    EXPECT_EQ(asks.best(), next);
  }
  remove(asks, nodes.pool, cap);
  EXPECT_TRUE(asks.empty());
}

TEST(Levels, dropping_another_leaves_the_best) {
  Nodes nodes;
  Levels<Side::buy> bids;
  for (const Price price : {Price{10}, Price{9}, Price{1'000'000}}) add(bids, nodes.pool, price);
  remove(bids, nodes.pool, Price{9});
  remove(bids, nodes.pool, Price{10});
  EXPECT_EQ(bids.best(), Price{1'000'000});
}

TEST(Levels, a_better_price_after_an_empty_side_is_the_best) {
  Nodes nodes;
  Levels<Side::sell> asks;
  add(asks, nodes.pool, Price{5});
  remove(asks, nodes.pool, Price{5});
  add(asks, nodes.pool, Price{500});
  EXPECT_EQ(asks.best(), Price{500});
}

TEST(Levels, next_worse_needs_no_level_at_the_price_it_starts_from) {
  Nodes nodes;
  Levels<Side::buy> bids;
  add(bids, nodes.pool, Price{7});
  add(bids, nodes.pool, Price{1 << 20});
  EXPECT_EQ(bids.next_worse(nodes.pool, cap, nothing), Price{1 << 20});
  EXPECT_EQ(bids.next_worse(nodes.pool, Price{1 << 20}, nothing), Price{7});
  EXPECT_EQ(bids.next_worse(nodes.pool, Price{8}, nothing), Price{7});
  EXPECT_EQ(bids.next_worse(nodes.pool, Price{7}, nothing), nothing);
}

TEST(Levels, a_lone_price_takes_one_path_and_gives_it_back) {
  for (const Price price : {Price{1}, Price{63}, Price{64}, Price{4095}, cap}) {
    Nodes nodes(1, Levels<Side::buy>::inner_depth);
    Levels<Side::buy> bids;
    ASSERT_TRUE(nodes.pool.has_room(Levels<Side::buy>::inner_depth));
    add(bids, nodes.pool, price);
    EXPECT_FALSE(nodes.pool.has_room(1));
    EXPECT_EQ(nodes.pool.leaves_in_use(), 1u);
    EXPECT_EQ(nodes.pool.inners_in_use(), (Levels<Side::buy>::inner_depth));
    remove(bids, nodes.pool, price);
    EXPECT_TRUE(nodes.pool.has_room(Levels<Side::buy>::inner_depth));
  }
}

TEST(Levels, sixty_four_neighbours_share_one_leaf) {
  Nodes nodes;
  Levels<Side::sell> asks;
  for (std::int64_t price = 128; price < 192; ++price) add(asks, nodes.pool, Price{price});
  EXPECT_EQ(nodes.pool.leaves_in_use(), 1u);
  add(asks, nodes.pool, Price{192});
  EXPECT_EQ(nodes.pool.leaves_in_use(), 2u);
}

TEST(Levels, two_sides_of_two_books_share_a_pool_and_nothing_else) {
  Nodes nodes;
  Levels<Side::buy> bids;
  Levels<Side::sell> asks;
  Levels<Side::buy> other;
  for (std::int64_t price = 60; price < 70; ++price) {
    add(bids, nodes.pool, Price{price});
    add(asks, nodes.pool, Price{price});
    bids.at(nodes.pool, Price{price}).quantity = Quantity{price};
  }
  EXPECT_EQ(asks.find(nodes.pool, Price{65})->quantity, Quantity{0});
  EXPECT_EQ(other.find(nodes.pool, Price{65}), nullptr);
  for (std::int64_t price = 60; price < 70; ++price) remove(asks, nodes.pool, Price{price});
  EXPECT_EQ(bids.best(), Price{69});
  EXPECT_EQ(bids.find(nodes.pool, Price{60})->quantity, Quantity{60});
}

TEST(Levels, a_node_that_comes_back_is_empty) {
  Nodes nodes(1, Levels<Side::buy>::inner_depth);
  Levels<Side::buy> bids;
  add(bids, nodes.pool, Price{100});
  remove(bids, nodes.pool, Price{100});
  add(bids, nodes.pool, Price{101});
  EXPECT_EQ(bids.find(nodes.pool, Price{100}), nullptr);
  EXPECT_EQ(bids.next_worse(nodes.pool, Price{101}, nothing), nothing);
  EXPECT_EQ(bids.at(nodes.pool, Price{101}).quantity, Quantity{0});
}

TEST(LevelsDeathTest, a_level_with_orders_is_not_dropped) {
  Nodes nodes;
  Levels<Side::buy> bids;
  add(bids, nodes.pool, Price{100});
  EXPECT_DEATH(bids.drop(nodes.pool, Price{100}), "assertion failed");
}

TEST(LevelsDeathTest, a_pool_without_room_gives_no_node) {
  Nodes nodes(1, 5);
  Levels<Side::buy> bids;
  add(bids, nodes.pool, Price{1});
  EXPECT_DEATH(add(bids, nodes.pool, cap), "assertion failed");
}

}  // namespace
}  // namespace basalt::matching
