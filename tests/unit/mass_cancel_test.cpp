// What a firm asks of all its orders at once, through risk, the books and history: whose orders a
// mass cancel is of, what its owners are told, and order entry off and on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/oracle/naive_mass_cancel.h"
#include "tests/oracle/small_venue.h"
#include "tests/property/reach_probes.h"
#include "tests/unit/told_venue.h"

namespace basalt::oracle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t other_session = 8;  // Of another firm, with an account of its own.
constexpr AccountId other_account{20};

AccountId account_of(std::uint32_t session) {
  return AccountId{traders_first + session};
}

class FirmRequests : public testing::Test, protected test::ToldVenue {
 protected:
  explicit FirmRequests(const CoreVenue::Settings& settings = {}) : ToldVenue(settings) {
    define_another_firm();
  }

  void define_another_firm() {
    test::CommandMaker make;
    Command firm = make.firm(1);
    auto named = firm.as<DefineFirm>();
    named.name = test::padded<4>("OTHR");
    firm.set(named);
    tell(firm);
    Command account = make.account(index_of(other_account));
    auto owned = account.as<DefineAccount>();
    owned.firm = FirmId{1};
    account.set(owned);
    tell(account);
    Command session = make.session(other_session);
    auto acting = session.as<DefineSession>();
    acting.firm = FirmId{1};
    acting.default_account = other_account;
    session.set(acting);
    tell(session);
    tell(make.deposit(index_of(other_account), usd, 1'000'000'000));
  }

  // Buys of 1 at one tick, which rest.
  void rest(std::uint32_t session, std::uint32_t ref, std::uint32_t instrument = aapl) {
    tell(enter({.session = session, .ref = ref, .instrument = instrument}));
  }
  void rest_sell(std::uint32_t session, std::uint32_t ref, std::uint32_t instrument = aapl) {
    tell(enter({.session = session,
                .ref = ref,
                .side = Side::sell,
                .price = 9'000,
                .instrument = instrument}));
  }
};

TEST_F(FirmRequests, a_mass_cancel_is_of_all_sessions_of_the_firm_and_of_no_other) {
  rest(0, 1);
  rest(1, 1, btc_usd);
  rest_sell(0, 2);
  rest(other_session, 1);
  tell(mass_cancel({0, 3}));
  EXPECT_THAT(told(0), ElementsAre("X 3 FIRM -", "C 1 1 U", "C 2 1 U"));
  EXPECT_THAT(told(1), ElementsAre("C 1 1 U"));
  EXPECT_THAT(told(other_session), IsEmpty());
  EXPECT_EQ(live(), 1U);
  venue().assert_invariants();
}

TEST_F(FirmRequests, each_part_of_a_scope_narrows_it) {
  std::uint32_t ref = 0;
  const auto left_by = [&](const Scope& scope) {
    const std::uint32_t first = ref + 1;
    ref += 5;
    rest(0, first);
    rest_sell(0, first + 1);
    rest(0, first + 2, btc_usd);
    rest(1, first + 3);
    const std::uint32_t before = live();
    tell(mass_cancel({0, first + 3}, scope));
    const std::uint32_t left = live();
    EXPECT_EQ(before, 4U);
    tell(mass_cancel({0, first + 4}));
    EXPECT_EQ(live(), 0U);
    return left;
  };
  EXPECT_EQ(left_by({}), 0U);
  EXPECT_EQ(left_by({.instrument = InstrumentId{aapl}}), 1U);
  EXPECT_EQ(left_by({.side = 'B'}), 1U);
  EXPECT_EQ(left_by({.side = 'E'}), 3U);
  EXPECT_EQ(left_by({.account = account_of(1)}), 3U);
  EXPECT_EQ(left_by({.account = account_of(0), .instrument = InstrumentId{aapl}, .side = 'B'}), 3U);
  EXPECT_EQ(left_by({.account = account_of(2)}), 4U);
}

TEST_F(FirmRequests, a_group_narrows_a_mass_cancel_and_replacements_stay_in_it) {
  tell(enter({.session = 0, .ref = 1, .group = 7}));
  tell(enter({.session = 0, .ref = 2, .group = 8}));
  tell(enter({.session = 1, .ref = 1, .group = 7}));
  rest(0, 3);  // Of none.
  tell(replace({0, 1}, 4, 1, 2));
  told(0);
  tell(mass_cancel({0, 5}, {.group = 9}));
  EXPECT_EQ(live(), 4U);
  tell(mass_cancel({0, 6}, {.account = account_of(0), .group = 7}));
  EXPECT_THAT(told(0),
              ElementsAre("X 5 FIRM - +24=0009", "X 6 FIRM - +24=0007 +128=00000002", "C 4 1 U"));
  tell(mass_cancel({0, 7}, {.group = 7}));
  EXPECT_EQ(live(), 2U);
  tell(mass_cancel({0, 8}));
  EXPECT_EQ(live(), 0U);
}

TEST_F(FirmRequests, the_response_says_what_was_asked_and_precedes_what_comes_of_it) {
  rest_sell(0, 1);
  told(0);
  tell(mass_cancel({.session = 0, .ref = 2, .channel = 5},
                   {.account = account_of(0), .instrument = InstrumentId{aapl}, .side = 'T'}));
  EXPECT_THAT(told(0), ElementsAre("X 2 FIRM AAPL +27=54 +128=00000002 +28=05", "C 1 1 U"));
}

TEST_F(FirmRequests, bytes_are_those_of_the_standard) {
  venue().set_time(Nanos{86'400'000'000'000 * 20'000 + 0x0102'0304'0506});
  tell(mass_cancel({0, 0x11}, {.instrument = InstrumentId{btc_usd}, .side = 'S'}));
  tell(disable_entry({0, 0x12}));
  tell(enable_entry({0, 0x13}));
  const auto bytes = [&](std::uint64_t number) {
    const auto message = answers().at(0, number).bytes;
    return std::string(reinterpret_cast<const char*>(message.data()), message.size());
  };
  EXPECT_EQ(bytes(1), std::string("X\x00\x00\x01\x02\x03\x04\x05\x06"  // Type, time.
                                  "\x00\x00\x00\x11"                   // UserRefNum.
                                  "FIRMBTC-USD "                       // Firm, symbol.
                                  "\x00\x03\x02\x1BS",                 // Appendage: the side.
                                  30));
  EXPECT_EQ(bytes(2), std::string("G\x00\x00\x01\x02\x03\x04\x05\x06\x00\x00\x00\x12"
                                  "FIRM\x00\x00",
                                  19));
  EXPECT_EQ(bytes(3), std::string("K\x00\x00\x01\x02\x03\x04\x05\x06\x00\x00\x00\x13"
                                  "FIRM\x00\x00",
                                  19));
}

TEST_F(FirmRequests, use_a_number_and_their_retransmissions_are_silent) {
  rest(0, 1);
  tell(mass_cancel({0, 5}));
  rest(0, 6);
  EXPECT_TRUE(tell(mass_cancel({0, 5})).empty());
  EXPECT_TRUE(tell(disable_entry({0, 6})).empty());
  EXPECT_TRUE(tell(enable_entry({0, 4})).empty());
  EXPECT_EQ(live(), 1U);
  EXPECT_EQ(tell(query(0)).front().command.origin.original_user_ref_num, 7U);
  EXPECT_EQ(tell(mass_cancel({.session = 0, .ref = 5, .channel = 1})).size(), 3U)
      << "numbered by itself: the request, a cancel, and that it is done";
}

TEST_F(FirmRequests, that_are_refused_are_rejected_and_cancel_nothing) {
  rest(0, 1);
  rest(other_session, 1);
  told(0);
  Command wrong = mass_cancel({0, 2});
  wrong.order.verdict = Reject::unknown_instrument;  // Found by the decoder.
  tell(wrong);
  tell(mass_cancel({0, 3}, {.account = other_account}));
  tell(mass_cancel({0, 4}, {.account = AccountId{31}}));
  tell(mass_cancel({0, 5}, {.account = AccountId{fees_account}}));
  tell(disable_entry({0, 6}, other_account));
  tell(enable_entry({0, 7}, other_account));
  EXPECT_THAT(told(0),
              ElementsAre("J 2 23 -", "J 3 12 -", "J 4 12 -", "J 5 12 -", "J 6 12 -", "J 7 12 -"));
  EXPECT_EQ(live(), 2U);
}

TEST_F(FirmRequests, order_entry_that_is_off_refuses_orders_and_replacements_and_no_cancel) {
  rest(0, 1);
  rest(0, 2);
  rest(1, 1);
  told(0);
  tell(disable_entry({0, 3}));
  EXPECT_EQ(verdict_of(enter({.session = 1, .ref = 2})), Reject::entry_disabled);
  EXPECT_EQ(verdict_of(enter({.session = other_session, .ref = 2})), Reject::none);
  tell(enter({.session = 0, .ref = 4}));
  tell(replace({0, 1}, 5, 2, 1));
  tell(cancel({0, 2}));
  tell(mass_cancel({1, 3}));
  EXPECT_THAT(told(0), ElementsAre("G 3 FIRM", "J 4 12 NO 4", "C 1 1 S", "C 2 1 U"));
  EXPECT_THAT(told(1), ElementsAre("J 2 12 NO 2", "X 3 FIRM -", "C 1 1 U"));
  tell(enable_entry({1, 4}));
  EXPECT_EQ(verdict_of(enter({.session = 0, .ref = 6})), Reject::none);
  venue().assert_invariants();
}

TEST_F(FirmRequests, order_entry_of_an_account_is_a_switch_of_its_own) {
  tell(disable_entry({0, 1}, account_of(1)));
  EXPECT_EQ(verdict_of(enter({.session = 0, .ref = 2})), Reject::none);
  EXPECT_EQ(verdict_of(enter({.session = 1, .ref = 1})), Reject::entry_disabled);
  tell(enable_entry({0, 3}));
  EXPECT_EQ(verdict_of(enter({.session = 1, .ref = 2})), Reject::entry_disabled);
  tell(disable_entry({0, 4}));
  tell(enable_entry({0, 5}, account_of(1)));
  EXPECT_EQ(verdict_of(enter({.session = 1, .ref = 3})), Reject::entry_disabled);
  tell(enable_entry({0, 6}));
  EXPECT_EQ(verdict_of(enter({.session = 1, .ref = 4})), Reject::none);
}

TEST_F(FirmRequests, the_operators_suspension_is_not_the_firms_to_lift) {
  Amendment amendment{};
  amendment.account_suspended = 1;
  Command suspend = test::CommandMaker{}.next(CommandKind::set_account_state, amendment);
  suspend.order.account = account_of(0);
  tell(suspend);
  tell(enable_entry({0, 1}, account_of(0)));
  EXPECT_EQ(verdict_of(enter({.session = 0, .ref = 2})), Reject::account_suspended);
}

TEST_F(FirmRequests, what_is_off_survives_a_restart_and_is_in_the_state) {
  const auto hash_of = [](const risk::RiskCore& core) {
    StateHash hash;
    core.add_to_hash(hash);
    return hash.digest();
  };
  const std::uint64_t on = hash_of(venue().risk());
  tell(disable_entry({0, 1}));
  const std::uint64_t firm_off = hash_of(venue().risk());
  tell(disable_entry({0, 2}, account_of(1)));
  EXPECT_NE(on, firm_off);
  EXPECT_NE(firm_off, hash_of(venue().risk()));
  CoreVenue again{CoreVenue::Settings{}};
  for (const LogRecord& record : small().log()) again.replay(record.command);
  again.end_replay();
  // The venue file says the same again at every start.
  for (const Command& command : small_venue_definitions()) {
    if (is_definition(command.order)) {
      EXPECT_EQ(again.submit(command).front().command.order.verdict, Reject::none);
    }
  }
  EXPECT_EQ(hash_of(again.risk()), hash_of(venue().risk()));
  EXPECT_EQ(again.submit(enter({.session = 2, .ref = 1})).front().command.order.verdict,
            Reject::entry_disabled);
  again.submit(enable_entry({0, 3}));
  again.submit(enable_entry({0, 4}, account_of(1)));
  EXPECT_EQ(hash_of(again.risk()), on);
}

TEST_F(FirmRequests, the_operators_mass_cancel_is_told_as_supervisory) {
  tell(define_admin());
  rest(0, 1);
  rest(1, 1);
  rest_sell(1, 2);
  rest(other_session, 1);
  const auto ask = [&](std::uint32_t ref, std::uint8_t id, const Scope& scope) {
    tell(administered(mass_cancel_by_venue({}, scope), ref, id));
  };
  ask(1, 1, {.account = account_of(1), .instrument = InstrumentId{aapl}});
  EXPECT_THAT(told(1), ElementsAre("C 1 1 S", "C 2 1 S"));
  EXPECT_EQ(live(), 2U);
  ask(2, 1, {.instrument = InstrumentId{aapl}});
  EXPECT_EQ(live(), 2U) << "one id is applied once";
  ask(3, 2, {.instrument = InstrumentId{aapl}, .side = 'B'});
  EXPECT_THAT(told(0), ElementsAre("C 1 1 S"));
  EXPECT_THAT(told(other_session), ElementsAre("C 1 1 S"));
  ask(4, 3, {});
  const std::string id = "000000000000000000000000000000";
  EXPECT_THAT(told(admin_session), ElementsAre("r 1 " + id + "01 0", "r 2 " + id + "01 82",
                                               "r 3 " + id + "02 0", "r 4 " + id + "03 80"));
  venue().assert_invariants();
}

// Slices of one cancel, and risk hears late.
class FirmRequestsInSlices : public FirmRequests {
 protected:
  FirmRequestsInSlices() : FirmRequests({.feedback_lag = 3, .mass_cancel_slice = 1}) {}

  // Nothing of interest happens, and a slice is worked off.
  std::vector<LogRecord> turn() { return tell(query(3)); }
  void turns(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) turn();
  }
};

TEST_F(FirmRequestsInSlices, oldest_first_and_only_what_was_there_before) {
  for (std::uint32_t ref = 1; ref <= 3; ++ref) rest(0, ref);
  rest(2, 1);
  told(0);
  told(2);
  tell(mass_cancel({1, 1}));
  rest(0, 4);
  turns(20);
  EXPECT_THAT(told(0), ElementsAre("C 1 1 U", "C 2 1 U", "C 3 1 U"));
  EXPECT_THAT(told(2), ElementsAre("C 1 1 U"));
  EXPECT_FALSE(venue().risk().has_mass_cancels());
  EXPECT_EQ(live(), 1U);
}

TEST_F(FirmRequestsInSlices, an_order_does_not_escape_by_being_replaced) {
  rest(0, 1);
  rest(0, 2);
  tell(mass_cancel({1, 1}));
  EXPECT_EQ(live(), 2U);
  tell(replace({0, 2}, 3, 5, 1));
  turns(20);
  EXPECT_EQ(live(), 0U);
  EXPECT_EQ(tell(query(0)).front().command.origin.original_user_ref_num, 3U) << "as if it was gone";
  EXPECT_TRUE(
      property::probes_missed({"an order that a mass cancel is of is not replaced any more"})
          .empty());
}

// Where a walk rests, the order goes by another way.
TEST_F(FirmRequestsInSlices, who_cancels_meanwhile_does_not_lead_it_astray) {
  for (std::uint32_t ref = 1; ref <= 8; ++ref) rest(1, ref);
  tell(mass_cancel({0, 1}, {.account = account_of(1)}));
  for (std::uint32_t ref = 2; ref <= 8; ref += 2) tell(cancel({1, ref}));
  tell(session_down(1));
  turns(40);
  EXPECT_TRUE(property::probes_missed({"an order goes at which a mass cancel stands"}).empty());
  EXPECT_EQ(live(), 0U);
  EXPECT_FALSE(venue().risk().has_mass_cancels());
}

TEST_F(FirmRequestsInSlices, what_is_under_way_is_finished_after_a_restart) {
  for (const std::uint32_t cut : {0U, 1U, 2U, 3U}) {
    SCOPED_TRACE(cut);
    SmallVenue small({.mass_cancel_slice = 1});
    for (std::uint32_t ref = 1; ref <= 6; ++ref) {
      small.tell(enter({.session = ref % 2, .ref = ref}));
    }
    small.tell(mass_cancel({0, 7}, {.side = 'B'}));
    for (std::uint32_t i = 0; i < cut; ++i) small.tell(query(3));
    small.tell(enter({.session = 0, .ref = 8}));

    CoreVenue again{CoreVenue::Settings{}};
    for (const LogRecord& record : small.log()) again.replay(record.command);
    again.end_replay();
    EXPECT_TRUE(again.risk().has_mass_cancels());
    EXPECT_GT(again.risk().orders_live(), 1U);
    std::vector<LogRecord> rest;
    again.work_off(0, rest);
    EXPECT_EQ(rest.back().command.order.kind, CommandKind::mass_cancel_done);
    EXPECT_EQ(again.risk().orders_live(), 1U);
    again.assert_invariants();
  }
}

// The queues by themselves, with one scope for each instrument.
class Queues : public testing::Test {
 protected:
  static constexpr SessionId session{1};
  static risk::MassCancel of_instrument(std::uint32_t id) {
    risk::MassCancel request;
    request.scope.instrument = InstrumentId{id};
    request.until = id;
    return request;
  }
  void fill() {
    for (std::uint32_t id = 0; id < limits::mass_cancels_max; ++id) {
      ASSERT_TRUE(queues_.has_room(session, of_instrument(id).scope));
      queues_.add(session, of_instrument(id));
    }
  }

  Arena arena_{risk::MassCancels::memory_bytes(4)};
  risk::MassCancels queues_{4, arena_};
};

TEST_F(Queues, take_so_many_of_a_session_and_one_that_covers_them_all_besides) {
  fill();
  EXPECT_FALSE(queues_.has_room(session, of_instrument(1'000).scope));
  EXPECT_FALSE(queues_.has_room(session, of_instrument(0).scope))
      << "the first is being worked off";
  EXPECT_TRUE(queues_.has_room(session, of_instrument(1).scope)) << "in place of the same";
  EXPECT_TRUE(queues_.has_room(SessionId{2}, of_instrument(1'000).scope));
  risk::CancelScope operators;
  operators.by_venue = true;
  EXPECT_FALSE(queues_.has_room(session, operators)) << "their owners are told another reason";
  const risk::MassCancel all;
  ASSERT_TRUE(queues_.has_room(session, all.scope));
  queues_.add(session, all);
  ASSERT_EQ(queues_.of(session).size(), 2U);
  EXPECT_EQ(queues_.of(session)[0].scope.instrument, InstrumentId{0});
  EXPECT_EQ(queues_.of(session)[1].scope.instrument, no_instrument);
}

TEST_F(Queues, end_in_the_order_in_which_they_were_asked_and_sessions_take_turns) {
  fill();
  queues_.add(SessionId{3}, of_instrument(7));
  queues_.walk(session).slot = 5;
  const SessionId first = queues_.next();
  EXPECT_NE(queues_.next(), first);
  EXPECT_EQ(queues_.next(), first);
  queues_.finish(session);
  EXPECT_EQ(queues_.of(session).front().until, 1U);
  EXPECT_EQ(queues_.walk(session).slot, risk::Walk::at_start);
  queues_.finish(SessionId{3});
  ASSERT_EQ(queues_.busy().size(), 1U);
  EXPECT_EQ(queues_.busy()[0], session);
  for (std::uint32_t left = limits::mass_cancels_max - 1; left > 0; --left) queues_.finish(session);
  EXPECT_TRUE(queues_.empty());
}

}  // namespace
}  // namespace basalt::oracle
