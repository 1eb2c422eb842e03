// What a session of `basalt book` is in: one core, and the ids that its lines name.
//
//   a line ─► run() ─► one command ─► the core ─► its events, in words
//
// Behind book_verb.h; nobody else includes it. book_verb.cpp has orders and events, book_venue.cpp
// what the venue does: phases, halts, time and rules.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/arena.h"
#include "engine/matching/matching.h"
#include "tools/book_verb.h"
#include "tools/book_words.h"

namespace basalt::tools {

using matching::EventOutlet;
using matching::EventRing;
using matching::MatchingCore;

inline constexpr std::uint32_t accounts_with_firms_max = 1U << 16;

struct BookSession::State {
  State(std::ostream& text, const MatchingCore::Limits& limits, bool in_slices)
      : out(text),
        books_max(limits.instruments_max),
        uncrosses_in_slices(in_slices),
        arena(MatchingCore::memory_bytes(limits) + EventRing::memory_bytes(2) +
              Arena::cost<Event>(MatchingCore::events_max(limits))),
        ring(2, arena),
        outlet(ring, MatchingCore::events_max(limits), arena),
        core(limits, arena) {
    for (std::uint32_t slot = limits.orders_max; slot > 0; --slot) free_slots.push_back(slot - 1);
    generation.resize(limits.orders_max, 0);
    id_in_slot.resize(limits.orders_max, 0);
  }

  void run(const std::vector<std::string_view>& words);
  // What a line with `new` asks for.
  struct Asked {
    Order order;
    std::optional<Quantity> display;
    std::int64_t random = 0;  // 0: each part is as large.
    std::optional<Quantity> min_quantity;
    std::optional<Price> stop;
    std::optional<std::int64_t> trail;
    std::optional<std::uint32_t> linked_to;
    Nanos expiry;
    PriceType price_type = PriceType::limit;
    std::int32_t offset = 0;

    [[nodiscard]] bool ends() const { return order.time_in_force == TimeInForce::gtd; }
    [[nodiscard]] bool is_peg() const { return price_type != PriceType::limit; }
    [[nodiscard]] bool is_plain() const {
      return (order.flags & (flag_market | flag_hidden)) == 0 && !display && random == 0 &&
             !min_quantity && !stop && !trail && !linked_to && offset == 0 &&
             (order.time_in_force == TimeInForce::day || order.time_in_force == TimeInForce::gtc);
    }
    // It hides, has a limit and may rest; only a primary peg has an offset.
    [[nodiscard]] bool is_peg_possible() const {
      if (!is_peg()) return offset == 0;
      return (order.flags & (flag_market | flag_slide)) == 0 && !stop && !trail &&
             !is_for_auction(order.time_in_force) && offset >= 0 &&
             (price_type == PriceType::primary || offset == 0);
    }
  };
  void new_order(const std::vector<std::string_view>& words);
  void take_instruction(std::string_view word, Asked& asked);
  [[nodiscard]] static bool valid_trail(std::int64_t trail);
  [[nodiscard]] static bool valid_random(const Asked& asked);
  [[nodiscard]] Reject refusal_of(std::uint32_t id, const Asked& asked) const;
  void replace(const std::vector<std::string_view>& words);
  void cancel(std::uint32_t id, std::optional<Quantity> total);
  void phase(std::string_view name);
  void halt(const std::vector<std::string_view>& words);
  static Command of_phase(InstrumentState wanted);
  void uncross();
  void define_account(std::uint32_t who, std::uint32_t firm);
  void pass_time(std::string_view until);
  void tick();
  void pass_ms(std::string_view ms);
  // What a line with `rules` says. Where there are bands, some of it need not be said.
  struct Rules {
    DefineInstrument definition{};
    std::optional<std::uint32_t> volatility_ms;
    std::optional<std::uint32_t> limit_state_ms;
    std::optional<std::uint32_t> pause_ms;
  };
  static void take_rule(std::string_view word, Rules& rules);
  void rules(const std::vector<std::string_view>& words);
  void protect(const std::vector<std::string_view>& words);
  void print_book();
  [[nodiscard]] bool next_book();

  // Applies a command and tells its events. `wanted` is the id that a refusal names.
  void apply(Command& command, std::uint32_t wanted);
  void send(Command& command);
  void apply_unheard(Command command);
  void tell(const Order& order, const Event& event, std::uint32_t wanted);
  void rejected(std::uint32_t id, Reject reject) {
    out << "rejected " << id << ' ' << book_words::word_for(reject) << '\n';
  }

  // Accounts are told by any number; the core wants small ones.
  AccountId account_of(std::uint32_t number) {
    const AccountId next{static_cast<std::uint32_t>(accounts.size())};
    const auto [account, is_new] = accounts.try_emplace(number, next);
    if (is_new) number_of_account.push_back(number);
    return account->second;
  }
  OrderId take_slot(std::uint32_t id) {
    const std::uint32_t slot = free_slots.back();
    free_slots.pop_back();
    id_in_slot[slot] = id;
    return order_id(slot, ++generation[slot]);
  }
  void give_slot(OrderId order) { free_slots.push_back(slot_of(order)); }
  void gone(OrderId order) {
    live.erase(id_in_slot[slot_of(order)]);
    give_slot(order);
  }

  // Why no order may enter, or nothing. Some wait for an auction that comes when a closed
  // instrument opens.
  [[nodiscard]] Reject refusal_of_phase(bool waits = false) const {
    const InstrumentState now = book().phase();
    return now == InstrumentState::closed && !waits ? Reject::instrument_closed
           : now == InstrumentState::halted         ? Reject::instrument_halted
                                                    : Reject::none;
  }
  [[nodiscard]] const matching::OrderBook& book() const { return core.book(instrument); }

  std::ostream& out;
  const std::uint32_t books_max;
  const bool uncrosses_in_slices;
  Arena arena;
  EventRing ring;
  EventOutlet outlet;
  MatchingCore core;
  std::vector<std::uint32_t> free_slots;
  std::vector<std::uint32_t> generation;
  std::vector<std::uint32_t> id_in_slot;
  InstrumentId instrument{0};
  std::unordered_map<std::uint32_t, OrderId> live;
  std::unordered_map<std::uint32_t, AccountId> accounts{{0, AccountId{0}}};
  std::vector<std::uint32_t> number_of_account{0};
  // Whose the fills are that come next.
  OrderId taker{};
  Quantity taker_open;
  Sequence sequence = 0;
  Nanos now;
  std::uint64_t line_number = 0;
  bool verify = false;
};

}  // namespace basalt::tools
