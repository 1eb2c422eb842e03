// Commands and fills as risk and matching would put them into the log, for tests of what follows
// it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "engine/command.h"
#include "engine/event.h"
#include "engine/reference.h"
#include "engine/types.h"

namespace basalt::test {

template <std::size_t size>
std::array<char, size> padded(std::string_view text) {
  std::array<char, size> result;
  result.fill(' ');
  std::copy_n(text.begin(), std::min(size, text.size()), result.begin());
  return result;
}

// Each call is the next command of the log; `now` is what risk's clock would say.
struct CommandMaker {
  Sequence sequence = 0;
  Nanos now{1'700'000'000'000'000'000};

  Command next(CommandKind kind) {
    Command command;
    command.order.sequence = ++sequence;
    command.order.kind = kind;
    command.order.slots = 2;
    command.order.time = now;
    command.order.instrument = no_instrument;
    command.order.account = no_account;
    command.origin.session = no_session;
    return command;
  }
  template <typename Definition>
  Command next(CommandKind kind, const Definition& definition) {
    Command command = next(kind);
    command.set(definition);
    return command;
  }

  Command asset(std::uint32_t id, std::string_view name, std::uint8_t decimals = 2) {
    return next(
        CommandKind::define_asset,
        DefineAsset{
            .asset = AssetId{id}, .decimals = decimals, .name = padded<11>(name), .spare = {}});
  }
  Command firm(std::uint32_t id) {
    return next(CommandKind::define_firm,
                DefineFirm{.firm = FirmId{id}, .name = padded<4>("FIRM"), .spare = {}});
  }
  Command account(std::uint32_t id, AccountRole role = AccountRole::participant) {
    return next(CommandKind::define_account,
                DefineAccount{.account = AccountId{id},
                              .firm = FirmId{0},
                              .open_orders_max = 100,
                              .is_venue = static_cast<std::uint8_t>(role),
                              .name = padded<15>("account"),
                              .spare = {}});
  }
  Command session(std::uint32_t id) {
    DefineSession definition{};
    definition.session = SessionId{id};
    definition.firm = FirmId{0};
    definition.default_account = no_account;
    definition.user = padded<6>("USER");
    return next(CommandKind::define_session, definition);
  }
  // One lot is worth `lot_value` of asset `base`, one tick on it `tick_lot_value` of asset `quote`.
  Command instrument(std::uint32_t id, std::string_view symbol, std::uint32_t base,
                     std::uint32_t quote, Nanos cycle = Nanos{0}) {
    Command command = next(CommandKind::define_instrument, instrument_definition(symbol));
    auto definition = command.as<DefineInstrument>();
    definition.base = AssetId{base};
    definition.quote = AssetId{quote};
    definition.settlement_cycle = cycle;
    command.set(definition);
    command.order.instrument = InstrumentId{id};
    return command;
  }
  Command fees(std::uint32_t instrument, std::int32_t maker_ppm, std::int32_t taker_ppm) {
    Amendment amendment{};
    amendment.maker_ppm = maker_ppm;
    amendment.taker_ppm = taker_ppm;
    Command command = next(CommandKind::set_fees, amendment);
    command.order.instrument = InstrumentId{instrument};
    return command;
  }
  Command limit_of_instrument(std::uint32_t instrument, LimitKind limit, std::int64_t value) {
    Command command = set_limit(limit, value);
    command.order.instrument = InstrumentId{instrument};
    return command;
  }
  Command limit_of_account(std::uint32_t account, std::int64_t open_orders_max) {
    Command command = set_limit(LimitKind::open_orders_max, open_orders_max);
    command.order.account = AccountId{account};
    return command;
  }
  Command set_limit(LimitKind limit, std::int64_t value) {
    Amendment amendment{};
    amendment.limit = limit;
    amendment.amount_low = static_cast<std::uint64_t>(value);
    amendment.amount_high = value < 0 ? -1 : 0;
    return next(CommandKind::set_limit, amendment);
  }
  Command payment(CommandKind kind, std::uint32_t account, std::uint32_t asset, Money amount) {
    Amendment amendment{};
    amendment.asset = AssetId{asset};
    amendment.amount_low = static_cast<std::uint64_t>(amount.value);
    amendment.amount_high = static_cast<std::int64_t>(amount.value >> 64);
    Command command = next(kind, amendment);
    command.order.account = AccountId{account};
    return command;
  }
  Command deposit(std::uint32_t account, std::uint32_t asset, std::int64_t amount) {
    return payment(CommandKind::deposit, account, asset, Money{amount});
  }
  Command withdraw(std::uint32_t account, std::uint32_t asset, std::int64_t amount) {
    return payment(CommandKind::withdraw, account, asset, Money{amount});
  }
  Command tick(Nanos later = Nanos{0}) {
    now += later;
    Command command = next(CommandKind::tick);
    command.order.slots = 1;
    return command;
  }
  Command started(std::uint64_t batch) {
    Amendment amendment{};
    amendment.batch = batch;
    return next(CommandKind::settlement_started, amendment);
  }
  Command finished(std::uint64_t batch, bool settled) {
    Amendment amendment{};
    amendment.batch = batch;
    amendment.settled = settled ? 1 : 0;
    return next(CommandKind::settlement_finished, amendment);
  }
  Command order(std::uint32_t instrument, std::uint32_t account, Side side) {
    Command command = next(CommandKind::new_order);
    command.order.instrument = InstrumentId{instrument};
    command.order.account = AccountId{account};
    command.order.side = side;
    return command;
  }

  static DefineInstrument instrument_definition(std::string_view symbol) {
    DefineInstrument definition{};
    definition.symbol = padded<8>(symbol);
    definition.base = AssetId{1};
    definition.quote = AssetId{0};
    definition.tick_lot_value = 1;
    definition.lot_value = 1;
    definition.wire_tick = 100;
    definition.fee_cap_ppm = 10'000;
    definition.price_max = Price{40'000'000};
    definition.quantity_max = Quantity{1'000'000'000};
    definition.state = InstrumentState::open;
    return definition;
  }
};

// The maker is the event's account; the taker is the command's.
inline Event fill_of(const Command& taker, std::uint32_t index, std::uint32_t maker,
                     std::int64_t price, std::int64_t quantity, std::uint64_t match_number = 1) {
  Event event;
  event.sequence = taker.order.sequence;
  event.kind = EventKind::fill;
  event.last = 1;
  event.side = opposite(taker.order.side);
  event.index = index;
  event.order = order_id(1, 1);
  event.price = Price{price};
  event.quantity = Quantity{quantity};
  event.match_number = match_number;
  event.account = AccountId{maker};
  event.instrument = taker.order.instrument;
  return event;
}

}  // namespace basalt::test
