// basalt-engine as a process: its options, its configuration, its ports, what it prints and
// reports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/exchange.h"
#include "engine/pipeline/topology.h"
#include "engine/venue.h"
#include "pinning/machine.h"

namespace basalt {

struct EngineOptions {
  std::string venue;
  std::string topology;
  std::filesystem::path data;
  std::string nic = "uring";  // af_packet, af_xdp, memif, uring
  std::string device;         // The NIC's interface, socket path or PCI address.
  std::string report;         // Where the report of an orderly stop goes; empty: nowhere.
  bool check_only = false;
};

// A status to exit with, or -1: go on.
[[nodiscard]] int parse_options(int argc, char** argv, EngineOptions& options);

struct Configuration {
  pipeline::Topology topology;
  VenueLoad venue;
  pinning::Machine machine;
  std::size_t memory_bytes = 0;  // What the topology's limits take at start.
};
// Prints every finding in both files, more memory than the machine has among them; throws
// std::runtime_error when there was one.
[[nodiscard]] Configuration load_configuration(const EngineOptions& options);
// What --check says of a configuration that was loaded.
void print_check(const Configuration& configuration);

// Copies both files into the data directory, so that a replay needs nothing else.
void keep_configuration(const EngineOptions& options);

// What is allocated from now on, beside the engine's own arenas, lies on the topology's node.
// Throws std::runtime_error when that cannot be.
void allocate_by_node(const Configuration& configuration);
[[nodiscard]] Exchange::Settings exchange_settings(const EngineOptions& options,
                                                   const Configuration& configuration);

// Throws std::runtime_error: what is wrong with the NIC, and how to mend it.
[[nodiscard]] Ports open_ports(const EngineOptions& options, const Configuration& configuration);

[[nodiscard]] std::string build_commit();
void print_start(const EngineOptions& options, const Configuration& configuration,
                 const Exchange& exchange);

// SIGINT and SIGTERM, blocked for every thread that starts after construction, and waited for here.
class StopSignal {
 public:
  StopSignal();
  // True: one has come. Waits at most `milliseconds`.
  [[nodiscard]] bool wait(int milliseconds) const;

 private:
  int file_;
};

// Until a signal comes (0) or the engine fences itself (the fault).
[[nodiscard]] std::int32_t wait_for_stop(const StopSignal& signal, Exchange& exchange);

void write_report(const EngineOptions& options, const Configuration& configuration,
                  const Exchange& exchange, const Exchange::Report& report);

}  // namespace basalt
