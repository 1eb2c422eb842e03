// Market-maker protection (protections.h): quotes that trade too much in too short a time go.
#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

std::uint32_t OrderBook::guard_of(AccountId account, const Guards& guards) const noexcept {
  std::uint32_t number = guards_;
  while (number != no_guard && guards[number].account != account) number = guards[number].next;
  return number;
}

void OrderBook::protect(const Order& command, const QuoteProtection& limits, std::uint64_t asked_by,
                        BookMemory& memory, EventOutlet& out) noexcept {
  Guards& guards = memory.guards();
  std::uint32_t number = guard_of(command.account, guards);
  if (limits.window == Nanos{0}) {
    if (number != no_guard) remove_guard(number, guards);
    if (!is_protected()) harmless_ = harmless_flags | flag_quoted;
    return emit_nothing(command, out);
  }
  if (number == no_guard) {
    if (!guards.has_room()) {
      BASALT_REACHED("there is no room for another protection");
      return emit(command, EventKind::nothing, {}, {}, {}, {}, {}, {},
                  static_cast<std::uint8_t>(Reject::limit_exceeded), out);
    }
    number = guards.take(command.account);
    std::uint32_t* last = &guards_;
    while (*last != no_guard) last = &guards[*last].next;
    *last = number;
    harmless_ = harmless_flags;
  }
  guards[number].set(limits, asked_by);
  emit_nothing(command, out);
}

std::uint32_t OrderBook::guards(const BookMemory& memory) const noexcept {
  std::uint32_t count = 0;
  for (std::uint32_t number = guards_; number != no_guard; number = memory.guards()[number].next) {
    ++count;
  }
  return count;
}

void OrderBook::remove_guard(std::uint32_t number, Guards& guards) noexcept {
  std::uint32_t* link = &guards_;
  while (*link != number) link = &guards[*link].next;
  *link = guards[number].next;
  guards.give(number);
}

void OrderBook::enter_quote(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  const std::uint32_t number = guard_of(command.account, memory.guards());
  if (number != no_guard && memory.guards()[number].withdrawn) {
    BASALT_REACHED("a quote is refused until its protection is set anew");
    return emit_rejected(command, Reject::quotes_withdrawn, out);
  }
  Incoming incoming = incoming_of(command);
  enter(command, incoming, memory, out);
  if (number != no_guard && memory.is_live(command.order)) {
    memory.guards()[number].order(command.side) = command.order;
  }
}

// The order has traded, and may be nothing but what is told of it by now.
void OrderBook::count_fill(const Order& command, const RestingOrder& maker, Quantity quantity,
                           BookMemory& memory) noexcept {
  if ((maker.flags() & flag_quoted) == 0) return;
  const std::uint32_t number = guard_of(maker.account(), memory.guards());
  if (number == no_guard) return;
  Guard& guard = memory.guards()[number];
  if (guard.withdrawn) return;  // It is a quote of before.
  guard.count(maker.side(), quantity, command.time);
  quotes_reached_ = quotes_reached_ || guard.reached;
}

// A maker with details, or a side of a quote, has traded all that it showed. The next to take from.
Link OrderBook::fill_whole(const Order& command, std::uint32_t slot, Quantity filled,
                           BookMemory& memory, EventOutlet& out) noexcept {
  RestingOrder& maker = memory.order(slot);
  count_fill(command, maker, filled, memory);
  if ((maker.flags() & flag_instructed) != 0) return show_anew(command, slot, filled, memory, out);
  maker.generation = 0;  // I4
  return maker.links.next;
}

void OrderBook::withdraw_quotes(const Order& command, BookMemory& memory,
                                EventOutlet& out) noexcept {
  if (!quotes_reached_) return;
  quotes_reached_ = false;
  Guards& guards = memory.guards();
  for (std::uint32_t number = guards_; number != no_guard; number = guards[number].next) {
    Guard& guard = guards[number];
    if (!guard.reached) continue;
    BASALT_REACHED("a protection withdraws a quote");
    guard.reached = false;
    guard.withdrawn = true;
    emit_withdrawn(command, guard.account, guard.asked_by, out);
    for (const Side side : {Side::buy, Side::sell}) {
      const OrderId order = guard.order(side);
      if (!memory.is_live(order)) continue;
      const std::uint32_t slot = slot_of(order);
      emit_canceled(command, slot, memory, memory.open(slot), CancelReason::protection, out);
      remove(slot, memory);
    }
  }
}

}  // namespace basalt::matching
