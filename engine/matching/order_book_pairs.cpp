// Two orders that are linked: where one of them trades, or is a stop that triggers, the other goes.
//
//   one trades ─► give_up_partner() ─► … the command's other fills … ─► cancel_partners()
//
// Not at once: whoever takes was promised all that is there.
#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

bool OrderBook::may_pair(const Order& command, const BookMemory& memory) noexcept {
  if (!memory.is_live(command.original)) return false;
  const std::uint32_t slot = slot_of(command.original);
  return memory.order(slot).account() == command.account && memory.partner_of(slot) == no_order;
}

// `own` has come to rest, or waits. What it took to get there may have cost the other its life.
void OrderBook::pair_with(OrderId own, OrderId partner, BookMemory& memory) const noexcept {
  if (partner == no_order) return;
  if (!memory.is_live(partner)) {
    BASALT_REACHED("an order loses its partner before it rests");
    return;
  }
  memory.pair(own, partner, rules_.instrument);
}

// Of a sweep, only the last that it took from can have traded in part: it is the first of the side.
void OrderBook::give_up_partner_of_first(Side side, BookMemory& memory) const noexcept {
  if (empty(side)) return;
  const std::uint32_t slot = memory.slot_at(memory.level(levels_[side].best_level()).links.next);
  if (memory.partner_of(slot) == no_order) return;
  if (memory.executed(slot) == memory.details(slot).executed) return;
  BASALT_REACHED("a linked order trades in part");
  memory.give_up_partner(slot);
}

// Two trade with each other, and either may be the other's partner: then what is left of both goes.
void OrderBook::give_up_partners(std::uint32_t one, std::uint32_t other,
                                 BookMemory& memory) noexcept {
  const OrderId of_one = memory.partner_of(one);
  if (of_one != no_order && slot_of(of_one) == other) {
    BASALT_REACHED("two linked orders trade with each other in an uncross");
  }
  for (const OrderId partner : {of_one, memory.partner_of(other)}) {
    if (partner != no_order) memory.cancel_later(partner);
  }
  for (const std::uint32_t slot : {one, other}) {
    if (memory.partner_of(slot) != no_order) memory.unpair(slot);
  }
}

void OrderBook::cancel_partners(const Order& command, BookMemory& memory,
                                EventOutlet& out) noexcept {
  for (const OrderId partner : memory.take_to_cancel()) {
    if (!memory.is_live(partner)) {
      BASALT_REACHED("both of two linked orders trade");
      continue;
    }
    const std::uint32_t slot = slot_of(partner);
    const bool waits = (memory.order(slot).flags() & flag_waiting) != 0;
    if (waits) BASALT_REACHED("a stop that waits is canceled with its partner");
    if (!waits) BASALT_REACHED("an order that rests is canceled with its partner");
    emit_canceled(command, slot, memory, memory.open(slot), CancelReason::user, out);
    remove(slot, memory);
  }
}

void OrderBook::change_others(const Order& command, Side incoming, BookMemory& memory,
                              EventOutlet& out) noexcept {
  if (memory.partners() > 0) {
    give_up_partner_of_first(opposite(incoming), memory);
    cancel_partners(command, memory, out);
  }
  trigger_stops(command, incoming, memory, out);
}

}  // namespace basalt::matching
