// ITCH 5.0: bytes to messages and back. Pure functions; nothing is copied, nothing allocated.
//
//   bytes ─► decode ─► Decoded ─► type(), as<M>()        wire::emplace<M>() ─► fill in ─► send
//
//   I1  Every message has one exact length, and decode() accepts no other.
//   I2  It judges the layout, never the values.
//   I3  It never reads outside the bytes given.
//
// A receiver skips unknown types: a block's length says where the next begins. The venue's own
// message is in EXTENSIONS.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "feedhandlers/big_endian.h"
#include "feedhandlers/market_data/itch50_messages.h"

namespace basalt::itch50 {

enum class [[nodiscard]] DecodeError : std::uint8_t{
    none,
    empty,  // No byte at all: a block of length zero.
    unknown_type, truncated, trailing_bytes,
};

template <typename... M>
consteval std::array<std::uint8_t, 256> lengths_of() {
  std::array<std::uint8_t, 256> table{};
  ((table[static_cast<unsigned char>(M::type)] = sizeof(M)), ...);
  return table;
}

// Bytes of each message by its type; 0: there is no such message.
inline constexpr std::array<std::uint8_t, 256> length_of =
    lengths_of<SystemEvent, StockDirectory, TradingAction, RegSho, ParticipantPosition, MwcbLevels,
               MwcbStatus, QuotingPeriod, LuldAuctionCollar, OperationalHalt, AddOrder,
               AddOrderMpid, OrderExecuted, OrderExecutedWithPrice, OrderCancel, OrderDelete,
               OrderReplace, Trade, CrossTrade, BrokenTrade, NetOrderImbalance, RetailInterest,
               DlcrPriceDiscovery, InstrumentScale, PriceBands>();

// One message, laid over the bytes that were decoded, which it must not outlive.
class Decoded {
 public:
  [[nodiscard]] DecodeError error() const noexcept { return error_; }
  // The following: precondition error() == none.
  [[nodiscard]] char type() const noexcept { return prefix().message_type; }
  [[nodiscard]] const Prefix& prefix() const noexcept { return wire::overlay<Prefix>(bytes_); }
  // Precondition: type() == M::type.
  template <wire::Message M>
  [[nodiscard]] const M& as() const noexcept {
    return wire::overlay<M>(bytes_);
  }

 private:
  friend Decoded decode(std::span<const std::byte> bytes) noexcept;
  Decoded(DecodeError error, const std::byte* bytes) noexcept : error_(error), bytes_(bytes) {}

  DecodeError error_;
  const std::byte* bytes_;
};

// `bytes` is one message: a MoldUDP64 block, or a GLIMPSE packet's payload.
[[nodiscard]] inline Decoded decode(std::span<const std::byte> bytes) noexcept {
  if (bytes.empty()) return {DecodeError::empty, nullptr};
  const std::size_t length = length_of[static_cast<unsigned char>(bytes[0])];
  if (length == 0) return {DecodeError::unknown_type, nullptr};
  if (bytes.size() < length) return {DecodeError::truncated, nullptr};
  if (bytes.size() > length) return {DecodeError::trailing_bytes, nullptr};
  return {DecodeError::none, bytes.data()};
}

}  // namespace basalt::itch50
