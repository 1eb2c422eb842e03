#include "engine/gateway/admin_decoder.h"

#include <optional>

namespace basalt::gateway {
namespace {

using namespace ouch50;  // Nearly every name here is one of its own.

// What is common to all: their kind, number and id.
template <typename Message>
Amendment start(const Message& wire, CommandKind kind, Command& command) noexcept {
  command.order.kind = kind;
  command.order.flags |= flag_by_session;
  command.origin.user_ref_num = wire.user_ref_num;
  Amendment amendment{};
  amendment.external_id.bytes = wire.external_id;
  amendment.asset = no_asset;
  // Sent again without one, after an answer that got lost, it would be applied twice.
  if (amendment.external_id == ExternalId{}) command.order.verdict = basalt::Reject::invalid_value;
  return amendment;
}

void set_amount(Amendment& amendment, uint128 amount) noexcept {
  amendment.amount_low = static_cast<std::uint64_t>(amount);
  amendment.amount_high = static_cast<std::int64_t>(amount >> 64);
}

class AdminDecoder {
 public:
  AdminDecoder(const ReferenceData& reference, Command& command) noexcept
      : reference_(reference),
        command_(command),
        may_name_(reference.session(command.origin.session).is_admin) {}

  template <typename Payment>
  void payment(const Payment& wire, CommandKind kind) noexcept {
    Amendment amendment = start(wire, kind, command_);
    take_account(wire.account);
    if (may_name_) amendment.asset = reference_.find_asset(wire.asset.chars());
    set_amount(amendment, wire.amount);
    command_.set(amendment);
  }

  void fees(const SetFees& wire) noexcept {
    Amendment amendment = start(wire, CommandKind::set_fees, command_);
    take_instrument(wire.symbol);
    amendment.maker_ppm = wire.maker_ppm;
    amendment.taker_ppm = wire.taker_ppm;
    command_.set(amendment);
  }

  void instrument_state(const SetInstrumentState& wire) noexcept {
    Amendment amendment = start(wire, CommandKind::set_instrument_state, command_);
    take_instrument(wire.symbol);
    switch (wire.state) {
      case TradingState::open:
        amendment.instrument_state = InstrumentState::open;
        break;
      case TradingState::halted:
        amendment.instrument_state = InstrumentState::halted;
        break;
      case TradingState::closed:
        amendment.instrument_state = InstrumentState::closed;
        break;
      case TradingState::opening_auction:
        amendment.instrument_state = InstrumentState::opening_auction;
        break;
      case TradingState::volatility_auction:
        amendment.instrument_state = InstrumentState::volatility_auction;
        break;
      case TradingState::closing_auction:
        amendment.instrument_state = InstrumentState::closing_auction;
        break;
      case TradingState::uncross:
        command_.order.kind = CommandKind::uncross;
        break;
      default:
        command_.order.verdict = basalt::Reject::invalid_value;
    }
    command_.set(amendment);
  }

  void account_state(const SetAccountState& wire) noexcept {
    Amendment amendment = start(wire, CommandKind::set_account_state, command_);
    take_account(wire.account);
    amendment.account_suspended = wire.status == AccountStatus::suspended;
    if (wire.status != AccountStatus::suspended && wire.status != AccountStatus::active) {
      command_.order.verdict = basalt::Reject::invalid_value;
    }
    command_.set(amendment);
  }

  void limit(const SetLimit& wire) noexcept {
    Amendment amendment = start(wire, CommandKind::set_limit, command_);
    take_account(wire.account);
    take_instrument(wire.symbol);
    if (const std::optional<LimitKind> kind = kind_of(wire.limit)) {
      amendment.limit = *kind;
    } else {
      command_.order.verdict = basalt::Reject::invalid_value;
    }
    set_amount(amendment, wire.value);
    command_.set(amendment);
  }

  void cancel_orders(const CancelOrders& wire) noexcept {
    const Amendment amendment = start(wire, CommandKind::mass_cancel_by_venue, command_);
    take_account(wire.account);
    take_instrument(wire.symbol);
    // A name that is nobody's is not as if there were none.
    const bool named = (wire.account.blank() || command_.order.account != no_account) &&
                       (wire.symbol.blank() || command_.order.instrument != no_instrument);
    if (may_name_ && !named && command_.order.verdict == basalt::Reject::none) {
      command_.order.verdict = basalt::Reject::unknown_reference;
    }
    take_cancel_side(wire.side);
    command_.set(amendment);
  }

  void market_event(const TellMarketEvent& wire) noexcept {
    Amendment amendment = start(wire, CommandKind::market_event, command_);
    switch (wire.event) {
      case MarketEventCode::start_of_day:
      case MarketEventCode::start_of_market_hours:
      case MarketEventCode::end_of_market_hours:
      case MarketEventCode::end_of_day:
        break;
      default:
        command_.order.verdict = basalt::Reject::invalid_value;
    }
    amendment.market_event = static_cast<std::uint8_t>(wire.event.letter());
    command_.set(amendment);
  }

  void halt(const HaltMarket& wire) noexcept {
    Amendment amendment = start(wire, CommandKind::halt_market, command_);
    switch (wire.level) {
      case HaltLevel::first:
      case HaltLevel::second:
      case HaltLevel::third:
        break;
      default:
        command_.order.verdict = basalt::Reject::invalid_value;
    }
    constexpr std::int64_t second = 1'000'000'000;
    amendment.halt_level = static_cast<std::uint8_t>(wire.level.letter() - '0');
    amendment.set_halt(
        {Nanos{wire.halt_seconds.value() * second}, Nanos{wire.auction_seconds.value() * second}});
    command_.set(amendment);
  }

  void halt_levels(const SetHaltLevels& wire) noexcept {
    Amendment amendment = start(wire, CommandKind::set_halt_levels, command_);
    amendment.set_halt_levels({wire.level_1.value(), wire.level_2.value(), wire.level_3.value()});
    command_.set(amendment);
  }

 private:
  static std::optional<LimitKind> kind_of(LimitType limit) noexcept {
    switch (limit) {
      case LimitType::open_orders:
        return LimitKind::open_orders_max;
      case LimitType::quantity:
        return LimitKind::quantity_max;
      case LimitType::notional:
        return LimitKind::notional_max;
      case LimitType::collar:
        return LimitKind::collar_ppm;
      case LimitType::static_collar:
        return LimitKind::static_collar_ppm;
      case LimitType::protection:
        return LimitKind::protection_ppm;
    }
    return {};
  }

  void take_cancel_side(CancelSide side) noexcept {
    switch (side) {
      case CancelSide::both:
        return;
      case CancelSide::buy:
        command_.order.side = basalt::Side::buy;
        break;
      case CancelSide::sell:
        command_.order.side = basalt::Side::sell;
        break;
      default:
        command_.order.verdict = basalt::Reject::invalid_value;
    }
    command_.origin.wire_side = static_cast<std::uint8_t>(side);
  }

  void take_account(const AccountName& name) noexcept {
    if (may_name_) command_.order.account = reference_.find_account(name.chars());
  }
  void take_instrument(const wire::Alpha<8>& symbol) noexcept {
    if (may_name_) command_.order.instrument = reference_.find_instrument(symbol.chars());
  }

  const ReferenceData& reference_;
  Command& command_;
  const bool may_name_;
};

}  // namespace

bool decode_admin(const Inbound& message, const ReferenceData& reference, Command& out) noexcept {
  AdminDecoder decoder(reference, out);
  switch (message.type()) {
    case Deposit::type:
      decoder.payment(message.as<Deposit>(), CommandKind::deposit);
      return true;
    case Withdraw::type:
      decoder.payment(message.as<Withdraw>(), CommandKind::withdraw);
      return true;
    case SetFees::type:
      decoder.fees(message.as<SetFees>());
      return true;
    case SetInstrumentState::type:
      decoder.instrument_state(message.as<SetInstrumentState>());
      return true;
    case SetAccountState::type:
      decoder.account_state(message.as<SetAccountState>());
      return true;
    case SetLimit::type:
      decoder.limit(message.as<SetLimit>());
      return true;
    case CancelOrders::type:
      decoder.cancel_orders(message.as<CancelOrders>());
      return true;
    case TellMarketEvent::type:
      decoder.market_event(message.as<TellMarketEvent>());
      return true;
    case HaltMarket::type:
      decoder.halt(message.as<HaltMarket>());
      return true;
    case SetHaltLevels::type:
      decoder.halt_levels(message.as<SetHaltLevels>());
      return true;
    default:
      return false;
  }
}

}  // namespace basalt::gateway
