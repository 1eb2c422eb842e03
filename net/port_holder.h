// Who holds a port: for the message of the one that cannot have it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "net/endpoint.h"

namespace basalt::net {

enum class Transport : std::uint8_t { udp, tcp };

struct PortHolder {
  int pid = 0;
  std::string name;
};

// The process with a socket bound to the endpoint or to its port on all addresses, from /proc. None
// when nobody has it, or when that process is not ours to look into. Reads the file descriptors of
// every process: some milliseconds.
[[nodiscard]] std::optional<PortHolder> find_port_holder(Transport transport, Endpoint endpoint);

}  // namespace basalt::net
