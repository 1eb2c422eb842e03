// How an order gets into a level of a book, and out of it. On the way of most commands, so inlined.
#pragma once

#include "engine/matching/order_book.h"

namespace basalt::matching {

inline void OrderBook::link(Levels& side, Rank rank, const Incoming& incoming, Quantity shown,
                            BookMemory& memory) noexcept {
  BASALT_ASSERT(index_of(incoming.account) < limits::accounts_max);
  BASALT_VERIFY(incoming.flags >> 12 == 0);  // RestingOrder has room for no more.
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
  if (level.links.next == order.level) {
    if (rank == side.best()) BASALT_REACHED("the best level goes without a fill");
    side.drop(memory, rank, order.level);
  }
}

inline void OrderBook::unlink(RestingOrder& order, BookMemory& memory) noexcept {
  unlink_from(levels(order.side()), rank_of(order.side(), order.price()), order, memory);
}

}  // namespace basalt::matching
