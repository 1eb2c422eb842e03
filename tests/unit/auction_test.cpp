// What text cannot say about auctions: what each phase takes as one table, the events' fields, and
// an uncross that takes several commands. The rules themselves are in tests/scenarios.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/matching/order_book.h"
#include "tests/oracle/one_book.h"

namespace basalt::matching {
namespace {

using oracle::kinds;
using oracle::OneBook;

MatchingCore::Limits in_slices_of(std::uint32_t fills) {
  MatchingCore::Limits limits = OneBook::small;
  limits.uncross_fills_max = fills;
  return limits;
}

MatchingCore::Limits with_instructions() {
  MatchingCore::Limits limits = OneBook::small;
  limits.instructed_max = 4;
  return limits;
}

constexpr std::array auctions{InstrumentState::opening_auction, InstrumentState::volatility_auction,
                              InstrumentState::closing_auction};

struct Kind {
  std::string name;
  TimeInForce time_in_force = TimeInForce::day;
  std::uint16_t flags = 0;
  Instructions instructions{};
};

Instructions asks_display(std::int64_t quantity) {
  Instructions asked{};
  asked.display = Quantity{quantity};
  return asked;
}
Instructions asks_minimum(std::int64_t quantity) {
  Instructions asked{};
  asked.min_quantity = Quantity{quantity};
  return asked;
}
Instructions asks_stop(std::int64_t price) {
  Instructions asked{};
  asked.stop = Price{price};
  return asked;
}
Instructions asks_expiry(std::int64_t time) {
  Instructions asked{};
  asked.expiry = Nanos{time};
  return asked;
}

std::vector<Kind> kinds_of_orders() {
  return {{"day", {}, {}, {}},
          {"gtc", TimeInForce::gtc, {}, {}},
          {"ioc", TimeInForce::ioc, {}, {}},
          {"fok", TimeInForce::fok, {}, {}},
          {"market", {}, flag_market, {}},
          {"post-only", {}, flag_post_only, {}},
          {"post-only-slides", {}, flag_post_only | flag_slide, {}},
          {"gtd", TimeInForce::gtd, {}, asks_expiry(9)},
          {"reserve", {}, {}, asks_display(3)},
          {"minimum", {}, {}, asks_minimum(3)},
          {"stop", {}, {}, asks_stop(20)},
          {"stop-ioc", TimeInForce::ioc, {}, asks_stop(20)},
          {"stop-market", {}, flag_market, asks_stop(20)},
          {"stop-reached", {}, {}, asks_stop(9)},
          {"stop-reached-market", {}, flag_market, asks_stop(9)},
          {"at-open", TimeInForce::at_open, {}, {}},
          {"at-close", TimeInForce::at_close, {}, {}},
          {"at-halt", TimeInForce::at_halt, {}, {}},
          {"market-at-open", TimeInForce::at_open, flag_market, {}}};
}

std::vector<Event> enter(OneBook& one, const Kind& kind, std::int64_t price) {
  Command command;
  command.order.kind = CommandKind::new_order;
  command.order.order = one.take_number();
  command.order.side = Side::buy;
  command.order.time_in_force = kind.time_in_force;
  command.order.flags = kind.flags;
  command.order.quantity = Quantity{10};
  command.order.price = Price{price};
  const Instructions& wanted = kind.instructions;
  if (wanted.display > Quantity{0} || wanted.min_quantity > Quantity{0} || wanted.stop > no_price ||
      wanted.expiry > no_time) {
    command.order.flags |= flag_instructed;
    command.set(wanted);
  }
  return one.apply(command);
}

// What the first event says of the order.
std::string told(const std::vector<Event>& events) {
  switch (events.front().kind) {
    case EventKind::rejected:
      return events.front().reject() == Reject::not_for_auction   ? "auction"
             : events.front().reject() == Reject::would_cross     ? "would-cross"
             : events.front().reject() == Reject::outside_auction ? "outside-auction"
                                                                  : "refused";
    case EventKind::fill:
      return "trades";
    case EventKind::rested:
      return "rests";
    case EventKind::armed:
      return "waits";
    case EventKind::triggered:
      return events[1].kind == EventKind::fill ? "triggers, trades" : "triggers, rests";
    default:
      return "?";
  }
}

// The last trade was at 10, and there is something to buy at 12.
TEST(AuctionPhases, take_what_the_table_of_the_rules_says) {
  struct Row {
    std::string kind;
    std::string open;
    std::string auction;
    std::string auction_apart;  // Where it does not cross.
  };
  const std::vector<Row> rows{
      {"day", "trades", "rests", "rests"},
      {"gtc", "trades", "rests", "rests"},
      {"ioc", "trades", "auction", "auction"},
      {"fok", "trades", "auction", "auction"},
      {"market", "trades", "rests", "rests"},
      {"post-only", "would-cross", "would-cross", "rests"},
      {"post-only-slides", "rests", "rests", "rests"},
      {"gtd", "trades", "rests", "rests"},
      {"reserve", "trades", "rests", "rests"},
      {"minimum", "trades", "auction", "auction"},
      {"stop", "waits", "waits", "waits"},
      {"stop-ioc", "waits", "waits", "waits"},
      {"stop-market", "waits", "waits", "waits"},
      {"stop-reached", "triggers, trades", "triggers, rests", "triggers, rests"},
      {"stop-reached-market", "triggers, trades", "triggers, rests", "triggers, rests"},
      {"at-open", "waits", "rests", "rests"},
      {"at-close", "waits", "rests", "rests"},
      {"at-halt", "outside-auction", "rests", "rests"},
      {"market-at-open", "waits", "rests", "rests"},
  };
  const std::vector<Kind> kinds = kinds_of_orders();
  ASSERT_EQ(rows.size(), kinds.size());
  const auto told_in = [](InstrumentState phase, const Kind& kind, std::int64_t price) {
    OneBook one(with_instructions());
    one.add(Side::sell, 1, 10);
    one.add(Side::buy, 1, 10);
    one.add(Side::sell, 10, 12);
    one.phase(phase);
    const std::string result = told(enter(one, kind, price));
    one.core().assert_invariants();
    return result;
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(rows[i].kind);
    ASSERT_EQ(rows[i].kind, kinds[i].name);
    EXPECT_EQ(told_in(InstrumentState::open, kinds[i], 12), rows[i].open);
    for (const InstrumentState auction : auctions) {
      const TimeInForce time_in_force = kinds[i].time_in_force;
      if (is_for_auction(time_in_force) && auction_of(time_in_force) != auction) {
        EXPECT_EQ(told_in(auction, kinds[i], 12),
                  waits_for_auction(time_in_force) ? "waits" : "outside-auction");
        continue;
      }
      EXPECT_EQ(told_in(auction, kinds[i], 12), rows[i].auction);
      EXPECT_EQ(told_in(auction, kinds[i], 11), rows[i].auction_apart);
    }
  }
}

TEST(AuctionPhases, a_change_of_phase_alone_has_no_event) {
  OneBook one;
  for (const InstrumentState phase :
       {InstrumentState::closed, InstrumentState::opening_auction, InstrumentState::open,
        InstrumentState::halted, InstrumentState::volatility_auction, InstrumentState::closed,
        InstrumentState::closing_auction, InstrumentState::closed, InstrumentState::open}) {
    EXPECT_EQ(kinds(one.phase(phase)), std::vector{EventKind::nothing});
    EXPECT_EQ(one.book().phase(), phase);
    one.core().assert_invariants();
  }
  EXPECT_EQ(kinds(one.uncross()), std::vector{EventKind::nothing});
}

TEST(AuctionPhases, show_in_the_hash) {
  OneBook one;
  const std::uint64_t open = one.hash();
  one.phase(InstrumentState::opening_auction);
  const std::uint64_t opening = one.hash();
  EXPECT_NE(opening, open);
  one.phase(InstrumentState::closing_auction);
  EXPECT_NE(one.hash(), opening);
  one.phase(InstrumentState::open);
  EXPECT_EQ(one.hash(), open);
}

TEST(Uncross, tells_who_takes_and_then_its_fills) {
  OneBook one;
  one.phase(InstrumentState::volatility_auction);
  one.add(Side::sell, 10, 48);
  const OrderId first = one.last_number();
  one.add(Side::sell, 10, 49);
  const OrderId second = one.last_number();
  one.add(Side::buy, 15, 50);
  const OrderId buyer = one.last_number();
  const auto events = one.uncross();
  ASSERT_EQ(kinds(events), (std::vector{EventKind::crossing, EventKind::fill, EventKind::fill,
                                        EventKind::uncrossed}));
  for (const Event& event : events) {
    EXPECT_EQ(event.auction(), InstrumentState::volatility_auction);
    EXPECT_EQ(event.price, Price{49});
    EXPECT_EQ(event.last, &event == &events.back());
  }
  EXPECT_EQ(events[0].order, buyer);
  EXPECT_EQ(events[0].side, Side::buy);
  EXPECT_EQ(events[0].remaining, Quantity{15});
  EXPECT_EQ(events[1].order, first);
  EXPECT_EQ(events[1].side, Side::sell);
  EXPECT_EQ(events[1].quantity, Quantity{10});
  EXPECT_EQ(events[1].remaining, Quantity{0});
  EXPECT_EQ(events[2].order, second);
  EXPECT_EQ(events[2].quantity, Quantity{5});
  EXPECT_EQ(events[2].remaining, Quantity{5});
  EXPECT_EQ(events[3].quantity, Quantity{15});
  one.core().assert_invariants();
  // Continuous trading says of no auction.
  one.phase(InstrumentState::open);
  EXPECT_EQ(one.add(Side::buy, 5, 49)[0].detail, 0);
}

// Buyers of one each at 50, and a seller who is always larger.
class InSlices : public testing::Test {
 protected:
  InSlices() : one_(in_slices_of(3)) {
    one_.phase(InstrumentState::opening_auction);
    for (int i = 0; i < 10; ++i) {
      one_.add(Side::buy, 1, 50);
      buyers_.push_back(one_.last_number());
    }
    one_.add(Side::sell, 11, 50);
    seller_ = one_.last_number();
  }

  // The makers of the fills, and that the rest is as it should be.
  std::vector<OrderId> makers(const std::vector<Event>& events) {
    std::vector<OrderId> orders;
    for (const Event& event : events) {
      if (event.kind == EventKind::crossing) {
        EXPECT_EQ(event.order, seller_);
      } else if (event.kind == EventKind::fill) {
        orders.push_back(event.order);
        EXPECT_EQ(event.price, Price{50});
      }
    }
    one_.core().assert_invariants();
    return orders;
  }
  std::vector<OrderId> from(std::size_t first, std::size_t count) {
    const auto begin = buyers_.begin() + static_cast<std::ptrdiff_t>(first);
    return {begin, begin + static_cast<std::ptrdiff_t>(count)};
  }

  OneBook one_;
  std::vector<OrderId> buyers_;
  OrderId seller_{};
};

TEST_F(InSlices, each_command_goes_on_where_the_last_one_stopped) {
  EXPECT_EQ(makers(one_.uncross()), from(0, 3));
  EXPECT_TRUE(one_.book().uncrossing());
  EXPECT_EQ(makers(one_.tick()), from(3, 3));
  EXPECT_EQ(makers(one_.tick()), from(6, 3));
  const auto last = one_.tick();
  EXPECT_EQ(makers(last), from(9, 1));
  ASSERT_EQ(last.back().kind, EventKind::uncrossed);
  EXPECT_EQ(last.back().quantity, Quantity{10});
  EXPECT_FALSE(one_.book().uncrossing());
  EXPECT_EQ(kinds(one_.tick()), std::vector{EventKind::nothing});
  EXPECT_TRUE(one_.book().empty(Side::buy));
}

TEST_F(InSlices, trading_opens_when_the_last_one_is_told) {
  EXPECT_EQ(makers(one_.phase(InstrumentState::open)), from(0, 3));
  EXPECT_EQ(one_.add(Side::sell, 1, 50)[0].reject(), Reject::not_for_auction);
  EXPECT_EQ(one_.replace(seller_, 10, 50)[0].reject(), Reject::not_for_auction);
  EXPECT_EQ(kinds(one_.add(Side::sell, 1, 51)), std::vector{EventKind::rested});
  one_.tick();
  one_.tick();
  EXPECT_TRUE(one_.book().gathers());
  EXPECT_EQ(makers(one_.tick()), from(9, 1));
  EXPECT_FALSE(one_.book().gathers());
  EXPECT_EQ(kinds(one_.add(Side::buy, 1, 51)), std::vector{EventKind::fill});
}

TEST_F(InSlices, who_cancels_is_out_of_it) {
  EXPECT_EQ(makers(one_.uncross()), from(0, 3));
  EXPECT_EQ(kinds(one_.cancel(buyers_[0])), std::vector{EventKind::nothing});
  EXPECT_EQ(kinds(one_.cancel(buyers_[3])), std::vector{EventKind::canceled});
  EXPECT_EQ(makers(one_.tick()), from(4, 3));
  EXPECT_EQ(kinds(one_.cancel(seller_)), std::vector{EventKind::canceled});
  const auto last = one_.tick();
  ASSERT_EQ(kinds(last), std::vector{EventKind::uncrossed});
  EXPECT_EQ(last[0].quantity, Quantity{6});
  EXPECT_FALSE(one_.book().uncrossing());
}

TEST_F(InSlices, a_halt_breaks_it_off_and_tells_what_was_done) {
  one_.uncross();
  const auto halted = one_.phase(InstrumentState::halted);
  ASSERT_EQ(kinds(halted), std::vector{EventKind::uncrossed});
  EXPECT_EQ(halted[0].quantity, Quantity{3});
  EXPECT_EQ(kinds(one_.tick()), std::vector{EventKind::nothing});
  EXPECT_EQ(makers(one_.phase(InstrumentState::open)), from(3, 3));
}

// Three fills, or cancellations, a command.
TEST(AuctionOrders, go_in_slices_and_at_once_where_another_phase_begins) {
  MatchingCore::Limits limits = in_slices_of(3);
  limits.instructed_max = 4;
  OneBook one(limits);
  one.phase(InstrumentState::opening_auction);
  const auto enter_four = [&] {
    for (std::int64_t i = 0; i < 4; ++i) one.add(Side::buy, 1, 50 - i, TimeInForce::at_open);
    one.add(Side::sell, 2, 50);
  };
  enter_four();
  EXPECT_EQ(kinds(one.phase(InstrumentState::open)),
            (std::vector{EventKind::crossing, EventKind::fill, EventKind::uncrossed,
                         EventKind::canceled, EventKind::canceled}));
  EXPECT_EQ(one.add(Side::buy, 1, 60)[0].reject(), Reject::not_for_auction);
  EXPECT_EQ(one.add(Side::buy, 1, 40, TimeInForce::day, flag_market)[0].reject(),
            Reject::not_for_auction);
  EXPECT_TRUE(one.book().gathers());
  EXPECT_EQ(kinds(one.tick()), std::vector{EventKind::canceled});
  EXPECT_FALSE(one.book().gathers());
  one.core().assert_invariants();

  one.phase(InstrumentState::opening_auction);
  enter_four();
  EXPECT_EQ(kinds(one.phase(InstrumentState::closing_auction)),
            (std::vector{EventKind::canceled, EventKind::canceled, EventKind::canceled}));
  EXPECT_EQ(one.add(Side::buy, 1, 40, TimeInForce::at_close)[0].reject(), Reject::not_for_auction);
  EXPECT_EQ(kinds(one.phase(InstrumentState::opening_auction)), std::vector{EventKind::canceled});
  EXPECT_EQ(kinds(one.add(Side::buy, 1, 40, TimeInForce::at_open)), std::vector{EventKind::rested});
  one.core().assert_invariants();
}

TEST(AuctionOrders, need_room_among_those_with_instructions) {
  MatchingCore::Limits limits = OneBook::small;
  limits.instructed_max = 2;
  OneBook one(limits);
  one.phase(InstrumentState::opening_auction);
  one.add(Side::buy, 1, 50, TimeInForce::at_open);
  one.add(Side::buy, 1, 50, TimeInForce::day, flag_market);
  EXPECT_EQ(one.add(Side::buy, 1, 50, TimeInForce::at_open)[0].reject(),
            Reject::open_orders_exceeded);
  one.phase(InstrumentState::open);
  one.phase(InstrumentState::opening_auction);
  EXPECT_EQ(kinds(one.add(Side::buy, 1, 50, TimeInForce::at_open)), std::vector{EventKind::rested});
  EXPECT_EQ(one.core().memory().details_in_use(), 1U);
  one.core().assert_invariants();
}

TEST_F(InSlices, where_it_stands_shows_in_the_hash) {
  const std::uint64_t before = one_.hash();
  one_.uncross();
  EXPECT_NE(one_.hash(), before);
}

Command definition(std::uint32_t collar_ppm, std::int64_t reference, InstrumentState state) {
  Command command;
  command.order.kind = CommandKind::define_instrument;
  DefineInstrument definition{};
  definition.collar_ppm = collar_ppm;
  definition.reference = Price{reference};
  definition.state = state;
  command.set(definition);
  return command;
}

TEST(Auction, has_no_collar_and_moves_it) {
  OneBook one;
  one.apply(definition(100'000, 0, InstrumentState::open));
  one.add(Side::sell, 1, 1'000);
  one.add(Side::buy, 1, 1'000);
  EXPECT_EQ(one.add(Side::buy, 1, 1'101)[0].reject(), Reject::outside_collar);
  one.phase(InstrumentState::volatility_auction);
  EXPECT_EQ(kinds(one.add(Side::buy, 1, 2'000)), std::vector{EventKind::rested});
  EXPECT_EQ(kinds(one.add(Side::sell, 1, 2'000)), std::vector{EventKind::rested});
  one.phase(InstrumentState::open);
  EXPECT_EQ(one.book().last_trade(), Price{2'000});
  EXPECT_EQ(one.add(Side::buy, 1, 1'799)[0].reject(), Reject::outside_collar);
  EXPECT_EQ(kinds(one.add(Side::buy, 1, 1'800)), std::vector{EventKind::rested});
}

TEST(Auction, is_near_the_reference_of_the_definition_before_the_first_trade) {
  OneBook one;
  one.apply(definition(0, 53, InstrumentState::opening_auction));
  one.add(Side::buy, 10, 60);
  one.add(Side::sell, 10, 50);
  const auto events = one.uncross();
  ASSERT_EQ(events.back().kind, EventKind::uncrossed);
  EXPECT_EQ(events.back().price, Price{53});
}

TEST(Auction, goes_on_when_the_instrument_is_defined_again) {
  OneBook one;
  const Command command = definition(0, 0, InstrumentState::open);
  one.apply(command);
  one.phase(InstrumentState::opening_auction);
  one.apply(command);
  EXPECT_EQ(one.book().phase(), InstrumentState::opening_auction);
  EXPECT_TRUE(one.book().gathers());
}

TEST(Auction, indicates_only_what_has_changed_and_once_a_tick) {
  OneBook one;
  one.phase(InstrumentState::closing_auction);
  EXPECT_EQ(kinds(one.tick()), std::vector{EventKind::nothing});
  one.add(Side::buy, 10, 50);
  one.add(Side::sell, 4, 50);
  const OrderId seller = one.last_number();
  auto events = one.tick();
  ASSERT_EQ(kinds(events), std::vector{EventKind::indicative});
  EXPECT_EQ(events[0].auction(), InstrumentState::closing_auction);
  EXPECT_EQ(events[0].price, Price{50});
  EXPECT_EQ(events[0].quantity, Quantity{4});
  EXPECT_EQ(events[0].remaining, Quantity{6});
  EXPECT_EQ(events[0].side, Side::buy);
  EXPECT_EQ(kinds(one.tick()), std::vector{EventKind::nothing});
  one.reduce(seller, 3);
  events = one.tick();
  ASSERT_EQ(kinds(events), std::vector{EventKind::indicative});
  EXPECT_EQ(events[0].quantity, Quantity{3});
  one.uncross();
  EXPECT_EQ(kinds(one.tick()), std::vector{EventKind::nothing});
}

TEST(Auction, indicates_at_once_and_then_at_most_once_in_an_interval) {
  MatchingCore::Limits limits = OneBook::small;
  limits.indicative_interval = Nanos{100'000'000};
  OneBook one(limits);
  const auto quantity_told = [](const std::vector<Event>& events) {
    return events[0].kind == EventKind::indicative ? events[0].quantity : Quantity{0};
  };
  one.phase(InstrumentState::opening_auction);
  one.add(Side::buy, 10, 50);
  one.add(Side::sell, 4, 50);
  EXPECT_EQ(quantity_told(one.tick_after(1)), Quantity{4});
  one.add(Side::sell, 1, 50);
  EXPECT_EQ(quantity_told(one.tick_after(99)), Quantity{0});
  one.add(Side::sell, 2, 50);
  EXPECT_EQ(quantity_told(one.tick_after(1)), Quantity{7}) << "all that has changed since";
  one.add(Side::sell, 1, 50);
  one.phase(InstrumentState::closing_auction);
  EXPECT_EQ(quantity_told(one.tick_after(1)), Quantity{8}) << "another auction tells at once";
}

}  // namespace
}  // namespace basalt::matching
