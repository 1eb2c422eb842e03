// Replacements that are refused: what becomes of the original, and what its owner is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/told_history.h"

namespace basalt::history {
namespace {

using oracle::enter;
using oracle::replace;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(History, an_invalid_replacement_cancels_its_original) {
  sell(1, 100, 10'010);
  told(1);
  tell(replace({.session = 1, .ref = 1}, 2, 0, 10'000));
  EXPECT_THAT(told(1), ElementsAre("C 1 100 S"));
  tell(replace({.session = 1, .ref = 1}, 3, 50, 10'000));
  EXPECT_THAT(told(1), IsEmpty());
}

TEST_F(History, a_replacement_to_no_more_than_is_executed_cancels_the_rest) {
  sell(1, 100, 10'000);
  buy(1, 40, 10'000);
  told(1);
  tell(replace({.session = 1, .ref = 1}, 2, 40, 10'000));
  EXPECT_THAT(told(1), ElementsAre("C 1 60 U"));
}

TEST_F(History, a_post_only_replacement_that_would_cross_is_rejected_and_the_original_stands) {
  buy(1, 30, 10'000);
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 50,
              .price = 10'010,
              .flags = flag_post_only,
              .channel = 2}));
  told(1);
  tell(replace({.session = 1, .ref = 1, .channel = 2}, 2, 50, 10'000));
  buy(2, 50, 10'010);
  EXPECT_THAT(told(1), ElementsAre("J 2 18 INSTEAD 2 +28=02", "E 1 50 1001000 A 1 +28=02"));
}

TEST_F(History, a_replacement_in_a_halt_is_rejected_and_the_original_stands) {
  sell(1, 100, 10'010);
  told(1);
  tell(oracle::set_state(oracle::aapl, InstrumentState::halted));
  tell(replace({.session = 1, .ref = 1}, 2, 50, 10'000));
  tell(oracle::set_state(oracle::aapl, InstrumentState::closed));
  tell(replace({.session = 1, .ref = 1}, 3, 50, 10'000));
  EXPECT_THAT(told(1), ElementsAre("J 2 7 INSTEAD 2", "J 3 2 INSTEAD 3"));
  small_.venue().assert_invariants();
  tell(oracle::set_state(oracle::aapl, InstrumentState::open));
  tell(replace({.session = 1, .ref = 1}, 4, 90, 10'010));
  buy(1, 90, 10'010);
  EXPECT_THAT(told(1), ElementsAre(testing::StartsWith("U 1 4 S 90"), "E 4 90 1001000 A 1"));
}

TEST_F(History, a_replacement_while_order_entry_is_off_cancels_its_original) {
  sell(1, 100, 10'010);
  told(1);
  tell(oracle::disable_entry({.session = 1, .ref = 2}));
  tell(replace({.session = 1, .ref = 1}, 3, 50, 10'000));
  EXPECT_THAT(told(1), ElementsAre("G 2 FIRM", "C 1 100 S"));
}

}  // namespace
}  // namespace basalt::history
