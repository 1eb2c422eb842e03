// From the bytes of an administrative message to the command that risk decides.
#include "engine/gateway/admin_decoder.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "engine/gateway/order_decoder.h"
#include "tests/unit/venue_commands.h"

namespace basalt::gateway {
namespace {

constexpr SessionId admin{1};
constexpr SessionId trader{0};
constexpr Nanos received{77};

class AdminDecoding : public testing::Test {
 protected:
  AdminDecoding() : arena_(ReferenceData::memory_bytes(limits)), reference_(limits, arena_) {
    test::CommandMaker make;
    reference_.apply(make.asset(0, "USD"));
    reference_.apply(make.asset(1, "AAPL"));
    reference_.apply(make.firm(0));
    Command account = make.account(3);
    auto account_definition = account.as<DefineAccount>();
    account_definition.name = test::padded<15>("MAKER1");
    account.set(account_definition);
    reference_.apply(account);
    reference_.apply(make.session(0));
    Command session = make.session(1);
    auto definition = session.as<DefineSession>();
    definition.is_admin = 1;
    session.set(definition);
    reference_.apply(session);
    reference_.apply(make.instrument(2, "AAPL", 1, 0));
  }

  // The message, filled in by the caller, with number 9 and an id of 0xAB.
  template <typename M, typename Fill>
  Command decoded(Fill&& fill, SessionId session = admin) const {
    std::vector<std::byte> bytes(sizeof(M));
    M& message = *wire::emplace<M>(bytes);
    message.user_ref_num = 9;
    message.external_id = id_of(0xAB).bytes;
    fill(message);
    Command command;
    EXPECT_EQ(decode_order(bytes, session, received, reference_, command), Intake::command);
    EXPECT_EQ(command.order.flags, flag_by_session);
    EXPECT_EQ(command.order.slots, 3);
    EXPECT_EQ(command.origin.user_ref_num, 9U);
    EXPECT_EQ(command.origin.session, session);
    EXPECT_EQ(command.origin.received, received);
    return command;
  }
  static ExternalId id_of(std::uint8_t byte) {
    ExternalId id;
    id.bytes.fill(byte);
    return id;
  }

  static constexpr ReferenceLimits limits{
      .assets_max = 4, .instruments_max = 4, .accounts_max = 4, .sessions_max = 4, .firms_max = 4};
  Arena arena_;
  ReferenceData reference_;
};

void pay(auto& payment) {
  payment.account = "MAKER1";
  payment.asset = "AAPL";
  payment.amount = (static_cast<uint128>(5) << 64) | 6;
}

TEST_F(AdminDecoding, payments_name_account_and_asset_and_keep_all_bits_of_the_amount) {
  const Command deposit = decoded<ouch50::Deposit>([](auto& message) { pay(message); });
  EXPECT_EQ(deposit.order.kind, CommandKind::deposit);
  EXPECT_EQ(deposit.order.verdict, Reject::none);
  EXPECT_EQ(deposit.order.account, AccountId{3});
  const auto amendment = deposit.as<Amendment>();
  EXPECT_EQ(amendment.external_id, id_of(0xAB));
  EXPECT_EQ(amendment.asset, AssetId{1});
  EXPECT_TRUE(amendment.amount().value == ((static_cast<int128>(5) << 64) | 6));
  const Command withdraw = decoded<ouch50::Withdraw>([](auto& message) { pay(message); });
  EXPECT_EQ(withdraw.order.kind, CommandKind::withdraw);
  EXPECT_EQ(withdraw.as<Amendment>().amount(), amendment.amount());
}

TEST_F(AdminDecoding, what_names_nothing_reaches_risk_as_nothing) {
  const Command deposit = decoded<ouch50::Deposit>([](auto& message) {
    message.account = "MAKER";  // The front of a name is no name.
    message.asset = "EUR";
    message.amount = 1;
  });
  EXPECT_EQ(deposit.order.account, no_account);
  EXPECT_EQ(deposit.as<Amendment>().asset, no_asset);
  EXPECT_EQ(reference_.check(deposit), Reject::unknown_reference);
}

TEST_F(AdminDecoding, an_amount_beyond_all_money_is_no_debt) {
  const Command deposit = decoded<ouch50::Deposit>([](auto& message) {
    pay(message);
    message.amount = ~uint128{0};
  });
  EXPECT_LT(deposit.as<Amendment>().amount(), Money{1});  // Risk refuses it.
}

TEST_F(AdminDecoding, fees_carry_their_sign) {
  const Command fees = decoded<ouch50::SetFees>([](auto& message) {
    message.symbol = "AAPL";
    message.maker_ppm = -20;
    message.taker_ppm = 30;
  });
  EXPECT_EQ(fees.order.kind, CommandKind::set_fees);
  EXPECT_EQ(fees.order.instrument, InstrumentId{2});
  EXPECT_EQ(fees.as<Amendment>().maker_ppm, -20);
  EXPECT_EQ(fees.as<Amendment>().taker_ppm, 30);
}

TEST_F(AdminDecoding, a_halt_has_a_level_and_times_and_its_levels_keep_all_bits) {
  const auto halt = [&](char level, std::uint32_t halted, std::uint32_t auction) {
    return decoded<ouch50::HaltMarket>([&](auto& message) {
      message.level = ouch50::HaltLevel{level};
      message.halt_seconds = halted;
      message.auction_seconds = auction;
    });
  };
  const Command second = halt('2', 900, 300);
  EXPECT_EQ(second.order.kind, CommandKind::halt_market);
  EXPECT_EQ(second.order.instrument, no_instrument);
  EXPECT_EQ(second.as<Amendment>().halt_level, 2);
  EXPECT_EQ(second.as<Amendment>().halt().halted, Nanos{900'000'000'000});
  EXPECT_EQ(second.as<Amendment>().halt().auction, Nanos{300'000'000'000});
  EXPECT_EQ(reference_.check(second), Reject::none);
  EXPECT_EQ(reference_.check(halt('3', 0, 0)), Reject::none);
  EXPECT_EQ(reference_.check(halt('3', 1, 1)), Reject::limit_exceeded);
  EXPECT_EQ(reference_.check(halt('1', 0, 0)), Reject::limit_exceeded);
  EXPECT_EQ(reference_.check(halt('1', 1, 0)), Reject::limit_exceeded);
  EXPECT_EQ(reference_.check(halt('1', 86'401, 1)), Reject::limit_exceeded);
  EXPECT_EQ(reference_.check(halt('1', ~0U, ~0U)), Reject::limit_exceeded);
  EXPECT_EQ(halt('4', 1, 1).order.verdict, Reject::invalid_value);
  const Command levels = decoded<ouch50::SetHaltLevels>([](auto& message) {
    message.level_1 = ~std::uint64_t{0};
    message.level_2 = ~std::uint64_t{0} - 1;
    message.level_3 = 3;
  });
  EXPECT_EQ(levels.order.kind, CommandKind::set_halt_levels);
  EXPECT_EQ(levels.as<Amendment>().halt_levels(),
            (std::array<std::uint64_t, 3>{~std::uint64_t{0}, ~std::uint64_t{0} - 1, 3}));
}

TEST_F(AdminDecoding, states_are_letters_and_any_other_letter_is_refused) {
  const auto state_of = [&](char letter) {
    return decoded<ouch50::SetInstrumentState>([letter](auto& message) {
      message.symbol = "AAPL";
      message.state = ouch50::TradingState{letter};
    });
  };
  EXPECT_EQ(state_of('O').as<Amendment>().instrument_state, InstrumentState::open);
  EXPECT_EQ(state_of('H').as<Amendment>().instrument_state, InstrumentState::halted);
  EXPECT_EQ(state_of('C').as<Amendment>().instrument_state, InstrumentState::closed);
  EXPECT_EQ(state_of('A').as<Amendment>().instrument_state, InstrumentState::opening_auction);
  EXPECT_EQ(state_of('V').as<Amendment>().instrument_state, InstrumentState::volatility_auction);
  EXPECT_EQ(state_of('L').as<Amendment>().instrument_state, InstrumentState::closing_auction);
  EXPECT_EQ(state_of('U').order.kind, CommandKind::uncross);
  EXPECT_EQ(state_of('H').order.verdict, Reject::none);
  EXPECT_EQ(state_of('h').order.verdict, Reject::invalid_value);

  const auto status_of = [&](char letter) {
    return decoded<ouch50::SetAccountState>([letter](auto& message) {
      message.account = "MAKER1";
      message.status = ouch50::AccountStatus{letter};
    });
  };
  EXPECT_EQ(status_of('S').as<Amendment>().account_suspended, 1);
  EXPECT_EQ(status_of('A').as<Amendment>().account_suspended, 0);
  EXPECT_EQ(status_of('A').order.verdict, Reject::none);
  EXPECT_EQ(status_of('X').order.verdict, Reject::invalid_value);
}

TEST_F(AdminDecoding, market_events_are_those_that_somebody_hears) {
  for (int letter = 0; letter < 256; ++letter) {
    const Command event = decoded<ouch50::TellMarketEvent>([letter](auto& message) {
      message.event = ouch50::MarketEventCode{static_cast<char>(letter)};
    });
    const bool known = letter == 'S' || letter == 'Q' || letter == 'M' || letter == 'E';
    EXPECT_EQ(event.order.verdict, known ? Reject::none : Reject::invalid_value) << letter;
    EXPECT_EQ(event.as<Amendment>().market_event, letter);
  }
}

TEST_F(AdminDecoding, limits_carry_what_they_limit_and_their_value) {
  const Command limit = decoded<ouch50::SetLimit>([](auto& message) {
    message.limit = ouch50::LimitType::open_orders;
    message.account = "MAKER1";
    message.value = 100;
  });
  EXPECT_EQ(limit.order.kind, CommandKind::set_limit);
  EXPECT_EQ(limit.order.account, AccountId{3});
  EXPECT_EQ(limit.order.instrument, no_instrument);
  EXPECT_EQ(limit.as<Amendment>().limit, LimitKind::open_orders_max);
  EXPECT_EQ(limit.as<Amendment>().amount(), Money{100});
  const auto kind_of = [&](char letter) {
    return decoded<ouch50::SetLimit>(
               [&](auto& message) { message.limit = ouch50::LimitType{letter}; })
        .as<Amendment>()
        .limit;
  };
  EXPECT_EQ(kind_of('C'), LimitKind::collar_ppm);
  EXPECT_EQ(kind_of('S'), LimitKind::static_collar_ppm);
  const Command other =
      decoded<ouch50::SetLimit>([](auto& message) { message.limit = ouch50::LimitType{'Z'}; });
  EXPECT_EQ(other.order.verdict, Reject::invalid_value);
}

TEST_F(AdminDecoding, a_mass_cancel_is_of_an_account_an_instrument_or_both) {
  const auto cancel = [&](const char* account, const char* symbol, char side) {
    return decoded<ouch50::CancelOrders>([&](auto& message) {
      EXPECT_TRUE(message.account.assign(account));
      EXPECT_TRUE(message.symbol.assign(symbol));
      message.side = ouch50::CancelSide{side};
    });
  };
  const Command both = cancel("MAKER1", "AAPL", 'S');
  EXPECT_EQ(both.order.kind, CommandKind::mass_cancel_by_venue);
  EXPECT_EQ(both.order.verdict, Reject::none);
  EXPECT_EQ(both.order.account, AccountId{3});
  EXPECT_EQ(both.order.instrument, InstrumentId{2});
  EXPECT_EQ(both.order.side, Side::sell);
  EXPECT_EQ(both.origin.wire_side, 'S');
  const Command account = cancel("MAKER1", "", ' ');
  EXPECT_EQ(account.order.verdict, Reject::none);
  EXPECT_EQ(account.order.instrument, no_instrument);
  EXPECT_EQ(account.origin.wire_side, 0);
  EXPECT_EQ(reference_.check(account), Reject::none);
  EXPECT_EQ(cancel("", "AAPL", 'B').order.verdict, Reject::none);
  // A name that is wrong does not widen it, and neither does none at all.
  EXPECT_EQ(cancel("MAKER", "AAPL", ' ').order.verdict, Reject::unknown_reference);
  EXPECT_EQ(cancel("MAKER1", "APL", ' ').order.verdict, Reject::unknown_reference);
  EXPECT_EQ(reference_.check(cancel("", "", ' ')), Reject::unknown_reference);
  EXPECT_EQ(cancel("MAKER1", "AAPL", 'T').order.verdict, Reject::invalid_value);
}

TEST_F(AdminDecoding, a_command_without_an_external_id_is_refused) {
  const Command deposit = decoded<ouch50::Deposit>([](auto& message) {
    pay(message);
    message.external_id = ExternalId{}.bytes;
  });
  EXPECT_EQ(deposit.order.verdict, Reject::invalid_value);
}

TEST_F(AdminDecoding, who_may_not_administer_makes_nobody_search_for_names) {
  const Command deposit = decoded<ouch50::Deposit>([](auto& message) { pay(message); }, trader);
  EXPECT_EQ(deposit.order.account, no_account);
  EXPECT_EQ(deposit.as<Amendment>().asset, no_asset);
}

TEST_F(AdminDecoding, a_message_of_another_length_is_not_one) {
  std::vector<std::byte> bytes(sizeof(ouch50::SetInstrumentState) + 1);
  ASSERT_NE(wire::emplace<ouch50::SetInstrumentState>(bytes), nullptr);
  Command command;
  EXPECT_EQ(decode_order(bytes, admin, received, reference_, command), Intake::malformed);
  bytes.resize(bytes.size() - 2);
  EXPECT_EQ(decode_order(bytes, admin, received, reference_, command), Intake::malformed);
}

}  // namespace
}  // namespace basalt::gateway
