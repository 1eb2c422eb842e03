// The SPSC ring's promises, from one thread. What two threads may see is in
// tests/stress/spsc_ring_stress.cpp.
#include "engine/ring/spsc_ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace basalt::ring {
namespace {

using Ring = SpscRing<std::uint64_t>;

struct RingOf {
  explicit RingOf(std::uint32_t slots) : arena(Ring::memory_bytes(slots)), ring(slots, arena) {}

  // Claims and publishes `count` messages, `first` and following. Says how many there was room for.
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

  Arena arena;
  Ring ring;
};

TEST(SpscRing, a_new_ring_is_empty_and_drained) {
  RingOf four(4);
  EXPECT_EQ(four.ring.slots(), 4u);
  EXPECT_EQ(four.ring.peek(), nullptr);
  EXPECT_EQ(four.ring.room(4), 4u);
  EXPECT_TRUE(four.ring.drained());
}

TEST(SpscRing, what_is_claimed_is_invisible_until_it_is_published) {
  RingOf four(4);
  *four.ring.claim() = 7;
  EXPECT_EQ(four.ring.peek(), nullptr);
  EXPECT_TRUE(four.ring.drained());
  four.ring.publish();
  const std::uint64_t* message = four.ring.peek();
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(*message, 7u);
}

TEST(SpscRing, one_publish_shows_a_whole_batch_in_order) {
  RingOf four(4);
  ASSERT_EQ(four.push(10, 3), 3u);
  for (const std::uint64_t expected : {10u, 11u, 12u}) {
    const std::uint64_t* message = four.ring.peek();
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(*message, expected);
  }
  EXPECT_EQ(four.ring.peek(), nullptr);
}

TEST(SpscRing, peeked_messages_keep_their_slots_until_they_are_consumed) {
  RingOf two(2);
  ASSERT_EQ(two.push(0, 2), 2u);
  ASSERT_NE(two.ring.peek(), nullptr);
  EXPECT_EQ(two.ring.claim(), nullptr);
  EXPECT_FALSE(two.ring.drained());
  two.ring.consume();
  EXPECT_NE(two.ring.claim(), nullptr);
  EXPECT_EQ(two.ring.claim(), nullptr) << "only what was peeked is given back";
}

TEST(SpscRing, a_refused_claim_leaves_no_trace) {
  RingOf two(2);
  ASSERT_EQ(two.push(0, 2), 2u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(two.ring.claim(), nullptr);
  two.ring.publish();
  ASSERT_EQ(*two.ring.peek(), 0u);
  ASSERT_EQ(*two.ring.peek(), 1u);
  EXPECT_EQ(two.ring.peek(), nullptr);
}

TEST(SpscRing, a_refused_peek_leaves_no_trace) {
  RingOf two(2);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(two.ring.peek(), nullptr);
  two.ring.consume();
  EXPECT_TRUE(two.ring.drained());
  ASSERT_EQ(two.push(3, 1), 1u);
  EXPECT_EQ(*two.ring.peek(), 3u);
}

TEST(SpscRing, room_is_the_number_of_claims_that_will_succeed) {
  RingOf eight(8);
  ASSERT_EQ(eight.push(0, 5), 5u);
  EXPECT_EQ(eight.ring.room(8), 3u);
  *eight.ring.claim() = 5;
  EXPECT_EQ(eight.ring.room(8), 2u) << "claimed and unpublished slots are taken too";
  eight.ring.publish();
  while (eight.ring.peek() != nullptr) continue;
  EXPECT_EQ(eight.ring.room(8), 2u) << "peeked is not consumed";
  eight.ring.consume();
  EXPECT_EQ(eight.ring.room(8), 8u);
}

TEST(SpscRing, room_does_not_look_again_when_the_stale_view_is_enough) {
  RingOf four(4);
  ASSERT_EQ(four.push(0, 4), 4u);
  while (four.ring.peek() != nullptr) continue;
  four.ring.consume();
  ASSERT_EQ(four.ring.room(1), 4u) << "looked, since the stale view was: full";
  ASSERT_EQ(four.push(4, 2), 2u);
  while (four.ring.peek() != nullptr) continue;
  four.ring.consume();
  EXPECT_EQ(four.ring.room(2), 2u) << "two were enough: the consumer's line was not touched";
  EXPECT_EQ(four.ring.room(3), 4u);
}

TEST(SpscRing, a_free_run_ends_at_the_consumer_or_at_the_end_of_the_ring) {
  RingOf four(4);
  EXPECT_EQ(four.ring.free_run().size(), 4u);
  four.push(1, 3);
  EXPECT_EQ(four.ring.free_run().size(), 1u);
  four.push(4, 1);
  EXPECT_TRUE(four.ring.free_run().empty());
  for (int i = 0; i < 2; ++i) static_cast<void>(four.ring.peek());
  four.ring.consume();
  const auto run = four.ring.free_run();
  ASSERT_EQ(run.size(), 2u);
  run[0] = 5;
  run[1] = 6;
  four.ring.claim(2);
  four.ring.publish();
  for (std::uint64_t expected = 3; expected <= 6; ++expected) {
    EXPECT_EQ(*four.ring.peek(), expected);
  }
}

TEST(SpscRing, ahead_sees_what_the_last_look_found_published_and_nothing_later) {
  RingOf four(4);
  EXPECT_EQ(four.ring.ahead(1), nullptr);
  four.push(1, 3);
  ASSERT_EQ(*four.ring.peek(), 1u);
  EXPECT_EQ(*four.ring.ahead(1), 2u);
  EXPECT_EQ(*four.ring.ahead(2), 3u);
  EXPECT_EQ(four.ring.ahead(3), nullptr);
  four.push(4, 1);
  EXPECT_EQ(four.ring.ahead(3), nullptr);
  EXPECT_EQ(*four.ring.peek(), 2u);
}

TEST(SpscRing, a_ring_of_two_passes_any_number_of_messages) {
  RingOf two(2);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    ASSERT_EQ(two.push(i, 1), 1u);
    ASSERT_EQ(*two.ring.peek(), i);
    two.ring.consume();
  }
  EXPECT_TRUE(two.ring.drained());
}

// The model is a deque of what is published and a count of what is taken; a ring may never differ
// from it, whatever the order of calls.
TEST(SpscRing, any_order_of_calls_agrees_with_a_plain_queue) {
  std::mt19937_64 random(7);
  for (const std::uint32_t slots : {2u, 4u, 64u}) {
    RingOf ring_of(slots);
    Ring& ring = ring_of.ring;
    std::deque<std::uint64_t> visible;
    std::uint64_t claimed = 0, published = 0, peeked = 0, consumed = 0;
    for (int step = 0; step < 200'000; ++step) {
      switch (random() % 5) {
        case 0:
        case 1:
          if (std::uint64_t* slot = ring.claim()) {
            ASSERT_LT(claimed - consumed, slots);
            *slot = claimed++;
          } else {
            ASSERT_EQ(claimed - consumed, slots);
          }
          break;
        case 2:
          ring.publish();
          for (; published < claimed; ++published) visible.push_back(published);
          break;
        case 3:
          if (const std::uint64_t* message = ring.peek()) {
            ASSERT_FALSE(visible.empty());
            ASSERT_EQ(*message, visible.front());
            visible.pop_front();
            ++peeked;
          } else {
            ASSERT_TRUE(visible.empty());
          }
          break;
        default:
          ring.consume();
          consumed = peeked;
      }
      ASSERT_EQ(ring.room(slots), slots - (claimed - consumed));
      ASSERT_EQ(ring.drained(), consumed == published);
    }
  }
}

TEST(SpscRing, its_memory_is_what_it_announced) {
  Arena arena(1);
  const std::size_t before = arena.taken_bytes();
  const SpscRing<std::uint64_t> ring(64, arena);
  EXPECT_EQ(arena.taken_bytes() - before, Ring::memory_bytes(64));
}

TEST(SpscRing, each_writer_has_lines_of_its_own) {
  EXPECT_EQ(alignof(Ring), false_sharing_bytes);
  EXPECT_EQ(sizeof(Ring), 4 * false_sharing_bytes);
}

TEST(SpscRingDeathTest, a_size_that_is_no_power_of_two_stops_the_process) {
  Arena arena(1);
  EXPECT_DEATH(Ring(3, arena), "has_single_bit");
  EXPECT_DEATH(Ring(1, arena), "slots >= 2");
}

}  // namespace
}  // namespace basalt::ring
