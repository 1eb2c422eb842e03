// How a book tells what it did: one event for each effect, written whole. The last event of a
// command is marked by MatchingCore, which alone knows that it is the last.
#pragma once

#include "engine/command.h"
#include "engine/event.h"
#include "engine/matching/book_memory.h"
#include "engine/pipeline/outlet.h"
#include "engine/ring/spsc_ring.h"

namespace basalt::matching {

using EventRing = ring::SpscRing<Event>;
using EventOutlet = pipeline::Outlet<EventRing, Event>;

inline void emit(const Order& command, EventKind kind, OrderId order, Side side, AccountId account,
                 Price price, Quantity quantity, Quantity remaining, std::uint8_t detail,
                 EventOutlet& out, Quantity shown = {}) noexcept {
  *out.claim() = Event{.sequence = command.sequence,
                       .kind = kind,
                       .last = 0,
                       .side = side,
                       .detail = detail,
                       .index = 0,
                       .order = order,
                       .price = price,
                       .quantity = quantity,
                       .remaining = remaining,
                       .match_number = static_cast<std::uint64_t>(shown.value),
                       .account = account,
                       .instrument = command.instrument};
}

// What an uncross, or the prospect of one, tells about no order in particular.
inline void emit_of_auction(const Order& command, EventKind kind, InstrumentState auction,
                            Side side, Price price, Quantity quantity, Quantity remaining,
                            EventOutlet& out) noexcept {
  emit(command, kind, no_order, side, no_account, price, quantity, remaining,
       static_cast<std::uint8_t>(auction), out);
}

inline void emit_nothing(const Order& command, EventOutlet& out) noexcept {
  emit(command, EventKind::nothing, {}, {}, {}, {}, {}, {}, 0, out);
}

inline void emit_rejected(const Order& command, Reject reject, EventOutlet& out) noexcept {
  emit(command, EventKind::rejected, command.order, command.side, command.account, {}, {}, {},
       static_cast<std::uint8_t>(reject), out);
}

inline void emit_withdrawn(const Order& command, AccountId account, std::uint64_t asked_by,
                           EventOutlet& out) noexcept {
  emit(command, EventKind::withdrawn, no_order, {}, account, {}, {}, {}, 0, out,
       Quantity{static_cast<std::int64_t>(asked_by)});
}

// `quantity` goes from an order in the book, which still has it.
inline void emit_canceled(const Order& command, std::uint32_t slot, const BookMemory& memory,
                          Quantity quantity, CancelReason reason, EventOutlet& out) noexcept {
  const RestingOrder& order = memory.order(slot);
  emit(command, EventKind::canceled, order_id(slot, order.generation), order.side(),
       order.account(), order.price(), quantity, memory.open(slot) - quantity,
       static_cast<std::uint8_t>(reason), out, memory.shown_of(slot, quantity));
}

}  // namespace basalt::matching
