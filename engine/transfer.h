// One Transfer: one amount of one asset moves from one account to another. 64 bytes. Transfers are
// the only way in which balances change, and they are never changed or taken back themselves.
//
// A transfer's id is (sequence, index, ordinal): its command, the event among the command's, the
// transfer among the event's. So it is a pure function of the log, and a reader that saw it before
// can tell. What one event posts is linked: all of it or, before a crash, nothing.
//
//   fill      buyer ─ quote ─► seller, seller ─ base ─► buyer, taker and maker ─ fees ─► venue
//   deposit   venue's external account ─► account;  withdraw: the same backwards
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/command.h"
#include "engine/types.h"

namespace basalt {

// From 192, so that transfers, commands and events can share a stream of slots.
enum class TransferKind : std::uint8_t {
  fill_quote = 192,
  fill_base = 193,
  taker_fee = 194,  // In quote. A rebate is the same backwards: the venue's account is debited.
  maker_fee = 195,
  deposit = 196,
  withdrawal = 197,
};

struct Transfer {
  Sequence sequence = 0;
  TransferKind kind{};
  std::uint8_t ordinal = 0;
  std::uint8_t last = 0;  // 1: the event posts nothing more.
  std::uint8_t spare = 0;
  std::uint32_t index = 0;  // The event's; 0 for a command that posts by itself.
  std::uint64_t amount_low = 0;
  std::int64_t amount_high = 0;
  AccountId debit{};   // Pays.
  AccountId credit{};  // Receives.
  AssetId asset{};
  InstrumentId instrument = no_instrument;  // The fill's.
  Nanos time{};                             // Its command's.
  std::uint64_t match_number = 0;           // The fill's; 0 for none: fills count from 1.

  [[nodiscard]] constexpr Money amount() const noexcept {
    return {(static_cast<int128>(amount_high) << 64) | static_cast<int128>(amount_low)};
  }
  constexpr void set_amount(Money money) noexcept {
    amount_low = static_cast<std::uint64_t>(money.value);
    amount_high = static_cast<std::int64_t>(money.value >> 64);
  }
  friend bool operator==(const Transfer&, const Transfer&) = default;
};

static_assert(sizeof(Transfer) == sizeof(Slot) && std::is_trivially_copyable_v<Transfer>);
static_assert(std::has_unique_object_representations_v<Transfer>, "no padding");
static_assert(offsetof(Transfer, kind) == 8, "where Slot::kind() looks");

[[nodiscard]] constexpr bool is_transfer(std::uint8_t kind) noexcept {
  return kind >= 192;
}

// The commands that settlement must see in their place among the transfers: what tells it time and
// answers, and the definitions it needs to read transfers.
[[nodiscard]] constexpr bool settlement_follows(const Order& order) noexcept {
  if (order.verdict != Reject::none) return false;
  switch (order.kind) {
    case CommandKind::tick:
    case CommandKind::epoch_start:
    case CommandKind::define_asset:
    case CommandKind::define_instrument:
    case CommandKind::define_firm:
    case CommandKind::define_account:
    case CommandKind::settlement_started:
    case CommandKind::settlement_finished:
    case CommandKind::settlement_cut:
      return true;
    default:
      return false;
  }
}

}  // namespace basalt
