#include "net/uring/bound_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#include "net/uring/socket_address.h"

namespace basalt::net {
namespace {

constexpr auto bind_patience = std::chrono::seconds(2);
constexpr auto bind_pause = std::chrono::milliseconds(5);

// The socket, or the negative errno.
int try_bind(Transport transport, Endpoint endpoint) {
  const int type = transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
  const int socket = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (socket < 0) return -errno;
  // TCP: the remains of old connections do not hold the port. UDP: several readers of one group;
  // for an address of our own it would let two engines share one port unseen.
  const int on = 1;
  if (transport == Transport::tcp || is_multicast(endpoint.ip)) {
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  const sockaddr_in address = to_socket_address(endpoint);
  bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  // Two that bound with SO_REUSEADDR meet in listen().
  if (bound && transport == Transport::tcp) bound = ::listen(socket, SOMAXCONN) == 0;
  if (bound) return socket;
  const int error = errno;
  ::close(socket);
  return -error;
}

}  // namespace

int bound_socket(Transport transport, Endpoint endpoint) {
  const auto deadline = std::chrono::steady_clock::now() + bind_patience;
  for (;;) {
    const int socket = try_bind(transport, endpoint);
    if (socket >= 0) return socket;
    std::optional<PortHolder> holder;
    if (socket == -EADDRINUSE) {
      holder = find_port_holder(transport, endpoint);
      if (!holder && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(bind_pause);
        continue;
      }
    }
    std::string text = transport == Transport::udp ? "UDP port " : "TCP port ";
    text += to_text(endpoint) + ": ";
    text += holder ? "held by " + holder->name + " (pid " + std::to_string(holder->pid) + ")"
                   : std::strerror(-socket);
    if (socket == -EADDRNOTAVAIL) text += "; no interface has this address, see `ip address`";
    if (socket == -EACCES) text += "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    throw std::runtime_error(text);
  }
}

Endpoint local_endpoint(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return from_socket_address(address);
}

}  // namespace basalt::net
