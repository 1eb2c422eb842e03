#include "engine/matching/bands.h"

#include <algorithm>

#include "engine/assert.h"

namespace basalt::matching {
namespace {

// Of what was defined: as if that had been long ago.
constexpr Nanos long_ago = -Bands::kept_least;

}  // namespace

void Bands::define(std::uint32_t ppm, Price reference) noexcept {
  if (ppm == ppm_) return;
  ppm_ = ppm;
  reference_ = no_price;
  range_ = {};
  since_ = long_ago;
  forget();
  if (ppm > 0 && reference != no_price) move(reference, long_ago);
}

void Bands::note(Price price, Nanos now) noexcept {
  BASALT_ASSERT(price > no_price);
  pass(now);
  Bucket& latest = bucket(latest_);
  latest.sum += price.value;
  ++latest.count;
  sum_ += price.value;
  ++count_;
}

Price Bands::due(Nanos now) noexcept {
  pass(now);
  if (count_ == 0) return no_price;
  const Price mean{static_cast<std::int64_t>(sum_ / count_)};
  if (reference_ == no_price) return mean;
  if (now < since_ + kept_least) return no_price;
  const std::int64_t difference =
      std::max(mean, reference_).value - std::min(mean, reference_).value;
  return difference * difference_least >= reference_.value ? mean : no_price;
}

void Bands::move(Price reference, Nanos now) noexcept {
  BASALT_ASSERT(ppm_ > 0);
  BASALT_ASSERT(reference > no_price);
  reference_ = reference;
  range_ = around(reference);
  since_ = now;
}

void Bands::restart(Price price, Nanos now) noexcept {
  forget();
  note(price, now);
  move(price, now);
}

void Bands::forget() noexcept {
  bucket_ = {};
  sum_ = 0;
  count_ = 0;
}

// What has left the window counts no more.
void Bands::pass(Nanos now) noexcept {
  const std::int64_t current = now.value / bucket_time.value;
  latest_ = std::max(latest_, current - buckets);
  while (latest_ < current) {
    Bucket& oldest = bucket(++latest_);
    sum_ -= oldest.sum;
    count_ -= oldest.count;
    oldest = {};
  }
}

void Bands::add_to_hash(StateHash& hash) const {
  hash.add(reference_);
  hash.add(since_);
  hash.add(latest_);
  for (const Bucket& each : bucket_) {
    hash.add(each.sum);
    hash.add(each.count);
  }
}

void Bands::assert_invariants() const {
  int128 sum = 0;
  std::int64_t count = 0;
  for (const Bucket& each : bucket_) {
    sum += each.sum;
    count += each.count;
  }
  BASALT_ASSERT(sum == sum_ && count == count_);  // B1
  const bool between = low() < reference_ && reference_ < high();
  const bool none = low() == no_price && high() == limits::price_max;
  BASALT_ASSERT(reference_ == no_price ? none : between);  // B2
}

}  // namespace basalt::matching
