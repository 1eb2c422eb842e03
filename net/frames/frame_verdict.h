// Why a received frame became no datagram: one value per cause, in the order in which they are
// checked. Each has a counter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace basalt::net {

enum class [[nodiscard]] FrameVerdict : std::uint8_t{
    good = 0,

    oversized,        // Longer than one buffer or one Ethernet frame.
    truncated,        // Ends before one of its headers does.
    vlan_tagged,      // 802.1Q or 802.1ad: a tagged port is a mistake of the network's set-up.
    other_ethertype,  // Neither IPv4 nor ARP: IPv6, LLDP, spanning tree.
    other_mac,        // Neither to this station nor to a joined group.

    arp_malformed,  // Not Ethernet and IPv4, or neither request nor reply (RFC 826).

    ip_version,         // Not 4.
    ip_header_length,   // IHL below 5, or beyond the packet.
    ip_total_length,    // Less than the header, or more than the frame holds.
    ip_checksum,        //
    ip_fragment,        // A part of a larger packet: refused, since nothing of ours is that large.
    ip_source,          // A group's, broadcast, unspecified (RFC 1122, 3.2.1.3) or our own address.
    other_ip_protocol,  // Not UDP.

    udp_length,     // Not what the IP packet carries.
    udp_checksum,   //
    udp_port_zero,  // Reserved (RFC 768: no answer is possible).

    other_ip,    // To another host or to a group that was not joined.
    other_port,  // A port that nobody here listens on.

    count_};

inline constexpr std::size_t frame_verdicts = static_cast<std::size_t>(FrameVerdict::count_);

// The name as it stands above, for counters in reports.
[[nodiscard]] std::string_view name_of(FrameVerdict verdict) noexcept;

}  // namespace basalt::net
