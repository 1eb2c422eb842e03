#include "engine/reference.h"

#include <xxhash.h>

#include <bit>

namespace basalt {
namespace {

std::uint32_t symbol_places(std::uint32_t instruments_max) noexcept {
  return std::bit_ceil(instruments_max + 1) * 2;
}

Asset asset_of(const DefineAsset& definition) noexcept {
  return {.defined = true, .decimals = definition.decimals, .name = definition.name};
}

Instrument instrument_of(const DefineInstrument& definition) noexcept {
  const uint128 notional_max =
      (static_cast<uint128>(definition.notional_max_high) << 64) | definition.notional_max_low;
  return {.defined = true,
          .state = definition.state,
          .lot_decimals = definition.lot_decimals,
          .tick_decimals = definition.tick_decimals,
          .market_category = definition.market_category,
          .base = definition.base,
          .quote = definition.quote,
          .wire_tick = definition.wire_tick,
          .fee_cap_ppm = definition.fee_cap_ppm,
          .collar_ppm = definition.collar_ppm,
          .protection_ppm = definition.protection_ppm,
          .volatility_auction_ms = definition.volatility_auction_ms,
          .volatility_extension_ms = definition.volatility_extension_ms,
          .reserve_seed = definition.reserve_seed,
          .static_collar_ppm = definition.static_collar_ppm,
          .band_ppm = definition.band_ppm,
          .limit_state_ms = definition.limit_state_ms,
          .pause_ms = definition.pause_ms,
          .tick_lot_value = definition.tick_lot_value,
          .lot_value = definition.lot_value,
          .price_max = definition.price_max,
          .quantity_max = definition.quantity_max,
          .reference = definition.reference,
          .settlement_cycle = definition.settlement_cycle,
          .notional_max =
              notional_max == 0 ? limits::money_max : Money{static_cast<int128>(notional_max)},
          .symbol = definition.symbol};
}

Firm firm_of(const DefineFirm& definition) noexcept {
  return {.defined = true, .name = definition.name};
}

Account account_of(const DefineAccount& definition) noexcept {
  return {.defined = true,
          .role = AccountRole{definition.is_venue},
          .name = definition.name,
          .firm = definition.firm,
          .open_orders_max = definition.open_orders_max};
}

Session session_of(const DefineSession& definition) noexcept {
  return {.defined = true,
          .cancel_on_disconnect = definition.cancel_on_disconnect != 0,
          .is_admin = definition.is_admin != 0,
          .firm = definition.firm,
          .default_account = definition.default_account,
          .user = definition.user,
          .salt = definition.salt,
          .password_sha256 = definition.password_sha256};
}

// Is each value within what the engine's arithmetic can carry?
bool values_within_limits(const Instrument& instrument) noexcept {
  if (instrument.state > InstrumentState::closing_auction) return false;
  if (instrument.base == instrument.quote) return false;
  if (instrument.tick_lot_value < 1) return false;
  if (instrument.tick_lot_value > limits::tick_lot_value_max) return false;
  if (instrument.lot_value < 1) return false;
  if (instrument.wire_tick == 0) return false;
  if (instrument.fee_cap_ppm > ppm_one) return false;
  if (instrument.collar_ppm > ppm_one || instrument.static_collar_ppm > ppm_one) return false;
  if (instrument.protection_ppm > ppm_one) return false;
  if (instrument.volatility_auction_ms > limits::auction_ms_max) return false;
  if (instrument.volatility_extension_ms > limits::auction_ms_max) return false;
  if (!bands_are_whole(instrument)) return false;
  if (instrument.price_max < Price{1} || instrument.price_max > limits::price_max) return false;
  if (!prices_fit_wire(instrument.price_max, instrument.wire_tick)) return false;  // I4
  if (!symbol_fits_wire(instrument.symbol)) return false;
  if (instrument.quantity_max < Quantity{1}) return false;
  if (instrument.quantity_max > limits::quantity_max) return false;
  if (base_amount(instrument.quantity_max, instrument) > limits::money_max) return false;
  if (instrument.notional_max < Money{1}) return false;
  if (instrument.notional_max > limits::money_max) return false;
  if (instrument.reference < Price{0} || instrument.reference > instrument.price_max) return false;
  return instrument.settlement_cycle >= Nanos{0};
}

// What the instrument is with the amendment's limit.
Instrument amended(Instrument instrument, const Amendment& amendment) noexcept {
  switch (amendment.limit) {
    case LimitKind::quantity_max:
      instrument.quantity_max = Quantity{static_cast<std::int64_t>(amendment.amount_low)};
      break;
    case LimitKind::notional_max:
      instrument.notional_max =
          amendment.amount() == Money{0} ? limits::money_max : amendment.amount();
      break;
    case LimitKind::collar_ppm:
      instrument.collar_ppm = static_cast<std::uint32_t>(amendment.amount_low);
      break;
    case LimitKind::protection_ppm:
      instrument.protection_ppm = static_cast<std::uint32_t>(amendment.amount_low);
      break;
    case LimitKind::static_collar_ppm:
      instrument.static_collar_ppm = static_cast<std::uint32_t>(amendment.amount_low);
      break;
    case LimitKind::open_orders_max:
      break;
  }
  return instrument;
}

// The widest value that the limit's own type holds; what it means is checked with the rest.
constexpr Money widest(LimitKind limit) noexcept {
  switch (limit) {
    case LimitKind::quantity_max:
      return {limits::quantity_max.value};
    case LimitKind::notional_max:
      return limits::money_max;
    case LimitKind::open_orders_max:
    case LimitKind::collar_ppm:
    case LimitKind::protection_ppm:
    case LimitKind::static_collar_ppm:
      return {UINT32_MAX};
  }
  return {-1};  // No such limit: nothing is within.
}

// Of an id that may be defined: new, or the same again?
template <typename Entry>
Reject check_again(const Entry& known, const Entry& candidate) noexcept {
  return !known.defined || known == candidate ? Reject::none : Reject::already_defined;
}

// The third level lasts until somebody sets another phase.
Reject check_halt(const Amendment& amendment) noexcept {
  if (amendment.halt_level < 1 || amendment.halt_level > 3) return Reject::limit_exceeded;
  constexpr Nanos most{std::int64_t{limits::auction_ms_max} * 1'000'000};
  const auto [halted, auction] = amendment.halt();
  if (halted < Nanos{0} || halted > most || auction < Nanos{0} || auction > most) {
    return Reject::limit_exceeded;
  }
  const bool lasts = halted == Nanos{0} && auction == Nanos{0};
  const bool ends = halted > Nanos{0} && auction > Nanos{0};
  return (amendment.halt_level == 3 ? lasts : ends) ? Reject::none : Reject::limit_exceeded;
}

// The highest id stands for none.
template <typename Id, typename Entry, typename Name>
Id find_by_name(std::span<Entry> entries, const Name& name) noexcept {
  for (std::uint32_t id = 0; id < entries.size(); ++id) {
    if (entries[id].defined && entries[id].name == name) return Id{id};
  }
  return Id{0xFFFF'FFFF};
}

}  // namespace

ReferenceData::ReferenceData(const ReferenceLimits& limits, Arena& arena)
    : limits_(limits),
      in_force_(limits),
      assets_(arena.take<Asset>(limits.assets_max)),
      instruments_(arena.take<Instrument>(limits.instruments_max)),
      firms_(arena.take<Firm>(limits.firms_max)),
      accounts_(arena.take<Account>(limits.accounts_max)),
      sessions_(arena.take<Session>(limits.sessions_max)),
      symbols_(arena.take<InstrumentId>(symbol_places(limits.instruments_max))) {
  BASALT_ASSERT(limits.assets_max <= limits::assets_max);
  BASALT_ASSERT(limits.instruments_max <= limits::instruments_max);
  BASALT_ASSERT(limits.sessions_max <= limits::sessions_max);
  for (InstrumentId& place : symbols_) place = no_instrument;
}

std::size_t ReferenceData::memory_bytes(const ReferenceLimits& limits) noexcept {
  return Arena::cost<Asset>(limits.assets_max) + Arena::cost<Instrument>(limits.instruments_max) +
         Arena::cost<Firm>(limits.firms_max) + Arena::cost<Account>(limits.accounts_max) +
         Arena::cost<Session>(limits.sessions_max) +
         Arena::cost<InstrumentId>(symbol_places(limits.instruments_max));
}

Reject ReferenceData::check(const Command& command) const noexcept {
  switch (command.order.kind) {
    case CommandKind::define_asset:
      return check_asset(command);
    case CommandKind::define_instrument:
      return check_instrument(command);
    case CommandKind::define_firm:
      return check_firm(command);
    case CommandKind::define_account:
      return check_account(command);
    case CommandKind::define_session:
      return check_session(command);
    case CommandKind::set_fees:
      return check_fees(command);
    case CommandKind::set_limit:
      return check_limit(command);
    case CommandKind::deposit:
    case CommandKind::withdraw:
      return check_payment(command);
    case CommandKind::set_instrument_state:
      if (!has(command.order.instrument)) return Reject::unknown_reference;
      return command.as<Amendment>().instrument_state > InstrumentState::closing_auction
                 ? Reject::limit_exceeded
                 : Reject::none;
    case CommandKind::uncross:
      if (!has(command.order.instrument)) return Reject::unknown_reference;
      return is_auction(instrument(command.order.instrument).state) ? Reject::none
                                                                    : Reject::not_in_auction;
    case CommandKind::halt_market:
      return check_halt(command.as<Amendment>());
    case CommandKind::set_account_state:
      return has(command.order.account) ? Reject::none : Reject::unknown_reference;
    case CommandKind::mass_cancel_by_venue:
      return check_mass_cancel(command);
    default:
      return Reject::none;
  }
}

Reject ReferenceData::check_asset(const Command& command) const noexcept {
  const auto definition = command.as<DefineAsset>();
  if (index_of(definition.asset) >= in_force_.assets_max) return Reject::limit_exceeded;
  if (definition.decimals > limits::asset_decimals_max) return Reject::limit_exceeded;
  return check_again(assets_[index_of(definition.asset)], asset_of(definition));
}

Reject ReferenceData::check_instrument(const Command& command) const noexcept {
  const InstrumentId id = command.order.instrument;
  Instrument candidate = instrument_of(command.as<DefineInstrument>());
  if (!has(candidate.base) || !has(candidate.quote)) return Reject::unknown_reference;
  if (index_of(id) >= in_force_.instruments_max) return Reject::limit_exceeded;
  if (!values_within_limits(candidate)) return Reject::limit_exceeded;
  const WireLot lot = wire_lot(candidate.lot_value, asset(candidate.base).decimals);
  if (lot.units > limits::wire_lot_max) return Reject::limit_exceeded;  // I4
  const InstrumentId namesake = find_instrument(candidate.symbol);
  if (namesake != no_instrument && namesake != id) return Reject::already_defined;
  candidate.cycle = cycle_of(candidate.settlement_cycle);
  if (candidate.cycle == cycles_.size()) return Reject::limit_exceeded;
  const Instrument& known = instruments_[index_of(id)];
  if (!known.defined) return Reject::none;
  // What has moved since the definition is not part of it.
  candidate.state = known.state;
  candidate.maker_ppm = known.maker_ppm;
  candidate.taker_ppm = known.taker_ppm;
  return check_again(known, candidate);
}

Reject ReferenceData::check_firm(const Command& command) const noexcept {
  const auto definition = command.as<DefineFirm>();
  if (index_of(definition.firm) >= in_force_.firms_max) return Reject::limit_exceeded;
  const Firm& known = firms_[index_of(definition.firm)];
  Firm candidate = firm_of(definition);
  candidate.entry_disabled = known.entry_disabled;
  return check_again(known, candidate);
}

Reject ReferenceData::check_account(const Command& command) const noexcept {
  const auto definition = command.as<DefineAccount>();
  if (!has(definition.firm)) return Reject::unknown_reference;
  if (index_of(definition.account) >= in_force_.accounts_max) return Reject::limit_exceeded;
  Account candidate = account_of(definition);
  if (candidate.role > AccountRole::external) return Reject::limit_exceeded;
  const auto taken = [&](AccountId holder) {
    return holder != no_account && holder != definition.account;
  };
  if (candidate.role == AccountRole::fees && taken(fee_account_)) return Reject::already_defined;
  if (candidate.role == AccountRole::external && taken(external_account_)) {
    return Reject::already_defined;
  }
  const Account& known = accounts_[index_of(definition.account)];
  candidate.suspended = known.suspended;
  candidate.entry_disabled = known.entry_disabled;
  return check_again(known, candidate);
}

Reject ReferenceData::check_session(const Command& command) const noexcept {
  const auto definition = command.as<DefineSession>();
  if (!has(definition.firm)) return Reject::unknown_reference;
  if (definition.default_account != no_account && !has(definition.default_account)) {
    return Reject::unknown_reference;
  }
  if (index_of(definition.session) >= in_force_.sessions_max) return Reject::limit_exceeded;
  return check_again(sessions_[index_of(definition.session)], session_of(definition));
}

Reject ReferenceData::check_fees(const Command& command) const noexcept {
  const auto amendment = command.as<Amendment>();
  // Fees need somebody to take them.
  if (!has(command.order.instrument) || fee_account_ == no_account) {
    return Reject::unknown_reference;
  }
  const std::int64_t cap = instrument(command.order.instrument).fee_cap_ppm;
  const auto fits = [cap](std::int64_t ppm) { return ppm >= -ppm_one && ppm <= cap; };
  return fits(amendment.maker_ppm) && fits(amendment.taker_ppm) ? Reject::none
                                                                : Reject::limit_exceeded;
}

Reject ReferenceData::check_limit(const Command& command) const noexcept {
  const auto amendment = command.as<Amendment>();
  const bool of_account = amendment.limit == LimitKind::open_orders_max;
  const InstrumentId id = command.order.instrument;
  if (of_account ? !has(command.order.account) || id != no_instrument : !has(id)) {
    return Reject::unknown_reference;
  }
  if (amendment.amount() < Money{0} || amendment.amount() > widest(amendment.limit)) {
    return Reject::limit_exceeded;
  }
  return of_account || values_within_limits(amended(instrument(id), amendment))
             ? Reject::none
             : Reject::limit_exceeded;
}

Reject ReferenceData::check_payment(const Command& command) const noexcept {
  const auto amendment = command.as<Amendment>();
  if (!has(command.order.account) || !has(amendment.asset) || external_account_ == no_account) {
    return Reject::unknown_reference;
  }
  // The outside world cannot pay itself.
  if (command.order.account == external_account_) return Reject::unknown_reference;
  return amendment.amount() >= Money{1} && amendment.amount() <= limits::money_max
             ? Reject::none
             : Reject::limit_exceeded;
}

// All of nothing in particular would be the whole venue: that needs to be said by instrument.
Reject ReferenceData::check_mass_cancel(const Command& command) const noexcept {
  const AccountId account = command.order.account;
  const InstrumentId instrument = command.order.instrument;
  if (account == no_account && instrument == no_instrument) return Reject::unknown_reference;
  if (account != no_account && !has(account)) return Reject::unknown_reference;
  if (instrument != no_instrument && !has(instrument)) return Reject::unknown_reference;
  return has(command.origin.session) ? Reject::none : Reject::unknown_reference;
}

void ReferenceData::apply(const Command& command) noexcept {
  if (command.order.verdict != Reject::none) return;
  // An instrument may have left its auction by itself since its uncross was let pass.
  BASALT_VERIFY(command.order.kind == CommandKind::uncross || check(command) == Reject::none);
  switch (command.order.kind) {
    case CommandKind::epoch_start:
      apply_start(command);
      break;
    case CommandKind::define_asset: {
      const auto definition = command.as<DefineAsset>();
      BASALT_ASSERT(index_of(definition.asset) < assets_.size());
      assets_[index_of(definition.asset)] = asset_of(definition);
      break;
    }
    case CommandKind::define_instrument:
      apply_instrument(command);
      break;
    case CommandKind::define_firm: {
      const auto definition = command.as<DefineFirm>();
      BASALT_ASSERT(index_of(definition.firm) < firms_.size());
      Firm& known = firms_[index_of(definition.firm)];
      if (!known.defined) known = firm_of(definition);
      break;
    }
    case CommandKind::define_account:
      apply_account(command);
      break;
    case CommandKind::define_session: {
      const auto definition = command.as<DefineSession>();
      BASALT_ASSERT(index_of(definition.session) < sessions_.size());
      sessions_[index_of(definition.session)] = session_of(definition);
      break;
    }
    case CommandKind::set_fees: {
      const auto amendment = command.as<Amendment>();
      Instrument& instrument = at(instruments_, command.order.instrument);
      BASALT_ASSERT(amendment.maker_ppm <= static_cast<std::int64_t>(instrument.fee_cap_ppm));
      BASALT_ASSERT(amendment.taker_ppm <= static_cast<std::int64_t>(instrument.fee_cap_ppm));
      instrument.maker_ppm = amendment.maker_ppm;
      instrument.taker_ppm = amendment.taker_ppm;
      break;
    }
    case CommandKind::set_limit:
      apply_limit(command);
      break;
    case CommandKind::set_instrument_state:
      at(instruments_, command.order.instrument).state = command.as<Amendment>().instrument_state;
      break;
    case CommandKind::set_account_state:
      at(accounts_, command.order.account).suspended =
          command.as<Amendment>().account_suspended != 0;
      break;
    case CommandKind::disable_entry:
    case CommandKind::enable_entry:
      apply_entry(command);
      break;
    default:
      break;
  }
}

void ReferenceData::apply_start(const Command& command) noexcept {
  const EpochLimits told = command.as<EpochStart>().limits;
  BASALT_ASSERT(told.assets_max <= limits_.assets_max);
  BASALT_ASSERT(told.instruments_max <= limits_.instruments_max);
  BASALT_ASSERT(told.accounts_max <= limits_.accounts_max);
  BASALT_ASSERT(told.sessions_max <= limits_.sessions_max);
  BASALT_ASSERT(told.firms_max <= limits_.firms_max);
  in_force_ = reference_limits(told);
}

void ReferenceData::apply_instrument(const Command& command) noexcept {
  const InstrumentId id = command.order.instrument;
  BASALT_ASSERT(index_of(id) < instruments_.size());
  Instrument& known = instruments_[index_of(id)];
  if (known.defined) return;  // The same again.
  Instrument instrument = instrument_of(command.as<DefineInstrument>());
  BASALT_ASSERT(values_within_limits(instrument));
  instrument.cycle = cycle_of(instrument.settlement_cycle);
  BASALT_ASSERT(instrument.cycle < cycles_.size());
  if (instrument.cycle == cycles_count_) cycles_[cycles_count_++] = instrument.settlement_cycle;
  known = instrument;
  symbols_[symbol_place(instrument.symbol)] = id;
}

void ReferenceData::apply_account(const Command& command) noexcept {
  const auto definition = command.as<DefineAccount>();
  BASALT_ASSERT(index_of(definition.account) < accounts_.size());
  Account& known = accounts_[index_of(definition.account)];
  if (known.defined) return;  // The same again; what stands against it meanwhile stays.
  known = account_of(definition);
  if (known.role == AccountRole::fees) fee_account_ = definition.account;
  if (known.role == AccountRole::external) external_account_ = definition.account;
}

void ReferenceData::apply_entry(const Command& command) noexcept {
  const bool disabled = command.order.kind == CommandKind::disable_entry;
  const FirmId firm = session(command.origin.session).firm;
  if (command.order.account == no_account) {
    at(firms_, firm).entry_disabled = disabled;
    return;
  }
  Account& account = at(accounts_, command.order.account);
  BASALT_ASSERT(account.firm == firm);
  account.entry_disabled = disabled;
}

void ReferenceData::apply_limit(const Command& command) noexcept {
  const auto amendment = command.as<Amendment>();
  if (amendment.limit == LimitKind::open_orders_max) {
    at(accounts_, command.order.account).open_orders_max =
        static_cast<std::uint32_t>(amendment.amount_low);
    return;
  }
  Instrument& instrument = at(instruments_, command.order.instrument);
  instrument = amended(instrument, amendment);
  BASALT_ASSERT(values_within_limits(instrument));
}

InstrumentId ReferenceData::find_instrument(const Symbol& symbol) const noexcept {
  return symbols_[symbol_place(symbol)];
}

AccountId ReferenceData::find_account(const std::array<char, 15>& name) const noexcept {
  return find_by_name<AccountId>(accounts_, name);
}

AssetId ReferenceData::find_asset(const std::array<char, 11>& name) const noexcept {
  return find_by_name<AssetId>(assets_, name);
}

std::uint8_t ReferenceData::cycle_of(Nanos length) const noexcept {
  std::uint8_t cycle = 0;
  while (cycle < cycles_count_ && cycles_[cycle] != length) ++cycle;
  return cycle;
}

std::uint32_t ReferenceData::symbol_place(const Symbol& symbol) const noexcept {
  const auto mask = static_cast<std::uint32_t>(symbols_.size() - 1);
  auto place = static_cast<std::uint32_t>(XXH3_64bits(symbol.data(), symbol.size())) & mask;
  // Ends: at least half of the places are free.
  while (symbols_[place] != no_instrument &&
         instruments_[index_of(symbols_[place])].symbol != symbol) {
    place = (place + 1) & mask;
  }
  return place;
}

}  // namespace basalt
