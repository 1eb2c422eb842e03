// What a book is in, for hashes and audits. Not for hot code.
#include "engine/matching/order_book-inl.h"
#include "engine/matching/order_book.h"

namespace basalt::matching {

namespace {

void add_order(std::uint32_t slot, const BookMemory& memory, StateHash& hash) {
  const RestingOrder& order = memory.order(slot);
  hash.add(index_of(order.account()));
  hash.add(order.open());
  hash.add(memory.executed(slot));
  hash.add(order.time_in_force());
  hash.add(order.flags());
  if ((order.flags() & flag_instructed) == 0) return;
  const Details& details = memory.details(slot);
  hash.add(order.price());
  hash.add(details.display);
  hash.add(details.random);
  hash.add(static_cast<std::uint8_t>(details.rests));
  hash.add(details.trail);
  hash.add(details.reserve);
  hash.add(details.min_quantity);
  hash.add(details.expiry);
  hash.add(static_cast<std::uint8_t>(details.hidden));
  hash.add(details.price_type);
  hash.add(details.peg_offset);
  if (details.partner == no_order) return;
  const RestingOrder& partner = memory.order(slot_of(details.partner));
  hash.add(partner.side());
  hash.add(partner.price());
  hash.add(memory.open(slot_of(details.partner)));
}

void add_guard(const Guard& guard, StateHash& hash) {
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

// The quantities of a level's orders together.
template <class CheckOrder>
Quantity assert_level(const Level& level, Side side, bool waits, const BookMemory& memory,
                      CheckOrder check_order) {
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
  });
  BASALT_ASSERT(sum > Quantity{0});  // I2
  BASALT_ASSERT(level.quantity == sum);
  return sum;
}

}  // namespace

void OrderBook::add_to_hash(const BookMemory& memory, StateHash& hash) const {
  add_orders_to_hash(memory, hash);
  add_lists_to_hash(memory, hash);
  hash.add(last_trade_);
  hash.add(auctioned_);
  hash.add(phase_);
  hash.add(static_cast<std::uint8_t>(gathers_));
  hash.add(static_cast<std::uint8_t>(uncrossing_));
  hash.add(static_cast<std::uint8_t>(expiring_));
  hash.add(deadline_);
  hash.add(static_cast<std::uint8_t>(extended_));
  hash.add(reopening_);
  hash.add(uncross_price_);
  hash.add(uncrossed_);
  hash.add(parts_drawn_);
  if (!has_bands()) return;
  bands_.add_to_hash(hash);
  hash.add(banded_);
  hash.add(limit_state_);
  hash.add(limit_since_);
  hash.add(static_cast<std::uint8_t>(paused_));
}

void OrderBook::add_orders_to_hash(const BookMemory& memory, StateHash& hash) const {
  for (const Side side : {Side::buy, Side::sell}) {
    const auto add = [&](Price price, const Level& level) {
      memory.each_order(level, [&](std::uint32_t slot, const RestingOrder&) {
        hash.add(index_of(rules_.instrument));
        hash.add(side);
        hash.add(price);
        add_order(slot, memory, hash);
      });
    };
    each_level(side, memory, add);
    each_hidden_level(side, memory, add);
    each_peg_level(side, memory, [&](const Level& level) { add(no_price, level); });
    each_stop_level(side, memory, add);
  }
}

// The order of each counts, and what stands in no level.
void OrderBook::add_lists_to_hash(const BookMemory& memory, StateHash& hash) const {
  for (std::uint32_t slot = ending_first_; slot != none; slot = memory.details(slot).next) {
    hash.add(index_of(memory.order(slot).account()));
    hash.add(memory.order(slot).price());
    hash.add(memory.open(slot));
  }
  for (std::uint32_t slot = trailing_first_; slot != none; slot = memory.details(slot).next) {
    hash.add(memory.order(slot).side());
    hash.add(memory.details(slot).stop);
    hash.add(memory.details(slot).trail);
  }
  for (const Kept& list : kept_for_) {
    for (std::uint32_t slot = list.first; slot != none; slot = memory.details(slot).next) {
      hash.add(memory.order(slot).side());
      hash.add(memory.order(slot).price());
      add_order(slot, memory, hash);
    }
  }
  for (std::uint32_t number = guards_; number != no_guard; number = memory.guards()[number].next) {
    add_guard(memory.guards()[number], hash);
  }
}

// Or collars.
void OrderBook::assert_bands() const {
  bands_.assert_invariants();
  if (!has_bands()) {
    BASALT_ASSERT(collar_low_ >= static_low_);
    BASALT_ASSERT(collar_high_ <= static_high_);
    return;
  }
  BASALT_ASSERT(!paused_ || phase_ == InstrumentState::halted);
  BASALT_ASSERT(limit_state_ == LimitState::none || phase_ == InstrumentState::open);
  BASALT_ASSERT(!traded_);
  BASALT_ASSERT(collar_low_ == bands_.low() && collar_high_ == bands_.high());
  if (gathers_) return;
  BASALT_ASSERT(!has_limits(Side::buy) || best_limit(Side::buy) <= collar_high_);   // I9
  BASALT_ASSERT(!has_limits(Side::sell) || best_limit(Side::sell) >= collar_low_);  // I9
}

// Returns how many orders wait for an auction.
std::uint32_t OrderBook::assert_kept(const BookMemory& memory) const {
  std::uint32_t orders = 0;
  BySide<Quantity> open;
  for (const Kept& list : kept_for_) {
    std::uint32_t previous = none;
    for (std::uint32_t slot = list.first; slot != none; slot = memory.details(slot).next) {
      const RestingOrder& order = memory.order(slot);
      BASALT_ASSERT(order.generation != 0);  // I4
      BASALT_ASSERT((order.flags() & flag_waiting) != 0);
      BASALT_ASSERT(waits_for_auction(order.time_in_force()));
      BASALT_ASSERT(&kept_for(auction_of(order.time_in_force())) == &list);  // I7
      assert_pair(slot, memory);
      BASALT_ASSERT(memory.details(slot).previous == previous);
      BASALT_ASSERT(memory.details(slot).stop == no_price);
      BASALT_ASSERT(memory.details(slot).reserve == Quantity{0});
      BASALT_ASSERT(order.open() > Quantity{0});
      open[order.side()] += order.open();
      previous = slot;
      ++orders;
    }
    BASALT_ASSERT(previous == list.last);
  }
  for (const Side side : {Side::buy, Side::sell}) {
    BASALT_ASSERT(open[side] == kept_[side]);
    BASALT_ASSERT(kept_[side] <= limits::resting_max);  // I5
  }
  return orders;
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

void OrderBook::assert_trailing(const BookMemory& memory) const {
  std::uint32_t listed = 0;
  std::uint32_t previous = none;
  for (std::uint32_t slot = trailing_first_; slot != none; slot = memory.details(slot).next) {
    const Details& details = memory.details(slot);
    BASALT_ASSERT((memory.order(slot).flags() & flag_waiting) != 0);  // I8
    BASALT_ASSERT(details.trail > 0);                                 // I8
    BASALT_ASSERT(details.previous == previous);
    previous = slot;
    ++listed;
  }
  BASALT_ASSERT(previous == trailing_last_);
  BASALT_ASSERT(listed == trailing_);  // I8
  BASALT_ASSERT(listed <= limits::trailing_max);
}

void OrderBook::assert_pair(std::uint32_t slot, const BookMemory& memory) {
  const OrderId partner = memory.details(slot).partner;
  if (partner == no_order) return;
  BASALT_ASSERT(memory.is_live(partner));  // M5
  const RestingOrder& own = memory.order(slot);
  const RestingOrder& other = memory.order(slot_of(partner));
  BASALT_ASSERT((other.flags() & flag_instructed) != 0);
  BASALT_ASSERT(memory.details(slot_of(partner)).partner == order_id(slot, own.generation));  // M5
  BASALT_ASSERT(other.account() == own.account());
  BASALT_ASSERT(memory.executed(slot) == memory.details(slot).executed);  // M5
}

void OrderBook::assert_phase() const {
  BASALT_ASSERT(gathers_ || !is_crossed());  // I1
  BASALT_ASSERT(gathers_ || !is_auction(phase_));
  BASALT_ASSERT(gathers_ || !uncrossing_);
  BASALT_ASSERT(deadline_ == Nanos{0} || phase_ == InstrumentState::volatility_auction ||
                phase_ == InstrumentState::halted);
  BASALT_ASSERT(!gathers_ || uncrossing_ || phase_ != InstrumentState::open);
  BASALT_ASSERT(uncrossing_ || (uncross_price_ == no_price && uncrossed_ == Quantity{0}));
  BASALT_ASSERT(trade_high_ == no_price && trade_low_ == no_low);
}

// Of an order that is no stop, in a level of this price; a peg is in one of none.
void OrderBook::assert_in_market(std::uint32_t slot, std::optional<Price> price, bool hides,
                                 const BookMemory& memory) const {
  const RestingOrder& order = memory.order(slot);
  const bool instructed = (order.flags() & flag_instructed) != 0;
  BASALT_ASSERT(!price || order.price() == *price);
  BASALT_ASSERT(!price == (instructed && memory.details(slot).is_peg()));
  BASALT_ASSERT(instructed || !ends_with_auction(order.time_in_force(), order.flags()));  // I7
  BASALT_ASSERT(memory.hides(slot) == hides);
  if (!instructed) return;
  const Details& details = memory.details(slot);
  BASALT_ASSERT(hides || details.display == Quantity{0} ||
                order.open() <= details.display + Quantity{details.random});
  BASALT_ASSERT(!hides || details.reserve == Quantity{0});
  BASALT_ASSERT(details.stop == no_price);
}

std::uint32_t OrderBook::assert_invariants(const BookMemory& memory) const {
  assert_phase();
  assert_bands();
  assert_trailing(memory);
  std::uint32_t trailing = trailing_;
  std::uint32_t ending = assert_ending(memory);
  std::uint32_t orders = assert_kept(memory);
  std::uint32_t waiting = 0;
  for (const Side side : {Side::buy, Side::sell}) {
    Quantity not_shown;
    const auto check_level = [&](const Level& level, bool waits, auto check_order) {
      return assert_level(level, side, waits, memory,
                          [&](std::uint32_t slot, const RestingOrder& order) {
                            if ((order.flags() & flag_instructed) != 0) assert_pair(slot, memory);
                            check_order(slot, order);
                            ++orders;
                          });
    };
    const auto check_in_market = [&](bool hides, std::optional<Price> price, const Level& level) {
      return check_level(level, false, [&](std::uint32_t slot, const RestingOrder& order) {
        assert_in_market(slot, price, hides, memory);
        ending -= ends_with_auction(order.time_in_force(), order.flags());
        not_shown += memory.open(slot) - order.open();
      });
    };
    Quantity shown;
    Quantity hidden_open;
    Quantity pegged;
    each_level(side, memory, [&](Price price, const Level& level) {
      shown += check_in_market(false, price, level);
    });
    each_hidden_level(side, memory, [&](Price price, const Level& level) {
      hidden_open += check_in_market(true, price, level);
    });
    const std::uint32_t before = orders;
    each_peg_level(side, memory,
                   [&](const Level& level) { pegged += check_in_market(true, {}, level); });
    BASALT_ASSERT(orders - before == pegs_resting_[side]);
    not_shown += hidden_open + pegged;
    BASALT_ASSERT(levels_[side].quantity() == shown);
    BASALT_ASSERT(hidden_[side].quantity() == hidden_open);
    BASALT_ASSERT(pegs_[side].quantity() == pegged);
    BASALT_ASSERT(not_shown_[side] == not_shown);             // I5
    BASALT_ASSERT(shown + not_shown <= limits::resting_max);  // I5
    Quantity stopped;
    each_stop_level(side, memory, [&](Price price, const Level& level) {
      stopped += check_level(level, true, [&](std::uint32_t slot, const RestingOrder& order) {
        BASALT_ASSERT((order.flags() & flag_instructed) != 0);
        BASALT_ASSERT(memory.details(slot).stop == price);
        BASALT_ASSERT(memory.details(slot).reserve == Quantity{0});
        BASALT_ASSERT(gathers_ || !reached(side, price));  // I6
        trailing -= memory.details(slot).trail != 0;
        ++waiting;
      });
    });
    BASALT_ASSERT(stops_[side].quantity() == stopped);
  }
  BASALT_ASSERT(stops_waiting_ == waiting);
  BASALT_ASSERT(ending == 0);    // I7
  BASALT_ASSERT(trailing == 0);  // I8
  return orders;
}

}  // namespace basalt::matching
