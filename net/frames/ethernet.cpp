#include "net/frames/ethernet.h"

#include <cstring>

#include "net/frames/big_endian.h"

namespace basalt::net {

FrameVerdict read_ethernet(const Frame& frame, EthernetPacket& packet) noexcept {
  if (frame.oversized || frame.size > frame_bytes_max) return FrameVerdict::oversized;
  if (frame.size < ethernet_header_bytes) return FrameVerdict::truncated;
  std::memcpy(packet.destination.data(), frame.data, 6);
  std::memcpy(packet.source.data(), frame.data + 6, 6);
  packet.ethertype = load_be16(frame.data + 12);
  packet.payload = {frame.data + ethernet_header_bytes, frame.size - ethernet_header_bytes};
  switch (packet.ethertype) {
    case ethertype_ipv4:
    case ethertype_arp:
      return FrameVerdict::good;
    case ethertype_vlan:
    case ethertype_service_vlan:
      return FrameVerdict::vlan_tagged;
    default:
      return FrameVerdict::other_ethertype;
  }
}

void write_ethernet(std::byte* at, const MacAddress& destination, const MacAddress& source,
                    std::uint16_t ethertype) noexcept {
  std::memcpy(at, destination.data(), 6);
  std::memcpy(at + 6, source.data(), 6);
  store_be16(at + 12, ethertype);
}

std::size_t pad_frame(std::byte* frame, std::size_t size) noexcept {
  if (size >= frame_bytes_min) return size;
  std::memset(frame + size, 0, frame_bytes_min - size);
  return frame_bytes_min;
}

}  // namespace basalt::net
