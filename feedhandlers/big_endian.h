// The building blocks of every wire message: numbers, letters and text as they lie in the bytes.
//
//   struct CancelOrder {                     bytes:  'X' | 00 00 00 07 | 00 00 00 64
//     static constexpr char type = 'X';
//     char message_type = type;              message.quantity       reads  100
//     wire::U32 user_ref_num;                message.quantity = 50  writes 00 00 00 32
//     wire::U32 quantity;
//   };
//
// A message is a plain struct of these types, laid over the bytes: nothing is copied to decode it,
// and encoding is filling it where it will be sent from.
//
//   I1  Every type here has alignment 1 and no padding, so a struct of them has none either.
//   I2  Every type is trivially copyable, and is read and written through character types only, so
//       laying it over a buffer breaks no aliasing rule.
//   I3  Any bytes are a value: reading a field never fails and never leaves its bytes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "engine/types.h"

namespace basalt::wire {

static_assert(std::endian::native == std::endian::little, "BigEndian swaps unconditionally");

// An integer, or an enumeration of one, most significant byte first. Reads and writes like itself.
template <typename T>
requires(std::integral<T> || std::is_enum_v<T>) &&
    (sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8) class BigEndian {
 public:
  BigEndian() = default;
  constexpr BigEndian(T value) noexcept
      : bytes_(std::bit_cast<Bytes>(swapped(static_cast<Unsigned>(value)))) {}
  constexpr operator T() const noexcept { return value(); }
  [[nodiscard]] constexpr T value() const noexcept {
    return static_cast<T>(swapped(std::bit_cast<Unsigned>(bytes_)));
  }

 private:
  using Unsigned = std::make_unsigned_t<T>;  // Of an enumeration: of its size.
  using Bytes = std::array<unsigned char, sizeof(T)>;

  static constexpr Unsigned swapped(Unsigned value) noexcept {
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
    if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
  }

  Bytes bytes_;
};

using U16 = BigEndian<std::uint16_t>;
using U32 = BigEndian<std::uint32_t>;
using U64 = BigEndian<std::uint64_t>;
using I32 = BigEndian<std::int32_t>;

// An unsigned number of sixteen bytes, most significant first.
class U128 {
 public:
  U128() = default;
  constexpr U128(uint128 value) noexcept
      : high_(static_cast<std::uint64_t>(value >> 64)), low_(static_cast<std::uint64_t>(value)) {}
  constexpr operator uint128() const noexcept { return value(); }
  [[nodiscard]] constexpr uint128 value() const noexcept {
    return (static_cast<uint128>(high_.value()) << 64) | low_.value();
  }

 private:
  U64 high_;
  U64 low_;
};

// Bytes that only their sender gives a meaning.
template <std::size_t N>
class Opaque {
 public:
  using Bytes = std::array<std::uint8_t, N>;

  Opaque() = default;
  constexpr Opaque(const Bytes& bytes) noexcept : bytes_(bytes) {}
  constexpr operator Bytes() const noexcept { return bytes_; }
  [[nodiscard]] constexpr const Bytes& value() const noexcept { return bytes_; }

 private:
  Bytes bytes_;
};

// Nanoseconds since midnight in six bytes, as ITCH 5.0 has them. 2^48 ns are 78 hours.
class Nanos48 {
 public:
  static constexpr std::uint64_t max = (std::uint64_t{1} << 48) - 1;

  Nanos48() = default;
  // Only the low 48 bits of `nanoseconds` are kept.
  constexpr Nanos48(std::uint64_t nanoseconds) noexcept
      : high_(static_cast<std::uint16_t>(nanoseconds >> 32)),
        low_(static_cast<std::uint32_t>(nanoseconds)) {}
  // Assigns the parts where they lie: a copy from a temporary would load across two fresh stores,
  // which no processor forwards.
  constexpr Nanos48& operator=(std::uint64_t nanoseconds) noexcept {
    high_ = static_cast<std::uint16_t>(nanoseconds >> 32);
    low_ = static_cast<std::uint32_t>(nanoseconds);
    return *this;
  }
  constexpr operator std::uint64_t() const noexcept { return value(); }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept {
    return (static_cast<std::uint64_t>(high_) << 32) | low_;
  }

 private:
  U16 high_;
  U32 low_;
};

// One letter that stands for a value of E. A letter without a name is still a value, and is kept.
template <typename E>
requires std::is_enum_v<E> && std::same_as < std::underlying_type_t<E>,
char > class Code {
 public:
  Code() = default;
  constexpr Code(E value) noexcept : letter_(static_cast<char>(value)) {}
  constexpr operator E() const noexcept { return value(); }
  [[nodiscard]] constexpr E value() const noexcept { return E{letter_}; }
  [[nodiscard]] constexpr char letter() const noexcept { return letter_; }

 private:
  char letter_;
};

// Text, left-justified and padded with spaces on the right. Blank until assigned.
template <std::size_t N>
class Alpha {
 public:
  constexpr Alpha() noexcept { chars_.fill(' '); }
  explicit constexpr Alpha(const std::array<char, N>& padded) noexcept : chars_(padded) {}
  template <std::size_t literal_size>
  requires(literal_size <= N + 1) consteval Alpha(const char (&text)[literal_size]) noexcept
      : Alpha() {
    std::copy_n(text, literal_size - 1, chars_.begin());
  }

  // False, and nothing changes, when the text is longer than the field.
  [[nodiscard]] constexpr bool assign(std::string_view text) noexcept {
    if (text.size() > N) return false;
    chars_.fill(' ');
    std::copy(text.begin(), text.end(), chars_.begin());
    return true;
  }

  // The text without its padding. It points into this object.
  [[nodiscard]] constexpr std::string_view view() const noexcept {
    const std::string_view all(chars_.data(), N);
    return all.substr(0, all.find_last_not_of(' ') + 1);  // npos + 1 is 0: blank.
  }
  [[nodiscard]] constexpr bool blank() const noexcept { return view().empty(); }
  [[nodiscard]] constexpr const std::array<char, N>& chars() const noexcept { return chars_; }

  friend constexpr bool operator==(const Alpha&, const Alpha&) = default;

 private:
  std::array<char, N> chars_;
};

// Text, right-justified and padded with spaces on the left (SoupBinTCP 3.00, section 2.2.2).
// Blank until assigned.
template <std::size_t N>
class RightAlpha {
 public:
  constexpr RightAlpha() noexcept { chars_.fill(' '); }
  explicit constexpr RightAlpha(const std::array<char, N>& padded) noexcept : chars_(padded) {}

  // False, and nothing changes, when the text is longer than the field.
  [[nodiscard]] constexpr bool assign(std::string_view text) noexcept {
    if (text.size() > N) return false;
    chars_.fill(' ');
    std::copy_backward(text.begin(), text.end(), chars_.end());
    return true;
  }

  // The text without padding on either side: some clients pad on the wrong one, and mean the same.
  [[nodiscard]] constexpr std::string_view view() const noexcept {
    const std::string_view all(chars_.data(), N);
    const std::size_t first = all.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return all.substr(first, all.find_last_not_of(' ') + 1 - first);
  }
  [[nodiscard]] constexpr bool blank() const noexcept { return view().empty(); }
  [[nodiscard]] constexpr const std::array<char, N>& chars() const noexcept { return chars_; }

  // Compares the bytes, padding included; view() compares the meaning.
  friend constexpr bool operator==(const RightAlpha&, const RightAlpha&) = default;

 private:
  std::array<char, N> chars_;
};

// An unsigned number in ASCII digits, right-justified, padded on the left with spaces.
template <std::size_t N>
class AsciiNumber {
 public:
  static constexpr std::size_t digits_max = 20;  // Of 2^64 − 1.

  constexpr AsciiNumber() noexcept { chars_.fill(' '); }
  constexpr AsciiNumber(std::uint64_t number) noexcept requires(N >= digits_max) {
    static_cast<void>(assign(number));  // It fits whatever it is.
  }

  // False, and the field is blank, when the number has more than N digits.
  [[nodiscard]] constexpr bool assign(std::uint64_t number) noexcept {
    chars_.fill(' ');
    for (std::size_t place = N; place > 0; --place) {
      chars_[place - 1] = static_cast<char>('0' + number % 10);
      number /= 10;
      if (number == 0) return true;
    }
    chars_.fill(' ');
    return false;
  }

  // Nothing when the field is blank, has anything but spaces before digits, or passes 2^64 − 1.
  // Leading zeros are taken as padding.
  [[nodiscard]] constexpr std::optional<std::uint64_t> value() const noexcept {
    std::size_t place = 0;
    while (place < N && chars_[place] == ' ') ++place;
    if (place == N) return std::nullopt;
    std::uint64_t number = 0;
    for (; place < N; ++place) {
      if (chars_[place] < '0' || chars_[place] > '9') return std::nullopt;
      const auto digit = static_cast<std::uint64_t>(chars_[place] - '0');
      if (__builtin_mul_overflow(number, std::uint64_t{10}, &number)) return std::nullopt;
      if (__builtin_add_overflow(number, digit, &number)) return std::nullopt;
    }
    return number;
  }
  [[nodiscard]] constexpr const std::array<char, N>& chars() const noexcept { return chars_; }

  friend constexpr bool operator==(const AsciiNumber&, const AsciiNumber&) = default;

 private:
  std::array<char, N> chars_;
};

// What may be laid over bytes.
template <typename T>
concept Overlay = std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T> &&
                  alignof(T) == 1;

// A message knows its type byte, which is its first, and sets it in every object that is made.
template <typename M>
concept Message = Overlay<M> && requires {
  { M::type } -> std::convertible_to<char>;
};

static_assert(Overlay<U16> && sizeof(U16) == 2 && Overlay<U32> && sizeof(U32) == 4);
static_assert(Overlay<U64> && sizeof(U64) == 8 && Overlay<I32> && sizeof(I32) == 4);
static_assert(Overlay<U128> && sizeof(U128) == 16 && Overlay<Opaque<16>>);
static_assert(sizeof(Opaque<16>) == 16);
static_assert(Overlay<Nanos48> && sizeof(Nanos48) == 6);
static_assert(Overlay<Alpha<8>> && sizeof(Alpha<8>) == 8);
static_assert(Overlay<RightAlpha<10>> && sizeof(RightAlpha<10>) == 10);
static_assert(Overlay<AsciiNumber<20>> && sizeof(AsciiNumber<20>) == 20);

// The T that lies at `at`, where at least sizeof(T) bytes are readable.
template <Overlay T>
[[nodiscard]] const T& overlay(const std::byte* at) noexcept {
  return *std::launder(reinterpret_cast<const T*>(at));
}

// A new message at the front of `out`: its type is set, numbers are zero, text is blank. The caller
// fills in the rest. nullptr, and nothing is written, when there is no room.
template <Message M>
[[nodiscard]] M* emplace(std::span<std::byte> out) noexcept {
  return out.size() < sizeof(M) ? nullptr : ::new (static_cast<void*>(out.data())) M{};
}

}  // namespace basalt::wire
