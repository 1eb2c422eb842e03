// The judge's bands: every trade is kept with its time, and each Tick looks through all of them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/oracle/naive_book.h"

namespace basalt::oracle {
namespace {

constexpr std::int64_t nanos_a_ms = 1'000'000;
constexpr std::int64_t half_minute = 30'000 * nanos_a_ms;
constexpr std::int64_t half_minutes = 10;  // The window: the present one, and those before it.

}  // namespace

// The same again changes nothing.
void NaiveBook::set_bands(std::int64_t ppm, std::int64_t limit_state, std::int64_t pause) {
  limit_state_ms_ = limit_state;
  pause_ms_ = pause;
  if (ppm == band_ppm_) return;
  band_ppm_ = ppm;
  band_trades_.clear();
  take_band(ppm > 0 ? reference_ : 0, -half_minute);
  if (!gathers_) open_band(0);
}

void NaiveBook::take_band(std::int64_t reference, std::int64_t since) {
  band_reference_ = reference;
  band_since_ = since;
  move_collar();
}

NaiveBook::Band NaiveBook::band_around(std::int64_t reference) const {
  const std::int64_t width = std::max<std::int64_t>(reference * band_ppm_ / 1'000'000, 1);
  return {reference - width, reference + width};
}

// A buyer asks for no more than the upper band, a seller for no less than the lower one.
void NaiveBook::keep_within_band(Order& order) const {
  if (band_ppm_ == 0 || band_reference_ == 0 || gathers_) return;
  const Band band = band_around(band_reference_);
  order.price = order.buy ? std::min(order.price, band.high) : std::max(order.price, band.low);
}

// Once for each order that has traded, at its last price.
void NaiveBook::note_trade() {
  if (band_ppm_ > 0) band_trades_.emplace_back(now_, last_trade_);
  move_collar();
}

// What has traded in an auction is all that counts behind it.
void NaiveBook::restart_band(std::int64_t price) {
  if (band_ppm_ == 0) return;
  band_trades_.assign(1, {now_, price});
  take_band(price, now_);
}

// Who stands beyond a band when trading opens is the new reference.
void NaiveBook::open_band(std::int64_t now) {
  if (band_ppm_ == 0 || band_reference_ == 0) return;
  const Band band = band_around(band_reference_);
  if (!bids_.empty() && bids_.begin()->second.front().price > band.high) {
    take_band(bids_.begin()->second.front().price, now);
  } else if (!asks_.empty() && asks_.begin()->second.front().price < band.low) {
    take_band(asks_.begin()->second.front().price, now);
  }
}

std::string NaiveBook::at_band() const {
  if (band_reference_ == 0) return "none";
  const Band band = band_around(band_reference_);
  if (best_shown(true) == band.high) return "buy";
  if (best_shown(false) == band.low) return "sell";
  return "none";
}

// A new reference that is due, and that leaves nobody beyond his band.
void NaiveBook::renew_band() {
  std::int64_t sum = 0;
  std::int64_t count = 0;
  for (const auto& [time, price] : band_trades_) {
    if (time / half_minute <= now_ / half_minute - half_minutes) continue;
    sum += price;
    ++count;
  }
  if (count == 0) return;
  const std::int64_t mean = sum / count;
  if (band_reference_ != 0) {
    if (now_ - band_since_ < half_minute) return;
    if (100 * std::abs(mean - band_reference_) < band_reference_) return;
  }
  const Band band = band_around(mean);
  if (!bids_.empty() && bids_.begin()->second.front().price > band.high) return;
  if (!asks_.empty() && asks_.begin()->second.front().price < band.low) return;
  take_band(mean, now_);
}

void NaiveBook::tick_band() {
  if (at_band() == "none") renew_band();
  if (band_reference_ != band_told_) {
    band_told_ = band_reference_;
    const Band band = band_around(band_reference_);
    out_ << "band " << band.low << ' ' << band.high << '\n';
  }
  if (at_band() != limit_state_) {
    limit_state_ = at_band();
    limit_since_ = now_;
    out_ << "limit-state " << limit_state_ << '\n';
  }
  if (limit_state_ == "none" || now_ - limit_since_ < limit_state_ms_ * nanos_a_ms) return;
  set_phase("halted");
  deadline_ = now_ + pause_ms_ * nanos_a_ms;
  reopening_ = volatility_ * nanos_a_ms;
  auction_ = "volatility";
  gathers_ = true;
  paused_ = true;
}

}  // namespace basalt::oracle
