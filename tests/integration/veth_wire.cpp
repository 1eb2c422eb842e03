#include "veth_wire.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace basalt::net {
namespace {

void run(const std::string& command) {
  if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) {
    throw std::runtime_error("this failed: " + command);
  }
}

struct Guard {
  int pipe;
  int pid;
};

// Runs the command once our end of the pipe is closed, by us or by the kernel. A session of its
// own, so that Ctrl-C and a killed process group do not reach it.
Guard guard(const std::string& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("no process");
  if (pid == 0) {
    ::setsid();
    ::close(ends[1]);
    char byte = 0;
    while (::read(ends[0], &byte, 1) > 0) {
    }
    ::_exit(std::system(command.c_str()) == 0 ? 0 : 1);
  }
  ::close(ends[0]);
  return {ends[1], pid};
}

void end(int guard_pipe, int guard_pid) {
  if (guard_pipe < 0) return;
  ::close(guard_pipe);
  ::waitpid(guard_pid, nullptr, 0);
}

constexpr const char* pages_path = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
constexpr const char* free_path = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";
// Counted among all, and given back by itself: pages that were in use when their number was
// lowered.
constexpr const char* surplus_path = "/sys/kernel/mm/hugepages/hugepages-2048kB/surplus_hugepages";

std::uint64_t number_in(const char* path) {
  std::uint64_t number = 0;
  std::ifstream(path) >> number;
  return number;
}

}  // namespace

VethWire::VethWire() {
  static int wires = 0;
  const std::string tag = "bt" + std::to_string(::getpid()) + "x" + std::to_string(wires++);
  namespace_ = "basalt-test-" + tag;
  near_end_ = tag + "a";
  const std::string far_end = tag + "b";
  const Guard made = guard("ip link del " + near_end_ + " 2>/dev/null; ip netns del " + namespace_ +
                           " 2>/dev/null");
  guard_ = made.pipe;
  guard_pid_ = made.pid;
  const std::string inside = "ip netns exec " + namespace_ + " ";
  const std::string no_offload = " tx off rx off tso off gso off gro off";
  try {
    run("ip netns add " + namespace_);
    run("ip link add " + near_end_ + " type veth peer name " + far_end + " netns " + namespace_);
    run("sysctl -qw net.ipv6.conf." + near_end_ + ".disable_ipv6=1");
    run(inside + "sysctl -qw net.ipv6.conf." + far_end + ".disable_ipv6=1");
    run("ethtool -K " + near_end_ + no_offload);
    run(inside + "ethtool -K " + far_end + no_offload);
    run("ip link set " + near_end_ + " up");
    run(inside + "ip link set lo up");
    run(inside + "ip link set " + far_end + " up");
    run(inside + "ip address add 10.77.0.2/24 dev " + far_end);
  } catch (...) {
    end(guard_, guard_pid_);
    throw;
  }
}

VethWire::~VethWire() {
  end(guard_, guard_pid_);
}

void VethWire::move_to_far_end() const {
  const int fd = ::open(("/run/netns/" + namespace_).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::setns(fd, CLONE_NEWNET) != 0) {
    throw std::runtime_error("cannot enter the namespace " + namespace_);
  }
  ::close(fd);
}

HugePages::HugePages(std::uint64_t pages) {
  const std::uint64_t free = number_in(free_path);
  if (free < pages) {
    const std::uint64_t missing = pages - free;
    // Relative, since other processes ask for pages too.
    const Guard made = guard("n=$(($(cat " + std::string(pages_path) + ") - $(cat " + surplus_path +
                             "))); echo $((n > " + std::to_string(missing) + " ? n - " +
                             std::to_string(missing) + " : 0)) > " + pages_path);
    guard_ = made.pipe;
    guard_pid_ = made.pid;
    std::ofstream(pages_path) << number_in(pages_path) - number_in(surplus_path) + missing;
  }
  enough_ = number_in(free_path) >= pages;
}

HugePages::~HugePages() {
  end(guard_, guard_pid_);
}

}  // namespace basalt::net
