// From the log to rows: what each command and its events mean in the tables.
//
//   (command, events) ─► orders: the command's own, and the live ones that its events change
//                     ─► fills, one of each fill event
//                     ─► Books ─► ledger entries, obligations and what becomes of them
//
// Holds the live orders and the books, and nothing that grows with the journal. Deterministic: the
// rows are a function of the log.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/bridge/books.h"
#include "engine/bridge/rows.h"
#include "engine/event.h"
#include "engine/journal/reader.h"

namespace basalt::bridge {

// An order that is open in the tables.
struct LiveOrder {
  OrderId order{};
  Sequence sequence = 0;
  Quantity executed;
  Quantity open;
};

class Derivation {
 public:
  // `live` and `books` are as of the same command or, the books, of an earlier one: then
  // follow() leads them up to it.
  Derivation(Books books, std::span<const LiveOrder> live);

  // For what is in the tables already: only the books move.
  void follow(const journal::Follower::Entry& entry);
  // Appends the command's rows to `batch`. Precondition: the next command of the log.
  void take(const journal::Follower::Entry& entry, Batch& batch);
  // The batch is stored and cleared: what is still open counts as stored from here on.
  void batch_is_stored() noexcept { ++batch_; }

  [[nodiscard]] const Books& books() const noexcept { return books_; }
  [[nodiscard]] std::size_t orders_live() const noexcept { return live_.size(); }

 private:
  struct Live {
    Sequence sequence = 0;
    Quantity executed;
    Quantity open;
    std::uint64_t batch = 0;  // In which `at` holds.
    bool is_new = false;      // `at` is a place among the batch's orders, otherwise its updates.
    std::size_t at = 0;
  };

  void take_order(const journal::Follower::Entry& entry, Batch& batch);
  void take_event(const Command& command, const Event& event, OrderRow* own, Batch& batch);
  void take_rested(const Command& command, const Event& event, OrderRow* own, Batch& batch);
  void take_canceled(const Command& command, const Event& event, OrderRow* own, Batch& batch);
  void take_fill(const Command& command, const Event& event, OrderRow* own, Batch& batch);
  void take_batches(const Command& command, Batch& batch);
  // Brings a live order's row to its state after the event; one that is not open any more is live
  // no more.
  void change(const Event& event, OrderId order, const OrderState& state, Batch& batch);
  [[nodiscard]] OrderState state_of(OrderId order, Nanos time) const;

  Books books_;
  std::unordered_map<std::uint64_t, Live> live_;  // By order number.
  std::uint64_t batch_ = 1;
  settlement::BatchId batch_seen_{};
  OrderId taker_{};  // Of the fills that come next.
  AccountId taker_account_{};
};

}  // namespace basalt::bridge
