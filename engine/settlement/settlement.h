// Settlement: nets what the ledger posts into obligations, and drives these to completion with the
// settlement domain, delivery versus payment.
//
//   transfers of fills ─► nets by (cycle, account, asset) ─ cut ─► batch of obligations
//   deposits, withdrawals ─► settled at once
//
//     cut ─► PENDING ─ started ─► EXECUTING ─ settled, and all payers can pay ─► COMPLETED
//               ▲                     └─ refused, or a payer cannot pay ─► FAILED
//               └──── three times after 1, 2 and 4 s; then at settlement_cut ────┘
//
// Netting is multilateral: per cycle, each account owes or gets one amount of each asset. A cycle
// is cut by the first Tick in a new period of its length (a length of zero: by every Tick). A batch
// settles whole or not at all.
//
// The command settlement_cut makes one batch of all that is netted in any cycle and of all failed
// batches that a payer cannot cover, and tries the other failed ones again. For batches may block
// each other: each pays with what the other brings. All of them together never do, since settled
// and outstanding add up to the ledger's balance, and no participant's is below zero. So, once the
// domain has answered and as long as it settles what it is told, repeated cuts settle everything.
//
// It follows the ledger's stream and cannot refuse. Time comes from commands alone, and answers of
// the domain are commands too, so the same log gives the same state. What is to be told to the
// domain waits inside until somebody takes it: it changes nothing here when nobody does.
//
// Invariants, true between any two calls; assert_invariants() checks them all.
//   I1  For every account and asset, settled + what is netted, pending, executing and failed is the
//       ledger's balance. (Here: the sum of what was transferred. The tests hold it against the
//       ledger.)
//   I2  Per asset, a batch's obligations sum to zero, a cycle's nets do, and settled balances do.
//   I3  Every obligation belongs to one batch or is free.
//
// A participant's settled balance falls below zero only by a withdrawal of what is not settled yet:
// the venue then has paid ahead. A batch never takes it there.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/limits.h"
#include "engine/reference.h"
#include "engine/settlement/instruction.h"
#include "engine/state_hash.h"
#include "engine/transfer.h"
#include "engine/types.h"

namespace basalt::settlement {

enum class BatchState : std::uint8_t {
  none = 0,
  pending = 1,
  executing = 2,
  failed = 3,
  completed = 4,  // It has left: its obligations are part of the settled balances.
  folded = 5,     // It has left: its obligations are in the nets again, for the cut at hand.
};

struct Change {
  BatchId batch{};
  BatchState state{};
  friend bool operator==(const Change&, const Change&) = default;
};

// One amount of one batch: above zero the account receives, below it pays.
struct Obligation {
  BatchId batch{};
  AccountId account{};
  AssetId asset{};
  Money amount;
  friend bool operator==(const Obligation&, const Obligation&) = default;
};

inline constexpr std::uint8_t retries_max = 3;

struct SettlementLimits {
  ReferenceLimits reference;
  std::uint32_t batches_max;
  std::uint32_t
      obligations_max;  // Of all batches. At least accounts × assets: one cut always fits.
  Nanos retry_delay{1'000'000'000};  // Before the first retry; twice as long before each further.
  friend bool operator==(const SettlementLimits&, const SettlementLimits&) = default;
};

struct Counters {
  std::uint64_t batches_cut = 0;
  std::uint64_t batches_completed = 0;
  std::uint64_t failures = 0;      // Of batches, retried ones again.
  std::uint64_t payers_short = 0;  //   Of these: the domain had settled, a payer could not pay.
  std::uint64_t retries = 0;       // By time and by settlement_cut.
  std::uint64_t batches_folded = 0;
  std::uint64_t answers_ignored = 0;  // Late, twice, or of a batch that is not.
  std::uint64_t cuts_delayed = 0;     // No room for a batch; once a Tick that found none.
};

// What an account has of an asset, and how far it is settled.
struct Position {
  Money settled;
  Money netting;
  Money pending;
  Money executing;
  Money failed;

  [[nodiscard]] Money sum() const noexcept {
    return settled + netting + pending + executing + failed;
  }
  friend bool operator==(const Position&, const Position&) = default;
};

// What a fresh core needs beside the definitions to go on as the one it is taken from would: all
// but counters and what the domain is still to be told, which an epoch_start tells anew. By account
// and asset, not by place, so that a core with larger limits can take it.
struct Saved {
  struct Amount {
    AccountId account{};
    AssetId asset{};
    Money amount;
    friend bool operator==(const Amount&, const Amount&) = default;
  };
  struct Cycle {
    std::int64_t period = 0;
    bool due = false;
    std::vector<Amount> nets;  // Of what was touched, in that order.
    friend bool operator==(const Cycle&, const Cycle&) = default;
  };
  struct Batch {
    std::uint32_t number = 0;  // Its place among the batches.
    BatchId id{};
    BatchState state{};
    std::uint8_t attempt = 0;
    Nanos retry_at{};
    std::vector<Amount> obligations;
    friend bool operator==(const Batch&, const Batch&) = default;
  };
  std::vector<Amount> settled;
  std::vector<Cycle> cycles;
  std::vector<Batch> batches;
  std::uint64_t batches_made = 0;
  std::uint32_t batches_max = 0;  // In force.
  std::uint32_t obligations_max = 0;
  friend bool operator==(const Saved&, const Saved&) = default;
};

class Settlement {
 public:
  Settlement(const SettlementLimits& limits, Arena& arena);
  Settlement(const Settlement&) = delete;
  Settlement& operator=(const Settlement&) = delete;

  static std::size_t memory_bytes(const SettlementLimits& limits) noexcept;

  // Precondition: in the ledger's order; of commands only those that settlement_follows(). A cut
  // costs O(accounts and assets touched in its cycle), a Tick without one O(batches_max).
  void on_command(const Command& command) noexcept;
  void on_transfer(const Transfer& transfer) noexcept;

  // What the domain is still to be told, oldest batch first. Taking it changes no state above.
  [[nodiscard]] bool has_instruction() const noexcept { return batches_to_tell_ > 0; }
  // Precondition: has_instruction().
  [[nodiscard]] Instruction take_instruction() noexcept;

  // Is anything netted and not settled? A settlement_cut closes what is netted.
  [[nodiscard]] bool outstanding() const noexcept;
  [[nodiscard]] Money settled(AccountId account, AssetId asset) const noexcept {
    return settled_[place(account, asset)];
  }
  // pending, executing or failed; none when there is no such batch, or no longer.
  [[nodiscard]] BatchState state(BatchId batch) const noexcept;
  // What the latest command did to batches, in order. Valid until the next command.
  [[nodiscard]] std::span<const Change> changes() const noexcept {
    return changes_.first(changes_count_);
  }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::uint32_t batches_in_use() const noexcept { return batches_live_; }
  [[nodiscard]] std::uint32_t obligations_in_use() const noexcept {
    return static_cast<std::uint32_t>(entries_.size()) - entries_free_;
  }

  // These allocate: for followers and tests. Positions are by account, then by asset; obligations
  // are those of a batch that has not left, in the order in which the domain is told.
  [[nodiscard]] std::vector<Position> positions() const;
  [[nodiscard]] std::vector<Obligation> obligations(BatchId batch) const;
  [[nodiscard]] Saved save() const;
  // Precondition: fresh but for the definitions, all that held when it was saved, in their order.
  void restore(const Saved& saved);
  // Sums of obligations by account, asset and state; neither batches nor times.
  void add_to_hash(StateHash& hash) const;
  void assert_invariants() const;

 private:
  static constexpr std::uint32_t nothing = 0xFFFF'FFFF;

  struct Entry {
    Money amount;
    std::uint32_t place = 0;  // Of account and asset.
    std::uint32_t next = nothing;
  };
  struct Batch {
    BatchId id{};
    BatchState state = BatchState::none;
    std::uint8_t attempt = 0;
    bool to_tell = false;
    std::uint32_t count = 0;
    std::uint32_t first = nothing;
    Nanos retry_at{};
  };
  struct Cycle {
    std::span<Money> nets;            // By place.
    std::span<std::uint8_t> touched;  // By place: is it in `places`?
    std::span<std::uint32_t> places;  // The first `places_count`, in order of touching.
    std::uint32_t places_count = 0;
    std::int64_t period = 0;
    bool due = false;  // Cut it as soon as there is room.
  };

  [[nodiscard]] std::uint32_t place(AccountId account, AssetId asset) const noexcept;
  [[nodiscard]] AccountId account_at(std::uint32_t place) const noexcept;
  [[nodiscard]] AssetId asset_at(std::uint32_t place) const noexcept;

  void add_to_net(Cycle& cycle, std::uint32_t place, Money amount) noexcept;
  void start_new_cycles(Nanos time) noexcept;
  void on_tick(Nanos time) noexcept;
  void on_cut() noexcept;
  void merge_nets() noexcept;
  void clear_nets(Cycle& cycle) noexcept;
  void cut_due_cycles() noexcept;
  // False: no room, nothing has changed.
  bool cut(Cycle& cycle) noexcept;
  void make_batch(const Cycle& cycle, std::uint32_t count) noexcept;
  void assert_nets_to_zero(const Cycle& cycle) noexcept;

  [[nodiscard]] Batch* find(BatchId id) noexcept;
  void on_started(BatchId id) noexcept;
  void on_finished(BatchId id, bool settled, Nanos time) noexcept;
  [[nodiscard]] bool payers_can_pay(const Batch& batch) const noexcept;
  void complete(Batch& batch) noexcept;
  void fold(Batch& batch) noexcept;
  // The batch leaves; its entries are free.
  void leave(Batch& batch, BatchState how) noexcept;
  void enter(Batch& batch, BatchState state) noexcept;
  void changed(BatchId batch, BatchState state) noexcept;
  void fail(Batch& batch, Nanos time) noexcept;
  void retry(Batch& batch) noexcept;
  void on_start(const EpochLimits& limits) noexcept;
  void tell_again() noexcept;
  void tell(Batch& batch) noexcept;
  void stop_telling(Batch& batch) noexcept;
  void choose_whom_to_tell() noexcept;

  ReferenceData reference_;
  Nanos retry_delay_;
  // Of the epoch: whether a cut finds room must not depend on how much was taken.
  std::uint32_t batches_max_;
  std::uint32_t obligations_max_;
  std::span<Money> settled_;  // By place.
  std::array<Cycle, limits::settlement_cycles_max> cycles_;
  std::span<Batch> batches_;
  std::span<Entry> entries_;     // Obligations of all batches, and free ones.
  std::span<Money> asset_sums_;  // Room to add up in, by asset; zero between calls.
  std::span<Change> changes_;
  std::uint32_t changes_count_ = 0;
  std::uint32_t entry_free_ = nothing;
  std::uint32_t entries_free_ = 0;
  std::uint32_t cycles_count_ = 0;
  std::uint32_t batches_live_ = 0;
  std::uint64_t batches_made_ = 0;
  Counters counters_;

  // Which batch the domain is being told, if any, and how far.
  std::uint32_t batches_to_tell_ = 0;
  Batch* telling_ = nullptr;
  std::uint32_t telling_entry_ = nothing;
  std::uint32_t telling_number_ = 0;
};

}  // namespace basalt::settlement
