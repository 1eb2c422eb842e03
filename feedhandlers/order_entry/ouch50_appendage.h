// OUCH 5.0: the appendage, a run of optional elements behind a message.
//
//   element:  length (1 byte: of what follows) │ tag (1 byte) │ value
//   05 02 4C494D45 0C 12 ...                     e.g. length 5, tag 2 (firm), "LIME"
//
//   I1  An Appendage comes from parse() alone, and so is always well-formed: every element ends
//   within
//       it, known tags have values of their own length, and no tag comes twice.
//   I2  Neither reading nor writing ever touches a byte outside the span given.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "feedhandlers/big_endian.h"
#include "feedhandlers/order_entry/ouch50_codes.h"

namespace basalt::ouch50 {

struct Element {
  Tag tag;
  std::span<const std::byte> value;
};

enum class [[nodiscard]] AppendageError : std::uint8_t{
    none,
    malformed,    // An element without a tag, or one that runs over the end.
    value_size,   // A known tag whose value has not its length.
    tag_repeats,  // One tag twice: which of the two should count is anybody's guess.
};

class Appendage {
 public:
  class Iterator {
   public:
    Element operator*() const noexcept {
      return {Tag{static_cast<std::uint8_t>(at_[1])}, {at_ + 2, at_ + 1 + length()}};
    }
    Iterator& operator++() noexcept {
      at_ += 1 + length();
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    friend class Appendage;
    explicit Iterator(const std::byte* at) noexcept : at_(at) {}
    [[nodiscard]] std::size_t length() const noexcept { return static_cast<std::size_t>(*at_); }

    const std::byte* at_;
  };

  Appendage() = default;  // Empty.

  // Checks `bytes` and lays `appendage` over them; on an error it is left empty. O(elements).
  static AppendageError parse(std::span<const std::byte> bytes, Appendage& appendage) noexcept;

  [[nodiscard]] Iterator begin() const noexcept { return Iterator(bytes_.data()); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(bytes_.data() + bytes_.size()); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

  // The value of `tag`, over the bytes; nullptr when it is absent, or not of T's size.
  template <wire::Overlay T>
  [[nodiscard]] const T* find(Tag tag) const noexcept {
    for (const Element element : *this) {
      if (element.tag != tag) continue;
      return element.value.size() == sizeof(T) ? &wire::overlay<T>(element.value.data()) : nullptr;
    }
    return nullptr;
  }

 private:
  std::span<const std::byte> bytes_;
};

inline AppendageError Appendage::parse(std::span<const std::byte> bytes,
                                       Appendage& appendage) noexcept {
  appendage.bytes_ = {};
  std::bitset<256> seen;
  for (std::size_t at = 0; at < bytes.size();) {  // Bounded: every turn passes two bytes or more.
    const auto length = static_cast<std::size_t>(bytes[at]);
    if (length == 0 || length >= bytes.size() - at) return AppendageError::malformed;
    const auto tag = static_cast<std::uint8_t>(bytes[at + 1]);
    const std::size_t known = value_bytes(Tag{tag});
    if (known != 0 && known != length - 1) return AppendageError::value_size;
    if (seen[tag]) return AppendageError::tag_repeats;
    seen[tag] = true;
    at += 1 + length;
  }
  appendage.bytes_ = bytes;
  return AppendageError::none;
}

// Writes elements into the caller's bytes, one behind the other.
class AppendageWriter {
 public:
  static constexpr std::size_t value_bytes_max = 254;     // Its length and the tag's share a byte.
  static constexpr std::size_t total_bytes_max = 65'535;  // The length before it has two bytes.

  explicit AppendageWriter(std::span<std::byte> out) noexcept
      : out_(out.first(out.size() < total_bytes_max ? out.size() : total_bytes_max)) {}

  // False, and nothing is written, when there is no room for the element.
  [[nodiscard]] bool add(Tag tag, std::span<const std::byte> value) noexcept {
    if (value.size() > value_bytes_max || out_.size() - size_ < 2 + value.size()) return false;
    out_[size_] = static_cast<std::byte>(1 + value.size());
    out_[size_ + 1] = static_cast<std::byte>(tag);
    if (!value.empty()) std::memcpy(&out_[size_ + 2], value.data(), value.size());
    size_ += 2 + value.size();
    return true;
  }
  template <wire::Overlay T>
  [[nodiscard]] bool add(Tag tag, const T& value) noexcept {
    return add(tag, std::as_bytes(std::span<const T, 1>(&value, 1)));
  }

  [[nodiscard]] std::size_t size_bytes() const noexcept { return size_; }

 private:
  std::span<std::byte> out_;
  std::size_t size_ = 0;
};

}  // namespace basalt::ouch50
