// How large the engine must be that a journal tells of: from the journal alone.
//
//   epoch_start, assign_shards of every epoch ─► Epochs ─► CoreLimits: of a follower
//   topology ─► EpochLimits ─► epoch_start                ─► CoreLimits: of an engine that goes on
//
// Memory is sized for the largest limits that any epoch had. Those in force are what the last
// epoch_start says, in the cores themselves. So a limit may grow from one start to the next, and
// may fall to what is in use (shrunk_below_use).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/cores.h"
#include "engine/finding.h"
#include "engine/journal/scan.h"
#include "engine/pipeline/topology.h"

namespace basalt {

class Epochs {
 public:
  Epochs() = default;
  // Throws std::runtime_error when the journal is damaged, or of other rules.
  explicit Epochs(const journal::JournalReport& report);

  // Of the log's commands those that matter, in order. Throws as above.
  void take(const Command& command);

  [[nodiscard]] bool any() const noexcept { return any_; }
  [[nodiscard]] const EpochLimits& last() const noexcept { return last_; }
  [[nodiscard]] const EpochLimits& largest() const noexcept { return largest_; }
  // By instrument id, for all that largest() lets there be; under the last epoch.
  [[nodiscard]] const std::vector<std::uint32_t>& shard_of_instrument() const noexcept {
    return shard_of_instrument_;
  }

 private:
  bool any_ = false;
  EpochLimits last_{};
  EpochLimits largest_{};
  std::vector<std::uint32_t> shard_of_instrument_;
};

// Of a follower. Throws std::runtime_error when there is no epoch to follow.
[[nodiscard]] CoreLimits core_limits(const Epochs& epochs);
// Of an engine that goes on from there, or begins.
[[nodiscard]] CoreLimits core_limits(const pipeline::Topology& topology, const Epochs& epochs);

[[nodiscard]] EpochLimits epoch_limits(const pipeline::Topology& topology);
// What epoch_start leaves to be said about shards.
[[nodiscard]] std::vector<Command> shard_assignments(const pipeline::Topology& topology);

// Each limit of the topology that is below what the recovered cores use.
[[nodiscard]] std::vector<Finding> shrunk_below_use(const std::filesystem::path& file,
                                                    const EpochLimits& limits, const Cores& cores);

}  // namespace basalt
