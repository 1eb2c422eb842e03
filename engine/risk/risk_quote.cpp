// A quote: both sides of one account in one instrument, replaced as one.
//
//   Quote ─► [cancel, cancel, new order, new order] ─► each decided and sequenced in its turn
//
// It is no command of the log. What stands is cancelled and the new sides enter, in commands that
// follow each other without another between, so that a book is never seen with one side of the old
// quote and one of the new, and neither meets the other. Which orders stand is a function of the
// log.
#include "engine/risk/risk_core.h"

namespace basalt::risk {
namespace {

bool is_crossed(const Quote& quote) noexcept {
  const bool both = quote.bid.quantity != Quantity{0} && quote.offer.quantity != Quantity{0};
  return both && quote.bid.price >= quote.offer.price;
}

}  // namespace

RiskCore::QuoteParts RiskCore::parts_of(const Command& asked) noexcept {
  const Origin& origin = asked.origin;
  BASALT_ASSERT(reference_.has(origin.session));
  QuoteParts parts;
  if (origin.user_ref_index >= channels_max || is_retransmission(origin)) {
    ++silenced_;
    return parts;
  }
  const auto quote = asked.as<Quote>();
  Command side = asked;
  side.order.kind = CommandKind::new_order;
  side.order.slots = 2;
  side.definition = {};
  side.order.flags |= flag_quoted;
  side.order.verdict = whose_quote(side);
  if (side.order.verdict == Reject::none && is_crossed(quote)) {
    side.order.verdict = Reject::crossed_quote;
  }
  const bool valid = side.order.verdict == Reject::none;
  if (valid) {
    for (const Side which : {Side::buy, Side::sell}) cancel_standing(side.order, which, parts);
  }
  const auto enter = [&](Side which, const Quote::Offer& offer, std::uint32_t number) {
    side.order.side = which;
    side.order.price = offer.price;
    side.order.quantity = offer.quantity;
    side.origin.user_ref_num = number;
    side.origin.wire_side = which == Side::buy ? 'B' : 'S';
    parts.add(side);
  };
  // Where it asks for neither side and is refused, the first number is answered.
  const bool buys = quote.bid.quantity != Quantity{0};
  const bool sells = quote.offer.quantity != Quantity{0};
  if (buys || (!valid && !sells)) enter(Side::buy, quote.bid, origin.user_ref_num);
  if (sells) enter(Side::sell, quote.offer, origin.user_ref_num + 1);
  return parts;
}

RiskCore::Outcome RiskCore::decide_protection(Command& command) noexcept {
  const Origin& origin = command.origin;
  BASALT_ASSERT(reference_.has(origin.session));
  if (origin.user_ref_index >= channels_max || is_retransmission(origin)) return silence();
  command.order.verdict = whose_quote(command);
  return Outcome::sequence;
}

// Names the session's own account where the command names none. Refused: what makes it unclear
// whose quote it is about, or in what.
Reject RiskCore::whose_quote(Command& command) const noexcept {
  Order& order = command.order;
  const SessionId session = command.origin.session;
  if (order.account == no_account) order.account = reference_.session(session).default_account;
  if (order.verdict != Reject::none) return order.verdict;
  if (!reference_.has(order.instrument)) return Reject::unknown_instrument;
  return check_account(order.account, session);
}

void RiskCore::cancel_standing(const Order& quote, Side side, QuoteParts& parts) const noexcept {
  const std::uint32_t slot = quotes_.find({quote.account, quote.instrument, side});
  if (slot == QuoteIndex::not_found) return;
  Command cancel = cancel_of(order_id(slot, order_[slot].generation), 0);
  cancel.order.time = quote.time;
  parts.add(cancel);
}

// The side that entered last is the one that stands.
void RiskCore::note_quote(const LiveOrder& live, std::uint32_t slot) noexcept {
  const QuoteSide name{live.account, live.instrument, live.side};
  if (quotes_.find(name) != QuoteIndex::not_found) quotes_.erase(name);
  quotes_.insert(name, slot);
}

void RiskCore::forget_quote(const LiveOrder& gone, std::uint32_t slot) noexcept {
  const QuoteSide name{gone.account, gone.instrument, gone.side};
  if (quotes_.find(name) == slot) quotes_.erase(name);
}

}  // namespace basalt::risk
