// From the journal back to the state it tells of.
//
//   journal/commands-*.seg ─► Cores::replay ─► events ─ compared with journal/events-*.seg
//                                                └─ those that the file lacks: to be appended
//
// Damage is refused, a torn tail is said. Used by the engine's start and by `basalt replay`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/cores.h"
#include "engine/event.h"
#include "engine/journal/scan.h"
#include "engine/types.h"

namespace basalt {

struct Recovered {
  journal::JournalReport report;
  Sequence last_sequence = 0;
  Nanos last_time;
  std::uint32_t engine = 0;
  std::uint32_t epoch = 0;  // The last one; 0 in an empty directory.
  std::uint64_t commands = 0;
  std::uint64_t events = 0;
  std::vector<Command> definitions;   // Accepted ones, for roles that keep reference data alone.
  std::vector<Event> missing_events;  // Derived, and not (whole) in the events file.
};

// Called now and then with commands done, and commands in all.
using RecoveryProgress = std::function<void(std::uint64_t, std::uint64_t)>;

// Replays the whole journal into fresh cores, as large as its epochs want them (epochs.h);
// `inspected` is what journal::inspect() found. `visit`, where given, is called after each command,
// with the cores in its state. Throws std::runtime_error naming file and offset when the journal is
// damaged, or naming the sequence when the events on disk are not those that its commands cause.
// The caller holds the lock.
[[nodiscard]] Recovered recover(const std::filesystem::path& data, journal::JournalReport inspected,
                                Cores& cores, const std::function<void(const Command&)>& visit = {},
                                const RecoveryProgress& progress = {});

}  // namespace basalt
