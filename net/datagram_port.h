// UDP as the engine sees it: datagrams in, datagrams out, one batch at a time. The seam at which
// kernel sockets, a DPDK queue, the in-memory wire and the simulator are exchanged for each other.
//
//   receive(batch) ──► handle each ──► claim() … fill … commit() ──► flush()
//   one burst          the caller      any number of answers          one tx_burst or submit
//
// Invariants:
//   P1  receive(), claim(), commit() and flush() belong to one thread, which may be another one
//       than the constructor's: the first call adopts the port.
//   P2  What receive() hands out lives until the next receive(); what claim() hands out until its
//       commit() or the next receive(). Each datagram leaves from one of endpoints(), so that an
//       answer comes from where the question was sent to.
//   P3  Order is kept between datagrams that share both endpoints.
//   P4  Each datagram that is not delivered or not sent is in exactly one counter.
//
// Never waits, allocates, throws or logs after construction. A virtual call costs some 2 ns against
// at least 100 ns for a datagram; receive() and flush() are once per batch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/types.h"
#include "net/endpoint.h"
#include "net/frames/frame_verdict.h"

namespace basalt::net {

// What fits an unfragmented IPv4 packet on Ethernet: 1500 - 20 (IPv4) - 8 (UDP).
inline constexpr std::size_t datagram_bytes_max = 1472;

// Local endpoints (ports and joined groups) of one port.
inline constexpr std::size_t local_endpoints_max = 16;

struct Datagram {
  Endpoint source;
  Endpoint destination;  // One of endpoints(): the group for multicast.
  std::span<const std::byte> payload;
  Nanos received;  // The wire clock (CLOCK_REALTIME), read once per burst.
};

// Written by the port's thread alone. Another thread that wants them gets a copy from that one.
struct DatagramCounters {
  std::uint64_t received = 0;  // Handed out by receive().
  std::uint64_t received_bytes = 0;
  std::uint64_t sent = 0;  // Handed to the wire.
  std::uint64_t sent_bytes = 0;

  // Lost on the way in, before receive() could see them: the kernel's or the NIC's queue was full.
  std::uint64_t dropped_receive_full = 0;
  // claim() found the transmit side full. The caller drops its datagram or tries again later.
  std::uint64_t dropped_transmit_full = 0;
  // The receiver's hardware address is not known; it has been asked for.
  std::uint64_t dropped_unresolved = 0;
  // The kernel refused a send (no route, no buffer, an unreachable port reported back).
  std::uint64_t dropped_send_refused = 0;

  // Frames (kernel sockets: datagrams) that were not delivered, by cause.
  std::array<std::uint64_t, frame_verdicts> not_delivered{};

  std::uint64_t arp_requests_answered = 0;
  std::uint64_t arp_requests_sent = 0;

  [[nodiscard]] std::uint64_t not_delivered_for(FrameVerdict cause) const noexcept {
    return not_delivered[static_cast<std::size_t>(cause)];
  }
};

class DatagramPort {
 public:
  virtual ~DatagramPort() = default;
  DatagramPort() = default;
  DatagramPort(const DatagramPort&) = delete;
  DatagramPort& operator=(const DatagramPort&) = delete;

  // What has arrived, at most out.size(); zero when nothing has. Ends the life of what the last
  // call handed out.
  [[nodiscard]] virtual std::uint32_t receive(std::span<Datagram> out) noexcept = 0;

  // Room for one outgoing payload: datagram_bytes_max bytes, or none when the transmit side is full
  // (counted). Without a commit() in between it gives the same room again, so an unused claim needs
  // no undoing.
  [[nodiscard]] virtual std::span<std::byte> claim() noexcept = 0;

  // The first `size` bytes of the claimed room become a datagram.
  // Pre: claim() gave room; size <= datagram_bytes_max; `from` is one of endpoints(), and no group.
  virtual void commit(Endpoint from, Endpoint to, std::size_t size) noexcept = 0;

  // Everything committed goes to the wire; what a full card does not take goes with the next call,
  // so call it every turn. Without anything to send it costs a comparison.
  virtual void flush() noexcept = 0;

  // Local endpoints in the order of the configuration; a port that was asked for as 0 has been
  // replaced by the one the kernel chose.
  [[nodiscard]] virtual std::span<const Endpoint> endpoints() const noexcept = 0;

  [[nodiscard]] const DatagramCounters& counters() const noexcept { return counters_; }

 protected:
  DatagramCounters counters_;
};

}  // namespace basalt::net
