// The broadcast ring's promises, from one thread. What several threads may see is in
// tests/stress/broadcast_ring_stress.cpp.
#include "engine/ring/broadcast_ring.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace basalt::ring {
namespace {

using Ring = BroadcastRing<std::uint64_t>;

struct RingOf {
  RingOf(std::uint32_t slots, std::uint32_t readers)
      : arena(Ring::memory_bytes(slots)), ring(slots, readers, arena) {}

  std::uint32_t push(std::uint64_t first, std::uint32_t count) {
    std::uint32_t done = 0;
    for (; done < count; ++done) {
      std::uint64_t* slot = ring.claim();
      if (slot == nullptr) break;
      *slot = first + done;
    }
    ring.publish();
    return done;
  }

  // Everything that `reader` has not seen, consumed at once.
  std::vector<std::uint64_t> take(std::uint32_t reader) {
    std::vector<std::uint64_t> messages;
    while (const std::uint64_t* message = ring.reader(reader).peek()) messages.push_back(*message);
    ring.reader(reader).consume();
    return messages;
  }

  Arena arena;
  Ring ring;
};

using Messages = std::vector<std::uint64_t>;

TEST(BroadcastRing, a_new_ring_is_empty_and_drained_for_every_reader) {
  RingOf four(4, 3);
  EXPECT_EQ(four.ring.slots(), 4u);
  EXPECT_EQ(four.ring.room(4), 4u);
  for (std::uint32_t reader = 0; reader < 3; ++reader) {
    EXPECT_EQ(four.ring.reader(reader).peek(), nullptr);
    EXPECT_TRUE(four.ring.reader(reader).drained());
  }
}

TEST(BroadcastRing, every_reader_sees_every_message_once_and_in_order) {
  RingOf eight(8, 8);
  ASSERT_EQ(eight.push(10, 3), 3u);
  for (std::uint32_t reader = 0; reader < 8; ++reader) {
    EXPECT_EQ(eight.take(reader), (Messages{10, 11, 12}));
    EXPECT_EQ(eight.take(reader), Messages{});
    EXPECT_TRUE(eight.ring.reader(reader).drained());
  }
}

TEST(BroadcastRing, what_is_claimed_is_invisible_until_it_is_published) {
  RingOf four(4, 2);
  *four.ring.claim() = 7;
  EXPECT_EQ(four.take(0), Messages{});
  four.ring.publish();
  EXPECT_EQ(four.take(0), Messages{7});
  EXPECT_EQ(four.take(1), Messages{7});
}

TEST(BroadcastRing, the_slowest_reader_holds_the_writer) {
  RingOf four(4, 3);
  ASSERT_EQ(four.push(0, 9), 4u);
  four.take(0);
  four.take(1);
  EXPECT_EQ(four.ring.claim(), nullptr) << "reader 2 has consumed nothing";
  EXPECT_EQ(four.ring.room(1), 0u);
  ASSERT_NE(four.ring.reader(2).peek(), nullptr);
  EXPECT_EQ(four.ring.claim(), nullptr) << "peeked is not consumed";
  four.ring.reader(2).consume();
  EXPECT_EQ(four.push(4, 9), 1u);
  EXPECT_EQ(four.take(2), (Messages{1, 2, 3, 4}));
  EXPECT_EQ(four.take(0), Messages{4});
}

TEST(BroadcastRing, readers_that_do_not_exist_hold_nobody) {
  RingOf two(2, 1);
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    ASSERT_EQ(two.push(i, 1), 1u);
    ASSERT_EQ(two.take(0), Messages{i});
  }
}

// The model: what is published is 0, 1, 2, …; each reader has a position of its own.
TEST(BroadcastRing, any_order_of_calls_agrees_with_a_counter_per_reader) {
  std::mt19937_64 random(11);
  for (const std::uint32_t slots : {2u, 8u, 64u}) {
    constexpr std::uint32_t readers = 5;
    RingOf ring_of(slots, readers);
    Ring& ring = ring_of.ring;
    std::uint64_t claimed = 0, published = 0;
    std::vector<std::uint64_t> peeked(readers), consumed(readers);
    for (int step = 0; step < 200'000; ++step) {
      const auto reader = static_cast<std::uint32_t>(random() % readers);
      const std::uint64_t slowest = *std::min_element(consumed.begin(), consumed.end());
      switch (random() % 8) {
        case 0:
        case 1:
          if (std::uint64_t* slot = ring.claim()) {
            ASSERT_LT(claimed - slowest, slots);
            *slot = claimed++;
          } else {
            ASSERT_EQ(claimed - slowest, slots);
          }
          break;
        case 2:
          ring.publish();
          published = claimed;
          break;
        case 3:
        case 4:
        case 5:
          if (const std::uint64_t* message = ring.reader(reader).peek()) {
            ASSERT_EQ(*message, peeked[reader]++);
            ASSERT_LE(peeked[reader], published);
          } else {
            ASSERT_EQ(peeked[reader], published);
          }
          break;
        case 6:
          ring.reader(reader).consume();
          consumed[reader] = peeked[reader];
          break;
        default:
          ASSERT_EQ(ring.room(slots), slots - (claimed - slowest));
      }
      ASSERT_EQ(ring.reader(reader).drained(), consumed[reader] == published);
    }
  }
}

TEST(BroadcastRing, its_memory_is_what_it_announced) {
  Arena arena(1);
  const std::size_t before = arena.taken_bytes();
  const Ring ring(64, 2, arena);
  EXPECT_EQ(arena.taken_bytes() - before, Ring::memory_bytes(64));
}

TEST(BroadcastRingDeathTest, impossible_sizes_stop_the_process) {
  Arena arena(1);
  EXPECT_DEATH(Ring(3, 1, arena), "has_single_bit");
  EXPECT_DEATH(Ring(1, 1, arena), "slots >= 2");
  EXPECT_DEATH(Ring(2, 0, arena), "readers >= 1");
  EXPECT_DEATH(Ring(2, Ring::readers_max + 1, arena), "readers <= readers_max");
}

TEST(BroadcastRingDeathTest, a_reader_that_was_not_asked_for_stops_the_process) {
  RingOf two(2, 1);
  EXPECT_DEATH(static_cast<void>(two.ring.reader(1)), "number < readers_");
}

}  // namespace
}  // namespace basalt::ring
