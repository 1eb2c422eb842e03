// The mass cancels under way: of each session a queue of what it has asked for.
//
//   mass_cancel ─► add() ─► [first, being worked off │ next │ …] ─► mass_cancel_done ─► finish()
//
// What is in the queues is a function of the commands alone. So a venue that was killed in the
// middle of a mass cancel has it again after recovery, and works it off from its beginning: how far
// it was (Walk) is known to the running engine only.
//
// Invariants
//   I1  A session has at most limits::mass_cancels_max under way.
//   I2  A request ends by its mass_cancel_done, or because a later one of its session covers it;
//       the first of a queue by the former alone, so that asking again and again delays nothing.
#pragma once

#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/command.h"
#include "engine/limits.h"
#include "engine/types.h"

namespace basalt::risk {

inline constexpr FirmId every_firm{0xFFFF'FFFF};

// Which orders a mass cancel is of. Each field narrows it but for its value of "all".
struct CancelScope {
  FirmId firm = every_firm;
  AccountId account = no_account;
  InstrumentId instrument = no_instrument;
  bool of_one_side = false;
  Side side{};
  std::uint16_t group = 0;  // 0: all, and those of none.
  bool by_venue = false;    // The operator's: told so to the owners.

  [[nodiscard]] constexpr bool has(FirmId of) const noexcept {
    return firm == every_firm || firm == of;
  }
  // Of an order that one of `firm` entered.
  [[nodiscard]] constexpr bool has(AccountId of, InstrumentId in, Side on,
                                   std::uint16_t of_group) const noexcept {
    return (account == no_account || account == of) &&
           (instrument == no_instrument || instrument == in) && (!of_one_side || side == on) &&
           (group == 0 || group == of_group);
  }
  // Is everything in the other's scope in this one's, and told alike?
  [[nodiscard]] constexpr bool covers(const CancelScope& other) const noexcept {
    return has(other.firm) && (account == no_account || account == other.account) &&
           (instrument == no_instrument || instrument == other.instrument) &&
           (!of_one_side || (other.of_one_side && side == other.side)) &&
           (group == 0 || group == other.group) && by_venue == other.by_venue;
  }
};

struct MassCancel {
  CancelScope scope;
  Sequence until = 0;  // Its own: of orders before it.
  std::uint32_t user_ref_num = 0;
  std::uint8_t channel = 0;
};

// How far the first request of a session's queue is: in the list of which session, at which order.
struct Walk {
  static constexpr std::uint32_t at_start = 0xFFFF'FFFF;  // Of the session's list.

  std::uint32_t session = 0;
  std::uint32_t slot = at_start;
};

class MassCancels {
 public:
  MassCancels(std::uint32_t sessions_max, Arena& arena);
  static std::size_t memory_bytes(std::uint32_t sessions_max) noexcept;

  [[nodiscard]] bool empty() const noexcept { return busy_count_ == 0; }
  // Of the session's requests, those that one of this scope would leave.
  [[nodiscard]] bool has_room(SessionId session, const CancelScope& scope) const noexcept;
  // Precondition: has_room().
  void add(SessionId session, const MassCancel& request) noexcept;
  // The session's first request is done.
  void finish(SessionId session) noexcept;

  // Sessions that have any, in no order that matters.
  [[nodiscard]] std::span<const SessionId> busy() const noexcept {
    return busy_.first(busy_count_);
  }
  // Round robin over busy(). Precondition: !empty().
  [[nodiscard]] SessionId next() noexcept { return busy_[next_++ % busy_count_]; }
  // Oldest first.
  [[nodiscard]] std::span<const MassCancel> of(SessionId session) const noexcept;
  [[nodiscard]] Walk& walk(SessionId session) noexcept { return walk_[index_of(session)]; }

 private:
  [[nodiscard]] std::span<MassCancel> places(SessionId session) const noexcept {
    return request_.subspan(std::size_t{index_of(session)} * limits::mass_cancels_max,
                            limits::mass_cancels_max);
  }

  std::span<MassCancel> request_;  // mass_cancels_max places for each session.
  std::span<std::uint32_t> count_;
  std::span<Walk> walk_;
  std::span<SessionId> busy_;
  std::uint32_t busy_count_ = 0;
  std::uint32_t next_ = 0;
};

}  // namespace basalt::risk
