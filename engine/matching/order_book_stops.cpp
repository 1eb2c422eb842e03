// Stops: how they wait, what reaches them, and in which order they enter; and how what has waited,
// also for its auction, comes into the market.
//
//   wait() ─► trigger_stops(), behind whatever has traded ─► trigger() ─► take_out() ─► let_in()
#include <utility>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

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

// It was accepted long ago: what would refuse an order cancels it. The price of one that was kept
// was told then, and nothing moves it in an auction.
void OrderBook::let_in(const Order& command, Incoming& incoming, BookMemory& memory,
                       EventOutlet& out) noexcept {
  const bool stopped = incoming.details->stop != no_price;
  const Price asked = incoming.limit;
  if (stopped) incoming.limit = bounded(incoming, memory);
  const Reject reject = check(incoming, Quantity{0}, memory);
  if (reject == Reject::none) {
    if (has_bands()) tell_repriced(command, incoming, asked, out);
    take_and_rest(command, incoming, memory, out);
    if (has_bands()) note_trade(command.time);
    return;
  }
  if (stopped) BASALT_REACHED("a stop that triggers is not let in");
  if (!stopped) BASALT_REACHED("an order that was kept is not let in");
  const auto reason = reject == Reject::outside_collar ? CancelReason::collar
                      : reject == Reject::would_cross  ? CancelReason::post_only
                                                       : CancelReason::system;
  emit(command, EventKind::canceled, incoming.order, incoming.side, incoming.account,
       incoming.limit, incoming.open, {}, static_cast<std::uint8_t>(reason), out);
}

}  // namespace basalt::matching
