// Of several faults risk tells the first: tables of an order, a market order and a replacement, in
// which each row is the last with one fault mended.
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "tests/unit/risk_venue.h"

namespace basalt::oracle {
namespace {

struct Row {
  Reject told;
  std::function<void()> mend;
};

Command suspended(std::uint32_t account, bool is) {
  Amendment amendment{};
  amendment.account_suspended = is ? 1 : 0;
  Command command = test::CommandMaker{}.next(CommandKind::set_account_state, amendment);
  command.order.account = AccountId{account};
  return command;
}

class RiskPrecedence : public testing::Test {
 protected:
  // Asks with every fault but those of the rows before, each time under the next number.
  void expect(const std::vector<Row>& rows) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      ++order.origin.user_ref_num;
      const std::vector<LogRecord> records = small.tell(order);
      ASSERT_FALSE(records.empty()) << "row " << row;
      EXPECT_EQ(records.front().command.order.verdict, rows[row].told) << "row " << row;
      rows[row].mend();
    }
  }
  // Of session 0 and its account, by the operator and, both ways, by the firm.
  void switch_entry_off() {
    small.tell(suspended(traders_first, true));
    small.tell(disable_entry({1, 1}));
    small.tell(disable_entry({1, 2}, AccountId{traders_first}));
  }
  void lift_suspension() { small.tell(suspended(traders_first, false)); }
  void enable_firm() { small.tell(enable_entry({1, 3})); }
  void enable_account() { small.tell(enable_entry({1, 4}, AccountId{traders_first})); }

  void set_notional_max(std::int64_t most, std::uint32_t instrument = aapl) {
    small.tell(make.limit_of_instrument(instrument, LimitKind::notional_max, most));
  }
  // What the whole venue has room for.
  void set_orders_max(std::uint32_t most) {
    EpochStart start{};
    start.limits = small_venue_limits();
    start.limits.orders_max = most;
    small.tell(make.next(CommandKind::epoch_start, start));
  }

  SmallVenue small;
  test::CommandMaker make;
  Command order;
};

TEST_F(RiskPrecedence, of_the_faults_of_a_new_order) {
  small.tell(enter({.ref = 1}));
  leave(small, 0, usd, 50);
  small.tell(make.limit_of_account(traders_first, 1));
  set_notional_max(40);
  switch_entry_off();
  small.tell(set_state(aapl, InstrumentState::closed));

  order = enter({.ref = 1, .quantity = 0, .price = 0, .instrument = 7});
  order.order.verdict = Reject::invalid_side;  // Found by the decoder.
  order.order.account = AccountId{fees_account};
  order.order.time_in_force = TimeInForce::gtd;  // Of no time.
  order.origin.original_user_ref_num = 99;       // Of no order.
  Instructions asked{};
  const auto ask = [&](std::int64_t display, std::int64_t min_quantity, std::int64_t stop,
                       std::uint32_t random = 0) {
    asked.display = Quantity{display};
    asked.random = random;
    asked.min_quantity = Quantity{min_quantity};
    asked.stop = Price{stop};
    order.order.flags = flag_instructed;
    order.set(asked);
  };
  asked.price_type = PriceType::midpoint;  // And shown.
  ask(-1, 20, 20'000'000);
  expect({
      {Reject::invalid_side, [&] { order.order.verdict = Reject::none; }},
      {Reject::unknown_instrument, [&] { order.order.instrument = InstrumentId{aapl}; }},
      {Reject::account_not_permitted, [&] { order.order.account = no_account; }},
      {Reject::account_suspended, [&] { lift_suspension(); }},
      {Reject::entry_disabled, [&] { enable_firm(); }},
      {Reject::entry_disabled, [&] { enable_account(); }},
      {Reject::instrument_closed, [&] { small.tell(set_state(aapl, InstrumentState::halted)); }},
      {Reject::instrument_halted, [&] { small.tell(set_state(aapl, InstrumentState::open)); }},
      {Reject::invalid_quantity, [&] { order.order.quantity = Quantity{2'000'000}; }},
      {Reject::invalid_quantity, [&] { order.order.quantity = Quantity{10}; }},
      {Reject::invalid_price, [&] { order.order.price = Price{20'000'000}; }},
      {Reject::invalid_price, [&] { order.order.price = Price{5}; }},
      {Reject::notional_exceeded, [&] { set_notional_max(50); }},
      {Reject::invalid_max_floor, [&] { ask(2, 20, 20'000'000, 2); }},
      {Reject::invalid_max_floor, [&] { ask(0, 20, 20'000'000, 1); }},
      {Reject::invalid_max_floor, [&] { ask(2, 20, 20'000'000, 1); }},
      {Reject::invalid_min_quantity, [&] { ask(2, 5, 20'000'000); }},
      {Reject::invalid_stop_price, [&] { ask(2, 5, 0); }},
      {Reject::invalid_expiry, [&] { order.order.time_in_force = TimeInForce::day; }},
      {Reject::invalid_peg,
       [&] {
         asked.price_type = PriceType::limit;
         ask(2, 5, 0);
       }},
      {Reject::invalid_link, [&] { order.origin.original_user_ref_num = 0; }},
      {Reject::insufficient_funds, [&] { order.order.quantity = Quantity{5}; }},
      {Reject::open_orders_exceeded, [&] { small.tell(make.limit_of_account(traders_first, 2)); }},
      {Reject::none, [] {}},
  });
}

// It has no price but the one that risk finds for it, without which nothing else is looked at.
TEST_F(RiskPrecedence, of_the_faults_of_a_market_order) {
  constexpr std::uint32_t untraded = 2;  // And without a reference.
  small.tell(make.instrument(untraded, "UNTRADED", stock, usd));
  set_notional_max(9, untraded);
  leave(small, 0, usd, 0);
  small.tell(set_state(untraded, InstrumentState::halted));
  order = enter({.quantity = 0, .instrument = untraded, .flags = flag_market});
  const auto trade_at_one = [&] {
    small.tell(enter({.session = 1, .ref = 1, .instrument = untraded}));
    small.tell(enter({.session = 2, .ref = 1, .side = Side::sell, .instrument = untraded}));
  };
  expect({
      {Reject::instrument_halted, [&] { small.tell(set_state(untraded, InstrumentState::open)); }},
      {Reject::no_reference_price, trade_at_one},
      {Reject::invalid_quantity, [&] { order.order.quantity = Quantity{10}; }},
      {Reject::notional_exceeded, [&] { set_notional_max(0, untraded); }},
      {Reject::insufficient_funds, [&] { small.tell(make.deposit(traders_first, usd, 1'000)); }},
      {Reject::none, [] {}},
  });
}

// Each names an order of its own: not all that are refused leave it.
TEST_F(RiskPrecedence, of_the_faults_of_a_replacement) {
  constexpr std::uint32_t quoted_first = 1;
  constexpr std::uint32_t plain_first = 3;
  constexpr std::uint32_t rows = 17;
  small.tell(quote({.ref = quoted_first,
                    .bid_quantity = 5,
                    .bid_price = 9'000,
                    .offer_quantity = 5,
                    .offer_price = 11'000}));
  for (std::uint32_t i = 0; i < rows; ++i) {
    small.tell(enter({.ref = plain_first + i, .quantity = 10, .price = 5}));
  }
  small.tell(enter({.session = 3, .ref = 1}));  // Whatever becomes of these, one is open.
  set_notional_max(50);
  set_orders_max(1);
  switch_entry_off();
  small.tell(set_state(aapl, InstrumentState::closed));

  order = replace({0, 99}, plain_first + rows, 0, 0);
  ++order.order.price.value;                     // On the wire it is no multiple of a tick.
  order.order.verdict = Reject::invalid_option;  // Found by the decoder.
  EXPECT_TRUE(small.tell(order).empty()) << "of no order, whatever else is wrong";
  std::uint32_t& original = order.origin.original_user_ref_num;
  original = quoted_first;
  const auto next = [&](const std::function<void()>& mend) {
    return [&original, mend] {
      ++original;
      mend();
    };
  };
  const auto price = [&](std::int64_t ticks) {
    return next([&, ticks] { order.order.price = Price{ticks * wire_tick}; });
  };
  const auto total = [&](std::int64_t lots) {
    return next([&, lots] { order.order.quantity = Quantity{lots}; });
  };
  expect({
      {Reject::invalid_option, next([&] { order.order.verdict = Reject::none; })},
      {Reject::side_of_quote, [&] { original = plain_first; }},
      {Reject::account_suspended, next([&] { lift_suspension(); })},
      {Reject::entry_disabled, next([&] { enable_firm(); })},
      {Reject::entry_disabled, next([&] { enable_account(); })},
      {Reject::instrument_closed,
       next([&] { small.tell(set_state(aapl, InstrumentState::halted)); })},
      {Reject::instrument_halted,
       next([&] { small.tell(set_state(aapl, InstrumentState::open)); })},
      {Reject::invalid_price, price(0)},
      {Reject::invalid_quantity, total(2'000'000)},
      {Reject::invalid_quantity, total(1'000'000)},
      {Reject::invalid_price, price(20'000'000)},
      {Reject::invalid_price, price(19'000'000)},
      {Reject::notional_exceeded, next([&] { set_notional_max(0); })},
      {Reject::insufficient_funds, total(10)},
      {Reject::open_orders_exceeded,
       next([&] { set_orders_max(small_venue_limits().orders_max); })},
      {Reject::none, [] {}},
  });
}

}  // namespace
}  // namespace basalt::oracle
