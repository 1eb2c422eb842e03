#include "engine/venue.h"

#include <set>
#include <string>

#include "engine/decimal.h"
#include "tests/unit/venue_journal.h"

namespace basalt {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(decimal, is_read_exactly_or_not_at_all) {
  EXPECT_EQ(decimal_from_text("199999.99")->units, 19'999'999);
  EXPECT_EQ(decimal_from_text("199999.99")->decimals, 2);
  EXPECT_EQ(decimal_from_text("0.00000001")->units, 1);
  EXPECT_EQ(decimal_from_text("0.00000001")->decimals, 8);
  for (const char* text : {"", ".", "1.", ".5", "-1", "+1", "1e3", "1,000", "1.2.3", " 1", "0x1",
                           "1234567890123456789012345678901234567"}) {
    EXPECT_FALSE(decimal_from_text(text).has_value()) << text;
  }
}

TEST(decimal, becomes_whole_units_or_nothing) {
  EXPECT_EQ(in_units({150, 2}, 1), 15);
  EXPECT_FALSE(in_units({155, 2}, 1).has_value());
  EXPECT_EQ(in_units({15, 1}, 4), 15'000);
  EXPECT_FALSE(in_units({int128{1} << 100, 0}, 18).has_value());
  EXPECT_EQ(in_multiples({19'999'999, 2}, {1, 2}), 19'999'999);
  EXPECT_EQ(in_multiples({1, 0}, {25, 2}), 4);
  EXPECT_FALSE(in_multiples({1, 0}, {3, 1}).has_value());
  EXPECT_FALSE(in_multiples({1, 0}, {0, 0}).has_value());
}

TEST(venue, the_demonstration_venue_is_whole_and_risk_takes_every_command) {
  Journaled journal;
  const VenueLoad demo = load_venue(demo_path());
  EXPECT_EQ(journal.start(demo), demo.definitions.size());
  EXPECT_EQ(demo.definitions.size(), demo.lines.size());
}

// INTERFACES, "The demonstration venue".

TEST(venue, the_demonstration_venue_is_what_it_promises) {
  Journaled journal;
  const VenueLoad demo = load_venue(demo_path());
  journal.start(demo);
  const ReferenceData& reference = journal.reference();
  for (const auto& [name, lot_decimals] :
       std::vector<std::pair<const char*, int>>{{"AAPL", 0}, {"BTC-USD", 8}}) {
    const InstrumentId id = reference.find_instrument(symbol(name));
    ASSERT_NE(id, no_instrument);
    const Instrument& instrument = reference.instrument(id);
    EXPECT_EQ(trimmed(reference.asset(instrument.quote).name), "USD");
    EXPECT_EQ(instrument.wire_tick, 100U);
    EXPECT_EQ(instrument.tick_decimals, 2);
    EXPECT_EQ(instrument.lot_decimals, lot_decimals);
    EXPECT_EQ(instrument.lot_value, 1);
    EXPECT_EQ(instrument.price_max, Price{19'999'999});
    EXPECT_EQ(instrument.quantity_max, Quantity{4'294'967'295});
    EXPECT_EQ(instrument.collar_ppm, 500'000U);
    EXPECT_EQ(instrument.settlement_cycle, Nanos{1'000'000'000});
    EXPECT_EQ(instrument.state, InstrumentState::open);
    // 0.01 dollars on one lot: 10^8 minor units of 10^-10 for a share, 1 for 10^-8 bitcoin.
    EXPECT_EQ(instrument.tick_lot_value, lot_decimals == 0 ? 100'000'000 : 1);
  }
  std::set<AccountId> accounts;
  for (int number = 1; number <= 8; ++number) {
    const std::string user = "MAKER" + std::to_string(number);
    std::uint32_t id = 0;
    while (!reference.has(SessionId{id}) ||
           trimmed(reference.session(SessionId{id}).user) != user) {
      ASSERT_LT(++id, reference.limits().sessions_max) << user;
    }
    const Session& session = reference.session(SessionId{id});
    EXPECT_EQ(session.cancel_on_disconnect, number > 4) << user;
    EXPECT_FALSE(session.is_admin);
    EXPECT_EQ(session.password_sha256, password_hash(session.salt, "basalt"));
    EXPECT_EQ(reference.account(session.default_account).firm, session.firm);
    EXPECT_GE(reference.account(session.default_account).open_orders_max, 1'000'000U);
    EXPECT_TRUE(accounts.insert(session.default_account).second) << "an account of its own";
    for (std::uint32_t asset = 0; reference.has(AssetId{asset}); ++asset) {
      EXPECT_GT(journal.free(index_of(session.default_account), asset), Money{0});
    }
  }
  EXPECT_EQ(net::to_text(demo.endpoints.ouch_tcp), "127.0.0.1:7001");
  EXPECT_EQ(net::to_text(demo.endpoints.ouch_udp), "127.0.0.1:7002");
  EXPECT_EQ(net::to_text(demo.endpoints.ouch_udp_on_nic), "10.77.0.1:7002");
  EXPECT_EQ(net::to_text(demo.endpoints.feed_a), "239.192.77.1:7101");
  EXPECT_EQ(net::to_text(demo.endpoints.feed_b), "239.192.77.2:7102");
  EXPECT_EQ(net::to_text(demo.endpoints.rerequest), "127.0.0.1:7103");
  EXPECT_EQ(net::to_text(demo.endpoints.rerequest_on_nic), "10.77.0.1:7103");
}

TEST(venue, the_demonstration_venue_has_an_admin_and_a_load_client_with_four_accounts) {
  Journaled journal;
  journal.start(load_venue(demo_path()));
  const ReferenceData& reference = journal.reference();
  EXPECT_NE(reference.fee_account(), no_account);
  EXPECT_NE(reference.external_account(), no_account);
  int admins = 0;
  int accounts_of_load = 0;
  for (std::uint32_t id = 0; reference.has(SessionId{id}); ++id) {
    const Session& session = reference.session(SessionId{id});
    admins += session.is_admin;
    if (trimmed(session.user) != "LOAD01") continue;
    for (std::uint32_t account = 0; reference.has(AccountId{account}); ++account) {
      accounts_of_load += reference.account(AccountId{account}).firm == session.firm;
    }
  }
  EXPECT_EQ(admins, 1);
  EXPECT_GE(accounts_of_load, 4);
}

// Every maker can have a million orders of a trillion dollars each.

TEST(venue, funds_of_the_demonstration_venue_decide_nothing) {
  Journaled journal;
  journal.start(load_venue(demo_path()));
  const ReferenceData& reference = journal.reference();
  const InstrumentId id = reference.find_instrument(symbol("AAPL"));
  const Instrument& aapl = reference.instrument(id);
  const AccountId maker{2};
  ASSERT_EQ(trimmed(reference.account(maker).name), "MAKER1");
  const Money trillion{static_cast<int128>(1'000'000'000'000) * 10'000'000'000};
  EXPECT_GE(journal.free(2, index_of(aapl.quote)).value, trillion.value * 1'000'000);
  EXPECT_GE(journal.free(2, index_of(aapl.base)).value,
            base_amount(aapl.quantity_max, aapl).value * 1'000'000);
  EXPECT_LE(journal.free(2, index_of(aapl.quote)), limits::money_max);
}

TEST(venue, an_instrument_begins_in_any_phase_of_trading) {
  const std::vector<std::pair<std::string, InstrumentState>> states{
      {"closed", InstrumentState::closed},
      {"open", InstrumentState::open},
      {"halted", InstrumentState::halted},
      {"opening_auction", InstrumentState::opening_auction},
      {"volatility_auction", InstrumentState::volatility_auction},
      {"closing_auction", InstrumentState::closing_auction}};
  for (const auto& [word, state] : states) {
    VenueText text;
    text.instruments += "state = \"" + word + "\"\n";
    Journaled journal;
    journal.start(load_text(text.whole()));
    EXPECT_EQ(journal.reference().instrument(InstrumentId{0}).state, state) << word;
  }
}

TEST(venue, an_instrument_may_go_into_an_auction_where_its_collar_would_refuse) {
  VenueText text;
  text.instruments += "volatility_auction_ms = 300000\nvolatility_extension_ms = 60000\n";
  Journaled journal;
  journal.start(load_text(text.whole()));
  const Instrument& instrument = journal.reference().instrument(InstrumentId{0});
  EXPECT_EQ(instrument.volatility_auction_ms, 300'000U);
  EXPECT_EQ(instrument.volatility_extension_ms, 60'000U);
  // It is a part of the definition.
  EXPECT_THAT(journal.contradictions(load_text(VenueText{}.whole())),
              testing::ElementsAre(HasSubstr("volatility_auction_ms 300000"),
                                   HasSubstr("volatility_extension_ms 60000")));
  VenueText alone;
  alone.instruments += "volatility_extension_ms = 60000\n";
  EXPECT_THAT(texts(load_text(alone.whole()).findings),
              testing::ElementsAre(HasSubstr("there is no auction to extend")));
}

TEST(venue, an_instrument_has_a_seed_for_the_sizes_of_reserves) {
  VenueText text;
  text.instruments += "reserve_seed = 4294967295\n";
  Journaled journal;
  journal.start(load_text(text.whole()));
  EXPECT_EQ(journal.reference().instrument(InstrumentId{0}).reserve_seed, 4'294'967'295U);
  EXPECT_THAT(journal.contradictions(load_text(VenueText{}.whole())),
              testing::ElementsAre(HasSubstr("reserve_seed 4294967295")));
}

TEST(venue, an_instrument_may_have_bands_in_place_of_collars) {
  VenueText text;
  const std::string collar = "collar_ppm = 500000\n";
  ASSERT_NE(text.instruments.find(collar), std::string::npos);
  text.instruments.replace(text.instruments.find(collar), collar.size(), "collar_ppm = 0\n");
  text.instruments += "band_ppm = 100000\n";
  EXPECT_THAT(texts(load_text(text.whole()).findings),
              testing::ElementsAre(HasSubstr("it is not said of what length")));
  text.instruments += "volatility_auction_ms = 60000\n";
  Journaled journal;
  journal.start(load_text(text.whole()));
  const Instrument& instrument = journal.reference().instrument(InstrumentId{0});
  EXPECT_EQ(instrument.band_ppm, 100'000U);
  EXPECT_EQ(instrument.limit_state_ms, 15'000U);
  EXPECT_EQ(instrument.pause_ms, 300'000U);
  VenueText other = text;
  other.instruments += "pause_ms = 1000\n";
  EXPECT_THAT(journal.contradictions(load_text(other.whole())),
              testing::ElementsAre(HasSubstr("pause_ms 300000")));
  VenueText both;
  both.instruments += "band_ppm = 100000\nvolatility_auction_ms = 60000\n";
  EXPECT_THAT(texts(load_text(both.whole()).findings),
              testing::ElementsAre(HasSubstr("an instrument has collars or bands")));
  VenueText neither;
  neither.instruments += "limit_state_ms = 1000\n";
  EXPECT_THAT(texts(load_text(neither.whole()).findings),
              testing::ElementsAre(HasSubstr("there are no bands to stand at")));
}

TEST(venue, every_error_of_a_file_is_listed_at_once_with_its_line) {
  const VenueLoad load = load_venue(BASALT_BROKEN_VENUE);
  std::vector<std::pair<std::uint32_t, std::string>> found;
  for (const Finding& finding : load.findings) {
    found.emplace_back(finding.line, finding.wrong);
    EXPECT_FALSE(finding.mend.empty()) << finding.wrong;
  }
  const std::vector<std::pair<std::uint32_t, std::string>> expected{
      {0, "'feed_name' is missing"},
      {0, "2 accounts have the role 'fees'"},
      {0, "0 accounts have the role 'external'"},
      {3, "'stream_name'"},
      {4, "'open' means nothing here"},
      {7, "no address and port"},
      {9, "another port on the NIC"},
      {10, "are both 127.0.0.1:7002"},
      {11, "another port on the NIC"},
      {12, "no multicast group and port"},
      {13, "no multicast group and port"},
      {20, "asset 'USD' is defined twice"},
      {25, "'assets[2].decimals'"},
      {27, "'assets[3].name' is missing"},
      {29, "'assets[3].colour' means nothing here"},
      {35, "'firms[1].name'"},
      {38, "begins or ends with a space"},
      {52, "there is no firm 'NONE'"},
      {53, "'accounts[2].role'"},
      {54, "'accounts[2].open_orders_max'"},
      {61, "not in capital letters"},
      {66, "'users[1].name'"},
      {67, "'users[1].password'"},
      {68, "there is no firm 'NONE'"},
      {69, "there is no account 'NOBODY'"},
      {75, "is not one of firm 'FIRM'"},
      {76, "'users[2].cancel_on_disconnect'"},
      {82, "a tick on a lot is not a whole number"},
      {83, "the lot is no whole number"},
      {84, "'price_max' is not a whole number of ticks"},
      {85, "'instruments[0].quantity_max_lots'"},
      {86, "no decimal above zero"},
      {87, "'instruments[0].collar_ppm'"},
      {89, "'maker_ppm' is above 'fee_cap_ppm'"},
      {93, "'instruments[0].state'"},
      {96, "instrument 'GOLD' is defined twice"},
      {97, "there is no asset 'SILVER'"},
      {99, "no whole number of the wire's 0.0001"},
      {99, "a tick on a lot is not a whole number"},
      {103, "'reference' is beyond 'price_max'"},
      {114, "trades an asset against itself"},
      {115, "'instruments[2].tick'"},
      {116, "the lot is no whole number"},
      {119, "'notional_max' is no whole number"},
      {129, "is the venue's own"},
      {129, "there is no account 'NOBODY'"},
      {131, "the amount is no whole number"},
      {134, "stands there twice"},
      {136, "there is no asset 'IRON'"},
      {137, "'amount' is '1e3'"},
      {143, "the amount is no whole number"},
      {146, "there is no account 'NOBODY'"},
      {147, "'settlement_refusals[0].batches'"},
  };
  for (const auto& [line, wrong] : expected) {
    EXPECT_THAT(found, Contains(Pair(line, HasSubstr(wrong))));
  }
  EXPECT_EQ(found.size(), expected.size()) << ::testing::PrintToString(texts(load.findings));
}

TEST(venue, a_file_that_is_not_there_is_a_finding) {
  EXPECT_THAT(texts(load_venue("/nowhere/venue.toml").findings),
              ::testing::ElementsAre(HasSubstr("/nowhere/venue.toml: the file cannot be read")));
}

TEST(venue, amounts_are_exact_minor_units) {
  Journaled journal;
  journal.start(load_text(VenueText{}.whole()));
  EXPECT_EQ(journal.free(2, 0), Money{10'005'000});
}

// What is put first in the file still gets the ids that come next in the journal.

// SHA-256 of the salt's bytes 1 to 8 and "BASALT    ", by another program.

TEST(venue, a_password_is_kept_salted_in_capitals_and_padded) {
  constexpr std::array<std::uint8_t, 8> salt{1, 2, 3, 4, 5, 6, 7, 8};
  const std::array<std::uint8_t, 32> hash = password_hash(salt, "basalt");
  std::string hex;
  for (const std::uint8_t byte : hash) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  EXPECT_EQ(hex, "c8e2b299aea9cfbe0c95a39c6409a805ecb9077085db27a90833290fe0e43c2c");
  EXPECT_EQ(hash, password_hash(salt, "BaSaLt"));
  EXPECT_NE(hash, password_hash(salt, "basalt1"));
  EXPECT_NE(hash, password_hash({}, "basalt"));
}

TEST(venue, two_users_with_one_password_have_different_hashes) {
  const VenueLoad demo = load_venue(demo_path());
  std::set<std::array<std::uint8_t, 32>> hashes;
  for (const Command& command : demo.definitions) {
    if (command.order.kind != CommandKind::define_session) continue;
    EXPECT_TRUE(hashes.insert(command.as<DefineSession>().password_sha256).second);
  }
  EXPECT_GE(hashes.size(), 10U);
}

TEST(venue_file, what_the_wire_cannot_carry_is_found_with_its_line) {
  const auto found = [](const std::string& from, const std::string& to) {
    VenueText text;
    text.assets.replace(text.assets.find("decimals = 0"), 12, "decimals = 9");
    EXPECT_NE(text.instruments.find(from), std::string::npos);
    text.instruments.replace(text.instruments.find(from), from.size(), to);
    return texts(load_text(text.whole()).findings);
  };
  EXPECT_THAT(found("\"1000\"", "\"429496.72\""), ::testing::IsEmpty());
  EXPECT_THAT(found("\"1000\"", "\"429496.73\""),
              ::testing::ElementsAre(::testing::AllOf(::testing::ContainsRegex("toml:[0-9]+: "),
                                                      HasSubstr("'price_max' do not fit"))));
  EXPECT_THAT(found("lot = \"1\"", "lot = \"4.294967296\""),
              Contains(HasSubstr("a lot of so many digits")));
}

}  // namespace
}  // namespace basalt
