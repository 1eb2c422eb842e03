#include "engine/marketdata/marketdata.h"

#include <algorithm>
#include <array>

#include "engine/pipeline/time_of_day.h"

namespace basalt::marketdata {
namespace {

constexpr std::int64_t wire_max = 0xFFFF'FFFF;
static_assert(limits::wire_price_max == wire_max && limits::wire_lot_max == wire_max);

// Quantities enter as 32 bits and only fall.
std::uint32_t wire_shares(Quantity quantity) noexcept {
  BASALT_ASSERT(quantity > Quantity{0});
  BASALT_ASSERT(quantity.value <= wire_max);
  return static_cast<std::uint32_t>(quantity.value);
}

std::uint32_t wire_price(Price price, const Instrument& instrument) noexcept {
  BASALT_ASSERT(price > no_price);
  BASALT_ASSERT(price.value <= wire_max / instrument.wire_tick);
  return static_cast<std::uint32_t>(price.value * instrument.wire_tick);
}

// A part of a reserve order that shows anew: no order has such a number, and of the fill that used
// up the part before there is one, on each side.
std::uint64_t reference_of_part(std::uint64_t match_number, Side side) noexcept {
  return std::uint64_t{1} << 63 | static_cast<std::uint64_t>(side) << 62 | match_number;
}

itch50::CrossType cross_type(InstrumentState auction) noexcept {
  switch (auction) {
    case InstrumentState::opening_auction:
      return itch50::CrossType::opening;
    case InstrumentState::closing_auction:
      return itch50::CrossType::closing;
    default:
      return itch50::CrossType::halt;
  }
}

// In words of ITCH: limit up or limit down.
constexpr wire::Alpha<4> pause_reason{"LUDP"};

// Has trading gone as far as collar or bands let it?
bool by_trading(const Event& phase_changed) noexcept {
  return phase_changed.price != no_price;
}

// Why a phase has changed by itself, or by a halt of the market.
wire::Alpha<4> reason_of(const Command& command, const Event& event) noexcept {
  if (by_trading(event)) return pause_reason;
  if (event.auction() == InstrumentState::halted) {
    constexpr std::array<wire::Alpha<4>, 3> levels{"MWC1", "MWC2", "MWC3"};
    return levels[command.as<Amendment>().halt_level - 1U];
  }
  if (event.auction() == InstrumentState::open) return {};
  return "MWCQ";
}

itch50::Side wire_side(Side side) noexcept {
  return side == Side::buy ? itch50::Side::buy : itch50::Side::sell;
}

}  // namespace

MarketDataCore::MarketDataCore(const ReferenceLimits& limits, std::uint32_t orders_max,
                               pipeline::StreamStore& feed, Arena& arena)
    : reference_(limits, arena), shown_as_(arena.take<std::uint64_t>(orders_max)), feed_(feed) {
  BASALT_ASSERT(feed.streams() > feed_stream);
}

std::size_t MarketDataCore::memory_bytes(const ReferenceLimits& limits,
                                         std::uint32_t orders_max) noexcept {
  return ReferenceData::memory_bytes(limits) + Arena::cost<std::uint64_t>(orders_max);
}

void MarketDataCore::on_command(const Command& command) noexcept {
  BASALT_ASSERT(replaced_ == no_order);  // A replacement is never a command's last event.
  taker_ = command.order.order;
  if (feed_.count(feed_stream) == 0) {
    tell_system_event(command, itch50::EventCode::start_of_messages);
  }
  if (command.order.verdict != Reject::none) return;
  switch (command.order.kind) {
    case CommandKind::define_instrument:
      return on_definition(command);
    case CommandKind::set_limit:
      reference_.apply(command);
      if (command.as<Amendment>().limit != LimitKind::quantity_max) return;
      return tell_scale(command, reference_.instrument(command.order.instrument));
    case CommandKind::set_instrument_state:
      reference_.apply(command);
      return tell_state(command, command.order.instrument,
                        command.as<Amendment>().instrument_state);
    case CommandKind::market_event:
      return on_market_event(command);
    case CommandKind::halt_market:
      return on_halt(command);
    case CommandKind::set_halt_levels:
      return on_halt_levels(command);
    default:
      return reference_.apply(command);
  }
}

void MarketDataCore::on_event(const Command& command, const Event& event) noexcept {
  if (event.kind != EventKind::rested && replaced_ != no_order) {
    BASALT_REACHED("a replacement trades, and is told as a deletion");
    tell_deleted(command, replaced_, event.instrument);
    replaced_ = no_order;
  }
  switch (event.kind) {
    case EventKind::rested:
      return on_rested(command, event);
    case EventKind::fill:
      return on_fill(command, event);
    case EventKind::canceled:
      return on_canceled(command, event);
    case EventKind::replaced:
      if (event.shown() > Quantity{0}) replaced_ = event.order;
      return;
    case EventKind::crossing:
    case EventKind::triggered:
      taker_ = event.order;
      taker_hides_ = event.hides();
      return;
    case EventKind::uncrossed:
      return on_uncrossed(command, event);
    case EventKind::indicative:
      return on_indicative(command, event);
    case EventKind::phase_changed:
      return on_phase_changed(command, event);
    case EventKind::extended:
      return tell_collar(command, event, 1);
    case EventKind::bands_moved:
    case EventKind::limit_state:
      return on_bands(command, event);
    case EventKind::rejected:
    case EventKind::nothing:
    case EventKind::armed:
    case EventKind::repriced:
    case EventKind::withdrawn:
      return;
    case EventKind::restated:
      return on_restated(command, event);
  }
}

void MarketDataCore::on_definition(const Command& command) noexcept {
  const bool again = reference_.has(command.order.instrument);
  reference_.apply(command);
  if (again) return;  // With the same values, or it would have a verdict.
  const Instrument& instrument = reference_.instrument(command.order.instrument);
  tell_directory(command, instrument);
  tell_scale(command, instrument);
  tell_state(command, command.order.instrument, instrument.state);
}

// Start and end of messages are about the stream, which only starts once, and by itself.
void MarketDataCore::on_market_event(const Command& command) noexcept {
  const itch50::EventCode event{static_cast<char>(command.as<Amendment>().market_event)};
  switch (event) {
    case itch50::EventCode::start_of_system_hours:
    case itch50::EventCode::start_of_market_hours:
    case itch50::EventCode::end_of_market_hours:
    case itch50::EventCode::end_of_system_hours:
      return tell_system_event(command, event);
    case itch50::EventCode::start_of_messages:
    case itch50::EventCode::end_of_messages:
      return;
  }
}

void MarketDataCore::on_halt(const Command& command) noexcept {
  auto& status = start<itch50::MwcbStatus>(command, no_instrument);
  status.breached_level = static_cast<char>('0' + command.as<Amendment>().halt_level);
  finish(status, command);
}

void MarketDataCore::on_halt_levels(const Command& command) noexcept {
  const std::array<std::uint64_t, 3> told = command.as<Amendment>().halt_levels();
  auto& levels = start<itch50::MwcbLevels>(command, no_instrument);
  levels.level_1 = told[0];
  levels.level_2 = told[1];
  levels.level_3 = told[2];
  finish(levels, command);
}

void MarketDataCore::on_rested(const Command& command, const Event& event) noexcept {
  if (event.shown() == Quantity{0}) return;
  shown_as_[slot_of(event.order)] = static_cast<std::uint64_t>(event.order);
  if (replaced_ != no_order) return tell_replaced(command, event);
  tell_added(command, event, event.shown());
}

void MarketDataCore::on_restated(const Command& command, const Event& event) noexcept {
  shown_as_[slot_of(event.order)] = reference_of_part(match_number_, event.side);
  tell_added(command, event, event.quantity);
}

void MarketDataCore::on_fill(const Command& command, const Event& event) noexcept {
  match_number_ = event.match_number;
  if (is_auction(event.auction())) {
    if (!taker_hides_) tell_crossed(command, event, taker_);
    if (!event.hides()) tell_crossed(command, event, event.order);
    return;
  }
  if (event.hides()) return tell_trade(command, event);
  auto& executed = start<itch50::OrderExecuted>(command, event.instrument);
  executed.order_reference = reference_of(event.order);
  executed.shares = wire_shares(event.quantity);
  executed.match_number = event.match_number;
  finish(executed, command);
}

void MarketDataCore::on_canceled(const Command& command, const Event& event) noexcept {
  if (event.shown() == Quantity{0}) return;
  if (event.remaining == Quantity{0}) {
    return tell_deleted(command, event.order, event.instrument);
  }
  auto& canceled = start<itch50::OrderCancel>(command, event.instrument);
  canceled.order_reference = reference_of(event.order);
  canceled.shares = wire_shares(event.shown());
  finish(canceled, command);
}

void MarketDataCore::tell_system_event(const Command& command, itch50::EventCode event) noexcept {
  auto& told = start<itch50::SystemEvent>(command, no_instrument);
  told.event = event;
  finish(told, command);
}

// A unit of shares is a lot, so a round lot is one. What the venue has no word for is left blank.
void MarketDataCore::tell_directory(const Command& command, const Instrument& instrument) noexcept {
  auto& directory = start<itch50::StockDirectory>(command, command.order.instrument);
  directory.stock = wire::Alpha<8>(instrument.symbol);
  directory.market_category =
      instrument.market_category == 0 ? ' ' : static_cast<char>(instrument.market_category);
  directory.financial_status = ' ';
  directory.round_lot_size = std::uint32_t{1};
  directory.round_lots_only = itch50::YesNo::no;
  directory.issue_classification = ' ';
  directory.issue_subtype = wire::Alpha<2>("Z");  // Not applicable.
  directory.authenticity = 'P';
  directory.short_sale_threshold = ' ';
  directory.ipo_flag = ' ';
  directory.luld_tier = ' ';
  directory.etp_flag = ' ';
  directory.etp_leverage = std::uint32_t{0};
  directory.inverse = itch50::YesNo::no;
  finish(directory, command);
}

void MarketDataCore::tell_scale(const Command& command, const Instrument& instrument) noexcept {
  const WireLot lot = wire_lot(instrument.lot_value, reference_.asset(instrument.base).decimals);
  BASALT_ASSERT(lot.units <= wire_max);
  auto& scale = start<itch50::InstrumentScale>(command, command.order.instrument);
  scale.stock = wire::Alpha<8>(instrument.symbol);
  scale.price_decimals = static_cast<std::uint8_t>(itch50::price_decimals);
  scale.price_tick = instrument.wire_tick;
  scale.lot_decimals = lot.decimals;
  scale.lot = static_cast<std::uint32_t>(lot.units);
  scale.price_max = wire_price(instrument.price_max, instrument);
  // OUCH cannot ask for more, whatever the instrument would take.
  scale.shares_max = wire_shares(std::min(instrument.quantity_max, Quantity{wire_max}));
  finish(scale, command);
}

// ITCH has one word for all times at which an instrument takes no orders, and one for those at
// which it takes them and does not trade.
void MarketDataCore::tell_state(const Command& command, InstrumentId id, InstrumentState state,
                                wire::Alpha<4> reason) noexcept {
  const Instrument& instrument = reference_.instrument(id);
  auto& action = start<itch50::TradingAction>(command, id);
  action.stock = wire::Alpha<8>(instrument.symbol);
  action.state = state == InstrumentState::open ? itch50::TradingState::trading
                 : is_auction(state)            ? itch50::TradingState::quotation_only
                 : reason == pause_reason       ? itch50::TradingState::paused
                                                : itch50::TradingState::halted;
  action.reserved = ' ';
  action.reason = reason;
  finish(action, command);
}

void MarketDataCore::on_phase_changed(const Command& command, const Event& event) noexcept {
  tell_state(command, event.instrument, event.auction(), reason_of(command, event));
  if (by_trading(event) && is_auction(event.auction())) tell_collar(command, event, 0);
}

void MarketDataCore::on_bands(const Command& command, const Event& event) noexcept {
  const Instrument& instrument = reference_.instrument(event.instrument);
  auto& bands = start<itch50::PriceBands>(command, event.instrument);
  bands.stock = wire::Alpha<8>(instrument.symbol);
  bands.reference_price = wire_price(event.price, instrument);
  bands.upper_price = wire_price(std::min(event.high(), instrument.price_max), instrument);
  bands.lower_price = wire_price(std::max(event.low(), Price{1}), instrument);
  bands.limit_state = event.at_band() == LimitState::buy    ? 'B'
                      : event.at_band() == LimitState::sell ? 'S'
                                                            : ' ';
  finish(bands, command);
}

// Beyond which the auction's price makes it last longer: as the book has it.
void MarketDataCore::tell_collar(const Command& command, const Event& event,
                                 std::uint32_t extension) noexcept {
  const Instrument& instrument = reference_.instrument(event.instrument);
  auto& collar = start<itch50::LuldAuctionCollar>(command, event.instrument);
  collar.stock = wire::Alpha<8>(instrument.symbol);
  collar.reference_price = wire_price(event.price, instrument);
  collar.upper_price = wire_price(std::min(event.high(), instrument.price_max), instrument);
  collar.lower_price = wire_price(std::max(event.low(), Price{1}), instrument);
  collar.extension = extension;
  finish(collar, command);
}

void MarketDataCore::tell_added(const Command& command, const Event& event,
                                Quantity shown) noexcept {
  const Instrument& instrument = reference_.instrument(event.instrument);
  auto& added = start<itch50::AddOrder>(command, event.instrument);
  added.order_reference = reference_of(event.order);
  added.side = wire_side(event.side);
  added.shares = wire_shares(shown);
  added.stock = wire::Alpha<8>(instrument.symbol);
  added.price = wire_price(event.price, instrument);
  finish(added, command);
}

void MarketDataCore::tell_replaced(const Command& command, const Event& event) noexcept {
  auto& replaced = start<itch50::OrderReplace>(command, event.instrument);
  replaced.original_reference = reference_of(replaced_);
  replaced.new_reference = reference_of(event.order);
  replaced.shares = wire_shares(event.shown());
  replaced.price = wire_price(event.price, reference_.instrument(event.instrument));
  replaced_ = no_order;
  finish(replaced, command);
}

void MarketDataCore::tell_deleted(const Command& command, OrderId order,
                                  InstrumentId instrument) noexcept {
  auto& deleted = start<itch50::OrderDelete>(command, instrument);
  deleted.order_reference = reference_of(order);
  finish(deleted, command);
}

// Of an order that the feed does not know: it has no number, and its side is nobody's business.
void MarketDataCore::tell_trade(const Command& command, const Event& event) noexcept {
  const Instrument& instrument = reference_.instrument(event.instrument);
  auto& trade = start<itch50::Trade>(command, event.instrument);
  trade.order_reference = std::uint64_t{0};
  trade.side = itch50::Side::buy;
  trade.shares = wire_shares(event.quantity);
  trade.stock = wire::Alpha<8>(instrument.symbol);
  trade.price = wire_price(event.price, instrument);
  trade.match_number = event.match_number;
  finish(trade, command);
}

// Each side's own number is told, so the same match is told twice, or once where the other side
// hides; Uncrossed prints it once.
void MarketDataCore::tell_crossed(const Command& command, const Event& event,
                                  OrderId order) noexcept {
  auto& executed = start<itch50::OrderExecutedWithPrice>(command, event.instrument);
  executed.order_reference = reference_of(order);
  executed.shares = wire_shares(event.quantity);
  executed.match_number = event.match_number;
  executed.printable = itch50::YesNo::no;
  executed.price = wire_price(event.price, reference_.instrument(event.instrument));
  finish(executed, command);
}

// Also where nothing could trade: then with no shares, no price and no match number.
void MarketDataCore::on_uncrossed(const Command& command, const Event& event) noexcept {
  const Instrument& instrument = reference_.instrument(event.instrument);
  const bool traded = event.quantity > Quantity{0};
  auto& cross = start<itch50::CrossTrade>(command, event.instrument);
  cross.shares = static_cast<std::uint64_t>(event.quantity.value);
  cross.stock = wire::Alpha<8>(instrument.symbol);
  cross.price = traded ? wire_price(event.price, instrument) : std::uint32_t{0};
  cross.match_number = traded ? match_number_ : std::uint64_t{0};
  cross.cross_type = cross_type(event.auction());
  finish(cross, command);
}

// The venue has one price for what ITCH calls near and far: all its orders take part in all its
// auctions.
void MarketDataCore::on_indicative(const Command& command, const Event& event) noexcept {
  const Instrument& instrument = reference_.instrument(event.instrument);
  const bool trades = event.price != no_price;
  const std::uint32_t price = trades ? wire_price(event.price, instrument) : std::uint32_t{0};
  auto& imbalance = start<itch50::NetOrderImbalance>(command, event.instrument);
  imbalance.paired_shares = static_cast<std::uint64_t>(event.quantity.value);
  imbalance.imbalance_shares = static_cast<std::uint64_t>(event.remaining.value);
  imbalance.direction = !trades                          ? 'O'
                        : event.remaining == Quantity{0} ? 'N'
                        : event.side == Side::buy        ? 'B'
                                                         : 'S';
  imbalance.stock = wire::Alpha<8>(instrument.symbol);
  imbalance.far_price = price;
  imbalance.near_price = price;
  imbalance.reference_price = price;
  imbalance.cross_type = cross_type(event.auction());
  imbalance.price_variation = ' ';
  finish(imbalance, command);
}

template <wire::Message M>
M& MarketDataCore::start(const Command& command, InstrumentId instrument) noexcept {
  M* message = wire::emplace<M>(feed_.claim());
  BASALT_ASSERT(message != nullptr);
  message->prefix.stock_locate =
      instrument == no_instrument ? std::uint16_t{0} : stock_locate(instrument);
  message->prefix.time = pipeline::since_midnight(command.order.time);
  return *message;
}

template <wire::Message M>
void MarketDataCore::finish(const M& message, const Command& command) noexcept {
  feed_.append(feed_stream, command.order.sequence, sizeof message);
}

}  // namespace basalt::marketdata
