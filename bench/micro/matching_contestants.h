// The books that matching_bench sets against each other, behind one face: apply a message, hand
// over what was told.
//
//   EngineBook     the matching core, into a ring of 64-byte events
//   ReportingFloor the floor, into the same ring by the same writes
//   BareFloor      the floor, which only counts its fills
#pragma once

#include <algorithm>
#include <cstdint>

#include "bench/micro/floor_book.h"
#include "bench/workloads/flow.h"
#include "engine/arena.h"
#include "engine/matching/emit.h"
#include "engine/matching/matching.h"

namespace basalt::bench {

using matching::EventOutlet;
using matching::EventRing;
using matching::MatchingCore;

inline constexpr std::uint32_t ring_slots = 4096;

// What came out of a book, as its next reader counts it.
struct Answer {
  std::uint64_t reports = 0;
  std::uint64_t fills = 0;
  Quantity quantity;

  // Returns how many reports were there.
  std::uint32_t drain(EventRing& ring) noexcept {
    std::uint32_t drained = 0;
    while (const Event* event = ring.peek()) {
      ++drained;
      if (event->kind != EventKind::fill) continue;
      ++fills;
      quantity += event->quantity;
    }
    if (drained > 0) ring.consume();
    reports += drained;
    return drained;
  }
};

// Room for every level that can be there at once. A leaf that is kept although it is empty counts
// too, one for each side.
[[nodiscard]] inline MatchingCore::Limits limits_of(const Flow& flow) {
  std::uint64_t leaves = 0;
  std::uint64_t inners = 0;
  for (const Flow::Range& range : flow.ranges) {
    const auto ticks =
        static_cast<std::uint64_t>(std::max<std::int64_t>(range.high_ticks - range.low_ticks, 0));
    leaves += 2 * (ticks / 64 + 2);
    // Two nodes at each height, since a range may straddle; at the lowest one for 4,096 ticks.
    inners += 2 * (10 + ticks / 4096);
  }
  leaves = std::min<std::uint64_t>(leaves, flow.slots) + 4 * flow.ranges.size();
  MatchingCore::Limits limits;
  limits.orders_max = flow.slots;
  limits.instruments_max = flow.instruments();
  limits.leaves_max = static_cast<std::uint32_t>(leaves);
  limits.inners_max = static_cast<std::uint32_t>(inners);
  return limits;
}

// A ring and its end, with room for what a whole batch can tell.
class Reports {
 public:
  explicit Reports(std::uint32_t overflow_max)
      : arena_(EventRing::memory_bytes(ring_slots) + Arena::cost<Event>(overflow_max)),
        ring_(ring_slots, arena_),
        outlet_(ring_, overflow_max, arena_) {}

  [[nodiscard]] EventRing& ring() noexcept { return ring_; }
  [[nodiscard]] EventOutlet& outlet() noexcept { return outlet_; }

  // A fill for each order that rests, and two for each message.
  static std::uint32_t overflow_max(const Flow& flow) noexcept {
    return flow.slots + 2 * limits::batch_max;
  }

 private:
  Arena arena_;
  EventRing ring_;
  EventOutlet outlet_;
};

class EngineBook {
 public:
  static constexpr const char* name = "engine";

  explicit EngineBook(const Flow& flow)
      : arena_(MatchingCore::memory_bytes(limits_of(flow))),
        core_(limits_of(flow), arena_),
        reports_(Reports::overflow_max(flow)) {}

  [[gnu::always_inline]] void prefetch(const Order& order) const noexcept { core_.prefetch(order); }
  void apply(const Order& order) noexcept { core_.apply(order, reports_.outlet()); }
  [[nodiscard]] Reports& reports() noexcept { return reports_; }
  [[nodiscard]] const MatchingCore& core() const noexcept { return core_; }

 private:
  Arena arena_;
  MatchingCore core_;
  Reports reports_;
};

class ReportingFloor {
 public:
  static constexpr const char* name = "floor";

  explicit ReportingFloor(const Flow& flow)
      : arena_(FloorBook::memory_bytes(flow)),
        book_(flow, arena_),
        reports_(Reports::overflow_max(flow)) {}

  [[gnu::always_inline]] void prefetch(const Order& order) const noexcept { book_.prefetch(order); }
  void apply(const Order& order) noexcept {
    Telling telling{reports_.outlet()};
    book_.apply(order, telling);
    reports_.outlet().latest().last = 1;
  }
  [[nodiscard]] Reports& reports() noexcept { return reports_; }

 private:
  struct Telling {
    EventOutlet& out;

    void fill(const Order& command, OrderId maker, Side side, Price price, Quantity quantity,
              Quantity remaining) noexcept {
      matching::emit(command, EventKind::fill, maker, side, {}, price, quantity, remaining, 0, out);
    }
    void rested(const Order& command, Side side, Quantity open) noexcept {
      matching::emit(command, EventKind::rested, command.order, side, {}, command.price, {}, open,
                     0, out);
    }
    void canceled(const Order& command, OrderId order, Side side, Price price, Quantity quantity,
                  Quantity remaining) noexcept {
      matching::emit(command, EventKind::canceled, order, side, {}, price, quantity, remaining, 0,
                     out);
    }
    void replaced(const Order& command, Side side, Quantity was_open, Quantity open) noexcept {
      matching::emit(command, EventKind::replaced, command.original, side, {}, command.price,
                     was_open, open, 0, out);
    }
    void nothing(const Order& command) noexcept { matching::emit_nothing(command, out); }
  };

  Arena arena_;
  FloorBook book_;
  Reports reports_;
};

class BareFloor {
 public:
  static constexpr const char* name = "bare floor";

  explicit BareFloor(const Flow& flow)
      : arena_(FloorBook::memory_bytes(flow)), book_(flow, arena_) {}

  [[gnu::always_inline]] void prefetch(const Order& order) const noexcept { book_.prefetch(order); }
  void apply(const Order& order) noexcept { book_.apply(order, counting_); }
  [[nodiscard]] const Answer& answer() const noexcept { return counting_.answer; }

 private:
  struct Counting {
    Answer answer;

    void fill(const Order&, OrderId, Side, Price, Quantity quantity, Quantity) noexcept {
      ++answer.fills;
      answer.quantity += quantity;
    }
    void rested(const Order&, Side, Quantity) noexcept {}
    void canceled(const Order&, OrderId, Side, Price, Quantity, Quantity) noexcept {}
    void replaced(const Order&, Side, Quantity, Quantity) noexcept {}
    void nothing(const Order&) noexcept {}
  };

  Arena arena_;
  FloorBook book_;
  Counting counting_;
};

}  // namespace basalt::bench
