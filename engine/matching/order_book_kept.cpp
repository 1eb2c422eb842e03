// Orders that came before the auction that they are for. They wait outside of the market, and come
// to rest when it begins, as they came:
//
//   at-open, at-close ─► keep ─► its auction begins ─► let in, a slice at a time ─► rests
//
// While it has begun and some of them still wait, others of their kind wait behind them.
#include <limits>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

// Precondition: waits_for_auction(time_in_force).
bool OrderBook::comes_early(TimeInForce time_in_force) const noexcept {
  const InstrumentState auction = auction_of(time_in_force);
  return phase_ != auction || kept_for(auction).first != none;
}

// Whether there is room to wait. What it meets in its auction shows then.
Reject OrderBook::check_kept(const Incoming& incoming, Quantity freed,
                             const BookMemory& memory) const noexcept {
  if (incoming.details->min_quantity > Quantity{0}) return Reject::not_for_auction;
  const bool has_room = kept_[incoming.side] - freed + incoming.open <= limits::resting_max;
  return has_room ? check_details(incoming, memory) : Reject::open_orders_exceeded;
}

void OrderBook::keep(const Order& command, const Incoming& incoming, BookMemory& memory,
                     EventOutlet& out) noexcept {
  BASALT_REACHED("an order is kept for its auction");
  emit(command, EventKind::armed, incoming.order, incoming.side, incoming.account, no_price, {},
       incoming.open, 0, out);
  const std::uint32_t slot = slot_of(incoming.order);
  RestingOrder& order = memory.order(slot);
  order.links = {};
  order.level = none;
  order.generation = generation_of(incoming.order);
  // What is left of it when its auction ends goes: nothing rests behind that.
  const unsigned kept_flags = incoming.flags & ~unsigned{flag_rests};
  const unsigned flags = kept_flags | flag_waiting | flag_instructed;
  order.set(incoming.side, incoming.time_in_force, static_cast<std::uint16_t>(flags),
            incoming.open);
  order.set(incoming.limit, incoming.account);
  if (incoming.executed > Quantity{0}) memory.add_executed(slot, incoming.executed);
  kept_[incoming.side] += incoming.open;

  Kept& list = kept_for(auction_of(incoming.time_in_force));
  Details details = *incoming.details;
  details.partner = no_order;
  details.next = none;
  details.previous = list.last;
  memory.take_details(slot, details);
  (list.last == none ? list.first : memory.details(list.last).next) = slot;
  list.last = slot;
  pair_with(incoming.order, incoming.partner, memory);
}

void OrderBook::keep_new(const Order& command, const Incoming& incoming, BookMemory& memory,
                         EventOutlet& out) noexcept {
  const Reject reject = check_kept(incoming, Quantity{0}, memory);
  if (reject != Reject::none) return emit_rejected(command, reject, out);
  keep(command, incoming, memory, out);
}

void OrderBook::give_kept(std::uint32_t slot, BookMemory& memory) noexcept {
  RestingOrder& order = memory.order(slot);
  Kept& list = kept_for(auction_of(order.time_in_force()));
  const Details& own = memory.details(slot);
  (own.previous == none ? list.first : memory.details(own.previous).next) = own.next;
  (own.next == none ? list.last : memory.details(own.next).previous) = own.previous;
  kept_[order.side()] -= order.open();
  order.generation = 0;  // I4
  memory.give_details(slot);
}

// Those that are for the auction that is on, as far as `orders_left` goes. False: nothing was told.
bool OrderBook::let_in_some(const Order& command, BookMemory& memory, std::uint32_t& orders_left,
                            EventOutlet& out) noexcept {
  if (phase_ != InstrumentState::opening_auction && phase_ != InstrumentState::closing_auction) {
    return false;
  }
  if (uncrossing_ || expiring_) return false;
  const Kept& list = kept_for(phase_);
  bool told = false;
  for (; list.first != none && orders_left > 0; --orders_left) {
    Details details;
    Incoming incoming = take_out(list.first, details, memory);
    let_in(command, incoming, memory, out);
    changed_ = true;
    told = true;
  }
  if (list.first != none) BASALT_REACHED("orders that were kept come in with the next tick");
  return told;
}

// Before anything else happens to the auction that they are for.
bool OrderBook::let_in_all(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  std::uint32_t all = std::numeric_limits<std::uint32_t>::max();
  const bool told = let_in_some(command, memory, all, out);
  if (told) BASALT_REACHED("a new phase lets in all that were kept");
  return told;
}

}  // namespace basalt::matching
