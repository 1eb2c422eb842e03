// The judge's pegs: a list for each side, priced whenever somebody asks.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/oracle/naive_book.h"

namespace basalt::oracle {
namespace {

constexpr std::int64_t price_max = (std::int64_t{1} << 36) - 1;
constexpr std::int64_t resting_max = std::int64_t{1} << 62;
constexpr std::size_t pegs_max = 128;  // On one side.

}  // namespace

std::optional<std::int64_t> NaiveBook::best_shown(bool buy) const {
  for (const auto& [rank, level] : side(buy)) {
    if (!level.front().hidden) return level.front().price;
  }
  return {};
}

// Nothing: it has none now.
std::optional<std::int64_t> NaiveBook::price_of_peg(const Order& peg) const {
  if (phase_ != "open" || gathers_) return {};
  const auto own = best_shown(peg.buy);
  const auto other = best_shown(!peg.buy);
  if (!own || (peg.peg == "mid" && !other)) return {};
  std::int64_t price = peg.buy ? *own - peg.offset : *own + peg.offset;
  if (peg.peg == "mid") {
    price = (*own + *other) / 2;
    if (!peg.buy && (*own + *other) % 2 != 0) ++price;
  }
  price = peg.buy ? std::min(price, peg.price) : std::max(price, peg.price);
  if (price < 1 || price > price_max || !within_collar(price)) return {};
  return price;
}

// Best first, at one price the oldest first.
std::vector<NaiveBook::Peg> NaiveBook::priced_pegs(bool buy) const {
  std::vector<Peg> found;
  for (const Order& peg : pegs(buy)) {
    if (const auto price = price_of_peg(peg)) found.push_back({*price, peg.id});
  }
  std::stable_sort(found.begin(), found.end(), [buy](const Peg& a, const Peg& b) {
    return buy ? a.price > b.price : a.price < b.price;
  });
  return found;
}

// Shown or not, pegged or not.
std::optional<std::int64_t> NaiveBook::best_to_take(bool buy, const std::vector<Peg>& pegs) const {
  std::optional<std::int64_t> best;
  if (!side(buy).empty()) best = side(buy).begin()->second.front().price;
  if (pegs.empty()) return best;
  const std::int64_t peg = pegs.front().price;
  if (!best) return peg;
  return buy ? std::max(*best, peg) : std::min(*best, peg);
}

std::string NaiveBook::refusal_of_peg(const Order& order, std::int64_t freed) const {
  const bool at_once = order.life == "ioc" || order.life == "fok";
  if (gathers_ && (at_once || order.min > 0)) return "auction";
  const auto price = price_of_peg(order);
  const auto best = best_to_take(!order.buy, priced_pegs(!order.buy));
  if (order.post && price && best && (order.buy ? *best <= *price : *best >= *price)) {
    return "would-cross";
  }
  if (!gathers_ && at_once) return "";
  if (freed == 0 && pegs(order.buy).size() == pegs_max) return "full";
  return order.open > resting_max - (resting(order.buy) - freed) ? "full" : "";
}

// The pegs to buy, then those to sell, the best first: each takes what it meets.
void NaiveBook::pair_pegs() {
  std::int64_t paired = 0;
  for (const bool buy : {true, false}) {
    std::vector<Peg> others = priced_pegs(!buy);
    for (const Peg& peg : priced_pegs(buy)) {
      if (live_[peg.id]->post) continue;
      if (paired == slice_max_ || !pair_peg(peg, others)) break;
      ++paired;
    }
  }
  cancel_partners();
  trigger_stops(true);
}

// False: it meets nobody.
bool NaiveBook::pair_peg(const Peg& peg, std::vector<Peg>& others) {
  std::erase_if(others, [this](const Peg& other) { return !live_.contains(other.id); });
  Order taker = *live_[peg.id];
  const std::int64_t limit = taker.price;
  taker.price = peg.price;
  const auto best = best_to_take(!taker.buy, others);
  if (!best || !reaches(taker, *best) || (guarded() && !within_collar(*best))) return false;
  const Taken taken = take(taker, others);
  if (taken.traded) {
    part(taker);
  } else {
    taker.partner = live_[peg.id]->partner;  // Prevention may have ended it.
  }
  taker.price = limit;
  const bool canceled = taken.prevented && taker.open > 0;
  if (canceled) out_ << "canceled " << taker.id << ' ' << taker.open << " self-match\n";
  *live_[peg.id] = taker;
  if (taker.open == 0 || canceled) remove(taker.id);
  return true;
}

}  // namespace basalt::oracle
