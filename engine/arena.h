// Memory that is taken once, at start, and never given back while the engine runs.
//
//   limits ─► sizes ─► Arena (one mapping, huge pages where there are any, prefaulted) ─► spans
//
// A hot object asks for its arrays in its constructor and never again. Running out is an error in
// the sizes, found at start: the constructor of the object throws std::bad_alloc, the engine says
// how much was asked for and stops before any thread starts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>

#include "engine/types.h"

namespace basalt {

class Arena {
 public:
  // Maps and touches `size_bytes`, on NUMA node `node` (-1: wherever). Throws std::system_error,
  // also when the node is not there or refuses: memory on the wrong node only looks right.
  explicit Arena(std::size_t size_bytes, int node = -1);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // An array of `count` value-initialised T, each array on a line pair of its own. Throws
  // std::bad_alloc, having taken nothing, when that much is not left.
  template <typename T>
  std::span<T> take(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena runs no destructors");
    static_assert(alignof(T) <= false_sharing_bytes);
    if (count > size_bytes_ / sizeof(T)) throw std::bad_alloc();  // So that no product overflows.
    std::byte* at = take_bytes(count * sizeof(T));
    T* first = reinterpret_cast<T*>(at);
    for (std::size_t i = 0; i < count; ++i) new (first + i) T();
    return {first, count};
  }

  [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }
  [[nodiscard]] std::size_t taken_bytes() const noexcept { return taken_bytes_; }
  [[nodiscard]] bool huge_pages() const noexcept { return huge_pages_; }

  // What take<T>(count) uses up, for summing sizes before the arena exists.
  template <typename T>
  static constexpr std::size_t cost(std::size_t count) noexcept {
    return (count * sizeof(T) + false_sharing_bytes - 1) / false_sharing_bytes *
           false_sharing_bytes;
  }

 private:
  std::byte* take_bytes(std::size_t size);

  std::byte* memory_ = nullptr;
  std::size_t size_bytes_ = 0;
  std::size_t taken_bytes_ = 0;
  bool huge_pages_ = false;
};

}  // namespace basalt
