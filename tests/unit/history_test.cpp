// What sessions are told: each scenario against the whole list of its messages.
#include "engine/history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/pipeline/time_of_day.h"
#include "tests/unit/told_history.h"

namespace basalt::history {
namespace {

using oracle::cancel;
using oracle::enter;
using oracle::query;
using oracle::reduce;
using oracle::replace;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(History, definitions_say_nothing) {
  for (std::uint32_t session = 0; session < 16; ++session) EXPECT_THAT(told(session), IsEmpty());
}

TEST_F(History, an_order_that_rests_is_accepted_as_it_was_entered) {
  buy(1, 100, 10'050);
  EXPECT_THAT(told(0), ElementsAre("A 1 B 100 AAPL 1005000 0 Y 1:0 P N N L NO 1"));
  EXPECT_THAT(told(1), IsEmpty());
}

TEST_F(History, letters_that_change_nothing_are_echoed) {
  Command order = enter({.ref = 7, .side = Side::sell, .quantity = 3, .price = 10'000});
  order.origin.wire_side = 'T';
  order.origin.display = 'A';
  order.origin.capacity = 'R';
  order.origin.intermarket_sweep = 'Y';
  order.origin.client_order_id = test::padded<14>("mine, and mine");
  tell(order);
  EXPECT_THAT(told(0), ElementsAre("A 7 T 3 AAPL 1000000 0 A 1:0 R Y N L mine, and mine"));
}

TEST_F(History, bytes_are_those_of_the_standard) {
  small_.venue().set_time(Nanos{pipeline::day_ns * 20'000 + 0x0102'0304'0506});
  buy(0x11, 100, 10'050);
  const auto bytes = answers_.at(0, 1).bytes;
  const std::string expected(
      "A\x00\x00\x01\x02\x03\x04\x05\x06"  // Type, time.
      "\x00\x00\x00\x11"                   // UserRefNum.
      "B\x00\x00\x00\x64"                  // Side, quantity.
      "AAPL    "                           // Symbol.
      "\x00\x00\x00\x00\x00\x0F\x55\xC8"   // 1,005,000.
      "0Y"                                 // Time in force, display.
      "\x00\x00\x00\x01\x00\x00\x00\x00"   // Order reference.
      "PNNL"                               // Capacity, sweep, cross, state.
      "NO 17         "                     // ClOrdID.
      "\x00\x00",                          // No appendage.
      64);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), expected);
}

TEST_F(History, a_message_carries_the_time_and_the_sequence_of_its_command) {
  small_.venue().set_time(Nanos{pipeline::day_ns * 20'001 - 1});
  buy(1, 100, 10'050);
  small_.venue().set_time(Nanos{pipeline::day_ns * 20'001});
  tell(cancel({.session = 0, .ref = 1}));
  const auto first = ouch50::decode_outbound(answers_.at(0, 1).bytes);
  const auto second = ouch50::decode_outbound(answers_.at(0, 2).bytes);
  EXPECT_EQ(first.as<ouch50::Accepted>().time, 86'399'999'999'999U);
  EXPECT_EQ(second.as<ouch50::Canceled>().time, 0U);  // Midnight.
  EXPECT_EQ(answers_.at(0, 1).sequence + 1, answers_.at(0, 2).sequence);
  EXPECT_EQ(answers_.at(0, 2).sequence, small_.venue().sequence());
}

// So that the gateway can tell how long an answer took from wire to wire.
TEST_F(History, answers_keep_when_the_message_that_they_answer_came) {
  buy(1, 100, 10'000);
  Command sell = enter({.session = 1, .ref = 1, .side = Side::sell, .price = 10'000});
  sell.origin.received = Nanos{77};
  tell(sell);
  EXPECT_EQ(answers_.at(1, 1).received, Nanos{77});
  EXPECT_EQ(answers_.at(1, 2).received, Nanos{77});
  EXPECT_EQ(answers_.at(0, 2).received, Nanos{});  // The maker did not ask.
}

TEST_F(History, an_uncross_is_told_to_both_sides_as_a_cross) {
  tell(oracle::set_state(oracle::aapl, InstrumentState::closing_auction));
  buy(5, 30, 10'000);
  sell(9, 20, 9'990);
  told(0);
  told(1);
  tell(oracle::uncross(oracle::aapl));
  EXPECT_THAT(told(0), ElementsAre("E 5 20 1000000 C 1"));
  EXPECT_THAT(told(1), ElementsAre("E 9 20 1000000 C 1"));
  tell(oracle::set_state(oracle::aapl, InstrumentState::open));
  sell(10, 10, 10'000);
  EXPECT_THAT(told(0), ElementsAre("E 5 10 1000000 A 2"));
}

TEST_F(History, what_an_auction_does_not_take_is_rejected) {
  tell(oracle::set_state(oracle::aapl, InstrumentState::opening_auction));
  tell(enter({.session = 0, .ref = 1, .price = 10'000, .time_in_force = TimeInForce::ioc}));
  tell(enter({.session = 0, .ref = 2, .price = 10'000, .time_in_force = TimeInForce::at_halt}));
  EXPECT_THAT(told(0), ElementsAre("J 1 20 NO 1", "J 2 20 NO 2"));
}

TEST_F(History, an_order_that_waits_for_its_auction_is_accepted_at_once) {
  tell(oracle::set_state(oracle::aapl, InstrumentState::closed));
  tell(enter({.ref = 1, .quantity = 30, .price = 10'000, .time_in_force = TimeInForce::at_open}));
  tell(enter({.ref = 2, .quantity = 30, .price = 10'000}));
  EXPECT_THAT(told(0), ElementsAre("A 1 B 30 AAPL 1000000 0 Y 1:0 P N N L NO 1", "J 2 2 NO 2"));
  tell(oracle::set_state(oracle::aapl, InstrumentState::opening_auction));
  sell(1, 20, 9'000);
  tell(oracle::set_state(oracle::aapl, InstrumentState::open));
  EXPECT_THAT(told(0), ElementsAre("E 1 20 1000000 O 1", "C 1 10 T"));
}

TEST_F(History, what_ends_with_an_auction_is_canceled_as_expired) {
  tell(oracle::set_state(oracle::aapl, InstrumentState::opening_auction));
  tell(enter({.session = 0, .ref = 1, .quantity = 30, .flags = flag_market}));
  tell(enter({.session = 1,
              .ref = 2,
              .side = Side::sell,
              .quantity = 50,
              .price = 10'000,
              .time_in_force = TimeInForce::at_open}));
  told(0);
  told(1);
  tell(oracle::set_state(oracle::aapl, InstrumentState::open));
  EXPECT_THAT(told(0), ElementsAre("E 1 30 1000000 O 1"));
  EXPECT_THAT(told(1), ElementsAre("E 2 30 1000000 O 1", "C 2 20 T"));
}

TEST_F(History, an_order_for_a_halt_cross_trades_in_a_volatility_auction_alone) {
  tell(oracle::set_state(oracle::aapl, InstrumentState::volatility_auction));
  tell(enter({.ref = 2, .quantity = 30, .price = 10'000, .time_in_force = TimeInForce::at_halt}));
  sell(1, 20, 10'000);
  told(0);
  told(1);
  tell(oracle::set_state(oracle::aapl, InstrumentState::open));
  EXPECT_THAT(told(0), ElementsAre("E 2 20 1000000 H 1", "C 2 10 T"));
  EXPECT_THAT(told(1), ElementsAre("E 1 20 1000000 H 1"));
}

TEST_F(History, a_fill_is_told_to_both_sides_under_their_own_numbers) {
  buy(5, 100, 10'000);
  sell(9, 30, 9'000);
  EXPECT_THAT(told(0),
              ElementsAre("A 5 B 100 AAPL 1000000 0 Y 1:0 P N N L NO 5", "E 5 30 1000000 A 1"));
  EXPECT_THAT(told(1),
              ElementsAre("A 9 S 30 AAPL 900000 0 Y 1:1 P N N L NO 9", "E 9 30 1000000 R 1"));
}

TEST_F(History, a_sweep_tells_each_fill_in_order_and_then_rests) {
  buy(1, 10, 10'000);
  buy(2, 20, 10'001);
  buy(3, 30, 10'001);
  told(0);
  sell(1, 100, 10'000);
  EXPECT_THAT(told(0),
              ElementsAre("E 2 20 1000100 A 1", "E 3 30 1000100 A 2", "E 1 10 1000000 A 3"));
  EXPECT_THAT(told(1),
              ElementsAre("A 1 S 100 AAPL 1000000 0 Y 1:3 P N N L NO 1", "E 1 20 1000100 R 1",
                          "E 1 30 1000100 R 2", "E 1 10 1000000 R 3"));
}

TEST_F(History, a_session_that_trades_with_itself_hears_both_ends_taker_first) {
  buy(1, 10, 10'000);
  tell(enter({.ref = 2, .side = Side::sell, .quantity = 10, .price = 10'000}));
  EXPECT_THAT(told(0), ElementsAre("A 1 B 10 AAPL 1000000 0 Y 1:0 P N N L NO 1",
                                   "A 2 S 10 AAPL 1000000 0 Y 1:1 P N N L NO 2",
                                   "E 2 10 1000000 R 1", "E 1 10 1000000 A 1"));
}

TEST_F(History, what_an_immediate_order_leaves_is_canceled) {
  buy(1, 40, 10'000);
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 100,
              .price = 10'000,
              .time_in_force = TimeInForce::ioc}));
  EXPECT_THAT(told(1), ElementsAre("A 1 S 100 AAPL 1000000 3 Y 1:1 P N N L NO 1",
                                   "E 1 40 1000000 R 1", "C 1 60 I"));
}

TEST_F(History, a_fill_or_kill_that_cannot_fill_is_accepted_and_canceled) {
  buy(1, 40, 10'000);
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 41,
              .price = 10'000,
              .time_in_force = TimeInForce::fok}));
  EXPECT_THAT(told(1), ElementsAre("A 1 S 41 AAPL 1000000 3 Y 1:1 P N N L NO 1", "C 1 41 I"));
}

TEST_F(History, a_market_order_is_accepted_at_the_price_that_bounds_it) {
  buy(1, 40, 10'000);
  // 5 % off the reference of 100.00.
  tell(enter({.session = 1, .ref = 1, .side = Side::sell, .quantity = 50, .flags = flag_market}));
  EXPECT_THAT(told(1), ElementsAre("A 1 S 50 AAPL 950000 0 Y 1:1 P N N L NO 1",
                                   "E 1 40 1000000 R 1", "C 1 10 I"));
}

TEST_F(History, a_post_only_order_that_would_cross_is_accepted_and_canceled) {
  buy(1, 40, 10'000);
  tell(enter({.session = 1,
              .ref = 1,
              .side = Side::sell,
              .quantity = 50,
              .price = 10'000,
              .flags = flag_post_only,
              .channel = 3}));
  EXPECT_THAT(told(1),
              ElementsAre("A 1 S 50 AAPL 1000000 0 Y 1:1 P N N L NO 1 +28=03", "C 1 50 G +28=03"));
  EXPECT_THAT(told(0), ElementsAre("A 1 B 40 AAPL 1000000 0 Y 1:0 P N N L NO 1"));
}

TEST_F(History, a_post_only_order_that_slides_is_told_where_it_rests) {
  buy(1, 40, 10'000);
  tell(sell_order(1, 50, 9'990, flag_post_only | flag_slide));
  EXPECT_THAT(told(1), ElementsAre("A 1 S 50 AAPL 1000100 0 Y 1:1 P N N L NO 1"));
  buy(2, 10, 10'001);
  buy(3, 10, 10'000);
  EXPECT_THAT(told(1), ElementsAre("E 1 10 1000100 A 1"));
  tell(replace({.session = 1, .ref = 1}, 2, 60, 9'000));
  tell(replace({.session = 1, .ref = 2}, 3, 60, 10'500));
  EXPECT_THAT(told(1), ElementsAre("U 1 2 S 50 AAPL 1000100 0 Y 1:3 P N N L INSTEAD 2",
                                   "U 2 3 S 50 AAPL 1050000 0 Y 2:1 P N N L INSTEAD 3"));
}

TEST_F(History, a_stop_does_not_slide) {
  buy(1, 40, 10'000);
  Instructions asked{};
  asked.stop = Price{10'000};
  tell(sell_order(1, 50, 9'990, flag_post_only | flag_slide, asked));
  sell(2, 1, 10'000);
  tell(sell_order(3, 50, 9'990, flag_post_only | flag_slide, asked));
  EXPECT_THAT(told(1),
              ElementsAre("A 1 S 50 AAPL 999000 0 Y 1:1 P N N L NO 1",
                          "A 2 S 1 AAPL 1000000 0 Y 1:2 P N N L NO 2", "E 2 1 1000000 R 1", "R 1 T",
                          "C 1 50 G", "A 3 S 50 AAPL 999000 0 Y 2:1 P N N L NO 3", "C 3 50 G"));
}

TEST_F(History, an_order_that_bands_keep_is_accepted_as_asked_and_restated) {
  tell(oracle::define_banded());
  const auto order = [this](std::uint32_t session, std::uint32_t ref, Side side, std::int64_t price,
                            std::int64_t stop) {
    Instructions asked{};
    asked.stop = Price{stop};
    tell(enter({.session = session,
                .ref = ref,
                .side = side,
                .quantity = 5,
                .price = price,
                .instrument = oracle::banded,
                .instructions = asked}));
  };
  order(0, 1, Side::buy, 11'000, 0);
  EXPECT_THAT(told(0), ElementsAre("A 1 B 5 BANDED 1100000 0 Y 1:0 P N N L NO 1",
                                   "R 1 P +23=00000000000F4628"));
  order(1, 1, Side::sell, 9'000, 10'010);
  order(1, 2, Side::sell, 10'010, 0);
  EXPECT_THAT(told(1), ElementsAre("A 1 S 5 BANDED 900000 0 Y 1:1 P N N L NO 1",
                                   "A 2 S 5 BANDED 1001000 0 Y 1:2 P N N L NO 2",
                                   "E 2 5 1001000 R 1", "R 1 T", "R 1 P +23=00000000000F3E58"));
}

TEST_F(History, what_risk_refuses_is_rejected_with_ouchs_reason) {
  Command unknown = enter({.ref = 1});
  unknown.order.instrument = no_instrument;
  tell(unknown);
  tell(enter({.ref = 2, .quantity = 0}));
  tell(enter({.ref = 3, .price = 20'000'000}));
  tell(enter({.ref = 4, .quantity = 1'000'000, .price = 19'999'999}));
  Command refused = enter({.ref = 5});
  refused.order.verdict = Reject::invalid_option;
  tell(refused);
  tell(enter({.ref = 5}));  // A retransmission.
  EXPECT_THAT(told(0), ElementsAre("J 1 23 NO 1", "J 2 19 NO 2", "J 3 29 NO 3", "J 4 32 NO 4",
                                   "J 5 15 NO 5"));
}

TEST_F(History, what_the_book_refuses_is_rejected_and_never_accepted) {
  test::CommandMaker make;
  Command collared = make.instrument(2, "COLLAR", oracle::stock, oracle::usd);
  auto definition = collared.as<DefineInstrument>();
  definition.price_max = Price{1'000'000};
  definition.collar_ppm = 100'000;
  collared.set(definition);
  tell(collared);
  tell(enter({.session = 0, .ref = 1, .side = Side::buy, .price = 1'000, .instrument = 2}));
  tell(enter({.session = 1, .ref = 1, .side = Side::sell, .price = 1'000, .instrument = 2}));
  told(1);
  tell(enter({.session = 1, .ref = 2, .side = Side::sell, .price = 2'000, .instrument = 2}));
  EXPECT_THAT(told(1), ElementsAre("J 2 6 NO 2"));
}

TEST_F(History, an_order_that_ends_by_itself_is_canceled_to_its_owner) {
  Instructions asked{};
  asked.expiry = Nanos{1'000};
  Command order = sell_order(4, 50, 10'000, flag_time_to_live, asked);
  order.order.time_in_force = TimeInForce::gtd;
  order.origin.received = Nanos{77};
  tell(order);
  buy(1, 20, 10'000);
  EXPECT_THAT(told(1),
              ElementsAre("A 4 S 50 AAPL 1000000 0 Y 1:0 P N N L NO 4", "E 4 20 1000000 A 1"));
  told(0);
  follow(small_.tick(Nanos{1'000}));
  EXPECT_THAT(told(1), ElementsAre("C 4 30 T"));
  EXPECT_THAT(told(0), IsEmpty());
  EXPECT_EQ(answers_.at(1, answers_.count(1)).received, Nanos{});  // Nobody asked.
}

TEST_F(History, a_cancel_is_answered_once_and_then_not_at_all) {
  buy(1, 100, 10'000);
  told(0);
  tell(cancel({.session = 0, .ref = 1}));
  tell(cancel({.session = 0, .ref = 1}));
  tell(cancel({.session = 0, .ref = 77}));
  EXPECT_THAT(told(0), ElementsAre("C 1 100 U"));
}

TEST_F(History, a_reduction_takes_away_the_difference_to_the_new_total) {
  buy(1, 100, 10'000);
  sell(1, 40, 10'000);
  told(0);
  tell(reduce({.session = 0, .ref = 1}, 70));   // 30 stay open.
  tell(reduce({.session = 0, .ref = 1}, 70));   // Lowers nothing.
  tell(reduce({.session = 0, .ref = 1}, 100));  // An increase.
  tell(reduce({.session = 0, .ref = 1}, 39));   // Below what is executed.
  EXPECT_THAT(told(0), ElementsAre("C 1 30 U", "C 1 30 U"));
}

TEST_F(History, a_replacement_inherits_side_capacity_and_cross_type) {
  Command order =
      enter({.session = 1, .ref = 1, .side = Side::sell, .quantity = 100, .price = 10'000});
  order.origin.wire_side = 'E';
  order.origin.capacity = 'A';
  tell(order);
  buy(1, 30, 10'000);
  told(1);
  tell(replace({.session = 1, .ref = 1}, 2, 90, 10'010));
  buy(2, 10, 10'010);
  tell(replace({.session = 1, .ref = 2}, 5, 80, 10'020));
  EXPECT_THAT(told(1),
              ElementsAre("U 1 2 E 60 AAPL 1001000 0 Y 2:1 A N N L INSTEAD 2", "E 2 10 1001000 A 2",
                          "U 2 5 E 40 AAPL 1002000 0 Y 3:0 A N N L INSTEAD 5"));
}

TEST_F(History, a_replacement_that_crosses_is_replaced_and_then_executed) {
  buy(1, 30, 10'000);
  sell(1, 100, 10'010);
  told(0);
  told(1);
  tell(replace({.session = 1, .ref = 1}, 2, 100, 10'000));
  EXPECT_THAT(told(1), ElementsAre("U 1 2 S 100 AAPL 1000000 0 Y 1:2 P N N L INSTEAD 2",
                                   "E 2 30 1000000 R 1"));
  EXPECT_THAT(told(0), ElementsAre("E 1 30 1000000 A 1"));
}

TEST_F(History, every_message_about_an_order_names_the_channel_that_it_was_entered_on) {
  const oracle::Named order{.session = 1, .ref = 1, .channel = 5};
  tell(enter(
      {.session = 1, .ref = 1, .side = Side::sell, .quantity = 50, .price = 10'010, .channel = 5}));
  sell(1, 1, 20'000);  // The same number, on the port's own channel.
  tell(replace(order, 2, 40, 10'000));
  buy(1, 10, 10'000);
  tell(reduce({.session = 1, .ref = 2, .channel = 5}, 20));
  tell(query(1, 5));
  tell(query(1));
  tell(enter({.session = 1, .ref = 3, .quantity = 0, .channel = 5}));
  EXPECT_THAT(told(1), ElementsAre("A 1 S 50 AAPL 1001000 0 Y 1:0 P N N L NO 1 +28=05",
                                   "A 1 S 1 AAPL 2000000 0 Y 1:1 P N N L NO 1",
                                   "U 1 2 S 40 AAPL 1000000 0 Y 1:2 P N N L INSTEAD 2 +28=05",
                                   "E 2 10 1000000 A 1 +28=05", "C 2 20 U +28=05", "Q 3 +28=05",
                                   "Q 2", "J 3 19 NO 3 +28=05"));
}

TEST_F(History, a_query_is_answered_with_the_next_number) {
  tell(query(0));
  buy(41, 1, 10'000);
  tell(query(0));
  Command odd = query(0);
  odd.order.verdict = Reject::invalid_option;
  tell(odd);
  EXPECT_THAT(told(0),
              ElementsAre("Q 1", "A 41 B 1 AAPL 1000000 0 Y 1:0 P N N L NO 41", "Q 42", "Q 42"));
}

TEST_F(History, orders_of_a_session_that_went_down_are_canceled_by_the_venue) {
  buy(1, 10, 9'000);
  sell(1, 10, 10'000);
  sell(2, 20, 10'001);
  told(0);
  told(1);
  tell(oracle::session_down(0));  // Keeps its orders.
  tell(oracle::session_down(1));
  EXPECT_THAT(told(0), IsEmpty());
  EXPECT_THAT(told(1), ElementsAre("C 1 10 Z", "C 2 20 Z"));
}

TEST_F(History, the_day_is_told_to_every_session_that_is_defined) {
  for (const char code : {'S', 'Q', 'M', 'E', 'O', 'C', '?'}) tell(oracle::market_event(code));
  for (std::uint32_t session = 0; session < oracle::small_sessions; ++session) {
    EXPECT_THAT(told(session), ElementsAre("S S", "S E"));
  }
  EXPECT_THAT(told(oracle::small_sessions), IsEmpty());
}

TEST_F(History, each_administrative_command_of_a_session_is_answered_once_also_when_refused) {
  using oracle::administered;
  tell(oracle::define_admin());
  test::CommandMaker make;
  const Command deposit = make.deposit(oracle::traders_first, oracle::usd, 7);
  tell(administered(deposit, 1, 1));
  tell(administered(deposit, 2, 1));
  tell(administered(deposit, 2, 3));  // A retransmission.
  tell(administered(make.withdraw(oracle::traders_first, oracle::usd, 2'000'000'000'000), 3, 4));
  tell(administered(oracle::set_state(oracle::aapl, InstrumentState::halted), 4, 5));
  tell(administered(make.fees(oracle::aapl, 0, 5), 5, 6));
  tell(administered(make.fees(7, 0, 5), 6, 7));
  tell(administered(oracle::market_event('S'), 7, 8));
  tell(deposit);  // The venue file's.
  const std::string id = "000000000000000000000000000000";
  EXPECT_THAT(told(oracle::admin_session),
              ElementsAre("r 1 " + id + "01 0", "r 2 " + id + "01 82", "r 3 " + id + "04 25",
                          "r 4 " + id + "05 0", "r 5 " + id + "06 0", "r 6 " + id + "07 80",
                          "r 7 " + id + "08 0", "S S"));
  EXPECT_THAT(told(0), ElementsAre("S S"));
  tell(administered(deposit, 1, 9, 0));
  EXPECT_THAT(told(0), ElementsAre("r 1 " + id + "09 84"));
}

TEST_F(History, waits_only_when_the_store_is_full) {
  EXPECT_TRUE(core_.ready());
  pipeline::StreamStore small(limits_.sessions_max, 64'000);
  Arena arena(HistoryCore::memory_bytes(limits_, orders_max_));
  const HistoryCore core(limits_, orders_max_, small, arena);
  EXPECT_FALSE(core.ready());
}

// Between threads risk hears of events late, so that what it sends finds orders gone.
class HistoryOfALateRisk : public History {
 protected:
  HistoryOfALateRisk() : History({.feedback_lag = 100}) {}
};

TEST_F(HistoryOfALateRisk, a_cancel_that_crosses_a_fill_gets_silence) {
  buy(1, 10, 10'000);
  sell(1, 10, 10'000);
  told(0);
  tell(cancel({.session = 0, .ref = 1}));
  tell(replace({.session = 0, .ref = 1}, 2, 10, 10'000));
  tell(replace({.session = 0, .ref = 1}, 3, 0, 10'000));
  EXPECT_THAT(told(0), IsEmpty());
  EXPECT_EQ(small_.log().back().events.size(), 1U);
  EXPECT_EQ(small_.log().back().events.front().kind, EventKind::nothing);
}

}  // namespace
}  // namespace basalt::history
