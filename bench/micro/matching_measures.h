// How matching_bench measures one book on one flow: time in one core, time to a reader on the other
// core, ticks of each message. Every measure builds the book anew and checks its answer.
#pragma once

#include <immintrin.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <thread>
#include <type_traits>
#include <vector>

#include "bench/micro/matching_contestants.h"
#include "bench/workloads/flow.h"
#include "pinning/thread.h"

namespace basalt::bench {

// As far ahead as a ring asks for the line of a slot, and the stage for that of an order
// (engine/ring/spsc_ring.h, engine/matching/matching.cpp).
inline constexpr std::size_t lookahead_messages = 8;
inline constexpr std::size_t prefetch_messages = 4;

// Inlined, since gcc 12 drops calls of functions that do nothing but ask for lines.
template <typename Book>
[[gnu::always_inline]] inline void look_ahead(const Book& book, const Flow& flow,
                                              std::size_t at) noexcept {
  const std::size_t last = flow.orders.size() - 1;
  __builtin_prefetch(&flow.orders[std::min(at + lookahead_messages, last)]);
  book.prefetch(flow.orders[std::min(at + prefetch_messages, last)]);
}

using BenchClock = std::chrono::steady_clock;

inline double ns_since(BenchClock::time_point began) {
  const std::chrono::duration<double, std::nano> took = BenchClock::now() - began;
  return took.count();
}

inline void pin_or_stop(unsigned core) {
  if (const auto failure = pinning::pin_calling_thread(core)) {
    std::fprintf(stderr, "matching_bench: %s\n", failure->c_str());
    std::exit(1);
  }
}

inline void check_or_stop(const Flow& flow, const Answer& answer, const char* name) {
  if (answer.fills == flow.fills && answer.quantity == flow.quantity_filled) return;
  std::fprintf(stderr, "matching_bench: %s gave %llu fills on flow %s, and %llu are right\n", name,
               static_cast<unsigned long long>(answer.fills), flow.name.c_str(),
               static_cast<unsigned long long>(flow.fills));
  std::exit(1);
}

template <typename Book>
inline constexpr bool reports_v = !std::is_same_v<Book, BareFloor>;

// Plays messages of the flow, and calls `after_batch()` behind every 64.
template <typename Book, typename AfterBatch>
void play(Book& book, const Flow& flow, std::size_t from, std::size_t to, AfterBatch after_batch) {
  for (std::size_t at = from; at < to;) {
    const std::size_t end = std::min<std::size_t>(at + limits::batch_max, to);
    for (; at < end; ++at) {
      look_ahead(book, flow, at);
      book.apply(flow.orders[at]);
    }
    after_batch();
  }
}

// Reads in the same thread all that was told so far.
template <typename Book>
void read_here(Book& book, Answer& answer) {
  if constexpr (reports_v<Book>) {
    for (bool more = true; more;) {
      more = !book.reports().outlet().flush();
      answer.drain(book.reports().ring());
    }
  } else {
    answer = book.answer();
  }
}

template <typename Book>
void fill_up(Book& book, const Flow& flow, Answer& answer) {
  play(book, flow, 0, flow.first_timed, [&] { read_here(book, answer); });
}

// ns a message, with the reports written and read in the same thread.
template <typename Book>
double one_core_ns(const Flow& flow) {
  Book book(flow);
  Answer answer;
  fill_up(book, flow, answer);
  const auto began = BenchClock::now();
  play(book, flow, flow.first_timed, flow.orders.size(), [&] { read_here(book, answer); });
  const double took = ns_since(began);
  check_or_stop(flow, answer, Book::name);
  return took / static_cast<double>(flow.timed());
}

struct Cores {
  unsigned matching = 0;
  unsigned reader = 1;
};

// Messages a second, from the first message until the reader on the other core has the last report.
template <typename Book>
double two_cores_per_second(const Flow& flow, const Cores& cores) {
  Book book(flow);
  Answer answer;
  fill_up(book, flow, answer);
  std::atomic<int> ready{0};
  std::atomic<bool> finished{false};
  BenchClock::time_point began;
  double took = 0;
  const auto start_together = [&ready] {
    ready.fetch_add(1, std::memory_order_acq_rel);  // Pairs with the load: both are on their cores.
    while (ready.load(std::memory_order_acquire) < 2) _mm_pause();
  };
  std::thread reader([&] {
    pin_or_stop(cores.reader);
    start_together();
    EventRing& ring = book.reports().ring();
    for (bool last_look = false; !last_look;) {
      // Asked before the look, so that nothing comes between.
      last_look = finished.load(std::memory_order_acquire);  // Pairs with the store below.
      if (answer.drain(ring) > 0) {
        last_look = false;
      } else {
        _mm_pause();
      }
    }
    took = ns_since(began);
  });
  std::thread matching([&] {
    pin_or_stop(cores.matching);
    start_together();
    began = BenchClock::now();  // Becomes visible to the reader with `finished`.
    EventOutlet& outlet = book.reports().outlet();
    play(book, flow, flow.first_timed, flow.orders.size(), [&] {
      while (!outlet.flush()) _mm_pause();
    });
    // Pairs with the acquire of the reader: all reports are published.
    finished.store(true, std::memory_order_release);
  });
  matching.join();
  reader.join();
  check_or_stop(flow, answer, Book::name);
  if (answer.reports != flow.reports) {
    std::fprintf(stderr, "matching_bench: %s told %llu reports on flow %s, and %llu are right\n",
                 Book::name, static_cast<unsigned long long>(answer.reports), flow.name.c_str(),
                 static_cast<unsigned long long>(flow.reports));
    std::exit(1);
  }
  return static_cast<double>(flow.timed()) / took * 1e9;
}

// Ticks between two reads of the counter with a fence on either side, and nothing between.
inline std::uint32_t clock_ticks() {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (int i = 0; i < 100'000; ++i) {
    _mm_lfence();
    const std::uint64_t began = __rdtsc();
    unsigned core = 0;
    const std::uint64_t ended = __rdtscp(&core);
    _mm_lfence();
    least = std::min(least, ended - began);
  }
  return static_cast<std::uint32_t>(least);
}

inline double tsc_ns() {
  const auto began = BenchClock::now();
  const std::uint64_t first = __rdtsc();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const std::uint64_t last = __rdtsc();
  return ns_since(began) / static_cast<double>(last - first);
}

// By FlowKind; the last is all of them.
using Ticks = std::array<std::vector<std::uint32_t>, flow_kinds + 1>;

// Of each message by itself, `overhead` taken off, sorted.
template <typename Book>
Ticks ticks_by_kind(const Flow& flow, std::uint32_t overhead) {
  Book book(flow);
  Answer answer;
  fill_up(book, flow, answer);
  Ticks ticks;
  ticks[flow_kinds].reserve(flow.timed());
  for (std::size_t at = flow.first_timed; at < flow.orders.size(); ++at) {
    look_ahead(book, flow, at);
    _mm_lfence();
    const std::uint64_t began = __rdtsc();
    book.apply(flow.orders[at]);
    unsigned core = 0;
    const std::uint64_t ended = __rdtscp(&core);
    _mm_lfence();
    const std::uint64_t whole = std::min<std::uint64_t>(ended - began, 0xFFFF'FFFF);
    const auto took = static_cast<std::uint32_t>(whole > overhead ? whole - overhead : 0);
    ticks[static_cast<std::size_t>(flow.kinds[at])].push_back(took);
    ticks[flow_kinds].push_back(took);
    read_here(book, answer);
  }
  check_or_stop(flow, answer, Book::name);
  for (auto& kind : ticks) std::sort(kind.begin(), kind.end());
  return ticks;
}

// For tools that count: a page at an address that nothing else has, so that a trace of memory shows
// where a message begins and ends (matching_lines.py). Word 0 is stored to at its end, the word of
// its kind and 1 at its beginning.
class Marker {
 public:
  static constexpr std::uintptr_t address = 0x6'0000'0000;
  static constexpr std::size_t size_bytes = 4096;

  Marker()
      : word_(static_cast<volatile std::uint64_t*>(
            ::mmap(reinterpret_cast<void*>(address), size_bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0))) {
    if (reinterpret_cast<std::uintptr_t>(word_) == address) return;
    std::fprintf(stderr, "matching_bench: the marker's page is taken\n");
    std::exit(1);
  }
  Marker(const Marker&) = delete;
  Marker& operator=(const Marker&) = delete;
  ~Marker() { ::munmap(reinterpret_cast<void*>(address), size_bytes); }

  void begin(FlowKind kind) noexcept { word_[static_cast<std::size_t>(kind) + 1] = 1; }
  void end() noexcept { word_[0] = 1; }

 private:
  volatile std::uint64_t* const word_;
};

template <typename Book>
[[gnu::noinline]] void apply_counted(Book& book, const Order& order) {
  book.apply(order);
}

template <typename Book>
void replay_counted(const Flow& flow) {
  Book book(flow);
  Marker marker;
  Answer answer;
  fill_up(book, flow, answer);
  for (std::size_t at = flow.first_timed; at < flow.orders.size(); ++at) {
    marker.begin(flow.kinds[at]);
    apply_counted(book, flow.orders[at]);
    marker.end();
    read_here(book, answer);
  }
  check_or_stop(flow, answer, Book::name);
}

}  // namespace basalt::bench
