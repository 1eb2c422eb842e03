// How far a taker gets: what it could trade at once, and where self-trade prevention stops it.
#include <algorithm>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

// Could it trade `wanted` at once? Where what is shown within its limit is too little, and nothing
// hides, nobody looks at single orders.
bool OrderBook::fills(const Incoming& incoming, Quantity wanted,
                      const BookMemory& memory) const noexcept {
  const Side side = opposite(incoming.side);
  const Levels& makers = levels_[side];
  const Rank limit = rank_of(side, incoming.limit);
  Quantity found = reserve_[side];
  for (Rank rank = makers.best(); rank >= limit && rank != no_rank && found < wanted;
       rank = makers.next_worse(memory, rank)) {
    found += makers.find(memory, rank)->quantity;
  }
  if (found < wanted) return false;
  const bool one_by_one = self_trade_prevention(incoming.flags) != SelfTradePrevention::off ||
                          reserve_[side] > Quantity{0};
  return !one_by_one || fills_one_by_one(incoming, wanted, memory);
}

// Order by order, with what they do not show; at one price what hides last. Orders of its own
// account are passed over where they would be cancelled for the incoming one to go on, and are the
// end otherwise: before it come the parts that the others of its level show, and no further ones.
bool OrderBook::fills_one_by_one(const Incoming& incoming, Quantity wanted,
                                 const BookMemory& memory) const noexcept {
  const Side side = opposite(incoming.side);
  const Rank limit = rank_of(side, incoming.limit);
  const SelfTradePrevention prevention = self_trade_prevention(incoming.flags);
  Quantity found;
  bool ended = false;
  const auto own = [&](const RestingOrder& maker) {
    return prevention != SelfTradePrevention::off && is_own(incoming, maker.account(), memory);
  };
  const auto count = [&](const Level& level) {
    Quantity shown;
    Quantity whole;
    memory.each_order(level, [&](std::uint32_t slot, const RestingOrder& maker) {
      if (own(maker)) ended = ended || prevention != SelfTradePrevention::oldest;
      if (ended || own(maker)) return;
      shown += maker.open();
      whole += memory.open(slot);
    });
    if (ended && shown < whole) BASALT_REACHED("a reserve stands before an own order");
    found += ended ? shown : whole;
  };
  PricedPegs pegs = priced_pegs(side, memory);
  for (Rank rank = std::max(best_rank(side), pegs.best());
       rank >= limit && rank != no_rank && !ended;
       rank = std::max(next_worse(side, rank, memory), pegs.best())) {
    for (const Levels* makers : {&levels_[side], &hidden_[side]}) {
      const Level* level = makers->find(memory, rank);
      if (level != nullptr && !ended) count(*level);
    }
    for (; pegs.best() == rank && !ended; pegs.pass()) {
      const RestingOrder& peg = memory.order(pegs.slot());
      if (!own(peg)) found += peg.open();
      ended = own(peg) && prevention != SelfTradePrevention::oldest;
    }
    if (found < wanted) continue;
    if (hides(side)) BASALT_REACHED("what must trade at once can with what hides");
    return true;
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
  const Link place = levels_[opposite(incoming.side)].best_level();
  Quantity found;
  for (Link link = memory.level(place).links.next; link != place && found < wanted;
       link = memory.links(link).next) {
    const RestingOrder& maker = memory.order(memory.slot_at(link));
    if (is_own(incoming, maker.account(), memory)) break;
    found += maker.open();
  }
  return std::min(found, wanted);
}

Left OrderBook::prevent_self_trade(const Order& command, const Incoming& incoming, Quantity open,
                                   std::uint32_t slot, BookMemory& memory,
                                   EventOutlet& out) noexcept {
  const Quantity maker_open = memory.open(slot);
  if (memory.order(slot).account() != incoming.account) {
    BASALT_REACHED("self-trade prevention finds another account of the firm");
  }
  const auto cancel_of_maker = [&](Quantity quantity) {
    emit_canceled(command, slot, memory, quantity, CancelReason::self_match, out);
    if (quantity == maker_open) return remove(slot, memory);
    memory.add_executed(slot, quantity);
    if ((memory.order(slot).flags() & flag_instructed) != 0) {
      memory.details(slot).executed += quantity;  // That is no trade.
    }
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

}  // namespace basalt::matching
