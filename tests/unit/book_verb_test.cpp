// `basalt book` as a program: its line numbers, its limits and its end. What it says about
// orders is in tests/scenarios.
#include "tools/book_verb.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace basalt::tools {
namespace {

std::string say(BookSession& session, std::ostringstream& out, std::string_view line) {
  out.str("");
  session.line(line);
  return out.str();
}

std::string play(const std::string& input) {
  std::istringstream in(input);
  std::ostringstream out;
  play_book(in, out);
  return out.str();
}

int verb(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return book_verb(static_cast<int>(argv.size()), argv.data());
}

TEST(BookVerb, reads_to_the_end_of_input_with_or_without_a_last_newline) {
  const std::string expected =
      "accepted 1\n"
      "error 2 no such command: nonsense\n"
      "canceled 1 5 user\n";
  EXPECT_EQ(play("new 1 buy 5@5\nnonsense\ncancel 1"), expected);
  EXPECT_EQ(play("new 1 buy 5@5\nnonsense\ncancel 1\n"), expected);
  EXPECT_EQ(play(""), "");
}

TEST(BookVerb, help_is_a_success_and_misuse_is_not) {
  EXPECT_EQ(verb({"book", "--help"}), 0);
  EXPECT_EQ(verb({"book", "now"}), 2);
}

TEST(BookVerb, counts_every_line_blank_ones_and_comments_too) {
  std::ostringstream out;
  BookSession session(out, 16);
  session.line("");
  session.line("# a comment");
  session.line("   \t ");
  EXPECT_EQ(say(session, out, "?"), "error 4 no such command: ?\n");
}

TEST(BookVerb, lines_of_windows_are_lines) {
  std::ostringstream out;
  BookSession session(out, 16);
  EXPECT_EQ(say(session, out, "new 1 buy 5@5\r"), "accepted 1\n");
}

TEST(BookVerb, a_thing_is_said_once) {
  for (const char* line : {"new 1 buy 5@5 ioc day", "new 1 buy 5@5 fok gtd=5",
                           "new 1 buy 5@5 account=1 account=2", "new 1 buy 5@5 post post=slide",
                           "rules collar=1 collar=2", "protect 1 2 fills=1 fills=2"}) {
    std::ostringstream out;
    BookSession session(out, 16);
    const std::string said = say(session, out, line);
    EXPECT_EQ(said.rfind("error 1 ", 0), 0U) << said;
    EXPECT_NE(said.find(" is said twice"), std::string::npos) << said;
    EXPECT_EQ(say(session, out, "book"), "end\n");
  }
}

TEST(BookVerb, time_ends_before_the_numbers_for_it) {
  std::ostringstream out;
  BookSession session(out, 16);
  EXPECT_EQ(say(session, out, "tick 9223372036854775807"),
            "error 1 the time is beyond all that the venue knows\n");
  EXPECT_EQ(say(session, out, "tick 4611686018427387904"), "");
  EXPECT_EQ(say(session, out, "pass 1"), "error 3 the time is beyond all that the venue knows\n");
  EXPECT_EQ(say(session, out, "tick 5"), "error 4 time does not go back\n");
}

TEST(BookVerb, what_nobody_can_read_is_shown_as_far_as_a_terminal_takes_it) {
  std::ostringstream out;
  BookSession session(out, 16);
  EXPECT_EQ(say(session, out, "\x1b[2J"), "error 1 no such command: ?[2J\n");
  EXPECT_LT(say(session, out, std::string(100'000, 'x')).size(), 200U);
}

TEST(BookVerb, a_full_book_refuses_and_recovers) {
  std::ostringstream out;
  BookSession session(out, 3);
  session.verify(true);
  for (const char* line : {"new 1 buy 5@5", "new 2 buy 5@6", "new 3 buy 5@7"}) session.line(line);
  EXPECT_EQ(say(session, out, "new 4 buy 5@8"), "rejected 4 full\n");
  EXPECT_EQ(say(session, out, "replace 1 4 5@8"), "rejected 4 full\n");
  EXPECT_EQ(say(session, out, "cancel 1"), "canceled 1 5 user\n");
  EXPECT_EQ(say(session, out, "new 4 buy 5@8"), "accepted 4\n");
}

TEST(BookVerb, numbers_never_run_out_over_many_short_lives) {
  std::ostringstream out;
  BookSession session(out, 4);
  session.verify(true);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(say(session, out, "new 1 buy 5@5"), "accepted 1\n");
    ASSERT_EQ(say(session, out, "replace 1 2 5@6"), "replaced 1 2\n");
    ASSERT_EQ(say(session, out, "replace 2 3 5@0"), "rejected 3 price\n");
    ASSERT_EQ(say(session, out, "new 4 sell 4@6"), "accepted 4\nfill 4 2 4@6\n");
    ASSERT_EQ(say(session, out, "replace 2 3 4@6"), "canceled 2 1 user\n");
    ASSERT_EQ(say(session, out, "new 5 sell 4@6 fok"), "accepted 5\ncanceled 5 4 immediate\n");
  }
}

TEST(BookVerb, a_hundred_thousand_orders_rest_at_prices_far_apart) {
  std::ostringstream out;
  BookSession session(out);
  for (int i = 1; i <= 100'000; ++i) {
    session.line("new " + std::to_string(i) + " buy 1@" + std::to_string(i * 680'000LL));
  }
  EXPECT_EQ(out.str().find("rejected"), std::string::npos);
  EXPECT_EQ(say(session, out, "new 0 sell 1@1"), "accepted 0\nfill 0 100000 1@68000000000\n");
}

}  // namespace
}  // namespace basalt::tools
