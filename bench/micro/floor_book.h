// The floor under a book's cost: a ladder and nothing else, to compare with.
//
//   level by price, straight from an array over all prices of the flow ─► first and last order
//   order by slot ─► next, previous, and what a fill needs
//   a bit for each level that holds orders, to find the next best
//
// It knows the prices beforehand, and has no rules: no checks, no sums, no collars, no
// instructions, no room that could run out. It does give the executions that the engine gives, and
// `report` hears of all that happens: fill, rested, canceled, replaced, nothing.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>

#include "bench/workloads/flow.h"
#include "engine/arena.h"
#include "engine/command.h"
#include "engine/types.h"

namespace basalt::bench {

class FloorBook {
 public:
  FloorBook(const Flow& flow, Arena& arena)
      : ladder_(arena.take<Ladder>(flow.instruments())),
        level_(arena.take<Level>(levels_of(flow))),
        occupied_(arena.take<std::uint64_t>(levels_of(flow) / word_levels)),
        resting_(arena.take<Resting>(flow.slots)) {
    std::uint32_t first = 0;
    for (std::uint32_t i = 0; i < flow.instruments(); ++i) {
      const std::uint32_t levels = levels_of(flow.ranges[i]);
      ladder_[i] = {flow.ranges[i].low_ticks, first, levels, {no_bid, no_ask}};
      first += levels;
    }
  }
  static std::size_t memory_bytes(const Flow& flow) {
    return Arena::cost<Ladder>(flow.instruments()) + Arena::cost<Level>(levels_of(flow)) +
           Arena::cost<std::uint64_t>(levels_of(flow) / word_levels) +
           Arena::cost<Resting>(flow.slots);
  }

  template <typename Report>
  void apply(const Order& order, Report& report) noexcept {
    switch (order.kind) {
      case CommandKind::new_order: {
        const auto open = static_cast<std::uint32_t>(order.quantity.value);
        return order.side == Side::buy ? enter<Side::buy>(order, open, report)
                                       : enter<Side::sell>(order, open, report);
      }
      case CommandKind::cancel:
        return cancel(order, report);
      case CommandKind::reduce:
        return reduce(order, report);
      default:
        return replace(order, report);
    }
  }

  // Asks for the lines of the orders that a later message names.
  [[gnu::always_inline]] void prefetch(const Order& order) const noexcept {
    __builtin_prefetch(&resting_[slot_of(order.order)], 1);
    __builtin_prefetch(&resting_[slot_of(order.original)], 1);
  }

 private:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;
  static constexpr std::uint32_t word_levels = 64;
  // Of no price that a limit could reach.
  static constexpr std::int64_t no_bid = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t no_ask = std::numeric_limits<std::int64_t>::max();

  // Bids and asks share the levels: they never overlap.
  struct Ladder {
    std::int64_t low_ticks = 0;
    std::uint32_t first_level = 0;
    std::uint32_t levels = 0;
    std::array<std::int64_t, 2> best{};  // By side, counted from the lowest price.
  };
  struct Level {
    std::uint32_t first = none;  // The oldest order.
    std::uint32_t last = none;
  };
  struct alignas(32) Resting {
    std::uint32_t next = none;
    std::uint32_t previous = none;
    std::uint32_t level = 0;
    std::uint32_t generation = 0;  // 0: the slot is free.
    std::uint32_t open = 0;
    std::uint32_t total = 0;
    Side side{};
  };
  static_assert(sizeof(Resting) == 32);

  // A whole number of words, so that no two instruments share one.
  static std::uint32_t levels_of(const Flow::Range& range) {
    const std::int64_t ticks = std::max<std::int64_t>(range.high_ticks - range.low_ticks + 1, 0);
    return static_cast<std::uint32_t>((ticks + word_levels - 1) / word_levels * word_levels);
  }
  static std::uint32_t levels_of(const Flow& flow) {
    std::uint32_t levels = 0;
    for (const Flow::Range& range : flow.ranges) levels += levels_of(range);
    return levels;
  }
  static std::int64_t& best_of(Ladder& ladder, Side side) {
    return ladder.best[static_cast<std::size_t>(side)];
  }
  Ladder& ladder_of(const Order& order) { return ladder_[index_of(order.instrument)]; }
  static Price price_at(const Ladder& ladder, std::int64_t at) { return {ladder.low_ticks + at}; }
  static Quantity lots(std::uint32_t quantity) { return {std::int64_t{quantity}}; }

  template <Side taker, typename Report>
  void enter(const Order& order, std::uint32_t open, Report& report) noexcept {
    Ladder& ladder = ladder_of(order);
    const std::int64_t limit = order.price.value - ladder.low_ticks;
    const std::int64_t best = best_of(ladder, opposite(taker));
    if (taker == Side::buy ? best <= limit : best >= limit) {
      open = match<taker>(order, ladder, limit, open, report);
      if (open == 0) return;
    }
    if (order.time_in_force == TimeInForce::ioc) {
      return report.canceled(order, order.order, taker, order.price, lots(open), Quantity{0});
    }
    report.rested(order, taker, lots(open));
    rest<taker>(order, ladder, limit, open);
  }

  // Returns what is left.
  template <Side taker, typename Report>
  std::uint32_t match(const Order& order, Ladder& ladder, std::int64_t limit, std::uint32_t open,
                      Report& report) noexcept {
    constexpr Side makers = opposite(taker);
    std::int64_t& best = best_of(ladder, makers);
    do {
      const Price price = price_at(ladder, best);
      Level& level = level_[ladder.first_level + static_cast<std::uint64_t>(best)];
      std::uint32_t slot = level.first;
      do {
        Resting& maker = resting_[slot];
        const std::uint32_t quantity = std::min(open, maker.open);
        open -= quantity;
        maker.open -= quantity;
        report.fill(order, order_id(slot, maker.generation), makers, price, lots(quantity),
                    lots(maker.open));
        if (maker.open > 0) break;
        maker.generation = 0;
        slot = maker.next;
      } while (open > 0 && slot != none);
      level.first = slot;
      if (slot != none) {
        resting_[slot].previous = none;
        return 0;
      }
      level.last = none;
      emptied<makers>(ladder, best);
    } while (open > 0 && (taker == Side::buy ? best <= limit : best >= limit));
    return open;
  }

  template <Side side>
  void rest(const Order& order, Ladder& ladder, std::int64_t at, std::uint32_t open) noexcept {
    const std::uint32_t number = ladder.first_level + static_cast<std::uint32_t>(at);
    const std::uint32_t slot = slot_of(order.order);
    Level& level = level_[number];
    resting_[slot] = {none,   level.last,
                      number, generation_of(order.order),
                      open,   static_cast<std::uint32_t>(order.quantity.value),
                      side};
    if (level.last != none) {
      resting_[level.last].next = slot;
    } else {
      level.first = slot;
      occupied_[number / word_levels] |= std::uint64_t{1} << number % word_levels;
      std::int64_t& best = best_of(ladder, side);
      best = side == Side::buy ? std::max(best, at) : std::min(best, at);
    }
    level.last = slot;
  }

  // The last order of a level has gone: finds the next best where it was the best.
  template <Side side>
  void emptied(Ladder& ladder, std::int64_t at) noexcept {
    const std::uint32_t number = ladder.first_level + static_cast<std::uint32_t>(at);
    std::uint32_t word = number / word_levels;
    occupied_[word] &= ~(std::uint64_t{1} << number % word_levels);
    std::int64_t& best = best_of(ladder, side);
    if (at != best) return;
    std::uint64_t bits = occupied_[word];
    if constexpr (side == Side::buy) {
      bits &= (std::uint64_t{1} << number % word_levels) - 1;
      const std::uint32_t end = ladder.first_level / word_levels;
      while (bits == 0 && word > end) bits = occupied_[--word];
      best = bits == 0 ? no_bid : place_of(word, 63 - std::countl_zero(bits), ladder);
    } else {
      bits &= ~std::uint64_t{0} << number % word_levels;
      const std::uint32_t end = (ladder.first_level + ladder.levels) / word_levels - 1;
      while (bits == 0 && word < end) bits = occupied_[++word];
      best = bits == 0 ? no_ask : place_of(word, std::countr_zero(bits), ladder);
    }
  }
  static std::int64_t place_of(std::uint32_t word, int bit, const Ladder& ladder) noexcept {
    return std::int64_t{word} * word_levels + bit - ladder.first_level;
  }

  void remove(Resting& order, Ladder& ladder) noexcept {
    Level& level = level_[order.level];
    (order.previous == none ? level.first : resting_[order.previous].next) = order.next;
    (order.next == none ? level.last : resting_[order.next].previous) = order.previous;
    order.generation = 0;
    if (level.first != none) return;
    const std::int64_t at = std::int64_t{order.level} - ladder.first_level;
    order.side == Side::buy ? emptied<Side::buy>(ladder, at) : emptied<Side::sell>(ladder, at);
  }

  [[nodiscard]] bool is_live(OrderId order) const noexcept {
    return resting_[slot_of(order)].generation == generation_of(order);
  }
  static Price price_of(const Resting& order, const Ladder& ladder) noexcept {
    return price_at(ladder, std::int64_t{order.level} - ladder.first_level);
  }

  template <typename Report>
  void cancel(const Order& order, Report& report) noexcept {
    if (!is_live(order.order)) return report.nothing(order);
    Ladder& ladder = ladder_of(order);
    Resting& resting = resting_[slot_of(order.order)];
    report.canceled(order, order.order, resting.side, price_of(resting, ladder), lots(resting.open),
                    Quantity{0});
    remove(resting, ladder);
  }

  template <typename Report>
  void reduce(const Order& order, Report& report) noexcept {
    if (!is_live(order.order)) return report.nothing(order);
    Ladder& ladder = ladder_of(order);
    Resting& resting = resting_[slot_of(order.order)];
    const std::uint32_t executed = resting.total - resting.open;
    const auto total = static_cast<std::uint32_t>(order.quantity.value);
    const std::uint32_t wanted = total > executed ? total - executed : 0;
    if (wanted >= resting.open) return report.nothing(order);
    report.canceled(order, order.order, resting.side, price_of(resting, ladder),
                    lots(resting.open - wanted), lots(wanted));
    if (wanted == 0) return remove(resting, ladder);
    resting.total -= resting.open - wanted;
    resting.open = wanted;
  }

  // No flow names a total that is executed already.
  template <typename Report>
  void replace(const Order& order, Report& report) noexcept {
    if (!is_live(order.original)) return report.nothing(order);
    Ladder& ladder = ladder_of(order);
    Resting& original = resting_[slot_of(order.original)];
    const Side side = original.side;
    const std::uint32_t executed = original.total - original.open;
    const std::uint32_t open = static_cast<std::uint32_t>(order.quantity.value) - executed;
    report.replaced(order, side, lots(original.open), lots(open));
    remove(original, ladder);
    side == Side::buy ? enter<Side::buy>(order, open, report)
                      : enter<Side::sell>(order, open, report);
  }

  std::span<Ladder> ladder_;  // By instrument.
  std::span<Level> level_;
  std::span<std::uint64_t> occupied_;  // A bit for each level.
  std::span<Resting> resting_;         // By slot.
};

}  // namespace basalt::bench
