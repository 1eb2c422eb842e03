// The feed's messages, in order, from the thread that receives them to the one that builds books.
//
//   wire thread: push(message) ─► a ring of bytes ─► book thread: next()
//
// One writer, one reader, no locks. A full queue takes nothing: the writer asks room() first, and
// lets what it has no room for be a hole in the feed, to be fetched again when there is room.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "engine/assert.h"
#include "engine/types.h"

namespace basalt::load {

class FeedQueue {
 public:
  static constexpr std::size_t message_bytes_max = 512;

  // A power of two. The memory is taken as it is first used.
  explicit FeedQueue(std::size_t bytes)
      : mask_(bytes - 1), bytes_(new std::byte[bytes + message_bytes_max]) {
    BASALT_ASSERT(std::has_single_bit(bytes));
    BASALT_ASSERT(bytes > 4 * message_bytes_max);
  }

  // Writer only. Bytes that may still be pushed, two of them spent on each message.
  [[nodiscard]] std::size_t room() noexcept {
    const std::uint64_t used = written_ - read_seen_;
    if (mask_ + 1 - used > (mask_ + 1) / 2) return mask_ + 1 - used;
    // Pairs with the release in next(): the reader is done with these bytes.
    read_seen_ = read_.load(std::memory_order_acquire);
    return mask_ + 1 - (written_ - read_seen_);
  }
  // Writer only. Precondition: there is room.
  void push(std::span<const std::byte> message) noexcept {
    BASALT_ASSERT(message.size() <= message_bytes_max);
    put(static_cast<std::uint16_t>(message.size()), message);
  }
  // Writer only: `count` messages that will never come. Precondition: there is room.
  void push_lost(std::uint64_t count) noexcept {
    put(lost_mark, std::as_bytes(std::span<const std::uint64_t, 1>(&count, 1)));
  }
  // Writer only. Everything pushed so far becomes visible.
  void publish() noexcept {
    // Pairs with the acquire in next(): bytes before their count.
    published_.store(written_, std::memory_order_release);
  }

  struct Item {
    std::span<const std::byte> message;  // Valid until the next call.
    std::uint64_t lost = 0;              // Not 0: there is no message.
  };
  // Reader only. False: nothing more now.
  [[nodiscard]] bool next(Item& item) noexcept {
    // Pairs with the acquire in room(): what the last call gave out may be written over.
    read_.store(at_, std::memory_order_release);
    if (at_ == published_seen_) {
      // Pairs with the release in publish().
      published_seen_ = published_.load(std::memory_order_acquire);
      if (at_ == published_seen_) return false;
    }
    std::uint16_t size = 0;
    std::memcpy(&size, &bytes_[at_ & mask_], sizeof size);
    const bool lost = size == lost_mark;
    const std::size_t body = lost ? sizeof item.lost : size;
    item = {};
    if (lost) {
      std::memcpy(&item.lost, &bytes_[(at_ & mask_) + sizeof size], sizeof item.lost);
    } else {
      item.message = {&bytes_[(at_ & mask_) + sizeof size], body};
    }
    at_ += stride(body);
    return true;
  }

 private:
  static constexpr std::uint16_t lost_mark = 0xFFFF;

  // Even, so that a length never straddles the end; the bytes behind the ring take a message's.
  [[nodiscard]] static constexpr std::size_t stride(std::size_t body) noexcept {
    return (sizeof(std::uint16_t) + body + 1) & ~std::size_t{1};
  }
  void put(std::uint16_t mark, std::span<const std::byte> body) noexcept {
    std::byte* at = &bytes_[written_ & mask_];
    std::memcpy(at, &mark, sizeof mark);
    if (!body.empty()) std::memcpy(at + sizeof mark, body.data(), body.size());
    // What ran over the end stays there whole: only the next message starts at the front.
    written_ += stride(body.size());
  }

  const std::uint64_t mask_;
  const std::unique_ptr<std::byte[]> bytes_;
  // The writer's; `published_` is read by the reader.
  alignas(false_sharing_bytes) std::uint64_t written_ = 0;
  std::uint64_t read_seen_ = 0;
  std::atomic<std::uint64_t> published_{0};
  // The reader's; `read_` is read by the writer.
  alignas(false_sharing_bytes) std::uint64_t at_ = 0;
  std::uint64_t published_seen_ = 0;
  std::atomic<std::uint64_t> read_{0};
};

}  // namespace basalt::load
