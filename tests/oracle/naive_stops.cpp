// The judge's stops: a list in the order in which they began to wait, looked through each time.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

#include "tests/oracle/naive_book.h"

namespace basalt::oracle {
namespace {

constexpr std::int64_t resting_max = std::int64_t{1} << 62;  // On one side, that wait.
constexpr std::int64_t price_max = (std::int64_t{1} << 36) - 1;
constexpr std::int64_t trailing_max = 256;

}  // namespace

// False: it names no stop price, and there is none so far behind the last trade.
bool NaiveBook::begins_to_trail(Order& order) const {
  if (!order.trail || order.stop != 0) return true;
  if (last_trade_ == 0) return false;
  order.stop = last_trade_ + (order.buy ? *order.trail : -*order.trail);
  return order.stop >= 1 && order.stop <= price_max;
}

// Each that is further behind the last trade than it may be moves, and waits there behind others.
void NaiveBook::follow_market() {
  Level moved;
  for (auto stop = stops_.begin(); stop != stops_.end();) {
    const auto next = std::next(stop);
    if (stop->trail) {
      const std::int64_t price = last_trade_ + (stop->buy ? *stop->trail : -*stop->trail);
      if (stop->buy ? price < stop->stop : price > stop->stop) {
        stop->stop = price;
        moved.splice(moved.end(), stops_, stop);
      }
    }
    stop = next;
  }
  stops_.splice(stops_.end(), moved);
}

std::string NaiveBook::refusal_to_wait(const Order& order, std::int64_t freed) const {
  std::int64_t waiting = -freed;
  for (const Order& other : stops_) {
    if (other.buy == order.buy) waiting += other.open;
  }
  if (order.open > resting_max - waiting) return "full";
  const auto trails = [](const Order& other) { return other.trail.has_value(); };
  const bool is_new = freed == 0;
  const bool too_many = std::count_if(stops_.begin(), stops_.end(), trails) >= trailing_max;
  if (order.trail && is_new && too_many) return "full";
  return shows_too_often(order) ? "display" : "";
}

bool NaiveBook::reached(const Order& stop) const {
  if (last_trade_ == 0) return false;
  return stop.buy ? last_trade_ >= stop.stop : last_trade_ <= stop.stop;
}

void NaiveBook::wait(const Order& order) {
  stops_.push_back(order);
  link(stops_.back());
}

// One by one: of those that any trade of this command has reached, those of the incoming order's
// side first, then the nearest stop price, then the one that has waited longest. Until one of them
// starts an auction.
void NaiveBook::trigger_stops(bool incoming_buys) {
  while (!trades_.empty() && !gathers_) {
    const auto [low, high] = std::minmax_element(trades_.begin(), trades_.end());
    auto next = stops_.end();
    for (const bool buy : {incoming_buys, !incoming_buys}) {
      for (auto stop = stops_.begin(); stop != stops_.end(); ++stop) {
        if (stop->buy != buy || (buy ? stop->stop > *high : stop->stop < *low)) continue;
        const bool nearer =
            next == stops_.end() || (buy ? stop->stop < next->stop : stop->stop > next->stop);
        if (nearer) next = stop;
      }
      if (next != stops_.end()) break;
    }
    if (next == stops_.end()) break;
    Order order = priced(remove(next->id));
    out_ << "triggered " << order.id << '\n';
    part(order);
    if (const std::string why = refusal(order, 0); !why.empty()) {
      out_ << "canceled " << order.id << ' ' << order.open << ' '
           << (why == "would-cross" || why == "collar" ? why : "system") << '\n';
    } else {
      take_and_rest(order);
    }
    cancel_partners();
  }
  if (!trades_.empty() && !gathers_) follow_market();
  trades_.clear();
}

NaiveBook::Level::const_iterator NaiveBook::waiting(std::uint32_t id) const {
  return std::find_if(stops_.begin(), stops_.end(), [id](const Order& o) { return o.id == id; });
}

}  // namespace basalt::oracle
