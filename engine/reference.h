// What is defined: assets, instruments, firms, accounts and sessions, as plain tables.
//
//   define_… / set_… ─► apply() ─► tables by id (one array access)
//                               └► find_instrument() by symbol, for gateways
//
// Every role that needs them keeps an instance of its own, fed by the same commands in the same
// order: no role reads another's memory. Risk alone asks check() first and journals the verdict;
// the others apply what was accepted.
//
// Invariants
//   I1  An entry is defined once, and keeps its values; only fees, states, suspension, whether its
//       firm lets it enter orders, and what LimitKind lists change.
//   I2  Whatever a defined entry names (asset, firm, account) is defined too.
//   I3  maker_ppm and taker_ppm never pass fee_cap_ppm, so a hold covers the fees of its fills.
//   I4  Every price up to price_max, and the lot, fit what OUCH and ITCH have for them.
//
// Also the arithmetic of money that all roles must do alike: fee() and hold().
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/assert.h"
#include "engine/command.h"
#include "engine/limits.h"
#include "engine/reject.h"
#include "engine/types.h"

namespace basalt {

using Symbol = std::array<char, 8>;  // Padded with spaces.

inline constexpr std::int64_t ppm_one = 1'000'000;

struct Asset {
  bool defined = false;
  std::uint8_t decimals = 0;  // Of one minor unit.
  std::array<char, 11> name{};
  friend bool operator==(const Asset&, const Asset&) = default;
};

struct Instrument {
  bool defined = false;
  InstrumentState state{};
  std::uint8_t lot_decimals = 0;
  std::uint8_t tick_decimals = 0;
  std::uint8_t market_category = 0;
  std::uint8_t cycle = 0;  // Number of settlement_cycle among settlement_cycles().
  AssetId base{};
  AssetId quote{};
  std::uint32_t wire_tick = 0;
  std::uint32_t fee_cap_ppm = 0;
  std::int32_t maker_ppm = 0;  // Negative: a rebate.
  std::int32_t taker_ppm = 0;
  std::uint32_t collar_ppm = 0;
  std::uint32_t protection_ppm = 0;
  std::uint32_t volatility_auction_ms = 0;
  std::uint32_t volatility_extension_ms = 0;
  std::uint32_t reserve_seed = 0;
  std::uint32_t static_collar_ppm = 0;
  std::uint32_t band_ppm = 0;
  std::uint32_t limit_state_ms = 0;
  std::uint32_t pause_ms = 0;
  std::int64_t tick_lot_value = 0;
  std::int64_t lot_value = 0;
  Price price_max;
  Quantity quantity_max;
  Price reference;
  Nanos settlement_cycle;
  Money notional_max;  // limits::money_max where the definition has none.
  Symbol symbol{};
  friend bool operator==(const Instrument&, const Instrument&) = default;
};

struct Firm {
  bool defined = false;
  bool entry_disabled = false;  // By the firm itself, for all of its accounts.
  std::array<char, 4> name{};
  friend bool operator==(const Firm&, const Firm&) = default;
};

// DefineAccount::is_venue. The venue has at most one account of each of its own roles. Those may
// go below zero: one holds what the world outside owes, the other may pay rebates.
enum class AccountRole : std::uint8_t { participant = 0, fees = 1, external = 2 };

struct Account {
  bool defined = false;
  bool suspended = false;       // By the operator.
  bool entry_disabled = false;  // By its firm.
  AccountRole role{};
  std::array<char, 15> name{};
  FirmId firm{};
  std::uint32_t open_orders_max = 0;

  [[nodiscard]] bool is_venue() const noexcept { return role != AccountRole::participant; }
  friend bool operator==(const Account&, const Account&) = default;
};

struct Session {
  bool defined = false;
  bool cancel_on_disconnect = false;
  bool is_admin = false;
  FirmId firm{};  // Acts for every account of this firm.
  AccountId default_account = no_account;
  std::array<char, 6> user{};
  std::array<std::uint8_t, 8> salt{};
  std::array<std::uint8_t, 32> password_sha256{};
  friend bool operator==(const Session&, const Session&) = default;
};

// One lot in units of the base asset, for the feed: as few digits as say the same.
struct WireLot {
  std::int64_t units = 0;
  std::uint8_t decimals = 0;  // Of one unit.
};
[[nodiscard]] constexpr WireLot wire_lot(std::int64_t lot_value,
                                         std::uint8_t asset_decimals) noexcept {
  WireLot lot{lot_value, asset_decimals};
  for (; lot.decimals > 0 && lot.units % 10 == 0; --lot.decimals) lot.units /= 10;
  return lot;
}

// Can every price from one tick to price_max be told, and none be taken for a market order?
[[nodiscard]] constexpr bool prices_fit_wire(Price price_max, std::uint32_t wire_tick) noexcept {
  if (price_max.value > limits::wire_price_max / wire_tick) return false;
  return limits::wire_price_market % wire_tick != 0 ||
         price_max.value < limits::wire_price_market / wire_tick;
}

// An instrument has collars or bands. Bands lead to a pause, and that to an auction.
[[nodiscard]] constexpr bool bands_are_whole(const Instrument& instrument) noexcept {
  const std::uint32_t longest = std::max(instrument.limit_state_ms, instrument.pause_ms);
  if (instrument.band_ppm == 0) return longest == 0;
  return instrument.band_ppm <= ppm_one && longest <= limits::auction_ms_max &&
         instrument.pause_ms > 0 && instrument.volatility_auction_ms > 0 &&
         instrument.collar_ppm == 0 && instrument.static_collar_ppm == 0;
}

// Symbols go out as they are: printable, and without a space in front.
[[nodiscard]] constexpr bool symbol_fits_wire(const Symbol& symbol) noexcept {
  for (const char character : symbol) {
    if (character < ' ' || character > '~') return false;
  }
  return symbol.front() != ' ';
}

struct ReferenceLimits {
  std::uint32_t assets_max;
  std::uint32_t instruments_max;
  std::uint32_t accounts_max;
  std::uint32_t sessions_max;
  std::uint32_t firms_max;
  friend bool operator==(const ReferenceLimits&, const ReferenceLimits&) = default;
};

[[nodiscard]] constexpr ReferenceLimits reference_limits(const EpochLimits& limits) noexcept {
  return {.assets_max = limits.assets_max,
          .instruments_max = limits.instruments_max,
          .accounts_max = limits.accounts_max,
          .sessions_max = limits.sessions_max,
          .firms_max = limits.firms_max};
}

class ReferenceData {
 public:
  ReferenceData(const ReferenceLimits& limits, Arena& arena);
  ReferenceData(const ReferenceData&) = delete;
  ReferenceData& operator=(const ReferenceData&) = delete;

  static std::size_t memory_bytes(const ReferenceLimits& limits) noexcept;

  // What epoch_start said, or the limits of the memory while there was none. Only risk refuses by
  // them.
  [[nodiscard]] const ReferenceLimits& in_force() const noexcept { return in_force_; }

  // Risk only: may this be applied? Also looks at deposits and withdrawals, as far as what they
  // name goes (funds are risk's own matter), and has nothing against any other command. Defining
  // the same again with the same values is allowed, and changes nothing.
  [[nodiscard]] Reject check(const Command& command) const noexcept;

  // Precondition, for a command without a verdict: check() found none. A command with a verdict,
  // or of any other kind, is ignored.
  void apply(const Command& command) noexcept;

  // Precondition: has(id). For what follows the phases that change by themselves.
  void set_state(InstrumentId id, InstrumentState state) noexcept {
    at(instruments_, id).state = state;
  }

  // Is there such an entry? For ids that come from outside: any value is allowed.
  [[nodiscard]] bool has(AssetId id) const noexcept { return defined(assets_, id); }
  [[nodiscard]] bool has(InstrumentId id) const noexcept { return defined(instruments_, id); }
  [[nodiscard]] bool has(FirmId id) const noexcept { return defined(firms_, id); }
  [[nodiscard]] bool has(AccountId id) const noexcept { return defined(accounts_, id); }
  [[nodiscard]] bool has(SessionId id) const noexcept { return defined(sessions_, id); }

  // Precondition: has(id).
  [[nodiscard]] const Asset& asset(AssetId id) const noexcept { return at(assets_, id); }
  [[nodiscard]] const Instrument& instrument(InstrumentId id) const noexcept {
    return at(instruments_, id);
  }
  [[nodiscard]] const Firm& firm(FirmId id) const noexcept { return at(firms_, id); }
  [[nodiscard]] const Account& account(AccountId id) const noexcept { return at(accounts_, id); }
  [[nodiscard]] const Session& session(SessionId id) const noexcept { return at(sessions_, id); }

  // Why no order is taken of this account now, whatever the order; none: nothing stands against it.
  [[nodiscard]] Reject refusal_of_entry(const Account& account) const noexcept {
    if (account.suspended) return Reject::account_suspended;
    return account.entry_disabled || firm(account.firm).entry_disabled ? Reject::entry_disabled
                                                                       : Reject::none;
  }

  // no_instrument when none has this symbol. One hash and a bounded probe.
  [[nodiscard]] InstrumentId find_instrument(const Symbol& symbol) const noexcept;

  // The id of what is defined by this name, padded with spaces; no_account and no_asset when there
  // is none. O(accounts_max), O(assets_max): for administrative commands alone.
  [[nodiscard]] AccountId find_account(const std::array<char, 15>& name) const noexcept;
  [[nodiscard]] AssetId find_asset(const std::array<char, 11>& name) const noexcept;

  // The venue's own accounts; no_account until defined.
  [[nodiscard]] AccountId fee_account() const noexcept { return fee_account_; }
  [[nodiscard]] AccountId external_account() const noexcept { return external_account_; }

  // The distinct lengths of settlement cycles, in order of definition.
  [[nodiscard]] std::span<const Nanos> settlement_cycles() const noexcept {
    return {cycles_.data(), cycles_count_};
  }

  [[nodiscard]] const ReferenceLimits& limits() const noexcept { return limits_; }

 private:
  template <typename Entry, typename Id>
  static bool defined(std::span<Entry> entries, Id id) noexcept {
    return index_of(id) < entries.size() && entries[index_of(id)].defined;
  }
  template <typename Entry, typename Id>
  static Entry& at(std::span<Entry> entries, Id id) noexcept {
    BASALT_ASSERT(index_of(id) < entries.size());
    BASALT_ASSERT(entries[index_of(id)].defined);
    return entries[index_of(id)];
  }

  Reject check_asset(const Command& command) const noexcept;
  Reject check_instrument(const Command& command) const noexcept;
  Reject check_firm(const Command& command) const noexcept;
  Reject check_account(const Command& command) const noexcept;
  Reject check_session(const Command& command) const noexcept;
  Reject check_fees(const Command& command) const noexcept;
  Reject check_limit(const Command& command) const noexcept;
  Reject check_payment(const Command& command) const noexcept;
  Reject check_mass_cancel(const Command& command) const noexcept;

  void apply_instrument(const Command& command) noexcept;
  void apply_account(const Command& command) noexcept;
  void apply_limit(const Command& command) noexcept;
  void apply_entry(const Command& command) noexcept;
  void apply_start(const Command& command) noexcept;

  // cycles_count_ when no instrument has this length yet.
  [[nodiscard]] std::uint8_t cycle_of(Nanos length) const noexcept;
  // Where the symbol is, or the free place for it.
  [[nodiscard]] std::uint32_t symbol_place(const Symbol& symbol) const noexcept;

  ReferenceLimits limits_;
  ReferenceLimits in_force_;
  std::span<Asset> assets_;
  std::span<Instrument> instruments_;
  std::span<Firm> firms_;
  std::span<Account> accounts_;
  std::span<Session> sessions_;
  std::span<InstrumentId> symbols_;  // A power of two, at most half full.
  AccountId fee_account_ = no_account;
  AccountId external_account_ = no_account;
  std::array<Nanos, limits::settlement_cycles_max> cycles_{};
  std::uint8_t cycles_count_ = 0;
};

// What a fill of `notional` costs at `ppm` millionths, rounded up: a fee rounds up and a rebate (a
// negative fee) down, both toward the house. Exact for |notional| < 2^106 and |ppm| <= ppm_one.
[[nodiscard]] constexpr Money fee(Money notional, std::int64_t ppm) noexcept {
  // notional × ppm would need up to 127 bits and a sign; whole millions and the rest do not.
  const int128 millions = notional.value / ppm_one;
  const int128 rest = notional.value % ppm_one * ppm;
  int128 rounded = rest / ppm_one;
  if (rest % ppm_one > 0) ++rounded;  // Division truncates: a negative rest is rounded up already.
  return {millions * ppm + rounded};
}

// Minor units of base in `quantity` lots.
[[nodiscard]] constexpr Money base_amount(Quantity quantity,
                                          const Instrument& instrument) noexcept {
  return {static_cast<int128>(quantity.value) * instrument.lot_value};
}

// What risk sets aside for `quantity` lots at `price` or better: minor units of quote for a buy, of
// base for a sell.
//
// A buy's hold covers the notional, the highest fee, and one minor unit a lot: each fill rounds its
// fee up by less than one minor unit, and there are at most as many fills as lots. So for any fill
// of f lots out of q open, hold(q) - hold(q - f) >= notional + fee of that fill:
//   floor(N(q) c) - floor(N(q - f) c) >= floor(N(f) c) >= ceil(N(f) c) - 1, and f >= 1 pays for it.
// A seller pays fees out of what he receives: fee_cap_ppm <= ppm_one.
[[nodiscard]] constexpr Money hold(Side side, Price price, Quantity quantity,
                                   const Instrument& instrument) noexcept {
  if (side == Side::sell) return base_amount(quantity, instrument);
  const Money whole = notional(price, quantity, instrument.tick_lot_value);
  const int128 cap = instrument.fee_cap_ppm;
  const int128 fees = whole.value / ppm_one * cap + whole.value % ppm_one * cap / ppm_one;
  return {whole.value + fees + quantity.value};
}

}  // namespace basalt
