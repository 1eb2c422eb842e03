#include "bench/micro/book_flow.h"

#include <algorithm>
#include <random>

#include "bench/micro/map_book.h"

namespace basalt::bench {
namespace {

constexpr std::int64_t spread_ticks = 100;
constexpr std::uint64_t steps_every = 50;  // Orders that rest, for one step of the middle.

// Plays what it makes to textbook books, so that it knows what is live and what the answers are.
class Maker {
 public:
  Maker(std::string name, std::uint32_t instruments, std::uint64_t seed)
      : random_(seed), book_(instruments), middle_(instruments, 100'000) {
    flow_.name = std::move(name);
    flow_.instruments = instruments;
  }

  void fill_to(std::size_t live) {
    while (live_.size() < live) add();
    flow_.first_timed = flow_.orders.size();
    flow_.live_least = flow_.live_most = static_cast<std::uint32_t>(live_.size());
  }

  // Takers leave at least so many live: a number that goes evenly from the present one to `live`.
  void run(std::size_t orders, std::size_t live_at_end) {
    const std::size_t live_at_start = live_.size();
    for (std::size_t i = 0; i < orders; ++i) {
      wanted_ = live_at_start + (live_at_end - live_at_start) * i / orders;
      const std::uint64_t kind = random_() % 100;
      kind < 60 ? add() : kind < 90 ? cancel() : take();
      const auto live = static_cast<std::uint32_t>(live_.size());
      flow_.live_least = std::min(flow_.live_least, live);
      flow_.live_most = std::max(flow_.live_most, live);
    }
  }

  BookFlow finish() {
    flow_.slots = slots_;
    return std::move(flow_);
  }

 private:
  std::uint32_t any_instrument() {
    return static_cast<std::uint32_t>(random_() % flow_.instruments);
  }

  void add() {
    Order order = new_order();
    const std::size_t instrument = index_of(order.instrument);
    std::int64_t& middle = middle_[instrument];
    if (random_() % steps_every == 0) middle += random_() % 2 == 0 ? 1 : -1;
    const auto distance = static_cast<std::int64_t>(1 + random_() % spread_ticks);
    const bool buy = order.side == Side::buy;
    order.price = {buy ? middle - distance : middle + distance};
    // Passive also where the middle has walked past what rests.
    const auto& others = book_[instrument].side(opposite(order.side));
    if (!others.empty()) {
      const std::int64_t best = std::abs(others.begin()->first);
      order.price.value =
          buy ? std::min(order.price.value, best - 1) : std::max(order.price.value, best + 1);
    }
    order.quantity = {static_cast<std::int64_t>(1 + random_() % 1000)};
    tell(order, FlowKind::add);
  }

  void take() {
    Order order = new_order();
    const auto& makers = book_[index_of(order.instrument)].side(opposite(order.side));
    if (makers.empty()) {
      give(order.order);
      return add();
    }
    // A maker is taken whole while more are live than wanted; the first in any case by one lot.
    std::uint64_t levels = 1 + random_() % 3;
    std::size_t live = live_.size();
    for (auto level = makers.begin(); level != makers.end() && levels > 0; ++level, --levels) {
      order.price = {std::abs(level->first)};
      for (const MapBook::Resting& maker : level->second) {
        if (live <= wanted_) {
          levels = 1;
          break;
        }
        order.quantity += maker.open;
        --live;
      }
    }
    if (order.quantity == Quantity{0}) order.quantity = {1};
    order.time_in_force = TimeInForce::ioc;
    tell(order, FlowKind::take);
    give(order.order);
  }

  void cancel() {
    if (live_.empty()) return add();
    const Live live = live_[random_() % live_.size()];
    Order order;
    order.kind = CommandKind::cancel;
    order.order = live.order;
    order.instrument = InstrumentId{live.instrument};
    tell(order, FlowKind::cancel);
  }

  Order new_order() {
    Order order;
    order.kind = CommandKind::new_order;
    order.instrument = InstrumentId{any_instrument()};
    order.side = random_() % 2 == 0 ? Side::buy : Side::sell;
    order.order = next();
    return order;
  }

  void tell(Order& order, FlowKind kind) {
    order.sequence = flow_.orders.size() + 1;
    order.slots = 1;
    flow_.orders.push_back(order);
    flow_.kinds.push_back(kind);
    const std::uint32_t instrument = index_of(order.instrument);
    book_[instrument].apply(order, [&](const Event& event) {
      if (event.kind == EventKind::fill) {
        ++flow_.fills;
        flow_.quantity_filled += event.quantity;
      }
      if (event.kind == EventKind::rested) {
        place_[slot_of(event.order)] = static_cast<std::uint32_t>(live_.size());
        live_.push_back({event.order, instrument});
      } else if (event.kind == EventKind::canceled ? order.kind == CommandKind::cancel
                                                   : event.remaining == Quantity{0}) {
        const std::uint32_t place = place_[slot_of(event.order)];
        live_[place] = live_.back();
        place_[slot_of(live_[place].order)] = place;
        live_.pop_back();
        give(event.order);
      }
    });
  }

  // Order numbers as risk hands them out: the slot that came free last.
  OrderId next() {
    if (free_.empty()) {
      free_.push_back(slots_++);
      generation_.push_back(0);
      place_.push_back(0);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return order_id(slot, ++generation_[slot]);
  }
  void give(OrderId order) { free_.push_back(slot_of(order)); }

  struct Live {
    OrderId order;
    std::uint32_t instrument;
  };

  std::mt19937_64 random_;
  std::vector<MapBook> book_;
  std::vector<std::int64_t> middle_;
  std::vector<Live> live_;
  std::vector<std::uint32_t> place_;  // In live_, by slot.
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> generation_;
  std::uint32_t slots_ = 0;
  std::size_t wanted_ = 0;  // Live.
  BookFlow flow_;
};

}  // namespace

BookFlow flow_a(std::size_t orders) {
  Maker maker("A", 1, 1);
  maker.fill_to(10'000);
  maker.run(orders, 10'000);
  return maker.finish();
}

BookFlow flow_b(std::size_t orders) {
  Maker maker("B", 100, 2);
  maker.fill_to(100'000);
  maker.run(orders, 260'000);
  return maker.finish();
}

}  // namespace basalt::bench
