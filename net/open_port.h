// Which NIC: one place that knows every kind of datagram port and makes it from words.
//
//   uring                   kernel UDP on the addresses that this machine has
//   af_packet, af_xdp, pci  our own UDP on a NIC that has no address in the kernel
//   memif                   our own UDP over memory shared with the process at the other end
//
// The in-memory wire has two ends in one process and is made by make_loopback_wire().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/datagram_port.h"
#include "net/wire_clock.h"

namespace basalt::net {

enum class PortKind : std::uint8_t { uring, af_packet, af_xdp, memif_server, memif_client, pci };

// As in `--nic af_xdp`; memif is one word for two ends, so its name here has the end's.
[[nodiscard]] std::optional<PortKind> port_kind_from_text(std::string_view text) noexcept;
[[nodiscard]] std::string_view to_text(PortKind kind) noexcept;

struct PortConfig {
  PortKind kind = PortKind::uring;
  // af_packet, af_xdp: the interface. memif: its socket's path, in a folder that exists. pci: the
  // card's address. uring: nothing.
  std::string device;
  std::string driver_arguments;  // For DPDK's driver, as they are: `busy_budget=64`.
  std::uint32_t ip = 0;          // This end's address; on it uring joins and sends groups.
  std::vector<Endpoint> endpoints;
  bool huge_pages = false;  // DPDK's buffers.
};

// Opens it for good: frames and datagrams arrive from now on. Throws std::runtime_error or
// std::invalid_argument with a text that says what is wrong and how to mend it. The port of a
// memif client is up when this returns; a server does not wait for its client.
[[nodiscard]] std::unique_ptr<DatagramPort> open_port(const PortConfig& config,
                                                      WireClock clock = realtime);

}  // namespace basalt::net
