// LOBSTER files: what each row becomes, what is skipped and counted, and how bad rows are told.
#include "feedhandlers/venues/lobster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/recorded_file.h"

namespace basalt::venues {
namespace {

using test::Packed;
using test::RecordedFile;
using testing::HasSubstr;

std::vector<Instruction> all_of(LobsterMessages& messages) {
  std::vector<Instruction> all;
  for (Instruction each; messages.next(each);) all.push_back(each);
  return all;
}
std::vector<Instruction> all_of(std::string_view text) {
  const RecordedFile file(text);
  LobsterMessages messages(file.path());
  return all_of(messages);
}
std::uint64_t skipped(const InstructionSource& source, std::string_view what) {
  for (const Count& count : source.skipped()) {
    if (count.what.find(what) != count.what.npos) return count.count;
  }
  ADD_FAILURE() << "nothing is counted as: " << what;
  return 0;
}
std::string fault_of(std::string_view text) {
  try {
    all_of(text);
  } catch (const BadInput& bad) {
    return bad.what();
  }
  return "no fault";
}

TEST(Lobster, a_new_order_rests_for_the_day) {
  const auto all = all_of("34200.004241176,1,16113575,18,5853300,1\n");
  ASSERT_EQ(all.size(), 1u);
  Instruction expected;
  expected.kind = InstructionKind::new_order;
  expected.side = Side::buy;
  expected.venue_order = 16113575;
  expected.price = {58533};
  expected.quantity = {18};
  expected.time = {34'200'004'241'176};
  expected.row = 1;
  EXPECT_EQ(all[0], expected);
}

TEST(Lobster, times_have_any_number_of_decimals) {
  EXPECT_EQ(all_of("34200,1,1,1,100,1")[0].time, Nanos{34'200'000'000'000});
  EXPECT_EQ(all_of("34200.5,1,1,1,100,1")[0].time, Nanos{34'200'500'000'000});
  EXPECT_EQ(all_of("0.1234567899,1,1,1,100,1")[0].time, Nanos{123'456'789});
}

TEST(Lobster, a_partial_cancel_is_a_new_total_that_includes_executions) {
  const auto all = all_of(
      "1,1,7,100,5000,-1\n"
      "2,4,7,30,5000,-1\n"
      "3,2,7,20,5000,-1\n"
      "4,2,7,10,5000,-1\n");
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[2].kind, InstructionKind::reduce);
  EXPECT_EQ(all[2].quantity, Quantity{80});
  EXPECT_EQ(all[3].quantity, Quantity{70});
}

TEST(Lobster, an_execution_is_an_aggressive_order_from_the_other_side) {
  const auto all = all_of("1,1,7,100,5000,-1\n2,4,7,30,5000,-1\n");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].side, Side::sell);
  EXPECT_FALSE(all[0].aggressive);
  EXPECT_EQ(all[1].kind, InstructionKind::new_order);
  EXPECT_EQ(all[1].side, Side::buy);
  EXPECT_TRUE(all[1].ioc);
  EXPECT_TRUE(all[1].aggressive);
  EXPECT_EQ(all[1].quantity, Quantity{30});
  EXPECT_EQ(all[1].price, Price{50});
}

TEST(Lobster, an_order_that_is_gone_is_unknown) {
  for (const char* end : {"2,3,7,100,5000,1\n", "2,4,7,100,5000,1\n", "2,2,7,100,5000,1\n"}) {
    const RecordedFile file(std::string("1,1,7,100,5000,1\n") + end + "3,3,7,100,5000,1\n");
    LobsterMessages messages(file.path());
    EXPECT_EQ(all_of(messages).size(), 2u) << end;
    EXPECT_EQ(skipped(messages, "did not enter"), 1u) << end;
  }
}

TEST(Lobster, every_row_that_gives_nothing_is_counted_by_cause) {
  const RecordedFile file(
      "1,2,1,100,5000,1\n"    // An order from before the file.
      "1,3,1,100,5000,1\n"    //
      "1,4,1,100,5000,1\n"    //
      "1,1,2,100,5000,1\n"    // An order,
      "1,1,2,100,5000,1\n"    //   once more,
      "1,1,3,100,5001,1\n"    //   and off the tick.
      "1,5,0,100,5001,-1\n"   // Hidden orders may be off the tick.
      "1,6,-0,100,5000,-1\n"  // A cross.
      "1,7,0,0,-1,-1\n");     // A halt.
  LobsterMessages messages(file.path());
  EXPECT_EQ(all_of(messages).size(), 1u);
  EXPECT_EQ(messages.rows(), 9u);
  EXPECT_EQ(skipped(messages, "did not enter"), 3u);
  EXPECT_EQ(skipped(messages, "is open"), 1u);
  EXPECT_EQ(skipped(messages, "off the tick"), 1u);
  EXPECT_EQ(skipped(messages, "hidden"), 1u);
  EXPECT_EQ(skipped(messages, "cross"), 1u);
  EXPECT_EQ(skipped(messages, "halt"), 1u);
}

TEST(Lobster, a_bad_row_is_told_with_file_line_and_fault) {
  const RecordedFile file("1,1,7,100,5000,1\n1,9,7,100,5000,1\n");
  LobsterMessages messages(file.path());
  Instruction instruction;
  ASSERT_TRUE(messages.next(instruction));
  try {
    (void)messages.next(instruction);
    FAIL() << "took it";
  } catch (const BadInput& bad) {
    EXPECT_EQ(std::string(bad.what()), file.path() + ":2: there is no type 9");
  }
}

TEST(Lobster, each_field_is_checked) {
  EXPECT_THAT(fault_of("1,1,7,100,5000"), HasSubstr("expected 6 fields"));
  EXPECT_THAT(fault_of("1,1,7,100,5000,1,2"), HasSubstr("expected 6 fields"));
  EXPECT_THAT(fault_of("\n"), HasSubstr("expected 6 fields"));
  EXPECT_THAT(fault_of("x,1,7,100,5000,1"), HasSubstr("the time"));
  EXPECT_THAT(fault_of("-1,1,7,100,5000,1"), HasSubstr("the time"));
  EXPECT_THAT(fault_of("1.x,1,7,100,5000,1"), HasSubstr("the time"));
  EXPECT_THAT(fault_of(",1,7,100,5000,1"), HasSubstr("the time"));
  EXPECT_THAT(fault_of("1,one,7,100,5000,1"), HasSubstr("the type"));
  EXPECT_THAT(fault_of("1,1,-7,100,5000,1"), HasSubstr("the order"));
  EXPECT_THAT(fault_of("1,1,7,0,5000,1"), HasSubstr("the size is 0"));
  EXPECT_THAT(fault_of("1,1,7,-1,5000,1"), HasSubstr("the size"));
  EXPECT_THAT(fault_of("1,1,7,4294967296,5000,1"), HasSubstr("the size"));
  EXPECT_THAT(fault_of("1,1,7,100,0,1"), HasSubstr("the price"));
  EXPECT_THAT(fault_of("1,1,7,100,9223372036854775800,1"), HasSubstr("the price is out of range"));
  EXPECT_THAT(fault_of("1,1,7,100,5000,0"), HasSubstr("the direction"));
  EXPECT_THAT(fault_of("1,1,7,1e2,5000,1"), HasSubstr("the size"));
}

TEST(Lobster, packed_files_are_read_as_plain_ones) {
  std::string text;
  for (int i = 1; i <= 20'000; ++i) {
    text += std::to_string(i) + ",1," + std::to_string(i) + ",100,5000,1\r\n";
  }
  for (const Packed packed : {Packed::not_at_all, Packed::gzip, Packed::zstd}) {
    const RecordedFile file(text, packed);
    LobsterMessages messages(file.path());
    EXPECT_EQ(all_of(messages).size(), 20'000u);
    EXPECT_EQ(messages.rows(), 20'000u);
  }
}

TEST(Lobster, a_packed_file_that_is_cut_is_not_taken_for_a_short_one) {
  std::string text;
  for (int i = 1; i <= 20'000; ++i) {
    text += std::to_string(i) + ",1," + std::to_string(i * 7919 % 20'011) + ",100,5000,1\n";
  }
  for (const Packed packed : {Packed::gzip, Packed::zstd}) {
    const RecordedFile file(text, packed);
    file.cut_to(0.6);
    LobsterMessages messages(file.path());
    EXPECT_THROW(all_of(messages), BadInput);
  }
}

TEST(Lobster, a_file_that_is_not_there_is_told_by_name) {
  try {
    LobsterMessages messages("/nowhere/messages.csv");
    FAIL() << "opened it";
  } catch (const BadInput& bad) {
    EXPECT_THAT(bad.what(), HasSubstr("/nowhere/messages.csv"));
    EXPECT_THAT(bad.what(), HasSubstr("No such file"));
  }
}

TEST(Lobster, an_empty_file_has_no_rows) {
  EXPECT_TRUE(all_of("").empty());
}

TEST(Lobster, a_book_row_lists_each_side_best_first_without_levels_that_do_not_exist) {
  const RecordedFile file(
      "5859400,200,5853300,18,5859800,7,-9999999999,0\n"
      "9999999999,0,5853300,18,9999999999,0,5853200,9\n");
  LobsterBook book(file.path());
  LobsterRow row;
  ASSERT_TRUE(book.next(row));
  EXPECT_EQ(book.levels(), 2u);
  EXPECT_EQ(row.asks, (std::vector<LobsterLevel>{{{58594}, {200}}, {{58598}, {7}}}));
  EXPECT_EQ(row.bids, (std::vector<LobsterLevel>{{{58533}, {18}}}));
  ASSERT_TRUE(book.next(row));
  EXPECT_TRUE(row.asks.empty());
  EXPECT_EQ(row.bids.size(), 2u);
  EXPECT_FALSE(book.next(row));
}

TEST(Lobster, a_book_row_of_another_width_is_refused) {
  const RecordedFile file("100,1,100,1\n100,1,100,1,100,1,100,1\n");
  LobsterBook book(file.path());
  LobsterRow row;
  ASSERT_TRUE(book.next(row));
  EXPECT_THROW((void)book.next(row), BadInput);
}

TEST(Lobster, real_days_are_read_whole) {
  struct Day {
    const char* name;
    std::uint64_t rows;
    std::uint64_t hidden;
  };
  for (const Day& day : {Day{"GOOG_2012-06-21_message_10.csv.zst", 147'916, 3'913},
                         Day{"AAPL_2012-06-21_message_1.csv.zst", 118'497, 11'332},
                         Day{"AAPL_2012-06-21_first998_message_10.csv", 999, 61}}) {
    const std::string path = test::real_file(std::string("lobster/") + day.name);
    if (path.empty()) GTEST_SKIP() << "BASALT_DATA does not hold " << day.name;
    LobsterMessages messages(path);
    const auto all = all_of(messages);
    EXPECT_EQ(messages.rows(), day.rows);
    std::uint64_t rows_skipped = 0;
    for (const Count& count : messages.skipped()) rows_skipped += count.count;
    EXPECT_EQ(all.size() + rows_skipped, day.rows);
    EXPECT_EQ(skipped(messages, "off the tick"), 0u) << "only hidden orders are off the tick";
    EXPECT_EQ(skipped(messages, "enters an order"), 0u);
    EXPECT_EQ(skipped(messages, "hidden"), day.hidden);
  }
}

}  // namespace
}  // namespace basalt::venues
