// Books whose room for levels runs out: whom they take still, and that they go on.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "tests/oracle/one_book.h"
#include "tests/property/reach_probes.h"

namespace basalt::matching {
namespace {

using oracle::kinds;
using oracle::OneBook;

TEST(BookRoom, a_replacement_that_has_no_room_leaves_the_original) {
  // Room for two inner nodes: the first price takes one, and one elsewhere may need two.
  OneBook one({16, 1, 3, 2});
  one.add(Side::buy, 10, 1);
  const OrderId original = one.last_number();
  const auto events = one.replace(original, 10, limits::price_max.value);
  ASSERT_EQ(kinds(events), std::vector{EventKind::rejected});
  EXPECT_EQ(events[0].reject(), Reject::open_orders_exceeded);
  EXPECT_EQ(kinds(one.cancel(original)), std::vector{EventKind::canceled});
}

TEST(BookRoom, where_no_node_is_left_orders_rest_beside_others_of_their_side) {
  OneBook one({64, 1, 2, 8});
  const auto refused = [](const std::vector<Event>& events) {
    return events.front().kind == EventKind::rejected ? events.front().reject() : Reject::none;
  };
  one.add(Side::buy, 10, 100);
  one.add(Side::buy, 10, 1'000);
  const OrderId alone = one.last_number();
  EXPECT_EQ(refused(one.add(Side::buy, 10, 5'000)), Reject::open_orders_exceeded);
  EXPECT_EQ(refused(one.add(Side::sell, 10, 1'001)), Reject::open_orders_exceeded);
  EXPECT_EQ(refused(one.add(Side::buy, 10, 1'000)), Reject::none);
  EXPECT_EQ(refused(one.add(Side::buy, 10, 101)), Reject::none);
  EXPECT_EQ(kinds(one.replace(one.last_number(), 10, 102)).front(), EventKind::replaced);
  EXPECT_EQ(kinds(one.replace(alone, 10, 990)).front(), EventKind::replaced);
  EXPECT_EQ(refused(one.add(Side::sell, 5, 1'000, TimeInForce::ioc)), Reject::none);
  one.core().assert_invariants();
  EXPECT_TRUE(
      property::probes_missed({"an order rests beside others where no node is left"}).empty());
}

// What an epoch allows decides, not what memory happens to hold still.
TEST(BookRoom, is_not_beside_a_level_that_has_emptied) {
  OneBook one({64, 1, 4, 8});
  one.begin_epoch(2, 8);
  one.add(Side::buy, 10, 100);
  const OrderId gone = one.last_number();
  one.add(Side::buy, 10, 1'000);
  one.cancel(gone);
  EXPECT_EQ(kinds(one.add(Side::buy, 10, 2'000)), std::vector{EventKind::rested});
  EXPECT_EQ(kinds(one.add(Side::buy, 10, 100)), std::vector{EventKind::rejected});
  EXPECT_EQ(kinds(one.add(Side::buy, 10, 1'001)), std::vector{EventKind::rested});
  one.core().assert_invariants();
}

// Orders come and go at random in a book with next to no room. Whoever comes near others of its
// side is taken.
class CrowdedBook : public testing::TestWithParam<std::uint32_t> {
 protected:
  [[nodiscard]] std::int64_t some_price() {
    return 1 + static_cast<std::int64_t>(random_() % 9'000);
  }
  [[nodiscard]] bool has_others_near(std::int64_t price) const {
    bool near = false;
    one_.book().each_level(Side::buy, one_.core().memory(), [&](Price other, const Level&) {
      near = near || other.value / BookMemory::leaf_levels == price / BookMemory::leaf_levels;
    });
    return near;
  }
  void enter() {
    const std::int64_t price = some_price();
    const bool near = has_others_near(price);
    const EventKind told = one_.add(Side::buy, 5, price).front().kind;
    if (near) {
      ASSERT_EQ(told, EventKind::rested);
    }
    refused_ += told == EventKind::rejected;
    told == EventKind::rested ? live_.push_back(one_.last_number())
                              : one_.give_number(one_.last_number());
  }
  void cancel_last() {
    one_.cancel(live_.back());
    one_.give_number(live_.back());
    live_.pop_back();
  }
  void replace_last() {
    const bool replaced =
        one_.replace(live_.back(), 5, some_price()).front().kind == EventKind::replaced;
    one_.give_number(replaced ? live_.back() : one_.last_number());
    if (replaced) live_.back() = one_.last_number();
  }

  OneBook one_{{256, 1, GetParam(), GetParam() + 2}};
  std::mt19937_64 random_{GetParam()};
  std::vector<OrderId> live_;
  std::uint64_t refused_ = 0;
};

TEST_P(CrowdedBook, goes_on) {
  for (int i = 0; i < 10'000; ++i) {
    if (!live_.empty()) std::swap(live_[random_() % live_.size()], live_.back());
    const std::uint64_t dice = random_() % 6;
    if (live_.size() > 200 || (dice == 0 && !live_.empty())) {
      cancel_last();
    } else if (dice == 1 && !live_.empty()) {
      replace_last();
    } else {
      ASSERT_NO_FATAL_FAILURE(enter());
    }
    if (i % 16 == 0) one_.core().assert_invariants();
  }
  EXPECT_GT(refused_, 0U);
}

INSTANTIATE_TEST_SUITE_P(ByLeaves, CrowdedBook, testing::Values(1, 2, 3, 4, 5, 6));

}  // namespace
}  // namespace basalt::matching
