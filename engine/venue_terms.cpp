// From the file to definitions: what is traded, on which terms, and with which money.
#include <openssl/sha.h>

#include "engine/limits.h"
#include "engine/venue_reader.h"

namespace basalt {
namespace {

// OUCH and ITCH carry prices with four decimals.
constexpr std::uint32_t wire_price_decimals = 4;

// A price that no other may reach: what ITCH's 32 bits hold, or what OUCH takes for "at the market"
// where that is a whole number of ticks.
const char* most_on_wire(std::uint32_t wire_tick) noexcept {
  return limits::wire_price_market % wire_tick == 0 ? "214748.3647" : "429496.7296";
}

}  // namespace

void VenueReader::read_instrument(TomlTable& table) {
  const std::string symbol = table.text("symbol", symbol_max);
  const std::string base_name = table.text("base", asset_name_max);
  const std::string quote_name = table.text("quote", asset_name_max);
  const AssetEntry* base = look_up(table, "base", "asset", base_name, assets_);
  const AssetEntry* quote = look_up(table, "quote", "asset", quote_name, assets_);
  if (base != nullptr && base == quote) {
    table.add("quote", "instrument " + in_quotes(symbol) + " trades an asset against itself",
              "take another asset to quote it in");
  }
  DefineInstrument definition{};
  const Decimal tick = decimal(table, "tick").value_or(Decimal{});
  const Decimal lot = decimal(table, "lot").value_or(Decimal{});
  read_units(table, tick, lot, base, quote, definition);
  read_bounds(table, tick, quote, definition);
  read_rules(table, definition);
  const InstrumentId id{static_cast<std::uint32_t>(symbols_.entries.size())};
  read_fees(table, id, definition.fee_cap_ppm);
  table.finish();
  const bool fresh = enter(table, "symbol", "instrument", symbol, symbols_, id);
  if (!fresh || base == nullptr || quote == nullptr) return;
  definition.symbol = padded<symbol_max>(symbol);
  definition.base = base->id;
  definition.quote = quote->id;
  Command command = command_of(CommandKind::define_instrument, definition);
  command.order.instrument = id;
  put(command, table.line());
}

Price VenueReader::read_price(TomlTable& table, std::string_view key, Decimal tick) {
  const std::optional<Decimal> price = decimal(table, key);
  if (!price || tick.units == 0) return no_price;
  const std::optional<int128> ticks = in_multiples(*price, tick);
  if (!ticks || *ticks > limits::price_max.value) {
    table.add(key, in_quotes(key) + " is not a whole number of ticks within the engine's prices",
              "take a multiple of the tick, at most " + std::to_string(limits::price_max.value) +
                  " ticks");
    return no_price;
  }
  return Price{static_cast<std::int64_t>(*ticks)};
}

// What ticks and lots are worth. Units of an asset that is not known are left out: that is told.
void VenueReader::read_units(TomlTable& table, Decimal tick, Decimal lot, const AssetEntry* base,
                             const AssetEntry* quote, DefineInstrument& definition) {
  definition.tick_decimals = tick.decimals;
  definition.lot_decimals = lot.decimals;
  if (tick.units != 0) {
    const std::optional<int128> wire_tick = in_units(tick, wire_price_decimals);
    if (!wire_tick || *wire_tick > UINT32_MAX) {
      table.add("tick", "the tick is no whole number of the wire's 0.0001",
                "take a tick with at most four decimals");
    } else {
      definition.wire_tick = static_cast<std::uint32_t>(*wire_tick);
    }
  }
  if (lot.units != 0 && base != nullptr) {
    const std::optional<int128> lot_value = in_units(lot, base->decimals);
    if (!lot_value || *lot_value > INT64_MAX) {
      table.add("lot", "the lot is no whole number of the base asset's minor units",
                "give the asset more decimals, or take a larger lot");
    } else {
      definition.lot_value = static_cast<std::int64_t>(*lot_value);
      const auto decimals = static_cast<std::uint8_t>(base->decimals);
      if (wire_lot(definition.lot_value, decimals).units > limits::wire_lot_max) {
        table.add("lot", "the feed has no word for a lot of so many digits",
                  "take a lot of at most " + std::to_string(limits::wire_lot_max) +
                      " units of its last decimal");
      }
    }
  }
  if (tick.units != 0 && lot.units != 0 && quote != nullptr) {
    const auto both = static_cast<std::uint8_t>(tick.decimals + lot.decimals);
    const bool small = tick.units < INT64_MAX && lot.units < INT64_MAX;
    const std::optional<int128> value =
        small ? in_units({tick.units * lot.units, both}, quote->decimals) : std::nullopt;
    if (!value || *value > limits::tick_lot_value_max) {
      table.add("tick",
                "a tick on a lot is not a whole number, at most " +
                    std::to_string(limits::tick_lot_value_max) +
                    ", of the quote asset's minor units",
                "change the decimals of the quote asset, or tick and lot");
    } else {
      definition.tick_lot_value = static_cast<std::int64_t>(*value);
    }
  }
}

// How far prices, quantities and values of orders may go.
void VenueReader::read_bounds(TomlTable& table, Decimal tick, const AssetEntry* quote,
                              DefineInstrument& definition) {
  definition.price_max = read_price(table, "price_max", tick);
  if (definition.price_max != no_price && definition.wire_tick != 0 &&
      !prices_fit_wire(definition.price_max, definition.wire_tick)) {
    table.add("price_max", "prices up to 'price_max' do not fit the wire",
              "take one below " + std::string(most_on_wire(definition.wire_tick)));
  }
  if (table.has("reference")) definition.reference = read_price(table, "reference", tick);
  if (definition.reference > definition.price_max) {
    table.add("reference", "'reference' is beyond 'price_max'", "take a lower one");
  }
  definition.quantity_max =
      Quantity{table.signed_whole("quantity_max_lots", 1, limits::quantity_max.value)};
  if (static_cast<int128>(definition.quantity_max.value) * definition.lot_value >
      limits::money_max.value) {
    table.add("quantity_max_lots", "'quantity_max_lots' of the base asset are beyond all money",
              "take fewer lots, or fewer decimals");
  }
  if (!table.has("notional_max")) return;
  const std::optional<Decimal> amount = decimal(table, "notional_max");
  if (!amount || quote == nullptr) return;
  const std::optional<int128> units = in_units(*amount, quote->decimals);
  if (!units || *units > limits::money_max.value) {
    table.add("notional_max", "'notional_max' is no whole number of minor units within all money",
              "take fewer decimals, or less");
    return;
  }
  definition.notional_max_low = static_cast<std::uint64_t>(*units);
  definition.notional_max_high = static_cast<std::uint64_t>(*units >> 64);
}

void VenueReader::read_rules(TomlTable& table, DefineInstrument& definition) {
  const auto ppm = [&](std::string_view key) {
    return static_cast<std::uint32_t>(table.whole(key, 0, ppm_one));
  };
  definition.fee_cap_ppm = ppm("fee_cap_ppm");
  definition.collar_ppm = ppm("collar_ppm");
  definition.protection_ppm = ppm("protection_ppm");
  definition.static_collar_ppm =
      static_cast<std::uint32_t>(table.whole_or("static_collar_ppm", 0, ppm_one, 0));
  const auto duration = [&](std::string_view key) {
    return static_cast<std::uint32_t>(table.whole_or(key, 0, limits::auction_ms_max, 0));
  };
  definition.volatility_auction_ms = duration("volatility_auction_ms");
  definition.volatility_extension_ms = duration("volatility_extension_ms");
  read_bands(table, definition);
  if (definition.volatility_auction_ms > 0 && definition.collar_ppm == 0 &&
      definition.static_collar_ppm == 0 && definition.band_ppm == 0) {
    table.add("volatility_auction_ms", "no order trades beyond a collar that there is not",
              "set a collar, or leave out 'volatility_auction_ms'");
  }
  if (definition.volatility_extension_ms > 0 && definition.volatility_auction_ms == 0) {
    table.add("volatility_extension_ms", "there is no auction to extend",
              "set 'volatility_auction_ms' too, or leave it out");
  }
  definition.reserve_seed =
      static_cast<std::uint32_t>(table.whole_or("reserve_seed", 0, UINT32_MAX, 0));
  const std::uint64_t cycle_ms = table.whole("settlement_cycle_ms", 0, 86'400'000);
  definition.settlement_cycle = Nanos{static_cast<std::int64_t>(cycle_ms) * 1'000'000};
  if (cycles_.insert(cycle_ms).second && cycles_.size() > limits::settlement_cycles_max) {
    table.add("settlement_cycle_ms", "there are too many lengths of settlement cycles",
              "take at most " + std::to_string(limits::settlement_cycles_max) + " different ones");
  }
  definition.state = table.has("state")
                         ? static_cast<InstrumentState>(
                               table.word("state", {"closed", "open", "halted", "opening_auction",
                                                    "volatility_auction", "closing_auction"}))
                         : InstrumentState::open;
  const std::string category = table.text_or("market_category", 1, " ");
  definition.market_category = category.empty() ? 0 : static_cast<std::uint8_t>(category[0]);
}

void VenueReader::read_bands(TomlTable& table, DefineInstrument& definition) {
  constexpr std::uint64_t limit_state_ms = 15'000;
  constexpr std::uint64_t pause_ms = 300'000;
  const auto value = [&](std::string_view key, std::uint64_t least, std::uint64_t most,
                         std::uint64_t otherwise) {
    return static_cast<std::uint32_t>(table.whole_or(key, least, most, otherwise));
  };
  definition.band_ppm = value("band_ppm", 0, ppm_one, 0);
  if (definition.band_ppm == 0) {
    for (const char* key : {"limit_state_ms", "pause_ms"}) {
      if (table.has(key)) {
        table.add(key, "there are no bands to stand at", "set 'band_ppm' too, or leave it out");
        static_cast<void>(value(key, 0, limits::auction_ms_max, 0));
      }
    }
    return;
  }
  definition.limit_state_ms = value("limit_state_ms", 0, limits::auction_ms_max, limit_state_ms);
  definition.pause_ms = value("pause_ms", 1, limits::auction_ms_max, pause_ms);
  if (definition.collar_ppm > 0 || definition.static_collar_ppm > 0) {
    table.add("band_ppm", "an instrument has collars or bands", "leave out the one or the other");
  }
  if (definition.volatility_auction_ms == 0) {
    table.add("band_ppm", "a pause is followed by an auction, and it is not said of what length",
              "set 'volatility_auction_ms' too");
  }
}

void VenueReader::read_fees(TomlTable& table, InstrumentId instrument, std::uint32_t fee_cap_ppm) {
  Amendment amendment{};
  amendment.maker_ppm =
      static_cast<std::int32_t>(table.signed_whole("maker_ppm", -ppm_one, ppm_one));
  amendment.taker_ppm =
      static_cast<std::int32_t>(table.signed_whole("taker_ppm", -ppm_one, ppm_one));
  const auto cap = static_cast<std::int64_t>(fee_cap_ppm);
  for (const char* key : {"maker_ppm", "taker_ppm"}) {
    const bool maker = key == std::string_view("maker_ppm");
    if ((maker ? amendment.maker_ppm : amendment.taker_ppm) <= cap) continue;
    table.add(key, in_quotes(key) + " is above 'fee_cap_ppm'",
              "holds cover fees up to the cap only: raise it, or lower the fee");
  }
  Command command = command_of(CommandKind::set_fees, amendment);
  command.order.instrument = instrument;
  fees_.emplace_back(command, table.line());
}

void VenueReader::read_deposit(TomlTable& table) {
  const std::string id = table.text("id", 64);
  const std::vector<std::string> accounts = table.texts("accounts");
  const std::vector<std::string> assets = table.texts("assets");
  const std::optional<Decimal> amount = decimal(table, "amount");
  table.finish();
  for (const std::string& account : accounts) {
    for (const std::string& asset : assets) {
      deposit(table, id, account, asset, amount.value_or(Decimal{}));
    }
  }
}

void VenueReader::deposit(TomlTable& table, const std::string& id, const std::string& account_name,
                          const std::string& asset_name, Decimal amount) {
  const AccountEntry* account = look_up(table, "accounts", "account", account_name, accounts_);
  const AssetEntry* asset = look_up(table, "assets", "asset", asset_name, assets_);
  if (account == nullptr || asset == nullptr) return;
  if (account->role != AccountRole::participant) {
    table.add("accounts", "account " + in_quotes(account_name) + " is the venue's own",
              "only participants are paid in to");
  }
  const std::string key = "deposit\n" + account_name + "\n" + asset_name + "\n" + id;
  if (!deposits_.insert(key).second) {
    table.add("id",
              "deposit " + in_quotes(id) + " of " + asset_name + " to " + account_name +
                  " stands there twice",
              "each is made once: give the second an id of its own");
    return;
  }
  const std::optional<int128> units = in_units(amount, asset->decimals);
  int128& sum = deposited_[{account_name, asset_name}];
  if (!units || *units > limits::money_max.value || sum > limits::money_max.value - *units) {
    table.add("amount",
              "the amount is no whole number of minor units of " + in_quotes(asset_name) +
                  " within all money",
              "take at most " + std::to_string(asset->decimals) + " decimals, or less");
    return;
  }
  sum += *units;
  Amendment amendment{};
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  std::copy_n(digest.begin(), amendment.external_id.bytes.size(),
              amendment.external_id.bytes.begin());
  amendment.amount_low = static_cast<std::uint64_t>(*units);
  amendment.amount_high = static_cast<std::int64_t>(*units >> 64);
  amendment.asset = asset->id;
  Command command = command_of(CommandKind::deposit, amendment);
  command.order.account = account->id;
  put(command, table.line());
}

void VenueReader::read_refusal(TomlTable& table) {
  VenueLoad::Refusal refusal;
  refusal.account = table.text("account", account_name_max);
  refusal.batches = static_cast<std::uint32_t>(table.whole("batches", 1, UINT32_MAX));
  table.finish();
  if (look_up(table, "account", "account", refusal.account, accounts_) == nullptr) return;
  load_.refusals.push_back(std::move(refusal));
}

}  // namespace basalt
