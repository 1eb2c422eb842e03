#include "pinning/thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <array>
#include <string>
#include <thread>

namespace basalt::pinning {
namespace {

unsigned any_allowed_core() {
  cpu_set_t allowed;
  EXPECT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
  unsigned core = 0;
  while (!CPU_ISSET(core, &allowed)) ++core;
  return core;
}

std::string name_of_calling_thread() {
  std::array<char, 16> name{};
  EXPECT_EQ(::pthread_getname_np(::pthread_self(), name.data(), name.size()), 0);
  return name.data();
}

// Every test acts on a thread of its own, so that none changes the next one's.
template <typename Body>
void in_a_thread(Body body) {
  std::thread(body).join();
}

TEST(PinCallingThread, it_runs_there_at_once_and_nowhere_else) {
  const unsigned core = any_allowed_core();
  in_a_thread([core] {
    EXPECT_EQ(pin_calling_thread(core), std::nullopt);
    EXPECT_EQ(static_cast<unsigned>(::sched_getcpu()), core);
    cpu_set_t given;
    ASSERT_EQ(::sched_getaffinity(0, sizeof given, &given), 0);
    EXPECT_EQ(CPU_COUNT(&given), 1);
  });
}

TEST(PinCallingThread, a_core_that_is_not_there_is_a_failure_in_words) {
  in_a_thread([] {
    for (const unsigned core : {1000u, 4'000'000u}) {
      const Failure failure = pin_calling_thread(core);
      ASSERT_NE(failure, std::nullopt);
      EXPECT_THAT(*failure, testing::HasSubstr("core " + std::to_string(core)));
    }
  });
}

TEST(NameCallingThread, the_kernel_shows_it) {
  in_a_thread([] {
    EXPECT_EQ(name_calling_thread("matching[0]"), std::nullopt);
    EXPECT_EQ(name_of_calling_thread(), "matching[0]");
  });
}

TEST(NameCallingThread, a_name_that_is_too_long_is_a_failure_and_not_cut) {
  in_a_thread([] {
    const std::string before = name_of_calling_thread();
    const Failure failure = name_calling_thread("sixteen_letters_");
    ASSERT_NE(failure, std::nullopt);
    EXPECT_THAT(*failure, testing::HasSubstr("sixteen_letters_"));
    EXPECT_EQ(name_of_calling_thread(), before);
  });
}

TEST(NameCallingThread, the_main_thread_keeps_the_name_of_the_process) {
  const std::string before = name_of_calling_thread();
  EXPECT_EQ(name_calling_thread("matching[0]"), std::nullopt);
  EXPECT_EQ(name_of_calling_thread(), before);
}

}  // namespace
}  // namespace basalt::pinning
