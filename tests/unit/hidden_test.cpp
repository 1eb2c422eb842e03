// What owners of orders that hide are told, with a limit or pegged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/told_history.h"

namespace basalt::history {
namespace {

using oracle::enter;
using oracle::replace;
using testing::ElementsAre;

TEST_F(History, an_order_that_hides_is_accepted_as_such_and_hears_that_it_added_unseen) {
  tell(sell_order(1, 30, 10'000, flag_hidden));
  buy(1, 10, 10'000);
  tell(replace({.session = 1, .ref = 1}, 2, 30, 10'001, true));
  EXPECT_THAT(told(1),
              ElementsAre("A 1 S 30 AAPL 1000000 0 N 1:0 P N N L NO 1", "E 1 10 1000000 J 1",
                          "U 1 2 S 20 AAPL 1000100 0 N 2:1 P N N L INSTEAD 2"));
  // Nothing that hid comes to be shown.
  tell(replace({.session = 1, .ref = 2}, 3, 30, 10'002));
  EXPECT_THAT(told(1), ElementsAre("C 2 20 S"));
  buy(2, 5, 10'002);
  tell(replace({.session = 0, .ref = 2}, 3, 5, 10'001, true));
  told(0);
  EXPECT_TRUE(small_.venue().book(InstrumentId{oracle::aapl}).empty(Side::buy));
}

TEST_F(History, pegs_that_meet_with_a_tick_are_a_taker_and_a_maker_that_hid) {
  Instructions middle{};
  middle.price_type = PriceType::midpoint;
  buy(1, 5, 9'990);
  sell(1, 5, 10'011);
  tell(sell_order(2, 4, 9'000, flag_hidden, middle));
  tell(enter(
      {.ref = 2, .quantity = 9, .price = 10'100, .flags = flag_hidden, .instructions = middle}));
  buy(3, 1, 9'991);
  EXPECT_THAT(told(0), testing::Not(testing::Contains(testing::StartsWith("E"))));
  told(1);
  follow(small_.tick(Nanos{1'000'000}));
  EXPECT_THAT(told(0), ElementsAre("E 2 4 1000100 R 1"));
  EXPECT_THAT(told(1), ElementsAre("E 2 4 1000100 J 1"));
  small_.venue().assert_invariants();
}

TEST_F(History, a_peg_hides_and_has_a_limit) {
  Instructions middle{};
  middle.price_type = PriceType::midpoint;
  tell(sell_order(1, 4, 9'000, 0, middle));
  tell(sell_order(2, 4, 9'000, flag_hidden | flag_market, middle));
  tell(sell_order(3, 4, 9'000, flag_hidden, middle));
  EXPECT_THAT(told(1),
              ElementsAre("J 1 5 NO 1", "J 2 5 NO 2", "A 3 S 4 AAPL 900000 0 N 1:0 P N N L NO 3"));
}

TEST_F(History, a_part_of_what_hides_cannot_be_shown) {
  Instructions asked{};
  asked.display = Quantity{10};
  tell(sell_order(1, 30, 10'000, flag_hidden, asked));
  EXPECT_THAT(told(1), ElementsAre("J 1 4 NO 1"));
}

}  // namespace
}  // namespace basalt::history
