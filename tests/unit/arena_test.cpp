#include "engine/arena.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <limits>
#include <system_error>

namespace basalt {
namespace {

bool on_a_line_pair(const void* at) {
  return reinterpret_cast<std::uintptr_t>(at) % false_sharing_bytes == 0;
}

TEST(Arena, arrays_are_value_initialised_and_lie_on_line_pairs_of_their_own) {
  struct Order {
    std::uint32_t next = 0xFFFF'FFFF;
    std::uint8_t side = 1;
  };
  Arena arena(1);
  const std::span<std::uint8_t> bytes = arena.take<std::uint8_t>(3);
  const std::span<Order> orders = arena.take<Order>(5);
  ASSERT_EQ(bytes.size(), 3u);
  ASSERT_EQ(orders.size(), 5u);
  EXPECT_TRUE(on_a_line_pair(bytes.data()));
  EXPECT_TRUE(on_a_line_pair(orders.data()));
  EXPECT_EQ(bytes[2], 0);
  EXPECT_EQ(orders[4].next, 0xFFFF'FFFF);
  EXPECT_EQ(orders[4].side, 1);
}

TEST(Arena, cost_announces_exactly_what_take_uses_up) {
  Arena arena(1);
  std::size_t announced = 0;
  for (const std::size_t count : {0u, 1u, 16u, 17u, 1000u}) {
    announced += Arena::cost<std::uint64_t>(count);
    static_cast<void>(arena.take<std::uint64_t>(count));
    EXPECT_EQ(arena.taken_bytes(), announced) << count;
  }
}

TEST(Arena, running_out_throws_and_takes_nothing) {
  Arena arena(1);
  const std::size_t all = arena.size_bytes();
  static_cast<void>(arena.take<std::byte>(all - 256));
  EXPECT_THROW(static_cast<void>(arena.take<std::byte>(257)), std::bad_alloc);
  EXPECT_EQ(arena.taken_bytes(), all - 256);
  static_cast<void>(arena.take<std::byte>(256));
  EXPECT_EQ(arena.taken_bytes(), all);
  EXPECT_THROW(static_cast<void>(arena.take<std::byte>(1)), std::bad_alloc);
}

TEST(Arena, a_count_whose_size_overflows_is_running_out_too) {
  Arena arena(1);
  // Volatile: the compiler would refuse what it could foresee.
  const volatile std::size_t most = std::numeric_limits<std::size_t>::max();
  EXPECT_THROW(static_cast<void>(arena.take<std::uint64_t>(most / 8 + 2)), std::bad_alloc);
  EXPECT_THROW(static_cast<void>(arena.take<std::byte>(most)), std::bad_alloc);
  EXPECT_EQ(arena.taken_bytes(), 0u);
}

TEST(Arena, its_pages_are_there_before_they_are_used) {
  Arena arena(std::size_t{8} << 20);
  const auto faults = [] {
    rusage usage{};
    EXPECT_EQ(::getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_minflt;
  };
  const long before = faults();
  static_cast<void>(arena.take<std::byte>(std::size_t{8} << 20));  // Writes each byte.
  // 2,048 pages of 4 KiB. A stray fault of the test's own code is no proof against it, and neither
  // are those of an address sanitizer, which keeps a byte of its own for each eight.
  EXPECT_LT(faults() - before, 16 + 2'048 / 8);
}

TEST(Arena, memory_on_a_node_that_does_not_exist_is_refused) {
  EXPECT_THROW(Arena(1, 900), std::system_error);
}

TEST(Arena, memory_on_the_first_node_is_there_on_every_machine) {
  Arena arena(1, 0);
  EXPECT_NE(arena.take<std::uint64_t>(1).data(), nullptr);
}

TEST(Arena, more_than_the_machine_has_is_an_error_and_not_a_crash) {
  EXPECT_THROW(Arena(std::size_t{1} << 62), std::system_error);
}

}  // namespace
}  // namespace basalt
