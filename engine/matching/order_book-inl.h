// The way of most commands, inlined: an order that asks for nothing special enters a book, where it
// trades or rests, and leaves it.
//
//   new_order ─► crosses nobody ─► rest_as_shown()
//             ├► takes_plainly() ─► take(): match() ─► what is left rests or goes
//             └► anything else   ─► new_order_in_full()
#pragma once

#include "engine/matching/order_book.h"

namespace basalt::matching {

inline bool OrderBook::crosses_at(Price price) const noexcept {
  return best_rank(Side::buy) >= rank_of(Side::buy, price) &&
         best_rank(Side::sell) >= rank_of(Side::sell, price);
}

inline bool OrderBook::hides(Side side) const noexcept {
  return not_shown_[side] > Quantity{0} && !(hidden_[side].empty() && pegs_[side].empty());
}

inline Rank OrderBook::next_worse(Side side, Rank rank, const BookMemory& memory) const noexcept {
  return std::max(levels_[side].next_worse(memory, rank), hidden_[side].next_worse(memory, rank));
}

inline Price OrderBook::best_limit(Side side) const noexcept {
  return price_of(side, best_rank(side));
}

inline bool OrderBook::crosses(Side taker, Price limit, const BookMemory& memory) const noexcept {
  const Side makers = opposite(taker);
  const Rank rank = rank_of(makers, limit);
  return levels_[makers].best() >= rank || (hides(makers) && best_unseen(makers, memory) >= rank);
}

inline bool OrderBook::fits(Side side, Quantity open, Quantity freed) const noexcept {
  return levels_[side].quantity() + not_shown_[side] - freed + open <= limits::resting_max;  // I5
}

inline bool OrderBook::has_room(Side side, Quantity open, Quantity freed,
                                const BookMemory& memory) const noexcept {
  return memory.has_room(Levels::inners_wanted) && fits(side, open, freed);
}

inline bool OrderBook::is_crossed() const noexcept {
  const Rank bid = best_rank(Side::buy);
  const Rank ask = best_rank(Side::sell);
  return bid != no_rank && ask != no_rank && price_of(Side::buy, bid) >= price_of(Side::sell, ask);
}

inline void OrderBook::link(Levels& side, Rank rank, const Incoming& incoming, Quantity shown,
                            BookMemory& memory) noexcept {
  BASALT_ASSERT(index_of(incoming.account) < limits::accounts_max);
  const Link place = side.make(memory, rank);
  const std::uint32_t slot = slot_of(incoming.order);
  const Link link = memory.link_of(slot);
  Level& level = memory.level(place);
  RestingOrder& order = memory.order(slot);
  const Link youngest = level.links.previous;
  order.links = {place, youngest};
  memory.links(youngest).next = link;
  level.links.previous = link;
  level.quantity += shown;
  order.generation = generation_of(incoming.order);
  order.level = place;
  order.set(incoming.side, incoming.time_in_force, incoming.flags, shown);
  order.set(incoming.limit, incoming.account);
  if (incoming.executed > Quantity{0}) memory.add_executed(slot, incoming.executed);
  side.add(shown);
}

inline void OrderBook::rest(const Incoming& incoming, Quantity shown, BookMemory& memory) noexcept {
  link(levels_[incoming.side], rank_of(incoming.side, incoming.limit), incoming, shown, memory);
}

// An order that shows all of itself comes to rest.
inline void OrderBook::rest_as_shown(const Order& command, const Incoming& incoming,
                                     BookMemory& memory, EventOutlet& out) noexcept {
  emit(command, EventKind::rested, incoming.order, incoming.side, incoming.account, incoming.limit,
       {}, incoming.open, 0, out, incoming.open);
  rest(incoming, incoming.open, memory);
}

// What is left of an order that came in goes.
inline void OrderBook::tell_rest_goes(const Order& command, const Incoming& incoming,
                                      const Left& left, EventOutlet& out) noexcept {
  if (left.open < incoming.open) BASALT_REACHED("what is left of a taker is canceled");
  const auto reason = left.prevented ? CancelReason::self_match : CancelReason::immediate;
  emit(command, EventKind::canceled, incoming.order, incoming.side, incoming.account,
       incoming.limit, left.open, {}, static_cast<std::uint8_t>(reason), out);
}

// `order` is what stands in the slot, or a copy of it.
inline void OrderBook::unlink_from(Levels& side, Rank rank, std::uint32_t slot,
                                   const RestingOrder& order, BookMemory& memory) noexcept {
  const Links links = order.links;
  memory.links(links.previous).next = links.next;
  memory.links(links.next).previous = links.previous;
  Level& level = memory.level(order.level);
  level.quantity -= order.open();
  side.add(-order.open());
  memory.order(slot).generation = 0;  // I4
  if (links.next != order.level && links.previous != order.level) {
    BASALT_REACHED("the middle of a level goes");
  }
  if (level.links.next == order.level && rank == side.best()) {
    BASALT_REACHED("the best level goes without a fill");
  }
  side.leave(memory, rank, order.level);
}

inline void OrderBook::unlink(std::uint32_t slot, const RestingOrder& order,
                              BookMemory& memory) noexcept {
  unlink_from(levels_[order.side()], rank_of(order.side(), order.price()), slot, order, memory);
}

// Meets an order that may trade at once only what stands on the other side for all to see, and its
// own?
inline bool OrderBook::takes_plainly(Side side, std::uint16_t flags) const noexcept {
  return (flags & (flag_post_only | flag_slide | flag_by_firm)) == 0 && !gathers_ && !has_bands() &&
         !moves_by_itself() && !hides(opposite(side));
}

inline void OrderBook::after_trades(const Order& command, Side incoming, BookMemory& memory,
                                    EventOutlet& out) noexcept {
  if ((stops_waiting_ | memory.partners()) != 0) [[unlikely]]
    change_others(command, incoming, memory, out);
}

// What it can, and the rest of it rests or goes.
[[gnu::always_inline]] inline void OrderBook::take(const Order& command, Incoming& incoming,
                                                   BookMemory& memory, EventOutlet& out) noexcept {
  Left left{incoming.open};
  const Side makers = opposite(incoming.side);
  if (levels_[makers].best() >= rank_of(makers, incoming.limit)) {
    left = match(command, incoming, memory, out);
  }
  if (left.open > Quantity{0}) {
    if (incoming.time_in_force == TimeInForce::ioc || left.prevented) {
      tell_rest_goes(command, incoming, left, out);
    } else {
      incoming.lower_to(left.open);
      rest_as_shown(command, incoming, memory, out);
    }
  }
  after_trades(command, incoming.side, memory, out);
}

[[gnu::always_inline]] inline void OrderBook::new_order(const Order& command, BookMemory& memory,
                                                        EventOutlet& out) noexcept {
  BASALT_ASSERT(memory.order(slot_of(command.order)).generation == 0);  // Risk hands out free ones.
  // Between 1 and the maximum.
  BASALT_ASSERT(static_cast<std::uint64_t>(command.quantity.value - 1) <
                static_cast<std::uint64_t>(limits::quantity_max.value));
  // Most orders: nothing to refuse, and nothing but price and time to look at.
  const bool rests = command.time_in_force <= TimeInForce::gtc;
  const bool plain = (command.flags & ~unsigned{harmless_}) == 0 &&
                     command.time_in_force <= TimeInForce::ioc && command.price >= collar_low_ &&
                     command.price <= collar_high_ &&
                     has_room(command.side, command.quantity, Quantity{0}, memory);
  if (plain && rests && !crosses(command.side, command.price, memory)) [[likely]] {
    return rest_as_shown(command, Incoming::of(command), memory, out);
  }
  if (!plain || !takes_plainly(command.side, command.flags)) {
    return new_order_in_full(command, memory, out);
  }
  Incoming incoming = Incoming::of(command);
  take(command, incoming, memory, out);
}

[[gnu::always_inline]] inline void OrderBook::cancel(const Order& command, BookMemory& memory,
                                                     EventOutlet& out) noexcept {
  if (!memory.is_live(command.order)) return emit_nothing(command, out);
  const std::uint32_t slot = slot_of(command.order);
  const RestingOrder& order = memory.order(slot);
  if ((order.flags() & flag_instructed) != 0) [[unlikely]]
    return cancel_in_full(command, memory, out);
  emit(command, EventKind::canceled, command.order, order.side(), order.account(), order.price(),
       order.open(), {}, static_cast<std::uint8_t>(cancel_reason(command.flags)), out,
       order.open());
  unlink(slot, order, memory);
}

}  // namespace basalt::matching
