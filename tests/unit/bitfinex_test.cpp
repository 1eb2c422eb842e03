// Bitfinex feeds: what each frame becomes, exact numbers, and how bad frames are told.
#include "feedhandlers/venues/bitfinex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/recorded_file.h"

namespace basalt::venues {
namespace {

using test::Packed;
using test::RecordedFile;
using testing::HasSubstr;

std::vector<Instruction> all_of(BitfinexFeed& feed) {
  std::vector<Instruction> all;
  for (Instruction each; feed.next(each);) all.push_back(each);
  return all;
}
std::vector<Instruction> all_of(const std::string& frames) {
  const RecordedFile file('[' + frames + ']');
  BitfinexFeed feed(file.path());
  return all_of(feed);
}
std::uint64_t skipped(const InstructionSource& source, std::string_view what) {
  for (const Count& count : source.skipped()) {
    if (count.what.find(what) != count.what.npos) return count.count;
  }
  ADD_FAILURE() << "nothing is counted as: " << what;
  return 0;
}
std::uint64_t skipped(const std::string& frames, std::string_view what) {
  const RecordedFile file('[' + frames + ']');
  BitfinexFeed feed(file.path());
  all_of(feed);
  return skipped(feed, what);
}
std::string fault_of(const std::string& text) {
  const RecordedFile file(text);
  try {
    BitfinexFeed feed(file.path());
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "no fault";
}

TEST(ParseDecimal, is_exact_to_the_eighth_decimal) {
  const auto units = [](const char* text) { return parse_decimal(text).value().units; };
  EXPECT_EQ(units("60945"), 6'094'500'000'000);
  EXPECT_EQ(units("0.246386"), 24'638'600);
  EXPECT_EQ(units("-0.00239148"), -239'148);
  EXPECT_EQ(units("1.48e-06"), 148);
  EXPECT_EQ(units("-1e-08"), -1);
  EXPECT_EQ(units("2E+3"), 200'000'000'000);
  EXPECT_EQ(units("0"), 0);
  EXPECT_EQ(units("0.1"), 10'000'000);
  EXPECT_EQ(units("0.30000000"), 30'000'000);
  EXPECT_EQ(units("0.300000000000000000000000000"), 30'000'000);
  EXPECT_TRUE(parse_decimal("0.300000000000000000000")->exact);
  EXPECT_FALSE(parse_decimal("0.123456789")->exact);
  EXPECT_EQ(units("0.123456789"), 12'345'678);
  EXPECT_FALSE(parse_decimal("1e-9")->exact);
}

TEST(ParseDecimal, knows_what_is_no_number) {
  for (const char* text : {"", "-", ".", "1.", ".5", "1e", "1e1.5", "x", "1x", "--1", "+1", "1e99",
                           "12345678901", "1 2", "1.2.3", "1e99999999999"}) {
    EXPECT_FALSE(parse_decimal(text)) << text;
  }
}

TEST(Bitfinex, a_snapshot_and_then_changes) {
  const auto all = all_of(R"({"event": "info"}, [8, [[1, 100.5, 2], [2, 101, -0.5]]],
                             [8, [3, 100, 1e-8]], [8, "hb"], [8, [1, 0, 1]])");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].kind, InstructionKind::new_order);
  EXPECT_EQ(all[0].side, Side::buy);
  EXPECT_EQ(all[0].price, Price{10050});
  EXPECT_EQ(all[0].quantity, Quantity{200'000'000});
  EXPECT_EQ(all[0].row, 2u);
  EXPECT_FALSE(all[0].ioc);
  EXPECT_FALSE(all[0].aggressive);
  EXPECT_EQ(all[1].side, Side::sell);
  EXPECT_EQ(all[1].quantity, Quantity{50'000'000});
  EXPECT_EQ(all[2].quantity, Quantity{1});
  EXPECT_EQ(all[3].kind, InstructionKind::cancel);
  EXPECT_EQ(all[3].venue_order, 1u);
  EXPECT_EQ(all[3].side, Side::buy);
}

TEST(Bitfinex, bids_are_rounded_down_to_the_tick_and_asks_up) {
  const auto all = all_of(
      "[8, [1, 100.019, 1]], [8, [2, 200.011, -1]], [8, [3, 99.01, 1]], [8, [4, 201.01, -1]],"
      "[8, [5, 202.0000000001, -1]], [8, [6, 98.9999999999, 1]]");
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0].price, Price{10001});
  EXPECT_EQ(all[1].price, Price{20002});
  EXPECT_EQ(all[2].price, Price{9901});
  EXPECT_EQ(all[3].price, Price{20101});
  EXPECT_EQ(all[4].price, Price{20201});
  EXPECT_EQ(all[5].price, Price{9899});
}

TEST(Bitfinex, a_smaller_amount_at_the_same_price_is_a_reduction) {
  const auto all = all_of("[8, [1, 100.001, 2]], [8, [1, 100.001, 1.5]]");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].kind, InstructionKind::reduce);
  EXPECT_EQ(all[1].quantity, Quantity{150'000'000});
}

TEST(Bitfinex, any_other_change_is_a_replace) {
  const auto all = all_of(
      "[8, [1, 100, 2]], [8, [1, 100, 3]], [8, [1, 101, 3]], [8, [1, 102, 1]], [8, [1, 102.001, "
      "1]]");
  ASSERT_EQ(all.size(), 5u);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(all[i].kind, InstructionKind::replace) << i;
  EXPECT_EQ(all[4].price, Price{10200}) << "within a tick the order still moves";
}

TEST(Bitfinex, an_order_that_changes_sides_is_canceled_and_entered) {
  const auto all = all_of("[8, [1, 100, 2]], [8, [1, 105, -2]], [8, [1, 0, -1]]");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].kind, InstructionKind::cancel);
  EXPECT_EQ(all[1].side, Side::buy);
  EXPECT_EQ(all[2].kind, InstructionKind::new_order);
  EXPECT_EQ(all[2].side, Side::sell);
  EXPECT_EQ(all[2].price, Price{10500});
  EXPECT_EQ(all[2].row, 2u);
  EXPECT_EQ(all[3].side, Side::sell);
}

TEST(Bitfinex, everything_skipped_is_counted_by_cause) {
  EXPECT_EQ(skipped("{}, [8, \"hb\"], [8, []]", "not about an order"), 3u);
  EXPECT_EQ(skipped("[8, [1, 0, 1]]", "not open"), 1u);
  EXPECT_EQ(skipped("[8, [1, 9, 1]], [8, [1, 9, 1]]", "changes nothing"), 1u);
  EXPECT_EQ(skipped("[8, [1, 9, 0]]", "amount 0"), 1u);
  EXPECT_EQ(skipped("[8, [1, 9, 0.123456789]]", "finer than a lot"), 1u);
  EXPECT_EQ(skipped("[8, [1, 9, 1e-9]]", "finer than a lot"), 1u);
  EXPECT_EQ(skipped("[8, [1, 9, 42.94967295]]", "quantity cap"), 0u);
  EXPECT_EQ(skipped("[8, [1, 9, -42.94967296]]", "quantity cap"), 1u);
  EXPECT_EQ(skipped("[8, [1, 0.009, 1]]", "below one tick"), 1u);
  EXPECT_EQ(skipped("[8, [1, 0.009, -1]]", "below one tick"), 0u);
  EXPECT_EQ(skipped("[8, [1, 687194767.36, 1]]", "price cap"), 1u);
}

TEST(Bitfinex, a_skipped_change_leaves_the_order_as_it_was) {
  const auto all = all_of("[8, [1, 100, 2]], [8, [1, 100, 50]], [8, [1, 100, 1]], [8, [1, 0, 1]]");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].kind, InstructionKind::reduce);
  EXPECT_EQ(all[2].kind, InstructionKind::cancel);
}

TEST(Bitfinex, adds_that_cross_are_counted) {
  const auto crossed = [](const std::string& frames) {
    const RecordedFile file('[' + frames + ']');
    BitfinexFeed feed(file.path());
    all_of(feed);
    return feed.crossed();
  };
  EXPECT_EQ(crossed("[8, [1, 100, 1]], [8, [2, 101, -1]]"), 0u);
  EXPECT_EQ(crossed("[8, [1, 100, 1]], [8, [2, 100, -1]]"), 1u);
  EXPECT_EQ(crossed("[8, [1, 100, 1]], [8, [1, 0, 1]], [8, [2, 100, -1]]"), 0u);
  EXPECT_EQ(crossed("[8, [1, 100, 1]], [8, [2, 101, -1]], [8, [2, 99, -1]]"), 1u);
}

TEST(Bitfinex, damage_is_told_with_file_and_frame) {
  EXPECT_THAT(fault_of("[[8, [1, 100, 1]], [8, [1, 100]]]"), HasSubstr(":frame 2: "));
  EXPECT_THAT(fault_of("[[8, [1, 100]]]"), HasSubstr("fewer than 3"));
  EXPECT_THAT(fault_of("[[8, [1, 100, 1, 2]]]"), HasSubstr("more than 3"));
  EXPECT_THAT(fault_of("[[8, [1, \"100\", 1]]]"), HasSubstr("no number"));
  EXPECT_THAT(fault_of("[[8, [1, -100, 1]]]"), HasSubstr("not a price"));
  EXPECT_THAT(fault_of("[[8, [-1, 100, 1]]]"), HasSubstr("not an order number"));
  EXPECT_THAT(fault_of("[[8, [1.5, 100, 1]]]"), HasSubstr("not an order number"));
  EXPECT_THAT(fault_of("[[8, [1, 100, 1e300]]]"), HasSubstr("not an amount"));
  EXPECT_THAT(fault_of("[[8, [[1, 100, 1], 7]]]"), HasSubstr("no order"));
  EXPECT_THAT(fault_of("[[8, [7, [1, 100, 1]]]]"), HasSubstr("list in it"));
  EXPECT_THAT(fault_of("[[8]]"), HasSubstr("not [channel, order]"));
  EXPECT_THAT(fault_of("[[8, [1, 100, 1], 9]]"), HasSubstr("not [channel, order]"));
  EXPECT_THAT(fault_of("[[8, true]]"), HasSubstr("not [channel, order]"));
  EXPECT_THAT(fault_of("[[\"8\", [1, 100, 1]]]"), HasSubstr("channel"));
  EXPECT_THAT(fault_of("[[8, [1, 100, 1]]"), HasSubstr("frame 1: "));
  EXPECT_NE(fault_of("[[8, [1, 100, 1]]] []"), "no fault");
  EXPECT_NE(fault_of("[[8, [1, 100, 1"), "no fault");
  EXPECT_NE(fault_of("{}"), "no fault");
  EXPECT_NE(fault_of(""), "no fault");
  EXPECT_NE(fault_of("[7]"), "no fault");
}

TEST(Bitfinex, a_cut_anywhere_is_damage) {
  const std::string whole =
      R"([{"event": "info"}, [8, [[1, 100.5, 2], [2, 101, -0.5]]], [8, [3, 9, 1]]])";
  ASSERT_EQ(fault_of(whole), "no fault");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(fault_of(whole.substr(0, size)), "no fault") << whole.substr(0, size);
  }
}

TEST(RecordedFlow, is_told_by_what_is_in_it) {
  for (const Packed packed : {Packed::not_at_all, Packed::gzip, Packed::zstd}) {
    Instruction instruction;
    const RecordedFile feed(" \n [[8, [1, 100, 1]]]", packed);
    ASSERT_TRUE(open_recorded_flow(feed.path())->next(instruction));
    EXPECT_EQ(instruction.price, Price{10'000});
    const RecordedFile messages("34200.1,1,7,100,5000,1\n", packed);
    ASSERT_TRUE(open_recorded_flow(messages.path())->next(instruction));
    EXPECT_EQ(instruction.price, Price{50});
    const RecordedFile other("<xml/>", packed);
    EXPECT_THROW((void)open_recorded_flow(other.path()), BadInput);
  }
}

TEST(Bitfinex, a_real_feed_is_read_whole) {
  const std::string path = test::real_file("bitfinex/BTCUSD_L3_feed.json.gz");
  if (path.empty()) GTEST_SKIP() << "BASALT_DATA does not hold the feed";
  BitfinexFeed feed(path);
  std::array<std::uint64_t, 4> kinds{};
  for (Instruction each; feed.next(each);) ++kinds[static_cast<std::size_t>(each.kind)];
  EXPECT_EQ(feed.rows(), 100'001u);
  EXPECT_EQ(kinds[static_cast<std::size_t>(InstructionKind::new_order)], 37'059u);
  EXPECT_EQ(kinds[static_cast<std::size_t>(InstructionKind::cancel)], 37'021u);
  EXPECT_EQ(kinds[static_cast<std::size_t>(InstructionKind::reduce)], 1'005u);
  EXPECT_EQ(kinds[static_cast<std::size_t>(InstructionKind::replace)], 24'963u);
  for (const Count& count : feed.skipped()) {
    EXPECT_EQ(count.count, count.what == "is not about an order" ? 2u : 0u) << count.what;
  }
  std::printf("%llu adds cross\n", static_cast<unsigned long long>(feed.crossed()));
}

}  // namespace
}  // namespace basalt::venues
