#include "engine/reference.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/arena.h"
#include "tests/unit/venue_commands.h"

namespace basalt {
namespace {

constexpr ReferenceLimits limits_of_test{
    .assets_max = 4, .instruments_max = 16, .accounts_max = 8, .sessions_max = 4, .firms_max = 2};

std::string numbered(std::uint32_t id) {
  return std::to_string(id) + "S";
}

struct ReferenceTest : testing::Test {
  Arena arena{ReferenceData::memory_bytes(limits_of_test)};
  ReferenceData reference{limits_of_test, arena};
  test::CommandMaker make;

  void accept(const Command& command) {
    ASSERT_EQ(reference.check(command), Reject::none);
    reference.apply(command);
  }
  void define_venue() {
    accept(make.asset(0, "USD"));
    accept(make.asset(1, "AAPL", 0));
    accept(make.firm(0));
    accept(make.account(0, AccountRole::fees));
    accept(make.account(1, AccountRole::external));
    accept(make.account(2));
    accept(make.instrument(0, "AAPL", 1, 0));
    accept(make.session(0));
  }
  Command instrument_with(const std::function<void(DefineInstrument&)>& change,
                          std::uint32_t id = 1) {
    Command command = make.instrument(id, "NEW", 1, 0);
    auto definition = command.as<DefineInstrument>();
    change(definition);
    command.set(definition);
    return command;
  }
};

TEST_F(ReferenceTest, what_is_defined_is_found_by_id_and_by_symbol) {
  define_venue();
  EXPECT_EQ(reference.asset(AssetId{1}).name, test::padded<11>("AAPL"));
  EXPECT_EQ(reference.instrument(InstrumentId{0}).quote, AssetId{0});
  EXPECT_EQ(reference.instrument(InstrumentId{0}).notional_max, limits::money_max);
  EXPECT_EQ(reference.find_instrument(test::padded<8>("AAPL")), InstrumentId{0});
  EXPECT_EQ(reference.find_instrument(test::padded<8>("MSFT")), no_instrument);
  EXPECT_EQ(reference.fee_account(), AccountId{0});
  EXPECT_EQ(reference.external_account(), AccountId{1});
  EXPECT_TRUE(reference.has(SessionId{0}));
  EXPECT_FALSE(reference.has(SessionId{1}));
  EXPECT_FALSE(reference.has(no_instrument));
  EXPECT_FALSE(reference.has(AccountId{3}));
}

TEST_F(ReferenceTest, every_instrument_is_found_when_the_tables_are_full) {
  define_venue();
  for (std::uint32_t id = 1; id < limits_of_test.instruments_max; ++id) {
    accept(make.instrument(id, numbered(id), 1, 0));
  }
  for (std::uint32_t id = 1; id < limits_of_test.instruments_max; ++id) {
    EXPECT_EQ(reference.find_instrument(test::padded<8>(numbered(id))), InstrumentId{id});
  }
  EXPECT_EQ(reference.find_instrument(test::padded<8>("S")), no_instrument);
  EXPECT_EQ(reference.check(make.instrument(16, numbered(16), 1, 0)), Reject::limit_exceeded);
}

TEST_F(ReferenceTest, a_command_that_was_refused_defines_nothing) {
  Command command = make.asset(0, "USD");
  command.order.verdict = Reject::duplicate_external_id;
  reference.apply(command);
  EXPECT_FALSE(reference.has(AssetId{0}));
}

TEST_F(ReferenceTest, defining_the_same_again_is_allowed_and_resets_nothing) {
  define_venue();
  accept(make.fees(0, -100, 300));
  Amendment halt{};
  halt.instrument_state = InstrumentState::halted;
  Command command = make.next(CommandKind::set_instrument_state, halt);
  command.order.instrument = InstrumentId{0};
  accept(command);
  Amendment suspend{};
  suspend.account_suspended = 1;
  command = make.next(CommandKind::set_account_state, suspend);
  command.order.account = AccountId{2};
  accept(command);

  accept(make.instrument(0, "AAPL", 1, 0));
  accept(make.account(2));
  EXPECT_EQ(reference.instrument(InstrumentId{0}).maker_ppm, -100);
  EXPECT_EQ(reference.instrument(InstrumentId{0}).taker_ppm, 300);
  EXPECT_EQ(reference.instrument(InstrumentId{0}).state, InstrumentState::halted);
  EXPECT_TRUE(reference.account(AccountId{2}).suspended);
}

TEST_F(ReferenceTest, defining_again_with_other_values_is_refused) {
  define_venue();
  EXPECT_EQ(reference.check(make.asset(0, "EUR")), Reject::already_defined);
  EXPECT_EQ(reference.check(make.instrument(0, "AAPL", 1, 0, Nanos{5})), Reject::already_defined);
  EXPECT_EQ(reference.check(make.instrument(1, "AAPL", 1, 0)), Reject::already_defined);
  EXPECT_EQ(reference.check(make.account(2, AccountRole::fees)), Reject::already_defined);
  EXPECT_EQ(reference.check(make.account(3, AccountRole::fees)), Reject::already_defined);
  EXPECT_EQ(reference.check(make.account(3, AccountRole::external)), Reject::already_defined);
}

TEST_F(ReferenceTest, what_names_something_unknown_is_refused) {
  EXPECT_EQ(reference.check(make.account(0)), Reject::unknown_reference);
  EXPECT_EQ(reference.check(make.session(0)), Reject::unknown_reference);
  EXPECT_EQ(reference.check(make.instrument(0, "AAPL", 1, 0)), Reject::unknown_reference);
  define_venue();
  EXPECT_EQ(reference.check(make.instrument(1, "X", 3, 0)), Reject::unknown_reference);
  EXPECT_EQ(reference.check(make.fees(1, 0, 0)), Reject::unknown_reference);
  EXPECT_EQ(reference.check(make.deposit(3, 0, 1)), Reject::unknown_reference);
  EXPECT_EQ(reference.check(make.deposit(2, 3, 1)), Reject::unknown_reference);
  EXPECT_EQ(reference.check(make.deposit(1, 0, 1)), Reject::unknown_reference);
}

TEST_F(ReferenceTest, values_beyond_what_the_arithmetic_carries_are_refused) {
  define_venue();
  const std::vector<std::function<void(DefineInstrument&)>> faults = {
      [](auto& d) { d.tick_lot_value = 0; },
      [](auto& d) { d.tick_lot_value = limits::tick_lot_value_max + 1; },
      [](auto& d) { d.lot_value = 0; },
      [](auto& d) { d.lot_value = INT64_MAX, d.quantity_max = limits::quantity_max; },
      [](auto& d) { d.wire_tick = 0; },
      [](auto& d) { d.fee_cap_ppm = 1'000'001; },
      [](auto& d) { d.price_max = Price{0}; },
      [](auto& d) { d.price_max = limits::price_max + Price{1}; },
      [](auto& d) { d.quantity_max = Quantity{0}; },
      [](auto& d) { d.quantity_max = limits::quantity_max + Quantity{1}; },
      [](auto& d) { d.notional_max_high = std::uint64_t{1} << 37; },
      [](auto& d) { d.notional_max_high = std::uint64_t{1} << 63; },
      [](auto& d) { d.reference = Price{-1}; },
      [](auto& d) { d.reference = d.price_max + Price{1}; },
      [](auto& d) { d.settlement_cycle = Nanos{-1}; },
      [](auto& d) { d.base = d.quote; },
      [](auto& d) { d.state = InstrumentState{6}; },
      [](auto& d) { d.collar_ppm = 1'000'001; },
      [](auto& d) { d.static_collar_ppm = 1'000'001; },
      [](auto& d) { d.pause_ms = 1; },
      [](auto& d) { d.limit_state_ms = 1; },
      [](auto& d) { d.band_ppm = 1'000'001, d.pause_ms = 1, d.volatility_auction_ms = 1; },
      [](auto& d) { d.band_ppm = 1, d.pause_ms = 0, d.volatility_auction_ms = 1; },
      [](auto& d) { d.band_ppm = 1, d.pause_ms = 1, d.volatility_auction_ms = 0; },
      [](auto& d) { d.band_ppm = 1, d.pause_ms = limits::auction_ms_max + 1; },
      [](auto& d) { d.band_ppm = d.static_collar_ppm = d.pause_ms = d.volatility_auction_ms = 1; },
      [](auto& d) { d.protection_ppm = 1'000'001; },
      [](auto& d) { d.volatility_auction_ms = limits::auction_ms_max + 1; },
      [](auto& d) { d.volatility_extension_ms = limits::auction_ms_max + 1; },
      [](auto& d) { d.price_max = Price{42'949'673}; },
      [](auto& d) { d.wire_tick = 1, d.price_max = Price{0x7FFF'FFFF}; },
      [](auto& d) { d.wire_tick = 0x7FFF'FFFF, d.price_max = Price{1}; },
      [](auto& d) { d.lot_value = 0x1'0000'0001; },
      [](auto& d) { d.symbol[0] = ' '; },
      [](auto& d) { d.symbol[7] = '\n'; },
  };
  EXPECT_EQ(reference.check(instrument_with([](auto&) {})), Reject::none);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    EXPECT_EQ(reference.check(instrument_with(faults[i])), Reject::limit_exceeded) << i;
  }
  EXPECT_EQ(reference.check(make.asset(2, "DUST", 19)), Reject::limit_exceeded);
  // Exactly at the edge, and with decimals that a lot can do without.
  for (const auto& edge : std::vector<std::function<void(DefineInstrument&)>>{
           [](auto& d) { d.price_max = Price{42'949'672}; },
           [](auto& d) { d.wire_tick = 1, d.price_max = Price{0x7FFF'FFFE}; },
           [](auto& d) { d.lot_value = 0xFFFF'FFFF; }}) {
    EXPECT_EQ(reference.check(instrument_with(edge)), Reject::none);
  }
  accept(make.asset(2, "COIN", 18));
  EXPECT_EQ(reference.check(instrument_with([](auto& d) {
    d.base = AssetId{2}, d.lot_value = 1'000'000'000'000'000'000, d.quantity_max = Quantity{1'000};
  })),
            Reject::none);
  EXPECT_EQ(reference.check(make.fees(0, 0, 10'001)), Reject::limit_exceeded);
  EXPECT_EQ(reference.check(make.fees(0, 10'001, 0)), Reject::limit_exceeded);
  EXPECT_EQ(reference.check(make.fees(0, -1'000'001, 0)), Reject::limit_exceeded);
  EXPECT_EQ(reference.check(make.deposit(2, 0, 0)), Reject::limit_exceeded);
  EXPECT_EQ(
      reference.check(make.payment(CommandKind::withdraw, 2, 0, limits::money_max + Money{1})),
      Reject::limit_exceeded);
}

TEST_F(ReferenceTest, limits_are_changed_one_by_one_and_a_refused_change_changes_nothing) {
  define_venue();
  accept(make.limit_of_account(2, 7));
  EXPECT_EQ(reference.account(AccountId{2}).open_orders_max, 7U);
  Instrument expected = reference.instrument(InstrumentId{0});
  accept(make.limit_of_instrument(0, LimitKind::quantity_max, 500));
  accept(make.limit_of_instrument(0, LimitKind::notional_max, 9'000));
  accept(make.limit_of_instrument(0, LimitKind::collar_ppm, 20'000));
  accept(make.limit_of_instrument(0, LimitKind::protection_ppm, 30'000));
  accept(make.limit_of_instrument(0, LimitKind::static_collar_ppm, 40'000));
  expected.quantity_max = Quantity{500};
  expected.notional_max = Money{9'000};
  expected.collar_ppm = 20'000;
  expected.protection_ppm = 30'000;
  expected.static_collar_ppm = 40'000;
  EXPECT_EQ(reference.instrument(InstrumentId{0}), expected);
  accept(make.limit_of_instrument(0, LimitKind::notional_max, 0));
  expected.notional_max = limits::money_max;
  EXPECT_EQ(reference.instrument(InstrumentId{0}), expected);

  for (const auto& [command, told] : std::vector<std::pair<Command, Reject>>{
           {make.limit_of_account(3, 1), Reject::unknown_reference},
           {make.limit_of_account(2, -1), Reject::limit_exceeded},
           {make.limit_of_account(2, std::int64_t{1} << 32), Reject::limit_exceeded},
           {make.limit_of_instrument(1, LimitKind::collar_ppm, 1), Reject::unknown_reference},
           {make.limit_of_instrument(0, LimitKind::open_orders_max, 1), Reject::unknown_reference},
           {make.limit_of_instrument(0, LimitKind::quantity_max, 0), Reject::limit_exceeded},
           {make.limit_of_instrument(0, LimitKind::quantity_max, limits::quantity_max.value + 1),
            Reject::limit_exceeded},
           {make.limit_of_instrument(0, LimitKind::notional_max, -1), Reject::limit_exceeded},
           {make.limit_of_instrument(0, LimitKind::collar_ppm, 1'000'001), Reject::limit_exceeded},
           {make.limit_of_instrument(0, LimitKind::static_collar_ppm, 1'000'001),
            Reject::limit_exceeded},
           {make.limit_of_instrument(0, LimitKind::protection_ppm, (std::int64_t{1} << 32) + 1),
            Reject::limit_exceeded},
           {make.limit_of_instrument(0, LimitKind{0}, 1), Reject::limit_exceeded},
           {make.limit_of_instrument(0, LimitKind{9}, 1), Reject::limit_exceeded}}) {
    EXPECT_EQ(reference.check(command), told);
    Command refused = command;
    refused.order.verdict = told;
    reference.apply(refused);
  }
  EXPECT_EQ(reference.instrument(InstrumentId{0}), expected);
  EXPECT_EQ(reference.account(AccountId{2}).open_orders_max, 7U);
}

TEST_F(ReferenceTest, an_epochs_limits_bind_however_much_memory_there_is) {
  define_venue();
  EpochStart start{};
  start.limits.accounts_max = 4;
  start.limits.assets_max = 2;
  start.limits.instruments_max = 1;
  start.limits.sessions_max = 1;
  start.limits.firms_max = 1;
  accept(make.next(CommandKind::epoch_start, start));
  EXPECT_EQ(reference.check(make.asset(2, "EUR")), Reject::limit_exceeded);
  EXPECT_EQ(reference.check(make.firm(1)), Reject::limit_exceeded);
  EXPECT_EQ(reference.check(make.account(4)), Reject::limit_exceeded);
  EXPECT_EQ(reference.check(make.instrument(1, "NEW", 1, 0)), Reject::limit_exceeded);
  EXPECT_EQ(reference.check(make.session(1)), Reject::limit_exceeded);
  accept(make.account(3));
}

TEST_F(ReferenceTest, a_ninth_length_of_settlement_cycle_is_refused) {
  define_venue();  // The first length is zero.
  for (std::uint32_t i = 1; i < limits::settlement_cycles_max; ++i) {
    accept(make.instrument(i, numbered(i), 1, 0, Nanos{i * 1'000}));
  }
  EXPECT_EQ(reference.settlement_cycles().size(), limits::settlement_cycles_max);
  EXPECT_EQ(reference.check(make.instrument(9, "S9", 1, 0, Nanos{9'000})), Reject::limit_exceeded);
  accept(make.instrument(9, "S9", 1, 0, Nanos{3'000}));
  EXPECT_EQ(reference.instrument(InstrumentId{9}).cycle, 3);
}

TEST(FeeTest, a_fee_rounds_up_and_a_rebate_down) {
  EXPECT_EQ(fee(Money{1'000'000}, 3), Money{3});
  EXPECT_EQ(fee(Money{1'000'001}, 3), Money{4});
  EXPECT_EQ(fee(Money{1}, 1), Money{1});
  EXPECT_EQ(fee(Money{1'999'999}, -1), Money{-1});
  EXPECT_EQ(fee(Money{999'999}, -1), Money{0});
  EXPECT_EQ(fee(Money{2'000'000}, -1), Money{-2});
  EXPECT_EQ(fee(Money{12'345}, 0), Money{0});
  EXPECT_EQ(fee(limits::money_max, ppm_one), limits::money_max);
  EXPECT_EQ(fee(limits::money_max, -ppm_one), -limits::money_max);
}

TEST(HoldTest, a_buy_holds_quote_with_fees_and_a_sell_holds_base) {
  Instrument instrument;
  instrument.tick_lot_value = 5;
  instrument.lot_value = 7;
  instrument.fee_cap_ppm = 10'000;
  EXPECT_EQ(hold(Side::buy, Price{1'001}, Quantity{3}, instrument), Money{15'015 + 150 + 3});
  EXPECT_EQ(hold(Side::sell, Price{1'001}, Quantity{3}, instrument), Money{21});
}

}  // namespace
}  // namespace basalt
