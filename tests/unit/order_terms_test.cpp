// What risk holds, and gives back, for orders that ask for more than a price: those that slide,
// that are linked, that rest where they traded, and that do not trade within their firm. The rules
// themselves are in tests/scenarios.
#include <gtest/gtest.h>

#include <vector>

#include "tests/oracle/one_book.h"
#include "tests/oracle/small_venue.h"

namespace basalt::oracle {
namespace {

const risk::Balance& balance(SmallVenue& small, std::uint32_t session, std::uint32_t asset) {
  return small.venue().risk().balance(AccountId{traders_first + session}, AssetId{asset});
}

// The hold stays that of the price asked for, and each fill gives back what it is cheaper by.
TEST(Sliding, leaves_a_buyers_hold_to_cover_the_price_that_it_asked_for) {
  SmallVenue small;
  const Money all = balance(small, 0, usd).free;
  small.tell(enter({.session = 1, .ref = 1, .side = Side::sell, .quantity = 10, .price = 900}));
  const auto told = small.tell(enter({.session = 0,
                                      .ref = 1,
                                      .quantity = 100,
                                      .price = 1'000,
                                      .flags = flag_post_only | flag_slide}));
  EXPECT_EQ(told.front().events.front().price, Price{899});
  EXPECT_EQ(balance(small, 0, usd).held, Money{100'000 + 1'000 + 100});
  small.venue().assert_invariants();
  small.tell(enter({.session = 1, .ref = 2, .side = Side::sell, .quantity = 40, .price = 899}));
  EXPECT_EQ(balance(small, 0, usd).held, Money{60'000 + 600 + 60});
  // 40 at 899 are 35,960; the maker's rebate of 0.1 % is rounded toward the house.
  const Money spent{35'960 - 35};
  EXPECT_EQ(balance(small, 0, usd).free + balance(small, 0, usd).held, all - spent);
  small.tell(replace({.session = 0, .ref = 1}, 2, 90, 2'000));
  EXPECT_EQ(balance(small, 0, usd).held, Money{100'000 + 1'000 + 50}) << "50 at 2,000";
  small.venue().assert_invariants();
  small.tell(enter({.session = 1, .ref = 3, .side = Side::sell, .quantity = 50, .price = 899}));
  EXPECT_EQ(balance(small, 0, usd).held, Money{0});
  EXPECT_EQ(balance(small, 0, usd).free, all - spent - Money{50 * 899 - 44});
  small.venue().assert_invariants();
}

// Of 10,000 the protection is 500. The hold stays that of 10,500, as for a buyer that slid.
TEST(Remainder, leaves_a_buyers_hold_to_cover_the_price_that_bounded_it) {
  SmallVenue small;
  const Money all = balance(small, 0, usd).free;
  small.tell(enter({.session = 1, .ref = 1, .side = Side::sell, .quantity = 10, .price = 9'000}));
  const auto told = small.tell(
      enter({.session = 0, .ref = 1, .quantity = 30, .flags = flag_market | flag_rests}));
  const std::vector<Event>& events = told.front().events;
  ASSERT_EQ(kinds(events), (std::vector{EventKind::fill, EventKind::rested}));
  EXPECT_EQ(events.back().price, Price{9'000});
  EXPECT_EQ(events.back().remaining, Quantity{20});
  SmallVenue other;
  other.tell(enter({.session = 0, .ref = 1, .quantity = 20, .price = 10'500}));
  EXPECT_EQ(balance(small, 0, usd).held, balance(other, 0, usd).held);
  small.venue().assert_invariants();
  small.tell(replace({.session = 0, .ref = 1}, 2, 25, 9'100));
  small.venue().assert_invariants();
  small.tell(enter({.session = 1, .ref = 2, .side = Side::sell, .quantity = 15, .price = 9'000}));
  EXPECT_EQ(balance(small, 0, usd).held, Money{0});
  // As the taker it pays 0.3 %, as the maker it gets 0.1 %, rounded toward the house.
  EXPECT_EQ(balance(small, 0, usd).free, all - Money{90'000 + 270 + 136'500 - 136});
  small.venue().assert_invariants();
}

TEST(Linked, gives_back_what_was_held_for_the_one_that_goes) {
  SmallVenue small;
  SmallVenue other;  // Where nothing is linked.
  const Command first = enter({.session = 0, .ref = 1, .quantity = 10, .price = 100});
  const Command seller =
      enter({.session = 1, .ref = 1, .side = Side::sell, .quantity = 1, .price = 100});
  small.tell(first);
  small.tell(enter({.session = 0, .ref = 2, .quantity = 10, .price = 90, .linked_to = 1}));
  const auto told = small.tell(seller);
  const std::vector<Event>& events = told.front().events;
  ASSERT_EQ(kinds(events), (std::vector{EventKind::fill, EventKind::canceled}));
  EXPECT_EQ(events.back().reason(), CancelReason::user);
  EXPECT_EQ(events.back().quantity, Quantity{10});
  EXPECT_EQ(events.back().shown(), Quantity{10});
  other.tell(first);
  other.tell(seller);
  EXPECT_EQ(balance(small, 0, usd).held, balance(other, 0, usd).held);
  EXPECT_EQ(balance(small, 0, usd).free, balance(other, 0, usd).free);
  small.venue().assert_invariants();
}

TEST(Linked, needs_a_live_order_of_the_session_account_and_instrument) {
  SmallVenue small;
  std::uint32_t ref = 10;
  const auto verdict = [&](Entered order) {
    order.ref = ++ref;
    order.linked_to = 1;
    return small.tell(enter(order)).front().command.order.verdict;
  };
  small.tell(enter({.session = 0, .ref = 1, .quantity = 10, .price = 100}));
  EXPECT_EQ(verdict({.session = 1, .price = 90}), Reject::invalid_link);
  EXPECT_EQ(verdict({.session = 0, .price = 90, .channel = 1}), Reject::invalid_link);
  EXPECT_EQ(verdict({.session = 0, .price = 90, .instrument = btc_usd}), Reject::invalid_link);
  EXPECT_EQ(verdict({.session = 0, .price = 90}), Reject::none);
  small.tell(cancel({.session = 0, .ref = 1}));
  EXPECT_EQ(verdict({.session = 0, .price = 90}), Reject::invalid_link);
  small.venue().assert_invariants();
}

// Risk may hear late that it is gone: then the book refuses it, and the hold is given back.
TEST(Linked, to_an_order_that_is_gone_meanwhile_is_refused_by_the_book) {
  SmallVenue small({.feedback_lag = 8});
  const Money all = balance(small, 0, usd).free;
  small.tell(enter({.session = 0, .ref = 1, .quantity = 10, .price = 100}));
  small.tell(cancel({.session = 0, .ref = 1}));
  const auto told = small.tell(enter({.session = 0, .ref = 2, .price = 90, .linked_to = 1}));
  EXPECT_EQ(told.front().command.order.verdict, Reject::none);
  EXPECT_EQ(told.front().events.front().reject(), Reject::invalid_link);
  small.venue().catch_up();
  EXPECT_EQ(balance(small, 0, usd).free, all);
  small.venue().assert_invariants();
}

// Sessions 0 and 1 have accounts of their own, and one firm.
TEST(PreventionByFirm, gives_back_what_was_held_for_orders_of_the_firm) {
  for (const std::uint32_t shards : {1U, 2U}) {
    SmallVenue small({.shards = shards});
    small.tell(enter({.session = 0, .ref = 1, .quantity = 10, .price = 100}));
    const auto sell = [&](std::uint32_t ref, std::uint16_t flags) {
      return small.tell(enter({.session = 1,
                               .ref = ref,
                               .side = Side::sell,
                               .quantity = 4,
                               .price = 100,
                               .flags = flags}));
    };
    constexpr std::uint16_t by_account = flags_of(SelfTradePrevention::oldest);
    constexpr std::uint16_t by_firm = by_account | flag_by_firm;
    EXPECT_EQ(kinds(sell(1, by_account).front().events), std::vector{EventKind::fill});
    const auto told = sell(2, by_firm);
    ASSERT_EQ(kinds(told.front().events), (std::vector{EventKind::canceled, EventKind::rested}));
    EXPECT_EQ(told.front().events[0].reason(), CancelReason::self_match);
    EXPECT_EQ(told.front().events[0].quantity, Quantity{6});
    EXPECT_EQ(balance(small, 0, usd).held, Money{0});
    EXPECT_EQ(balance(small, 1, stock).held, Money{4});
    small.venue().assert_invariants();
  }
}

}  // namespace
}  // namespace basalt::oracle
