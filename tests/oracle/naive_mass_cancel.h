// The rules of mass cancels and of order entry that a firm switches off, told again over the log
// (order_entry/EXTENSIONS.md), with plain containers and whole scans.
//
//   NaiveMassCancels auditor;  EXPECT_EQ(auditor.follow(record), "")  for each record of the log
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/oracle/core_venue.h"

namespace basalt::oracle {

class NaiveMassCancels {
 public:
  // What in this record is against the rules, or nothing.
  std::string follow(const LogRecord& record) {
    const std::string wrong = judge(record.command);
    for (const Event& event : record.events) take(record.command, event);
    begin(record.command);
    return wrong.empty() ? ""
                         : wrong + ", sequence " + std::to_string(record.command.order.sequence);
  }

  [[nodiscard]] std::size_t under_way() const { return requests_.size(); }
  [[nodiscard]] std::uint64_t done() const { return done_; }
  [[nodiscard]] std::uint64_t cancels() const { return cancels_; }
  [[nodiscard]] std::uint64_t switched_off() const { return switched_off_; }

 private:
  struct Live {
    Order order;
    SessionId session{};
    std::uint16_t group = 0;
    std::int64_t open = 0;
    bool cancel_sequenced = false;
  };
  struct Request {
    SessionId session{};
    std::uint32_t ref = 0;
    std::uint8_t channel = 0;
    Sequence at = 0;
    std::optional<FirmId> firm;
    std::optional<AccountId> account;
    std::optional<InstrumentId> instrument;
    std::optional<Side> side;
    std::optional<std::uint16_t> group;
    bool operators = false;
  };

  template <typename Value>
  static bool narrows(const std::optional<Value>& field, Value value) {
    return field.has_value() && *field != value;
  }
  template <typename Value>
  static bool is_wider(const std::optional<Value>& a, const std::optional<Value>& b) {
    return !a.has_value() || a == b;
  }
  [[nodiscard]] bool is_of(const Request& request, const Live& live) const {
    return live.order.sequence < request.at && !narrows(request.firm, firm_of_.at(live.session)) &&
           !narrows(request.account, live.order.account) &&
           !narrows(request.instrument, live.order.instrument) &&
           !narrows(request.side, live.order.side) && !narrows(request.group, live.group);
  }
  static bool covers(const Request& a, const Request& b) {
    return a.session == b.session && a.at > b.at && a.operators == b.operators &&
           is_wider(a.firm, b.firm) && is_wider(a.account, b.account) &&
           is_wider(a.instrument, b.instrument) && is_wider(a.side, b.side) &&
           is_wider(a.group, b.group);
  }

  std::string judge(const Command& command) {
    const Order& order = command.order;
    switch (order.kind) {
      case CommandKind::new_order:
      case CommandKind::replace:
        return judge_entry(command);
      case CommandKind::cancel:
        return judge_cancel(command);
      case CommandKind::mass_cancel_done:
        return judge_done(command);
      default:
        return "";
    }
  }

  std::string judge_entry(const Command& command) {
    const Order& order = command.order;
    const auto original = live_.find(order.original);
    if (order.kind == CommandKind::replace && original != live_.end()) {
      for (const Request& request : requests_) {
        if (is_of(request, original->second)) return "replaces what is being cancelled";
      }
    }
    const bool off = order.account != no_account &&
                     off_firms_.count(account_firm(order)) + off_accounts_.count(order.account) > 0;
    switched_off_ += order.verdict == Reject::entry_disabled;
    if (off && order.verdict == Reject::none) return "enters while order entry is off";
    if (!off && order.verdict == Reject::entry_disabled) return "is refused while entry is on";
    return "";
  }

  std::string judge_cancel(const Command& command) {
    const auto found = live_.find(command.order.order);
    const bool by_venue = (command.order.flags & flag_by_venue) != 0;
    const bool in_mass = (command.order.flags & flag_mass_cancel) != 0;
    if (found != live_.end() && (by_venue || in_mass)) found->second.cancel_sequenced = true;
    if (!in_mass) return "";
    ++cancels_;
    if (found == live_.end()) return "";  // It was overtaken.
    for (const Request& request : requests_) {
      if (request.operators == by_venue && is_of(request, found->second) &&
          !has_older(request, found->second)) {
        return "";
      }
    }
    return "cancels what no mass cancel is of, or not the oldest first";
  }

  [[nodiscard]] bool has_older(const Request& request, const Live& than) const {
    return std::any_of(live_.begin(), live_.end(), [&](const auto& entry) {
      const Live& live = entry.second;
      return live.session == than.session && live.order.sequence < than.order.sequence &&
             !live.cancel_sequenced && is_of(request, live);
    });
  }

  std::string judge_done(const Command& command) {
    const auto asked =
        std::find_if(requests_.begin(), requests_.end(), [&](const Request& request) {
          return request.session == command.origin.session &&
                 request.ref == command.origin.user_ref_num &&
                 request.channel == command.origin.user_ref_index;
        });
    if (asked == requests_.end()) return "ends what nobody asked for";
    const Request done = *asked;
    requests_.erase(asked);
    // Those that it covers may have given way to it.
    std::erase_if(requests_, [&](const Request& request) { return covers(done, request); });
    ++done_;
    const bool left = std::any_of(live_.begin(), live_.end(),
                                  [&](const auto& entry) { return is_of(done, entry.second); });
    return left ? "is done, and left an order" : "";
  }

  // What is not of one book.
  void begin(const Command& command) {
    const Order& order = command.order;
    if (order.verdict != Reject::none) return;
    switch (order.kind) {
      case CommandKind::define_account:
        account_firm_[command.as<DefineAccount>().account] = command.as<DefineAccount>().firm;
        return;
      case CommandKind::define_session:
        firm_of_[command.as<DefineSession>().session] = command.as<DefineSession>().firm;
        return;
      case CommandKind::mass_cancel:
      case CommandKind::mass_cancel_by_venue:
        return ask(command);
      case CommandKind::disable_entry:
        if (order.account == no_account) off_firms_.insert(firm_of_.at(command.origin.session));
        if (order.account != no_account) off_accounts_.insert(order.account);
        return;
      case CommandKind::enable_entry:
        if (order.account == no_account) off_firms_.erase(firm_of_.at(command.origin.session));
        if (order.account != no_account) off_accounts_.erase(order.account);
        return;
      default:
        return;
    }
  }

  void ask(const Command& command) {
    const Order& order = command.order;
    Request request;
    request.session = command.origin.session;
    request.ref = command.origin.user_ref_num;
    request.channel = command.origin.user_ref_index;
    request.at = order.sequence;
    request.operators = order.kind == CommandKind::mass_cancel_by_venue;
    if (!request.operators) request.firm = firm_of_.at(request.session);
    if (order.account != no_account) request.account = order.account;
    if (order.instrument != no_instrument) request.instrument = order.instrument;
    if (command.origin.wire_side != 0) {
      request.side = command.origin.wire_side == 'B' ? Side::buy : Side::sell;
    }
    if (command.origin.group != 0) request.group = command.origin.group;
    requests_.push_back(request);
  }

  // What becomes of orders.
  void take(const Command& command, const Event& event) {
    const Order& order = command.order;
    if (event.index == 0) {
      taker_ = order.order;
      const bool enters = order.kind == CommandKind::new_order && order.verdict == Reject::none;
      if (enters) {
        live_[order.order] = {order, command.origin.session, command.origin.group,
                              order.quantity.value, false};
      }
    }
    switch (event.kind) {
      case EventKind::crossing:
      case EventKind::triggered:
        taker_ = event.order;
        return;
      case EventKind::fill:
        left(event.order, event.remaining.value);
        return left(taker_, live_.at(taker_).open - event.quantity.value);
      case EventKind::canceled:
        return left(event.order, event.remaining.value);
      case EventKind::rejected:
        return left(event.order, 0);
      case EventKind::replaced:
        // Whatever the replacement's own command says: the client named it once.
        live_[order.order] = {order, command.origin.session, live_.at(event.order).group,
                              event.remaining.value, false};
        return left(event.order, 0);
      default:
        return;
    }
  }

  void left(OrderId order, std::int64_t open) {
    if (open == 0) {
      live_.erase(order);
    } else if (const auto found = live_.find(order); found != live_.end()) {
      found->second.open = open;
    }
  }

  [[nodiscard]] FirmId account_firm(const Order& order) const {
    const auto found = account_firm_.find(order.account);
    return found == account_firm_.end() ? FirmId{~0U} : found->second;
  }

  std::map<OrderId, Live> live_;
  std::vector<Request> requests_;
  std::map<SessionId, FirmId> firm_of_;
  std::map<AccountId, FirmId> account_firm_;
  std::set<FirmId> off_firms_;
  std::set<AccountId> off_accounts_;
  OrderId taker_{};
  std::uint64_t done_ = 0;
  std::uint64_t cancels_ = 0;
  std::uint64_t switched_off_ = 0;
};

}  // namespace basalt::oracle
