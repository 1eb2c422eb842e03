// One datagram port for two threads: the port's own, and one that only sends.
//
//   sender: claim() … commit() … flush() ─► ring ─► the port's flush() ─► wire
//   owner:  receive(), claim(), commit() ──────────────────────────────────┘
//
// A port belongs to one thread (P1). Where a second one has something to send and the card has no
// queue for it, its datagrams leave with the owner's next flush(): order is kept among them, and
// not between them and the owner's. It costs two copies of each and a hop between cores.
//
// A full ring gives the sender no room; what the card does not take waits in the ring.
#pragma once

#include <cstdint>
#include <memory>

#include "net/datagram_port.h"

namespace basalt::net {

struct RelayedPorts {
  std::unique_ptr<DatagramPort> owner;   // `port`, and what the sender says besides.
  std::unique_ptr<DatagramPort> sender;  // Receives nothing; its endpoints are the port's.
};

// The ring has room for `datagrams`, a power of two, at least 2, of 1.5 KiB each. Throws
// std::system_error without the memory.
[[nodiscard]] RelayedPorts relay(std::unique_ptr<DatagramPort> port, std::uint32_t datagrams);

}  // namespace basalt::net
