// OUCH 5.0: the layout of every inbound message, as structs to lay over the bytes.
// Not sequenced: a client may send any of them twice without harm. Each names, in `tail`, whether
// an appendage always follows (its length is the struct's last field), may follow, or never does.
#pragma once

#include <cstddef>

#include "feedhandlers/big_endian.h"
#include "feedhandlers/order_entry/ouch50_codes.h"

namespace basalt::ouch50 {

// Enters a new order.
struct EnterOrder {
  static constexpr char type = 'O';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U32 user_ref_num;
  wire::Code<Side> side;
  wire::U32 quantity;
  wire::Alpha<8> symbol;
  wire::U64 price;
  wire::Code<TimeInForce> time_in_force;
  wire::Code<Display> display;
  wire::Code<Capacity> capacity;
  wire::Code<YesNo> intermarket_sweep;
  wire::Code<CrossType> cross_type;
  wire::Alpha<14> client_order_id;  // Echoed; not checked to be unique.
  wire::U16 appendage_length;
};
static_assert(wire::Message<EnterOrder> && sizeof(EnterOrder) == 47);
static_assert(offsetof(EnterOrder, user_ref_num) == 1 && offsetof(EnterOrder, side) == 5);
static_assert(offsetof(EnterOrder, quantity) == 6 && offsetof(EnterOrder, symbol) == 10);
static_assert(offsetof(EnterOrder, price) == 18 && offsetof(EnterOrder, time_in_force) == 26);
static_assert(offsetof(EnterOrder, display) == 27 && offsetof(EnterOrder, capacity) == 28);
static_assert(offsetof(EnterOrder, intermarket_sweep) == 29 &&
              offsetof(EnterOrder, cross_type) == 30);
static_assert(offsetof(EnterOrder, client_order_id) == 31 &&
              offsetof(EnterOrder, appendage_length) == 45);

// Replaces a live order by one with a new number and new time priority.
struct ReplaceOrder {
  static constexpr char type = 'U';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U32 original_user_ref_num;
  wire::U32 user_ref_num;
  wire::U32 quantity;  // Of the whole chain, what is executed included.
  wire::U64 price;
  wire::Code<TimeInForce> time_in_force;
  wire::Code<Display> display;
  wire::Code<YesNo> intermarket_sweep;
  wire::Alpha<14> client_order_id;
  wire::U16 appendage_length;
};
static_assert(wire::Message<ReplaceOrder> && sizeof(ReplaceOrder) == 40);
static_assert(offsetof(ReplaceOrder, original_user_ref_num) == 1 &&
              offsetof(ReplaceOrder, user_ref_num) == 5);
static_assert(offsetof(ReplaceOrder, quantity) == 9 && offsetof(ReplaceOrder, price) == 13);
static_assert(offsetof(ReplaceOrder, time_in_force) == 21 && offsetof(ReplaceOrder, display) == 22);
static_assert(offsetof(ReplaceOrder, intermarket_sweep) == 23 &&
              offsetof(ReplaceOrder, client_order_id) == 24);
static_assert(offsetof(ReplaceOrder, appendage_length) == 38);

// Lowers or cancels a live order; it keeps its priority.
struct CancelOrder {
  static constexpr char type = 'X';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U32 user_ref_num;
  wire::U32 quantity;  // The new intended total, executed included; 0: cancel all.
};
static_assert(wire::Message<CancelOrder> && sizeof(CancelOrder) == 9);
static_assert(offsetof(CancelOrder, user_ref_num) == 1 && offsetof(CancelOrder, quantity) == 5);

// Changes the side (S to E, S to T, E to T) or lowers the quantity.
struct ModifyOrder {
  static constexpr char type = 'M';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
  wire::U32 user_ref_num;
  wire::Code<Side> side;
  wire::U32 quantity;  // As in Cancel.
};
static_assert(wire::Message<ModifyOrder> && sizeof(ModifyOrder) == 10);
static_assert(offsetof(ModifyOrder, user_ref_num) == 1 && offsetof(ModifyOrder, side) == 5);
static_assert(offsetof(ModifyOrder, quantity) == 6);

// Cancels all orders of a firm, or those in one symbol.
struct MassCancel {
  static constexpr char type = 'C';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U32 user_ref_num;
  wire::Alpha<4> firm;
  wire::Alpha<8> symbol;  // Blank: all.
  wire::U16 appendage_length;
};
static_assert(wire::Message<MassCancel> && sizeof(MassCancel) == 19);
static_assert(offsetof(MassCancel, user_ref_num) == 1 && offsetof(MassCancel, firm) == 5);
static_assert(offsetof(MassCancel, symbol) == 9 && offsetof(MassCancel, appendage_length) == 17);

// The venue's own (EXTENSIONS.md): both sides of an account's quote in one instrument.
struct Quote {
  static constexpr char type = 'q';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U32 user_ref_num;  // Of the buy; the sell has the next.
  wire::Alpha<8> symbol;
  wire::U32 bid_quantity;  // 0: no buy.
  wire::U64 bid_price;
  wire::U32 offer_quantity;  // 0: no sell.
  wire::U64 offer_price;
  wire::Code<Capacity> capacity;
  wire::Alpha<14> client_order_id;  // Of both.
  wire::U16 appendage_length;
};
static_assert(wire::Message<Quote> && sizeof(Quote) == 54);
static_assert(offsetof(Quote, user_ref_num) == 1 && offsetof(Quote, symbol) == 5);
static_assert(offsetof(Quote, bid_quantity) == 13 && offsetof(Quote, bid_price) == 17);
static_assert(offsetof(Quote, offer_quantity) == 25 && offsetof(Quote, offer_price) == 29);
static_assert(offsetof(Quote, capacity) == 37 && offsetof(Quote, client_order_id) == 38);
static_assert(offsetof(Quote, appendage_length) == 52);

// The venue's own: how much may trade against an account's quote in one instrument.
struct ProtectQuote {
  static constexpr char type = 'p';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U32 user_ref_num;
  wire::Alpha<8> symbol;
  wire::U32 window_ms;  // 0: not any more.
  wire::U32 quantity;   // 0, here and below: without this limit.
  wire::U32 fills;
  wire::U32 delta;
  wire::U16 appendage_length;
};
static_assert(wire::Message<ProtectQuote> && sizeof(ProtectQuote) == 31);
static_assert(offsetof(ProtectQuote, user_ref_num) == 1 && offsetof(ProtectQuote, symbol) == 5);
static_assert(offsetof(ProtectQuote, window_ms) == 13 && offsetof(ProtectQuote, quantity) == 17);
static_assert(offsetof(ProtectQuote, fills) == 21 && offsetof(ProtectQuote, delta) == 25);
static_assert(offsetof(ProtectQuote, appendage_length) == 29);

// Switches order entry off for a firm. It cancels nothing.
struct DisableOrderEntry {
  static constexpr char type = 'D';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U32 user_ref_num;
  wire::Alpha<4> firm;
  wire::U16 appendage_length;
};
static_assert(wire::Message<DisableOrderEntry> && sizeof(DisableOrderEntry) == 11);
static_assert(offsetof(DisableOrderEntry, user_ref_num) == 1 &&
              offsetof(DisableOrderEntry, firm) == 5);
static_assert(offsetof(DisableOrderEntry, appendage_length) == 9);

// Switches order entry on again.
struct EnableOrderEntry {
  static constexpr char type = 'E';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::always;

  char message_type = type;
  wire::U32 user_ref_num;
  wire::Alpha<4> firm;
  wire::U16 appendage_length;
};
static_assert(wire::Message<EnableOrderEntry> && sizeof(EnableOrderEntry) == 11);
static_assert(offsetof(EnableOrderEntry, user_ref_num) == 1 &&
              offsetof(EnableOrderEntry, firm) == 5);
static_assert(offsetof(EnableOrderEntry, appendage_length) == 9);

// Asks for the next free UserRefNum.
struct AccountQuery {
  static constexpr char type = 'Q';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::optional;

  char message_type = type;
};
static_assert(wire::Message<AccountQuery> && sizeof(AccountQuery) == 1);

}  // namespace basalt::ouch50
