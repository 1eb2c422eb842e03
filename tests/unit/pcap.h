// Reads classic pcap files of Ethernet, for tests: the payloads of TCP and UDP over IPv4, in order.
//
// Both byte orders, both clocks (microseconds, nanoseconds) and VLAN tags are taken. Frames of
// other protocols are skipped; so are bytes behind the IP packet (padding, a switch's time stamp).
// TCP is not reassembled: a payload is what one segment carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <vector>

#include "feedhandlers/big_endian.h"

namespace basalt::pcap {

enum class Protocol : std::uint8_t { tcp = 6, udp = 17 };

struct Payload {
  Protocol protocol;
  std::uint16_t source_port;
  std::uint16_t destination_port;
  std::vector<std::byte> bytes;
};

// One Ethernet frame's payload, when it is IPv4 and TCP or UDP, unfragmented and whole.
inline std::optional<Payload> payload_of(std::span<const std::byte> frame) {
  const auto u8 = [&](std::size_t at) { return static_cast<std::size_t>(frame[at]); };
  const auto u16 = [&](std::size_t at) { return wire::overlay<wire::U16>(&frame[at]).value(); };
  constexpr std::uint16_t vlan = 0x8100;
  constexpr std::uint16_t ipv4 = 0x0800;

  std::size_t at = 12;
  while (frame.size() >= at + 4 && u16(at) == vlan) at += 4;
  if (frame.size() < at + 2 + 20 || u16(at) != ipv4) return std::nullopt;
  at += 2;
  const std::size_t ip_header = (u8(at) & 0x0F) * 4;
  const std::size_t ip_total = u16(at + 2);
  const bool fragment = (u16(at + 6) & 0x3FFF) != 0;
  const auto protocol = static_cast<Protocol>(u8(at + 9));
  if (ip_header < 20 || ip_total < ip_header || frame.size() < at + ip_total || fragment) {
    return std::nullopt;
  }
  const std::span<const std::byte> segment = frame.subspan(at + ip_header, ip_total - ip_header);
  at += ip_header;
  std::size_t header = 0;
  if (protocol == Protocol::udp && segment.size() >= 8) header = 8;
  if (protocol == Protocol::tcp && segment.size() >= 20) header = (u8(at + 12) >> 4) * 4;
  if (header < 8 || segment.size() < header) return std::nullopt;
  const std::span<const std::byte> bytes = segment.subspan(header);
  return Payload{protocol, u16(at), u16(at + 2), {bytes.begin(), bytes.end()}};
}

// Every payload that is not empty. Nothing at all when the file is not a whole pcap of Ethernet.
inline std::vector<Payload> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> content((std::istreambuf_iterator<char>(file)), {});
  const std::span<const std::byte> all = std::as_bytes(std::span(content));
  constexpr std::size_t file_header = 24;
  constexpr std::size_t record_header = 16;
  if (all.size() < file_header) return {};

  const std::uint32_t magic = wire::overlay<wire::U32>(all.data());
  const bool big = magic == 0xA1B2C3D4 || magic == 0xA1B23C4D;
  const bool little = magic == 0xD4C3B2A1 || magic == 0x4D3CB2A1;
  const auto u32 = [&](std::size_t at) {
    const std::uint32_t value = wire::overlay<wire::U32>(&all[at]);
    return big ? value : __builtin_bswap32(value);
  };
  constexpr std::uint32_t ethernet = 1;
  if ((!big && !little) || (u32(20) & 0xFFFF) != ethernet) return {};

  std::vector<Payload> payloads;
  for (std::size_t at = file_header; at != all.size();) {
    if (all.size() - at < record_header) return {};
    const std::size_t captured = u32(at + 8);
    at += record_header;
    if (all.size() - at < captured) return {};
    auto payload = payload_of(all.subspan(at, captured));
    if (payload && !payload->bytes.empty()) payloads.push_back(std::move(*payload));
    at += captured;
  }
  return payloads;
}

}  // namespace basalt::pcap
