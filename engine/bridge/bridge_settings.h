// hw-config/bridge/*.toml: what the bridge writes to, and in which portions.
#pragma once

#include <filesystem>
#include <vector>

#include "engine/bridge/bridge.h"
#include "engine/finding.h"

namespace basalt::bridge {

struct SettingsLoad {
  Settings settings;  // Only to be used without findings.
  std::vector<Finding> findings;
};

// A relative name of the database is one in `data`. Without a file: the defaults.
[[nodiscard]] Settings default_settings(const std::filesystem::path& data);
// Never throws about the file: whatever is wrong with it is a finding, and all are listed.
[[nodiscard]] SettingsLoad load_settings(const std::filesystem::path& file,
                                         const std::filesystem::path& data);

}  // namespace basalt::bridge
