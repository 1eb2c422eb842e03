// What the world is told: each scenario against the whole list of its messages.
#include "engine/marketdata/marketdata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/pipeline/time_of_day.h"
#include "tests/oracle/small_venue.h"
#include "tests/unit/wire_text.h"

namespace basalt::marketdata {
namespace {

using oracle::cancel;
using oracle::enter;
using oracle::reduce;
using oracle::replace;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t store_bytes = std::size_t{4} << 20;

class Feed : public testing::Test {
 protected:
  Feed()
      : limits_(small_.venue().settings().risk.reference),
        arena_(MarketDataCore::memory_bytes(limits_, orders_max())),
        feed_(1, store_bytes),
        core_(limits_, orders_max(), feed_, arena_) {
    for (const oracle::LogRecord& record : small_.log()) oracle::follow(record, core_);
  }

  void tell(const Command& command) {
    for (const oracle::LogRecord& record : small_.tell(command)) oracle::follow(record, core_);
  }
  void buy(std::uint32_t ref, std::int64_t quantity, std::int64_t price) {
    tell(
        enter({.session = 0, .ref = ref, .side = Side::buy, .quantity = quantity, .price = price}));
  }
  void sell(std::uint32_t ref, std::int64_t quantity, std::int64_t price) {
    tell(enter(
        {.session = 1, .ref = ref, .side = Side::sell, .quantity = quantity, .price = price}));
  }
  [[nodiscard]] std::uint32_t orders_max() { return small_.venue().settings().risk.orders_max; }
  // All that the feed has told since it was asked last.
  std::vector<std::string> told() {
    std::vector<std::string> texts;
    while (read_ < feed_.count(feed_stream)) {
      texts.push_back(test::text_of_itch(feed_.at(feed_stream, ++read_).bytes));
    }
    return texts;
  }

  oracle::SmallVenue small_;
  ReferenceLimits limits_;
  Arena arena_;
  pipeline::StreamStore feed_;
  MarketDataCore core_;
  std::uint64_t read_ = 0;
};

// As it is after the definitions.
class OpenFeed : public Feed {
 protected:
  OpenFeed() { told(); }
};

TEST_F(Feed, starts_with_start_of_messages_and_then_defines_each_instrument) {
  EXPECT_THAT(told(), ElementsAre("S 0 O", "R 1 AAPL Q - 1 N - Z P - - - - 0 N",
                                  "z 1 AAPL 4 100 0 1 1999999900 1000000", "H 1 AAPL T - -",
                                  "R 2 BTC-USD Q - 1 N - Z P - - - - 0 N",
                                  "z 2 BTC-USD 4 100 5 1 1999999900 1000000", "H 2 BTC-USD T - -"));
}

TEST_F(OpenFeed, the_same_definition_again_says_nothing) {
  for (const Command& command : oracle::small_venue_definitions()) {
    if (command.order.kind == CommandKind::define_instrument) tell(command);
  }
  EXPECT_THAT(told(), IsEmpty());
}

// One lot is 2.5 BTC in the one, ten shares in the other.
TEST_F(OpenFeed, a_lot_is_told_exactly_in_as_few_digits_as_do) {
  test::CommandMaker make;
  Command big = make.instrument(3, "BIG", oracle::bitcoin, oracle::usd);
  auto definition = big.as<DefineInstrument>();
  definition.lot_value = 250'000'000;
  definition.wire_tick = 1;
  definition.price_max = Price{0x7FFF'FFFE};  // One below what OUCH takes for "at the market".
  definition.quantity_max = Quantity{std::int64_t{1} << 40};
  definition.market_category = 0;
  definition.state = InstrumentState::closed;
  big.set(definition);
  tell(big);
  Command ten = make.instrument(4, "TEN", oracle::stock, oracle::usd);
  definition = ten.as<DefineInstrument>();
  definition.lot_value = 10;
  definition.price_max = Price{1'000};
  ten.set(definition);
  tell(ten);
  const std::vector<std::string> texts = told();
  EXPECT_THAT(texts, testing::Contains("R 4 BIG - - 1 N - Z P - - - - 0 N"));
  EXPECT_THAT(texts, testing::Contains("z 4 BIG 4 1 1 25 2147483646 4294967295"));
  EXPECT_THAT(texts, testing::Contains("H 4 BIG H - -"));
  EXPECT_THAT(texts, testing::Contains("z 5 TEN 4 100 0 10 100000 1000000000"));
}

TEST_F(OpenFeed, a_change_of_state_is_told) {
  tell(oracle::set_state(oracle::btc_usd, InstrumentState::halted));
  tell(oracle::set_state(oracle::btc_usd, InstrumentState::open));
  tell(oracle::set_state(oracle::aapl, InstrumentState::closed));
  tell(oracle::set_state(7, InstrumentState::closed));  // There is none: a verdict.
  EXPECT_THAT(told(), ElementsAre("H 2 BTC-USD H - -", "H 2 BTC-USD T - -", "H 1 AAPL H - -"));
}

TEST_F(OpenFeed, the_day_is_told_and_the_stream_does_not_end_with_it) {
  for (const char code : {'S', 'Q', 'M', 'E', 'O', 'C', '?'}) tell(oracle::market_event(code));
  EXPECT_THAT(told(), ElementsAre("S 0 S", "S 0 Q", "S 0 M", "S 0 E"));
}

TEST_F(OpenFeed, an_order_that_rests_is_added) {
  buy(1, 100, 10'050);
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 7,
              .price = 12'000,
              .instrument = oracle::btc_usd}));
  EXPECT_THAT(told(), ElementsAre("A 1 1:0 B 100 AAPL 1005000", "A 2 1:1 S 7 BTC-USD 1200000"));
}

TEST_F(OpenFeed, bytes_are_those_of_the_standard) {
  small_.venue().set_time(Nanos{pipeline::day_ns * 20'000 + 0x0102'0304'0506});
  buy(1, 100, 10'050);
  const auto bytes = feed_.at(feed_stream, feed_.count(feed_stream)).bytes;
  const std::string expected(
      "A\x00\x01\x00\x00\x01\x02\x03\x04\x05\x06"  // Type, locate, tracking, time.
      "\x00\x00\x00\x01\x00\x00\x00\x00"           // Order reference.
      "B\x00\x00\x00\x64"                          // Side, shares.
      "AAPL    "                                   // Stock.
      "\x00\x0F\x55\xC8",                          // 1,005,000.
      36);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), expected);
  EXPECT_EQ(feed_.at(feed_stream, feed_.count(feed_stream)).sequence, small_.venue().sequence());
}

TEST_F(OpenFeed, an_order_that_never_rests_is_never_shown) {
  buy(1, 10, 10'000);
  told();
  const auto at_most = [](TimeInForce time_in_force, std::int64_t quantity, std::uint32_t ref) {
    return enter({.session = 1,
                  .ref = ref,
                  .side = Side::sell,
                  .quantity = quantity,
                  .price = 10'001,
                  .time_in_force = time_in_force});
  };
  tell(at_most(TimeInForce::ioc, 5, 1));
  tell(at_most(TimeInForce::fok, 50, 2));
  tell(enter(
      {.session = 1, .ref = 3, .side = Side::sell, .price = 10'000, .flags = flag_post_only}));
  tell(enter({.session = 1, .ref = 4, .quantity = 0}));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(OpenFeed, fills_are_executions_of_the_makers_and_the_rest_is_added) {
  buy(1, 10, 10'000);
  buy(2, 20, 10'001);
  told();
  sell(1, 100, 10'000);
  sell(2, 1, 10'000);
  EXPECT_THAT(told(), ElementsAre("E 1 1:1 20 1", "E 1 1:0 10 2", "A 1 1:2 S 70 AAPL 1000000",
                                  "A 1 2:0 S 1 AAPL 1000000"));
}

TEST_F(OpenFeed, what_an_immediate_order_leaves_is_not_told) {
  buy(1, 10, 10'000);
  told();
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 50,
              .price = 9'000,
              .time_in_force = TimeInForce::ioc}));
  EXPECT_THAT(told(), ElementsAre("E 1 1:0 10 1"));
}

TEST_F(OpenFeed, a_reduction_is_a_cancel_and_a_cancel_is_a_deletion) {
  buy(1, 100, 10'000);
  buy(2, 100, 10'000);
  told();
  tell(reduce({.session = 0, .ref = 1}, 70));
  tell(reduce({.session = 0, .ref = 1}, 80));
  tell(cancel({.session = 0, .ref = 1}));
  tell(reduce({.session = 0, .ref = 2}, 0));
  EXPECT_THAT(told(), ElementsAre("X 1 1:0 30", "D 1 1:0", "D 1 1:1"));
}

TEST_F(OpenFeed, a_replacement_that_rests_whole_is_a_replace) {
  sell(1, 100, 10'000);
  told();
  tell(replace({.session = 1, .ref = 1}, 2, 90, 10'010));
  EXPECT_THAT(told(), ElementsAre("U 1 1:0 1:1 90 1001000"));
}

TEST_F(OpenFeed, a_replacement_that_trades_is_a_deletion_and_then_a_new_order) {
  buy(1, 30, 10'000);
  sell(1, 100, 10'010);
  told();
  tell(replace({.session = 1, .ref = 1}, 2, 100, 10'000));
  EXPECT_THAT(told(), ElementsAre("D 1 1:1", "E 1 1:0 30 1", "A 1 1:2 S 70 AAPL 1000000"));
  buy(2, 200, 9'000);
  told();
  tell(replace({.session = 1, .ref = 2}, 3, 100, 9'000));
  EXPECT_THAT(told(), ElementsAre("D 1 1:2", "E 1 2:0 70 2"));
}

TEST_F(OpenFeed, an_invalid_replacement_deletes_its_original) {
  sell(1, 100, 10'010);
  told();
  tell(replace({.session = 1, .ref = 1}, 2, 0, 10'000));
  EXPECT_THAT(told(), ElementsAre("D 1 1:0"));
}

TEST_F(OpenFeed, a_post_only_replacement_that_would_cross_leaves_its_original) {
  buy(1, 30, 10'000);
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 50,
              .price = 10'010,
              .flags = flag_post_only}));
  told();
  tell(replace({.session = 1, .ref = 1}, 2, 50, 10'000));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(OpenFeed, an_order_that_slides_is_shown_where_it_rests) {
  buy(1, 30, 10'000);
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 50,
              .price = 9'000,
              .flags = flag_post_only | flag_slide}));
  buy(2, 10, 9'990);
  tell(replace({.session = 1, .ref = 1}, 2, 60, 9'995));
  EXPECT_THAT(told(), ElementsAre("A 1 1:0 B 30 AAPL 1000000", "A 1 1:1 S 50 AAPL 1000100",
                                  "A 1 1:2 B 10 AAPL 999000", "U 1 1:1 1:3 60 1000100"));
}

TEST_F(OpenFeed, an_uncross_executes_both_sides_and_is_printed_once) {
  tell(oracle::set_state(oracle::aapl, InstrumentState::opening_auction));
  buy(1, 30, 10'010);
  sell(1, 20, 10'000);
  sell(2, 20, 9'990);
  EXPECT_THAT(told(), ElementsAre("H 1 AAPL Q - -", "A 1 1:0 B 30 AAPL 1001000",
                                  "A 1 1:1 S 20 AAPL 1000000", "A 1 1:2 S 20 AAPL 999000"));
  tell(oracle::set_state(oracle::aapl, InstrumentState::open));
  EXPECT_THAT(told(), ElementsAre("H 1 AAPL T - -", "C 1 1:0 20 1 N 1000000",
                                  "C 1 1:2 20 1 N 1000000", "C 1 1:0 10 2 N 1000000",
                                  "C 1 1:1 10 2 N 1000000", "Q 1 30 AAPL 1000000 2 O"));
  buy(2, 10, 10'000);
  EXPECT_THAT(told(), ElementsAre("E 1 1:1 10 3"));
}

TEST_F(OpenFeed, an_uncross_without_a_trade_says_so) {
  tell(oracle::set_state(oracle::btc_usd, InstrumentState::closing_auction));
  tell(oracle::uncross(oracle::btc_usd));
  EXPECT_THAT(told(), ElementsAre("H 2 BTC-USD Q - -", "Q 2 0 BTC-USD 0 0 C"));
}

TEST_F(OpenFeed, what_an_uncross_would_do_is_told_with_the_tick) {
  tell(oracle::set_state(oracle::aapl, InstrumentState::volatility_auction));
  buy(1, 30, 10'010);
  sell(1, 20, 10'000);
  told();
  const auto tick = [this] { oracle::follow(small_.tick(limits::indicative_interval), core_); };
  tick();
  EXPECT_THAT(told(), ElementsAre("I 1 20 10 B AAPL 1000000 1000000 1000000 H -"));
  tick();
  EXPECT_THAT(told(), IsEmpty());
  tell(cancel({.session = 1, .ref = 1}));
  told();
  tick();
  EXPECT_THAT(told(), ElementsAre("I 1 0 0 O AAPL 0 0 0 H -"));
}

TEST_F(OpenFeed, a_volatility_auction_is_told_with_its_collar_and_when_it_lasts_longer) {
  tell(oracle::define_lively());
  const auto trade = [this](std::uint32_t ref, std::int64_t price) {
    tell(enter({.session = 1,
                .ref = ref,
                .side = Side::sell,
                .quantity = 5,
                .price = price,
                .instrument = oracle::lively}));
    tell(enter({.ref = ref, .quantity = 5, .price = price, .instrument = oracle::lively}));
  };
  trade(1, 10'000);
  told();
  trade(2, 10'011);
  EXPECT_THAT(told(),
              ElementsAre("A 3 2:1 S 5 LIVELY 1001100", "H 3 LIVELY Q - LUDP",
                          "J 3 LIVELY 1000000 1001000 999000 0", "A 3 2:0 B 5 LIVELY 1001100"));
  oracle::follow(small_.tick(Nanos{3'000'000}), core_);
  EXPECT_THAT(told(), ElementsAre("J 3 LIVELY 1000000 1001000 999000 1"));
  oracle::follow(small_.tick(Nanos{2'000'000}), core_);
  EXPECT_THAT(told(), ElementsAre("H 3 LIVELY T - -", "C 3 2:0 5 2 N 1001100",
                                  "C 3 2:1 5 2 N 1001100", "Q 3 5 LIVELY 1001100 2 H"));
}

TEST_F(OpenFeed, a_volatility_auction_is_told_with_the_narrower_of_two_collars) {
  test::CommandMaker make;
  tell(oracle::define_lively());
  tell(make.limit_of_instrument(oracle::lively, LimitKind::static_collar_ppm, 500));
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 5,
              .price = 10'006,
              .instrument = oracle::lively}));
  told();
  tell(enter({.ref = 1, .quantity = 5, .price = 10'006, .instrument = oracle::lively}));
  EXPECT_THAT(told(), ElementsAre("H 3 LIVELY Q - LUDP", "J 3 LIVELY 1000000 1000500 999500 0",
                                  "A 3 1:1 B 5 LIVELY 1000600"));
}

TEST_F(OpenFeed, an_order_that_waits_for_its_auction_is_told_when_that_begins) {
  tell(enter({.ref = 1, .quantity = 5, .price = 10'000, .time_in_force = TimeInForce::at_close}));
  tell(enter({.ref = 2, .quantity = 6, .price = 10'000, .time_in_force = TimeInForce::at_close}));
  tell(cancel({.ref = 2}));
  EXPECT_THAT(told(), IsEmpty());
  tell(oracle::set_state(oracle::aapl, InstrumentState::closing_auction));
  EXPECT_THAT(told(), ElementsAre("H 1 AAPL Q - -", "A 1 1:0 B 5 AAPL 1000000"));
}

TEST_F(OpenFeed, bands_limit_states_and_pauses_are_told) {
  const auto tick = [this](std::int64_t ms) {
    oracle::follow(small_.tick(Nanos{ms * 1'000'000}), core_);
  };
  tell(oracle::define_banded());
  told();
  tell(enter({.ref = 1, .quantity = 5, .price = 11'000, .instrument = oracle::banded}));
  EXPECT_THAT(told(), ElementsAre("A 4 1:0 B 5 BANDED 1001000"));
  tick(1);
  EXPECT_THAT(told(), ElementsAre("b 4 BANDED 1000000 1001000 999000 -",
                                  "b 4 BANDED 1000000 1001000 999000 B"));
  tick(2);
  EXPECT_THAT(told(), ElementsAre("H 4 BANDED P - LUDP"));
  tick(4);
  EXPECT_THAT(told(), ElementsAre("H 4 BANDED Q - LUDP", "J 4 BANDED 1000000 1001000 999000 0"));
  tick(3);
  EXPECT_THAT(told(), ElementsAre("H 4 BANDED T - -"));
}

TEST_F(OpenFeed, a_halt_of_the_market_is_told_once_and_of_each_instrument) {
  tell(oracle::set_state(oracle::btc_usd, InstrumentState::closed));
  tell(oracle::define_lively());
  told();
  Amendment amendment{};
  amendment.set_halt_levels({465'000'000'000, 435'000'000'000, 400'000'000'000});
  tell(test::CommandMaker{}.next(CommandKind::set_halt_levels, amendment));
  EXPECT_THAT(told(), ElementsAre("V 0 108:1143532032 101:1208303104 93:568041472"));
  tell(oracle::halt_market(2, 10, 5));
  EXPECT_THAT(told(), ElementsAre("W 0 2", "H 1 AAPL H - MWC2", "H 3 LIVELY H - MWC2"));
  oracle::follow(small_.tick(Nanos{10'000'000}), core_);
  EXPECT_THAT(told(), ElementsAre("H 1 AAPL Q - MWCQ", "H 3 LIVELY Q - MWCQ"));
  oracle::follow(small_.tick(Nanos{5'000'000}), core_);
  EXPECT_THAT(told(), ElementsAre("H 1 AAPL T - -", "H 3 LIVELY T - -"));
  tell(oracle::halt_market(3, 0, 0));
  EXPECT_THAT(told(), ElementsAre("W 0 3", "H 1 AAPL H - MWC3", "H 3 LIVELY H - MWC3"));
}

TEST_F(OpenFeed, an_order_that_hides_is_not_told_and_what_it_trades_is_a_trade_of_nobody) {
  const auto hide = [this](std::uint32_t ref, std::int64_t quantity, std::int64_t price) {
    tell(enter({.session = 1,
                .ref = ref,
                .side = Side::sell,
                .quantity = quantity,
                .price = price,
                .flags = flag_hidden}));
  };
  hide(1, 30, 10'000);
  tell(reduce({.session = 1, .ref = 1}, 20));
  tell(replace({.session = 1, .ref = 1}, 2, 20, 10'001, true));
  EXPECT_THAT(told(), IsEmpty());
  sell(3, 10, 10'001);
  told();
  buy(1, 15, 10'001);
  EXPECT_THAT(told(), ElementsAre("E 1 2:0 10 1", "P 1 0 B 5 AAPL 1000100 2"));
  tell(cancel({.session = 1, .ref = 2}));
  EXPECT_THAT(told(), IsEmpty());
  hide(4, 10, 10'001);
  tell(enter({.ref = 2, .quantity = 25, .price = 10'001}));
  EXPECT_THAT(told(), ElementsAre("P 1 0 B 10 AAPL 1000100 3", "A 1 2:2 B 15 AAPL 1000100"));
}

TEST_F(OpenFeed, an_uncross_prints_what_hides_and_executes_only_what_is_shown) {
  tell(oracle::set_state(oracle::aapl, InstrumentState::opening_auction));
  const auto hide = [this](std::uint32_t session, std::uint32_t ref, Side side) {
    tell(enter({.session = session,
                .ref = ref,
                .side = side,
                .quantity = 10,
                .price = 10'000,
                .flags = flag_hidden}));
  };
  hide(0, 1, Side::buy);
  buy(2, 10, 10'000);
  hide(1, 1, Side::sell);
  hide(1, 2, Side::sell);
  EXPECT_THAT(told(), ElementsAre("H 1 AAPL Q - -", "A 1 1:1 B 10 AAPL 1000000"));
  tell(oracle::uncross(oracle::aapl));
  EXPECT_THAT(told(), ElementsAre("C 1 1:1 10 1 N 1000000", "Q 1 20 AAPL 1000000 2 O"));
}

TEST_F(OpenFeed, an_order_that_ends_by_itself_is_deleted_and_a_stop_that_waits_is_not_told) {
  const auto ending = [&](std::uint32_t ref, std::int64_t stop) {
    Instructions asked{};
    asked.display = Quantity{4};
    asked.stop = Price{stop};
    asked.expiry = Nanos{1'000};
    tell(enter({.ref = ref,
                .quantity = 10,
                .price = 10'000,
                .time_in_force = TimeInForce::gtd,
                .flags = flag_time_to_live,
                .instructions = asked}));
  };
  ending(1, 0);
  ending(2, 10'100);
  EXPECT_THAT(told(), ElementsAre("A 1 1:0 B 4 AAPL 1000000"));
  oracle::follow(small_.tick(Nanos{1'000}), core_);
  EXPECT_THAT(told(), ElementsAre("D 1 1:0"));
  EXPECT_EQ(small_.venue().risk().orders_live(), 0U);
}

TEST_F(OpenFeed, a_changed_largest_quantity_is_told_as_the_scale_is) {
  test::CommandMaker make;
  tell(make.limit_of_instrument(oracle::aapl, LimitKind::quantity_max, 500));
  tell(make.limit_of_instrument(oracle::aapl, LimitKind::collar_ppm, 500));
  EXPECT_THAT(told(), ElementsAre("z 1 AAPL 4 100 0 1 1999999900 500"));
}

TEST_F(OpenFeed, an_instrument_whose_prices_four_bytes_cannot_carry_is_not_defined) {
  test::CommandMaker make;
  Command command = make.instrument(5, "TOOHIGH", oracle::stock, oracle::usd);
  auto definition = command.as<DefineInstrument>();
  definition.price_max = Price{42'949'673};
  definition.wire_tick = 100;
  command.set(definition);
  tell(command);
  EXPECT_EQ(small_.log().back().command.order.verdict, Reject::limit_exceeded);
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace basalt::marketdata
