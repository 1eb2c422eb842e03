#include "engine/bridge/derivation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "engine/assert.h"
#include "engine/state_hash.h"

namespace basalt::bridge {
namespace {

std::uint64_t number_of(OrderId order) noexcept {
  return static_cast<std::uint64_t>(order);
}

// Batches count from 1.
settlement::BatchId last_made(const settlement::Settlement& settlement) {
  return settlement::BatchId{settlement.save().batches_made};
}

}  // namespace

std::uint64_t fingerprint_of(const Command& command, std::uint32_t engine, std::uint32_t epoch) {
  StateHash hash;
  hash.add(engine);
  hash.add(epoch);
  for (std::uint32_t i = 0; i < command.order.slots; ++i) {
    for (const std::uint64_t word :
         std::bit_cast<std::array<std::uint64_t, sizeof(Slot) / sizeof(std::uint64_t)>>(
             command.slot(i).bytes)) {
      hash.add(word);
    }
  }
  return hash.digest();
}

Derivation::Derivation(Books books, std::span<const LiveOrder> live)
    : books_(std::move(books)), batch_seen_(last_made(books_.settlement())) {
  for (const LiveOrder& each : live) {
    live_[number_of(each.order)] = {
        .sequence = each.sequence, .executed = each.executed, .open = each.open};
  }
}

void Derivation::follow(const journal::Follower::Entry& entry) {
  books_.follow(entry.command, entry.events, [](const Transfer&) {});
  if (settlement_follows(entry.command.order)) {
    for (const settlement::Change& change : books_.settlement().changes()) {
      batch_seen_ = std::max(batch_seen_, change.batch);
    }
  }
}

void Derivation::take(const journal::Follower::Entry& entry, Batch& batch) {
  const Command& command = entry.command;
  batch.cursor.engine = entry.engine;
  batch.cursor.epoch = entry.epoch;
  batch.cursor.sequence = command.order.sequence;
  ++batch.commands;
  if (is_definition(command.order)) batch.definitions.push_back(command);
  take_order(entry, batch);
  books_.follow(command, entry.events, [&](const Transfer& transfer) {
    batch.entries.push_back({entry.epoch, transfer});
  });
  take_batches(command, batch);
}

void Derivation::take_order(const journal::Follower::Entry& entry, Batch& batch) {
  const Command& command = entry.command;
  taker_ = command.order.order;
  taker_account_ = command.order.account;
  if (!has_order_row(command.order)) {
    for (const Event& event : entry.events) take_event(command, event, nullptr, batch);
    return;
  }
  OrderRow own{.epoch = entry.epoch, .order = command.order, .origin = command.origin};
  own.state.updated = command.order.time;
  const bool replaces = command.order.kind == CommandKind::replace;
  if (replaces) {
    const auto original = live_.find(number_of(command.order.original));
    if (original != live_.end()) own.replaces = original->second.sequence;
  } else {
    own.state.open = command.order.quantity;
  }
  if (command.order.verdict != Reject::none) {
    own.state.status = OrderStatus::rejected;
    own.state.reject = command.order.verdict;
    own.state.open = Quantity{0};
  }
  for (const Event& event : entry.events) take_event(command, event, &own, batch);
  const bool open = own.state.status == OrderStatus::open;
  if (open && own.state.open == Quantity{0}) own.state.status = OrderStatus::filled;
  batch.orders.push_back(own);
  if (own.state.status == OrderStatus::open) {
    live_[number_of(command.order.order)] = {.sequence = command.order.sequence,
                                             .executed = own.state.executed,
                                             .open = own.state.open,
                                             .batch = batch_,
                                             .is_new = true,
                                             .at = batch.orders.size() - 1};
  }
}

// `own` is the row of the command, where it has one.
void Derivation::take_event(const Command& command, const Event& event, OrderRow* own,
                            Batch& batch) {
  const Nanos time = command.order.time;
  const bool about_own = own != nullptr && event.order == command.order.order;
  switch (event.kind) {
    case EventKind::fill:
      return take_fill(command, event, own, batch);
    case EventKind::crossing:
    case EventKind::triggered:
      taker_ = event.order;
      taker_account_ = event.account;
      return;
    case EventKind::rested:
      return take_rested(command, event, own, batch);
    case EventKind::nothing:
      // A replacement of what is not live any more never came to be.
      if (own == nullptr || own->state.status == OrderStatus::rejected) return;
      own->state.status = OrderStatus::rejected;
      own->state.reject = Reject::not_live;
      return;
    case EventKind::rejected:
      BASALT_ASSERT(about_own);
      own->state.status = OrderStatus::rejected;
      own->state.reject = event.reject();
      own->state.open = Quantity{0};
      return;
    case EventKind::canceled:
      return take_canceled(command, event, own, batch);
    case EventKind::replaced: {
      BASALT_ASSERT(own != nullptr);
      OrderState state = state_of(event.order, time);
      state.open = Quantity{0};
      state.status = OrderStatus::replaced;
      change(event, event.order, state, batch);
      own->state.open = event.remaining;
      return;
    }
    case EventKind::restated:
    case EventKind::armed:
    case EventKind::uncrossed:
    case EventKind::indicative:
    case EventKind::phase_changed:
    case EventKind::extended:
    case EventKind::repriced:  // Where it rests is told by that it does.
    case EventKind::bands_moved:
    case EventKind::limit_state:
    case EventKind::withdrawn:
      return;
  }
}

// It may have slid, been kept within the bands, or be what is left of a market order: also one that
// came long ago, and was a stop until now.
void Derivation::take_rested(const Command& command, const Event& event, OrderRow* own,
                             Batch& batch) {
  const bool about_own = own != nullptr && event.order == command.order.order;
  OrderState state = about_own ? own->state : state_of(event.order, command.order.time);
  BASALT_ASSERT(state.open == event.remaining);
  if (about_own) {
    own->order.price = event.price;
    return;
  }
  state.price = event.price;
  change(event, event.order, state, batch);
}

void Derivation::take_canceled(const Command& command, const Event& event, OrderRow* own,
                               Batch& batch) {
  const bool about_own = own != nullptr && event.order == command.order.order;
  OrderState state = about_own ? own->state : state_of(event.order, command.order.time);
  state.open = event.remaining;
  if (event.remaining == Quantity{0}) {
    state.status = OrderStatus::canceled;
    state.cancel = event.reason();
  }
  if (about_own) {
    own->state = state;
    return;
  }
  change(event, event.order, state, batch);
  // The original went instead of being replaced.
  const bool instead = own != nullptr && command.order.kind == CommandKind::replace &&
                       event.order == command.order.original;
  if (!instead || own->state.status == OrderStatus::rejected) return;
  own->state.status = OrderStatus::canceled;
  own->state.cancel = event.reason();
}

// Either side is the command's own order, or one that is open in the tables.
void Derivation::take_fill(const Command& command, const Event& event, OrderRow* own,
                           Batch& batch) {
  const auto is_own = [&](OrderId order) { return own != nullptr && order == command.order.order; };
  const auto trade = [&](OrderId order) {
    OrderState state = is_own(order) ? own->state : state_of(order, command.order.time);
    state.executed += event.quantity;
    state.open -= event.quantity;
    BASALT_ASSERT(state.open >= Quantity{0});
    if (state.open == Quantity{0}) state.status = OrderStatus::filled;
    if (is_own(order)) {
      own->state = state;
    } else {
      change(event, order, state, batch);
    }
    return state.open;
  };
  batch.fills.push_back({.epoch = batch.cursor.epoch,
                         .fill = event,
                         .taker = taker_,
                         .taker_account = taker_account_,
                         .maker_sequence = is_own(event.order)
                                               ? command.order.sequence
                                               : live_.at(number_of(event.order)).sequence,
                         .time = command.order.time});
  [[maybe_unused]] const Quantity left = trade(event.order);
  BASALT_ASSERT(left == event.remaining);
  trade(taker_);
}

OrderState Derivation::state_of(OrderId order, Nanos time) const {
  const auto found = live_.find(number_of(order));
  BASALT_ASSERT(found != live_.end());  // Only live orders have events.
  return {.status = OrderStatus::open,
          .executed = found->second.executed,
          .open = found->second.open,
          .updated = time};
}

void Derivation::change(const Event& event, OrderId order, const OrderState& state, Batch& batch) {
  const auto found = live_.find(number_of(order));
  Live& live = found->second;
  live.executed = state.executed;
  live.open = state.open;
  if (live.batch != batch_) {
    live.batch = batch_;
    live.is_new = false;
    live.at = batch.updates.size();
    batch.updates.push_back({live.sequence, event.instrument, state});
  } else if (live.is_new) {
    OrderRow& row = batch.orders[live.at];
    row.state = state;
    if (state.price != no_price) row.order.price = state.price;
  } else {
    OrderState& row = batch.updates[live.at].state;
    const Price price = state.price != no_price ? state.price : row.price;
    row = state;
    row.price = price;
  }
  if (state.status != OrderStatus::open) live_.erase(found);
}

void Derivation::take_batches(const Command& command, Batch& batch) {
  if (!settlement_follows(command.order)) return;
  const settlement::Settlement& settlement = books_.settlement();
  for (const settlement::Change& change : settlement.changes()) {
    if (change.batch > batch_seen_) {
      batch_seen_ = change.batch;
      for (const settlement::Obligation& obligation : settlement.obligations(change.batch)) {
        batch.obligations.push_back({.epoch = batch.cursor.epoch,
                                     .sequence = command.order.sequence,
                                     .obligation = obligation,
                                     .time = command.order.time});
      }
    } else {
      batch.changes.push_back({change, command.order.time});
    }
  }
}

}  // namespace basalt::bridge
