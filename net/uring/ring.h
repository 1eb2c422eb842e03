// One io_uring with deferred completion work, and a ring of receive buffers that the kernel picks
// from. The ground beneath the kernel's UDP and TCP ports.
//
// Completion work runs only inside our own system calls (IORING_SETUP_DEFER_TASKRUN), so nothing
// interrupts the polling core, and the kernel says by a flag in shared memory when there is some:
// an idle poll reads two words and makes no system call.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>

namespace basalt::net {

class UringRing {
 public:
  // Throws std::runtime_error that names the cause where io_uring is not to be had.
  UringRing(std::uint32_t submissions, std::uint32_t completions);
  ~UringRing();
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;

  // The calling thread becomes the ring's only one; nothing is submitted before. Idempotent.
  void adopt() noexcept {
    if (!adopted_) [[unlikely]]
      adopt_now();
  }

  // A free entry. What is prepared leaves with submit(); the queue makes room by itself when full.
  [[nodiscard]] io_uring_sqe* entry() noexcept;
  void submit() noexcept;

  // Completions that can be read now; enters the kernel only when it says that it holds some back.
  [[nodiscard]] std::uint32_t ready() noexcept;
  [[nodiscard]] const io_uring_cqe& completion(std::uint32_t index) const noexcept;
  void consume(std::uint32_t completions) noexcept { io_uring_cq_advance(&ring_, completions); }

  [[nodiscard]] io_uring* raw() noexcept { return &ring_; }

 private:
  void adopt_now() noexcept;

  io_uring ring_{};
  bool adopted_ = false;
};

// Equal receive buffers, lent to the kernel as one group. A completion names the buffer that was
// filled; the buffer is ours until give_back() and publish(). Stands before its ring in a class, so
// that the memory outlives the ring.
class UringBuffers {
 public:
  static constexpr std::uint16_t group = 0;

  // `count` is a power of two, at most 32,768. Throws std::runtime_error or std::invalid_argument.
  UringBuffers(std::uint32_t count, std::uint32_t bytes_each);
  ~UringBuffers();
  UringBuffers(const UringBuffers&) = delete;
  UringBuffers& operator=(const UringBuffers&) = delete;

  // Once, with all buffers. Throws std::runtime_error.
  void lend_to(UringRing& ring);

  [[nodiscard]] std::byte* at(std::uint16_t buffer) noexcept {
    return memory_ + std::size_t{buffer} * bytes_each_;
  }
  void give_back(std::uint16_t buffer) noexcept;
  void publish() noexcept;

 private:
  [[nodiscard]] std::size_t mapped_bytes() const noexcept;

  io_uring_buf_ring* ring_ = nullptr;
  std::byte* memory_ = nullptr;
  const std::uint32_t count_;
  const std::uint32_t bytes_each_;
  int pending_ = 0;  // Given back and not yet published.
};

}  // namespace basalt::net
