// decide(): every check, in order of precedence: of several faults the first is told. Nothing here
// changes state.
#include <algorithm>

#include "engine/risk/risk_core.h"

namespace basalt::risk {

RiskCore::Outcome RiskCore::decide(Command& command) noexcept {
  switch (command.order.kind) {
    case CommandKind::new_order:
      return decide_new(command);
    case CommandKind::replace:
      return decide_replace(command);
    case CommandKind::cancel:
    case CommandKind::reduce:
      return decide_cancel(command);
    case CommandKind::account_query:
      return decide_query(command);
    case CommandKind::mass_cancel:
    case CommandKind::disable_entry:
    case CommandKind::enable_entry:
      return decide_of_firm(command);
    case CommandKind::set_protection:
      return decide_protection(command);
    case CommandKind::deposit:
    case CommandKind::withdraw:
    case CommandKind::set_fees:
    case CommandKind::set_limit:
    case CommandKind::set_instrument_state:
    case CommandKind::uncross:
    case CommandKind::set_account_state:
    case CommandKind::market_event:
    case CommandKind::halt_market:
    case CommandKind::set_halt_levels:
    case CommandKind::mass_cancel_by_venue:
      return decide_amendment(command);
    default:
      command.order.verdict = reference_.check(command);
      return Outcome::sequence;
  }
}

RiskCore::Outcome RiskCore::decide_new(Command& command) noexcept {
  const Origin& origin = command.origin;
  BASALT_ASSERT(reference_.has(origin.session));
  if (origin.user_ref_index >= channels_max || is_retransmission(origin)) return silence();
  if (command.order.verdict == Reject::none) command.order.verdict = check_new(command);
  return Outcome::sequence;
}

Reject RiskCore::check_new(Command& command) noexcept {
  Order& order = command.order;
  const Session& session = reference_.session(command.origin.session);
  if (!reference_.has(order.instrument)) return Reject::unknown_instrument;
  const Instrument& instrument = reference_.instrument(order.instrument);

  if (order.account == no_account) order.account = session.default_account;
  const Reject permitted = check_account(order.account, command.origin.session);
  if (permitted != Reject::none) return permitted;
  const Account& account = reference_.account(order.account);
  if (const Reject refused = reference_.refusal_of_entry(account); refused != Reject::none) {
    return refused;
  }

  const bool waits = waits_for_auction(order.time_in_force);
  if (instrument.state == InstrumentState::closed && !waits) return Reject::instrument_closed;
  if (instrument.state == InstrumentState::halted) return Reject::instrument_halted;
  map_time_to_live(command);
  const auto asked = instructions_of(command);
  const bool bounded =
      (order.flags & flag_market) == 0 || bound_market_order(order, asked, instrument);
  if (!bounded) return Reject::no_reference_price;
  if (const Reject terms = check_terms(order, instrument); terms != Reject::none) return terms;
  if (const Reject found = check_instructions(order, asked, instrument); found != Reject::none) {
    return found;
  }
  if (command.origin.original_user_ref_num != 0) {
    if (const Reject found = find_linked(command); found != Reject::none) return found;
  }
  const Money hold_wanted = hold(order.side, order.price, order.quantity, instrument);
  const AssetId asset = order.side == Side::buy ? instrument.quote : instrument.base;
  if (balances_.of(order.account, asset).free < hold_wanted) return Reject::insufficient_funds;
  if (!has_free_slot()) return Reject::open_orders_exceeded;
  if (account_[index_of(order.account)].orders_open >= account.open_orders_max) {
    return Reject::open_orders_exceeded;
  }
  order.order = next_number();
  command.origin.set_hold(hold_wanted);
  return Reject::none;
}

// May the session act for it?
Reject RiskCore::check_account(AccountId account, SessionId session) const noexcept {
  if (!reference_.has(account)) return Reject::account_not_permitted;
  const Account& named = reference_.account(account);
  const bool own = named.firm == reference_.session(session).firm;
  return own && !named.is_venue() ? Reject::none : Reject::account_not_permitted;
}

Reject RiskCore::check_terms(const Order& order, const Instrument& instrument) const noexcept {
  if (order.quantity <= Quantity{0}) return Reject::invalid_quantity;
  if (order.quantity > instrument.quantity_max) return Reject::invalid_quantity;
  if (order.price <= no_price) return Reject::invalid_price;
  if (order.price > instrument.price_max) return Reject::invalid_price;
  const Money worth = notional(order.price, order.quantity, instrument.tick_lot_value);
  if (worth > instrument.notional_max) return Reject::notional_exceeded;
  return Reject::none;
}

Instructions RiskCore::instructions_of(const Command& command) noexcept {
  return (command.order.flags & flag_instructed) != 0 ? command.as<Instructions>() : Instructions{};
}

Reject RiskCore::check_instructions(const Order& order, const Instructions& asked,
                                    const Instrument& instrument) noexcept {
  if (asked.display < Quantity{0}) return Reject::invalid_max_floor;
  const bool hides = (order.flags & flag_hidden) != 0;
  if (asked.display > Quantity{0} && hides) return Reject::invalid_max_floor;  // It shows no part.
  if (asked.random != 0 && Quantity{asked.random} >= asked.display) {
    return Reject::invalid_max_floor;
  }
  if (asked.min_quantity < Quantity{0} || asked.min_quantity > order.quantity) {
    return Reject::invalid_min_quantity;
  }
  if (asked.stop < no_price || asked.stop > instrument.price_max) return Reject::invalid_stop_price;
  // No trade triggers a stop in the auction that such an order is for.
  if ((asked.stop != no_price || asked.trail != 0) && is_for_auction(order.time_in_force)) {
    return Reject::invalid_stop_price;
  }
  const bool ends = order.time_in_force == TimeInForce::gtd;
  if (ends ? asked.expiry <= order.time : asked.expiry != no_time) return Reject::invalid_expiry;
  return is_peg_possible(order, asked) ? Reject::none : Reject::invalid_peg;
}

// What follows the market hides, and has a limit. It does not come nearer to the other side than
// what it follows.
bool RiskCore::is_peg_possible(const Order& order, const Instructions& asked) noexcept {
  if (asked.price_type == PriceType::limit) return true;
  const bool hides = (order.flags & flag_hidden) != 0;
  const bool plain = (order.flags & (flag_market | flag_slide)) == 0;
  const bool now =
      asked.stop == no_price && asked.trail == 0 && !is_for_auction(order.time_in_force);
  const bool is_primary = asked.price_type == PriceType::primary;
  return hides && plain && now && asked.peg_offset >= 0 && (is_primary || asked.peg_offset == 0);
}

// Matching finds the rest: whether it is live there, and whether it is linked already.
Reject RiskCore::find_linked(Command& command) const noexcept {
  const Origin& origin = command.origin;
  const std::uint32_t slot =
      user_refs_.find({origin.session, origin.user_ref_index, origin.original_user_ref_num});
  if (slot == UserRefIndex::not_found) return Reject::invalid_link;
  const LiveOrder& other = order_[slot];
  if (other.account != command.order.account || other.instrument != command.order.instrument) {
    return Reject::invalid_link;
  }
  command.order.original = order_id(slot, other.generation);
  return Reject::none;
}

// An order that is to live so long does so from when it is decided, which only here is known.
void RiskCore::map_time_to_live(Command& command) noexcept {
  if ((command.order.flags & flag_time_to_live) == 0) return;
  command.order.flags = static_cast<std::uint16_t>(command.order.flags & ~flag_time_to_live);
  auto asked = command.as<Instructions>();
  asked.expiry += command.order.time;
  command.set(asked);
}

// The worst price at which a market order may trade: a distance from the last trade or, of a stop,
// from where it triggers; of one that trails, from where it begins. False: there is nothing to
// bound it by.
bool RiskCore::bound_market_order(Order& order, const Instructions& asked,
                                  const Instrument& instrument) const noexcept {
  const Price last = last_trade_[index_of(order.instrument)];
  const Price trail{std::int64_t{order.side == Side::buy ? 1 : -1} * asked.trail};
  Price reference = last != no_price ? last : instrument.reference;
  if (reference != no_price) reference = std::max(reference + trail, Price{1});
  if (asked.stop != no_price) reference = asked.stop;
  if (reference == no_price) return false;
  reference = std::min(reference, instrument.price_max);
  const auto width = static_cast<std::int64_t>(static_cast<int128>(reference.value) *
                                               instrument.protection_ppm / ppm_one);
  order.price = order.side == Side::buy ? std::min(reference + Price{width}, instrument.price_max)
                                        : std::max(reference - Price{width}, Price{1});
  return true;
}

RiskCore::Outcome RiskCore::decide_replace(Command& command) noexcept {
  const Origin& origin = command.origin;
  BASALT_ASSERT(reference_.has(origin.session));
  if (origin.user_ref_index >= channels_max || is_retransmission(origin)) return silence();
  const std::uint32_t slot =
      user_refs_.find({origin.session, origin.user_ref_index, origin.original_user_ref_num});
  if (slot == UserRefIndex::not_found) return silence();

  const LiveOrder& original = order_[slot];
  // It counts as gone, though its cancel may be sequenced only after this.
  if (!mass_cancels_.empty() && is_being_cancelled(original)) [[unlikely]] {
    BASALT_REACHED("an order that a mass cancel is of is not replaced any more");
    return silence();
  }
  Order& order = command.order;
  order.original = order_id(slot, original.generation);
  order.side = original.side;
  order.account = original.account;
  order.instrument = original.instrument;
  command.origin.group = original.group;
  if (order.verdict == Reject::none) order.verdict = check_replace(command, original);
  return Outcome::sequence;
}

// Only here is the instrument of a replacement known, and so what its price means.
Reject RiskCore::map_wire_price(Order& order, const Instrument& instrument) noexcept {
  if ((order.flags & flag_wire_price) == 0) return Reject::none;
  order.flags = static_cast<std::uint16_t>(order.flags & ~flag_wire_price);
  if (order.price.value % instrument.wire_tick != 0) return Reject::invalid_price;
  order.price = Price{order.price.value / instrument.wire_tick};
  return Reject::none;
}

Reject RiskCore::check_replace(Command& command, const LiveOrder& original) const noexcept {
  Order& order = command.order;
  const Instrument& instrument = reference_.instrument(order.instrument);
  if (original.quoted) return Reject::side_of_quote;
  const Reject price = map_wire_price(order, instrument);
  const Reject refused = reference_.refusal_of_entry(reference_.account(order.account));
  if (refused != Reject::none) return refused;
  if (instrument.state == InstrumentState::closed) return Reject::instrument_closed;
  if (instrument.state == InstrumentState::halted) return Reject::instrument_halted;
  if (price != Reject::none) return price;
  if (const Reject terms = check_terms(order, instrument); terms != Reject::none) return terms;
  const Money extra = extra_hold(original, order, instrument);
  if (balances_.of(order.account, held_asset(original)).free < extra) {
    return Reject::insufficient_funds;
  }
  if (!has_free_slot()) return Reject::open_orders_exceeded;
  order.order = next_number();
  command.origin.set_hold(extra);
  return Reject::none;
}

// What a replacement needs on top of what the original still holds.
//
// Until matching decides, the original may fill e more lots at its price, 0 <= e <= open; the
// replacement then has e less to do at its own. What the chain can cost is linear in e between
// those ends, so the dearer end bounds it. Two minor units cover the rounding of its two parts. An
// original with a reduction under way may hold less by then: nothing of it is counted on.
Money RiskCore::extra_hold(const LiveOrder& original, const Order& replacement,
                           const Instrument& instrument) const noexcept {
  constexpr Money rounding{2};
  const Quantity both = std::min(original.open, replacement.quantity);
  const Money none_filled =
      hold(original.side, replacement.price, replacement.quantity, instrument);
  const Money all_filled =
      hold(original.side, original.price, both, instrument) +
      hold(original.side, replacement.price, replacement.quantity - both, instrument);
  // Itself a replacement still undecided, it may hold more than it will keep once it is decided.
  const Money kept = hold(original.side, original.price, original.open, instrument);
  const Money counted_on =
      original.reductions_pending == 0 ? std::min(original.held, kept) : Money{0};
  return std::max(std::max(none_filled, all_filled) + rounding - counted_on, Money{0});
}

RiskCore::Outcome RiskCore::decide_cancel(Command& command) noexcept {
  const Origin& origin = command.origin;
  BASALT_ASSERT(reference_.has(origin.session));
  if (origin.user_ref_index >= channels_max) return silence();
  const std::uint32_t slot =
      user_refs_.find({origin.session, origin.user_ref_index, origin.user_ref_num});
  if (slot == UserRefIndex::not_found) return silence();
  if (command.order.verdict != Reject::none) return silence();  // No rejection answers a cancel.
  const LiveOrder& live = order_[slot];
  command.order.order = order_id(slot, live.generation);
  command.order.side = live.side;
  command.order.account = live.account;
  command.order.instrument = live.instrument;
  return Outcome::sequence;
}

RiskCore::Outcome RiskCore::decide_query(Command& command) noexcept {
  const Origin& origin = command.origin;
  BASALT_ASSERT(reference_.has(origin.session));
  if (origin.user_ref_index >= channels_max) return silence();
  const SessionState& session = session_[index_of(origin.session)];
  command.origin.original_user_ref_num = session.last_user_ref_num[origin.user_ref_index] + 1;
  return Outcome::sequence;
}

RiskCore::Outcome RiskCore::decide_amendment(Command& command) noexcept {
  Order& order = command.order;
  if ((order.flags & flag_by_session) != 0) {
    const Origin& origin = command.origin;
    BASALT_ASSERT(reference_.has(origin.session));
    if (is_retransmission(origin)) return silence();  // Numbered as orders are.
    if (!reference_.session(origin.session).is_admin) order.verdict = Reject::not_an_admin;
  }
  if (order.verdict == Reject::none) order.verdict = check_amendment(command);
  return Outcome::sequence;
}

Reject RiskCore::check_amendment(const Command& command) const noexcept {
  const auto amendment = command.as<Amendment>();
  if (const Reject found = reference_.check(command); found != Reject::none) return found;
  if (external_ids_.contains(amendment.external_id)) return Reject::duplicate_external_id;
  if (external_ids_.count() >= external_ids_max_) return Reject::limit_exceeded;
  if (!has_room_for(command)) return Reject::limit_exceeded;
  if (command.order.kind != CommandKind::deposit && command.order.kind != CommandKind::withdraw) {
    return Reject::none;
  }
  const Balance& balance = balances_.of(command.order.account, amendment.asset);
  if (command.order.kind == CommandKind::withdraw) {
    return balance.free < amendment.amount() ? Reject::insufficient_funds : Reject::none;
  }
  return balance.free + balance.held + amendment.amount() > limits::money_max
             ? Reject::limit_exceeded
             : Reject::none;
}

}  // namespace basalt::risk
