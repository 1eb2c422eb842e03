// Random prices made and dropped on both sides of several books over one pool, beside std::set: the
// same levels, the same best, the same next, and exactly the nodes that the prices need.
//
//   BASALT_SEED=N   the first seed (1)
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <set>

#include "engine/matching/levels.h"
#include "tests/property/reach_probes.h"

namespace basalt::matching {
namespace {

constexpr Price nothing{-1};

// Where prices come from: the shape of the tree depends on it.
struct Shape {
  const char* name;
  std::int64_t low;
  std::int64_t width;
  std::uint32_t stride_bits;  // Prices are multiples of this power of two, from low.
};
constexpr std::array<Shape, 6> shapes{{
    {"one leaf", 64, 64, 0},
    {"two leaves", 60, 8, 0},
    {"neighbouring leaves", 1, 1000, 0},
    {"one level a leaf", 1, 300, 6},
    {"one level an inner node", 0, 64, 30},
    {"anywhere", 1, limits::price_max.value, 0},
}};

template <Side side>
struct Sorts {
  bool operator()(Price a, Price b) const { return side == Side::buy ? a > b : a < b; }
};

// One side of one book, and what it should hold.
template <Side side>
class Model {
 public:
  void toggle(LevelPool& pool, Price price) {
    if (set_.contains(price)) {
      Level& level = levels_.at(pool, price);
      ASSERT_EQ(level.quantity, Quantity{price.value});
      level = Level{};
      levels_.drop(pool, price);
      set_.erase(price);
    } else {
      Level& level = levels_.make(pool, price);
      ASSERT_EQ(level.head, none);
      ASSERT_EQ(level.quantity, Quantity{0});
      level.head = 1;
      level.quantity = {price.value};
      set_.insert(price);
    }
  }

  void check(const LevelPool& pool, Price probe) const {
    ASSERT_EQ(levels_.empty(), set_.empty());
    const auto next = set_.upper_bound(probe);
    ASSERT_EQ(levels_.next_worse(pool, probe, nothing), next == set_.end() ? nothing : *next);
    ASSERT_EQ(levels_.find(pool, probe) != nullptr, set_.contains(probe));
    if (set_.empty()) return;
    ASSERT_EQ(levels_.best(), *set_.begin());
  }

  void check_all(const LevelPool& pool) const {
    if (set_.empty()) return;
    Price price = levels_.best();
    for (const Price expected : set_) {
      ASSERT_EQ(price, expected);
      ASSERT_EQ(levels_.find(pool, price)->quantity, Quantity{price.value});
      price = levels_.next_worse(pool, price, nothing);
    }
    ASSERT_EQ(price, nothing);
  }

  // How many nodes of a height the prices need: as many as they have different prefixes.
  [[nodiscard]] std::uint32_t nodes(std::uint32_t height) const {
    std::set<std::int64_t> prefixes;
    for (const Price price : set_) prefixes.insert(price.value >> (6 * (height + 1)));
    return static_cast<std::uint32_t>(prefixes.size());
  }

  // Any price of the side. It is not empty.
  [[nodiscard]] Price some(std::uint64_t random) const {
    return *std::next(set_.begin(), static_cast<std::ptrdiff_t>(random % set_.size()));
  }
  [[nodiscard]] std::size_t size() const { return set_.size(); }

 private:
  Levels<side> levels_;
  std::set<Price, Sorts<side>> set_;
};

void run(const Shape& shape, std::uint64_t seed) {
  constexpr std::uint32_t leaves = 1 << 11;
  constexpr std::uint32_t inners = 1 << 13;
  constexpr std::size_t size_max = 300;  // A side grows to this, shrinks to nothing, and again.
  Arena arena(LevelPool::memory_bytes(leaves, inners));
  LevelPool pool(leaves, inners, arena);
  std::array<Model<Side::buy>, 2> bids;
  std::array<Model<Side::sell>, 2> asks;
  std::mt19937_64 random(seed);
  const auto price = [&] {
    const auto offset =
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(shape.width));
    return Price{shape.low + (offset << shape.stride_bits)};
  };
  bool growing = true;
  const auto step = [&](auto& side) {
    const bool another = side.size() == 0 || (growing ? random() % 4 != 0 : random() % 4 == 0);
    side.toggle(pool, another ? price() : side.some(random()));
    side.check(pool, random() % 2 == 0 && side.size() > 0 ? side.some(random()) : price());
    if (side.size() >= size_max) growing = false;
    if (side.size() == 0) growing = true;
  };
  for (int i = 0; i < 20'000 && !testing::Test::HasFatalFailure(); ++i) {
    const std::size_t book = random() % 2;
    random() % 2 == 0 ? step(bids[book]) : step(asks[book]);
    if (i % 500 != 0) continue;
    std::uint32_t leaves_wanted = 0;
    std::uint32_t inners_wanted = 0;
    const auto count = [&](const auto& side) {
      side.check_all(pool);
      leaves_wanted += side.nodes(0);
      for (std::uint32_t height = 1; height <= 5; ++height) inners_wanted += side.nodes(height);
    };
    for (std::size_t each = 0; each < bids.size(); ++each) {
      count(bids[each]);
      count(asks[each]);
    }
    ASSERT_EQ(pool.leaves_in_use(), leaves_wanted);  // L1, L3
    ASSERT_EQ(pool.inners_in_use(), inners_wanted);
  }
  const auto empty = [&](auto& side) {
    while (side.size() > 0) side.toggle(pool, side.some(random()));
  };
  for (std::size_t each = 0; each < bids.size(); ++each) {
    empty(bids[each]);
    empty(asks[each]);
  }
  ASSERT_EQ(pool.leaves_in_use(), 0u);
  ASSERT_EQ(pool.inners_in_use(), 0u);
}

TEST(LevelsProperty, levels_are_those_of_a_sorted_set_and_no_node_is_lost) {
  const char* text = std::getenv("BASALT_SEED");
  const std::uint64_t first = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
  for (std::uint64_t seed = first; seed < first + 4; ++seed) {
    for (const Shape& shape : shapes) {
      SCOPED_TRACE(std::string(shape.name) + ", BASALT_SEED=" + std::to_string(seed));
      run(shape, seed);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_EQ(
      property::probes_missed(
          {"a leaf of levels is given back", "an inner node of levels loses a child and stays",
           "the last node of a side is given back", "the next level lies in another branch"}),
      std::vector<std::string>{});
}

}  // namespace
}  // namespace basalt::matching
