// Every bound of the engine that is a constant. What a topology or a venue may choose (ring slots,
// orders, accounts) is bounded here from above; memory is computed from the chosen values at start.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/types.h"

namespace basalt::limits {

inline constexpr std::uint32_t command_slots_max = 4;
// What risk makes of one input at most: a quote is two cancels and two orders.
inline constexpr std::uint32_t decided_slots_max = 8;

// One poll handles at most this many messages, so that no stage starves its neighbours on a core.
inline constexpr std::uint32_t batch_max = 64;

inline constexpr std::uint32_t shards_max = 64;
inline constexpr std::uint32_t gateways_max = 16;
inline constexpr std::uint32_t log_readers_max = 8;

inline constexpr std::uint32_t assets_max = 256;
// A resting order packs its account in 28 bits (matching/book_memory.h).
inline constexpr std::uint32_t accounts_max = 1U << 28;
inline constexpr std::uint32_t instruments_max = 16'384;
inline constexpr std::uint32_t sessions_max = 1'024;
// Distinct lengths of settlement cycles: each has nets of its own.
inline constexpr std::uint32_t settlement_cycles_max = 8;

// Prices span 36 bits of ticks, quantities 48 bits of lots, tick_lot_value 31 bits: one product
// needs 115 bits. No single order, deposit or balance may pass money_max, so that sums over 2^24
// of them stay within a signed 128.
inline constexpr Price price_max{(std::int64_t{1} << 36) - 1};
inline constexpr Quantity quantity_max{(std::int64_t{1} << 48) - 1};
// How often a reserve order may show anew: each time is a fill of its own.
inline constexpr std::int64_t reserve_parts_max = 1'000;

// Pegs on one side of a book: each taker that could reach them works out their prices.
inline constexpr std::uint32_t pegs_max = 128;
// Stops of one book that trail: each trade may move all of them. About 20 microseconds.
inline constexpr std::uint32_t trailing_max = 256;

// An auction or a halt that ends by itself lasts at most a day.
inline constexpr std::uint32_t auction_ms_max = 86'400'000;
// Mass cancels that one session may have under way; one that covers all of these may always come.
inline constexpr std::uint32_t mass_cancels_max = 64;
// Fills that one command makes of an uncross; the next Tick goes on. About half a millisecond.
inline constexpr std::uint32_t uncross_fills_max = 4'096;
// Orders that expire with one Tick; the next goes on.
inline constexpr std::uint32_t expiries_max = 1'024;
// Orders of its own that one command lowers where it meets them (SelfTradePrevention::decrement):
// each tells one event more than any other order does that goes.
inline constexpr std::uint32_t decrements_max = 4'096;
// Of one instrument: what an uncross would do is worked out at most this often. It costs a look at
// each level that is crossed, and with reserves at each order.
inline constexpr Nanos indicative_interval{100'000'000};
// What the wire's fields carry, in units of 0.0001: ITCH's prices have 32 bits, and one value of
// OUCH's means "at the market". An instrument whose prices could not be told is not defined.
inline constexpr std::int64_t wire_price_max = 0xFFFF'FFFF;
inline constexpr std::int64_t wire_price_market = 0x7FFF'FFFF;
inline constexpr std::int64_t wire_lot_max = 0xFFFF'FFFF;  // The feed's word for one lot.
// Balances have 128 bits; beyond this nobody reads the digits.
inline constexpr std::uint32_t asset_decimals_max = 18;
// What one side of a book may hold in all, so that no sum over orders can overflow.
inline constexpr Quantity resting_max{std::int64_t{1} << 62};
inline constexpr std::int64_t tick_lot_value_max = (std::int64_t{1} << 31) - 1;
inline constexpr Money money_max{static_cast<int128>(1) << 100};

// Overload: how far decisions may run ahead of the disk before risk takes no more input.
inline constexpr Sequence undurable_max = 65'536;
inline constexpr Nanos undurable_age_max{50'000'000};
// After this long without a completed write the engine fences itself and exits.
inline constexpr Nanos journal_stall_max{5'000'000'000};

}  // namespace basalt::limits
