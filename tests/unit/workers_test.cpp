#include "pinning/workers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "pinning/machine.h"

namespace basalt::pinning {
namespace {

std::vector<unsigned> affinity() {
  cpu_set_t allowed;
  EXPECT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
  std::vector<unsigned> cores;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &allowed)) cores.push_back(core);
  }
  return cores;
}

std::ptrdiff_t threads_of_this_process() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return std::distance(begin(threads), end(threads));
}

// Before any test: what one leaves behind must not count as what was there.
const std::ptrdiff_t threads_at_start = threads_of_this_process();

TEST(Workers, each_task_runs_once_whatever_the_number_of_cores) {
  const std::vector<unsigned> here = affinity();
  for (std::size_t cores = 0; cores <= here.size(); ++cores) {
    const Workers workers({here.begin(), here.begin() + static_cast<std::ptrdiff_t>(cores)});
    EXPECT_EQ(workers.count(), std::max<std::size_t>(cores, 1));
    for (const std::size_t tasks : {0U, 1U, 2U, 7U, 500U}) {
      std::vector<std::atomic<int>> runs(tasks);
      workers.each(tasks, [&](std::size_t i) { runs[i].fetch_add(1, std::memory_order_relaxed); });
      for (const auto& each : runs) EXPECT_EQ(each.load(std::memory_order_relaxed), 1);
    }
  }
}

TEST(Workers, alone_the_caller_works_where_it_is) {
  const std::thread::id caller = std::this_thread::get_id();
  const std::vector<unsigned> here = affinity();
  for (const Workers& workers : {Workers(), Workers({here.front()})}) {
    workers.each(3, [&](std::size_t) {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      EXPECT_EQ(affinity(), here);
    });
  }
}

TEST(Workers, a_worker_is_on_one_core_of_the_given_and_none_is_shared) {
  const std::vector<unsigned> here = affinity();
  if (here.size() < 2) GTEST_SKIP() << "one core";
  std::mutex mutex;
  std::map<unsigned, std::thread::id> worker_of_core;
  Workers(here).each(200, [&](std::size_t) {
    const std::vector<unsigned> pinned = affinity();
    ASSERT_EQ(pinned.size(), 1U);
    EXPECT_THAT(here, testing::Contains(pinned[0]));
    const std::lock_guard lock(mutex);
    const auto [place, fresh] = worker_of_core.emplace(pinned[0], std::this_thread::get_id());
    EXPECT_EQ(place->second, std::this_thread::get_id()) << "two on core " << pinned[0];
  });
}

TEST(Workers, they_work_at_the_same_time) {
  const std::vector<unsigned> here = affinity();
  if (here.size() < 2) GTEST_SKIP() << "one core";
  std::atomic<int> arrived{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  Workers({here[0], here[1]}).each(2, [&](std::size_t) {
    arrived.fetch_add(1, std::memory_order_relaxed);
    while (arrived.load(std::memory_order_relaxed) < 2) {
      if (std::chrono::steady_clock::now() > deadline) break;
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(arrived.load(std::memory_order_relaxed), 2);
  EXPECT_LT(std::chrono::steady_clock::now(), deadline) << "one waited for the other in vain";
}

TEST(Workers, afterwards_the_caller_runs_where_it_did_and_no_thread_is_left) {
  const std::vector<unsigned> here = affinity();
  if (here.size() < 2) GTEST_SKIP() << "one core";
  for (int i = 0; i < 20; ++i) {
    Workers(here).each(50, [](std::size_t) {});
    EXPECT_EQ(affinity(), here);
  }
  // A thread that was joined may be seen for a moment longer.
  for (int i = 0; i < 1000 && threads_of_this_process() > threads_at_start; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(threads_of_this_process(), threads_at_start);
}

TEST(Workers, what_a_task_throws_arrives) {
  const std::vector<unsigned> here = affinity();
  const auto seventh = [](std::size_t i) {
    if (i == 7) throw std::logic_error("the seventh");
  };
  EXPECT_THROW(Workers().each(20, seventh), std::logic_error);
  EXPECT_THROW(Workers(here).each(20, seventh), std::logic_error);
  EXPECT_EQ(affinity(), here);
}

TEST(Workers, a_core_that_is_not_there_is_said) {
  try {
    Workers({1000, 1001}).each(20, [](std::size_t) {});
    FAIL() << "pinned to nothing";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("core 100"));
  }
}

}  // namespace
}  // namespace basalt::pinning
