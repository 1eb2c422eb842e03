// What the ring stress tests send: 64 bytes, each word a function of the position, so that a slot
// read too early, too late or half written cannot pass for the right one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace basalt::ring {

struct alignas(64) StressMessage {
  std::array<std::uint64_t, 8> words;

  void fill(std::uint64_t position) noexcept {
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = position * 0x9E37'79B9'7F4A'7C15 + i;
  }
  [[nodiscard]] bool is(std::uint64_t position) const noexcept {
    StressMessage expected;
    expected.fill(position);
    return words == expected.words;
  }
};

// Batches of 1 to 40, cheap and different on each thread.
class BatchSizes {
 public:
  explicit BatchSizes(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint32_t next() noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::uint32_t>(state_ % 40) + 1;
  }

 private:
  std::uint64_t state_;
};

}  // namespace basalt::ring
