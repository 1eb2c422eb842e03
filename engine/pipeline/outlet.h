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
      : ring_(ring), overflow_(arena.take<T>(overflow_max)) {}

  // The next slot to fill. Never null: more than overflow_max is our own mistake.
  [[nodiscard]] T* claim() noexcept {
    if (next_ == end_) [[unlikely]]
      return claim_elsewhere();
    // Asked for a few slots before it is filled, and only while it is ours (spsc_ring.h).
    __builtin_prefetch(std::min(next_ + ring::lookahead_slots, end_ - 1), 1);
    return next_++;
  }

  // The slot claimed last. Something was claimed since the last flush.
  [[nodiscard]] T& latest() noexcept {
    return next_ != nullptr ? *(next_ - 1) : overflow_[filled_ - 1];
  }

  // Moves what overflowed into the ring and publishes. True: nothing is left, take the next input.
  bool flush() noexcept {
    settle();
    while (moved_ < filled_) {
      T* slot = ring_.claim();
      if (slot == nullptr) break;
      *slot = overflow_[moved_++];
    }
    ring_.publish();
    if (moved_ < filled_) return false;
    moved_ = filled_ = 0;
    return true;
  }

  // Is nothing left over? Cheaper than flush(): touches no shared line.
  [[nodiscard]] bool clear() const noexcept { return filled_ == moved_; }

 private:
  // Tells the ring what was filled of the run.
  void settle() noexcept {
    ring_.claim(static_cast<std::uint32_t>(next_ - first_));
    first_ = next_;
  }
  [[gnu::noinline]] T* claim_elsewhere() noexcept {
    settle();
    first_ = next_ = end_ = nullptr;
    if (clear()) {
      if (const std::span<T> run = ring_.free_run(); !run.empty()) {
        first_ = run.data();
        next_ = first_ + 1;
        end_ = first_ + run.size();
        return first_;
      }
    }
    BASALT_ASSERT(filled_ < overflow_.size());
    return &overflow_[filled_++];
  }

  // The ring's free slots: [first_, next_) are filled and not yet told, [next_, end_) are free.
  T* first_ = nullptr;
  T* next_ = nullptr;
  T* end_ = nullptr;
  std::uint32_t filled_ = 0;
  std::uint32_t moved_ = 0;
  Ring& ring_;
  std::span<T> overflow_;
};

}  // namespace basalt::pipeline
