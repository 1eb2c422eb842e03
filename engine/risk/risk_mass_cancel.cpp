// What a firm asks of all its orders at once: mass cancels, and order entry off and on.
//
// A mass cancel is decided in its place, and worked off in the turns that follow. Its orders are
// those of the firm's sessions, which alone may enter orders for the firm's accounts: one session's
// after the other's, in each the oldest first. A turn looks at a bounded number of them.
#include <algorithm>

#include "engine/risk/risk_core.h"

namespace basalt::risk {

RiskCore::Outcome RiskCore::decide_of_firm(Command& command) noexcept {
  const Origin& origin = command.origin;
  BASALT_ASSERT(reference_.has(origin.session));
  if (origin.user_ref_index >= channels_max || is_retransmission(origin)) return silence();
  if (command.order.verdict == Reject::none) command.order.verdict = check_of_firm(command);
  return Outcome::sequence;
}

Reject RiskCore::check_of_firm(const Command& command) const noexcept {
  const Order& order = command.order;
  if (order.instrument != no_instrument && !reference_.has(order.instrument)) {
    return Reject::unknown_instrument;
  }
  if (order.account != no_account) {
    const Reject permitted = check_account(order.account, command.origin.session);
    if (permitted != Reject::none) return permitted;
  }
  return has_room_for(command) ? Reject::none : Reject::mass_cancels_exceeded;
}

bool RiskCore::has_room_for(const Command& command) const noexcept {
  const CommandKind kind = command.order.kind;
  if (kind != CommandKind::mass_cancel && kind != CommandKind::mass_cancel_by_venue) return true;
  return mass_cancels_.has_room(command.origin.session, scope_of(command));
}

CancelScope RiskCore::scope_of(const Command& command) const noexcept {
  const Order& order = command.order;
  CancelScope scope{.account = order.account,
                    .instrument = order.instrument,
                    .of_one_side = command.origin.wire_side != 0,
                    .side = order.side,
                    .group = command.origin.group,
                    .by_venue = order.kind == CommandKind::mass_cancel_by_venue};
  if (!scope.by_venue) {
    scope.firm = reference_.session(command.origin.session).firm;
  } else if (order.account != no_account) {
    scope.firm = reference_.account(order.account).firm;
  }
  return scope;
}

void RiskCore::apply_of_firm(const Command& command) noexcept {
  use_number(command.origin);
  if (command.order.verdict != Reject::none) return;
  if (command.order.kind == CommandKind::mass_cancel) return begin_mass_cancel(command);
  reference_.apply(command);
}

void RiskCore::begin_mass_cancel(const Command& command) noexcept {
  mass_cancels_.add(command.origin.session, {.scope = scope_of(command),
                                             .until = command.order.sequence,
                                             .user_ref_num = command.origin.user_ref_num,
                                             .channel = command.origin.user_ref_index});
}

void RiskCore::end_mass_cancel(const Command& command) noexcept {
  const MassCancel& request = mass_cancels_.of(command.origin.session).front();
  BASALT_ASSERT(request.user_ref_num == command.origin.user_ref_num);
  BASALT_ASSERT(request.channel == command.origin.user_ref_index);
  mass_cancels_.finish(command.origin.session);
}

bool RiskCore::work_off_mass_cancels(std::uint32_t& looks, Command& command) noexcept {
  while (looks > 0 && !mass_cancels_.empty()) {
    const SessionId session = mass_cancels_.next();
    if (work_off(session, looks, command)) return true;
  }
  return false;
}

// Of the first request of this session's queue.
bool RiskCore::work_off(SessionId session, std::uint32_t& looks, Command& command) noexcept {
  const MassCancel& request = mass_cancels_.of(session).front();
  Walk& walk = mass_cancels_.walk(session);
  OrderId found = no_order;
  while (looks > 0 && found == no_order) {
    if (walk.session == reference_.limits().sessions_max) {
      BASALT_REACHED("a mass cancel is done");
      command = mass_cancel_done(session, request);
      return true;
    }
    --looks;
    found = look(request, walk);
  }
  // An order that goes meanwhile takes the walk to the next.
  if (walk.slot != Walk::at_start) order_[walk.slot].listing = Listing::watched;
  if (found == no_order) return false;
  const std::uint16_t by_venue = request.scope.by_venue ? flag_by_venue : 0;
  command = cancel_of(found, static_cast<std::uint16_t>(flag_mass_cancel | by_venue));
  return true;
}

// One step of the walk. Names the order that it was at where the request is of it.
OrderId RiskCore::look(const MassCancel& request, Walk& walk) noexcept {
  const SessionId session{walk.session};
  if (walk.slot == Walk::at_start) {
    const bool of_it =
        reference_.has(session) && request.scope.has(reference_.session(session).firm);
    walk.slot = of_it ? session_[walk.session].first : none;
    if (walk.slot == none) ++walk.session;
    return no_order;
  }
  const std::uint32_t slot = walk.slot;
  const LiveOrder& order = order_[slot];
  if (order.sequence >= request.until) {
    ++walk.session;
    walk.slot = Walk::at_start;
    return no_order;
  }
  step(walk, order);
  if (!request.scope.has(order.account, order.instrument, order.side, order.group)) return no_order;
  unlist(slot);
  return order_id(slot, order.generation);
}

void RiskCore::step(Walk& walk, const LiveOrder& from) noexcept {
  static_assert(Walk::at_start == none);
  walk.slot = from.next;
  if (from.next == none) ++walk.session;
}

// The order is about to leave its list: who stands at it goes on to the next.
void RiskCore::step_walks_from(std::uint32_t slot) noexcept {
  const LiveOrder& order = order_[slot];
  for (const SessionId session : mass_cancels_.busy()) {
    Walk& walk = mass_cancels_.walk(session);
    if (walk.slot != slot) continue;
    BASALT_REACHED("an order goes at which a mass cancel stands");
    step(walk, order);
    if (order.next != none) order_[order.next].listing = Listing::watched;
  }
}

Command RiskCore::mass_cancel_done(SessionId session, const MassCancel& request) noexcept {
  Command command;
  command.order.kind = CommandKind::mass_cancel_done;
  command.order.slots = 2;
  command.order.instrument = no_instrument;
  command.order.account = no_account;
  command.origin.session = session;
  command.origin.user_ref_num = request.user_ref_num;
  command.origin.user_ref_index = request.channel;
  return command;
}

bool RiskCore::is_being_cancelled(const LiveOrder& order) const noexcept {
  const FirmId firm = reference_.session(order.session).firm;
  const auto is_of = [&](const MassCancel& request) {
    return order.sequence < request.until && request.scope.has(firm) &&
           request.scope.has(order.account, order.instrument, order.side, order.group);
  };
  return std::any_of(mass_cancels_.busy().begin(), mass_cancels_.busy().end(),
                     [&](SessionId session) {
                       const std::span<const MassCancel> queue = mass_cancels_.of(session);
                       return std::any_of(queue.begin(), queue.end(), is_of);
                     });
}

void RiskCore::add_mass_cancels_to_hash(StateHash& hash) const {
  const ReferenceLimits& limits = reference_.limits();
  for (std::uint32_t id = 0; id < limits.firms_max; ++id) {
    if (!reference_.has(FirmId{id}) || !reference_.firm(FirmId{id}).entry_disabled) continue;
    hash.add('F');
    hash.add(id);
  }
  for (std::uint32_t id = 0; id < limits.accounts_max; ++id) {
    if (!reference_.has(AccountId{id}) || !reference_.account(AccountId{id}).entry_disabled) {
      continue;
    }
    hash.add('A');
    hash.add(id);
  }
  for (std::uint32_t id = 0; id < limits.sessions_max; ++id) {
    for (const MassCancel& request : mass_cancels_.of(SessionId{id})) {
      const CancelScope& scope = request.scope;
      hash.add(id);
      hash.add(scope.firm);
      hash.add(scope.account);
      hash.add(scope.instrument);
      hash.add(static_cast<std::uint8_t>(scope.of_one_side ? 1 : 0));
      hash.add(scope.side);
      hash.add(scope.group);
    }
  }
}

}  // namespace basalt::risk
