// What is on the way of most commands, and so inlined: does an order cross, is there room for it,
// and how it gets into a level of a book, and out of it.
#pragma once

#include "engine/matching/order_book.h"

namespace basalt::matching {

inline bool OrderBook::crosses_at(Price price) const noexcept {
  return best_rank(Side::buy) >= rank_of(Side::buy, price) &&
         best_rank(Side::sell) >= rank_of(Side::sell, price);
}

inline bool OrderBook::hides(Side side) const noexcept {
  return reserve_[side] > Quantity{0} && !(hidden(side).empty() && pegs(side).empty());
}

inline Rank OrderBook::next_worse(Side side, Rank rank, const BookMemory& memory) const noexcept {
  return std::max(levels(side).next_worse(memory, rank), hidden(side).next_worse(memory, rank));
}

inline Price OrderBook::best_limit(Side side) const noexcept {
  return price_of(side, best_rank(side));
}

inline bool OrderBook::crosses(Side taker, Price limit, const BookMemory& memory) const noexcept {
  const Side makers = opposite(taker);
  const Rank rank = rank_of(makers, limit);
  return levels(makers).best() >= rank || (hides(makers) && best_unseen(makers, memory) >= rank);
}

inline bool OrderBook::has_room(Side side, Quantity open, Quantity freed,
                                const BookMemory& memory) const noexcept {
  return memory.has_room(Levels::inners_wanted) &&
         levels(side).quantity() + reserve_[side] - freed + open <= limits::resting_max;  // I5
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
  link(levels(incoming.side), rank_of(incoming.side, incoming.limit), incoming, shown, memory);
}

inline void OrderBook::unlink_from(Levels& side, Rank rank, RestingOrder& order,
                                   BookMemory& memory) noexcept {
  const Links links = order.links;
  memory.links(links.previous).next = links.next;
  memory.links(links.next).previous = links.previous;
  Level& level = memory.level(order.level);
  level.quantity -= order.open();
  side.add(-order.open());
  order.generation = 0;  // I4
  if (links.next != order.level && links.previous != order.level) {
    BASALT_REACHED("the middle of a level goes");
  }
  if (level.links.next == order.level && rank == side.best()) {
    BASALT_REACHED("the best level goes without a fill");
  }
  side.leave(memory, rank, order.level);
}

inline void OrderBook::unlink(RestingOrder& order, BookMemory& memory) noexcept {
  unlink_from(levels(order.side()), rank_of(order.side(), order.price()), order, memory);
}

}  // namespace basalt::matching
