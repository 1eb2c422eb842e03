// SoupBinTCP 3.00, and 4.10's login: the session layer of order entry over TCP.
//
//   packet:  length (2, of what follows) │ type (1) │ payload
//
//   TCP chunks ─► PacketReader ─► packet bodies (type and payload) ─► decode ─► Packet
//   payload in the send buffer, behind three bytes of room ─► frame ─► a packet
//
// The structs here are packet bodies: they begin with the type, and the length stands before them.
// A MoldUDP64 block has the same length before it, so the same bodies travel in blocks too.
//
//   I1  A reader gives out the same packets however TCP cut the stream.
//   I2  It holds at most one packet of packet_bytes_max, and never reads behind a chunk.
//   I3  After an error a stream has no packet boundaries any more: the reader stays in it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "feedhandlers/big_endian.h"

namespace basalt::soupbintcp {

enum class PacketType : char {
  debug = '+',           // Both ways: text, to be ignored.
  login_request = 'L',   // Client.
  login_accepted = 'A',  // Server, as the next three.
  login_rejected = 'J',
  server_heartbeat = 'H',
  end_of_session = 'Z',    // Nothing will ever follow in this session.
  sequenced_data = 'S',    // Server. Numbers do not travel: both sides count.
  unsequenced_data = 'U',  // Client; in 4.00 and later both.
  client_heartbeat = 'R',  // Client, as the next.
  logout_request = 'O',
};

enum class LoginRejectReason : char { not_authorized = 'A', session_not_available = 'S' };

// Timing of section 2.2: a side that has sent nothing for this long sends a heartbeat, and may drop
// a peer that has been quiet for that long.
inline constexpr std::uint32_t heartbeat_ms = 1'000;
inline constexpr std::uint32_t quiet_max_ms = 15'000;

inline constexpr std::size_t header_bytes = 3;
inline constexpr std::size_t length_bytes = 2;

using UserName = wire::Alpha<6>;
using Password = wire::Alpha<10>;
using SessionName = wire::RightAlpha<10>;
using SequenceNumber = wire::AsciiNumber<20>;

struct LoginRequest {
  static constexpr char type = 'L';

  char packet_type = type;
  UserName user;
  Password password;
  SessionName session;      // Blank: the current one.
  SequenceNumber sequence;  // The first that is wanted; 0: from the newest on.
};
static_assert(wire::Message<LoginRequest> && sizeof(LoginRequest) == 47);
static_assert(offsetof(LoginRequest, user) == 1 && offsetof(LoginRequest, password) == 7);
static_assert(offsetof(LoginRequest, session) == 17 && offsetof(LoginRequest, sequence) == 27);

// 4.10's login begins like 3.00's, and can be read as that.
struct LoginRequest410 {
  static constexpr char type = 'L';

  char packet_type = type;
  UserName user;
  Password password;
  SessionName session;
  SequenceNumber sequence;
  wire::AsciiNumber<5> heartbeat_timeout_ms;
};
static_assert(wire::Message<LoginRequest410> && sizeof(LoginRequest410) == 52);
static_assert(offsetof(LoginRequest410, sequence) == 27);
static_assert(offsetof(LoginRequest410, heartbeat_timeout_ms) == 47);

struct LoginAccepted {
  static constexpr char type = 'A';

  char packet_type = type;
  SessionName session;
  SequenceNumber sequence;  // Of the next sequenced packet.
};
static_assert(wire::Message<LoginAccepted> && sizeof(LoginAccepted) == 31);
static_assert(offsetof(LoginAccepted, session) == 1 && offsetof(LoginAccepted, sequence) == 11);

struct LoginRejected {
  static constexpr char type = 'J';

  char packet_type = type;
  wire::Code<LoginRejectReason> reason;
};
static_assert(wire::Message<LoginRejected> && sizeof(LoginRejected) == 2);

enum class [[nodiscard]] DecodeError : std::uint8_t{
    none,
    empty,  // A length of zero has no room for the type.
    unknown_type,
    wrong_length,  // Not the length that this type has.
};

// One packet body. Which side may send what, and when, is the session's to judge.
struct Packet {
  DecodeError error = DecodeError::none;
  PacketType type{};
  std::span<const std::byte> body{};  // Type and payload.

  [[nodiscard]] std::span<const std::byte> payload() const noexcept { return body.subspan(1); }
  // Precondition: error is none, type is M's, and body has at least sizeof(M) bytes.
  template <wire::Message M>
  [[nodiscard]] const M& as() const noexcept {
    return wire::overlay<M>(body.data());
  }
  // A 4.10 client: it may be sent unsequenced data, and names its heartbeat timeout.
  [[nodiscard]] bool is_login_410() const noexcept {
    return type == PacketType::login_request && body.size() == sizeof(LoginRequest410);
  }
};

[[nodiscard]] inline Packet decode(std::span<const std::byte> body) noexcept {
  if (body.empty()) return {.error = DecodeError::empty};
  const Packet packet{.type = PacketType{static_cast<char>(body[0])}, .body = body};
  bool fits = false;
  switch (packet.type) {
    case PacketType::debug:
    case PacketType::sequenced_data:
    case PacketType::unsequenced_data:
      fits = true;
      break;
    case PacketType::login_request:
      fits = body.size() == sizeof(LoginRequest) || body.size() == sizeof(LoginRequest410);
      break;
    case PacketType::login_accepted:
      fits = body.size() == sizeof(LoginAccepted);
      break;
    case PacketType::login_rejected:
      fits = body.size() == sizeof(LoginRejected);
      break;
    case PacketType::server_heartbeat:
    case PacketType::end_of_session:
    case PacketType::client_heartbeat:
    case PacketType::logout_request:
      fits = body.size() == 1;
      break;
    default:
      return {.error = DecodeError::unknown_type};
  }
  return fits ? packet : Packet{.error = DecodeError::wrong_length};
}

enum class [[nodiscard]] ReadStatus : std::uint8_t{
    packet,       // One packet body was given out.
    needs_bytes,  // The chunk is used up; what it held of an unfinished packet is kept.
    oversize,     // A packet longer than the reader takes: not a client of ours, close.
    empty,        // A packet of length zero: the stream is not SoupBinTCP, close.
};

// Makes packets out of a TCP stream. Usage:
//
//   reader.offer(chunk);
//   while (reader.next(body) == ReadStatus::packet) …
//
// A packet that lies whole in the chunk is given out where it lies; only one that TCP has cut is
// put together in the reader's own memory.
//
// `length_max` bounds a packet's length field. The longest message a client may send, an Enter with
// every option, has 157 bytes; a debug packet has no bound of its own, and this one applies.
template <std::size_t length_max = 512>
class PacketReader {
  static_assert(length_max >= sizeof(LoginRequest410) && length_max <= 65'535);

 public:
  static constexpr std::size_t packet_bytes_max = length_bytes + length_max;

  // The chunk must stay where it is until next() has answered anything but `packet`; only then may
  // another be offered.
  void offer(std::span<const std::byte> chunk) noexcept { chunk_ = chunk; }

  // `body` lies in the chunk or in the reader, and is valid until the next call of next() or
  // offer().
  ReadStatus next(std::span<const std::byte>& body) noexcept {
    if (broken_ != ReadStatus::packet) return broken_;
    if (held_bytes_ == 0 && chunk_.size() >= length_bytes) {
      const std::size_t length = wire::overlay<wire::U16>(chunk_.data());
      if (!acceptable(length)) return broken_;
      if (chunk_.size() >= length_bytes + length) {
        body = chunk_.subspan(length_bytes, length);
        chunk_ = chunk_.subspan(length_bytes + length);
        return ReadStatus::packet;
      }
    }
    return assemble(body);
  }

  // Of an unfinished packet: not zero at the end of a stream means that it was cut.
  [[nodiscard]] std::size_t held_bytes() const noexcept { return held_bytes_; }

  void reset() noexcept {
    chunk_ = {};
    held_bytes_ = 0;
    broken_ = ReadStatus::packet;
  }

 private:
  bool acceptable(std::size_t length) noexcept {
    if (length == 0) broken_ = ReadStatus::empty;
    if (length > length_max) broken_ = ReadStatus::oversize;
    return broken_ == ReadStatus::packet;
  }

  // Moves bytes from the chunk until `wanted` are held. False: the chunk ended before.
  bool hold(std::size_t wanted) noexcept {
    const std::size_t moved = std::min(wanted - held_bytes_, chunk_.size());
    if (moved != 0) std::memcpy(&held_[held_bytes_], chunk_.data(), moved);
    held_bytes_ += moved;
    chunk_ = chunk_.subspan(moved);
    return held_bytes_ == wanted;
  }

  ReadStatus assemble(std::span<const std::byte>& body) noexcept {
    if (held_bytes_ < length_bytes && !hold(length_bytes)) return ReadStatus::needs_bytes;
    const std::size_t length = wire::overlay<wire::U16>(held_.data());
    if (!acceptable(length)) return broken_;
    if (!hold(length_bytes + length)) return ReadStatus::needs_bytes;
    body = std::span<const std::byte>(held_).subspan(length_bytes, length);
    held_bytes_ = 0;
    return ReadStatus::packet;
  }

  std::span<const std::byte> chunk_;
  std::size_t held_bytes_ = 0;
  ReadStatus broken_ = ReadStatus::packet;  // `packet`: not broken.
  std::array<std::byte, packet_bytes_max> held_;
};

// Puts the header at out[0..2], before a payload that lies, or will be written, at out[3..].
// Answers the packet's size; 0, and nothing is written, when it has no room in `out` or is too
// long.
[[nodiscard]] inline std::size_t frame(std::span<std::byte> out, PacketType type,
                                       std::size_t payload_bytes = 0) noexcept {
  if (out.size() < header_bytes || payload_bytes > out.size() - header_bytes) return 0;
  if (payload_bytes > 65'534) return 0;
  const wire::U16 length = static_cast<std::uint16_t>(1 + payload_bytes);
  std::memcpy(out.data(), &length, sizeof length);
  out[length_bytes] = static_cast<std::byte>(type);
  return header_bytes + payload_bytes;
}

// As wire::emplace, with the packet's length before it: sizeof(M) + length_bytes are written.
template <wire::Message M>
[[nodiscard]] M* emplace_packet(std::span<std::byte> out) noexcept {
  if (out.size() < length_bytes + sizeof(M)) return nullptr;
  const wire::U16 length = static_cast<std::uint16_t>(sizeof(M));
  std::memcpy(out.data(), &length, sizeof length);
  return wire::emplace<M>(out.subspan(length_bytes));
}

// User names and passwords are the same whatever case they are typed in (section 2.2.2): compare,
// and hash, in upper case. ASCII only; the padding stays.
template <std::size_t N>
[[nodiscard]] constexpr wire::Alpha<N> upper_case(const wire::Alpha<N>& text) noexcept {
  std::array<char, N> chars = text.chars();
  for (char& c : chars) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return wire::Alpha<N>(chars);
}
template <std::size_t N>
[[nodiscard]] constexpr bool equal_ignoring_case(const wire::Alpha<N>& a,
                                                 const wire::Alpha<N>& b) noexcept {
  return upper_case(a) == upper_case(b);
}

}  // namespace basalt::soupbintcp
