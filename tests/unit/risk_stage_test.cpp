// The stage around risk: what its time does when the clock does not go on.
#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <ctime>
#include <vector>

#include "engine/risk/risk.h"

namespace basalt::risk {
namespace {

constexpr std::uint32_t ring_slots = 64;
constexpr Nanos second{1'000'000'000};

class SetClock final : public pipeline::Clock {
 public:
  explicit SetClock(Nanos now) : now_(now) {}
  [[nodiscard]] Nanos now() noexcept override { return now_; }
  void set(Nanos now) noexcept { now_ = now; }

 private:
  Nanos now_;
};

// Risk alone: nobody sends anything, and all that comes is Ticks.
class RiskStage : public testing::Test {
 protected:
  static constexpr Nanos noon{1'800'000'000'000'000'000};
  static inline const RiskCore::Limits limits{.reference = {.assets_max = 1,
                                                            .instruments_max = 1,
                                                            .accounts_max = 1,
                                                            .sessions_max = 1,
                                                            .firms_max = 1},
                                              .orders_max = 1,
                                              .external_ids_max = 1};

  // Times of the Ticks of `turns`, a millisecond apart by the clock.
  std::vector<Nanos> ticks(Risk& risk, int turns) {
    std::vector<Nanos> times;
    for (int turn = 0; turn < turns; ++turn) {
      clock_.set(clock_.now() + Nanos{1'000'000});
      risk.poll();
      durable_ = risk.last_sequence();
      while (const Slot* slot = commands_.reader(0).peek()) {
        times.push_back(std::bit_cast<Order>(*slot).time);
      }
      commands_.reader(0).consume();
    }
    return times;
  }
  Risk make(Nanos not_before) {
    return {"risk",
            {log_.reader(0), {}, commands_, {}, {}, durable_},
            {.idle_tick = Nanos{1'000'000},
             .first_sequence = 0,  // As if an epoch had begun: Ticks come at once.
             .not_before = not_before},
            core_,
            clock_,
            arena_};
  }

  Arena arena_{RiskCore::memory_bytes(limits) + (std::size_t{1} << 20)};
  ring::BroadcastRing<Slot> log_{ring_slots, 1, arena_};
  ring::BroadcastRing<Slot> commands_{ring_slots, 1, arena_};
  std::atomic<Sequence> durable_{~Sequence{0}};  // One before the first.
  RiskCore core_{limits, 1, arena_};
  SetClock clock_{noon};
};

TEST_F(RiskStage, ticks_at_the_clocks_time) {
  Risk risk = make(Nanos{0});
  const auto times = ticks(risk, 3);
  ASSERT_EQ(times.size(), 3U);
  EXPECT_EQ(times[0], noon + Nanos{1'000'000});
  EXPECT_EQ(times[2], noon + Nanos{3'000'000});
}

TEST_F(RiskStage, goes_on_at_half_the_pace_behind_a_clock_that_was_set_back) {
  Risk risk = make(Nanos{0});
  const Nanos before = ticks(risk, 1).front();
  clock_.set(clock_.now() - second);
  const auto times = ticks(risk, 2000);
  ASSERT_EQ(times.size(), 1000U) << "of the turns every second one";
  EXPECT_EQ(times.front(), before + Nanos{1'000'000});
  // Two seconds behind the step they meet again, and go on together.
  const auto after = ticks(risk, 5);
  ASSERT_GE(after.size(), 4U);
  EXPECT_EQ(after.back(), clock_.now());
}

TEST_F(RiskStage, starts_with_no_time_before_the_last_of_the_journal) {
  Risk risk = make(noon + second);
  const auto times = ticks(risk, 10);
  ASSERT_GE(times.size(), 4U);
  EXPECT_GT(times.front(), noon + second);
}

TEST(SystemClock, tells_the_wall_clocks_time_and_never_goes_back) {
  pipeline::SystemClock clock;
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  const Nanos now = clock.now();
  EXPECT_NEAR(static_cast<double>(now.value - (wall.tv_sec * 1'000'000'000 + wall.tv_nsec)), 0,
              1e9);
  EXPECT_GE(clock.now(), now);
}

}  // namespace
}  // namespace basalt::risk
