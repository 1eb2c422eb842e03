// Replacements that are refused: what becomes of the original, and what its owner is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/told_history.h"
#include "tests/unit/venue_commands.h"

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

TEST_F(History, a_replacement_while_nothing_may_enter_is_rejected_and_the_original_stands) {
  sell(1, 100, 10'010);
  const auto state = [&](InstrumentState state) { tell(oracle::set_state(oracle::aapl, state)); };
  const auto suspend = [&](std::uint8_t suspended) {
    Amendment amendment{};
    amendment.account_suspended = suspended;
    Command command = test::CommandMaker{}.next(CommandKind::set_account_state, amendment);
    command.order.account = AccountId{oracle::traders_first + 1};
    tell(command);
  };
  state(InstrumentState::halted);
  tell(replace({.session = 1, .ref = 1}, 2, 50, 10'000));
  state(InstrumentState::closed);
  tell(replace({.session = 1, .ref = 1}, 3, 50, 10'000));
  state(InstrumentState::open);
  suspend(1);
  tell(replace({.session = 1, .ref = 1}, 4, 50, 10'000));
  suspend(0);
  tell(oracle::disable_entry({.session = 1, .ref = 5}));
  tell(replace({.session = 1, .ref = 1}, 6, 50, 10'000));
  EXPECT_THAT(told(1), ElementsAre(testing::StartsWith("A 1"), "J 2 7 INSTEAD 2", "J 3 2 INSTEAD 3",
                                   "J 4 12 INSTEAD 4", "G 5 FIRM", "J 6 12 INSTEAD 6"));
  small_.venue().assert_invariants();
  tell(oracle::enable_entry({.session = 1, .ref = 7}));
  told(1);
  buy(1, 100, 10'010);
  EXPECT_THAT(told(1), ElementsAre("E 1 100 1001000 A 1"));
}

}  // namespace
}  // namespace basalt::history
