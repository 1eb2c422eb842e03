// Two threads, millions of messages, batches of any size: all arrive, once, whole and in order.
// Built with TSan too, which sees a missing pairing even where this machine forgives it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "engine/ring/spsc_ring.h"
#include "tests/stress/stress_message.h"

namespace basalt::ring {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t messages = 500'000;
#else
constexpr std::uint64_t messages = 4'000'000;
#endif

using Ring = SpscRing<StressMessage>;

void produce(Ring& ring, std::uint64_t messages, bool by_room) {
  BatchSizes sizes(1);
  for (std::uint64_t next = 0; next < messages;) {
    std::uint32_t batch = sizes.next();
    if (by_room) batch = std::min(batch, ring.room(batch));
    std::uint32_t done = 0;
    for (; done < batch && next < messages; ++done) {
      StressMessage* slot = ring.claim();
      if (slot == nullptr) break;
      slot->fill(next++);
    }
    ring.publish();
    // What room() promised must be there.
    if (by_room && next < messages && done != batch) std::abort();
    if (done == 0) std::this_thread::yield();
  }
}

// Stops the process at the first wrong message: the producer would wait for ever.
void consume(Ring& ring, std::uint64_t messages) {
  BatchSizes sizes(2);
  for (std::uint64_t next = 0; next < messages;) {
    const std::uint32_t batch = sizes.next();
    std::uint32_t done = 0;
    for (; done < batch; ++done) {
      const StressMessage* message = ring.peek();
      if (message == nullptr) break;
      if (!message->is(next++)) std::abort();
    }
    ring.consume();
    if (done == 0) std::this_thread::yield();
  }
}

class SpscRingStress : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SpscRingStress, every_message_arrives_once_whole_and_in_order) {
  // In a ring of two, each pair waits for the scheduler where threads outnumber cores.
  const std::uint64_t count = GetParam() == 2 ? messages / 20 : messages;
  for (const bool by_room : {false, true}) {
    Arena arena(Ring::memory_bytes(GetParam()));
    Ring ring(GetParam(), arena);
    std::thread producer([&] { produce(ring, count, by_room); });
    consume(ring, count);
    producer.join();
    EXPECT_EQ(ring.peek(), nullptr);
    EXPECT_TRUE(ring.drained());
  }
}

INSTANTIATE_TEST_SUITE_P(Slots, SpscRingStress, testing::Values(2u, 16u, 1024u),
                         [](const auto& info) { return "of_" + std::to_string(info.param); });

// Every message goes there and back before the next: the empty ring's path, on both sides.
TEST(SpscRingStress, one_message_at_a_time_goes_there_and_back) {
  constexpr std::uint64_t rounds = messages / 20;
  Arena arena(2 * Ring::memory_bytes(2));
  Ring there(2, arena), back(2, arena);
  std::thread echo([&] {
    for (std::uint64_t done = 0; done < rounds;) {
      const StressMessage* message = there.peek();
      if (message == nullptr) {
        std::this_thread::yield();
        continue;
      }
      *back.claim() = *message;
      there.consume();
      back.publish();
      ++done;
    }
  });
  for (std::uint64_t round = 0; round < rounds; ++round) {
    there.claim()->fill(round);
    there.publish();
    const StressMessage* message = back.peek();
    for (; message == nullptr; message = back.peek()) std::this_thread::yield();
    ASSERT_TRUE(message->is(round));
    back.consume();
  }
  echo.join();
}

}  // namespace
}  // namespace basalt::ring
