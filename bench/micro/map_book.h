// The textbook book, to compare with: a std::map of levels, a std::list of orders in each, and a
// std::unordered_map from order number to place. Does what the flows ask and nothing else.
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
    AccountId account;
    Side side;
    Price price;
    Quantity open;
  };
  // Keys are ranks: a lower one is a better price on either side.
  using Levels = std::map<std::int64_t, std::list<Resting>>;

  // `emit` takes each event.
  template <typename Emit>
  void apply(const Order& order, Emit emit) {
    if (order.kind == CommandKind::cancel) return cancel(order, emit);
    Quantity open = order.quantity;
    Levels& makers = side_[static_cast<std::size_t>(opposite(order.side))];
    while (open > Quantity{0} && !makers.empty()) {
      const auto level = makers.begin();
      if (rank_of(order.side, order.price) > -level->first) break;
      Resting& maker = level->second.front();
      const Quantity quantity = std::min(open, maker.open);
      open -= quantity;
      maker.open -= quantity;
      emit(event_of(order, EventKind::fill, maker, quantity));
      if (maker.open > Quantity{0}) break;
      place_.erase(index_of(maker.order));
      level->second.pop_front();
      if (level->second.empty()) makers.erase(level);
    }
    if (open == Quantity{0}) return;
    const Resting resting{order.order, order.account, order.side, order.price, open};
    if (order.time_in_force == TimeInForce::ioc) {
      return emit(event_of(order, EventKind::canceled, resting, open));
    }
    auto& level = side_[static_cast<std::size_t>(order.side)][rank_of(order.side, order.price)];
    place_[index_of(order.order)] = level.insert(level.end(), resting);
    emit(event_of(order, EventKind::rested, resting, open));
  }

  [[nodiscard]] const Levels& side(Side side) const {
    return side_[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] std::size_t live() const { return place_.size(); }

 private:
  static std::int64_t rank_of(Side side, Price price) {
    return side == Side::buy ? -price.value : price.value;
  }
  static Event event_of(const Order& command, EventKind kind, const Resting& order,
                        Quantity quantity) {
    Event event;
    event.sequence = command.sequence;
    event.kind = kind;
    event.instrument = command.instrument;
    event.order = order.order;
    event.account = order.account;
    event.side = order.side;
    event.price = order.price;
    event.quantity = quantity;
    event.remaining = order.open;
    return event;
  }

  template <typename Emit>
  void cancel(const Order& command, Emit emit) {
    const auto found = place_.find(index_of(command.order));
    if (found == place_.end()) return;
    const auto place = found->second;
    emit(event_of(command, EventKind::canceled, *place, place->open));
    Levels& levels = side_[static_cast<std::size_t>(place->side)];
    const auto level = levels.find(rank_of(place->side, place->price));
    level->second.erase(place);
    if (level->second.empty()) levels.erase(level);
    place_.erase(found);
  }

  Levels side_[2];
  std::unordered_map<std::uint64_t, std::list<Resting>::iterator> place_;
};

}  // namespace basalt::bench
