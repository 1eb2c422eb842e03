// Risk's rules one by one: what is refused, what is held and given back, which numbers are used up,
// what a lost connection takes with it. Of several faults which is told: risk_precedence_test.cpp.
#include <gtest/gtest.h>

#include <vector>

#include "tests/property/reach_probes.h"
#include "tests/unit/risk_venue.h"

namespace basalt::oracle {
namespace {

TEST(RiskLimits, are_changed_by_command_and_bind_the_next_order) {
  SmallVenue small;
  test::CommandMaker make;
  std::uint32_t ref = 0;
  const auto verdict = [&](Entered order) {
    order.ref = ++ref;
    return verdict_of(small, enter(order));
  };
  EXPECT_EQ(verdict({.quantity = 100, .price = 100}), Reject::none);
  small.tell(make.limit_of_instrument(aapl, LimitKind::quantity_max, 99));
  EXPECT_EQ(verdict({.quantity = 100, .price = 100}), Reject::invalid_quantity);
  EXPECT_EQ(verdict({.quantity = 99, .price = 100}), Reject::none);
  small.tell(make.limit_of_instrument(aapl, LimitKind::notional_max, 9'000));
  EXPECT_EQ(verdict({.quantity = 99, .price = 100}), Reject::notional_exceeded);
  EXPECT_EQ(verdict({.quantity = 90, .price = 100}), Reject::none);
  small.tell(make.limit_of_account(traders_first, 3));
  EXPECT_EQ(verdict({.quantity = 1, .price = 100}), Reject::open_orders_exceeded);
  small.tell(make.limit_of_account(traders_first, 5));
  EXPECT_EQ(verdict({.quantity = 1, .price = 100}), Reject::none);
  // The reference is 10,000: the bound of a market order tells the protection.
  small.tell(make.limit_of_instrument(aapl, LimitKind::protection_ppm, 20'000));
  small.tell(make.limit_of_instrument(aapl, LimitKind::notional_max, 0));
  const auto market = small.tell(enter({.ref = ++ref, .quantity = 1, .flags = flag_market}));
  EXPECT_EQ(market.front().command.order.price, Price{10'200});
}

TEST(RiskLimits, a_collar_set_by_command_reaches_the_book) {
  SmallVenue small;
  test::CommandMaker make;
  small.tell(enter({.session = 0, .ref = 1, .quantity = 1, .price = 10'000}));
  small.tell(enter({.session = 1, .ref = 1, .side = Side::sell, .quantity = 1, .price = 10'000}));
  const auto answer = small.tell(make.limit_of_instrument(aapl, LimitKind::collar_ppm, 10'000));
  ASSERT_EQ(answer.front().events.size(), 1U);
  EXPECT_EQ(answer.front().events[0].kind, EventKind::nothing);
  const auto beyond = small.tell(enter({.session = 0, .ref = 2, .quantity = 1, .price = 9'899}));
  EXPECT_EQ(beyond.front().events[0].reject(), Reject::outside_collar);
}

TEST(RiskLimits, are_changed_once_by_an_external_id) {
  SmallVenue small;
  test::CommandMaker make;
  const auto change = [&](std::int64_t value) {
    Command command = make.limit_of_account(traders_first, value);
    auto amendment = command.as<Amendment>();
    amendment.external_id.bytes[3] = 7;
    command.set(amendment);
    return command;
  };
  EXPECT_EQ(verdict_of(small, change(8)), Reject::none);
  EXPECT_EQ(verdict_of(small, change(9)), Reject::duplicate_external_id);
  EXPECT_EQ(small.venue().risk().reference().account(AccountId{traders_first}).open_orders_max, 8U);
}

TEST(RiskLimits, of_an_epoch_bind_however_much_memory_there_is) {
  SmallVenue small;
  EpochStart start{};
  start.limits = small_venue_limits();
  start.limits.orders_max = 2;
  const std::uint32_t applied = small.venue().risk().external_ids();
  start.limits.external_ids_max = applied;
  small.tell(test::CommandMaker{}.next(CommandKind::epoch_start, start));
  for (std::uint32_t ref = 1; ref <= 2; ++ref) {
    EXPECT_EQ(verdict_of(small, enter({.ref = ref, .price = 100})), Reject::none);
  }
  EXPECT_EQ(verdict_of(small, enter({.ref = 3, .price = 100})), Reject::open_orders_exceeded);
  EXPECT_EQ(verdict_of(small, test::CommandMaker{}.deposit(traders_first, usd, 1)),
            Reject::limit_exceeded);
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

// A stop at the market trades a distance from where it triggers, and that is what it holds for.
TEST(RiskMarketOrders, that_wait_are_bounded_by_their_stop) {
  SmallVenue small;
  Entered entered{.ref = 1, .side = Side::buy, .quantity = 10, .flags = flag_market};
  entered.instructions.stop = Price{12'000};
  EXPECT_EQ(small.tell(enter(entered)).front().command.order.price, Price{12'600});  // 5 % above.
  entered.side = Side::sell;
  entered.ref = 2;
  entered.instructions.stop = Price{8'000};
  EXPECT_EQ(small.tell(enter(entered)).front().command.order.price, Price{7'600});
}

TEST(RiskHolds, of_a_stop_are_spent_when_another_order_triggers_it) {
  SmallVenue small;
  Entered stop{.session = 1, .ref = 1, .side = Side::buy, .quantity = 10, .price = 10'100};
  stop.instructions.stop = Price{10'050};
  small.tell(enter(stop));
  EXPECT_GT(balance(small, 1, usd).held, Money{0});
  small.tell(enter({.session = 2, .ref = 1, .side = Side::sell, .quantity = 1, .price = 10'050}));
  small.tell(enter({.session = 2, .ref = 2, .side = Side::sell, .quantity = 10, .price = 10'060}));
  const Money before = balance(small, 1, usd).free + balance(small, 1, usd).held;
  small.tell(enter({.session = 0, .ref = 1, .side = Side::buy, .quantity = 1, .price = 10'050}));
  small.venue().catch_up();
  EXPECT_EQ(balance(small, 1, usd).held, Money{0});
  const Money paid{10 * 10'060};
  EXPECT_EQ(before - balance(small, 1, usd).free, paid + fee(paid, 3'000));
  small.venue().assert_invariants();
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

TEST(RiskAdministration, is_refused_to_sessions_that_may_not_and_uses_their_number) {
  SmallVenue small;
  test::CommandMaker make;
  const Command deposit = make.deposit(traders_first, usd, 7);
  EXPECT_EQ(verdict_of(small, administered(deposit, 1, 1, 0)), Reject::not_an_admin);
  Command odd = administered(set_state(aapl, InstrumentState::halted), 2, 1, 0);
  odd.order.verdict = Reject::invalid_value;  // Found by the decoder, and told to nobody.
  EXPECT_EQ(verdict_of(small, odd), Reject::not_an_admin);
  EXPECT_EQ(balance(small, 0, usd).free, Money{1'000'000'000'000});
  EXPECT_EQ(small.venue().risk().reference().instrument(InstrumentId{aapl}).state,
            InstrumentState::open);
  EXPECT_TRUE(small.tell(enter({.ref = 2})).empty()) << "numbers are common to both";
  EXPECT_EQ(verdict_of(small, enter({.ref = 3})), Reject::none);
  // What was refused may be sent again under the same id by who may.
  small.tell(define_admin());
  EXPECT_EQ(verdict_of(small, administered(deposit, 1, 1)), Reject::none);
}

TEST(RiskAdministration, is_numbered_like_orders_and_its_retransmissions_are_silent) {
  SmallVenue small;
  small.tell(define_admin());
  test::CommandMaker make;
  const Command deposit = make.deposit(traders_first, usd, 7);
  EXPECT_TRUE(small.tell(administered(deposit, 0, 1)).empty());
  EXPECT_EQ(verdict_of(small, administered(deposit, 5, 1)), Reject::none);
  EXPECT_TRUE(small.tell(administered(deposit, 5, 2)).empty());
  EXPECT_TRUE(small.tell(administered(deposit, 4, 3)).empty());
  EXPECT_EQ(small.tell(query(admin_session)).front().command.origin.original_user_ref_num, 6U);
  EXPECT_EQ(balance(small, 0, usd).free, Money{1'000'000'000'007});
}

// Each kind of command, twice with one id, and its effect in between taken back by another one.
TEST(RiskAdministration, applies_every_kind_of_command_once_by_its_external_id) {
  SmallVenue small;
  small.tell(define_admin());
  test::CommandMaker make;
  Amendment suspended{};
  suspended.account_suspended = 1;
  Command suspend = make.next(CommandKind::set_account_state, suspended);
  suspend.order.account = AccountId{traders_first};
  std::uint32_t ref = 0;
  std::uint8_t id = 0;
  for (const Command& command :
       {make.deposit(traders_first, usd, 7), make.withdraw(traders_first, usd, 3),
        make.fees(aapl, -1, 2), set_state(aapl, InstrumentState::halted), suspend,
        market_event('S')}) {
    ++id;
    EXPECT_EQ(verdict_of(small, administered(command, ++ref, id)), Reject::none) << int{id};
    EXPECT_EQ(verdict_of(small, administered(command, ++ref, id)), Reject::duplicate_external_id)
        << int{id};
  }
  const ReferenceData& reference = small.venue().risk().reference();
  EXPECT_EQ(balance(small, 0, usd).free, Money{1'000'000'000'004});
  EXPECT_EQ(reference.instrument(InstrumentId{aapl}).maker_ppm, -1);
  EXPECT_EQ(verdict_of(small, enter({.session = 0, .ref = 1})), Reject::account_suspended);
  EXPECT_EQ(verdict_of(small, enter({.session = 1, .ref = 1})), Reject::instrument_halted);
  small.tell(administered(set_state(aapl, InstrumentState::open), ++ref, ++id));
  EXPECT_EQ(verdict_of(small, enter({.session = 1, .ref = 2})), Reject::none);
}

// At a million orders a second a slot that each of them takes has given all after 72 minutes.
TEST(RiskOrders, leave_a_slot_that_has_given_all_its_numbers) {
  constexpr std::uint32_t last = 0xFFFF'FFFF;
  SmallVenue small;
  small.tell(enter({.ref = 1}));
  small.tell(cancel({0, 1}));
  CoreVenue::Settings settings;
  CoreVenue again{settings};
  for (LogRecord record : small.log()) {
    OrderId& number = record.command.order.order;
    if (number != no_order) number = order_id(slot_of(number), last - 1);
    again.replay(record.command);
  }
  again.end_replay();
  const auto next = [&](std::uint32_t ref) {
    const OrderId number = again.submit(enter({.ref = ref})).front().command.order.order;
    again.submit(cancel({0, ref}));
    again.assert_invariants();
    return number;
  };
  EXPECT_EQ(next(2), order_id(0, last));
  EXPECT_EQ(next(3), order_id(1, 1));
  EXPECT_EQ(next(4), order_id(1, 2));
  again.end_replay();  // As at a start.
  EXPECT_EQ(next(5), order_id(1, 3));
  EXPECT_TRUE(property::probes_missed({"a slot has no generation left"}).empty());
}

TEST(RiskAdministration, of_a_replayed_journal_knows_the_same_numbers_and_ids) {
  SmallVenue small;
  small.tell(define_admin());
  test::CommandMaker make;
  const Command deposit = make.deposit(traders_first, usd, 7);
  small.tell(administered(deposit, 5, 1));
  CoreVenue again{CoreVenue::Settings{}};
  for (const LogRecord& record : small.log()) again.replay(record.command);
  again.end_replay();
  EXPECT_TRUE(again.submit(administered(deposit, 5, 2)).empty());
  const auto answer = again.submit(administered(deposit, 6, 1));
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer.front().command.order.verdict, Reject::duplicate_external_id);
}

}  // namespace
}  // namespace basalt::oracle
