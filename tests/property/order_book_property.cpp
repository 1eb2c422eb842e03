// Random commands to the matching core, judged by the naive book: every event and every book in the
// same text, invariants after every command, equal hashes however slots fell.
//
//   BASALT_SEED=N               the first seed (1)
//   BASALT_PROPERTY_SECONDS=N   how long random streams run (12); at least one of each flow
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/property/book_pair.h"
#include "tests/property/command_stream.h"
#include "tests/property/order_book_probes.h"
#include "tests/property/reach_probes.h"

namespace basalt::property {
namespace {

using Lines = std::vector<std::string>;

// More orders than any flow has ids, and most uncrosses take several ticks.
constexpr BookPair::Shape shape{1024, 3};
constexpr std::size_t stream_length = 2000;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Every word that was said to a book, without its number, and of every report its verb and its
// reason: what random streams never said or heard, they did not test.
std::set<std::string> words_met;
// Of words with numbers behind them the number is left out; these have none.
const std::set<std::string> whole_words{"at-open", "at-close", "at-halt"};

void meet(const std::string& command, std::string_view reports) {
  const auto has_letters = [](const std::string& word) {
    return std::any_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  };
  std::istringstream words(command);
  for (std::string word; words >> word;) {
    if (!has_letters(word)) continue;
    if (const auto market = word.find("@market"); market != word.npos) word.erase(0, market);
    if (whole_words.contains(word)) words_met.insert(word);
    words_met.insert(word.substr(0, word.find_first_of("-0123456789")));
  }
  std::istringstream lines{std::string(reports)};
  for (std::string line; std::getline(lines, line);) {
    const std::string last = line.substr(line.rfind(' ') + 1);
    words_met.insert(line.substr(0, line.find(' ')) + (has_letters(last) ? ' ' + last : ""));
  }
}

std::optional<std::string> first_difference(const Lines& lines) {
  BookPair pair(shape);
  for (const std::string& line : lines) {
    if (auto difference = pair.differ(line)) return difference;
    meet(line, pair.said());
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
  if (flow.rules != nullptr) lines.emplace_back(flow.rules);
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
  BookPair pair(shape);
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

// Every sequence of so many of the operations, after `first`; each ends in an empty book that
// trades.
void expect_agreement_in_all_sequences(const Lines& operations, std::size_t length,
                                       const Lines& first = {}) {
  BookPair pair({16, 3});
  for (const std::string& line : first) ASSERT_FALSE(pair.differ(line)) << line;
  std::vector<std::size_t> chosen(length, 0);
  for (bool more = true; more;) {
    std::string told;
    for (const std::size_t i : chosen) {
      told += operations[i] + "; ";
      const auto difference = pair.differ(operations[i]);
      ASSERT_FALSE(difference) << told << '\n' << *difference;
    }
    for (const char* line : {"book", "phase open", "tick", "tick", "tick", "cancel 1", "cancel 2",
                             "cancel 3", "cancel 4", "cancel 5", "cancel 6", "cancel 7"}) {
      ASSERT_FALSE(pair.differ(line)) << told << line;
    }
    std::size_t digit = 0;
    while (digit < length && ++chosen[digit] == operations.size()) chosen[digit++] = 0;
    more = digit < length;
  }
}

TEST(OrderBookProperty, every_short_sequence_in_an_auction_gives_the_events_of_the_naive_book) {
  expect_agreement_in_all_sequences(
      {"phase auction", "phase open", "phase closing", "phase closed", "uncross", "tick",
       "halt 1 1", "new 1 buy 5@10", "new 2 sell 7@9 at-open", "new 3 buy 4@12 display=1",
       "new 4 sell 2@10 hidden", "new 5 buy 3@10 stop=10", "cancel 2", "new 6 sell 6@market",
       "new 7 buy 2@11 at-close"},
      4);
}

TEST(OrderBookProperty, every_short_sequence_at_a_collar_gives_the_events_of_the_naive_book) {
  expect_agreement_in_all_sequences(
      {"new 1 buy 5@100", "new 2 sell 7@100", "new 3 sell 4@112 hidden", "new 4 buy 9@120",
       "new 5 buy 6@market", "new 6 sell 6@85 ioc", "new 7 buy 3@90 stop=100", "pass 3", "pass 2",
       "phase open", "halt 2 2", "cancel 2", "new 1 buy 4@125 post=slide"},
      4, {"rules collar=100000 volatility=3 extension=2"});
}

TEST(OrderBookProperty, every_short_sequence_at_a_static_collar_gives_the_naive_books_events) {
  expect_agreement_in_all_sequences(
      {"new 1 buy 5@100", "new 2 sell 7@104", "new 3 sell 4@112", "new 4 buy 9@113",
       "new 5 buy 6@market", "new 6 sell 6@94 ioc", "new 7 buy 3@111 stop=104", "phase auction",
       "phase open", "uncross", "replace 1 6 5@112"},
      4, {"rules collar=80000 static=100000 reference=102"});
}

TEST(OrderBookProperty, every_short_sequence_within_bands_gives_the_events_of_the_naive_book) {
  expect_agreement_in_all_sequences(
      {"new 1 buy 5@100", "new 2 sell 7@103", "new 3 sell 4@94", "new 4 buy 9@107",
       "new 5 buy 6@market", "new 6 sell 3@96 ioc", "new 7 buy 3@108 stop=103", "pass 2000",
       "pass 31000", "phase auction", "phase open", "replace 1 6 5@106"},
      4, {"rules band=50000 reference=100 limit-state=2000 pause=2000 volatility=31000"});
}

TEST(OrderBookProperty, every_short_sequence_of_trailing_stops_gives_the_events_of_the_naive_book) {
  expect_agreement_in_all_sequences(
      {"new 1 sell 5@market stop=8 trail=2", "new 2 sell 4@7 trail=2", "new 3 buy 3@13 trail=1",
       "new 4 buy 6@12 stop=13 trail=2 display=2", "new 5 buy 2@10", "new 5 buy 2@11 oco=1",
       "new 6 sell 1@10", "new 7 sell 9@9 ioc", "new 7 buy 4@12", "replace 2 6 3@8", "cancel 1",
       "phase auction", "phase open"},
      4, {"new 1 buy 1@10", "new 2 sell 1@10"});
}

TEST(OrderBookProperty, every_short_sequence_of_linked_orders_gives_the_events_of_the_naive_book) {
  expect_agreement_in_all_sequences(
      {"new 1 sell 5@12", "new 2 sell 4@8 stop=9 oco=1", "new 3 buy 6@9 oco=1",
       "new 4 sell 7@10 display=2 oco=2 stp=oldest", "new 5 buy 9@market", "new 6 buy 8@12 fok",
       "new 7 sell 9@market rests oco=3", "replace 1 5 6@11", "reduce 2 2", "cancel 1",
       "phase auction", "phase open"},
      4, {"new 1 buy 1@10", "new 2 sell 1@10"});
  // Prevention may cancel the one that an order is to be linked to.
  expect_agreement_in_all_sequences(
      {"new 1 buy 6@9 account=1", "new 2 sell 7@9 oco=1 account=1 stp=oldest", "new 3 buy 2@9",
       "cancel 2"},
      4);
}

TEST(OrderBookProperty, every_short_sequence_among_own_orders_gives_the_events_of_the_naive_book) {
  expect_agreement_in_all_sequences(
      {"new 1 sell 9@10 display=2", "new 2 sell 2@10 account=1",
       "new 3 buy 6@10 account=1 stp=newest fok", "new 4 buy 4@10 account=1 stp=oldest fok",
       "new 5 buy 5@11 account=1 stp=decrement min=3", "new 6 sell 3@10 hidden account=1",
       "new 7 sell 8@9 display=3", "new 8 buy 7@11 account=1 stp=both fok"},
      4);
}

TEST(OrderBookProperty, every_short_sequence_with_pegs_gives_the_events_of_the_naive_book) {
  expect_agreement_in_all_sequences(
      {"new 1 buy 5@10", "new 2 sell 5@13", "new 3 buy 4@12 peg=mid",
       "new 4 sell 6@11 peg=mid account=1", "new 5 sell 3@11 hidden",
       "new 6 buy 7@14 account=1 stp=oldest", "new 7 sell 9@9 peg=primary offset=1",
       "new 4 buy 2@12 peg=mid account=1 stp=both", "replace 3 1 8@11", "cancel 1", "reduce 4 2",
       "tick", "phase auction", "phase open"},
      4);
}

// The middle lies between two prices, until order 6 moves it: then those meet that follow it.
TEST(OrderBookProperty, every_short_sequence_of_linked_pegs_gives_the_events_of_the_naive_book) {
  expect_agreement_in_all_sequences(
      {"new 1 buy 4@12 peg=mid account=1", "new 2 sell 3@11 peg=mid account=1 oco=1",
       "new 2 sell 5@11 peg=mid post account=1 oco=3", "new 3 sell 6@200 account=1",
       "new 4 buy 6@12 peg=mid account=1 stp=decrement oco=3", "new 5 sell 2@11 peg=mid account=1",
       "new 6 buy 1@11", "reduce 4 3", "tick"},
      4, {"new 8 buy 500@10", "new 9 sell 500@13"});
}

// Prices are above 0 and below this.
constexpr std::int64_t price_ends = std::int64_t{1} << 36;
constexpr std::int64_t quantity_ends = std::int64_t{1} << 48;

// A number behind a word: "display=" before "display=5".
std::string with_number(const std::string& word, std::size_t digits, auto number_to) {
  return word.substr(0, digits) + std::to_string(number_to(std::stoll(word.substr(digits))));
}

// The same reserves, all parts of each as large.
void show_equal_parts(Lines& lines) {
  for (std::string& line : lines) {
    const auto at = line.find(" random=");
    if (at != line.npos) line.erase(at, line.find(' ', at + 1) - at);
  }
}

// What becomes of a stream, and so of what is answered to it.
template <typename PriceTo>
struct Rewriting {
  PriceTo price_to;
  bool mirror = false;     // Buys become sells.
  std::int64_t times = 1;  // Of every quantity.
};

// Of commands or events.
template <typename PriceTo>
std::string rewritten(const std::string& text, const Rewriting<PriceTo>& to) {
  static const std::vector<std::pair<std::string, std::string>> sides{
      {"buy", "sell"}, {"sell", "buy"}, {"bid", "ask"}, {"ask", "bid"}};
  std::istringstream in(text);
  std::string result;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    const auto more = [&](std::int64_t quantity) { return quantity * to.times; };
    // Of these verbs the third word is a quantity.
    const bool counts = line.starts_with("reduce ") || line.starts_with("canceled ") ||
                        line.starts_with("indicative ") || line.starts_with("pegged ");
    std::size_t index = 0;
    for (std::string word; words >> word; ++index) {
      const auto side = std::find_if(sides.begin(), sides.end(),
                                     [&](const auto& pair) { return pair.first == word; });
      if (to.mirror && side != sides.end()) word = side->second;
      if (word.starts_with("stop=")) word = with_number(word, 5, to.price_to);
      if (word.starts_with("display=")) word = with_number(word, 8, more);
      if (word.starts_with("min=")) word = with_number(word, 4, more);
      if (counts && index == 2) word = with_number(word, 0, more);
      if (const auto at = word.find('@'); at != word.npos) {
        if (word.substr(at) != "@market" && word.substr(at) != "@0") {
          word = with_number(word, at + 1, to.price_to);
        }
        word = with_number(word.substr(0, at), 0, more) + word.substr(at);
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
// of auctions: that stops to buy enter first, and buyers' reserves show anew first; and the middle
// of an even number of prices, which decides only before the first trade. So are pegs, of which
// those to buy meet the others first. Sizes that are random do not grow with the others.
template <typename PriceTo>
void expect_same_shape(const Rewriting<PriceTo>& to) {
  const std::uint64_t seed = setting("BASALT_SEED", 1);
  for (Flow flow : all_flows()) {
    flow.odd = 0;  // What cannot be read, or has no room to move, has no mirror.
    if (flow.rules != nullptr) continue;  // A collar is a part of the price.
    if (flow.price_wide || to.price_to(flow.price_low + flow.price_width) >= price_ends) continue;
    if (flow.quantity_max > quantity_ends / to.times) continue;
    if (to.mirror && flow.auctions > 0) flow.stops = false;
    if (to.mirror) flow.pegs = 0;
    SCOPED_TRACE(std::string(flow.name) + ", BASALT_SEED=" + std::to_string(seed));
    BookPair plain(shape);
    BookPair other(shape);
    Lines lines = stream_of(flow, seed);
    // What a market order rests at in an auction does not move with the others.
    if (!to.mirror && flow.auctions > 0) {
      std::erase_if(lines, [](const auto& line) { return line.find("@market") != line.npos; });
    }
    if (to.times > 1 || (to.mirror && flow.auctions > 0)) show_equal_parts(lines);
    const std::string first = " 1@" + std::to_string(flow.price_low + 1);
    lines.insert(lines.begin(), {"new 1 buy" + first, "new 2 sell" + first});
    for (const std::string& line : lines) {
      std::string expected = rewritten(std::string(plain.tell_engine(line)), to);
      std::string told = rewritten(line, to);
      told.pop_back();
      std::string answer(other.tell_engine(told));
      if (to.mirror && flow.auctions > 0) {
        expected = without_takers(expected);
        answer = without_takers(answer);
      }
      ASSERT_EQ(sorted_lines(answer), sorted_lines(expected)) << line;
    }
  }
}

TEST(OrderBookProperty, a_mirrored_stream_gives_mirrored_events) {
  const auto price_to = [](std::int64_t price) { return price_ends - price; };
  expect_same_shape(Rewriting<decltype(price_to)>{price_to, true});
}

TEST(OrderBookProperty, a_stream_at_other_prices_gives_the_same_events_there) {
  for (const std::int64_t by : {std::int64_t{1}, std::int64_t{63}, std::int64_t{1} << 35}) {
    const auto price_to = [by](std::int64_t price) { return price + by; };
    expect_same_shape(Rewriting<decltype(price_to)>{price_to});
  }
}

TEST(OrderBookProperty, a_stream_of_larger_quantities_gives_the_same_events_in_them) {
  const auto price_to = [](std::int64_t price) { return price; };
  for (const std::int64_t times : {std::int64_t{3}, std::int64_t{1} << 33}) {
    expect_same_shape(Rewriting<decltype(price_to)>{price_to, false, times});
  }
}

// Runs after all tests of the program: what they never reached, they did not test.
class Reach : public testing::Environment {
 public:
  void TearDown() override {
    if (testing::GTEST_FLAG(filter) != "*") return;
    expect_probes();
    expect_words();
  }

 private:
  static void expect_probes() {
    for (const std::string& missed : probes_missed(probes)) {
      ADD_FAILURE() << "never reached: " << missed;
    }
  }

  static void expect_words() {
    for (const char* word :
         {"new", "cancel", "reduce", "replace", "phase", "open", "closed", "halted", "auction",
          "volatility", "closing", "uncross", "tick", "book", "buy", "sell", "@market", "gtc",
          "ioc", "fok", "gtd=", "post", "post=slide", "account=", "stp=newest", "stp=oldest",
          "stp=both", "stp=decrement", "stp=firm",
          "display=", "random=", "min=", "stop=", "at-open", "at-close", "at-halt",
          "collar=", "static=", "reference=", "extension=", "band=", "limit", "pause=", "rests",
          "oco=", "trail=", "pass", "halt", "rules", "hidden", "peg=mid", "peg=primary",
          "offset=", "rejected peg", "quote", "protect", "quantity=", "fills=", "delta=",
          // Reports, with their reasons.
          "accepted", "fill", "replaced", "triggered", "uncrossed", "indicative buy",
          "indicative sell", "indicative none", "canceled user", "canceled immediate",
          "canceled self-match", "canceled would-cross", "rejected link", "rejected closed",
          "rejected halted", "rejected quantity", "rejected price", "rejected display",
          "rejected min-quantity", "rejected stop-price", "rejected expiry", "rejected duplicate",
          "rejected not-live", "rejected auction", "rejected would-cross",
          "rejected lowers-nothing", "rejected outside-auction", "rejected collar",
          "canceled expired", "canceled collar", "band", "limit-state buy", "limit-state sell",
          "limit-state none", "withdrawn", "canceled protection", "rejected protected"}) {
      if (!words_met.contains(word)) ADD_FAILURE() << "never said or heard: " << word;
    }
  }
};
[[maybe_unused]] const auto* const reach = testing::AddGlobalTestEnvironment(new Reach);

}  // namespace
}  // namespace basalt::property
