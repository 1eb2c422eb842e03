#include "engine/matching/order_book.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/matching/order_book-inl.h"

namespace basalt::matching {
namespace {

// Nothing is wrong with the details of a replacement that is refused so, by risk or here.
[[nodiscard]] bool leaves_original(Reject reject) noexcept {
  switch (reject) {
    case Reject::instrument_closed:
    case Reject::instrument_halted:
    case Reject::open_orders_exceeded:
    case Reject::would_cross:
    case Reject::invalid_max_floor:  // Of what is live already: it would show too often.
    case Reject::not_for_auction:
    case Reject::outside_auction:
      return true;
    default:
      return false;
  }
}

}  // namespace

// In order of precedence.
Reject OrderBook::check(const Incoming& incoming, Quantity freed,
                        const BookMemory& memory) const noexcept {
  BASALT_ASSERT(incoming.open > Quantity{0});
  BASALT_ASSERT(incoming.open <= limits::quantity_max);
  if (is_for_auction(incoming.time_in_force) && phase_ != auction_of(incoming.time_in_force))
      [[unlikely]]
    return Reject::outside_auction;
  if (gathers_) {
    if (refused_by_auction(incoming)) return Reject::not_for_auction;
  } else if ((incoming.limit < collar_low_ || incoming.limit > collar_high_) && refuses_beyond()) {
    return Reject::outside_collar;
  }
  if ((incoming.flags & flag_post_only) != 0 && crosses(incoming.side, incoming.limit, memory)) {
    return Reject::would_cross;
  }
  if (!gathers_ && incoming.takes_only()) return Reject::none;
  if (!has_room(incoming.side, incoming.open, freed, memory) &&
      !has_room_beside(incoming, freed, memory)) {
    return Reject::open_orders_exceeded;
  }
  return incoming.rests_with_details() ? check_details(incoming, memory) : Reject::none;
}

// Where no node for levels is left, orders still rest near others of their side: who filled the
// book keeps nobody from the touch.
bool OrderBook::has_room_beside(const Incoming& incoming, Quantity freed,
                                const BookMemory& memory) const noexcept {
  const Levels& side = levels_of(incoming.side, *incoming.details);
  const Rank rank = rank_in_levels(incoming.side, incoming.limit, *incoming.details);
  if (!fits(incoming.side, incoming.open, freed) || !side.has_leaf(memory, rank)) return false;
  BASALT_REACHED("an order rests beside others where no node is left");
  return true;
}

void OrderBook::new_order_in_full(const Order& command, BookMemory& memory,
                                  EventOutlet& out) noexcept {
  if ((command.flags & flag_quoted) != 0 && is_protected()) [[unlikely]]
    return enter_quote(command, memory, out);
  Incoming incoming = incoming_of(command);
  enter(command, incoming, memory, out);
}

Incoming OrderBook::incoming_of(const Order& command) noexcept {
  Incoming incoming = Incoming::of(command);
  if ((command.flags & flag_hidden) != 0) {
    // Where it rests, its details tell it.
    incoming.flags = static_cast<std::uint16_t>((command.flags & ~flag_hidden) | flag_instructed);
    incoming.details = &hidden_details;
  }
  if ((command.flags & flag_market) == 0) {
    incoming.flags = static_cast<std::uint16_t>(incoming.flags & ~flag_rests);
  }
  return incoming;
}

// What an order's limit comes to: within the bands, where there are some. A market order trades up
// to its protection price, which its hold covers, and never beyond the collar, where that refuses:
// not in an auction, nor where an auction is what it starts. Where the market has moved so far that
// the two exclude each other, the collar refuses it.
Price OrderBook::bounded(Incoming incoming, const BookMemory& memory) const noexcept {
  if (has_bands() && !gathers_) incoming.limit = within_bands(incoming.side, incoming.limit);
  if ((incoming.flags & (flag_market | flag_slide)) == 0) return incoming.limit;
  if ((incoming.flags & flag_market) == 0) return slid(incoming, memory);
  if (gathers_ || !refuses_beyond()) return incoming.limit;
  return incoming.side == Side::buy ? std::min(incoming.limit, collar_high_)
                                    : std::max(incoming.limit, collar_low_);
}

void OrderBook::enter(const Order& command, Incoming& incoming, BookMemory& memory,
                      EventOutlet& out) noexcept {
  if (waits_for_auction(incoming.time_in_force) && comes_early(incoming.time_in_force)) [[unlikely]]
    return keep_new(command, incoming, memory, out);
  const Price asked = std::exchange(incoming.limit, bounded(incoming, memory));
  const Reject reject = check(incoming, Quantity{0}, memory);
  if (reject != Reject::none) [[unlikely]]
    return emit_rejected(command, reject, out);
  if (incoming.details->stop != no_price) [[unlikely]] {
    BASALT_REACHED("a stop is reached when it comes in");
    emit_triggered(command, incoming, memory, out);
  }
  if (has_bands()) tell_repriced(command, incoming, asked, out);
  take_and_rest(command, incoming, memory, out);
  if (has_bands()) note_trade(command.time);
  after_trades(command, incoming.side, memory, out);
}

void OrderBook::take_and_rest(const Order& command, Incoming& incoming, BookMemory& memory,
                              EventOutlet& out) noexcept {
  const Quantity at_once = incoming.must_trade();
  Left left{incoming.open};
  bool rests = gathers_ || !incoming.takes_only();
  std::optional<Incoming> within;
  if (moves_by_itself() && !gathers_) [[unlikely]]
    within = within_collar(incoming);
  const Incoming& taker = within ? *within : incoming;
  if (at_once > Quantity{0} && !fills(command, taker, at_once, memory)) [[unlikely]] {
    BASALT_REACHED("an order that must trade at once cannot");
    rests = false;
    within.reset();
  } else if (!gathers_ && crosses(taker.side, taker.limit, memory)) {
    const bool with_care = (taker.flags & (flag_by_firm | flag_rests | flag_instructed)) != 0 ||
                           hides(opposite(taker.side));
    left = with_care ? match_with_care(command, taker, memory, out)
                     : match(command, taker, memory, out);
    if (left.open == Quantity{0}) return;
    rests = rests && !left.prevented;
  }
  const Side makers = opposite(incoming.side);  // Pegs keep within the collar by themselves.
  if (within && !left.prevented && best_rank(makers) >= rank_of(makers, incoming.limit))
      [[unlikely]] {
    *within = incoming;
    within->open = left.open;
    rests = interrupt(command, *within, memory, out);
  }
  if (left.traded && !rests) [[unlikely]]
    rests = rests_at_last_fill(incoming, left, memory);
  rest_or_cancel(command, incoming, left, rests, memory, out);
}

// What is left of an order that came in.
void OrderBook::rest_or_cancel(const Order& command, Incoming& incoming, const Left& left,
                               bool rests, BookMemory& memory, EventOutlet& out) noexcept {
  BASALT_ASSERT(left.open > Quantity{0});
  if (!rests) return tell_rest_goes(command, incoming, left, out);
  incoming.lower_to(left.open);
  if (incoming.rests_with_details()) {
    if (left.traded) incoming.partner = no_order;
    rest_with_details(command, incoming, memory, out);
  } else {
    rest_as_shown(command, incoming, memory, out);
  }
  BASALT_VERIFY(gathers_ || !is_crossed());  // I1
}

inline Left OrderBook::match(const Order& command, const Incoming& incoming, BookMemory& memory,
                             EventOutlet& out) noexcept {
  // No order rests under this account where nothing is to be prevented.
  const AccountId own = self_trade_prevention(incoming.flags) == SelfTradePrevention::off
                            ? no_account
                            : incoming.account;
  const Side side = opposite(incoming.side);
  Levels& makers = levels_[side];
  const Rank limit = rank_of(side, incoming.limit);
  Left left{incoming.open};
  Price first = no_price;  // Where the first fill was.
  do {
    const Rank rank = makers.best();
    const Price price = price_of(side, rank);
    const Link place = makers.best_level();
    Level& level = memory.level(place);
    Link link = level.links.next;
    const Quantity before = left.open;
    do {
      const std::uint32_t slot = memory.slot_at(link);
      RestingOrder& maker = memory.order(slot);
      const AccountId account = maker.account();
      if (account == own) [[unlikely]]
        break;
      const bool special = (maker.flags() & (flag_instructed | flag_quoted)) != 0;
      const Quantity quantity = std::min(left.open, maker.open());
      left.open -= quantity;
      maker.lower(quantity);
      emit(command, EventKind::fill, order_id(slot, maker.generation), side, account, price,
           quantity, special ? memory.open(slot) : maker.open(), 0, out);
      if (maker.open() > Quantity{0}) {
        BASALT_REACHED("a taker leaves a maker part filled");
        memory.add_executed(slot, quantity);
        if (special) [[unlikely]]
          count_fill(command, maker, quantity, memory);
        break;
      }
      if (special) [[unlikely]] {
        link = fill_whole(command, slot, quantity, memory, out);
      } else {
        maker.generation = 0;  // I4
        link = maker.links.next;
      }
    } while (left.open > Quantity{0} && link != place);
    if (left.open < before) [[likely]] {
      level.quantity -= before - left.open;
      makers.add(left.open - before);
      if (first == no_price) first = price;
      level.links.next = link;
      memory.links(link).previous = place;
      last_trade_ = price;
      if (link == place) {
        BASALT_ASSERT(level.quantity == Quantity{0});  // I2
        if (left.open > Quantity{0}) BASALT_REACHED("a sweep empties a level");
        makers.leave(memory, rank, place);
        if (makers.empty()) BASALT_REACHED("a sweep empties a side");
        continue;
      }
    }
    // Something stands here still: it is of the same account, or nothing is open any more.
    if (left.open == Quantity{0}) break;
    left = prevent_self_trade(command, incoming, left.open, memory.slot_at(link), memory, out);
  } while (left.open > Quantity{0} && !left.prevented && makers.best() >= limit);
  left.traded = first != no_price;
  if (left.traded) traded_from(first);
  return left;
}

// What few takers must look for match() does not ask of each maker: it takes a part, up to where
// there is something else to do.
Left OrderBook::match_with_care(const Order& command, const Incoming& incoming, BookMemory& memory,
                                EventOutlet& out) noexcept {
  PricedPegs pegs = priced_pegs(opposite(incoming.side), memory);
  const Left left = match_beside(command, incoming, pegs, memory, out);
  if (left.traded && incoming.partner != no_order) {
    BASALT_REACHED("an order that is linked trades when it comes in");
    give_up_partner_of_first(opposite(incoming.side), memory);
    memory.cancel_later(incoming.partner);
  }
  return left;
}

// What hides has levels of its own: what is shown is taken as far as nothing hides at a better
// price.
Left OrderBook::match_beside(const Order& command, const Incoming& incoming, PricedPegs& pegs,
                             BookMemory& memory, EventOutlet& out) noexcept {
  const Side side = opposite(incoming.side);
  const Rank limit = rank_of(side, incoming.limit);
  Left left{incoming.open};
  bool traded = false;
  while (left.open > Quantity{0} && !left.prevented) {
    const Rank shown = levels_[side].best();
    const Rank unseen = std::max(hidden_[side].best(), pegs.best());
    if (std::max(shown, unseen) < limit) break;
    if (unseen > shown) {
      left = take_unseen(command, incoming, left.open, pegs, memory, out);
    } else {
      if (unseen > limit) BASALT_REACHED("a sweep stops where an order hides at a better price");
      left = take_shown(command, incoming, left.open, std::max(limit, unseen), memory, out);
    }
    traded = traded || left.traded;
  }
  left.traded = traded;
  return left;
}

// Whose firm an order is of costs a look into a table: match() takes what stands before the next
// order of the firm, and then that one is prevented.
Left OrderBook::take_shown(const Order& command, const Incoming& incoming, Quantity open,
                           Rank limit, BookMemory& memory, EventOutlet& out) noexcept {
  const Side side = opposite(incoming.side);
  Incoming part = incoming;
  part.open = open;
  part.limit = price_of(side, limit);
  if ((incoming.flags & flag_by_firm) == 0) return match(command, part, memory, out);
  part.open = shown_before_own(incoming, open, memory);
  if (part.open == Quantity{0}) {
    const Level& level = memory.level(levels_[side].best_level());
    const std::uint32_t slot = memory.slot_at(level.links.next);
    return prevent_self_trade(command, incoming, open, slot, memory, out);
  }
  part.flags = static_cast<std::uint16_t>(part.flags & ~flag_self_trade_mask);
  Left left = match(command, part, memory, out);
  BASALT_ASSERT(left.open == Quantity{0});
  left.open = open - part.open;
  return left;
}

// What a sweep that ended at the last trade leaves behind: its prices lie between the two.
void OrderBook::traded_from(Price first) noexcept {
  traded_ = true;
  move_collar();
  if (stops_waiting_ > 0) [[unlikely]] {
    trade_low_ = std::min({trade_low_, first, last_trade_});
    trade_high_ = std::max({trade_high_, first, last_trade_});
  }
}

void OrderBook::cancel_in_full(const Order& command, BookMemory& memory,
                               EventOutlet& out) noexcept {
  const std::uint32_t slot = slot_of(command.order);
  emit_canceled(command, slot, memory, memory.open(slot), cancel_reason(command.flags), out);
  remove(slot, memory);
}

void OrderBook::reduce(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  if (!memory.is_live(command.order)) return emit_nothing(command, out);
  const std::uint32_t slot = slot_of(command.order);
  const Quantity open = memory.open(slot);
  const Quantity wanted = std::max(command.quantity - memory.executed(slot), Quantity{0});
  if (wanted >= open) return emit_nothing(command, out);

  emit_canceled(command, slot, memory, open - wanted, CancelReason::user, out);
  if (wanted == Quantity{0}) {
    if (command.quantity > Quantity{0}) BASALT_REACHED("a total at or below what is executed");
    return remove(slot, memory);
  }
  take_away(slot, open - wanted, memory);
}

void OrderBook::replace(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  if (!memory.is_live(command.original)) return emit_nothing(command, out);
  const std::uint32_t slot = slot_of(command.original);
  const RestingOrder& original = memory.order(slot);
  const Side side = original.side();
  const Quantity original_open = original.open();
  const Quantity executed = memory.executed(slot);
  Incoming incoming{
      command.order,      side,          original.time_in_force(),    original.flags(),
      original.account(), command.price, command.quantity - executed, executed};
  // Where nothing hides on the other side, what it meets there does not depend on the original.
  const bool meets_nobody = !hides(opposite(side)) && !crosses(side, command.price, memory);
  const bool plain = (incoming.flags & ~harmless_flags) == 0 && command.verdict == Reject::none &&
                     (command.flags & flag_hidden) == 0 && incoming.open > Quantity{0} &&
                     command.price >= collar_low_ && command.price <= collar_high_ &&
                     has_room(side, incoming.open, original_open, memory) &&
                     (meets_nobody || takes_plainly(side, incoming.flags));
  if (!plain) return replace_in_full(command, memory, out);
  emit(command, EventKind::replaced, command.original, side, incoming.account, command.price,
       original_open, incoming.open, 0, out, original_open);
  unlink(slot, original, memory);
  if (!meets_nobody) BASALT_REACHED("a replacement crosses");
  take(command, incoming, memory, out);
}

void OrderBook::replace_in_full(const Order& command, BookMemory& memory,
                                EventOutlet& out) noexcept {
  const std::uint32_t slot = slot_of(command.original);
  const RestingOrder original = memory.order(slot);
  const Quantity original_open = memory.open(slot);
  const Quantity executed = memory.executed(slot);
  const bool waits = (original.flags() & flag_waiting) != 0;
  // The new order inherits side, account and every instruction. What hides goes on to, and must say
  // so: nothing comes to be shown that was not to be.
  Incoming incoming{
      command.order,      original.side(), original.time_in_force(),    original.flags(),
      original.account(), command.price,   command.quantity - executed, executed};
  std::optional<Details> details;
  if ((original.flags() & flag_instructed) != 0) {
    details = memory.details(slot);
    details->reserve = Quantity{0};
    incoming.details = &*details;
    incoming.partner = details->partner;
  }
  const bool is_other_display = incoming.details->hidden != ((command.flags & flag_hidden) != 0);
  // What was at market has a price now, a stop at market becomes a stop-limit order, and a side of
  // a quote an order like others.
  incoming.flags = static_cast<std::uint16_t>(incoming.flags & ~(flag_market | flag_quoted));
  const bool early = waits && incoming.details->stop == no_price;
  const bool is_peg = incoming.details->is_peg();
  if (!waits) incoming.flags = flags_in_market(incoming);
  if (!waits && !is_peg) incoming.limit = bounded(incoming, memory);
  const bool canceled_instead = incoming.open <= Quantity{0} || is_other_display;
  const Reject reject = command.verdict != Reject::none ? command.verdict
                        : canceled_instead              ? Reject::none
                        : early  ? check_kept(incoming, original_open, memory)
                        : waits  ? check_stop(incoming, original_open, memory)
                        : is_peg ? check_peg(incoming, original_open, memory)
                                 : check(incoming, original_open, memory);
  if (leaves_original(reject)) {
    BASALT_REACHED("a replacement is refused");
    return emit_rejected(command, reject, out);
  }
  if (canceled_instead || reject != Reject::none) {
    BASALT_REACHED("a replacement takes its original with it");
    if (is_other_display) BASALT_REACHED("a replacement shows otherwise than its original");
    // OUCH 5.0, Replace: the original is live and the details are invalid, so the original goes.
    const auto reason = reject == Reject::none && !is_other_display ? CancelReason::user
                                                                    : CancelReason::supervisory;
    emit_canceled(command, slot, memory, original_open, reason, out);
    return remove(slot, memory);
  }
  if (!waits && !is_peg && crosses(incoming.side, incoming.limit, memory)) {
    BASALT_REACHED("a replacement crosses");
  }
  if (incoming.details->hidden) BASALT_REACHED("an order that hides is replaced");
  emit(command, EventKind::replaced, command.original, incoming.side, incoming.account,
       incoming.limit, original_open, incoming.open, 0, out, memory.shown_of(slot, original_open));
  remove(slot, memory);
  if (early) return keep(command, incoming, memory, out);
  if (waits) return wait(command, incoming, memory, out);  // Not reached before, nor now: I6.
  if (is_peg) {
    take_and_rest_peg(command, incoming, memory, out);
  } else {
    take_and_rest(command, incoming, memory, out);
  }
  if (has_bands()) [[unlikely]]
    note_trade(command.time);
  after_trades(command, incoming.side, memory, out);
}

void OrderBook::set_collar(std::uint32_t ppm) noexcept {
  rules_.collar_ppm = ppm;
  set_collars();
}

void OrderBook::set_static_collar(std::uint32_t ppm) noexcept {
  rules_.static_collar_ppm = ppm;
  set_collars();
}

void OrderBook::set_collars() noexcept {
  if (has_bands()) {
    collar_low_ = bands_.low();
    collar_high_ = bands_.high();
    return;
  }
  static_low_ = no_price;
  static_high_ = limits::price_max;
  const Price reference = auctioned_ != no_price ? auctioned_ : rules_.reference;
  if (rules_.static_collar_ppm > 0 && reference != no_price) {
    const Price width = width_of(reference, rules_.static_collar_ppm);
    static_low_ = reference - width;
    static_high_ = std::min(reference + width, limits::price_max);
  }
  collar_low_ = static_low_;
  collar_high_ = static_high_;
  if (last_trade_ != no_price) move_collar();
}

void OrderBook::move_collar() noexcept {
  if (rules_.collar_ppm == 0) return;
  const Price width = width_of(last_trade_, rules_.collar_ppm);
  collar_low_ = std::max(last_trade_ - width, static_low_);
  collar_high_ = std::min(last_trade_ + width, static_high_);
}

}  // namespace basalt::matching
