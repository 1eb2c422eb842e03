// UDP/IPv4 on a raw NIC queue: a DatagramPort of our own frames, with ARP.
//
//   rx_burst ─► Ethernet ─► IPv4 ─► UDP ─► ours? ─► receive()
//                  └─► ARP: answer for our address, learn the sender
//   commit() ─► neighbour known? ─► frame ─► flush(): tx_burst
//                  └─► no: ask by ARP and hold the datagram, a few at a time
//
// A neighbour is known by what it sends, so an answer never waits for ARP. A peer behind a router
// is reachable once it has spoken: its frames carry the router's hardware address. IP options are
// skipped; ICMP, IGMP and TCP are not spoken here.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "net/datagram_port.h"
#include "net/frames/arp.h"
#include "net/frames/ethernet.h"
#include "net/frames/udp.h"
#include "net/neighbours.h"
#include "net/nic.h"
#include "net/wire_clock.h"

namespace basalt::net {

// One burst of the card.
inline constexpr std::uint32_t frames_per_burst = 32;
// Datagrams held while their receiver's address is asked for, and how long one is worth sending.
inline constexpr std::uint32_t held_datagrams_max = 16;
inline constexpr Nanos held_age_max{1'000'000'000};

class UdpOverNic final : public DatagramPort {
 public:
  // `endpoints`: our own address with the ports to receive on, and groups with theirs. Throws
  // std::invalid_argument when they are none, too many, have a port of 0 or another address.
  UdpOverNic(std::unique_ptr<Nic> nic, std::uint32_t ip, std::vector<Endpoint> endpoints,
             WireClock clock = realtime);

  [[nodiscard]] std::uint32_t receive(std::span<Datagram> out) noexcept override;
  [[nodiscard]] std::span<std::byte> claim() noexcept override;
  void commit(Endpoint from, Endpoint to, std::size_t size) noexcept override;
  void flush() noexcept override;
  [[nodiscard]] std::span<const Endpoint> endpoints() const noexcept override { return endpoints_; }

  [[nodiscard]] const Nic& nic() const noexcept { return *nic_; }

 private:
  struct Held {
    std::uint32_t to_ip = 0;  // 0: free.
    std::size_t payload_size = 0;
    UdpRoute route;
    Nanos since;
    std::array<std::byte, datagram_bytes_max> payload;
  };

  FrameVerdict read(const Frame& frame, Datagram& out) noexcept;
  FrameVerdict read_own_arp(const EthernetPacket& packet) noexcept;
  FrameVerdict deliver(const EthernetPacket& ethernet, bool checksums_verified,
                       Datagram& out) noexcept;
  [[nodiscard]] bool is_for_us(const MacAddress& destination) const noexcept;
  [[nodiscard]] bool is_own(Endpoint endpoint) const noexcept;
  void learn(std::uint32_t ip, const MacAddress& mac) noexcept;
  void send_frame(std::byte* frame, const UdpRoute& route, std::size_t payload_size) noexcept;
  void hold(const UdpRoute& route, std::span<const std::byte> payload, Nanos now) noexcept;
  void send_held(std::uint32_t ip, const MacAddress& mac) noexcept;
  void ask_again() noexcept;
  void ask_for(std::uint32_t ip, std::span<std::byte> room) noexcept;

  const std::unique_ptr<Nic> nic_;
  const std::uint32_t ip_;
  const MacAddress mac_;
  const std::vector<Endpoint> endpoints_;
  std::vector<MacAddress> group_macs_;
  const WireClock clock_;

  Neighbours neighbours_;
  std::unique_ptr<std::array<Held, held_datagrams_max>> held_;
  std::uint32_t held_next_ = 0;   // Round robin: the oldest gives way.
  std::uint32_t held_count_ = 0;  // Zero: nothing to look through when a neighbour is learned.

  std::span<std::byte> claimed_;  // The whole frame; empty when nothing is claimed.
  bool to_flush_ = false;
};

}  // namespace basalt::net
