// Writes one of the journal's two files: records in, whole 4 KiB blocks out, several writes under
// way at once.
//
//   append ─► │ open block │ ─► closed blocks ─► writes in flight ─► complete without gap ─► mark
//             └───────────── a ring of block buffers ──────────────┘
//
// Whenever fewer than the allowed writes are in flight and something waits, submit() starts a
// write, of the open block too: it never waits for company. What is submitted is sealed, with its
// unused slots zero, and the next record opens a new block.
//
// Invariants
//   I1  durable_ <= submitted_ <= open_ <= durable_ + buffer_blocks, in block numbers.
//   I2  durable_blocks() counts a prefix without gap of completed writes, in whatever order they
//       completed; durable_sequence() is the last sequence of the last block in it.
//   I3  After a write failed or was short nothing is submitted and neither mark moves again.
//   I4  A block is submitted once.
//   I5  A segment's first block is submitted when every block before it is complete (format.h, I6).
//
// Never blocks, never allocates after construction, never retries a write.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/journal/disk.h"
#include "engine/journal/format.h"
#include "engine/types.h"

namespace basalt::journal {

class BlockWriter {
 public:
  struct Limits {
    std::uint32_t buffer_blocks = 512;  // A power of two, at least 2.
    std::uint32_t writes_in_flight = 8;
    std::uint32_t write_blocks = 16;  // Of one write.
  };
  struct Start {
    FileKind kind{};
    std::uint32_t engine = 0;
    std::uint32_t epoch = 0;
    ResumePoint resume{};
  };
  struct Counters {
    std::uint64_t records = 0;
    std::uint64_t blocks = 0;  // Submitted.
    std::uint64_t writes = 0;
    std::uint64_t bytes = 0;
    std::uint64_t segments = 0;
    std::uint64_t no_room = 0;     // Appends that found every buffer taken.
    std::uint64_t no_segment = 0;  // Calls of submit() that found no segment to write to.
    std::uint32_t in_flight_max = 0;
  };

  BlockWriter(const Start& start, const Limits& limits, Disk& disk, Arena& arena);
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;

  static constexpr std::size_t memory_bytes(const Limits& limits) noexcept {
    return Arena::cost<std::byte>((std::size_t{limits.buffer_blocks} + 1) * block_bytes) +
           Arena::cost<Sequence>(limits.buffer_blocks);
  }

  // One whole record of 1 to 4 slots. False: no buffer is free (the disk is behind, or full); the
  // record was not taken, ask again. Sequences never fall.
  [[nodiscard]] bool append(std::span<const Slot> record, Sequence sequence) noexcept;

  // A block without records that proves those before it, for an orderly stop. Only when idle().
  void append_closing_block() noexcept;

  // Starts what writes it may; the caller kicks the disk afterwards. Returns how many it started.
  std::uint32_t submit() noexcept;

  // A completion of this file's. Out of order is welcome.
  void completed(const Disk::Completion& completion) noexcept;

  [[nodiscard]] Sequence durable_sequence() const noexcept { return durable_sequence_; }
  [[nodiscard]] std::uint64_t durable_blocks() const noexcept { return durable_; }
  [[nodiscard]] std::uint32_t in_flight() const noexcept { return in_flight_; }
  // Everything that was appended is durable.
  [[nodiscard]] bool idle() const noexcept {
    return in_flight_ == 0 && submitted_ == open_ && open_slots_ == 0 && !closing_;
  }
  // 0, or the errno of the write that failed; EIO for a short one.
  [[nodiscard]] std::int32_t error() const noexcept { return error_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

  void assert_invariants() const noexcept;

 private:
  struct InFlight {
    std::uint64_t first = 0;  // Block number.
    std::uint32_t blocks = 0;
    bool complete = false;
  };

  [[nodiscard]] Block& buffer(std::uint64_t number) noexcept {
    return buffer_[number & (limits_.buffer_blocks - 1)];
  }
  [[nodiscard]] Sequence& last_sequence(std::uint64_t number) noexcept {
    return last_sequence_[number & (limits_.buffer_blocks - 1)];
  }
  [[nodiscard]] bool something_waits() const noexcept {
    return submitted_ < open_ || open_slots_ > 0 || closing_;
  }
  [[nodiscard]] bool turn_to_next_segment() noexcept;
  [[nodiscard]] bool start_write() noexcept;
  void close_open_block() noexcept;
  void seal_block(std::uint64_t number) noexcept;

  const Start start_;
  const Limits limits_;
  Disk& disk_;
  Block* buffer_ = nullptr;
  std::span<Sequence> last_sequence_;  // By buffer: of the block in it.

  Segment segment_;
  std::uint64_t segment_first_ = 0;  // Number of the segment's first block.

  std::uint64_t open_;       // The block that records go to.
  std::uint64_t submitted_;  // The next to be submitted.
  std::uint64_t durable_;    // The first that is not known complete.
  std::uint32_t open_slots_ = 0;
  bool closing_ = false;  // The open block goes out although it has no record.
  std::int32_t error_ = 0;
  Sequence durable_sequence_;
  Sequence appended_sequence_;

  // By tag; oldest_ … oldest_ + in_flight_ - 1, modulo writes_in_flight_max, are under way, in
  // order of block number.
  std::array<InFlight, writes_in_flight_max> in_flight_writes_{};
  std::uint32_t oldest_ = 0;
  std::uint32_t in_flight_ = 0;
  Counters counters_;
};

}  // namespace basalt::journal
