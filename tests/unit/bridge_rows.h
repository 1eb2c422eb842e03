// What the tables must hold, worked out from a journal in the plainest way: a map of orders, a walk
// over events, and the ledger and settlement cores. One line of text a row, in order of identity.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/bridge/row_counts.h"
#include "engine/journal/reader.h"
#include "tests/unit/bridge_flow.h"

namespace basalt::bridge::test {

struct Tables {
  std::vector<std::string> orders;
  std::vector<std::string> fills;
  std::vector<std::string> entries;
  std::vector<std::string> obligations;

  friend bool operator==(const Tables&, const Tables&) = default;
};

// Joined with bars; an absent value is empty.
template <typename... Values>
std::string row(const Values&... values) {
  std::string text;
  const auto add = [&](const auto& value) {
    if (!text.empty()) text += '|';
    if constexpr (std::is_convertible_v<decltype(value), std::string>) {
      text += value;
    } else {
      text += std::to_string(value);
    }
  };
  (add(values), ...);
  return text;
}

class ExpectedTables {
 public:
  void take(const journal::Follower::Entry& entry) {
    const Command& command = entry.command;
    last_ = command.order.sequence;
    taker_ = command.order.order;
    taker_account_ = command.order.account;
    own_ = has_order_row(command.order) ? &orders_[last_] : nullptr;
    if (own_ != nullptr) start_order(entry);
    for (const Event& event : entry.events) on_event(entry, event);
    if (own_ != nullptr && own_->status == "OPEN" && own_->open == 0) own_->status = "FILLED";

    ledger_.on_command(command);
    post(entry.epoch);
    if (settlement_follows(command.order)) settlement_.on_command(command);
    for (const Event& event : entry.events) {
      ledger_.on_event(command, event);
      post(entry.epoch);
    }
    if (settlement_follows(command.order)) on_changes(entry.epoch);
    counter.after(command, ledger_, settlement_);
  }

  [[nodiscard]] Tables tables() const {
    Tables result{.orders = {}, .fills = fills_, .entries = entries_, .obligations = {}};
    for (const auto& [sequence, order] : orders_) {
      result.orders.push_back(row(sequence, order.epoch, order.number, order.symbol, order.quantity,
                                  order.status, order.executed, order.open, order.replaces,
                                  order.price));
    }
    for (const auto& [batch, owed] : batches_) {
      for (const auto& [key, amount] : owed.amounts) {
        result.obligations.push_back(
            row(batch, key.first, key.second, owed.epoch, amount, owed.state));
      }
    }
    return result;
  }
  [[nodiscard]] Sequence last() const { return last_; }
  [[nodiscard]] const settlement::Settlement& settlement() const { return settlement_; }

  RowCounter counter;

 private:
  struct Asked {
    std::uint32_t epoch = 0;
    std::string number;
    std::string symbol;
    std::int64_t quantity = 0;
    std::string status = "OPEN";
    std::int64_t executed = 0;
    std::int64_t open = 0;
    std::string replaces;
    std::string price;
  };
  struct Owed {
    std::uint32_t epoch = 0;
    std::string state;
    std::map<std::pair<std::uint32_t, std::string>, std::string> amounts;
  };

  static std::string number_text(OrderId order) {
    return order == no_order ? "" : std::to_string(static_cast<std::uint64_t>(order));
  }
  static std::string asset_name(AssetId asset) {
    return index_of(asset) == oracle::usd     ? "USD"
           : index_of(asset) == oracle::stock ? "AAPL"
                                              : "BTC";
  }

  void start_order(const journal::Follower::Entry& entry) {
    const Order& order = entry.command.order;
    own_->epoch = entry.epoch;
    own_->number = number_text(order.order);
    own_->quantity = order.quantity.value;
    const bool known = index_of(order.instrument) <= oracle::btc_usd;
    if (known && (order.kind != CommandKind::replace || (order.flags & flag_wire_price) == 0)) {
      own_->price = std::to_string(order.price.value);
    }
    if (order.instrument == InstrumentId{oracle::aapl}) own_->symbol = "AAPL";
    if (order.instrument == InstrumentId{oracle::btc_usd}) own_->symbol = "BTC-USD";
    if (order.kind == CommandKind::new_order) {
      own_->open = order.quantity.value;
    } else if (const auto it = by_number_.find(order.original);
               it != by_number_.end() && orders_[it->second].status == "OPEN") {
      own_->replaces = std::to_string(it->second);
    }
    if (order.verdict != Reject::none) {
      own_->status = "REJECTED";
      own_->open = 0;
    }
    if (order.order != no_order) by_number_[order.order] = order.sequence;
  }

  void on_event(const journal::Follower::Entry& entry, const Event& event) {
    if (event.kind == EventKind::nothing) {
      if (own_ != nullptr && own_->status == "OPEN") own_->status = "REJECTED";
      return;
    }
    if (event.kind == EventKind::crossing || event.kind == EventKind::triggered) {
      taker_ = event.order;
      taker_account_ = event.account;
    }
    if (event.order == no_order) return;
    Asked& of = orders_.at(by_number_.at(event.order));
    if (event.kind == EventKind::rested) of.price = std::to_string(event.price.value);
    if (event.kind == EventKind::fill) {
      Asked& taker = orders_.at(by_number_.at(taker_));
      taker.executed += event.quantity.value;
      taker.open -= event.quantity.value;
      if (taker.open == 0) taker.status = "FILLED";
      of.executed += event.quantity.value;
      of.open -= event.quantity.value;
      if (of.open == 0) of.status = "FILLED";
      fills_.push_back(row(event.sequence, event.index, entry.epoch, event.match_number,
                           by_number_.at(event.order), number_text(event.order),
                           number_text(taker_), index_of(event.account), index_of(taker_account_),
                           event.price.value, event.quantity.value));
    } else if (event.kind == EventKind::canceled) {
      of.open = event.remaining.value;
      if (of.open == 0) of.status = "CANCELED";
      // The original went and the replacement never came.
      const Order& order = entry.command.order;
      const bool instead =
          order.kind == CommandKind::replace && event.order == order.original && own_ != nullptr;
      if (instead && own_->status == "OPEN") own_->status = "CANCELED";
    } else if (event.kind == EventKind::rejected) {
      of.open = 0;
      of.status = "REJECTED";
    } else if (event.kind == EventKind::replaced) {
      of.open = 0;
      of.status = "REPLACED";
      own_->open = event.remaining.value;
    }
  }

  void post(std::uint32_t epoch) {
    for (const Transfer& each : ledger_.posted()) {
      settlement_.on_transfer(each);
      entries_.push_back(row(each.sequence, each.index, std::uint32_t{each.ordinal}, epoch,
                             index_of(each.debit), index_of(each.credit), asset_name(each.asset),
                             static_cast<std::int64_t>(each.amount().value)));
    }
  }

  void on_changes(std::uint32_t epoch) {
    static constexpr std::array states{"NONE",   "PENDING",   "EXECUTING",
                                       "FAILED", "COMPLETED", "FOLDED"};
    for (const settlement::Change& change : settlement_.changes()) {
      const auto [it, fresh] = batches_.try_emplace(static_cast<std::uint64_t>(change.batch));
      it->second.state = states[static_cast<std::size_t>(change.state)];
      if (!fresh) continue;
      it->second.epoch = epoch;
      for (const settlement::Obligation& each : settlement_.obligations(change.batch)) {
        it->second.amounts[{index_of(each.account), asset_name(each.asset)}] =
            std::to_string(static_cast<std::int64_t>(each.amount.value));
      }
    }
  }

  // Beyond what any epoch has in force: how much memory there is must not show.
  static constexpr settlement::SettlementLimits large{.reference = {.assets_max = 16,
                                                                    .instruments_max = 16,
                                                                    .accounts_max = 64,
                                                                    .sessions_max = 32,
                                                                    .firms_max = 8},
                                                      .batches_max = 64,
                                                      .obligations_max = 16'384};
  Arena arena_{ledger::Ledger::memory_bytes(large.reference) +
               settlement::Settlement::memory_bytes(large)};
  ledger::Ledger ledger_{large.reference, arena_};
  settlement::Settlement settlement_{large, arena_};
  std::map<Sequence, Asked> orders_;
  std::map<OrderId, Sequence> by_number_;
  OrderId taker_{};  // Of the fills that come next.
  AccountId taker_account_{};
  std::vector<std::string> fills_;
  std::vector<std::string> entries_;
  std::map<std::uint64_t, Owed> batches_;
  Asked* own_ = nullptr;
  Sequence last_ = 0;
};

// From a journal that no engine has open: all that a bridge can have seen of it.
inline std::unique_ptr<ExpectedTables> expected_of(const std::filesystem::path& data) {
  auto expected = std::make_unique<ExpectedTables>();
  journal::Follower follower(data, journal::inspect(data), journal::Follower::Take::complete);
  journal::Follower::Entry entry;
  while (follower.next(entry) == journal::Read::record) expected->take(entry);
  return expected;
}

// One line of text a row of a query.
inline std::vector<std::string> query(const std::filesystem::path& database,
                                      const std::string& sql) {
  sqlite3* connection = nullptr;
  if (sqlite3_open_v2(database.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) {
    sqlite3_close(connection);
    throw std::runtime_error("cannot open " + database.string());
  }
  sqlite3_busy_timeout(connection, 5'000);
  std::vector<std::string> rows;
  char* error = nullptr;
  const auto take = [](void* into, int columns, char** values, char**) {
    std::string text;
    for (int i = 0; i < columns; ++i) {
      if (i > 0) text += '|';
      if (values[i] != nullptr) text += values[i];
    }
    static_cast<std::vector<std::string>*>(into)->push_back(text);
    return 0;
  };
  const int code = sqlite3_exec(connection, sql.c_str(), take, &rows, &error);
  const std::string what = error == nullptr ? "" : error;
  sqlite3_free(error);
  sqlite3_close(connection);
  if (code != SQLITE_OK) throw std::runtime_error(what);
  return rows;
}

inline Tables tables_in(const std::filesystem::path& database) {
  return {
      .orders = query(database,
                      "SELECT sequence, epoch, order_number, symbol, quantity, status, "
                      "executed, open, replaces, price_ticks FROM orders ORDER BY sequence"),
      .fills = query(database,
                     "SELECT sequence, event_index, epoch, match_number, maker_sequence, "
                     "maker_order, taker_order, maker_account, taker_account, price_ticks, "
                     "quantity FROM fills ORDER BY sequence, event_index"),
      .entries = query(database,
                       "SELECT sequence, event_index, ordinal, epoch, debit, credit, asset, "
                       "amount FROM ledger_entries ORDER BY sequence, event_index, ordinal"),
      .obligations = query(database,
                           "SELECT batch, account, asset, epoch, amount, state FROM obligations "
                           "ORDER BY batch, account, asset")};
}

}  // namespace basalt::bridge::test
