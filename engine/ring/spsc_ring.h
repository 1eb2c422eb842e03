// A bounded queue between one producer core and one consumer core.
//
//   producer: claim() … claim() publish()        consumer: peek() … peek() consume()
//                 └─ a batch ─┘                               └─ a batch ─┘
//
// Both sides work on whole batches and touch the other side's line once per batch: the cost of a
// message is then its own 64 bytes, not two cache-line transfers. And both ask for a slot's line a
// few slots before they need it, but never for a slot that still belongs to the other side, which
// would only snatch it away. Measured by bench/micro/ring_bench.cpp; figures in bench/results/.
//
// Invariants
//   I1  consumed_ <= peeked_ <= published_ <= claimed_ <= consumed_ + slots.
//   I2  A slot belongs to the consumer while its sequence is in [consumed_, published_), to the
//       producer otherwise.
//   I3  *_seen_ is never ahead of the counter that it copies.
//
// Never blocks, never allocates after construction, never drops: a full ring is a nullptr, and the
// producer decides what that means.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <span>
#include <type_traits>

#include "engine/arena.h"
#include "engine/assert.h"
#include "engine/types.h"

namespace basalt::ring {

// Positions in a ring: 64 bits at 1 G/s last 584 years, so they never wrap.
using Position = std::uint64_t;

// How many slots ahead a line is asked for: a transfer between cores takes as long as about eight
// messages. 4 to 16 measure alike; without it a message costs twice to five times as much.
inline constexpr Position lookahead_slots = 8;

template <typename T>
class SpscRing {
  static_assert(std::is_trivially_copyable_v<T>, "slots are reused without destruction");

 public:
  // `slots` is a power of two, at least 2. Memory comes from the arena.
  SpscRing(std::uint32_t slots, Arena& arena)
      : write_slot_(arena.take<T>(slots).data()),
        slots_(slots),
        write_mask_(slots - 1),
        read_slot_(write_slot_),
        read_mask_(slots - 1) {
    BASALT_ASSERT(slots >= 2);
    BASALT_ASSERT(std::has_single_bit(slots));
  }
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  static constexpr std::size_t memory_bytes(std::uint32_t slots) noexcept {
    return Arena::cost<T>(slots);
  }

  // Producer only. The next slot to fill, or nullptr: full.
  [[nodiscard]] T* claim() noexcept {
    if (claimed_ - consumed_seen_ == slots_) [[unlikely]] {
      // Pairs with the release in consume(): the consumer has finished with these slots.
      consumed_seen_ = consumed_.load(std::memory_order_acquire);
      if (claimed_ - consumed_seen_ == slots_) return nullptr;
    }
    // For writing, and at most the last slot that is ours by I2.
    const Position last = consumed_seen_ + write_mask_;
    __builtin_prefetch(&write_slot_[std::min(claimed_ + lookahead_slots, last) & write_mask_], 1);
    return &write_slot_[claimed_++ & write_mask_];
  }

  // Producer only. How many claims will succeed now, `wanted` being enough to stop looking.
  [[nodiscard]] std::uint32_t room(std::uint32_t wanted) noexcept {
    const auto free = [this] {
      return slots_ - static_cast<std::uint32_t>(claimed_ - consumed_seen_);
    };
    // Pairs with the release in consume(), as in claim().
    if (free() < wanted) consumed_seen_ = consumed_.load(std::memory_order_acquire);
    return free();
  }

  // Producer only. The slots that can be filled without asking again: those from the next one on
  // that are free and side by side. Empty: full. What is filled of them is told by claim(count).
  [[nodiscard]] std::span<T> free_run() noexcept {
    const std::uint32_t at = static_cast<std::uint32_t>(claimed_) & write_mask_;
    // The room is asked for as seldom as it can be: looking at the consumer's line costs a
    // transfer.
    const std::uint32_t free = std::min(room(1), slots_ - at);
    return {write_slot_ + at, free};
  }
  void claim(std::uint32_t count) noexcept { claimed_ += count; }

  // Producer only, once per batch. Everything claimed so far becomes visible.
  void publish() noexcept {
    // Pairs with the acquire in peek(): the slots' bytes are visible before the position.
    published_.store(claimed_, std::memory_order_release);
  }

  // Consumer only. The next unread slot, or nullptr: empty. Valid until consume().
  [[nodiscard]] const T* peek() noexcept {
    if (peeked_ == published_seen_) [[unlikely]] {
      // Pairs with the release in publish().
      published_seen_ = published_.load(std::memory_order_acquire);
      if (peeked_ == published_seen_) return nullptr;
    }
    const Position last = published_seen_ - 1;
    __builtin_prefetch(&read_slot_[std::min(peeked_ + lookahead_slots, last) & read_mask_]);
    return &read_slot_[peeked_++ & read_mask_];
  }

  // Consumer only. The slot `count` behind the one peeked last, where it is known to be published;
  // otherwise nullptr. Looks at nothing of the producer's.
  [[nodiscard]] const T* ahead(Position count) const noexcept {
    const Position position = peeked_ - 1 + count;
    return position < published_seen_ ? &read_slot_[position & read_mask_] : nullptr;
  }

  // Consumer only, once per batch. Everything peeked so far is given back.
  void consume() noexcept {
    // Pairs with the acquire in claim(): our reads are done before the slots are free.
    consumed_.store(peeked_, std::memory_order_release);
  }

  // Any thread. True when, at some moment of the call, nothing was waiting; for orderly stops.
  [[nodiscard]] bool drained() const noexcept {
    // Relaxed would be enough for the producer or consumer; acquire orders it for third parties.
    const Position consumed = consumed_.load(std::memory_order_acquire);
    return consumed == published_.load(std::memory_order_acquire);
  }

  [[nodiscard]] std::uint32_t slots() const noexcept { return slots_; }

 private:
  // Four groups, one per writer and audience, each on its own pair of lines. Each side keeps its
  // own copy of where the slots are, so that a batch touches two lines of its own and no fifth.
  alignas(false_sharing_bytes) std::atomic<Position> published_{0};  // Producer writes, both read.
  alignas(false_sharing_bytes) Position claimed_ = 0;                // Producer alone.
  Position consumed_seen_ = 0;                                       //   Its stale copy.
  T* const write_slot_;
  const std::uint32_t slots_;
  const std::uint32_t write_mask_;
  alignas(false_sharing_bytes) std::atomic<Position> consumed_{0};  // Consumer writes, both read.
  alignas(false_sharing_bytes) Position peeked_ = 0;                // Consumer alone.
  Position published_seen_ = 0;                                     //   Its stale copy.
  const T* const read_slot_;
  const std::uint32_t read_mask_;
};

}  // namespace basalt::ring
