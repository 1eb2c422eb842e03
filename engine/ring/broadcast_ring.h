// A bounded queue from one writer to up to eight readers, each of which sees every message.
//
//   writer: claim() … publish()  ══╤═► reader 0: peek() … consume()
//                                  ├═► reader 1 …            each at its own pace
//
// The writer waits for the slowest reader: nothing is overwritten before all have consumed it.
// A reader is a cursor; readers never touch each other's lines.
//
// Invariants
//   I1  For every reader r: consumed_r <= peeked_r <= published_ <= claimed_.
//   I2  claimed_ <= min over r of consumed_r, + slots.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <span>
#include <type_traits>

#include "engine/arena.h"
#include "engine/assert.h"
#include "engine/ring/spsc_ring.h"
#include "engine/types.h"

namespace basalt::ring {

template <typename T>
class BroadcastRing {
  static_assert(std::is_trivially_copyable_v<T>, "slots are reused without destruction");

 public:
  static constexpr std::uint32_t readers_max = 8;

  class Reader {
   public:
    // The next unread slot, or nullptr: nothing new. Valid until consume().
    [[nodiscard]] const T* peek() noexcept {
      if (peeked_ == published_seen_) [[unlikely]] {
        // Pairs with the release in publish(): the slots' bytes are visible before the position.
        published_seen_ = ring_->published_.load(std::memory_order_acquire);
        if (peeked_ == published_seen_) return nullptr;
      }
      const Position last = published_seen_ - 1;
      __builtin_prefetch(&slot_[std::min(peeked_ + lookahead_slots, last) & mask_]);
      return &slot_[peeked_++ & mask_];
    }

    // Once per batch. Everything peeked so far is given back.
    void consume() noexcept {
      // Pairs with the acquire in claim(): our reads are done before the slots are free.
      consumed_.store(peeked_, std::memory_order_release);
    }

    // Any thread; for orderly stops.
    [[nodiscard]] bool drained() const noexcept {
      const Position consumed = consumed_.load(std::memory_order_acquire);
      return consumed == ring_->published_.load(std::memory_order_acquire);
    }

   private:
    friend class BroadcastRing;
    // Reader writes, writer reads.
    alignas(false_sharing_bytes) std::atomic<Position> consumed_{0};
    alignas(false_sharing_bytes) Position peeked_ = 0;  // Reader alone.
    Position published_seen_ = 0;                       //   Its stale copy.
    const BroadcastRing* ring_ = nullptr;               // From here on: never written after start.
    const T* slot_ = nullptr;
    std::uint32_t mask_ = 0;
  };

  // `slots` is a power of two, at least 2; 1 <= readers <= readers_max.
  BroadcastRing(std::uint32_t slots, std::uint32_t readers, Arena& arena)
      : slot_(arena.take<T>(slots).data()), slots_(slots), mask_(slots - 1), readers_(readers) {
    BASALT_ASSERT(slots >= 2);
    BASALT_ASSERT(std::has_single_bit(slots));
    BASALT_ASSERT(readers >= 1);
    BASALT_ASSERT(readers <= readers_max);
    for (Reader& reader : reader_) {
      reader.ring_ = this;
      reader.slot_ = slot_;
      reader.mask_ = mask_;
    }
  }
  BroadcastRing(const BroadcastRing&) = delete;
  BroadcastRing& operator=(const BroadcastRing&) = delete;

  static constexpr std::size_t memory_bytes(std::uint32_t slots) noexcept {
    return Arena::cost<T>(slots);
  }

  [[nodiscard]] Reader& reader(std::uint32_t number) noexcept {
    BASALT_ASSERT(number < readers_);
    return reader_[number];
  }

  // Writer only. The next slot to fill, or nullptr: the slowest reader is a whole ring behind.
  [[nodiscard]] T* claim() noexcept {
    if (claimed_ - slowest_seen_ == slots_) [[unlikely]] {
      slowest_seen_ = slowest();
      if (claimed_ - slowest_seen_ == slots_) return nullptr;
    }
    // For writing, and at most the last slot that is the writer's by I2.
    const Position last = slowest_seen_ + mask_;
    __builtin_prefetch(&slot_[std::min(claimed_ + lookahead_slots, last) & mask_], 1);
    return &slot_[claimed_++ & mask_];
  }

  // Writer only. How many claims will succeed now, `wanted` being enough to stop looking.
  [[nodiscard]] std::uint32_t room(std::uint32_t wanted) noexcept {
    const auto free = [this] {
      return slots_ - static_cast<std::uint32_t>(claimed_ - slowest_seen_);
    };
    if (free() < wanted) slowest_seen_ = slowest();
    return free();
  }

  // Writer only. As of SpscRing: free slots side by side, and how many of them were filled.
  [[nodiscard]] std::span<T> free_run() noexcept {
    const std::uint32_t at = static_cast<std::uint32_t>(claimed_) & mask_;
    return {slot_ + at, std::min(room(1), slots_ - at)};
  }
  void claim(std::uint32_t count) noexcept { claimed_ += count; }

  // Writer only, once per batch.
  void publish() noexcept {
    // Pairs with the acquire in Reader::peek().
    published_.store(claimed_, std::memory_order_release);
  }

  [[nodiscard]] std::uint32_t slots() const noexcept { return slots_; }
  [[nodiscard]] std::uint32_t readers() const noexcept { return readers_; }

 private:
  [[nodiscard]] Position slowest() const noexcept {
    Position least = claimed_;
    for (std::uint32_t i = 0; i < readers_; ++i) {
      // Pairs with the release in Reader::consume(): the reader has finished with these slots.
      least = std::min(least, reader_[i].consumed_.load(std::memory_order_acquire));
    }
    return least;
  }

  alignas(false_sharing_bytes) std::atomic<Position> published_{0};  // Writer writes, all read.
  alignas(false_sharing_bytes) Position claimed_ = 0;                // Writer alone.
  Position slowest_seen_ = 0;                                        //   Its stale copy.
  T* const slot_;                                                    // Never written after start.
  const std::uint32_t slots_;
  const std::uint32_t mask_;
  const std::uint32_t readers_;
  std::array<Reader, readers_max> reader_;
};

}  // namespace basalt::ring
