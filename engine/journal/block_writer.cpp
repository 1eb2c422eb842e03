#include "engine/journal/block_writer.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "engine/assert.h"
#include "engine/limits.h"

namespace basalt::journal {

BlockWriter::BlockWriter(const Start& start, const Limits& limits, Disk& disk, Arena& arena)
    : start_(start),
      limits_(limits),
      disk_(disk),
      open_(start.resume.block),
      submitted_(start.resume.block),
      durable_(start.resume.block),
      durable_sequence_(start.resume.sequence),
      appended_sequence_(start.resume.sequence) {
  BASALT_ASSERT(limits.buffer_blocks >= 2);
  BASALT_ASSERT(std::has_single_bit(limits.buffer_blocks));
  BASALT_ASSERT(limits.writes_in_flight >= 1);
  BASALT_ASSERT(limits.writes_in_flight <= writes_in_flight_max);
  BASALT_ASSERT(limits.write_blocks >= 1);
  BASALT_ASSERT(limits.write_blocks <= write_blocks_max);
  // The device wants whole pages; the arena aligns to line pairs, so take one block more.
  std::byte* memory =
      arena.take<std::byte>((std::size_t{limits.buffer_blocks} + 1) * block_bytes).data();
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  memory += (block_bytes - address % block_bytes) % block_bytes;
  buffer_ = reinterpret_cast<Block*>(memory);
  last_sequence_ = arena.take<Sequence>(limits.buffer_blocks);
  disk_.lend(start.kind, {memory, std::size_t{limits.buffer_blocks} * block_bytes});
}

bool BlockWriter::append(std::span<const Slot> record, Sequence sequence) noexcept {
  BASALT_ASSERT(!record.empty());
  BASALT_ASSERT(record.size() <= basalt::limits::command_slots_max);
  BASALT_ASSERT(sequence >= appended_sequence_);
  if (open_slots_ + record.size() > block_slots) {
    if (open_ + 1 - durable_ == limits_.buffer_blocks) {
      ++counters_.no_room;
      return false;
    }
    close_open_block();
  }
  if (open_ - durable_ == limits_.buffer_blocks) {
    ++counters_.no_room;
    return false;
  }
  Block& block = buffer(open_);
  if (open_slots_ == 0) block.header.first_sequence = sequence;
  std::memcpy(&block.slots[open_slots_], record.data(), record.size_bytes());
  open_slots_ += static_cast<std::uint32_t>(record.size());
  last_sequence(open_) = sequence;
  appended_sequence_ = sequence;
  ++counters_.records;
  return true;
}

void BlockWriter::append_closing_block() noexcept {
  BASALT_ASSERT(idle());
  buffer(open_).header.first_sequence = appended_sequence_;
  last_sequence(open_) = appended_sequence_;
  closing_ = true;
}

void BlockWriter::close_open_block() noexcept {
  buffer(open_).header.slots_used = static_cast<std::uint8_t>(open_slots_);
  ++open_;
  open_slots_ = 0;
  closing_ = false;
}

std::uint32_t BlockWriter::submit() noexcept {
  std::uint32_t started = 0;
  while (error_ == 0 && in_flight_ < limits_.writes_in_flight && something_waits() &&
         turn_to_next_segment() && start_write()) {
    ++started;
  }
  return started;
}

// True when the next block has a place in the current segment.
bool BlockWriter::turn_to_next_segment() noexcept {
  if (segment_.exists()) {
    if (submitted_ - segment_first_ < segment_.blocks) return true;
    if (durable_ != submitted_) return false;  // I5
    disk_.retire(start_.kind, segment_);
    segment_ = {};
  }
  const Segment next = disk_.next_segment(start_.kind);
  if (!next.exists()) {
    ++counters_.no_segment;
    return false;
  }
  BASALT_ASSERT(next.blocks >= 2);
  segment_ = next;
  segment_first_ = submitted_;
  ++counters_.segments;
  return true;
}

bool BlockWriter::start_write() noexcept {
  const std::uint64_t waiting = open_ - submitted_ + (open_slots_ > 0 || closing_ ? 1 : 0);
  const std::uint64_t to_ring_end =
      limits_.buffer_blocks - (submitted_ & (limits_.buffer_blocks - 1));
  const std::uint64_t to_segment_end = segment_first_ + segment_.blocks - submitted_;
  const std::uint64_t blocks =
      std::min({waiting, to_ring_end, to_segment_end, std::uint64_t{limits_.write_blocks}});
  if (submitted_ + blocks > open_) close_open_block();
  for (std::uint64_t number = submitted_; number < submitted_ + blocks; ++number) {
    seal_block(number);
  }
  const std::uint32_t tag = (oldest_ + in_flight_) % writes_in_flight_max;
  const auto* bytes = reinterpret_cast<const std::byte*>(&buffer(submitted_));
  const bool taken = disk_.write({.kind = start_.kind,
                                  .tag = static_cast<std::uint8_t>(tag),
                                  .file = segment_.file,
                                  .offset = (submitted_ - segment_first_) * block_bytes,
                                  .bytes = {bytes, blocks * block_bytes}});
  // A disk's queue has room for all that its writers may have in flight.
  BASALT_ASSERT(taken);
  in_flight_writes_[tag] = {submitted_, static_cast<std::uint32_t>(blocks), false};
  ++in_flight_;
  submitted_ += blocks;
  ++counters_.writes;
  counters_.blocks += blocks;
  counters_.bytes += blocks * block_bytes;
  counters_.in_flight_max = std::max(counters_.in_flight_max, in_flight_);
  return true;
}

void BlockWriter::seal_block(std::uint64_t number) noexcept {
  Block& block = buffer(number);
  block.header.kind = start_.kind;
  block.header.engine = start_.engine;
  block.header.epoch = start_.epoch;
  block.header.number = number;
  block.header.last_sequence = last_sequence(number);
  block.header.durable_blocks = durable_;
  block.header.resumes_after = start_.resume.sequence;
  seal(block);
}

void BlockWriter::completed(const Disk::Completion& completion) noexcept {
  BASALT_ASSERT(completion.tag < writes_in_flight_max);
  if (error_ != 0) return;  // I3
  if (completion.result < 0) {
    error_ = -completion.result;
    return;
  }
  InFlight& write = in_flight_writes_[completion.tag];
  BASALT_ASSERT((completion.tag + writes_in_flight_max - oldest_) % writes_in_flight_max <
                in_flight_);
  BASALT_ASSERT(!write.complete);
  if (static_cast<std::size_t>(completion.result) != write.blocks * block_bytes) {
    error_ = EIO;
    return;
  }
  write.complete = true;
  while (in_flight_ > 0 && in_flight_writes_[oldest_].complete) {
    const InFlight& oldest = in_flight_writes_[oldest_];
    BASALT_ASSERT(oldest.first == durable_);
    durable_ += oldest.blocks;
    durable_sequence_ = last_sequence(durable_ - 1);
    oldest_ = (oldest_ + 1) % writes_in_flight_max;
    --in_flight_;
  }
}

void BlockWriter::assert_invariants() const noexcept {
  BASALT_ASSERT(durable_ <= submitted_);
  BASALT_ASSERT(submitted_ <= open_);
  BASALT_ASSERT(open_ - durable_ <= limits_.buffer_blocks);
  BASALT_ASSERT(open_slots_ <= block_slots);
  BASALT_ASSERT(durable_sequence_ <= appended_sequence_);
  BASALT_ASSERT((in_flight_ == 0) == (durable_ == submitted_) || error_ != 0);
}

}  // namespace basalt::journal
