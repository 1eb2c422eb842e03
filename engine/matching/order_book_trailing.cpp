// Stops that trail: their stop price follows the market, so far behind it, and never turns back.
//
//   a command has traded ─► stops that its trades have reached trigger, by the prices they had
//                              └─► follow_market(): the last trade moves what is further behind
//
// Behind the last trade means not reached by it: what moves does not trigger (I6).
#include "engine/limits.h"
#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

Price OrderBook::behind_market(Side side, std::uint32_t trail) const noexcept {
  const Price distance{std::int64_t{trail}};
  return side == Side::buy ? last_trade_ + distance : last_trade_ - distance;
}

// From the stop price that it names, or from where the market is. False: there is neither, or no
// price so far behind it.
bool OrderBook::begins_to_trail(Side side, Details& details) const noexcept {
  if (details.stop != no_price) return true;
  if (last_trade_ == no_price) return false;
  details.stop = behind_market(side, details.trail);
  return details.stop > no_price && details.stop <= rules_.price_max;
}

void OrderBook::list_trailing(std::uint32_t slot, BookMemory& memory) noexcept {
  BASALT_ASSERT(trailing_ < limits::trailing_max);  // I8
  ++trailing_;
  memory.details(slot).next = none;
  memory.details(slot).previous = trailing_last_;
  (trailing_last_ == none ? trailing_first_ : memory.details(trailing_last_).next) = slot;
  trailing_last_ = slot;
}

void OrderBook::unlist_trailing(std::uint32_t slot, BookMemory& memory) noexcept {
  --trailing_;
  const Details& own = memory.details(slot);
  (own.previous == none ? trailing_first_ : memory.details(own.previous).next) = own.next;
  (own.next == none ? trailing_last_ : memory.details(own.next).previous) = own.previous;
}

// Behind those that wait at its new price already.
void OrderBook::move_stop(std::uint32_t slot, Price stop, BookMemory& memory) noexcept {
  const RestingOrder& order = memory.order(slot);
  Details& details = memory.details(slot);
  const Incoming moved = Incoming::of(slot, memory);
  unlink_from(stops_[moved.side], stop_rank(moved.side, details.stop), slot, order, memory);
  details.stop = stop;
  link(stops_[moved.side], stop_rank(moved.side, stop), moved, moved.open, memory);
  unlist_trailing(slot, memory);
  list_trailing(slot, memory);
}

// By the last trade. A stop for whose new price there is no room stays until another trade.
void OrderBook::follow_market(BookMemory& memory) noexcept {
  std::uint32_t slot = trailing_first_;
  for (std::uint32_t left = trailing_; left > 0; --left) {
    const Details& details = memory.details(slot);
    const std::uint32_t next = details.next;
    const Side side = memory.order(slot).side();
    const Price stop = behind_market(side, details.trail);
    const bool nearer = side == Side::buy ? stop < details.stop : stop > details.stop;
    if (nearer && memory.has_room(Levels::inners_wanted)) {
      BASALT_REACHED("a stop follows the market");
      move_stop(slot, stop, memory);
    }
    slot = next;
  }
}

}  // namespace basalt::matching
