// What the journal does not have yet of what the venue file says.
//
//   names ─► ids that hold: those of the journal, and for new names the next after the highest
//   each definition, with those ids: equal (nothing) · new (a command) · otherwise a finding
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "engine/limits.h"
#include "engine/venue.h"

namespace basalt {
namespace {

template <std::size_t size>
std::string text_of(const std::array<char, size>& padded) {
  std::string_view text(padded.data(), size);
  const std::size_t last = text.find_last_not_of(' ');
  return std::string(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

std::string decimal_digits(int128 value) {
  const bool negative = value < 0;
  std::string digits;
  do {
    const auto digit = static_cast<int>(value % 10);
    digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    value /= 10;
  } while (value != 0);
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// Of one kind of entry: the id that holds for each id of the file.
template <typename Id, typename Name>
class IdMap {
 public:
  // What the journal has, before any place().
  void known(Id id, const Name& name) {
    ids_.emplace(name, id);
    next_ = std::max(next_, index_of(id) + 1);
  }
  // The file's next entry. Returns the id that holds.
  Id place(const Name& name) {
    const auto place = ids_.find(name);
    holding_.push_back(place == ids_.end() ? Id{next_++} : place->second);
    return holding_.back();
  }
  [[nodiscard]] Id of(Id in_file) const { return holding_.at(index_of(in_file)); }

 private:
  std::map<Name, Id> ids_;
  std::vector<Id> holding_;
  std::uint32_t next_ = 0;
};

struct IdMaps {
  IdMap<AssetId, std::array<char, 11>> assets;
  IdMap<FirmId, std::array<char, 4>> firms;
  IdMap<AccountId, std::array<char, 15>> accounts;
  IdMap<SessionId, std::array<char, 6>> sessions;
  IdMap<InstrumentId, Symbol> instruments;

  IdMaps(const VenueLoad& venue, const ReferenceData& present) {
    const ReferenceLimits& limits = present.limits();
    each<AssetId>(limits.assets_max, present,
                  [&](AssetId id) { assets.known(id, present.asset(id).name); });
    each<FirmId>(limits.firms_max, present,
                 [&](FirmId id) { firms.known(id, present.firm(id).name); });
    each<AccountId>(limits.accounts_max, present,
                    [&](AccountId id) { accounts.known(id, present.account(id).name); });
    each<SessionId>(limits.sessions_max, present,
                    [&](SessionId id) { sessions.known(id, present.session(id).user); });
    each<InstrumentId>(limits.instruments_max, present, [&](InstrumentId id) {
      instruments.known(id, present.instrument(id).symbol);
    });
    for (const Command& command : venue.definitions) place(command);
  }

 private:
  template <typename Id, typename Visit>
  static void each(std::uint32_t max, const ReferenceData& present, Visit visit) {
    for (std::uint32_t i = 0; i < max; ++i) {
      if (present.has(Id{i})) visit(Id{i});
    }
  }

  void place(const Command& command) {
    switch (command.order.kind) {
      case CommandKind::define_asset:
        assets.place(command.as<DefineAsset>().name);
        break;
      case CommandKind::define_firm:
        firms.place(command.as<DefineFirm>().name);
        break;
      case CommandKind::define_account:
        accounts.place(command.as<DefineAccount>().name);
        break;
      case CommandKind::define_session:
        sessions.place(command.as<DefineSession>().user);
        break;
      case CommandKind::define_instrument:
        instruments.place(command.as<DefineInstrument>().symbol);
        break;
      default:
        break;
    }
  }
};

class Difference {
 public:
  Difference(const VenueLoad& venue, const ReferenceData& present, const ReferenceLimits& limits,
             const ExternalIdApplied& applied, std::vector<Finding>& findings)
      : venue_(venue),
        present_(present),
        limits_(limits),
        applied_(applied),
        findings_(findings),
        ids_(venue, present),
        fee_account_(present.fee_account()),
        external_account_(present.external_account()) {
    for (const Nanos cycle : present.settlement_cycles()) cycles_.insert(cycle.value);
  }

  std::vector<Command> commands() {
    for (std::size_t i = 0; i < venue_.definitions.size(); ++i) {
      line_ = venue_.lines[i];
      follow(venue_.definitions[i]);
    }
    return std::move(missing_);
  }

 private:
  void follow(const Command& command) {
    switch (command.order.kind) {
      case CommandKind::define_asset:
        return asset(command);
      case CommandKind::define_firm:
        return firm(command);
      case CommandKind::define_account:
        return account(command);
      case CommandKind::define_session:
        return session(command);
      case CommandKind::define_instrument:
        return instrument(command);
      case CommandKind::set_fees:
        return fees(command);
      default:
        return deposit(command);
    }
  }

  void contradicts(const std::string& what, const std::string& field) {
    findings_.push_back({venue_.file, line_, what + " has another " + field + " in the journal",
                         "what is defined stays: restore the value, or define another name"});
  }
  // Whether two numbers agree; told when they do not.
  bool agree(const std::string& what, const char* field, int128 journal, int128 file) {
    if (journal == file) return true;
    findings_.push_back({venue_.file, line_,
                         what + " has " + field + " " + decimal_digits(journal) +
                             " in the journal, and " + decimal_digits(file) + " here",
                         "what is defined stays: restore the value, or define another name"});
    return false;
  }
  template <typename Definition>
  void add(const Command& command, const Definition& definition) {
    missing_.push_back(command);
    missing_.back().set(definition);
  }
  bool has_room(std::uint32_t id, std::uint32_t max, const char* limit, const std::string& what) {
    if (id < max) return true;
    findings_.push_back({venue_.file, line_, "there is no room for " + what,
                         std::string("raise ") + limit + " in the topology"});
    return false;
  }

  void asset(const Command& command) {
    auto definition = command.as<DefineAsset>();
    definition.asset = ids_.assets.of(definition.asset);
    const std::string what = "asset " + text_of(definition.name);
    if (present_.has(definition.asset)) {
      agree(what, "decimals", present_.asset(definition.asset).decimals, definition.decimals);
      return;
    }
    if (has_room(index_of(definition.asset), limits_.assets_max, "assets_max", what)) {
      add(command, definition);
    }
  }

  void firm(const Command& command) {
    auto definition = command.as<DefineFirm>();
    definition.firm = ids_.firms.of(definition.firm);
    if (present_.has(definition.firm)) return;  // A firm is its name.
    if (has_room(index_of(definition.firm), limits_.firms_max, "firms_max",
                 "firm " + text_of(definition.name))) {
      add(command, definition);
    }
  }

  void account(const Command& command) {
    auto definition = command.as<DefineAccount>();
    definition.account = ids_.accounts.of(definition.account);
    definition.firm = ids_.firms.of(definition.firm);
    const std::string what = "account " + text_of(definition.name);
    if (present_.has(definition.account)) {
      const Account& known = present_.account(definition.account);
      if (known.firm != definition.firm) contradicts(what, "firm");
      if (known.role != AccountRole{definition.is_venue}) contradicts(what, "role");
      if (known.open_orders_max != definition.open_orders_max) {
        set_limit(LimitKind::open_orders_max, {definition.open_orders_max}).order.account =
            definition.account;
      }
      return;
    }
    const auto only_one = [&](AccountRole role, AccountId& holder) {
      if (AccountRole{definition.is_venue} != role) return;
      if (holder != no_account) {
        findings_.push_back({venue_.file, line_, what + " is a second one of its role",
                             "the journal has one already: give it its name"});
      }
      holder = definition.account;
    };
    only_one(AccountRole::fees, fee_account_);
    only_one(AccountRole::external, external_account_);
    if (has_room(index_of(definition.account), limits_.accounts_max, "accounts_max", what)) {
      add(command, definition);
    }
  }

  void session(const Command& command) {
    auto definition = command.as<DefineSession>();
    const std::string& password = venue_.passwords.at(index_of(definition.session));
    definition.session = ids_.sessions.of(definition.session);
    definition.firm = ids_.firms.of(definition.firm);
    if (definition.default_account != no_account) {
      definition.default_account = ids_.accounts.of(definition.default_account);
    }
    const std::string what = "user " + text_of(definition.user);
    if (present_.has(definition.session)) {
      const Session& known = present_.session(definition.session);
      if (known.firm != definition.firm) contradicts(what, "firm");
      if (known.default_account != definition.default_account) contradicts(what, "account");
      if (known.password_sha256 != password_hash(known.salt, password)) {
        contradicts(what, "password");
      }
      agree(what, "cancel_on_disconnect", known.cancel_on_disconnect,
            definition.cancel_on_disconnect);
      agree(what, "admin", known.is_admin, definition.is_admin);
      return;
    }
    if (has_room(index_of(definition.session), limits_.sessions_max, "sessions_max", what)) {
      add(command, definition);
    }
  }

  void instrument(const Command& command) {
    auto definition = command.as<DefineInstrument>();
    const InstrumentId id = ids_.instruments.of(command.order.instrument);
    definition.base = ids_.assets.of(definition.base);
    definition.quote = ids_.assets.of(definition.quote);
    const std::string what = "instrument " + text_of(definition.symbol);
    if (present_.has(id)) return compare(what, id, definition);
    if (cycles_.insert(definition.settlement_cycle.value).second &&
        cycles_.size() > limits::settlement_cycles_max) {
      findings_.push_back({venue_.file, line_,
                           what + " brings one length of settlement cycle too many",
                           "take one that the venue has"});
    }
    if (has_room(index_of(id), limits_.instruments_max, "instruments_max", what)) {
      add(command, definition);
      missing_.back().order.instrument = id;
    }
  }

  // State, fees and limits are not part of a definition: they move.
  void compare(const std::string& what, InstrumentId id, const DefineInstrument& definition) {
    const Instrument& known = present_.instrument(id);
    if (known.base != definition.base) contradicts(what, "base");
    if (known.quote != definition.quote) contradicts(what, "quote");
    agree(what, "minor units a tick and lot", known.tick_lot_value, definition.tick_lot_value);
    agree(what, "minor units a lot", known.lot_value, definition.lot_value);
    agree(what, "a tick in units of 0.0001 of", known.wire_tick, definition.wire_tick);
    agree(what, "decimals of a tick", known.tick_decimals, definition.tick_decimals);
    agree(what, "decimals of a lot", known.lot_decimals, definition.lot_decimals);
    agree(what, "fee_cap_ppm", known.fee_cap_ppm, definition.fee_cap_ppm);
    agree(what, "a highest price in ticks of", known.price_max.value, definition.price_max.value);
    agree(what, "a reference in ticks of", known.reference.value, definition.reference.value);
    agree(what, "a settlement cycle in ns of", known.settlement_cycle.value,
          definition.settlement_cycle.value);
    agree(what, "market_category", known.market_category, definition.market_category);
    agree(what, "volatility_auction_ms", known.volatility_auction_ms,
          definition.volatility_auction_ms);
    agree(what, "volatility_extension_ms", known.volatility_extension_ms,
          definition.volatility_extension_ms);
    agree(what, "reserve_seed", known.reserve_seed, definition.reserve_seed);
    agree(what, "band_ppm", known.band_ppm, definition.band_ppm);
    agree(what, "limit_state_ms", known.limit_state_ms, definition.limit_state_ms);
    agree(what, "pause_ms", known.pause_ms, definition.pause_ms);
    compare_limits(id, known, definition);
  }

  void compare_limits(InstrumentId id, const Instrument& known,
                      const DefineInstrument& definition) {
    const auto differs = [&](LimitKind limit, int128 journal, int128 file) {
      if (journal != file) set_limit(limit, {file}).order.instrument = id;
    };
    const auto notional_max = static_cast<int128>(
        (static_cast<uint128>(definition.notional_max_high) << 64) | definition.notional_max_low);
    const Money unlimited = limits::money_max;
    const int128 known_notional = known.notional_max == unlimited ? 0 : known.notional_max.value;
    differs(LimitKind::quantity_max, known.quantity_max.value, definition.quantity_max.value);
    differs(LimitKind::notional_max, known_notional,
            notional_max == unlimited.value ? 0 : notional_max);
    differs(LimitKind::collar_ppm, known.collar_ppm, definition.collar_ppm);
    differs(LimitKind::protection_ppm, known.protection_ppm, definition.protection_ppm);
    differs(LimitKind::static_collar_ppm, known.static_collar_ppm, definition.static_collar_ppm);
  }

  // The caller names whose.
  Command& set_limit(LimitKind limit, Money value) {
    Amendment amendment{};
    amendment.limit = limit;
    amendment.amount_low = static_cast<std::uint64_t>(value.value);
    amendment.amount_high = static_cast<std::int64_t>(value.value >> 64);
    Command& command = missing_.emplace_back();
    command.order.kind = CommandKind::set_limit;
    command.order.instrument = no_instrument;
    command.order.account = no_account;
    command.origin.session = no_session;
    command.set(amendment);
    return command;
  }

  void fees(const Command& command) {
    const auto amendment = command.as<Amendment>();
    const InstrumentId id = ids_.instruments.of(command.order.instrument);
    const Instrument known = present_.has(id) ? present_.instrument(id) : Instrument{};
    if (known.maker_ppm == amendment.maker_ppm && known.taker_ppm == amendment.taker_ppm) return;
    missing_.push_back(command);
    missing_.back().order.instrument = id;
  }

  void deposit(const Command& command) {
    auto amendment = command.as<Amendment>();
    if (applied_(amendment.external_id)) return;
    amendment.asset = ids_.assets.of(amendment.asset);
    add(command, amendment);
    missing_.back().order.account = ids_.accounts.of(command.order.account);
  }

  const VenueLoad& venue_;
  const ReferenceData& present_;
  const ReferenceLimits limits_;
  const ExternalIdApplied& applied_;
  std::vector<Finding>& findings_;
  const IdMaps ids_;
  AccountId fee_account_;
  AccountId external_account_;
  std::set<std::int64_t> cycles_;
  std::uint32_t line_ = 0;
  std::vector<Command> missing_;
};

}  // namespace

std::vector<Command> difference(const VenueLoad& venue, const ReferenceData& present,
                                const ReferenceLimits& limits, const ExternalIdApplied& applied,
                                std::vector<Finding>& findings) {
  return Difference(venue, present, limits, applied, findings).commands();
}

std::vector<settlement::Refusal> refusals(const VenueLoad& venue, const ReferenceData& present) {
  const IdMaps ids(venue, present);
  std::map<std::string, AccountId> accounts;
  for (const Command& command : venue.definitions) {
    if (command.order.kind != CommandKind::define_account) continue;
    const auto definition = command.as<DefineAccount>();
    accounts.emplace(text_of(definition.name), ids.accounts.of(definition.account));
  }
  std::vector<settlement::Refusal> result;
  for (const VenueLoad::Refusal& refusal : venue.refusals) {
    result.push_back({accounts.at(refusal.account), refusal.batches});
  }
  return result;
}

}  // namespace basalt
