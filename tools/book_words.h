// The words of `basalt book`, on their way in and out (book_verb.h).
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "engine/command.h"
#include "engine/event.h"
#include "engine/limits.h"
#include "engine/reject.h"
#include "engine/types.h"

namespace basalt::tools::book_words {

// What is wrong with a line.
struct Unreadable {
  std::string what;
};

// Without the comment.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view text);

// These throw Unreadable.
template <typename Integer>
[[nodiscard]] Integer number(std::string_view word, std::string_view what) {
  Integer value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) {
    throw Unreadable{std::string(what) + " is not a number in range: " + std::string(word)};
  }
  return value;
}
[[nodiscard]] inline std::uint32_t id_of(std::string_view word) {
  return number<std::uint32_t>(word, "the id");
}
[[nodiscard]] inline Quantity quantity_of(std::string_view word) {
  return {number<std::int64_t>(word, "the quantity")};
}
// QTY@PRICE. "market" has no price.
struct Offer {
  Quantity quantity;
  std::optional<Price> price;
};
[[nodiscard]] Offer offer_of(std::string_view word);
// A time, in whatever unit the user means. What follows a time is still one.
inline constexpr Nanos last_time{std::int64_t{1} << 62};
[[nodiscard]] Nanos time_of(std::string_view word);
// Order::flags.
[[nodiscard]] std::uint16_t self_trade_flags_of(std::string_view word);
[[nodiscard]] InstrumentState phase_of(std::string_view word);
// What a word is about, for which there may be other words.
[[nodiscard]] std::string_view subject_of(std::string_view word) noexcept;
// Of one line: nothing is said twice, or it would not be clear what counts.
class Said {
 public:
  void add(std::string_view subject);

 private:
  std::vector<std::string_view> subjects_;
};
// Text from outside, as far as a terminal and a reader take it.
[[nodiscard]] std::string printable(std::string_view text);
// Nothing: the word is another instruction.
[[nodiscard]] std::optional<TimeInForce> time_in_force_of(std::string_view word) noexcept;

[[nodiscard]] constexpr bool valid(Quantity quantity) noexcept {
  return quantity > Quantity{0} && quantity <= limits::quantity_max;
}
[[nodiscard]] constexpr bool valid(Price price) noexcept {
  return price > no_price && price <= limits::price_max;
}

[[nodiscard]] std::string_view word_for(InstrumentState phase) noexcept;
[[nodiscard]] std::string_view word_for(LimitState state) noexcept;
[[nodiscard]] std::string_view word_for(Reject reject) noexcept;
[[nodiscard]] std::string_view word_for(CancelReason reason) noexcept;

}  // namespace basalt::tools::book_words
