#include "engine/bridge/words.h"

#include <algorithm>

namespace basalt::bridge {

std::string decimal(int128 value) {
  return decimal(value, 0, 0);
}

std::string decimal(int128 units, std::uint32_t scale, std::uint32_t places) {
  // Through unsigned: the lowest value has no positive twin.
  uint128 rest = units < 0 ? -static_cast<uint128>(units) : static_cast<uint128>(units);
  std::string text;  // Backwards.
  std::uint32_t decimals = scale;
  for (; decimals > places && rest % 10 == 0; --decimals) rest /= 10;
  for (std::uint32_t i = 0; i < decimals; ++i, rest /= 10) {
    text.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  if (decimals > 0) text.push_back('.');
  do {
    text.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  if (units < 0) text.push_back('-');
  std::reverse(text.begin(), text.end());
  return text;
}

std::string price_text(Price price, const Instrument& instrument) {
  constexpr std::uint32_t wire_decimals = 4;
  return decimal(static_cast<int128>(price.value) * instrument.wire_tick, wire_decimals,
                 std::min<std::uint32_t>(instrument.tick_decimals, wire_decimals));
}

std::string_view word(OrderStatus status) noexcept {
  switch (status) {
    case OrderStatus::open:
      return "OPEN";
    case OrderStatus::filled:
      return "FILLED";
    case OrderStatus::canceled:
      return "CANCELED";
    case OrderStatus::rejected:
      return "REJECTED";
    case OrderStatus::replaced:
      return "REPLACED";
  }
  return "?";
}

namespace {

// Found by matching.
std::string_view word_of_matching(Reject reject) noexcept {
  switch (reject) {
    case Reject::outside_collar:
      return "outside collar";
    case Reject::not_live:
      return "not live";
    case Reject::would_cross:
      return "would cross";
    case Reject::lowers_nothing:
      return "lowers nothing";
    case Reject::duplicate_order:
      return "duplicate order";
    case Reject::crossed_quote:
      return "crossed quote";
    case Reject::side_of_quote:
      return "side of a quote";
    case Reject::quotes_withdrawn:
      return "quotes withdrawn";
    case Reject::not_for_auction:
      return "not for an auction";
    case Reject::outside_auction:
      return "outside its auction";
    default:
      return "?";
  }
}

// Of what an order asks for beyond a side, a quantity and a price.
std::string_view word_of_instructions(Reject reject) noexcept {
  switch (reject) {
    case Reject::invalid_max_floor:
      return "invalid max floor";
    case Reject::invalid_min_quantity:
      return "invalid min quantity";
    case Reject::invalid_stop_price:
      return "invalid stop price";
    case Reject::invalid_expiry:
      return "invalid expiry";
    case Reject::invalid_peg:
      return "invalid peg";
    case Reject::invalid_link:
      return "invalid link";
    default:
      return "?";
  }
}

// Of an administrative command, and of what a firm asks of all its orders.
std::string_view word_of_administration(Reject reject) noexcept {
  switch (reject) {
    case Reject::unknown_reference:
      return "unknown reference";
    case Reject::already_defined:
      return "already defined";
    case Reject::duplicate_external_id:
      return "duplicate external id";
    case Reject::limit_exceeded:
      return "limit exceeded";
    case Reject::not_an_admin:
      return "not an admin";
    case Reject::not_in_auction:
      return "not in an auction";
    case Reject::entry_disabled:
      return "order entry disabled";
    case Reject::mass_cancels_exceeded:
      return "too many mass cancels";
    default:
      return "?";
  }
}

}  // namespace

std::string_view word(Reject reject) noexcept {
  switch (reject) {
    case Reject::none:
      return "";
    case Reject::invalid_side:
      return "invalid side";
    case Reject::invalid_time_in_force:
      return "invalid time in force";
    case Reject::invalid_display:
      return "invalid display";
    case Reject::invalid_cross_type:
      return "invalid cross type";
    case Reject::invalid_option:
      return "invalid option";
    case Reject::invalid_value:
      return "invalid value";
    case Reject::unknown_instrument:
      return "unknown instrument";
    case Reject::account_not_permitted:
      return "account not permitted";
    case Reject::account_suspended:
      return "account suspended";
    case Reject::instrument_closed:
      return "instrument closed";
    case Reject::instrument_halted:
      return "instrument halted";
    case Reject::invalid_quantity:
      return "invalid quantity";
    case Reject::invalid_price:
      return "invalid price";
    case Reject::notional_exceeded:
      return "notional exceeded";
    case Reject::no_reference_price:
      return "no reference price";
    case Reject::insufficient_funds:
      return "insufficient funds";
    case Reject::open_orders_exceeded:
      return "open orders exceeded";
    case Reject::invalid_max_floor:
    case Reject::invalid_min_quantity:
    case Reject::invalid_stop_price:
    case Reject::invalid_expiry:
    case Reject::invalid_peg:
    case Reject::invalid_link:
      return word_of_instructions(reject);
    case Reject::outside_collar:
    case Reject::not_live:
    case Reject::would_cross:
    case Reject::lowers_nothing:
    case Reject::duplicate_order:
    case Reject::not_for_auction:
    case Reject::outside_auction:
    case Reject::crossed_quote:
    case Reject::side_of_quote:
    case Reject::quotes_withdrawn:
      return word_of_matching(reject);
    case Reject::unknown_reference:
    case Reject::already_defined:
    case Reject::duplicate_external_id:
    case Reject::limit_exceeded:
    case Reject::not_an_admin:
    case Reject::not_in_auction:
    case Reject::entry_disabled:
    case Reject::mass_cancels_exceeded:
      return word_of_administration(reject);
  }
  return "?";
}

std::string_view word(CancelReason reason) noexcept {
  switch (reason) {
    case CancelReason::none:
      return "";
    case CancelReason::user:
      return "user";
    case CancelReason::immediate:
      return "immediate";
    case CancelReason::collar:
      return "collar";
    case CancelReason::post_only:
      return "post only";
    case CancelReason::halted:
      return "halted";
    case CancelReason::closed:
      return "closed";
    case CancelReason::supervisory:
      return "supervisory";
    case CancelReason::system:
      return "system";
    case CancelReason::self_match:
      return "self match";
    case CancelReason::protection:
      return "protection";
    case CancelReason::expired:
      return "expired";
  }
  return "?";
}

std::string_view word(TimeInForce time_in_force) noexcept {
  switch (time_in_force) {
    case TimeInForce::day:
      return "day";
    case TimeInForce::gtc:
      return "gtc";
    case TimeInForce::ioc:
      return "ioc";
    case TimeInForce::fok:
      return "fok";
    case TimeInForce::gtd:
      return "gtd";
    case TimeInForce::at_open:
      return "at open";
    case TimeInForce::at_close:
      return "at close";
    case TimeInForce::at_halt:
      return "at halt";
  }
  return "?";
}

std::string_view word(Side side) noexcept {
  return side == Side::buy ? "buy" : "sell";
}

std::string_view word(TransferKind kind) noexcept {
  switch (kind) {
    case TransferKind::fill_quote:
      return "fill quote";
    case TransferKind::fill_base:
      return "fill base";
    case TransferKind::taker_fee:
      return "taker fee";
    case TransferKind::maker_fee:
      return "maker fee";
    case TransferKind::deposit:
      return "deposit";
    case TransferKind::withdrawal:
      return "withdrawal";
  }
  return "?";
}

std::string_view word(settlement::BatchState state) noexcept {
  switch (state) {
    case settlement::BatchState::none:
      return "NONE";
    case settlement::BatchState::pending:
      return "PENDING";
    case settlement::BatchState::executing:
      return "EXECUTING";
    case settlement::BatchState::failed:
      return "FAILED";
    case settlement::BatchState::completed:
      return "COMPLETED";
    case settlement::BatchState::folded:
      return "FOLDED";
  }
  return "?";
}

}  // namespace basalt::bridge
