// Risk's rules one by one: what is refused and in which order, what is held and given back, which
// numbers are used up, what a lost connection takes with it.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/oracle/small_venue.h"

namespace basalt::oracle {
namespace {

const risk::Balance& balance(SmallVenue& small, std::uint32_t session, std::uint32_t asset) {
  return small.venue().risk().balance(AccountId{traders_first + session}, AssetId{asset});
}

Reject verdict_of(SmallVenue& small, const Command& command) {
  const std::vector<LogRecord> records = small.tell(command);
  return records.empty() ? Reject::none : records.front().command.order.verdict;
}

// Each row has every fault but those of the rows before it: the first fault that is left is told.
TEST(RiskRejects, of_several_faults_the_first_is_told) {
  SmallVenue small;
  test::CommandMaker make;
  small.tell(make.withdraw(traders_first, usd, 1'000'000'000'000 - 50));
  small.tell(set_state(aapl, InstrumentState::closed));

  Command order = enter({.ref = 0, .quantity = 0, .price = 0, .instrument = 7});
  order.order.verdict = Reject::invalid_side;  // Found by the decoder.
  order.order.account = AccountId{fees_account};
  struct Row {
    Reject told;
    std::function<void()> mend;
  };
  const std::vector<Row> rows = {
      {Reject::invalid_side, [&] { order.order.verdict = Reject::none; }},
      {Reject::unknown_instrument, [&] { order.order.instrument = InstrumentId{aapl}; }},
      {Reject::account_not_permitted, [&] { order.order.account = no_account; }},
      {Reject::instrument_closed, [&] { small.tell(set_state(aapl, InstrumentState::halted)); }},
      {Reject::instrument_halted, [&] { small.tell(set_state(aapl, InstrumentState::open)); }},
      {Reject::invalid_quantity, [&] { order.order.quantity = Quantity{2'000'000}; }},
      {Reject::invalid_quantity, [&] { order.order.quantity = Quantity{10}; }},
      {Reject::invalid_price, [&] { order.order.price = Price{20'000'000}; }},
      {Reject::invalid_price, [&] { order.order.price = Price{5}; }},
      {Reject::insufficient_funds, [&] { order.order.quantity = Quantity{5}; }},
      {Reject::none, [] {}},
  };
  for (const Row& row : rows) {
    ++order.origin.user_ref_num;
    EXPECT_EQ(verdict_of(small, order), row.told) << "row " << order.origin.user_ref_num;
    row.mend();
  }
}

TEST(RiskRejects, what_an_account_and_an_instrument_allow) {
  SmallVenue small;
  test::CommandMaker make;
  Command narrow = make.account(traders_first + small_sessions);
  auto account = narrow.as<DefineAccount>();
  account.open_orders_max = 2;
  narrow.set(account);
  small.tell(narrow);
  Command dear = make.instrument(2, "DEAR", stock, usd);
  auto instrument = dear.as<DefineInstrument>();
  instrument.notional_max_low = 1'000;
  dear.set(instrument);
  small.tell(dear);
  small.tell(make.deposit(index_of(account.account), usd, 1'000'000));

  std::uint32_t ref = 0;
  const auto told = [&](Entered entered, AccountId of = no_account) {
    entered.ref = ++ref;
    Command order = enter(entered);
    order.order.account = of;
    return verdict_of(small, order);
  };
  EXPECT_EQ(told({.quantity = 10, .price = 100, .instrument = 2}), Reject::none);
  EXPECT_EQ(told({.quantity = 7, .price = 143, .instrument = 2}), Reject::notional_exceeded);
  EXPECT_EQ(told({.instrument = 2, .flags = flag_market}), Reject::no_reference_price);

  EXPECT_EQ(told({}, account.account), Reject::none);
  EXPECT_EQ(told({}, account.account), Reject::none);
  EXPECT_EQ(told({}, account.account), Reject::open_orders_exceeded);
  small.tell(cancel({0, ref - 1}));
  EXPECT_EQ(told({}, account.account), Reject::none) << "one less is open";

  Amendment amendment{};
  amendment.account_suspended = 1;
  Command suspend = make.next(CommandKind::set_account_state, amendment);
  suspend.order.account = account.account;
  small.tell(suspend);
  EXPECT_EQ(told({}, account.account), Reject::account_suspended);
  EXPECT_EQ(verdict_of(small, replace({0, ref - 1}, ref + 1, 1, 1)), Reject::account_suspended);
}

TEST(RiskNumbers, only_rise_and_a_refused_order_uses_its_own) {
  SmallVenue small;
  EXPECT_EQ(small.tell(enter({.ref = 5, .quantity = 0})).size(), 1U);
  EXPECT_TRUE(small.tell(enter({.ref = 5})).empty());
  EXPECT_TRUE(small.tell(enter({.ref = 4})).empty());
  EXPECT_EQ(small.tell(enter({.ref = 4, .channel = 2})).size(), 1U);  // Numbered by itself.
  const auto answer = small.tell(query(0));
  EXPECT_EQ(answer.front().command.origin.original_user_ref_num, 6U);
  EXPECT_TRUE(small.tell(replace({0, 99}, 7, 1, 1)).empty());  // Nothing to replace: not used up.
  EXPECT_EQ(small.tell(query(0)).front().command.origin.original_user_ref_num, 6U);
}

TEST(RiskHolds, are_taken_spent_and_given_back_to_the_unit) {
  SmallVenue small;
  const Money all = balance(small, 0, usd).free;
  small.tell(enter({.session = 0, .ref = 1, .quantity = 100, .price = 1'000}));
  const Money held = balance(small, 0, usd).held;
  EXPECT_EQ(held, Money{100'000 + 1'000 + 100});  // Worth, 1 % of it, and a unit for each lot.
  EXPECT_EQ(balance(small, 0, usd).free + held, all);

  small.tell(enter({.session = 1, .ref = 1, .side = Side::sell, .quantity = 40, .price = 900}));
  // The maker gets a rebate of 0.1 %, rounded toward the house; the taker pays 0.3 %.
  EXPECT_EQ(balance(small, 0, usd).free + balance(small, 0, usd).held, all - Money{40'000 - 40});
  EXPECT_EQ(balance(small, 0, stock).free, Money{1'000'000'000'040});
  EXPECT_EQ(balance(small, 1, usd).free, Money{1'000'000'000'000 + 40'000 - 120});
  EXPECT_EQ(balance(small, 1, stock).held, Money{0});

  small.tell(cancel({0, 1}));
  EXPECT_EQ(balance(small, 0, usd).held, Money{0});
  EXPECT_EQ(balance(small, 0, usd).free, all - Money{40'000 - 40});
  small.venue().assert_invariants();
}

// Leaves a trader exactly so much of an asset.
void leave(SmallVenue& small, std::uint32_t session, std::uint32_t asset, std::int64_t amount) {
  test::CommandMaker make;
  const auto free = static_cast<std::int64_t>(balance(small, session, asset).free.value);
  small.tell(make.withdraw(traders_first + session, asset, free - amount));
  ASSERT_EQ(balance(small, session, asset).free, Money{amount});
}

TEST(RiskHolds, are_refused_where_one_unit_is_missing) {
  SmallVenue small;
  test::CommandMaker make;
  leave(small, 0, usd, 101'099);
  leave(small, 0, stock, 99);
  const Command buy = enter({.ref = 1, .quantity = 100, .price = 1'000});
  const Command sell = enter({.ref = 2, .side = Side::sell, .quantity = 100, .price = 2'000});
  EXPECT_EQ(verdict_of(small, buy), Reject::insufficient_funds);
  EXPECT_EQ(verdict_of(small, sell), Reject::insufficient_funds);
  EXPECT_EQ(balance(small, 0, usd).held, Money{0});
  small.tell(make.deposit(traders_first, usd, 1));
  small.tell(make.deposit(traders_first, stock, 1));
  EXPECT_EQ(verdict_of(small, enter({.ref = 3, .quantity = 100, .price = 1'000})), Reject::none);
  EXPECT_EQ(
      verdict_of(small, enter({.ref = 4, .side = Side::sell, .quantity = 100, .price = 2'000})),
      Reject::none);
  EXPECT_EQ(balance(small, 0, usd).free, Money{0});
  EXPECT_EQ(balance(small, 0, stock).free, Money{0});
}

// The dearest way in which an order can fill: lot by lot, at its limit, at the fee's cap.
TEST(RiskHolds, cover_the_dearest_way_to_fill) {
  SmallVenue small;
  test::CommandMaker make;
  small.tell(make.fees(aapl, 10'000, 10'000));
  leave(small, 0, usd, 100 * 7 + 7 + 100);
  EXPECT_EQ(verdict_of(small, enter({.ref = 1, .quantity = 100, .price = 7})), Reject::none);
  for (std::uint32_t ref = 1; ref <= 100; ++ref) {
    small.tell(enter({.session = 1, .ref = ref, .side = Side::sell, .price = 7}));
  }
  EXPECT_EQ(balance(small, 0, usd).free, Money{7}) << "each lot costs its price and a whole unit";
  EXPECT_EQ(balance(small, 0, usd).held, Money{0});
  EXPECT_EQ(balance(small, 0, stock).free, Money{1'000'000'000'100});
  small.venue().assert_invariants();
}

TEST(RiskHolds, of_a_replacement_need_the_difference_to_the_unit) {
  for (const std::int64_t missing : {1, 0}) {
    SmallVenue small;
    // From 100 at 1,000 to 100 at 1,010, and two units for the rounding of a fill in between.
    leave(small, 0, usd, 101'100 + 1'000 + 10 + 2 - missing);
    small.tell(enter({.ref = 1, .quantity = 100, .price = 1'000}));
    EXPECT_EQ(verdict_of(small, replace({0, 1}, 2, 100, 1'010)),
              missing == 1 ? Reject::insufficient_funds : Reject::none);
    small.venue().assert_invariants();
  }
}

// What a cancel that is under way may set free is not counted on: the log has not told it yet.
TEST(RiskHolds, of_a_replacement_count_on_nothing_that_is_being_reduced) {
  SmallVenue small(CoreVenue::Settings{.feedback_lag = 4});
  small.venue().catch_up();
  leave(small, 0, usd, 110'000);
  small.tell(enter({.ref = 1, .quantity = 100, .price = 1'000}));
  small.tell(reduce({0, 1}, 10));
  EXPECT_EQ(verdict_of(small, replace({0, 1}, 2, 100, 1'000)), Reject::insufficient_funds);
  small.venue().catch_up();
  small.venue().assert_invariants();
}

TEST(RiskHolds, of_a_replacement_need_only_the_difference) {
  SmallVenue small;
  test::CommandMaker make;
  small.tell(make.withdraw(traders_first, usd, 1'000'000'000'000 - 110'000));
  small.tell(enter({.ref = 1, .quantity = 100, .price = 1'000}));
  // Funds for both at once there are not; for the one instead of the other there are.
  EXPECT_EQ(verdict_of(small, replace({0, 1}, 2, 100, 1'010)), Reject::none);
  EXPECT_EQ(verdict_of(small, replace({0, 2}, 3, 100, 2'000)), Reject::insufficient_funds);
  small.venue().assert_invariants();
  EXPECT_EQ(small.venue().risk().orders_live(), 0U);  // An invalid replacement takes its original.
}

TEST(RiskMarketOrders, are_bounded_by_the_last_trade_or_the_reference) {
  SmallVenue small;
  const auto bound = [&](std::uint32_t ref, Side side) {
    const Command order = enter({.session = 2, .ref = ref, .side = side, .flags = flag_market});
    return small.tell(order).front().command.order.price;
  };
  EXPECT_EQ(bound(1, Side::buy), Price{10'500});  // 5 % around the reference of 10,000.
  EXPECT_EQ(bound(2, Side::sell), Price{9'500});
  small.tell(enter({.session = 0, .ref = 1, .price = 200}));
  small.tell(enter({.session = 1, .ref = 1, .side = Side::sell, .price = 200}));
  EXPECT_EQ(bound(3, Side::buy), Price{210});
}

TEST(RiskDisconnect, cancels_the_sessions_orders_where_it_wants_that) {
  SmallVenue small;
  for (const std::uint32_t session : {0U, 1U}) {  // Session 1 cancels on disconnect, 0 does not.
    small.tell(enter({.session = session, .ref = 1}));
    small.tell(enter({.session = session, .ref = 2, .price = 2}));
  }
  EXPECT_EQ(small.tell(session_down(0)).size(), 1U);
  const auto records = small.tell(session_down(1));
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[1].command.origin.user_ref_num, 1U);  // Oldest first.
  EXPECT_EQ(records[2].events.front().reason(), CancelReason::system);
  EXPECT_EQ(small.venue().risk().orders_live(), 2U);
  small.venue().assert_invariants();
}

TEST(RiskPayments, are_applied_once_by_their_external_id) {
  SmallVenue small;
  test::CommandMaker make;
  Command deposit = make.deposit(traders_first, usd, 7);
  auto amendment = deposit.as<Amendment>();
  amendment.external_id.bytes[3] = 9;
  deposit.set(amendment);
  EXPECT_EQ(verdict_of(small, deposit), Reject::none);
  EXPECT_EQ(verdict_of(small, deposit), Reject::duplicate_external_id);
  EXPECT_EQ(balance(small, 0, usd).free, Money{1'000'000'000'007});
  EXPECT_EQ(verdict_of(small, make.withdraw(traders_first, usd, 2'000'000'000'000)),
            Reject::insufficient_funds);
}

}  // namespace
}  // namespace basalt::oracle
