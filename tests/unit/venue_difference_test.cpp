#include <string>

#include "tests/unit/venue_journal.h"

namespace basalt {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::HasSubstr;

TEST(venue_difference, ids_count_in_the_order_of_the_file) {
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

TEST(venue_difference, a_second_start_on_the_same_file_journals_nothing) {
  Journaled small;
  EXPECT_GT(small.start(load_text(VenueText{}.whole())), 0U);
  EXPECT_EQ(small.start(load_text(VenueText{}.whole())), 0U);
  Journaled journal;
  journal.start(load_venue(demo_path()));
  EXPECT_EQ(journal.start(load_venue(demo_path())), 0U);
}

TEST(venue_difference, changed_fees_are_the_only_command_of_a_later_start) {
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

TEST(venue_difference, changed_limits_are_the_only_commands_of_a_later_start) {
  Journaled journal;
  VenueText text;
  journal.start(load_text(text.whole()));
  const auto change = [](std::string& in, const std::string& from, const std::string& to) {
    ASSERT_NE(in.find(from), std::string::npos);
    in.replace(in.find(from), from.size(), to);
  };
  change(text.accounts, "open_orders_max = 10", "open_orders_max = 11");
  change(text.instruments, "quantity_max_lots = 1000",
         "quantity_max_lots = 999\nnotional_max = \"5000\"");
  change(text.instruments, "collar_ppm = 500000", "collar_ppm = 400000");
  change(text.instruments, "protection_ppm = 50000",
         "protection_ppm = 0\nstatic_collar_ppm = 300000");
  EXPECT_EQ(journal.start(load_text(text.whole())), 6U);
  const Instrument& instrument = journal.reference().instrument(InstrumentId{0});
  EXPECT_EQ(instrument.quantity_max, Quantity{999});
  EXPECT_EQ(instrument.notional_max, Money{50'000'000});
  EXPECT_EQ(instrument.collar_ppm, 400'000U);
  EXPECT_EQ(instrument.protection_ppm, 0U);
  EXPECT_EQ(instrument.static_collar_ppm, 300'000U);
  EXPECT_EQ(journal.reference().account(AccountId{2}).open_orders_max, 11U);
  EXPECT_EQ(journal.start(load_text(text.whole())), 0U);
  change(text.instruments, "notional_max = \"5000\"\n", "");
  EXPECT_EQ(journal.start(load_text(text.whole())), 1U);
  EXPECT_EQ(instrument.notional_max, limits::money_max);
}

TEST(venue_difference, new_entries_get_the_next_ids_wherever_they_stand) {
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
  EXPECT_EQ(reference.instrument(id).base, AssetId{1});
  EXPECT_EQ(reference.instrument(id).quote, AssetId{2});
  EXPECT_EQ(reference.instrument(id).taker_ppm, 2);
  EXPECT_EQ(journal.free(3, 2), Money{70'000});
  EXPECT_EQ(journal.free(2, 0), Money{10'005'000});  // Paid in once.
}

TEST(venue_difference, an_entry_that_is_left_out_stays_and_shifts_no_id) {
  Journaled journal;
  VenueText text;
  text.assets = "[[assets]]\nname = \"EUR\"\ndecimals = 4\n" + text.assets;
  journal.start(load_text(text.whole()));
  EXPECT_EQ(journal.start(load_text(VenueText{}.whole())), 0U);
  EXPECT_TRUE(journal.reference().has(AssetId{2}));
}

TEST(venue_difference, a_deposit_is_made_once_by_its_id_whatever_its_amount) {
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

TEST(venue_difference, what_contradicts_the_journal_is_listed_whole) {
  Journaled journal;
  journal.start(load_text(VenueText{}.whole()));
  VenueText text;
  text.assets.replace(text.assets.find("decimals = 4"), 12, "decimals = 3");
  text.users =
      "[[users]]\nname = \"USER1\"\npassword = \"other\"\nfirm = \"HOUS\"\nadmin = true\n"
      "cancel_on_disconnect = false\n";
  text.instruments = VenueText::instrument("AAPL", "0.02", "10", "20");
  const std::vector<std::string> found = journal.contradictions(load_text(text.whole()));
  for (const char* wrong :
       {"asset USD has decimals 4 in the journal, and 3 here", "user USER1 has another firm",
        "user USER1 has another account", "user USER1 has another password",
        "user USER1 has admin 0 in the journal, and 1 here",
        "user USER1 has cancel_on_disconnect 1 in the journal, and 0 here",
        "instrument AAPL has minor units a tick and lot 100 in the journal, and 20 here",
        "instrument AAPL has a tick in units of 0.0001 of 100 in the journal, and 200 here",
        "instrument AAPL has a highest price in ticks of 100000 in the journal, and 50000 here"}) {
    EXPECT_THAT(found, Contains(HasSubstr(wrong)));
  }
  EXPECT_EQ(found.size(), 9U) << ::testing::PrintToString(found);
}

TEST(venue_difference, a_second_account_for_the_fees_contradicts) {
  Journaled journal;
  journal.start(load_text(VenueText{}.whole()));
  VenueText text;
  text.accounts.replace(text.accounts.find("\"FEES\""), 6, "\"FEEZ\"");
  EXPECT_THAT(journal.contradictions(load_text(text.whole())),
              ::testing::ElementsAre(HasSubstr("account FEEZ is a second one of its role")));
}

TEST(venue_difference, more_than_the_topology_allows_is_listed_whole) {
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

TEST(venue_difference, refusals_name_the_account_that_the_journal_knows) {
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

}  // namespace
}  // namespace basalt
