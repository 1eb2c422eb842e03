// What a decision changes, and what the log tells about it afterwards.
#include "engine/risk/risk_core.h"

namespace basalt::risk {

RiskCore::RiskCore(const Limits& limits, std::uint64_t seed, Arena& arena)
    : orders_max_(limits.orders_max),
      external_ids_max_(limits.external_ids_max),
      reference_(limits.reference, arena),
      balances_(limits.reference.accounts_max, limits.reference.assets_max, arena),
      user_refs_(limits.orders_max, seed, arena),
      quotes_(limits.orders_max, seed, arena),
      external_ids_(limits.external_ids_max, seed, arena),
      mass_cancels_(limits.reference.sessions_max, arena),
      order_(arena.take<LiveOrder>(limits.orders_max)),
      free_slot_(arena.take<std::uint32_t>(limits.orders_max)),
      session_(arena.take<SessionState>(limits.reference.sessions_max)),
      account_(arena.take<AccountState>(limits.reference.accounts_max)),
      state_set_(arena.take<Sequence>(limits.reference.instruments_max)),
      last_trade_(arena.take<Price>(limits.reference.instruments_max)) {
  collect_free_slots();
}

std::size_t RiskCore::memory_bytes(const Limits& limits) noexcept {
  const ReferenceLimits& reference = limits.reference;
  return ReferenceData::memory_bytes(reference) +
         Balances::memory_bytes(reference.accounts_max, reference.assets_max) +
         UserRefIndex::memory_bytes(limits.orders_max) +
         QuoteIndex::memory_bytes(limits.orders_max) +
         ExternalIds::memory_bytes(limits.external_ids_max) +
         MassCancels::memory_bytes(reference.sessions_max) +
         Arena::cost<LiveOrder>(limits.orders_max) + Arena::cost<std::uint32_t>(limits.orders_max) +
         Arena::cost<SessionState>(reference.sessions_max) +
         Arena::cost<AccountState>(reference.accounts_max) +
         Arena::cost<Sequence>(reference.instruments_max) +
         Arena::cost<Price>(reference.instruments_max);
}

void RiskCore::collect_free_slots() noexcept {
  slots_free_ = 0;
  for (auto slot = static_cast<std::uint32_t>(order_.size()); slot > 0; --slot) {
    const LiveOrder& order = order_[slot - 1];
    if (!order.live && order.has_generations()) free_slot_[slots_free_++] = slot - 1;
  }
}

AssetId RiskCore::held_asset(const LiveOrder& order) const noexcept {
  const Instrument& instrument = reference_.instrument(order.instrument);
  return order.side == Side::buy ? instrument.quote : instrument.base;
}

void RiskCore::apply(const Command& command) noexcept {
  if ((command.order.flags & flag_by_session) != 0) use_number(command.origin);
  switch (command.order.kind) {
    case CommandKind::new_order:
    case CommandKind::replace:
      return apply_order(command);
    case CommandKind::cancel:
    case CommandKind::reduce:
      return apply_reduction(command);
    case CommandKind::mass_cancel:
    case CommandKind::disable_entry:
    case CommandKind::enable_entry:
      return apply_of_firm(command);
    case CommandKind::set_protection:
      return use_number(command.origin);
    case CommandKind::mass_cancel_done:
      return end_mass_cancel(command);
    case CommandKind::mass_cancel_by_venue:
      if (command.order.verdict != Reject::none) return;
      external_ids_.add(command.as<Amendment>().external_id);
      return begin_mass_cancel(command);
    case CommandKind::deposit:
    case CommandKind::withdraw:
      return apply_payment(command);
    case CommandKind::epoch_start: {
      const EpochLimits told = command.as<EpochStart>().limits;
      BASALT_ASSERT(told.orders_max <= order_.size());
      orders_max_ = told.orders_max;
      external_ids_max_ = told.external_ids_max;
      return reference_.apply(command);
    }
    case CommandKind::set_fees:
      // Fees change at their place in the log, or fills decided before would pay the new ones.
      if (command.order.verdict == Reject::none) {
        external_ids_.add(command.as<Amendment>().external_id);
      }
      return;
    case CommandKind::halt_market:
      return apply_halt(command);
    case CommandKind::set_instrument_state:
      if (command.order.verdict == Reject::none) {
        state_set_[index_of(command.order.instrument)] = command.order.sequence;
      }
      [[fallthrough]];
    case CommandKind::set_limit:
    case CommandKind::uncross:
    case CommandKind::set_account_state:
    case CommandKind::market_event:
    case CommandKind::set_halt_levels:
      if (command.order.verdict == Reject::none) {
        external_ids_.add(command.as<Amendment>().external_id);
      }
      [[fallthrough]];
    default:
      return reference_.apply(command);
  }
}

void RiskCore::use_number(const Origin& origin) noexcept {
  std::uint32_t& last = session_[index_of(origin.session)].last_user_ref_num[origin.user_ref_index];
  BASALT_ASSERT(origin.user_ref_num > last);  // R4
  last = origin.user_ref_num;
}

void RiskCore::apply_order(const Command& command) noexcept {
  const Order& order = command.order;
  const Origin& origin = command.origin;
  use_number(origin);
  if (order.verdict != Reject::none) return;

  const std::uint32_t slot = slot_of(order.order);
  LiveOrder& live = order_[slot];
  BASALT_ASSERT(!live.live);                                    // R3
  BASALT_ASSERT(generation_of(order.order) > live.generation);  // R3
  if (slots_free_ > 0 && free_slot_[slots_free_ - 1] == slot) --slots_free_;
  live = LiveOrder{.generation = generation_of(order.order),
                   .live = true,
                   .side = order.side,
                   .channel = origin.user_ref_index,
                   .user_ref_num = origin.user_ref_num,
                   .session = origin.session,
                   .account = order.account,
                   .instrument = order.instrument,
                   .group = origin.group,
                   .quoted = (order.flags & flag_quoted) != 0,
                   .sequence = order.sequence,
                   .price = order.price,
                   .open = order.quantity,
                   .held = origin.hold()};
  Balance& balance = balances_.of(order.account, held_asset(live));
  balance.free -= live.held;
  balance.held += live.held;
  BASALT_ASSERT(balance.free >= Money{0});  // R2
  user_refs_.insert(user_ref_of(live), slot);
  if (live.quoted) note_quote(live, slot);
  list(slot);
  ++account_[index_of(order.account)].orders_open;
  ++orders_live_;
}

void RiskCore::apply_payment(const Command& command) noexcept {
  if (command.order.verdict != Reject::none) return;
  const auto amendment = command.as<Amendment>();
  external_ids_.add(amendment.external_id);
  Balance& balance = balances_.of(command.order.account, amendment.asset);
  if (command.order.kind == CommandKind::deposit) {
    balance.free += amendment.amount();
  } else {
    balance.free -= amendment.amount();
    BASALT_ASSERT(balance.free >= Money{0});  // R2
  }
}

void RiskCore::apply_reduction(const Command& command) noexcept {
  LiveOrder& order = order_[slot_of(command.order.order)];
  BASALT_ASSERT(order.generation == generation_of(command.order.order));
  ++order.reductions_pending;
}

// At once, so that no order gets past it; how it ends the log tells.
void RiskCore::apply_halt(const Command& command) noexcept {
  if (command.order.verdict != Reject::none) return;
  external_ids_.add(command.as<Amendment>().external_id);
  for (std::uint32_t i = 0; i < reference_.limits().instruments_max; ++i) {
    const InstrumentId id{i};
    if (!reference_.has(id) || reference_.instrument(id).state == InstrumentState::closed) continue;
    reference_.set_state(id, InstrumentState::halted);
    state_set_[i] = command.order.sequence;
  }
}

// The log has answered a cancel or a reduction. The order may be gone, and its slot another's.
void RiskCore::on_reduction(const Command& command) noexcept {
  LiveOrder& order = order_[slot_of(command.order.order)];
  if (order.generation == generation_of(command.order.order)) --order.reductions_pending;
}

void RiskCore::on_command(const Command& command) noexcept {
  taker_ = command.order.order;
  if (command.order.kind == CommandKind::set_fees) reference_.apply(command);
}

void RiskCore::on_event(const Command& command, const Event& event) noexcept {
  const std::uint32_t slot = slot_of(event.order);
  const bool replacing =
      command.order.kind == CommandKind::replace && command.order.order != no_order;
  if (command.order.kind == CommandKind::cancel || command.order.kind == CommandKind::reduce) {
    on_reduction(command);
  }
  switch (event.kind) {
    case EventKind::fill:
      return on_fill(event);
    case EventKind::rested:
      // A buyer that slid, or that bands keep, rests lower than it asked, and holds what it asked
      // for until it is done: that covers all its fills (R2), each gives back what it was cheaper
      // by, and replacements count on no more than is held. What a seller holds has no price.
      BASALT_ASSERT(order_[slot].open == event.remaining);
      return;
    case EventKind::rejected:
      // A replacement that was refused here already, whose original stands, has no number.
      if (event.order != no_order) gone(slot);
      return;
    case EventKind::nothing:
      if (replacing) gone(slot_of(command.order.order));
      return;
    case EventKind::canceled:
      if (event.remaining == Quantity{0}) {
        gone(slot);
      } else {
        lower(order_[slot], event.remaining, Money{0});
      }
      // The original went instead of being replaced.
      if (replacing && event.order == command.order.original) gone(slot_of(command.order.order));
      return;
    case EventKind::replaced: {
      LiveOrder& replacement = order_[slot_of(command.order.order)];
      replacement.held += order_[slot].held;
      order_[slot].held = Money{0};
      gone(slot);
      return lower(replacement, event.remaining, Money{0});
    }
    case EventKind::crossing:
    case EventKind::triggered:
      taker_ = event.order;
      return;
    case EventKind::phase_changed:
      return on_phase_changed(command, event);
    case EventKind::restated:
    case EventKind::armed:
    case EventKind::uncrossed:
    case EventKind::indicative:
    case EventKind::extended:
    case EventKind::repriced:
    case EventKind::bands_moved:
    case EventKind::limit_state:
    case EventKind::withdrawn:
      return;
  }
}

// The log tells it late: what was commanded since is newer.
void RiskCore::on_phase_changed(const Command& command, const Event& event) noexcept {
  if (command.order.sequence < state_set_[index_of(event.instrument)]) return;
  reference_.set_state(event.instrument, event.auction());
}

void RiskCore::on_fill(const Event& event) noexcept {
  BASALT_ASSERT(taker_ != no_order);
  const std::uint32_t taker_slot = slot_of(taker_);
  const std::uint32_t maker_slot = slot_of(event.order);
  LiveOrder& taker = order_[taker_slot];
  LiveOrder& maker = order_[maker_slot];
  BASALT_ASSERT(taker.live);
  BASALT_ASSERT(maker.live);
  const Instrument& instrument = reference_.instrument(event.instrument);
  const Money money = notional(event.price, event.quantity, instrument.tick_lot_value);
  const Money goods = base_amount(event.quantity, instrument);
  last_trade_[index_of(event.instrument)] = event.price;

  const auto settle = [&](LiveOrder& order, Quantity open, std::int32_t ppm) {
    const Money charge = fee(money, ppm);
    const bool buys = order.side == Side::buy;
    lower(order, open, buys ? money + charge : goods);
    if (buys) {
      balances_.of(order.account, instrument.base).free += goods;
    } else {
      balances_.of(order.account, instrument.quote).free += money - charge;
    }
  };
  // In an uncross nobody makes.
  settle(maker, event.remaining,
         is_auction(event.auction()) ? instrument.taker_ppm : instrument.maker_ppm);
  settle(taker, taker.open - event.quantity, instrument.taker_ppm);
  if (maker.open == Quantity{0}) gone(maker_slot);
  if (taker.open == Quantity{0}) gone(taker_slot);
}

void RiskCore::lower(LiveOrder& order, Quantity open, Money spent) noexcept {
  BASALT_ASSERT(open >= Quantity{0});
  BASALT_ASSERT(open <= order.open);
  const Instrument& instrument = reference_.instrument(order.instrument);
  // While a replacement is undecided its own hold is only what it needs on top; it never fills
  // before the log has told that it replaced, so `needed` is right whenever it matters.
  const Money needed = hold(order.side, order.price, open, instrument);
  const Money released = order.held - needed;
  BASALT_ASSERT(released >= spent);  // R2
  Balance& balance = balances_.of(order.account, held_asset(order));
  balance.held -= released;
  balance.free += released - spent;
  order.held = needed;
  order.open = open;
}

void RiskCore::gone(std::uint32_t slot) noexcept {
  LiveOrder& order = order_[slot];
  BASALT_ASSERT(order.live);
  Balance& balance = balances_.of(order.account, held_asset(order));
  balance.held -= order.held;
  balance.free += order.held;
  user_refs_.erase(user_ref_of(order));
  if (order.quoted) forget_quote(order, slot);
  if (order.listing != Listing::no) unlist(slot);
  --account_[index_of(order.account)].orders_open;
  --orders_live_;
  order.live = false;
  order.held = Money{0};
  // During replay the stack is not kept, and full: collect_free_slots() makes it anew.
  if (slots_free_ == free_slot_.size()) return;
  if (order.has_generations()) {
    free_slot_[slots_free_++] = slot;
  } else {
    BASALT_REACHED("a slot has no generation left");
  }
}

void RiskCore::list(std::uint32_t slot) noexcept {
  SessionState& session = session_[index_of(order_[slot].session)];
  order_[slot].previous = session.last;
  (session.last == none ? session.first : order_[session.last].next) = slot;
  session.last = slot;
  order_[slot].listing = Listing::yes;
}

void RiskCore::unlist(std::uint32_t slot) noexcept {
  LiveOrder& order = order_[slot];
  if (order.listing == Listing::watched) [[unlikely]]
    step_walks_from(slot);
  SessionState& session = session_[index_of(order.session)];
  (order.previous == none ? session.first : order_[order.previous].next) = order.next;
  (order.next == none ? session.last : order_[order.next].previous) = order.previous;
  order.next = order.previous = none;
  order.listing = Listing::no;
}

OrderId RiskCore::take_oldest_order(SessionId session, Sequence until) noexcept {
  const std::uint32_t slot = session_[index_of(session)].first;
  if (slot == none || order_[slot].sequence > until) return no_order;
  unlist(slot);
  return order_id(slot, order_[slot].generation);
}

Command RiskCore::cancel_of(OrderId order, std::uint16_t flags) const noexcept {
  const LiveOrder& live = order_[slot_of(order)];
  Command command;
  command.order.kind = CommandKind::cancel;
  command.order.slots = 2;
  command.order.flags = flags;
  command.order.order = order;
  command.order.side = live.side;
  command.order.account = live.account;
  command.order.instrument = live.instrument;
  command.origin.session = live.session;
  command.origin.user_ref_index = live.channel;
  command.origin.user_ref_num = live.user_ref_num;
  return command;
}

std::uint32_t RiskCore::holds_mismatched() const {
  const ReferenceLimits& limits = reference_.limits();
  std::uint32_t mismatched = 0;
  // Sum what orders hold into a copy of nothing: per account and asset, then compare.
  Arena arena(Balances::memory_bytes(limits.accounts_max, limits.assets_max));
  Balances sums(limits.accounts_max, limits.assets_max, arena);
  for (const LiveOrder& order : order_) {
    if (order.live) sums.of(order.account, held_asset(order)).held += order.held;
  }
  for (std::uint32_t account = 0; account < limits.accounts_max; ++account) {
    for (std::uint32_t asset = 0; asset < limits.assets_max; ++asset) {
      const AccountId a{account};
      const AssetId s{asset};
      mismatched += sums.of(a, s).held != balances_.of(a, s).held;
    }
  }
  return mismatched;
}

void RiskCore::add_to_hash(StateHash& hash) const {
  const ReferenceLimits& limits = reference_.limits();
  for (std::uint32_t account = 0; account < limits.accounts_max; ++account) {
    for (std::uint32_t asset = 0; asset < limits.assets_max; ++asset) {
      const Balance& balance = balances_.of(AccountId{account}, AssetId{asset});
      if (balance.free == Money{0} && balance.held == Money{0}) continue;
      hash.add(account);
      hash.add(asset);
      hash.add(balance.free);
      hash.add(balance.held);
    }
  }
  for (std::uint32_t session = 0; session < limits.sessions_max; ++session) {
    // Oldest first: not by slot, which depends on when slots came free.
    for (std::uint32_t slot = session_[session].first; slot != none; slot = order_[slot].next) {
      const LiveOrder& order = order_[slot];
      hash.add(index_of(order.account));
      hash.add(index_of(order.instrument));
      hash.add(order.price);
      hash.add(order.open);
      hash.add(order.held);
      hash.add(order.group);
      hash.add(static_cast<std::uint8_t>(order.quoted ? 1 : 0));
    }
  }
  add_mass_cancels_to_hash(hash);
}

void RiskCore::assert_invariants() const {
  BASALT_ASSERT(holds_mismatched() == 0);  // R1
  std::uint32_t live = 0;
  std::uint32_t worn_out = 0;
  for (std::uint32_t slot = 0; slot < order_.size(); ++slot) {
    const LiveOrder& order = order_[slot];
    live += order.live;
    worn_out += !order.live && !order.has_generations();
    if (!order.live || !order.quoted || order.reductions_pending > 0) continue;
    BASALT_ASSERT(quotes_.find({order.account, order.instrument, order.side}) == slot);  // R6
  }
  BASALT_ASSERT(live == orders_live_);
  BASALT_ASSERT(slots_free_ + live + worn_out == order_.size());  // R3
  for (std::uint32_t account = 0; account < reference_.limits().accounts_max; ++account) {
    if (!reference_.has(AccountId{account}) || reference_.account(AccountId{account}).is_venue()) {
      continue;
    }
    for (std::uint32_t asset = 0; asset < reference_.limits().assets_max; ++asset) {
      BASALT_ASSERT(balances_.of(AccountId{account}, AssetId{asset}).free >= Money{0});  // R2
    }
  }
}

}  // namespace basalt::risk
