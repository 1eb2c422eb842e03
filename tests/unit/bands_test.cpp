// What text cannot say about bands: the mean and its window at their edges, and the events' fields.
// The rules themselves are in tests/scenarios.
#include "engine/matching/bands.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/oracle/one_book.h"

namespace basalt::matching {
namespace {

using oracle::kinds;
using oracle::OneBook;

constexpr Nanos seconds(std::int64_t count) {
  return {count * 1'000'000'000};
}

// A twentieth to either side.
Bands around(Price reference) {
  Bands bands;
  bands.define(50'000, reference);
  return bands;
}

TEST(Bands, that_are_not_defined_let_every_price_pass) {
  Bands bands;
  EXPECT_EQ(bands.low(), no_price);
  EXPECT_EQ(bands.high(), limits::price_max);
  bands.assert_invariants();
}

TEST(Bands, are_around_what_was_defined_until_the_mean_is_a_hundredth_away) {
  Bands bands = around(Price{1'000});
  EXPECT_EQ(bands.low(), Price{950});
  EXPECT_EQ(bands.high(), Price{1'050});
  EXPECT_EQ(bands.due(seconds(0)), no_price);
  bands.note(Price{1'009}, seconds(1));
  EXPECT_EQ(bands.due(seconds(1)), no_price);
  bands.note(Price{1'012}, seconds(2));  // The mean is a half below 1,011, and is rounded down.
  EXPECT_EQ(bands.due(seconds(2)), Price{1'010});
  bands.assert_invariants();
}

TEST(Bands, keep_a_reference_for_half_a_minute) {
  Bands bands = around(Price{1'000});
  bands.move(Price{1'010}, seconds(100));
  bands.note(Price{900}, seconds(100));
  EXPECT_EQ(bands.due(seconds(130) - Nanos{1}), no_price);
  EXPECT_EQ(bands.due(seconds(130)), Price{900});
}

TEST(Bands, forget_a_trade_with_its_half_minute_ten_of_them_later) {
  Bands bands = around(Price{1'000});
  bands.note(Price{900}, seconds(29));
  bands.note(Price{800}, seconds(30));
  EXPECT_EQ(bands.due(seconds(300) - Nanos{1}), Price{850});
  EXPECT_EQ(bands.due(seconds(300)), Price{800});
  EXPECT_EQ(bands.due(seconds(330) - Nanos{1}), Price{800});
  EXPECT_EQ(bands.due(seconds(330)), no_price);
  bands.note(Price{700}, seconds(1'000'000));
  EXPECT_EQ(bands.due(seconds(1'000'000)), Price{700});
  bands.assert_invariants();
}

TEST(Bands, of_the_highest_prices_and_of_many_trades_are_exact) {
  Bands bands = around(no_price);
  EXPECT_EQ(bands.due(seconds(0)), no_price);
  for (int i = 0; i < 1'000; ++i) bands.note(limits::price_max, seconds(1));
  EXPECT_EQ(bands.due(seconds(1)), limits::price_max);
  bands.move(limits::price_max, seconds(1));
  EXPECT_GT(bands.high(), limits::price_max);
  bands.assert_invariants();
}

TEST(Bands, are_a_tick_wide_at_least) {
  const Bands bands = around(Price{1});
  EXPECT_EQ(bands.low(), no_price);
  EXPECT_EQ(bands.high(), Price{2});
}

TEST(Bands, begin_anew_with_an_uncross) {
  Bands bands = around(Price{1'000});
  bands.note(Price{500}, seconds(40));
  bands.restart(Price{1'200}, seconds(41));
  EXPECT_EQ(bands.reference(), Price{1'200});
  EXPECT_EQ(bands.due(seconds(100)), no_price);
  bands.assert_invariants();
}

TEST(Bands, that_are_defined_again_stay_where_they_are) {
  Bands bands = around(Price{1'000});
  bands.move(Price{1'200}, seconds(1));
  bands.define(50'000, Price{1'000});
  EXPECT_EQ(bands.reference(), Price{1'200});
}

Command definition() {
  Command command;
  command.order.kind = CommandKind::define_instrument;
  DefineInstrument definition{};
  definition.band_ppm = 50'000;
  definition.limit_state_ms = 5;
  definition.pause_ms = 7;
  definition.volatility_auction_ms = 3;
  definition.reference = Price{1'000};
  definition.state = InstrumentState::open;
  command.set(definition);
  return command;
}

class BookWithBands : public testing::Test {
 protected:
  BookWithBands() { one_.apply(definition()); }
  OneBook one_;
};

TEST_F(BookWithBands, tells_an_order_that_it_keeps_before_what_the_order_does) {
  one_.add(Side::sell, 4, 1'050);
  const auto events = one_.add(Side::buy, 10, 1'200);
  ASSERT_EQ(kinds(events), (std::vector{EventKind::repriced, EventKind::fill, EventKind::rested}));
  EXPECT_EQ(events[0].order, one_.last_number());
  EXPECT_EQ(events[0].price, Price{1'050});
  EXPECT_EQ(events[0].remaining, Quantity{10});
  EXPECT_EQ(events[2].price, Price{1'050});
  EXPECT_EQ(events[2].remaining, Quantity{6});
  // Who may not rest is not told; neither is who asks for what lies within.
  EXPECT_EQ(kinds(one_.add(Side::sell, 9, 100, TimeInForce::ioc)),
            (std::vector{EventKind::fill, EventKind::canceled}));
  EXPECT_EQ(kinds(one_.add(Side::sell, 1, 950)), std::vector{EventKind::rested});
  EXPECT_EQ(kinds(one_.add(Side::buy, 1, 10)), std::vector{EventKind::rested});
  one_.core().assert_invariants();
}

TEST_F(BookWithBands, tells_bands_limit_state_and_pause_with_ticks) {
  one_.add(Side::sell, 10, 900);
  const auto events = one_.tick_after(1);
  ASSERT_EQ(kinds(events), (std::vector{EventKind::bands_moved, EventKind::limit_state}));
  for (const Event& event : events) {
    EXPECT_EQ(event.price, Price{1'000});
    EXPECT_EQ(event.low(), Price{950});
    EXPECT_EQ(event.high(), Price{1'050});
    EXPECT_EQ(event.order, no_order);
  }
  EXPECT_EQ(events[0].at_band(), LimitState::none);
  EXPECT_EQ(events[1].at_band(), LimitState::sell);
  EXPECT_EQ(kinds(one_.tick_after(4)), std::vector{EventKind::nothing});
  const auto halted = one_.tick_after(1);
  ASSERT_EQ(kinds(halted), std::vector{EventKind::phase_changed});
  EXPECT_EQ(halted[0].auction(), InstrumentState::halted);
  EXPECT_EQ(halted[0].price, Price{1'000});
  EXPECT_EQ(kinds(one_.tick_after(6)), std::vector{EventKind::nothing});
  const auto auction = one_.tick_after(1);
  ASSERT_EQ(kinds(auction), std::vector{EventKind::phase_changed});
  EXPECT_EQ(auction[0].auction(), InstrumentState::volatility_auction);
  EXPECT_EQ(auction[0].low(), Price{950});
  EXPECT_EQ(one_.tick_after(3)[0].auction(), InstrumentState::open);
  EXPECT_EQ(kinds(one_.tick()), std::vector{EventKind::limit_state});
  one_.core().assert_invariants();
}

TEST_F(BookWithBands, lets_the_auction_behind_a_pause_last_longer_beyond_the_bands) {
  Command longer = definition();
  auto terms = longer.as<DefineInstrument>();
  terms.volatility_extension_ms = 4;
  longer.set(terms);
  one_.apply(longer);
  one_.add(Side::sell, 10, 900);
  one_.tick();
  one_.tick_after(5);
  one_.tick_after(7);
  ASSERT_EQ(one_.book().phase(), InstrumentState::volatility_auction);
  one_.add(Side::buy, 5, 960);
  one_.add(Side::sell, 5, 940);
  one_.add(Side::buy, 5, 940);
  one_.add(Side::sell, 9, 940);
  const auto events = one_.tick_after(3);
  ASSERT_EQ(kinds(events), std::vector{EventKind::extended});
  EXPECT_EQ(events[0].low(), Price{950});
  EXPECT_EQ(one_.tick_after(4)[0].auction(), InstrumentState::open);
  EXPECT_EQ(one_.book().last_trade(), Price{940});
}

// Risk learns of it from the log, and lets orders pass until then.
TEST_F(BookWithBands, in_a_pause_trades_nothing_that_was_on_its_way) {
  one_.add(Side::sell, 10, 900);
  one_.tick();
  one_.tick_after(5);
  ASSERT_EQ(one_.book().phase(), InstrumentState::halted);
  EXPECT_EQ(kinds(one_.add(Side::buy, 4, 2'000)), std::vector{EventKind::rested});
  EXPECT_EQ(one_.add(Side::buy, 4, 950, TimeInForce::ioc)[0].reject(), Reject::not_for_auction);
  EXPECT_EQ(one_.add(Side::buy, 4, 950, TimeInForce::day, flag_market)[0].reject(),
            Reject::not_for_auction);
  one_.core().assert_invariants();
  const auto events = one_.phase(InstrumentState::open);
  ASSERT_EQ(kinds(events),
            (std::vector{EventKind::crossing, EventKind::fill, EventKind::uncrossed}));
  EXPECT_EQ(events[1].auction(), InstrumentState::volatility_auction);
  one_.core().assert_invariants();
}

TEST_F(BookWithBands, in_a_pause_is_halted_with_the_whole_market) {
  one_.add(Side::sell, 10, 900);
  one_.tick();
  one_.tick_after(5);
  ASSERT_EQ(one_.book().phase(), InstrumentState::halted);
  Amendment amendment{};
  amendment.halt_level = 1;
  amendment.set_halt({Nanos{20'000'000}, Nanos{1'000'000}});
  Command halt;
  halt.order.kind = CommandKind::halt_market;
  halt.set(amendment);
  const auto events = one_.apply(halt);
  ASSERT_EQ(kinds(events), std::vector{EventKind::phase_changed});
  EXPECT_EQ(events[0].price, no_price);
  EXPECT_EQ(kinds(one_.tick_after(19)), std::vector{EventKind::nothing});
  EXPECT_EQ(one_.tick_after(1)[0].price, no_price);
}

TEST_F(BookWithBands, shows_them_in_the_hash) {
  OneBook other;
  other.apply(definition());
  EXPECT_EQ(one_.hash(), other.hash());
  one_.tick();
  EXPECT_NE(one_.hash(), other.hash());
  other.tick();
  EXPECT_EQ(one_.hash(), other.hash());
}

}  // namespace
}  // namespace basalt::matching
