// basalt-bridge: follows a journal into SQLite until it is told to stop.
#include <csignal>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "engine/bridge/bridge.h"
#include "engine/bridge/bridge_settings.h"
#include "engine/journal/mark_page.h"
#include "engine/journal/scan.h"

namespace {

using namespace basalt;
using namespace std::chrono_literals;

volatile std::sig_atomic_t told_to_stop = 0;

struct Options {
  std::filesystem::path config;
  std::filesystem::path data;
  bool once = false;
  bool status = false;
  std::optional<std::uint32_t> epoch;
};

void say(const std::string& line) {
  std::printf("basalt-bridge: %s\n", line.c_str());
  std::fflush(stdout);
}

int refuse(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) std::fprintf(stderr, "%s\n", to_text(finding).c_str());
  return 1;
}

// Waits for an engine to make its journal. False: told to stop before.
bool journal_is_there(const Options& options) {
  bool told = false;
  while (!std::filesystem::exists(journal::journal_directory(options.data))) {
    if (told_to_stop != 0 || options.once) return false;
    if (!told) say("there is no engine's data in " + options.data.string() + " yet: waiting");
    told = true;
    std::this_thread::sleep_for(50ms);
  }
  return true;
}

int follow(const Options& options, const bridge::Settings& settings) {
  if (!journal_is_there(options)) return 0;
  const auto stopping = [] { return told_to_stop != 0; };
  const auto until = options.once ? bridge::Bridge::Until::drained : bridge::Bridge::Until::stopped;
  bridge::Bridge bridge(options.data, settings, say);
  if (bridge.run(until, stopping) == bridge::Bridge::Outcome::failed) {
    std::fprintf(stderr, "basalt-bridge: %s\n", bridge.trouble().c_str());
    return 1;
  }
  say("stopped at " + std::to_string(bridge.cursor().sequence));
  return 0;
}

// What survives a power cut now: of a running engine its mark, otherwise what the files hold.
Sequence durable_in(const std::filesystem::path& data) {
  const journal::MarkView::Marks marks = journal::MarkView(data).read();
  if (marks.live && !marks.recovering) return marks.durable;
  const journal::JournalReport report = journal::inspect(data);
  if (const journal::Finding* damage = report.damage()) {
    throw std::runtime_error("the journal is damaged: " + damage->file + ", offset " +
                             std::to_string(damage->offset) + ": " + damage->what);
  }
  return report.commands.last_sequence;
}

int print_status(const Options& options, const bridge::Settings& settings) {
  // In this order: the cursor, read first, is never beyond the mark that is read after it.
  const bridge::StoreStatus status = bridge::status_of(settings.database, options.epoch);
  const Sequence durable = std::max(durable_in(options.data), status.cursor.sequence);
  const nlohmann::ordered_json json = {{"cursor", status.cursor.sequence},
                                       {"durable", durable},
                                       {"lag", durable - status.cursor.sequence},
                                       {"rows",
                                        {{"orders", status.rows.orders},
                                         {"fills", status.rows.fills},
                                         {"ledger_entries", status.rows.ledger_entries},
                                         {"obligations", status.rows.obligations}}}};
  std::puts(json.dump().c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Follows an engine's journal into SQLite, exactly once.", "basalt-bridge");
  Options options;
  app.add_option("--config", options.config, "hw-config/bridge/*.toml; default: its defaults");
  app.add_option("--data", options.data, "the engine's data directory")->required();
  app.add_flag("--once", options.once, "write what is there, and stop");
  app.add_flag("--status", options.status, "print how far it is and what is written, as JSON");
  app.add_option("--epoch", options.epoch, "with --status: count the rows of this epoch only");
  app.set_version_flag("--version", BASALT_VERSION);
  try {
    app.parse(argc, argv);
    if (options.epoch && !options.status) throw CLI::RequiresError("--epoch", "--status");
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  struct sigaction action {};
  action.sa_handler = [](int) { told_to_stop = 1; };
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
  try {
    bridge::SettingsLoad load{bridge::default_settings(options.data), {}};
    if (!options.config.empty()) load = bridge::load_settings(options.config, options.data);
    if (!load.findings.empty()) return refuse(load.findings);
    return options.status ? print_status(options, load.settings) : follow(options, load.settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "basalt-bridge: %s\n", error.what());
    return 1;
  }
}
