// The ledger as a follower of the log that passes on what settlement needs, in the log's order:
//
//   log ─► Ledger ─► postings_to_settlement: transfers, and the commands that settlement follows
//
// One ring for both, so that settlement sees ticks and answers in their place among the transfers.
// For pipeline::LogStage; a follower without rings calls the two cores directly (settlement.h).
#pragma once

#include <algorithm>
#include <bit>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/event.h"
#include "engine/ledger/ledger.h"
#include "engine/limits.h"
#include "engine/pipeline/outlet.h"
#include "engine/pipeline/record.h"
#include "engine/ring/spsc_ring.h"
#include "engine/transfer.h"

namespace basalt::ledger {

using PostingRing = ring::SpscRing<Slot>;

class PublishingLedger {
 public:
  PublishingLedger(Ledger& ledger, PostingRing& postings, Arena& arena)
      : ledger_(ledger), out_(postings, slots_max, arena) {}

  static constexpr std::size_t memory_bytes() noexcept { return Arena::cost<Slot>(slots_max); }

  // May it take another slot of the log? Also publishes.
  bool ready() noexcept { return out_.flush(); }

  void on_command(const Command& command) noexcept {
    ledger_.on_command(command);
    if (settlement_follows(command.order)) pipeline::write_command(command, out_);
    publish_posted();
  }
  void on_event(const Command& command, const Event& event) noexcept {
    ledger_.on_event(command, event);
    publish_posted();
  }

 private:
  // A command's slots or the transfers of an event; no command that is passed on posts.
  static constexpr std::uint32_t slots_max =
      std::max(limits::command_slots_max, Ledger::transfers_max);

  void publish_posted() noexcept {
    for (const Transfer& transfer : ledger_.posted()) {
      *out_.claim() = std::bit_cast<Slot>(transfer);
    }
  }

  Ledger& ledger_;
  pipeline::Outlet<PostingRing, Slot> out_;
};

}  // namespace basalt::ledger
