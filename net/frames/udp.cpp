#include "net/frames/udp.h"

#include <array>
#include <cstring>

#include "engine/assert.h"
#include "net/datagram_port.h"
#include "net/frames/big_endian.h"
#include "net/frames/internet_checksum.h"

namespace basalt::net {
namespace {

constexpr std::byte protocol_udp{17};
constexpr std::uint16_t more_fragments_or_offset = 0x3FFF;
constexpr std::uint16_t do_not_fragment = 0x4000;

static_assert(udp_payload_offset + datagram_bytes_max == frame_bytes_max);

struct Ipv4Packet {
  std::uint32_t source;
  std::uint32_t destination;
  std::span<const std::byte> payload;
};

bool can_be_a_source(std::uint32_t ip) noexcept {
  return ip != 0 && ip != 0xFFFF'FFFF && !is_multicast(ip);
}

FrameVerdict read_ipv4(std::span<const std::byte> bytes, bool checksums_verified,
                       Ipv4Packet& packet) noexcept {
  if (bytes.size() < ipv4_header_bytes) return FrameVerdict::truncated;
  const std::byte* at = bytes.data();
  const auto version_and_length = std::to_integer<std::uint32_t>(at[0]);
  if ((version_and_length >> 4) != 4) return FrameVerdict::ip_version;
  const std::size_t header_bytes = (version_and_length & 0xF) * std::size_t{4};
  if (header_bytes < ipv4_header_bytes) return FrameVerdict::ip_header_length;
  if (header_bytes > bytes.size()) return FrameVerdict::ip_header_length;
  const std::size_t total_bytes = load_be16(at + 2);
  if (total_bytes < header_bytes) return FrameVerdict::ip_total_length;
  if (total_bytes > bytes.size()) return FrameVerdict::ip_total_length;
  if (!checksums_verified) {
    InternetChecksum checksum;
    checksum.add(bytes.first(header_bytes));
    if (checksum.finish() != 0) return FrameVerdict::ip_checksum;
  }
  if ((load_be16(at + 6) & more_fragments_or_offset) != 0) return FrameVerdict::ip_fragment;
  packet.source = load_be32(at + 12);
  packet.destination = load_be32(at + 16);
  if (!can_be_a_source(packet.source)) return FrameVerdict::ip_source;
  if (at[9] != protocol_udp) return FrameVerdict::other_ip_protocol;
  packet.payload = bytes.subspan(header_bytes, total_bytes - header_bytes);
  return FrameVerdict::good;
}

// Over the pseudo header of RFC 768 and the whole UDP packet. `addresses` are IP's two, as they
// stand in the header.
std::uint16_t udp_checksum(std::span<const std::byte, 8> addresses,
                           std::span<const std::byte> udp) noexcept {
  std::array<std::byte, 4> rest{std::byte{0}, protocol_udp};
  store_be16(rest.data() + 2, static_cast<std::uint16_t>(udp.size()));
  InternetChecksum checksum;
  checksum.add(addresses);
  checksum.add(rest);
  checksum.add(udp);
  return checksum.finish();
}

}  // namespace

FrameVerdict read_udp(std::span<const std::byte> bytes, bool checksums_verified,
                      UdpPacket& packet) noexcept {
  Ipv4Packet ip;
  const FrameVerdict ip_verdict = read_ipv4(bytes, checksums_verified, ip);
  if (ip_verdict != FrameVerdict::good) return ip_verdict;
  const std::byte* at = ip.payload.data();
  if (ip.payload.size() < udp_header_bytes) return FrameVerdict::truncated;
  if (load_be16(at + 4) != ip.payload.size()) return FrameVerdict::udp_length;
  const bool has_checksum = load_be16(at + 6) != 0;
  if (has_checksum && !checksums_verified) {
    const auto addresses = bytes.subspan<12, 8>();
    if (udp_checksum(addresses, ip.payload) != 0) return FrameVerdict::udp_checksum;
  }
  packet.source = {ip.source, load_be16(at)};
  packet.destination = {ip.destination, load_be16(at + 2)};
  if (packet.source.port == 0) return FrameVerdict::udp_port_zero;
  if (packet.destination.port == 0) return FrameVerdict::udp_port_zero;
  packet.payload = ip.payload.subspan(udp_header_bytes);
  return FrameVerdict::good;
}

std::size_t write_udp_frame(std::byte* frame, const UdpRoute& route,
                            std::size_t payload_size) noexcept {
  BASALT_ASSERT(payload_size <= datagram_bytes_max);
  write_ethernet(frame, route.destination_mac, route.source_mac, ethertype_ipv4);
  const auto udp_size = static_cast<std::uint16_t>(udp_header_bytes + payload_size);

  std::byte* ip = frame + ethernet_header_bytes;
  ip[0] = std::byte{0x45};
  ip[1] = std::byte{0};
  store_be16(ip + 2, static_cast<std::uint16_t>(ipv4_header_bytes + udp_size));
  store_be16(ip + 4, 0);  // A packet that may not be fragmented needs no identity (RFC 6864, 4).
  store_be16(ip + 6, do_not_fragment);
  ip[8] = is_multicast(route.destination.ip) ? std::byte{1} : std::byte{64};
  ip[9] = protocol_udp;
  store_be16(ip + 10, 0);
  store_be32(ip + 12, route.source.ip);
  store_be32(ip + 16, route.destination.ip);
  InternetChecksum ip_checksum;
  ip_checksum.add({ip, ipv4_header_bytes});
  const std::uint16_t ip_sum = ip_checksum.finish();
  std::memcpy(ip + 10, &ip_sum, sizeof ip_sum);

  std::byte* udp = ip + ipv4_header_bytes;
  store_be16(udp, route.source.port);
  store_be16(udp + 2, route.destination.port);
  store_be16(udp + 4, udp_size);
  store_be16(udp + 6, 0);
  std::uint16_t udp_sum = udp_checksum(std::span<const std::byte, 8>(ip + 12, 8), {udp, udp_size});
  if (udp_sum == 0) udp_sum = 0xFFFF;  // Zero on the wire would say that there is none (RFC 768).
  std::memcpy(udp + 6, &udp_sum, sizeof udp_sum);
  return pad_frame(frame, udp_payload_offset + payload_size);
}

}  // namespace basalt::net
