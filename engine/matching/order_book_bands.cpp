// What bands do to orders, and to the phase of a book (bands.h).
//
//   order ─► its limit, or the band ─► matches and rests as any other ─► note
//   Tick  ─► a new reference ─► is the best at a band? ─► for too long: halted, then an auction
//
// Both bands are kept in place of the collar. No order rests beyond the band that its side must not
// cross, so no trade is beyond either.
#include <algorithm>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

// No limit of a buyer is above the upper band, and no seller's below the lower one: what is left of
// an order that asked for more rests there.
Price OrderBook::within_bands(Side side, Price limit) const noexcept {
  return side == Side::buy ? std::min(limit, collar_high_) : std::max(limit, collar_low_);
}

// Who may rest learns of a limit that is not the one it asked for.
// A post-only order that slid is told where it rests as in books without bands.
void OrderBook::tell_repriced(const Order& command, const Incoming& incoming, Price asked,
                              EventOutlet& out) const noexcept {
  const bool slides = (incoming.flags & flag_slide) != 0 && incoming.details->stop == no_price;
  if (incoming.limit == asked || incoming.takes_only() || slides || gathers_) return;
  BASALT_REACHED("an order is kept within the bands");
  emit(command, EventKind::repriced, incoming.order, incoming.side, incoming.account,
       incoming.limit, {}, incoming.open, 0, out);
}

void OrderBook::note_trade(Nanos now) noexcept {
  if (traded_) bands_.note(last_trade_, now);
  traded_ = false;
}

// In place of the collar.
void OrderBook::set_bands(Price reference, Nanos now) noexcept {
  bands_.move(reference, now);
  set_collars();
  changed_ = true;  // What price a peg has.
}

// Trading begins. What stands beyond a band came to rest there while none held: it shows better
// than what was before where the market is.
void OrderBook::open_bands(Nanos now) noexcept {
  if (bands_.reference() == no_price) return;
  if (has_limits(Side::buy) && best_limit(Side::buy) > collar_high_) {
    BASALT_REACHED("trading opens with a best bid beyond the bands");
    return set_bands(best_limit(Side::buy), now);
  }
  if (has_limits(Side::sell) && best_limit(Side::sell) < collar_low_) {
    BASALT_REACHED("trading opens with a best offer beyond the bands");
    set_bands(best_limit(Side::sell), now);
  }
}

// One that would leave an order beyond its band waits until that is gone.
bool OrderBook::may_be_reference(Price reference) const noexcept {
  const auto [low, high] = bands_.around(reference);
  return (!has_limits(Side::buy) || best_limit(Side::buy) <= high) &&
         (!has_limits(Side::sell) || best_limit(Side::sell) >= low);
}

// Which side's best that is shown stands at the band that its side must not cross.
LimitState OrderBook::at_band() const noexcept {
  if (bands_.reference() == no_price) return LimitState::none;
  if (!empty(Side::buy) && best(Side::buy) >= collar_high_) return LimitState::buy;
  if (!empty(Side::sell) && best(Side::sell) <= collar_low_) return LimitState::sell;
  return LimitState::none;
}

void OrderBook::tell_bands(const Order& command, EventKind kind, std::uint8_t detail,
                           EventOutlet& out) const noexcept {
  emit(command, kind, no_order, {}, no_account, bands_.reference(), Quantity{bands_.low().value},
       Quantity{bands_.high().value}, detail, out);
}

// In trading. False: nothing was told.
bool OrderBook::tick_bands(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  BASALT_ASSERT(phase_ == InstrumentState::open);
  BASALT_ASSERT(!gathers_);
  bool told = false;
  LimitState state = at_band();
  // While the best stands at a band the bands stay where they are.
  const Price mean = state == LimitState::none ? bands_.due(command.time) : no_price;
  if (mean != no_price) {
    if (may_be_reference(mean)) {
      set_bands(mean, command.time);
      state = at_band();
    } else {
      BASALT_REACHED("bands wait for an order that stands in their way");
    }
  }
  if (bands_.reference() != banded_) {
    banded_ = bands_.reference();
    tell_bands(command, EventKind::bands_moved, static_cast<std::uint8_t>(limit_state_), out);
    told = true;
  }
  if (state != limit_state_) {
    limit_state_ = state;
    limit_since_ = command.time;
    tell_bands(command, EventKind::limit_state, static_cast<std::uint8_t>(state), out);
    told = true;
  }
  if (state != LimitState::none && command.time >= limit_since_ + rules_.limit_state) {
    pause(command, memory, out);
    told = true;
  }
  return told;
}

// As a halt of the market, of this book alone. Orders that risk let pass before it knew rest for
// the auction behind it.
void OrderBook::pause(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  BASALT_REACHED("trading pauses");
  tell_bands(command, EventKind::phase_changed, static_cast<std::uint8_t>(InstrumentState::halted),
             out);
  std::uint32_t none_left = 0;  // A halt trades nothing.
  static_cast<void>(enter_phase(command, InstrumentState::halted, memory, none_left, out));
  auction_ = InstrumentState::volatility_auction;
  gathers_ = true;
  deadline_ = command.time + rules_.pause;
  reopening_ = rules_.volatility_auction;
  paused_ = true;
}

}  // namespace basalt::matching
