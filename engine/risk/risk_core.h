// The decisions of the venue, and the sums they rest on.
//
//   decide(command)   checks everything, changes nothing; fills in verdict, number, hold, price
//   apply(command)    what the decision changes: live in the same turn, on replay from the journal
//   on_command/event  what came of it, from the log: holds converted or released, orders gone
//
// decide() is the only place where the outside world, the clock and free slots matter. Whatever it
// took from there is in the command afterwards, so apply() and the log alone rebuild the state.
//
// Invariants
//   R1  Held, per account and asset, is the sum of `held` over that account's live orders.
//   R2  Free never falls below zero: decide() holds before it lets anything trade, and a hold
//       covers every way in which the order can fill (reference.h, hold()).
//   R3  A slot is free exactly while no live order has it, and has had generations left; none of
//       them repeats.
//   R4  Of each session and channel, numbers only rise.
//   R5  When a mass cancel is done, each live order of its scope that was sequenced before it has
//       its cancel sequenced. None is replaced meanwhile, which would take it out of the scope.
//   R6  Of the live orders of an account on one side of its quote in an instrument, all but the one
//       that stands (quotes_) have a cancel under way.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/event.h"
#include "engine/reference.h"
#include "engine/risk/balances.h"
#include "engine/risk/external_ids.h"
#include "engine/risk/mass_cancels.h"
#include "engine/risk/slot_index.h"
#include "engine/state_hash.h"
#include "engine/types.h"

namespace basalt::risk {

class RiskCore {
 public:
  struct Limits {
    ReferenceLimits reference{};
    std::uint32_t orders_max = 0;
    std::uint32_t external_ids_max = 0;
  };

  // Order flow channels of one session (OUCH's UserRefIdx); a higher index is an invalid option.
  static constexpr std::uint32_t channels_max = 16;

  enum class Outcome : std::uint8_t {
    sequence,  // It has a verdict: number it, apply it, journal it.
    silence,   // The protocol ignores it. It leaves no trace but a counter.
  };

  // `seed` spreads hash tables; no decision depends on it.
  RiskCore(const Limits& limits, std::uint64_t seed, Arena& arena);
  static std::size_t memory_bytes(const Limits& limits) noexcept;

  // Calls go_on(command) for what is to be numbered, applied and journaled, one after the other:
  // nothing where the protocol ignores it, several commands for a quote. Precondition: the command
  // has the time of the decision.
  template <typename GoOn>
  void take(Command& command, GoOn go_on) noexcept {
    if (command.order.kind == CommandKind::quote) [[unlikely]] {
      QuoteParts parts = parts_of(command);
      for (Command& part : std::span(parts.part).first(parts.count)) {
        if (decide(part) == Outcome::sequence) go_on(part);
      }
      return;
    }
    if (decide(command) == Outcome::sequence) go_on(command);
  }
  // Of one command. Precondition: it has the time of the decision, and is no quote.
  [[nodiscard]] Outcome decide(Command& command) noexcept;

  // Precondition: decided, live or on replay. Commands come in the order of their sequence.
  void apply(const Command& command) noexcept;

  void on_command(const Command& command) noexcept;
  void on_event(const Command& command, const Event& event) noexcept;

  // After replay: makes the free list anew from what is live.
  void collect_free_slots() noexcept;

  // The oldest live order of a session that was sequenced at or before `until`, taken off the
  // session's list so that it is named once. no_order: there is none. For cancel on disconnect.
  [[nodiscard]] OrderId take_oldest_order(SessionId session, Sequence until) noexcept;
  // A cancel of a live order, not decided yet; of one that take_oldest_order() named by the venue.
  [[nodiscard]] Command cancel_of(OrderId order,
                                  std::uint16_t flags = flag_by_venue) const noexcept;

  // Goes on with the mass cancels under way, session by session in turn. True: `command` is to be
  // sequenced and applied before the next call. False: none is, for now. Takes off `looks` how many
  // orders and sessions it looked at, and stops at 0.
  [[nodiscard]] bool work_off_mass_cancels(std::uint32_t& looks, Command& command) noexcept;
  [[nodiscard]] bool has_mass_cancels() const noexcept { return !mass_cancels_.empty(); }

  [[nodiscard]] const ReferenceData& reference() const noexcept { return reference_; }
  [[nodiscard]] const Balance& balance(AccountId account, AssetId asset) const noexcept {
    return balances_.of(account, asset);
  }
  [[nodiscard]] bool applied(const ExternalId& id) const noexcept {
    return external_ids_.contains(id);
  }
  [[nodiscard]] std::uint32_t orders_live() const noexcept { return orders_live_; }
  [[nodiscard]] std::uint32_t external_ids() const noexcept { return external_ids_.count(); }
  [[nodiscard]] std::uint64_t silenced() const noexcept { return silenced_; }

  // How many (account, asset) pairs have a held amount that is not the sum over their orders (R1).
  [[nodiscard]] std::uint32_t holds_mismatched() const;
  void add_to_hash(StateHash& hash) const;
  void assert_invariants() const;

 private:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;

  // Is the order in its session's list; may a mass cancel stand at it?
  enum class Listing : std::uint8_t { no, yes, watched };

  struct LiveOrder {
    std::uint32_t generation = 0;  // Of the order that has, or last had, the slot.
    bool live = false;
    Side side{};
    std::uint8_t channel = 0;
    Listing listing = Listing::no;
    std::uint32_t reductions_pending = 0;  // Cancels and reductions that the log has not answered.
    std::uint32_t user_ref_num = 0;
    SessionId session{};
    AccountId account{};
    InstrumentId instrument{};
    std::uint16_t group = 0;
    bool quoted = false;  // A side of a quote.
    Sequence sequence = 0;
    Price price;
    Quantity open;  // At most what is open in the book: releases arrive later.
    Money held;
    std::uint32_t next = none;  // In the session's list, oldest first.
    std::uint32_t previous = none;

    // Has the slot numbers left that it never gave?
    [[nodiscard]] bool has_generations() const noexcept { return generation < 0xFFFF'FFFF; }
  };
  struct QuoteParts {
    std::array<Command, 4> part;
    std::uint32_t count = 0;

    void add(const Command& command) noexcept { part[count++] = command; }
  };
  struct SessionState {
    std::array<std::uint32_t, channels_max> last_user_ref_num{};
    std::uint32_t first = none;
    std::uint32_t last = none;
  };
  struct AccountState {
    std::uint32_t orders_open = 0;
  };

  [[nodiscard]] Outcome decide_new(Command& command) noexcept;
  [[nodiscard]] Outcome decide_replace(Command& command) noexcept;
  [[nodiscard]] Outcome decide_cancel(Command& command) noexcept;
  [[nodiscard]] Outcome decide_query(Command& command) noexcept;
  [[nodiscard]] Outcome decide_amendment(Command& command) noexcept;
  [[nodiscard]] Outcome decide_of_firm(Command& command) noexcept;
  [[nodiscard]] Reject check_new(Command& command) noexcept;
  [[nodiscard]] Reject check_account(AccountId account, SessionId session) const noexcept;
  [[nodiscard]] Reject check_amendment(const Command& command) const noexcept;
  [[nodiscard]] Reject check_of_firm(const Command& command) const noexcept;
  [[nodiscard]] Reject check_terms(const Order& order, const Instrument& instrument) const noexcept;
  [[nodiscard]] Reject check_replace(Command& command, const LiveOrder& original) const noexcept;
  [[nodiscard]] static Reject map_wire_price(Order& order, const Instrument& instrument) noexcept;
  [[nodiscard]] Outcome silence() noexcept {
    ++silenced_;
    return Outcome::silence;
  }
  [[nodiscard]] static Instructions instructions_of(const Command& command) noexcept;
  [[nodiscard]] Reject find_linked(Command& command) const noexcept;
  static void map_time_to_live(Command& command) noexcept;
  [[nodiscard]] static Reject check_instructions(const Order& order, const Instructions& asked,
                                                 const Instrument& instrument) noexcept;
  [[nodiscard]] static bool is_peg_possible(const Order& order, const Instructions& asked) noexcept;
  [[nodiscard]] bool bound_market_order(Order& order, const Instructions& asked,
                                        const Instrument& instrument) const noexcept;
  [[nodiscard]] Money extra_hold(const LiveOrder& original, const Order& replacement,
                                 const Instrument& instrument) const noexcept;
  [[nodiscard]] UserRef user_ref_of(const LiveOrder& order) const noexcept {
    return {order.session, order.channel, order.user_ref_num};
  }

  // OUCH 5.0, UserRefNum: a number not above the last one is a retransmission.
  [[nodiscard]] bool is_retransmission(const Origin& origin) const noexcept {
    const SessionState& session = session_[index_of(origin.session)];
    return origin.user_ref_num <= session.last_user_ref_num[origin.user_ref_index];
  }
  void use_number(const Origin& origin) noexcept;
  void apply_order(const Command& command) noexcept;
  void apply_payment(const Command& command) noexcept;
  void apply_reduction(const Command& command) noexcept;
  void apply_halt(const Command& command) noexcept;
  void on_reduction(const Command& command) noexcept;
  void on_fill(const Event& event) noexcept;
  void on_phase_changed(const Command& command, const Event& event) noexcept;
  void pay(Side side, AccountId account, const Instrument& instrument, Money money, Money charge,
           Money goods) noexcept;
  // Lowers a live order to `open` lots and gives back what its hold no longer needs, less `spent`.
  void lower(LiveOrder& order, Quantity open, Money spent) noexcept;
  void gone(std::uint32_t slot) noexcept;
  // risk_mass_cancel.cpp
  void apply_of_firm(const Command& command) noexcept;
  void begin_mass_cancel(const Command& command) noexcept;
  void end_mass_cancel(const Command& command) noexcept;
  [[nodiscard]] bool has_room_for(const Command& command) const noexcept;
  [[nodiscard]] CancelScope scope_of(const Command& command) const noexcept;
  [[nodiscard]] bool work_off(SessionId session, std::uint32_t& looks, Command& command) noexcept;
  [[nodiscard]] OrderId look(const MassCancel& request, Walk& walk) noexcept;
  static void step(Walk& walk, const LiveOrder& from) noexcept;
  void step_walks_from(std::uint32_t slot) noexcept;
  [[nodiscard]] static Command mass_cancel_done(SessionId session,
                                                const MassCancel& request) noexcept;
  [[nodiscard]] bool is_being_cancelled(const LiveOrder& order) const noexcept;
  void add_mass_cancels_to_hash(StateHash& hash) const;

  // risk_quote.cpp
  [[nodiscard]] Outcome decide_protection(Command& command) noexcept;
  [[nodiscard]] QuoteParts parts_of(const Command& asked) noexcept;
  [[nodiscard]] Reject whose_quote(Command& command) const noexcept;
  void cancel_standing(const Order& quote, Side side, QuoteParts& parts) const noexcept;
  void note_quote(const LiveOrder& live, std::uint32_t slot) noexcept;
  void forget_quote(const LiveOrder& gone, std::uint32_t slot) noexcept;

  void list(std::uint32_t slot) noexcept;
  void unlist(std::uint32_t slot) noexcept;
  [[nodiscard]] AssetId held_asset(const LiveOrder& order) const noexcept;
  [[nodiscard]] bool has_free_slot() const noexcept {
    return orders_live_ < orders_max_ && slots_free_ > 0;
  }
  // The number of the next order. Needs a free slot.
  [[nodiscard]] OrderId next_number() const noexcept {
    const std::uint32_t slot = free_slot_[slots_free_ - 1];
    return order_id(slot, order_[slot].generation + 1);
  }

  // Of the epoch; what is taken may be more, for the sake of earlier ones.
  std::uint32_t orders_max_;
  std::uint32_t external_ids_max_;
  ReferenceData reference_;
  Balances balances_;
  UserRefIndex user_refs_;
  QuoteIndex quotes_;  // Of live orders with `quoted`, the latest of each name.
  ExternalIds external_ids_;
  MassCancels mass_cancels_;
  std::span<LiveOrder> order_;
  std::span<std::uint32_t> free_slot_;  // A stack: the slot used last is still in cache.
  std::span<SessionState> session_;
  std::span<AccountState> account_;
  std::span<Sequence> state_set_;  // By instrument: the last command that set its state.
  std::span<Price> last_trade_;    // As far as the log has told; bounds market orders only.
  OrderId taker_ = no_order;       // Of the fills that the log tells next.
  std::uint32_t slots_free_ = 0;
  std::uint32_t orders_live_ = 0;
  std::uint64_t silenced_ = 0;
};

}  // namespace basalt::risk
