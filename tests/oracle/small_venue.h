// A venue to try things on: two instruments, four sessions, accounts with funds; and what sessions
// may say, in the form in which the decoder hands it to risk.
//
//   SmallVenue small;  small.tell(enter({.ref = 1, .side = Side::buy, .quantity = 10, .price =
//   5}));
//
// Account n of traders_first … is session n's default one. All are of one firm, so any session may
// act for any account.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/oracle/core_venue.h"
#include "tests/unit/venue_commands.h"

namespace basalt::oracle {

inline constexpr std::uint32_t usd = 0;      // Assets: two decimals,
inline constexpr std::uint32_t stock = 1;    //   none,
inline constexpr std::uint32_t bitcoin = 2;  //   and eight.
inline constexpr std::uint32_t aapl = 0;     // Instruments: tick 0.01, lot 1,
inline constexpr std::uint32_t btc_usd = 1;  //   and tick 0.01, lot 0.00001.
inline constexpr std::uint32_t outside_account = 0;
inline constexpr std::uint32_t fees_account = 1;
inline constexpr std::uint32_t traders_first = 2;
inline constexpr std::uint32_t small_sessions = 4;
inline constexpr std::int64_t wire_tick = 100;  // Of both instruments: 0.01 is 100 × 0.0001.

struct Entered {
  std::uint32_t session = 0;
  std::uint32_t ref = 0;
  Side side = Side::buy;
  std::int64_t quantity = 1;
  std::int64_t price = 1;  // Ticks. Of no meaning for a market order.
  std::uint32_t instrument = aapl;
  TimeInForce time_in_force = TimeInForce::day;
  std::uint16_t flags = 0;
  std::uint8_t channel = 0;
  std::uint16_t group = 0;
  Instructions instructions{};  // For the book, where any of them asks for something.
  std::uint32_t linked_to = 0;  // Number of an order of the same session and channel; 0: none.
};

struct Named {
  std::uint32_t session = 0;
  std::uint32_t ref = 0;
  std::uint8_t channel = 0;
};

inline Command said(CommandKind kind, const Named& name) {
  Command command;
  command.order.kind = kind;
  command.order.slots = 2;
  command.order.instrument = no_instrument;
  command.order.account = no_account;
  command.origin.session = SessionId{name.session};
  command.origin.user_ref_num = name.ref;
  command.origin.user_ref_index = name.channel;
  return command;
}

inline Command enter(const Entered& entered) {
  const bool takes =
      entered.time_in_force == TimeInForce::ioc || entered.time_in_force == TimeInForce::fok;
  const bool ends = entered.time_in_force == TimeInForce::gtd;
  Command command = said(CommandKind::new_order, {entered.session, entered.ref, entered.channel});
  command.order.side = entered.side;
  command.order.time_in_force = entered.time_in_force;
  command.order.flags = entered.flags;
  command.order.price = Price{entered.price};
  command.order.quantity = Quantity{entered.quantity};
  command.order.instrument = InstrumentId{entered.instrument};
  command.origin.display = (entered.flags & flag_hidden) != 0 ? 'N' : 'Y';
  command.origin.wire_side = entered.side == Side::buy ? 'B' : 'S';
  command.origin.wire_time_in_force = takes ? '3' : ends ? '6' : '0';
  command.origin.capacity = 'P';
  command.origin.intermarket_sweep = 'N';
  command.origin.cross_type = 'N';
  command.origin.group = entered.group;
  command.origin.client_order_id = test::padded<14>("NO " + std::to_string(entered.ref));
  const Instructions& asked = entered.instructions;
  command.origin.original_user_ref_num = entered.linked_to;
  if (asked.display > Quantity{0} || asked.min_quantity > Quantity{0} || asked.stop != no_price ||
      asked.trail != 0 || asked.expiry != no_time || entered.linked_to != 0 ||
      asked.price_type != PriceType::limit) {
    command.order.flags |= flag_instructed;
    command.set(asked);
  }
  return command;
}

// Both sides, the sell with the number behind the buy's.
struct Quoted {
  std::uint32_t session = 0;
  std::uint32_t ref = 0;
  std::int64_t bid_quantity = 0;
  std::int64_t bid_price = 0;  // Ticks.
  std::int64_t offer_quantity = 0;
  std::int64_t offer_price = 0;
  std::uint32_t instrument = aapl;
  std::uint16_t flags = 0;
  std::uint8_t channel = 0;
  AccountId account = no_account;
};

inline Command quote(const Quoted& quoted) {
  Command command = said(CommandKind::quote, {quoted.session, quoted.ref, quoted.channel});
  command.order.flags = quoted.flags;
  command.order.instrument = InstrumentId{quoted.instrument};
  command.order.account = quoted.account;
  command.origin.wire_time_in_force = '0';
  command.origin.display = 'Y';
  command.origin.capacity = 'P';
  command.origin.intermarket_sweep = 'N';
  command.origin.cross_type = 'N';
  command.origin.client_order_id = test::padded<14>("QUOTE " + std::to_string(quoted.ref));
  command.set(Quote{.bid = {Price{quoted.bid_price}, Quantity{quoted.bid_quantity}},
                    .offer = {Price{quoted.offer_price}, Quantity{quoted.offer_quantity}},
                    .spare = {}});
  return command;
}

inline Command protect(const Named& name, const QuoteProtection& protection,
                       std::uint32_t instrument = aapl, AccountId account = no_account) {
  Command command = said(CommandKind::set_protection, name);
  command.order.instrument = InstrumentId{instrument};
  command.order.account = account;
  command.origin.client_order_id.fill(' ');
  command.set(protection);
  return command;
}

inline Command replace(const Named& original, std::uint32_t ref, std::int64_t total,
                       std::int64_t price, bool hidden = false) {
  Command command = said(CommandKind::replace, {original.session, ref, original.channel});
  command.origin.original_user_ref_num = original.ref;
  command.order.quantity = Quantity{total};
  command.order.price = Price{price * wire_tick};
  command.order.flags = flag_wire_price;
  if (hidden) command.order.flags |= flag_hidden;
  command.origin.wire_time_in_force = '0';
  command.origin.display = hidden ? 'N' : 'Y';
  command.origin.intermarket_sweep = 'N';
  command.origin.client_order_id = test::padded<14>("INSTEAD " + std::to_string(ref));
  return command;
}

inline Command cancel(const Named& order) {
  return said(CommandKind::cancel, order);
}

inline Command reduce(const Named& order, std::int64_t total) {
  Command command = said(CommandKind::reduce, order);
  command.order.quantity = Quantity{total};
  return command;
}

inline Command query(std::uint32_t session, std::uint8_t channel = 0) {
  return said(CommandKind::account_query, {session, 0, channel});
}

// What a firm asks of all its orders, or of an account's.
struct Scope {
  AccountId account = no_account;
  InstrumentId instrument = no_instrument;
  char side = '\0';  // OUCH's letter, or none: both.
  std::uint16_t group = 0;
};

inline Command scoped(Command command, const Scope& scope) {
  command.order.account = scope.account;
  command.order.instrument = scope.instrument;
  command.order.side = scope.side == 'B' || scope.side == '\0' ? Side::buy : Side::sell;
  command.origin.wire_side = static_cast<std::uint8_t>(scope.side);
  command.origin.group = scope.group;
  command.origin.client_order_id.fill(' ');
  return command;
}

inline Command mass_cancel(const Named& name, const Scope& scope = {}) {
  return scoped(said(CommandKind::mass_cancel, name), scope);
}

inline Command disable_entry(const Named& name, AccountId account = no_account) {
  return scoped(said(CommandKind::disable_entry, name), {.account = account});
}

inline Command enable_entry(const Named& name, AccountId account = no_account) {
  return scoped(said(CommandKind::enable_entry, name), {.account = account});
}

// The operator's, asked for by this session.
inline Command mass_cancel_by_venue(const Named& name, const Scope& scope) {
  Command command = scoped(said(CommandKind::mass_cancel_by_venue, name), scope);
  command.set(Amendment{});
  return command;
}

inline Command session_down(std::uint32_t session) {
  return said(CommandKind::session_down, {session, 0, 0});
}

inline Command set_state(std::uint32_t instrument, InstrumentState state) {
  Amendment amendment{};
  amendment.instrument_state = state;
  Command command = test::CommandMaker{}.next(CommandKind::set_instrument_state, amendment);
  command.order.instrument = InstrumentId{instrument};
  return command;
}

inline Command uncross(std::uint32_t instrument) {
  Command command = test::CommandMaker{}.next(CommandKind::uncross, Amendment{});
  command.order.instrument = InstrumentId{instrument};
  return command;
}

// A third instrument, which the small venue has not until it is told of it: trades more than a
// thousandth away from the last start an auction of 3 ms.
inline constexpr std::uint32_t lively = 2;

inline Command define_lively() {
  Command command = test::CommandMaker{}.instrument(lively, "LIVELY", stock, usd);
  auto definition = command.as<DefineInstrument>();
  definition.price_max = Price{19'999'999};
  definition.quantity_max = Quantity{1'000'000};
  definition.protection_ppm = 50'000;
  definition.reference = Price{10'000};
  definition.collar_ppm = 1'000;
  definition.volatility_auction_ms = 3;
  definition.volatility_extension_ms = 2;
  command.set(definition);
  return command;
}

// A fourth, likewise: it trades within a thousandth of its reference, and where its best stands at
// a band for 2 ms it pauses.
inline constexpr std::uint32_t banded = 3;

inline Command define_banded() {
  Command command = define_lively();
  command.order.instrument = InstrumentId{banded};
  auto definition = command.as<DefineInstrument>();
  definition.symbol = test::padded<8>("BANDED");
  definition.collar_ppm = 0;
  definition.volatility_extension_ms = 0;
  definition.band_ppm = 1'000;
  definition.limit_state_ms = 2;
  definition.pause_ms = 4;
  command.set(definition);
  return command;
}

// For so many milliseconds each; a halt of 0 has no end.
inline Command halt_market(std::uint8_t level, std::int64_t halted_ms, std::int64_t auction_ms) {
  Amendment amendment{};
  amendment.halt_level = level;
  amendment.set_halt({Nanos{halted_ms * 1'000'000}, Nanos{auction_ms * 1'000'000}});
  return test::CommandMaker{}.next(CommandKind::halt_market, amendment);
}

inline Command market_event(char code) {
  Amendment amendment{};
  amendment.market_event = static_cast<std::uint8_t>(code);
  return test::CommandMaker{}.next(CommandKind::market_event, amendment);
}

// The limits of a CoreVenue, and a settlement beside it.
inline EpochLimits small_venue_limits() {
  const risk::RiskCore::Limits risk = CoreVenue::Settings{}.risk;
  const matching::MatchingCore::Limits books = CoreVenue::matching_limits({});
  EpochLimits limits{};
  limits.orders_max = risk.orders_max;
  limits.accounts_max = risk.reference.accounts_max;
  limits.assets_max = risk.reference.assets_max;
  limits.instruments_max = risk.reference.instruments_max;
  limits.sessions_max = risk.reference.sessions_max;
  limits.firms_max = risk.reference.firms_max;
  limits.external_ids_max = risk.external_ids_max;
  limits.leaves_max = books.leaves_max;
  limits.inners_max = books.inners_max;
  limits.instructed_max = books.instructed_max;
  limits.settlement_batches_max = 16;
  limits.settlement_obligations_max = 4096;
  limits.shards = 2;
  return limits;
}

// A session that may administer. The small venue has none until it is told of this one.
inline constexpr std::uint32_t admin_session = small_sessions;

inline Command define_admin() {
  Command command = test::CommandMaker{}.session(admin_session);
  auto definition = command.as<DefineSession>();
  definition.is_admin = 1;
  command.set(definition);
  return command;
}

// An amendment as a session sends it, with an external id that ends in `id`.
inline Command administered(Command command, std::uint32_t ref, std::uint8_t id,
                            std::uint32_t session = admin_session) {
  auto amendment = command.as<Amendment>();
  amendment.external_id.bytes.back() = id;
  command.set(amendment);
  command.order.flags = flag_by_session;
  command.origin.session = SessionId{session};
  command.origin.user_ref_num = ref;
  return command;
}

// What is defined, in the order in which it must be.
inline std::vector<Command> small_venue_definitions() {
  test::CommandMaker make;
  const auto traded = [&](std::uint32_t id, const char* symbol, std::uint32_t base,
                          std::int64_t lot_value) {
    Command command = make.instrument(id, symbol, base, usd);
    auto definition = command.as<DefineInstrument>();
    definition.price_max = Price{19'999'999};
    definition.quantity_max = Quantity{1'000'000};
    definition.lot_value = lot_value;
    definition.protection_ppm = 50'000;
    definition.reference = Price{10'000};
    definition.market_category = 'Q';
    command.set(definition);
    return command;
  };
  std::vector<Command> commands{
      make.next(CommandKind::epoch_start, EpochStart{.engine = 1,
                                                     .epoch = 1,
                                                     .rules_version = rules_version_now,
                                                     .spare = 0,
                                                     .build = {},
                                                     .limits = small_venue_limits()}),
      make.asset(usd, "USD", 2),
      make.asset(stock, "AAPL", 0),
      make.asset(bitcoin, "BTC", 8),
      make.firm(0),
      make.account(outside_account, AccountRole::external),
      make.account(fees_account, AccountRole::fees),
  };
  for (std::uint32_t trader = 0; trader < small_sessions; ++trader) {
    Command command = make.account(traders_first + trader);
    auto definition = command.as<DefineAccount>();
    definition.open_orders_max = 100'000;
    command.set(definition);
    commands.push_back(command);
  }
  for (std::uint32_t session = 0; session < small_sessions; ++session) {
    Command command = make.session(session);
    auto definition = command.as<DefineSession>();
    definition.default_account = AccountId{traders_first + session};
    definition.cancel_on_disconnect = session % 2;
    command.set(definition);
    commands.push_back(command);
  }
  commands.push_back(traded(aapl, "AAPL", stock, 1));
  commands.push_back(traded(btc_usd, "BTC-USD", bitcoin, 1'000));
  commands.push_back(make.fees(aapl, -1'000, 3'000));
  for (std::uint32_t trader = 0; trader < small_sessions; ++trader) {
    for (const std::uint32_t asset : {usd, stock, bitcoin}) {
      commands.push_back(make.deposit(traders_first + trader, asset, 1'000'000'000'000));
    }
  }
  return commands;
}

// The venue, defined and open, with its whole log.
class SmallVenue {
 public:
  explicit SmallVenue(const CoreVenue::Settings& settings = {}) : venue_(settings) {
    for (const Command& command : small_venue_definitions()) tell(command);
  }

  // What it put into the log, which stays there too.
  std::vector<LogRecord> tell(const Command& command) {
    std::vector<LogRecord> records = venue_.submit(command);
    log_.insert(log_.end(), records.begin(), records.end());
    return records;
  }

  // Time passes, and is told.
  LogRecord tick(Nanos later) {
    log_.push_back(venue_.tick(later));
    return log_.back();
  }

  [[nodiscard]] CoreVenue& venue() { return venue_; }
  [[nodiscard]] const std::vector<LogRecord>& log() const { return log_; }

 private:
  CoreVenue venue_;
  std::vector<LogRecord> log_;
};

}  // namespace basalt::oracle
