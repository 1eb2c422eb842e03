#include "tools/ledger_verb.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "engine/arena.h"
#include "engine/decimal.h"
#include "engine/journal/reader.h"
#include "engine/ledger/ledger.h"

namespace basalt::tools {
namespace {

using journal::Follower;
using journal::Read;

// What the journal defines, so that a ledger of that size can be made, and how far it goes.
struct Extent {
  ReferenceLimits limits{
      .assets_max = 1, .instruments_max = 1, .accounts_max = 1, .sessions_max = 1, .firms_max = 1};
  Sequence last = 0;

  template <typename Id>
  static void cover(std::uint32_t& max, Id id) {
    max = std::max(max, index_of(id) + 1);
  }
  void take(const Command& command) {
    last = command.order.sequence;
    if (command.order.verdict != Reject::none) return;
    switch (command.order.kind) {
      case CommandKind::define_asset:
        return cover(limits.assets_max, command.as<DefineAsset>().asset);
      case CommandKind::define_instrument:
        return cover(limits.instruments_max, command.order.instrument);
      case CommandKind::define_firm:
        return cover(limits.firms_max, command.as<DefineFirm>().firm);
      case CommandKind::define_account:
        return cover(limits.accounts_max, command.as<DefineAccount>().account);
      case CommandKind::define_session:
        return cover(limits.sessions_max, command.as<DefineSession>().session);
      default:
        return;
    }
  }
};

// Gives every entry up to `last` to `take`. What went wrong, in words; empty: nothing.
template <typename Take>
std::string each_entry(const std::filesystem::path& data, Sequence last, Take take) {
  Follower follower(data);
  Follower::Entry entry;
  while (true) {
    const Read read = follower.next(entry);
    if (read == Read::damaged) {
      const journal::Finding& damage = follower.damage();
      return damage.file + " at " + std::to_string(damage.offset) + ": " + damage.what;
    }
    if (read == Read::end || entry.command.order.sequence > last) return {};
    take(entry);
  }
}

std::string name_of(const Asset& asset) {
  std::string name(asset.name.begin(), asset.name.end());
  name.erase(name.find_last_not_of(std::string_view(" \0", 2)) + 1);
  return name;
}

TrialBalance add_up(const ledger::Ledger& ledger) {
  TrialBalance result;
  const ReferenceLimits& limits = ledger.reference().limits();
  for (std::uint32_t asset = 0; asset < limits.assets_max; ++asset) {
    if (!ledger.reference().has(AssetId{asset})) continue;
    TrialBalance::Line line{.asset = name_of(ledger.reference().asset(AssetId{asset}))};
    for (std::uint32_t account = 0; account < limits.accounts_max; ++account) {
      const ledger::Totals& totals = ledger.totals(AccountId{account}, AssetId{asset});
      line.debits += totals.debits;
      line.credits += totals.credits;
    }
    result.lines.push_back(std::move(line));
  }
  return result;
}

void print_json(const TrialBalance& balance) {
  nlohmann::ordered_json assets = nlohmann::ordered_json::array();
  for (const TrialBalance::Line& line : balance.lines) {
    assets.push_back({{"asset", line.asset},
                      {"debits", digits_of(line.debits)},
                      {"credits", digits_of(line.credits)}});
  }
  const nlohmann::ordered_json json = {{"assets", assets}};
  std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void print_table(const TrialBalance& balance) {
  std::cout << std::left << std::setw(12) << "asset" << std::right << std::setw(40) << "debits"
            << std::setw(40) << "credits" << '\n';
  for (const TrialBalance::Line& line : balance.lines) {
    std::cout << std::left << std::setw(12) << line.asset << std::right << std::setw(40)
              << digits_of(line.debits) << std::setw(40) << digits_of(line.credits) << '\n';
  }
  std::cout << "up to sequence " << balance.through << (balance.balanced() ? "" : ": UNBALANCED")
            << '\n';
}

}  // namespace

bool TrialBalance::balanced() const noexcept {
  return std::all_of(lines.begin(), lines.end(),
                     [](const Line& line) { return line.debits == line.credits; });
}

TrialBalance trial_balance(const std::filesystem::path& data) try {
  if (!std::filesystem::is_directory(data / "journal")) {
    return {.lines = {}, .trouble = "there is no journal in " + data.string()};
  }
  Extent extent;
  std::string trouble = each_entry(
      data, ~Sequence{0}, [&](const Follower::Entry& entry) { extent.take(entry.command); });
  if (!trouble.empty()) return {.lines = {}, .trouble = trouble};

  Arena arena(ledger::Ledger::memory_bytes(extent.limits));
  ledger::Ledger ledger(extent.limits, arena);
  trouble = each_entry(data, extent.last, [&](const Follower::Entry& entry) {
    ledger.on_command(entry.command);
    for (const Event& event : entry.events) ledger.on_event(entry.command, event);
  });
  if (!trouble.empty()) return {.lines = {}, .trouble = trouble};
  TrialBalance result = add_up(ledger);
  result.through = extent.last;
  return result;
} catch (const std::exception& error) {
  return {.lines = {}, .trouble = error.what()};
}

int ledger_verb(int argc, char** argv) {
  CLI::App app("The ledger of a journal, added up anew.", "basalt ledger");
  std::filesystem::path data;
  bool wants_balance = false;
  bool json = false;
  app.add_option("--data", data, "the engine's data directory")->required();
  app.add_flag("--trial-balance", wants_balance, "sums of debits and credits by asset")->required();
  app.add_flag("--json", json, "for programs: integers as strings");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const TrialBalance balance = trial_balance(data);
  if (!balance.trouble.empty()) {
    std::cerr << "basalt ledger: " << balance.trouble << '\n';
    return 1;
  }
  json ? print_json(balance) : print_table(balance);
  return balance.balanced() ? 0 : 1;
}

}  // namespace basalt::tools
