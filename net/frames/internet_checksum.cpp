#include "net/frames/internet_checksum.h"

#include <cstring>

namespace basalt::net {

void InternetChecksum::add(std::span<const std::byte> bytes) noexcept {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  // 32-bit words into 64 bits: no carry is lost below 2^32 words, and frames have under 2^9.
  for (; left >= 4; at += 4, left -= 4) {
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    sum_ += word;
  }
  if (left == 0) return;
  std::uint32_t word = 0;  // The rest, zero-padded behind as RFC 1071 wants.
  std::memcpy(&word, at, left);
  sum_ += word;
}

std::uint16_t InternetChecksum::finish() const noexcept {
  std::uint64_t sum = (sum_ & 0xFFFF'FFFF) + (sum_ >> 32);
  sum = (sum & 0xFFFF) + (sum >> 16);
  sum = (sum & 0xFFFF) + (sum >> 16);
  sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace basalt::net
