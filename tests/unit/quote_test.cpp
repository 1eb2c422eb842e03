// Quotes, through risk, the books and history: what comes instead of what, and what is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/oracle/small_venue.h"
#include "tests/property/reach_probes.h"
#include "tests/unit/told_venue.h"

namespace basalt::oracle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Quotes : public testing::Test, protected test::ToldVenue {
 protected:
  explicit Quotes(const CoreVenue::Settings& settings = {}) : ToldVenue(settings) {}

  // 5 at 9,990 and 7 at 10,010.
  std::vector<LogRecord> quote_both(std::uint32_t ref, std::uint32_t session = 0) {
    return tell(quote({.session = session,
                       .ref = ref,
                       .bid_quantity = 5,
                       .bid_price = 9'990,
                       .offer_quantity = 7,
                       .offer_price = 10'010}));
  }
  static std::vector<CommandKind> kinds_of(const std::vector<LogRecord>& records) {
    std::vector<CommandKind> kinds;
    for (const LogRecord& record : records) kinds.push_back(record.command.order.kind);
    return kinds;
  }
  static std::vector<EventKind> kinds_of_events(const std::vector<Event>& events) {
    std::vector<EventKind> kinds;
    for (const Event& event : events) kinds.push_back(event.kind);
    return kinds;
  }
  [[nodiscard]] std::string book() {
    std::string text;
    const auto add = [&](Price price, const matching::Level& level) {
      text += ' ' + std::to_string(level.quantity.value) + '@' + std::to_string(price.value);
    };
    const InstrumentId instrument{aapl};
    const matching::OrderBook& both = venue().book(instrument);
    both.each_level(Side::buy, venue().shard_of(instrument).memory(), add);
    text += " |";
    both.each_level(Side::sell, venue().shard_of(instrument).memory(), add);
    return text;
  }
};

TEST_F(Quotes, enter_both_sides_each_with_a_number_of_its_own) {
  EXPECT_THAT(kinds_of(quote_both(1)), ElementsAre(CommandKind::new_order, CommandKind::new_order));
  EXPECT_EQ(book(), " 5@9990 | 7@10010");
  const std::vector<std::string> told = all_told(0);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].rfind("A 1 B 5 AAPL 999000 0 Y ", 0), 0U) << told[0];
  EXPECT_EQ(told[1].rfind("A 2 S 7 AAPL 1001000 0 Y ", 0), 0U) << told[1];
  EXPECT_EQ(tell(query(0)).front().command.origin.original_user_ref_num, 3U);
}

TEST_F(Quotes, come_instead_of_the_one_before_with_nothing_between) {
  quote_both(1);
  all_told(0);
  const auto records = tell(quote({.ref = 3,
                                   .bid_quantity = 1,
                                   .bid_price = 10'011,
                                   .offer_quantity = 2,
                                   .offer_price = 10'012}));
  EXPECT_THAT(kinds_of(records), ElementsAre(CommandKind::cancel, CommandKind::cancel,
                                             CommandKind::new_order, CommandKind::new_order));
  for (std::size_t i = 1; i < records.size(); ++i) {
    EXPECT_EQ(records[i].command.order.sequence, records[i - 1].command.order.sequence + 1);
  }
  EXPECT_EQ(book(), " 1@10011 | 2@10012") << "above its own old offer, and did not meet it";
  EXPECT_THAT(told(0), ElementsAre("C 1 5 U", "C 2 7 U"));
  venue().assert_invariants();
}

TEST_F(Quotes, of_one_side_withdraw_the_other) {
  quote_both(1);
  tell(quote({.ref = 3, .offer_quantity = 9, .offer_price = 10'020}));
  EXPECT_EQ(book(), " | 9@10020");
  EXPECT_EQ(tell(query(0)).front().command.origin.original_user_ref_num, 5U);
  EXPECT_THAT(kinds_of(tell(quote({.ref = 5}))), ElementsAre(CommandKind::cancel));
  EXPECT_EQ(book(), " |");
  EXPECT_THAT(tell(quote({.ref = 5})), IsEmpty()) << "there is nothing to withdraw";
  EXPECT_THAT(told(0), ElementsAre("C 1 5 U", "C 2 7 U", testing::StartsWith("Q 5"), "C 4 9 U"));
}

TEST_F(Quotes, are_of_an_account_in_an_instrument_whichever_session_sends_them) {
  quote_both(1, 0);
  quote_both(1, 1);
  tell(quote({.ref = 3, .bid_quantity = 1, .bid_price = 50, .instrument = btc_usd}));
  EXPECT_EQ(live(), 5U);
  tell(quote({.session = 2,
              .ref = 1,
              .bid_quantity = 4,
              .bid_price = 9'000,
              .account = AccountId{traders_first}}));
  EXPECT_EQ(book(), " 5@9990 4@9000 | 7@10010");
  EXPECT_THAT(told(0), ElementsAre("C 1 5 U", "C 2 7 U"));
  EXPECT_THAT(told(1), IsEmpty());
}

TEST_F(Quotes, leave_other_orders_of_the_account_alone) {
  tell(enter({.ref = 1, .quantity = 3, .price = 9'000}));
  quote_both(2);
  tell(quote({.ref = 4, .bid_quantity = 1, .bid_price = 9'100}));
  EXPECT_EQ(book(), " 1@9100 3@9000 |");
}

TEST_F(Quotes, trade_as_the_orders_that_they_are) {
  tell(enter({.session = 1, .ref = 1, .side = Side::sell, .quantity = 2, .price = 9'980}));
  quote_both(1);
  EXPECT_EQ(book(), " 3@9990 | 7@10010");
  tell(enter({.session = 1, .ref = 2, .quantity = 7, .price = 10'010}));
  EXPECT_EQ(book(), " 3@9990 |");
  told(0);
  EXPECT_THAT(kinds_of(quote_both(3)),
              ElementsAre(CommandKind::cancel, CommandKind::new_order, CommandKind::new_order));
  EXPECT_THAT(told(0), ElementsAre("C 1 3 U"));
}

TEST_F(Quotes, sides_that_are_refused_are_withdrawn_all_the_same) {
  quote_both(1);
  all_told(0);
  tell(quote({.ref = 3,
              .bid_quantity = 2'000'000,
              .bid_price = 9'990,
              .offer_quantity = 7,
              .offer_price = 10'030}));
  EXPECT_EQ(book(), " | 7@10030");
  EXPECT_THAT(told(0), ElementsAre("C 1 5 U", "C 2 7 U", "J 3 19 QUOTE 3"));
}

TEST_F(Quotes, that_are_wrong_in_themselves_change_nothing) {
  quote_both(1);
  const std::string before = book();
  all_told(0);
  tell(quote({.ref = 3,
              .bid_quantity = 1,
              .bid_price = 10'000,
              .offer_quantity = 1,
              .offer_price = 10'000}));
  EXPECT_THAT(all_told(0), ElementsAre("J 3 18 QUOTE 3", "J 4 18 QUOTE 3"));
  Command unknown = quote({.ref = 5});
  unknown.order.instrument = no_instrument;
  tell(unknown);
  EXPECT_THAT(all_told(0), ElementsAre("J 5 23 QUOTE 5")) << "the first number is answered";
  tell(quote({.ref = 6, .offer_quantity = 1, .offer_price = 5, .account = AccountId{31}}));
  EXPECT_THAT(all_told(0), ElementsAre("J 7 12 QUOTE 6"));
  EXPECT_EQ(book(), before);
}

TEST_F(Quotes, retransmissions_are_silent) {
  quote_both(1);
  all_told(0);
  EXPECT_THAT(quote_both(1), IsEmpty());
  EXPECT_THAT(quote_both(2), IsEmpty());
  EXPECT_EQ(book(), " 5@9990 | 7@10010");
  EXPECT_THAT(all_told(0), IsEmpty());
}

TEST_F(Quotes, sides_can_be_canceled_and_reduced_but_not_replaced) {
  quote_both(1);
  told(0);
  tell(reduce({0, 2}, 4));
  tell(cancel({0, 1}));
  EXPECT_EQ(book(), " | 4@10010");
  EXPECT_EQ(verdict_of(replace({0, 2}, 3, 9, 10'040)), Reject::side_of_quote);
  EXPECT_EQ(book(), " |") << "as any replacement whose details are invalid";
  EXPECT_THAT(told(0), ElementsAre("C 2 3 U", "C 1 5 U", "C 2 4 S"));
  quote_both(4);
  EXPECT_EQ(book(), " 5@9990 | 7@10010");
  venue().assert_invariants();
}

TEST_F(Quotes, are_withdrawn_while_orders_are_refused) {
  quote_both(1);
  tell(set_state(aapl, InstrumentState::halted));
  told(0);
  quote_both(3);
  EXPECT_EQ(book(), " |");
  EXPECT_THAT(told(0), ElementsAre("C 1 5 U", "C 2 7 U", "J 3 7 QUOTE 3", "J 4 7 QUOTE 3"));
}

class ProtectedQuotes : public Quotes {
 protected:
  static QuoteProtection of_quantity(std::int64_t quantity) {
    QuoteProtection protection{};
    protection.window = Nanos{1'000'000'000};
    protection.quantity = Quantity{quantity};
    return protection;
  }
  void sell(std::uint32_t ref, std::int64_t quantity) {
    tell(enter(
        {.session = 1, .ref = ref, .side = Side::sell, .quantity = quantity, .price = 9'990}));
  }
};

TEST_F(ProtectedQuotes, are_withdrawn_and_who_set_the_protection_is_told) {
  tell(protect({.session = 2, .ref = 1, .channel = 3}, of_quantity(4), aapl,
               AccountId{traders_first}));
  EXPECT_THAT(told(2), ElementsAre("p 1 AAPL S +128=00000002 +28=03"));
  quote_both(1);
  sell(1, 4);
  EXPECT_EQ(book(), " |");
  EXPECT_THAT(told(2), ElementsAre("p 1 AAPL W +128=00000002 +28=03"));
  EXPECT_THAT(told(0), ElementsAre(testing::StartsWith("E 1 4 999000 A "), "C 1 1 p", "C 2 7 p"));
  EXPECT_EQ(live(), 0U);
  quote_both(3);
  EXPECT_THAT(told(0), ElementsAre("J 3 41 QUOTE 3", "J 4 41 QUOTE 3"));
  tell(protect({.session = 0, .ref = 5}, of_quantity(4)));
  quote_both(6);
  EXPECT_EQ(book(), " 5@9990 | 7@10010");
  tell(protect({.session = 0, .ref = 8}, {}));
  EXPECT_THAT(told(0), ElementsAre("p 5 AAPL S +128=00000002", "p 8 AAPL E +128=00000002"));
  sell(2, 5);
  EXPECT_EQ(book(), " | 7@10010");
  venue().assert_invariants();
}

TEST_F(ProtectedQuotes, a_protection_is_refused_where_it_says_nothing_of_the_sessions) {
  tell(protect({0, 1}, of_quantity(1), aapl, AccountId{31}));
  Command unknown = protect({0, 2}, of_quantity(1));
  unknown.order.instrument = no_instrument;
  tell(unknown);
  EXPECT_THAT(tell(protect({0, 2}, of_quantity(1))), IsEmpty()) << "its number was used";
  EXPECT_THAT(told(0), ElementsAre("J 1 12 -", "J 2 23 -"));
}

TEST_F(ProtectedQuotes, what_counts_survives_a_restart) {
  tell(protect({0, 1}, of_quantity(5)));
  quote_both(2);
  sell(1, 3);
  CoreVenue again{CoreVenue::Settings{}};
  for (const LogRecord& record : small().log()) again.replay(record.command);
  again.end_replay();
  const auto records = again.submit(
      enter({.session = 1, .ref = 2, .side = Side::sell, .quantity = 2, .price = 9'990}));
  const auto& events = records.front().events;
  EXPECT_THAT(kinds_of_events(events),
              ElementsAre(EventKind::fill, EventKind::withdrawn, EventKind::canceled));
  again.assert_invariants();
}

class FewProtections : public Quotes {
 protected:
  FewProtections() : Quotes({.instructed_max = 2}) {}
};

TEST_F(FewProtections, beyond_what_there_is_room_for_are_refused_and_come_free_again) {
  QuoteProtection protection{};
  protection.window = Nanos{1};
  tell(protect({0, 1}, protection));
  tell(protect({1, 1}, protection));
  tell(protect({0, 2}, protection, btc_usd));
  EXPECT_EQ(told(0).size(), 2U) << "each shard has room for two";
  tell(protect({2, 1}, protection));
  EXPECT_THAT(told(2), ElementsAre("J 1 15 -"));
  EXPECT_THAT(property::probes_missed({"there is no room for another protection"}), IsEmpty());
  tell(protect({0, 3}, protection));
  tell(protect({1, 2}, {}));
  tell(protect({2, 2}, protection));
  EXPECT_THAT(told(2), ElementsAre("p 2 AAPL S +128=00000004"));
  venue().assert_invariants();
}

// Risk hears late what became of the orders.
class QuotesInFlight : public Quotes {
 protected:
  QuotesInFlight() : Quotes({.feedback_lag = 40}) {}
};

TEST_F(QuotesInFlight, that_follow_each_other_fast_never_stand_twice) {
  for (std::uint32_t ref = 1; ref < 12; ref += 2) quote_both(ref);
  EXPECT_EQ(book(), " 5@9990 | 7@10010");
  tell(enter({.session = 1, .ref = 1, .quantity = 7, .price = 10'010}));
  quote_both(13);
  EXPECT_EQ(book(), " 5@9990 | 7@10010");
  venue().catch_up();
  EXPECT_EQ(live(), 2U);
  venue().assert_invariants();
}

TEST_F(Quotes, that_stand_are_known_after_a_restart) {
  quote_both(1);
  CoreVenue again{CoreVenue::Settings{}};
  for (const LogRecord& record : small().log()) again.replay(record.command);
  again.end_replay();
  const auto records = again.submit(quote({.ref = 3}));
  EXPECT_THAT(kinds_of(records), ElementsAre(CommandKind::cancel, CommandKind::cancel));
  EXPECT_EQ(again.risk().orders_live(), 0U);
}

}  // namespace
}  // namespace basalt::oracle
