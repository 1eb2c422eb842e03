// An outlet loses nothing and keeps the order, whatever its ring has room for.
#include "engine/pipeline/outlet.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/ring/broadcast_ring.h"
#include "engine/ring/spsc_ring.h"

namespace basalt::pipeline {
namespace {

using Spsc = ring::SpscRing<std::uint64_t>;
using Broadcast = ring::BroadcastRing<std::uint64_t>;

constexpr std::uint32_t overflow_max = 100;

// The reading end of either ring.
Spsc& reader_of(Spsc& ring) {
  return ring;
}
Broadcast::Reader& reader_of(Broadcast& ring) {
  return ring.reader(0);
}

template <typename Ring>
void pass_messages(Ring& ring, Arena& arena, std::uint64_t seed) {
  Outlet<Ring, std::uint64_t> outlet(ring, overflow_max, arena);
  std::mt19937_64 random(seed);
  std::uint64_t written = 0;
  std::uint64_t read = 0;
  const auto take = [&](std::uint64_t count) {
    for (; count > 0; --count) {
      const std::uint64_t* message = reader_of(ring).peek();
      if (message == nullptr) break;
      ASSERT_EQ(*message, read);
      ++read;
    }
    reader_of(ring).consume();
  };
  for (int input = 0; input < 20'000 && !testing::Test::HasFatalFailure(); ++input) {
    // One input's output, at any time no more than the overflow holds.
    if (outlet.clear()) {
      for (std::uint64_t left = random() % overflow_max; left > 0; --left) {
        *outlet.claim() = written++;
        if (random() % 8 == 0) take(random() % 5);  // The reader does not wait for the flush.
      }
    }
    if (random() % 4 != 0) {
      const bool flushed = outlet.flush();
      ASSERT_EQ(flushed, outlet.clear());
    }
    take(random() % (random() % 3 == 0 ? 200 : 5));
  }
  while (!outlet.flush()) take(10);
  take(written);
  ASSERT_EQ(read, written);
}

TEST(Outlet, passes_every_message_in_order_through_rings_of_any_size) {
  for (std::uint32_t slots = 2; slots <= 256; slots *= 2) {
    SCOPED_TRACE("slots " + std::to_string(slots));
    Arena arena(Spsc::memory_bytes(slots) + Broadcast::memory_bytes(slots) +
                2 * Arena::cost<std::uint64_t>(overflow_max));
    Spsc spsc(slots, arena);
    pass_messages(spsc, arena, slots);
    Broadcast broadcast(slots, 1, arena);
    pass_messages(broadcast, arena, slots);
  }
}

TEST(Outlet, publishes_nothing_before_the_flush) {
  Arena arena(Spsc::memory_bytes(4) + Arena::cost<std::uint64_t>(overflow_max));
  Spsc ring(4, arena);
  Outlet<Spsc, std::uint64_t> outlet(ring, overflow_max, arena);
  *outlet.claim() = 1;
  EXPECT_EQ(ring.peek(), nullptr);
  EXPECT_TRUE(outlet.flush());
  EXPECT_EQ(*ring.peek(), 1u);
}

TEST(OutletDeathTest, more_than_one_input_s_output_stops_the_process) {
  Arena arena(Spsc::memory_bytes(2) + Arena::cost<std::uint64_t>(2));
  Spsc ring(2, arena);
  Outlet<Spsc, std::uint64_t> outlet(ring, 2, arena);
  for (std::uint64_t i = 0; i < 4; ++i) *outlet.claim() = i;
  EXPECT_DEATH(*outlet.claim() = 4, "assertion failed");
}

}  // namespace
}  // namespace basalt::pipeline
