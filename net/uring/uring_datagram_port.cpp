#include "net/uring/uring_datagram_port.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "engine/assert.h"
#include "net/uring/bound_socket.h"
#include "net/uring/socket_address.h"

namespace basalt::net {
namespace {

constexpr std::uint32_t buffer_bytes = 2'048;
constexpr std::size_t control_bytes = CMSG_SPACE(sizeof(std::uint32_t));
static_assert(sizeof(io_uring_recvmsg_out) + sizeof(sockaddr_in) + control_bytes +
                  datagram_bytes_max <=
              buffer_bytes);

constexpr std::uint32_t submit_tries_max = 1'000;

// What bursts of a feed need while the polling core is at something else.
constexpr int socket_buffer_bytes = 4 << 20;

void set(int socket, int level, int option, int value, const char* what) {
  if (::setsockopt(socket, level, option, &value, sizeof value) == 0) return;
  throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

void set_buffers(int socket) {
  const int bytes = socket_buffer_bytes;
  // Past the administrator's limit where we may, up to it where we may not.
  if (::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    set(socket, SOL_SOCKET, SO_RCVBUF, bytes, "receive buffer");
  }
  if (::setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0) {
    set(socket, SOL_SOCKET, SO_SNDBUF, bytes, "send buffer");
  }
}

void set_groups(int socket, Endpoint endpoint, std::uint32_t interface_ip) {
  const in_addr interface { __builtin_bswap32(interface_ip) };
  if (is_multicast(endpoint.ip)) {
    const ip_mreq membership{{__builtin_bswap32(endpoint.ip)}, interface};
    if (::setsockopt(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership) != 0) {
      throw std::runtime_error("group " + to_text(endpoint.ip) + " cannot be joined on " +
                               to_text(interface_ip) + ": " + std::strerror(errno));
    }
    // Only what this socket joined, not what any other on this machine did.
    set(socket, IPPROTO_IP, IP_MULTICAST_ALL, 0, "groups");
    return;
  }
  if (::setsockopt(socket, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface) != 0) {
    throw std::runtime_error("groups cannot be sent on " + to_text(interface_ip) + ": " +
                             std::strerror(errno));
  }
  set(socket, IPPROTO_IP, IP_MULTICAST_LOOP, 1, "group loop");
  set(socket, IPPROTO_IP, IP_MULTICAST_TTL, 1, "group time to live");
}

}  // namespace

UringDatagramPort::UringDatagramPort(const UringDatagramConfig& config, WireClock clock)
    : clock_(clock),
      buffers_(config.receive_buffers, buffer_bytes),
      // A completion for each buffer and one for the end of each multishot: it cannot overflow.
      receive_ring_(2 * local_endpoints_max, config.receive_buffers + 2 * local_endpoints_max),
      sends_(std::make_unique<std::array<Send, sends_max>>()),
      send_ring_(sends_max, 2 * sends_max) {
  if (config.endpoints.empty() || config.endpoints.size() > local_endpoints_max) {
    throw std::invalid_argument("a UDP port takes 1 to " + std::to_string(local_endpoints_max) +
                                " endpoints, not " + std::to_string(config.endpoints.size()));
  }
  receive_shape_.msg_namelen = sizeof(sockaddr_in);
  receive_shape_.msg_controllen = control_bytes;
  lent_.reserve(config.receive_buffers);
  buffers_.lend_to(receive_ring_);
  try {
    open_sockets(config);
  } catch (...) {
    for (const Socket& socket : sockets_) ::close(socket.fd);
    throw;
  }
}

UringDatagramPort::~UringDatagramPort() {
  for (const Socket& socket : sockets_) ::close(socket.fd);
}

void UringDatagramPort::open_sockets(const UringDatagramConfig& config) {
  std::vector<int> files;
  for (const Endpoint& endpoint : config.endpoints) {
    if (endpoint.ip == 0) {
      throw std::invalid_argument(to_text(endpoint) +
                                  ": name one address; a datagram must say where it went to");
    }
    const int fd = bound_socket(Transport::udp, endpoint);
    sockets_.push_back({.fd = fd});
    endpoints_.push_back(local_endpoint(fd));
    files.push_back(fd);
    set_buffers(fd);
    set_groups(fd, endpoint, config.group_interface);
    set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1, "drop counts");
  }
  // Registered, a socket is not looked up for each datagram.
  for (UringRing* ring : {&receive_ring_, &send_ring_}) {
    const int status =
        io_uring_register_files(ring->raw(), files.data(), static_cast<unsigned>(files.size()));
    if (status < 0) throw std::runtime_error(std::string("io_uring: ") + std::strerror(-status));
  }
}

void UringDatagramPort::arm() noexcept {
  for (std::uint32_t i = 0; i < sockets_.size(); ++i) {
    if (sockets_[i].armed) continue;
    io_uring_sqe* sqe = receive_ring_.entry();
    io_uring_prep_recvmsg_multishot(sqe, static_cast<int>(i), &receive_shape_, MSG_TRUNC);
    sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    sqe->buf_group = UringBuffers::group;
    io_uring_sqe_set_data64(sqe, i);
    sockets_[i].armed = true;
  }
  all_armed_ = true;
  receive_ring_.submit();
}

std::uint32_t UringDatagramPort::receive(std::span<Datagram> out) noexcept {
  receive_ring_.adopt();
  claimed_ = false;
  if (!lent_.empty()) {
    for (const std::uint16_t buffer : lent_) buffers_.give_back(buffer);
    lent_.clear();
    buffers_.publish();
  }
  if (!all_armed_) [[unlikely]]
    arm();
  const std::uint32_t ready = receive_ring_.ready();
  if (ready == 0) return 0;

  const Nanos now = clock_();
  std::uint32_t count = 0;
  std::uint32_t read = 0;
  for (; read < ready && count < out.size(); ++read) {
    if (!deliver(receive_ring_.completion(read), out[count])) continue;
    out[count].received = now;
    counters_.received_bytes += out[count].payload.size();
    ++count;
  }
  receive_ring_.consume(read);
  counters_.received += count;
  return count;
}

bool UringDatagramPort::deliver(const io_uring_cqe& completion, Datagram& out) noexcept {
  const auto index = static_cast<std::uint32_t>(completion.user_data);
  Socket& socket = sockets_[index];
  if ((completion.flags & IORING_CQE_F_MORE) == 0) {
    socket.armed = false;  // Out of buffers, or an error of the socket's: armed again next time.
    all_armed_ = false;
  }
  if ((completion.flags & IORING_CQE_F_BUFFER) == 0) return false;
  const auto buffer = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
  lent_.push_back(buffer);
  if (completion.res < 0) return false;
  io_uring_recvmsg_out* message =
      io_uring_recvmsg_validate(buffers_.at(buffer), completion.res, &receive_shape_);
  BASALT_ASSERT(message != nullptr);
  count_kernel_drops(socket, message);
  if (message->payloadlen > datagram_bytes_max || (message->flags & MSG_TRUNC) != 0) {
    ++counters_.not_delivered[static_cast<std::size_t>(FrameVerdict::oversized)];
    return false;
  }
  sockaddr_in source;
  std::memcpy(&source, io_uring_recvmsg_name(message), sizeof source);
  out.source = from_socket_address(source);
  out.destination = endpoints_[index];
  out.payload = {static_cast<const std::byte*>(io_uring_recvmsg_payload(message, &receive_shape_)),
                 message->payloadlen};
  return true;
}

void UringDatagramPort::count_kernel_drops(Socket& socket, io_uring_recvmsg_out* message) noexcept {
  const cmsghdr* control = io_uring_recvmsg_cmsg_firsthdr(message, &receive_shape_);
  if (control == nullptr || control->cmsg_type != SO_RXQ_OVFL) return;
  std::uint32_t dropped = 0;
  std::memcpy(&dropped, CMSG_DATA(control), sizeof dropped);
  counters_.dropped_receive_full += dropped - socket.dropped_seen;  // Wraps as the kernel's does.
  socket.dropped_seen = dropped;
}

std::span<std::byte> UringDatagramPort::claim() noexcept {
  if (committed_ == sends_max) flush();
  claimed_ = true;
  return (*sends_)[committed_].payload;
}

std::uint32_t UringDatagramPort::socket_of(Endpoint own) const noexcept {
  std::uint32_t index = 0;
  while (index < endpoints_.size() && endpoints_[index] != own) ++index;
  BASALT_ASSERT(index < endpoints_.size());
  return index;
}

void UringDatagramPort::commit(Endpoint from, Endpoint to, std::size_t size) noexcept {
  BASALT_ASSERT(claimed_);
  BASALT_ASSERT(size <= datagram_bytes_max);
  BASALT_ASSERT(!is_multicast(from.ip));
  claimed_ = false;
  send_ring_.adopt();
  Send& send = (*sends_)[committed_++];
  send.to = to_socket_address(to);
  send.part = {send.payload.data(), size};
  send.message = {};
  send.message.msg_name = &send.to;
  send.message.msg_namelen = sizeof send.to;
  send.message.msg_iov = &send.part;
  send.message.msg_iovlen = 1;
  io_uring_sqe* sqe = send_ring_.entry();
  io_uring_prep_sendmsg(sqe, static_cast<int>(socket_of(from)), &send.message, MSG_DONTWAIT);
  sqe->flags |= IOSQE_FIXED_FILE;
}

void UringDatagramPort::flush() noexcept {
  if (committed_ == 0) return;
  send_ring_.submit();
  // None of them waits, so all complete within the submission; fewer than all are taken only while
  // the kernel is out of memory for them.
  for (std::uint32_t tries = 1; send_ring_.ready() < committed_; ++tries) {
    BASALT_ASSERT(tries < submit_tries_max);
    send_ring_.submit();
  }
  reap_sends();
}

void UringDatagramPort::reap_sends() noexcept {
  for (std::uint32_t i = 0; i < committed_; ++i) {
    const int result = send_ring_.completion(i).res;
    if (result >= 0) {
      ++counters_.sent;
      counters_.sent_bytes += static_cast<std::uint64_t>(result);
    } else if (result == -EAGAIN || result == -ENOBUFS) {
      ++counters_.dropped_transmit_full;
    } else {
      ++counters_.dropped_send_refused;
    }
  }
  send_ring_.consume(committed_);
  committed_ = 0;
}

}  // namespace basalt::net
