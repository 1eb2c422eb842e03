// Every sequence of up to N of 24 operations, told to the engine's book and to the naive one, each
// on a book that nothing has traded in. All reports and the book at the end must be equal, byte by
// byte, and the engine's invariants hold after every operation.
//
//   every_sequence_property                 up to 4: 346,200 sequences; builds that verify: up to 3
//   every_sequence_property --length 5      8,308,824
//
// The operations are chosen so that each type, life, instruction, phase and change of RULES.md is
// one of them, and that they meet: prices lie within four ticks, stops at the price where most
// trades, orders are of two accounts, and quantities let them fill whole, in part and more than
// once. An uncross makes one fill at a time, so that it takes ticks, and a tick ends what is good
// until then.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "tests/property/book_pair.h"
#include "tests/property/long_run.h"
#include "tests/property/reach_probes.h"

namespace basalt::property {
namespace {

const std::array<std::string, 24> operations{
    // Lives, types and instructions.
    "new 1 buy 5@10 gtc account=1",
    "new 2 sell 7@10 gtd=5 account=2 hidden",
    "new 3 sell 6@9 account=1 stp=oldest",
    "new 4 buy 8@11 ioc account=2 stp=newest",
    "new 5 sell 9@market account=1 stp=both",
    "new 6 buy 9@11 fok account=2 stp=decrement",
    "new 7 buy 3@11 post=slide",
    "new 8 sell 7@10 display=2 random=1",
    "new 9 buy 9@11 display=4 min=6",
    "new 10 buy 4@11 stop=10 trail=1 post",
    "new 11 sell 3@market stop=10 rests",
    // Changes: of a front order, of a reserve, of a stop.
    "cancel 1",
    "reduce 2 3",
    "reduce 8 5",
    "replace 1 12 8@11",
    "replace 10 13 2@12",
    // Phases, and time.
    "phase open",
    "phase closed",
    "phase halted",
    "phase auction",
    "phase volatility",
    "phase closing",
    "uncross",
    "tick 5",
};

// More orders than there are ids.
constexpr BookPair::Shape shape{.orders_max = 16, .slice_max = 1, .books_max = 64};

class Sequences {
 public:
  explicit Sequences(std::size_t length) : chosen_(length, 0) {}

  // The first operation is given, all others are counted through.
  std::optional<std::string> all_that_begin_with(std::size_t first, LongRun& run) {
    chosen_[0] = first;
    while (!run.ending()) {
      if (auto difference = play()) return difference;
      run.done(1);
      std::size_t digit = 1;
      while (digit < chosen_.size() && ++chosen_[digit] == operations.size()) chosen_[digit++] = 0;
      if (digit == chosen_.size()) break;
    }
    return {};
  }

 private:
  std::optional<std::string> play() {
    std::optional<std::string> difference;
    for (const std::size_t i : chosen_) {
      difference = pair_.differ(operations[i]);
      if (difference) break;
    }
    if (!difference) difference = pair_.differ("book");
    if (difference) {
      std::string told = "the engine and the judge differ after\n";
      for (const std::size_t i : chosen_) told += "  " + operations[i] + '\n';
      return told + "at " + *difference;
    }
    pair_.next_book();
    return {};
  }

  std::vector<std::size_t> chosen_;
  BookPair pair_{shape};
};

}  // namespace
}  // namespace basalt::property

int main(int argc, char** argv) {
  using namespace basalt::property;
  std::size_t length_max = probes_are_on ? 3 : 4;
  unsigned threads = 1;
  CLI::App app{"Every short sequence of operations: the engine's book against the naive one."};
  app.add_option("--length", length_max, "Of the longest sequences.")->check(CLI::Range(1, 8));
  app.add_option("--threads", threads)->check(CLI::Range(1, 1024));
  CLI11_PARSE(app, argc, argv);
  double total = 0;
  double of_a_length = 1;
  for (std::size_t length = 1; length <= length_max; ++length) {
    of_a_length *= static_cast<double>(operations.size());
    total += of_a_length;
  }
  LongRun run("sequences", total, threads);
  return run.over(length_max * operations.size(), [&](std::size_t part) {
    return Sequences(1 + part / operations.size())
        .all_that_begin_with(part % operations.size(), run);
  });
}
