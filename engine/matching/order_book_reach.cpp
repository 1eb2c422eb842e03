// How far a taker gets: what it could trade at once, and where self-trade prevention stops it.
#include <algorithm>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

// Could it trade `wanted` at once? Where what is shown within its limit is too little, and nothing
// hides, nobody looks at single orders.
bool OrderBook::fills(const Order& command, const Incoming& incoming, Quantity wanted,
                      const BookMemory& memory) const noexcept {
  const Side side = opposite(incoming.side);
  const Levels& makers = levels_[side];
  const Rank limit = rank_of(side, incoming.limit);
  Quantity found = not_shown_[side];
  for (Rank rank = makers.best(); rank >= limit && rank != no_rank && found < wanted;
       rank = makers.next_worse(memory, rank)) {
    found += makers.find(memory, rank)->quantity;
  }
  if (found < wanted) return false;
  const bool one_by_one = self_trade_prevention(incoming.flags) != SelfTradePrevention::off ||
                          not_shown_[side] > Quantity{0};
  return !one_by_one || fills_one_by_one(command, incoming, wanted, memory);
}

// Order by order, with what they do not show; at one price what hides last. Orders of its own are
// passed over where they would be cancelled for the incoming one to go on, cost it as much where
// both would be lowered, and are the end otherwise: before it come the parts that the others of its
// level show, and no further ones.
bool OrderBook::fills_one_by_one(const Order& command, const Incoming& incoming, Quantity wanted,
                                 const BookMemory& memory) const noexcept {
  const Side side = opposite(incoming.side);
  const Rank limit = rank_of(side, incoming.limit);
  const SelfTradePrevention prevention = self_trade_prevention(incoming.flags);
  Quantity found;
  Quantity left = incoming.open;
  std::uint32_t decrements_left = memory.decrements_left(command.sequence);
  const auto take = [&](Quantity open) {
    const Quantity taken = std::min(left, open);
    found += taken;
    left -= taken;
  };
  // False: it is no order of its own.
  const auto pass_own = [&](std::uint32_t slot, const RestingOrder& maker) {
    const bool own =
        prevention != SelfTradePrevention::off && is_own(incoming, maker.account(), memory);
    if (own && prevention == SelfTradePrevention::decrement && decrements_left > 0) {
      --decrements_left;
      left -= std::min(left, memory.open(slot));
    } else if (own && prevention != SelfTradePrevention::oldest) {
      left = Quantity{0};
    }
    return own;
  };
  const auto count = [&](const Level& level) {
    Quantity not_shown;
    memory.each_order(level, [&](std::uint32_t slot, const RestingOrder& maker) {
      if (left == Quantity{0} || pass_own(slot, maker)) return;
      take(maker.open());
      not_shown += memory.open(slot) - maker.open();
    });
    if (found < wanted && left == Quantity{0} && not_shown > Quantity{0}) {
      BASALT_REACHED("a reserve stands before an own order");
    }
    take(not_shown);
  };
  PricedPegs pegs = priced_pegs(side, memory);
  for (Rank rank = std::max(best_rank(side), pegs.best());
       rank >= limit && rank != no_rank && found < wanted && left > Quantity{0};
       rank = std::max(next_worse(side, rank, memory), pegs.best())) {
    for (const Levels* makers : {&levels_[side], &hidden_[side]}) {
      if (const Level* level = makers->find(memory, rank)) count(*level);
    }
    for (; pegs.best() == rank && left > Quantity{0}; pegs.pass()) {
      const RestingOrder& peg = memory.order(pegs.slot());
      if (!pass_own(pegs.slot(), peg)) take(peg.open());
    }
  }
  if (found >= wanted && hides(side)) BASALT_REACHED("what must trade at once can with what hides");
  return found >= wanted;
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
      if (memory.decrements_left(command.sequence) == 0) {
        BASALT_REACHED("self-trade prevention has lowered all that one command may");
        return {open, true};
      }
      BASALT_REACHED("self-trade prevention decrements");
      memory.count_decrement(command.sequence);
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
