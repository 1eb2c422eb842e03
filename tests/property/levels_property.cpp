// Random ranks made and dropped on several sides of books over one memory, beside std::set: the
// same levels, the same best, the same next, and exactly the nodes that the ranks need.
//
//   BASALT_SEED=N   the first seed (1)
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "engine/matching/levels.h"
#include "tests/property/reach_probes.h"

namespace basalt::matching {
namespace {

// Where ranks come from: the shape of the tree depends on it.
struct Shape {
  const char* name;
  std::int64_t low;
  std::int64_t width;
  std::uint32_t stride_bits;  // Ranks are multiples of this power of two, from low.
};
constexpr std::array<Shape, 7> shapes{{
    {"one leaf", 64, 64, 0},
    {"two leaves", 60, 8, 0},
    {"neighbouring leaves", 1, 1000, 0},
    {"one level a leaf", 1, 300, 6},
    {"one level an inner node", 0, 64, 30},
    {"every second remembered stretch", 1, 64, 11},
    {"anywhere", 0, rank_mask + 1, 0},
}};

// One side of one book, and what it should hold.
class Model {
 public:
  void toggle(BookMemory& memory, Rank rank) {
    if (set_.contains(rank)) {
      const Level* level = levels_.find(memory, rank);
      ASSERT_NE(level, nullptr);
      ASSERT_EQ(level->quantity, Quantity{rank});
      const auto place = static_cast<Link>(level - &memory.level(0));
      memory.level(place) = {{place, place}, {}};
      levels_.leave(memory, rank, place);
      set_.erase(rank);
    } else {
      const Link place = levels_.make(memory, rank);
      Level& level = memory.level(place);
      ASSERT_EQ(level.links.next, place);  // M2
      ASSERT_EQ(level.links.previous, place);
      ASSERT_EQ(level.quantity, Quantity{0});
      level.links.next = memory.link_of(0);  // As if an order stood there.
      level.quantity = {rank};
      set_.insert(rank);
    }
  }

  void check(const BookMemory& memory, Rank probe) const {
    ASSERT_EQ(levels_.empty(), set_.empty());
    const auto next = set_.upper_bound(probe);
    ASSERT_EQ(levels_.next_worse(memory, probe), next == set_.end() ? no_rank : *next);
    ASSERT_EQ(levels_.find(memory, probe) != nullptr, set_.contains(probe));
    if (set_.empty()) return;
    ASSERT_EQ(levels_.best(), *set_.begin());
    ASSERT_EQ(&memory.level(levels_.best_level()), levels_.find(memory, levels_.best()));  // L2
  }

  void check_all(const BookMemory& memory) const {
    if (set_.empty()) return;
    Rank rank = levels_.best();
    for (const Rank expected : set_) {
      ASSERT_EQ(rank, expected);
      ASSERT_EQ(levels_.find(memory, rank)->quantity, Quantity{rank});
      rank = levels_.next_worse(memory, rank);
    }
    ASSERT_EQ(rank, no_rank);
  }

  // How many leaves the ranks need, and inner nodes of stretches: one for each prefix of that
  // length.
  [[nodiscard]] std::uint32_t leaves() const { return prefixes(1); }
  [[nodiscard]] std::uint32_t stretches() const { return prefixes(2); }
  // How many inner nodes above stretches: one for each prefix that is followed by several digits.
  [[nodiscard]] std::uint32_t branches() const {
    std::uint32_t branches = 0;
    for (int digits = 3; digits <= 6; ++digits) {
      std::map<Rank, std::set<Rank>> next;
      for (const Rank rank : set_) next[rank >> (6 * digits)].insert(rank >> (6 * (digits - 1)));
      for (const auto& [prefix, followers] : next) branches += followers.size() > 1;
    }
    return branches;
  }

  // Any rank of the side. It is not empty.
  [[nodiscard]] Rank some(std::uint64_t random) const {
    return *std::next(set_.begin(), static_cast<std::ptrdiff_t>(random % set_.size()));
  }
  [[nodiscard]] std::size_t size() const { return set_.size(); }
  [[nodiscard]] bool has(Rank rank) const { return set_.contains(rank); }

 private:
  [[nodiscard]] std::uint32_t prefixes(int digits) const {
    std::set<Rank> prefixes;
    for (const Rank rank : set_) prefixes.insert(rank >> (6 * digits));
    return static_cast<std::uint32_t>(prefixes.size());
  }

  Levels levels_;
  std::set<Rank, std::greater<>> set_;
};

void run(const Shape& shape, std::uint64_t seed) {
  constexpr std::uint32_t leaves = 300;  // Fewer than four sides could need.
  constexpr std::uint32_t inners = 1 << 13;
  constexpr std::size_t size_max = 300;  // A side grows to this, shrinks to nothing, and again.
  constexpr BookLimits room{1, leaves, inners};
  Arena arena(BookMemory::memory_bytes(room));
  BookMemory memory(room, arena);
  std::array<Model, 4> sides;
  std::mt19937_64 random(seed);
  const auto rank = [&] {
    const auto offset = static_cast<Rank>(random() % static_cast<std::uint64_t>(shape.width));
    return shape.low + (offset << shape.stride_bits);
  };
  bool growing = true;
  for (int i = 0; i < 40'000 && !testing::Test::HasFatalFailure(); ++i) {
    Model& side = sides[random() % sides.size()];
    const bool another = side.size() == 0 || (growing ? random() % 4 != 0 : random() % 4 == 0);
    const Rank wanted = another ? rank() : side.some(random());
    if (!side.has(wanted) && !memory.has_room(Levels::inners_wanted)) continue;
    side.toggle(memory, wanted);
    side.check(memory, random() % 2 == 0 && side.size() > 0 ? side.some(random()) : rank());
    if (side.size() >= size_max) growing = false;
    if (side.size() == 0) growing = true;
    if (i % 500 != 0) continue;
    std::uint32_t leaves_wanted = 0;
    std::uint32_t inners_wanted = 0;
    for (const Model& each : sides) {
      each.check_all(memory);
      leaves_wanted += each.leaves();
      inners_wanted += each.stretches() + each.branches();
    }
    ASSERT_EQ(memory.leaves_in_use(), leaves_wanted);  // L1, M1
    ASSERT_EQ(memory.inners_in_use(), inners_wanted);  // L4
  }
  for (Model& side : sides) {
    while (side.size() > 0) side.toggle(memory, side.some(random()));
  }
  ASSERT_EQ(memory.leaves_in_use(), 0u);
  ASSERT_EQ(memory.inners_in_use(), 0u);
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
  EXPECT_EQ(property::probes_missed(
                {"a leaf of levels is parked", "a parked leaf of levels is taken for another place",
                 "the leaf of levels parked longest is given back",
                 "an inner node of levels is given back",
                 "an inner node of levels is put above two others",
                 "an inner node of levels gives its place to its only child",
                 "an inner node of levels loses a child and stays",
                 "the last node of a side is given back", "the next level lies in another branch"}),
            std::vector<std::string>{});
}

}  // namespace
}  // namespace basalt::matching
