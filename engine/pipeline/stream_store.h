// What was sent, by stream and number: the answers of every session, the messages of a feed.
//
//   writer: claim() ─► encode in place ─► append(stream, sequence)
//   readers: count(stream), at(stream, number)          any thread, no locks
//
// A message is encoded once and stays where it is. Sending, resuming a session from number 1 and
// answering a re-request all read the same bytes, so they cannot differ.
//
// Invariants
//   H1  Numbers of a stream start at 1 and have no gaps; a message never changes or moves.
//   H2  Messages were appended in the order of their sequences, over all streams. So those of a
//       stream that may leave, because they are durable, are always its first ones.
//
// Memory: address space for bytes_max is reserved at construction and touched as it fills, in
// small pages: one fault, of some 0.3 us, for each 4 KiB of messages. A message costs its size,
// 24 bytes and up to 7 of padding, and 8 in its stream's index; a stream that is used at all, 32
// KiB of address space. Never gives anything back.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/types.h"

namespace basalt::pipeline {

class StreamStore {
 public:
  static constexpr std::uint32_t message_bytes_max = 512;

  struct Message {
    std::span<const std::byte> bytes;
    Sequence sequence = 0;  // It may leave once this is durable.
    Nanos received;         // When what it answers was taken in; 0: it answers nothing directly.
  };

  // Throws std::system_error when the address space cannot be had.
  StreamStore(std::uint32_t streams, std::size_t bytes_max);
  ~StreamStore();
  StreamStore(const StreamStore&) = delete;
  StreamStore& operator=(const StreamStore&) = delete;

  // Writer only. Is there room for `messages` more, of any size and stream? Counts the largest
  // there can be, each the first of a new piece of index: at most 33 KiB a message.
  [[nodiscard]] bool has_room(std::uint32_t messages) const noexcept;

  // Writer only. Where the next message goes: message_bytes_max bytes, of any content. Until
  // append(), a further claim() returns the same place. There is room.
  [[nodiscard]] std::span<std::byte> claim() noexcept;
  // Writer only. The first `size` bytes of the claim become the stream's next message.
  // Precondition: `sequence` is not below that of any message before.
  void append(std::uint32_t stream, Sequence sequence, std::size_t size,
              Nanos received = {}) noexcept;

  // Any thread. How many messages the stream has, and so the highest number.
  [[nodiscard]] std::uint64_t count(std::uint32_t stream) const noexcept {
    // Pairs with the release in append(): the message's bytes and index are visible.
    return streams_[stream].count.load(std::memory_order_acquire);
  }
  // Any thread. Precondition: 1 <= number <= a count() that this thread has seen.
  [[nodiscard]] Message at(std::uint32_t stream, std::uint64_t number) const noexcept;

  [[nodiscard]] std::uint32_t streams() const noexcept { return stream_count_; }
  [[nodiscard]] std::size_t bytes_used() const noexcept {
    return used_.load(std::memory_order_relaxed);  // For counters: carries no data.
  }

 private:
  // Offsets of 4,096 consecutive messages; a stream's chunks are found through its directory.
  static constexpr std::uint64_t chunk_messages = 4096;

  struct alignas(false_sharing_bytes) Stream {
    std::atomic<std::uint64_t> count{0};
    std::uint64_t* directory = nullptr;  // Offsets of chunks; chunks_max() entries.
  };
  struct Header {
    Sequence sequence;
    Nanos received;
    std::uint64_t size;
  };

  // Even of empty messages no more chunks than these fill bytes_max, so no directory ends first.
  [[nodiscard]] static constexpr std::size_t chunks_max(std::size_t bytes_max) noexcept {
    return bytes_max / (chunk_messages * (sizeof(Header) + sizeof(std::uint64_t))) + 1;
  }
  static_assert(message_bytes_max % alignof(Header) == 0, "the longest message needs no padding");

  [[nodiscard]] std::byte* take(std::size_t size) noexcept;

  // Never written after construction.
  std::byte* memory_ = nullptr;
  std::span<Stream> streams_;
  std::size_t bytes_max_;
  std::uint32_t stream_count_;
  std::size_t mapped_bytes_ = 0;
  // Writer writes with every message; others only look. Readers never need it to find a message.
  alignas(false_sharing_bytes) std::atomic<std::size_t> used_{0};
  Sequence last_sequence_ = 0;  // Writer alone.
};

}  // namespace basalt::pipeline
