// What the journal asks of storage. The one seam between the journal's logic and a device: the
// engine gives it UringDisk, tests and the simulator give it theirs.
//
//   BlockWriter ── next_segment, write, kick ──► Disk ── reap: completions, in any order ──► owner
//
// A write that completes with its whole size is durable: it survives a power cut. Any other result
// means that the bytes may be there, or not, or in part; nobody retries it.
//
// All functions are hot: called from the journal's one thread, they neither block nor allocate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/journal/format.h"

namespace basalt::journal {

// One file of zeroes, ready to be written. `file` means something only to the Disk that made it.
struct Segment {
  std::uint32_t number = 0;
  std::int32_t file = -1;
  std::uint32_t blocks = 0;

  [[nodiscard]] bool exists() const noexcept { return file >= 0; }
};

class Disk {
 public:
  struct Write {
    FileKind kind{};
    std::uint8_t tag = 0;  // Comes back with the completion; below writes_in_flight_max.
    std::int32_t file = -1;
    std::uint64_t offset = 0;          // A multiple of block_bytes.
    std::span<const std::byte> bytes;  // Whole blocks; stay untouched until completion.
  };
  struct Completion {
    FileKind kind{};
    std::uint8_t tag = 0;
    std::int32_t result = 0;  // Bytes written, or a negative errno.
  };

  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;

  // Before the first write: where the bytes of a file's writes will lie, so that they can be
  // pinned. May be ignored.
  virtual void lend(FileKind kind, std::span<std::byte> buffers) = 0;

  // The next segment of a file, in order of number; without one ready (or with no space left for
  // one) the answer does not exist(), and one asks again later.
  [[nodiscard]] virtual Segment next_segment(FileKind kind) noexcept = 0;
  // No further write goes to this segment, and all have completed.
  virtual void retire(FileKind kind, const Segment& segment) noexcept = 0;

  // Queues one write. False: the queue is full; nothing was taken.
  [[nodiscard]] virtual bool write(const Write& write) noexcept = 0;
  // Hands what is queued to the device.
  virtual void kick() noexcept = 0;
  // The next completion, if there is one.
  [[nodiscard]] virtual bool reap(Completion& completion) noexcept = 0;
};

}  // namespace basalt::journal
