// One receive and one transmit queue of a network card, in raw Ethernet frames. Beneath
// UdpOverNic; implemented by net/dpdk and net/loopback.
//
//   rx_burst(frames) ──► look at each          claim() … fill … commit() ──► tx_burst()
//
// Invariants:
//   N1  One thread owns the queue pair; the first call adopts it.
//   N2  A received frame lives until the next rx_burst().
//   N3  claim() without commit() gives the same room again.
//
// Never waits, allocates, throws or logs after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace basalt::net {

using MacAddress = std::array<std::uint8_t, 6>;

// Without the frame check sequence: 14 (Ethernet) + 1500.
inline constexpr std::size_t frame_bytes_max = 1514;
// Without padding; real wires pad to it, and so do we.
inline constexpr std::size_t frame_bytes_min = 60;

struct Frame {
  const std::byte* data = nullptr;
  std::uint16_t size = 0;
  bool oversized = false;           // Did not fit one buffer: refuse it, `data` is its beginning.
  bool checksums_verified = false;  // The card has checked IP's and UDP's: no need to do it again.
};

struct NicCounters {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t transmit_full = 0;   // claim() found no buffer or no room.
  std::uint64_t receive_missed = 0;  // Lost before rx_burst(), as far as the card tells.
};

class Nic {
 public:
  virtual ~Nic() = default;
  Nic() = default;
  Nic(const Nic&) = delete;
  Nic& operator=(const Nic&) = delete;

  [[nodiscard]] virtual std::uint32_t rx_burst(std::span<Frame> out) noexcept = 0;

  // Room for a frame of frame_bytes_max bytes, or none when the transmit side is full (counted).
  [[nodiscard]] virtual std::span<std::byte> claim() noexcept = 0;
  // Pre: claim() gave room, and frame_bytes_min <= size <= frame_bytes_max.
  virtual void commit(std::size_t size) noexcept = 0;
  // Everything committed goes to the card, in order. What it does not take now stays committed and
  // goes first with the next call; returns how many those are.
  virtual std::uint32_t tx_burst() noexcept = 0;

  [[nodiscard]] virtual MacAddress mac() const noexcept = 0;

  [[nodiscard]] const NicCounters& counters() const noexcept { return counters_; }

 protected:
  NicCounters counters_;
};

}  // namespace basalt::net
