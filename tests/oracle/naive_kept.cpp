// The judge's orders that wait for their auction: a list in the order in which they came.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "tests/oracle/naive_book.h"

namespace basalt::oracle {
namespace {

constexpr std::int64_t resting_max = std::int64_t{1} << 62;  // On one side, that wait.

}  // namespace

// While some of its kind still wait, it goes behind them.
bool NaiveBook::comes_early(const Order& order) const {
  if (!may_wait(order)) return false;
  return phase_ != auction_of(order) ||
         std::any_of(kept_.begin(), kept_.end(),
                     [&](const Order& o) { return o.life == order.life; });
}

std::string NaiveBook::refusal_to_keep(const Order& order, std::int64_t freed) const {
  if (order.min > 0) return "auction";
  std::int64_t waiting = -freed;
  for (const Order& other : kept_) {
    if (other.buy == order.buy) waiting += other.open;
  }
  if (order.open > resting_max - waiting) return "full";
  return shows_too_often(order) ? "display" : "";
}

NaiveBook::Level::const_iterator NaiveBook::kept(std::uint32_t id) const {
  return std::find_if(kept_.begin(), kept_.end(), [id](const Order& o) { return o.id == id; });
}

// Those that are for the auction that is on. False: nothing came of it.
bool NaiveBook::let_in_some(std::int64_t& most) {
  if (uncrossing_ || expiring_) return false;
  bool told = false;
  for (; most > 0; --most) {
    const auto next = std::find_if(kept_.begin(), kept_.end(),
                                   [this](const Order& o) { return auction_of(o) == phase_; });
    if (next == kept_.end()) break;
    Order order = remove(next->id);
    order = priced(order);
    if (const std::string why = refusal(order, 0); !why.empty()) {
      out_ << "canceled " << order.id << ' ' << order.open << ' '
           << (why == "would-cross" ? why : "system") << '\n';
    } else {
      take_and_rest(order);
    }
    told = true;
  }
  return told;
}

bool NaiveBook::let_in_all() {
  std::int64_t all = std::numeric_limits<std::int64_t>::max();
  return let_in_some(all);
}

}  // namespace basalt::oracle
