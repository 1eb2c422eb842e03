// What a book is in, for hashes and audits. Not for hot code.
#include "engine/matching/order_book.h"

namespace basalt::matching {

void OrderBook::add_to_hash(const BookMemory& memory, StateHash& hash) const {
  const auto add = [&](Side side, Price price, const Level& level) {
    memory.each_order(level, [&](std::uint32_t slot, const RestingOrder& order) {
      hash.add(index_of(rules_.instrument));
      hash.add(side);
      hash.add(price);
      hash.add(index_of(order.account()));
      hash.add(order.open());
      hash.add(memory.executed(slot));
      hash.add(order.time_in_force());
      hash.add(order.flags());
      if ((order.flags() & flag_instructed) == 0) return;
      const Details& details = memory.details(slot);
      hash.add(order.price());
      hash.add(details.display);
      hash.add(details.reserve);
      hash.add(details.min_quantity);
      hash.add(details.expiry);
    });
  };
  for (const Side side : {Side::buy, Side::sell}) {
    each_level(side, memory, [&](Price price, const Level& level) { add(side, price, level); });
  }
  for (const Side side : {Side::buy, Side::sell}) {
    each_stop_level(side, memory,
                    [&](Price price, const Level& level) { add(side, price, level); });
  }
  for (std::uint32_t slot = ending_first_; slot != none; slot = memory.details(slot).next) {
    hash.add(index_of(memory.order(slot).account()));
    hash.add(memory.order(slot).price());
    hash.add(memory.open(slot));
  }
  for (std::uint32_t number = guards_; number != no_guard; number = memory.guards()[number].next) {
    const Guard& guard = memory.guards()[number];
    hash.add(index_of(guard.account));
    hash.add(guard.limits.window);
    hash.add(guard.limits.quantity);
    hash.add(guard.limits.delta);
    hash.add(guard.limits.fills);
    hash.add(guard.asked_by);
    hash.add(guard.since);
    hash.add(guard.fills);
    hash.add(guard.traded[0]);
    hash.add(guard.traded[1]);
    hash.add(static_cast<std::uint8_t>(guard.withdrawn));
  }
  hash.add(last_trade_);
  hash.add(phase_);
  hash.add(static_cast<std::uint8_t>(gathers_));
  hash.add(static_cast<std::uint8_t>(uncrossing_));
  hash.add(static_cast<std::uint8_t>(expiring_));
  hash.add(deadline_);
  hash.add(static_cast<std::uint8_t>(extended_));
  hash.add(reopening_);
  hash.add(uncross_price_);
  hash.add(uncrossed_);
}

// Returns how many orders end with the auction, by their list.
std::uint32_t OrderBook::assert_ending(const BookMemory& memory) const {
  BASALT_ASSERT(gathers_ || ending_first_ == none);    // I7
  BASALT_ASSERT(!expiring_ || ending_first_ != none);  // I7
  std::uint32_t ending = 0;
  std::uint32_t previous = none;
  for (std::uint32_t slot = ending_first_; slot != none; slot = memory.details(slot).next) {
    BASALT_ASSERT(memory.details(slot).previous == previous);
    previous = slot;
    ++ending;
  }
  BASALT_ASSERT(previous == ending_last_);
  return ending;
}

std::uint32_t OrderBook::assert_invariants(const BookMemory& memory) const {
  BASALT_ASSERT(gathers_ || empty(Side::buy) || empty(Side::sell) ||
                best(Side::buy) < best(Side::sell));  // I1
  BASALT_ASSERT(gathers_ || !is_auction(phase_));
  BASALT_ASSERT(gathers_ || !uncrossing_);
  BASALT_ASSERT(deadline_ == Nanos{0} || phase_ == InstrumentState::volatility_auction ||
                phase_ == InstrumentState::halted);
  BASALT_ASSERT(!gathers_ || uncrossing_ || phase_ != InstrumentState::open);
  BASALT_ASSERT(uncrossing_ || (uncross_price_ == no_price && uncrossed_ == Quantity{0}));
  BASALT_ASSERT(trade_high_ == no_price && trade_low_ == no_low);
  std::uint32_t ending = assert_ending(memory);
  std::uint32_t orders = 0;
  std::uint32_t waiting = 0;
  for (const Side side : {Side::buy, Side::sell}) {
    Quantity hidden;
    const auto check_level = [&](const Level& level, bool waits, auto check_order) {
      Quantity sum;
      memory.each_order(level, [&](std::uint32_t slot, const RestingOrder& order) {
        BASALT_ASSERT(order.generation != 0);  // I4
        BASALT_ASSERT(order.open() > Quantity{0});
        BASALT_ASSERT(order.side() == side);
        BASALT_ASSERT(&memory.level(order.level) == &level);
        BASALT_ASSERT(memory.is_linked(slot));
        BASALT_ASSERT(memory.executed(slot) >= Quantity{0});
        const bool instructed = (order.flags() & flag_instructed) != 0;
        const bool ends = instructed && memory.details(slot).expiry != no_time;
        BASALT_ASSERT(ends == (order.time_in_force() == TimeInForce::gtd));
        BASALT_ASSERT(((order.flags() & flag_waiting) != 0) == waits);
        check_order(slot, order);
        sum += order.open();
        ++orders;
      });
      BASALT_ASSERT(sum > Quantity{0});  // I2
      BASALT_ASSERT(level.quantity == sum);
      return sum;
    };
    Quantity shown;
    each_level(side, memory, [&](Price price, const Level& level) {
      shown += check_level(level, false, [&](std::uint32_t slot, const RestingOrder& order) {
        BASALT_ASSERT(order.price() == price);
        const bool ends = ends_with_auction(order.time_in_force(), order.flags());
        ending -= ends;
        BASALT_ASSERT(!ends || (order.flags() & flag_instructed) != 0);  // I7
        if ((order.flags() & flag_instructed) == 0) return;
        const Details& details = memory.details(slot);
        BASALT_ASSERT(order.open() <= details.shown_of(order.open()));
        BASALT_ASSERT(details.stop == no_price);
        hidden += details.reserve;
      });
    });
    BASALT_ASSERT(levels(side).quantity() == shown);
    BASALT_ASSERT(reserve(side) == hidden);
    BASALT_ASSERT(shown + hidden <= limits::resting_max);  // I5
    Quantity stopped;
    each_stop_level(side, memory, [&](Price price, const Level& level) {
      stopped += check_level(level, true, [&](std::uint32_t slot, const RestingOrder& order) {
        BASALT_ASSERT((order.flags() & flag_instructed) != 0);
        BASALT_ASSERT(memory.details(slot).stop == price);
        BASALT_ASSERT(memory.details(slot).reserve == Quantity{0});
        BASALT_ASSERT(gathers_ || !reached(side, price));  // I6
        ++waiting;
      });
    });
    BASALT_ASSERT(stops(side).quantity() == stopped);
  }
  BASALT_ASSERT(stops_waiting_ == waiting);
  BASALT_ASSERT(ending == 0);  // I7
  return orders;
}

}  // namespace basalt::matching
