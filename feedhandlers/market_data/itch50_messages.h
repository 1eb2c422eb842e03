// ITCH 5.0: the layout of every message, as structs to lay over the bytes. itch50.h decodes.
//
// A price is a whole number of 0.0001 unless said otherwise; shares are whole lots. Fields that are
// plain letters list their values in their comment (space = not applicable).
#pragma once

#include <cstddef>
#include <cstdint>

#include "feedhandlers/big_endian.h"

namespace basalt::itch50 {

inline constexpr std::uint32_t price_decimals = 4;
inline constexpr std::uint32_t price_max = 0x7735'9400;  // 200,000.0000

enum class Side : char { buy = 'B', sell = 'S' };
enum class YesNo : char { yes = 'Y', no = 'N' };

enum class EventCode : char {
  start_of_messages = 'O',
  start_of_system_hours = 'S',
  start_of_market_hours = 'Q',
  end_of_market_hours = 'M',
  end_of_system_hours = 'E',
  end_of_messages = 'C',
};

enum class TradingState : char { halted = 'H', paused = 'P', quotation_only = 'Q', trading = 'T' };

enum class CrossType : char {
  opening = 'O',
  closing = 'C',
  halt = 'H',
  intraday = 'I',        // Only in the revision of 2015.
  extended_hours = 'A',  // Only in the imbalance message.
};

// How every message begins.
struct Prefix {
  char message_type;
  wire::U16 stock_locate{};  // The instrument's number; 0 in S, V, W and K.
  wire::U16 tracking_number{};
  wire::Nanos48 time{};  // Nanoseconds since midnight.
};
static_assert(wire::Overlay<Prefix> && sizeof(Prefix) == 11);
static_assert(offsetof(Prefix, stock_locate) == 1 && offsetof(Prefix, tracking_number) == 3);
static_assert(offsetof(Prefix, time) == 5);

struct SystemEvent {
  static constexpr char type = 'S';

  Prefix prefix{type};
  wire::Code<EventCode> event;
};
static_assert(wire::Message<SystemEvent> && sizeof(SystemEvent) == 12);
static_assert(offsetof(SystemEvent, event) == 11);

// One for each instrument, before anything else about it.
struct StockDirectory {
  static constexpr char type = 'R';

  Prefix prefix{type};
  wire::Alpha<8> stock;
  char market_category{};   // Q G S N A P Z V, or space.
  char financial_status{};  // N normal; D E Q S G H J K C, or space.
  wire::U32 round_lot_size;
  wire::Code<YesNo> round_lots_only;
  char issue_classification{};
  wire::Alpha<2> issue_subtype;
  char authenticity{};          // P live, T test.
  char short_sale_threshold{};  // Y N, or space.
  char ipo_flag{};              // Y N, or space.
  char luld_tier{};             // 1 2, or space.
  char etp_flag{};              // Y N, or space.
  wire::U32 etp_leverage;
  wire::Code<YesNo> inverse;
};
static_assert(wire::Message<StockDirectory> && sizeof(StockDirectory) == 39);
static_assert(offsetof(StockDirectory, stock) == 11 &&
              offsetof(StockDirectory, market_category) == 19);
static_assert(offsetof(StockDirectory, financial_status) == 20 &&
              offsetof(StockDirectory, round_lot_size) == 21);
static_assert(offsetof(StockDirectory, round_lots_only) == 25 &&
              offsetof(StockDirectory, issue_classification) == 26);
static_assert(offsetof(StockDirectory, issue_subtype) == 27 &&
              offsetof(StockDirectory, authenticity) == 29);
static_assert(offsetof(StockDirectory, short_sale_threshold) == 30 &&
              offsetof(StockDirectory, ipo_flag) == 31);
static_assert(offsetof(StockDirectory, luld_tier) == 32 &&
              offsetof(StockDirectory, etp_flag) == 33);
static_assert(offsetof(StockDirectory, etp_leverage) == 34 &&
              offsetof(StockDirectory, inverse) == 38);

// An instrument without one in the opening spin counts as halted.
struct TradingAction {
  static constexpr char type = 'H';

  Prefix prefix{type};
  wire::Alpha<8> stock;
  wire::Code<TradingState> state;
  char reserved{};
  wire::Alpha<4> reason;
};
static_assert(wire::Message<TradingAction> && sizeof(TradingAction) == 25);
static_assert(offsetof(TradingAction, stock) == 11 && offsetof(TradingAction, state) == 19);
static_assert(offsetof(TradingAction, reserved) == 20 && offsetof(TradingAction, reason) == 21);

struct RegSho {
  static constexpr char type = 'Y';

  Prefix prefix{type};
  wire::Alpha<8> stock;
  char action{};  // 0 none, 1 in effect from today's fall, 2 still in effect.
};
static_assert(wire::Message<RegSho> && sizeof(RegSho) == 20);
static_assert(offsetof(RegSho, stock) == 11 && offsetof(RegSho, action) == 19);

struct ParticipantPosition {
  static constexpr char type = 'L';

  Prefix prefix{type};
  wire::Alpha<4> mpid;
  wire::Alpha<8> stock;
  wire::Code<YesNo> primary;
  char mode{};   // N P S R L.
  char state{};  // A E W S D.
};
static_assert(wire::Message<ParticipantPosition> && sizeof(ParticipantPosition) == 26);
static_assert(offsetof(ParticipantPosition, mpid) == 11 &&
              offsetof(ParticipantPosition, stock) == 15);
static_assert(offsetof(ParticipantPosition, primary) == 23 &&
              offsetof(ParticipantPosition, mode) == 24);
static_assert(offsetof(ParticipantPosition, state) == 25);

// Market-wide circuit breaker. The three levels have eight decimals.
struct MwcbLevels {
  static constexpr char type = 'V';

  Prefix prefix{type};
  wire::U64 level_1;
  wire::U64 level_2;
  wire::U64 level_3;
};
static_assert(wire::Message<MwcbLevels> && sizeof(MwcbLevels) == 35);
static_assert(offsetof(MwcbLevels, level_1) == 11 && offsetof(MwcbLevels, level_2) == 19);
static_assert(offsetof(MwcbLevels, level_3) == 27);

struct MwcbStatus {
  static constexpr char type = 'W';

  Prefix prefix{type};
  char breached_level{};  // 1 2 3.
};
static_assert(wire::Message<MwcbStatus> && sizeof(MwcbStatus) == 12);
static_assert(offsetof(MwcbStatus, breached_level) == 11);

struct QuotingPeriod {
  static constexpr char type = 'K';

  Prefix prefix{type};
  wire::Alpha<8> stock;
  wire::U32 release_time_seconds;  // Since midnight.
  char qualifier{};                // A anticipated, C cancelled.
  wire::U32 price;
};
static_assert(wire::Message<QuotingPeriod> && sizeof(QuotingPeriod) == 28);
static_assert(offsetof(QuotingPeriod, stock) == 11 &&
              offsetof(QuotingPeriod, release_time_seconds) == 19);
static_assert(offsetof(QuotingPeriod, qualifier) == 23 && offsetof(QuotingPeriod, price) == 24);

struct LuldAuctionCollar {
  static constexpr char type = 'J';

  Prefix prefix{type};
  wire::Alpha<8> stock;
  wire::U32 reference_price;
  wire::U32 upper_price;
  wire::U32 lower_price;
  wire::U32 extension;
};
static_assert(wire::Message<LuldAuctionCollar> && sizeof(LuldAuctionCollar) == 35);
static_assert(offsetof(LuldAuctionCollar, stock) == 11 &&
              offsetof(LuldAuctionCollar, reference_price) == 19);
static_assert(offsetof(LuldAuctionCollar, upper_price) == 23 &&
              offsetof(LuldAuctionCollar, lower_price) == 27);
static_assert(offsetof(LuldAuctionCollar, extension) == 31);

struct OperationalHalt {
  static constexpr char type = 'h';

  Prefix prefix{type};
  wire::Alpha<8> stock;
  char market{};  // Q B X.
  char action{};  // H halted, T trading.
};
static_assert(wire::Message<OperationalHalt> && sizeof(OperationalHalt) == 21);
static_assert(offsetof(OperationalHalt, stock) == 11 && offsetof(OperationalHalt, market) == 19);
static_assert(offsetof(OperationalHalt, action) == 20);

struct AddOrder {
  static constexpr char type = 'A';

  Prefix prefix{type};
  wire::U64 order_reference;
  wire::Code<Side> side;
  wire::U32 shares;
  wire::Alpha<8> stock;
  wire::U32 price;
};
static_assert(wire::Message<AddOrder> && sizeof(AddOrder) == 36);
static_assert(offsetof(AddOrder, order_reference) == 11 && offsetof(AddOrder, side) == 19);
static_assert(offsetof(AddOrder, shares) == 20 && offsetof(AddOrder, stock) == 24);
static_assert(offsetof(AddOrder, price) == 32);

struct AddOrderMpid {
  static constexpr char type = 'F';

  Prefix prefix{type};
  wire::U64 order_reference;
  wire::Code<Side> side;
  wire::U32 shares;
  wire::Alpha<8> stock;
  wire::U32 price;
  wire::Alpha<4> attribution;
};
static_assert(wire::Message<AddOrderMpid> && sizeof(AddOrderMpid) == 40);
static_assert(offsetof(AddOrderMpid, order_reference) == 11 && offsetof(AddOrderMpid, side) == 19);
static_assert(offsetof(AddOrderMpid, shares) == 20 && offsetof(AddOrderMpid, stock) == 24);
static_assert(offsetof(AddOrderMpid, price) == 32 && offsetof(AddOrderMpid, attribution) == 36);

// At the order's own price. Like C and X it is subtracted; at zero the order is gone.
struct OrderExecuted {
  static constexpr char type = 'E';

  Prefix prefix{type};
  wire::U64 order_reference;
  wire::U32 shares;
  wire::U64 match_number;
};
static_assert(wire::Message<OrderExecuted> && sizeof(OrderExecuted) == 31);
static_assert(offsetof(OrderExecuted, order_reference) == 11 &&
              offsetof(OrderExecuted, shares) == 19);
static_assert(offsetof(OrderExecuted, match_number) == 23);

struct OrderExecutedWithPrice {
  static constexpr char type = 'C';

  Prefix prefix{type};
  wire::U64 order_reference;
  wire::U32 shares;
  wire::U64 match_number;
  wire::Code<YesNo> printable;  // No: counted elsewhere already.
  wire::U32 price;
};
static_assert(wire::Message<OrderExecutedWithPrice> && sizeof(OrderExecutedWithPrice) == 36);
static_assert(offsetof(OrderExecutedWithPrice, order_reference) == 11 &&
              offsetof(OrderExecutedWithPrice, shares) == 19);
static_assert(offsetof(OrderExecutedWithPrice, match_number) == 23 &&
              offsetof(OrderExecutedWithPrice, printable) == 31);
static_assert(offsetof(OrderExecutedWithPrice, price) == 32);

struct OrderCancel {
  static constexpr char type = 'X';

  Prefix prefix{type};
  wire::U64 order_reference;
  wire::U32 shares;  // Taken away.
};
static_assert(wire::Message<OrderCancel> && sizeof(OrderCancel) == 23);
static_assert(offsetof(OrderCancel, order_reference) == 11 && offsetof(OrderCancel, shares) == 19);

struct OrderDelete {
  static constexpr char type = 'D';

  Prefix prefix{type};
  wire::U64 order_reference;
};
static_assert(wire::Message<OrderDelete> && sizeof(OrderDelete) == 19);
static_assert(offsetof(OrderDelete, order_reference) == 11);

// Side, stock and attribution stay the original's.
struct OrderReplace {
  static constexpr char type = 'U';

  Prefix prefix{type};
  wire::U64 original_reference;
  wire::U64 new_reference;
  wire::U32 shares;
  wire::U32 price;
};
static_assert(wire::Message<OrderReplace> && sizeof(OrderReplace) == 35);
static_assert(offsetof(OrderReplace, original_reference) == 11 &&
              offsetof(OrderReplace, new_reference) == 19);
static_assert(offsetof(OrderReplace, shares) == 27 && offsetof(OrderReplace, price) == 31);

// An execution of an order that was never shown.
struct Trade {
  static constexpr char type = 'P';

  Prefix prefix{type};
  wire::U64 order_reference;  // 0.
  wire::Code<Side> side;      // Always buy.
  wire::U32 shares;
  wire::Alpha<8> stock;
  wire::U32 price;
  wire::U64 match_number;
};
static_assert(wire::Message<Trade> && sizeof(Trade) == 44);
static_assert(offsetof(Trade, order_reference) == 11 && offsetof(Trade, side) == 19);
static_assert(offsetof(Trade, shares) == 20 && offsetof(Trade, stock) == 24);
static_assert(offsetof(Trade, price) == 32 && offsetof(Trade, match_number) == 36);

struct CrossTrade {
  static constexpr char type = 'Q';

  Prefix prefix{type};
  wire::U64 shares;
  wire::Alpha<8> stock;
  wire::U32 price;
  wire::U64 match_number;
  wire::Code<CrossType> cross_type;
};
static_assert(wire::Message<CrossTrade> && sizeof(CrossTrade) == 40);
static_assert(offsetof(CrossTrade, shares) == 11 && offsetof(CrossTrade, stock) == 19);
static_assert(offsetof(CrossTrade, price) == 27 && offsetof(CrossTrade, match_number) == 31);
static_assert(offsetof(CrossTrade, cross_type) == 39);

struct BrokenTrade {
  static constexpr char type = 'B';

  Prefix prefix{type};
  wire::U64 match_number;
};
static_assert(wire::Message<BrokenTrade> && sizeof(BrokenTrade) == 19);
static_assert(offsetof(BrokenTrade, match_number) == 11);

struct NetOrderImbalance {
  static constexpr char type = 'I';

  Prefix prefix{type};
  wire::U64 paired_shares;
  wire::U64 imbalance_shares;
  char direction{};  // B S N O P.
  wire::Alpha<8> stock;
  wire::U32 far_price;
  wire::U32 near_price;
  wire::U32 reference_price;
  wire::Code<CrossType> cross_type;
  char price_variation{};  // L, 1 to 9, A B C, or space.
};
static_assert(wire::Message<NetOrderImbalance> && sizeof(NetOrderImbalance) == 50);
static_assert(offsetof(NetOrderImbalance, paired_shares) == 11 &&
              offsetof(NetOrderImbalance, imbalance_shares) == 19);
static_assert(offsetof(NetOrderImbalance, direction) == 27 &&
              offsetof(NetOrderImbalance, stock) == 28);
static_assert(offsetof(NetOrderImbalance, far_price) == 36 &&
              offsetof(NetOrderImbalance, near_price) == 40);
static_assert(offsetof(NetOrderImbalance, reference_price) == 44 &&
              offsetof(NetOrderImbalance, cross_type) == 48);
static_assert(offsetof(NetOrderImbalance, price_variation) == 49);

struct RetailInterest {
  static constexpr char type = 'N';

  Prefix prefix{type};
  wire::Alpha<8> stock;
  char interest{};  // B S A N.
};
static_assert(wire::Message<RetailInterest> && sizeof(RetailInterest) == 20);
static_assert(offsetof(RetailInterest, stock) == 11 && offsetof(RetailInterest, interest) == 19);

// Direct listing with capital raise.
struct DlcrPriceDiscovery {
  static constexpr char type = 'O';

  Prefix prefix{type};
  wire::Alpha<8> stock;
  wire::Code<YesNo> eligible;
  wire::U32 price_min;
  wire::U32 price_max;
  wire::U32 near_price;
  wire::U64 near_time;
  wire::U32 collar_lower;
  wire::U32 collar_upper;
};
static_assert(wire::Message<DlcrPriceDiscovery> && sizeof(DlcrPriceDiscovery) == 48);
static_assert(offsetof(DlcrPriceDiscovery, stock) == 11 &&
              offsetof(DlcrPriceDiscovery, eligible) == 19);
static_assert(offsetof(DlcrPriceDiscovery, price_min) == 20 &&
              offsetof(DlcrPriceDiscovery, price_max) == 24);
static_assert(offsetof(DlcrPriceDiscovery, near_price) == 28 &&
              offsetof(DlcrPriceDiscovery, near_time) == 32);
static_assert(offsetof(DlcrPriceDiscovery, collar_lower) == 40 &&
              offsetof(DlcrPriceDiscovery, collar_upper) == 44);

// This venue's own (EXTENSIONS.md): what one unit of price and of shares is. Sent behind R.
struct InstrumentScale {
  static constexpr char type = 'z';

  Prefix prefix{type};
  wire::Alpha<8> stock;
  std::uint8_t price_decimals{};  // One unit of price is 10^-price_decimals of the quote currency.
  wire::U32 price_tick;           // The smallest step of a price, in those units.
  std::uint8_t lot_decimals{};  // One unit of shares is lot × 10^-lot_decimals of the instrument.
  wire::U32 lot;
  wire::U32 price_max;   // The highest limit price taken, in units of price.
  wire::U32 shares_max;  // The largest order taken, in units of shares.
};
static_assert(wire::Message<InstrumentScale> && sizeof(InstrumentScale) == 37);
static_assert(offsetof(InstrumentScale, stock) == 11 &&
              offsetof(InstrumentScale, price_decimals) == 19);
static_assert(offsetof(InstrumentScale, price_tick) == 20 &&
              offsetof(InstrumentScale, lot_decimals) == 24);
static_assert(offsetof(InstrumentScale, lot) == 25 && offsetof(InstrumentScale, price_max) == 29);
static_assert(offsetof(InstrumentScale, shares_max) == 33);

// This venue's own too: between which prices an instrument with bands trades, and whose best stands
// at the band that its side must not cross.
struct PriceBands {
  static constexpr char type = 'b';

  Prefix prefix{type};
  wire::Alpha<8> stock;
  wire::U32 reference_price;
  wire::U32 upper_price;
  wire::U32 lower_price;
  char limit_state{};  // B S, or space.
};
static_assert(wire::Message<PriceBands> && sizeof(PriceBands) == 32);
static_assert(offsetof(PriceBands, stock) == 11 && offsetof(PriceBands, reference_price) == 19);
static_assert(offsetof(PriceBands, upper_price) == 23 && offsetof(PriceBands, lower_price) == 27);
static_assert(offsetof(PriceBands, limit_state) == 31);

}  // namespace basalt::itch50
