#include "net/frames/arp.h"

#include <cstring>

#include "net/frames/big_endian.h"
#include "net/frames/ethernet.h"

namespace basalt::net {
namespace {
constexpr std::uint16_t hardware_ethernet = 1;
constexpr std::uint16_t address_sizes = 0x0604;  // 6 bytes of hardware address, 4 of protocol's.
}  // namespace

FrameVerdict read_arp(std::span<const std::byte> bytes, ArpPacket& packet) noexcept {
  if (bytes.size() < arp_bytes) return FrameVerdict::truncated;
  const std::byte* at = bytes.data();
  if (load_be16(at) != hardware_ethernet) return FrameVerdict::arp_malformed;
  if (load_be16(at + 2) != ethertype_ipv4) return FrameVerdict::arp_malformed;
  if (load_be16(at + 4) != address_sizes) return FrameVerdict::arp_malformed;
  const std::uint16_t operation = load_be16(at + 6);
  if (operation != 1 && operation != 2) return FrameVerdict::arp_malformed;
  packet.operation = static_cast<ArpPacket::Operation>(operation);
  std::memcpy(packet.sender_mac.data(), at + 8, 6);
  packet.sender_ip = load_be32(at + 14);
  std::memcpy(packet.target_mac.data(), at + 18, 6);
  packet.target_ip = load_be32(at + 24);
  // A group cannot be a station: learning one would send a client's answers to everybody.
  if ((packet.sender_mac[0] & 1) != 0) return FrameVerdict::arp_malformed;
  return FrameVerdict::good;
}

std::size_t write_arp_frame(std::byte* frame, const MacAddress& destination,
                            const ArpPacket& packet) noexcept {
  write_ethernet(frame, destination, packet.sender_mac, ethertype_arp);
  std::byte* at = frame + ethernet_header_bytes;
  store_be16(at, hardware_ethernet);
  store_be16(at + 2, ethertype_ipv4);
  store_be16(at + 4, address_sizes);
  store_be16(at + 6, static_cast<std::uint16_t>(packet.operation));
  std::memcpy(at + 8, packet.sender_mac.data(), 6);
  store_be32(at + 14, packet.sender_ip);
  std::memcpy(at + 18, packet.target_mac.data(), 6);
  store_be32(at + 24, packet.target_ip);
  return pad_frame(frame, ethernet_header_bytes + arp_bytes);
}

}  // namespace basalt::net
