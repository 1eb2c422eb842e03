// A receiver of the feed: rebuilds every book from ITCH 5.0 messages alone, and believes nothing
// that contradicts what it was told before.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "feedhandlers/market_data/itch50.h"

namespace basalt::oracle {

class FeedBooks {
 public:
  struct Resting {
    std::uint64_t reference = 0;
    std::uint32_t shares = 0;
    std::uint32_t price = 0;
    friend bool operator==(const Resting&, const Resting&) = default;
  };
  struct Execution {
    std::uint64_t reference = 0;
    std::uint32_t shares = 0;
    std::uint32_t price = 0;
  };

  // What is wrong with the message, or nothing.
  [[nodiscard]] std::string apply(std::span<const std::byte> bytes) {
    const itch50::Decoded message = itch50::decode(bytes);
    if (message.error() != itch50::DecodeError::none) return "cannot be decoded";
    if (message.prefix().tracking_number != 0) return "has a tracking number";
    if (message.prefix().time < time_) return "goes back in time";
    time_ = message.prefix().time;
    if (!started_ && message.type() != itch50::SystemEvent::type) return "before the start";
    started_ = true;
    const std::uint16_t locate = message.prefix().stock_locate;
    switch (message.type()) {
      case itch50::StockDirectory::type:
        return stocks_.emplace(locate, message.as<itch50::StockDirectory>().stock).second
                   ? ""
                   : "defines a stock twice";
      case itch50::AddOrder::type: {
        const auto& add = message.as<itch50::AddOrder>();
        const auto stock = stocks_.find(locate);
        if (stock == stocks_.end() || stock->second != add.stock) return "of no known stock";
        return added(add.order_reference,
                     {locate, add.side == itch50::Side::buy, add.shares, add.price, ++rank_});
      }
      case itch50::OrderExecuted::type: {
        const auto& executed = message.as<itch50::OrderExecuted>();
        const auto order = orders_.find(executed.order_reference);
        if (order == orders_.end()) return "executes what is not there";
        const Execution execution{executed.order_reference, executed.shares, order->second.price};
        if (!executions_.emplace(executed.match_number, execution).second) return "matches twice";
        return lowered(executed.order_reference, locate, executed.shares);
      }
      case itch50::Trade::type:
        return traded(message.as<itch50::Trade>());
      case itch50::OrderExecutedWithPrice::type:
        return executed_in_a_cross(message.as<itch50::OrderExecutedWithPrice>(), locate);
      case itch50::CrossTrade::type: {
        const auto& cross = message.as<itch50::CrossTrade>();
        const std::uint64_t told = std::exchange(crossed_[locate], 0);
        // What hid is only printed.
        return told <= 2 * cross.shares.value() ? "" : "prints other than what was crossed";
      }
      case itch50::OrderCancel::type: {
        const auto& cancel = message.as<itch50::OrderCancel>();
        const auto order = orders_.find(cancel.order_reference);
        if (order != orders_.end() && order->second.shares == cancel.shares) return "leaves none";
        return lowered(cancel.order_reference, locate, cancel.shares);
      }
      case itch50::OrderDelete::type: {
        const std::uint64_t reference = message.as<itch50::OrderDelete>().order_reference;
        const auto order = orders_.find(reference);
        if (order == orders_.end()) return "deletes what is not there";
        return lowered(reference, locate, order->second.shares);
      }
      case itch50::OrderReplace::type: {
        const auto& replace = message.as<itch50::OrderReplace>();
        const auto original = orders_.find(replace.original_reference);
        if (original == orders_.end()) return "replaces what is not there";
        Order order = original->second;
        const std::string wrong = lowered(replace.original_reference, locate, order.shares);
        if (!wrong.empty()) return wrong;
        order.shares = replace.shares;
        order.price = replace.price;
        order.rank = ++rank_;
        return added(replace.new_reference, order);
      }
      default:
        return "";
    }
  }

  // By rank: best price first, oldest first at each.
  [[nodiscard]] std::vector<Resting> book(std::uint16_t locate, bool buy) const {
    std::vector<Resting> result;
    const auto first = queue_.lower_bound({locate, buy, INT64_MIN, 0});
    for (auto at = first; at != queue_.end(); ++at) {
      if (std::get<0>(at->first) != locate || std::get<1>(at->first) != buy) break;
      const Order& order = orders_.at(at->second);
      result.push_back({at->second, order.shares, order.price});
    }
    return result;
  }
  // By match number.
  [[nodiscard]] const std::map<std::uint64_t, Execution>& executions() const { return executions_; }

 private:
  struct Order {
    std::uint16_t locate;
    bool buy;
    std::uint32_t shares;
    std::uint32_t price;
    std::uint64_t rank;
  };
  // Stock, side, price (of bids negated, so that the best is first), rank.
  using Place = std::tuple<std::uint16_t, bool, std::int64_t, std::uint64_t>;

  // What hid.
  std::string traded(const itch50::Trade& trade) {
    if (trade.order_reference != 0 || trade.side != itch50::Side::buy) return "tells who hid";
    if (trade.shares == 0) return "trades nothing";
    const Execution execution{0, trade.shares, trade.price};
    return executions_.emplace(trade.match_number, execution).second ? "" : "matches twice";
  }
  std::string executed_in_a_cross(const itch50::OrderExecutedWithPrice& executed,
                                  std::uint16_t locate) {
    const auto order = orders_.find(executed.order_reference);
    if (order == orders_.end()) return "executes what is not there";
    if (executed.printable != itch50::YesNo::no) return "prints what the cross prints";
    const std::uint32_t price = executed.price.value();
    const bool within =
        order->second.buy ? price <= order->second.price : price >= order->second.price;
    if (!within) return "executes beyond the limit";
    const std::string wrong = crossed(executed, order->second.buy);
    if (!wrong.empty()) return wrong;
    crossed_[locate] += executed.shares.value();
    return lowered(executed.order_reference, locate, executed.shares);
  }
  // One side of a match, then the other.
  std::string crossed(const itch50::OrderExecutedWithPrice& executed, bool buy) {
    const Execution execution{executed.order_reference, executed.shares, executed.price};
    const auto [at, first] = executions_.emplace(executed.match_number, execution);
    if (first) {
      half_crossed_ = {executed.match_number, buy};
      return "";
    }
    if (half_crossed_ != std::pair{executed.match_number.value(), !buy}) return "matches twice";
    half_crossed_ = {};
    if (at->second.shares != executed.shares || at->second.price != executed.price) {
      return "tells the sides of a match unlike";
    }
    at->second = execution;
    return "";
  }
  static Place place_of(const Order& order) {
    const std::int64_t price = order.price;
    return {order.locate, order.buy, order.buy ? -price : price, order.rank};
  }
  std::string added(std::uint64_t reference, const Order& order) {
    if (order.shares == 0) return "adds nothing";
    if (!used_.emplace(reference, true).second) return "uses a reference again";
    orders_.emplace(reference, order);
    queue_.emplace(place_of(order), reference);
    return "";
  }
  std::string lowered(std::uint64_t reference, std::uint16_t locate, std::uint32_t shares) {
    const auto order = orders_.find(reference);
    if (order == orders_.end()) return "names what is not there";
    if (order->second.locate != locate) return "names another stock";
    if (shares == 0 || shares > order->second.shares) return "takes more than there is, or nothing";
    order->second.shares -= shares;
    if (order->second.shares == 0) {
      queue_.erase(place_of(order->second));
      orders_.erase(order);
    }
    return "";
  }

  bool started_ = false;
  std::uint64_t time_ = 0;
  std::uint64_t rank_ = 0;
  std::map<std::uint16_t, wire::Alpha<8>> stocks_;
  std::unordered_map<std::uint64_t, Order> orders_;
  std::unordered_map<std::uint64_t, bool> used_;
  std::map<Place, std::uint64_t> queue_;
  std::map<std::uint64_t, Execution> executions_;
  std::pair<std::uint64_t, bool> half_crossed_{};   // The match number, and that it was the buyer.
  std::map<std::uint16_t, std::uint64_t> crossed_;  // Shares, of both sides, not printed yet.
};

}  // namespace basalt::oracle
