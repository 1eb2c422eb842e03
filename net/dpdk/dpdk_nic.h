// NICs by DPDK: one Nic per receive and transmit queue of a port.
//
//   af_packet  a kernel interface by a packet socket, memory-mapped rings; needs CAP_NET_RAW
//   af_xdp     a kernel interface by an AF_XDP socket: past the kernel's stack; needs root
//   memif      shared memory with another process on this machine; needs nothing
//   pci        a card bound to vfio-pci (or mlx4/mlx5), by its address and driver arguments
//
// af_packet and af_xdp cost a system call per transmitted burst (and none to receive); memif and
// pci none. Buffers are DPDK's mbufs, one pool per queue, used by the thread of that queue alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/nic.h"

namespace basalt::net {

enum class DpdkDriver : std::uint8_t { af_packet, af_xdp, memif_server, memif_client, pci };

struct DpdkConfig {
  DpdkDriver driver = DpdkDriver::af_packet;
  // The kernel interface (af_packet, af_xdp), the socket's path (memif), or the PCI address.
  std::string device;
  // Appended to the driver's arguments as they are: `force_copy=1`.
  std::string driver_arguments;
  // Given: the station's address is changed to it. Else it stays what the card says; memif needs
  // one, since its own would be random.
  std::optional<MacAddress> mac;
  std::uint16_t queues = 1;
  bool huge_pages = false;
};

// Opens and starts the port. Throws std::runtime_error that says what is wrong and how to mend it.
// The port is closed with the last of its queues.
[[nodiscard]] std::vector<std::unique_ptr<Nic>> open_dpdk_nics(const DpdkConfig& config);

}  // namespace basalt::net
