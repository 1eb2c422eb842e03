// The ledger: double entry over the log. It holds what every account owns of every asset.
//
//   log ─► on_command() / on_event() ─► linked transfers ─► totals of debits and credits
//                                              └─► posted(), for whoever passes them on
//
// It follows the log and cannot refuse: risk decided, and the decision is journaled. Deterministic,
// so: no clock, no allocation after construction, no floating point.
//
// Invariants, true between any two calls; assert_invariants() checks them all.
//   I1  Per asset, the sums over all accounts of debits and of credits are equal.
//   I2  Totals only grow, and only by transfers.
//   I3  No participant's balance (credits - debits) is below zero. The venue's own may be: the
//       external account owes the world what was paid in, the fee account may pay rebates.
//
// A fill posts, in this order: the quote from buyer to seller, the base from seller to buyer, the
// taker's fee, the maker's fee. The event's order is the maker's; who takes is told before
// (event.h). Fees are in quote, at the rates that hold at the fill, rounded toward the house; in an
// uncross both sides pay the taker's rate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/event.h"
#include "engine/reference.h"
#include "engine/state_hash.h"
#include "engine/transfer.h"
#include "engine/types.h"

namespace basalt::ledger {

struct Totals {
  uint128 debits = 0;
  uint128 credits = 0;

  [[nodiscard]] constexpr Money balance() const noexcept {
    return {static_cast<int128>(credits - debits)};
  }
};

class Ledger {
 public:
  static constexpr std::uint32_t transfers_max = 4;  // Of one command or event.

  Ledger(const ReferenceLimits& limits, Arena& arena);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  static std::size_t memory_bytes(const ReferenceLimits& limits) noexcept;

  // Precondition: called in the order of the log, each event with its command.
  void on_command(const Command& command) noexcept;
  void on_event(const Command& command, const Event& event) noexcept;

  // What an account brings along of an asset, for a follower that goes on where another stopped.
  // Precondition: nothing was posted yet, and each pair is opened once. Afterwards I1 holds again.
  void open(AccountId account, AssetId asset, const Totals& totals) noexcept;

  // What the latest call of the two posted. Valid until the next.
  [[nodiscard]] std::span<const Transfer> posted() const noexcept {
    return {posted_.data(), posted_count_};
  }

  // Precondition: the ids are below the limits. Zero for what was never touched.
  [[nodiscard]] const Totals& totals(AccountId account, AssetId asset) const noexcept {
    return totals_[place(account, asset)];
  }
  [[nodiscard]] Money balance(AccountId account, AssetId asset) const noexcept {
    return totals(account, asset).balance();
  }
  // Over all accounts, kept as transfers are posted.
  [[nodiscard]] const Totals& asset_totals(AssetId asset) const noexcept;

  // Sum over assets of |debits - credits|, added up anew from every account: 0. O(accounts ×
  // assets)
  [[nodiscard]] Money imbalance() const noexcept;

  [[nodiscard]] const ReferenceData& reference() const noexcept { return reference_; }
  [[nodiscard]] std::uint64_t fills() const noexcept { return fills_; }
  [[nodiscard]] std::uint64_t transfers() const noexcept { return transfers_; }

  // Totals by account and asset, of what was ever touched.
  void add_to_hash(StateHash& hash) const;
  void assert_invariants() const noexcept;  // O(accounts × assets)

 private:
  [[nodiscard]] std::size_t place(AccountId account, AssetId asset) const noexcept;
  void post_payment(const Command& command) noexcept;
  // `entry` says what all transfers of one event share; the rest says what moves.
  void post_fee(const Transfer& entry, TransferKind kind, AccountId payer, AssetId quote,
                Money due) noexcept;
  void post(const Transfer& entry, TransferKind kind, AccountId debit, AccountId credit,
            AssetId asset, Money amount) noexcept;
  // The end of what is linked: checks what it touched.
  void close_linked() noexcept;

  ReferenceData reference_;
  std::span<Totals> totals_;  // By account, then by asset.
  std::span<Totals>
      asset_totals_;  // I1, kept apart from the accounts' so that each checks the other.
  std::array<Transfer, transfers_max> posted_{};
  std::uint32_t posted_count_ = 0;
  AccountId taker_ = no_account;  // Of the fills that come next; no_account: the command's.
  std::uint64_t fills_ = 0;
  std::uint64_t transfers_ = 0;
};

}  // namespace basalt::ledger
