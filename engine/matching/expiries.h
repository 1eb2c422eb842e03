// The orders of one shard that end by themselves, the next to end first.
//
//   an order with an expiry comes in ─► add() ─► binary heap ─► take_due(), on a Tick
//   it fills, or is cancelled        ─► remove() ──┘
//
// In and out by O(log n), in memory that is taken once. What is due leaves a slice at a time, so
// that however many orders end at one moment, a Tick stays short.
//
// Invariants
//   X1  No entry ends before its parent in the heap does.
//   X2  Where an entry stands is known by the number of its details; of others it is none.
#pragma once

#include <cstdint>
#include <span>
#include <tuple>

#include "engine/arena.h"
#include "engine/types.h"

namespace basalt::matching {

// When one order ends. Those that end at once do so as they came: by the sequence of the command
// that brought the order, or the first of its chain of replacements.
struct Expiry {
  Nanos time;
  Sequence entered = 0;
  InstrumentId instrument{};
  std::uint32_t slot = 0;
  std::uint32_t detail = 0;  // The number of the order's details.

  [[nodiscard]] friend bool operator<(const Expiry& a, const Expiry& b) noexcept {
    return std::tie(a.time, a.entered) < std::tie(b.time, b.entered);
  }
};

class Expiries {
 public:
  // At most `entries_max` at once, each with another detail below that number; at most `slice_max`
  // of them are taken at a time.
  Expiries(std::uint32_t entries_max, std::uint32_t slice_max, Arena& arena);
  static std::size_t memory_bytes(std::uint32_t entries_max, std::uint32_t slice_max) noexcept;

  void add(const Expiry& entry) noexcept;
  // Details that are not here stay so.
  void remove(std::uint32_t detail) noexcept;

  [[nodiscard]] bool any_due(Nanos now) const noexcept { return size_ > 0 && heap_[0].time <= now; }
  // The first slice of those that end at `now` or before, by instrument, and then as they end. They
  // are not here any more. Valid until the next call.
  [[nodiscard]] std::span<const Expiry> take_due(Nanos now) noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  void assert_invariants() const;

 private:
  void put(std::uint32_t place, const Expiry& entry) noexcept;
  void settle(std::uint32_t place, const Expiry& entry) noexcept;
  void take_out(std::uint32_t place) noexcept;

  std::span<Expiry> heap_;
  std::span<std::uint32_t> place_;  // In the heap, by detail; no_place: none.
  std::span<Expiry> due_;           // One slice.
  std::uint32_t size_ = 0;
};

}  // namespace basalt::matching
