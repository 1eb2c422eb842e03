// The producing end of a ring, with room for one input's whole output.
//
//   stage ─ claim() ─► ring when it has room, else ─► overflow ─ flush() ─► ring, later
//
// This is what lets every ring have capacity 2 and every command have 10,000 events: a stage takes
// no new input while its overflow holds anything, so the overflow never holds more than the output
// of one input, and a full ring slows the stage down instead of stopping it half-way.
#pragma once

#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/assert.h"

namespace basalt::pipeline {

template <typename Ring, typename T>
class Outlet {
 public:
  // `overflow_max`: the most that one input can produce.
  Outlet(Ring& ring, std::uint32_t overflow_max, Arena& arena)
      : ring_(ring), overflow_(arena.take<T>(overflow_max)) {}

  // The next slot to fill. Never null: more than overflow_max is our own mistake.
  [[nodiscard]] T* claim() noexcept {
    if (filled_ == moved_) [[likely]] {
      if (T* slot = ring_.claim()) [[likely]] {
        return slot;
      }
    }
    BASALT_ASSERT(filled_ < overflow_.size());
    return &overflow_[filled_++];
  }

  // Moves what overflowed into the ring and publishes. True: nothing is left, take the next input.
  bool flush() noexcept {
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
  Ring& ring_;
  std::span<T> overflow_;
  std::uint32_t filled_ = 0;
  std::uint32_t moved_ = 0;
};

}  // namespace basalt::pipeline
