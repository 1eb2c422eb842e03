// What risk makes of the phases of trading: what is held and given back in auctions, and that it
// follows the phases that change by themselves.
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/risk_venue.h"

namespace basalt::oracle {
namespace {

// A buyer's hold covers its limit, and what the uncross is better by comes back.
TEST(RiskAuctions, an_uncross_pays_and_gives_back_what_was_held) {
  SmallVenue small;
  small.tell(set_state(aapl, InstrumentState::opening_auction));
  small.tell(enter({.session = 0, .ref = 1, .quantity = 10, .price = 10'050}));
  small.tell(enter({.session = 1, .ref = 1, .side = Side::sell, .quantity = 4, .price = 9'950}));
  small.tell(enter({.session = 2, .ref = 1, .side = Side::sell, .quantity = 9, .price = 10'000}));
  EXPECT_GT(balance(small, 0, usd).held, Money{100'500});
  EXPECT_EQ(balance(small, 1, stock).held, Money{4});
  const auto told = small.tell(uncross(aapl));
  // At the reference, and 0.3 % of each trade from either side.
  EXPECT_EQ(told.front().events.back().price, Price{10'000});
  EXPECT_EQ(balance(small, 0, usd).held, Money{0});
  EXPECT_EQ(balance(small, 0, usd).free, Money{1'000'000'000'000 - 100'000 - 300});
  EXPECT_EQ(balance(small, 1, usd).free, Money{1'000'000'000'000 + 40'000 - 120});
  EXPECT_EQ(balance(small, 2, usd).free, Money{1'000'000'000'000 + 60'000 - 180});
  EXPECT_EQ(balance(small, 1, stock).held, Money{0});
  EXPECT_EQ(balance(small, 2, stock).held, Money{3});
  small.venue().assert_invariants();
  small.tell(cancel({.session = 2, .ref = 1}));
  EXPECT_EQ(balance(small, 2, stock).held, Money{0});
  EXPECT_EQ(small.venue().risk().orders_live(), 0U);
}

TEST(RiskAuctions, what_an_auction_does_not_take_holds_nothing) {
  SmallVenue small;
  small.tell(set_state(aapl, InstrumentState::volatility_auction));
  const auto told = small.tell(
      enter({.ref = 1, .quantity = 10, .price = 100, .time_in_force = TimeInForce::ioc}));
  EXPECT_EQ(told.front().command.order.verdict, Reject::none);
  EXPECT_EQ(told.front().events.front().reject(), Reject::not_for_auction);
  EXPECT_EQ(balance(small, 0, usd).held, Money{0});
  small.venue().assert_invariants();
}

// Its hold covers the protection price, which is also the limit that it rests at.
TEST(RiskAuctions, a_market_order_pays_the_price_of_the_uncross_and_the_rest_comes_back) {
  SmallVenue small;
  small.tell(set_state(aapl, InstrumentState::opening_auction));
  const auto told = small.tell(enter({.ref = 1, .quantity = 10, .flags = flag_market}));
  EXPECT_EQ(told.front().command.order.price, Price{10'500});
  EXPECT_EQ(told.front().events.front().price, Price{10'500});
  small.tell(enter({.session = 1, .ref = 1, .side = Side::sell, .quantity = 4, .price = 9'000}));
  const auto opened = small.tell(set_state(aapl, InstrumentState::open));
  EXPECT_EQ(opened.front().events.back().reason(), CancelReason::expired);
  EXPECT_EQ(balance(small, 0, usd).held, Money{0});
  const Money paid{4 * 10'000};  // At the reference.
  EXPECT_EQ(balance(small, 0, usd).free, Money{1'000'000'000'000} - paid - fee(paid, 3'000));
  EXPECT_EQ(small.venue().risk().orders_live(), 0U);
  small.venue().assert_invariants();
}

TEST(RiskAuctions, an_order_for_an_auction_alone_takes_no_stop) {
  SmallVenue small;
  small.tell(set_state(aapl, InstrumentState::opening_auction));
  Entered entered{.ref = 1, .quantity = 10, .price = 10'000, .time_in_force = TimeInForce::at_open};
  entered.instructions.stop = Price{9'000};
  EXPECT_EQ(verdict_of(small, enter(entered)), Reject::invalid_stop_price);
}

// A trade at 10,000, then one that would be at 11,000.
void start_volatility_auction(SmallVenue& small) {
  small.tell(define_lively());
  std::uint32_t ref = 0;
  for (const std::int64_t price : {10'000, 11'000}) {
    ++ref;
    small.tell(enter({.session = 1,
                      .ref = ref,
                      .side = Side::sell,
                      .quantity = 5,
                      .price = price,
                      .instrument = lively}));
    small.tell(enter({.ref = ref, .quantity = 5, .price = price, .instrument = lively}));
  }
}

TEST(RiskAuctions, an_auction_that_starts_by_itself_is_one_for_risk_until_it_ends) {
  SmallVenue small;
  start_volatility_auction(small);
  EXPECT_EQ(small.log().back().events.front().kind, EventKind::phase_changed);
  EXPECT_GT(balance(small, 0, usd).held, Money{55'000});
  EXPECT_EQ(verdict_of(small, uncross(lively)), Reject::none);
  EXPECT_EQ(balance(small, 0, usd).held, Money{0});
  small.tick(Nanos{3'000'000});
  EXPECT_EQ(small.log().back().events.front().kind, EventKind::phase_changed);
  EXPECT_EQ(verdict_of(small, uncross(lively)), Reject::not_in_auction);
  small.venue().assert_invariants();
}

TEST(RiskAuctions, what_was_commanded_since_is_newer_than_what_the_log_tells) {
  SmallVenue small({.feedback_lag = 100});
  small.venue().catch_up();
  start_volatility_auction(small);
  small.tell(set_state(lively, InstrumentState::halted));
  small.venue().catch_up();
  EXPECT_EQ(small.venue().risk().reference().instrument(InstrumentId{lively}).state,
            InstrumentState::halted);
}

TEST(RiskHalts, of_the_market_bind_the_next_order_and_end_when_the_log_says_so) {
  for (const std::uint32_t lag : {0U, 100U}) {
    SCOPED_TRACE(lag);
    SmallVenue small({.feedback_lag = lag});
    small.tell(set_state(btc_usd, InstrumentState::closed));
    small.venue().catch_up();
    std::uint32_t ref = 0;
    const auto verdict = [&](std::uint32_t instrument) {
      return verdict_of(small, enter({.ref = ++ref, .price = 100, .instrument = instrument}));
    };
    EXPECT_EQ(verdict_of(small, halt_market(4, 1, 1)), Reject::limit_exceeded);
    EXPECT_EQ(verdict(aapl), Reject::none);
    EXPECT_EQ(verdict_of(small, halt_market(1, 10, 5)), Reject::none);
    EXPECT_EQ(verdict(aapl), Reject::instrument_halted);
    EXPECT_EQ(verdict(btc_usd), Reject::instrument_closed);
    small.tick(Nanos{10'000'000});
    small.venue().catch_up();
    EXPECT_EQ(verdict(aapl), Reject::none);
    EXPECT_EQ(verdict_of(small, uncross(aapl)), Reject::none);
    EXPECT_EQ(verdict(btc_usd), Reject::instrument_closed);
    small.venue().catch_up();
    small.venue().assert_invariants();
  }
}

TEST(RiskAuctions, only_an_auction_is_uncrossed) {
  SmallVenue small;
  EXPECT_EQ(verdict_of(small, uncross(aapl)), Reject::not_in_auction);
  EXPECT_EQ(verdict_of(small, uncross(7)), Reject::unknown_reference);
  small.tell(set_state(aapl, InstrumentState::closing_auction));
  EXPECT_EQ(verdict_of(small, uncross(aapl)), Reject::none);
  EXPECT_EQ(verdict_of(small, set_state(aapl, InstrumentState{6})), Reject::limit_exceeded);
}

}  // namespace
}  // namespace basalt::oracle
