// What a stage or a core counts about itself: written by one thread without a locked instruction,
// read by any at any time.
//
//   stage's thread: meter.turn(handled, ticks)  ─►  counters, histogram  ─►  report(): any thread
//
// Time is counted in ticks of the processor's own counter, which costs some 10 ns to read and needs
// no call; only a reader turns ticks into nanoseconds.
//
// Every field is a relaxed atomic with one writer: a reader may see one field newer than another,
// never a torn one, and no decision depends on any.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "engine/types.h"

namespace basalt::pipeline {

using Ticks = std::uint64_t;

[[nodiscard]] inline Ticks ticks_now() noexcept {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<Ticks>(time.tv_sec) * 1'000'000'000 + static_cast<Ticks>(time.tv_nsec);
#endif
}

// How long a tick is, from two moments that a reader has seen. The longer apart, the better: 0.1 %
// after some 10 ms.
class TickRate {
 public:
  TickRate() noexcept;                                // The first moment is now.
  [[nodiscard]] double ns_per_tick() const noexcept;  // The second is now.

 private:
  Ticks ticks_;
  Nanos time_;
};

// A relaxed counter of one writer.
class Counter {
 public:
  void add(std::uint64_t amount) noexcept {
    // One writer: a load and a store, where fetch_add would lock the line.
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void raise_to(std::uint64_t value) noexcept {
    if (value > value_.load(std::memory_order_relaxed)) {
      value_.store(value, std::memory_order_relaxed);
    }
  }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// How often which duration was seen: sixteen buckets an octave, so that a percentile is told at
// most 1/16 too high and never too low. 4.9 KiB, of which a steady stage touches a few lines.
class TickHistogram {
 public:
  static constexpr std::uint32_t octave_bits = 4;
  static constexpr Ticks ticks_max = (Ticks{1} << 40) - 1;  // Some minutes; longer counts as this.

  void record(Ticks ticks) noexcept { buckets_[bucket_of(ticks)].add(1); }

  [[nodiscard]] std::uint64_t count() const noexcept;
  // The least duration that at least `per_million` millionths of what was recorded do not pass, as
  // the top of its bucket. 0 when nothing was recorded.
  [[nodiscard]] Ticks percentile(std::uint32_t per_million) const noexcept;

  [[nodiscard]] static constexpr std::uint32_t bucket_of(Ticks ticks) noexcept {
    if (ticks > ticks_max) ticks = ticks_max;
    if (ticks < 1U << octave_bits) return static_cast<std::uint32_t>(ticks);
    const auto top = static_cast<std::uint32_t>(std::bit_width(ticks)) - 1;
    const std::uint32_t octave = top - octave_bits + 1;
    const auto within = static_cast<std::uint32_t>(ticks >> (top - octave_bits));
    return (octave << octave_bits) + (within & ((1U << octave_bits) - 1));
  }
  // The longest duration that falls into a bucket.
  [[nodiscard]] static constexpr Ticks top_of(std::uint32_t bucket) noexcept {
    const std::uint32_t octave = bucket >> octave_bits;
    if (octave == 0) return bucket;
    const Ticks within = (bucket & ((1U << octave_bits) - 1)) + (1U << octave_bits);
    return ((within + 1) << (octave - 1)) - 1;
  }

 private:
  static constexpr std::uint32_t buckets = (40 - octave_bits + 1) << octave_bits;

  std::array<Counter, buckets> buckets_;
};
static_assert(TickHistogram::bucket_of(TickHistogram::ticks_max) + 1 ==
              (40 - TickHistogram::octave_bits + 1) << TickHistogram::octave_bits);
static_assert(TickHistogram::top_of(TickHistogram::bucket_of(1'000'000)) >= 1'000'000);

// What the summary tells of a stage (INTERFACES, "stages").
struct StageReport {
  std::string name;
  std::optional<std::uint32_t> core;  // None: its thread is not pinned.
  std::uint64_t messages = 0;
  std::uint64_t turns = 0;
  std::uint64_t idle_turns = 0;
  double busy_share = 0;  // Of the time since the meter was made, in turns that handled something.
  // Of turns that handled something.
  double cycle_ns_p50 = 0;
  double cycle_ns_p99 = 0;
  double cycle_ns_max = 0;
};

// One stage's counters. One writer: the stage's thread.
class StageMeter {
 public:
  StageMeter() noexcept : since_(ticks_now()) {}

  void turn(std::uint32_t handled, Ticks ticks) noexcept {
    if (handled == 0) {
      idle_turns_.add(1);
      return;
    }
    busy_turns_.add(1);
    messages_.add(handled);
    busy_ticks_.add(ticks);
    longest_.raise_to(ticks);
    cycles_.record(ticks);
  }

  // Any thread. Counters only; name and core are the owner's to add.
  [[nodiscard]] StageReport report(const TickRate& rate) const;

  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_.value(); }
  [[nodiscard]] std::uint64_t idle_turns() const noexcept { return idle_turns_.value(); }
  [[nodiscard]] std::uint64_t busy_turns() const noexcept { return busy_turns_.value(); }
  [[nodiscard]] Ticks busy_ticks() const noexcept { return busy_ticks_.value(); }
  [[nodiscard]] Ticks longest() const noexcept { return longest_.value(); }

 private:
  alignas(false_sharing_bytes) Counter idle_turns_;
  Counter busy_turns_;
  Counter messages_;
  Counter busy_ticks_;
  Counter longest_;  // Exact, where the histogram rounds.
  Ticks since_;
  TickHistogram cycles_;
};

}  // namespace basalt::pipeline
