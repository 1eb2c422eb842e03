// What an order must ask for: instructions in general, to slide, that what is left at market rests,
// an end of its own; and how an order that has some leaves.
#include <algorithm>
#include <utility>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {
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
  not_shown_[incoming.side] += incoming.open - shown;
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
    not_shown_[order.side()] -= not_shown;
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
  if (memory.hides(slot)) not_shown_[order.side()] -= by;
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
    not_shown_[order.side()] -= details.hidden ? order.open() : details.reserve;
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

}  // namespace basalt::matching
