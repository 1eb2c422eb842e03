// What a message costs in the matching core, beside a floor under that cost, on flows that are made
// before the clock starts.
//
//   matching_bench [--flows NAME,…] [--repetitions N] [--orders N] [--seed N] [--cores A,B]
//                  [--measures one-core|two-cores|latency,…] [--table FILE]
//   matching_bench --count engine|floor|bare --flows NAME [--orders N]
//
// Contestants alternate within each repetition, so that a slow minute of the machine hits all of
// them; medians are compared, and ratios are taken within a repetition. Each answer is checked:
// fills and the quantity filled must be those that the flow's maker found. Not included: decoding,
// risk, the ring that brings the messages, other work in the same cache.
//
// --count plays one flow once and looks at no clock, for tools that count instructions.
#include <sys/utsname.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "bench/micro/matching_measures.h"
#include "bench/workloads/catalogue.h"
#include "bench/workloads/equity.h"

namespace basalt::bench {
namespace {

struct Options {
  std::vector<std::string> flows = flow_names();
  int repetitions = 7;
  std::size_t orders = 1'000'000;
  std::uint64_t seed = 1;
  std::vector<unsigned> cores{0, 1};
  std::vector<std::string> measures{"one-core", "two-cores", "latency"};
  std::string table;
  std::string count;

  [[nodiscard]] Cores pinned() const { return {cores[0], cores[1]}; }
  [[nodiscard]] bool measures_it(const char* name) const {
    return std::find(measures.begin(), measures.end(), name) != measures.end();
  }
};

template <typename... Values>
std::string text(const char* format, Values... values) {
  std::array<char, 400> line{};
  std::snprintf(line.data(), line.size(), format, values...);
  return line.data();
}

void progress(const Flow& flow, const char* what, int repetition, const Options& options) {
  std::fprintf(stderr, "matching_bench: %s, %s, %d of %d\n", flow.name.c_str(), what,
               repetition + 1, options.repetitions);
}

// One figure of each repetition.
class Samples {
 public:
  void add(double value) { values_.push_back(value); }
  [[nodiscard]] double last() const { return values_.back(); }
  [[nodiscard]] double least() const { return *std::min_element(values_.begin(), values_.end()); }
  [[nodiscard]] double most() const { return *std::max_element(values_.begin(), values_.end()); }
  [[nodiscard]] double median() const {
    std::vector<double> sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }

 private:
  std::vector<double> values_;
};

std::string flow_row(const Flow& flow) {
  std::array<double, flow_kinds> share{};
  for (std::size_t at = flow.first_timed; at < flow.orders.size(); ++at) {
    share[static_cast<std::size_t>(flow.kinds[at])] += 100 / static_cast<double>(flow.timed());
  }
  return text("| %s | %zu | %u | %u to %u | %.2f | %.1f | %.1f | %.1f | %.1f | %.1f |\n",
              flow.name.c_str(), flow.timed(), flow.instruments(), flow.live_least, flow.live_most,
              static_cast<double>(flow.fills) / static_cast<double>(flow.orders.size()), share[0],
              share[1], share[2], share[3], share[4]);
}

std::string one_core_row(const Flow& flow, const Options& options) {
  Samples engine, floor, bare, to_floor, to_bare;
  for (int i = 0; i < options.repetitions; ++i) {
    progress(flow, "one core", i, options);
    engine.add(one_core_ns<EngineBook>(flow));
    floor.add(one_core_ns<ReportingFloor>(flow));
    bare.add(one_core_ns<BareFloor>(flow));
    to_floor.add(engine.last() / floor.last());
    to_bare.add(engine.last() / bare.last());
  }
  return text("| %s | %.1f | %.1f | %.1f | %.2f | %.2f | %.1f | %.1f | %.1f | %.1f |\n",
              flow.name.c_str(), engine.median(), floor.median(), bare.median(), to_floor.median(),
              to_bare.median(), engine.least(), engine.most(), floor.least(), bare.least());
}

// The slowest of the five scenarios of one instrument.
struct Worst {
  double millions_a_second = 0;
  std::string flow;
};

bool is_of_the_five(const Flow& flow) {
  return std::any_of(equity_scenarios.begin(), equity_scenarios.end(),
                     [&](const EquityScenario& scenario) {
                       return scenario.instruments == 1 && scenario.name == flow.name;
                     });
}

std::string two_cores_row(const Flow& flow, const Options& options, Worst& worst) {
  Samples engine, floor, ratio;
  for (int i = 0; i < options.repetitions; ++i) {
    progress(flow, "two cores", i, options);
    engine.add(two_cores_per_second<EngineBook>(flow, options.pinned()) / 1e6);
    floor.add(two_cores_per_second<ReportingFloor>(flow, options.pinned()) / 1e6);
    ratio.add(engine.last() / floor.last());
  }
  if (is_of_the_five(flow) && (worst.flow.empty() || engine.median() < worst.millions_a_second)) {
    worst = {engine.median(), flow.name};
  }
  const double reports_a_message =
      static_cast<double>(flow.reports) / static_cast<double>(flow.orders.size());
  return text("| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", flow.name.c_str(),
              engine.median(), engine.least(), engine.most(), engine.median() * reports_a_message,
              floor.median(), floor.least(), ratio.median());
}

struct LatencyFigure {
  const char* name;
  double share;
};
constexpr std::array<LatencyFigure, 5> latency_figures{
    {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}, {"max", 1.0}}};

// By kind, then by figure.
using LatencySamples = std::array<std::array<Samples, latency_figures.size()>, flow_kinds + 1>;

void add_latencies(const Ticks& ticks, double tick_ns, LatencySamples& samples) {
  for (std::size_t kind = 0; kind < ticks.size(); ++kind) {
    if (ticks[kind].empty()) continue;
    const auto last = static_cast<double>(ticks[kind].size() - 1);
    for (std::size_t figure = 0; figure < latency_figures.size(); ++figure) {
      const auto at = static_cast<std::size_t>(latency_figures[figure].share * last);
      samples[kind][figure].add(ticks[kind][at] * tick_ns);
    }
  }
}

// Percentiles are medians of the repetitions'; the maximum is of all of them.
std::string latency_rows(const Flow& flow, const Options& options, std::uint32_t overhead,
                         double tick_ns) {
  static constexpr std::array<const char*, flow_kinds + 1> kinds{"add",    "take",  "replace",
                                                                 "cancel", "stale", "all"};
  LatencySamples engine;
  LatencySamples floor;
  std::array<std::size_t, flow_kinds + 1> count{};
  for (int i = 0; i < options.repetitions; ++i) {
    progress(flow, "latency", i, options);
    const Ticks ticks = ticks_by_kind<EngineBook>(flow, overhead);
    for (std::size_t kind = 0; kind < ticks.size(); ++kind) count[kind] = ticks[kind].size();
    add_latencies(ticks, tick_ns, engine);
    add_latencies(ticks_by_kind<ReportingFloor>(flow, overhead), tick_ns, floor);
  }
  std::string out;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    if (count[kind] == 0) continue;
    const auto& ours = engine[kind];
    const auto& theirs = floor[kind];
    out +=
        text("| %s | %s | %zu | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f |\n",
             flow.name.c_str(), kinds[kind], count[kind], ours[0].median(), ours[1].median(),
             ours[2].median(), ours[3].median(), ours[4].most(), theirs[0].median(),
             theirs[1].median(), theirs[2].median(), theirs[3].median());
  }
  return out;
}

std::string machine() {
  std::string model = "unknown processor";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    model = line.substr(line.find(": ") + 2);
    break;
  }
  utsname system{};
  ::uname(&system);
  double load = 0;
  ::getloadavg(&load, 1);
  return text("Machine: %s, %u cores, %s %s, load average %.1f; compiler %s; commit %s.\n",
              model.c_str(), std::thread::hardware_concurrency(), system.sysname, system.release,
              load, __VERSION__, BASALT_COMMIT);
}

constexpr const char* flow_head =
    "| flow | messages | instruments | live orders | fills a message | add, % | take, % | replace, "
    "%"
    " | cancel, % | stale, % |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
constexpr const char* one_core_head =
    "\nWithin one core, ns a message:\n\n"
    "| flow | engine | floor | bare floor | engine to floor | to bare floor | engine, least | most "
    "|"
    " floor, least | bare, least |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
constexpr const char* two_cores_head =
    "\nEvery report to a reader on the other core, M messages/s:\n\n"
    "| flow | engine | least | most | M reports/s | floor | least | engine to floor |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|\n";
constexpr const char* latency_head =
    "| flow | kind | messages | engine p50 | p99 | p99.9 | p99.99 | max | floor p50 | p99 | p99.9 |"
    " p99.99 |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";

std::optional<Flow> make_or_skip(const std::string& name, const Options& options) {
  const auto began = BenchClock::now();
  Made made = make_flow(name, options.orders, options.seed);
  if (!made.flow) {
    std::fprintf(stderr, "matching_bench: %s is skipped: %s\n", name.c_str(), made.why_not.c_str());
    return std::nullopt;
  }
  std::fprintf(stderr, "matching_bench: %s, %zu messages, made in %.1f s\n", name.c_str(),
               made.flow->orders.size(), ns_since(began) / 1e9);
  return std::move(made.flow);
}

std::string tables(const Options& options) {
  const double tick_ns = tsc_ns();
  const std::uint32_t overhead = clock_ticks();
  std::string flows = flow_head;
  std::string one_core = one_core_head;
  std::string two_cores = two_cores_head;
  std::string latency = text(
      "\nOne message at a time, ns; two reads of the clock with nothing between take %.0f, and are "
      "subtracted:\n\n",
      overhead * tick_ns);
  latency += latency_head;
  Worst worst;
  for (const std::string& name : options.flows) {
    const std::optional<Flow> flow = make_or_skip(name, options);
    if (!flow) continue;
    flows += flow_row(*flow);
    if (options.measures_it("one-core")) one_core += one_core_row(*flow, options);
    if (options.measures_it("two-cores")) two_cores += two_cores_row(*flow, options, worst);
    if (options.measures_it("latency")) {
      latency += latency_rows(*flow, options, overhead, tick_ns);
    }
  }
  if (!worst.flow.empty()) {
    two_cores += text("\nThe worst of the scenarios of one symbol: %.2f M messages/s (%s).\n",
                      worst.millions_a_second, worst.flow.c_str());
  }
  return machine() +
         text("Repetitions: %d; seed %llu; matching on core %u, reader on core %u.\n\n",
              options.repetitions, static_cast<unsigned long long>(options.seed), options.cores[0],
              options.cores[1]) +
         flows + one_core + two_cores + latency;
}

int count(const Options& options) {
  const std::optional<Flow> flow = make_or_skip(options.flows.front(), options);
  if (!flow) return 1;
  if (options.count == "engine") {
    replay_counted<EngineBook>(*flow);
  } else if (options.count == "floor") {
    replay_counted<ReportingFloor>(*flow);
  } else {
    replay_counted<BareFloor>(*flow);
  }
  std::printf("messages %zu fills %llu\n", flow->timed(),
              static_cast<unsigned long long>(flow->fills));
  return 0;
}

}  // namespace
}  // namespace basalt::bench

int main(int argc, char** argv) {
  using namespace basalt::bench;
  Options options;
  CLI::App app{"What a message costs in the matching core, beside a floor under that cost."};
  app.add_option("--flows", options.flows, "Default: all of them.")
      ->delimiter(',')
      ->check(CLI::IsMember(flow_names()));
  app.add_option("--repetitions", options.repetitions)->check(CLI::PositiveNumber);
  app.add_option("--orders", options.orders)->check(CLI::PositiveNumber);
  app.add_option("--seed", options.seed);
  app.add_option("--measures", options.measures, "Default: all of them.")
      ->delimiter(',')
      ->check(CLI::IsMember(options.measures));
  app.add_option("--cores", options.cores, "Of matching, and of the reader.")
      ->delimiter(',')
      ->expected(2);
  app.add_option("--table", options.table, "Write the tables to this file too.");
  app.add_option("--count", options.count, "Play the first flow once, by engine, floor or bare.")
      ->check(CLI::IsMember(std::vector<std::string>{"engine", "floor", "bare"}));
  CLI11_PARSE(app, argc, argv);
  if (!options.count.empty()) return count(options);
  pin_or_stop(options.cores[0]);
  const std::string out = tables(options);
  std::fputs(out.c_str(), stdout);
  if (!options.table.empty()) std::ofstream(options.table) << out;
  return 0;
}
