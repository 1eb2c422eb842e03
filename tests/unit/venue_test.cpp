#include "engine/venue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>

#include "engine/arena.h"
#include "engine/decimal.h"
#include "engine/risk/risk_core.h"

namespace basalt {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string demo_path() {
  return std::string(BASALT_VENUES) + "/demo.toml";
}

VenueLoad load_text(const std::string& text) {
  const std::string path = ::testing::TempDir() + std::to_string(::getpid()) + "_venue.toml";
  std::ofstream(path) << text;
  VenueLoad load = load_venue(path);
  std::filesystem::remove(path);
  return load;
}

std::vector<std::string> texts(const std::vector<Finding>& findings) {
  std::vector<std::string> texts;
  for (const Finding& finding : findings) texts.push_back(to_text(finding));
  return texts;
}

// A small venue, in pieces that tests exchange.
struct VenueText {
  std::string assets =
      "[[assets]]\nname = \"USD\"\ndecimals = 4\n"
      "[[assets]]\nname = \"AAPL\"\ndecimals = 0\n";
  std::string firms = "[[firms]]\nname = \"HOUS\"\n[[firms]]\nname = \"ONE\"\n";
  std::string accounts =
      "[[accounts]]\nname = \"FEES\"\nfirm = \"HOUS\"\nrole = \"fees\"\n"
      "[[accounts]]\nname = \"WORLD\"\nfirm = \"HOUS\"\nrole = \"external\"\n"
      "[[accounts]]\nname = \"ONE\"\nfirm = \"ONE\"\nopen_orders_max = 10\n";
  std::string users =
      "[[users]]\nname = \"USER1\"\npassword = \"basalt\"\nfirm = \"ONE\"\naccount = \"ONE\"\n";
  std::string instruments = instrument("AAPL", "0.01", "10", "20");
  std::string deposits =
      "[[deposits]]\nid = \"opening\"\naccounts = [\"ONE\"]\nassets = [\"USD\"]\n"
      "amount = \"1000.5\"\n";
  std::string more;

  static std::string instrument(const std::string& symbol, const std::string& tick,
                                const std::string& maker, const std::string& taker) {
    return "[[instruments]]\nsymbol = \"" + symbol + "\"\nbase = \"AAPL\"\nquote = \"USD\"\n" +
           "tick = \"" + tick + "\"\nlot = \"1\"\nprice_max = \"1000\"\n" +
           "quantity_max_lots = 1000\ncollar_ppm = 500000\nprotection_ppm = 50000\n" +
           "maker_ppm = " + maker + "\ntaker_ppm = " + taker + "\nfee_cap_ppm = 100\n" +
           "settlement_cycle_ms = 1000\n";
  }
  [[nodiscard]] std::string whole() const {
    return "name = \"t\"\nstream_name = \"S\"\nfeed_name = \"F\"\n[endpoints]\n"
           "ouch_tcp = \"127.0.0.1:1\"\nouch_udp = \"127.0.0.1:2\"\n"
           "ouch_udp_on_nic = \"10.0.0.1:2\"\nrerequest = \"127.0.0.1:3\"\n"
           "rerequest_on_nic = \"10.0.0.1:3\"\nfeed_a = \"239.0.0.1:4\"\n"
           "feed_b = \"239.0.0.2:5\"\n" +
           assets + firms + accounts + users + instruments + deposits + more;
  }
};

// What the journal knows: risk's core, fed as the engine feeds it.
class Journaled {
 public:
  explicit Journaled(ReferenceLimits reference = {.assets_max = 16,
                                                  .instruments_max = 16,
                                                  .accounts_max = 32,
                                                  .sessions_max = 32,
                                                  .firms_max = 32})
      : limits_{.reference = reference, .orders_max = 64, .external_ids_max = 1024},
        arena_(risk::RiskCore::memory_bytes(limits_)),
        core_(limits_, 1, arena_) {}

  // Journals what is missing. Returns how many commands those were.
  std::size_t start(const VenueLoad& venue) {
    EXPECT_THAT(texts(venue.findings), IsEmpty());
    std::vector<Finding> findings;
    const std::vector<Command> missing = commands(venue, findings);
    EXPECT_THAT(texts(findings), IsEmpty());
    for (Command command : missing) {
      EXPECT_EQ(core_.decide(command), risk::RiskCore::Outcome::sequence);
      EXPECT_EQ(command.order.verdict, Reject::none)
          << "kind " << static_cast<int>(command.order.kind);
      command.order.sequence = ++sequence_;
      core_.apply(command);
      core_.on_command(command);
    }
    return missing.size();
  }
  std::vector<Command> commands(const VenueLoad& venue, std::vector<Finding>& findings) const {
    return difference(
        venue, core_.reference(), [&](const ExternalId& id) { return core_.applied(id); },
        findings);
  }
  [[nodiscard]] std::vector<std::string> contradictions(const VenueLoad& venue) const {
    EXPECT_THAT(texts(venue.findings), IsEmpty());
    std::vector<Finding> findings;
    static_cast<void>(commands(venue, findings));
    return texts(findings);
  }

  [[nodiscard]] const ReferenceData& reference() const { return core_.reference(); }
  [[nodiscard]] Money free(std::uint32_t account, std::uint32_t asset) const {
    return core_.balance(AccountId{account}, AssetId{asset}).free;
  }

 private:
  risk::RiskCore::Limits limits_;
  Arena arena_;
  risk::RiskCore core_;
  Sequence sequence_ = 0;
};

template <std::size_t size>
std::string trimmed(const std::array<char, size>& padded) {
  const std::string text(padded.data(), size);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

Symbol symbol(std::string text) {
  text.resize(8, ' ');
  Symbol result;
  std::copy_n(text.begin(), 8, result.begin());
  return result;
}

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

TEST(venue, ids_count_in_the_order_of_the_file) {
  Journaled journal;
  journal.start(load_text(VenueText{}.whole()));
  const ReferenceData& reference = journal.reference();
  EXPECT_EQ(trimmed(reference.asset(AssetId{0}).name), "USD");
  EXPECT_EQ(trimmed(reference.asset(AssetId{1}).name), "AAPL");
  EXPECT_EQ(trimmed(reference.account(AccountId{2}).name), "ONE");
  EXPECT_EQ(trimmed(reference.session(SessionId{0}).user), "USER1");
  EXPECT_EQ(reference.instrument(InstrumentId{0}).maker_ppm, 10);
  EXPECT_EQ(reference.instrument(InstrumentId{0}).taker_ppm, 20);
}

TEST(venue, a_second_start_on_the_same_file_journals_nothing) {
  Journaled small;
  EXPECT_GT(small.start(load_text(VenueText{}.whole())), 0U);
  EXPECT_EQ(small.start(load_text(VenueText{}.whole())), 0U);
  Journaled journal;
  journal.start(load_venue(demo_path()));
  EXPECT_EQ(journal.start(load_venue(demo_path())), 0U);
}

TEST(venue, changed_fees_are_the_only_command_of_a_later_start) {
  Journaled journal;
  VenueText text;
  journal.start(load_text(text.whole()));
  text.instruments = VenueText::instrument("AAPL", "0.01", "-5", "20");
  std::vector<Finding> findings;
  const std::vector<Command> missing = journal.commands(load_text(text.whole()), findings);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].order.kind, CommandKind::set_fees);
  journal.start(load_text(text.whole()));
  EXPECT_EQ(journal.reference().instrument(InstrumentId{0}).maker_ppm, -5);
}

// What is put first in the file still gets the ids that come next in the journal.
TEST(venue, new_entries_get_the_next_ids_wherever_they_stand) {
  Journaled journal;
  VenueText text;
  journal.start(load_text(text.whole()));
  text.assets = "[[assets]]\nname = \"EUR\"\ndecimals = 4\n" + text.assets;
  text.firms = "[[firms]]\nname = \"TWO\"\n" + text.firms;
  text.accounts = "[[accounts]]\nname = \"TWO\"\nfirm = \"TWO\"\n" + text.accounts;
  text.users =
      "[[users]]\nname = \"USER2\"\npassword = \"b\"\nfirm = \"TWO\"\naccount = \"TWO\"\n" +
      text.users;
  std::string euro = VenueText::instrument("AAPL-EUR", "0.01", "1", "2");
  euro.replace(euro.find("USD"), 3, "EUR");
  text.instruments = euro + text.instruments;
  text.deposits =
      "[[deposits]]\nid = \"opening\"\naccounts = [\"TWO\"]\nassets = [\"EUR\"]\n"
      "amount = \"7\"\n" +
      text.deposits;
  EXPECT_EQ(journal.start(load_text(text.whole())), 7U);
  const ReferenceData& reference = journal.reference();
  EXPECT_EQ(trimmed(reference.asset(AssetId{0}).name), "USD");
  EXPECT_EQ(trimmed(reference.asset(AssetId{2}).name), "EUR");
  EXPECT_EQ(trimmed(reference.account(AccountId{3}).name), "TWO");
  EXPECT_EQ(reference.account(AccountId{3}).firm, FirmId{2});
  EXPECT_EQ(trimmed(reference.session(SessionId{1}).user), "USER2");
  EXPECT_EQ(reference.session(SessionId{1}).default_account, AccountId{3});
  const InstrumentId id = reference.find_instrument(symbol("AAPL-EUR"));
  EXPECT_EQ(id, InstrumentId{1});
  EXPECT_EQ(reference.instrument(id).quote, AssetId{2});
  EXPECT_EQ(reference.instrument(id).taker_ppm, 2);
  EXPECT_EQ(journal.free(3, 2), Money{70'000});
  EXPECT_EQ(journal.free(2, 0), Money{10'005'000});  // Paid in once.
}

TEST(venue, an_entry_that_is_left_out_stays_and_shifts_no_id) {
  Journaled journal;
  VenueText text;
  text.assets = "[[assets]]\nname = \"EUR\"\ndecimals = 4\n" + text.assets;
  journal.start(load_text(text.whole()));
  EXPECT_EQ(journal.start(load_text(VenueText{}.whole())), 0U);
  EXPECT_TRUE(journal.reference().has(AssetId{2}));
}

TEST(venue, a_deposit_is_made_once_by_its_id_whatever_its_amount) {
  Journaled journal;
  VenueText text;
  journal.start(load_text(text.whole()));
  const std::string opening = text.deposits;
  text.deposits.replace(text.deposits.find("1000.5"), 6, "2000.5");
  EXPECT_EQ(journal.start(load_text(text.whole())), 0U);
  std::string more = opening;
  text.deposits = opening + more.replace(more.find("opening"), 7, "second");
  EXPECT_EQ(journal.start(load_text(text.whole())), 1U);
  EXPECT_EQ(journal.free(2, 0), Money{20'010'000});
}

TEST(venue, what_contradicts_the_journal_is_listed_whole) {
  Journaled journal;
  journal.start(load_text(VenueText{}.whole()));
  VenueText text;
  text.assets.replace(text.assets.find("decimals = 4"), 12, "decimals = 3");
  text.accounts.replace(text.accounts.find("open_orders_max = 10"), 20, "open_orders_max = 11");
  text.users =
      "[[users]]\nname = \"USER1\"\npassword = \"other\"\nfirm = \"HOUS\"\nadmin = true\n"
      "cancel_on_disconnect = false\n";
  text.instruments = VenueText::instrument("AAPL", "0.02", "10", "20");
  const std::vector<std::string> found = journal.contradictions(load_text(text.whole()));
  for (const char* wrong :
       {"asset USD has decimals 4 in the journal, and 3 here",
        "account ONE has open_orders_max 10 in the journal, and 11 here",
        "user USER1 has another firm", "user USER1 has another account",
        "user USER1 has another password", "user USER1 has admin 0 in the journal, and 1 here",
        "user USER1 has cancel_on_disconnect 1 in the journal, and 0 here",
        "instrument AAPL has minor units a tick and lot 100 in the journal, and 20 here",
        "instrument AAPL has a tick in units of 0.0001 of 100 in the journal, and 200 here",
        "instrument AAPL has a highest price in ticks of 100000 in the journal, and 50000 here"}) {
    EXPECT_THAT(found, Contains(HasSubstr(wrong)));
  }
  EXPECT_EQ(found.size(), 10U) << ::testing::PrintToString(found);
}

TEST(venue, a_second_account_for_the_fees_contradicts) {
  Journaled journal;
  journal.start(load_text(VenueText{}.whole()));
  VenueText text;
  text.accounts.replace(text.accounts.find("\"FEES\""), 6, "\"FEEZ\"");
  EXPECT_THAT(journal.contradictions(load_text(text.whole())),
              ::testing::ElementsAre(HasSubstr("account FEEZ is a second one of its role")));
}

TEST(venue, more_than_the_topology_allows_is_listed_whole) {
  const Journaled journal({.assets_max = 1,
                           .instruments_max = 0,
                           .accounts_max = 2,
                           .sessions_max = 0,
                           .firms_max = 1});
  const std::vector<std::string> found = journal.contradictions(load_text(VenueText{}.whole()));
  for (const char* wrong :
       {"no room for asset AAPL; raise assets_max", "no room for firm ONE; raise firms_max",
        "no room for account ONE; raise accounts_max", "no room for user USER1; raise sessions_max",
        "no room for instrument AAPL; raise instruments_max"}) {
    EXPECT_THAT(found, Contains(HasSubstr(wrong)));
  }
  EXPECT_EQ(found.size(), 5U);
}

TEST(venue, refusals_name_the_account_that_the_journal_knows) {
  Journaled journal;
  VenueText text;
  journal.start(load_text(text.whole()));
  text.accounts = "[[accounts]]\nname = \"TWO\"\nfirm = \"ONE\"\n" + text.accounts;
  text.more =
      "[[settlement_refusals]]\naccount = \"ONE\"\nbatches = 3\n"
      "[[settlement_refusals]]\naccount = \"TWO\"\nbatches = 1\n";
  const VenueLoad venue = load_text(text.whole());
  for (int start = 0; start < 2; ++start) {  // Before the new account is defined, and after.
    const std::vector<settlement::Refusal> found = refusals(venue, journal.reference());
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].account, AccountId{2});
    EXPECT_EQ(found[0].batches, 3U);
    EXPECT_EQ(found[1].account, AccountId{3});
    journal.start(venue);
  }
}

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

}  // namespace
}  // namespace basalt
