// What an order must ask for: to slide, quantities that must trade at once, self-trade prevention,
// reserves, stops, an end of its own.
#include <algorithm>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

void OrderBook::new_order(const Order& command, const Instructions& instructions,
                          BookMemory& memory, EventOutlet& out) noexcept {
  BASALT_ASSERT(memory.order(slot_of(command.order)).generation == 0);
  BASALT_ASSERT(instructions.display >= Quantity{0});
  BASALT_ASSERT(instructions.min_quantity >= Quantity{0});
  BASALT_ASSERT(instructions.min_quantity <= command.quantity);
  BASALT_ASSERT(instructions.expiry == no_time || instructions.expiry > command.time);
  Incoming incoming = incoming_of(command);
  incoming.details = {instructions.display,      {},
                      instructions.min_quantity, instructions.stop,
                      instructions.expiry,       command.sequence,
                      command.instrument};
  if (instructions.stop != no_price && !reached(command.side, instructions.stop)) {
    const Reject reject = check_stop(incoming, Quantity{0}, memory);
    if (reject != Reject::none) return emit_rejected(command, reject, out);
    return wait(command, incoming, memory, out);
  }
  incoming.flags = flags_in_market(incoming);
  enter(command, incoming, memory, out);
}

// Once an order does not wait, only a reserve or an expiry makes it one with details in the book: a
// quantity that must trade at once matters no more when it rests.
std::uint16_t OrderBook::flags_in_market(const Incoming& incoming) noexcept {
  unsigned flags = incoming.flags & ~unsigned{flag_waiting};
  const Details& details = incoming.details;
  if (details.display == Quantity{0} && details.expiry == no_time) {
    flags &= ~unsigned{flag_instructed};
  }
  return static_cast<std::uint16_t>(flags);
}

// A post-only order that slides rests one tick short of the best that it would cross, which is the
// better price for its owner. Not where the venue takes no such price, and not a stop: when it
// triggers, its owner was told its price long ago.
Price OrderBook::slid(const Incoming& incoming) const noexcept {
  const Price limit = incoming.limit;
  const bool collared =
      !gathers_ && refuses_beyond() && (limit < collar_low_ || limit > collar_high_);
  if (takes_only(incoming) || incoming.details.stop != no_price || collared ||
      !crosses(incoming.side, limit)) {
    return limit;
  }
  constexpr Price tick{1};
  const Price crossed = best(opposite(incoming.side));
  const Price short_of = incoming.side == Side::buy ? crossed - tick : crossed + tick;
  if (short_of == no_price || short_of > rules_.price_max) {
    BASALT_REACHED("an order has nowhere to slide");
    return limit;
  }
  BASALT_REACHED("a post-only order slides");
  return short_of;
}

// Could it trade `wanted` at once?
bool OrderBook::fills(const Incoming& incoming, Quantity wanted,
                      const BookMemory& memory) const noexcept {
  const Side side = opposite(incoming.side);
  if (self_trade_prevention(incoming.flags) != SelfTradePrevention::off ||
      reserve(side) > Quantity{0}) {
    return fills_one_by_one(incoming, wanted, memory);
  }
  const Levels& makers = levels(side);
  const Rank limit = rank_of(side, incoming.limit);
  Quantity found;
  for (Rank rank = makers.best(); rank >= limit && rank != no_rank;
       rank = makers.next_worse(memory, rank)) {
    found += makers.find(memory, rank)->quantity;
    if (found >= wanted) return true;
  }
  return false;
}

// Order by order, with what they do not show. Orders of its own account are passed over where they
// would be cancelled for the incoming one to go on, and are the end otherwise.
bool OrderBook::fills_one_by_one(const Incoming& incoming, Quantity wanted,
                                 const BookMemory& memory) const noexcept {
  const Side side = opposite(incoming.side);
  const Levels& makers = levels(side);
  const Rank limit = rank_of(side, incoming.limit);
  const SelfTradePrevention prevention = self_trade_prevention(incoming.flags);
  Quantity found;
  bool ended = false;
  for (Rank rank = makers.best(); rank >= limit && rank != no_rank && !ended;
       rank = makers.next_worse(memory, rank)) {
    memory.each_order(*makers.find(memory, rank), [&](std::uint32_t slot, const auto& maker) {
      const bool own =
          prevention != SelfTradePrevention::off && is_own(incoming, maker.account(), memory);
      if (!own && !ended) found += memory.open(slot);
      ended = ended || (own && prevention != SelfTradePrevention::oldest);
    });
    if (found >= wanted) return true;
  }
  return false;
}

bool OrderBook::is_own(const Incoming& incoming, AccountId maker,
                       const BookMemory& memory) noexcept {
  const bool by_firm = (incoming.flags & flag_by_firm) != 0;
  return by_firm ? memory.same_firm(incoming.account, maker) : maker == incoming.account;
}

// Of `wanted`, what the best level of the other side shows before the first order of its own there.
// No further: what hides more at this level comes before all others. It looks only at what is taken
// next, so a sweep looks at each part of an order once.
Quantity OrderBook::shown_before_own(const Incoming& incoming, Quantity wanted,
                                     const BookMemory& memory) const noexcept {
  const Link place = levels(opposite(incoming.side)).best_level();
  Quantity found;
  for (Link link = memory.level(place).links.next; link != place && found < wanted;
       link = memory.links(link).next) {
    const RestingOrder& maker = memory.order(memory.slot_at(link));
    if (is_own(incoming, maker.account(), memory)) break;
    found += maker.open();
  }
  return std::min(found, wanted);
}

OrderBook::Left OrderBook::prevent_self_trade(const Order& command, const Incoming& incoming,
                                              Quantity open, std::uint32_t slot, BookMemory& memory,
                                              EventOutlet& out) noexcept {
  const Quantity maker_open = memory.open(slot);
  if (memory.order(slot).account() != incoming.account) {
    BASALT_REACHED("self-trade prevention finds another account of the firm");
  }
  const auto cancel_of_maker = [&](Quantity quantity) {
    emit_canceled(command, slot, memory, quantity, CancelReason::self_match, out);
    if (quantity == maker_open) return remove(slot, memory);
    memory.add_executed(slot, quantity);
    take_away(slot, quantity, memory);
  };
  switch (self_trade_prevention(incoming.flags)) {
    case SelfTradePrevention::off:
      break;
    case SelfTradePrevention::newest:
      BASALT_REACHED("self-trade prevention cancels the newest");
      return {open, true};
    case SelfTradePrevention::oldest:
      BASALT_REACHED("self-trade prevention cancels the oldest");
      cancel_of_maker(maker_open);
      return {open, false};
    case SelfTradePrevention::both:
      BASALT_REACHED("self-trade prevention cancels both");
      cancel_of_maker(maker_open);
      return {open, true};
    case SelfTradePrevention::decrement: {
      BASALT_REACHED("self-trade prevention decrements");
      const Quantity both = std::min(open, maker_open);
      cancel_of_maker(both);
      open -= both;
      emit(command, EventKind::canceled, incoming.order, incoming.side, incoming.account,
           incoming.limit, both, open, static_cast<std::uint8_t>(CancelReason::self_match), out);
      return {open, false};
    }
  }
  BASALT_ASSERT(false && "an order without prevention meets its own");
  return {open, true};
}

// The order is the first of its level, which match() is taking from: those before it are gone, and
// the level learns of its new first when match() is done with it.
Link OrderBook::show_anew(const Order& command, std::uint32_t slot, Quantity filled,
                          BookMemory& memory, EventOutlet& out) noexcept {
  RestingOrder& order = memory.order(slot);
  Details& details = memory.details(slot);
  const Link next = order.links.next;
  if (details.reserve == Quantity{0}) {
    BASALT_REACHED("an order with details fills whole");
    give_details(slot, memory);
    order.generation = 0;  // I4
    return next;
  }
  memory.add_executed(slot, filled);
  const Quantity shown = std::min(details.display, details.reserve);
  memory.lower_reserve(slot, shown);
  reserve(order.side()) -= shown;
  levels(order.side()).add(shown);
  order.raise(shown);
  Level& level = memory.level(order.level);
  level.quantity += shown;
  emit(command, EventKind::restated, order_id(slot, order.generation), order.side(),
       order.account(), order.price(), shown, memory.open(slot), 0, out);
  const Link own = memory.link_of(slot);
  const Link youngest = level.links.previous;
  if (youngest == own) {
    BASALT_REACHED("a reserve order alone at its price shows anew");
    return own;
  }
  BASALT_REACHED("a reserve order goes to the back");
  memory.links(youngest).next = own;
  order.links = {order.level, youngest};
  level.links.previous = own;
  return next;
}

Reject OrderBook::check_details(const Incoming& incoming, const BookMemory& memory) noexcept {
  Details wanted = incoming.details;
  if (wanted.display > Quantity{0}) {
    wanted.reserve = std::max(incoming.open - wanted.display, Quantity{0});
    if (wanted.parts() > limits::reserve_parts_max) return Reject::invalid_max_floor;
  }
  return memory.has_room_for(wanted) ? Reject::none : Reject::open_orders_exceeded;
}

void OrderBook::rest_with_details(Incoming& incoming, Quantity shown, BookMemory& memory) noexcept {
  incoming.flags |= flag_instructed;
  Details kept = incoming.details;
  kept.reserve = incoming.open - shown;
  kept.min_quantity = Quantity{0};
  kept.stop = no_price;
  kept.next = kept.previous = none;
  reserve(incoming.side) += kept.reserve;
  const std::uint32_t slot = slot_of(incoming.order);
  memory.take_details(slot, kept);
  rest(incoming, shown, memory);
  if (ends_with_auction(incoming.time_in_force, incoming.flags)) list(slot, memory);
}

// Of an order that goes from the market.
void OrderBook::give_details(std::uint32_t slot, BookMemory& memory) noexcept {
  const RestingOrder& order = memory.order(slot);
  if (ends_with_auction(order.time_in_force(), order.flags())) unlist(slot, memory);
  memory.give_details(slot);
}

// Lowers an order that stays: what it does not show goes first.
void OrderBook::take_away(std::uint32_t slot, Quantity quantity, BookMemory& memory) noexcept {
  RestingOrder& order = memory.order(slot);
  if ((order.flags() & flag_instructed) != 0) {
    const Quantity hidden = std::min(memory.details(slot).reserve, quantity);
    memory.lower_reserve(slot, hidden);
    reserve(order.side()) -= hidden;
    quantity -= hidden;
  }
  BASALT_ASSERT(quantity < order.open());
  order.lower(quantity);
  const bool waits = (order.flags() & flag_waiting) != 0;
  if (waits && memory.details(slot).stop == no_price) {
    kept(order.side()) -= quantity;
    return;
  }
  memory.level(order.level).quantity -= quantity;
  (waits ? stops(order.side()) : levels(order.side())).add(-quantity);
}

// Takes an order out of the book, wherever it is.
void OrderBook::remove(std::uint32_t slot, BookMemory& memory) noexcept {
  RestingOrder& order = memory.order(slot);
  if ((order.flags() & flag_instructed) == 0) return unlink(order, memory);
  const Details& details = memory.details(slot);
  if ((order.flags() & flag_waiting) != 0) {
    if (details.stop == no_price) return give_kept(slot, memory);
    --stops_waiting_;
    unlink_from(stops(order.side()), stop_rank(order.side(), details.stop), order, memory);
    memory.give_details(slot);
  } else {
    reserve(order.side()) -= details.reserve;
    unlink(order, memory);
    give_details(slot, memory);
  }
}

// Like a cancel: also of a stop that waits, in every phase, and while an uncross is under way.
void OrderBook::expire(const Order& command, std::uint32_t slot, BookMemory& memory,
                       EventOutlet& out) noexcept {
  BASALT_ASSERT(memory.order(slot).time_in_force() == TimeInForce::gtd);
  if ((memory.order(slot).flags() & flag_waiting) != 0) BASALT_REACHED("a stop that waits expires");
  if (gathers_) BASALT_REACHED("an order expires in an auction");
  emit_canceled(command, slot, memory, memory.open(slot), CancelReason::expired, out);
  remove(slot, memory);
}

bool OrderBook::reached(Side side, Price stop) const noexcept {
  if (last_trade_ == no_price) return false;
  return side == Side::buy ? last_trade_ >= stop : last_trade_ <= stop;
}

// Whether there is room for a stop to wait. What it meets when it triggers shows then.
Reject OrderBook::check_stop(const Incoming& incoming, Quantity freed,
                             const BookMemory& memory) const noexcept {
  if (const Reject details = check_details(incoming, memory); details != Reject::none) {
    return details;
  }
  const bool has_room =
      memory.has_room(Levels::inners_wanted) &&
      stops(incoming.side).quantity() - freed + incoming.open <= limits::resting_max;
  return has_room ? Reject::none : Reject::open_orders_exceeded;
}

void OrderBook::wait(const Order& command, const Incoming& incoming, BookMemory& memory,
                     EventOutlet& out) noexcept {
  Incoming waiting = incoming;
  waiting.flags |= flag_waiting | flag_instructed;
  emit(command, EventKind::armed, incoming.order, incoming.side, incoming.account,
       incoming.details.stop, {}, incoming.open, 0, out);
  ++stops_waiting_;
  memory.take_details(slot_of(incoming.order), incoming.details);
  link(stops(incoming.side), stop_rank(incoming.side, incoming.details.stop), waiting,
       incoming.open, memory);
}

// Stops that trades have reached enter one by one: those of the side that came in first, then the
// other side's; the nearest stop price first; at one price the one that has waited longest. Each
// with what its own trades reach, until one of them starts an auction.
void OrderBook::trigger_stops(const Order& command, Side incoming, BookMemory& memory,
                              EventOutlet& out) noexcept {
  while (stops_waiting_ > 0 && !gathers_) {
    const bool own = reached_by_trades(incoming);
    if (!own && !reached_by_trades(opposite(incoming))) break;
    const Levels& side = stops(own ? incoming : opposite(incoming));
    trigger(command, memory.slot_at(memory.level(side.best_level()).links.next), memory, out);
  }
  trade_low_ = no_low;
  trade_high_ = no_price;
}

bool OrderBook::reached_by_trades(Side side) const noexcept {
  if (trade_high_ == no_price || stops(side).empty()) return false;
  return stops(side).best() >= stop_rank(side, side == Side::buy ? trade_high_ : trade_low_);
}

void OrderBook::emit_triggered(const Order& command, const Incoming& stop,
                               EventOutlet& out) noexcept {
  emit(command, EventKind::triggered, stop.order, stop.side, stop.account, stop.details.stop, {},
       stop.open, 0, out);
}

void OrderBook::trigger(const Order& command, std::uint32_t slot, BookMemory& memory,
                        EventOutlet& out) noexcept {
  Incoming incoming = take_out(slot, memory);
  emit_triggered(command, incoming, out);
  let_in(command, incoming, memory, out);
}

// An order that waits outside of the market, on its way into it.
OrderBook::Incoming OrderBook::take_out(std::uint32_t slot, BookMemory& memory) noexcept {
  const RestingOrder& order = memory.order(slot);
  Incoming incoming{order_id(slot, order.generation),
                    order.side(),
                    order.time_in_force(),
                    order.flags(),
                    order.account(),
                    order.price(),
                    order.open(),
                    memory.executed(slot),
                    memory.details(slot)};  // What waits has no reserve yet.
  incoming.flags = flags_in_market(incoming);
  remove(slot, memory);
  return incoming;
}

// It was accepted long ago: what would refuse an order cancels it.
void OrderBook::let_in(const Order& command, Incoming& incoming, BookMemory& memory,
                       EventOutlet& out) noexcept {
  const Price asked = incoming.limit;
  incoming.limit = has_bands() ? within_bands(incoming) : bounded(incoming);
  const Reject reject = check(incoming, Quantity{0}, memory);
  if (reject == Reject::none) {
    if (has_bands()) tell_repriced(command, incoming, asked, out);
    take_and_rest(command, incoming, memory, out);
    if (has_bands()) note_trade(command.time);
    return;
  }
  if (incoming.details.stop == no_price) {
    BASALT_REACHED("an order that was kept is not let in");
  } else {
    BASALT_REACHED("a stop that triggers is not let in");
  }
  const auto reason = reject == Reject::outside_collar ? CancelReason::collar
                      : reject == Reject::would_cross  ? CancelReason::post_only
                                                       : CancelReason::system;
  emit(command, EventKind::canceled, incoming.order, incoming.side, incoming.account,
       incoming.limit, incoming.open, {}, static_cast<std::uint8_t>(reason), out);
}

}  // namespace basalt::matching
