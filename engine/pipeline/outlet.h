// The producing end of a ring, with room for one input's whole output.
//
//   stage ─ claim() ─► ring when it has room, else ─► overflow ─ flush() ─► ring, later
//
// This is what lets every ring have capacity 2 and every command have 10,000 events: a stage takes
// no new input while its overflow holds anything, so the overflow never holds more than the output
// of one input, and a full ring slows the stage down instead of stopping it half-way.
//
// A claim is a pointer that moves: the ring is asked only once for each run of free slots.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/assert.h"
#include "engine/ring/spsc_ring.h"

namespace basalt::pipeline {

template <typename Ring, typename T>
class Outlet {
 public:
  // `overflow_max`: the most that one input can produce.
  Outlet(Ring& ring, std::uint32_t overflow_max, Arena& arena)
      : ring_(ring), overflow_(arena.take<T>(overflow_max)) {
    BASALT_ASSERT(overflow_max > 0);
  }

  // The next slot to fill. Never null: more than overflow_max is our own mistake.
  [[nodiscard]] T* claim() noexcept {
    if (next_ == end_) [[unlikely]]
      return claim_elsewhere();
    // Asked for a few slots before it is filled, and only while it is ours (spsc_ring.h).
    __builtin_prefetch(std::min(next_ + ring::lookahead_slots, end_ - 1), 1);
    return next_++;
  }

  // The slot claimed last. Something was claimed since the last flush.
  [[nodiscard]] T& latest() noexcept { return *(next_ - 1); }

  // Moves what overflowed into the ring and publishes. True: nothing is left, take the next input.
  bool flush() noexcept {
    if (!overflowing_) [[likely]] {
      settle();
      ring_.publish();
      return true;
    }
    while (first_ != next_) {
      T* slot = ring_.claim();
      if (slot == nullptr) break;
      *slot = *first_++;
    }
    ring_.publish();
    if (first_ != next_) return false;
    overflowing_ = false;
    first_ = next_ = end_ = nullptr;
    return true;
  }

  // Is nothing left over? Cheaper than flush(): touches no shared line.
  [[nodiscard]] bool clear() const noexcept { return !overflowing_; }

 private:
  // Tells the ring what was filled of the run.
  void settle() noexcept {
    ring_.claim(static_cast<std::uint32_t>(next_ - first_));
    first_ = next_;
  }
  [[gnu::noinline]] T* claim_elsewhere() noexcept {
    BASALT_ASSERT(!overflowing_);
    settle();
    std::span<T> run = ring_.free_run();
    if (run.empty()) {
      overflowing_ = true;
      run = overflow_;
    }
    first_ = run.data();
    next_ = first_ + 1;
    end_ = first_ + run.size();
    return first_;
  }

  // A run of the ring's free slots or, once it is full, the overflow: [first_, next_) are filled
  // and not yet told, [next_, end_) are free.
  T* first_ = nullptr;
  T* next_ = nullptr;
  T* end_ = nullptr;
  bool overflowing_ = false;
  Ring& ring_;
  std::span<T> overflow_;
};

}  // namespace basalt::pipeline
