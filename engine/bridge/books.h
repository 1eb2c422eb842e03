// The money side of the log: the engine's own ledger and settlement, following.
//
//   command, events ─► Ledger ─► transfers ─► Settlement ─► batches of obligations
//
// The very cores that the engine runs, so what is derived here is what was derived there. Their
// state can be saved and taken up again, so a restart costs what came since, not the whole journal.
// How large they are is the journal's business: an epoch_start with larger limits makes them grow.
//
// Never decides and never refuses: the log is decided.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/event.h"
#include "engine/ledger/ledger.h"
#include "engine/settlement/settlement.h"

namespace basalt::bridge {

class Books {
 public:
  // Has no room until the first epoch_start.
  Books();
  // From what save() gave. Empty: these bytes are damaged, or another version's.
  [[nodiscard]] static std::optional<Books> restored(std::span<const std::byte> saved);
  Books(Books&&) noexcept = default;
  Books& operator=(Books&&) noexcept = default;

  // One command of the log with all its events. `posted` is called with each Transfer.
  template <typename Posted>
  void follow(const Command& command, std::span<const Event> events, Posted&& posted) {
    if (command.order.kind == CommandKind::epoch_start) grow(command.as<EpochStart>().limits);
    keep_if_definition(command);
    state_->ledger.on_command(command);
    pass_on(posted);
    if (settlement_follows(command.order)) state_->settlement.on_command(command);
    for (const Event& event : events) {
      state_->ledger.on_event(command, event);
      pass_on(posted);
    }
  }

  [[nodiscard]] const ReferenceData& reference() const noexcept {
    return state_->ledger.reference();
  }
  [[nodiscard]] const ledger::Ledger& ledger() const noexcept { return state_->ledger; }
  [[nodiscard]] const settlement::Settlement& settlement() const noexcept {
    return state_->settlement;
  }

  // Proportional to what was ever touched. Equal books give equal bytes.
  [[nodiscard]] std::vector<std::byte> save() const;

 private:
  struct State {
    explicit State(const settlement::SettlementLimits& limits);
    Arena arena;
    ledger::Ledger ledger;
    settlement::Settlement settlement;
  };

  template <typename Posted>
  void pass_on(Posted& posted) {
    for (const Transfer& transfer : state_->ledger.posted()) {
      state_->settlement.on_transfer(transfer);
      posted(transfer);
    }
  }
  // Precondition: is_definition(command.order).
  [[nodiscard]] bool is_known(const Command& command) const noexcept;
  [[nodiscard]] static Books restored(const settlement::SettlementLimits& limits,
                                      std::span<const std::byte> fields);
  void grow(const EpochLimits& told);
  void keep_if_definition(const Command& command);

  explicit Books(const settlement::SettlementLimits& limits);

  settlement::SettlementLimits limits_;  // The largest of any epoch until now.
  std::unique_ptr<State> state_;
  std::vector<Command> definitions_;  // Accepted ones, each entry's first.
  // The last one of each kind of what moves: fees, limits and states.
  std::map<std::array<std::uint32_t, 4>, Command> amendments_;
};

}  // namespace basalt::bridge
