#include "engine/recovery.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

#include "engine/journal/reader.h"

namespace basalt {
namespace {

std::runtime_error damaged(const journal::Finding& finding) {
  return std::runtime_error("the journal is damaged: " + finding.file + ", offset " +
                            std::to_string(finding.offset) + ": " + finding.what +
                            "; restore the file from a copy, it is not cut here");
}

// The events that the file has for a command are a prefix of those that it caused, and the whole
// wherever the file goes on behind them.
void compare(const Command& command, std::span<const Event> derived,
             std::span<const Event> journaled, bool complete) {
  const bool prefix =
      journaled.size() <= derived.size() &&
      std::equal(journaled.begin(), journaled.end(), derived.begin(),
                 [](const Event& a, const Event& b) {
                   return std::bit_cast<Slot>(a).bytes == std::bit_cast<Slot>(b).bytes;
                 });
  if (prefix && (!complete || journaled.size() == derived.size())) return;
  throw std::runtime_error(
      "the events in the journal are not those that its commands cause, from "
      "sequence " +
      std::to_string(command.order.sequence) +
      " on: another build of the engine wrote them, or either is wrong");
}

}  // namespace

Recovered recover(const std::filesystem::path& data, journal::JournalReport inspected, Cores& cores,
                  const std::function<void(const Command&)>& visit,
                  const RecoveryProgress& progress) {
  Recovered result;
  result.report = std::move(inspected);
  if (const journal::Finding* damage = result.report.damage()) throw damaged(*damage);
  const std::uint64_t total = result.report.commands.records;

  journal::Follower follower(data, result.report, journal::Follower::Take::all_commands);
  journal::Follower::Entry entry;
  journal::Read read;
  while ((read = follower.next(entry)) == journal::Read::record) {
    const std::span<const Event> derived = cores.replay(entry.command);
    const bool present = entry.command.order.sequence <= result.report.events.resume.sequence;
    compare(entry.command, derived, entry.events, entry.complete && present);
    if (!present) {
      result.missing_events.insert(result.missing_events.end(), derived.begin(), derived.end());
    }
    result.last_sequence = entry.command.order.sequence;
    result.last_time = entry.command.order.time;
    result.engine = entry.engine;
    result.epoch = entry.epoch;
    result.events += derived.size();
    ++result.commands;
    if (is_definition(entry.command.order)) result.definitions.push_back(entry.command);
    if (visit) visit(entry.command);
    if (progress && result.commands % 65'536 == 0) progress(result.commands, total);
  }
  if (read == journal::Read::damaged) throw damaged(follower.damage());
  cores.end_replay();
  return result;
}

}  // namespace basalt
