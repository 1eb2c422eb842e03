#include "net/frames/frame_verdict.h"

namespace basalt::net {

std::string_view name_of(FrameVerdict verdict) noexcept {
  switch (verdict) {
    case FrameVerdict::good:
      return "good";
    case FrameVerdict::oversized:
      return "oversized";
    case FrameVerdict::truncated:
      return "truncated";
    case FrameVerdict::vlan_tagged:
      return "vlan_tagged";
    case FrameVerdict::other_ethertype:
      return "other_ethertype";
    case FrameVerdict::other_mac:
      return "other_mac";
    case FrameVerdict::arp_malformed:
      return "arp_malformed";
    case FrameVerdict::ip_version:
      return "ip_version";
    case FrameVerdict::ip_header_length:
      return "ip_header_length";
    case FrameVerdict::ip_total_length:
      return "ip_total_length";
    case FrameVerdict::ip_checksum:
      return "ip_checksum";
    case FrameVerdict::ip_fragment:
      return "ip_fragment";
    case FrameVerdict::ip_source:
      return "ip_source";
    case FrameVerdict::other_ip_protocol:
      return "other_ip_protocol";
    case FrameVerdict::udp_length:
      return "udp_length";
    case FrameVerdict::udp_checksum:
      return "udp_checksum";
    case FrameVerdict::udp_port_zero:
      return "udp_port_zero";
    case FrameVerdict::other_ip:
      return "other_ip";
    case FrameVerdict::other_port:
      return "other_port";
    case FrameVerdict::count_:
      break;
  }
  return "unknown";
}

}  // namespace basalt::net
