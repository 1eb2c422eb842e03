// Makes the journal's segments ahead of need: a cold thread that keeps one spare ready per file.
//
//   temporary name ─ zeroes written ─ fsync ─ rename ─ fsync of the directory ─► open ─► SPSC ring
//                                                     journal thread ◄─ take() ──────────────┘
//
// Written zeroes matter: a write into space that was only allocated must convert extents, which
// costs half as much again (hw-config). A crash leaves at most a temporary file, which the next
// start removes, and a spare, which it uses.
//
// When there is no space, error() says so and it is tried again each 100 ms; take() then finds
// nothing, the writer runs out of buffers, and the journal's inputs fill. Nothing is mapped, so
// nothing faults.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>

#include "engine/arena.h"
#include "engine/journal/disk.h"
#include "engine/ring/spsc_ring.h"

namespace basalt::journal {

[[nodiscard]] std::string segment_name(FileKind kind, std::uint32_t number);

class SegmentMaker {
 public:
  struct Options {
    std::uint64_t segment_bytes = 64ull << 20;  // Whole blocks, at least two.
    bool try_direct = true;                     // False: through the page cache, as direct() says.
    // How zeroes reach a file; tests put a full disk here.
    ssize_t (*write)(int file, const void* bytes, std::size_t size, off_t offset) = ::pwrite;
  };

  // Removes leftovers, adopts spares, makes the first segment of each file and starts the thread.
  // Throws std::system_error when a first segment cannot be made. DIR/journal exists (MarkPage).
  // The thread has the affinity of the thread that constructs.
  SegmentMaker(const std::filesystem::path& data, std::uint32_t first_commands,
               std::uint32_t first_events, const Options& options, Arena& arena);
  ~SegmentMaker();  // Joins, and closes every file that it handed out. The writers have stopped.
  SegmentMaker(const SegmentMaker&) = delete;
  SegmentMaker& operator=(const SegmentMaker&) = delete;

  static constexpr std::size_t memory_bytes() noexcept {
    return 4 * ring::SpscRing<Segment>::memory_bytes(ring_slots);
  }

  // Journal thread. The next segment in order; one that does not exist() when none is ready.
  [[nodiscard]] Segment take(FileKind kind) noexcept;
  // Journal thread. Gives a full segment back; it is closed off the hot path.
  void retire(FileKind kind, const Segment& segment) noexcept;

  // Are files written past the page cache (O_DIRECT), or, where that is refused, through it with
  // each write followed by a data sync (O_DSYNC)? Both survive a power cut; the latter is slower.
  [[nodiscard]] bool direct() const noexcept { return direct_; }
  // Any thread. 0, or why the last segment could not be made (ENOSPC, …); cleared by success.
  [[nodiscard]] std::int32_t error() const noexcept {
    return error_.load(std::memory_order_relaxed);  // Tells people; guards no data.
  }

 private:
  static constexpr std::uint32_t ring_slots = 2;

  struct File {
    File(std::uint32_t first, Arena& arena)
        : next(first), ready(ring_slots, arena), retired(ring_slots, arena) {}
    std::uint32_t next;  // Number of the segment to be made next.
    ring::SpscRing<Segment> ready;
    ring::SpscRing<Segment> retired;
  };

  void run(const std::stop_token& stop);
  void close_retired(File& file);
  [[nodiscard]] std::int32_t make(FileKind kind, File& file, const std::stop_token& stop);
  [[nodiscard]] std::int32_t write_zeroes(const std::string& path, const std::stop_token& stop);
  void adopt_or_remove_leftovers(FileKind kind, std::uint32_t first);
  [[nodiscard]] bool is_spare(const std::filesystem::path& path) const;
  void probe_direct();
  [[nodiscard]] int open_segment(const std::string& path) const noexcept;
  [[nodiscard]] File& file_of(FileKind kind) noexcept {
    return kind == FileKind::commands ? commands_ : events_;
  }

  const std::filesystem::path directory_;
  const Options options_;
  bool direct_ = false;
  File commands_;
  File events_;
  std::array<std::int32_t, 2> in_use_{-1, -1};  // Journal thread: the file being written.
  std::atomic<std::int32_t> error_{0};
  std::jthread thread_;
};

}  // namespace basalt::journal
