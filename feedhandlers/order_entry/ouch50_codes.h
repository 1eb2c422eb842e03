// OUCH 5.0: what the letters and numbers in its messages mean, and the options an appendage
// carries.
#pragma once

#include <cstddef>
#include <cstdint>

#include "feedhandlers/big_endian.h"

namespace basalt::ouch50 {

enum class Direction : std::uint8_t { inbound, outbound };  // Client to venue; venue to client.
enum class Tail : std::uint8_t { none, optional, always };  // Does an appendage follow?

// Prices are whole numbers of 0.0001.
inline constexpr std::uint32_t price_decimals = 4;
inline constexpr std::uint64_t price_limit_max = 0x7735'939C;  // 199,999.9900
// The one price that means "at the market"; see EXTENSIONS.md for why it is the only one.
inline constexpr std::uint64_t price_market = 0x7FFF'FFFF;

enum class Side : char { buy = 'B', sell = 'S', sell_short = 'T', sell_short_exempt = 'E' };

enum class TimeInForce : char {
  day = '0',
  immediate_or_cancel = '3',
  extended_hours = '5',
  good_till_time = '6',  // Needs Tag::expire_time.
  after_hours = 'E',     // Not in Replace.
};

enum class Display : char {
  visible = 'Y',
  hidden = 'N',
  attributable = 'A',
  conformant = 'Z',  // Only told by the venue.
};

enum class Capacity : char { agency = 'A', principal = 'P', riskless = 'R', other = 'O' };

enum class YesNo : char { yes = 'Y', no = 'N' };

enum class CrossType : char {
  continuous = 'N',
  opening = 'O',
  closing = 'C',
  halt = 'H',
  supplemental = 'S',
  retail = 'R',
  extended_life = 'E',
  after_hours_close = 'A',
};

enum class EventCode : char { start_of_day = 'S', end_of_day = 'E' };

// Dead: accepted and cancelled at once; nothing more follows about the order.
enum class OrderState : char { live = 'L', dead = 'D' };

enum class CancelReason : char {
  regulatory = 'D',
  closed = 'E',
  post_only_market = 'F',  // A post-only order that the national market would have re-priced.
  post_only_contra = 'G',  // A post-only order that a displayed order here would have re-priced.
  halted = 'H',
  immediate = 'I',  // What an immediate-or-cancel order left.
  collar = 'K',
  self_match = 'Q',
  supervisory = 'S',
  expired = 'T',
  user = 'U',
  open_protection = 'X',
  system = 'Z',
  dlcr_offer_exceeded = 'e',
  protection = 'p',  // The venue's own: it was a side of a quote that was withdrawn.
};

// The venue's own, in Protection State.
enum class ProtectionState : char {
  set = 'S',
  ended = 'E',
  withdrawn = 'W',  // It has withdrawn the quote.
};

enum class BrokenReason : char {
  erroneous = 'E',
  consent = 'C',
  supervisory = 'S',
  external = 'X',
};

enum class RestatedReason : char {
  reserve_refreshed = 'R',
  price_updated = 'P',
  triggered = 'T',  // This venue's own (EXTENSIONS.md): a stop has entered the market.
};

enum class LiquidityFlag : char {
  added = 'A',
  removed = 'R',
  added_hidden = 'J',
  added_via_midpoint = 'k',
  removed_at_midpoint = 'm',
  passive_midpoint = 'N',
  midpoint_extended_life = 'n',
  added_reserve_hidden = 'u',
  added_improving_nbbo = '7',
  added_setting_qbbo = '8',
  opening_cross = 'O',
  closing_cross = 'C',
  halt_cross = 'H',
  reopening_cross = 'K',
  closing_imbalance_only = 'L',
  opening_imbalance_only = 'M',
  after_hours_close = 'i',
  supplemental = '0',
  retail_e = 'e',
  retail_j = 'j',
  retail_p = 'p',
  retail_q = 'q',
  retail_r = 'r',
  retail_t = 't',
  retail_1 = '1',
};

// Who is cancelled when an order would meet one of the same owner; lower case: the organisation's
// strategy rather than the participant's.
enum class AiqStrategy : char {
  oldest = 'O',
  newest = 'W',
  decrement_both = 'D',
  decrement_both_silently = 'Y',
  organisation_oldest = 'o',
  organisation_newest = 'w',
  organisation_decrement_both = 'd',
  organisation_decrement_both_silently = 'y',
};

enum class RejectReason : std::uint16_t {
  quote_unavailable = 0x01,
  destination_closed = 0x02,
  invalid_display = 0x03,
  invalid_max_floor = 0x04,
  invalid_peg_type = 0x05,
  fat_finger = 0x06,
  halted = 0x07,
  iso_not_allowed = 0x08,
  invalid_side = 0x09,
  processing_error = 0x0A,
  cancel_pending = 0x0B,
  firm_not_authorized = 0x0C,
  invalid_min_quantity = 0x0D,
  no_closing_reference_price = 0x0E,
  other = 0x0F,
  cancel_not_allowed = 0x10,
  pegging_not_allowed = 0x11,
  crossed_market = 0x12,
  invalid_quantity = 0x13,
  invalid_cross_order = 0x14,
  replace_not_allowed = 0x15,
  routing_not_allowed = 0x16,
  invalid_symbol = 0x17,
  test = 0x18,
  late_loc_too_aggressive = 0x19,
  retail_not_allowed = 0x1A,
  invalid_midpoint_post_only_price = 0x1B,
  invalid_destination = 0x1C,
  invalid_price = 0x1D,
  shares_exceed_threshold = 0x1E,
  exceeds_max_notional = 0x1F,
  risk_aggregate_exposure = 0x20,
  risk_market_impact = 0x21,
  risk_restricted_stock = 0x22,
  risk_short_sell_restricted = 0x23,
  risk_iso_not_allowed = 0x24,
  risk_exceeds_adv_limit = 0x25,
  risk_fat_finger = 0x26,
  risk_locate_required = 0x27,
  risk_symbol_message_rate = 0x28,
  risk_port_message_rate = 0x29,
  risk_duplicate_message_rate = 0x2A,
  risk_short_sell_not_allowed = 0x2B,
  risk_market_order_not_allowed = 0x2C,
  risk_pre_market_not_allowed = 0x2D,
  risk_post_market_not_allowed = 0x2E,
  risk_short_sell_exempt_not_allowed = 0x2F,
  risk_single_order_notional = 0x30,
  risk_max_quantity = 0x31,
  reg_sho_state_not_available = 0x32,
  risk_ipo_market_buy_not_allowed = 0x33,
};

// Options in an appendage. From 128 on they are this venue's own (EXTENSIONS.md).
enum class Tag : std::uint8_t {
  secondary_order_reference = 1,  // U64, outbound: the number used on the data feed.
  firm = 2,                       // Alpha<4>; blank: the account's own.
  min_quantity = 3,               // U32; 0: none.
  customer_type = 4,              // Letter: R retail, N not; space: the port's.
  max_floor = 5,                  // U32: the displayed part; 0: none.
  price_type = 6,                 // Letter: L limit (default), P, M, R, Q pegs, m midpoint.
  peg_offset = 7,                 // I32, signed price.
  discretion_price = 9,           // U64.
  discretion_price_type = 10,     // Letter: L, P, M, R.
  discretion_peg_offset = 11,     // I32, signed price.
  post_only = 12,                 // Letter: P post only, N no (default).
  random_reserves = 13,           // U32: by how much parts of max_floor vary; 0: not.
  route = 14,                     // Alpha<4>; retired from inbound messages.
  expire_time = 15,               // U32: seconds to live, below 86,400; 0: none.
  trade_now = 16,                 // Letter: Y, N; space: the port's.
  handling = 17,                  // Letter: I, O, T, Q, B, D; space: none.
  bbo_weight = 18,                // Letter, outbound: 0 to 3, space, S, N.
  display_quantity = 22,          // U32, Order Restated only.
  display_price = 23,             // U64, Order Restated only.
  group_id = 24,                  // U16; 0: none.
  shares_located = 25,            // Letter: Y, N.
  locate_broker = 26,             // Alpha<4>.
  side = 27,                      // Letter, in Mass Cancel and Replace: B, S, T, E.
  user_ref_index = 28,            // One byte: the order flow channel; 0: numbering is per port.
  account = 128,                  // U32: whom the session acts for.
  external_id = 129,              // 16 bytes of the client's choice.
  self_trade_prevention = 130,    // Letter: N newest, O oldest, B both, D decrement; space: off.
                                  //   Lower case: by the firm.
  stop_price = 131,               // U64; 0: none.
  expiry = 132,                   // U64: nanoseconds since 1970-01-01 UTC; 0: none.
  slide = 133,                    // Letter: S a post-only order slides; space: it does not.
  remainder = 136,                // Letter: R what is left at market rests; space: it does not.
  linked_to = 137,                // U32: UserRefNum of a live order; 0: none.
  trail = 138,                    // U64, a distance of prices; 0: none.
};

inline constexpr std::size_t account_bytes = 4;
inline constexpr std::size_t external_id_bytes = 16;

// How long the value of this option is. 0: not an option that we know, and any length is
// well-formed.
[[nodiscard]] constexpr std::size_t value_bytes(Tag tag) noexcept {
  switch (tag) {
    case Tag::customer_type:
    case Tag::price_type:
    case Tag::discretion_price_type:
    case Tag::post_only:
    case Tag::trade_now:
    case Tag::handling:
    case Tag::bbo_weight:
    case Tag::shares_located:
    case Tag::side:
    case Tag::user_ref_index:
    case Tag::self_trade_prevention:
    case Tag::slide:
    case Tag::remainder:
      return 1;
    case Tag::group_id:
      return 2;
    case Tag::firm:
    case Tag::min_quantity:
    case Tag::max_floor:
    case Tag::peg_offset:
    case Tag::discretion_peg_offset:
    case Tag::random_reserves:
    case Tag::route:
    case Tag::expire_time:
    case Tag::linked_to:
    case Tag::display_quantity:
    case Tag::locate_broker:
      return 4;
    case Tag::secondary_order_reference:
    case Tag::discretion_price:
    case Tag::display_price:
    case Tag::stop_price:
    case Tag::trail:
    case Tag::expiry:
      return 8;
    case Tag::account:
      return account_bytes;
    case Tag::external_id:
      return external_id_bytes;
  }
  return 0;
}

}  // namespace basalt::ouch50
