// What the phases of trading do to a book, and what ends with an auction.
//
//   phase ─► gathers: orders rest, crossed or not ─► uncross ─► what ends with the auction goes
//                         └─► indicative, where it has changed   └─► trading opens, stops
//
// Long work is told in slices: a command makes so many fills and cancellations, and Ticks go on.
#include <algorithm>
#include <limits>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

void OrderBook::define(const BookRules& rules, InstrumentState phase) noexcept {
  rules_ = rules;
  bands_.define(rules.band_ppm, rules.reference);
  set_collars();
  if (has_bands() && !gathers_) open_bands(Nanos{0});
  traded_ = false;
  if (defined_) return;
  defined_ = true;
  phase_ = phase;
  if (is_auction(phase)) begin_auction(phase);
}

void OrderBook::begin_auction(InstrumentState auction) noexcept {
  phase_ = auction_ = auction;
  gathers_ = true;
  changed_ = true;
  indicated_ = {};
  next_indicative_ = Nanos{0};
}

void OrderBook::set_phase(const Order& command, InstrumentState phase, BookMemory& memory,
                          std::uint32_t fills_left, EventOutlet& out) noexcept {
  if (!enter_phase(command, phase, memory, fills_left, out)) emit_nothing(command, out);
}

void OrderBook::tell_phase(const Order& command, InstrumentState phase, EventOutlet& out) noexcept {
  emit_of_auction(command, EventKind::phase_changed, phase, {}, no_price, {}, {}, out);
}

// Of the volatility auction, and the collar that it is about.
void OrderBook::tell_collar(const Order& command, EventKind kind, EventOutlet& out) const noexcept {
  if (has_bands()) return tell_bands(command, kind, static_cast<std::uint8_t>(auction_), out);
  const Price middle = last_trade_ != no_price ? last_trade_ : rules_.reference;
  emit_of_auction(command, kind, auction_, {}, middle, Quantity{collar_low_.value},
                  Quantity{collar_high_.value}, out);
}

// Whoever sets a phase ends the one that a time was set for. False: nothing was told.
bool OrderBook::enter_phase(const Order& command, InstrumentState phase, BookMemory& memory,
                            std::uint32_t& fills_left, EventOutlet& out) noexcept {
  bool told = end_all(command, memory, out);
  told = let_in_all(command, memory, out) || told;
  deadline_ = Nanos{0};
  paused_ = false;
  limit_state_ = LimitState::none;
  if (uncrossing_) {
    BASALT_REACHED("a new phase breaks off an uncross");
    if (uncrossed_ > Quantity{0}) {
      tell_uncrossed(command, out);
      told = true;
    } else {
      uncross_price_ = no_price;
    }
  }
  const bool closes =
      phase == InstrumentState::closed && phase_ == InstrumentState::closing_auction;
  uncrossing_ = closes || (phase == InstrumentState::open && gathers_);
  phase_ = phase;
  // A halt only interrupts: the auction may go on behind it.
  if (!uncrossing_ && phase != InstrumentState::halted && phase != auction_) {
    expiring_ = ending_first_ != none;
  }
  if (is_auction(phase)) begin_auction(phase);
  if (uncrossing_) told = go_on(command, memory, fills_left, out) || told;
  if (expiring_ && !uncrossing_) told = end_some(command, memory, fills_left, out) || told;
  return let_in_some(command, memory, fills_left, out) || told;
}

void OrderBook::uncross(const Order& command, BookMemory& memory, std::uint32_t fills_left,
                        EventOutlet& out) noexcept {
  if (!is_auction(phase_)) return emit_nothing(command, out);
  static_cast<void>(end_all(command, memory, out));
  static_cast<void>(let_in_all(command, memory, out));
  uncrossing_ = true;
  if (!go_on(command, memory, fills_left, out)) tell_uncrossed(command, out);
}

bool OrderBook::tick(const Order& command, BookMemory& memory, std::uint32_t& fills_left,
                     EventOutlet& out) noexcept {
  if (uncrossing_) return fills_left > 0 && go_on(command, memory, fills_left, out);
  if (expiring_) return end_some(command, memory, fills_left, out);
  if (let_in_some(command, memory, fills_left, out)) return true;
  if (deadline_ != Nanos{0} && command.time >= deadline_) {
    return fills_left > 0 && end_in_time(command, memory, fills_left, out);
  }
  if (phase_ == InstrumentState::open) return tick_in_trading(command, memory, fills_left, out);
  if (!is_auction(phase_) || !changed_ || command.time < next_indicative_) return false;
  changed_ = false;
  next_indicative_ = command.time + memory.indicative_interval();
  const Equilibrium now = equilibrium(memory);
  if (now == indicated_) return false;
  indicated_ = now;
  emit_of_auction(command, EventKind::indicative, auction_, now.surplus, now.price, now.quantity,
                  now.imbalance, out);
  return true;
}

// Bands move first: they decide what prices pegs have.
bool OrderBook::tick_in_trading(const Order& command, BookMemory& memory, std::uint32_t& fills_left,
                                EventOutlet& out) noexcept {
  const bool told = has_bands() && tick_bands(command, memory, out);
  if (phase_ != InstrumentState::open || !changed_ || fills_left == 0) return told;
  changed_ = pair_pegs(command, memory, fills_left, out);
  return changed_ || told;
}

bool OrderBook::halt(const Order& command, const Amendment::Halt& times, BookMemory& memory,
                     EventOutlet& out) noexcept {
  if (!defined_ || phase_ == InstrumentState::closed) return false;
  if (phase_ == InstrumentState::halted && deadline_ == Nanos{0}) return false;
  tell_phase(command, InstrumentState::halted, out);
  std::uint32_t none_left = 0;  // A halt trades nothing.
  static_cast<void>(enter_phase(command, InstrumentState::halted, memory, none_left, out));
  if (times.halted > Nanos{0}) deadline_ = command.time + times.halted;
  reopening_ = times.auction;
  return true;
}

// The time that was set for the phase is over.
bool OrderBook::end_in_time(const Order& command, BookMemory& memory, std::uint32_t& fills_left,
                            EventOutlet& out) noexcept {
  if (phase_ == InstrumentState::halted) {
    const Nanos end = deadline_ + reopening_;
    // Behind a halt of the market it has no collar, and so no reason to last longer.
    const bool paused = paused_;
    constexpr InstrumentState next = InstrumentState::volatility_auction;
    if (paused) {
      tell_bands(command, EventKind::phase_changed, static_cast<std::uint8_t>(next), out);
    } else {
      tell_phase(command, next, out);
    }
    auction_ = InstrumentState::halted;  // One that was interrupted does not go on.
    static_cast<void>(enter_phase(command, next, memory, fills_left, out));
    deadline_ = end;
    extended_ = !paused;
    return true;
  }
  BASALT_ASSERT(phase_ == InstrumentState::volatility_auction);
  if (!extended_ && rules_.volatility_extension > Nanos{0}) {
    const Price price = equilibrium(memory).price;
    if (price != no_price && (price < collar_low_ || price > collar_high_)) {
      BASALT_REACHED("a volatility auction lasts longer");
      extended_ = true;
      deadline_ += rules_.volatility_extension;
      tell_collar(command, EventKind::extended, out);
      return true;
    }
  }
  BASALT_REACHED("a volatility auction ends in time");
  tell_phase(command, InstrumentState::open, out);
  static_cast<void>(enter_phase(command, InstrumentState::open, memory, fills_left, out));
  return true;
}

// What it may take where trades beyond the collar start an auction. A best price on the near side
// of the collar, which only one that came to rest beyond it can be, leaves nothing.
Incoming OrderBook::within_collar(Incoming incoming) const noexcept {
  const Side makers = opposite(incoming.side);
  const bool buys = incoming.side == Side::buy;
  const Rank near = rank_of(makers, buys ? collar_low_ : collar_high_);
  const Rank far = rank_of(makers, buys ? collar_high_ : collar_low_);
  const Rank best = best_rank(makers);
  const Rank worst_taken = best > near ? best + 1 : std::max(rank_of(makers, incoming.limit), far);
  incoming.limit = price_of(makers, worst_taken);
  return incoming;
}

// The next trade would be beyond the collar: `left` is what is left of the order that wants it.
// False: it cannot rest, since it may not wait or there is no room for what has waited for none.
bool OrderBook::interrupt(const Order& command, const Incoming& left, const BookMemory& memory,
                          EventOutlet& out) noexcept {
  BASALT_REACHED("an order starts a volatility auction");
  begin_auction(InstrumentState::volatility_auction);
  deadline_ = command.time + rules_.volatility_auction;
  extended_ = false;
  tell_collar(command, EventKind::phase_changed, out);
  if (left.trades_at_once()) return false;
  return (left.flags & flag_market) == 0 || (has_room(left.side, left.open, Quantity{0}, memory) &&
                                             check_details(left, memory) == Reject::none);
}

// What must trade at once cannot; what would cross waits for an uncross to end, and what ends with
// an auction needs one that has not.
bool OrderBook::refused_by_auction(const Incoming& incoming) const noexcept {
  if (incoming.trades_at_once() || incoming.details->min_quantity > Quantity{0}) return true;
  const Side makers = opposite(incoming.side);  // Pegs have no price here.
  if (uncrossing_ && best_rank(makers) >= rank_of(makers, incoming.limit)) return true;
  return ends_with_auction(incoming.time_in_force, incoming.flags) &&
         (!is_auction(phase_) || expiring_);
}

void OrderBook::list(std::uint32_t slot, BookMemory& memory) noexcept {
  BASALT_ASSERT(gathers_);    // I7
  BASALT_ASSERT(!expiring_);  // Then all that is in the list goes.
  memory.details(slot).previous = ending_last_;
  (ending_last_ == none ? ending_first_ : memory.details(ending_last_).next) = slot;
  ending_last_ = slot;
}

void OrderBook::unlist(std::uint32_t slot, BookMemory& memory) noexcept {
  const Details& own = memory.details(slot);
  (own.previous == none ? ending_first_ : memory.details(own.previous).next) = own.next;
  (own.next == none ? ending_last_ : memory.details(own.next).previous) = own.previous;
  if (ending_first_ == none) expiring_ = false;
}

// What ended with the auction goes, the longest there first, as far as `cancels_left` goes. False:
// nothing was told.
bool OrderBook::end_some(const Order& command, BookMemory& memory, std::uint32_t& cancels_left,
                         EventOutlet& out) noexcept {
  bool told = false;
  for (; expiring_ && cancels_left > 0; --cancels_left) {
    const std::uint32_t slot = ending_first_;
    emit_canceled(command, slot, memory, memory.open(slot), CancelReason::expired, out);
    remove(slot, memory);
    changed_ = true;
    told = true;
  }
  if (expiring_) BASALT_REACHED("what ends with an auction goes on to go with the next tick");
  return told;
}

// Before anything else happens to the book: what the last auction left is no part of it.
bool OrderBook::end_all(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  if (!expiring_) return false;
  BASALT_REACHED("a new phase ends what ends with an auction");
  std::uint32_t all = std::numeric_limits<std::uint32_t>::max();
  return end_some(command, memory, all, out);
}

}  // namespace basalt::matching
