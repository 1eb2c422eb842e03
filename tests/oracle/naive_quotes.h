// The rule of quotes, told again over the log (order_entry/EXTENSIONS.md): an account never has two
// orders in a book on one side of its quote.
//
//   NaiveQuotes auditor;  EXPECT_EQ(auditor.follow(record), "")  for each record of the log
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "tests/oracle/core_venue.h"

namespace basalt::oracle {

class NaiveQuotes {
 public:
  // What in this record is against the rule, or nothing.
  std::string follow(const LogRecord& record) {
    const Command& command = record.command;
    taker_ = command.order.order;
    std::string wrong;
    if (command.order.kind == CommandKind::new_order && (command.order.flags & flag_quoted) != 0 &&
        command.order.verdict == Reject::none) {
      const Side side = command.order.side;
      for (const auto& [id, other] : live_) {
        if (other.name == Name{command.order.account, command.order.instrument, side}) {
          wrong = "a side stands twice, sequence " + std::to_string(command.order.sequence);
        }
      }
      live_[command.order.order] = {{command.order.account, command.order.instrument, side},
                                    command.order.quantity.value};
    }
    for (const Event& event : record.events) take(event);
    return wrong;
  }

 private:
  using Name = std::tuple<AccountId, InstrumentId, Side>;
  struct Live {
    Name name;
    std::int64_t open = 0;
  };

  void take(const Event& event) {
    switch (event.kind) {
      case EventKind::crossing:
      case EventKind::triggered:
        taker_ = event.order;
        return;
      case EventKind::fill:
        left(event.order, event.remaining.value);
        if (const auto taker = live_.find(taker_); taker != live_.end()) {
          left(taker_, taker->second.open - event.quantity.value);
        }
        return;
      case EventKind::canceled:
        return left(event.order, event.remaining.value);
      case EventKind::rejected:
        return left(event.order, 0);
      default:
        return;
    }
  }
  void left(OrderId order, std::int64_t open) {
    const auto found = live_.find(order);
    if (found == live_.end()) return;
    found->second.open = open;
    if (open == 0) live_.erase(found);
  }

  std::map<OrderId, Live> live_;
  OrderId taker_{};
};

}  // namespace basalt::oracle
