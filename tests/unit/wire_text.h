// A wire message as one line of text, so that a test can compare a whole stream at a glance.
//
//   C 7 30 U +28=02          type, then every field in the order of the wire, then the options
//
// The time is left out (tests of it look at it alone), a blank text is "-", and a number beyond 32
// bits is high:low, which is how an order number reads: generation:slot.
#pragma once

#include <cctype>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>

#include "tests/unit/wire_fields.h"

namespace basalt::test {

inline std::string hex_of(std::span<const std::byte> bytes) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[static_cast<unsigned>(byte) >> 4];
    text += digits[static_cast<unsigned>(byte) & 0xF];
  }
  return text;
}
inline std::string text_of(std::uint64_t number) {
  const std::uint64_t high = number >> 32;
  if (high == 0) return std::to_string(number);
  return std::to_string(high) + ':' + std::to_string(number & 0xFFFF'FFFF);
}
inline std::string text_of(char letter) {
  return std::isprint(static_cast<unsigned char>(letter)) != 0 && letter != ' '
             ? std::string(1, letter)
             : "-";
}
inline std::string text_of(std::uint8_t number) {
  return std::to_string(number);
}
template <typename T>
std::string text_of(const wire::BigEndian<T>& number) {
  return text_of(static_cast<std::uint64_t>(number.value()));
}
template <std::size_t size>
std::string text_of(const wire::Opaque<size>& bytes) {
  return hex_of(std::as_bytes(std::span(bytes.value())));
}
template <typename E>
std::string text_of(const wire::Code<E>& code) {
  return text_of(code.letter());
}
template <std::size_t size>
std::string text_of(const wire::Alpha<size>& text) {
  return text.blank() ? "-" : std::string(text.view());
}

inline std::string text_of(const ouch50::Appendage& appendage) {
  std::string text;
  for (const ouch50::Element element : appendage) {
    text += " +" + std::to_string(static_cast<unsigned>(element.tag)) + '=' + hex_of(element.value);
  }
  return text;
}

// What a session is told. "malformed" when it is no such message.
inline std::string text_of_ouch(std::span<const std::byte> bytes) {
  const ouch50::Outbound message = ouch50::decode_outbound(bytes);
  if (message.error() != ouch50::DecodeError::none) return "malformed";
  std::string text(1, message.type());
  wire_fields::with_type(wire_fields::OuchOutbound{}, message.type(), [&]<typename M>() {
    std::apply([&](auto /*time*/,
                   auto... field) { ((text += ' ' + text_of(message.as<M>().*field)), ...); },
               wire_fields::fields<M>);
  });
  return text + text_of(message.appendage());
}

// What the feed tells: the stock locate follows the type. "malformed" when it is no such message.
inline std::string text_of_itch(std::span<const std::byte> bytes) {
  const itch50::Decoded message = itch50::decode(bytes);
  if (message.error() != itch50::DecodeError::none) return "malformed";
  std::string text = std::string(1, message.type()) + ' ' + text_of(message.prefix().stock_locate);
  wire_fields::with_type(wire_fields::Itch{}, message.type(), [&]<typename M>() {
    wire_fields::for_each_field<M>(
        [&](auto field) { text += ' ' + text_of(message.as<M>().*field); });
  });
  return text;
}

}  // namespace basalt::test
