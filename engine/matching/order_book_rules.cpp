// What an order must ask for: to slide, reserves, that what is left at market rests, stops, an end
// of its own.
#include <algorithm>
#include <utility>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {
namespace {

// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): of
// the numbers that a seed gives, the one behind `before` others. So a count is all its state.
constexpr std::uint64_t split_mix(std::uint64_t seed, std::uint64_t before) noexcept {
  std::uint64_t z = seed + (before + 1) * 0x9E37'79B9'7F4A'7C15;
  z = (z ^ z >> 30) * 0xBF58'476D'1CE4'E5B9;
  z = (z ^ z >> 27) * 0x94D0'49BB'1331'11EB;
  return z ^ z >> 31;
}
static_assert(split_mix(0, 0) == 0xE220'A839'7B1D'CDAF);
static_assert(split_mix(0, 1) == 0x6E78'9E6A'A1B9'65F4);

}  // namespace

void OrderBook::new_order(const Order& command, const Instructions& instructions,
                          BookMemory& memory, EventOutlet& out) noexcept {
  BASALT_ASSERT(memory.order(slot_of(command.order)).generation == 0);
  BASALT_ASSERT(instructions.display >= Quantity{0});
  BASALT_ASSERT(instructions.random == 0 || Quantity{instructions.random} < instructions.display);
  BASALT_ASSERT(instructions.min_quantity >= Quantity{0});
  BASALT_ASSERT(instructions.min_quantity <= command.quantity);
  BASALT_ASSERT(instructions.expiry == no_time || instructions.expiry > command.time);
  Incoming incoming = incoming_of(command);
  Details details{instructions.display,      {},
                  instructions.min_quantity, instructions.stop,
                  instructions.expiry,       command.sequence,
                  command.instrument};
  details.hidden = incoming.details->hidden;
  details.price_type = instructions.price_type;
  details.peg_offset = instructions.peg_offset;
  details.random = instructions.random;
  incoming.details = &details;
  if (command.original != no_order) {
    if (!may_pair(command, memory)) return emit_rejected(command, Reject::invalid_link, out);
    incoming.partner = command.original;
  }
  if (details.is_peg()) return enter_peg(command, incoming, memory, out);
  if (instructions.trail != 0) {
    details.trail = instructions.trail;
    if (!begins_to_trail(command.side, details)) {
      return emit_rejected(command, Reject::invalid_stop_price, out);
    }
  }
  const Price stop = details.stop;
  if (stop != no_price && !reached(command.side, stop)) {
    const Reject reject = check_stop(incoming, Quantity{0}, memory);
    if (reject != Reject::none) return emit_rejected(command, reject, out);
    return wait(command, incoming, memory, out);
  }
  incoming.flags = flags_in_market(incoming);
  enter(command, incoming, memory, out);
}

// Once an order does not wait, only a reserve, an expiry, a partner or that it hides makes it one
// with details in the book: a quantity that must trade at once matters no more when it rests.
std::uint16_t OrderBook::flags_in_market(const Incoming& incoming) noexcept {
  unsigned flags = incoming.flags & ~unsigned{flag_waiting};
  const Details& details = *incoming.details;
  if (details.display == Quantity{0} && details.expiry == no_time && !details.hidden &&
      incoming.partner == no_order) {
    flags &= ~unsigned{flag_instructed};
  }
  return static_cast<std::uint16_t>(flags);
}

// A post-only order that slides rests one tick short of the best that it would cross, which is the
// better price for its owner. Not where the venue takes no such price, and not a stop: when it
// triggers, its owner was told its price long ago.
Price OrderBook::slid(const Incoming& incoming, const BookMemory& memory) const noexcept {
  const Price limit = incoming.limit;
  const bool collared =
      !gathers_ && refuses_beyond() && (limit < collar_low_ || limit > collar_high_);
  if (incoming.takes_only() || incoming.details->stop != no_price || collared ||
      !crosses(incoming.side, limit, memory)) {
    return limit;
  }
  constexpr Price tick{1};
  const Side others = opposite(incoming.side);
  const Rank shown = levels_[others].best();
  const Price crossed = price_of(others, std::max(shown, best_unseen(others, memory)));
  const Price short_of = incoming.side == Side::buy ? crossed - tick : crossed + tick;
  if (short_of == no_price || short_of > rules_.price_max) {
    BASALT_REACHED("an order has nowhere to slide");
    return limit;
  }
  if (crossed != price_of(others, shown))
    BASALT_REACHED("a post-only order slides short of what hides");
  BASALT_REACHED("a post-only order slides");
  return short_of;
}

// The order is the first of its level, which match() is taking from: those before it are gone, and
// the level learns of its new first when match() is done with it.
Link OrderBook::show_anew(const Order& command, std::uint32_t slot, Quantity filled,
                          BookMemory& memory, EventOutlet& out) noexcept {
  RestingOrder& order = memory.order(slot);
  Details& details = memory.details(slot);
  const Link next = order.links.next;
  if (details.partner != no_order) memory.give_up_partner(slot);
  if (details.reserve == Quantity{0}) {
    BASALT_REACHED("an order with details fills whole");
    give_details(slot, memory);
    order.generation = 0;  // I4
    return next;
  }
  memory.add_executed(slot, filled);
  const Quantity shown = std::min(next_part(details), details.reserve);
  memory.lower_reserve(slot, shown);
  reserve_[order.side()] -= shown;
  levels_[order.side()].add(shown);
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

// Every size from display - random to display + random is as likely, to one part in 2^31.
Quantity OrderBook::next_part(const Details& details) noexcept {
  if (details.random == 0) return details.display;
  BASALT_REACHED("a reserve order shows a part of a random size");
  const std::uint64_t sizes = 2 * std::uint64_t{details.random} + 1;
  const std::uint64_t drawn = split_mix(rules_.reserve_seed, parts_drawn_++) % sizes;
  return {details.display.value - details.random + static_cast<std::int64_t>(drawn)};
}

Reject OrderBook::check_details(const Incoming& incoming, const BookMemory& memory) noexcept {
  Details wanted = *incoming.details;
  wanted.partner = incoming.partner;
  if (wanted.display > Quantity{0}) {
    wanted.reserve = std::max(incoming.open - wanted.display, Quantity{0});
    if (wanted.parts() > limits::reserve_parts_max) return Reject::invalid_max_floor;
  }
  return memory.has_room_for(wanted) ? Reject::none : Reject::open_orders_exceeded;
}

// What is left of a market order that asks for it becomes a limit order, where there is room for
// one. Not where it has started an auction: there it waits as it is.
bool OrderBook::rests_at_last_fill(Incoming& incoming, const Left& left,
                                   const BookMemory& memory) const noexcept {
  if ((incoming.flags & flag_rests) == 0 || incoming.trades_at_once()) return false;
  if (left.prevented || gathers_) return false;
  Incoming limit = incoming;
  limit.open = left.open;
  limit.flags = static_cast<std::uint16_t>(limit.flags & ~(flag_market | flag_rests));
  if (!has_room(limit.side, limit.open, Quantity{0}, memory)) return false;
  if (limit.rests_with_details() && check_details(limit, memory) != Reject::none) return false;
  BASALT_REACHED("what is left of a market order rests");
  incoming.flags = limit.flags;
  incoming.limit = last_trade_;
  return true;
}

void OrderBook::rest_with_details(const Order& command, Incoming& incoming, BookMemory& memory,
                                  EventOutlet& out) noexcept {
  const Quantity shown = incoming.details->shown_of(incoming.open);
  emit(command, EventKind::rested, incoming.order, incoming.side, incoming.account, incoming.limit,
       {}, incoming.open, 0, out, shown);
  incoming.flags = static_cast<std::uint16_t>((incoming.flags & ~flag_rests) | flag_instructed);
  Details kept = *incoming.details;
  if (!kept.hidden) kept.reserve = incoming.open - shown;
  kept.min_quantity = Quantity{0};
  kept.stop = no_price;
  kept.rests = false;
  kept.trail = 0;
  kept.partner = no_order;
  kept.next = kept.previous = none;
  reserve_[incoming.side] += incoming.open - shown;
  const std::uint32_t slot = slot_of(incoming.order);
  memory.take_details(slot, kept);
  if (kept.is_peg()) ++pegs_resting_[incoming.side];
  link(levels_of(incoming.side, kept), rank_in_levels(incoming.side, incoming.limit, kept),
       incoming, kept.hidden ? incoming.open : shown, memory);
  if (ends_with_auction(incoming.time_in_force, incoming.flags)) list(slot, memory);
  pair_with(incoming.order, incoming.partner, memory);
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
    const Quantity not_shown = std::min(memory.details(slot).reserve, quantity);
    memory.lower_reserve(slot, not_shown);
    reserve_[order.side()] -= not_shown;
    quantity -= not_shown;
  }
  BASALT_ASSERT(quantity < order.open());
  lower_in_level(slot, quantity, memory);
}

// By what stands in its level, of which it may be the rest; or of what is kept for an auction.
void OrderBook::lower_in_level(std::uint32_t slot, Quantity by, BookMemory& memory) noexcept {
  RestingOrder& order = memory.order(slot);
  order.lower(by);
  const bool waits = (order.flags() & flag_waiting) != 0;
  if (waits && memory.details(slot).stop == no_price) {
    kept_[order.side()] -= by;
    return;
  }
  memory.level(order.level).quantity -= by;
  levels_of(slot, memory).add(-by);
  if (memory.hides(slot)) reserve_[order.side()] -= by;
}

// Takes an order out of the book, wherever it is.
void OrderBook::remove(std::uint32_t slot, BookMemory& memory) noexcept {
  const RestingOrder& order = memory.order(slot);
  if ((order.flags() & flag_instructed) == 0) return unlink(slot, order, memory);
  const Details& details = memory.details(slot);
  if ((order.flags() & flag_waiting) != 0) {
    if (details.stop == no_price) return give_kept(slot, memory);
    --stops_waiting_;
    if (details.trail != 0) unlist_trailing(slot, memory);
    unlink_from(stops_[order.side()], stop_rank(order.side(), details.stop), slot, order, memory);
    memory.give_details(slot);
  } else {
    reserve_[order.side()] -= details.hidden ? order.open() : details.reserve;
    if (details.is_peg()) --pegs_resting_[order.side()];
    unlink_from(levels_of(slot, memory), rank_in_levels(order.side(), order.price(), details), slot,
                order, memory);
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
  const bool is_new = freed == Quantity{0};
  const bool trails_too_many =
      is_new && incoming.details->trail != 0 && trailing_ == limits::trailing_max;
  const bool has_room =
      memory.has_room(Levels::inners_wanted) && !trails_too_many &&
      stops_[incoming.side].quantity() - freed + incoming.open <= limits::resting_max;
  return has_room ? check_details(incoming, memory) : Reject::open_orders_exceeded;
}

void OrderBook::wait(const Order& command, const Incoming& incoming, BookMemory& memory,
                     EventOutlet& out) noexcept {
  Incoming waiting = incoming;
  waiting.flags =
      static_cast<std::uint16_t>((incoming.flags & ~flag_rests) | flag_waiting | flag_instructed);
  emit(command, EventKind::armed, incoming.order, incoming.side, incoming.account,
       incoming.details->stop, {}, incoming.open, 0, out);
  ++stops_waiting_;
  Details details = *incoming.details;
  details.rests = (incoming.flags & flag_rests) != 0;
  details.partner = no_order;
  memory.take_details(slot_of(incoming.order), details);
  link(stops_[incoming.side], stop_rank(incoming.side, incoming.details->stop), waiting,
       incoming.open, memory);
  if (incoming.details->trail != 0) list_trailing(slot_of(incoming.order), memory);
  pair_with(incoming.order, incoming.partner, memory);
}

// Stops that trades have reached enter one by one: those of the side that came in first, then the
// other side's; the nearest stop price first; at one price the one that has waited longest. Each
// with what its own trades reach, until one of them starts an auction. Then those that trail move.
void OrderBook::trigger_stops(const Order& command, Side incoming, BookMemory& memory,
                              EventOutlet& out) noexcept {
  while (stops_waiting_ > 0 && !gathers_) {
    const bool own = reached_by_trades(incoming);
    if (!own && !reached_by_trades(opposite(incoming))) break;
    const Side side = own ? incoming : opposite(incoming);
    const Level& first = memory.level(stops_[side].best_level());
    trigger(command, memory.slot_at(first.links.next), memory, out);
    if (memory.partners() > 0) {
      give_up_partner_of_first(opposite(side), memory);
      cancel_partners(command, memory, out);
    }
  }
  if (trailing_ > 0 && trade_high_ != no_price && !gathers_) follow_market(memory);
  trade_low_ = no_low;
  trade_high_ = no_price;
}

bool OrderBook::reached_by_trades(Side side) const noexcept {
  if (trade_high_ == no_price || stops_[side].empty()) return false;
  return stops_[side].best() >= stop_rank(side, side == Side::buy ? trade_high_ : trade_low_);
}

void OrderBook::emit_triggered(const Order& command, Incoming& stop, BookMemory& memory,
                               EventOutlet& out) noexcept {
  if (stop.partner != no_order) {
    BASALT_REACHED("a stop that is linked triggers");
    memory.cancel_later(std::exchange(stop.partner, no_order));
  }
  emit(command, EventKind::triggered, stop.order, stop.side, stop.account, stop.details->stop, {},
       stop.open, 0, out);
}

void OrderBook::trigger(const Order& command, std::uint32_t slot, BookMemory& memory,
                        EventOutlet& out) noexcept {
  Details details;
  Incoming incoming = take_out(slot, details, memory);
  emit_triggered(command, incoming, memory, out);
  incoming.flags = flags_in_market(incoming);  // It has no partner any more.
  let_in(command, incoming, memory, out);
}

// An order that waits outside of the market, on its way into it. The caller holds its details.
Incoming OrderBook::take_out(std::uint32_t slot, Details& details, BookMemory& memory) noexcept {
  details = memory.details(slot);  // What waits has no reserve yet.
  Incoming incoming = Incoming::of(slot, memory);
  incoming.details = &details;
  incoming.partner = details.partner;
  remove(slot, memory);
  incoming.flags = flags_in_market(incoming);
  if (details.rests) incoming.flags |= flag_rests;
  return incoming;
}

// It was accepted long ago: what would refuse an order cancels it.
void OrderBook::let_in(const Order& command, Incoming& incoming, BookMemory& memory,
                       EventOutlet& out) noexcept {
  const Price asked = std::exchange(incoming.limit, bounded(incoming, memory));
  const Reject reject = check(incoming, Quantity{0}, memory);
  if (reject == Reject::none) {
    if (has_bands()) tell_repriced(command, incoming, asked, out);
    take_and_rest(command, incoming, memory, out);
    if (has_bands()) note_trade(command.time);
    return;
  }
  const bool stopped = incoming.details->stop != no_price;
  if (stopped) BASALT_REACHED("a stop that triggers is not let in");
  if (!stopped) BASALT_REACHED("an order that was kept is not let in");
  const auto reason = reject == Reject::outside_collar ? CancelReason::collar
                      : reject == Reject::would_cross  ? CancelReason::post_only
                                                       : CancelReason::system;
  emit(command, EventKind::canceled, incoming.order, incoming.side, incoming.account,
       incoming.limit, incoming.open, {}, static_cast<std::uint8_t>(reason), out);
}

}  // namespace basalt::matching
