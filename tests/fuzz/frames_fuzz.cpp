// Arbitrary bytes as a received frame: no read outside the frame, and whatever is accepted is so
// for good reasons. Accepted UDP packets are written again and must read back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "engine/assert.h"
#include "net/datagram_port.h"
#include "net/frames/arp.h"
#include "net/frames/ethernet.h"
#include "net/frames/udp.h"

namespace {

using namespace basalt::net;

void check_udp(const EthernetPacket& ethernet, const UdpPacket& udp) {
  const std::byte* const begin = ethernet.payload.data();
  const std::byte* const end = begin + ethernet.payload.size();
  BASALT_ASSERT(udp.payload.data() >= begin + ipv4_header_bytes + udp_header_bytes);
  BASALT_ASSERT(udp.payload.data() + udp.payload.size() <= end);
  BASALT_ASSERT(udp.payload.size() <= datagram_bytes_max);
  BASALT_ASSERT(udp.source.port != 0 && udp.destination.port != 0);
  BASALT_ASSERT(!is_multicast(udp.source.ip));

  std::byte again[frame_bytes_max];
  if (!udp.payload.empty()) {
    std::memcpy(again + udp_payload_offset, udp.payload.data(), udp.payload.size());
  }
  const UdpRoute route{.source_mac = ethernet.source,
                       .destination_mac = ethernet.destination,
                       .source = udp.source,
                       .destination = udp.destination};
  const std::size_t size = write_udp_frame(again, route, udp.payload.size());
  EthernetPacket ethernet_again;
  BASALT_ASSERT(read_ethernet({.data = again, .size = static_cast<std::uint16_t>(size)},
                              ethernet_again) == FrameVerdict::good);
  UdpPacket udp_again;
  BASALT_ASSERT(read_udp(ethernet_again.payload, false, udp_again) == FrameVerdict::good);
  BASALT_ASSERT(udp_again.source == udp.source);
  BASALT_ASSERT(udp_again.destination == udp.destination);
  BASALT_ASSERT(udp_again.payload.size() == udp.payload.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0xFFFF) return 0;
  const Frame frame{.data = reinterpret_cast<const std::byte*>(data),
                    .size = static_cast<std::uint16_t>(size)};
  EthernetPacket ethernet;
  if (read_ethernet(frame, ethernet) != FrameVerdict::good) return 0;
  if (ethernet.ethertype == ethertype_arp) {
    ArpPacket arp;
    if (read_arp(ethernet.payload, arp) == FrameVerdict::good) {
      BASALT_ASSERT((arp.sender_mac[0] & 1) == 0);
    }
    return 0;
  }
  // With the checksums believed, the fuzzer gets past them; without, they are computed.
  for (const bool verified : {false, true}) {
    UdpPacket udp;
    if (read_udp(ethernet.payload, verified, udp) == FrameVerdict::good) check_udp(ethernet, udp);
  }
  return 0;
}
