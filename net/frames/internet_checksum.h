// The Internet checksum (RFC 1071): ones' complement of the ones' complement sum of 16-bit words.
//
// The sum is taken over native words and so comes out byte-swapped (RFC 1071, 2B); finish() gives
// it in the order in which it is stored. Sums of parts add up as long as each part but the last
// has an even size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace basalt::net {

class InternetChecksum {
 public:
  void add(std::span<const std::byte> bytes) noexcept;

  // What goes into the header, to be copied there as it is (no swap). 0xFFFF and 0 are the same
  // number; a header that holds its own right checksum sums to 0 here.
  [[nodiscard]] std::uint16_t finish() const noexcept;

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace basalt::net
