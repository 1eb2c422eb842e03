// Where malloc's memory comes from, as jemalloc and the kernel themselves say. A build whose
// sanitizer is malloc holds the other half of the contract: then nothing is known and nothing
// fails.
#include "pinning/allocator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jemalloc/jemalloc.h>
#include <numaif.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#pragma weak mallctl

namespace basalt::pinning {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

// Every test acts on a thread of its own: what a thread chose stays.
template <typename Body>
void in_a_thread(Body body) {
  std::thread(body).join();
}

// Of this machine, or of one with as many nodes as asked for.
Machine machine_with_nodes(std::size_t count) {
  Machine machine;
  for (unsigned node = 0; node < count; ++node) machine.nodes.push_back({node, {}, {}});
  return machine;
}

// jemalloc's number of the arena that the memory is of.
unsigned arena_of(const void* memory) {
  unsigned arena = ~0U;
  std::size_t size = sizeof arena;
  EXPECT_EQ(::mallctl("arenas.lookup", &arena, &size, &memory, sizeof memory), 0);
  return arena;
}

// Written, so that it is there, and seen, so that no compiler leaves it out.
class Block {
 public:
  explicit Block(std::size_t size) : memory_(std::malloc(size)) {
    if (memory_ == nullptr) throw std::bad_alloc();
    std::memset(memory_, 1, size);
    const volatile std::byte seen = *static_cast<volatile std::byte*>(memory_);
    static_cast<void>(seen);
  }
  ~Block() { std::free(memory_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  [[nodiscard]] void* memory() const noexcept { return memory_; }

 private:
  void* memory_;
};

class Jemalloc : public testing::Test {
 protected:
  void SetUp() override {
    if (allocator().empty()) GTEST_SKIP() << "this build's malloc is another";
  }
};

TEST(Allocator, it_is_what_the_build_says) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  EXPECT_EQ(allocator(), "");
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  EXPECT_EQ(allocator(), "");
#else
  EXPECT_EQ(allocator().rfind("jemalloc 5", 0), 0U) << allocator();
#endif
#else
  EXPECT_EQ(allocator().rfind("jemalloc 5", 0), 0U) << allocator();
#endif
}

TEST(Allocator, without_jemalloc_nothing_is_known_and_nothing_fails) {
  if (!allocator().empty()) GTEST_SKIP() << "this build has it";
  EXPECT_TRUE(node_arenas(machine_with_nodes(2)).empty());
  EXPECT_EQ(allocate_on_node(0), std::nullopt);
  EXPECT_EQ(allocate_where_pinned(), std::nullopt);
  EXPECT_EQ(AllocationMeter().bytes(), std::nullopt);
}

TEST_F(Jemalloc, malloc_and_new_are_counted_on_the_thread_that_calls_them) {
  in_a_thread([] {
    const AllocationMeter meter;
    EXPECT_EQ(meter.bytes(), 0U);
    {
      const Block one(mebibyte);
      // Called by its name: a compiler may leave out what a new-expression takes.
      void* other = ::operator new(mebibyte);
      EXPECT_GE(*meter.bytes(), 2 * mebibyte);
      EXPECT_LT(*meter.bytes(), 3 * mebibyte);
      ::operator delete(other);
    }
    EXPECT_GE(*meter.bytes(), 2 * mebibyte) << "what is given back was taken all the same";
  });
}

TEST_F(Jemalloc, the_smallest_allocation_is_counted_at_once) {
  in_a_thread([] {
    const Block warm(8);
    const AllocationMeter meter;
    const Block block(8);
    EXPECT_EQ(meter.bytes(), 8U);
  });
}

TEST_F(Jemalloc, what_another_thread_takes_is_not_counted_here) {
  in_a_thread([] {
    std::atomic<int> step{0};
    std::thread other([&step] {
      while (step.load(std::memory_order_acquire) != 1) std::this_thread::yield();
      const Block block(mebibyte);
      step.store(2, std::memory_order_release);
    });
    const AllocationMeter meter;
    step.store(1, std::memory_order_release);
    while (step.load(std::memory_order_acquire) != 2) std::this_thread::yield();
    EXPECT_EQ(meter.bytes(), 0U);
    other.join();
  });
}

TEST_F(Jemalloc, each_node_has_an_arena_of_its_own_and_keeps_it) {
  const std::vector<NodeArena> arenas = node_arenas(machine_with_nodes(2));
  ASSERT_EQ(arenas.size(), 2U);
  EXPECT_EQ(arenas[0].node, 0U);
  EXPECT_EQ(arenas[1].node, 1U);
  EXPECT_NE(arenas[0].arena, arenas[1].arena);
  const std::vector<NodeArena> again = node_arenas(machine_with_nodes(1));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].arena, arenas[0].arena);
}

TEST_F(Jemalloc, what_a_thread_takes_comes_from_the_arena_of_its_node) {
  const std::vector<NodeArena> arenas = node_arenas(machine_with_nodes(2));
  for (const NodeArena& of : arenas) {
    in_a_thread([&of] {
      // Kept by the thread for its next calls, and of another arena.
      for (int i = 0; i < 100; ++i) const Block warm(64);
      ASSERT_EQ(allocate_on_node(of.node), std::nullopt);
      const Block small(64);
      const Block large(8 * mebibyte);
      EXPECT_EQ(arena_of(small.memory()), of.arena);
      EXPECT_EQ(arena_of(large.memory()), of.arena);
      const auto by_new = std::make_unique<std::array<char, 4096>>();
      EXPECT_EQ(arena_of(by_new.get()), of.arena);
    });
  }
}

TEST_F(Jemalloc, the_kernel_has_that_memory_bound_to_the_node) {
  const std::vector<NodeArena> arenas = node_arenas(machine_with_nodes(1));
  ASSERT_EQ(arenas.size(), 1U);
  int policy = 0;
  unsigned long nodes = 0;
  if (::get_mempolicy(&policy, &nodes, 65, nullptr, 0) != 0) {
    GTEST_SKIP() << "this kernel does not tell about nodes";
  }
  in_a_thread([&] {
    ASSERT_EQ(allocate_on_node(0), std::nullopt);
    const Block small(64);
    const Block large(8 * mebibyte);
    for (const Block* block : {&small, &large}) {
      policy = -1;
      nodes = 0;
      ASSERT_EQ(::get_mempolicy(&policy, &nodes, 65, block->memory(), MPOL_F_ADDR), 0);
      EXPECT_EQ(policy, MPOL_BIND);
      EXPECT_EQ(nodes, 1U) << "node 0 alone";
    }
  });
  EXPECT_TRUE(node_arenas(machine_with_nodes(1)).at(0).bound);
}

TEST_F(Jemalloc, memory_that_the_kernel_does_not_bind_is_there_and_is_told) {
  // No machine that builds this has so many nodes.
  Machine machine;
  machine.nodes.push_back({63, {}, {}});
  ASSERT_EQ(node_arenas(machine).size(), 1U);
  in_a_thread([] {
    ASSERT_EQ(allocate_on_node(63), std::nullopt);
    const Block block(mebibyte);
    EXPECT_NE(block.memory(), nullptr);
  });
  EXPECT_FALSE(node_arenas(machine).at(0).bound);
}

TEST_F(Jemalloc, a_node_without_an_arena_is_a_failure_in_words) {
  std::ignore = node_arenas(machine_with_nodes(2));
  for (const unsigned node : {17U, 64U, 4'000U}) {
    const Failure failure = allocate_on_node(node);
    ASSERT_NE(failure, std::nullopt);
    EXPECT_THAT(*failure, testing::HasSubstr("node " + std::to_string(node)));
  }
}

TEST_F(Jemalloc, a_pinned_thread_takes_the_memory_of_its_cores_node) {
  const Machine machine = read_machine();
  const std::vector<NodeArena> arenas = node_arenas(machine);
  for (const Core& core : machine.cores) {
    if (!core.allowed) continue;
    in_a_thread([&] {
      ASSERT_EQ(pin_calling_thread(core.number), std::nullopt);
      ASSERT_EQ(allocate_where_pinned(), std::nullopt);
      const Block block(mebibyte);
      for (const NodeArena& of : arenas) {
        EXPECT_EQ(arena_of(block.memory()) == of.arena, of.node == core.node);
      }
    });
  }
}

}  // namespace
}  // namespace basalt::pinning
