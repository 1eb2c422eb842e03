// UDP over IPv4 (RFC 768, RFC 791): every field that can be wrong is checked before a byte of the
// payload is believed.
//
//   | Ethernet 14 | IPv4 20 (options up to 60) | UDP 8 | payload | padding of a short frame |
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "net/endpoint.h"
#include "net/frames/ethernet.h"
#include "net/frames/frame_verdict.h"
#include "net/nic.h"

namespace basalt::net {

inline constexpr std::size_t ipv4_header_bytes = 20;
inline constexpr std::size_t udp_header_bytes = 8;
// Where the payload of a frame that we send begins: we send no IP options.
inline constexpr std::size_t udp_payload_offset =
    ethernet_header_bytes + ipv4_header_bytes + udp_header_bytes;
static_assert(udp_payload_offset == 42);

struct UdpPacket {
  Endpoint source;
  Endpoint destination;
  std::span<const std::byte> payload;
};

// What follows the Ethernet header. IP options are skipped; a UDP checksum of zero means that the
// sender computed none (RFC 768). The UDP length must be exactly what the IP packet carries.
FrameVerdict read_udp(std::span<const std::byte> bytes, bool checksums_verified,
                      UdpPacket& packet) noexcept;

struct UdpRoute {
  MacAddress source_mac{};
  MacAddress destination_mac{};
  Endpoint source;
  Endpoint destination;
};

// Writes the headers, with both checksums, in front of a payload that already stands at
// udp_payload_offset, pads, and returns the frame's size. Groups get a time to live of 1 (RFC 1112,
// 6.1), hosts 64. Pre: payload_size <= 1472 and the room is frame_bytes_max.
std::size_t write_udp_frame(std::byte* frame, const UdpRoute& route,
                            std::size_t payload_size) noexcept;

}  // namespace basalt::net
