// The textbook book: a std::map of levels, a std::list of orders in each, and a std::unordered_map
// from order number to place. Plays the flows while they are made, so that their maker knows what
// is live and what the answers are. Does what the flows ask and nothing else.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <unordered_map>

#include "engine/command.h"
#include "engine/event.h"
#include "engine/types.h"

namespace basalt::bench {

class MapBook {
 public:
  struct Resting {
    OrderId order;
    Side side;
    Price price;
    Quantity open;
    Quantity total;  // Executed quantity of the whole chain of replacements included.
  };
  // Keys are ranks: a lower one is a better price on either side.
  using Levels = std::map<std::int64_t, std::list<Resting>>;

  // `emit` takes each event, in the order and with the figures of the engine's.
  template <typename Emit>
  void apply(const Order& order, Emit emit) {
    switch (order.kind) {
      case CommandKind::new_order:
        return enter(order, {order.order, order.side, order.price, order.quantity, order.quantity},
                     emit);
      case CommandKind::cancel:
        return cancel(order, emit);
      case CommandKind::reduce:
        return reduce(order, emit);
      default:
        return replace(order, emit);
    }
  }

  [[nodiscard]] const Levels& side(Side side) const {
    return side_[static_cast<std::size_t>(side)];
  }

 private:
  static std::int64_t rank_of(Side side, Price price) {
    return side == Side::buy ? -price.value : price.value;
  }
  static Event event_of(const Order& command, EventKind kind, const Resting& order,
                        Quantity quantity, Quantity remaining) {
    Event event;
    event.sequence = command.sequence;
    event.kind = kind;
    event.instrument = command.instrument;
    event.order = order.order;
    event.side = order.side;
    event.price = order.price;
    event.quantity = quantity;
    event.remaining = remaining;
    return event;
  }

  // Takes what it can, and rests or drops the remainder.
  template <typename Emit>
  void enter(const Order& command, Resting incoming, Emit& emit) {
    Levels& makers = side_[static_cast<std::size_t>(opposite(incoming.side))];
    while (incoming.open > Quantity{0} && !makers.empty()) {
      const auto level = makers.begin();
      if (rank_of(incoming.side, incoming.price) > -level->first) break;
      Resting& maker = level->second.front();
      const Quantity quantity = std::min(incoming.open, maker.open);
      incoming.open -= quantity;
      maker.open -= quantity;
      emit(event_of(command, EventKind::fill, maker, quantity, maker.open));
      if (maker.open == Quantity{0}) erase(place_.find(index_of(maker.order)));
    }
    if (incoming.open == Quantity{0}) return;
    if (command.time_in_force == TimeInForce::ioc) {
      return emit(event_of(command, EventKind::canceled, incoming, incoming.open, {}));
    }
    auto& level =
        side_[static_cast<std::size_t>(incoming.side)][rank_of(incoming.side, incoming.price)];
    place_[index_of(incoming.order)] = level.insert(level.end(), incoming);
    emit(event_of(command, EventKind::rested, incoming, {}, incoming.open));
  }

  template <typename Emit>
  void cancel(const Order& command, Emit& emit) {
    const auto found = place_.find(index_of(command.order));
    if (found == place_.end()) return emit_nothing(command, emit);
    emit(event_of(command, EventKind::canceled, *found->second, found->second->open, {}));
    erase(found);
  }

  template <typename Emit>
  void reduce(const Order& command, Emit& emit) {
    const auto found = place_.find(index_of(command.order));
    if (found == place_.end()) return emit_nothing(command, emit);
    Resting& order = *found->second;
    const Quantity executed = order.total - order.open;
    const Quantity wanted = std::max(command.quantity - executed, Quantity{0});
    if (wanted >= order.open) return emit_nothing(command, emit);
    emit(event_of(command, EventKind::canceled, order, order.open - wanted, wanted));
    order.total -= order.open - wanted;
    order.open = wanted;
    if (wanted == Quantity{0}) erase(found);
  }

  template <typename Emit>
  void replace(const Order& command, Emit& emit) {
    const auto found = place_.find(index_of(command.original));
    if (found == place_.end()) return emit_nothing(command, emit);
    const Resting original = *found->second;
    const Quantity open = command.quantity - (original.total - original.open);
    emit(event_of(command, EventKind::replaced, original, original.open, open));
    erase(found);
    enter(command, {command.order, original.side, command.price, open, command.quantity}, emit);
  }

  template <typename Emit>
  static void emit_nothing(const Order& command, Emit& emit) {
    emit(event_of(command, EventKind::nothing, {}, {}, {}));
  }

  using Places = std::unordered_map<std::uint64_t, std::list<Resting>::iterator>;

  void erase(Places::iterator found) {
    const auto place = found->second;
    Levels& levels = side_[static_cast<std::size_t>(place->side)];
    const auto level = levels.find(rank_of(place->side, place->price));
    level->second.erase(place);
    if (level->second.empty()) levels.erase(level);
    place_.erase(found);
  }

  Levels side_[2];
  Places place_;
};

}  // namespace basalt::bench
