#include "tools/replay_verb.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/bridge/row_counts.h"
#include "engine/cores.h"
#include "engine/epochs.h"
#include "engine/journal/mark_page.h"
#include "engine/money_json.h"
#include "engine/recovery.h"
#include "pinning/machine.h"
#include "pinning/workers.h"

namespace basalt::tools {
namespace {

nlohmann::json rows_json(const bridge::RowCounts& rows) {
  return {{"orders", rows.orders},
          {"fills", rows.fills},
          {"ledger_entries", rows.ledger_entries},
          {"obligations", rows.obligations}};
}

// What a database that follows this journal must have.
struct Rows {
  bridge::RowCounts asked;  // Of the epoch that was asked for; of all where none was.
  bridge::RowCounts total;
};

void print(const Recovered& recovered, const Cores& cores, const Rows& rows, double seconds,
           bool json) {
  const auto lost = recovered.report.commands_lost();
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016" PRIx64, cores.state_hash());
  if (json) {
    const nlohmann::json result = {{"commands", recovered.commands},
                                   {"events", recovered.events},
                                   {"last_sequence", recovered.last_sequence},
                                   {"torn", recovered.report.torn()},
                                   {"commands_lost", lost},
                                   {"fills", cores.log.fills()},
                                   {"answers", cores.answers_total()},
                                   {"feed_messages", cores.feed.count(0)},
                                   {"holds_mismatched", cores.risk.holds_mismatched()},
                                   {"ledger_imbalance", money_json(cores.ledger.imbalance())},
                                   {"rows", rows_json(rows.asked)},
                                   {"rows_total", rows_json(rows.total)},
                                   {"state_hash", hash},
                                   {"seconds", seconds}};
    std::puts(result.dump().c_str());
    return;
  }
  if (recovered.report.torn()) {
    std::printf("torn tail: %" PRIu64 " records known to have gone\n", lost);
  }
  std::printf("replayed %" PRIu64 " commands and %" PRIu64 " events in %.2f s\n",
              recovered.commands, recovered.events, seconds);
  std::printf("state hash %s\n", hash);
}

}  // namespace

int replay_verb(int argc, char** argv) {
  CLI::App app("Replays the journal from its first record and prints the hash of the state.",
               "basalt replay");
  std::string data;
  bool json = false;
  std::optional<std::uint32_t> epoch;
  app.add_option("--data", data, "the engine's data directory")->required();
  CLI::Option* as_json = app.add_flag("--json", json, "print one JSON object");
  app.add_option("--epoch", epoch, "with --json: \"rows\" are what this epoch has in a database")
      ->needs(as_json);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    const auto start = std::chrono::steady_clock::now();
    if (!std::filesystem::exists(data)) throw std::runtime_error("there is no " + data);
    const journal::MarkPage lock(data);
    journal::JournalReport inspected =
        journal::inspect(data, pinning::Workers(pinning::cold_cores(pinning::read_machine())));
    Cores cores(core_limits(Epochs(inspected)), 0);
    const bool watched = ::isatty(STDERR_FILENO) != 0;
    bridge::RowCounter counter;
    const Recovered recovered = recover(
        data, std::move(inspected), cores,
        [&](const Command& command) { counter.after(command, cores.ledger, cores.settlement); },
        [&](auto done, auto total) {
          if (watched) std::fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " commands", done, total);
        });
    if (watched && recovered.commands >= 65'536) std::fputc('\n', stderr);
    cores.assert_invariants();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const Rows rows{epoch ? counter.of_epoch(*epoch) : counter.total(), counter.total()};
    print(recovered, cores, rows, took.count(), json);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "basalt replay: %s\n", error.what());
    return 1;
  }
}

}  // namespace basalt::tools
