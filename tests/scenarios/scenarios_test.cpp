// Plays every .book file of tests/scenarios to the engine's book and to the naive one, and compares
// all events of both with what it says, in order; see README.md there.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/oracle/naive_book.h"
#include "tools/book_verb.h"

namespace basalt {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(std::istream&& in) {
  Lines lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Without folder and ending, which makes them unique.
std::string name_of(const std::filesystem::path& path) {
  return path.stem().string();
}

std::vector<std::filesystem::path> all_scenarios() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(BASALT_SCENARIOS)) {
    if (entry.path().extension() == ".book") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end(),
            [](const auto& a, const auto& b) { return name_of(a) < name_of(b); });
  return paths;
}

constexpr std::string_view expectation = "#> ";
constexpr std::string_view any_words = " ...";

bool matches(const std::string& said, const std::string& expected) {
  if (!expected.ends_with(any_words)) return said == expected;
  return said.starts_with(expected.substr(0, expected.size() - any_words.size() + 1));
}

// The naive book has no words for what it cannot read.
bool matches_of_judge(const std::string& said, const std::string& expected) {
  if (!expected.ends_with(any_words)) return said == expected;
  return said == expected.substr(0, expected.size() - any_words.size());
}

// The two lists beside each other, the first difference marked.
std::string side_by_side(const Lines& expected, const Lines& said) {
  std::string text = "    expected                                | said\n";
  bool marked = false;
  for (std::size_t i = 0; i < std::max(expected.size(), said.size()); ++i) {
    std::string left = i < expected.size() ? expected[i] : "-";
    const std::string right = i < said.size() ? said[i] : "-";
    const bool same = i < expected.size() && i < said.size() && matches(right, left);
    left.resize(std::max<std::size_t>(left.size(), 40), ' ');
    text += (same || marked ? "    " : "==> ") + left + "| " + right + '\n';
    marked = marked || !same;
  }
  return text;
}

class Scenario : public testing::TestWithParam<std::filesystem::path> {};

// `book` takes a line and writes what came of it to `out`.
template <typename Book, typename Matches>
void expect_what_it_says(const std::filesystem::path& path, Book& book, std::ostringstream& out,
                         Matches matches_line) {
  const Lines file = lines_of(std::ifstream(path));
  std::size_t expectations = 0;
  for (std::size_t at = 0; at < file.size();) {
    const std::size_t command = at;
    out.str("");
    book.line(file[at++]);
    const Lines said = lines_of(std::istringstream(out.str()));
    Lines expected;
    for (; at < file.size() && file[at].starts_with(expectation); ++at) {
      book.line(file[at]);  // A comment to the book; it keeps the line numbers equal.
      expected.push_back(file[at].substr(expectation.size()));
    }
    expectations += expected.size();
    const bool same =
        std::equal(said.begin(), said.end(), expected.begin(), expected.end(), matches_line);
    ASSERT_TRUE(same) << path.string() << ':' << command + 1 << ": " << file[command] << '\n'
                      << side_by_side(expected, said);
  }
  EXPECT_GT(expectations, 0u) << path.string() << " expects nothing";
}

TEST_P(Scenario, gives_the_events_it_says) {
  std::ostringstream out;
  tools::BookSession session(out, 1024);
  session.verify(true);
  expect_what_it_says(GetParam(), session, out, matches);
}

TEST_P(Scenario, is_what_the_naive_book_does) {
  std::ostringstream out;
  oracle::NaiveBook judge(out);
  expect_what_it_says(GetParam(), judge, out, matches_of_judge);
}

INSTANTIATE_TEST_SUITE_P(Book, Scenario, testing::ValuesIn(all_scenarios()),
                         [](const auto& instance) { return name_of(instance.param); });

TEST(Scenarios, are_all_found) {
  EXPECT_GE(all_scenarios().size(), 420u);
}

}  // namespace
}  // namespace basalt
