// The campaign: the flows of bench/workloads, told to the engine's book and to the naive one. All
// reports must be equal, byte by byte, and so must the books, every thousand messages.
//
//   workloads_property                                  100 seeds of five scenarios, 2e7 messages;
//                                                       builds that verify: fewer
//   workloads_property --orders 1000000 --threads 16    the same of a million orders each, 1e9
//   workloads_property --scenarios normal --first-seed 7 --seeds 1
//
// The engine's invariants are checked with the books.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/workloads/equity.h"
#include "tests/property/book_pair.h"
#include "tests/property/long_run.h"
#include "tests/property/reach_probes.h"

namespace basalt::property {
namespace {

constexpr std::size_t shown_commands = 20;  // Before a difference.
constexpr std::size_t books_every = 1000;

struct Options {
  std::vector<std::string> scenarios{"static", "normal", "swing-25", "swing-40", "flash-crash"};
  std::uint64_t first_seed = 1;
  std::size_t seeds = 100;
  std::size_t orders = probes_are_on ? 400 : 20'000;
  unsigned threads = 1;
};

// Messages of a flow in the words of `basalt book`. An order number is called by a running number:
// a slot is used again, and what names the order that was there before must not find the new one.
class Words {
 public:
  std::string of(const Order& order) {
    switch (order.kind) {
      case CommandKind::new_order:
        return "new " + id_of(order.order) + (order.side == Side::buy ? " buy " : " sell ") +
               offer(order) + (order.time_in_force == TimeInForce::ioc ? " ioc" : "");
      case CommandKind::replace:
        return "replace " + id_of(order.original) + ' ' + id_of(order.order) + ' ' + offer(order);
      case CommandKind::reduce:
        return "reduce " + id_of(order.order) + ' ' + std::to_string(order.quantity.value);
      default:
        return "cancel " + id_of(order.order);
    }
  }

 private:
  std::string id_of(OrderId order) {
    const auto next = static_cast<std::uint32_t>(ids_.size() + 1);
    return std::to_string(ids_.try_emplace(index_of(order), next).first->second);
  }
  static std::string offer(const Order& order) {
    return std::to_string(order.quantity.value) + '@' + std::to_string(order.price.value);
  }

  std::unordered_map<std::uint64_t, std::uint32_t> ids_;
};

// One flow, from an empty book to its end.
class Comparison {
 public:
  Comparison(const bench::Flow& flow, BookPair& pair) : flow_(flow), pair_(pair) {
    pair_.next_book();
    pair_.verify(false);
  }

  std::optional<std::string> run(LongRun& run) {
    for (std::size_t at = 0; at < flow_.orders.size() && !run.ending(); ++at) {
      const bool whole = at % books_every == 0 || at + 1 == flow_.orders.size();
      if (whole) pair_.verify(true);
      if (auto difference = told(words_.of(flow_.orders[at]), at)) return difference;
      if (!whole) continue;
      if (auto difference = told("book", at)) return difference;
      pair_.verify(false);
      run.done(std::min(books_every, flow_.orders.size() - at));
    }
    return {};
  }

 private:
  std::optional<std::string> told(std::string line, std::size_t at) {
    const auto difference = pair_.differ(line);
    latest_.push_back(std::move(line));
    if (latest_.size() > shown_commands) latest_.pop_front();
    if (!difference) return {};
    std::string text =
        "the engine and the judge differ at message " + std::to_string(at) + "; the last of it:\n";
    for (const std::string& each : latest_) text += "  " + each + '\n';
    return text + "at " + *difference;
  }

  const bench::Flow& flow_;
  Words words_;
  BookPair& pair_;
  std::deque<std::string> latest_;
};

std::optional<std::string> differ(const std::string& name, std::uint64_t seed,
                                  const Options& options, LongRun& run) {
  const auto scenario =
      std::find_if(bench::equity_scenarios.begin(), bench::equity_scenarios.end(),
                   [&](const bench::EquityScenario& each) { return each.name == name; });
  const bench::Flow flow = bench::equity_flow(*scenario, options.orders, seed);
  // Kept from flow to flow, since taking memory takes longer than a short flow.
  thread_local std::optional<BookPair> pair;
  thread_local std::uint32_t room = 0;
  if (flow.slots >= room) {
    room = std::bit_ceil(2 * flow.slots);
    pair.emplace(BookPair::Shape{.orders_max = room, .books_max = 64});
  }
  auto difference = Comparison(flow, *pair).run(run);
  if (!difference) return {};
  return "workloads_property --scenarios " + name + " --first-seed " + std::to_string(seed) +
         " --seeds 1 --orders " + std::to_string(options.orders) + '\n' + *difference;
}

}  // namespace
}  // namespace basalt::property

int main(int argc, char** argv) {
  using namespace basalt::property;
  Options options;
  CLI::App app{"The flows of the benches: the engine's book against the naive one."};
  app.add_option("--scenarios", options.scenarios)
      ->delimiter(',')
      ->check(CLI::IsMember(options.scenarios));
  app.add_option("--first-seed", options.first_seed);
  app.add_option("--seeds", options.seeds)->check(CLI::PositiveNumber);
  app.add_option("--orders", options.orders, "New orders of a flow; about half its messages.")
      ->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads)->check(CLI::Range(1, 1024));
  CLI11_PARSE(app, argc, argv);
  const std::size_t scenarios = options.scenarios.size();
  const std::size_t flows = scenarios * options.seeds;
  const auto messages = static_cast<double>(2 * options.orders * flows);
  LongRun run("messages", messages, options.threads);
  return run.over(flows, [&](std::size_t part) {
    return differ(options.scenarios[part % scenarios], options.first_seed + part / scenarios,
                  options, run);
  });
}
