// One writer, one to eight readers at their own pace: each sees everything, once, whole and in
// order, and nothing is overwritten under the slowest. Built with TSan too.
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "engine/ring/broadcast_ring.h"
#include "tests/stress/stress_message.h"

namespace basalt::ring {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t messages = 50'000;
#else
constexpr std::uint64_t messages = 3'000'000;
#endif

using Ring = BroadcastRing<StressMessage>;

void write_all(Ring& ring, std::uint64_t messages) {
  BatchSizes sizes(1);
  for (std::uint64_t next = 0; next < messages;) {
    const std::uint32_t batch = sizes.next();
    std::uint32_t done = 0;
    for (; done < batch && next < messages; ++done) {
      StressMessage* slot = ring.claim();
      if (slot == nullptr) break;
      slot->fill(next++);
    }
    ring.publish();
    if (done == 0) std::this_thread::yield();
  }
}

// Stops the process at the first wrong message: the writer would wait for ever for this reader.
void read_all(Ring::Reader& reader, std::uint64_t messages, std::uint64_t seed) {
  BatchSizes sizes(seed);
  for (std::uint64_t next = 0; next < messages;) {
    const std::uint32_t batch = sizes.next();
    std::uint32_t done = 0;
    for (; done < batch; ++done) {
      const StressMessage* message = reader.peek();
      if (message == nullptr) break;
      if (!message->is(next++)) std::abort();
    }
    reader.consume();
    if (done == 0) std::this_thread::yield();
  }
}

struct Shape {
  std::uint32_t slots;
  std::uint32_t readers;
};

class BroadcastRingStress : public testing::TestWithParam<Shape> {};

TEST_P(BroadcastRingStress, every_reader_sees_every_message_once_whole_and_in_order) {
  const auto [slots, readers] = GetParam();
  // In a ring of two, each pair waits for the scheduler where threads outnumber cores.
  const std::uint64_t count = slots == 2 ? messages / 20 : messages;
  Arena arena(Ring::memory_bytes(slots));
  Ring ring(slots, readers, arena);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < readers; ++i) {
    threads.emplace_back([&ring, count, i] { read_all(ring.reader(i), count, i + 2); });
  }
  write_all(ring, count);
  for (std::thread& thread : threads) thread.join();
  for (std::uint32_t i = 0; i < readers; ++i) {
    EXPECT_EQ(ring.reader(i).peek(), nullptr);
    EXPECT_TRUE(ring.reader(i).drained());
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, BroadcastRingStress,
                         testing::Values(Shape{2, 1}, Shape{2, 2}, Shape{64, 1}, Shape{64, 2},
                                         Shape{64, 4}, Shape{1024, 1}, Shape{1024, 2},
                                         Shape{1024, 4}, Shape{1024, 8}),
                         [](const auto& info) {
                           return std::to_string(info.param.slots) + "_slots_" +
                                  std::to_string(info.param.readers) + "_readers";
                         });

}  // namespace
}  // namespace basalt::ring
