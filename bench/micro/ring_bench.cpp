// What a message costs in our rings, core to core, beside a plain batched ring and beside a bare
// cache line going there and back, all in the same run.
//
//   ring_bench [--repetitions N] [--messages N] [--rounds N] [--cores A,B] [--table FILE]
//
// Contestants alternate within each repetition, so that a slow minute of the machine hits all of
// them; the medians are compared. Every message is checked by its receiver: a wrong one stops the
// bench. Not included: what a stage does with a message, more than 64 bytes, other sockets.
#include <immintrin.h>
#include <sys/utsname.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "bench/micro/plain_ring.h"
#include "engine/arena.h"
#include "engine/ring/broadcast_ring.h"
#include "engine/ring/spsc_ring.h"
#include "pinning/thread.h"

namespace basalt::bench {
namespace {

constexpr std::uint32_t ring_slots = 1024;

struct Options {
  int repetitions = 15;
  std::uint64_t messages = 2'000'000;
  std::uint64_t rounds = 100'000;
  std::vector<unsigned> cores{0, 1};
  std::string table;
};

struct alignas(64) Message {
  std::array<std::uint64_t, 8> words;

  void fill(std::uint64_t position) noexcept { words.fill(position); }
  // Reads all 64 bytes, as a stage would.
  void check(std::uint64_t position) const noexcept {
    std::uint64_t difference = 0;
    for (const std::uint64_t word : words) difference |= word ^ position;
    if (difference != 0) [[unlikely]] {
      std::abort();
    }
  }
};

using Ring = ring::SpscRing<Message>;
using Broadcast = ring::BroadcastRing<Message>;
using Plain = PlainRing<Message>;

void pin_or_stop(unsigned core) {
  if (const auto failure = pinning::pin_calling_thread(core)) {
    std::fprintf(stderr, "ring_bench: %s\n", failure->c_str());
    std::exit(1);
  }
}

// The same two loops for every contestant: send up to `batch`, receive up to `batch`.
template <typename Queue>
std::uint32_t send(Queue& queue, std::uint64_t next, std::uint32_t batch) noexcept {
  std::uint32_t done = 0;
  for (; done < batch; ++done) {
    Message* slot = queue.claim();
    if (slot == nullptr) break;
    slot->fill(next + done);
  }
  if (done != 0) queue.publish();
  return done;
}
template <typename Queue>
std::uint32_t receive(Queue& queue, std::uint64_t next, std::uint32_t batch) noexcept {
  std::uint32_t done = 0;
  for (; done < batch; ++done) {
    const Message* message = queue.peek();
    if (message == nullptr) break;
    message->check(next + done);
  }
  if (done != 0) queue.consume();
  return done;
}
std::uint32_t send(Plain& plain, std::uint64_t next, std::uint32_t batch) noexcept {
  return plain.push(batch, [next](Message& slot, std::uint32_t i) { slot.fill(next + i); });
}
std::uint32_t receive(Plain& plain, std::uint64_t next, std::uint32_t batch) noexcept {
  return plain.pop(batch,
                   [next](const Message& message, std::uint32_t i) { message.check(next + i); });
}

// Runs `first` on the first core and `second` on the second, from one start; ns until both are
// done. This thread only waits: on a core of theirs it would have to be scheduled away first.
template <typename First, typename Second>
double together_ns(const Options& options, First first, Second second) {
  std::atomic<int> ready{0};
  std::chrono::steady_clock::time_point began;
  std::thread one([&] {
    pin_or_stop(options.cores[0]);
    ready.fetch_add(1, std::memory_order_relaxed);  // Carries no data; a start signal only.
    while (ready.load(std::memory_order_relaxed) < 2) _mm_pause();
    began = std::chrono::steady_clock::now();
    first();
  });
  std::thread other([&] {
    pin_or_stop(options.cores[1]);
    ready.fetch_add(1, std::memory_order_relaxed);
    while (ready.load(std::memory_order_relaxed) < 2) _mm_pause();
    second();
  });
  one.join();
  other.join();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  return took.count();
}

template <typename Queue>
double one_way_ns(const Options& options, std::uint32_t batch) {
  Arena arena(Queue::memory_bytes(ring_slots));
  Queue queue(ring_slots, arena);
  const std::uint64_t messages = options.messages;
  const double took = together_ns(
      options,
      [&queue, messages, batch] {
        for (std::uint64_t next = 0; next < messages;) next += send(queue, next, batch);
      },
      [&queue, messages, batch] {
        for (std::uint64_t next = 0; next < messages;) next += receive(queue, next, batch);
      });
  return took / static_cast<double>(messages);
}

// All readers are cursors of one thread on the second core, as neighbouring stages on one core are.
double broadcast_ns(const Options& options, std::uint32_t batch, std::uint32_t readers) {
  Arena arena(Broadcast::memory_bytes(ring_slots));
  Broadcast queue(ring_slots, readers, arena);
  const std::uint64_t messages = options.messages;
  const double took = together_ns(
      options,
      [&] {
        for (std::uint64_t next = 0; next < messages;) next += send(queue, next, batch);
      },
      [&] {
        std::array<std::uint64_t, Broadcast::readers_max> next{};
        while (next[readers - 1] < messages) {
          for (std::uint32_t i = 0; i < readers; ++i) {
            next[i] += receive(queue.reader(i), next[i], batch);
          }
        }
      });
  return took / static_cast<double>(messages);
}

// Both ends in one thread: what a ring costs between two stages that share a core.
double same_core_ns(const Options& options, std::uint32_t batch) {
  Arena arena(Ring::memory_bytes(ring_slots));
  Ring queue(ring_slots, arena);
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t sent = 0, received = 0; received < options.messages;) {
    sent += send(queue, sent, batch);
    received += receive(queue, received, batch);
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  return took.count() / static_cast<double>(options.messages);
}

double tsc_ns() {
  const auto began = std::chrono::steady_clock::now();
  const std::uint64_t first = __rdtsc();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const std::uint64_t last = __rdtsc();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  return took.count() / static_cast<double>(last - first);
}

struct Percentiles {
  double p50, p99, p99_9;
};

Percentiles percentiles_ns(std::vector<std::uint64_t>& ticks, double tick_ns) {
  std::sort(ticks.begin(), ticks.end());
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(ticks.size() - 1));
    return static_cast<double>(ticks[index]) * tick_ns;
  };
  return {at(0.5), at(0.99), at(0.999)};
}

// The floor: one word there, one back, each on a line pair of its own. Whether it is faster to spin
// hard or to pause between looks differs from machine to machine, so both are measured.
template <bool pause>
Percentiles bare_round_trip_ns(const Options& options, double tick_ns) {
  struct alignas(false_sharing_bytes) Line {
    std::atomic<std::uint64_t> word{0};
  };
  std::array<Line, 2> line;
  const auto wait_for = [](const Line& from, std::uint64_t round) {
    while (from.word.load(std::memory_order_acquire) != round) {
      if constexpr (pause) _mm_pause();
    }
  };
  const std::uint64_t rounds = options.rounds;
  std::vector<std::uint64_t> ticks(rounds);
  together_ns(
      options,
      [&] {
        for (std::uint64_t round = 1; round <= rounds; ++round) {
          const std::uint64_t began = __rdtsc();
          // Release and acquire as in the rings, though no other byte hangs on them.
          line[0].word.store(round, std::memory_order_release);
          wait_for(line[1], round);
          ticks[round - 1] = __rdtsc() - began;
        }
      },
      [&] {
        for (std::uint64_t round = 1; round <= rounds; ++round) {
          wait_for(line[0], round);
          line[1].word.store(round, std::memory_order_release);
        }
      });
  return percentiles_ns(ticks, tick_ns);
}

// One 64-byte message there, checked, and one back, checked.
template <typename Queue>
Percentiles round_trip_ns(const Options& options, double tick_ns) {
  Arena arena(2 * Queue::memory_bytes(ring_slots));
  Queue there(ring_slots, arena), back(ring_slots, arena);
  const std::uint64_t rounds = options.rounds;
  std::vector<std::uint64_t> ticks(rounds);
  together_ns(
      options,
      [&] {
        for (std::uint64_t round = 0; round < rounds; ++round) {
          const std::uint64_t began = __rdtsc();
          send(there, round, 1);
          while (receive(back, round, 1) == 0) continue;
          ticks[round] = __rdtsc() - began;
        }
      },
      [&] {
        for (std::uint64_t round = 0; round < rounds; ++round) {
          while (receive(there, round, 1) == 0) continue;
          send(back, round, 1);
        }
      });
  return percentiles_ns(ticks, tick_ns);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string text(const char* format, double a, double b = 0, double c = 0, double d = 0) {
  char line[160];
  std::snprintf(line, sizeof line, format, a, b, c, d);
  return line;
}

std::string throughput_table(const Options& options) {
  constexpr std::array<std::uint32_t, 3> batches{1, 8, 32};
  std::string out =
      "| batch | ring, ns/message | plain ring | ratio | best ring | best plain | one core |\n"
      "|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const std::uint32_t batch : batches) {
    std::vector<double> ours, plain, ratio, same;
    for (int i = 0; i < options.repetitions; ++i) {
      ours.push_back(one_way_ns<Ring>(options, batch));
      plain.push_back(one_way_ns<Plain>(options, batch));
      same.push_back(same_core_ns(options, batch));
      ratio.push_back(ours.back() / plain.back());
    }
    out += "| " + std::to_string(batch) +
           text(" | %.1f | %.1f | %.2f", median(ours), median(plain), median(ratio)) +
           text(" | %.1f | %.1f | %.1f |\n", *std::min_element(ours.begin(), ours.end()),
                *std::min_element(plain.begin(), plain.end()), median(same));
  }
  return out;
}

std::string broadcast_table(const Options& options) {
  std::string out =
      "| readers | batch 1, ns/message | batch 8 | batch 32 |\n"
      "|--:|--:|--:|--:|\n";
  for (const std::uint32_t readers : {1u, 2u, 4u, 8u}) {
    std::array<std::vector<double>, 3> ns;
    for (int i = 0; i < options.repetitions; ++i) {
      ns[0].push_back(broadcast_ns(options, 1, readers));
      ns[1].push_back(broadcast_ns(options, 8, readers));
      ns[2].push_back(broadcast_ns(options, 32, readers));
    }
    out += "| " + std::to_string(readers) +
           text(" | %.1f | %.1f | %.1f |\n", median(ns[0]), median(ns[1]), median(ns[2]));
  }
  return out;
}

std::string round_trip_table(const Options& options) {
  const double tick_ns = tsc_ns();
  struct Contestant {
    const char* name;
    Percentiles (*run)(const Options&, double);
    std::array<std::vector<double>, 3> ns{};
    std::vector<double> ratio{};
  };
  std::array<Contestant, 4> contestants{{{"bare cache line, spinning", bare_round_trip_ns<false>},
                                         {"bare cache line, pausing", bare_round_trip_ns<true>},
                                         {"ring", round_trip_ns<Ring>},
                                         {"plain ring", round_trip_ns<Plain>}}};
  for (int i = 0; i < options.repetitions; ++i) {
    for (Contestant& contestant : contestants) {
      const Percentiles found = contestant.run(options, tick_ns);
      contestant.ns[0].push_back(found.p50);
      contestant.ns[1].push_back(found.p99);
      contestant.ns[2].push_back(found.p99_9);
    }
    // To the faster of the two bare ones.
    const double floor = std::min(contestants[0].ns[0].back(), contestants[1].ns[0].back());
    for (Contestant& contestant : contestants) {
      contestant.ratio.push_back(contestant.ns[0].back() / floor);
    }
  }
  std::string out =
      "| there and back | p50, ns | p99 | p99.9 | p50 to bare |\n"
      "|---|--:|--:|--:|--:|\n";
  for (const Contestant& contestant : contestants) {
    out += "| " + std::string(contestant.name) +
           text(" | %.0f | %.0f | %.0f | %.2f |\n", median(contestant.ns[0]),
                median(contestant.ns[1]), median(contestant.ns[2]), median(contestant.ratio));
  }
  return out;
}

}  // namespace
}  // namespace basalt::bench

int main(int argc, char** argv) {
  using namespace basalt::bench;
  Options options;
  CLI::App app{"What a message costs in our rings, beside a plain ring and a bare cache line."};
  app.add_option("--repetitions", options.repetitions)->check(CLI::PositiveNumber);
  app.add_option("--messages", options.messages)->check(CLI::PositiveNumber);
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  app.add_option("--cores", options.cores)->delimiter(',')->expected(2);
  app.add_option("--table", options.table, "Write the tables to this file too.");
  CLI11_PARSE(app, argc, argv);
  std::string out = "One way, 64-byte messages, 1,024 slots, core to core:\n\n" +
                    throughput_table(options) + "\nThere and back, one message at a time:\n\n" +
                    round_trip_table(options) + "\nBroadcast, all readers on the second core:\n\n" +
                    broadcast_table(options);
  std::fputs(out.c_str(), stdout);
  if (!options.table.empty()) std::ofstream(options.table) << out;
  return 0;
}
