#include "tools/replay_verb.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/cores.h"
#include "engine/epochs.h"
#include "engine/journal/mark_page.h"
#include "engine/recovery.h"

namespace basalt::tools {
namespace {

void print(const Recovered& recovered, const Cores& cores, double seconds, bool json) {
  const auto lost = recovered.report.commands_lost();
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016" PRIx64, cores.state_hash());
  if (json) {
    const nlohmann::json result = {
        {"commands", recovered.commands},
        {"events", recovered.events},
        {"last_sequence", recovered.last_sequence},
        {"torn", recovered.report.torn()},
        {"commands_lost", lost},
        {"fills", cores.log.fills()},
        {"answers", cores.answers_total()},
        {"feed_messages", cores.feed.count(0)},
        {"holds_mismatched", cores.risk.holds_mismatched()},
        {"ledger_imbalance", cores.ledger.imbalance() == Money{0} ? 0 : 1},
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
  app.add_option("--data", data, "the engine's data directory")->required();
  app.add_flag("--json", json, "print one JSON object");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    const auto start = std::chrono::steady_clock::now();
    if (!std::filesystem::exists(data)) throw std::runtime_error("there is no " + data);
    const journal::MarkPage lock(data);
    journal::JournalReport inspected = journal::inspect(data);
    Cores cores(core_limits(Epochs(inspected)), 0);
    const bool watched = ::isatty(STDERR_FILENO) != 0;
    const Recovered recovered =
        recover(data, std::move(inspected), cores, {}, [&](auto done, auto total) {
          if (watched) std::fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " commands", done, total);
        });
    if (watched && recovered.commands >= 65'536) std::fputc('\n', stderr);
    cores.assert_invariants();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    print(recovered, cores, took.count(), json);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "basalt replay: %s\n", error.what());
    return 1;
  }
}

}  // namespace basalt::tools
