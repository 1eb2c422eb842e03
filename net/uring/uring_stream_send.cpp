// The sending half of UringStreamPort: the byte rings of its connections and what leaves them.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/assert.h"
#include "net/uring/uring_stream_port.h"

namespace basalt::net {

std::size_t UringStreamPort::send_room(ConnectionId id) const noexcept {
  const Connection* connection = const_cast<UringStreamPort*>(this)->find(id);
  if (connection == nullptr || connection->state != State::open) return 0;
  return unsent_bytes_max_ - static_cast<std::size_t>(connection->taken - connection->sent);
}

std::size_t UringStreamPort::send(ConnectionId id, std::span<const std::byte> bytes) noexcept {
  Connection* connection = find(id);
  if (connection == nullptr || connection->state != State::open || bytes.empty()) return 0;
  if (bytes.size() > send_room(id)) {
    leave(*connection, CloseCause::slow);
    return 0;
  }
  const std::span<std::byte> ring = ring_of(*connection);
  const std::size_t at = static_cast<std::size_t>(connection->taken & (unsent_bytes_max_ - 1));
  const std::size_t first = std::min(bytes.size(), ring.size() - at);
  std::memcpy(ring.data() + at, bytes.data(), first);
  std::memcpy(ring.data(), bytes.data() + first, bytes.size() - first);
  connection->taken += bytes.size();
  want_send(*connection);
  return bytes.size();
}

void UringStreamPort::want_send(Connection& connection) noexcept {
  if (connection.send_wanted || connection.send_armed) return;
  connection.send_wanted = true;
  to_send_.push_back(slot_of(connection));
}

void UringStreamPort::prepare_send(Connection& connection) noexcept {
  const std::span<std::byte> ring = ring_of(connection);
  const auto unsent = static_cast<std::size_t>(connection.taken - connection.sent);
  const std::size_t at = static_cast<std::size_t>(connection.sent & (unsent_bytes_max_ - 1));
  const std::size_t first = std::min(unsent, ring.size() - at);
  connection.parts[0] = {ring.data() + at, first};
  connection.parts[1] = {ring.data(), unsent - first};
  connection.message = {};
  connection.message.msg_iov = connection.parts.data();
  connection.message.msg_iovlen = unsent > first ? 2 : 1;
  io_uring_sqe* sqe = send_ring_.entry();
  io_uring_prep_sendmsg(sqe, connection.fd, &connection.message, MSG_NOSIGNAL);
  io_uring_sqe_set_data64(sqe, slot_of(connection));
  connection.send_armed = true;
  ++sends_under_way_;
}

void UringStreamPort::flush() noexcept {
  if (to_send_.empty() && sends_under_way_ == 0) return;
  send_ring_.adopt();
  if (!to_send_.empty()) {
    for (const std::uint32_t slot : to_send_) {
      Connection& connection = connections_[slot];
      connection.send_wanted = false;
      const bool sends = connection.state == State::open || connection.state == State::closing;
      if (sends && connection.sent != connection.taken) prepare_send(connection);
    }
    to_send_.clear();
    send_ring_.submit();
  }
  reap_sends();
}

void UringStreamPort::reap_sends() noexcept {
  const std::uint32_t ready = send_ring_.ready();
  for (std::uint32_t i = 0; i < ready; ++i) {
    const io_uring_cqe& completion = send_ring_.completion(i);
    on_sent(connections_[static_cast<std::uint32_t>(completion.user_data)], completion.res);
  }
  if (ready > 0) send_ring_.consume(ready);
}

void UringStreamPort::on_sent(Connection& connection, int result) noexcept {
  BASALT_ASSERT(connection.send_armed);
  connection.send_armed = false;
  --sends_under_way_;
  if (result > 0) {
    connection.sent += static_cast<std::uint64_t>(result);
    counters_.sent_bytes += static_cast<std::uint64_t>(result);
  }
  if (connection.state == State::leaving) {
    finish_if_quiet(connection);
    return;
  }
  if (result < 0 && result != -EINTR && result != -EAGAIN) {
    leave(connection, cause_of(-result));
    return;
  }
  if (connection.sent != connection.taken) {
    want_send(connection);
  } else if (connection.state == State::closing) {
    after_last_byte(connection);
  }
}

}  // namespace basalt::net
