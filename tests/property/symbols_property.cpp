// Books do not know of each other: a flow over many symbols gives each of them the same events
// whatever number it has, and whether the others are there or not. Events are equal byte by byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/micro/matching_contestants.h"
#include "bench/workloads/equity.h"

namespace basalt::bench {
namespace {

constexpr std::size_t orders = 20'000;

std::vector<Event> events_of(EngineBook& book, const Order& order) {
  std::vector<Event> events;
  book.apply(order);
  EventRing& ring = book.reports().ring();
  for (bool more = true; more;) {
    more = !book.reports().outlet().flush();
    while (const Event* event = ring.peek()) events.push_back(*event);
    ring.consume();
  }
  return events;
}

bool same(const std::vector<Event>& some, const std::vector<Event>& others) {
  using Bytes = std::array<std::byte, sizeof(Event)>;
  return std::equal(some.begin(), some.end(), others.begin(), others.end(),
                    [](const Event& a, const Event& b) {
                      return std::bit_cast<Bytes>(a) == std::bit_cast<Bytes>(b);
                    });
}

Flow flow_of_symbols() {
  const auto scenario =
      std::find_if(equity_scenarios.begin(), equity_scenarios.end(),
                   [](const EquityScenario& each) { return each.name == "symbols-100"; });
  return equity_flow(*scenario, orders, 1);
}

TEST(SymbolsProperty, a_symbol_of_another_number_gives_the_same_events_under_that_number) {
  const Flow flow = flow_of_symbols();
  EngineBook plain(flow);
  EngineBook other(flow);
  // 37 has no factor with 100: every number is used once.
  const auto number_to = [&](InstrumentId number) {
    return InstrumentId{(index_of(number) * 37 + 11) % flow.instruments()};
  };
  std::uint64_t fills = 0;
  for (const Order& order : flow.orders) {
    std::vector<Event> expected = events_of(plain, order);
    for (Event& event : expected) {
      event.instrument = number_to(event.instrument);
      fills += event.kind == EventKind::fill;
    }
    Order renamed = order;
    renamed.instrument = number_to(order.instrument);
    ASSERT_TRUE(same(events_of(other, renamed), expected)) << "message " << order.sequence;
  }
  EXPECT_EQ(fills, flow.fills);
}

TEST(SymbolsProperty, a_symbol_alone_gives_the_same_events) {
  const Flow flow = flow_of_symbols();
  for (std::uint32_t i = 0; i < flow.instruments(); i += 7) {
    EngineBook among_others(flow);
    EngineBook alone(flow);
    for (const Order& order : flow.orders) {
      const std::vector<Event> expected = events_of(among_others, order);
      if (index_of(order.instrument) != i) continue;
      ASSERT_TRUE(same(events_of(alone, order), expected)) << "message " << order.sequence;
    }
  }
}

}  // namespace
}  // namespace basalt::bench
