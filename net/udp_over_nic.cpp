#include "net/udp_over_nic.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "engine/assert.h"

namespace basalt::net {
namespace {

std::vector<Endpoint> checked(std::vector<Endpoint> endpoints, std::uint32_t ip) {
  if (endpoints.empty()) throw std::invalid_argument("a UDP port needs an endpoint to receive on");
  if (endpoints.size() > local_endpoints_max) {
    throw std::invalid_argument("a UDP port takes at most " + std::to_string(local_endpoints_max) +
                                " endpoints, not " + std::to_string(endpoints.size()));
  }
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.port == 0) {
      throw std::invalid_argument(to_text(endpoint) + ": a NIC has no port that means any");
    }
    if (endpoint.ip != ip && !is_multicast(endpoint.ip)) {
      throw std::invalid_argument(to_text(endpoint) + " is neither a group nor this end, " +
                                  to_text(ip));
    }
  }
  return endpoints;
}

}  // namespace

UdpOverNic::UdpOverNic(std::unique_ptr<Nic> nic, std::uint32_t ip, std::vector<Endpoint> endpoints,
                       WireClock clock)
    : nic_(std::move(nic)),
      ip_(ip),
      mac_(nic_->mac()),
      endpoints_(checked(std::move(endpoints), ip)),
      clock_(clock),
      held_(std::make_unique<std::array<Held, held_datagrams_max>>()) {
  for (const Endpoint& endpoint : endpoints_) {
    if (is_multicast(endpoint.ip)) group_macs_.push_back(multicast_mac(endpoint.ip));
  }
}

std::uint32_t UdpOverNic::receive(std::span<Datagram> out) noexcept {
  claimed_ = {};
  if (held_count_ > 0) [[unlikely]]
    ask_again();
  std::array<Frame, frames_per_burst> frames;
  const std::size_t wanted = std::min<std::size_t>(out.size(), frames.size());
  const std::uint32_t arrived = nic_->rx_burst(std::span(frames).first(wanted));
  if (arrived == 0) return 0;

  const Nanos now = clock_();
  std::uint32_t count = 0;
  for (const Frame& frame : std::span(frames).first(arrived)) {
    Datagram& datagram = out[count];
    datagram.payload = {};
    const FrameVerdict verdict = read(frame, datagram);
    if (verdict != FrameVerdict::good) {
      ++counters_.not_delivered[static_cast<std::size_t>(verdict)];
      continue;
    }
    if (datagram.payload.data() == nullptr) continue;  // An ARP packet, handled.
    datagram.received = now;
    counters_.received_bytes += datagram.payload.size();
    ++count;
  }
  counters_.received += count;
  counters_.dropped_receive_full = nic_->counters().receive_missed;
  if (to_flush_) flush();  // ARP's own frames do not wait for the caller.
  return count;
}

FrameVerdict UdpOverNic::read(const Frame& frame, Datagram& out) noexcept {
  EthernetPacket ethernet;
  const FrameVerdict verdict = read_ethernet(frame, ethernet);
  if (verdict != FrameVerdict::good) return verdict;
  if (ethernet.ethertype == ethertype_arp) return read_own_arp(ethernet);
  if (!is_for_us(ethernet.destination)) return FrameVerdict::other_mac;
  return deliver(ethernet, frame.checksums_verified, out);
}

bool UdpOverNic::is_for_us(const MacAddress& destination) const noexcept {
  if (destination == mac_) return true;
  return std::find(group_macs_.begin(), group_macs_.end(), destination) != group_macs_.end();
}

bool UdpOverNic::is_own(Endpoint endpoint) const noexcept {
  return std::find(endpoints_.begin(), endpoints_.end(), endpoint) != endpoints_.end();
}

FrameVerdict UdpOverNic::deliver(const EthernetPacket& ethernet, bool checksums_verified,
                                 Datagram& out) noexcept {
  UdpPacket udp;
  const FrameVerdict verdict = read_udp(ethernet.payload, checksums_verified, udp);
  if (verdict != FrameVerdict::good) return verdict;
  if (udp.source.ip == ip_) return FrameVerdict::ip_source;
  // The hardware and the IP address must both be a group's or both be ours (RFC 1122, 3.3.6).
  const bool to_group = ethernet.destination != mac_;
  if (to_group != is_multicast(udp.destination.ip)) return FrameVerdict::other_ip;
  if (!is_own(udp.destination)) {
    const bool known_ip =
        std::any_of(endpoints_.begin(), endpoints_.end(),
                    [&](const Endpoint& own) { return own.ip == udp.destination.ip; });
    return known_ip ? FrameVerdict::other_port : FrameVerdict::other_ip;
  }
  if ((ethernet.source[0] & 1) == 0) learn(udp.source.ip, ethernet.source);
  out.source = udp.source;
  out.destination = udp.destination;
  out.payload = udp.payload;
  return FrameVerdict::good;
}

FrameVerdict UdpOverNic::read_own_arp(const EthernetPacket& packet) noexcept {
  if (packet.destination != mac_ && packet.destination != broadcast_mac) {
    return FrameVerdict::other_mac;
  }
  ArpPacket arp;
  const FrameVerdict verdict = read_arp(packet.payload, arp);
  if (verdict != FrameVerdict::good) return verdict;
  if (arp.target_ip != ip_) return FrameVerdict::other_ip;
  // An address probe (RFC 5227) has no sender address to learn, but wants its answer.
  if (arp.sender_ip != 0 && arp.sender_ip != ip_) learn(arp.sender_ip, arp.sender_mac);
  if (arp.operation != ArpPacket::Operation::request) return FrameVerdict::good;

  const std::span<std::byte> room = nic_->claim();
  if (room.empty()) return FrameVerdict::good;  // Counted by the NIC; the asker asks again.
  nic_->commit(write_arp_frame(room.data(), arp.sender_mac,
                               {.operation = ArpPacket::Operation::reply,
                                .sender_mac = mac_,
                                .sender_ip = ip_,
                                .target_mac = arp.sender_mac,
                                .target_ip = arp.sender_ip}));
  ++counters_.arp_requests_answered;
  to_flush_ = true;
  return FrameVerdict::good;
}

void UdpOverNic::learn(std::uint32_t ip, const MacAddress& mac) noexcept {
  if (neighbours_.learn(ip, mac) && held_count_ > 0) send_held(ip, mac);
}

std::span<std::byte> UdpOverNic::claim() noexcept {
  claimed_ = nic_->claim();
  if (claimed_.empty()) [[unlikely]] {
    ++counters_.dropped_transmit_full;
    return {};
  }
  return claimed_.subspan(udp_payload_offset, datagram_bytes_max);
}

void UdpOverNic::commit(Endpoint from, Endpoint to, std::size_t size) noexcept {
  BASALT_ASSERT(!claimed_.empty());
  BASALT_ASSERT(size <= datagram_bytes_max);
  BASALT_ASSERT(from.ip == ip_);
  BASALT_ASSERT(is_own(from));
  const std::span<std::byte> room = std::exchange(claimed_, {});
  UdpRoute route{.source_mac = mac_, .source = from, .destination = to};
  if (is_multicast(to.ip)) {
    route.destination_mac = multicast_mac(to.ip);
  } else if (const MacAddress* mac = neighbours_.find(to.ip); mac != nullptr) [[likely]] {
    route.destination_mac = *mac;
  } else {
    hold(route, room.subspan(udp_payload_offset, size), clock_());
    ask_for(to.ip, room);
    return;
  }
  send_frame(room.data(), route, size);
}

void UdpOverNic::send_frame(std::byte* frame, const UdpRoute& route,
                            std::size_t payload_size) noexcept {
  nic_->commit(write_udp_frame(frame, route, payload_size));
  ++counters_.sent;
  counters_.sent_bytes += payload_size;
  to_flush_ = true;
}

void UdpOverNic::hold(const UdpRoute& route, std::span<const std::byte> payload,
                      Nanos now) noexcept {
  Held& held = (*held_)[held_next_];
  held_next_ = (held_next_ + 1) % held_datagrams_max;
  if (held.to_ip != 0) {
    ++counters_.dropped_unresolved;
  } else {
    ++held_count_;
  }
  held.to_ip = route.destination.ip;
  held.route = route;
  held.since = now;
  held.payload_size = payload.size();
  std::memcpy(held.payload.data(), payload.data(), payload.size());
}

// The claimed room of the datagram that waits becomes the question.
void UdpOverNic::ask_for(std::uint32_t ip, std::span<std::byte> room) noexcept {
  if (!neighbours_.may_ask(ip, clock_())) return;
  nic_->commit(write_arp_frame(room.data(), broadcast_mac,
                               {.operation = ArpPacket::Operation::request,
                                .sender_mac = mac_,
                                .sender_ip = ip_,
                                .target_ip = ip}));
  ++counters_.arp_requests_sent;
  to_flush_ = true;
}

// A question or its answer may be lost, and what is held has nobody else to ask again for it.
void UdpOverNic::ask_again() noexcept {
  const Nanos now = clock_();
  for (Held& held : *held_) {
    if (held.to_ip == 0) continue;
    if (now - held.since > held_age_max) {
      held.to_ip = 0;
      --held_count_;
      ++counters_.dropped_unresolved;
      continue;
    }
    if (now - held.since < arp_interval) continue;
    const std::span<std::byte> room = nic_->claim();
    if (!room.empty()) ask_for(held.to_ip, room);
  }
  flush();
}

void UdpOverNic::send_held(std::uint32_t ip, const MacAddress& mac) noexcept {
  const Nanos now = clock_();
  for (std::uint32_t i = 0; i < held_datagrams_max; ++i) {
    Held& held = (*held_)[(held_next_ + i) % held_datagrams_max];  // Oldest first.
    if (held.to_ip != ip) continue;
    held.to_ip = 0;
    --held_count_;
    const std::span<std::byte> room = nic_->claim();
    if (room.empty() || now - held.since > held_age_max) {
      ++counters_.dropped_unresolved;
      continue;
    }
    held.route.destination_mac = mac;
    std::memcpy(room.data() + udp_payload_offset, held.payload.data(), held.payload_size);
    send_frame(room.data(), held.route, held.payload_size);
  }
}

void UdpOverNic::flush() noexcept {
  if (!to_flush_) return;
  to_flush_ = nic_->tx_burst() > 0;
}

}  // namespace basalt::net
