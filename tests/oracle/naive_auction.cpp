// The judge's auctions: every price that could be the one is tried, and the best of them is taken.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/oracle/naive_book.h"

namespace basalt::oracle {
namespace {

constexpr std::int64_t price_max = (std::int64_t{1} << 36) - 1;
constexpr std::int64_t nanos_a_ms = 1'000'000;

// The words that tell an instrument's rules, and the most that each can be.
const std::map<std::string, std::int64_t> rules_known{
    {"collar", 1'000'000},       {"static", 1'000'000},        {"reference", price_max},
    {"band", 1'000'000},         {"limit-state", 0xFFFF'FFFF}, {"pause", 0xFFFF'FFFF},
    {"volatility", 0xFFFF'FFFF}, {"extension", 0xFFFF'FFFF},   {"seed", 0xFFFF'FFFF}};

}  // namespace

// False: cannot be read.
bool NaiveBook::set_rules(const std::vector<std::string>& words) {
  if (says_twice(words, 1)) return false;
  std::map<std::string, std::int64_t> said;
  // Where there are bands, these are what nobody need say.
  const auto defaults = [&] {
    said.try_emplace("limit-state", 15'000);
    said.try_emplace("pause", 300'000);
    said.try_emplace("volatility", 300'000);
  };
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    const std::string digits = equals == std::string::npos ? "" : words[i].substr(equals + 1);
    const auto most = rules_known.find(name);
    if (most == rules_known.end() || digits.empty() || digits.size() > 11) return false;
    if (digits.find_first_not_of("0123456789") != std::string::npos) return false;
    said[name] = std::stoll(digits);
    if (said[name] > most->second || (name == "reference" && said[name] == 0)) return false;
  }
  if (said["band"] > 0) {
    defaults();
    if (said["collar"] > 0 || said["static"] > 0) return false;
    if (said["pause"] == 0 || said["volatility"] == 0) return false;
  } else if (said["limit-state"] > 0 || said["pause"] > 0) {
    return false;
  }
  collar_ppm_ = said["collar"];
  static_ppm_ = said["static"];
  reference_ = said["reference"];
  volatility_ = said["volatility"];
  extension_ = said["extension"];
  seed_ = said["seed"];
  set_bands(said["band"], said["limit-state"], said["pause"]);
  move_collar();
  return true;
}

// Where the one around the last trade and the one around the latest uncross, or the reference
// before it, are both kept. Or the bands.
void NaiveBook::move_collar() {
  collar_low_ = 0;
  collar_high_ = price_max;
  if (band_ppm_ > 0 && band_reference_ != 0) {
    collar_low_ = band_around(band_reference_).low;
    collar_high_ = band_around(band_reference_).high;
    return;
  }
  const auto keep = [this](std::int64_t middle, std::int64_t ppm) {
    if (ppm == 0 || middle == 0) return;
    collar_low_ = std::max(collar_low_, middle - middle * ppm / 1'000'000);
    collar_high_ = std::min(collar_high_, middle + middle * ppm / 1'000'000);
  };
  keep(last_trade_, collar_ppm_);
  keep(auctioned_ != 0 ? auctioned_ : reference_, static_ppm_);
}

// The next trade would be beyond the collar.
void NaiveBook::interrupt() {
  out_ << "phase volatility\n";
  phase_ = "volatility";
  auction_ = phase_;
  gathers_ = true;
  indicated_ = "0@0 0 none";
  deadline_ = now_ + volatility_ * nanos_a_ms;
  extended_ = false;
}

// Of the whole market. What is closed, or halted without an end, stays so. False: cannot be read.
bool NaiveBook::halt(const std::vector<std::string>& words) {
  std::vector<std::int64_t> times;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].size() > 8 || words[i].find_first_not_of("0123456789") != std::string::npos) {
      return false;
    }
    times.push_back(std::stoll(words[i]));
    if (times.back() < 1 || times.back() > 86'400'000) return false;
  }
  if (times.size() != 0 && times.size() != 2) return false;
  if (phase_ == "closed" || (phase_ == "halted" && !deadline_)) return true;
  set_phase("halted");
  if (times.empty()) return true;
  deadline_ = now_ + times[0] * nanos_a_ms;
  reopening_ = times[1] * nanos_a_ms;
  return true;
}

// Behind a halt comes an auction. Once, one that would trade beyond its collar still lasts longer.
void NaiveBook::end_in_time() {
  if (phase_ == "halted") {
    const std::int64_t end = *deadline_ + reopening_;
    const bool paused = paused_;
    auction_.clear();  // The one before is over.
    set_phase("volatility");
    deadline_ = end;
    extended_ = !paused;
    return;
  }
  const std::int64_t price = prospect().price;
  if (!extended_ && extension_ > 0 && price != 0 && !within_collar(price)) {
    extended_ = true;
    *deadline_ += extension_ * nanos_a_ms;
    out_ << "extended\n";
    return;
  }
  set_phase("open");
}

void NaiveBook::set_phase(const std::string& phase) {
  out_ << "phase " << phase << '\n';
  deadline_.reset();
  paused_ = false;
  limit_state_ = "none";
  end_all();
  let_in_all();
  if (uncrossing_ && uncrossed_ > 0) tell_uncrossed();
  const bool closes = phase == "closed" && phase_ == "closing";
  uncrossing_ = closes || (phase == "open" && gathers_);
  phase_ = phase;
  // A halt only interrupts an auction. Any other phase ends it, once what trades has traded.
  if (!uncrossing_ && phase != "halted" && phase != auction_) expiring_ = !ending_.empty();
  if (is_auction(phase)) {
    gathers_ = true;
    auction_ = phase;
    indicated_ = "0@0 0 none";
  }
  uncross_some();
  std::int64_t left = slice_max_;
  if (expiring_ && !uncrossing_) end_some(left);
  let_in_some(left);
}

void NaiveBook::end_all() {
  std::int64_t all = std::numeric_limits<std::int64_t>::max();
  if (expiring_) end_some(all);
}

// Those that ended with the auction go, but no more than `most`. False: nothing came of it.
bool NaiveBook::end_some(std::int64_t& most) {
  bool told = false;
  for (; !ending_.empty() && most > 0; --most) {
    const Order order = remove(ending_.front());
    out_ << "canceled " << order.id << ' ' << order.open + order.reserve << " expired\n";
    told = true;
  }
  expiring_ = !ending_.empty();
  return told;
}

// Of all that live, in the market or waiting, those whose time has come: in the order of their
// times, and then as they came in.
void NaiveBook::expire() {
  std::vector<Order> due(stops_.begin(), stops_.end());
  for (const auto& [id, order] : live_) due.push_back(*order);
  std::erase_if(due, [&](const Order& o) { return o.life != "gtd" || o.expiry > now_; });
  std::sort(due.begin(), due.end(), [](const Order& a, const Order& b) {
    return a.expiry != b.expiry ? a.expiry < b.expiry : a.entered < b.entered;
  });
  std::int64_t told = 0;
  for (const Order& order : due) {
    if (told++ == slice_max_) return;
    remove(order.id);
    out_ << "canceled " << order.id << ' ' << order.open + order.reserve << " expired\n";
  }
}

void NaiveBook::uncross() {
  end_all();
  let_in_all();
  uncrossing_ = true;
  if (!uncross_some()) tell_uncrossed();
}

void NaiveBook::tick() {
  if (uncrossing_) {
    uncross_some();
    return;
  }
  std::int64_t left = slice_max_;
  if (expiring_) {
    end_some(left);
    return;
  }
  if (let_in_some(left)) return;
  if (deadline_ && now_ >= *deadline_) {
    end_in_time();
    return;
  }
  if (phase_ == "open" && band_ppm_ > 0) tick_band();
  if (phase_ == "open") {
    pair_pegs();
    return;
  }
  if (!is_auction(phase_)) return;
  const Prospect now = prospect();
  const std::string side = now.surplus > 0 ? "buy" : now.surplus < 0 ? "sell" : "none";
  const std::string text = std::to_string(now.quantity) + '@' + std::to_string(now.price) + ' ' +
                           std::to_string(std::abs(now.surplus)) + ' ' + side;
  if (text == indicated_) return;
  indicated_ = text;
  out_ << "indicative " << text << '\n';
}

// False: nothing came of it.
bool NaiveBook::uncross_some() {
  bool told = false;
  std::optional<std::uint32_t> taker;
  std::int64_t fills = 0;
  while (uncrossing_) {
    if (uncrossed_ == 0) uncross_price_ = prospect().price;
    if (uncross_price_ == 0) {
      cancel_partners();
      std::int64_t left = slice_max_ - fills;
      if (!is_auction(phase_)) told = end_some(left) || told;
      if (expiring_) return told;
      uncrossing_ = false;
      if (phase_ != "open") return told;
      gathers_ = false;
      open_band(now_);
      if (last_trade_ != 0) trades_.push_back(last_trade_);
      trigger_stops(true);
      return true;
    }
    while (!bids_.empty() && bids_.begin()->second.front().price >= uncross_price_ &&
           !asks_.empty() && asks_.begin()->second.front().price <= uncross_price_) {
      if (fills == slice_max_) {
        cancel_partners();
        return told;
      }
      ++fills;
      cross_once(taker);
      told = true;
    }
    tell_uncrossed();
    told = true;
  }
  return told;
}

void NaiveBook::tell_uncrossed() {
  out_ << "uncrossed " << uncrossed_ << '@' << uncross_price_ << '\n';
  if (uncrossed_ > 0) {
    auctioned_ = uncross_price_;
    restart_band(uncross_price_);
    move_collar();
  }
  uncross_price_ = 0;
  uncrossed_ = 0;
  indicated_ = "0@0 0 none";
}

// The first of the best on either side. Who is larger takes, as long as it stands there.
void NaiveBook::cross_once(std::optional<std::uint32_t>& taker) {
  Level& bids = bids_.begin()->second;
  Level& asks = asks_.begin()->second;
  const Order& buy = bids.front();
  const Order& sell = asks.front();
  if (taker != buy.id && taker != sell.id) taker = buy.open >= sell.open ? buy.id : sell.id;
  const std::int64_t quantity = std::min(buy.open, sell.open);
  out_ << "fill " << *taker << ' ' << (*taker == buy.id ? sell.id : buy.id) << ' ' << quantity
       << '@' << uncross_price_ << '\n';
  last_trade_ = uncross_price_;
  uncrossed_ += quantity;
  part_both(bids.front(), asks.front());
  lower_first(bids, quantity);
  lower_first(asks, quantity);
}

// What is not shown counts too.
NaiveBook::Prospect NaiveBook::at(std::int64_t price) const {
  std::int64_t bought = 0;
  std::int64_t sold = 0;
  for (const auto& [rank, level] : bids_) {
    for (const Order& order : level) {
      if (order.price >= price) bought += order.open + order.reserve;
    }
  }
  for (const auto& [rank, level] : asks_) {
    for (const Order& order : level) {
      if (order.price <= price) sold += order.open + order.reserve;
    }
  }
  return {price, std::min(bought, sold), bought - sold};
}

// Most, then least left over, then nearest to the last trade. What would trade changes only at the
// prices of orders, so the ends of any stretch of equal prices lie there or one beside.
NaiveBook::Prospect NaiveBook::prospect() const {
  std::set<std::int64_t> prices;
  for (const auto* side : {&bids_, &asks_}) {
    for (const auto& [rank, level] : *side) {
      for (const std::int64_t beside : {-1, 0, 1}) {
        const std::int64_t price = level.front().price + beside;
        if (price >= 1 && price <= price_max) prices.insert(price);
      }
    }
  }
  std::vector<Prospect> best;
  for (const std::int64_t price : prices) {
    const Prospect here = at(price);
    if (here.quantity == 0) continue;
    const auto better = [](const Prospect& a, const Prospect& b) {
      if (a.quantity != b.quantity) return a.quantity > b.quantity;
      return std::abs(a.surplus) < std::abs(b.surplus);
    };
    if (!best.empty() && better(here, best.front())) best.clear();
    if (best.empty() || !better(best.front(), here)) best.push_back(here);
  }
  if (best.empty()) return {};
  const std::int64_t low = best.front().price;
  const std::int64_t high = best.back().price;
  std::int64_t chosen = low + (high - low) / 2;
  const auto all = [&](auto holds) { return std::all_of(best.begin(), best.end(), holds); };
  const std::int64_t nearest_to = last_trade_ != 0 ? last_trade_ : reference_;
  if (nearest_to != 0) {
    chosen = std::clamp(nearest_to, low, high);
  } else if (all([](const Prospect& each) { return each.surplus > 0; })) {
    chosen = high;
  } else if (all([](const Prospect& each) { return each.surplus < 0; })) {
    chosen = low;
  }
  return at(chosen);
}

}  // namespace basalt::oracle
