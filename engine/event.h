// One Event: one effect that a command had in a book. 64 bytes, written once, by matching.
//
// An event never repeats its command: readers of the log hold the command while its events pass.
//
//   command        events, in this order
//   new_order      Rejected │ Armed (a stop that waits, or an order that does for its auction)
//                  │ Repriced where the bands keep it from its limit,
//                    Fill…, PhaseChanged where the next would have been beyond the collar,
//                    then Rested │ Canceled │ nothing more (filled)
//   replace        Nothing (the original is not live) │ Canceled (invalid: the original goes)
//                  │ Replaced, then as for a new order
//   cancel, reduce Nothing (not live, or nothing to lower) │ Canceled
//   state, uncross, tick
//                  PhaseChanged │ Extended where a time is over, then (Crossing, Fill…)…,
//                  Uncrossed, Canceled… (of the auction alone), stops that trigger, Rested… or
//                  Canceled of what waited for this auction
//                  │ Indicative │ BandsMoved, LimitState, PhaseChanged (a pause) │ Nothing
//   tick           of each book first: Canceled…, of orders whose time has come
//                  │ (Crossing, Fill…, Canceled)…, of pegs that have come to meet somebody
//   set_protection Nothing, whose reject() says so where there is no room for another
//   others         Nothing
//
// A Fill of a reserve order that shows anew is followed by its Restated. Whatever trades may
// trigger stops: each is Triggered, then told as a new order, before the command's last event.
// Behind what a command has traded, and a stop, come Canceled… of the orders that were linked to
// these.
//
// Where a protection was reached, Withdrawn and the Canceled of what was quoted are the last.
//
// Who takes, in a Fill: the order of the latest Crossing or Triggered of its command, where there
// is one; else the command's own order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/command.h"
#include "engine/types.h"

namespace basalt {

enum class EventKind : std::uint8_t {
  nothing = 128,
  rejected = 129,   // reject() says why; no trace of the order is left.
  rested = 130,     // remaining is open in the book at price.
  fill = 131,       // order = the maker, remaining = what is left of it; price is the maker's,
                    //   or that of the uncross, and then auction() tells of which.
  canceled = 132,   // quantity went from order, remaining stays open.
  replaced = 133,   // order = the original, which is gone; remaining = open on the new number, at
                    //   price.
  triggered = 134,  // A stop enters the market; remaining is open. Fills that follow are its own.
  restated = 135,   // A reserve order shows quantity anew, behind all others; remaining is open.
  // A stop waits; price is where it triggers, remaining is open. No price: an order waits for its
  // auction, and comes to rest or is cancelled when that begins.
  armed = 136,
  crossing = 137,   // Of an uncross, or a peg: fills that follow are of this order, until the next.
  uncrossed = 138,  // All that could trade at price has, quantity in all; 0: nothing could.
  // What an uncross would do now: quantity at price, and remaining would be left of `side`. No
  // price: nothing would trade.
  indicative = 139,
  // By itself the instrument has come into the phase that auction() names. Price: of a volatility
  // auction that an order started, what the collar is around, which is from low() to high().
  phase_changed = 140,
  extended = 141,  // It lasts longer: it would trade beyond that collar still, told likewise.
  repriced = 142,  // The limit of an order that may rest is price now, a band's; remaining is open.
  // In a book with bands: price is what they are around, from low() to high(). Of these, a phase
  // that changes because of them is told likewise.
  bands_moved = 143,
  limit_state = 144,  // at_band() has changed.
  withdrawn = 145,    // The quote of `account`, by its protection; asked_by() says whose that is.
};

// Of a book with bands: whose best stands at the band that its side must not cross.
enum class LimitState : std::uint8_t { none = 0, buy = 1, sell = 2 };

// Why an order, or a part of it, was cancelled. The values are OUCH's characters.
enum class CancelReason : std::uint8_t {
  none = 0,
  user = 'U',       // Also: the order that it was linked to has traded.
  immediate = 'I',  // The rest of an immediate-or-cancel or of a market order.
  collar = 'K',
  post_only = 'G',  // It would have taken from this venue's own book.
  halted = 'H',
  closed = 'E',
  supervisory = 'S',  // A replacement that was invalid, or a mass cancel of the operator.
  system = 'Z',       // The session's connection is gone; or no room is left for what has waited.
  self_match = 'Q',
  expired = 'T',     // The auction that it was for is over.
  protection = 'p',  // It is a side of a quote against which too much has traded.
};

// Of a cancel with these flags.
[[nodiscard]] constexpr CancelReason cancel_reason(std::uint16_t flags) noexcept {
  if ((flags & flag_by_venue) == 0) return CancelReason::user;
  return (flags & flag_mass_cancel) != 0 ? CancelReason::supervisory : CancelReason::system;
}

// In Event::detail of a Fill or a Crossing, beside the auction: `order` hides.
inline constexpr std::uint8_t detail_hidden = 128;

// A session's number for something that it asked for, in 64 bits.
struct AskedBy {
  SessionId session{};
  std::uint8_t channel = 0;
  std::uint32_t user_ref_num = 0;

  [[nodiscard]] constexpr std::uint64_t packed() const noexcept {
    return std::uint64_t{index_of(session)} << 40 | std::uint64_t{channel} << 32 | user_ref_num;
  }
  [[nodiscard]] static constexpr AskedBy of(std::uint64_t packed) noexcept {
    return {SessionId{static_cast<std::uint32_t>(packed >> 40)},
            static_cast<std::uint8_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
  }
};

struct Event {
  Sequence sequence = 0;  // Its command's.
  EventKind kind{};
  std::uint8_t last = 0;    // 1: the command has no further event.
  Side side{};              // Of `order`.
  std::uint8_t detail = 0;  // Why: a Reject, a CancelReason or an auction, by kind.
  std::uint32_t index = 0;  // Place among its command's events, set by the log.
  OrderId order{};
  Price price;
  Quantity quantity;
  Quantity remaining;
  // Fill: counts all fills of the venue, set by the log. Of others, see shown().
  std::uint64_t match_number = 0;
  AccountId account{};  // Of `order`.
  InstrumentId instrument{};

  // What everybody sees. Rested: of `remaining`. Canceled, Replaced: of the `quantity` that went; 0
  // of an order that hides or waits, or that never came to rest.
  [[nodiscard]] constexpr Quantity shown() const noexcept {
    return {static_cast<std::int64_t>(match_number)};
  }
  // PhaseChanged, Extended: where the collar ends, in place of quantities; BandsMoved, LimitState:
  // the bands.
  [[nodiscard]] constexpr Price low() const noexcept { return {quantity.value}; }
  [[nodiscard]] constexpr Price high() const noexcept { return {remaining.value}; }
  [[nodiscard]] constexpr LimitState at_band() const noexcept { return LimitState{detail}; }
  [[nodiscard]] constexpr Reject reject() const noexcept { return Reject{detail}; }
  [[nodiscard]] constexpr CancelReason reason() const noexcept { return CancelReason{detail}; }
  // Withdrawn: who set the protection.
  [[nodiscard]] constexpr AskedBy asked_by() const noexcept { return AskedBy::of(match_number); }
  // Fill, Crossing, Uncrossed, Indicative: the auction it belongs to; PhaseChanged: the phase. A
  // Fill of continuous trading: none, which is no auction.
  [[nodiscard]] constexpr InstrumentState auction() const noexcept {
    return InstrumentState{static_cast<std::uint8_t>(detail & ~detail_hidden)};
  }
  [[nodiscard]] constexpr bool hides() const noexcept { return (detail & detail_hidden) != 0; }
};

static_assert(sizeof(Event) == sizeof(Slot) && std::has_unique_object_representations_v<Event>);
static_assert(offsetof(Event, kind) == 8 && offsetof(Event, order) == 16);

[[nodiscard]] constexpr bool is_event(std::uint8_t kind) noexcept {
  return kind >= 128;
}

}  // namespace basalt
