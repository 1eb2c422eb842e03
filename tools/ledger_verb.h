// `basalt ledger --data DIR --trial-balance [--json]`: the ledger of a journal, added up anew.
//
//   DIR/journal ─► Follower ─► ledger::Ledger (the engine's own) ─► sums over accounts, by asset
//
// Works on a running engine too: it reads what is durable at that moment. A command whose events
// are not there yet is not counted, and nothing after it is.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/types.h"

namespace basalt::tools {

struct TrialBalance {
  struct Line {
    std::string asset;
    uint128 debits = 0;
    uint128 credits = 0;
  };
  std::vector<Line> lines;  // By asset, in order of id.
  Sequence through = 0;     // The last command that was counted.
  std::string trouble;      // Why there is none, for people; empty when there is one.

  [[nodiscard]] bool balanced() const noexcept;
};

[[nodiscard]] TrialBalance trial_balance(const std::filesystem::path& data);

// argv[0] is "ledger". Exit status: 0 balanced, 1 not, or no such journal, or damaged; 2 used
// wrongly.
int ledger_verb(int argc, char** argv);

}  // namespace basalt::tools
