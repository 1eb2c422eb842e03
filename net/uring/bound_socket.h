// Kernel sockets that are bound, or an exception that says why they cannot be.
#pragma once

#include "net/endpoint.h"
#include "net/port_holder.h"

namespace basalt::net {

// Bound to `endpoint`, and listening for TCP. Throws std::runtime_error that names the port and,
// where it can be found, the process that holds it. A port whose last owner is just being taken
// down by the kernel (after kill -9) is waited for, up to 2 s. The caller closes it.
[[nodiscard]] int bound_socket(Transport transport, Endpoint endpoint);

// What a socket is bound to, the kernel's choice of a port included.
[[nodiscard]] Endpoint local_endpoint(int socket);

}  // namespace basalt::net
