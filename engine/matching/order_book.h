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
//   I1  Not crossed: the best bid is below the best ask whenever both sides have orders. Only while
//       the book gathers may it be: from an auction's start until trading opens again.
//   I2  A level's quantity is the sum of its orders'. No level and no order rests at zero.
//   I3  Within a level, orders stand in the order in which they came to rest.
//   I4  An order rests in one place: its slot's generation is not zero exactly while it does.
//   I5  What rests on a side is at most limits::resting_max, so no sum of quantities overflows.
//   I6  No stop waits that the last trade has reached, unless the book gathers.
//   I7  What ends with an auction is in the list of such orders, and rests only while the book
//       gathers.
//
// The rules are in RULES.md. order_book.cpp is the way of most orders; order_book_rules.cpp is what
// an order must ask for; order_book_phases.cpp is what the phases of trading do to all of them;
// order_book_auction.cpp is what trades at one price.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/command.h"
#include "engine/event.h"
#include "engine/matching/book_memory.h"
#include "engine/matching/emit.h"
#include "engine/matching/levels.h"
#include "engine/state_hash.h"
#include "engine/types.h"

namespace basalt::matching {

class OrderBook {
 public:
  // What the instrument's definition sets.
  struct Rules {
    InstrumentId instrument{};
    std::uint32_t collar_ppm = 0;  // Dynamic collar around the last trade; 0: none.
    Price reference;  // For an uncross before the first trade; no_price: there is none.
    Price price_max = limits::price_max;  // What the venue itself prices stays below.
    // Of the auction that trades beyond the collar start, in place of a refusal; 0: none.
    Nanos volatility_auction{};
    Nanos volatility_extension{};  // Once, where its price is beyond the collar still; 0: none.
  };

  // `phase` counts the first time: what has moved since is no part of a definition.
  void define(const Rules& rules, InstrumentState phase) noexcept;
  // From the next order on, around the last trade. What rests stays.
  void set_collar(std::uint32_t ppm) noexcept;

  // Each of these emits the events that event.h lists for the command.
  void new_order(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  void new_order(const Order& command, const Instructions& instructions, BookMemory& memory,
                 EventOutlet& out) noexcept;
  void replace(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  void cancel(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;
  void reduce(const Order& command, BookMemory& memory, EventOutlet& out) noexcept;

  // The phases of trading. An uncross makes at most `fills_left` fills, which it lowers, and what
  // ends with an auction at most so many cancellations; the rest is tick()'s.
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
  // What an uncross would do may be another thing than before.
  void mark_changed() noexcept { changed_ = true; }
  // What enters rests beside what it crosses: in an auction, and after it until trading opens.
  [[nodiscard]] bool gathers() const noexcept { return gathers_; }
  // Its ticks may tell something: it gathers, or a time is set at which its phase ends.
  [[nodiscard]] bool waits_for_ticks() const noexcept { return gathers_ || deadline_ != Nanos{0}; }
  // Orders can bring it into another phase.
  [[nodiscard]] bool moves_by_itself() const noexcept {
    return rules_.volatility_auction > Nanos{0};
  }
  // An uncross is under way.
  [[nodiscard]] bool uncrossing() const noexcept { return uncrossing_; }
  [[nodiscard]] InstrumentState phase() const noexcept { return phase_; }

  [[nodiscard]] Price last_trade() const noexcept { return last_trade_; }  // Or no_price.
  [[nodiscard]] bool empty(Side side) const noexcept { return levels(side).empty(); }
  // Of a side that is not empty.
  [[nodiscard]] Price best(Side side) const noexcept { return price_of(side, levels(side).best()); }

  // The level at a price, or nullptr.
  [[nodiscard]] const Level* find(Side side, Price price, const BookMemory& memory) const noexcept {
    return levels(side).find(memory, rank_of(side, price));
  }
  // Stops that wait, over both sides.
  [[nodiscard]] std::uint32_t stops_waiting() const noexcept { return stops_waiting_; }
  // Calls visit(price, level) for the best `levels_max` levels, best first. Not for hot code: walks
  // the tree anew for each level.
  template <typename Visit>
  void each_level(Side side, const BookMemory& memory, Visit visit,
                  std::uint32_t levels_max = ~std::uint32_t{0}) const {
    each_of(levels(side), side, memory, visit, levels_max);
  }
  // Likewise visit(stop price, level) for the stops of a side, the first to trigger first.
  template <typename Visit>
  void each_stop_level(Side side, const BookMemory& memory, Visit visit) const {
    each_of(stops(side), opposite(side), memory, visit, ~std::uint32_t{0});
  }

  // Books by rank: all that decides what an order can do yet, best first. Not order numbers, which
  // depend on when slots came free.
  void add_to_hash(const BookMemory& memory, StateHash& hash) const;
  // Returns how many orders rest here. O(orders in the book).
  std::uint32_t assert_invariants(const BookMemory& memory) const;

 private:
  // The part of a command that may take and then rest.
  struct Incoming {
    OrderId order;
    Side side;
    TimeInForce time_in_force;
    std::uint16_t flags;
    AccountId account;
    Price limit;
    Quantity open;
    Quantity executed;  // Of the whole chain of replacements, before this command.
    Details details{};  // With flag_instructed.
  };
  // What a sweep leaves of an incoming order.
  struct Left {
    Quantity open;
    bool prevented = false;  // Self-trade prevention ended it: nothing of it may rest.
  };

  // What an uncross would do.
  struct Equilibrium {
    Price price = no_price;  // no_price: nothing would trade.
    Quantity quantity;
    Side surplus{};
    Quantity imbalance;  // Of `surplus`, what could trade at the price and finds nobody.
    friend bool operator==(const Equilibrium&, const Equilibrium&) = default;
  };
  // A level on the way from the best of a side to the worst, and what was not paired of it yet.
  struct Walk {
    Side side{};
    Rank rank = no_rank;
    Quantity left;
  };

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
  [[nodiscard]] Price bounded(const Incoming& incoming) const noexcept;
  [[nodiscard]] Price slid(const Incoming& incoming) const noexcept;  // order_book_rules.cpp
  [[nodiscard]] Reject check(const Incoming& incoming, Quantity freed,
                             const BookMemory& memory) const noexcept;
  [[nodiscard]] bool crosses(Side taker, Price limit) const noexcept {
    const Side makers = opposite(taker);
    return levels(makers).best() >= rank_of(makers, limit);
  }
  [[nodiscard]] static bool trades_at_once(const Incoming& incoming) noexcept {
    return incoming.time_in_force == TimeInForce::ioc || incoming.time_in_force == TimeInForce::fok;
  }
  [[nodiscard]] static bool takes_only(const Incoming& incoming) noexcept {
    return trades_at_once(incoming) || (incoming.flags & flag_market) != 0;
  }
  // What is left of it goes when the auction that it is in ends. `flags` are those of an order in
  // the market: a stop that waits is for no auction.
  [[nodiscard]] static bool ends_with_auction(TimeInForce time_in_force,
                                              std::uint16_t flags) noexcept {
    return is_for_auction(time_in_force) || (flags & flag_market) != 0;
  }
  // Does it take details into the book, where it rests?
  [[nodiscard]] static bool rests_with_details(const Incoming& incoming) noexcept {
    return (incoming.flags & flag_instructed) != 0 ||
           ends_with_auction(incoming.time_in_force, incoming.flags);
  }
  // May `open` rest on a side? `freed` leaves it in the same step.
  [[nodiscard]] bool has_room(Side side, Quantity open, Quantity freed,
                              const BookMemory& memory) const noexcept {
    return memory.has_room(Levels::inners_wanted) &&
           levels(side).quantity() + reserve(side) - freed + open <= limits::resting_max;  // I5
  }
  [[gnu::noinline]] void new_order_in_full(const Order& command, BookMemory& memory,
                                           EventOutlet& out) noexcept;
  void enter(const Order& command, Incoming& incoming, BookMemory& memory,
             EventOutlet& out) noexcept;
  void take_and_rest(const Order& command, Incoming& incoming, BookMemory& memory,
                     EventOutlet& out) noexcept;
  Left match(const Order& command, const Incoming& incoming, BookMemory& memory,
             EventOutlet& out) noexcept;  // The hot loop.
  [[gnu::noinline]] Left match_by_firm(const Order& command, const Incoming& incoming,
                                       BookMemory& memory, EventOutlet& out) noexcept;
  void traded_from(Price first) noexcept;
  void move_collar() noexcept;  // To the last trade.

  // order_book-inl.h
  void rest(const Incoming& incoming, Quantity shown, BookMemory& memory) noexcept;
  void link(Levels& side, Rank rank, const Incoming& incoming, Quantity shown,
            BookMemory& memory) noexcept;
  void unlink(RestingOrder& order, BookMemory& memory) noexcept;
  void unlink_from(Levels& side, Rank rank, RestingOrder& order, BookMemory& memory) noexcept;

  // order_book_rules.cpp
  [[nodiscard]] bool fills(const Incoming& incoming, Quantity wanted,
                           const BookMemory& memory) const noexcept;
  [[nodiscard]] bool fills_one_by_one(const Incoming& incoming, Quantity wanted,
                                      const BookMemory& memory) const noexcept;
  [[nodiscard]] static bool is_own(const Incoming& incoming, AccountId maker,
                                   const BookMemory& memory) noexcept;
  [[nodiscard]] Quantity shown_before_own(const Incoming& incoming, Quantity wanted,
                                          const BookMemory& memory) const noexcept;
  // The incoming order has met one of its own, the best of its side.
  [[gnu::noinline]] Left prevent_self_trade(const Order& command, const Incoming& incoming,
                                            Quantity open, std::uint32_t slot, BookMemory& memory,
                                            EventOutlet& out) noexcept;
  // A reserve order has traded all that it showed, `filled` of it now. The next to take from.
  [[gnu::noinline]] Link show_anew(const Order& command, std::uint32_t slot, Quantity filled,
                                   BookMemory& memory, EventOutlet& out) noexcept;
  void rest_with_details(Incoming& incoming, Quantity shown, BookMemory& memory) noexcept;
  void give_details(std::uint32_t slot, BookMemory& memory) noexcept;
  void take_away(std::uint32_t slot, Quantity quantity, BookMemory& memory) noexcept;
  void remove(std::uint32_t slot, BookMemory& memory) noexcept;
  [[nodiscard]] static Reject check_details(const Incoming& incoming,
                                            const BookMemory& memory) noexcept;
  [[nodiscard]] Reject check_stop(const Incoming& incoming, Quantity freed,
                                  const BookMemory& memory) const noexcept;
  [[nodiscard]] static std::uint16_t flags_in_market(const Incoming& incoming) noexcept;
  void wait(const Order& command, const Incoming& incoming, BookMemory& memory,
            EventOutlet& out) noexcept;
  static void emit_triggered(const Order& command, const Incoming& stop, EventOutlet& out) noexcept;
  void trigger(const Order& command, std::uint32_t slot, BookMemory& memory,
               EventOutlet& out) noexcept;
  [[nodiscard]] bool reached(Side side, Price stop) const noexcept;
  [[nodiscard]] bool reached_by_trades(Side side) const noexcept;
  void trigger_stops(const Order& command, Side incoming, BookMemory& memory,
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
  static void tell_phase(const Order& command, InstrumentState phase, Price price,
                         EventOutlet& out) noexcept;
  [[nodiscard]] bool enter_phase(const Order& command, InstrumentState phase, BookMemory& memory,
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

  // order_book_audit.cpp
  [[nodiscard]] std::uint32_t assert_ending(const BookMemory& memory) const;

  // order_book_auction.cpp
  [[nodiscard]] Equilibrium equilibrium(const BookMemory& memory) const noexcept;
  [[nodiscard]] Equilibrium choose(const Walk& bid, const Walk& ask, Price low, Price high,
                                   const BookMemory& memory) const noexcept;
  [[nodiscard]] Walk at(Side side, Rank rank, const BookMemory& memory) const noexcept;
  [[nodiscard]] bool go_on(const Order& command, BookMemory& memory, std::uint32_t& fills_left,
                           EventOutlet& out) noexcept;
  [[nodiscard]] bool crosses_at(Price price) const noexcept {
    return !empty(Side::buy) && !empty(Side::sell) && best(Side::buy) >= price &&
           best(Side::sell) <= price;
  }
  [[nodiscard]] OrderId cross_once(const Order& command, OrderId taker, BookMemory& memory,
                                   EventOutlet& out) noexcept;
  void lower_oldest(const Order& command, std::uint32_t slot, Quantity filled, BookMemory& memory,
                    EventOutlet& out) noexcept;
  void tell_uncrossed(const Order& command, EventOutlet& out) noexcept;
  [[nodiscard]] bool open_trading(const Order& command, BookMemory& memory,
                                  EventOutlet& out) noexcept;

  // What is open on a side and not shown.
  [[nodiscard]] Quantity& reserve(Side side) noexcept {
    return reserve_[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] Quantity reserve(Side side) const noexcept {
    return reserve_[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] Levels& levels(Side side) noexcept {
    return levels_[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] const Levels& levels(Side side) const noexcept {
    return levels_[static_cast<std::size_t>(side)];
  }
  // Stops that wait. The first to trigger is the best: buys lowest first, sells highest first, so
  // each side ranks its stops as the other ranks its prices.
  [[nodiscard]] Levels& stops(Side side) noexcept { return stops_[static_cast<std::size_t>(side)]; }
  [[nodiscard]] const Levels& stops(Side side) const noexcept {
    return stops_[static_cast<std::size_t>(side)];
  }
  [[nodiscard]] static Rank stop_rank(Side side, Price stop) noexcept {
    return rank_of(opposite(side), stop);
  }

  static constexpr Price no_low{limits::price_max.value + 1};
  // What has no say unless the order crosses.
  static constexpr unsigned harmless_flags =
      flag_post_only | flag_slide | flag_self_trade_mask | flag_by_firm;

  std::array<Levels, 2> levels_;  // By side.
  Price last_trade_ = no_price;
  Price collar_low_;
  Price collar_high_ = limits::price_max;
  Rules rules_;
  std::uint32_t stops_waiting_ = 0;
  InstrumentState phase_ = InstrumentState::open;
  bool gathers_ = false;
  bool uncrossing_ = false;
  bool changed_ = false;               // Since the indicative price was worked out.
  std::array<Quantity, 2> reserve_{};  // By side.
  Price trade_low_ = no_low;           // Of the trades whose stops were not looked for yet.
  Price trade_high_ = no_price;
  std::array<Levels, 2> stops_;  // By side.
  bool defined_ = false;
  InstrumentState auction_{};       // The latest.
  Price uncross_price_ = no_price;  // While uncrossing: no_price until it is found.
  Quantity uncrossed_;              // At that price, until now.
  Equilibrium indicated_;           // As it was told.
  // Slots of the orders that end with the auction, in the order in which they came to rest.
  std::uint32_t ending_first_ = none;
  std::uint32_t ending_last_ = none;
  Nanos deadline_;         // When the phase ends by itself; 0: it does not.
  Nanos reopening_;        // How long the auction is behind a halt that does.
  bool extended_ = false;  // The volatility auction was.
  std::uint16_t harmless_ = harmless_flags | flag_quoted;  // But for a side of a protected quote.
  std::uint32_t guards_ = no_guard;  // The first of the accounts whose quotes are protected.
  bool quotes_reached_ = false;      // The limits of one of them.
  bool expiring_ = false;            // It has ended, and not all of them are gone yet.
};

}  // namespace basalt::matching
