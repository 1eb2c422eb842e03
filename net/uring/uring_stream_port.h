// Kernel TCP by io_uring: listening sockets, accepted connections and our own connects behind one
// StreamPort.
//
//   multishot accept, multishot recv ─► receive ring ─► poll() ─► events
//   send() ─► the connection's byte ring ─► flush(): one send each, one io_uring_enter for all
//
// A connection lives through: connecting → open → (closing →) leaving → its closed event → free.
//   open      both ways
//   closing   close() was called: unsent bytes leave, then our FIN; the peer has close_wait to end
//   leaving   the socket is shut down and the kernel hands back the operations under way; no bytes
//             are read or sent any more
//
// Receive and send completions have rings of their own, so that flush() goes on sending for an
// owner that does not poll (S4 of StreamPort).
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <memory>
#include <vector>

#include "net/stream_port.h"
#include "net/uring/ring.h"
#include "net/wire_clock.h"

namespace basalt::net {

struct UringStreamConfig {
  std::vector<Endpoint> listen;  // May be empty, for a client. Port 0: the kernel's choice.
  std::uint32_t connections_max = 64;
  // For each connection, on top of what the kernel's socket buffer takes. A power of two.
  std::uint32_t unsent_bytes_max = 1 << 18;
  std::uint32_t receive_buffers = 512;  // A power of two, at most 32,768; 4 KiB each.
};

class UringStreamPort final : public StreamPort {
 public:
  // Throws std::runtime_error or std::invalid_argument that says what is wrong.
  explicit UringStreamPort(const UringStreamConfig& config, WireClock clock = realtime);
  ~UringStreamPort() override;

  [[nodiscard]] std::uint32_t poll(std::span<StreamEvent> out) noexcept override;
  std::size_t send(ConnectionId id, std::span<const std::byte> bytes) noexcept override;
  [[nodiscard]] std::size_t send_room(ConnectionId id) const noexcept override;
  void close(ConnectionId id) noexcept override;
  [[nodiscard]] ConnectionId connect(Endpoint to) noexcept override;
  void flush() noexcept override;
  [[nodiscard]] std::span<const Endpoint> listening() const noexcept override { return listening_; }

 private:
  enum class State : std::uint8_t { free, connecting, open, closing, leaving, gone };

  struct Connection {
    State state = State::free;
    CloseCause cause = CloseCause::none;  // From `leaving` on.
    bool receive_armed = false;
    bool receive_wanted = false;  // In to_arm_; outlives the slot's free time, as the list does.
    bool ended = false;           // The peer's FIN was read.
    bool fin_sent = false;
    bool connect_armed = false;
    bool send_armed = false;
    bool send_wanted = false;  // In to_send_, likewise.
    std::uint16_t local_port = 0;
    std::uint32_t generation = 1;
    int fd = -1;
    Endpoint peer;
    Nanos close_deadline;

    // The byte ring: [sent, taken) is unsent; both only rise.
    std::uint64_t sent = 0;
    std::uint64_t taken = 0;
    std::array<iovec, 2> parts{};
    msghdr message{};
    sockaddr_storage address{};  // Of a connect under way.
  };

  void open_listeners(const UringStreamConfig& config);
  [[nodiscard]] Connection* find(ConnectionId id) noexcept;
  [[nodiscard]] ConnectionId id_of(const Connection& connection) const noexcept;
  [[nodiscard]] std::uint32_t slot_of(const Connection& connection) const noexcept;
  [[nodiscard]] std::span<std::byte> ring_of(const Connection& connection) noexcept;

  // Receive side.
  void give_back_buffers() noexcept;
  void arm() noexcept;
  void want_receive(Connection& connection) noexcept;
  bool on_completion(const io_uring_cqe& completion, StreamEvent& out) noexcept;
  bool on_accept(const io_uring_cqe& completion, StreamEvent& out) noexcept;
  bool on_connect(Connection& connection, int result, StreamEvent& out) noexcept;
  bool on_receive(Connection& connection, const io_uring_cqe& completion,
                  StreamEvent& out) noexcept;
  bool on_end(Connection& connection, int result, StreamEvent& out) noexcept;
  [[nodiscard]] Connection* take_slot(int fd, Endpoint peer, std::uint16_t local_port) noexcept;
  [[nodiscard]] StreamEvent event_of(const Connection& connection,
                                     StreamEvent::Kind kind) const noexcept;

  // Send side.
  void want_send(Connection& connection) noexcept;
  void prepare_send(Connection& connection) noexcept;
  void reap_sends() noexcept;
  void on_sent(Connection& connection, int result) noexcept;
  void after_last_byte(Connection& connection) noexcept;

  // Ends.
  [[nodiscard]] static CloseCause cause_of(int error) noexcept;
  void leave(Connection& connection, CloseCause cause) noexcept;
  void finish_if_quiet(Connection& connection) noexcept;
  void reset_overdue(Nanos now) noexcept;
  [[nodiscard]] std::uint32_t tell_gone(std::span<StreamEvent> out) noexcept;

  const WireClock clock_;
  const std::uint32_t connections_max_;
  const std::uint32_t unsent_bytes_max_;

  std::vector<Endpoint> listening_;
  std::vector<int> listeners_;
  std::vector<bool> accept_armed_;

  // What the kernel reads and writes outlives the rings.
  std::vector<Connection> connections_;
  std::unique_ptr<std::byte[]> unsent_;
  UringBuffers buffers_;
  UringRing receive_ring_;
  UringRing send_ring_;

  // Each of these has room for all that can be in it; nothing grows after construction.
  std::vector<std::uint32_t> free_;     // Slots.
  std::vector<std::uint32_t> to_arm_;   // Slots that want a receive.
  std::vector<std::uint32_t> to_send_;  // Slots with unsent bytes and no send under way.
  std::vector<std::uint32_t> gone_;     // Slots whose closed event is to be told.
  std::vector<std::uint16_t> lent_;     // Buffers of the last poll()'s events.
  bool accepts_to_arm_ = true;
  std::uint32_t sends_under_way_ = 0;
  std::uint32_t closing_ = 0;  // Connections with a close_deadline.
};

}  // namespace basalt::net
