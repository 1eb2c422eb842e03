#include "engine/history/history.h"

#include <algorithm>

#include "engine/pipeline/time_of_day.h"
#include "feedhandlers/order_entry/ouch50_reject.h"

namespace basalt::history {
namespace {

// Accepted, and one Executed for each side.
constexpr std::uint32_t messages_per_event_max = 3;

// A market event is told to every session, and whoever asked for it is answered.
constexpr std::uint32_t messages_per_command_max(const ReferenceLimits& limits) noexcept {
  return limits.sessions_max + 1;
}

// Quantities enter as 32 bits and only fall.
std::uint32_t wire_quantity(Quantity quantity) noexcept {
  BASALT_ASSERT(quantity >= Quantity{0});
  BASALT_ASSERT(quantity.value <= 0xFFFF'FFFF);
  return static_cast<std::uint32_t>(quantity.value);
}

std::uint64_t wire_price(Price price, const Instrument& instrument) noexcept {
  BASALT_ASSERT(price > no_price);
  return static_cast<std::uint64_t>(price.value) * instrument.wire_tick;
}

// Of an auction.
ouch50::LiquidityFlag cross_flag(InstrumentState auction) noexcept {
  switch (auction) {
    case InstrumentState::opening_auction:
      return ouch50::LiquidityFlag::opening_cross;
    case InstrumentState::closing_auction:
      return ouch50::LiquidityFlag::closing_cross;
    default:
      return ouch50::LiquidityFlag::halt_cross;
  }
}

// One of OUCH's letters that a command or an entry carries.
template <typename Letter>
Letter letter(std::uint8_t value) noexcept {
  return Letter{static_cast<char>(value)};
}

}  // namespace

HistoryCore::HistoryCore(const ReferenceLimits& limits, std::uint32_t orders_max,
                         pipeline::StreamStore& answers, Arena& arena)
    : reference_(limits, arena),
      entry_(arena.take<Entry>(orders_max)),
      answers_(answers),
      messages_per_slot_max_(std::max(messages_per_event_max, messages_per_command_max(limits))) {
  BASALT_ASSERT(answers.streams() >= limits.sessions_max);
}

std::size_t HistoryCore::memory_bytes(const ReferenceLimits& limits,
                                      std::uint32_t orders_max) noexcept {
  return ReferenceData::memory_bytes(limits) + Arena::cost<Entry>(orders_max);
}

void HistoryCore::on_command(const Command& command) noexcept {
  taker_ = command.order.order;
  if ((command.order.flags & flag_by_session) != 0) tell_administered(command);
  switch (command.order.kind) {
    case CommandKind::new_order:
      if (command.order.verdict != Reject::none) tell_rejected(command, command.order.verdict);
      return;
    case CommandKind::account_query:
      // Also with a verdict: whatever else is wrong with it, the question has an answer.
      return tell_next_number(command);
    case CommandKind::mass_cancel:
      return tell_mass_cancel(command);
    case CommandKind::disable_entry:
      tell_entry<ouch50::DisableResponse>(command);
      return reference_.apply(command);
    case CommandKind::enable_entry:
      tell_entry<ouch50::EnableResponse>(command);
      return reference_.apply(command);
    case CommandKind::set_protection:
      if (command.order.verdict != Reject::none) tell_rejected(command, command.order.verdict);
      return;
    case CommandKind::market_event:
      if (command.order.verdict == Reject::none) tell_market_event(command);
      return;
    default:
      return reference_.apply(command);
  }
}

void HistoryCore::on_event(const Command& command, const Event& event) noexcept {
  if (command.order.kind == CommandKind::new_order && event.index == 0) {
    on_new_order(command, event);
  }
  if (command.order.kind == CommandKind::set_protection) return tell_protected(command, event);
  switch (event.kind) {
    case EventKind::fill:
      return on_fill(command, event);
    case EventKind::canceled:
      return tell_canceled(command, event.order, event.quantity, event.reason());
    case EventKind::replaced:
      return tell_replaced(command, event);
    case EventKind::rejected:
      // OUCH 5.0, Replace, outcome 3: the original stands.
      if (command.order.kind == CommandKind::replace) tell_rejected(command, event.reject());
      return;
    case EventKind::crossing:
      taker_ = event.order;
      return;
    case EventKind::triggered:
      taker_ = event.order;
      return tell_restated(command, event, ouch50::RestatedReason::triggered);
    case EventKind::restated:
      return tell_restated(command, event, ouch50::RestatedReason::reserve_refreshed);
    case EventKind::repriced:
      return tell_restated(command, event, ouch50::RestatedReason::price_updated);
    case EventKind::withdrawn:
      return tell_protection(command, event.asked_by(), event.instrument, event.account,
                             ouch50::ProtectionState::withdrawn);
    case EventKind::rested:
    case EventKind::nothing:
    case EventKind::armed:
    case EventKind::uncrossed:  // These are the feed's.
    case EventKind::indicative:
    case EventKind::phase_changed:
    case EventKind::extended:
    case EventKind::bands_moved:
    case EventKind::limit_state:
      return;
  }
}

// What the book did with the order shows whether it was accepted, and whether it slid. What bands
// keep from its price is accepted at that, and then restated.
void HistoryCore::on_new_order(const Command& command, const Event& first) noexcept {
  if (first.kind == EventKind::rested) return tell_accepted(command, first.price);
  if (first.kind != EventKind::rejected) return tell_accepted(command, command.order.price);
  if (first.reject() != Reject::would_cross) return tell_rejected(command, first.reject());
  BASALT_REACHED("a post-only order that would cross is accepted and canceled");
  tell_accepted(command, command.order.price);
  tell_canceled(command, command.order.order, command.order.quantity, CancelReason::post_only);
}

void HistoryCore::on_fill(const Command& command, const Event& event) noexcept {
  const bool crosses = is_auction(event.auction());
  const ouch50::LiquidityFlag cross = cross_flag(event.auction());
  tell_executed(command, event, entry_of(taker_), crosses ? cross : ouch50::LiquidityFlag::removed);
  const auto added =
      event.hides() ? ouch50::LiquidityFlag::added_hidden : ouch50::LiquidityFlag::added;
  tell_executed(command, event, entry_of(event.order), crosses ? cross : added);
}

void HistoryCore::tell_accepted(const Command& command, Price price) noexcept {
  const Order& order = command.order;
  const Origin& origin = command.origin;
  const Instrument& instrument = reference_.instrument(order.instrument);
  BASALT_ASSERT(slot_of(order.order) < entry_.size());
  entry_[slot_of(order.order)] = {.generation = generation_of(order.order),
                                  .user_ref_num = origin.user_ref_num,
                                  .session = origin.session,
                                  .channel = origin.user_ref_index,
                                  .side = origin.wire_side,
                                  .capacity = origin.capacity,
                                  .cross_type = origin.cross_type};

  auto accepted = start<ouch50::Accepted>(command);
  accepted->user_ref_num = origin.user_ref_num;
  accepted->side = letter<ouch50::Side>(origin.wire_side);
  accepted->quantity = wire_quantity(order.quantity);
  accepted->symbol = wire::Alpha<8>(instrument.symbol);
  accepted->price = wire_price(price, instrument);
  accepted->time_in_force = letter<ouch50::TimeInForce>(origin.wire_time_in_force);
  accepted->display = letter<ouch50::Display>(origin.display);
  accepted->order_reference = static_cast<std::uint64_t>(order.order);
  accepted->capacity = letter<ouch50::Capacity>(origin.capacity);
  accepted->intermarket_sweep = letter<ouch50::YesNo>(origin.intermarket_sweep);
  accepted->cross_type = letter<ouch50::CrossType>(origin.cross_type);
  accepted->order_state = ouch50::OrderState::live;
  accepted->client_order_id = wire::Alpha<14>(origin.client_order_id);
  finish(accepted, command, origin.session, origin.user_ref_index);
}

void HistoryCore::tell_replaced(const Command& command, const Event& event) noexcept {
  const Order& order = command.order;
  const Origin& origin = command.origin;
  const Instrument& instrument = reference_.instrument(order.instrument);
  BASALT_ASSERT(event.order == order.original);
  BASALT_ASSERT(slot_of(order.order) < entry_.size());
  Entry entry = entry_of(order.original);
  entry.generation = generation_of(order.order);
  entry.user_ref_num = origin.user_ref_num;
  entry_[slot_of(order.order)] = entry;

  auto replaced = start<ouch50::Replaced>(command);
  replaced->original_user_ref_num = origin.original_user_ref_num;
  replaced->user_ref_num = origin.user_ref_num;
  replaced->side = letter<ouch50::Side>(entry.side);
  replaced->quantity = wire_quantity(event.remaining);
  replaced->symbol = wire::Alpha<8>(instrument.symbol);
  replaced->price = wire_price(event.price, instrument);
  replaced->time_in_force = letter<ouch50::TimeInForce>(origin.wire_time_in_force);
  replaced->display = letter<ouch50::Display>(origin.display);
  replaced->order_reference = static_cast<std::uint64_t>(order.order);
  replaced->capacity = letter<ouch50::Capacity>(entry.capacity);
  replaced->intermarket_sweep = letter<ouch50::YesNo>(origin.intermarket_sweep);
  replaced->cross_type = letter<ouch50::CrossType>(entry.cross_type);
  replaced->order_state = ouch50::OrderState::live;
  replaced->client_order_id = wire::Alpha<14>(origin.client_order_id);
  finish(replaced, command, entry.session, entry.channel);
}

void HistoryCore::tell_rejected(const Command& command, Reject reject) noexcept {
  const Origin& origin = command.origin;
  auto rejected = start<ouch50::Rejected>(command);
  rejected->user_ref_num = origin.user_ref_num;
  rejected->reason = ouch50::ouch_reject_code(reject);
  rejected->client_order_id = wire::Alpha<14>(origin.client_order_id);
  finish(rejected, command, origin.session, origin.user_ref_index);
}

void HistoryCore::tell_executed(const Command& command, const Event& event, const Entry& entry,
                                ouch50::LiquidityFlag liquidity) noexcept {
  auto executed = start<ouch50::Executed>(command);
  executed->user_ref_num = entry.user_ref_num;
  executed->quantity = wire_quantity(event.quantity);
  executed->price = wire_price(event.price, reference_.instrument(event.instrument));
  executed->liquidity = liquidity;
  executed->match_number = event.match_number;
  finish(executed, command, entry.session, entry.channel);
}

void HistoryCore::tell_canceled(const Command& command, OrderId order, Quantity quantity,
                                CancelReason reason) noexcept {
  const Entry& entry = entry_of(order);
  auto canceled = start<ouch50::Canceled>(command);
  canceled->user_ref_num = entry.user_ref_num;
  canceled->quantity = wire_quantity(quantity);
  canceled->reason = letter<ouch50::CancelReason>(static_cast<std::uint8_t>(reason));
  finish(canceled, command, entry.session, entry.channel);
}

void HistoryCore::tell_restated(const Command& command, const Event& event,
                                ouch50::RestatedReason reason) noexcept {
  const Entry& entry = entry_of(event.order);
  auto restated = start<ouch50::OrderRestated>(command);
  restated->user_ref_num = entry.user_ref_num;
  restated->reason = reason;
  if (reason == ouch50::RestatedReason::reserve_refreshed) {
    const wire::U32 shown = wire_quantity(event.quantity);
    [[maybe_unused]] const bool fits = restated.add(ouch50::Tag::display_quantity, shown);
    BASALT_ASSERT(fits);
  }
  if (reason == ouch50::RestatedReason::price_updated) {
    const wire::U64 price = wire_price(event.price, reference_.instrument(event.instrument));
    [[maybe_unused]] const bool fits = restated.add(ouch50::Tag::display_price, price);
    BASALT_ASSERT(fits);
  }
  finish(restated, command, entry.session, entry.channel);
}

void HistoryCore::tell_next_number(const Command& command) noexcept {
  auto response = start<ouch50::AccountQueryResponse>(command);
  response->next_user_ref_num = command.origin.original_user_ref_num;
  finish(response, command, command.origin.session, command.origin.user_ref_index);
}

void HistoryCore::tell_mass_cancel(const Command& command) noexcept {
  if (command.order.verdict != Reject::none) return tell_rejected(command, command.order.verdict);
  const Origin& origin = command.origin;
  auto response = start<ouch50::MassCancelResponse>(command);
  if (command.order.instrument != no_instrument) {
    response->symbol = wire::Alpha<8>(reference_.instrument(command.order.instrument).symbol);
  }
  if (origin.wire_side != 0) {
    [[maybe_unused]] const bool fits = response.add(ouch50::Tag::side, origin.wire_side);
    BASALT_ASSERT(fits);
  }
  if (origin.group != 0) {
    const wire::U16 group = origin.group;
    [[maybe_unused]] const bool fits = response.add(ouch50::Tag::group_id, group);
    BASALT_ASSERT(fits);
  }
  finish_of_firm(response, command);
}

template <wire::Message M>
void HistoryCore::tell_entry(const Command& command) noexcept {
  if (command.order.verdict != Reject::none) return tell_rejected(command, command.order.verdict);
  auto response = start<M>(command);
  finish_of_firm(response, command);
}

// Which firm it was, and which account of it where it was of one.
template <wire::Message M>
void HistoryCore::finish_of_firm(ouch50::Encoder<M>& message, const Command& command) noexcept {
  const Origin& origin = command.origin;
  message->user_ref_num = origin.user_ref_num;
  message->firm = wire::Alpha<4>(reference_.firm(reference_.session(origin.session).firm).name);
  if (command.order.account != no_account) {
    const wire::U32 account = index_of(command.order.account);
    [[maybe_unused]] const bool fits = message.add(ouch50::Tag::account, account);
    BASALT_ASSERT(fits);
  }
  finish(message, command, origin.session, origin.user_ref_index);
}

// The book has taken a protection, or has no room for it.
void HistoryCore::tell_protected(const Command& command, const Event& event) noexcept {
  if (event.reject() != Reject::none) return tell_rejected(command, event.reject());
  const Origin& origin = command.origin;
  const bool ends = command.as<QuoteProtection>().window == Nanos{0};
  tell_protection(command, {origin.session, origin.user_ref_index, origin.user_ref_num},
                  command.order.instrument, command.order.account,
                  ends ? ouch50::ProtectionState::ended : ouch50::ProtectionState::set);
}

void HistoryCore::tell_protection(const Command& command, const AskedBy& whose,
                                  InstrumentId instrument, AccountId account,
                                  ouch50::ProtectionState state) noexcept {
  auto told = start<ouch50::ProtectionStateTold>(command);
  told->user_ref_num = whose.user_ref_num;
  told->symbol = wire::Alpha<8>(reference_.instrument(instrument).symbol);
  told->state = state;
  const wire::U32 number = index_of(account);
  [[maybe_unused]] const bool fits = told.add(ouch50::Tag::account, number);
  BASALT_ASSERT(fits);
  finish(told, command, whose.session, whose.channel);
}

// OUCH knows two of the events that the feed can tell.
void HistoryCore::tell_market_event(const Command& command) noexcept {
  const auto event = letter<ouch50::EventCode>(command.as<Amendment>().market_event);
  if (event != ouch50::EventCode::start_of_day && event != ouch50::EventCode::end_of_day) return;
  for (std::uint32_t session = 0; session < reference_.limits().sessions_max; ++session) {
    if (!reference_.has(SessionId{session})) continue;
    auto told = start<ouch50::SystemEvent>(command);
    told->event = event;
    answers_.append(session, command.order.sequence, told.size_bytes());
  }
}

void HistoryCore::tell_administered(const Command& command) noexcept {
  const Origin& origin = command.origin;
  auto response = start<ouch50::AdminResponse>(command);
  response->user_ref_num = origin.user_ref_num;
  response->external_id = command.as<Amendment>().external_id.bytes;
  response->reason = static_cast<std::uint16_t>(command.order.verdict);
  answers_.append(index_of(origin.session), command.order.sequence, response.size_bytes(),
                  origin.received);
}

template <wire::Message M>
ouch50::Encoder<M> HistoryCore::start(const Command& command) noexcept {
  ouch50::Encoder<M> message(answers_.claim());
  message->time = pipeline::since_midnight(command.order.time);
  return message;
}

template <wire::Message M>
void HistoryCore::finish(ouch50::Encoder<M>& message, const Command& command, SessionId session,
                         std::uint8_t channel) noexcept {
  if (channel != 0) {
    [[maybe_unused]] const bool fits = message.add(ouch50::Tag::user_ref_index, channel);
    BASALT_ASSERT(fits);
  }
  // What the command causes for others answers nothing that they sent.
  const bool asked = session == command.origin.session;
  answers_.append(index_of(session), command.order.sequence, message.size_bytes(),
                  asked ? command.origin.received : Nanos{});
}

const HistoryCore::Entry& HistoryCore::entry_of(OrderId order) const noexcept {
  BASALT_ASSERT(slot_of(order) < entry_.size());
  const Entry& entry = entry_[slot_of(order)];
  BASALT_ASSERT(entry.generation == generation_of(order));  // I2
  return entry;
}

}  // namespace basalt::history
