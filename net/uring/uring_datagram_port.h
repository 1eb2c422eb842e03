// Kernel UDP by io_uring: several bound sockets behind one DatagramPort.
//
//   multishot recvmsg on each socket ─► one ring of completions ─► receive()
//   commit() ─► one entry each ─► flush(): one io_uring_enter for all
//
// An idle receive() makes no system call. Sends never wait: a full socket buffer drops the datagram
// and counts it, so the order between two endpoints is never changed by a send that came late.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <vector>

#include "net/datagram_port.h"
#include "net/uring/ring.h"
#include "net/wire_clock.h"

namespace basalt::net {

struct UringDatagramConfig {
  // Own addresses, port 0 meaning any, and groups, which are joined. At least one.
  std::vector<Endpoint> endpoints;
  // The interface that groups are joined and sent on, by its address.
  std::uint32_t group_interface = loopback_ip;
  std::uint32_t receive_buffers = 1'024;  // A power of two, at most 32,768; 2 KiB each.
};

class UringDatagramPort final : public DatagramPort {
 public:
  // Datagrams between two flush() calls; more of them flush by themselves.
  static constexpr std::uint32_t sends_max = 256;

  // Throws std::runtime_error or std::invalid_argument that says what is wrong.
  explicit UringDatagramPort(const UringDatagramConfig& config, WireClock clock = realtime);
  ~UringDatagramPort() override;

  [[nodiscard]] std::uint32_t receive(std::span<Datagram> out) noexcept override;
  [[nodiscard]] std::span<std::byte> claim() noexcept override;
  void commit(Endpoint from, Endpoint to, std::size_t size) noexcept override;
  void flush() noexcept override;
  [[nodiscard]] std::span<const Endpoint> endpoints() const noexcept override { return endpoints_; }

 private:
  struct Socket {
    int fd = -1;
    bool armed = false;              // A multishot receive is under way.
    std::uint32_t dropped_seen = 0;  // The kernel's count, which is cumulative (SO_RXQ_OVFL).
  };
  struct Send {
    msghdr message;
    iovec part;
    sockaddr_in to;
    std::array<std::byte, datagram_bytes_max> payload;
  };

  void open_sockets(const UringDatagramConfig& config);
  void arm() noexcept;
  bool deliver(const io_uring_cqe& completion, Datagram& out) noexcept;
  void count_kernel_drops(Socket& socket, io_uring_recvmsg_out* message) noexcept;
  [[nodiscard]] std::uint32_t socket_of(Endpoint own) const noexcept;
  void reap_sends() noexcept;

  std::vector<Endpoint> endpoints_;
  std::vector<Socket> sockets_;  // One for each endpoint, in the same order.
  const WireClock clock_;

  UringBuffers buffers_;
  UringRing receive_ring_;
  msghdr receive_shape_{};  // How the kernel lays out a buffer: name and control sizes.
  std::vector<std::uint16_t> lent_;
  bool all_armed_ = false;

  std::unique_ptr<std::array<Send, sends_max>> sends_;
  UringRing send_ring_;
  std::uint32_t committed_ = 0;
  bool claimed_ = false;
};

}  // namespace basalt::net
