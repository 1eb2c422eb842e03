// Reads the tables of a venue file into definitions. Behind load_venue(); nobody else includes it.
//
//   endpoints, assets, firms, accounts, users (venue.cpp) ─► instruments, fees, deposits
//   (venue_terms.cpp), each checked against what stands before it
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/decimal.h"
#include "engine/reference.h"
#include "engine/toml_table.h"
#include "engine/venue.h"

namespace basalt {

inline constexpr std::size_t asset_name_max = 11;
inline constexpr std::size_t symbol_max = 8;
inline constexpr std::size_t firm_name_max = 4;
inline constexpr std::size_t account_name_max = 15;
inline constexpr std::size_t user_max = 6;
inline constexpr std::size_t password_max = 10;
inline constexpr std::size_t session_name_max = 10;

template <std::size_t size>
std::array<char, size> padded(std::string_view text) {
  std::array<char, size> result;
  result.fill(' ');
  std::copy_n(text.begin(), std::min(size, text.size()), result.begin());
  return result;
}

// What was defined under which name; ids count from 0 in the order of the file.
template <typename Entry>
struct Named {
  std::map<std::string, std::uint32_t> ids;
  std::vector<Entry> entries;

  [[nodiscard]] const Entry* find(const std::string& name) const {
    const auto place = ids.find(name);
    return place == ids.end() ? nullptr : &entries[place->second];
  }
};

struct AssetEntry {
  AssetId id;
  std::uint32_t decimals;
};
struct FirmEntry {
  FirmId id;
};
struct AccountEntry {
  AccountId id;
  std::string firm;
  AccountRole role;
};

class VenueReader {
 public:
  VenueReader(TomlFile& file, VenueLoad& load) : file_(file), load_(load) {}

  void read(TomlTable& root) {
    load_.name = root.text("name", 64);
    load_.stream_name = root.text("stream_name", session_name_max);
    load_.feed_name = root.text("feed_name", session_name_max);
    read_endpoints(root.table("endpoints"));
    // In the order in which commands can be applied.
    for (TomlTable& table : root.tables("assets", true)) read_asset(table);
    for (TomlTable& table : root.tables("firms", true)) read_firm(table);
    for (TomlTable& table : root.tables("accounts", true)) read_account(table);
    for (TomlTable& table : root.tables("users", true)) read_user(table);
    for (TomlTable& table : root.tables("instruments", true)) read_instrument(table);
    for (const auto& [command, line] : fees_) put(command, line);
    for (TomlTable& table : root.tables("deposits", false)) read_deposit(table);
    for (TomlTable& table : root.tables("settlement_refusals", false)) read_refusal(table);
    root.finish();
    check_venue_accounts();
  }

 private:
  static Command command_of(CommandKind kind) {
    Command command;
    command.order.kind = kind;
    command.order.slots = 2;
    command.order.instrument = no_instrument;
    command.order.account = no_account;
    command.origin.session = no_session;
    return command;
  }
  template <typename Definition>
  static Command command_of(CommandKind kind, const Definition& definition) {
    Command command = command_of(kind);
    command.set(definition);
    return command;
  }
  void put(const Command& command, std::uint32_t line) {
    load_.definitions.push_back(command);
    load_.lines.push_back(line);
  }

  // A name of its own among its kind. False: it has none, and cannot be defined.
  template <typename Entry>
  bool enter(TomlTable& table, std::string_view key, std::string_view kind, const std::string& name,
             Named<Entry>& named, const Entry& entry) {
    if (name.empty()) return false;
    if (name.front() == ' ' || name.back() == ' ') {
      table.add(key, std::string(kind) + " " + in_quotes(name) + " begins or ends with a space",
                "names are padded with spaces on the wire: remove it");
      return false;
    }
    if (!named.ids.emplace(name, static_cast<std::uint32_t>(named.entries.size())).second) {
      table.add(key, std::string(kind) + " " + in_quotes(name) + " is defined twice",
                "leave one of them");
      return false;
    }
    named.entries.push_back(entry);
    return true;
  }

  template <typename Entry>
  const Entry* look_up(TomlTable& table, std::string_view key, std::string_view kind,
                       const std::string& name, const Named<Entry>& named) {
    if (name.empty()) return nullptr;
    const Entry* entry = named.find(name);
    if (entry == nullptr) {
      table.add(key, "there is no " + std::string(kind) + " " + in_quotes(name),
                "define it among the " + std::string(kind) + "s, or correct the name");
    }
    return entry;
  }

  std::optional<Decimal> decimal(TomlTable& table, std::string_view key) {
    const std::string text = table.text(key, 64);
    if (text.empty()) return {};
    const std::optional<Decimal> value = decimal_from_text(text);
    if (!value || value->units == 0) {
      table.add(key, in_quotes(key) + " is " + in_quotes(text) + ", which is no decimal above zero",
                "write it in digits with at most one point, as in \"0.01\"");
      return {};
    }
    return value;
  }

  void read_endpoints(TomlTable table);
  void read_asset(TomlTable& table);
  void read_firm(TomlTable& table);
  void read_account(TomlTable& table);
  void read_user(TomlTable& table);
  void read_instrument(TomlTable& table);
  void read_units(TomlTable& table, Decimal tick, Decimal lot, const AssetEntry* base,
                  const AssetEntry* quote, DefineInstrument& definition);
  void read_bounds(TomlTable& table, Decimal tick, const AssetEntry* quote,
                   DefineInstrument& definition);
  void read_rules(TomlTable& table, DefineInstrument& definition);
  static void read_bands(TomlTable& table, DefineInstrument& definition);
  Price read_price(TomlTable& table, std::string_view key, Decimal tick);
  void read_fees(TomlTable& table, InstrumentId instrument, std::uint32_t fee_cap_ppm);
  void read_deposit(TomlTable& table);
  void deposit(TomlTable& table, const std::string& id, const std::string& account,
               const std::string& asset, Decimal amount);
  void read_refusal(TomlTable& table);
  void check_venue_accounts();

  TomlFile& file_;
  VenueLoad& load_;
  Named<AssetEntry> assets_;
  Named<FirmEntry> firms_;
  Named<AccountEntry> accounts_;
  Named<SessionId> users_;
  Named<InstrumentId> symbols_;
  std::vector<std::pair<Command, std::uint32_t>> fees_;
  std::set<std::string> deposits_;
  std::map<std::pair<std::string, std::string>, int128> deposited_;  // By account and asset.
  std::set<std::uint64_t> cycles_;
};

}  // namespace basalt
