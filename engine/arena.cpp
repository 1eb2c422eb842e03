#include "engine/arena.h"

#include <numa.h>
#include <numaif.h>
#include <sys/mman.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace basalt {
namespace {

constexpr std::size_t huge_page_bytes = 2 * 1024 * 1024;
constexpr std::size_t small_page_bytes = 4096;

// These three return 0 or an errno.
int bind_to_node(void* memory, std::size_t size_bytes, int node) {
  // A kernel without NUMA has just node 0.
  if (::numa_available() < 0) return node == 0 ? 0 : ENODEV;
  if (node > ::numa_max_node()) return ENODEV;
  bitmask* nodes = ::numa_allocate_nodemask();
  ::numa_bitmask_setbit(nodes, static_cast<unsigned>(node));
  const long bound = ::mbind(memory, size_bytes, MPOL_BIND, nodes->maskp, nodes->size + 1, 0);
  const int error = bound == 0 ? 0 : errno;
  ::numa_free_nodemask(nodes);
  return error;
}

// A first touch on the hot path would be a fault there. The kernel is asked rather than the pages
// touched, since a huge page that is reserved, but not on the right node, would end in SIGBUS.
int touch(void* memory, std::size_t size_bytes) {
  if (::madvise(memory, size_bytes, MADV_POPULATE_WRITE) == 0) return 0;
  if (errno != EINVAL) return errno;
  for (std::size_t at = 0; at < size_bytes; at += small_page_bytes) {  // Before Linux 5.14.
    static_cast<volatile std::byte*>(memory)[at] = std::byte{0};
  }
  return 0;
}

int map_and_touch(std::size_t size_bytes, int node, int page_flags, std::byte*& result) {
  void* memory = ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | page_flags, -1, 0);
  if (memory == MAP_FAILED) return errno;
  // Without reserved huge pages, ask for transparent ones; where refused, small pages serve.
  if (page_flags == 0) ::madvise(memory, size_bytes, MADV_HUGEPAGE);
  int error = node < 0 ? 0 : bind_to_node(memory, size_bytes, node);
  if (error == 0) error = touch(memory, size_bytes);
  if (error != 0) {
    ::munmap(memory, size_bytes);
    return error;
  }
  result = static_cast<std::byte*>(memory);
  return 0;
}

}  // namespace

Arena::Arena(std::size_t size_bytes, int node)
    : size_bytes_((size_bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes) {
  huge_pages_ = map_and_touch(size_bytes_, node, MAP_HUGETLB, memory_) == 0;
  if (huge_pages_) return;
  if (const int error = map_and_touch(size_bytes_, node, 0, memory_)) {
    throw std::system_error(error, std::generic_category(),
                            "cannot take " + std::to_string(size_bytes_) +
                                " bytes of memory on node " + std::to_string(node));
  }
}

Arena::~Arena() {
  ::munmap(memory_, size_bytes_);
}

std::byte* Arena::take_bytes(std::size_t size) {
  const std::size_t padded = cost<std::byte>(size);
  if (size_bytes_ - taken_bytes_ < padded) throw std::bad_alloc();
  std::byte* at = memory_ + taken_bytes_;
  taken_bytes_ += padded;
  return at;
}

}  // namespace basalt
