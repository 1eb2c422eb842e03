// The Disk of the running engine: io_uring, polled; no call of it waits.
//
//   write ─► submission queue ─ kick (one system call for all that is queued) ─► device
//   reap  ◄─ completion queue ◄───────────────────────────────────────────────────┘
//
// Each write is O_DIRECT|O_DSYNC (or O_DSYNC alone, SegmentMaker::direct()), so that a completion
// means durable and an error belongs to its write: there is no separate fsync that could report
// another's failure or be reordered.
//
// Where the device cannot write through its cache (no FUA), the kernel finishes such a write in a
// worker thread that is bound to the core on which the device's interrupt came in, often the
// submitting one. A polling thread that neither naps nor yields there competes with it: on a busy
// shared core single writes were seen to take seconds, and 10 ms at most with sched_yield() in each
// idle turn. So: the disk's interrupts away from the hot cores, or a loop that naps.
#pragma once

#include <liburing.h>

#include <array>
#include <cstdint>

#include "engine/journal/disk.h"
#include "engine/journal/segment_maker.h"

namespace basalt::journal {

class UringDisk final : public Disk {
 public:
  // Takes from its submission to its reaping, in buckets: [i] counts 2^i <= ns < 2^(i+1).
  using LatencyBuckets = std::array<std::uint64_t, 40>;

  // Throws std::system_error that names the cause where io_uring is missing or forbidden.
  explicit UringDisk(SegmentMaker& maker);
  ~UringDisk() override;

  void lend(FileKind kind, std::span<std::byte> buffers) override;
  [[nodiscard]] Segment next_segment(FileKind kind) noexcept override;
  void retire(FileKind kind, const Segment& segment) noexcept override;
  [[nodiscard]] bool write(const Write& write) noexcept override;
  void kick() noexcept override;
  [[nodiscard]] bool reap(Completion& completion) noexcept override;

  // Buffers are pinned once, not at each write. Not so where locked memory is short.
  [[nodiscard]] bool pinned_buffers() const noexcept { return pinned_[0] && pinned_[1]; }
  [[nodiscard]] const LatencyBuckets& latency(FileKind kind) const noexcept {
    return latency_[index(kind)];
  }

 private:
  static constexpr std::uint32_t queue_entries = 2 * writes_in_flight_max;
  static constexpr std::size_t index(FileKind kind) noexcept {
    return kind == FileKind::commands ? 0 : 1;
  }

  SegmentMaker& maker_;
  io_uring ring_{};
  bool table_ = false;  // The kernel has a table for pinned buffers.
  std::array<bool, 2> pinned_{};
  std::uint32_t queued_ = 0;  // Not yet handed to the kernel.
  std::int32_t broken_ = 0;   // The errno with which the queue itself failed.
  std::array<std::array<std::uint64_t, writes_in_flight_max>, 2> started_ns_{};
  std::array<LatencyBuckets, 2> latency_{};
};

}  // namespace basalt::journal
