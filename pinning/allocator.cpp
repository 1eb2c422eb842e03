#include "pinning/allocator.h"

#include <jemalloc/jemalloc.h>
#include <numa.h>
#include <numaif.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <type_traits>

// What malloc is, the link of a program decides: where jemalloc is not in it, this is null.
#pragma weak mallctl

namespace basalt::pinning {
namespace {

constexpr unsigned nodes_max = 64;  // One word of a node mask; nobody builds machines with more.

struct Place {
  extent_hooks_t hooks{};  // First: jemalloc hands alloc_on_node() its address.
  extent_hooks_t* usual = nullptr;
  unsigned node = 0;
  unsigned arena = 0;
  bool made = false;
  std::atomic<bool> unbound{false};
};
static_assert(std::is_standard_layout_v<Place> && offsetof(Place, hooks) == 0);
static_assert(std::is_trivially_destructible_v<Place>, "jemalloc asks until the process is gone");

std::array<Place, nodes_max> places;

bool present() noexcept {
  return mallctl != nullptr;
}

template <typename Value>
bool ask(const char* name, Value& value) noexcept {
  std::size_t size = sizeof value;
  return ::mallctl(name, &value, &size, nullptr, 0) == 0;
}

// Memory that cannot be bound is not refused: a cold thread that has it from the wrong node is
// slower, and one that has none is dead. It is told.
void* alloc_on_node(extent_hooks_t* hooks, void* at, std::size_t size, std::size_t alignment,
                    bool* zero, bool* commit, unsigned arena) {
  auto& place = *reinterpret_cast<Place*>(hooks);
  void* memory = place.usual->alloc(place.usual, at, size, alignment, zero, commit, arena);
  if (memory == nullptr) return nullptr;
  const unsigned long nodes = 1UL << place.node;
  // The kernel reads one bit less than it is told.
  if (::mbind(memory, size, MPOL_BIND, &nodes, nodes_max + 1, 0) != 0) {
    place.unbound.store(true, std::memory_order_relaxed);  // For people: guards no data.
  }
  return memory;
}

void make(Place& place, unsigned node) {
  void* usual = nullptr;
  if (!ask("arena.0.extent_hooks", usual)) return;
  place.usual = static_cast<extent_hooks_t*>(usual);
  place.hooks = *place.usual;
  place.hooks.alloc = alloc_on_node;
  place.node = node;
  void* hooks = &place.hooks;
  std::size_t size = sizeof place.arena;
  place.made = ::mallctl("arenas.create", &place.arena, &size, &hooks, sizeof hooks) == 0;
}

}  // namespace

std::string allocator() {
  const char* version = nullptr;
  if (!present() || !ask("version", version)) return {};
  const std::string text = version;  // 5.3.0-0-g54eaed1d…
  return "jemalloc " + text.substr(0, text.find('-'));
}

std::vector<NodeArena> node_arenas(const Machine& machine) {
  std::vector<NodeArena> arenas;
  if (!present()) return arenas;
  for (const Node& node : machine.nodes) {
    if (node.number >= nodes_max) continue;
    Place& place = places[node.number];
    if (!place.made) make(place, node.number);
    if (!place.made) continue;
    arenas.push_back(
        {node.number, place.arena, !place.unbound.load(std::memory_order_relaxed)});  // For people.
  }
  return arenas;
}

Failure allocate_on_node(unsigned node) {
  bool any = false;
  for (const Place& place : places) any = any || place.made;
  if (!any) return {};
  const std::string what = "cannot take this thread's memory from node " + std::to_string(node);
  if (node >= nodes_max || !places[node].made) return what + ": it has no arena";
  unsigned arena = places[node].arena;
  if (const int error = ::mallctl("thread.arena", nullptr, nullptr, &arena, sizeof arena)) {
    return what + ": " + std::strerror(error);
  }
  // What the thread keeps for its next calls is of the arena before.
  if (const int error = ::mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0)) {
    return what + ": " + std::strerror(error);
  }
  return {};
}

Failure allocate_where_pinned() {
  unsigned core = 0;
  unsigned node = 0;
  if (::getcpu(&core, &node) != 0) {
    return std::string("cannot tell on which node this thread is: ") + std::strerror(errno);
  }
  return allocate_on_node(node);
}

AllocationMeter::AllocationMeter() noexcept {
  std::uint64_t* taken = nullptr;
  if (!present() || !ask("thread.allocatedp", taken)) return;
  taken_ = taken;
  taken_before_ = *taken;
}

std::optional<std::uint64_t> AllocationMeter::bytes() const noexcept {
  if (taken_ == nullptr) return {};
  return *taken_ - taken_before_;
}

}  // namespace basalt::pinning
