// Random and exhaustive commands to the matching core, judged by the naive book: every event and
// every book in the same text, invariants after every command, equal hashes however slots fell.
//
//   BASALT_SEED=N               the first seed (1)
//   BASALT_PROPERTY_SECONDS=N   how long random streams run (12); at least one of each flow
//   BASALT_EXHAUSTIVE_DEPTH=N   the longest sequence of the exhaustive test (4)
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/oracle/naive_book.h"
#include "tests/property/command_stream.h"
#include "tests/property/reach_probes.h"
#include "tools/book_verb.h"

namespace basalt::property {
namespace {

using Lines = std::vector<std::string>;

constexpr std::uint32_t orders_max = 1024;  // More than any flow has ids.
constexpr std::size_t stream_length = 2000;
constexpr std::uint32_t slice_max =
    3;  // So that most uncrosses, and many expiries, take several ticks.

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// What an unreadable line is told in words is the engine's own affair.
std::string without_words_of_errors(const std::string& text) {
  if (text.find("error ") == text.npos) return text;
  std::istringstream in(text);
  std::string result;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("error ")) line.resize(std::min(line.find(' ', 6), line.size()));
    result += line + '\n';
  }
  return result;
}

// The engine's book and the judge's, side by side.
class Pair {
 public:
  explicit Pair(std::uint32_t orders = orders_max)
      : engine_(engine_out_, orders, slice_max), judge_(judge_out_, slice_max) {
    engine_.verify(true);
  }

  // Nothing when they agree, else both texts.
  std::optional<std::string> differ(const std::string& line) {
    const std::string said = tell_engine(line);
    judge_out_.str("");
    judge_.line(line);
    if (without_words_of_errors(said) == judge_out_.str()) return {};
    return line + "\nengine:\n" + said + "judge:\n" + judge_out_.str();
  }
  std::string tell_engine(const std::string& line) {
    engine_out_.str("");
    engine_.line(line);
    return engine_out_.str();
  }
  [[nodiscard]] std::uint64_t hash() const { return engine_.state_hash(); }

 private:
  std::ostringstream engine_out_;
  std::ostringstream judge_out_;
  tools::BookSession engine_;
  oracle::NaiveBook judge_;
};

std::optional<std::string> first_difference(const Lines& lines) {
  Pair pair;
  for (const std::string& line : lines) {
    if (auto difference = pair.differ(line)) return difference;
  }
  return pair.differ("book");
}

// The shortest stream that still differs: drops ever smaller runs of lines that are not needed.
Lines shortest(Lines lines) {
  for (std::size_t run = lines.size() / 2; run > 0; run /= 2) {
    for (std::size_t at = 0; at + run <= lines.size();) {
      Lines fewer(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(at));
      fewer.insert(fewer.end(), lines.begin() + static_cast<std::ptrdiff_t>(at + run), lines.end());
      if (first_difference(fewer)) {
        lines = std::move(fewer);
      } else {
        at += run;
      }
    }
  }
  return lines;
}

Lines stream_of(const Flow& flow, std::uint64_t seed) {
  CommandStream stream(flow, seed);
  Lines lines;
  for (std::size_t i = 0; i < stream_length; ++i) {
    lines.push_back(stream.next());
    if (i % 64 == 63) lines.push_back("book");
  }
  return lines;
}

void expect_agreement(const Lines& lines) {
  const auto difference = first_difference(lines);
  if (!difference) return;
  std::string told = "the engine and the judge differ; the shortest such stream:\n";
  const Lines fewest = shortest(lines);
  for (const std::string& line : fewest) told += "  " + line + '\n';
  FAIL() << told << "differs at: " << first_difference(fewest).value_or(*difference);
}

std::uint64_t hash_after(const Lines& lines, const Lines& before) {
  Pair pair;
  for (const std::string& line : before) pair.tell_engine(line);
  for (const std::string& line : lines) pair.tell_engine(line);
  return pair.hash();
}

TEST(OrderBookProperty, random_streams_give_the_events_of_the_naive_book) {
  const std::uint64_t first_seed = setting("BASALT_SEED", 1);
  const auto stop = std::chrono::steady_clock::now() +
                    std::chrono::seconds(setting("BASALT_PROPERTY_SECONDS", 12));
  std::uint64_t streams = 0;
  for (std::uint64_t seed = first_seed;; ++seed) {
    for (const Flow& flow : all_flows()) {
      std::fprintf(stderr, "flow \"%s\", BASALT_SEED=%llu\n", flow.name,
                   static_cast<unsigned long long>(seed));
      expect_agreement(stream_of(flow, seed));
      if (HasFatalFailure()) return;
      ++streams;
    }
    if (std::chrono::steady_clock::now() >= stop) break;
  }
  std::printf("%llu streams, %llu commands\n", static_cast<unsigned long long>(streams),
              static_cast<unsigned long long>(streams * stream_length));
}

TEST(OrderBookProperty, the_same_stream_gives_the_same_hash_whatever_slots_were_used_before) {
  const Lines before{"new 7 buy 5@9", "new 8 sell 5@90", "new 9 buy 4@9",
                     "cancel 8",      "cancel 7",        "cancel 9"};
  const std::uint64_t seed = setting("BASALT_SEED", 1);
  for (const Flow& flow : all_flows()) {
    SCOPED_TRACE(std::string(flow.name) + ", BASALT_SEED=" + std::to_string(seed));
    const Lines lines = stream_of(flow, seed);
    const std::uint64_t hash = hash_after(lines, {});
    EXPECT_EQ(hash, hash_after(lines, {}));
    EXPECT_EQ(hash, hash_after(lines, before));
    EXPECT_NE(hash, hash_after(Lines{"phase open", "new 1 buy 1@1"}, {}));
  }
}

// Every sequence of up to `depth` of the operations; after each, `clear` leaves an empty book in
// continuous trading, with other slots free than before.
void expect_agreement_in_all_sequences(const Lines& operations, const Lines& clear,
                                       std::uint64_t depth) {
  Pair pair(16);
  std::uint64_t sequences = 0;
  std::vector<std::size_t> chosen;
  const auto run = [&] {
    ++sequences;
    std::string told;
    for (const std::size_t i : chosen) told += operations[i] + "; ";
    for (const std::size_t i : chosen) {
      const auto difference = pair.differ(operations[i]);
      ASSERT_FALSE(difference) << told << '\n' << *difference;
    }
    ASSERT_FALSE(pair.differ("book")) << told;
    for (const std::string& line : clear) ASSERT_FALSE(pair.differ(line)) << told << line;
  };
  for (std::uint64_t length = 1; length <= depth; ++length) {
    chosen.assign(length, 0);
    for (bool more = true; more && !testing::Test::HasFatalFailure();) {
      run();
      std::size_t digit = 0;
      while (digit < length && ++chosen[digit] == operations.size()) chosen[digit++] = 0;
      more = digit < length;
    }
  }
  std::printf("%llu sequences\n", static_cast<unsigned long long>(sequences));
}

TEST(OrderBookProperty, every_short_sequence_of_commands_gives_the_events_of_the_naive_book) {
  expect_agreement_in_all_sequences(
      {"new 1 buy 5@10", "new 1 sell 7@11", "new 2 sell 5@10", "new 3 sell 3@11",
       "new 4 buy 8@11 ioc", "new 4 buy 8@11 fok", "new 5 sell 2@10 post", "cancel 1", "reduce 1 3",
       "replace 1 3 6@11", "replace 2 1 4@10", "new 5 buy 4@market"},
      {"cancel 1", "cancel 2", "cancel 3", "cancel 4", "cancel 5"},
      setting("BASALT_EXHAUSTIVE_DEPTH", 4));
}

TEST(OrderBookProperty, every_short_sequence_in_an_auction_gives_the_events_of_the_naive_book) {
  expect_agreement_in_all_sequences(
      {"phase auction", "phase open", "phase closing", "phase closed", "uncross", "tick",
       "new 1 buy 5@10", "new 2 sell 7@9", "new 3 buy 4@12 display=1", "new 4 sell 2@10",
       "new 5 buy 3@10 stop=10", "cancel 2"},
      {"phase open", "tick", "tick", "tick", "cancel 1", "cancel 2", "cancel 3", "cancel 4",
       "cancel 5"},
      setting("BASALT_EXHAUSTIVE_DEPTH", 4));
}

// Prices are above 0 and below this.
constexpr std::int64_t price_ends = std::int64_t{1} << 36;

// Rewrites every price in a line of commands or events, and with `mirror` also the sides.
template <typename PriceTo>
std::string rewritten(const std::string& text, bool mirror, PriceTo price_to) {
  static const std::vector<std::pair<std::string, std::string>> sides{
      {"buy", "sell"}, {"sell", "buy"}, {"bid", "ask"}, {"ask", "bid"}};
  std::istringstream in(text);
  std::string result;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      const auto side = std::find_if(sides.begin(), sides.end(),
                                     [&](const auto& pair) { return pair.first == word; });
      if (mirror && side != sides.end()) word = side->second;
      if (word.starts_with("stop=")) {
        word = "stop=" + std::to_string(price_to(std::stoll(word.substr(5))));
      }
      const auto at = word.find('@');
      if (at != word.npos && word.substr(at) != "@market" && word.substr(at) != "@0") {
        word = word.substr(0, at + 1) + std::to_string(price_to(std::stoll(word.substr(at + 1))));
      }
      result += word + ' ';
    }
    result.back() = '\n';
  }
  return result;
}

Lines sorted_lines(const std::string& text) {
  std::istringstream in(text);
  Lines lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// Which of two equals takes in an uncross is the buyer, and so no mirror of itself.
std::string without_takers(const std::string& text) {
  std::istringstream in(text);
  std::string result;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string verb;
    std::string one;
    std::string other;
    std::string rest;
    words >> verb >> one >> other >> rest;
    result += verb == "fill"
                  ? "fill " + std::min(one, other) + ' ' + std::max(one, other) + ' ' + rest
                  : line;
    result += '\n';
  }
  return result;
}

// Tells a stream and its rewriting to two books: the answers must be each other's rewriting. Books
// are compared as sets of lines, since bids are printed before asks. What has no mirror is left out
// of auctions: that stops to buy enter first, and the middle of an even number of prices, which
// decides only before the first trade.
template <typename PriceTo>
void expect_same_shape(bool mirror, PriceTo price_to) {
  const std::uint64_t seed = setting("BASALT_SEED", 1);
  for (Flow flow : all_flows()) {
    flow.odd = 0;  // What cannot be read, or has no room to move, has no mirror.
    if (flow.price_wide || price_to(flow.price_low + flow.price_width) >= price_ends) continue;
    if (mirror && flow.auctions > 0) flow.stops = false;
    SCOPED_TRACE(std::string(flow.name) + ", BASALT_SEED=" + std::to_string(seed));
    Pair plain;
    Pair other;
    Lines lines = stream_of(flow, seed);
    const std::string first = " 1@" + std::to_string(flow.price_low + 1);
    lines.insert(lines.begin(), {"new 1 buy" + first, "new 2 sell" + first});
    for (const std::string& line : lines) {
      std::string expected = rewritten(plain.tell_engine(line), mirror, price_to);
      std::string told = rewritten(line, mirror, price_to);
      told.pop_back();
      std::string answer = other.tell_engine(told);
      if (mirror && flow.auctions > 0) {
        expected = without_takers(expected);
        answer = without_takers(answer);
      }
      ASSERT_EQ(sorted_lines(answer), sorted_lines(expected)) << line;
    }
  }
}

TEST(OrderBookProperty, a_mirrored_stream_gives_mirrored_events) {
  expect_same_shape(true, [](std::int64_t price) { return price_ends - price; });
}

TEST(OrderBookProperty, a_stream_at_other_prices_gives_the_same_events_there) {
  for (const std::int64_t by : {std::int64_t{1}, std::int64_t{63}, std::int64_t{1} << 35}) {
    expect_same_shape(false, [by](std::int64_t price) { return price + by; });
  }
}

// Runs after all tests of the program: what they never reached, they did not test.
class Reach : public testing::Environment {
 public:
  void TearDown() override {
    if (testing::GTEST_FLAG(filter) != "*") return;
    for (const std::string& missed : probes_missed({
             "a sweep empties a level",
             "a sweep empties a side",
             "a taker leaves a maker part filled",
             "an order that must trade at once cannot",
             "a stop is reached when it comes in",
             "a stop that triggers is not let in",
             "an order with details fills whole",
             "a reserve order alone at its price shows anew",
             "a reserve order goes to the back",
             "what is left of a taker is canceled",
             "what is left of a taker rests",
             "the middle of a level goes",
             "the best level goes without a fill",
             "a total at or below what is executed",
             "a replacement is refused",
             "a replacement crosses",
             "a replacement takes its original with it",
             "self-trade prevention cancels the newest",
             "self-trade prevention cancels the oldest",
             "self-trade prevention cancels both",
             "self-trade prevention decrements",
             "self-trade prevention finds another account of the firm",
             "a leaf of levels is parked",
             "a parked leaf of levels is used again",
             "an inner node of levels is given back",
             "an inner node of levels loses a child and stays",
             "the last node of a side is given back",
             "the next level lies in another branch",
             "a new phase breaks off an uncross",
             "an uncross goes on with the next tick",
             "an uncross needs a second price",
             "a post-only order slides",
             "an order has nowhere to slide",
             "a stop that waits expires",
             "an order expires in an auction",
             "more orders expire than one tick tells",
             "a reserve order trades all that it shows in an uncross",
         })) {
      ADD_FAILURE() << "never reached: " << missed;
    }
  }
};
[[maybe_unused]] const auto* const reach = testing::AddGlobalTestEnvironment(new Reach);

}  // namespace
}  // namespace basalt::property
