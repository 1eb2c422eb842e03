// The engine's matching core with one instrument, driven by calls: each returns its events.
//
//   OneBook book;  auto events = book.add(Side::buy, 100, 10);
//
// Hands out order numbers as risk does: a free slot, and a generation that rises.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/arena.h"
#include "engine/matching/matching.h"

namespace basalt::oracle {

inline std::vector<EventKind> kinds(const std::vector<Event>& events) {
  std::vector<EventKind> result;
  for (const Event& event : events) result.push_back(event.kind);
  return result;
}

class OneBook {
 public:
  // An indicative price with each Tick.
  static constexpr matching::MatchingCore::Limits small{.orders_max = 1024,
                                                        .instruments_max = 1,
                                                        .leaves_max = 256,
                                                        .inners_max = 1024,
                                                        .indicative_interval = Nanos{0}};

  explicit OneBook(const matching::MatchingCore::Limits& limits = small)
      : arena_(matching::MatchingCore::memory_bytes(limits) +
               matching::EventRing::memory_bytes(ring_slots) +
               Arena::cost<Event>(matching::MatchingCore::events_max(limits))),
        ring_(ring_slots, arena_),
        outlet_(ring_, matching::MatchingCore::events_max(limits), arena_),
        core_(limits, arena_),
        generation_(limits.orders_max, 0) {
    for (std::uint32_t slot = limits.orders_max; slot > 0; --slot) free_.push_back(slot - 1);
  }

  // A number that no live order has. Whoever takes it gives it back when the order is gone.
  OrderId take_number() {
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return order_id(slot, ++generation_[slot]);
  }
  void give_number(OrderId order) { free_.push_back(slot_of(order)); }

  // A new order under the next number, which last_number() tells.
  std::vector<Event> add(Side side, std::int64_t quantity, std::int64_t price,
                         TimeInForce time_in_force = TimeInForce::day, std::uint16_t flags = 0) {
    Order order;
    order.kind = CommandKind::new_order;
    order.order = last_number_ = take_number();
    order.side = side;
    order.time_in_force = time_in_force;
    order.flags = flags;
    order.quantity = {quantity};
    order.price = {price};
    return apply(order);
  }
  std::vector<Event> cancel(OrderId number) {
    Order order;
    order.kind = CommandKind::cancel;
    order.order = number;
    return apply(order);
  }
  std::vector<Event> reduce(OrderId number, std::int64_t total) {
    Order order;
    order.kind = CommandKind::reduce;
    order.order = number;
    order.quantity = {total};
    return apply(order);
  }
  std::vector<Event> replace(OrderId original, std::int64_t total, std::int64_t price) {
    Order order;
    order.kind = CommandKind::replace;
    order.original = original;
    order.order = last_number_ = take_number();
    order.quantity = {total};
    order.price = {price};
    return apply(order);
  }

  // An epoch with room for less than there is memory for.
  void begin_epoch(std::uint32_t leaves, std::uint32_t inners) {
    EpochLimits limits{};
    limits.leaves_max = leaves;
    limits.inners_max = inners;
    core_.begin_epoch(limits);
  }

  std::vector<Event> phase(InstrumentState state) {
    Amendment amendment{};
    amendment.instrument_state = state;
    Command command;
    command.order.kind = CommandKind::set_instrument_state;
    command.set(amendment);
    return apply(command);
  }
  std::vector<Event> uncross() { return of_venue(CommandKind::uncross); }
  std::vector<Event> tick() { return of_venue(CommandKind::tick); }
  std::vector<Event> tick_after(std::int64_t ms) {
    now_ += Nanos{ms * 1'000'000};
    return tick();
  }

  std::vector<Event> apply(Order order) {
    order.sequence = ++sequence_;
    order.time = now_ = std::max(now_, order.time);
    order.instrument = InstrumentId{0};
    core_.apply(order, outlet_);
    return drain();
  }
  std::vector<Event> apply(Command command) {
    command.order.sequence = ++sequence_;
    command.order.time = now_ = std::max(now_, command.order.time);
    command.order.instrument = InstrumentId{0};
    core_.apply(command, outlet_);
    return drain();
  }

  [[nodiscard]] OrderId last_number() const { return last_number_; }
  [[nodiscard]] const matching::MatchingCore& core() const { return core_; }
  [[nodiscard]] const matching::OrderBook& book() const { return core_.book(InstrumentId{0}); }
  [[nodiscard]] std::uint64_t hash() const {
    StateHash hash;
    core_.add_to_hash(InstrumentId{0}, hash);
    return hash.digest();
  }

 private:
  static constexpr std::uint32_t ring_slots = 64;

  std::vector<Event> of_venue(CommandKind kind) {
    Order order;
    order.kind = kind;
    return apply(order);
  }

  std::vector<Event> drain() {
    std::vector<Event> events;
    for (bool more = true; more;) {
      outlet_.flush();
      while (const Event* event = ring_.peek()) {
        events.push_back(*event);
        more = event->last == 0;
      }
      ring_.consume();
    }
    return events;
  }

  Arena arena_;
  matching::EventRing ring_;
  matching::EventOutlet outlet_;
  matching::MatchingCore core_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> generation_;
  OrderId last_number_{};
  Sequence sequence_ = 0;
  Nanos now_;
};

}  // namespace basalt::oracle
