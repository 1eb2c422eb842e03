// An in-memory wire between two NICs of one process: the same frames and the same decoder as on a
// real one, and nothing of the kernel.
//
//   Nic a: commit, tx_burst ──► ring of frames ──► Nic b: rx_burst       and the same way back
//
// Each end may belong to a thread of its own. A full ring takes no frame: claim() says so at the
// sender, and nothing is lost in between.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "net/nic.h"

namespace basalt::net {

// `frames` in each direction: a power of two, at least 2; memory is 2 KiB for each. The wire lives
// as long as one of its ends. Throws std::system_error without the memory.
[[nodiscard]] std::pair<std::unique_ptr<Nic>, std::unique_ptr<Nic>> make_loopback_wire(
    std::uint32_t frames, const MacAddress& mac_a, const MacAddress& mac_b);

}  // namespace basalt::net
