#include "tests/integration/lobster_venue.h"

#include <algorithm>
#include <iterator>

namespace basalt::integration {

LobsterVenue::Day LobsterVenue::run(std::size_t rows) {
  for (int i = 0; i < 400; ++i) step();
  open_ = true;
  while (day_.messages.size() < rows) step();
  return day_;
}

void LobsterVenue::step() {
  const std::uint64_t kind = below(1000);
  if (kind < 480) return add();
  if (kind < 880) return take_from_one_order();
  if (kind < 985) return execute();
  if (kind < 998) return tell(5, 0, 1 + static_cast<std::int64_t>(below(300)), middle_, true, true);
  tell(7, 0, 0, 0, false, true);
}

void LobsterVenue::add() {
  if (below(20) == 0) middle_ += static_cast<std::int64_t>(below(7)) - 3;
  const bool buy = below(2) == 0;
  const auto distance = static_cast<std::int64_t>(1 + std::min(below(60), below(60)));
  const std::int64_t rank = buy ? -(middle_ - distance) : middle_ + distance;
  const Side& other = side_[buy ? 1 : 0];
  // What would cross is somebody's execution, and not an order.
  if (!other.empty() && rank <= -other.begin()->first) return;
  const auto size = static_cast<std::int64_t>(1 + below(5)) * 100;
  side_[buy ? 0 : 1][rank].push_back({++last_id_, size});
  tell(1, last_id_, size, rank, buy, is_shown(buy, rank));
}

// Cancels one order, or a part of it.
void LobsterVenue::take_from_one_order() {
  const bool buy = below(2) == 0;
  Side& side = side_[buy ? 0 : 1];
  if (side.empty()) return;
  const auto level = std::next(side.begin(), static_cast<std::ptrdiff_t>(below(side.size())));
  const std::int64_t rank = level->first;
  auto order =
      std::next(level->second.begin(), static_cast<std::ptrdiff_t>(below(level->second.size())));
  const bool shown = is_shown(buy, rank);
  const bool part = order->size > 1 && below(5) == 0;
  const std::int64_t size =
      part ? 1 + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(order->size - 1)))
           : order->size;
  const std::uint64_t id = order->id;
  order->size -= size;
  if (!part) level->second.erase(order);
  if (level->second.empty()) side.erase(level);
  tell(part ? 2 : 3, id, size, rank, buy, shown);
}

// Takes from the best, one row for each order that is met.
void LobsterVenue::execute() {
  const bool buy = below(2) == 0;
  Side& side = side_[buy ? 0 : 1];
  auto wanted = static_cast<std::int64_t>(1 + below(900));
  while (wanted > 0 && !side.empty()) {
    const auto level = side.begin();
    const std::int64_t rank = level->first;
    Order& order = level->second.front();
    const std::uint64_t id = order.id;
    const std::int64_t size = std::min(wanted, order.size);
    wanted -= size;
    order.size -= size;
    if (order.size == 0) level->second.pop_front();
    if (level->second.empty()) side.erase(level);
    tell(4, id, size, rank, buy, true);
  }
}

bool LobsterVenue::is_shown(bool buy, std::int64_t rank) const {
  const Side& side = side_[buy ? 0 : 1];
  const auto place = std::distance(side.begin(), side.lower_bound(rank));
  return static_cast<std::size_t>(place) < levels_;
}

void LobsterVenue::tell(int type, std::uint64_t id, std::int64_t size, std::int64_t rank, bool buy,
                        bool shown) {
  time_ += 1 + below(50'000'000);
  if (!open_ || !shown) return;
  std::string decimals = std::to_string(1'000'000'000 + time_ % 1'000'000'000);
  // A hidden order may rest between two ticks.
  const std::int64_t price = std::abs(rank) * 100 + (type == 5 ? 50 : 0);
  day_.messages.push_back(std::to_string(34'200 + time_ / 1'000'000'000) + '.' +
                          decimals.substr(1) + ',' + std::to_string(type) + ',' +
                          std::to_string(id) + ',' + std::to_string(size) + ',' +
                          std::to_string(price) + (buy ? ",1" : ",-1"));
  day_.books.push_back(book());
}

std::string LobsterVenue::book() const {
  std::string line;
  auto bid = side_[0].begin();
  auto ask = side_[1].begin();
  const auto level = [&](auto& at, const Side& side, const char* nothing) {
    if (at == side.end()) {
      line += std::string(nothing) + ",0,";
      return;
    }
    std::int64_t size = 0;
    for (const Order& order : at->second) size += order.size;
    line += std::to_string(std::abs(at->first) * 100) + ',' + std::to_string(size) + ',';
    ++at;
  };
  for (std::size_t i = 0; i < levels_; ++i) {
    level(ask, side_[1], "9999999999");
    level(bid, side_[0], "-9999999999");
  }
  line.pop_back();
  return line;
}

}  // namespace basalt::integration
