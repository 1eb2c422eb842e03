// Reserves: what an order shows at a time, and what comes behind that.
#include <algorithm>

#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {
namespace {

// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): of
// the numbers that a seed gives, the one behind `before` others. So a count is all its state.
constexpr std::uint64_t split_mix(std::uint64_t seed, std::uint64_t before) noexcept {
  std::uint64_t z = seed + (before + 1) * 0x9E37'79B9'7F4A'7C15;
  z = (z ^ z >> 30) * 0xBF58'476D'1CE4'E5B9;
  z = (z ^ z >> 27) * 0x94D0'49BB'1331'11EB;
  return z ^ z >> 31;
}
static_assert(split_mix(0, 0) == 0xE220'A839'7B1D'CDAF);
static_assert(split_mix(0, 1) == 0x6E78'9E6A'A1B9'65F4);

}  // namespace

// The order is the first of its level, which match() is taking from: those before it are gone, and
// the level learns of its new first when match() is done with it.
Link OrderBook::show_anew(const Order& command, std::uint32_t slot, Quantity filled,
                          BookMemory& memory, EventOutlet& out) noexcept {
  RestingOrder& order = memory.order(slot);
  Details& details = memory.details(slot);
  const Link next = order.links.next;
  if (details.partner != no_order) memory.give_up_partner(slot);
  if (details.reserve == Quantity{0}) {
    BASALT_REACHED("an order with details fills whole");
    give_details(slot, memory);
    order.generation = 0;  // I4
    return next;
  }
  memory.add_executed(slot, filled);
  const Quantity shown = std::min(next_part(details), details.reserve);
  memory.lower_reserve(slot, shown);
  not_shown_[order.side()] -= shown;
  levels_[order.side()].add(shown);
  order.raise(shown);
  Level& level = memory.level(order.level);
  level.quantity += shown;
  emit(command, EventKind::restated, order_id(slot, order.generation), order.side(),
       order.account(), order.price(), shown, memory.open(slot), 0, out);
  const Link own = memory.link_of(slot);
  const Link youngest = level.links.previous;
  if (youngest == own) {
    BASALT_REACHED("a reserve order alone at its price shows anew");
    return own;
  }
  BASALT_REACHED("a reserve order goes to the back");
  memory.links(youngest).next = own;
  order.links = {order.level, youngest};
  level.links.previous = own;
  return next;
}

// Every size from display - random to display + random is as likely, to one part in 2^31.
Quantity OrderBook::next_part(const Details& details) noexcept {
  if (details.random == 0) return details.display;
  BASALT_REACHED("a reserve order shows a part of a random size");
  const std::uint64_t sizes = 2 * std::uint64_t{details.random} + 1;
  const std::uint64_t drawn = split_mix(rules_.reserve_seed, parts_drawn_++) % sizes;
  return {details.display.value - details.random + static_cast<std::int64_t>(drawn)};
}

}  // namespace basalt::matching
