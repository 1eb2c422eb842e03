#include "net/dpdk/memif_gate.h"

#include <poll.h>
#include <rte_alarm.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace basalt::net {
namespace {

// Long enough for the interrupt thread to go once through all that is ready before it parks again;
// an alarm that is due at once would be served first, again and again.
constexpr std::uint64_t round_us = 100;
constexpr int ending_check_ms = 20;

std::atomic<bool> gate_exists{false};

using NameOf = int (*)(int, sockaddr*, socklen_t*) noexcept;

bool is_named(int fd, NameOf name_of, const std::string& path) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (name_of(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  return address.sun_family == AF_UNIX && path == address.sun_path;
}

}  // namespace

MemifGate::MemifGate(std::string socket_path) : socket_path_(std::move(socket_path)) {
  if (gate_exists.exchange(true, std::memory_order_relaxed)) {
    throw std::runtime_error("memif: a process has one memif port");
  }
  if (rte_eal_alarm_set(round_us, on_alarm, this) != 0) {
    gate_exists.store(false, std::memory_order_relaxed);
    throw std::runtime_error("memif: DPDK gives no alarm");
  }
}

MemifGate::~MemifGate() {
  // Relaxed: the interrupt thread only has to see it in time; the cancel below waits for it.
  ending_.store(true, std::memory_order_relaxed);
  open();
  rte_eal_alarm_cancel(on_alarm, this);
  gate_exists.store(false, std::memory_order_relaxed);
}

void MemifGate::open() noexcept {
  // Pairs with the acquire in park(): our last burst is over before the port changes.
  state_.store(State::opened, std::memory_order_release);
  state_.notify_one();
}

void MemifGate::on_alarm(void* gate) {
  static_cast<MemifGate*>(gate)->park();
}

void MemifGate::park() {
  if (ending_.load(std::memory_order_relaxed)) return;
  // Pairs with the acquire in enter().
  state_.store(State::parked, std::memory_order_release);
  wait_for_work();
  wanted_.store(true, std::memory_order_relaxed);
  while (!ending_.load(std::memory_order_relaxed) &&
         state_.load(std::memory_order_acquire) == State::parked) {
    state_.wait(State::parked, std::memory_order_acquire);
  }
  wanted_.store(false, std::memory_order_relaxed);
  // Should the next alarm come before memif's own event, that event opens the gate again.
  if (!ending_.load(std::memory_order_relaxed)) rte_eal_alarm_set(round_us, on_alarm, this);
}

void MemifGate::wait_for_work() const {
  std::vector<pollfd> sockets;
  for (const int fd : control_sockets())
    sockets.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  while (!ending_.load(std::memory_order_relaxed)) {
    if (::poll(sockets.data(), sockets.size(), ending_check_ms) > 0) return;
  }
}

// The listening socket, the accepted and the connected ones: those with the path at either end.
// They change only while the gate is open, so one look per park() is enough.
std::vector<int> MemifGate::control_sockets() const {
  std::vector<int> sockets;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const std::string name = entry.path().filename().string();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (is_named(fd, ::getsockname, socket_path_) || is_named(fd, ::getpeername, socket_path_)) {
      sockets.push_back(fd);
    }
  }
  return sockets;
}

}  // namespace basalt::net
