// Orders that show nothing: with a limit, or pegged to what is shown.
//
//   a taker ─► what is shown, up to where something hides at a better price ─► that ─► …
//   Tick ─► pegs that the market has moved on take what they meet
//
// They stand in levels of their own, so that whoever meets none of them looks at what is shown
// alone: on a side where not_shown_ is 0, nothing hides.
//
// A peg has no price but in the moment in which somebody asks. Nothing in memory moves when the
// market does; a taker works the prices out once, which a limit on their number bounds. What is
// shown never meets a peg: the middle rounds away from the other side, and an offset goes away from
// it.
#include <algorithm>
#include <utility>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

// Those that an order in the market stands in, by what it is.
const Levels& OrderBook::levels_of(Side side, const Details& details) const noexcept {
  return details.is_peg() ? pegs_[side] : details.hidden ? hidden_[side] : levels_[side];
}

Levels& OrderBook::levels_of(Side side, const Details& details) noexcept {
  return const_cast<Levels&>(std::as_const(*this).levels_of(side, details));
}

Levels& OrderBook::levels_of(std::uint32_t slot, const BookMemory& memory) noexcept {
  const RestingOrder& order = memory.order(slot);
  if ((order.flags() & flag_instructed) == 0) return levels_[order.side()];
  if ((order.flags() & flag_waiting) != 0) return stops_[order.side()];
  return levels_of(order.side(), memory.details(slot));
}

Rank OrderBook::rank_in_levels(Side side, Price price, const Details& details) noexcept {
  return details.is_peg() ? peg_rank : rank_of(side, price);
}

// The best that hides on the other side is better than all that it shows: from one order of it.
Left OrderBook::take_unseen(const Order& command, const Incoming& incoming, Quantity open,
                            PricedPegs& pegs, BookMemory& memory, EventOutlet& out) noexcept {
  const Side side = opposite(incoming.side);
  const Levels& with_limit = hidden_[side];
  const bool pegged = pegs.best() > with_limit.best();  // At one price these come last.
  const Price price = price_of(side, pegged ? pegs.best() : with_limit.best());
  const std::uint32_t slot =
      pegged ? pegs.slot() : memory.slot_at(memory.level(with_limit.best_level()).links.next);
  const RestingOrder& maker = memory.order(slot);
  Left left{open};
  if (self_trade_prevention(incoming.flags) != SelfTradePrevention::off &&
      is_own(incoming, maker.account(), memory)) {
    BASALT_REACHED("self-trade prevention finds an order that hides");
    left = prevent_self_trade(command, incoming, open, slot, memory, out);
  } else {
    const Quantity quantity = std::min(open, maker.open());
    BASALT_REACHED("an order that hides trades");
    if (pegged) BASALT_REACHED("a taker meets a peg");
    if (quantity < maker.open()) BASALT_REACHED("a taker leaves a part of an order that hides");
    emit(command, EventKind::fill, order_id(slot, maker.generation), side, maker.account(), price,
         quantity, maker.open() - quantity, detail_hidden, out);
    if (memory.details(slot).partner != no_order) memory.give_up_partner(slot);
    lower_or_remove(slot, quantity, memory);
    left.open -= quantity;
    left.traded = true;
    last_trade_ = price;
    traded_from(price);
  }
  if (pegged && maker.generation == 0) pegs.pass();
  return left;
}

// An order that hides loses `quantity`, which counts as executed.
void OrderBook::lower_or_remove(std::uint32_t slot, Quantity quantity,
                                BookMemory& memory) noexcept {
  lower_in_level(slot, quantity, memory);
  if (memory.order(slot).open() == Quantity{0}) return remove(slot, memory);
  memory.add_executed(slot, quantity);
}

// Of a side, or no_rank.
Rank OrderBook::best_unseen(Side side, const BookMemory& memory) const noexcept {
  Rank best = hidden_[side].best();
  each_peg_level(side, memory, [&](const Level& level) {
    memory.each_order(level, [&](std::uint32_t slot, const RestingOrder& peg) {
      const Price price = price_of_peg(side, memory.details(slot), peg.price());
      if (price != no_price) best = std::max(best, rank_of(side, price));
    });
  });
  return best;
}

// Or no_price: what it follows is not there, or is where the venue takes no price.
Price OrderBook::price_of_peg(Side side, const Details& peg, Price limit) const noexcept {
  if (phase_ != InstrumentState::open || gathers_ || empty(side)) return no_price;
  const bool buys = side == Side::buy;
  const std::int64_t offset = buys ? -peg.peg_offset : peg.peg_offset;
  Price price = best(side) + Price{offset};
  if (peg.price_type == PriceType::midpoint) {
    if (empty(opposite(side))) return no_price;
    const std::int64_t both = best(Side::buy).value + best(Side::sell).value;
    price = Price{(buys ? both : both + 1) / 2};
  }
  price = buys ? std::min(price, limit) : std::max(price, limit);
  const bool is_taken = price > no_price && price <= rules_.price_max && price >= collar_low_ &&
                        price <= collar_high_;
  return is_taken ? price : no_price;
}

PricedPegs OrderBook::priced_pegs(Side side, const BookMemory& memory) const noexcept {
  PricedPegs found;
  each_peg_level(side, memory, [&](const Level& level) {
    memory.each_order(level, [&](std::uint32_t slot, const RestingOrder& peg) {
      const Price price = price_of_peg(side, memory.details(slot), peg.price());
      if (price == no_price) return;
      const Rank rank = rank_of(side, price);
      std::uint32_t place = found.count++;
      for (; place > 0 && found.peg[place - 1].rank < rank; --place) {
        found.peg[place] = found.peg[place - 1];
      }
      found.peg[place] = {rank, slot};
    });
  });
  return found;
}

// In order of precedence.
Reject OrderBook::check_peg(const Incoming& incoming, Quantity freed,
                            const BookMemory& memory) const noexcept {
  if (gathers_ && (incoming.trades_at_once() || incoming.details->min_quantity > Quantity{0})) {
    return Reject::not_for_auction;
  }
  const Price price = price_of_peg(incoming.side, *incoming.details, incoming.limit);
  if ((incoming.flags & flag_post_only) != 0 && price != no_price &&
      crosses(incoming.side, price, memory)) {
    return Reject::would_cross;
  }
  if (!gathers_ && incoming.trades_at_once()) return Reject::none;
  const bool replaces = freed > Quantity{0};
  const std::uint32_t resting = pegs_resting_[incoming.side];
  if (resting == limits::pegs_max && !replaces) {
    BASALT_REACHED("a side takes no more pegs");
    return Reject::open_orders_exceeded;
  }
  if (!has_room(incoming.side, incoming.open, freed, memory)) return Reject::open_orders_exceeded;
  return check_details(incoming, memory);
}

void OrderBook::enter_peg(const Order& command, Incoming& incoming, BookMemory& memory,
                          EventOutlet& out) noexcept {
  BASALT_ASSERT(incoming.details->hidden);
  BASALT_ASSERT(incoming.details->stop == no_price);
  BASALT_ASSERT(incoming.details->peg_offset >= 0);
  const Reject reject = check_peg(incoming, Quantity{0}, memory);
  if (reject != Reject::none) return emit_rejected(command, reject, out);
  take_and_rest_peg(command, incoming, memory, out);
  if (has_bands()) note_trade(command.time);
  after_trades(command, incoming.side, memory, out);
}

// At its price of this moment it can meet only what hides. It starts no auction.
void OrderBook::take_and_rest_peg(const Order& command, Incoming& incoming, BookMemory& memory,
                                  EventOutlet& out) noexcept {
  const Price price = price_of_peg(incoming.side, *incoming.details, incoming.limit);
  const Quantity at_once = incoming.must_trade();
  bool rests = gathers_ || !incoming.trades_at_once();
  Incoming taker = incoming;
  taker.limit = price;
  if (price == no_price) {
    BASALT_REACHED("a peg comes in and has no price");
  } else if (moves_by_itself()) {
    taker = within_collar(taker);
  }
  const bool takes = price != no_price && crosses(taker.side, taker.limit, memory);
  Left left{incoming.open};
  if (at_once > Quantity{0} && !(takes && fills(command, taker, at_once, memory))) {
    rests = false;
  } else if (takes) {
    BASALT_REACHED("a peg takes what it meets when it comes in");
    left = match_with_care(command, taker, memory, out);
    if (left.open == Quantity{0}) return;
    rests = rests && !left.prevented;
  }
  rest_or_cancel(command, incoming, left, rests, memory, out);
}

// What the market has moved together: of the pegs to buy, and then of those to sell, the best first
// takes what it meets. Nothing that is shown is moved by that, so their prices hold. False: nothing
// was told.
bool OrderBook::pair_pegs(const Order& command, BookMemory& memory, std::uint32_t& fills_left,
                          EventOutlet& out) noexcept {
  bool told = false;
  for (const Side side : {Side::buy, Side::sell}) {
    PricedPegs takers = priced_pegs(side, memory);
    PricedPegs others = priced_pegs(opposite(side), memory);
    for (; takers.best() != no_rank && fills_left > 0; takers.pass()) {
      if ((memory.order(takers.slot()).flags() & flag_post_only) != 0) {
        BASALT_REACHED("a peg that is post-only takes from nobody with a tick");
        continue;
      }
      const Price price = price_of(side, takers.best());
      if (!pair_peg(command, takers.slot(), price, others, memory, out)) break;
      --fills_left;
      told = true;
    }
    if (takers.best() != no_rank && fills_left == 0) {
      BASALT_REACHED("pegs go on to meet with the next tick");
    }
  }
  if (told) after_trades(command, Side::buy, memory, out);
  return told;
}

// False: it meets nobody, and so no worse one does.
bool OrderBook::pair_peg(const Order& command, std::uint32_t slot, Price price, PricedPegs& others,
                         BookMemory& memory, EventOutlet& out) noexcept {
  Incoming taker = Incoming::of(slot, memory);
  taker.limit = price;
  taker.details = &memory.details(slot);
  const Side makers = opposite(taker.side);
  if (moves_by_itself()) taker = within_collar(taker);
  if (std::max(hidden_[makers].best(), others.best()) < rank_of(makers, taker.limit)) return false;
  BASALT_REACHED("pegs meet with a tick");
  emit(command, EventKind::crossing, taker.order, taker.side, taker.account, price, {}, taker.open,
       detail_hidden, out);
  const OrderId partner = memory.partner_of(slot);
  const Left left = match_beside(command, taker, others, memory, out);
  if (has_bands()) note_trade(command.time);
  const Quantity lost = taker.open - left.open;
  if (partner != no_order && left.traded) {
    // What it met may have been its partner, which has parted from it, and may be gone.
    if (memory.partner_of(slot) != no_order) {
      memory.unpair(slot);
    } else {
      BASALT_REACHED("two linked pegs trade with each other");
    }
    memory.cancel_later(partner);
  } else if (partner != no_order) {
    BASALT_REACHED("prevention lowers a linked peg that takes with a tick");
    memory.details(slot).executed += lost;  // That is no trade.
  }
  if (lost > Quantity{0}) lower_or_remove(slot, lost, memory);
  if (left.prevented && left.open > Quantity{0}) {
    emit_canceled(command, slot, memory, left.open, CancelReason::self_match, out);
    remove(slot, memory);
  }
  return true;
}

}  // namespace basalt::matching
