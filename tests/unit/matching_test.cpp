// The stage around the books: every command is answered, the last event is marked, and no ring is
// too small.
#include "engine/matching/matching.h"

#include <gtest/gtest.h>

#include <bit>
#include <deque>
#include <vector>

#include "tests/property/reach_probes.h"

namespace basalt::matching {
namespace {

constexpr MatchingCore::Limits limits_of_test{16'384, 4, 256, 1024, 0, 1'000};

// A shard between two rings, and both their far ends.
struct Shard {
  explicit Shard(std::uint32_t slots)
      : arena(MatchingCore::memory_bytes(limits_of_test) +
              Matching::OrderRing::memory_bytes(slots) + EventRing::memory_bytes(slots) +
              Arena::cost<Event>(MatchingCore::events_max(limits_of_test))),
        orders(slots, arena),
        events(slots, arena),
        core(limits_of_test, arena),
        stage("matching[0]", orders, events, core, MatchingCore::events_max(limits_of_test),
              arena) {}

  void send(const Command& command) {
    for (std::uint32_t i = 0; i < command.order.slots; ++i) waiting.push_back(command.slot(i));
  }
  void send(Order order) {
    order.slots = 1;
    Command command;
    command.order = order;
    send(command);
  }
  // Turns the wheel until nothing moves. Takes at most `events_a_turn` off the far end each time.
  std::vector<Event> run(std::uint32_t events_a_turn = 1'000'000) {
    std::vector<Event> told;
    for (std::uint32_t idle = 0; idle < 3; ++idle) {
      while (!waiting.empty()) {
        Slot* slot = orders.claim();
        if (slot == nullptr) break;
        *slot = waiting.front();
        waiting.pop_front();
        idle = 0;
      }
      orders.publish();
      const std::uint32_t handled = stage.poll();
      EXPECT_LE(handled, limits::batch_max);
      if (handled > 0) idle = 0;
      for (std::uint32_t i = 0; i < events_a_turn; ++i) {
        const Event* event = events.peek();
        if (event == nullptr) break;
        told.push_back(*event);
        idle = 0;
      }
      events.consume();
    }
    EXPECT_TRUE(waiting.empty());
    return told;
  }

  Arena arena;
  Matching::OrderRing orders;
  EventRing events;
  MatchingCore core;
  Matching stage;
  std::deque<Slot> waiting;
};

Order limit_order(Sequence sequence, std::uint32_t slot, Side side, std::int64_t quantity,
                  std::int64_t price, std::uint32_t instrument = 0) {
  Order order;
  order.sequence = sequence;
  order.kind = CommandKind::new_order;
  order.order = order_id(slot, 1);
  order.side = side;
  order.quantity = {quantity};
  order.price = {price};
  order.instrument = InstrumentId{instrument};
  return order;
}

TEST(Matching, instruments_do_not_meet) {
  Shard shard(64);
  shard.send(limit_order(1, 0, Side::buy, 10, 50, 0));
  shard.send(limit_order(2, 1, Side::sell, 10, 50, 1));
  const auto events = shard.run();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, EventKind::rested);
  EXPECT_EQ(events[1].kind, EventKind::rested);
  EXPECT_EQ(events[1].instrument, InstrumentId{1});
}

TEST(Matching, what_concerns_no_book_is_answered_with_nothing) {
  Shard shard(64);
  Sequence sequence = 0;
  for (const CommandKind kind : {CommandKind::tick, CommandKind::set_instrument_state}) {
    Order order;
    order.kind = kind;
    order.sequence = ++sequence;
    shard.send(order);
  }
  const auto events = shard.run();
  ASSERT_EQ(events.size(), 2u);
  for (const Event& event : events) {
    EXPECT_EQ(event.kind, EventKind::nothing);
    EXPECT_EQ(event.last, 1);
  }
  EXPECT_EQ(events[1].sequence, 2u);
}

// A command of four slots through rings of two: it arrives in pieces.
TEST(Matching, a_definition_may_come_in_pieces_between_orders) {
  Shard shard(2);
  shard.send(limit_order(1, 0, Side::sell, 10, 1000, 2));
  Command define;
  define.order.kind = CommandKind::define_instrument;
  define.order.sequence = 2;
  define.order.instrument = InstrumentId{2};
  DefineInstrument definition{};
  definition.collar_ppm = 1000;
  define.set(definition);
  ASSERT_EQ(define.order.slots, 4);
  shard.send(define);
  shard.send(limit_order(3, 1, Side::buy, 10, 1000, 2));
  shard.send(limit_order(4, 1, Side::buy, 10, 900, 2));
  const auto events = shard.run(1);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].kind, EventKind::rested);
  EXPECT_EQ(events[1].kind, EventKind::nothing);
  EXPECT_EQ(events[2].kind, EventKind::fill);
  EXPECT_EQ(events[3].reject(), Reject::outside_collar);
}

Command collar_limit(Sequence sequence, LimitKind limit, std::uint64_t ppm) {
  Command command;
  command.order.kind = CommandKind::set_limit;
  command.order.sequence = sequence;
  command.order.instrument = InstrumentId{2};
  Amendment amendment{};
  amendment.limit = limit;
  amendment.amount_low = ppm;
  command.set(amendment);
  return command;
}

// Around a reference of 1,000, which nothing has traded at.
TEST(Matching, a_new_static_collar_holds_from_the_next_order_on) {
  Shard shard(2);
  Command define;
  define.order.kind = CommandKind::define_instrument;
  define.order.sequence = 1;
  define.order.instrument = InstrumentId{2};
  DefineInstrument definition{};
  definition.reference = Price{1000};
  definition.state = InstrumentState::open;
  define.set(definition);
  shard.send(define);
  shard.send(limit_order(2, 0, Side::buy, 10, 970, 2));
  shard.send(collar_limit(3, LimitKind::static_collar_ppm, 20'000));
  shard.send(limit_order(4, 1, Side::buy, 10, 970, 2));
  shard.send(limit_order(5, 2, Side::buy, 10, 980, 2));
  shard.send(collar_limit(6, LimitKind::collar_ppm, 10'000));
  shard.send(limit_order(7, 3, Side::sell, 10, 980, 2));
  shard.send(limit_order(8, 4, Side::buy, 10, 989, 2));
  shard.send(limit_order(9, 5, Side::buy, 10, 988, 2));
  const auto events = shard.run(1);
  ASSERT_EQ(events.size(), 9u);
  EXPECT_EQ(events[1].kind, EventKind::rested);
  EXPECT_EQ(events[3].reject(), Reject::outside_collar);
  EXPECT_EQ(events[4].kind, EventKind::rested);
  EXPECT_EQ(events[6].kind, EventKind::fill);
  EXPECT_EQ(events[7].kind, EventKind::rested);
  EXPECT_EQ(events[8].kind, EventKind::rested);
}

// The price of the last trade is 1,000: 2 % lie within the new collar, 3 % beyond.
TEST(Matching, a_new_collar_holds_from_the_next_order_on) {
  Shard shard(2);
  shard.send(limit_order(1, 0, Side::sell, 10, 1000, 2));
  shard.send(limit_order(2, 1, Side::buy, 10, 1000, 2));
  shard.send(limit_order(3, 2, Side::buy, 10, 970, 2));  // Rests, and stays.
  const auto collar = [&](Sequence sequence, std::uint64_t ppm) {
    shard.send(collar_limit(sequence, LimitKind::collar_ppm, ppm));
  };
  collar(4, 20'000);
  shard.send(limit_order(5, 3, Side::buy, 10, 970, 2));
  shard.send(limit_order(6, 4, Side::buy, 10, 980, 2));
  collar(7, 0);
  shard.send(limit_order(8, 5, Side::buy, 10, 1, 2));
  const auto events = shard.run(1);
  ASSERT_EQ(events.size(), 8u);
  EXPECT_EQ(events[3].kind, EventKind::nothing);
  EXPECT_EQ(events[4].reject(), Reject::outside_collar);
  EXPECT_EQ(events[5].kind, EventKind::rested);
  EXPECT_EQ(events[6].kind, EventKind::nothing);
  EXPECT_EQ(events[7].kind, EventKind::rested);
}

TEST(Matching, a_sweep_of_ten_thousand_orders_passes_rings_of_two) {
  Shard shard(2);
  constexpr std::uint32_t orders = 10'000;
  for (std::uint32_t i = 0; i < orders; ++i) {
    shard.send(limit_order(i + 1, i, Side::sell, 5, 100 + i % 50));
  }
  ASSERT_EQ(shard.run(1).size(), orders);
  shard.send(limit_order(orders + 1, orders, Side::buy, 5 * orders + 1, 1000));
  shard.send(limit_order(orders + 2, orders + 1, Side::buy, 1, 1));
  const auto events = shard.run(1);
  ASSERT_EQ(events.size(), orders + 2);
  for (std::uint32_t i = 0; i < orders; ++i) {
    ASSERT_EQ(events[i].kind, EventKind::fill);
    ASSERT_EQ(events[i].sequence, orders + 1);
    ASSERT_EQ(events[i].last, 0);
    ASSERT_EQ(events[i].price, Price{100 + i / (orders / 50)});
  }
  EXPECT_EQ(events[orders].kind, EventKind::rested);
  EXPECT_EQ(events[orders].last, 1);
  EXPECT_EQ(events[orders + 1].sequence, orders + 2);
  shard.core.assert_invariants();
}

// What one order can tell at most, by what is done where it meets its own.
TEST(Matching, a_sweep_of_ones_own_orders_passes_rings_of_two) {
  using enum SelfTradePrevention;
  constexpr std::uint32_t makers = limits_of_test.orders_max - 1;
  constexpr std::uint32_t most = limits::decrements_max;
  struct Case {
    SelfTradePrevention mode;
    std::uint32_t own_each;  // Of so many makers one is its own.
    std::uint32_t events;
    std::uint32_t left;  // Of the makers.
  };
  for (const auto& [mode, own_each, events, left] :
       {Case{off, 1, makers + 1, 0}, Case{newest, 1, 1, makers}, Case{oldest, 1, makers + 1, 0},
        Case{both, 1, 2, makers - 1}, Case{decrement, 1, 2 * most + 1, makers - most},
        Case{decrement, limits_of_test.orders_max / most, makers + most + 1, 0}}) {
    Shard shard(2);
    for (std::uint32_t i = 0; i < makers; ++i) {
      Order maker = limit_order(i + 1, i, Side::sell, 5, 100 + i % 50);
      if (i % own_each != 0) maker.account = AccountId{1};
      shard.send(maker);
    }
    ASSERT_EQ(shard.run(1).size(), makers);
    Order taker = limit_order(makers + 1, makers, Side::buy, 5 * makers + 1, 1000);
    taker.flags = flags_of(mode);
    shard.send(taker);
    const auto told = shard.run(1);
    EXPECT_EQ(told.size(), events);
    EXPECT_EQ(told.back().last, 1);
    Quantity in_the_book;
    shard.core.book(InstrumentId{0})
        .each_level(Side::sell, shard.core.memory(),
                    [&](Price, const Level& level) { in_the_book += level.quantity; });
    EXPECT_EQ(in_the_book, Quantity{5 * std::int64_t{left}});
    shard.core.assert_invariants();
  }
  EXPECT_TRUE(
      property::probes_missed({"self-trade prevention has lowered all that one command may"})
          .empty());
}

// Nor is an order promised what lies behind more of its own than it may lower.
TEST(Matching, a_minimum_behind_too_many_of_ones_own_orders_is_not_there) {
  for (const std::uint32_t own : {limits::decrements_max, limits::decrements_max + 1}) {
    Shard shard(64);
    for (std::uint32_t i = 0; i < own; ++i) {
      shard.send(limit_order(i + 1, i, Side::sell, 1, 100));
    }
    Order other = limit_order(own + 1, own, Side::sell, 1, 101);
    other.account = AccountId{1};
    shard.send(other);
    shard.run();
    Command taker;
    taker.order = limit_order(own + 2, own + 1, Side::buy, 10'000, 101);
    taker.order.flags = flags_of(SelfTradePrevention::decrement) | flag_instructed;
    Instructions asked{};
    asked.min_quantity = Quantity{1};
    taker.set(asked);
    shard.send(taker);
    const auto told = shard.run();
    EXPECT_EQ(told.size(), own == limits::decrements_max ? 2 * own + 2 : 1U);
    EXPECT_EQ(shard.core.book(InstrumentId{0}).empty(Side::sell), own == limits::decrements_max);
  }
}

TEST(Matching, takes_no_order_while_events_of_the_last_one_wait) {
  Shard shard(2);
  for (std::uint32_t i = 0; i < 4; ++i) shard.send(limit_order(i + 1, i, Side::sell, 1, 10));
  ASSERT_EQ(shard.run().size(), 4u);
  shard.send(limit_order(5, 4, Side::buy, 4, 10));
  shard.send(limit_order(6, 5, Side::buy, 1, 10));
  // Nobody takes the four fills: the ring holds two, and the second order stays where it is.
  EXPECT_TRUE(shard.run(0).empty());
  EXPECT_TRUE(shard.core.book(InstrumentId{0}).empty(Side::buy));
  const auto events = shard.run(1);
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events.back().kind, EventKind::rested);
}

// A thousand fills at most, the lower number first.
TEST(Matching, uncrosses_of_several_books_share_each_tick) {
  Shard shard(2);
  constexpr std::uint32_t orders = 1'800;
  Sequence sequence = 0;
  const auto set_state = [&](std::uint32_t instrument, InstrumentState state) {
    Command command;
    command.order.kind = CommandKind::set_instrument_state;
    command.order.sequence = ++sequence;
    command.order.instrument = InstrumentId{instrument};
    Amendment amendment{};
    amendment.instrument_state = state;
    command.set(amendment);
    shard.send(command);
    return shard.run(1);
  };
  std::uint32_t slot = 0;
  for (const std::uint32_t instrument : {3U, 1U}) {
    set_state(instrument, InstrumentState::opening_auction);
    for (std::uint32_t i = 0; i < orders; ++i, ++slot) {
      shard.send(limit_order(++sequence, slot, Side::buy, 1, 10, instrument));
    }
    shard.send(limit_order(++sequence, slot++, Side::sell, orders, 10, instrument));
    shard.run(1);
  }
  std::vector<Event> events;
  const auto fills = [&](std::uint32_t instrument) {
    std::uint32_t count = 0;
    for (const Event& event : events) {
      count += event.kind == EventKind::fill && event.instrument == InstrumentId{instrument};
    }
    return count;
  };
  const auto tick = [&] {
    Order order;
    order.kind = CommandKind::tick;
    order.sequence = ++sequence;
    order.instrument = no_instrument;
    shard.send(order);
    events = shard.run(1);
    EXPECT_EQ(events.back().last, 1);
  };
  tick();  // What an uncross would do.
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].instrument, InstrumentId{1});
  EXPECT_EQ(events[1].instrument, InstrumentId{3});
  EXPECT_EQ(events[1].kind, EventKind::indicative);
  for (const std::uint32_t instrument : {3U, 1U}) {
    events = set_state(instrument, InstrumentState::open);
    EXPECT_EQ(fills(instrument), 1'000u);
    EXPECT_TRUE(shard.core.book(InstrumentId{instrument}).uncrossing());
  }
  tick();
  EXPECT_EQ(fills(1), 800u);
  EXPECT_EQ(fills(3), 200u);
  tick();
  EXPECT_EQ(fills(3), 600u);
  EXPECT_EQ(events.back().kind, EventKind::uncrossed);
  tick();
  EXPECT_EQ(events.front().kind, EventKind::nothing);
  shard.core.assert_invariants();
}

// Instrument 0 is another shard's, and 2 is closed.
TEST(Matching, a_halt_of_the_market_comes_whole_and_is_told_by_instrument) {
  Shard shard(2);
  Sequence sequence = 0;
  const auto define = [&](std::uint32_t instrument, InstrumentState state) {
    Command command;
    command.order.kind = CommandKind::define_instrument;
    command.order.sequence = ++sequence;
    command.order.instrument = InstrumentId{instrument};
    DefineInstrument definition{};
    definition.state = state;
    command.set(definition);
    shard.send(command);
  };
  define(3, InstrumentState::open);
  define(2, InstrumentState::closed);
  define(1, InstrumentState::closing_auction);
  shard.run(1);
  Command halt;
  halt.order.kind = CommandKind::halt_market;
  halt.order.sequence = ++sequence;
  halt.order.instrument = no_instrument;
  Amendment amendment{};
  amendment.halt_level = 1;
  amendment.set_halt({Nanos{1}, Nanos{1}});
  halt.set(amendment);
  ASSERT_TRUE(goes_to_every_shard(halt.order) && goes_whole_to_matching(halt.order));
  shard.send(halt);
  const auto expect_phase = [&](InstrumentState phase) {
    const auto events = shard.run(1);
    ASSERT_EQ(events.size(), 2u);
    for (const Event& event : events) {
      EXPECT_EQ(event.kind, EventKind::phase_changed);
      EXPECT_EQ(event.auction(), phase);
      EXPECT_EQ(event.instrument, InstrumentId{&event == &events[0] ? 1U : 3U});
      EXPECT_EQ(event.last, &event == &events[1]);
    }
    shard.core.assert_invariants();
  };
  expect_phase(InstrumentState::halted);
  Order tick;
  tick.kind = CommandKind::tick;
  tick.instrument = no_instrument;
  for (const InstrumentState next : {InstrumentState::volatility_auction, InstrumentState::open}) {
    tick.sequence = ++sequence;
    tick.time += Nanos{1};
    shard.send(tick);
    expect_phase(next);
  }
  halt.order.verdict = Reject::limit_exceeded;
  EXPECT_FALSE(goes_to_every_shard(halt.order) || goes_to_matching(halt.order));
}

// Also in pieces: a definition of an account is of four slots.
TEST(Matching, learns_the_firms_of_accounts_and_answers_with_nothing) {
  MatchingCore::Limits limits = limits_of_test;
  limits.accounts_max = 3;
  Arena arena(MatchingCore::memory_bytes(limits) + EventRing::memory_bytes(16) +
              Arena::cost<Event>(MatchingCore::events_max(limits)));
  EventRing events(16, arena);
  EventOutlet outlet(events, MatchingCore::events_max(limits), arena);
  MatchingCore core(limits, arena);
  const auto same = [&](std::uint32_t a, std::uint32_t b) {
    return core.memory().same_firm(AccountId{a}, AccountId{b});
  };
  EXPECT_TRUE(same(1, 1));
  EXPECT_FALSE(same(0, 1)) << "nobody knows yet";
  for (std::uint32_t account = 0; account < 3; ++account) {
    Command command;
    command.order.kind = CommandKind::define_account;
    command.order.sequence = account + 1;
    command.order.instrument = no_instrument;
    DefineAccount definition{};
    definition.account = AccountId{account};
    definition.firm = FirmId{account / 2};
    command.set(definition);
    core.apply(command, outlet);
    outlet.flush();
    const Event* event = events.peek();
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(event->kind, EventKind::nothing);
    EXPECT_EQ(event->last, 1);
    events.consume();
  }
  EXPECT_TRUE(same(0, 1));
  EXPECT_FALSE(same(1, 2));
  EXPECT_FALSE(same(1, 7)) << "beyond what there is";
}

TEST(Matching, handles_at_most_one_batch_a_turn) {
  Shard shard(256);
  for (std::uint32_t i = 0; i < 200; ++i) {
    Slot* slot = shard.orders.claim();
    Order order = limit_order(i + 1, i, Side::buy, 1, 10);
    order.slots = 1;
    *slot = std::bit_cast<Slot>(order);
  }
  shard.orders.publish();
  EXPECT_EQ(shard.stage.poll(), limits::batch_max);
}

TEST(Matching, the_hash_is_of_one_instrument) {
  Shard shard(64);
  const auto hash = [&](std::uint32_t instrument) {
    StateHash result;
    shard.core.add_to_hash(InstrumentId{instrument}, result);
    return result.digest();
  };
  const auto before = hash(1);
  shard.send(limit_order(1, 0, Side::buy, 10, 50, 0));
  shard.run();
  EXPECT_EQ(hash(1), before);
  EXPECT_NE(hash(0), before);
}

}  // namespace
}  // namespace basalt::matching
