// What text cannot say about auctions that start and end by themselves: the events' fields, times,
// and many books. The rules themselves are in tests/scenarios.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "engine/matching/order_book.h"
#include "tests/oracle/one_book.h"

namespace basalt::matching {
namespace {

using oracle::kinds;
using oracle::OneBook;

// Within a tenth of the last trade; 5 ms, and 3 more.
Command definition(std::uint32_t extension_ms = 3) {
  Command command;
  command.order.kind = CommandKind::define_instrument;
  DefineInstrument definition{};
  definition.collar_ppm = 100'000;
  definition.volatility_auction_ms = 5;
  definition.volatility_extension_ms = extension_ms;
  definition.state = InstrumentState::open;
  command.set(definition);
  return command;
}

class Volatility : public testing::Test {
 protected:
  Volatility() : one_(with_room_for(4)) {
    one_.apply(definition());
    one_.add(Side::sell, 1, 1'000);
    one_.add(Side::buy, 1, 1'000);
  }
  static MatchingCore::Limits with_room_for(std::uint32_t instructed) {
    MatchingCore::Limits limits = OneBook::small;
    limits.instructed_max = instructed;
    return limits;
  }
  void start() {
    one_.add(Side::sell, 5, 1'200);
    one_.add(Side::buy, 5, 1'200);
    ASSERT_EQ(one_.book().phase(), InstrumentState::volatility_auction);
  }

  OneBook one_;
};

TEST_F(Volatility, begins_behind_the_fills_and_before_what_rests) {
  one_.add(Side::sell, 2, 1'100);
  one_.add(Side::sell, 2, 1'101);
  const auto events = one_.add(Side::buy, 5, 1'200);
  ASSERT_EQ(kinds(events),
            (std::vector{EventKind::fill, EventKind::phase_changed, EventKind::rested}));
  EXPECT_EQ(events[1].auction(), InstrumentState::volatility_auction);
  EXPECT_EQ(events[1].price, Price{1'100});  // The last trade: its collar is around that.
  EXPECT_EQ(events[1].order, no_order);
  EXPECT_EQ(events[2].remaining, Quantity{3});
  EXPECT_EQ(events[2].last, 1);
  EXPECT_TRUE(one_.book().waits_for_ticks());
  one_.core().assert_invariants();
}

TEST_F(Volatility, a_trade_at_the_collar_is_within_it) {
  one_.add(Side::sell, 2, 1'100);
  EXPECT_EQ(kinds(one_.add(Side::buy, 2, 1'100)), std::vector{EventKind::fill});
  one_.add(Side::buy, 2, 990);
  EXPECT_EQ(kinds(one_.add(Side::sell, 2, 990)), std::vector{EventKind::fill});
  EXPECT_EQ(one_.book().phase(), InstrumentState::open);
}

TEST_F(Volatility, ends_with_the_first_tick_at_its_time_or_later) {
  one_.apply(definition(0));
  start();
  EXPECT_EQ(kinds(one_.tick_after(4)), std::vector{EventKind::indicative});
  EXPECT_EQ(kinds(one_.tick()), std::vector{EventKind::nothing});
  const auto events = one_.tick_after(7);
  ASSERT_EQ(kinds(events), (std::vector{EventKind::phase_changed, EventKind::crossing,
                                        EventKind::fill, EventKind::uncrossed}));
  EXPECT_EQ(events[0].auction(), InstrumentState::open);
  EXPECT_EQ(events[0].price, no_price);
  EXPECT_FALSE(one_.book().waits_for_ticks());
  EXPECT_EQ(kinds(one_.tick_after(100)), std::vector{EventKind::nothing});
  one_.core().assert_invariants();
}

TEST_F(Volatility, lasts_longer_from_its_own_end_however_late_the_tick) {
  start();
  const auto extended = one_.tick_after(6);
  ASSERT_EQ(kinds(extended), std::vector{EventKind::extended});
  EXPECT_EQ(extended[0].price, Price{1'000});
  EXPECT_EQ(kinds(one_.tick_after(1)), std::vector{EventKind::indicative});
  EXPECT_EQ(one_.tick_after(1).front().kind, EventKind::phase_changed);
}

TEST_F(Volatility, that_has_come_within_the_collar_ends_at_once) {
  start();
  one_.add(Side::sell, 5, 1'050);
  EXPECT_EQ(one_.tick_after(5).front().kind, EventKind::phase_changed);
  EXPECT_EQ(one_.book().last_trade(), Price{1'050});
}

TEST_F(Volatility, of_a_market_order_that_has_no_room_to_wait_takes_place_without_it) {
  OneBook one(with_room_for(0));
  one.apply(definition());
  one.add(Side::sell, 1, 1'000);
  one.add(Side::buy, 1, 1'000);
  one.add(Side::sell, 5, 1'200);
  EXPECT_EQ(kinds(one.add(Side::buy, 5, 1'300, TimeInForce::day, flag_market)),
            (std::vector{EventKind::phase_changed, EventKind::canceled}));
  EXPECT_TRUE(one.book().gathers());
  one.core().assert_invariants();
}

TEST_F(Volatility, shows_in_the_hash_with_its_time) {
  OneBook other(with_room_for(4));
  other.apply(definition());
  other.add(Side::sell, 1, 1'000);
  other.add(Side::buy, 1, 1'000);
  EXPECT_EQ(one_.hash(), other.hash());
  other.tick_after(1);
  const auto start_other = [&] {
    other.add(Side::sell, 5, 1'200);
    other.add(Side::buy, 5, 1'200);
  };
  start();
  start_other();
  EXPECT_NE(one_.hash(), other.hash());
}

TEST(HaltOfTheMarket, is_told_of_each_book_in_order_and_ends_with_ticks) {
  OneBook one;
  one.apply(definition());
  Amendment amendment{};
  amendment.halt_level = 1;
  amendment.set_halt({Nanos{2'000'000}, Nanos{3'000'000}});
  Command command;
  command.order.kind = CommandKind::halt_market;
  command.set(amendment);
  const std::uint64_t before = one.hash();
  const auto events = one.apply(command);
  ASSERT_EQ(kinds(events), std::vector{EventKind::phase_changed});
  EXPECT_EQ(events[0].auction(), InstrumentState::halted);
  EXPECT_EQ(events[0].last, 1);
  EXPECT_NE(one.hash(), before);
  EXPECT_TRUE(one.book().waits_for_ticks());
  EXPECT_FALSE(one.book().gathers());
  EXPECT_EQ(kinds(one.tick_after(1)), std::vector{EventKind::nothing});
  EXPECT_EQ(one.tick_after(3)[0].auction(), InstrumentState::volatility_auction);
  EXPECT_EQ(one.tick_after(1)[0].auction(), InstrumentState::open);  // From its own end on.
  EXPECT_FALSE(one.book().waits_for_ticks());
  one.core().assert_invariants();
}

TEST(HaltOfTheMarket, of_a_shard_without_books_is_answered) {
  OneBook one;
  Amendment amendment{};
  amendment.halt_level = 3;
  Command command;
  command.order.kind = CommandKind::halt_market;
  command.set(amendment);
  EXPECT_EQ(kinds(one.apply(command)), std::vector{EventKind::nothing});
}

}  // namespace
}  // namespace basalt::matching
