// How many rows a database must have, counted from a replay: no SQL, no bridge. What proves the
// bridge's rows against the engine's.
//
//   recover(data, cores, [&](const Command& command) {
//     counter.after(command, cores.ledger, cores.settlement);
//   });
//   counter.of_epoch(7).fills
#pragma once

#include <cstdint>
#include <map>

#include "engine/bridge/rows.h"
#include "engine/ledger/ledger.h"
#include "engine/settlement/settlement.h"

namespace basalt::bridge {

struct RowCounts {
  std::uint64_t orders = 0;
  std::uint64_t fills = 0;
  std::uint64_t ledger_entries = 0;
  std::uint64_t obligations = 0;

  RowCounts& operator+=(const RowCounts& other) noexcept {
    orders += other.orders;
    fills += other.fills;
    ledger_entries += other.ledger_entries;
    obligations += other.obligations;
    return *this;
  }
  friend bool operator==(const RowCounts&, const RowCounts&) = default;
};

class RowCounter {
 public:
  // Precondition: from the first command of the journal on, each once and in order; both have
  // followed it and its events, and nothing behind it.
  void after(const Command& command, const ledger::Ledger& ledger,
             const settlement::Settlement& settlement) {
    if (command.order.kind == CommandKind::epoch_start) epoch_ = command.as<EpochStart>().epoch;
    RowCounts& counts = of_epoch_[epoch_];
    counts.orders += has_order_row(command.order) ? 1 : 0;
    counts.fills += ledger.fills() - fills_seen_;
    counts.ledger_entries += ledger.transfers() - transfers_seen_;
    fills_seen_ = ledger.fills();
    transfers_seen_ = ledger.transfers();
    // The changes are those of the last command that settlement follows.
    if (!settlement_follows(command.order)) return;
    for (const settlement::Change& change : settlement.changes()) {
      if (change.state != settlement::BatchState::pending || change.batch <= batch_seen_) continue;
      batch_seen_ = change.batch;
      counts.obligations += settlement.obligations(change.batch).size();
    }
  }

  [[nodiscard]] RowCounts of_epoch(std::uint32_t epoch) const {
    const auto found = of_epoch_.find(epoch);
    return found == of_epoch_.end() ? RowCounts{} : found->second;
  }
  [[nodiscard]] RowCounts total() const {
    RowCounts sum;
    for (const auto& [epoch, counts] : of_epoch_) sum += counts;
    return sum;
  }

 private:
  std::map<std::uint32_t, RowCounts> of_epoch_;
  std::uint32_t epoch_ = 0;
  std::uint64_t fills_seen_ = 0;
  std::uint64_t transfers_seen_ = 0;
  settlement::BatchId batch_seen_{};
};

}  // namespace basalt::bridge
