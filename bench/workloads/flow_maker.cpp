#include "bench/workloads/flow_maker.h"

#include <algorithm>
#include <utility>

namespace basalt::bench {
namespace {

FlowKind kind_of(const Order& order, bool filled, bool stale) {
  if (stale) return FlowKind::stale;
  switch (order.kind) {
    case CommandKind::new_order:
      return filled || order.time_in_force == TimeInForce::ioc ? FlowKind::take : FlowKind::add;
    case CommandKind::replace:
      return FlowKind::replace;
    default:
      return FlowKind::cancel;
  }
}

bool enters(const Order& order) {
  return order.kind == CommandKind::new_order || order.kind == CommandKind::replace;
}

}  // namespace

FlowMaker::FlowMaker(std::string name, std::uint32_t instruments) : book_(instruments) {
  flow_.name = std::move(name);
  flow_.ranges.resize(instruments);
}

void FlowMaker::add(Key key, const Wanted& wanted) {
  if (asked_.size() <= key) asked_.resize(std::size_t{key} + 1);
  Order order;
  order.kind = CommandKind::new_order;
  order.order = next();
  order.side = wanted.side;
  order.time_in_force = wanted.ioc ? TimeInForce::ioc : TimeInForce::day;
  order.price = wanted.price;
  order.quantity = wanted.quantity;
  asked_[key] = {order.order, wanted.instrument, 0, wanted.price, wanted.quantity};
  tell(order, key);
}

void FlowMaker::cancel(Key key) {
  Order order;
  order.kind = CommandKind::cancel;
  order.order = asked_[key].order;
  tell(order, key);
}

void FlowMaker::reduce(Key key, Quantity total) {
  Order order;
  order.kind = CommandKind::reduce;
  order.order = asked_[key].order;
  order.quantity = total;
  tell(order, key);
}

void FlowMaker::replace(Key key, Price move, Quantity raise) {
  const Asked& asked = asked_[key];
  Order order;
  order.kind = CommandKind::replace;
  order.order = next();
  order.original = asked.order;
  order.price = asked.price + move;
  order.quantity = asked.total + raise;
  tell(order, key);
}

void FlowMaker::tell(Order order, Key key) {
  Asked& asked = asked_[key];
  order.sequence = flow_.orders.size() + 1;
  order.slots = 1;
  order.time = time_;
  order.instrument = InstrumentId{asked.instrument};
  flow_.orders.push_back({order});
  bool rested = false;
  bool filled = false;
  bool stale = false;
  book_[asked.instrument].apply(order, [&](const Event& event) {
    ++flow_.reports;
    switch (event.kind) {
      case EventKind::fill:
        filled = true;
        ++flow_.fills;
        flow_.quantity_filled += event.quantity;
        if (event.remaining == Quantity{0}) leaves(event.order);
        break;
      case EventKind::canceled:
        if (!enters(order) && event.remaining == Quantity{0}) leaves(event.order);
        break;
      case EventKind::replaced:
        leaves(event.order);
        asked.order = order.order;
        asked.price = order.price;
        asked.total = order.quantity;
        break;
      case EventKind::rested:
        rested = true;
        rests(event, key);
        break;
      default:
        stale = true;
        break;
    }
  });
  if (enters(order) && !rested) give(order.order);
  flow_.kinds.push_back(kind_of(order, filled, stale));
  const auto live = static_cast<std::uint32_t>(live_.size());
  flow_.live_least = std::min(flow_.live_least, live);
  flow_.live_most = std::max(flow_.live_most, live);
}

void FlowMaker::rests(const Event& event, Key key) {
  key_of_[slot_of(event.order)] = key;
  asked_[key].place = static_cast<std::uint32_t>(live_.size());
  live_.push_back(key);
  Flow::Range& range = flow_.ranges[index_of(event.instrument)];
  range.low_ticks = std::min(range.low_ticks, event.price.value);
  range.high_ticks = std::max(range.high_ticks, event.price.value);
}

void FlowMaker::leaves(OrderId order) {
  const std::uint32_t place = asked_[key_of_[slot_of(order)]].place;
  live_[place] = live_.back();
  asked_[live_[place]].place = place;
  live_.pop_back();
  give(order);
}

// Order numbers as risk hands them out.
OrderId FlowMaker::next() {
  if (free_.empty()) {
    free_.push_back(flow_.slots++);
    generation_.push_back(0);
    key_of_.push_back(0);
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return order_id(slot, ++generation_[slot]);
}

void FlowMaker::begin_timing() noexcept {
  flow_.first_timed = flow_.orders.size();
  flow_.live_least = flow_.live_most = static_cast<std::uint32_t>(live_.size());
}

Flow FlowMaker::finish() {
  return std::move(flow_);
}

}  // namespace basalt::bench
