// What text cannot say about the book: the events' fields, order numbers, extremes, the hash. The
// rules of matching themselves are in tests/scenarios.
#include "engine/matching/order_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/oracle/one_book.h"

namespace basalt::matching {
namespace {

using oracle::kinds;
using oracle::OneBook;

TEST(OrderBook, a_resting_order_is_told_with_all_that_a_reader_needs) {
  OneBook one;
  const auto events = one.add(Side::sell, 100, 10);
  ASSERT_EQ(kinds(events), std::vector{EventKind::rested});
  const Event& event = events[0];
  EXPECT_EQ(event.sequence, 1u);
  EXPECT_EQ(event.order, one.last_number());
  EXPECT_EQ(event.side, Side::sell);
  EXPECT_EQ(event.price, Price{10});
  EXPECT_EQ(event.remaining, Quantity{100});
  EXPECT_EQ(event.last, 1);
}

TEST(OrderBook, a_fill_names_the_maker_and_what_is_left_of_it) {
  OneBook one;
  one.add(Side::sell, 100, 10);
  const OrderId maker = one.last_number();
  const auto events = one.add(Side::buy, 30, 12);
  ASSERT_EQ(kinds(events), std::vector{EventKind::fill});
  EXPECT_EQ(events[0].order, maker);
  EXPECT_EQ(events[0].side, Side::sell);
  EXPECT_EQ(events[0].price, Price{10});
  EXPECT_EQ(events[0].quantity, Quantity{30});
  EXPECT_EQ(events[0].remaining, Quantity{70});
  EXPECT_EQ(events[0].last, 1);
}

TEST(OrderBook, only_the_last_event_of_a_command_is_marked) {
  OneBook one;
  for (int i = 0; i < 3; ++i) one.add(Side::sell, 10, 10 + i);
  const auto events = one.add(Side::buy, 50, 20);
  ASSERT_EQ(kinds(events),
            (std::vector{EventKind::fill, EventKind::fill, EventKind::fill, EventKind::rested}));
  for (const Event& event : events) EXPECT_EQ(event.last, &event == &events.back());
}

TEST(OrderBook, a_number_of_an_earlier_generation_names_nothing) {
  OneBook one;
  one.add(Side::buy, 10, 5);
  const OrderId stale = one.last_number();
  one.cancel(stale);
  one.give_number(stale);
  one.add(Side::buy, 10, 5);
  ASSERT_EQ(slot_of(one.last_number()), slot_of(stale));
  EXPECT_EQ(kinds(one.cancel(stale)), std::vector{EventKind::nothing});
  EXPECT_EQ(kinds(one.reduce(stale, 1)), std::vector{EventKind::nothing});
  EXPECT_EQ(kinds(one.replace(stale, 5, 5)), std::vector{EventKind::nothing});
  EXPECT_EQ(kinds(one.cancel(one.last_number())).size(), 1u);
}

TEST(OrderBook, no_order_is_never_live_even_where_its_slot_is_free) {
  OneBook one;
  EXPECT_EQ(kinds(one.cancel(no_order)), std::vector{EventKind::nothing});
  EXPECT_EQ(kinds(one.reduce(no_order, 0)), std::vector{EventKind::nothing});
  EXPECT_EQ(kinds(one.replace(no_order, 5, 5)), std::vector{EventKind::nothing});
}

TEST(OrderBook, the_hash_tells_a_bid_from_an_ask) {
  OneBook bid;
  bid.add(Side::buy, 10, 100);
  OneBook ask;
  ask.add(Side::sell, 10, 100);
  EXPECT_NE(bid.hash(), ask.hash());
}

TEST(OrderBook, the_hash_tells_a_post_only_order_from_a_plain_one) {
  OneBook plain;
  plain.add(Side::buy, 10, 100);
  OneBook post;
  post.add(Side::buy, 10, 100, TimeInForce::day, flag_post_only);
  EXPECT_NE(plain.hash(), post.hash());
}

matching::MatchingCore::Limits with_details() {
  matching::MatchingCore::Limits limits = OneBook::small;
  limits.instructed_max = 8;
  return limits;
}

TEST(OrderBook, the_hash_tells_an_order_that_hides_from_one_that_is_shown) {
  OneBook shown(with_details());
  OneBook hidden(with_details());
  static_cast<void>(shown.add(Side::buy, 10, 5000));
  const auto events = hidden.add(Side::buy, 10, 5000, TimeInForce::day, flag_hidden);
  ASSERT_EQ(kinds(events), std::vector{EventKind::rested});
  EXPECT_EQ(events[0].remaining, Quantity{10});
  EXPECT_EQ(events[0].shown(), Quantity{0});
  EXPECT_TRUE(hidden.book().empty(Side::buy));
  EXPECT_NE(shown.hash(), hidden.hash());
}

TEST(OrderBook, a_fill_tells_whether_its_maker_hides) {
  OneBook one(with_details());
  static_cast<void>(one.add(Side::sell, 10, 5000, TimeInForce::day, flag_hidden));
  static_cast<void>(one.add(Side::sell, 10, 5000));
  const auto events = one.add(Side::buy, 15, 5000);
  ASSERT_EQ(kinds(events), (std::vector{EventKind::fill, EventKind::fill}));
  EXPECT_FALSE(events[0].hides());
  EXPECT_TRUE(events[1].hides());
  EXPECT_FALSE(is_auction(events[1].auction()));
  EXPECT_EQ(events[1].remaining, Quantity{5});
}

// The last trade was at 1,000, the collar is a tenth of it, and the cap lies within.
TEST(OrderBook, an_order_does_not_slide_beyond_the_collar_or_the_cap_of_its_instrument) {
  OneBook one;
  Command define;
  define.order.kind = CommandKind::define_instrument;
  DefineInstrument definition{};
  definition.collar_ppm = 100'000;
  definition.price_max = Price{1'050};
  definition.state = InstrumentState::open;
  define.set(definition);
  one.apply(define);
  one.add(Side::sell, 1, 1'000);
  one.add(Side::buy, 1, 1'000);
  const auto slide = [&](Side side, std::int64_t price) {
    return one.add(side, 1, price, TimeInForce::day, flag_post_only | flag_slide)[0];
  };
  one.add(Side::sell, 1, 900);
  const OrderId ask = one.last_number();
  EXPECT_EQ(slide(Side::buy, 950).reject(), Reject::outside_collar) << "at 899";
  EXPECT_EQ(slide(Side::buy, 1'101).reject(), Reject::outside_collar) << "as asked";
  one.cancel(ask);
  one.add(Side::buy, 1, 1'049);
  const Event rested = slide(Side::sell, 1'000);
  ASSERT_EQ(rested.kind, EventKind::rested);
  EXPECT_EQ(rested.price, Price{1'050});
  one.cancel(one.last_number());
  one.add(Side::buy, 1, 1'050);
  EXPECT_EQ(slide(Side::sell, 1'000).reject(), Reject::would_cross);
  one.core().assert_invariants();
}

TEST(OrderBook, the_hash_is_of_ranks_and_not_of_slots) {
  OneBook one;
  one.add(Side::buy, 10, 100);
  OneBook other;
  other.add(Side::buy, 7, 50);
  const OrderId early = other.last_number();
  other.add(Side::buy, 10, 100);
  other.cancel(early);
  EXPECT_EQ(one.hash(), other.hash());
}

TEST(OrderBook, one_side_holds_no_more_than_its_sums_can_tell) {
  OneBook one({1U << 15, 1, 16, 16});
  const std::int64_t most = limits::quantity_max.value;
  const auto room = limits::resting_max.value / most;
  for (std::int64_t i = 0; i < room; ++i) {
    ASSERT_EQ(kinds(one.add(Side::buy, most, 10)), std::vector{EventKind::rested}) << i;
  }
  const auto events = one.add(Side::buy, most, 10);
  ASSERT_EQ(kinds(events), std::vector{EventKind::rejected});
  EXPECT_EQ(events[0].reject(), Reject::open_orders_exceeded);
  // What only takes is not concerned, and neither is the other side.
  EXPECT_EQ(kinds(one.add(Side::buy, most, 10, TimeInForce::ioc)),
            std::vector{EventKind::canceled});
  EXPECT_EQ(kinds(one.add(Side::sell, most, 20)), std::vector{EventKind::rested});
  one.core().assert_invariants();
}

// precedence_of_refusals.book has the rest: text never fills a book. Each order is the last with
// one fault mended.
TEST(OrderBook,
     of_the_faults_of_an_order_that_would_rest_where_there_is_no_room_the_first_is_told) {
  OneBook one({16, 1, 4, 3, 8});  // Of three inner nodes one may be taken: the next may need two.
  one.add(Side::sell, 10, 1'000);
  one.add(Side::buy, 10, 1);
  const OrderId in_the_way = one.last_number();
  const auto told = [&](std::int64_t price, std::int64_t shown) {
    Instructions asked{};
    asked.display = Quantity{shown};
    Command command;
    command.order.kind = CommandKind::new_order;
    command.order.order = one.take_number();
    command.order.side = Side::buy;
    command.order.flags = flag_instructed | flag_post_only;
    command.order.quantity = Quantity{2000};
    command.order.price = Price{price};
    command.set(asked);
    const auto events = one.apply(command);
    return events.front().kind == EventKind::rejected ? events.front().reject() : Reject::none;
  };
  EXPECT_EQ(told(1'000, 1), Reject::would_cross);
  EXPECT_EQ(told(200, 1), Reject::open_orders_exceeded);
  one.cancel(in_the_way);
  EXPECT_EQ(told(200, 1), Reject::invalid_max_floor);
  EXPECT_EQ(told(200, 500), Reject::none);
  one.core().assert_invariants();
}

TEST(OrderBook, a_sweep_of_five_thousand_orders_fills_each_once_in_order) {
  constexpr std::uint32_t orders = 5000;
  OneBook one({8192, 1, 64, 64});
  std::vector<OrderId> makers;
  for (std::uint32_t i = 0; i < orders; ++i) {
    one.add(Side::sell, 1 + i % 7, 1000 + i / 10);
    makers.push_back(one.last_number());
  }
  const auto events = one.add(Side::buy, limits::quantity_max.value, 5000, TimeInForce::ioc);
  ASSERT_EQ(events.size(), orders + 1);
  for (std::uint32_t i = 0; i < orders; ++i) {
    ASSERT_EQ(events[i].order, makers[i]);
    ASSERT_EQ(events[i].price, Price{1000 + i / 10});
    ASSERT_EQ(events[i].quantity, Quantity{1 + i % 7});
    ASSERT_EQ(events[i].remaining, Quantity{0});
  }
  EXPECT_EQ(events.back().kind, EventKind::canceled);
  EXPECT_TRUE(one.book().empty(Side::sell));
  one.core().assert_invariants();
}

// Each level in a leaf of its own, and all inner nodes between them: none of them is left.
TEST(OrderBook, a_sweep_of_five_thousand_levels_far_apart_leaves_no_node_behind) {
  constexpr std::uint32_t levels = 5000;
  constexpr std::int64_t apart = 4099;
  OneBook one({8192, 1, 8192, 16384});
  for (const Side side : {Side::buy, Side::sell}) {
    std::vector<OrderId> makers;
    for (std::uint32_t i = 0; i < levels; ++i) {
      one.add(side, 1 + i % 7, 1 + i * apart);
      makers.push_back(one.last_number());
    }
    if (side == Side::buy) std::reverse(makers.begin(), makers.end());
    const std::int64_t limit = side == Side::buy ? 1 : levels * apart;
    const auto events =
        one.add(opposite(side), limits::quantity_max.value, limit, TimeInForce::ioc);
    ASSERT_EQ(events.size(), levels + 1);
    for (std::uint32_t i = 0; i < levels; ++i) {
      const std::uint32_t entered = side == Side::buy ? levels - 1 - i : i;
      ASSERT_EQ(events[i].order, makers[i]);
      ASSERT_EQ(events[i].price, Price{1 + entered * apart});
      ASSERT_EQ(events[i].quantity, Quantity{1 + entered % 7});
    }
    EXPECT_EQ(events.back().kind, EventKind::canceled);
    EXPECT_EQ(one.core().memory().leaves_in_use(), 0U);
    EXPECT_EQ(one.core().memory().inners_in_use(), 0U);
    one.core().assert_invariants();
    for (const OrderId maker : makers) one.give_number(maker);
  }
}

// With a dynamic collar of 10 %.
Command collared() {
  Command define;
  define.order.kind = CommandKind::define_instrument;
  DefineInstrument definition{};
  definition.collar_ppm = 100'000;
  define.set(definition);
  return define;
}

TEST(OrderBook, the_collar_follows_the_last_trade_and_binds_from_the_next_command) {
  OneBook one;
  one.apply(collared());

  // Before the first trade there is no collar, and a sweep is not stopped by its own fills.
  one.add(Side::sell, 10, 1000);
  one.add(Side::sell, 10, 5000);
  ASSERT_EQ(kinds(one.add(Side::buy, 20, 5000)), (std::vector{EventKind::fill, EventKind::fill}));
  EXPECT_EQ(one.book().last_trade(), Price{5000});

  EXPECT_EQ(one.add(Side::buy, 10, 4499)[0].reject(), Reject::outside_collar);
  EXPECT_EQ(one.add(Side::sell, 10, 5501)[0].reject(), Reject::outside_collar);
  EXPECT_EQ(kinds(one.add(Side::buy, 10, 4500)), std::vector{EventKind::rested});
  EXPECT_EQ(kinds(one.add(Side::sell, 10, 5500)), std::vector{EventKind::rested});

  // A replacement outside the collar is invalid: the original goes.
  const OrderId ask = one.last_number();
  const auto events = one.replace(ask, 10, 5501);
  ASSERT_EQ(kinds(events), std::vector{EventKind::canceled});
  EXPECT_EQ(events[0].order, ask);
  EXPECT_EQ(events[0].reason(), CancelReason::supervisory);
}

TEST(OrderBook, a_market_order_stops_at_its_protection_price) {
  OneBook one;
  one.add(Side::sell, 10, 100);
  one.add(Side::sell, 10, 101);
  const auto events = one.add(Side::buy, 20, 100, TimeInForce::day, flag_market);
  ASSERT_EQ(kinds(events), (std::vector{EventKind::fill, EventKind::canceled}));
  EXPECT_EQ(events[1].quantity, Quantity{10});
  EXPECT_EQ(events[1].reason(), CancelReason::immediate);
}

// Risk has set the protection by the last trade that it knew of, and holds money for no more.
TEST(OrderBook, a_market_order_whose_protection_the_market_has_left_behind_does_not_trade) {
  for (const Side side : {Side::buy, Side::sell}) {
    OneBook one;
    one.apply(collared());
    one.add(opposite(side), 10, 5000);
    one.add(side, 10, 5000);
    one.add(opposite(side), 10, 5000);  // The touch that it may have been meant for.
    const std::int64_t protection = side == Side::buy ? 4400 : 5600;
    const auto events = one.add(side, 10, protection, TimeInForce::day, flag_market);
    ASSERT_EQ(kinds(events), std::vector{EventKind::rejected});
    EXPECT_EQ(events[0].reject(), Reject::outside_collar);
  }
}

TEST(OrderBook, a_cancel_by_the_venue_is_told_as_such) {
  OneBook one;
  one.add(Side::sell, 10, 100);
  Order order;
  order.kind = CommandKind::cancel;
  order.order = one.last_number();
  order.flags = flag_by_venue;
  EXPECT_EQ(one.apply(order)[0].reason(), CancelReason::system);
}

TEST(OrderBook, a_replacement_counts_what_the_whole_chain_has_executed) {
  OneBook one;
  one.add(Side::buy, 100, 10);
  const OrderId first = one.last_number();
  one.add(Side::sell, 40, 10);
  const auto replaced = one.replace(first, 90, 10);
  ASSERT_EQ(kinds(replaced), (std::vector{EventKind::replaced, EventKind::rested}));
  EXPECT_EQ(replaced[0].order, first);
  EXPECT_EQ(replaced[0].quantity, Quantity{60});
  EXPECT_EQ(replaced[0].remaining, Quantity{50});
  EXPECT_EQ(replaced[1].remaining, Quantity{50});
  const auto reduced = one.reduce(one.last_number(), 60);
  EXPECT_EQ(reduced[0].quantity, Quantity{30});
  EXPECT_EQ(reduced[0].remaining, Quantity{20});
}

TEST(OrderBook, nodes_of_levels_come_back_when_the_book_is_empty) {
  OneBook one;
  std::vector<OrderId> numbers;
  for (std::int64_t price = 1; price < limits::price_max.value; price *= 7) {
    one.add(Side::buy, 1, price);
    numbers.push_back(one.last_number());
  }
  EXPECT_GT(one.core().memory().leaves_in_use(), 0u);
  for (const OrderId number : numbers) one.cancel(number);
  EXPECT_EQ(one.core().memory().leaves_in_use(), 0u);
  EXPECT_EQ(one.core().memory().inners_in_use(), 0u);
}

// A stop to sell, whose price begins at `stop`.
std::vector<Event> trail(OneBook& one, std::int64_t stop, std::uint32_t trail) {
  Instructions asked{};
  asked.stop = Price{stop};
  asked.trail = trail;
  Command command;
  command.order.kind = CommandKind::new_order;
  command.order.order = one.take_number();
  command.order.side = Side::sell;
  command.order.flags = flag_instructed;
  command.order.quantity = Quantity{5};
  command.order.price = Price{1};
  command.set(asked);
  return one.apply(command);
}

Price first_stop(const OneBook& one) {
  Price first = no_price;
  one.book().each_stop_level(Side::sell, one.core().memory(), [&](Price price, const Level&) {
    if (first == no_price) first = price;
  });
  return first;
}

TEST(TrailingStops, are_so_many_at_most) {
  OneBook one({1024, 1, 256, 1024, 512});
  for (std::uint32_t i = 0; i < limits::trailing_max; ++i) {
    ASSERT_EQ(kinds(trail(one, 1'000, 5)), std::vector{EventKind::armed});
  }
  const auto refused = trail(one, 1'000, 5);
  ASSERT_EQ(kinds(refused), std::vector{EventKind::rejected});
  EXPECT_EQ(refused[0].reject(), Reject::open_orders_exceeded);
  one.give_number(refused[0].order);
  EXPECT_EQ(kinds(trail(one, 1'000, 0)), std::vector{EventKind::armed}) << "it does not trail";
  EXPECT_EQ(kinds(one.replace(order_id(0, 1), 4, 2)),
            (std::vector{EventKind::replaced, EventKind::armed}));
  one.cancel(order_id(1, 1));
  EXPECT_EQ(kinds(trail(one, 1'000, 5)), std::vector{EventKind::armed});
  one.core().assert_invariants();
}

TEST(TrailingStops, stay_while_there_is_no_room_for_another_stop_price) {
  OneBook one({64, 1, 2, 8, 16});
  trail(one, 1'000, 5);
  one.add(Side::buy, 2, 2'000);  // Takes the last leaf.
  const OrderId bid = one.last_number();
  one.add(Side::sell, 1, 2'000, TimeInForce::ioc);
  EXPECT_EQ(first_stop(one), Price{1'000});
  one.cancel(bid);
  one.add(Side::buy, 1, 2'010);
  one.add(Side::sell, 1, 2'010, TimeInForce::ioc);
  EXPECT_EQ(first_stop(one), Price{2'005});
  one.core().assert_invariants();
}

TEST(TrailingStops, have_their_place_in_the_hash) {
  OneBook one({64, 1, 16, 64, 16});
  OneBook other({64, 1, 16, 64, 16});
  trail(one, 1'000, 5);
  trail(other, 1'000, 6);
  EXPECT_NE(one.hash(), other.hash());
}

}  // namespace
}  // namespace basalt::matching
