// The judge's reserves: what an order shows, and what it keeps back.
#include <algorithm>
#include <cstdint>

#include "tests/oracle/naive_book.h"

namespace basalt::oracle {
namespace {

constexpr std::int64_t parts_max = 1000;  // A reserve order shows anew so often.

}  // namespace

// Even where each part is as small as it may be.
bool NaiveBook::shows_too_often(const Order& order) {
  if (order.display == 0 || order.open <= order.display) return false;
  const std::int64_t smallest = order.display - order.random;
  return (order.open - order.display + smallest - 1) / smallest > parts_max;
}

// The next number of SplitMix64, whose state begins as the seed, says which of the sizes it is.
std::int64_t NaiveBook::next_part(const Order& order) {
  if (order.random == 0) return order.display;
  auto state = static_cast<std::uint64_t>(seed_);
  ++drawn_;
  for (std::uint64_t i = 0; i < drawn_; ++i) state += 0x9e3779b97f4a7c15;
  std::uint64_t number = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  number ^= number >> 31;
  const auto sizes = static_cast<std::uint64_t>(2 * order.random + 1);
  return order.display - order.random + static_cast<std::int64_t>(number % sizes);
}

// What an order does not show goes first.
void NaiveBook::take_away(Order& order, std::int64_t quantity) {
  const std::int64_t hidden = std::min(order.reserve, quantity);
  order.reserve -= hidden;
  order.open -= quantity - hidden;
}

// The first of a level has traded. One that has shown all shows anew, at the back of what is shown.
void NaiveBook::lower_first(Level& level, std::int64_t quantity) {
  Order& order = level.front();
  part(order);
  order.open -= quantity;
  order.executed += quantity;
  if (order.open > 0) return;
  if (order.reserve == 0) {
    remove(order.id);
    return;
  }
  order.open = std::min(next_part(order), order.reserve);
  order.reserve -= order.open;
  level.splice(first_hidden(level), level, level.begin());
}

}  // namespace basalt::oracle
