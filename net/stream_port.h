// TCP as the engine sees it: connections that open, bytes that arrive, connections that close. The
// seam at which kernel sockets, a user-space stack and the simulator are exchanged for each other.
//
//   poll(batch) ──► opened · data · ended · closed ──► the owner ──► send() … ──► flush()
//                                                             └────► close()
//
// Invariants:
//   S1  poll(), send(), close(), connect() and flush() belong to one thread, which may be another
//       one than the constructor's: the first call adopts the port.
//   S2  Events of a connection come as: opened, any number of data, at most one ended, one closed.
//       A connect() that fails has closed only. After closed the id is dead for ever; calls with a
//       dead id do nothing.
//   S3  Unsent bytes of a connection never pass unsent_bytes_max. A send() that would make them
//       pass takes nothing and the connection is reset: a reader this slow is better told so.
//   S4  An owner that does not poll takes nothing: the peers' TCP windows close, and no byte is
//       lost. What was sent goes on leaving with flush().
//
// Never waits, allocates, throws or logs after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/types.h"
#include "net/endpoint.h"

namespace basalt::net {

// A slot and how often it has been used: a stale id never names another connection.
struct ConnectionId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;  // The first is 1: no connection is {0, 0}.

  friend constexpr bool operator==(const ConnectionId&, const ConnectionId&) = default;
};
inline constexpr ConnectionId no_connection{};

enum class CloseCause : std::uint8_t {
  none = 0,   // Not a closed event.
  local,      // We called close(), and everything sent before it was handed to the kernel.
  reset,      // The peer reset it, or broke it off while bytes were unsent.
  refused,    // connect(): nobody listens there.
  timed_out,  // The peer stopped answering.
  slow,       // Its unsent bytes would have passed the limit (S3).
  failed,     // The kernel gave another error.
};

struct StreamEvent {
  enum class Kind : std::uint8_t {
    opened,  // Accepted, or a connect() that came through.
    data,    // `bytes`, in order.
    ended,   // The peer will send no more (FIN). We still may; close() when done.
    closed,  // Gone, with its cause.
  };

  Kind kind = Kind::opened;
  CloseCause cause = CloseCause::none;
  std::uint16_t local_port = 0;  // The listening port it came in on; for connect() the local one.
  ConnectionId connection;
  Endpoint peer;
  std::span<const std::byte> bytes;  // Lives until the next poll().
  Nanos received;                    // The wire clock (CLOCK_REALTIME), read once per poll().
};

// Written by the port's thread alone.
struct StreamCounters {
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t closed_slow = 0;
  std::uint64_t closed_reset = 0;  // By the peer, by time, or by another error.
  std::uint64_t refused_full = 0;  // Accepted by the kernel and reset: connections_max are open.
  std::uint64_t accept_failed = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;  // Handed to the kernel.
  std::uint64_t receive_buffers_exhausted = 0;
};

class StreamPort {
 public:
  virtual ~StreamPort() = default;
  StreamPort() = default;
  StreamPort(const StreamPort&) = delete;
  StreamPort& operator=(const StreamPort&) = delete;

  // What has happened, at most out.size() events; zero when nothing has.
  [[nodiscard]] virtual std::uint32_t poll(std::span<StreamEvent> out) noexcept = 0;

  // Takes all the bytes, or none: returns how many. None means that the id is dead, that close()
  // was called, or that the limit was passed and the connection is being reset (S3). Who can wait
  // asks send_room() first.
  virtual std::size_t send(ConnectionId connection, std::span<const std::byte> bytes) noexcept = 0;

  // How many bytes send() would take now; 0 for a dead id.
  [[nodiscard]] virtual std::size_t send_room(ConnectionId connection) const noexcept = 0;

  // Sends what was taken, then ends the connection. Nothing more is read from it. A peer that does
  // not take the rest within close_wait is reset.
  virtual void close(ConnectionId connection) noexcept = 0;

  // Starts a connection; `opened` or `closed` follows. no_connection when all slots are taken.
  [[nodiscard]] virtual ConnectionId connect(Endpoint to) noexcept = 0;

  // Everything taken by send() starts to leave. Without anything to do it costs a comparison.
  virtual void flush() noexcept = 0;

  // Where it listens, in the order of the configuration, ports asked for as 0 replaced.
  [[nodiscard]] virtual std::span<const Endpoint> listening() const noexcept = 0;

  [[nodiscard]] const StreamCounters& counters() const noexcept { return counters_; }

 protected:
  StreamCounters counters_;
};

// After close(), the peer has this long to take what is unsent.
inline constexpr Nanos close_wait{5'000'000'000};

}  // namespace basalt::net
