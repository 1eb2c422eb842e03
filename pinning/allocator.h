// malloc and new of the cold side and of start-up: jemalloc, with one arena for each NUMA node.
//
//   node_arenas(machine) ─ arenas.create, extents bound by mbind ─► arena of node 0, 1, …
//   a thread on its core ─ allocate_where_pinned() ─► what it takes from then on is of that node
//
// Hot state lies in engine/arena.h, which asks no malloc; AllocationMeter proves that a hot thread
// asks none either. A thread that chooses no node has jemalloc's own arenas, which lie where they
// are touched first.
//
// jemalloc is malloc only in programs that link it (basalt_malloc in the build files): sanitizers
// bring their own. In others allocator() is empty, and everything here does nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pinning/machine.h"
#include "pinning/thread.h"

namespace basalt::pinning {

// "jemalloc 5.3.0", or empty.
[[nodiscard]] std::string allocator();

struct NodeArena {
  unsigned node = 0;
  unsigned arena = 0;  // jemalloc's number.
  bool bound = false;  // False: the kernel refused to, so first touch decides, which the pin makes
                       // the same node as long as that has room.
};

// The arena of each node of the machine, made at the first call that names the node. They stay
// until the process ends. Not while other threads call this.
std::vector<NodeArena> node_arenas(const Machine& machine);

// The calling thread's malloc and new take memory of this node from now on. Without any arena,
// nothing happens; a node without one beside others is a failure.
[[nodiscard]] Failure allocate_on_node(unsigned node);
// The same, for the node of the core on which the calling thread is: after its pin.
[[nodiscard]] Failure allocate_where_pinned();

// What the thread that constructs it takes by malloc and new from then on, whoever gives it back.
class AllocationMeter {
 public:
  AllocationMeter() noexcept;

  // On the same thread. Nothing: not known, since malloc is not jemalloc.
  [[nodiscard]] std::optional<std::uint64_t> bytes() const noexcept;

 private:
  const std::uint64_t* taken_ = nullptr;  // The thread's own counter, which jemalloc keeps.
  std::uint64_t taken_before_ = 0;
};

}  // namespace basalt::pinning
