// Orders that end by themselves, from risk's verdict to the money that comes back, over several
// books, slices and shards. The rule itself is in tests/scenarios (gtd_*).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "engine/matching/expiries.h"
#include "tests/oracle/one_book.h"
#include "tests/oracle/small_venue.h"

namespace basalt::oracle {
namespace {

using matching::Expiries;
using matching::Expiry;

constexpr std::int64_t ms = 1'000'000;

TEST(Expiries, are_taken_as_they_end_a_slice_at_a_time_and_each_slice_by_instrument) {
  constexpr std::uint32_t most = 200;
  constexpr std::uint32_t slice = 7;
  Arena arena(Expiries::memory_bytes(most, slice));
  Expiries expiries(most, slice, arena);
  const auto later = [](const Expiry& a, const Expiry& b) {
    return std::tie(a.time, a.entered) < std::tie(b.time, b.entered);
  };
  std::set<Expiry, decltype(later)> expected(later);
  std::mt19937_64 random(7);
  const auto below = [&](std::uint32_t bound) {
    return static_cast<std::uint32_t>(random() % bound);
  };
  Nanos now{0};
  for (Sequence entered = 1; entered < 20'000; ++entered) {
    const std::uint32_t detail = below(most);
    const auto has = std::find_if(expected.begin(), expected.end(),
                                  [&](const Expiry& each) { return each.detail == detail; });
    if (below(3) > 0 && has == expected.end()) {
      const Expiry entry{now + Nanos{below(50)}, entered, InstrumentId{below(5)}, below(9), detail};
      expiries.add(entry);
      expected.insert(entry);
    } else if (below(4) > 0) {
      expiries.remove(detail);
      if (has != expected.end()) expected.erase(has);
    } else {
      now += Nanos{below(10)};
      std::vector<Expiry> due;
      while (due.size() < slice && !expected.empty() && expected.begin()->time <= now) {
        due.push_back(*expected.begin());
        expected.erase(expected.begin());
      }
      std::stable_sort(due.begin(), due.end(), [](const Expiry& a, const Expiry& b) {
        return a.instrument < b.instrument;
      });
      const auto taken = expiries.take_due(now);
      ASSERT_EQ(taken.size(), due.size());
      for (std::size_t i = 0; i < due.size(); ++i) {
        ASSERT_EQ(taken[i].detail, due[i].detail);
        ASSERT_EQ(taken[i].entered, due[i].entered);
      }
    }
    ASSERT_EQ(expiries.size(), expected.size());
    expiries.assert_invariants();
  }
}

Command until(Entered entered, Nanos expiry, std::uint16_t flags = 0) {
  entered.time_in_force = TimeInForce::gtd;
  entered.instructions.expiry = expiry;
  entered.flags |= flags;
  return enter(entered);
}

const risk::Balance& dollars(SmallVenue& small) {
  return small.venue().risk().balance(AccountId{traders_first}, AssetId{usd});
}

Reject verdict_of(SmallVenue& small, const Command& command) {
  return small.tell(command).front().command.order.verdict;
}

TEST(Expiry, gives_back_what_is_held_with_the_tick_that_reaches_it) {
  SmallVenue small;
  const Money all = dollars(small).free;
  const Nanos end = small.venue().now() + Nanos{5 * ms};
  small.tell(until({.ref = 1, .quantity = 10, .price = 100}, end));
  EXPECT_LT(dollars(small).free, all);
  EXPECT_EQ(kinds(small.tick(Nanos{5 * ms - 1}).events), std::vector{EventKind::nothing});
  const LogRecord tick = small.tick(Nanos{1});
  ASSERT_EQ(kinds(tick.events), std::vector{EventKind::canceled});
  EXPECT_EQ(tick.events[0].reason(), CancelReason::expired);
  EXPECT_EQ(tick.events[0].quantity, Quantity{10});
  EXPECT_EQ(tick.events[0].shown(), Quantity{10});
  EXPECT_EQ(tick.events[0].instrument, InstrumentId{aapl});
  EXPECT_EQ(dollars(small).free, all);
  EXPECT_EQ(dollars(small).held, Money{0});
  EXPECT_EQ(small.venue().risk().orders_live(), 0U);
  EXPECT_TRUE(small.tell(cancel({.ref = 1})).empty()) << "it is not live any more";
  small.venue().assert_invariants();
}

TEST(Expiry, must_lie_ahead_and_belong_to_the_time_in_force) {
  SmallVenue small;
  const Nanos now = small.venue().now();
  EXPECT_EQ(verdict_of(small, until({.ref = 1}, now)), Reject::invalid_expiry);
  EXPECT_EQ(verdict_of(small, until({.ref = 2}, no_time)), Reject::invalid_expiry);
  Entered day{.ref = 3};
  day.instructions.expiry = now + Nanos{1};
  EXPECT_EQ(verdict_of(small, enter(day)), Reject::invalid_expiry);
  EXPECT_EQ(verdict_of(small, until({.ref = 4}, now + Nanos{1})), Reject::none);
  EXPECT_EQ(verdict_of(small, until({.ref = 5}, Nanos{0}, flag_time_to_live)),
            Reject::invalid_expiry);
}

// The journal has the time, so that a replay needs no clock.
TEST(Expiry, of_a_time_to_live_counts_from_the_decision) {
  SmallVenue small;
  const auto told = small.tell(until({.ref = 1}, Nanos{2 * ms}, flag_time_to_live));
  const Command& decided = told.front().command;
  EXPECT_EQ(decided.order.verdict, Reject::none);
  EXPECT_EQ(decided.order.flags & flag_time_to_live, 0);
  EXPECT_EQ(decided.as<Instructions>().expiry, decided.order.time + Nanos{2 * ms});
  EXPECT_EQ(kinds(small.tick(Nanos{2 * ms}).events), std::vector{EventKind::canceled});
}

TEST(Expiry, is_inherited_by_a_replacement_and_overtakes_it) {
  SmallVenue small({.feedback_lag = 1});
  small.tell(until({.ref = 1, .quantity = 10, .price = 100}, Nanos{2 * ms}, flag_time_to_live));
  small.tell(replace({.ref = 1}, 2, 20, 101));
  const LogRecord tick = small.tick(Nanos{2 * ms});
  ASSERT_EQ(kinds(tick.events), std::vector{EventKind::canceled});
  EXPECT_EQ(tick.events[0].quantity, Quantity{20});
  // Risk does not know yet: what it lets through finds nothing.
  const auto late = small.tell(replace({.ref = 2}, 3, 30, 102));
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(kinds(late.front().events), std::vector{EventKind::nothing});
  small.venue().catch_up();
  EXPECT_EQ(dollars(small).held, Money{0});
  small.venue().assert_invariants();
}

// Orders of two books by turns, each earlier than the one before.
std::vector<LogRecord> ending_together(SmallVenue& small, std::uint32_t count) {
  const Nanos end = small.venue().now() + Nanos{10 * ms};
  for (std::uint32_t i = 0; i < count; ++i) {
    small.tell(until({.ref = i + 1, .price = 100, .instrument = i % 2 == 0 ? btc_usd : aapl},
                     end - Nanos{i}));
  }
  std::vector<LogRecord> ticks;
  small.tick(Nanos{9 * ms});
  for (int i = 0; i < 4; ++i) ticks.push_back(small.tick(Nanos{ms}));
  return ticks;
}

TEST(Expiry, of_several_books_is_told_by_instrument_and_then_by_time) {
  for (const std::uint32_t shards : {1U, 2U, 3U}) {
    SmallVenue small({.shards = shards});
    const std::vector<Event> events = ending_together(small, 40).front().events;
    ASSERT_EQ(events.size(), 40U);
    for (std::size_t i = 0; i < events.size(); ++i) {
      // The last of AAPL's came last, and ends first.
      const std::size_t entered = i < 20 ? 39 - 2 * i : 38 - 2 * (i - 20);
      EXPECT_EQ(events[i].instrument, InstrumentId{i < 20 ? aapl : btc_usd});
      EXPECT_EQ(slot_of(events[i].order), entered);
      EXPECT_EQ(events[i].last, i == 39);
    }
    EXPECT_EQ(small.venue().risk().orders_live(), 0U);
    small.venue().assert_invariants();
  }
}

TEST(Expiry, of_more_than_a_slice_goes_on_with_the_next_tick) {
  SmallVenue small({.shards = 1, .instructed_max = 4096});
  const std::uint32_t count = 2 * limits::expiries_max + 10;
  const std::vector<LogRecord> ticks = ending_together(small, count);
  EXPECT_EQ(ticks[0].events.size(), limits::expiries_max);
  EXPECT_EQ(ticks[1].events.size(), limits::expiries_max);
  EXPECT_EQ(ticks[2].events.size(), 10U);
  EXPECT_EQ(kinds(ticks[3].events), std::vector{EventKind::nothing});
  small.venue().assert_invariants();

  CoreVenue again({.shards = 1, .seed = 9, .instructed_max = 4096});
  for (const LogRecord& record : small.log()) {
    const LogRecord replayed = again.replay(record.command);
    ASSERT_TRUE(std::equal(record.events.begin(), record.events.end(), replayed.events.begin(),
                           replayed.events.end(), [](const Event& a, const Event& b) {
                             return a.order == b.order && a.kind == b.kind && a.index == b.index;
                           }));
  }
}

TEST(Expiry, of_a_book_in_an_auction_comes_before_its_prospect_and_after_what_ends_in_others) {
  SmallVenue small({.shards = 1});
  small.tell(set_state(btc_usd, InstrumentState::opening_auction));
  const Nanos end = small.venue().now() + Nanos{ms};
  small.tell(until({.ref = 1, .quantity = 5, .price = 100, .instrument = btc_usd}, end));
  small.tell(enter({.ref = 2, .quantity = 3, .price = 100, .instrument = btc_usd}));
  small.tell(
      enter({.ref = 3, .side = Side::sell, .quantity = 9, .price = 100, .instrument = btc_usd}));
  small.tell(until({.ref = 4, .price = 100}, end));
  const LogRecord tick = small.tick(Nanos{ms});
  ASSERT_EQ(kinds(tick.events),
            (std::vector{EventKind::canceled, EventKind::canceled, EventKind::indicative}));
  EXPECT_EQ(tick.events[0].instrument, InstrumentId{aapl});
  EXPECT_EQ(tick.events[1].instrument, InstrumentId{btc_usd});
  EXPECT_EQ(tick.events[2].quantity, Quantity{3});
  EXPECT_EQ(tick.events[2].last, 1);
}

TEST(Expiry, takes_room_among_the_orders_with_instructions) {
  matching::MatchingCore::Limits limits = OneBook::small;
  limits.instructed_max = 1;
  OneBook one(limits);
  const auto enter_until = [&](std::int64_t expiry) {
    Command command;
    command.order.kind = CommandKind::new_order;
    command.order.order = one.take_number();
    command.order.time_in_force = TimeInForce::gtd;
    command.order.flags = flag_instructed;
    command.order.quantity = Quantity{10};
    command.order.price = Price{5};
    Instructions asked{};
    asked.expiry = Nanos{expiry};
    command.set(asked);
    return one.apply(command);
  };
  const auto tick_at = [&](std::int64_t time) {
    Order tick;
    tick.kind = CommandKind::tick;
    tick.time = Nanos{time};
    return one.apply(tick);
  };
  EXPECT_EQ(kinds(enter_until(7)), std::vector{EventKind::rested});
  const std::uint64_t hash = one.hash();
  const auto refused = enter_until(8);
  ASSERT_EQ(kinds(refused), std::vector{EventKind::rejected});
  EXPECT_EQ(refused[0].reject(), Reject::open_orders_exceeded);
  EXPECT_EQ(kinds(tick_at(7)), std::vector{EventKind::canceled});
  EXPECT_EQ(kinds(enter_until(8)), std::vector{EventKind::rested});
  EXPECT_NE(one.hash(), hash) << "when it ends is part of what it is";
  one.core().assert_invariants();
}

}  // namespace
}  // namespace basalt::oracle
