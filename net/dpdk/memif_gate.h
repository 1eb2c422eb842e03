// Keeps DPDK's interrupt thread out of a memif port while the polling thread is inside it.
//
// When the other end of a memif goes away, DPDK 22.11 unmaps the shared memory from its interrupt
// thread, whatever the polling thread is reading there: the death of a client would be the death of
// the engine. So the interrupt thread is parked in a callback of ours, watching memif's control
// sockets; when one has something to say, the polling thread steps out, and it goes about its work:
//
//   interrupt thread: parked ── a socket is ready ──► wanted ──► opened: runs ──► parked
//   polling thread:   enter() true                     └─ enter(): opens, false … ─┘ enter() true
//
// The polling thread never waits: it is told to leave memif alone for a turn or some.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/types.h"

namespace basalt::net {

class MemifGate {
 public:
  // Parks the interrupt thread. One gate in a process: there is one such thread. Throws
  // std::runtime_error for a second one.
  explicit MemifGate(std::string socket_path);
  // Lets the interrupt thread go. The polling thread has ended.
  ~MemifGate();
  MemifGate(const MemifGate&) = delete;
  MemifGate& operator=(const MemifGate&) = delete;

  // Polling thread, before each burst. False: leave the port alone this time.
  [[nodiscard]] bool enter() noexcept {
    // Pairs with the release in park(): what the interrupt thread did to the port is visible.
    if (state_.load(std::memory_order_acquire) != State::parked) return false;
    // Relaxed: says only that somebody waits.
    if (!wanted_.load(std::memory_order_relaxed)) [[likely]]
      return true;
    open();
    return false;
  }

 private:
  enum class State : std::uint32_t { opened, parked };

  static void on_alarm(void* gate);
  void park();
  void open() noexcept;
  [[nodiscard]] std::vector<int> control_sockets() const;
  void wait_for_work() const;

  const std::string socket_path_;
  alignas(false_sharing_bytes) std::atomic<State> state_{State::opened};  // Both sides write.
  std::atomic<bool> wanted_{false};                                       // Interrupt thread.
  std::atomic<bool> ending_{false};                                       // Destructor.
};

}  // namespace basalt::net
