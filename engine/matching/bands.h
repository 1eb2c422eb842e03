// Limit-up/limit-down: between which prices one book may trade, and the mean that they are around.
//
//   an order has traded ─► note() ─► mean of the last five minutes ─► due(), with a Tick
//                                                                       └► move() ─► low(), high()
//
// Integers alone, and no time but that of commands: a replay has the same bands. Who asks whether a
// new reference fits the book, and what happens to orders, is order_book_bands.cpp.
//
// Invariants
//   B1  sum_ and count_ are those of the buckets, the latest of which is latest_.
//   B2  Where there is a reference, it lies between the bands; else every price does.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/limits.h"
#include "engine/state_hash.h"
#include "engine/types.h"

namespace basalt::matching {

// 36 and 27 bits: no overflow.
[[nodiscard]] constexpr Price width_of(Price middle, std::uint32_t ppm) noexcept {
  return {middle.value * ppm / 1'000'000};
}

class Bands {
 public:
  // The window is of the half minute that is under way, and so many before it.
  static constexpr Nanos bucket_time{30'000'000'000};
  static constexpr std::uint32_t buckets = 10;
  // A reference stays at least so long, and for a mean that differs by less than a hundredth of it.
  static constexpr Nanos kept_least = bucket_time;
  static constexpr std::int64_t difference_least = 100;

  // So many millionths of the reference to either side; 0: there are no bands. The same again
  // changes nothing. `reference`: until something trades; or no_price.
  void define(std::uint32_t ppm, Price reference) noexcept;

  [[nodiscard]] Price reference() const noexcept { return reference_; }
  [[nodiscard]] Price low() const noexcept { return range_.low; }
  [[nodiscard]] Price high() const noexcept { return range_.high; }
  struct Range {
    Price low = no_price;
    Price high = limits::price_max;
  };
  // A band is at least a tick away, or no other price would be left.
  [[nodiscard]] Range around(Price reference) const noexcept {
    const Price width = std::max(width_of(reference, ppm_), Price{1});
    return {reference - width, reference + width};
  }

  // One that has traded counts once, at the price of its last trade.
  void note(Price price, Nanos now) noexcept;
  // The mean, if it is to be the reference now; else no_price.
  [[nodiscard]] Price due(Nanos now) noexcept;
  void move(Price reference, Nanos now) noexcept;
  // An uncross is the only trade so far, and the reference.
  void restart(Price price, Nanos now) noexcept;

  void add_to_hash(StateHash& hash) const;
  void assert_invariants() const;

 private:
  struct Bucket {
    int128 sum = 0;
    std::int64_t count = 0;
  };
  [[nodiscard]] Bucket& bucket(std::int64_t number) noexcept {
    return bucket_[static_cast<std::uint64_t>(number) % buckets];
  }
  void forget() noexcept;
  void pass(Nanos now) noexcept;

  std::uint32_t ppm_ = 0;
  Price reference_ = no_price;
  Range range_;
  Nanos since_;  // When the reference was taken.
  int128 sum_ = 0;
  std::int64_t count_ = 0;
  std::int64_t latest_ = 0;
  std::array<Bucket, buckets> bucket_{};
};

}  // namespace basalt::matching
