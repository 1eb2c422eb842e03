// Endpoints as the kernel's sockets want them.
#pragma once

#include <netinet/in.h>

#include "net/endpoint.h"

namespace basalt::net {

inline sockaddr_in to_socket_address(Endpoint endpoint) noexcept {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = __builtin_bswap16(endpoint.port);
  address.sin_addr.s_addr = __builtin_bswap32(endpoint.ip);
  return address;
}

inline Endpoint from_socket_address(const sockaddr_in& address) noexcept {
  return {__builtin_bswap32(address.sin_addr.s_addr), __builtin_bswap16(address.sin_port)};
}

}  // namespace basalt::net
