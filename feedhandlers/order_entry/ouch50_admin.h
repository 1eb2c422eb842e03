// The venue's own messages: administrative commands, and the one answer to each of them.
//
//   Deposit, Withdraw, SetFees, …  ─► the venue ─► AdminResponse, in the session's stream
//   (lower-case letters, which OUCH 5.0 does not use)
//
// A command is numbered like an order, in the numbering of the port itself: its number rises above
// that of the last order or command, and one that does not is a retransmission and gets silence.
// Its external id is for ever: a command whose id was applied before is answered so and changes
// nothing, whatever number it has.
//
// EXTENSIONS.md says byte by byte what is in them.
#pragma once

#include <cstddef>

#include "feedhandlers/big_endian.h"
#include "feedhandlers/order_entry/ouch50_codes.h"

namespace basalt::ouch50 {

using ExternalIdBytes = wire::Opaque<external_id_bytes>;
using AccountName = wire::Alpha<15>;
using AssetName = wire::Alpha<11>;

enum class TradingState : char {
  open = 'O',
  halted = 'H',
  closed = 'C',
  opening_auction = 'A',
  volatility_auction = 'V',
  closing_auction = 'L',
  uncross = 'U',  // No state: the auction that the instrument is in trades, and goes on.
};

enum class AccountStatus : char { active = 'A', suspended = 'S' };

enum class LimitType : char {
  open_orders = 'O',    // Of an account: live orders at most.
  quantity = 'Q',       // Of an instrument: lots in one order,
  notional = 'N',       //   minor units of the quote asset in one order,
  collar = 'C',         //   millionths of the last trade around it,
  static_collar = 'S',  //   of the latest uncross likewise,
  protection = 'P',     //   and how far a market order may trade, in millionths too.
};

// How far the index has fallen.
enum class HaltLevel : char { first = '1', second = '2', third = '3' };
enum class CancelSide : char { buy = 'B', sell = 'S', both = ' ' };

// OUCH tells two of them to sessions; the feed tells all.
enum class MarketEventCode : char {
  start_of_day = 'S',
  start_of_market_hours = 'Q',
  end_of_market_hours = 'M',
  end_of_day = 'E',
};

// Pays into an account, from outside the venue.
struct Deposit {
  static constexpr char type = 'd';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  AccountName account;
  AssetName asset;
  wire::U128 amount;  // Minor units of the asset.
};
static_assert(wire::Message<Deposit> && sizeof(Deposit) == 63);
static_assert(offsetof(Deposit, user_ref_num) == 1 && offsetof(Deposit, external_id) == 5);
static_assert(offsetof(Deposit, account) == 21 && offsetof(Deposit, asset) == 36);
static_assert(offsetof(Deposit, amount) == 47);

// Pays out of an account what nothing holds.
struct Withdraw {
  static constexpr char type = 'w';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  AccountName account;
  AssetName asset;
  wire::U128 amount;  // Minor units of the asset.
};
static_assert(wire::Message<Withdraw> && sizeof(Withdraw) == 63);
static_assert(offsetof(Withdraw, user_ref_num) == 1 && offsetof(Withdraw, external_id) == 5);
static_assert(offsetof(Withdraw, account) == 21 && offsetof(Withdraw, asset) == 36);
static_assert(offsetof(Withdraw, amount) == 47);

struct SetFees {
  static constexpr char type = 'f';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  wire::Alpha<8> symbol;
  wire::I32 maker_ppm;  // Millionths of the notional; negative: a rebate.
  wire::I32 taker_ppm;
};
static_assert(wire::Message<SetFees> && sizeof(SetFees) == 37);
static_assert(offsetof(SetFees, user_ref_num) == 1 && offsetof(SetFees, external_id) == 5);
static_assert(offsetof(SetFees, symbol) == 21 && offsetof(SetFees, maker_ppm) == 29);
static_assert(offsetof(SetFees, taker_ppm) == 33);

// Orders that rest stay in the book, and can be cancelled, in every state.
struct SetInstrumentState {
  static constexpr char type = 'i';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  wire::Alpha<8> symbol;
  wire::Code<TradingState> state;
};
static_assert(wire::Message<SetInstrumentState> && sizeof(SetInstrumentState) == 30);
static_assert(offsetof(SetInstrumentState, user_ref_num) == 1 &&
              offsetof(SetInstrumentState, external_id) == 5);
static_assert(offsetof(SetInstrumentState, symbol) == 21 &&
              offsetof(SetInstrumentState, state) == 29);

// Suspended: no order of the account is taken; it cancels nothing.
struct SetAccountState {
  static constexpr char type = 'a';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  AccountName account;
  wire::Code<AccountStatus> status;
};
static_assert(wire::Message<SetAccountState> && sizeof(SetAccountState) == 37);
static_assert(offsetof(SetAccountState, user_ref_num) == 1 &&
              offsetof(SetAccountState, external_id) == 5);
static_assert(offsetof(SetAccountState, account) == 21 && offsetof(SetAccountState, status) == 36);

struct SetLimit {
  static constexpr char type = 'l';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  wire::Code<LimitType> limit;
  AccountName account;    // Blank where the limit is an instrument's.
  wire::Alpha<8> symbol;  // Blank where the limit is an account's.
  wire::U128 value;       // In the limit's own unit.
};
static_assert(wire::Message<SetLimit> && sizeof(SetLimit) == 61);
static_assert(offsetof(SetLimit, user_ref_num) == 1 && offsetof(SetLimit, external_id) == 5);
static_assert(offsetof(SetLimit, limit) == 21 && offsetof(SetLimit, account) == 22);
static_assert(offsetof(SetLimit, symbol) == 37 && offsetof(SetLimit, value) == 45);

struct TellMarketEvent {
  static constexpr char type = 'e';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  wire::Code<MarketEventCode> event;
};
static_assert(wire::Message<TellMarketEvent> && sizeof(TellMarketEvent) == 22);
static_assert(offsetof(TellMarketEvent, user_ref_num) == 1 &&
              offsetof(TellMarketEvent, external_id) == 5);
static_assert(offsetof(TellMarketEvent, event) == 21);

// Halts all instruments that are not closed.
struct HaltMarket {
  static constexpr char type = 'b';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  wire::Code<HaltLevel> level;
  wire::U32 halt_seconds;     // Of levels 1 and 2; 0 with level 3.
  wire::U32 auction_seconds;  // Likewise: of the auctions that open the market again.
};
static_assert(wire::Message<HaltMarket> && sizeof(HaltMarket) == 30);
static_assert(offsetof(HaltMarket, user_ref_num) == 1 && offsetof(HaltMarket, external_id) == 5);
static_assert(offsetof(HaltMarket, level) == 21 && offsetof(HaltMarket, halt_seconds) == 22);
static_assert(offsetof(HaltMarket, auction_seconds) == 26);

// Tells the feed at which values of the index the market will be halted.
struct SetHaltLevels {
  static constexpr char type = 'v';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  wire::U64 level_1;  // Eight decimals.
  wire::U64 level_2;
  wire::U64 level_3;
};
static_assert(wire::Message<SetHaltLevels> && sizeof(SetHaltLevels) == 45);
static_assert(offsetof(SetHaltLevels, user_ref_num) == 1 &&
              offsetof(SetHaltLevels, external_id) == 5);
static_assert(offsetof(SetHaltLevels, level_1) == 21 && offsetof(SetHaltLevels, level_2) == 29);
static_assert(offsetof(SetHaltLevels, level_3) == 37);

// Cancels what rests of an account, in an instrument, or of the one in the other.
struct CancelOrders {
  static constexpr char type = 'c';
  static constexpr Direction direction = Direction::inbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  AccountName account;    // Blank: of all. At least one of these two
  wire::Alpha<8> symbol;  //   names something.
  wire::Code<CancelSide> side;
};
static_assert(wire::Message<CancelOrders> && sizeof(CancelOrders) == 45);
static_assert(offsetof(CancelOrders, user_ref_num) == 1 &&
              offsetof(CancelOrders, external_id) == 5);
static_assert(offsetof(CancelOrders, account) == 21 && offsetof(CancelOrders, symbol) == 36);
static_assert(offsetof(CancelOrders, side) == 44);

// Answers each of them, once.
struct AdminResponse {
  static constexpr char type = 'r';
  static constexpr Direction direction = Direction::outbound;
  static constexpr Tail tail = Tail::none;

  char message_type = type;
  wire::U64 time;
  wire::U32 user_ref_num;
  ExternalIdBytes external_id;
  wire::U16 reason;  // 0: applied. Otherwise a Reject (engine/reject.h) by its number.
};
static_assert(wire::Message<AdminResponse> && sizeof(AdminResponse) == 31);
static_assert(offsetof(AdminResponse, time) == 1 && offsetof(AdminResponse, user_ref_num) == 9);
static_assert(offsetof(AdminResponse, external_id) == 13 && offsetof(AdminResponse, reason) == 29);

}  // namespace basalt::ouch50
