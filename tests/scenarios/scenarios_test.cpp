// Plays every tests/scenarios/*.book and compares all events, in order; see README.md there.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tools/book_verb.h"

namespace basalt {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(std::istream&& in) {
  Lines lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> all_scenarios() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(BASALT_SCENARIOS)) {
    if (entry.path().extension() == ".book") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

constexpr std::string_view expectation = "#> ";

bool matches(const std::string& said, const std::string& expected) {
  if (!expected.ends_with(" ...")) return said == expected;
  return said.starts_with(expected.substr(0, expected.size() - 3));
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

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, gives_the_events_it_says) {
  const std::string path = std::string(BASALT_SCENARIOS) + '/' + GetParam() + ".book";
  const Lines file = lines_of(std::ifstream(path));
  std::ostringstream out;
  tools::BookSession session(out, 1024);
  session.verify(true);
  std::size_t expectations = 0;
  for (std::size_t at = 0; at < file.size();) {
    const std::size_t command = at;
    out.str("");
    session.line(file[at++]);
    const Lines said = lines_of(std::istringstream(out.str()));
    Lines expected;
    for (; at < file.size() && file[at].starts_with(expectation); ++at) {
      session.line(file[at]);  // A comment to the book; it keeps the line numbers equal.
      expected.push_back(file[at].substr(expectation.size()));
    }
    expectations += expected.size();
    const bool same =
        std::equal(said.begin(), said.end(), expected.begin(), expected.end(), matches);
    ASSERT_TRUE(same) << path << ':' << command + 1 << ": " << file[command] << '\n'
                      << side_by_side(expected, said);
  }
  EXPECT_GT(expectations, 0u) << path << " expects nothing";
}

INSTANTIATE_TEST_SUITE_P(Book, Scenario, testing::ValuesIn(all_scenarios()),
                         [](const auto& instance) { return instance.param; });

TEST(Scenarios, are_all_found) {
  EXPECT_GE(all_scenarios().size(), 60u);
}

}  // namespace
}  // namespace basalt
