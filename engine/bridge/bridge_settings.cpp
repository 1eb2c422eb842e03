#include "engine/bridge/bridge_settings.h"

#include "engine/toml_table.h"

namespace basalt::bridge {
namespace {

constexpr const char* default_database = "bridge.sqlite";
constexpr std::size_t path_size_max = 4096;
constexpr std::uint64_t rows_most = 10'000'000;

}  // namespace

Settings default_settings(const std::filesystem::path& data) {
  Settings settings;
  settings.database = data / default_database;
  return settings;
}

SettingsLoad load_settings(const std::filesystem::path& file, const std::filesystem::path& data) {
  SettingsLoad load{.settings = default_settings(data), .findings = {}};
  TomlFile toml(file);
  TomlTable root = toml.root();
  if (!root.absent()) {
    Settings& settings = load.settings;
    settings.database = data / root.text_or("database", path_size_max, default_database);
    settings.synchronous = root.has("synchronous") && root.word("synchronous", {"normal", "full"})
                               ? Store::Synchronous::full
                               : Store::Synchronous::normal;
    settings.commands_max = static_cast<std::uint32_t>(
        root.whole_or("batch_commands", 1, rows_most, settings.commands_max));
    settings.rows_max =
        static_cast<std::uint32_t>(root.whole_or("batch_rows", 1, rows_most, settings.rows_max));
    settings.batch_time = std::chrono::milliseconds(root.whole_or(
        "batch_ms", 1, 60'000, static_cast<std::uint64_t>(settings.batch_time.count())));
    settings.checkpoint_commands =
        root.whole_or("checkpoint_commands", 1, 1'000'000'000, settings.checkpoint_commands);
    settings.report = std::chrono::seconds(root.whole_or(
        "report_seconds", 0, 86'400, static_cast<std::uint64_t>(settings.report.count())));
    root.finish();
  }
  load.findings = toml.take_findings();
  return load;
}

}  // namespace basalt::bridge
