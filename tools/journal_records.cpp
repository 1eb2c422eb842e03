#include "tools/journal_records.h"

#include <algorithm>
#include <string>

namespace basalt::tools {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of_administration(CommandKind kind) {
  switch (kind) {
    case CommandKind::epoch_start:
      return "epoch_start";
    case CommandKind::define_asset:
      return "define_asset";
    case CommandKind::define_instrument:
      return "define_instrument";
    case CommandKind::define_firm:
      return "define_firm";
    case CommandKind::define_account:
      return "define_account";
    case CommandKind::define_session:
      return "define_session";
    case CommandKind::assign_shards:
      return "assign_shards";
    case CommandKind::set_limit:
      return "set_limit";
    case CommandKind::set_fees:
      return "set_fees";
    case CommandKind::deposit:
      return "deposit";
    case CommandKind::withdraw:
      return "withdraw";
    case CommandKind::set_instrument_state:
      return "set_instrument_state";
    case CommandKind::uncross:
      return "uncross";
    case CommandKind::set_account_state:
      return "set_account_state";
    case CommandKind::market_event:
      return "market_event";
    case CommandKind::halt_market:
      return "halt_market";
    case CommandKind::set_halt_levels:
      return "set_halt_levels";
    case CommandKind::mass_cancel_by_venue:
      return "mass_cancel_by_venue";
    case CommandKind::settlement_started:
      return "settlement_started";
    case CommandKind::settlement_finished:
      return "settlement_finished";
    case CommandKind::settlement_cut:
      return "settlement_cut";
    default:
      return "unknown";
  }
}

const char* name_of(CommandKind kind) {
  switch (kind) {
    case CommandKind::new_order:
      return "new_order";
    case CommandKind::replace:
      return "replace";
    case CommandKind::cancel:
      return "cancel";
    case CommandKind::reduce:
      return "reduce";
    case CommandKind::account_query:
      return "account_query";
    case CommandKind::mass_cancel:
      return "mass_cancel";
    case CommandKind::disable_entry:
      return "disable_entry";
    case CommandKind::enable_entry:
      return "enable_entry";
    case CommandKind::quote:
      return "quote";
    case CommandKind::set_protection:
      return "set_protection";
    case CommandKind::session_down:
      return "session_down";
    case CommandKind::tick:
      return "tick";
    case CommandKind::mass_cancel_done:
      return "mass_cancel_done";
    default:
      return name_of_administration(kind);
  }
}

bool is_of_orders(CommandKind kind) {
  switch (kind) {
    case CommandKind::new_order:
    case CommandKind::replace:
    case CommandKind::cancel:
    case CommandKind::reduce:
    case CommandKind::account_query:
    case CommandKind::session_down:
      return true;
    default:
      return false;
  }
}

const char* name_of(EventKind kind) {
  switch (kind) {
    case EventKind::nothing:
      return "nothing";
    case EventKind::rejected:
      return "rejected";
    case EventKind::rested:
      return "rested";
    case EventKind::fill:
      return "fill";
    case EventKind::canceled:
      return "canceled";
    case EventKind::replaced:
      return "replaced";
    case EventKind::triggered:
      return "triggered";
    case EventKind::restated:
      return "restated";
    case EventKind::armed:
      return "armed";
    case EventKind::crossing:
      return "crossing";
    case EventKind::uncrossed:
      return "uncrossed";
    case EventKind::indicative:
      return "indicative";
    case EventKind::phase_changed:
      return "phase changed";
    case EventKind::withdrawn:
      return "withdrawn";
    case EventKind::extended:
      return "extended";
    case EventKind::repriced:
      return "repriced";
    case EventKind::bands_moved:
      return "bands moved";
    case EventKind::limit_state:
      return "limit state";
  }
  return "unknown";
}

const char* name_of(Side side) {
  return side == Side::buy ? "buy" : "sell";
}

const char* name_of(TimeInForce time_in_force) {
  constexpr const char* names[] = {"day", "gtc",     "ioc",      "fok",
                                   "gtd", "at-open", "at-close", "at-halt"};
  const auto value = static_cast<std::size_t>(time_in_force);
  return value < std::size(names) ? names[value] : "unknown";
}

std::string digits_of(Money money) {
  const bool negative = money.value < 0;
  auto rest = static_cast<uint128>(money.value);
  if (negative) rest = -rest;
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// What the wire or a venue file named: without its padding, and with anything that is not printable
// ASCII as a question mark.
template <std::size_t size>
std::string text_of(const std::array<char, size>& padded) {
  std::string text(padded.begin(), padded.end());
  text.erase(text.find_last_not_of(std::string_view(" \0", 2)) + 1);
  for (char& letter : text) {
    if (letter < ' ' || letter > '~') letter = '?';
  }
  return text;
}

std::string hex_of(const ExternalId& id) {
  std::string hex;
  for (const std::uint8_t byte : id.bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

bool is_of_firm(CommandKind kind) {
  return kind == CommandKind::mass_cancel || kind == CommandKind::mass_cancel_done ||
         kind == CommandKind::disable_entry || kind == CommandKind::enable_entry;
}

// Of a mass cancel: which orders.
void add_scope(Json& fields, const Command& command) {
  const Order& order = command.order;
  if (order.instrument != no_instrument) fields["instrument"] = index_of(order.instrument);
  if (order.account != no_account) fields["account"] = index_of(order.account);
  if (command.origin.wire_side != 0) fields["side"] = name_of(order.side);
  if (command.origin.group != 0) fields["group"] = command.origin.group;
}

// What a firm asks of all its orders, or of those that it names.
void add_of_firm(Json& fields, const Command& command) {
  add_scope(fields, command);
  fields["session"] = index_of(command.origin.session);
  fields["user_ref_num"] = command.origin.user_ref_num;
  fields["received"] = command.origin.received.value;
}

void add_protection(Json& fields, const Command& command) {
  add_of_firm(fields, command);
  const auto protection = command.as<QuoteProtection>();
  fields["window"] = protection.window.value;
  fields["quantity"] = protection.quantity.value;
  fields["fills"] = protection.fills;
  fields["delta"] = protection.delta.value;
}

void add_instructions(Json& fields, const Instructions& instructions) {
  fields["display"] = instructions.display.value;
  if (instructions.random != 0) fields["random"] = instructions.random;
  fields["min_quantity"] = instructions.min_quantity.value;
  fields["stop"] = instructions.stop.value;
  if (instructions.trail != 0) fields["trail"] = instructions.trail;
  if (instructions.expiry != no_time) fields["expiry"] = instructions.expiry.value;
  if (instructions.price_type != PriceType::limit) {
    fields["price_type"] = static_cast<unsigned>(instructions.price_type);
    fields["peg_offset"] = instructions.peg_offset;
  }
  if (instructions.external_id != ExternalId{}) {
    fields["external_id"] = hex_of(instructions.external_id);
  }
}

void add_order(Json& fields, const Order& order) {
  if (order.order != no_order) fields["order"] = static_cast<std::uint64_t>(order.order);
  if (order.original != no_order) fields["original"] = static_cast<std::uint64_t>(order.original);
  fields["instrument"] = index_of(order.instrument);
  fields["account"] = index_of(order.account);
  fields["side"] = name_of(order.side);
  fields["time_in_force"] = name_of(order.time_in_force);
  fields["quantity"] = order.quantity.value;
  fields["price"] = order.price.value;
  fields["flags"] = order.flags;
}

void add_origin(Json& fields, const Origin& origin) {
  fields["session"] = index_of(origin.session);
  fields["user_ref_num"] = origin.user_ref_num;
  if (origin.original_user_ref_num != 0) {
    fields["original_user_ref_num"] = origin.original_user_ref_num;
  }
  if (origin.group != 0) fields["group"] = origin.group;
  fields["client_order_id"] = text_of(origin.client_order_id);
  fields["hold"] = digits_of(origin.hold());
  fields["received"] = origin.received.value;
}

void add_instrument(Json& fields, const DefineInstrument& definition) {
  fields["symbol"] = text_of(definition.symbol);
  fields["base"] = index_of(definition.base);
  fields["quote"] = index_of(definition.quote);
  fields["tick_lot_value"] = definition.tick_lot_value;
  fields["lot_value"] = definition.lot_value;
  fields["wire_tick"] = definition.wire_tick;
  fields["collar_ppm"] = definition.collar_ppm;
  fields["static_collar_ppm"] = definition.static_collar_ppm;
  fields["band_ppm"] = definition.band_ppm;
  fields["limit_state_ms"] = definition.limit_state_ms;
  fields["pause_ms"] = definition.pause_ms;
  fields["protection_ppm"] = definition.protection_ppm;
  fields["volatility_auction_ms"] = definition.volatility_auction_ms;
  fields["volatility_extension_ms"] = definition.volatility_extension_ms;
  fields["reserve_seed"] = definition.reserve_seed;
  fields["price_max"] = definition.price_max.value;
  fields["quantity_max"] = definition.quantity_max.value;
  fields["reference"] = definition.reference.value;
  fields["settlement_cycle"] = definition.settlement_cycle.value;
  fields["state"] = static_cast<unsigned>(definition.state);
}

void add_amendment(Json& fields, const Command& command) {
  const auto amendment = command.as<Amendment>();
  fields["instrument"] = index_of(command.order.instrument);
  fields["account"] = index_of(command.order.account);
  fields["asset"] = index_of(amendment.asset);
  fields["amount"] = digits_of(amendment.amount());
  fields["maker_ppm"] = amendment.maker_ppm;
  fields["taker_ppm"] = amendment.taker_ppm;
  fields["instrument_state"] = static_cast<unsigned>(amendment.instrument_state);
  fields["account_suspended"] = amendment.account_suspended;
  fields["market_event"] = amendment.market_event;
  fields["batch"] = amendment.batch;
  fields["settled"] = amendment.settled;
  fields["limit"] = static_cast<unsigned>(amendment.limit);
  fields["halt_level"] = amendment.halt_level;
  if (command.order.kind == CommandKind::mass_cancel_by_venue) add_scope(fields, command);
  if (amendment.external_id != ExternalId{}) {
    fields["external_id"] = hex_of(amendment.external_id);
  }
  if ((command.order.flags & flag_by_session) != 0) {
    fields["session"] = index_of(command.origin.session);
    fields["user_ref_num"] = command.origin.user_ref_num;
  }
}

void add_limits(Json& fields, const EpochLimits& limits) {
  fields["orders_max"] = limits.orders_max;
  fields["accounts_max"] = limits.accounts_max;
  fields["assets_max"] = limits.assets_max;
  fields["instruments_max"] = limits.instruments_max;
  fields["sessions_max"] = limits.sessions_max;
  fields["firms_max"] = limits.firms_max;
  fields["external_ids_max"] = limits.external_ids_max;
  fields["leaves_max"] = limits.leaves_max;
  fields["inners_max"] = limits.inners_max;
  fields["instructed_max"] = limits.instructed_max;
  fields["settlement_batches_max"] = limits.settlement_batches_max;
  fields["settlement_obligations_max"] = limits.settlement_obligations_max;
  fields["shards"] = limits.shards;
  fields["history_bytes_max"] = limits.history_bytes_max;
}

// Passwords and their salts are nobody's business.
void add_definition(Json& fields, const Command& command) {
  switch (command.order.kind) {
    case CommandKind::epoch_start: {
      const auto start = command.as<EpochStart>();
      fields["engine"] = start.engine;
      fields["epoch"] = start.epoch;
      fields["rules_version"] = start.rules_version;
      add_limits(fields, start.limits);
      fields["build"] = text_of(start.build);
      break;
    }
    case CommandKind::assign_shards:
      fields["first_instrument"] = index_of(command.order.instrument);
      fields["shards"] = command.as<AssignShards>().shard;
      break;
    case CommandKind::define_asset: {
      const auto definition = command.as<DefineAsset>();
      fields["asset"] = index_of(definition.asset);
      fields["decimals"] = definition.decimals;
      fields["name"] = text_of(definition.name);
      break;
    }
    case CommandKind::define_instrument:
      fields["instrument"] = index_of(command.order.instrument);
      add_instrument(fields, command.as<DefineInstrument>());
      break;
    case CommandKind::define_firm: {
      const auto definition = command.as<DefineFirm>();
      fields["firm"] = index_of(definition.firm);
      fields["name"] = text_of(definition.name);
      break;
    }
    case CommandKind::define_account: {
      const auto definition = command.as<DefineAccount>();
      fields["account"] = index_of(definition.account);
      fields["firm"] = index_of(definition.firm);
      fields["open_orders_max"] = definition.open_orders_max;
      fields["name"] = text_of(definition.name);
      break;
    }
    case CommandKind::define_session: {
      const auto definition = command.as<DefineSession>();
      fields["session"] = index_of(definition.session);
      fields["firm"] = index_of(definition.firm);
      fields["default_account"] = index_of(definition.default_account);
      fields["cancel_on_disconnect"] = definition.cancel_on_disconnect;
      fields["is_admin"] = definition.is_admin;
      fields["user"] = text_of(definition.user);
      break;
    }
    default:
      add_amendment(fields, command);
      break;
  }
}

}  // namespace

Json fields_of(const Command& command) {
  const Order& order = command.order;
  Json fields;
  fields["sequence"] = order.sequence;
  fields["command"] = name_of(order.kind);
  fields["time"] = order.time.value;
  fields["verdict"] = static_cast<unsigned>(order.verdict);
  if (order.slots == 1) return fields;
  if (order.kind == CommandKind::set_protection) add_protection(fields, command);
  if (is_of_firm(order.kind)) {
    add_of_firm(fields, command);
  } else if (is_of_orders(order.kind)) {
    add_order(fields, order);
    if (order.slots > 2) add_instructions(fields, command.as<Instructions>());
    add_origin(fields, command.origin);
  } else {
    add_definition(fields, command);
  }
  return fields;
}

Json fields_of(const Event& event) {
  Json fields;
  fields["sequence"] = event.sequence;
  fields["index"] = event.index;
  fields["event"] = name_of(event.kind);
  if (event.kind == EventKind::nothing) return fields;
  fields["order"] = static_cast<std::uint64_t>(event.order);
  fields["instrument"] = index_of(event.instrument);
  fields["account"] = index_of(event.account);
  fields["side"] = name_of(event.side);
  fields["price"] = event.price.value;
  fields["quantity"] = event.quantity.value;
  fields["remaining"] = event.remaining.value;
  fields["detail"] = event.detail;
  if (event.kind == EventKind::fill) fields["match_number"] = event.match_number;
  return fields;
}

std::string line_of(const Json& fields) {
  std::string line;
  for (const auto& [name, value] : fields.items()) {
    if (!line.empty()) line += ' ';
    line += name + '=' + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return line;
}

}  // namespace basalt::tools
