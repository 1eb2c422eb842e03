#include "net/uring/uring_stream_port.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "engine/assert.h"
#include "net/uring/bound_socket.h"
#include "net/uring/socket_address.h"

namespace basalt::net {
namespace {

constexpr std::uint32_t buffer_bytes = 4'096;
constexpr std::uint32_t listeners_max = 16;
constexpr std::uint32_t submissions = 256;  // More submit by themselves.

// What a completion belongs to: the operation above, the slot below.
enum class Operation : std::uint32_t { accept, connect, receive, cancel };

constexpr std::uint64_t token(Operation operation, std::uint32_t slot) noexcept {
  return (static_cast<std::uint64_t>(operation) << 32) | slot;
}

void set_no_delay(int fd) noexcept {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// close() then resets instead of trying to deliver.
void set_reset_on_close(int fd) noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

Endpoint peer_of(int fd) noexcept {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return from_socket_address(address);
}

const UringStreamConfig& checked(const UringStreamConfig& config) {
  if (config.listen.size() > listeners_max) {
    throw std::invalid_argument("a TCP port listens on at most " + std::to_string(listeners_max) +
                                " endpoints, not " + std::to_string(config.listen.size()));
  }
  if (config.connections_max == 0) {
    throw std::invalid_argument("a TCP port needs room for one connection");
  }
  if (!std::has_single_bit(config.unsent_bytes_max)) {
    throw std::invalid_argument("unsent_bytes_max must be a power of two, not " +
                                std::to_string(config.unsent_bytes_max));
  }
  return config;
}

}  // namespace

UringStreamPort::UringStreamPort(const UringStreamConfig& config, WireClock clock)
    : clock_(clock),
      connections_max_(checked(config).connections_max),
      unsent_bytes_max_(config.unsent_bytes_max),
      connections_(connections_max_),
      unsent_(std::make_unique<std::byte[]>(std::size_t{connections_max_} * unsent_bytes_max_)),
      buffers_(config.receive_buffers, buffer_bytes),
      receive_ring_(submissions, config.receive_buffers + 4 * connections_max_ + submissions),
      send_ring_(submissions, connections_max_ + submissions) {
  buffers_.lend_to(receive_ring_);
  for (std::uint32_t slot = connections_max_; slot > 0; --slot) free_.push_back(slot - 1);
  to_arm_.reserve(connections_max_);
  to_send_.reserve(connections_max_);
  gone_.reserve(connections_max_);
  lent_.reserve(config.receive_buffers);
  try {
    open_listeners(config);
  } catch (...) {
    for (const int listener : listeners_) ::close(listener);
    throw;
  }
}

UringStreamPort::~UringStreamPort() {
  for (const int listener : listeners_) {
    ::shutdown(listener, SHUT_RDWR);  // Free at once: the ring lets go of it only a little later.
    ::close(listener);
  }
  for (const Connection& connection : connections_) {
    if (connection.fd >= 0) ::close(connection.fd);
  }
}

void UringStreamPort::open_listeners(const UringStreamConfig& config) {
  for (const Endpoint& endpoint : config.listen) {
    listeners_.push_back(bound_socket(Transport::tcp, endpoint));
    listening_.push_back(local_endpoint(listeners_.back()));
  }
  accept_armed_.resize(listeners_.size(), false);
}

// ---- Who is who

std::uint32_t UringStreamPort::slot_of(const Connection& connection) const noexcept {
  return static_cast<std::uint32_t>(&connection - connections_.data());
}

ConnectionId UringStreamPort::id_of(const Connection& connection) const noexcept {
  return {slot_of(connection), connection.generation};
}

UringStreamPort::Connection* UringStreamPort::find(ConnectionId id) noexcept {
  if (id.slot >= connections_max_) return nullptr;
  Connection& connection = connections_[id.slot];
  if (connection.generation != id.generation) return nullptr;
  return connection.state == State::free ? nullptr : &connection;
}

std::span<std::byte> UringStreamPort::ring_of(const Connection& connection) noexcept {
  return {unsent_.get() + std::size_t{slot_of(connection)} * unsent_bytes_max_, unsent_bytes_max_};
}

UringStreamPort::Connection* UringStreamPort::take_slot(int fd, Endpoint peer,
                                                        std::uint16_t local_port) noexcept {
  if (free_.empty()) return nullptr;
  Connection& connection = connections_[free_.back()];
  free_.pop_back();
  const Connection before = connection;
  connection = Connection{};
  connection.generation = before.generation;
  connection.receive_wanted = before.receive_wanted;
  connection.send_wanted = before.send_wanted;
  connection.fd = fd;
  connection.peer = peer;
  connection.local_port = local_port;
  return &connection;
}

StreamEvent UringStreamPort::event_of(const Connection& connection,
                                      StreamEvent::Kind kind) const noexcept {
  StreamEvent event;
  event.kind = kind;
  event.local_port = connection.local_port;
  event.connection = id_of(connection);
  event.peer = connection.peer;
  return event;
}

// ---- Receiving

std::uint32_t UringStreamPort::poll(std::span<StreamEvent> out) noexcept {
  receive_ring_.adopt();
  give_back_buffers();
  if (accepts_to_arm_ || !to_arm_.empty()) [[unlikely]]
    arm();
  if (closing_ > 0) [[unlikely]]
    reset_overdue(clock_());

  std::uint32_t count = tell_gone(out);
  const std::uint32_t ready = receive_ring_.ready();
  std::uint32_t read = 0;
  for (; read < ready && count < out.size(); ++read) {
    if (on_completion(receive_ring_.completion(read), out[count])) ++count;
  }
  if (read > 0) receive_ring_.consume(read);
  if (!gone_.empty()) count += tell_gone(out.subspan(count));
  if (count == 0) return 0;
  const Nanos now = clock_();
  for (StreamEvent& event : out.first(count)) event.received = now;
  return count;
}

void UringStreamPort::give_back_buffers() noexcept {
  if (lent_.empty()) return;
  for (const std::uint16_t buffer : lent_) buffers_.give_back(buffer);
  lent_.clear();
  buffers_.publish();
}

void UringStreamPort::arm() noexcept {
  for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
    if (accept_armed_[i]) continue;
    io_uring_sqe* sqe = receive_ring_.entry();
    io_uring_prep_multishot_accept(sqe, listeners_[i], nullptr, nullptr, SOCK_CLOEXEC);
    io_uring_sqe_set_data64(sqe, token(Operation::accept, i));
    accept_armed_[i] = true;
  }
  accepts_to_arm_ = false;
  for (const std::uint32_t slot : to_arm_) {
    Connection& connection = connections_[slot];
    connection.receive_wanted = false;
    if (connection.state != State::open && connection.state != State::closing) continue;
    io_uring_sqe* sqe = receive_ring_.entry();
    io_uring_prep_recv_multishot(sqe, connection.fd, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = UringBuffers::group;
    io_uring_sqe_set_data64(sqe, token(Operation::receive, slot));
    connection.receive_armed = true;
  }
  to_arm_.clear();
  receive_ring_.submit();
}

void UringStreamPort::want_receive(Connection& connection) noexcept {
  if (connection.receive_wanted) return;
  connection.receive_wanted = true;
  to_arm_.push_back(slot_of(connection));
}

// True when the completion became an event.
bool UringStreamPort::on_completion(const io_uring_cqe& completion, StreamEvent& out) noexcept {
  const auto slot = static_cast<std::uint32_t>(completion.user_data);
  switch (static_cast<Operation>(completion.user_data >> 32)) {
    case Operation::accept:
      return on_accept(completion, out);
    case Operation::connect:
      return on_connect(connections_[slot], completion.res, out);
    case Operation::receive:
      return on_receive(connections_[slot], completion, out);
    case Operation::cancel:
      break;
  }
  return false;
}

bool UringStreamPort::on_accept(const io_uring_cqe& completion, StreamEvent& out) noexcept {
  const auto listener = static_cast<std::uint32_t>(completion.user_data);
  if ((completion.flags & IORING_CQE_F_MORE) == 0) {
    accept_armed_[listener] = false;
    accepts_to_arm_ = true;
  }
  if (completion.res < 0) {
    ++counters_.accept_failed;
    return false;
  }
  const int fd = completion.res;
  Connection* connection = take_slot(fd, peer_of(fd), listening_[listener].port);
  if (connection == nullptr) {
    set_reset_on_close(fd);
    ::close(fd);
    ++counters_.refused_full;
    return false;
  }
  set_no_delay(fd);
  connection->state = State::open;
  want_receive(*connection);
  ++counters_.opened;
  out = event_of(*connection, StreamEvent::Kind::opened);
  return true;
}

bool UringStreamPort::on_connect(Connection& connection, int result, StreamEvent& out) noexcept {
  connection.connect_armed = false;
  if (connection.state == State::leaving) {
    finish_if_quiet(connection);
    return false;
  }
  if (result < 0) {
    leave(connection, cause_of(-result));
    return false;
  }
  connection.local_port = local_endpoint(connection.fd).port;
  connection.state = State::open;
  want_receive(connection);
  ++counters_.opened;
  out = event_of(connection, StreamEvent::Kind::opened);
  return true;
}

bool UringStreamPort::on_receive(Connection& connection, const io_uring_cqe& completion,
                                 StreamEvent& out) noexcept {
  const bool has_buffer = (completion.flags & IORING_CQE_F_BUFFER) != 0;
  const auto buffer = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
  if (has_buffer) lent_.push_back(buffer);
  if ((completion.flags & IORING_CQE_F_MORE) == 0) connection.receive_armed = false;
  if (connection.state == State::leaving) {
    finish_if_quiet(connection);
    return false;
  }
  if (completion.res <= 0) return on_end(connection, completion.res, out);
  if (!connection.receive_armed) want_receive(connection);
  if (connection.state != State::open) return false;  // close() was called: read and dropped.
  const auto size = static_cast<std::size_t>(completion.res);
  counters_.received_bytes += size;
  out = event_of(connection, StreamEvent::Kind::data);
  out.bytes = {buffers_.at(buffer), size};
  return true;
}

// A receive came back without bytes: the peer's FIN, an error, or no buffer was free.
bool UringStreamPort::on_end(Connection& connection, int result, StreamEvent& out) noexcept {
  if (result == -ENOBUFS || result == -EINTR || result == -EAGAIN) {
    if (result == -ENOBUFS) ++counters_.receive_buffers_exhausted;
    if (!connection.receive_armed) want_receive(connection);
    return false;
  }
  if (result < 0) {
    leave(connection, connection.fin_sent ? CloseCause::local : cause_of(-result));
    return false;
  }
  connection.ended = true;
  if (connection.state == State::closing) {
    if (connection.fin_sent) leave(connection, CloseCause::local);
    return false;
  }
  out = event_of(connection, StreamEvent::Kind::ended);
  return true;
}

// ---- Connecting and ending

CloseCause UringStreamPort::cause_of(int error) noexcept {
  switch (error) {
    case ECONNRESET:
    case EPIPE:
      return CloseCause::reset;
    case ECONNREFUSED:
      return CloseCause::refused;
    case ETIMEDOUT:
      return CloseCause::timed_out;
    default:
      return CloseCause::failed;
  }
}

ConnectionId UringStreamPort::connect(Endpoint to) noexcept {
  receive_ring_.adopt();
  if (free_.empty()) return no_connection;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return no_connection;
  set_no_delay(fd);
  Connection& connection = *take_slot(fd, to, 0);
  connection.state = State::connecting;
  connection.connect_armed = true;
  const sockaddr_in address = to_socket_address(to);
  std::memcpy(&connection.address, &address, sizeof address);
  io_uring_sqe* sqe = receive_ring_.entry();
  io_uring_prep_connect(sqe, fd, reinterpret_cast<const sockaddr*>(&connection.address),
                        sizeof address);
  io_uring_sqe_set_data64(sqe, token(Operation::connect, slot_of(connection)));
  receive_ring_.submit();
  return id_of(connection);
}

void UringStreamPort::close(ConnectionId id) noexcept {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  if (connection->state == State::connecting) {
    leave(*connection, CloseCause::local);
    return;
  }
  if (connection->state != State::open) return;
  connection->state = State::closing;
  connection->close_deadline = clock_() + close_wait;
  ++closing_;
  if (connection->sent == connection->taken && !connection->send_armed) {
    after_last_byte(*connection);
  }
}

// Our FIN. The peer's may have come already.
void UringStreamPort::after_last_byte(Connection& connection) noexcept {
  BASALT_ASSERT(connection.state == State::closing);
  ::shutdown(connection.fd, SHUT_WR);
  connection.fin_sent = true;
  if (connection.ended) leave(connection, CloseCause::local);
}

void UringStreamPort::leave(Connection& connection, CloseCause cause) noexcept {
  BASALT_ASSERT(connection.state != State::free);
  if (connection.state == State::leaving || connection.state == State::gone) return;
  if (connection.state == State::closing) --closing_;
  const bool clean = cause == CloseCause::local && connection.fin_sent && connection.ended;
  if (!clean) set_reset_on_close(connection.fd);
  connection.state = State::leaving;
  connection.cause = cause;
  if (connection.connect_armed) {
    io_uring_sqe* sqe = receive_ring_.entry();
    io_uring_prep_cancel64(sqe, token(Operation::connect, slot_of(connection)), 0);
    io_uring_sqe_set_data64(sqe, token(Operation::cancel, slot_of(connection)));
    receive_ring_.submit();
  } else {
    ::shutdown(connection.fd, SHUT_RDWR);  // Operations under way come back.
  }
  finish_if_quiet(connection);
}

void UringStreamPort::finish_if_quiet(Connection& connection) noexcept {
  BASALT_ASSERT(connection.state == State::leaving);
  if (connection.connect_armed || connection.receive_armed || connection.send_armed) return;
  ::close(connection.fd);
  connection.fd = -1;
  connection.state = State::gone;
  gone_.push_back(slot_of(connection));
}

void UringStreamPort::reset_overdue(Nanos now) noexcept {
  for (Connection& connection : connections_) {
    if (connection.state != State::closing || now < connection.close_deadline) continue;
    leave(connection, connection.fin_sent ? CloseCause::local : CloseCause::timed_out);
  }
}

// The slot lives until its last event is told: until then, no new connection takes it.
std::uint32_t UringStreamPort::tell_gone(std::span<StreamEvent> out) noexcept {
  std::uint32_t count = 0;
  while (count < out.size() && !gone_.empty()) {
    Connection& connection = connections_[gone_.back()];
    out[count] = event_of(connection, StreamEvent::Kind::closed);
    out[count].cause = connection.cause;
    ++count;
    ++counters_.closed;
    if (connection.cause == CloseCause::slow) {
      ++counters_.closed_slow;
    } else if (connection.cause != CloseCause::local) {
      ++counters_.closed_reset;
    }
    connection.state = State::free;
    ++connection.generation;
    free_.push_back(gone_.back());
    gone_.pop_back();
  }
  return count;
}

}  // namespace basalt::net
