#include "tests/property/long_run.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace basalt::property {
namespace {

using Clock = std::chrono::steady_clock;

// Lock-free, since a signal sets them. Relaxed everywhere: they carry no other data.
std::atomic<bool> interrupted{false};
std::atomic<bool> found{false};
std::atomic<std::uint64_t> shown{0};

void interrupt(int) {
  interrupted.store(true, std::memory_order_relaxed);
}

}  // namespace

struct LongRun::State {
  Clock::time_point began = Clock::now();
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::condition_variable over;
  unsigned running = 0;
  std::string finding;

  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - began).count();
  }
};

LongRun::LongRun(std::string unit, double total, unsigned threads)
    : unit_(std::move(unit)), total_(total), threads_(std::max(threads, 1U)) {}

void LongRun::done(std::uint64_t count) noexcept {
  shown.fetch_add(count, std::memory_order_relaxed);
}

bool LongRun::ending() const noexcept {
  return interrupted.load(std::memory_order_relaxed) || found.load(std::memory_order_relaxed);
}

int LongRun::over(std::size_t parts,
                  const std::function<std::optional<std::string>(std::size_t)>& each) {
  State state;
  std::signal(SIGINT, interrupt);
  state.running = threads_;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < threads_; ++i) {
    threads.emplace_back([&] {
      while (!ending()) {
        const std::size_t part = state.next.fetch_add(1, std::memory_order_relaxed);
        if (part >= parts) break;
        if (auto finding = each(part)) {
          const std::lock_guard lock(state.mutex);
          if (!found.exchange(true, std::memory_order_relaxed)) state.finding = std::move(*finding);
        }
      }
      const std::lock_guard lock(state.mutex);
      if (--state.running == 0) state.over.notify_one();
    });
  }
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  {
    std::unique_lock lock(state.mutex);
    const auto each_so_often = std::chrono::seconds(terminal ? 1 : 30);
    while (!state.over.wait_for(lock, each_so_often, [&] { return state.running == 0; })) {
      tell(state);
      std::fputs(terminal ? "\r" : "\n", stderr);
    }
  }
  for (std::thread& thread : threads) thread.join();
  tell(state);
  std::fputs("\n", stderr);
  if (!state.finding.empty()) {
    std::printf("%s\n", state.finding.c_str());
    return 1;
  }
  if (interrupted.load(std::memory_order_relaxed)) {
    std::printf("interrupted; no difference so far\n");
    return 130;
  }
  std::printf("%llu %s, no difference\n",
              static_cast<unsigned long long>(shown.load(std::memory_order_relaxed)),
              unit_.c_str());
  return 0;
}

void LongRun::tell(const State& state) const {
  const double seconds = state.seconds();
  const auto count = static_cast<double>(shown.load(std::memory_order_relaxed));
  const double left = count > 0 ? seconds * std::max(total_ / count - 1, 0.0) : 0;
  std::fprintf(stderr, "%.4g of about %.4g %s, %.3g a second, %.0f s, about %.0f s left   ", count,
               total_, unit_.c_str(), count / seconds, seconds, left);
}

}  // namespace basalt::property
