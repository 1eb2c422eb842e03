// One Command: what somebody asked and what risk decided about it. One to four 64-byte slots.
//
//   gateway ─ Command (the client's part filled) ─► risk ─ the same, decided and sequenced ─►
//       slot 0  Order      all that matching needs; the only slot that goes to a shard
//       slot 1  Origin     who asked, what must be echoed, what is held
//       slots 2, 3         what an order asks for, or a definition (definitions.h)
//
// The bytes are the journal's: fields may be appended in spare bytes, never moved. Everything is
// little-endian and trivially copyable, without padding, so a checksum covers no garbage.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "engine/definitions.h"
#include "engine/reject.h"
#include "engine/types.h"

namespace basalt {

// Below 128: a command's first slot. From 128: an event (event.h). Slots of both mix in the log.
enum class CommandKind : std::uint8_t {
  // From sessions, with Order and Origin (2 slots).
  new_order = 1,
  replace = 2,        // order = the new number, original = the one replaced.
  cancel = 3,         // Of all that is open.
  reduce = 4,         // quantity = the new intended total, executed quantity included.
  account_query = 5,  // Answered with the next user reference number.
  // Of the session's firm or, where they name one, of one of its accounts.
  mass_cancel = 6,    // Of all orders so far, or of an instrument's, a side's, a group's.
  disable_entry = 7,  // No order is taken any more,
  enable_entry = 8,   //   until this.
  // Both sides of an account's quote (3 slots): to risk only, which sequences the cancels and
  // orders
  // that it is made of.
  quote = 9,
  set_protection = 10,  // Of such a quote; what counts begins anew (3 slots).
  // From the gateway about a session (2 slots).
  session_down = 17,  // The connection is gone; orders go too, where the session wants that.
  // From risk itself (1 slot, and 2).
  tick = 32,
  mass_cancel_done = 33,  // Of origin's session and number: nothing of its scope is left.
  // From the venue file, admin sessions and requests of stages (3 or 4 slots).
  epoch_start = 48,
  define_asset = 49,
  define_instrument = 50,
  define_firm = 51,
  define_account = 52,
  define_session = 53,
  set_limit = 54,  // Of an account or, where it names one, of an instrument.
  set_fees = 55,
  deposit = 56,
  withdraw = 57,
  set_instrument_state = 58,
  set_account_state = 59,
  market_event = 60,  // Start or end of the trading day, told to every session and on the feed.
  uncross = 61,       // Of an instrument in an auction, which goes on: its orders trade.
  mass_cancel_by_venue = 62,  // Of an account, of an instrument, or of what is in both.
  settlement_started = 64,    // The settlement domain took a batch.
  settlement_finished = 65,   // … and completed or failed it.
  settlement_cut = 66,        // Close the current cycle at once.
  // After epoch_start, and only where instruments do not just take turns.
  assign_shards = 67,
  // The circuit breaker of the whole market, from administrators (3 slots).
  halt_market = 72,      // All instruments that are not closed are halted at once.
  set_halt_levels = 73,  // What its levels are, for the feed; nothing depends on them.
};

// Order::flags.
inline constexpr std::uint16_t flag_market = 1;  // price is the protection price.
inline constexpr std::uint16_t flag_post_only = 2;
inline constexpr std::uint16_t flag_quoted = 8;    // A side of a quote.
inline constexpr std::uint16_t flag_by_venue = 4;  // A cancel that the venue sends, not the client.
inline constexpr std::uint16_t flag_instructed = 16;  // Slot 2's Instructions are for the book.
// In the book only: a stop that waits, or an order that waits for its auction.
inline constexpr std::uint16_t flag_waiting = 32;
// An amendment that a session asked for, and that is answered. The venue file's has none.
inline constexpr std::uint16_t flag_by_session = 64;
// Three bits of Order::flags: what an incoming order wants done where it meets an order of its own
// account (SelfTradePrevention).
inline constexpr std::uint16_t flag_self_trade_shift = 7;
inline constexpr std::uint16_t flag_self_trade_mask = 7U << flag_self_trade_shift;
// With flag_post_only: instead of crossing it rests one tick short of it.
inline constexpr std::uint16_t flag_slide = 1U << 10;
// With self-trade prevention: orders of all accounts of its firm are its own.
inline constexpr std::uint16_t flag_by_firm = 1U << 11;
// Towards risk, of a new order: the expiry among the Instructions is how long it is to live; and of
// a replacement: its price is in wire units still. One that is refused may keep either.
inline constexpr std::uint16_t flag_time_to_live = 1U << 12;
inline constexpr std::uint16_t flag_wire_price = flag_time_to_live;
// A cancel that a mass cancel makes: with flag_by_venue the operator's, else the firm's.
inline constexpr std::uint16_t flag_mass_cancel = 1U << 13;
// Shows nothing of itself. Of a replacement: so it must be of the original, and else must not.
inline constexpr std::uint16_t flag_hidden = 1U << 14;
// With flag_market: what is left of it rests, as a limit order at the price of its last fill.
inline constexpr std::uint16_t flag_rests = 1U << 15;

// Decided by the aggressor: what rests has no say.
enum class SelfTradePrevention : std::uint8_t {
  off = 0,        // They trade.
  newest = 1,     // The rest of the incoming order is cancelled.
  oldest = 2,     // The resting order is cancelled, and the incoming one goes on.
  both = 3,       // Both are.
  decrement = 4,  // Both lose what the smaller has open, and what is left of the larger goes on.
};
[[nodiscard]] constexpr std::uint16_t flags_of(SelfTradePrevention mode) noexcept {
  return static_cast<std::uint16_t>(static_cast<unsigned>(mode) << flag_self_trade_shift);
}
[[nodiscard]] constexpr SelfTradePrevention self_trade_prevention(std::uint16_t flags) noexcept {
  return static_cast<SelfTradePrevention>(flags >> flag_self_trade_shift & 7U);
}

struct Order {
  Sequence sequence = 0;
  CommandKind kind{};
  std::uint8_t slots = 0;  // Of the whole command, this one included.
  Side side{};
  TimeInForce time_in_force{};
  std::uint16_t flags = 0;
  Reject verdict{};  // Risk's. Only accepted commands go to a shard.
  std::uint8_t spare = 0;
  Nanos time;  // Risk's clock when it decided; never goes back.
  OrderId order{};
  Price price;
  Quantity quantity;
  OrderId original{};  // Replace: what it replaces. New order: what it is linked to.
  InstrumentId instrument{};
  AccountId account{};
};

struct Origin {
  SessionId session{};
  std::uint32_t user_ref_num = 0;
  // Replace: the order's. Account query: the next free. New order: of what it is linked to; 0:
  // none.
  std::uint32_t original_user_ref_num = 0;
  std::uint8_t user_ref_index = 0;  // OUCH's order flow channel.
  // These six are OUCH's characters, to be echoed. Of a mass cancel of both sides the first is 0.
  std::uint8_t wire_side = 0;
  std::uint8_t wire_time_in_force = 0;
  std::uint8_t display = 0;
  std::uint8_t capacity = 0;
  std::uint8_t intermarket_sweep = 0;
  std::array<char, 14> client_order_id{};
  std::uint8_t cross_type = 0;
  std::uint8_t spare8 = 0;
  // OUCH's GroupID, of an order by its client's choice; 0: none. Of a mass cancel: of this group.
  std::uint16_t group = 0;
  std::array<std::uint8_t, 4> spare{};
  Nanos received;              // The wire's clock when the datagram or segment was taken in.
  std::uint64_t hold_low = 0;  // Money that risk set aside: in the quote asset for a buy,
  std::int64_t hold_high = 0;  //   in lots for a sell. Two halves, to keep the slot at 8 alignment.

  [[nodiscard]] constexpr Money hold() const noexcept {
    return {(static_cast<int128>(hold_high) << 64) | static_cast<int128>(hold_low)};
  }
  constexpr void set_hold(Money money) noexcept {
    hold_low = static_cast<std::uint64_t>(money.value);
    hold_high = static_cast<std::int64_t>(money.value >> 64);
  }
};

// What an order's price is.
enum class PriceType : std::uint8_t {
  limit = 0,     // Its own.
  midpoint = 1,  // The middle of the best that both sides show. Of these its own is the limit.
  primary = 2,   // The best that its own side shows, or so far away from that.
};

// What an order asks for that most do not. In slot 2 of a new order with flag_instructed.
struct Instructions {
  Quantity display;        // Reserve: what the book shows of it at a time; 0: all of it.
  Quantity min_quantity;   // What it must trade at once, or it is cancelled; 0: nothing.
  Price stop;              // Waits until the market trades here or beyond; no_price: does not wait.
  ExternalId external_id;  // The client's own key; all zero: none. Without the flag, this alone.
  Nanos expiry;            // Of gtd: ends with the Tick that reaches this time; else no_time.
  std::uint32_t trail;   // A stop, whose price follows the market so many ticks behind it; 0: not.
  std::uint32_t random;  // With display: what it shows anew is more or less by up to so much.
  std::int32_t peg_offset;  // Of a primary peg: ticks, away from the other side.
  PriceType price_type;
  std::array<std::uint8_t, 3> spare;
};

// Both sides of a quote. In slot 2 of one, whose order says all else.
struct Quote {
  struct Offer {
    Price price;
    Quantity quantity;  // 0: this side is not quoted.
  };
  Offer bid;
  Offer offer;
  std::array<std::uint8_t, 32> spare;
};

// How much may trade against an account's quote within a window, which begins with the first fill
// behind the one before. As soon as one of them is reached, the quote is withdrawn. 0: no such
// limit.
struct QuoteProtection {
  Nanos window;         // 0: no protection.
  Quantity quantity;    // Bought and sold, together.
  Quantity delta;       // Bought less sold, or the other way round.
  std::uint32_t fills;  // How many.
  std::array<std::uint8_t, 36> spare;
};

// Which of its limits an account or an instrument gets anew.
enum class LimitKind : std::uint8_t {
  open_orders_max = 1,  // The account's; the others are an instrument's.
  quantity_max = 2,
  notional_max = 3,  // 0: none.
  collar_ppm = 4,    // Known to the book too; holds from the next order on.
  protection_ppm = 5,
  static_collar_ppm = 6,  // Likewise as the other collar.
};

// A change to something that is defined; which fields count depends on the kind.
struct Amendment {
  ExternalId external_id;    // All zero: none. Otherwise applied at most once.
  std::uint64_t amount_low;  // Deposit, withdraw: minor units. Set limit: the new value.
  std::int64_t amount_high;  // Of set_halt_levels and halt_market, see halt_levels() and halt().
  AssetId asset;
  std::int32_t maker_ppm;  // Set fees, in millionths of the notional; negative: a rebate.
  std::int32_t taker_ppm;
  InstrumentState instrument_state;
  std::uint8_t account_suspended;
  std::uint8_t market_event;  // OUCH's and ITCH's event code.
  std::uint8_t spare8;
  std::uint64_t batch;      // Settlement.
  std::uint8_t settled;     // Settlement finished: completed (1) or failed (0).
  LimitKind limit;          // Set limit.
  std::uint8_t halt_level;  // Halt market: 1, 2 or 3, which lasts until a phase is set.
  std::array<std::uint8_t, 5> spare;

  [[nodiscard]] constexpr Money amount() const noexcept {
    return {(static_cast<int128>(amount_high) << 64) | static_cast<int128>(amount_low)};
  }
  // How long the market is halted, and how long the auctions are that open it again.
  struct Halt {
    Nanos halted;
    Nanos auction;
  };
  [[nodiscard]] constexpr Halt halt() const noexcept {
    return {{static_cast<std::int64_t>(amount_low)}, {amount_high}};
  }
  constexpr void set_halt(const Halt& halt) noexcept {
    amount_low = static_cast<std::uint64_t>(halt.halted.value);
    amount_high = halt.auction.value;
  }
  // Values of the index at which each level is reached, in units of 10^-8.
  [[nodiscard]] constexpr std::array<std::uint64_t, 3> halt_levels() const noexcept {
    return {amount_low, static_cast<std::uint64_t>(amount_high), batch};
  }
  constexpr void set_halt_levels(const std::array<std::uint64_t, 3>& levels) noexcept {
    amount_low = levels[0];
    amount_high = static_cast<std::int64_t>(levels[1]);
    batch = levels[2];
  }
};

// One 64-byte cell of a ring or of the journal.
struct alignas(cache_line_bytes) Slot {
  std::array<std::byte, 64> bytes{};

  // The byte that tells a command's kind or an event's. Valid on the first slot of a record.
  [[nodiscard]] std::uint8_t kind() const noexcept { return static_cast<std::uint8_t>(bytes[8]); }
};

struct Command {
  Order order;
  Origin origin;
  std::array<Slot, 2> definition{};

  template <typename Definition>
  [[nodiscard]] Definition as() const noexcept {
    static_assert(sizeof(Definition) <= sizeof(definition));
    static_assert(std::is_trivially_copyable_v<Definition>);
    Definition result;
    std::memcpy(static_cast<void*>(&result), definition.data(), sizeof result);
    return result;
  }
  template <typename Definition>
  void set(const Definition& value) noexcept {
    static_assert(sizeof(Definition) <= sizeof(definition));
    std::memcpy(static_cast<void*>(definition.data()), &value, sizeof value);
    order.slots = 2 + (sizeof value + sizeof(Slot) - 1) / sizeof(Slot);
  }

  [[nodiscard]] Slot slot(std::uint32_t number) const noexcept {
    Slot result;
    std::memcpy(&result, reinterpret_cast<const std::byte*>(this) + number * sizeof(Slot),
                sizeof result);
    return result;
  }
  void set_slot(std::uint32_t number, const Slot& value) noexcept {
    std::memcpy(reinterpret_cast<std::byte*>(this) + number * sizeof(Slot), &value, sizeof value);
  }

  friend bool operator==(const Command& a, const Command& b) noexcept {
    return std::memcmp(&a, &b, sizeof a) == 0;
  }
};

static_assert(sizeof(Order) == 64 && std::is_trivially_copyable_v<Order>);
static_assert(offsetof(Order, kind) == 8 && offsetof(Order, verdict) == 14);
static_assert(offsetof(Order, original) == 48 && offsetof(Order, account) == 60);
static_assert(std::has_unique_object_representations_v<Order>, "no padding");
static_assert(sizeof(Origin) == 64 && std::has_unique_object_representations_v<Origin>);
static_assert(offsetof(Instructions, peg_offset) == 56);
static_assert(sizeof(Instructions) == 64 && std::has_unique_object_representations_v<Instructions>);
static_assert(sizeof(QuoteProtection) == 64 &&
              std::has_unique_object_representations_v<QuoteProtection>);
static_assert(sizeof(Quote) == 64 && std::has_unique_object_representations_v<Quote>);
static_assert(sizeof(Amendment) == 64 && std::has_unique_object_representations_v<Amendment>);
static_assert(sizeof(Command) == 256 && std::is_trivially_copyable_v<Command>);
static_assert(std::has_unique_object_representations_v<Command>, "equal is equal byte by byte");

// Does matching answer this command? Those that it does not have no events in the log.
[[nodiscard]] constexpr bool goes_to_matching(const Order& order) noexcept {
  if (order.verdict != Reject::none) {
    // An invalid replacement cancels the order that it names (OUCH 5.0, Replace, outcome 2).
    return order.kind == CommandKind::replace && order.original != no_order;
  }
  switch (order.kind) {
    case CommandKind::new_order:
    case CommandKind::replace:
    case CommandKind::cancel:
    case CommandKind::reduce:
    case CommandKind::tick:
    case CommandKind::define_instrument:
    case CommandKind::define_account:
    case CommandKind::set_instrument_state:
    case CommandKind::uncross:
    case CommandKind::halt_market:
    case CommandKind::set_protection:
      return true;
    case CommandKind::set_limit:
      return order.instrument != no_instrument;
    default:
      return false;
  }
}

// Does a shard need more of it than slot 0?
[[nodiscard]] constexpr bool goes_whole_to_matching(const Order& order) noexcept {
  return order.kind == CommandKind::define_instrument ||
         order.kind == CommandKind::define_account || order.kind == CommandKind::set_limit ||
         order.kind == CommandKind::set_instrument_state ||
         order.kind == CommandKind::halt_market || order.kind == CommandKind::set_protection ||
         (order.kind == CommandKind::new_order && (order.flags & flag_instructed) != 0);
}

// Does reference data change with it?
[[nodiscard]] constexpr bool is_definition(const Order& order) noexcept {
  return order.verdict == Reject::none && order.kind >= CommandKind::define_asset &&
         order.kind <= CommandKind::define_session;
}

// Commands of no single instrument go to every shard, which then all answer.
[[nodiscard]] constexpr bool goes_to_every_shard(const Order& order) noexcept {
  return order.verdict == Reject::none &&
         (order.kind == CommandKind::tick || order.kind == CommandKind::halt_market ||
          order.kind == CommandKind::define_account);
}

}  // namespace basalt
