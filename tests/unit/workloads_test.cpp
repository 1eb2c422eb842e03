// The flows that benches play: what they say of themselves holds, the same seed gives the same
// bytes, and the engine, the floor and the textbook book answer them alike.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/micro/matching_contestants.h"
#include "bench/workloads/catalogue.h"
#include "bench/workloads/equity.h"
#include "bench/workloads/flow_maker.h"
#include "bench/workloads/random.h"
#include "bench/workloads/recorded.h"
#include "bench/workloads/uniform.h"
#include "bench/workloads/walk.h"
#include "engine/state_hash.h"

namespace basalt::bench {
namespace {

constexpr std::size_t orders_of_test = 100'000;
constexpr std::uint64_t seed_of_test = 7;

const EquityScenario& scenario(std::string_view name) {
  return *std::find_if(equity_scenarios.begin(), equity_scenarios.end(),
                       [&](const EquityScenario& each) { return each.name == name; });
}

// Made once: every test looks at the same one.
const Flow& static_flow() {
  static const Flow flow = equity_flow(scenario("static"), orders_of_test, seed_of_test);
  return flow;
}

std::uint64_t hash_of(const Flow& flow) {
  StateHash hash;
  for (const Order& order : flow.orders) {
    hash.add(order.sequence);
    hash.add(order.kind);
    hash.add(order.side);
    hash.add(order.time_in_force);
    hash.add(order.time);
    hash.add(order.order);
    hash.add(order.price);
    hash.add(order.quantity);
    hash.add(order.original);
    hash.add(order.instrument);
  }
  return hash.digest();
}

// The messages of each order that may rest, under the number with which it came.
struct Life {
  Order arrival;
  std::vector<Order> replaces;
  std::vector<Order> cancels;
  Price price;  // Asked for last, where that was accepted.
  Quantity total;
};

struct Lives {
  std::unordered_map<std::uint64_t, Life> by_order;
  std::uint64_t arrivals = 0;
  std::uint64_t ioc = 0;
  std::uint64_t raised = 0;
  std::uint64_t moved_by_one = 0;
  std::uint64_t stayed = 0;
  std::uint64_t cancelled_by_a_later_number = 0;
};

Lives lives_of(const Flow& flow) {
  Lives lives;
  std::unordered_map<std::uint64_t, std::uint64_t> first_number;
  for (std::size_t i = 0; i < flow.orders.size(); ++i) {
    const Order& order = flow.orders[i];
    if (order.kind == CommandKind::new_order) {
      ++lives.arrivals;
      if (order.time_in_force == TimeInForce::ioc) {
        ++lives.ioc;
        continue;
      }
      first_number[index_of(order.order)] = index_of(order.order);
      lives.by_order[index_of(order.order)] = {order, {}, {}, order.price, order.quantity};
      continue;
    }
    const bool replaces = order.kind == CommandKind::replace;
    const std::uint64_t first = first_number.at(index_of(replaces ? order.original : order.order));
    Life& life = lives.by_order.at(first);
    (replaces ? life.replaces : life.cancels).push_back(order);
    if (flow.kinds[i] == FlowKind::stale) continue;
    lives.cancelled_by_a_later_number += !replaces && index_of(order.order) != first;
    if (!replaces) continue;
    first_number[index_of(order.order)] = first;
    lives.raised += order.quantity > life.total;
    lives.moved_by_one += std::abs(order.price.value - life.price.value) == 1;
    lives.stayed += order.price == life.price;
    life.price = order.price;
    life.total = order.quantity;
  }
  return lives;
}

template <typename Count>
double share(Count part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

TEST(Workloads, a_liquid_equity_has_the_stated_shares) {
  const Lives lives = lives_of(static_flow());
  EXPECT_EQ(lives.arrivals, orders_of_test);
  EXPECT_NEAR(share(lives.ioc, orders_of_test), 0.15, 0.004);
  std::size_t modified = 0, cancelled = 0, cancelled_again = 0, replaces = 0;
  for (const auto& [number, life] : lives.by_order) {
    modified += !life.replaces.empty();
    replaces += life.replaces.size();
    cancelled += !life.cancels.empty();
    cancelled_again += life.cancels.size() == 2;
    ASSERT_LE(life.replaces.size(), 2u);
    ASSERT_LE(life.cancels.size(), 2u);
  }
  const std::size_t resting = lives.by_order.size();
  EXPECT_EQ(resting, orders_of_test - lives.ioc);
  EXPECT_NEAR(share(modified, resting), 0.20, 0.005);
  EXPECT_NEAR(share(cancelled, resting), 0.95, 0.003);
  EXPECT_NEAR(share(cancelled_again, cancelled), 0.02, 0.002);
  EXPECT_NEAR(share(replaces - modified, modified), 0.02 * 0.95, 0.005);
  EXPECT_NEAR(share(static_flow().orders.size(), orders_of_test), 2.0, 0.02);
}

TEST(Workloads, a_modification_raises_the_quantity_and_four_in_five_move_by_a_tick) {
  const Lives lives = lives_of(static_flow());
  const std::uint64_t all = lives.moved_by_one + lives.stayed;
  ASSERT_GT(all, 10'000u);
  EXPECT_EQ(lives.raised, all);
  EXPECT_NEAR(share(lives.moved_by_one, all), 0.80, 0.015);
  EXPECT_GT(share(lives.cancelled_by_a_later_number, all), 0.75);
}

TEST(Workloads, lives_are_exponential_with_the_stated_median) {
  const Lives lives = lives_of(static_flow());
  std::vector<double> lived;
  for (const auto& [number, life] : lives.by_order) {
    if (life.cancels.empty()) continue;
    lived.push_back(static_cast<double>(life.cancels.front().time.value - life.arrival.time.value));
  }
  std::sort(lived.begin(), lived.end());
  const auto at = [&](double part) {
    return lived[static_cast<std::size_t>(part * static_cast<double>(lived.size()))];
  };
  EXPECT_NEAR(at(0.5) / 431'000, 1.0, 0.02);
  // What is left halves with each median.
  EXPECT_NEAR(at(0.75) / 431'000, 2.0, 0.04);
  EXPECT_NEAR(at(0.9375) / 431'000, 4.0, 0.1);
}

TEST(Workloads, arrivals_are_uniform_over_the_walk) {
  std::vector<std::uint64_t> arrivals(10);
  for (const Order& order : static_flow().orders) {
    if (order.kind != CommandKind::new_order) continue;
    const auto tenth = static_cast<std::size_t>(order.time.value) * arrivals.size() /
                       (orders_of_test * order_gap_ns);
    ++arrivals.at(tenth);
  }
  for (const std::uint64_t tenth : arrivals) EXPECT_NEAR(share(tenth, orders_of_test), 0.1, 0.005);
}

TEST(Workloads, depth_is_a_power_law_with_a_hump_eight_ticks_out) {
  std::map<std::int64_t, std::uint64_t> count;
  for (const Order& order : static_flow().orders) {
    if (order.kind != CommandKind::new_order) continue;
    ASSERT_GE(order.quantity, Quantity{1});
    ASSERT_LE(order.quantity, Quantity{100});
    const std::int64_t depth = order.price.value - middle_start_ticks;
    const bool below = (order.side == Side::buy) != (order.time_in_force == TimeInForce::ioc);
    ASSERT_EQ(depth < 0, below);
    ++count[std::abs(depth)];
  }
  const auto counted = [&](std::int64_t from, std::int64_t to) {
    std::uint64_t sum = 0;
    for (auto at = count.lower_bound(from); at != count.end() && at->first <= to; ++at) {
      sum += at->second;
    }
    return static_cast<double>(sum);
  };
  const auto expected = [](std::int64_t from, std::int64_t to) {
    double sum = 0;
    for (std::int64_t at = from; at <= to; ++at) sum += std::pow(static_cast<double>(at), -2.23);
    return sum;
  };
  EXPECT_NEAR(counted(1, 1) / counted(2, 2), expected(1, 1) / expected(2, 2), 0.15);
  EXPECT_NEAR(counted(13, 24) / counted(25, 48), expected(13, 24) / expected(25, 48), 0.3);
  EXPECT_NEAR(counted(1, 3) / counted(13, 2048), expected(1, 3) / expected(13, 2048), 3);
  const double hump = counted(4, 12) / static_cast<double>(orders_of_test) -
                      0.75 * expected(4, 12) / expected(1, depth_max_ticks);
  EXPECT_NEAR(hump, 0.25, 0.006);
  for (std::int64_t depth = 4; depth <= 12; ++depth) {
    if (depth != 8) {
      EXPECT_LT(counted(depth, depth), counted(8, 8)) << depth;
    }
  }
  EXPECT_LE(count.rbegin()->first, depth_max_ticks);
}

TEST(Workloads, walks_swing_as_wide_as_their_names) {
  for (const EquityScenario& each : equity_scenarios) {
    if (each.shape.crash) continue;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Random random(seed);
      const Walk walk(each.shape, 4096, random);
      const auto [low, high] = std::minmax_element(walk.ticks().begin(), walk.ticks().end());
      EXPECT_EQ(walk.ticks().front(), middle_start_ticks);
      EXPECT_NEAR(share(*high - *low, middle_start_ticks), each.shape.swing_per_mille / 1000.0,
                  0.002)
          << each.name;
    }
  }
}

TEST(Workloads, a_crash_takes_three_fifths_and_gives_most_of_them_back) {
  Random random(1);
  const Walk walk(scenario("flash-crash").shape, 10'000, random);
  const auto at = [&](std::uint64_t per_cent) {
    return share(walk.middle(per_cent, 101), middle_start_ticks);
  };
  EXPECT_NEAR(at(44), 1.0, 0.03);
  EXPECT_NEAR(
      share(*std::min_element(walk.ticks().begin(), walk.ticks().end()), middle_start_ticks), 0.4,
      0.02);
  EXPECT_NEAR(at(51), 0.43, 0.05);
  EXPECT_NEAR(at(100), 0.9, 0.03);
}

// The figures are the same under every compiler and library, so that results can be compared.
TEST(Workloads, the_same_seed_gives_the_same_bytes_everywhere) {
  const Flow flow = equity_flow(scenario("swing-40"), 20'000, 1);
  EXPECT_EQ(hash_of(flow), hash_of(equity_flow(scenario("swing-40"), 20'000, 1)));
  EXPECT_NE(hash_of(flow), hash_of(equity_flow(scenario("swing-40"), 20'000, 2)));
  EXPECT_EQ(hash_of(flow), 0x1887aec3b3c2d6c6u);
  EXPECT_EQ(hash_of(equity_flow(scenario("flash-crash"), 20'000, 1)), 0x53520eaf60c45538u);
  EXPECT_EQ(hash_of(equity_flow(scenario("symbols-100"), 20'000, 1)), 0x399287c5d0da5e46u);
  EXPECT_EQ(hash_of(flow_a(20'000, 1)), 0xf39974b8dcdb1f8fu);
}

TEST(Workloads, flow_a_keeps_ten_thousand_orders_and_b_grows) {
  const Flow a = flow_a(orders_of_test, seed_of_test);
  const Flow b = flow_b(orders_of_test, seed_of_test);
  EXPECT_EQ(a.instruments(), 1u);
  EXPECT_EQ(b.instruments(), 100u);
  for (const Flow* flow : {&a, &b}) {
    EXPECT_EQ(flow->timed(), orders_of_test);
    std::map<FlowKind, std::size_t> kinds;
    for (std::size_t i = flow->first_timed; i < flow->orders.size(); ++i) ++kinds[flow->kinds[i]];
    EXPECT_NEAR(share(kinds[FlowKind::add], orders_of_test), 0.6, 0.006) << flow->name;
    EXPECT_NEAR(share(kinds[FlowKind::cancel], orders_of_test), 0.3, 0.006) << flow->name;
    EXPECT_NEAR(share(kinds[FlowKind::take], orders_of_test), 0.1, 0.006) << flow->name;
    EXPECT_EQ(kinds.size(), 3u);
  }
  EXPECT_GE(a.live_least, 9'000u);
  EXPECT_LE(a.live_most, 11'000u);
  EXPECT_GE(b.live_least, 100'000u);
  EXPECT_GT(b.live_most, 115'000u);
}

// One number is in use beside those that rest: that of the order that comes in.
TEST(Workloads, numbers_are_used_again) {
  for (const EquityScenario& each : equity_scenarios) {
    const Flow flow = equity_flow(each, 20'000, seed_of_test);
    EXPECT_LE(flow.slots, flow.live_most + 1) << flow.name;
    EXPECT_LT(flow.slots, 15'000u) << flow.name;
  }
}

// Takes what a contestant told of the last message.
template <typename Book>
void read(Book& book, std::vector<Event>& told) {
  told.clear();
  for (bool more = true; more;) {
    more = !book.reports().outlet().flush();
    while (const Event* event = book.reports().ring().peek()) told.push_back(*event);
    book.reports().ring().consume();
  }
}

bool alike(const Event& a, const Event& b) {
  return a.sequence == b.sequence && a.kind == b.kind && a.last == b.last && a.side == b.side &&
         a.order == b.order && a.price == b.price && a.quantity == b.quantity &&
         a.remaining == b.remaining && a.instrument == b.instrument;
}

// Every event of the engine and of the floor, message by message, and the maker's own count.
void expect_one_answer(const Flow& flow) {
  EngineBook engine(flow);
  ReportingFloor floor(flow);
  BareFloor bare(flow);
  std::vector<Event> ours, theirs;
  Answer answer;
  for (std::size_t i = 0; i < flow.orders.size(); ++i) {
    const Order& order = flow.orders[i];
    engine.apply(order);
    floor.apply(order);
    bare.apply(order);
    read(engine, ours);
    read(floor, theirs);
    ASSERT_TRUE(std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(), alike))
        << flow.name << ", message " << i;
    answer.reports += ours.size();
    for (const Event& event : ours) {
      ASSERT_NE(event.kind, EventKind::rejected) << flow.name << ", message " << i;
      ASSERT_EQ(event.kind == EventKind::nothing, flow.kinds[i] == FlowKind::stale)
          << flow.name << ", message " << i;
      if (event.kind != EventKind::fill) continue;
      ++answer.fills;
      answer.quantity += event.quantity;
    }
  }
  EXPECT_EQ(answer.reports, flow.reports) << flow.name;
  EXPECT_EQ(answer.fills, flow.fills) << flow.name;
  EXPECT_EQ(answer.quantity, flow.quantity_filled) << flow.name;
  EXPECT_EQ(bare.answer().fills, flow.fills) << flow.name;
  EXPECT_EQ(bare.answer().quantity, flow.quantity_filled) << flow.name;
  EXPECT_GT(flow.fills, 0u) << flow.name;
  engine.core().assert_invariants();
}

TEST(Workloads, engine_floor_and_maker_answer_every_scenario_alike) {
  for (const EquityScenario& each : equity_scenarios) {
    expect_one_answer(equity_flow(each, 30'000, seed_of_test));
  }
}

TEST(Workloads, engine_floor_and_maker_answer_a_and_b_alike) {
  expect_one_answer(flow_a(30'000, seed_of_test));
  expect_one_answer(flow_b(30'000, seed_of_test));
}

TEST(Workloads, engine_floor_and_maker_answer_a_recorded_day_alike) {
  const Made made = make_flow("recorded", 0, 0);
  if (!made.flow) GTEST_SKIP() << made.why_not;
  EXPECT_GT(made.flow->orders.size(), 100'000u);
  expect_one_answer(*made.flow);
}

// What no flow above asks for often: reductions of reductions, replacements of what was reduced and
// partly filled, and all of them after the end.
TEST(Workloads, engine_floor_and_maker_answer_any_mixture_alike) {
  Random random(seed_of_test);
  FlowMaker maker("mixture", 3);
  FlowMaker::Key keys = 0;
  for (int i = 0; i < 60'000; ++i) {
    const auto any =
        static_cast<FlowMaker::Key>(keys - std::min<std::uint64_t>(keys, 1 + random.below(200)));
    const std::uint64_t kind = random.below(100);
    if (keys == 0 || kind < 40) {
      const auto instrument = static_cast<std::uint32_t>(random.below(3));
      const Side side = random.below(2) == 0 ? Side::buy : Side::sell;
      maker.add(keys++, {instrument,
                         side,
                         random.chance(20),
                         {random.from_one_to(150)},
                         {random.from_one_to(100)}});
    } else if (kind < 70) {
      maker.reduce(any, {static_cast<std::int64_t>(random.below(120))});
    } else if (kind < 85) {
      maker.replace(any, {static_cast<std::int64_t>(random.below(3)) - 1},
                    {random.from_one_to(50)});
    } else {
      maker.cancel(any);
    }
  }
  expect_one_answer(maker.finish());
}

TEST(Workloads, a_recorded_day_becomes_orders) {
  const std::string path = testing::TempDir() + "workloads_test.csv";
  std::ofstream(path) << "1,1,7,100,5000,-1\n2,4,7,30,5000,-1\n3,2,7,20,5000,-1\n"
                         "4,1,9,5,4900,1\n5,3,7,50,5000,-1\n";
  const Flow flow = recorded_flow(path);
  ASSERT_EQ(flow.orders.size(), 5u);
  const std::vector<FlowKind> kinds{FlowKind::add, FlowKind::take, FlowKind::cancel, FlowKind::add,
                                    FlowKind::cancel};
  EXPECT_EQ(flow.kinds, kinds);
  EXPECT_EQ(flow.orders[1].time_in_force, TimeInForce::ioc);
  EXPECT_EQ(flow.orders[1].side, Side::buy);
  EXPECT_EQ(flow.orders[2].kind, CommandKind::reduce);
  EXPECT_EQ(flow.orders[2].quantity, Quantity{80});
  EXPECT_EQ(flow.orders[4].order, flow.orders[0].order);
  EXPECT_EQ(flow.fills, 1u);
  EXPECT_EQ(flow.quantity_filled, Quantity{30});
  expect_one_answer(flow);
}

TEST(Workloads, recorded_flow_that_is_not_there_is_told_in_words) {
  EXPECT_FALSE(make_flow("no such flow", 1, 1).flow);
  EXPECT_FALSE(make_flow("no such flow", 1, 1).why_not.empty());
}

}  // namespace
}  // namespace basalt::bench
