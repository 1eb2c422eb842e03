// The yardstick of ring_bench: the ring that any textbook would write for one producer and one
// consumer, with batches and a remembered copy of the other side's index. Not part of the engine.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "engine/arena.h"
#include "engine/types.h"

namespace basalt::bench {

template <typename T>
class PlainRing {
 public:
  PlainRing(std::uint32_t slots, Arena& arena)
      : slot_(arena.take<T>(slots).data()), slots_(slots) {}

  static constexpr std::size_t memory_bytes(std::uint32_t slots) noexcept {
    return Arena::cost<T>(slots);
  }

  // Fills up to `count` slots by `fill(slot, i)`, and says how many.
  template <typename Fill>
  std::uint32_t push(std::uint32_t count, Fill fill) noexcept {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);  // Only the producer writes.
    // Pairs with the release in pop().
    if (head + count - tail_seen_ > slots_) tail_seen_ = tail_.load(std::memory_order_acquire);
    const auto done =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(count, slots_ - (head - tail_seen_)));
    for (std::uint32_t i = 0; i < done; ++i) fill(slot_[(head + i) & (slots_ - 1)], i);
    // Pairs with the acquire in pop().
    if (done != 0) head_.store(head + done, std::memory_order_release);
    return done;
  }

  // Hands up to `count` messages to `take(message, i)`, and says how many.
  template <typename Take>
  std::uint32_t pop(std::uint32_t count, Take take) noexcept {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);  // Only the consumer writes.
    // Pairs with the release in push().
    if (tail + count > head_seen_) head_seen_ = head_.load(std::memory_order_acquire);
    const auto done = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, head_seen_ - tail));
    for (std::uint32_t i = 0; i < done; ++i) take(slot_[(tail + i) & (slots_ - 1)], i);
    // Pairs with the acquire in push().
    if (done != 0) tail_.store(tail + done, std::memory_order_release);
    return done;
  }

 private:
  alignas(false_sharing_bytes) std::atomic<std::uint64_t> head_{0};
  alignas(false_sharing_bytes) std::atomic<std::uint64_t> tail_{0};
  alignas(false_sharing_bytes) std::uint64_t tail_seen_ = 0;  // The producer's.
  alignas(false_sharing_bytes) std::uint64_t head_seen_ = 0;  // The consumer's.
  alignas(false_sharing_bytes) T* const slot_;
  const std::uint64_t slots_;
};

}  // namespace basalt::bench
