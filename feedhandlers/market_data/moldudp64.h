// MoldUDP64 1.00: numbered messages in datagrams, and the request for those that were lost.
//
//   datagram:  session (10) │ sequence (8) │ count (2) │ count × block
//   block:     length (2) │ message                     a length of zero is a message too
//   count:     0 = heartbeat, 0xFFFF = end of session; both carry the next sequence expected
//
//   datagram ─► decode ─► Datagram ─► for (message : blocks())
//   PacketBuilder over the send buffer ─► claim or add, until full ─► datagram()
//
//   I1  A datagram is taken whole or not at all: decode() has seen every block's end before the
//   first
//       message is given out, and no byte is left over.
//   I2  Message n of a datagram has the number sequence + n.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>

#include "feedhandlers/big_endian.h"

namespace basalt::moldudp64 {

using SessionName = wire::RightAlpha<10>;

inline constexpr std::uint16_t heartbeat_count = 0;
inline constexpr std::uint16_t end_of_session_count = 0xFFFF;
inline constexpr std::size_t count_max = 0xFFFE;

// Fits an Ethernet frame with a tag or two and any tunnel of a data centre around it.
inline constexpr std::size_t payload_bytes_default = 1'400;

struct Header {
  SessionName session;
  wire::U64 sequence;  // Of the first message; of the next one where there is none.
  wire::U16 count;
};
static_assert(wire::Overlay<Header> && sizeof(Header) == 20);
static_assert(offsetof(Header, sequence) == 10 && offsetof(Header, count) == 18);

// What a receiver asks a re-request server for. The answer is an ordinary datagram with as many of
// the messages as fit; there is none for a range that the server does not have.
struct Request {
  SessionName session;
  wire::U64 sequence;  // The first one wanted.
  wire::U16 count;
};
static_assert(wire::Overlay<Request> && sizeof(Request) == 20);
static_assert(offsetof(Request, sequence) == 10 && offsetof(Request, count) == 18);

inline constexpr std::size_t block_header_bytes = sizeof(wire::U16);

// The messages of one datagram, in order. Made by decode() alone, which has checked their ends.
class Blocks {
 public:
  class Iterator {
   public:
    std::span<const std::byte> operator*() const noexcept {
      return {at_ + block_header_bytes, length()};
    }
    Iterator& operator++() noexcept {
      at_ += block_header_bytes + length();
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    friend class Blocks;
    explicit Iterator(const std::byte* at) noexcept : at_(at) {}
    [[nodiscard]] std::size_t length() const noexcept { return wire::overlay<wire::U16>(at_); }

    const std::byte* at_;
  };

  Blocks() = default;
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(bytes_.data()); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(bytes_.data() + bytes_.size()); }

 private:
  friend class Datagram;
  explicit Blocks(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  std::span<const std::byte> bytes_;
};

enum class [[nodiscard]] DecodeError : std::uint8_t{
    none,
    truncated,       // Shorter than its header, or than its blocks.
    trailing_bytes,  // Bytes behind the last block, or behind a header that announces none.
};

class Datagram {
 public:
  // O(count). The datagram lies over `bytes` and must not outlive them.
  [[nodiscard]] static Datagram decode(std::span<const std::byte> bytes) noexcept {
    Datagram result;
    if (bytes.size() < sizeof(Header)) return result;
    result.header_ = &wire::overlay<Header>(bytes.data());
    const std::span<const std::byte> blocks = bytes.subspan(sizeof(Header));
    result.error_ = check(blocks, result.message_count());
    if (result.error_ == DecodeError::none) result.blocks_ = Blocks(blocks);
    return result;
  }

  [[nodiscard]] DecodeError error() const noexcept { return error_; }
  // The following: precondition error() == none.
  [[nodiscard]] const Header& header() const noexcept { return *header_; }
  [[nodiscard]] bool is_heartbeat() const noexcept { return header_->count == heartbeat_count; }
  [[nodiscard]] bool is_end_of_session() const noexcept {
    return header_->count == end_of_session_count;
  }
  [[nodiscard]] std::size_t message_count() const noexcept {
    return is_end_of_session() ? 0 : header_->count.value();
  }
  [[nodiscard]] Blocks blocks() const noexcept { return blocks_; }

 private:
  // Do `count` blocks fill `bytes` exactly?
  static DecodeError check(std::span<const std::byte> bytes, std::size_t count) noexcept {
    std::size_t at = 0;
    for (std::size_t block = 0; block < count; ++block) {
      if (bytes.size() - at < block_header_bytes) return DecodeError::truncated;
      const std::size_t length = wire::overlay<wire::U16>(&bytes[at]);
      at += block_header_bytes;
      if (bytes.size() - at < length) return DecodeError::truncated;
      at += length;
    }
    return at == bytes.size() ? DecodeError::none : DecodeError::trailing_bytes;
  }

  DecodeError error_ = DecodeError::truncated;
  const Header* header_ = nullptr;
  Blocks blocks_;
};

[[nodiscard]] inline Datagram decode(std::span<const std::byte> bytes) noexcept {
  return Datagram::decode(bytes);
}

// The request that `bytes` is; nullptr when it has not a request's length.
[[nodiscard]] inline const Request* decode_request(std::span<const std::byte> bytes) noexcept {
  return bytes.size() == sizeof(Request) ? &wire::overlay<Request>(bytes.data()) : nullptr;
}

// Builds one datagram after the other in the caller's buffer, whose size is the payload limit.
// A builder without messages holds a heartbeat.
class PacketBuilder {
 public:
  // Precondition: `out` has room for a header. `sequence` is the first message's number.
  PacketBuilder(std::span<std::byte> out, const SessionName& session,
                std::uint64_t sequence) noexcept
      : out_(out),
        header_(::new (static_cast<void*>(out.data())) Header{session, sequence, 0}),
        sequence_(sequence) {}

  // Room for a message of `size` bytes as the datagram's last block, to be filled in by the caller
  // before datagram(). nullptr, and nothing changes, when it does not fit: send, and start_next().
  [[nodiscard]] std::byte* claim(std::size_t size) noexcept {
    if (!fits(size)) return nullptr;
    const wire::U16 length = static_cast<std::uint16_t>(size);
    std::memcpy(&out_[size_], &length, sizeof length);
    std::byte* const message = out_.data() + size_ + block_header_bytes;
    size_ += block_header_bytes + size;
    header_->count = ++count_;
    return message;
  }
  // As claim(), with the message made there.
  template <wire::Message M>
  [[nodiscard]] M* claim() noexcept {
    std::byte* const at = claim(sizeof(M));
    return at == nullptr ? nullptr : wire::emplace<M>({at, sizeof(M)});
  }
  // As claim(), with the message copied there. False: it does not fit.
  [[nodiscard]] bool add(std::span<const std::byte> message) noexcept {
    std::byte* const at = claim(message.size());
    if (at == nullptr) return false;
    if (!message.empty()) std::memcpy(at, message.data(), message.size());
    return true;
  }

  [[nodiscard]] bool fits(std::size_t size) const noexcept {
    return size <= 0xFFFF && count_ < count_max && out_.size() - size_ >= block_header_bytes + size;
  }
  [[nodiscard]] std::size_t message_count() const noexcept { return count_; }
  // The number that the next message will have.
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return sequence_ + count_; }
  // What to send: valid until the next claim(), add() or start_next().
  [[nodiscard]] std::span<const std::byte> datagram() const noexcept { return out_.first(size_); }

  // Begins the following datagram in the same buffer.
  void start_next() noexcept {
    sequence_ = next_sequence();
    count_ = 0;
    header_->sequence = sequence_;
    header_->count = count_;
    size_ = sizeof(Header);
  }

 private:
  std::span<std::byte> out_;
  Header* header_;  // In out_; written, and never read back.
  std::size_t size_ = sizeof(Header);
  std::uint64_t sequence_;
  std::uint16_t count_ = 0;
};

// The header-only datagrams. `next_sequence` is the number that the next message has, or would
// have.
[[nodiscard]] inline Header heartbeat(const SessionName& session,
                                      std::uint64_t next_sequence) noexcept {
  return {session, next_sequence, heartbeat_count};
}
[[nodiscard]] inline Header end_of_session(const SessionName& session,
                                           std::uint64_t next_sequence) noexcept {
  return {session, next_sequence, end_of_session_count};
}

}  // namespace basalt::moldudp64
