// What trades at one price: the uncross, and the prospect of one.
//
// A slice is what one command tells of an uncross. Between two of them the book is whole: who
// cancels is out of it. Nothing that crosses enters meanwhile, so the price stays right, but for
// what was cancelled: where that leaves the book crossed, what is left has a price of its own.
#include <algorithm>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

// As far as `fills_left` goes. False: nothing was told.
bool OrderBook::go_on(const Order& command, BookMemory& memory, std::uint32_t& fills_left,
                      EventOutlet& out) noexcept {
  BASALT_ASSERT(uncrossing_);
  BASALT_ASSERT(gathers_);
  BASALT_ASSERT(fills_left > 0);
  bool told = false;
  OrderId taker = no_order;
  while (true) {
    // A price holds from its first fill on.
    if (uncrossed_ == Quantity{0}) uncross_price_ = equilibrium(memory).price;
    if (uncross_price_ == no_price) break;
    if (told && uncrossed_ == Quantity{0}) BASALT_REACHED("an uncross needs a second price");
    for (; fills_left > 0 && crosses_at(uncross_price_); --fills_left) {
      taker = cross_once(command, taker, memory, out);
      told = true;
    }
    if (crosses_at(uncross_price_)) {
      BASALT_REACHED("an uncross goes on with the next tick");
      cancel_partners(command, memory, out);
      return told;
    }
    tell_uncrossed(command, out);
    told = true;
  }
  cancel_partners(command, memory, out);
  if (!is_auction(phase_)) {
    expiring_ = ending_first_ != none;
    told = end_some(command, memory, fills_left, out) || told;
    if (expiring_) return told;
  }
  uncrossing_ = false;
  if (phase_ == InstrumentState::open) told = open_trading(command, memory, out) || told;
  return told;
}

// The oldest of the best on either side trade with each other. The larger of the two is said to
// take, and goes on to take while it stands there: so a command has at most two events for each
// fill.
OrderId OrderBook::cross_once(const Order& command, OrderId taker, BookMemory& memory,
                              EventOutlet& out) noexcept {
  const auto number = [&](std::uint32_t slot) {
    return order_id(slot, memory.order(slot).generation);
  };
  const auto detail = [&](std::uint32_t slot) {
    const auto auction = static_cast<std::uint8_t>(auction_);
    return memory.hides(slot) ? static_cast<std::uint8_t>(auction | detail_hidden) : auction;
  };
  const std::uint32_t buys = next_to_cross(Side::buy, memory);
  const std::uint32_t sells = next_to_cross(Side::sell, memory);
  if (memory.hides(buys) || memory.hides(sells)) {
    BASALT_REACHED("an order that hides trades in an uncross");
  }
  if (taker != number(buys) && taker != number(sells)) {
    const std::uint32_t slot =
        memory.order(buys).open() >= memory.order(sells).open() ? buys : sells;
    const RestingOrder& order = memory.order(slot);
    taker = number(slot);
    emit(command, EventKind::crossing, taker, order.side(), order.account(), uncross_price_, {},
         memory.open(slot), detail(slot), out);
  }
  const std::uint32_t maker_slot = taker == number(buys) ? sells : buys;
  const RestingOrder& maker = memory.order(maker_slot);
  const Quantity quantity = std::min(memory.order(buys).open(), memory.order(sells).open());
  emit(command, EventKind::fill, number(maker_slot), maker.side(), maker.account(), uncross_price_,
       quantity, memory.open(maker_slot) - quantity, detail(maker_slot), out);
  last_trade_ = uncross_price_;
  uncrossed_ += quantity;
  if (memory.partners() > 0) give_up_partners(buys, sells, memory);
  lower_oldest(command, buys, quantity, memory, out);
  lower_oldest(command, sells, quantity, memory, out);
  return taker;
}

// The oldest of the best level of its like has traded.
void OrderBook::lower_oldest(const Order& command, std::uint32_t slot, Quantity filled,
                             BookMemory& memory, EventOutlet& out) noexcept {
  RestingOrder& order = memory.order(slot);
  Levels& own = levels_of(slot, memory);
  const Rank rank = own.best();
  const Link place = own.best_level();
  Level& level = memory.level(place);
  BASALT_ASSERT(level.links.next == memory.link_of(slot));
  lower_in_level(slot, filled, memory);
  if (order.open() > Quantity{0}) {
    return memory.add_executed(slot, filled);
  }
  Link next = order.links.next;
  if ((order.flags() & flag_instructed) != 0) {
    if (memory.details(slot).reserve > Quantity{0}) {
      BASALT_REACHED("a reserve order trades all that it shows in an uncross");
    }
    next = show_anew(command, slot, filled, memory, out);
  } else {
    order.generation = 0;  // I4
  }
  level.links.next = next;
  memory.links(next).previous = place;
  own.leave(memory, rank, place);
}

void OrderBook::tell_uncrossed(const Order& command, EventOutlet& out) noexcept {
  emit_of_auction(command, EventKind::uncrossed, auction_, {}, uncross_price_, uncrossed_, {}, out);
  if (uncrossed_ > Quantity{0}) {
    auctioned_ = uncross_price_;
    if (has_bands()) bands_.restart(uncross_price_, command.time);
    set_collars();
  }
  uncross_price_ = no_price;
  uncrossed_ = Quantity{};
  indicated_ = {};
  changed_ = true;
}

// Trading goes on where the auction ended: stops look at the last trade, those that buy first.
bool OrderBook::open_trading(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  gathers_ = false;
  changed_ = true;  // Pegs have prices again.
  if (has_bands()) open_bands(command.time);
  BASALT_VERIFY(!is_crossed());  // I1
  if (stops_waiting_ == 0 || last_trade_ == no_price) return false;
  const std::uint32_t waiting = stops_waiting_;
  trade_low_ = trade_high_ = last_trade_;
  trigger_stops(command, Side::buy, memory, out);
  return stops_waiting_ < waiting;
}

Walk OrderBook::at(Side side, Rank rank, const BookMemory& memory) const noexcept {
  if (rank == no_rank) return {side, no_rank, {}};
  const Level* shown = levels_[side].find(memory, rank);
  const Level* hides = hidden_[side].find(memory, rank);
  Quantity open;
  if (hides != nullptr) open += hides->quantity;
  if (shown != nullptr) open += shown->quantity;
  if (shown != nullptr && not_shown_[side] > Quantity{0}) {
    memory.each_order(*shown, [&](std::uint32_t slot, const RestingOrder& order) {
      if ((order.flags() & flag_instructed) != 0) open += memory.details(slot).reserve;
    });
  }
  return {side, rank, open};
}

// Pairs the best of both sides until they do not meet any more. What was paired is the most that
// can trade at one price, and it can at any from the last seller's that was paired to the last
// buyer's. O(levels that cross), and O(their orders) where some show only a part.
Equilibrium OrderBook::equilibrium(const BookMemory& memory) const noexcept {
  Walk bid = at(Side::buy, best_rank(Side::buy), memory);
  Walk ask = at(Side::sell, best_rank(Side::sell), memory);
  Quantity paired;
  Price low;
  Price high;
  while (bid.rank != no_rank && ask.rank != no_rank &&
         price_of(Side::buy, bid.rank) >= price_of(Side::sell, ask.rank)) {
    const Quantity quantity = std::min(bid.left, ask.left);
    paired += quantity;
    high = price_of(Side::buy, bid.rank);
    low = price_of(Side::sell, ask.rank);
    for (Walk* walk : {&bid, &ask}) {
      walk->left -= quantity;
      if (walk->left > Quantity{0}) continue;
      *walk = at(walk->side, next_worse(walk->side, walk->rank, memory), memory);
    }
  }
  if (paired == Quantity{0}) return {};
  Equilibrium found = choose(bid, ask, low, high, memory);
  found.quantity = paired;
  return found;
}

// Of the prices from `low` to `high`, at all of which the same trades, those that leave the least
// over; of these the nearest to the last trade. `bid` and `ask` are the best that was not paired:
// they do not meet. At a bid's price and below it is left over, at an ask's and above that one is.
Equilibrium OrderBook::choose(const Walk& bid, const Walk& ask, Price low, Price high,
                              const BookMemory& memory) const noexcept {
  constexpr Price tick{1};
  const auto price = [](const Walk& walk, Price otherwise) {
    return walk.rank == no_rank ? otherwise : price_of(walk.side, walk.rank);
  };
  const auto next_of = [&](const Walk& walk) {
    return Walk{walk.side, next_worse(walk.side, walk.rank, memory), {}};
  };
  const Price bid_price = price(bid, no_price);
  const Price ask_price = price(ask, limits::price_max + tick);
  Price from = std::max(low, bid_price + tick);
  Price to = std::min(high, ask_price - tick);
  bool over_of_buyers = false;
  bool over_of_sellers = false;
  if (from > to) {
    const bool buyers = bid_price >= low;
    const bool sellers = ask_price <= high;
    over_of_buyers = buyers && (!sellers || bid.left <= ask.left);
    over_of_sellers = sellers && (!buyers || ask.left <= bid.left);
    from = over_of_buyers ? std::max(low, price(next_of(bid), no_price) + tick) : ask_price;
    to = over_of_sellers ? std::min(high, price(next_of(ask), limits::price_max + tick) - tick)
                         : bid_price;
  }
  const Price reference = last_trade_ != no_price ? last_trade_ : rules_.reference;
  const bool one_sided = over_of_buyers != over_of_sellers;
  const Price chosen = reference != no_price ? std::clamp(reference, from, to)
                       : one_sided           ? (over_of_buyers ? to : from)
                                             : Price{from.value + (to.value - from.value) / 2};
  if (over_of_buyers && chosen <= bid_price) return {chosen, {}, Side::buy, bid.left};
  if (over_of_sellers) return {chosen, {}, Side::sell, ask.left};
  return {chosen, {}, Side::buy, {}};
}

}  // namespace basalt::matching
