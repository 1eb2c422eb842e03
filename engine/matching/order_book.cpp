#include "engine/matching/order_book.h"

#include <algorithm>

namespace basalt::matching {
namespace {

// Each writes one event, whole. `last` marks the command's last one.

void emit(const Order& command, EventKind kind, OrderId order, Side side, AccountId account,
          Price price, Quantity quantity, Quantity remaining, std::uint8_t detail, bool last,
          EventOutlet& out) noexcept {
  *out.claim() = Event{.sequence = command.sequence,
                       .kind = kind,
                       .last = static_cast<std::uint8_t>(last),
                       .side = side,
                       .detail = detail,
                       .index = 0,
                       .order = order,
                       .price = price,
                       .quantity = quantity,
                       .remaining = remaining,
                       .match_number = 0,
                       .account = account,
                       .instrument = command.instrument};
}

void emit_nothing(const Order& command, EventOutlet& out) noexcept {
  emit(command, EventKind::nothing, {}, {}, {}, {}, {}, {}, 0, true, out);
}

void emit_rejected(const Order& command, Reject reject, EventOutlet& out) noexcept {
  emit(command, EventKind::rejected, command.order, command.side, command.account, {}, {}, {},
       static_cast<std::uint8_t>(reject), true, out);
}

// `quantity` went from the order, the rest stays.
void emit_canceled(const Order& command, OrderId order, const RestingOrder& resting,
                   Quantity quantity, CancelReason reason, EventOutlet& out) noexcept {
  emit(command, EventKind::canceled, order, resting.side(), resting.account(), resting.price(),
       quantity, resting.open() - quantity, static_cast<std::uint8_t>(reason), true, out);
}

}  // namespace

bool OrderBook::fills_whole(const Incoming& incoming, const BookMemory& memory) const noexcept {
  if (self_trade_prevention(incoming.flags) != SelfTradePrevention::off) {
    return fills_whole_from_others(incoming, memory);
  }
  const Side side = opposite(incoming.side);
  const Levels& makers = levels(side);
  const Rank limit = rank_of(side, incoming.limit);
  Quantity found;
  for (Rank rank = makers.best(); rank >= limit; rank = makers.next_worse(memory, rank)) {
    found += makers.find(memory, rank)->quantity;
    if (found >= incoming.open) return true;
  }
  return false;
}

// Could orders of other accounts fill it? One of its own is passed over where it would be cancelled
// for the incoming order to go on, and is the end otherwise.
bool OrderBook::fills_whole_from_others(const Incoming& incoming,
                                        const BookMemory& memory) const noexcept {
  const Side side = opposite(incoming.side);
  const Levels& makers = levels(side);
  const Rank limit = rank_of(side, incoming.limit);
  const bool passes = self_trade_prevention(incoming.flags) == SelfTradePrevention::oldest;
  Quantity found;
  bool ended = false;
  for (Rank rank = makers.best(); rank >= limit && !ended; rank = makers.next_worse(memory, rank)) {
    memory.each_order(*makers.find(memory, rank), [&](std::uint32_t, const RestingOrder& maker) {
      if (maker.account() != incoming.account) {
        if (!ended) found += maker.open();
      } else {
        ended = ended || !passes;
      }
    });
    if (found >= incoming.open) return true;
  }
  return false;
}

// In order of precedence.
Reject OrderBook::check(const Incoming& incoming, Quantity freed,
                        const BookMemory& memory) const noexcept {
  BASALT_ASSERT(incoming.open > Quantity{0});
  BASALT_ASSERT(incoming.open <= limits::quantity_max);
  if (incoming.limit < collar_low_ || incoming.limit > collar_high_) return Reject::outside_collar;
  if ((incoming.flags & flag_post_only) != 0 && crosses(incoming.side, incoming.limit)) {
    return Reject::would_cross;
  }
  if (!takes_only(incoming) && !has_room(incoming.side, incoming.open, freed, memory)) {
    return Reject::open_orders_exceeded;
  }
  return Reject::none;
}

void OrderBook::new_order(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  BASALT_ASSERT(memory.order(slot_of(command.order)).generation == 0);  // Risk hands out free ones.
  BASALT_ASSERT(command.quantity > Quantity{0});
  BASALT_ASSERT(command.quantity <= limits::quantity_max);
  const bool plain =
      (command.flags & ~flag_post_only) == 0 &&
      (command.time_in_force == TimeInForce::day || command.time_in_force == TimeInForce::gtc);
  // Most orders: nothing to refuse, nothing to take.
  if (plain && command.price >= collar_low_ && command.price <= collar_high_ &&
      !crosses(command.side, command.price) &&
      has_room(command.side, command.quantity, Quantity{0}, memory)) [[likely]] {
    emit(command, EventKind::rested, command.order, command.side, command.account, command.price,
         {}, command.quantity, 0, true, out);
    return rest({command.order, command.side, command.time_in_force, command.flags, command.account,
                 command.price, command.quantity, Quantity{}},
                command.quantity, memory);
  }
  new_order_in_full(command, memory, out);
}

void OrderBook::new_order_in_full(const Order& command, BookMemory& memory,
                                  EventOutlet& out) noexcept {
  // A market order trades up to its protection price, and never beyond the collar.
  const bool market = (command.flags & flag_market) != 0;
  const Price limit = market ? std::clamp(command.price, collar_low_, collar_high_) : command.price;
  const Incoming incoming{command.order,   command.side, command.time_in_force, command.flags,
                          command.account, limit,        command.quantity,      Quantity{}};
  const Reject reject = check(incoming, Quantity{0}, memory);
  if (reject != Reject::none) [[unlikely]]
    return emit_rejected(command, reject, out);
  take_and_rest(command, incoming, memory, out);
}

inline void OrderBook::take_and_rest(const Order& command, const Incoming& incoming,
                                     BookMemory& memory, EventOutlet& out) noexcept {
  Quantity open = incoming.open;
  bool prevented = false;
  if (crosses(incoming.side, incoming.limit)) {
    if (incoming.time_in_force != TimeInForce::fok || fills_whole(incoming, memory)) {
      const Left left = match(command, incoming, memory, out);
      open = left.open;
      if (open == Quantity{0}) return;
      prevented = left.prevented;
    } else {
      BASALT_REACHED("a fill-or-kill is killed");
    }
  }
  if (takes_only(incoming) || prevented) {
    const auto reason = prevented ? CancelReason::self_match : CancelReason::immediate;
    if (open < incoming.open) BASALT_REACHED("what is left of a taker is canceled");
    return emit(command, EventKind::canceled, incoming.order, incoming.side, incoming.account,
                incoming.limit, open, {}, static_cast<std::uint8_t>(reason), true, out);
  }
  if (open < incoming.open) BASALT_REACHED("what is left of a taker rests");
  emit(command, EventKind::rested, incoming.order, incoming.side, incoming.account, incoming.limit,
       {}, open, 0, true, out);
  rest(incoming, open, memory);
  BASALT_VERIFY(empty(Side::buy) || empty(Side::sell) || best(Side::buy) < best(Side::sell));  // I1
}

inline OrderBook::Left OrderBook::match(const Order& command, const Incoming& incoming,
                                        BookMemory& memory, EventOutlet& out) noexcept {
  // No order rests under this account where nothing is to be prevented.
  const AccountId own = self_trade_prevention(incoming.flags) == SelfTradePrevention::off
                            ? no_account
                            : incoming.account;
  const Side side = opposite(incoming.side);
  Levels& makers = levels(side);
  const Rank limit = rank_of(side, incoming.limit);
  Quantity open = incoming.open;
  Quantity filled;
  bool prevented = false;
  do {
    const Rank rank = makers.best();
    const Price price = price_of(side, rank);
    const Link place = makers.best_level();
    Level& level = memory.level(place);
    Link link = level.links.next;
    const Quantity before = open;
    do {
      const std::uint32_t slot = memory.slot_at(link);
      RestingOrder& maker = memory.order(slot);
      const AccountId account = maker.account();
      if (account == own) [[unlikely]]
        break;
      const Quantity quantity = std::min(open, maker.open());
      open -= quantity;
      maker.lower(quantity);
      emit(command, EventKind::fill, order_id(slot, maker.generation), side, account, price,
           quantity, maker.open(), 0, open == Quantity{0}, out);
      if (maker.open() > Quantity{0}) {
        BASALT_REACHED("a taker leaves a maker part filled");
        break;
      }
      maker.generation = 0;  // I4
      link = maker.links.next;
    } while (open > Quantity{0} && link != place);

    if (open < before) [[likely]] {
      level.quantity -= before - open;
      filled += before - open;
      level.links.next = link;
      memory.links(link).previous = place;
      last_trade_ = price;
      if (link == place) {
        BASALT_ASSERT(level.quantity == Quantity{0});  // I2
        if (open > Quantity{0}) BASALT_REACHED("a sweep empties a level");
        makers.drop(memory, rank, place);
        if (makers.empty()) BASALT_REACHED("a sweep empties a side");
        continue;
      }
    }
    // Something stands here still: it is of the same account, or nothing is open any more.
    if (open == Quantity{0}) break;
    const Left left =
        prevent_self_trade(command, incoming, open, memory.slot_at(link), memory, out);
    open = left.open;
    prevented = left.prevented;
  } while (open > Quantity{0} && !prevented && makers.best() >= limit);
  if (filled > Quantity{0}) {
    makers.add(-filled);
    move_collar();
  }
  return {open, prevented};
}

OrderBook::Left OrderBook::prevent_self_trade(const Order& command, const Incoming& incoming,
                                              Quantity open, std::uint32_t slot, BookMemory& memory,
                                              EventOutlet& out) noexcept {
  RestingOrder& maker = memory.order(slot);
  const auto cancel_of_maker = [&](Quantity quantity) {
    emit(command, EventKind::canceled, order_id(slot, maker.generation), maker.side(),
         maker.account(), maker.price(), quantity, maker.open() - quantity,
         static_cast<std::uint8_t>(CancelReason::self_match), false, out);
    if (quantity == maker.open()) return unlink(maker, memory);
    maker.lower(quantity);
    memory.level(maker.level).quantity -= quantity;
    levels(maker.side()).add(-quantity);
  };
  switch (self_trade_prevention(incoming.flags)) {
    case SelfTradePrevention::off:
      break;
    case SelfTradePrevention::newest:
      BASALT_REACHED("self-trade prevention cancels the newest");
      return {open, true};
    case SelfTradePrevention::oldest:
      BASALT_REACHED("self-trade prevention cancels the oldest");
      cancel_of_maker(maker.open());
      // Where this was the last to take from, the order goes on as any other.
      return {open, false};
    case SelfTradePrevention::both:
      BASALT_REACHED("self-trade prevention cancels both");
      cancel_of_maker(maker.open());
      return {open, true};
    case SelfTradePrevention::decrement: {
      const Quantity both = std::min(open, maker.open());
      BASALT_REACHED("self-trade prevention decrements");
      cancel_of_maker(both);
      open -= both;
      emit(command, EventKind::canceled, incoming.order, incoming.side, incoming.account,
           incoming.limit, both, open, static_cast<std::uint8_t>(CancelReason::self_match),
           open == Quantity{0}, out);
      return {open, false};
    }
  }
  BASALT_ASSERT(false && "an order without prevention meets its own account");
  return {open, true};
}

inline void OrderBook::rest(const Incoming& incoming, Quantity open, BookMemory& memory) noexcept {
  Levels& side = levels(incoming.side);
  const Link place = side.make(memory, rank_of(incoming.side, incoming.limit));
  BASALT_ASSERT(index_of(incoming.account) < limits::accounts_max);
  const std::uint32_t slot = slot_of(incoming.order);
  const Link link = memory.link_of(slot);
  Level& level = memory.level(place);
  RestingOrder& order = memory.order(slot);
  const Link youngest = level.links.previous;
  order.links = {place, youngest};
  memory.links(youngest).next = link;
  level.links.previous = link;
  level.quantity += open;
  order.generation = generation_of(incoming.order);
  order.level = place;
  order.set(incoming.side, incoming.time_in_force, incoming.flags, open);
  order.set(incoming.limit, incoming.account);
  memory.total(slot) = incoming.executed + incoming.open;
  side.add(open);
}

inline void OrderBook::unlink(RestingOrder& order, BookMemory& memory) noexcept {
  const Links links = order.links;
  memory.links(links.previous).next = links.next;
  memory.links(links.next).previous = links.previous;
  Level& level = memory.level(order.level);
  level.quantity -= order.open();
  Levels& side = levels(order.side());
  side.add(-order.open());
  order.generation = 0;  // I4
  if (links.next != order.level && links.previous != order.level) {
    BASALT_REACHED("the middle of a level goes");
  }
  if (level.links.next == order.level) {
    const Rank rank = rank_of(order.side(), order.price());
    if (rank == side.best()) BASALT_REACHED("the best level goes without a fill");
    side.drop(memory, rank, order.level);
  }
}

void OrderBook::cancel(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  if (!memory.is_live(command.order)) return emit_nothing(command, out);
  RestingOrder& order = memory.order(slot_of(command.order));
  const bool by_venue = (command.flags & flag_by_venue) != 0;
  emit_canceled(command, command.order, order, order.open(),
                by_venue ? CancelReason::system : CancelReason::user, out);
  unlink(order, memory);
}

void OrderBook::reduce(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  if (!memory.is_live(command.order)) return emit_nothing(command, out);
  const std::uint32_t slot = slot_of(command.order);
  RestingOrder& order = memory.order(slot);
  const Quantity open_wanted = std::max(command.quantity - memory.executed(slot), Quantity{0});
  if (open_wanted >= order.open()) return emit_nothing(command, out);

  const Quantity taken = order.open() - open_wanted;
  emit_canceled(command, command.order, order, taken, CancelReason::user, out);
  if (open_wanted == Quantity{0}) {
    if (command.quantity > Quantity{0}) BASALT_REACHED("a total at or below what is executed");
    return unlink(order, memory);
  }
  order.lower(taken);
  memory.total(slot) -= taken;
  memory.level(order.level).quantity -= taken;
  levels(order.side()).add(-taken);
}

void OrderBook::replace(const Order& command, BookMemory& memory, EventOutlet& out) noexcept {
  if (!memory.is_live(command.original)) return emit_nothing(command, out);
  const std::uint32_t slot = slot_of(command.original);
  RestingOrder& original = memory.order(slot);
  const Quantity executed = memory.executed(slot);
  // The new order inherits side, account and every instruction.
  const Incoming incoming{
      command.order,      original.side(), original.time_in_force(),    original.flags(),
      original.account(), command.price,   command.quantity - executed, executed};
  const bool canceled_instead = command.verdict != Reject::none || incoming.open <= Quantity{0};
  const Reject reject = canceled_instead ? Reject::none : check(incoming, original.open(), memory);
  if (reject == Reject::would_cross || reject == Reject::open_orders_exceeded) {
    BASALT_REACHED("a replacement is refused");
    return emit_rejected(command, reject, out);  // Nothing is wrong with it: the original stands.
  }
  if (canceled_instead || reject != Reject::none) {
    BASALT_REACHED("a replacement takes its original with it");
    // OUCH 5.0, Replace: the original is live and the details are invalid, so the original goes.
    const auto reason = command.verdict == Reject::none && incoming.open <= Quantity{0}
                            ? CancelReason::user
                            : CancelReason::supervisory;
    emit_canceled(command, command.original, original, original.open(), reason, out);
    return unlink(original, memory);
  }
  if (crosses(incoming.side, incoming.limit)) BASALT_REACHED("a replacement crosses");
  emit(command, EventKind::replaced, command.original, incoming.side, incoming.account,
       original.price(), original.open(), incoming.open, 0, false, out);
  unlink(original, memory);
  take_and_rest(command, incoming, memory, out);
}

void OrderBook::set_collar(std::uint32_t ppm) noexcept {
  rules_.collar_ppm = ppm;
  collar_low_ = no_price;
  collar_high_ = limits::price_max;
  if (last_trade_ != no_price) move_collar();
}

void OrderBook::move_collar() noexcept {
  if (rules_.collar_ppm == 0) return;
  // 36 and 27 bits: no overflow.
  const Price width{last_trade_.value * rules_.collar_ppm / 1'000'000};
  collar_low_ = last_trade_ - width;
  collar_high_ = std::min(last_trade_ + width, limits::price_max);
}

void OrderBook::add_to_hash(const BookMemory& memory, StateHash& hash) const {
  for (const Side side : {Side::buy, Side::sell}) {
    each_level(side, memory, [&](Price price, const Level& level) {
      memory.each_order(level, [&](std::uint32_t slot, const RestingOrder& order) {
        hash.add(index_of(rules_.instrument));
        hash.add(side);
        hash.add(price);
        hash.add(index_of(order.account()));
        hash.add(order.open());
        hash.add(memory.executed(slot));
        hash.add(order.time_in_force());
        hash.add(order.flags());
      });
    });
  }
  hash.add(last_trade_);
}

std::uint32_t OrderBook::assert_invariants(const BookMemory& memory) const {
  std::uint32_t orders = 0;
  BASALT_ASSERT(empty(Side::buy) || empty(Side::sell) || best(Side::buy) < best(Side::sell));  // I1
  for (const Side side : {Side::buy, Side::sell}) {
    Quantity side_sum;
    each_level(side, memory, [&](Price price, const Level& level) {
      Quantity sum;
      memory.each_order(level, [&](std::uint32_t slot, const RestingOrder& order) {
        BASALT_ASSERT(order.generation != 0);  // I4
        BASALT_ASSERT(order.open() > Quantity{0});
        BASALT_ASSERT(order.side() == side);
        BASALT_ASSERT(order.price() == price);
        BASALT_ASSERT(&memory.level(order.level) == &level);
        BASALT_ASSERT(memory.is_linked(slot));
        BASALT_ASSERT(memory.executed(slot) >= Quantity{0});
        sum += order.open();
        ++orders;
      });
      BASALT_ASSERT(sum > Quantity{0});  // I2
      BASALT_ASSERT(level.quantity == sum);
      side_sum += sum;
    });
    BASALT_ASSERT(levels(side).quantity() == side_sum);  // I5
    BASALT_ASSERT(side_sum <= limits::resting_max);
  }
  return orders;
}

}  // namespace basalt::matching
