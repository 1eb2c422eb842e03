// What one part of the engine takes at start: said by who knows the part, summed by who starts.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace basalt::pipeline {

struct MemoryPart {
  std::string_view name;  // In the plural or with its article, as in "most of it for books".
  std::size_t bytes = 0;
  std::string_view settings;  // The keys of a topology that decide it, for a sentence.
};

[[nodiscard]] constexpr std::size_t sum_of(std::span<const MemoryPart> parts) noexcept {
  std::size_t bytes = 0;
  for (const MemoryPart& part : parts) bytes += part.bytes;
  return bytes;
}

}  // namespace basalt::pipeline
