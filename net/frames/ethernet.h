// Ethernet II: the outermost 14 bytes, and how IPv4 groups map to its addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/frames/frame_verdict.h"
#include "net/nic.h"

namespace basalt::net {

inline constexpr std::size_t ethernet_header_bytes = 14;
inline constexpr std::uint16_t ethertype_ipv4 = 0x0800;
inline constexpr std::uint16_t ethertype_arp = 0x0806;
inline constexpr std::uint16_t ethertype_vlan = 0x8100;          // IEEE 802.1Q
inline constexpr std::uint16_t ethertype_service_vlan = 0x88A8;  // IEEE 802.1ad

inline constexpr MacAddress broadcast_mac{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

// 01:00:5E and the group's low 23 bits (RFC 1112, 6.4).
constexpr MacAddress multicast_mac(std::uint32_t group) noexcept {
  return {0x01,
          0x00,
          0x5E,
          static_cast<std::uint8_t>((group >> 16) & 0x7F),
          static_cast<std::uint8_t>(group >> 8),
          static_cast<std::uint8_t>(group)};
}

// A station's locally administered address made of its IPv4 address: for wires without one of
// their own (memif, the in-memory wire), where both ends must be found again after a restart.
constexpr MacAddress mac_from_ip(std::uint32_t ip) noexcept {
  return {0x02,
          0x00,
          static_cast<std::uint8_t>(ip >> 24),
          static_cast<std::uint8_t>(ip >> 16),
          static_cast<std::uint8_t>(ip >> 8),
          static_cast<std::uint8_t>(ip)};
}

struct EthernetPacket {
  MacAddress destination;
  MacAddress source;
  std::uint16_t ethertype;
  std::span<const std::byte> payload;  // With the padding of short frames.
};

// Good leaves `packet` filled: of IPv4 or ARP, untagged. Anything else leaves it unspecified.
FrameVerdict read_ethernet(const Frame& frame, EthernetPacket& packet) noexcept;

void write_ethernet(std::byte* at, const MacAddress& destination, const MacAddress& source,
                    std::uint16_t ethertype) noexcept;

// Zeroes what a short frame lacks and returns the size with it. Room: frame_bytes_min.
std::size_t pad_frame(std::byte* frame, std::size_t size) noexcept;

}  // namespace basalt::net
