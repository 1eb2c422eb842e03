// Orders that show nothing. They stand in levels of their own, so that whoever meets none of them
// looks at what is shown alone: on a side where reserve() is 0, nothing hides.
#include <algorithm>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

// Those that an order in the book stands in.
Levels& OrderBook::levels_of(std::uint32_t slot, const BookMemory& memory) noexcept {
  const RestingOrder& order = memory.order(slot);
  if ((order.flags() & flag_waiting) != 0) return stops(order.side());
  return memory.hides(slot) ? hidden(order.side()) : levels(order.side());
}

// What hides on the other side is better than all that it shows: from its best level, as match()
// does from one that is shown, up to the end of that level.
OrderBook::Left OrderBook::take_hidden(const Order& command, const Incoming& incoming,
                                       Quantity open, BookMemory& memory,
                                       EventOutlet& out) noexcept {
  const Side side = opposite(incoming.side);
  const bool prevents = self_trade_prevention(incoming.flags) != SelfTradePrevention::off;
  const Levels& makers = hidden(side);
  const Rank rank = makers.best();
  const Price price = price_of(side, rank);
  bool traded = false;
  Left left{open};
  while (left.open > Quantity{0} && !left.prevented && makers.best() == rank) {
    const std::uint32_t slot = memory.slot_at(memory.level(makers.best_level()).links.next);
    const RestingOrder& maker = memory.order(slot);
    if (prevents && is_own(incoming, maker.account(), memory)) {
      BASALT_REACHED("self-trade prevention finds an order that hides");
      left = prevent_self_trade(command, incoming, left.open, slot, memory, out);
      continue;
    }
    const Quantity quantity = std::min(left.open, maker.open());
    emit(command, EventKind::fill, order_id(slot, maker.generation), side, maker.account(), price,
         quantity, maker.open() - quantity, detail_hidden, out);
    BASALT_REACHED("an order that hides trades");
    if (quantity < maker.open()) BASALT_REACHED("a taker leaves a part of an order that hides");
    last_trade_ = price;
    traded = true;
    left.open -= quantity;
    lower_oldest(command, slot, quantity, memory, out);
  }
  if (traded) traded_from(price);
  return left;
}

}  // namespace basalt::matching
