#include "engine/matching/order_book.h"

#include <algorithm>

namespace basalt::matching {
namespace {

Event& emit(const Order& command, EventKind kind, EventOutlet& out) noexcept {
  Event& event = *out.claim();
  event = Event{};
  event.sequence = command.sequence;
  event.kind = kind;
  event.instrument = command.instrument;
  return event;
}

void emit_nothing(const Order& command, EventOutlet& out) noexcept {
  emit(command, EventKind::nothing, out).last = 1;
}

void emit_rejected(const Order& command, Reject reject, EventOutlet& out) noexcept {
  Event& event = emit(command, EventKind::rejected, out);
  event.order = command.order;
  event.account = command.account;
  event.side = command.side;
  event.detail = static_cast<std::uint8_t>(reject);
  event.last = 1;
}

// `quantity` went from the order, `remaining` stays.
void emit_canceled(const Order& command, OrderId order, const RestingOrder& resting,
                   Quantity quantity, CancelReason reason, EventOutlet& out) noexcept {
  Event& event = emit(command, EventKind::canceled, out);
  event.order = order;
  event.account = resting.account;
  event.side = resting.side;
  event.price = resting.price;
  event.quantity = quantity;
  event.remaining = resting.open - quantity;
  event.detail = static_cast<std::uint8_t>(reason);
  event.last = 1;
}

bool is_live(const BookMemory& memory, OrderId order) noexcept {
  BASALT_ASSERT(slot_of(order) < memory.order.size());
  // A free slot has generation 0, and so has no_order.
  return generation_of(order) != 0 &&
         memory.order[slot_of(order)].generation == generation_of(order);
}

// Time in force and market orders that never rest.
bool takes_only(TimeInForce time_in_force, std::uint16_t flags) noexcept {
  return time_in_force == TimeInForce::ioc || time_in_force == TimeInForce::fok ||
         (flags & flag_market) != 0;
}

}  // namespace

Price OrderBook::limit_of(const Order& command) const noexcept {
  // A market order trades up to its protection price, and never beyond the collar.
  if ((command.flags & flag_market) != 0) {
    return std::clamp(command.price, collar_low_, collar_high_);
  }
  return command.price;
}

bool OrderBook::crosses(Side taker, Price limit) const noexcept {
  return taker == Side::buy ? !asks_.empty() && asks_.best() <= limit
                            : !bids_.empty() && bids_.best() >= limit;
}

bool OrderBook::fills_whole(Side taker, Price limit, Quantity wanted,
                            const BookMemory& memory) const noexcept {
  const auto sum = [&](const auto& levels) {
    if (levels.empty()) return false;
    const Price stop{-1};
    Quantity found;
    for (Price price = levels.best(); price != stop && levels.at_least_as_good(price, limit);
         price = levels.next_worse(memory.levels, price, stop)) {
      found += levels.find(memory.levels, price)->quantity;
      if (found >= wanted) return true;
    }
    return false;
  };
  return taker == Side::buy ? sum(asks_) : sum(bids_);
}

// In order of precedence.
Reject OrderBook::check(const Order& command, Side side, Quantity open, Price limit, Quantity freed,
                        const BookMemory& memory) const noexcept {
  BASALT_ASSERT(open > Quantity{0});
  BASALT_ASSERT(open <= limits::quantity_max);
  if (limit < collar_low_ || limit > collar_high_) return Reject::outside_collar;
  if ((command.flags & flag_post_only) != 0 && crosses(side, limit)) return Reject::would_cross;
  if (takes_only(command.time_in_force, command.flags)) return Reject::none;
  const bool has_room = memory.levels.has_room(Levels<Side::buy>::inner_depth) &&
                        resting(side) - freed + open <= limits::resting_max;  // I5
  return has_room ? Reject::none : Reject::open_orders_exceeded;
}

void OrderBook::new_order(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  BASALT_ASSERT(memory.order[slot_of(command.order)].generation ==
                0);  // Risk hands out free slots.
  const Price limit = limit_of(command);
  const Reject reject = check(command, command.side, command.quantity, limit, Quantity{0}, memory);
  if (reject != Reject::none) return emit_rejected(command, reject, out);

  const Incoming incoming{command.order, limit,           command.quantity,
                          Quantity{},    command.account, command.time_in_force,
                          command.flags};
  command.side == Side::buy ? take_and_rest<Side::buy>(command, incoming, memory, out)
                            : take_and_rest<Side::sell>(command, incoming, memory, out);
  BASALT_VERIFY(bids_.empty() || asks_.empty() || bids_.best() < asks_.best());  // I1
}

template <Side taker>
void OrderBook::take_and_rest(const Order& command, Incoming incoming, BookMemory& memory,
                              EventOutlet& out) noexcept {
  const bool whole_or_none = incoming.time_in_force == TimeInForce::fok;
  if (!whole_or_none || fills_whole(taker, incoming.limit, incoming.open, memory)) {
    match<taker>(command, incoming, memory, out);
  } else {
    BASALT_REACHED("a fill-or-kill is killed");
  }
  if (incoming.open == Quantity{0}) return;

  const bool rests = !takes_only(incoming.time_in_force, incoming.flags);
  Event& event = emit(command, rests ? EventKind::rested : EventKind::canceled, out);
  event.order = incoming.order;
  event.account = incoming.account;
  event.side = taker;
  event.price = incoming.limit;
  event.last = 1;
  if (rests) {
    event.remaining = incoming.open;
    rest<taker>(incoming, memory);
  } else {
    if (incoming.executed > Quantity{0}) BASALT_REACHED("what is left of a taker is canceled");
    event.quantity = incoming.open;
    event.detail = static_cast<std::uint8_t>(CancelReason::immediate);
  }
}

template <Side taker>
void OrderBook::match(const Order& command, Incoming& incoming, BookMemory& memory,
                      EventOutlet& out) noexcept {
  constexpr Side maker_side = opposite(taker);
  auto& makers = levels<maker_side>();
  const Quantity wanted = incoming.open;
  Price price = no_price;
  while (incoming.open > Quantity{0} && !makers.empty() &&
         makers.at_least_as_good(makers.best(), incoming.limit)) {
    price = makers.best();
    Level& level = makers.at(memory.levels, price);
    std::uint32_t slot = level.head;
    do {
      RestingOrder& maker = memory.order[slot];
      const Quantity quantity = std::min(incoming.open, maker.open);
      incoming.open -= quantity;
      incoming.executed += quantity;
      maker.open -= quantity;
      maker.executed += quantity;
      level.quantity -= quantity;

      Event& event = emit(command, EventKind::fill, out);
      event.order = order_id(slot, maker.generation);
      event.account = maker.account;
      event.side = maker_side;
      event.price = price;
      event.quantity = quantity;
      event.remaining = maker.open;
      event.last = incoming.open == Quantity{0};

      if (maker.open > Quantity{0}) {
        BASALT_REACHED("a taker leaves a maker part filled");
        break;
      }
      maker.generation = 0;  // I4
      slot = maker.next;
    } while (incoming.open > Quantity{0} && slot != none);

    level.head = slot;
    if (slot == none) {
      BASALT_ASSERT(level.quantity == Quantity{0});  // I2
      level.tail = none;
      makers.drop(memory.levels, price);
      if (incoming.open > Quantity{0}) BASALT_REACHED("a sweep empties a level");
      if (makers.empty()) BASALT_REACHED("a sweep empties a side");
    } else {
      memory.order[slot].previous = none;
    }
  }
  if (price == no_price) return;
  resting(maker_side) -= wanted - incoming.open;
  traded_at(price);
}

template <Side side>
void OrderBook::rest(const Incoming& incoming, BookMemory& memory) noexcept {
  Level& level = levels<side>().make(memory.levels, incoming.limit);
  const std::uint32_t slot = slot_of(incoming.order);
  RestingOrder& order = memory.order[slot];
  order.generation = generation_of(incoming.order);
  order.next = none;
  order.previous = level.tail;
  order.account = incoming.account;
  order.open = incoming.open;
  order.executed = incoming.executed;
  order.price = incoming.limit;
  order.instrument = rules_.instrument;
  order.side = side;
  order.time_in_force = incoming.time_in_force;
  order.flags = incoming.flags;
  if (incoming.executed > Quantity{0}) BASALT_REACHED("what is left of a taker rests");
  if (level.tail == none) {
    level.head = slot;
  } else {
    memory.order[level.tail].next = slot;
  }
  level.tail = slot;
  level.quantity += incoming.open;
  resting(side) += incoming.open;
}

void OrderBook::unlink(std::uint32_t slot, BookMemory& memory) noexcept {
  RestingOrder& order = memory.order[slot];
  const auto from = [&](auto& levels) {
    Level& level = levels.at(memory.levels, order.price);
    level.quantity -= order.open;
    (order.previous == none ? level.head : memory.order[order.previous].next) = order.next;
    (order.next == none ? level.tail : memory.order[order.next].previous) = order.previous;
    if (order.previous != none && order.next != none) BASALT_REACHED("the middle of a level goes");
    if (level.head == none) {
      if (order.price == levels.best()) BASALT_REACHED("the best level goes without a fill");
      levels.drop(memory.levels, order.price);
    }
  };
  order.side == Side::buy ? from(bids_) : from(asks_);
  resting(order.side) -= order.open;
  order.generation = 0;  // I4
}

void OrderBook::cancel(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  if (!is_live(memory, command.order)) return emit_nothing(command, out);
  const RestingOrder& order = memory.order[slot_of(command.order)];
  const bool by_venue = (command.flags & flag_by_venue) != 0;
  emit_canceled(command, command.order, order, order.open,
                by_venue ? CancelReason::system : CancelReason::user, out);
  unlink(slot_of(command.order), memory);
}

void OrderBook::reduce(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  if (!is_live(memory, command.order)) return emit_nothing(command, out);
  RestingOrder& order = memory.order[slot_of(command.order)];
  const Quantity open_wanted = std::max(command.quantity - order.executed, Quantity{0});
  if (open_wanted >= order.open) return emit_nothing(command, out);

  const Quantity taken = order.open - open_wanted;
  emit_canceled(command, command.order, order, taken, CancelReason::user, out);
  if (open_wanted == Quantity{0}) {
    if (command.quantity > Quantity{0}) BASALT_REACHED("a total at or below what is executed");
    return unlink(slot_of(command.order), memory);
  }
  order.open = open_wanted;
  const auto lower = [&](auto& levels) { levels.at(memory.levels, order.price).quantity -= taken; };
  order.side == Side::buy ? lower(bids_) : lower(asks_);
  resting(order.side) -= taken;
}

void OrderBook::replace(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  if (!is_live(memory, command.original)) return emit_nothing(command, out);
  const std::uint32_t slot = slot_of(command.original);
  const RestingOrder original = memory.order[slot];
  const Quantity open = command.quantity - original.executed;

  // The new order inherits side, account and every instruction.
  Order inherited = command;
  inherited.time_in_force = original.time_in_force;
  inherited.flags = original.flags;
  const bool canceled_instead = command.verdict != Reject::none || open <= Quantity{0};
  const Reject reject = canceled_instead ? Reject::none
                                         : check(inherited, original.side, open, command.price,
                                                 original.open, memory);
  if (reject == Reject::would_cross || reject == Reject::open_orders_exceeded) {
    BASALT_REACHED("a replacement is refused");
    return emit_rejected(command, reject, out);  // Nothing is wrong with it: the original stands.
  }
  if (canceled_instead || reject != Reject::none) {
    BASALT_REACHED("a replacement takes its original with it");
    // OUCH 5.0, Replace: the original is live and the details are invalid, so the original goes.
    const auto reason = command.verdict == Reject::none && open <= Quantity{0}
                            ? CancelReason::user
                            : CancelReason::supervisory;
    emit_canceled(command, command.original, original, original.open, reason, out);
    return unlink(slot, memory);
  }

  Event& event = emit(command, EventKind::replaced, out);
  event.order = command.original;
  event.account = original.account;
  event.side = original.side;
  event.price = original.price;
  event.quantity = original.open;
  event.remaining = open;
  if (crosses(original.side, command.price)) BASALT_REACHED("a replacement crosses");
  unlink(slot, memory);
  const Incoming incoming{command.order,     command.price,    open,
                          original.executed, original.account, original.time_in_force,
                          original.flags};
  original.side == Side::buy ? take_and_rest<Side::buy>(command, incoming, memory, out)
                             : take_and_rest<Side::sell>(command, incoming, memory, out);
  BASALT_VERIFY(bids_.empty() || asks_.empty() || bids_.best() < asks_.best());  // I1
}

void OrderBook::traded_at(Price price) noexcept {
  last_trade_ = price;
  if (rules_.collar_ppm == 0) return;
  const Price width{
      static_cast<std::int64_t>(static_cast<int128>(price.value) * rules_.collar_ppm / 1'000'000)};
  collar_low_ = price - width;
  collar_high_ = std::min(price + width, limits::price_max);
}

void OrderBook::add_to_hash(const BookMemory& memory, StateHash& hash) const {
  for (const Side side : {Side::buy, Side::sell}) {
    each_level(side, memory, [&](Price price, const Level& level) {
      for (std::uint32_t slot = level.head; slot != none; slot = memory.order[slot].next) {
        const RestingOrder& order = memory.order[slot];
        hash.add(index_of(rules_.instrument));
        hash.add(side);
        hash.add(price);
        hash.add(index_of(order.account));
        hash.add(order.open);
        hash.add(order.executed);
        hash.add(order.time_in_force);
        hash.add(order.flags);
      }
    });
  }
  hash.add(last_trade_);
}

std::uint32_t OrderBook::assert_invariants(const BookMemory& memory) const {
  std::uint32_t orders = 0;
  BASALT_ASSERT(bids_.empty() || asks_.empty() || bids_.best() < asks_.best());  // I1
  for (const Side side : {Side::buy, Side::sell}) {
    Quantity side_sum;
    each_level(side, memory, [&](Price price, const Level& level) {
      Quantity sum;
      std::uint32_t previous = none;
      BASALT_ASSERT(level.head != none);  // I2
      for (std::uint32_t slot = level.head; slot != none; slot = memory.order[slot].next) {
        const RestingOrder& order = memory.order[slot];
        BASALT_ASSERT(order.generation != 0);  // I4
        BASALT_ASSERT(order.open > Quantity{0});
        BASALT_ASSERT(order.side == side);
        BASALT_ASSERT(order.price == price);
        BASALT_ASSERT(order.previous == previous);
        BASALT_ASSERT(order.instrument == rules_.instrument);
        sum += order.open;
        previous = slot;
        ++orders;
      }
      BASALT_ASSERT(level.tail == previous);
      BASALT_ASSERT(level.quantity == sum);
      side_sum += sum;
    });
    BASALT_ASSERT(resting(side) == side_sum);  // I5
    BASALT_ASSERT(side_sum <= limits::resting_max);
  }
  return orders;
}

}  // namespace basalt::matching
