#include "engine/pipeline/duty_cycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "engine/pipeline/run.h"

namespace basalt::pipeline {
namespace {

// Handles what it is told to, and says when it was polled.
struct FakeStage {
  std::string own_name;
  std::vector<std::string>* polled;
  std::uint32_t handles = 0;

  [[nodiscard]] std::string_view name() const noexcept { return own_name; }
  std::uint32_t poll() noexcept {
    if (polled != nullptr) polled->push_back(own_name);
    return handles;
  }
};

TEST(tick_histogram, a_bucket_holds_at_most_a_sixteenth_more_than_its_least) {
  std::uint32_t last = 0;
  for (Ticks ticks = 0; ticks < 100'000; ++ticks) {
    const std::uint32_t bucket = TickHistogram::bucket_of(ticks);
    ASSERT_TRUE(bucket == last || bucket == last + 1) << ticks;
    ASSERT_GE(TickHistogram::top_of(bucket), ticks);
    ASSERT_LE(TickHistogram::top_of(bucket) - ticks, ticks / 16);
    last = bucket;
  }
}

TEST(tick_histogram, buckets_meet_without_gap_up_to_the_longest) {
  const std::uint32_t buckets = TickHistogram::bucket_of(TickHistogram::ticks_max) + 1;
  for (std::uint32_t bucket = 0; bucket + 1 < buckets; ++bucket) {
    const Ticks top = TickHistogram::top_of(bucket);
    ASSERT_EQ(TickHistogram::bucket_of(top), bucket);
    ASSERT_EQ(TickHistogram::bucket_of(top + 1), bucket + 1);
  }
  EXPECT_EQ(TickHistogram::bucket_of(~Ticks{0}), buckets - 1);
}

TEST(tick_histogram, percentiles_are_those_of_the_sorted_values_rounded_up_by_a_bucket) {
  TickHistogram histogram;
  std::vector<Ticks> values;
  for (Ticks i = 0; i < 10'000; ++i) values.push_back(i * i % 777'777);
  for (const Ticks value : values) histogram.record(value);
  std::sort(values.begin(), values.end());
  EXPECT_EQ(histogram.count(), values.size());
  for (const std::uint32_t per_million :
       {1U, 10'000U, 333'333U, 500'000U, 990'000U, 999'000U, 1'000'000U}) {
    const std::size_t rank = (values.size() * per_million + 999'999) / 1'000'000;
    const Ticks exact = values[std::max<std::size_t>(rank, 1) - 1];
    EXPECT_EQ(histogram.percentile(per_million),
              TickHistogram::top_of(TickHistogram::bucket_of(exact)))
        << per_million;
  }
}

TEST(tick_histogram, an_empty_one_has_no_percentile) {
  EXPECT_EQ(TickHistogram().percentile(500'000), 0U);
}

TEST(stage_group, polls_its_stages_in_order_and_sums_what_they_handled) {
  std::vector<std::string> polled;
  FakeStage first{"first", &polled, 3};
  FakeStage second{"second", &polled, 0};
  FakeStage third{"third", &polled, 4};
  StageGroup group("hot", 5, {StageSlot(first), StageSlot(second), StageSlot(third)});
  EXPECT_EQ(group.poll(), 7U);
  EXPECT_THAT(polled, ::testing::ElementsAre("first", "second", "third"));
  EXPECT_EQ(group.name(), "hot");
}

TEST(stage_group, reports_each_stage_by_itself) {
  FakeStage busy{"busy", nullptr, 3};
  FakeStage idle{"idle", nullptr, 0};
  StageGroup group("hot", 5, {StageSlot(busy), StageSlot(idle)});
  const TickRate rate;
  for (int i = 0; i < 100; ++i) group.poll();
  const std::vector<StageReport> reports = group.reports(rate);
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0].name, "busy");
  EXPECT_EQ(reports[0].core, 5U);
  EXPECT_EQ(reports[0].messages, 300U);
  EXPECT_EQ(reports[0].turns, 100U);
  EXPECT_EQ(reports[0].idle_turns, 0U);
  EXPECT_GT(reports[0].busy_share, 0.0);
  EXPECT_LE(reports[0].busy_share, 1.0);
  EXPECT_GT(reports[0].cycle_ns_p50, 0.0);
  EXPECT_LE(reports[0].cycle_ns_p50, reports[0].cycle_ns_p99);
  EXPECT_LE(reports[0].cycle_ns_p99, reports[0].cycle_ns_max);
  EXPECT_EQ(reports[1].messages, 0U);
  EXPECT_EQ(reports[1].turns, 100U);
  EXPECT_EQ(reports[1].idle_turns, 100U);
  EXPECT_EQ(reports[1].busy_share, 0.0);
  EXPECT_EQ(reports[1].cycle_ns_max, 0.0);
}

TEST(stage_group, time_goes_to_the_stage_that_spent_it) {
  struct Slow {
    [[nodiscard]] std::string_view name() const noexcept { return "slow"; }
    std::uint32_t poll() noexcept {
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
      while (std::chrono::steady_clock::now() < until) {
      }
      return 1;
    }
  } slow;
  FakeStage quick{"quick", nullptr, 1};
  StageGroup group("hot", {}, {StageSlot(quick), StageSlot(slow), StageSlot(quick)});
  const TickRate rate;
  for (int i = 0; i < 100; ++i) group.poll();
  const std::vector<StageReport> reports = group.reports(rate);
  EXPECT_LT(reports[0].cycle_ns_p50, 100'000.0);
  EXPECT_GE(reports[1].cycle_ns_p50, 190'000.0);
  EXPECT_LT(reports[2].cycle_ns_p50, 100'000.0);
  EXPECT_GT(reports[1].busy_share, reports[0].busy_share);
  EXPECT_FALSE(reports[0].core.has_value());
}

TEST(duty_cycle, counts_turns_idle_turns_and_messages) {
  DutyCycle duty(IdlePolicy::spin);
  for (int i = 0; i < 10; ++i) duty.turn(i % 2 == 0 ? 5 : 0);
  EXPECT_EQ(duty.meter().messages(), 25U);
  EXPECT_EQ(duty.meter().busy_turns(), 5U);
  EXPECT_EQ(duty.meter().idle_turns(), 5U);
  EXPECT_GT(duty.meter().busy_ticks(), 0U);
  EXPECT_LE(duty.meter().longest(), duty.meter().busy_ticks());
}

TEST(duty_cycle, naps_only_after_a_thousand_idle_turns_in_a_row) {
  DutyCycle duty(IdlePolicy::nap);
  for (std::uint32_t i = 0; i < DutyCycle::naps_after; ++i) duty.turn(0);
  EXPECT_EQ(duty.naps(), 0U);
  duty.turn(0);
  EXPECT_EQ(duty.naps(), 1U);
  duty.turn(0);  // Still nothing: naps again at once.
  EXPECT_EQ(duty.naps(), 2U);
  duty.turn(1);
  for (std::uint32_t i = 0; i < DutyCycle::naps_after; ++i) duty.turn(0);
  EXPECT_EQ(duty.naps(), 2U);
  duty.turn(0);
  EXPECT_EQ(duty.naps(), 3U);
}

TEST(duty_cycle, a_spinning_core_never_naps) {
  DutyCycle duty(IdlePolicy::spin);
  for (std::uint32_t i = 0; i < 3 * DutyCycle::naps_after; ++i) duty.turn(0);
  EXPECT_EQ(duty.naps(), 0U);
}

TEST(duty_cycle, a_nap_is_no_part_of_a_busy_turn) {
  DutyCycle duty(IdlePolicy::nap);
  for (std::uint32_t i = 0; i <= DutyCycle::naps_after; ++i) duty.turn(0);
  const TickRate rate;
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  // The least of many, since the machine may take the core away at any one of them.
  Ticks least = ~Ticks{0};
  for (int i = 0; i < 20; ++i) {
    duty.turn(0);
    const Ticks before = duty.meter().busy_ticks();
    duty.turn(1);
    least = std::min(least, duty.meter().busy_ticks() - before);
    for (std::uint32_t turn = 0; turn <= DutyCycle::naps_after; ++turn) duty.turn(0);
  }
  EXPECT_LT(static_cast<double>(least) * rate.ns_per_tick(), 20'000.0);
}

// On a thread of its own: the kernel keeps the slack by thread.
TEST(duty_cycle, a_nap_is_fifty_microseconds_without_the_slack_of_a_thread) {
  EXPECT_EQ(DutyCycle::nap_max, Nanos{50'000});
  std::thread([] {
    DutyCycle duty(IdlePolicy::nap);
    for (std::uint32_t i = 0; i < DutyCycle::naps_after; ++i) duty.turn(0);
    ASSERT_EQ(::prctl(PR_SET_TIMERSLACK, 50'000, 0, 0, 0), 0);  // The kernel's default.
    const auto began = std::chrono::steady_clock::now();
    duty.turn(0);
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::microseconds(50));
    EXPECT_EQ(::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1);
  }).join();
}

TEST(tick_rate, agrees_with_the_clock) {
  const TickRate rate;
  const Ticks ticks = ticks_now();
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto elapsed = std::chrono::steady_clock::now() - began;
  const double ns = static_cast<double>(ticks_now() - ticks) * rate.ns_per_tick();
  EXPECT_NEAR(ns / static_cast<double>(elapsed.count()), 1.0, 0.02);
}

TEST(run, turns_a_group_until_it_is_stopped_while_others_read_its_counters) {
  FakeStage busy{"busy", nullptr, 1};
  StageGroup group("hot", {}, {StageSlot(busy)});
  DutyCycle duty(IdlePolicy::nap);
  std::atomic<bool> stop{false};
  std::thread thread([&] { run(group, duty, stop); });
  const TickRate rate;
  std::uint64_t last = 0;
  while (last < 100'000) {
    const std::uint64_t messages = group.reports(rate)[0].messages;
    ASSERT_GE(messages, last);
    last = messages;
  }
  stop.store(true, std::memory_order_relaxed);
  thread.join();
  EXPECT_EQ(group.reports(rate)[0].messages, duty.meter().messages());
  EXPECT_EQ(group.reports(rate)[0].turns, duty.meter().busy_turns());
}

}  // namespace
}  // namespace basalt::pipeline
