// One instrument's limit order book: price-time priority, one core, fixed memory.
//
//   command ──► check everything ──► match the opposite side ──► rest or drop the remainder
//                      └──► Rejected (nothing has changed yet)
//
// Deterministic: the same commands give the same events. So: no clock, no allocation after
// construction, no exceptions, no logging, no reads of anything another core writes.
//
// Both sides are one code: see rank_of() in levels.h.
//
// Invariants, true between any two calls. assert_invariants() checks them all, after every
// command, in tests and in the simulator; the hot path asserts only what it touches.
//   I1  Not crossed: the best bid is below the best ask whenever both sides have orders, shown or
//       hidden. Only while the book gathers may it be: from an auction's start until trading opens
//       again.
//   I2  A level's quantity is the sum of its orders'. No level and no order rests at zero.
//   I3  Within a level, orders stand in the order in which they came to rest.
//   I4  An order rests in one place: its slot's generation is not zero exactly while it does.
//   I5  What rests on a side is at most limits::resting_max, so no sum of quantities overflows.
//       What of it is not shown is not_shown_: no order hides on a side where that is 0.
//   I6  No stop waits that the last trade has reached, unless the book gathers.
//   I7  What ends with an auction is in the list of such orders, and rests only while the book
//       gathers. What waits for one is in the list of those that wait for it.
//   I8  A stop that trails is in the list of such stops, which has at most limits::trailing_max.
//   I9  Where there are bands, no bid is above the upper one and no offer below the lower one,
//       unless the book gathers. Pegs have no price there.
//
// The rules are in RULES.md. order_book-inl.h is the way of most orders, and order_book.cpp that of
// the others; order_book_rules.cpp is what an order must ask for; order_book_reach.cpp is how far a
// taker gets; order_book_reserves.cpp is what shows a part, and order_book_hidden.cpp what shows
// nothing; order_book_stops.cpp is how stops wait and trigger, and order_book_trailing.cpp how they
// follow the market; order_book_pairs.cpp is what one order that trades does to another;
// order_book_phases.cpp is what the phases of trading do to all of them; order_book_auction.cpp is
// what trades at one price; order_book_kept.cpp is what waits for its auction; order_book_bands.cpp
// is what bands do; order_book_protection.cpp is what withdraws quotes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/command.h"
#include "engine/event.h"
#include "engine/matching/bands.h"
#include "engine/matching/book_memory.h"
#include "engine/matching/emit.h"
#include "engine/matching/levels.h"
#include "engine/matching/order_book_parts.h"
#include "engine/state_hash.h"
#include "engine/types.h"

namespace basalt::matching {

class OrderBook {
 public:
  // `phase` counts the first time: what has moved since is no part of a definition.
  void define(const BookRules& rules, InstrumentState phase) noexcept;
  // From the next order on. What rests stays.
  void set_collar(std::uint32_t ppm) noexcept;
  void set_static_collar(std::uint32_t ppm) noexcept;

  // Each of these emits the events that event.h lists for the command.
  void new_order(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  void new_order(const Order& command, const Instructions& instructions, BookMemory& memory,
                 EventOutlet& out) noexcept;
  void replace(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  void cancel(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  void reduce(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;

  // The phases of trading. An uncross makes at most `fills_left` fills, and what ends with an
  // auction at most so many cancellations; the rest is tick()'s, which lowers it.
  void set_phase(const Order& command, InstrumentState phase, BookMemory& memory,
                 std::uint32_t fills_left, EventOutlet& out) noexcept;
  void uncross(const Order& command, BookMemory& memory, std::uint32_t fills_left,
               EventOutlet& out) noexcept;
  // Halts a book that is not closed, or not halted for good: so long, and then opens it again by an
  // auction; or until a phase is set. False: nothing was told.
  [[nodiscard]] bool halt(const Order& command, const Amendment::Halt& times, BookMemory& memory,
                          EventOutlet& out) noexcept;
  // False: nothing was to be told. Only a book that waits for ticks has something.
  [[nodiscard]] bool tick(const Order& command, BookMemory& memory, std::uint32_t& fills_left,
                          EventOutlet& out) noexcept;
  // Of the account's quotes that enter from now on; a window of 0: no more.
  void protect(const Order& command, const QuoteProtection& limits, std::uint64_t asked_by,
               BookMemory& memory, EventOutlet& out) noexcept;
  [[nodiscard]] bool is_protected() const noexcept { return guards_ != no_guard; }
  [[nodiscard]] std::uint32_t guards(
      const BookMemory& memory) const noexcept;  // How many. O(them).
  // Behind whatever may have traded.
  void withdraw_quotes(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  // The time of an order has come.
  void expire(const Order& command, std::uint32_t slot, BookMemory& memory,
              EventOutlet& out) noexcept;
  // What an uncross would do may be another thing than before, and so whom pegs meet.
  void mark_changed() noexcept { changed_ = true; }
  // What enters rests beside what it crosses: in an auction, and after it until trading opens.
  [[nodiscard]] bool gathers() const noexcept { return gathers_; }
  // Its ticks may tell something: it gathers, or a time is set at which its phase ends, or pegs may
  // come to meet somebody.
  [[nodiscard]] bool waits_for_ticks() const noexcept {
    return gathers_ || deadline_ != Nanos{0} || has_pegs();
  }
  // Orders can bring it into another phase.
  [[nodiscard]] bool moves_by_itself() const noexcept {
    return rules_.volatility_auction > Nanos{0} && !has_bands();
  }
  // Its ticks may tell something in trading too.
  [[nodiscard]] bool has_bands() const noexcept { return rules_.band_ppm > 0; }
  // An uncross is under way.
  [[nodiscard]] bool uncrossing() const noexcept { return uncrossing_; }
  [[nodiscard]] InstrumentState phase() const noexcept { return phase_; }

  [[nodiscard]] Price last_trade() const noexcept { return last_trade_; }  // Or no_price.
  // Of what is shown.
  [[nodiscard]] bool empty(Side side) const noexcept { return levels_[side].empty(); }
  // Of a side that is not empty.
  [[nodiscard]] Price best(Side side) const noexcept {
    return price_of(side, levels_[side].best());
  }

  // The level at a price, as it is shown, or nullptr.
  [[nodiscard]] const Level* find(Side side, Price price, const BookMemory& memory) const noexcept {
    return levels_[side].find(memory, rank_of(side, price));
  }
  // Stops that wait, over both sides.
  [[nodiscard]] std::uint32_t stops_waiting() const noexcept { return stops_waiting_; }
  // Calls visit(price, level) for the best `levels_max` levels, best first. Not for hot code: walks
  // the tree anew for each level.
  template <typename Visit>
  void each_level(Side side, const BookMemory& memory, Visit visit,
                  std::uint32_t levels_max = ~std::uint32_t{0}) const {
    each_of(levels_[side], side, memory, visit, levels_max);
  }
  // Likewise all levels of orders that hide.
  template <typename Visit>
  void each_hidden_level(Side side, const BookMemory& memory, Visit visit) const {
    each_of(hidden_[side], side, memory, visit, ~std::uint32_t{0});
  }
  // Likewise visit(level) for the pegs of a side, where it has some.
  template <typename Visit>
  void each_peg_level(Side side, const BookMemory& memory, Visit visit) const {
    if (!pegs_[side].empty()) visit(memory.level(pegs_[side].best_level()));
  }
  // Likewise visit(stop price, level) for the stops of a side, the first to trigger first.
  template <typename Visit>
  void each_stop_level(Side side, const BookMemory& memory, Visit visit) const {
    each_of(stops_[side], opposite(side), memory, visit, ~std::uint32_t{0});
  }

  // Books by rank: all that decides what an order can do yet, best first. Not order numbers, which
  // depend on when slots came free.
  void add_to_hash(const BookMemory& memory, StateHash& hash) const;
  // Returns how many orders rest here. O(orders in the book).
  std::uint32_t assert_invariants(const BookMemory& memory) const;

 private:
  template <typename Visit>
  static void each_of(const Levels& levels, Side ranks, const BookMemory& memory, Visit visit,
                      std::uint32_t levels_max) {
    std::uint32_t visited = 0;
    for (Rank rank = levels.best(); rank != no_rank && visited++ < levels_max;
         rank = levels.next_worse(memory, rank)) {
      visit(price_of(ranks, rank), *levels.find(memory, rank));
    }
  }

  // order_book.cpp
  [[nodiscard]] static Incoming incoming_of(const Order& command) noexcept;
  // What lies beyond the collar is refused: no auction starts, nor do bands keep it within.
  [[nodiscard]] bool refuses_beyond() const noexcept {
    return rules_.volatility_auction == Nanos{0};
  }
  [[nodiscard]] Price bounded(Incoming incoming, const BookMemory& memory) const noexcept;
  [[nodiscard]] Reject check(const Incoming& incoming, Quantity freed,
                             const BookMemory& memory) const noexcept;
  [[nodiscard]] bool has_room_beside(const Incoming& incoming, Quantity freed,
                                     const BookMemory& memory) const noexcept;
  [[gnu::noinline]] void new_order_in_full(const Order& command, BookMemory& memory,
                                           EventOutlet& out) noexcept;
  [[gnu::noinline]] void cancel_in_full(const Order& command, BookMemory& memory,
                                        EventOutlet& out) noexcept;
  [[gnu::noinline]] void replace_in_full(const Order& command, BookMemory& memory,
                                         EventOutlet& out) noexcept;
  void enter(const Order& command, Incoming& incoming, BookMemory& memory,
             EventOutlet& out) noexcept;
  void take_and_rest(const Order& command, Incoming& incoming, BookMemory& memory,
                     EventOutlet& out) noexcept;
  void rest_or_cancel(const Order& command, Incoming& incoming, const Left& left, bool rests,
                      BookMemory& memory, EventOutlet& out) noexcept;
  Left match(const Order& command, const Incoming& incoming, BookMemory& memory,
             EventOutlet& out) noexcept;  // The hot loop.
  [[gnu::noinline]] Left match_with_care(const Order& command, const Incoming& incoming,
                                         BookMemory& memory, EventOutlet& out) noexcept;
  Left match_beside(const Order& command, const Incoming& incoming, PricedPegs& pegs,
                    BookMemory& memory, EventOutlet& out) noexcept;
  Left take_shown(const Order& command, const Incoming& incoming, Quantity open, Rank limit,
                  BookMemory& memory, EventOutlet& out) noexcept;
  void traded_from(Price first) noexcept;
  void move_collar() noexcept;  // To the last trade.
  void set_collars() noexcept;  // Both anew.

  // order_book-inl.h
  // What a command may have traded changes others: partners go, stops trigger and follow.
  void after_trades(const Order& command, Side incoming, BookMemory& memory,
                    EventOutlet& out) noexcept;
  [[nodiscard]] bool crosses(Side taker, Price limit, const BookMemory& memory) const noexcept;
  // May `open` rest on a side, at any price? `freed` leaves it in the same step.
  [[nodiscard]] bool fits(Side side, Quantity open, Quantity freed) const noexcept;
  [[nodiscard]] bool has_room(Side side, Quantity open, Quantity freed,
                              const BookMemory& memory) const noexcept;
  [[nodiscard]] bool takes_plainly(Side side, std::uint16_t flags) const noexcept;
  void take(const Order& command, Incoming& incoming, BookMemory& memory,
            EventOutlet& out) noexcept;
  void rest(const Incoming& incoming, Quantity shown, BookMemory& memory) noexcept;
  void rest_as_shown(const Order& command, const Incoming& incoming, BookMemory& memory,
                     EventOutlet& out) noexcept;
  static void tell_rest_goes(const Order& command, const Incoming& incoming, const Left& left,
                             EventOutlet& out) noexcept;
  void link(Levels& side, Rank rank, const Incoming& incoming, Quantity shown,
            BookMemory& memory) noexcept;
  void unlink(std::uint32_t slot, const RestingOrder& order, BookMemory& memory) noexcept;
  void unlink_from(Levels& side, Rank rank, std::uint32_t slot, const RestingOrder& order,
                   BookMemory& memory) noexcept;

  // order_book_reach.cpp
  [[nodiscard]] bool fills(const Order& command, const Incoming& incoming, Quantity wanted,
                           const BookMemory& memory) const noexcept;
  [[nodiscard]] bool fills_one_by_one(const Order& command, const Incoming& incoming,
                                      Quantity wanted, const BookMemory& memory) const noexcept;
  [[nodiscard]] static bool is_own(const Incoming& incoming, AccountId maker,
                                   const BookMemory& memory) noexcept;
  [[nodiscard]] Quantity shown_before_own(const Incoming& incoming, Quantity wanted,
                                          const BookMemory& memory) const noexcept;
  // The incoming order has met one of its own, the best of its side.
  [[gnu::noinline]] Left prevent_self_trade(const Order& command, const Incoming& incoming,
                                            Quantity open, std::uint32_t slot, BookMemory& memory,
                                            EventOutlet& out) noexcept;
  // order_book_reserves.cpp
  // A reserve order has traded all that it showed, `filled` of it now. The next to take from.
  [[gnu::noinline]] Link show_anew(const Order& command, std::uint32_t slot, Quantity filled,
                                   BookMemory& memory, EventOutlet& out) noexcept;
  [[nodiscard]] Quantity next_part(const Details& details) noexcept;

  // order_book_rules.cpp
  [[nodiscard]] static std::uint16_t flags_in_market(const Incoming& incoming) noexcept;
  [[nodiscard]] Price slid(const Incoming& incoming, const BookMemory& memory) const noexcept;
  [[nodiscard]] static Reject check_details(const Incoming& incoming,
                                            const BookMemory& memory) noexcept;
  [[nodiscard]] bool rests_at_last_fill(Incoming& incoming, const Left& left,
                                        const BookMemory& memory) const noexcept;
  void rest_with_details(const Order& command, Incoming& incoming, BookMemory& memory,
                         EventOutlet& out) noexcept;
  void give_details(std::uint32_t slot, BookMemory& memory) noexcept;
  void take_away(std::uint32_t slot, Quantity quantity, BookMemory& memory) noexcept;
  void lower_in_level(std::uint32_t slot, Quantity by, BookMemory& memory) noexcept;
  void remove(std::uint32_t slot, BookMemory& memory) noexcept;

  // order_book_stops.cpp
  [[nodiscard]] bool reached(Side side, Price stop) const noexcept;
  [[nodiscard]] Reject check_stop(const Incoming& incoming, Quantity freed,
                                  const BookMemory& memory) const noexcept;
  void wait(const Order& command, const Incoming& incoming, BookMemory& memory,
            EventOutlet& out) noexcept;
  void trigger_stops(const Order& command, Side incoming, BookMemory& memory,
                     EventOutlet& out) noexcept;
  [[nodiscard]] bool reached_by_trades(Side side) const noexcept;
  static void emit_triggered(const Order& command, Incoming& stop, BookMemory& memory,
                             EventOutlet& out) noexcept;
  void trigger(const Order& command, std::uint32_t slot, BookMemory& memory,
               EventOutlet& out) noexcept;
  [[nodiscard]] Incoming take_out(std::uint32_t slot, Details& details,
                                  BookMemory& memory) noexcept;
  void let_in(const Order& command, Incoming& incoming, BookMemory& memory,
              EventOutlet& out) noexcept;

  // order_book_hidden.cpp
  [[nodiscard]] Levels& levels_of(Side side, const Details& details) noexcept;
  [[nodiscard]] const Levels& levels_of(Side side, const Details& details) const noexcept;
  [[nodiscard]] Levels& levels_of(std::uint32_t slot, const BookMemory& memory) noexcept;
  // Its place there.
  [[nodiscard]] static Rank rank_in_levels(Side side, Price price, const Details& details) noexcept;
  [[nodiscard]] Left take_unseen(const Order& command, const Incoming& incoming, Quantity open,
                                 PricedPegs& pegs, BookMemory& memory, EventOutlet& out) noexcept;
  void lower_or_remove(std::uint32_t slot, Quantity quantity, BookMemory& memory) noexcept;
  [[gnu::noinline]] [[nodiscard]] Rank best_unseen(Side side,
                                                   const BookMemory& memory) const noexcept;
  [[nodiscard]] Price price_of_peg(Side side, const Details& peg, Price limit) const noexcept;
  [[nodiscard]] PricedPegs priced_pegs(Side side, const BookMemory& memory) const noexcept;
  [[nodiscard]] Reject check_peg(const Incoming& incoming, Quantity freed,
                                 const BookMemory& memory) const noexcept;
  void enter_peg(const Order& command, Incoming& incoming, BookMemory& memory,
                 EventOutlet& out) noexcept;
  void take_and_rest_peg(const Order& command, Incoming& incoming, BookMemory& memory,
                         EventOutlet& out) noexcept;
  [[nodiscard]] bool pair_pegs(const Order& command, BookMemory& memory, std::uint32_t& fills_left,
                               EventOutlet& out) noexcept;
  [[nodiscard]] bool pair_peg(const Order& command, std::uint32_t slot, Price price,
                              PricedPegs& others, BookMemory& memory, EventOutlet& out) noexcept;
  [[nodiscard]] bool has_pegs() const noexcept {
    return !pegs_[Side::buy].empty() || !pegs_[Side::sell].empty();
  }
  // order_book_trailing.cpp
  [[nodiscard]] bool begins_to_trail(Side side, Details& details) const noexcept;
  [[nodiscard]] Price behind_market(Side side, std::uint32_t trail) const noexcept;
  void list_trailing(std::uint32_t slot, BookMemory& memory) noexcept;
  void unlist_trailing(std::uint32_t slot, BookMemory& memory) noexcept;
  void move_stop(std::uint32_t slot, Price stop, BookMemory& memory) noexcept;
  void follow_market(BookMemory& memory) noexcept;

  // order_book_pairs.cpp
  [[nodiscard]] static bool may_pair(const Order& command, const BookMemory& memory) noexcept;
  void pair_with(OrderId own, OrderId partner, BookMemory& memory) const noexcept;
  void give_up_partner_of_first(Side side, BookMemory& memory) const noexcept;
  static void give_up_partners(std::uint32_t one, std::uint32_t other, BookMemory& memory) noexcept;
  void cancel_partners(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  [[gnu::noinline]] void change_others(const Order& command, Side incoming, BookMemory& memory,
                                       EventOutlet& out) noexcept;

  // order_book_protection.cpp
  [[nodiscard]] std::uint32_t guard_of(AccountId account, const Guards& guards) const noexcept;
  void remove_guard(std::uint32_t number, Guards& guards) noexcept;
  void enter_quote(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  [[gnu::noinline]] void count_fill(const Order& command, const RestingOrder& maker,
                                    Quantity quantity, BookMemory& memory) noexcept;
  [[nodiscard, gnu::noinline]] Link fill_whole(const Order& command, std::uint32_t slot,
                                               Quantity filled, BookMemory& memory,
                                               EventOutlet& out) noexcept;

  // order_book_phases.cpp
  void begin_auction(InstrumentState auction) noexcept;
  static void tell_phase(const Order& command, InstrumentState phase, EventOutlet& out) noexcept;
  void tell_collar(const Order& command, EventKind kind, EventOutlet& out) const noexcept;
  [[nodiscard]] bool enter_phase(const Order& command, InstrumentState phase, BookMemory& memory,
                                 std::uint32_t& fills_left, EventOutlet& out) noexcept;
  [[nodiscard]] bool tick_in_trading(const Order& command, BookMemory& memory,
                                     std::uint32_t& fills_left, EventOutlet& out) noexcept;
  [[nodiscard]] bool end_in_time(const Order& command, BookMemory& memory,
                                 std::uint32_t& fills_left, EventOutlet& out) noexcept;
  [[nodiscard]] Incoming within_collar(Incoming incoming) const noexcept;
  [[nodiscard]] bool interrupt(const Order& command, const Incoming& left, const BookMemory& memory,
                               EventOutlet& out) noexcept;
  [[nodiscard]] bool refused_by_auction(const Incoming& incoming) const noexcept;
  void list(std::uint32_t slot, BookMemory& memory) noexcept;
  void unlist(std::uint32_t slot, BookMemory& memory) noexcept;
  [[nodiscard]] bool end_some(const Order& command, BookMemory& memory, std::uint32_t& cancels_left,
                              EventOutlet& out) noexcept;
  [[nodiscard]] bool end_all(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;

  // order_book_bands.cpp
  [[nodiscard]] Price within_bands(Side side, Price limit) const noexcept;
  void tell_repriced(const Order& command, const Incoming& incoming, Price asked,
                     EventOutlet& out) const noexcept;
  void note_trade(Nanos now) noexcept;
  void set_bands(Price reference, Nanos now) noexcept;
  void open_bands(Nanos now) noexcept;
  [[nodiscard]] bool may_be_reference(Price reference) const noexcept;
  [[nodiscard]] LimitState at_band() const noexcept;
  void tell_bands(const Order& command, EventKind kind, std::uint8_t detail,
                  EventOutlet& out) const noexcept;
  [[nodiscard]] bool tick_bands(const Order& command, BookMemory& memory,
                                EventOutlet& out) noexcept;
  void pause(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;

  // order_book_kept.cpp
  [[nodiscard]] bool comes_early(TimeInForce time_in_force) const noexcept;
  [[nodiscard]] Reject check_kept(const Incoming& incoming, Quantity freed,
                                  const BookMemory& memory) const noexcept;
  void keep(const Order& command, const Incoming& incoming, BookMemory& memory,
            EventOutlet& out) noexcept;
  [[gnu::noinline]] void keep_new(const Order& command, const Incoming& incoming,
                                  BookMemory& memory, EventOutlet& out) noexcept;
  void give_kept(std::uint32_t slot, BookMemory& memory) noexcept;
  [[nodiscard]] bool let_in_some(const Order& command, BookMemory& memory,
                                 std::uint32_t& orders_left, EventOutlet& out) noexcept;
  [[nodiscard]] bool let_in_all(const Order& command, BookMemory& memory,
                                EventOutlet& out) noexcept;

  // order_book_audit.cpp
  void add_orders_to_hash(const BookMemory& memory, StateHash& hash) const;
  void add_lists_to_hash(const BookMemory& memory, StateHash& hash) const;
  [[nodiscard]] std::uint32_t assert_ending(const BookMemory& memory) const;
  void assert_phase() const;
  void assert_in_market(std::uint32_t slot, std::optional<Price> price, bool hides,
                        const BookMemory& memory) const;
  void assert_trailing(const BookMemory& memory) const;
  static void assert_pair(std::uint32_t slot, const BookMemory& memory);
  void assert_bands() const;
  [[nodiscard]] std::uint32_t assert_kept(const BookMemory& memory) const;

  // order_book_auction.cpp
  [[nodiscard]] Equilibrium equilibrium(const BookMemory& memory) const noexcept;
  [[nodiscard]] Equilibrium choose(const Walk& bid, const Walk& ask, Price low, Price high,
                                   const BookMemory& memory) const noexcept;
  [[nodiscard]] Walk at(Side side, Rank rank, const BookMemory& memory) const noexcept;
  [[nodiscard]] bool go_on(const Order& command, BookMemory& memory, std::uint32_t& fills_left,
                           EventOutlet& out) noexcept;
  [[nodiscard]] bool crosses_at(Price price) const noexcept;
  [[nodiscard]] std::uint32_t next_to_cross(Side side, const BookMemory& memory) const noexcept {
    const Levels& next = hidden_is_next(side) ? hidden_[side] : levels_[side];
    return memory.slot_at(memory.level(next.best_level()).links.next);
  }
  [[nodiscard]] OrderId cross_once(const Order& command, OrderId taker, BookMemory& memory,
                                   EventOutlet& out) noexcept;
  void lower_oldest(const Order& command, std::uint32_t slot, Quantity filled, BookMemory& memory,
                    EventOutlet& out) noexcept;
  void tell_uncrossed(const Order& command, EventOutlet& out) noexcept;
  [[nodiscard]] bool open_trading(const Order& command, BookMemory& memory,
                                  EventOutlet& out) noexcept;

  // Does an order hide on a side, with a limit or pegged?
  [[nodiscard]] bool hides(Side side) const noexcept;
  // Is what hides on a side better than all that it shows? At one price it stands behind.
  [[nodiscard]] bool hidden_is_next(Side side) const noexcept {
    return hidden_[side].best() > levels_[side].best();
  }
  // Of all orders of a side that have a limit and do not wait.
  [[nodiscard]] Rank best_rank(Side side) const noexcept {
    return hidden_is_next(side) ? hidden_[side].best() : levels_[side].best();
  }
  [[nodiscard]] bool has_limits(Side side) const noexcept { return best_rank(side) != no_rank; }
  // Precondition: has_limits().
  [[nodiscard]] Price best_limit(Side side) const noexcept;
  [[nodiscard]] Rank next_worse(Side side, Rank rank, const BookMemory& memory) const noexcept;
  [[nodiscard]] bool is_crossed() const noexcept;
  // Of the opening auction, or of the closing one.
  [[nodiscard]] Kept& kept_for(InstrumentState auction) noexcept {
    return kept_for_[auction == InstrumentState::closing_auction];
  }
  [[nodiscard]] const Kept& kept_for(InstrumentState auction) const noexcept {
    return kept_for_[auction == InstrumentState::closing_auction];
  }
  [[nodiscard]] static Rank stop_rank(Side side, Price stop) noexcept {
    return rank_of(opposite(side), stop);
  }

  BySide<Levels> levels_;  // What is shown.
  // From here, one line: all else that an order without instructions asks of its book.
  Price last_trade_ = no_price;
  // The narrower of the two collars, on either side; or the bands.
  Price collar_low_;
  Price collar_high_ = limits::price_max;
  BySide<Quantity> not_shown_;  // What is open and not shown.
  std::uint32_t stops_waiting_ = 0;
  std::uint16_t harmless_ = harmless_flags | flag_quoted;  // But for a side of a protected quote.
  bool gathers_ = false;
  bool traded_ = false;  // Since note_trade().
  BookRules rules_;      // Begins in that line.
  InstrumentState phase_ = InstrumentState::open;
  bool uncrossing_ = false;
  bool changed_ = false;      // Since the indicative price was worked out, or pegs were paired.
  Price trade_low_ = no_low;  // Of the trades whose stops were not looked for yet.
  Price trade_high_ = no_price;
  // Stops that wait. The first to trigger is the best: buys lowest first, sells highest first, so
  // each side ranks its stops as the other ranks its prices.
  BySide<Levels> stops_;
  BySide<Levels> hidden_;  // Orders that hide and have a limit.
  BySide<Levels> pegs_;    // In one level, by time.
  BySide<std::uint32_t> pegs_resting_;
  bool defined_ = false;
  InstrumentState auction_{};       // The latest.
  Price uncross_price_ = no_price;  // While uncrossing: no_price until it is found.
  Quantity uncrossed_;              // At that price, until now.
  Price auctioned_ = no_price;      // The latest price that an uncross has traded at.
  Price static_low_;                // The static collar.
  Price static_high_ = limits::price_max;
  Equilibrium indicated_;  // As it was told.
  Nanos next_indicative_;  // No earlier.
  // Slots of the orders that end with the auction, in the order in which they came to rest.
  std::uint32_t ending_first_ = none;
  std::uint32_t ending_last_ = none;
  std::array<Kept, 2> kept_for_{};
  BySide<Quantity> kept_;  // What is open of them.
  Nanos deadline_;         // When the phase ends by itself; 0: it does not.
  Nanos reopening_;        // How long the auction is behind a halt that does.
  bool extended_ = false;  // The volatility auction was.
  bool expiring_ = false;  // It has ended, and not all of them are gone yet.
  // Slots of the stops that trail, the one that has had its stop price longest first.
  std::uint32_t trailing_first_ = none;
  std::uint32_t trailing_last_ = none;
  std::uint32_t trailing_ = 0;
  // Parts of reserves that were shown anew in a random size.
  std::uint64_t parts_drawn_ = 0;
  bool paused_ = false;  // The halt is a pause, which bands have led to.
  // As they were told, in trading: whose best stands at a band, and what the bands are around.
  LimitState limit_state_ = LimitState::none;
  Price banded_ = no_price;
  Nanos limit_since_;
  Bands bands_;
  std::uint32_t guards_ = no_guard;  // The first of the accounts whose quotes are protected.
  bool quotes_reached_ = false;      // The limits of one of them.
};

}  // namespace basalt::matching
