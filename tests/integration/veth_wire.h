// A wire between this network namespace and one of its own: a veth pair as the engine's NIC has it.
// The near end has no address and no IPv6; the far end, 10.77.0.2 in the namespace, is the
// kernel's, with every offload off, so that checksums on the wire are whole.
//
// Names are unique to the process. A guard process takes everything down when the test ends in
// whatever way, kill -9 included.
#pragma once

#include <cstdint>
#include <string>

namespace basalt::net {

class VethWire {
 public:
  // Throws std::runtime_error with what failed. Needs root.
  VethWire();
  ~VethWire();
  VethWire(const VethWire&) = delete;
  VethWire& operator=(const VethWire&) = delete;

  [[nodiscard]] const std::string& near_end() const { return near_end_; }

  // The calling process, which must have one thread, moves to the far end's namespace.
  void move_to_far_end() const;

 private:
  std::string namespace_;
  std::string near_end_;
  int guard_ = -1;  // The guard acts when this end closes.
  int guard_pid_ = -1;
};

// More free 2 MiB pages, given back at the end, by a guard too.
class HugePages {
 public:
  explicit HugePages(std::uint64_t pages);
  ~HugePages();
  HugePages(const HugePages&) = delete;
  HugePages& operator=(const HugePages&) = delete;

  [[nodiscard]] bool enough() const { return enough_; }

 private:
  bool enough_ = false;
  int guard_ = -1;
  int guard_pid_ = -1;
};

}  // namespace basalt::net
