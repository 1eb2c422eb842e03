// What the bridge writes: rows, before any database sees them.
//
//   journal ─► Derivation ─► Batch of rows + the cursor behind them ─► Store, one transaction
//
// Every row has an identity that is a function of the log: writing it again changes nothing.
//   orders          (engine, sequence)                        a new order, or a replacement
//   fills           (engine, sequence, event index)
//   ledger_entries  (engine, sequence, event index, ordinal)
//   obligations     (engine, batch, account, asset)
// Each also carries the epoch in which it arose. What changes later (an order's state, a batch's)
// is written as its value, never as a difference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/command.h"
#include "engine/event.h"
#include "engine/settlement/settlement.h"
#include "engine/transfer.h"
#include "engine/types.h"

namespace basalt::bridge {

// The place of a command in the one log that this database follows.
struct Cursor {
  std::uint32_t engine = 0;
  std::uint32_t epoch = 0;
  Sequence sequence = 0;          // Everything up to here is in the tables; 0: nothing is.
  std::uint64_t fingerprint = 0;  // Of the command there: a journal that tells another is not ours.

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

[[nodiscard]] std::uint64_t fingerprint_of(const Command& command, std::uint32_t engine,
                                           std::uint32_t epoch);

enum class OrderStatus : std::uint8_t { open, filled, canceled, rejected, replaced };

// The part of an order's row that changes.
struct OrderState {
  OrderStatus status = OrderStatus::open;
  Quantity executed;  // Of this order number: what an order that it replaced had done is not in it.
  Quantity open;
  Reject reject{};
  CancelReason cancel{};
  Nanos updated{};
  Price price = no_price;  // Where it came to rest by now; no_price: nothing new.
};

// Does this command have a row in `orders`? Each that asks for an order, whatever comes of it.
[[nodiscard]] constexpr bool has_order_row(const Order& order) noexcept {
  return order.kind == CommandKind::new_order || order.kind == CommandKind::replace;
}

struct OrderRow {
  std::uint32_t epoch = 0;
  Order order{};
  Origin origin{};
  Sequence replaces = 0;  // Sequence of the order that it replaces, or was to replace; 0: none.
  OrderState state{};
};

struct OrderUpdate {
  Sequence sequence = 0;
  InstrumentId instrument{};
  OrderState state{};
};

struct FillRow {
  std::uint32_t epoch = 0;
  Event fill;
  OrderId taker{};
  AccountId taker_account{};
  Sequence maker_sequence = 0;
  Nanos time{};
};

struct EntryRow {
  std::uint32_t epoch = 0;
  Transfer transfer;
};

struct ObligationRow {
  std::uint32_t epoch = 0;
  Sequence sequence = 0;  // Of the command that cut the batch.
  settlement::Obligation obligation;
  Nanos time{};
};

struct BatchChange {
  settlement::Change change;
  Nanos time{};
};

struct Batch {
  Cursor cursor;  // Of the last command in it.
  std::uint64_t commands = 0;
  std::vector<OrderRow> orders;
  std::vector<OrderUpdate> updates;  // Of orders from earlier batches, at most one of each.
  std::vector<FillRow> fills;
  std::vector<EntryRow> entries;
  std::vector<ObligationRow> obligations;
  std::vector<BatchChange> changes;  // In order, after the obligations.
  std::vector<Command> definitions;  // Of assets, instruments and accounts.

  [[nodiscard]] std::size_t rows() const noexcept {
    return orders.size() + updates.size() + fills.size() + entries.size() + obligations.size() +
           changes.size() + definitions.size();
  }
  void clear() noexcept {
    commands = 0;
    orders.clear();
    updates.clear();
    fills.clear();
    entries.clear();
    obligations.clear();
    changes.clear();
    definitions.clear();
  }
};

}  // namespace basalt::bridge
