// Whom an order meets in the judge's book, and what becomes of both.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "tests/oracle/naive_book.h"

namespace basalt::oracle {

// An account of which nothing else was said is of no firm but itself.
bool NaiveBook::own(const Order& taker, const Order& maker) const {
  if (taker.stp.empty() || taker.account == 0) return false;
  if (taker.account == maker.account) return true;
  const auto one = firms_.find(taker.account);
  const auto other = firms_.find(maker.account);
  return taker.by_firm && one != firms_.end() && other != firms_.end() &&
         one->second == other->second;
}

// How much of the other side the order could take, but no more than it wants. Where it would have
// to lose something to an order of its own account, it gets no further.
std::int64_t NaiveBook::reachable(const Order& taker) const {
  std::list<std::pair<std::int64_t, Order>> makers;
  for (const auto& [rank, level] : side(!taker.buy)) {
    for (const Order& maker : level) makers.emplace_back(maker.price, maker);
  }
  for (const Peg& peg : priced_pegs(!taker.buy)) makers.emplace_back(peg.price, *live_.at(peg.id));
  makers.sort([&](const auto& a, const auto& b) {
    return taker.buy ? a.first < b.first : a.first > b.first;
  });
  std::int64_t found = 0;
  std::int64_t left = taker.open;
  for (auto at = makers.begin(); at != makers.end() && left > 0; ++at) {
    const std::int64_t price = at->first;
    const Order& maker = at->second;
    if (!reaches(taker, price)) break;
    if (guarded() && !within_collar(price)) break;
    if (own(taker, maker) && taker.stp == "oldest") continue;
    if (own(taker, maker) && taker.stp != "decrement") break;
    if (own(taker, maker)) {
      left -= std::min(left, maker.open + maker.reserve);
      continue;
    }
    const std::int64_t traded = std::min(left, maker.open);
    found += traded;
    left -= traded;
    if (maker.reserve == 0) continue;
    // The next part goes behind all that is shown at its price.
    Order next = maker;
    next.open = std::min(next.display, next.reserve);
    next.reserve -= next.open;
    const auto place = std::find_if(std::next(at), makers.end(), [&](const auto& other) {
      return other.first != price || other.second.hidden;
    });
    makers.emplace(place, price, next);
  }
  return found;
}

// From the best of the other side, until there is nothing left or nobody to meet. Its pegs keep the
// prices that they came with.
NaiveBook::Taken NaiveBook::take(Order& order, std::vector<Peg> others) {
  auto& levels = side(!order.buy);
  Taken taken;
  while (order.open > 0) {
    std::erase_if(others, [this](const Peg& peg) { return !live_.contains(peg.id); });
    const bool is_peg = !others.empty() &&
                        (levels.empty() || (order.buy ? others[0].price < levels.begin()->first
                                                      : others[0].price > -levels.begin()->first));
    if (!is_peg && levels.empty()) break;
    Order& maker = is_peg ? *live_[others[0].id] : levels.begin()->second.front();
    const std::int64_t price = is_peg ? others[0].price : maker.price;
    if (!reaches(order, price)) break;
    taken.too_far = guarded() && !within_collar(price);
    if (taken.too_far) break;
    if (own(order, maker)) {
      if (prevents(order, maker)) continue;
      taken.prevented = true;
      break;
    }
    trade(order, maker, price);
    taken.traded = true;
  }
  if (taken.traded) note_trade();
  return taken;
}

// With the best of the other side.
void NaiveBook::trade(Order& taker, Order& maker, std::int64_t price) {
  const std::int64_t quantity = std::min(taker.open, maker.open);
  out_ << "fill " << taker.id << ' ' << maker.id << ' ' << quantity << '@' << price << '\n';
  last_trade_ = price;
  trades_.push_back(price);
  taker.open -= quantity;
  taker.executed += quantity;
  count(maker, quantity);
  if (maker.peg.empty()) return lower_first(side(maker.buy).begin()->second, quantity);
  part(maker);
  maker.open -= quantity;
  maker.executed += quantity;
  if (maker.open == 0) remove(maker.id);
}

// Behind all that show something.
NaiveBook::Level::iterator NaiveBook::first_hidden(Level& level) {
  return std::find_if(level.begin(), level.end(), [](const Order& order) { return order.hidden; });
}

// An order meets one of its own account. True: it goes on.
bool NaiveBook::prevents(Order& taker, Order& maker) {
  const auto cancel_some = [this](Order& order, std::int64_t quantity) {
    out_ << "canceled " << order.id << ' ' << quantity << " self-match\n";
    take_away(order, quantity);
    order.executed += quantity;  // It counts in the total that the client intends.
  };
  const std::int64_t all = maker.open + maker.reserve;
  const std::int64_t smaller = std::min(taker.open, all);
  if (taker.stp != "newest") cancel_some(maker, taker.stp == "decrement" ? smaller : all);
  if (taker.stp == "decrement") cancel_some(taker, smaller);
  if (maker.open == 0) remove(maker.id);
  return taker.stp == "oldest" || (taker.stp == "decrement" && taker.open > 0);
}

}  // namespace basalt::oracle
