// Whole days of other venues through the matching core: after each event its book is the file's, or
// the difference has the name of an order that the file does not hold. How a difference is excused,
// and what never is, stands in lobster_check.h.
//
//   BASALT_DATA=DIR   with real days in DIR/lobster; without it only days made here are played.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "tests/integration/lobster_check.h"
#include "tests/integration/lobster_venue.h"
#include "tests/unit/recorded_file.h"

namespace basalt::integration {
namespace {

using test::RecordedFile;

unsigned long long printable(std::uint64_t count) {
  return count;
}

void print(const std::string& name, const LobsterReport& report) {
  std::printf(
      "%s: %llu rows: %llu agree (%llu by orders of the file alone), %llu excused (%.2f %%), "
      "%llu unexplained\n",
      name.c_str(), printable(report.rows), printable(report.agreed), printable(report.alone),
      printable(report.excused), 100 * report.excused_share(), printable(report.rows_unexplained));
  std::printf(
      "  %llu fills as told; %llu missing orders (%llu never named), %llu strays, %llu in part, "
      "%llu passed over\n",
      printable(report.fills), printable(report.missing), printable(report.missing_unnamed),
      printable(report.strays), printable(report.in_part), printable(report.passed_over));
  for (const std::string& each : report.excuses) std::printf("  %s\n", each.c_str());
  for (const std::string& each : report.unexplained)
    std::printf("  UNEXPLAINED %s\n", each.c_str());
}

void expect_all_explained(const LobsterReport& report) {
  EXPECT_EQ(report.rows_unexplained, 0u);
  EXPECT_TRUE(report.unexplained.empty());
  EXPECT_EQ(report.agreed + report.excused, report.rows);
  EXPECT_GT(report.fills, 0u);
  EXPECT_LT(report.passed_over, 1 + report.fills / 500);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

LobsterReport check(const LobsterVenue::Day& day) {
  const RecordedFile messages(joined(day.messages));
  const RecordedFile books(joined(day.books));
  return LobsterCheck().run(messages.path(), books.path());
}

TEST(LobsterBook, days_made_here_agree_or_are_excused) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::size_t levels = seed <= 3 ? 10 : seed <= 5 ? 3 : 1;
    const LobsterReport report = check(LobsterVenue(seed, levels).run(20'000));
    print("made here, " + std::to_string(levels) + " levels", report);
    expect_all_explained(report);
    EXPECT_GT(report.agreed, 0u);
    EXPECT_GT(report.excused, 0u);
    EXPECT_GT(report.missing, 0u);
    EXPECT_GT(report.strays, 0u);
  }
}

// With every level shown and the first orders gone, nothing is left to excuse.
TEST(LobsterBook, a_day_that_shows_all_its_levels_agrees_once_the_first_orders_are_gone) {
  const LobsterReport report = check(LobsterVenue(9, 200).run(30'000));
  print("made here, all levels", report);
  expect_all_explained(report);
  EXPECT_GT(report.alone, report.rows / 2);
  EXPECT_EQ(report.strays, 0u);
}

// The check can fail: a day from which one shown event is lost is not explained.
TEST(LobsterBook, a_lost_event_is_not_excused) {
  const LobsterVenue::Day whole = LobsterVenue(4, 10).run(3'000);
  for (const char* type : {",1,", ",2,", ",3,", ",4,"}) {
    LobsterVenue::Day day = whole;
    std::size_t at = 1'500;
    while (day.messages[at].find(type) == std::string::npos || day.messages[at].find(type) > 20) {
      ++at;
    }
    day.messages.erase(day.messages.begin() + static_cast<std::ptrdiff_t>(at));
    day.books.erase(day.books.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_GT(check(day).rows_unexplained, 0u) << "lost: " << whole.messages[at];
  }
}

TEST(LobsterBook, a_wrong_quantity_in_the_file_is_not_excused) {
  LobsterVenue::Day day = LobsterVenue(5, 10).run(3'000);
  std::string& row = day.books[2'000];
  row.back() = row.back() == '9' ? '8' : '9';
  EXPECT_GT(check(day).rows_unexplained, 0u);
}

struct RealDay {
  const char* name;
  const char* messages;
  const char* books;
  std::uint64_t rows;
};

class RealLobsterBook : public testing::TestWithParam<RealDay> {};

TEST_P(RealLobsterBook, agrees_or_is_excused_by_a_missing_order) {
  const RealDay& day = GetParam();
  const std::string messages = test::real_file(std::string("lobster/") + day.messages);
  const std::string books = test::real_file(std::string("lobster/") + day.books);
  if (messages.empty() || books.empty()) {
    GTEST_SKIP() << "BASALT_DATA does not hold " << day.messages
                 << "; days made here were played instead";
  }
  const LobsterReport report = LobsterCheck().run(messages, books, day.rows);
  print(day.name, report);
  expect_all_explained(report);
  EXPECT_EQ(report.rows, day.rows);
}

INSTANTIATE_TEST_SUITE_P(
    Days, RealLobsterBook,
    testing::Values(RealDay{"google", "GOOG_2012-06-21_message_10.csv.zst",
                            "GOOG_2012-06-21_orderbook_10.csv.zst", 147'916},
                    // The sample's next row is cut in the middle of a number.
                    RealDay{"apple_ten_levels", "AAPL_2012-06-21_first998_message_10.csv",
                            "AAPL_2012-06-21_first998_orderbook_10.csv", 998},
                    RealDay{"apple_best_level", "AAPL_2012-06-21_message_1.csv.zst",
                            "AAPL_2012-06-21_orderbook_1.csv.zst", 118'497}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace basalt::integration
