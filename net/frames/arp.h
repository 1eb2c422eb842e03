// ARP for IPv4 over Ethernet (RFC 826).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/frames/frame_verdict.h"
#include "net/nic.h"

namespace basalt::net {

inline constexpr std::size_t arp_bytes = 28;

struct ArpPacket {
  enum class Operation : std::uint16_t { request = 1, reply = 2 };

  Operation operation = Operation::request;
  MacAddress sender_mac{};
  std::uint32_t sender_ip = 0;
  MacAddress target_mac{};  // Zero in a request.
  std::uint32_t target_ip = 0;
};

// What follows the Ethernet header; padding behind it is ignored.
FrameVerdict read_arp(std::span<const std::byte> bytes, ArpPacket& packet) noexcept;

// Writes a whole padded frame and returns its size. Room: frame_bytes_min.
std::size_t write_arp_frame(std::byte* frame, const MacAddress& destination,
                            const ArpPacket& packet) noexcept;

}  // namespace basalt::net
