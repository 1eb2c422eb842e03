// What the commands of a venue define: the slots from 2 on (command.h). Names are padded with
// spaces, as on the wire.
//
// The bytes are the journal's: fields may be appended in spare bytes, never moved.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "engine/types.h"

namespace basalt {

// The phase of trading that an instrument is in.
enum class InstrumentState : std::uint8_t {
  closed = 0,
  open = 1,  // Continuous trading.
  halted = 2,
  // Orders gather and do not trade, until they do so at one price.
  opening_auction = 3,
  volatility_auction = 4,
  closing_auction = 5,
};
[[nodiscard]] constexpr bool is_auction(InstrumentState state) noexcept {
  return state >= InstrumentState::opening_auction;
}
// Precondition: is_for_auction(time_in_force).
[[nodiscard]] constexpr InstrumentState auction_of(TimeInForce time_in_force) noexcept {
  return time_in_force == TimeInForce::at_open    ? InstrumentState::opening_auction
         : time_in_force == TimeInForce::at_close ? InstrumentState::closing_auction
                                                  : InstrumentState::volatility_auction;
}

// The sender's own key for something.
struct ExternalId {
  std::array<std::uint8_t, 16> bytes{};
  friend bool operator==(const ExternalId&, const ExternalId&) = default;
};

// The limits in force from a start on: all those of the topology that decide an outcome, so that
// whoever follows the journal needs no topology. The others (rings, threads, segments, connections)
// decide only when something happens, never what.
struct EpochLimits {
  std::uint32_t orders_max;  // Refuses orders, by verdict.
  std::uint32_t accounts_max;
  std::uint32_t assets_max;
  std::uint32_t instruments_max;
  std::uint32_t sessions_max;
  std::uint32_t firms_max;                   // These five refuse definitions, by verdict.
  std::uint32_t external_ids_max;            // Refuses amendments, by verdict.
  std::uint32_t leaves_max;                  // Both refuse orders that would rest, by event, and
  std::uint32_t inners_max;                  //   so does how shards divide them.
  std::uint32_t settlement_batches_max;      // Both delay cuts, which nothing tells: a follower
  std::uint32_t settlement_obligations_max;  //   must delay them alike.
  std::uint32_t shards;             // Instruments take turns, but for what assign_shards says.
  std::uint64_t history_bytes_max;  // Stops the engine: a follower must hold all that was told.
  std::uint32_t instructed_max;     // As leaves_max, of orders with details in the book.
  std::uint32_t spare;

  friend bool operator==(const EpochLimits&, const EpochLimits&) = default;
};

// The rules by which commands become events and outgoing bytes. A journal of other rules is
// refused. 2: EpochStart has limits; a post-only order that would cross is cancelled with G. 3:
// events tell what is shown, and orders with instructions are taken. 4: levels take fewer inner
// nodes, so inners_max refuses later; orders may expire, slide, and be for an auction alone; phases
// of trading change by themselves; books know the firms of accounts; firms cancel all their orders
// at once, and switch order entry off. 5: orders may hide, and follow the market; parts of reserves
// vary in size, by a seed of the instrument; what is left of a market order may rest; two orders
// may be linked; stops may trail; instruments may have a static collar, or bands; orders may be for
// a volatility auction alone, and those for another wait for it; mass cancels may be of a group;
// quotes, and their protection.
inline constexpr std::uint32_t rules_version_now = 6;

struct EpochStart {
  std::uint32_t engine;
  std::uint32_t epoch;
  std::uint32_t rules_version;
  std::uint32_t spare;
  std::array<char, 48> build;  // The commit.
  EpochLimits limits;
};

// The shards of the instruments from order.instrument on. They decide who shares leaves_max.
struct AssignShards {
  std::array<std::uint8_t, 128> shard;
};

struct DefineAsset {
  AssetId asset;
  std::uint8_t decimals;  // Of one minor unit: 8 = 0.00000001.
  std::array<char, 11> name;
  std::array<std::uint8_t, 48> spare;
};

struct DefineInstrument {
  std::array<char, 8> symbol;
  AssetId base;
  AssetId quote;
  std::int64_t tick_lot_value;   // Minor units of quote that one tick on one lot is worth.
  std::int64_t lot_value;        // Minor units of base in one lot.
  std::uint32_t wire_tick;       // Wire price units (0.0001) in one tick.
  std::uint32_t fee_cap_ppm;     // Holds cover fees up to this; set_fees may not pass it.
  std::uint32_t collar_ppm;      // Dynamic collar around the last trade; 0 = none.
  std::uint32_t protection_ppm;  // How far from the reference a market order may trade.
  Price price_max;
  Quantity quantity_max;
  std::uint64_t notional_max_low;  // For one order, in minor units of quote; 0 = none.
  std::uint64_t notional_max_high;
  Price reference;             // Bounds market orders before the first trade; 0 = there is none.
  Nanos settlement_cycle;      // Between two cuts.
  std::uint8_t lot_decimals;   // For people and reference data: decimals of one lot,
  std::uint8_t tick_decimals;  //   and of one tick.
  InstrumentState state;
  std::uint8_t market_category;
  // How long the auction is that an order starts which would trade beyond the collar; 0: none does.
  std::uint32_t volatility_auction_ms;
  std::uint32_t
      volatility_extension_ms;  // Once, where its price is beyond it still; 0: not at all.
  // Around the price of the latest uncross, before the first around `reference`; 0 = none.
  std::uint32_t static_collar_ppm;
  // In place of collars: around the mean of the latest trades, beyond which none is; 0 = none.
  std::uint32_t band_ppm;
  std::uint32_t limit_state_ms;  // How long the best may stand at a band until trading pauses,
  std::uint32_t pause_ms;        //   for so long, and then for a volatility auction.
  std::uint32_t reserve_seed;    // Of the sizes that parts of reserves have where these vary.
};

struct DefineFirm {
  FirmId firm;
  std::array<char, 4> name;
  std::array<std::uint8_t, 56> spare;
};

struct DefineAccount {
  AccountId account;
  FirmId firm;
  std::uint32_t open_orders_max;
  std::uint8_t is_venue;  // 0 a participant's; the venue's own: 1 takes fees, 2 the outside world.
  std::array<char, 15> name;
  std::array<std::uint8_t, 36> spare;
};

struct DefineSession {
  SessionId session;
  FirmId firm;  // The session acts for every account of this firm.
  AccountId default_account;
  std::uint8_t cancel_on_disconnect;
  std::uint8_t is_admin;
  std::array<char, 6> user;
  std::uint32_t spare;
  std::array<std::uint8_t, 8> salt;
  std::array<std::uint8_t, 32>
      password_sha256;  // Of salt, then the password in upper case, padded.
};

static_assert(sizeof(EpochStart) == 128 && std::has_unique_object_representations_v<EpochStart>);
static_assert(sizeof(AssignShards) == 128);
static_assert(sizeof(DefineAsset) == 64 && std::has_unique_object_representations_v<DefineAsset>);
static_assert(sizeof(DefineInstrument) == 128 &&
              std::has_unique_object_representations_v<DefineInstrument>);
static_assert(sizeof(DefineFirm) == 64 && std::has_unique_object_representations_v<DefineFirm>);
static_assert(sizeof(DefineAccount) == 64 &&
              std::has_unique_object_representations_v<DefineAccount>);
static_assert(sizeof(DefineSession) == 64 &&
              std::has_unique_object_representations_v<DefineSession>);

}  // namespace basalt
