// One thing that is wrong with a configuration file, and what mends it.
//
// A check lists everything that it finds: whoever corrects a file wants all of it at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace basalt {

struct Finding {
  std::string file;
  std::uint32_t line = 0;  // From 1; 0: the file as a whole.
  std::string wrong;
  std::string mend;
};

// laptop.toml:12: core 0 runs both "hot" and "cold"; give each thread a core of its own
[[nodiscard]] inline std::string to_text(const Finding& finding) {
  std::string text = finding.file + ":";
  if (finding.line > 0) text += std::to_string(finding.line) + ":";
  text += " " + finding.wrong;
  if (!finding.mend.empty()) text += "; " + finding.mend;
  return text;
}

// 'orders_max'
[[nodiscard]] inline std::string in_quotes(std::string_view text) {
  std::string quoted(1, '\'');
  return quoted.append(text).append(1, '\'');
}

}  // namespace basalt
