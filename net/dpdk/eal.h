// DPDK's environment: started once per process, before the first NIC, and ended with the process.
//
// It leaves the process as it found it: the caller keeps its CPU affinity, nothing is written to
// /dev/hugepages, there is no telemetry socket, no PCI device is touched but those that are named,
// and DPDK's own words are kept for error messages instead of being printed.
#pragma once

#include <cstdint>
#include <string>

namespace basalt::net {

struct EalConfig {
  // Huge pages come from the kernel's pool, without a hugetlbfs mount and without files. Without
  // them the same memory is anonymous 4 KiB pages: slower by TLB misses, but for no other reason.
  bool huge_pages = false;
  std::uint32_t memory_mb = 96;  // One queue's buffers take 20.
  // One PCI device with its arguments, as in `0000:03:00.0`; empty: none is looked for.
  std::string pci_device;
};

// Does nothing when it is started with the same kind of pages already. Throws std::runtime_error
// that says what DPDK said and how to mend it.
void start_eal(const EalConfig& config);

// DPDK's last lines (warnings and errors), for messages about what it refused.
[[nodiscard]] std::string eal_last_words();

}  // namespace basalt::net
