#include "engine/arena.h"

#include <numa.h>
#include <sys/mman.h>

#include <cerrno>
#include <system_error>

namespace basalt {
namespace {

constexpr std::size_t huge_page_bytes = 2 * 1024 * 1024;

}  // namespace

Arena::Arena(std::size_t size_bytes, int node)
    : size_bytes_((size_bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  void* memory = ::mmap(nullptr, size_bytes_, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);
  huge_pages_ = memory != MAP_FAILED;
  if (!huge_pages_) {
    memory = ::mmap(nullptr, size_bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) {
      throw std::system_error(errno, std::generic_category(), "cannot map the engine's memory");
    }
    // Without reserved huge pages, ask for transparent ones; where refused, small pages serve.
    ::madvise(memory, size_bytes_, MADV_HUGEPAGE);
  }
  memory_ = static_cast<std::byte*>(memory);
  if (node >= 0 && ::numa_available() >= 0) ::numa_tonode_memory(memory_, size_bytes_, node);
  // Touch each page now: a first touch on the hot path would be a fault there.
  for (std::size_t at = 0; at < size_bytes_; at += 4096) {
    *reinterpret_cast<volatile std::byte*>(memory_ + at) = std::byte{0};
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
