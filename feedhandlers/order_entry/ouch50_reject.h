// The engine's reasons for a refusal, in OUCH 5.0's codes (Rejected, "Reason").
//
// Total: every Reject has a code, and a new one does not compile until it has (the switch has no
// default). Where OUCH has no word for a reason, it is `other`.
#pragma once

#include "engine/reject.h"
#include "feedhandlers/order_entry/ouch50_codes.h"

namespace basalt::ouch50 {

// Precondition: reject != Reject::none. That one, and a value that is no Reject, answer `other`.
[[nodiscard]] constexpr RejectReason ouch_reject_code(Reject reject) noexcept {
  switch (reject) {
    case Reject::invalid_side:
      return RejectReason::invalid_side;
    case Reject::invalid_display:
      return RejectReason::invalid_display;
    case Reject::invalid_cross_type:
    case Reject::not_for_auction:
    case Reject::outside_auction:
      return RejectReason::invalid_cross_order;
    case Reject::unknown_instrument:
      return RejectReason::invalid_symbol;
    case Reject::account_not_permitted:
    case Reject::account_suspended:
    case Reject::entry_disabled:
      return RejectReason::firm_not_authorized;
    case Reject::mass_cancels_exceeded:
    case Reject::quotes_withdrawn:
      return RejectReason::risk_port_message_rate;
    case Reject::instrument_closed:
      return RejectReason::destination_closed;
    case Reject::instrument_halted:
      return RejectReason::halted;
    case Reject::invalid_quantity:
      return RejectReason::invalid_quantity;
    case Reject::invalid_price:
    case Reject::invalid_stop_price:
      return RejectReason::invalid_price;
    case Reject::invalid_max_floor:
      return RejectReason::invalid_max_floor;
    case Reject::invalid_min_quantity:
      return RejectReason::invalid_min_quantity;
    case Reject::notional_exceeded:
      return RejectReason::risk_single_order_notional;
    case Reject::no_reference_price:
      return RejectReason::risk_market_order_not_allowed;
    case Reject::insufficient_funds:
    case Reject::open_orders_exceeded:
      return RejectReason::risk_aggregate_exposure;
    case Reject::outside_collar:
      return RejectReason::fat_finger;
    case Reject::invalid_peg:
      return RejectReason::invalid_peg_type;
    case Reject::not_live:
    case Reject::side_of_quote:
      return RejectReason::replace_not_allowed;
    case Reject::would_cross:
    case Reject::crossed_quote:
      return RejectReason::crossed_market;
    case Reject::lowers_nothing:
      return RejectReason::cancel_not_allowed;
    case Reject::none:
    case Reject::invalid_time_in_force:
    case Reject::invalid_option:
    case Reject::invalid_value:
    case Reject::invalid_expiry:
    case Reject::invalid_link:
    case Reject::duplicate_order:
    case Reject::not_in_auction:
    case Reject::unknown_reference:
    case Reject::already_defined:
    case Reject::duplicate_external_id:
    case Reject::limit_exceeded:
    case Reject::not_an_admin:
      return RejectReason::other;
  }
  return RejectReason::other;
}

}  // namespace basalt::ouch50
