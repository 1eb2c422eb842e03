// What an order costs in the matching core, beside a textbook book of std::map and std::list, on
// two flows that are made before the clock starts.
//
//   order_book_bench [--repetitions N] [--orders N] [--core N] [--table FILE]
//
// Both books run in one process, one after the other in each repetition, and medians are compared.
// Both write each event to a ring of 64-byte slots, which is read and counted in batches of 64
// orders: fills and the quantity filled must be those that the flow's maker found. Not included:
// decoding, risk, hops between cores, other instruments' orders in the same cache.
#include <x86intrin.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "bench/micro/book_flow.h"
#include "bench/micro/map_book.h"
#include "engine/arena.h"
#include "engine/matching/matching.h"
#include "pinning/thread.h"

namespace basalt::bench {
namespace {

using matching::EventOutlet;
using matching::EventRing;
using matching::MatchingCore;

constexpr std::uint32_t ring_slots = 4096;

struct Options {
  int repetitions = 7;
  std::size_t orders = 1'000'000;
  unsigned core = 0;
  std::string table;
};

// What came out of a book, read off the ring as its next reader would.
struct Answer {
  std::uint64_t fills = 0;
  Quantity quantity;

  void drain(EventRing& ring) {
    while (const Event* event = ring.peek()) {
      if (event->kind != EventKind::fill) continue;
      ++fills;
      quantity += event->quantity;
    }
    ring.consume();
  }
};

class EngineBook {
 public:
  static constexpr const char* name = "matching core";

  explicit EngineBook(const BookFlow& flow)
      : limits_{flow.slots, flow.instruments, 64 * flow.instruments, 64 * flow.instruments},
        arena_(MatchingCore::memory_bytes(limits_) + EventRing::memory_bytes(ring_slots) +
               Arena::cost<Event>(MatchingCore::events_max(limits_))),
        ring_(ring_slots, arena_),
        outlet_(ring_, MatchingCore::events_max(limits_), arena_),
        core_(limits_, arena_) {}

  void apply(const Order& order) { core_.apply(order, outlet_); }
  void read(Answer& answer) {
    for (bool more = true; more;) {
      more = !outlet_.flush();
      answer.drain(ring_);
    }
  }

 private:
  MatchingCore::Limits limits_;
  Arena arena_;
  EventRing ring_;
  EventOutlet outlet_;
  MatchingCore core_;
};

class TextbookBook {
 public:
  static constexpr const char* name = "textbook";

  explicit TextbookBook(const BookFlow& flow)
      : arena_(EventRing::memory_bytes(ring_slots) + Arena::cost<Event>(flow.slots + 3)),
        ring_(ring_slots, arena_),
        outlet_(ring_, flow.slots + 3, arena_),
        book_(flow.instruments) {}

  void apply(const Order& order) {
    book_[index_of(order.instrument)].apply(
        order, [this](const Event& event) { *outlet_.claim() = event; });
  }
  void read(Answer& answer) {
    for (bool more = true; more;) {
      more = !outlet_.flush();
      answer.drain(ring_);
    }
  }

 private:
  Arena arena_;
  EventRing ring_;
  EventOutlet outlet_;
  std::vector<MapBook> book_;
};

template <typename Book>
void play(Book& book, const BookFlow& flow, std::size_t from, std::size_t to, Answer& answer) {
  for (std::size_t at = from; at < to;) {
    const std::size_t end = std::min<std::size_t>(at + limits::batch_max, to);
    for (; at < end; ++at) book.apply(flow.orders[at]);
    book.read(answer);
  }
}

void check_or_stop(const BookFlow& flow, const Answer& answer, const char* name) {
  if (answer.fills == flow.fills && answer.quantity == flow.quantity_filled) return;
  std::fprintf(stderr, "order_book_bench: %s gave %llu fills on flow %s, and %llu are right\n",
               name, static_cast<unsigned long long>(answer.fills), flow.name.c_str(),
               static_cast<unsigned long long>(flow.fills));
  std::exit(1);
}

template <typename Book>
double ns_per_order(const BookFlow& flow) {
  Book book(flow);
  Answer answer;
  play(book, flow, 0, flow.first_timed, answer);
  const auto began = std::chrono::steady_clock::now();
  play(book, flow, flow.first_timed, flow.orders.size(), answer);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  check_or_stop(flow, answer, Book::name);
  return took.count() / static_cast<double>(flow.orders.size() - flow.first_timed);
}

// Ticks of each order by itself, fenced on both sides, by kind; the last row is all of them.
using Ticks = std::array<std::vector<std::uint32_t>, 4>;

template <typename Book>
Ticks ticks_by_kind(const BookFlow& flow) {
  Book book(flow);
  Answer answer;
  play(book, flow, 0, flow.first_timed, answer);
  Ticks ticks;
  for (std::size_t at = flow.first_timed; at < flow.orders.size(); ++at) {
    _mm_lfence();
    const std::uint64_t began = __rdtsc();
    book.apply(flow.orders[at]);
    unsigned core = 0;
    const std::uint64_t ended = __rdtscp(&core);
    _mm_lfence();
    const auto took = static_cast<std::uint32_t>(ended - began);
    ticks[static_cast<std::size_t>(flow.kinds[at])].push_back(took);
    ticks[3].push_back(took);
    book.read(answer);
  }
  check_or_stop(flow, answer, Book::name);
  for (auto& kind : ticks) std::sort(kind.begin(), kind.end());
  return ticks;
}

double tsc_ns() {
  const auto began = std::chrono::steady_clock::now();
  const std::uint64_t first = __rdtsc();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const std::uint64_t last = __rdtsc();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  return took.count() / static_cast<double>(last - first);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <typename... Values>
std::string text(const char* format, Values... values) {
  std::array<char, 240> line{};
  std::snprintf(line.data(), line.size(), format, values...);
  return line.data();
}

template <typename Book>
std::string latency_rows(const BookFlow& flow, double tick_ns) {
  const Ticks ticks = ticks_by_kind<Book>(flow);
  std::string out;
  static constexpr std::array<const char*, 4> kinds{"add", "cancel", "take", "all"};
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    const auto at = [&](double share) {
      const auto last = static_cast<double>(ticks[kind].size() - 1);
      return ticks[kind][static_cast<std::size_t>(share * last)] * tick_ns;
    };
    out += text("| %s | %s | %s | %.0f | %.0f | %.0f | %.0f |\n", flow.name.c_str(), Book::name,
                kinds[kind], at(0.5), at(0.99), at(0.999), at(1.0));
  }
  return out;
}

std::string tables(const Options& options) {
  const std::array<BookFlow, 2> flows{flow_a(options.orders), flow_b(options.orders)};
  std::string out =
      "| flow | live orders | fills an order | matching core, ns/order | textbook | ratio | best "
      "core "
      "| best textbook |\n|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const BookFlow& flow : flows) {
    std::vector<double> ours, theirs, ratio;
    for (int i = 0; i < options.repetitions; ++i) {
      ours.push_back(ns_per_order<EngineBook>(flow));
      theirs.push_back(ns_per_order<TextbookBook>(flow));
      ratio.push_back(theirs.back() / ours.back());
    }
    out += text("| %s | %u to %u | %.2f | %.1f | %.1f | %.1f | %.1f | %.1f |\n", flow.name.c_str(),
                flow.live_least, flow.live_most,
                static_cast<double>(flow.fills) / static_cast<double>(flow.orders.size()),
                median(ours), median(theirs), median(ratio),
                *std::min_element(ours.begin(), ours.end()),
                *std::min_element(theirs.begin(), theirs.end()));
  }
  const double tick_ns = tsc_ns();
  out +=
      "\nOne order at a time, fences included, ns:\n\n"
      "| flow | book | kind | p50 | p99 | p99.9 | max |\n|---|---|---|--:|--:|--:|--:|\n";
  for (const BookFlow& flow : flows) {
    out += latency_rows<EngineBook>(flow, tick_ns) + latency_rows<TextbookBook>(flow, tick_ns);
  }
  return out;
}

}  // namespace
}  // namespace basalt::bench

int main(int argc, char** argv) {
  using namespace basalt::bench;
  Options options;
  CLI::App app{"What an order costs in the matching core, beside a textbook book."};
  app.add_option("--repetitions", options.repetitions)->check(CLI::PositiveNumber);
  app.add_option("--orders", options.orders)->check(CLI::PositiveNumber);
  app.add_option("--core", options.core);
  app.add_option("--table", options.table, "Write the tables to this file too.");
  CLI11_PARSE(app, argc, argv);
  if (const auto failure = basalt::pinning::pin_calling_thread(options.core)) {
    std::fprintf(stderr, "order_book_bench: %s\n", failure->c_str());
    return 1;
  }
  const std::string out = tables(options);
  std::fputs(out.c_str(), stdout);
  if (!options.table.empty()) std::ofstream(options.table) << out;
  return 0;
}
