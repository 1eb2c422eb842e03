// OUCH 5.0: bytes to messages and back. Pure functions; nothing is copied, nothing allocated.
//
//   bytes ─► decode_inbound ─► Decoded ─┬─ error()               what to count or refuse
//   (one whole message)                 ├─ type(), as<M>()       the fixed part, over the bytes
//                                       └─ appendage()           the options, over the bytes
//
//   Encoder<M> over the send buffer ─► fill the fields, add(tag, value)… ─► size_bytes()
//
//   I1  decode() accepts a message only if every byte has its place: the fixed part, the
//   appendage's
//       length, and elements that fill it exactly. So what decodes encodes to the same bytes.
//   I2  It judges the layout, never the values: an unknown side is the gateway's to refuse.
//   I3  It never reads outside the bytes given.
//
// The venue's own options and messages are in EXTENSIONS.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "feedhandlers/big_endian.h"
#include "feedhandlers/order_entry/ouch50_admin.h"
#include "feedhandlers/order_entry/ouch50_appendage.h"
#include "feedhandlers/order_entry/ouch50_codes.h"
#include "feedhandlers/order_entry/ouch50_inbound.h"
#include "feedhandlers/order_entry/ouch50_outbound.h"

namespace basalt::ouch50 {

enum class [[nodiscard]] DecodeError : std::uint8_t{
    none,
    empty,           // No byte at all.
    unknown_type,    // Not a message of this direction.
    truncated,       // Ends before its fixed part, or before its appendage's end.
    trailing_bytes,  // Goes on behind its end.
    // From here on the fixed part is whole and can be read, so that a refusal can name its order.
    appendage_malformed,
    appendage_value_size,
    appendage_tag_repeats,
};

[[nodiscard]] constexpr bool has_fixed_part(DecodeError error) noexcept {
  return error == DecodeError::none || error >= DecodeError::appendage_malformed;
}

struct Shape {
  std::uint8_t fixed_bytes = 0;  // 0: no such message.
  Tail tail = Tail::none;
};

template <Direction direction>
consteval std::array<Shape, 256> shapes() {
  std::array<Shape, 256> table{};
  const auto enter = [&table]<typename... M>() {
    static_assert(((M::direction == direction) && ...));
    ((table[static_cast<unsigned char>(M::type)] = {sizeof(M), M::tail}), ...);
  };
  if constexpr (direction == Direction::inbound) {
    enter.template
    operator()<EnterOrder, ReplaceOrder, CancelOrder, ModifyOrder, MassCancel, DisableOrderEntry,
               EnableOrderEntry, AccountQuery, Quote, ProtectQuote>();
    enter.template operator()<Deposit, Withdraw, SetFees, SetInstrumentState, SetAccountState,
                              SetLimit, TellMarketEvent, CancelOrders, HaltMarket, SetHaltLevels>();
  } else {
    enter.template
    operator()<SystemEvent, Accepted, Replaced, Canceled, AiqCanceled, Executed, BrokenTrade,
               Rejected, CancelPending, CancelReject, PriorityUpdate, OrderModified, OrderRestated,
               MassCancelResponse, DisableResponse, EnableResponse, AccountQueryResponse,
               AdminResponse, ProtectionStateTold>();
  }
  return table;
}

template <Direction direction>
inline constexpr std::array<Shape, 256> shape_of = shapes<direction>();

// One message, laid over the bytes that were decoded, which it must not outlive.
template <Direction direction>
class Decoded {
 public:
  [[nodiscard]] DecodeError error() const noexcept { return error_; }
  // Valid where has_fixed_part(error()).
  [[nodiscard]] char type() const noexcept { return type_; }
  // The fixed part. Precondition: has_fixed_part(error()) and type() == M::type.
  template <wire::Message M>
  requires(M::direction == direction) [[nodiscard]] const M& as() const noexcept {
    return wire::overlay<M>(bytes_.data());
  }
  // Empty when there is none, or the error is about it.
  [[nodiscard]] Appendage appendage() const noexcept { return appendage_; }
  // The whole message, appendage included.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  template <Direction d>
  friend Decoded<d> decode(std::span<const std::byte> bytes) noexcept;

  explicit Decoded(DecodeError error) noexcept : error_(error) {}

  DecodeError error_;
  char type_ = 0;
  std::span<const std::byte> bytes_;
  Appendage appendage_;
};

using Inbound = Decoded<Direction::inbound>;
using Outbound = Decoded<Direction::outbound>;

// `bytes` is one message: the payload of a SoupBinTCP data packet, or a MoldUDP64 block.
template <Direction direction>
[[nodiscard]] Decoded<direction> decode(std::span<const std::byte> bytes) noexcept {
  using Result = Decoded<direction>;
  if (bytes.empty()) return Result(DecodeError::empty);
  const Shape shape = shape_of<direction>[static_cast<unsigned char>(bytes[0])];
  if (shape.fixed_bytes == 0) return Result(DecodeError::unknown_type);
  if (bytes.size() < shape.fixed_bytes) return Result(DecodeError::truncated);

  // Where the appendage starts, and what its length says. An optional tail brings its own length.
  std::size_t appendage_at = shape.fixed_bytes;
  if (shape.tail == Tail::optional && bytes.size() > appendage_at)
    appendage_at += sizeof(wire::U16);
  if (bytes.size() < appendage_at) return Result(DecodeError::truncated);
  std::size_t declared = 0;
  if (shape.tail == Tail::always || appendage_at > shape.fixed_bytes) {
    declared = wire::overlay<wire::U16>(&bytes[appendage_at - sizeof(wire::U16)]);
  }
  const std::size_t actual = bytes.size() - appendage_at;
  if (actual < declared) return Result(DecodeError::truncated);
  if (actual > declared) return Result(DecodeError::trailing_bytes);

  Result result(DecodeError::none);
  result.type_ = static_cast<char>(bytes[0]);
  result.bytes_ = bytes;
  if (declared == 0) return result;
  switch (Appendage::parse(bytes.subspan(appendage_at), result.appendage_)) {
    case AppendageError::none:
      break;
    case AppendageError::malformed:
      result.error_ = DecodeError::appendage_malformed;
      break;
    case AppendageError::value_size:
      result.error_ = DecodeError::appendage_value_size;
      break;
    case AppendageError::tag_repeats:
      result.error_ = DecodeError::appendage_tag_repeats;
      break;
  }
  return result;
}

[[nodiscard]] inline Inbound decode_inbound(std::span<const std::byte> bytes) noexcept {
  return decode<Direction::inbound>(bytes);
}
[[nodiscard]] inline Outbound decode_outbound(std::span<const std::byte> bytes) noexcept {
  return decode<Direction::outbound>(bytes);
}

// Builds one message in place and keeps its appendage's length right. For a message without options
// wire::emplace<M>() is enough.
template <wire::Message M>
class Encoder {
 public:
  // Where there is no room for the fixed part, the encoder is false and must not be used.
  explicit Encoder(std::span<std::byte> out) noexcept
      : out_(out), message_(wire::emplace<M>(out)), appendage_(room_behind(out)) {}

  [[nodiscard]] explicit operator bool() const noexcept { return message_ != nullptr; }
  [[nodiscard]] M* operator->() noexcept { return message_; }
  [[nodiscard]] M& operator*() noexcept { return *message_; }

  // False, and the message is as it was, when there is no room.
  template <typename Value>
  requires(M::tail != Tail::none) [[nodiscard]] bool add(Tag tag, const Value& value) noexcept {
    if (!appendage_.add(tag, value)) return false;
    store_length();
    return true;
  }
  // Gives a message with an optional tail an empty one: the length alone, and it is zero.
  [[nodiscard]] bool add_empty_tail() noexcept requires(M::tail == Tail::optional) {
    if (out_.size() < appendage_at) return false;
    store_length();
    return true;
  }

  [[nodiscard]] std::size_t size_bytes() const noexcept {
    return (has_tail_ ? appendage_at : sizeof(M)) + appendage_.size_bytes();
  }

 private:
  static constexpr std::size_t appendage_at =
      sizeof(M) + (M::tail == Tail::optional ? sizeof(wire::U16) : 0);

  static std::span<std::byte> room_behind(std::span<std::byte> out) noexcept {
    return out.size() < appendage_at ? std::span<std::byte>{} : out.subspan(appendage_at);
  }
  void store_length() noexcept {
    has_tail_ = true;
    const wire::U16 length = static_cast<std::uint16_t>(appendage_.size_bytes());
    std::memcpy(&out_[appendage_at - sizeof length], &length, sizeof length);
  }

  std::span<std::byte> out_;
  M* message_;
  AppendageWriter appendage_;
  bool has_tail_ = false;
};

}  // namespace basalt::ouch50
