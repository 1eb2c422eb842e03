// OUCH 5.0: the layout of every outbound message, as structs to lay over the bytes.
// All are sequenced. `time` is nanoseconds since midnight. Each names, in `tail`, whether an
// appendage always follows (its length is the struct's last field), may follow, or never does: an
// optional tail is there only when the request named an order flow channel (Tag::user_ref_index).
#pragma once

#include <cstddef>

#include "feedhandlers/big_endian.h"
#include "feedhandlers/order_entry/ouch50_codes.h"

namespace basalt::ouch50 {

struct SystemEvent {
  static constexpr char type = 'S';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U64 time;
  wire::Code<EventCode> event;
};
static_assert(wire::Message<SystemEvent> && sizeof(SystemEvent) == 10);
static_assert(offsetof(SystemEvent, time) == 1 && offsetof(SystemEvent, event) == 9);

// Precedes everything else about the order. Price and time in force may be better and shorter than
// asked for.
struct Accepted {
  static constexpr char type = 'A';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::Code<Side> side;
  wire::U32 quantity;
  wire::Alpha<8> symbol;
  wire::U64 price;
  wire::Code<TimeInForce> time_in_force;
  wire::Code<Display> display;
  wire::U64 order_reference;  // The number on the data feed.
  wire::Code<Capacity> capacity;
  wire::Code<YesNo> intermarket_sweep;
  wire::Code<CrossType> cross_type;
  wire::Code<OrderState> order_state;
  wire::Alpha<14> client_order_id;
  wire::U16 appendage_length;
};
static_assert(wire::Message<Accepted> && sizeof(Accepted) == 64);
static_assert(offsetof(Accepted, time) == 1 && offsetof(Accepted, user_ref_num) == 9);
static_assert(offsetof(Accepted, side) == 13 && offsetof(Accepted, quantity) == 14);
static_assert(offsetof(Accepted, symbol) == 18 && offsetof(Accepted, price) == 26);
static_assert(offsetof(Accepted, time_in_force) == 34 && offsetof(Accepted, display) == 35);
static_assert(offsetof(Accepted, order_reference) == 36 && offsetof(Accepted, capacity) == 44);
static_assert(offsetof(Accepted, intermarket_sweep) == 45 && offsetof(Accepted, cross_type) == 46);
static_assert(offsetof(Accepted, order_state) == 47 && offsetof(Accepted, client_order_id) == 48);
static_assert(offsetof(Accepted, appendage_length) == 62);

struct Replaced {
  static constexpr char type = 'U';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U64 time;
  wire::U32 original_user_ref_num;
  wire::U32 user_ref_num;
  wire::Code<Side> side;
  wire::U32 quantity;  // Now open.
  wire::Alpha<8> symbol;
  wire::U64 price;
  wire::Code<TimeInForce> time_in_force;
  wire::Code<Display> display;
  wire::U64 order_reference;  // The number on the data feed.
  wire::Code<Capacity> capacity;
  wire::Code<YesNo> intermarket_sweep;
  wire::Code<CrossType> cross_type;
  wire::Code<OrderState> order_state;
  wire::Alpha<14> client_order_id;
  wire::U16 appendage_length;
};
static_assert(wire::Message<Replaced> && sizeof(Replaced) == 68);
static_assert(offsetof(Replaced, time) == 1 && offsetof(Replaced, original_user_ref_num) == 9);
static_assert(offsetof(Replaced, user_ref_num) == 13 && offsetof(Replaced, side) == 17);
static_assert(offsetof(Replaced, quantity) == 18 && offsetof(Replaced, symbol) == 22);
static_assert(offsetof(Replaced, price) == 30 && offsetof(Replaced, time_in_force) == 38);
static_assert(offsetof(Replaced, display) == 39 && offsetof(Replaced, order_reference) == 40);
static_assert(offsetof(Replaced, capacity) == 48 && offsetof(Replaced, intermarket_sweep) == 49);
static_assert(offsetof(Replaced, cross_type) == 50 && offsetof(Replaced, order_state) == 51);
static_assert(offsetof(Replaced, client_order_id) == 52 &&
              offsetof(Replaced, appendage_length) == 66);

struct Canceled {
  static constexpr char type = 'C';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::U32 quantity;  // Taken away by this message.
  wire::Code<CancelReason> reason;
};
static_assert(wire::Message<Canceled> && sizeof(Canceled) == 18);
static_assert(offsetof(Canceled, time) == 1 && offsetof(Canceled, user_ref_num) == 9);
static_assert(offsetof(Canceled, quantity) == 13 && offsetof(Canceled, reason) == 17);

// Cancelled, or decremented, so that it would not meet an order of the same owner.
struct AiqCanceled {
  static constexpr char type = 'D';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::U32 decrement;
  wire::Code<CancelReason> reason;  // Always self_match.
  wire::U32 quantity_prevented;
  wire::U64 execution_price;
  wire::Code<LiquidityFlag> liquidity;
  wire::Code<AiqStrategy> strategy;
};
static_assert(wire::Message<AiqCanceled> && sizeof(AiqCanceled) == 32);
static_assert(offsetof(AiqCanceled, time) == 1 && offsetof(AiqCanceled, user_ref_num) == 9);
static_assert(offsetof(AiqCanceled, decrement) == 13 && offsetof(AiqCanceled, reason) == 17);
static_assert(offsetof(AiqCanceled, quantity_prevented) == 18 &&
              offsetof(AiqCanceled, execution_price) == 22);
static_assert(offsetof(AiqCanceled, liquidity) == 30 && offsetof(AiqCanceled, strategy) == 31);

struct Executed {
  static constexpr char type = 'E';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::U32 quantity;  // Of this execution.
  wire::U64 price;
  wire::Code<LiquidityFlag> liquidity;
  wire::U64 match_number;
  wire::U16 appendage_length;
};
static_assert(wire::Message<Executed> && sizeof(Executed) == 36);
static_assert(offsetof(Executed, time) == 1 && offsetof(Executed, user_ref_num) == 9);
static_assert(offsetof(Executed, quantity) == 13 && offsetof(Executed, price) == 17);
static_assert(offsetof(Executed, liquidity) == 25 && offsetof(Executed, match_number) == 26);
static_assert(offsetof(Executed, appendage_length) == 34);

struct BrokenTrade {
  static constexpr char type = 'B';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::U64 match_number;
  wire::Code<BrokenReason> reason;
  wire::Alpha<14> client_order_id;
};
static_assert(wire::Message<BrokenTrade> && sizeof(BrokenTrade) == 36);
static_assert(offsetof(BrokenTrade, time) == 1 && offsetof(BrokenTrade, user_ref_num) == 9);
static_assert(offsetof(BrokenTrade, match_number) == 13 && offsetof(BrokenTrade, reason) == 21);
static_assert(offsetof(BrokenTrade, client_order_id) == 22);

// Refuses an order, and consumes its number.
struct Rejected {
  static constexpr char type = 'J';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::BigEndian<RejectReason> reason;
  wire::Alpha<14> client_order_id;
};
static_assert(wire::Message<Rejected> && sizeof(Rejected) == 29);
static_assert(offsetof(Rejected, time) == 1 && offsetof(Rejected, user_ref_num) == 9);
static_assert(offsetof(Rejected, reason) == 13 && offsetof(Rejected, client_order_id) == 15);

// The cancel of a cross order waits for the late period to end.
struct CancelPending {
  static constexpr char type = 'P';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
};
static_assert(wire::Message<CancelPending> && sizeof(CancelPending) == 13);
static_assert(offsetof(CancelPending, time) == 1 && offsetof(CancelPending, user_ref_num) == 9);

// A cross order cannot be cancelled in part in the late period.
struct CancelReject {
  static constexpr char type = 'I';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
};
static_assert(wire::Message<CancelReject> && sizeof(CancelReject) == 13);
static_assert(offsetof(CancelReject, time) == 1 && offsetof(CancelReject, user_ref_num) == 9);

struct PriorityUpdate {
  static constexpr char type = 'T';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::U64 price;
  wire::Code<Display> display;
  wire::U64 order_reference;  // The new one.
};
static_assert(wire::Message<PriorityUpdate> && sizeof(PriorityUpdate) == 30);
static_assert(offsetof(PriorityUpdate, time) == 1 && offsetof(PriorityUpdate, user_ref_num) == 9);
static_assert(offsetof(PriorityUpdate, price) == 13 && offsetof(PriorityUpdate, display) == 21);
static_assert(offsetof(PriorityUpdate, order_reference) == 22);

struct OrderModified {
  static constexpr char type = 'M';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::Code<Side> side;
  wire::U32 quantity;  // Now open.
};
static_assert(wire::Message<OrderModified> && sizeof(OrderModified) == 18);
static_assert(offsetof(OrderModified, time) == 1 && offsetof(OrderModified, user_ref_num) == 9);
static_assert(offsetof(OrderModified, side) == 13 && offsetof(OrderModified, quantity) == 14);

// The venue changed what it shows of the order; the options say how.
struct OrderRestated {
  static constexpr char type = 'R';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::Code<RestatedReason> reason;
  wire::U16 appendage_length;
};
static_assert(wire::Message<OrderRestated> && sizeof(OrderRestated) == 16);
static_assert(offsetof(OrderRestated, time) == 1 && offsetof(OrderRestated, user_ref_num) == 9);
static_assert(offsetof(OrderRestated, reason) == 13 &&
              offsetof(OrderRestated, appendage_length) == 14);

// The Canceled of each order follows.
struct MassCancelResponse {
  static constexpr char type = 'X';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::Alpha<4> firm;
  wire::Alpha<8> symbol;
  wire::U16 appendage_length;
};
static_assert(wire::Message<MassCancelResponse> && sizeof(MassCancelResponse) == 27);
static_assert(offsetof(MassCancelResponse, time) == 1 &&
              offsetof(MassCancelResponse, user_ref_num) == 9);
static_assert(offsetof(MassCancelResponse, firm) == 13 &&
              offsetof(MassCancelResponse, symbol) == 17);
static_assert(offsetof(MassCancelResponse, appendage_length) == 25);

struct DisableResponse {
  static constexpr char type = 'G';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::Alpha<4> firm;
  wire::U16 appendage_length;
};
static_assert(wire::Message<DisableResponse> && sizeof(DisableResponse) == 19);
static_assert(offsetof(DisableResponse, time) == 1 && offsetof(DisableResponse, user_ref_num) == 9);
static_assert(offsetof(DisableResponse, firm) == 13 &&
              offsetof(DisableResponse, appendage_length) == 17);

struct EnableResponse {
  static constexpr char type = 'K';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  wire::Alpha<4> firm;
  wire::U16 appendage_length;
};
static_assert(wire::Message<EnableResponse> && sizeof(EnableResponse) == 19);
static_assert(offsetof(EnableResponse, time) == 1 && offsetof(EnableResponse, user_ref_num) == 9);
static_assert(offsetof(EnableResponse, firm) == 13 &&
              offsetof(EnableResponse, appendage_length) == 17);

// The venue's own (EXTENSIONS.md).
struct ProtectionStateTold {
  static constexpr char type = 'p';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;  // Of the Protect Quote.
  wire::Alpha<8> symbol;
  wire::Code<ProtectionState> state;
  wire::U16 appendage_length;
};
static_assert(wire::Message<ProtectionStateTold> && sizeof(ProtectionStateTold) == 24);
static_assert(offsetof(ProtectionStateTold, time) == 1 &&
              offsetof(ProtectionStateTold, user_ref_num) == 9);
static_assert(offsetof(ProtectionStateTold, symbol) == 13 &&
              offsetof(ProtectionStateTold, state) == 21 &&
              offsetof(ProtectionStateTold, appendage_length) == 22);

struct AccountQueryResponse {
  static constexpr char type = 'Q';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U64 time;
  wire::U32 next_user_ref_num;
};
static_assert(wire::Message<AccountQueryResponse> && sizeof(AccountQueryResponse) == 13);
static_assert(offsetof(AccountQueryResponse, time) == 1 &&
              offsetof(AccountQueryResponse, next_user_ref_num) == 9);

}  // namespace basalt::ouch50
