// A client of one session: knows its orders from the OUCH 5.0 messages of its stream alone, and
// believes nothing that contradicts what it was told before.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "feedhandlers/order_entry/ouch50.h"

namespace basalt::oracle {

class ClientOrders {
 public:
  struct Order {
    std::uint64_t reference = 0;  // The number on the feed.
    std::uint32_t open = 0;
  };
  struct Execution {
    std::uint32_t quantity = 0;
    std::uint64_t price = 0;
    friend bool operator==(const Execution&, const Execution&) = default;
  };
  // One order flow channel's number.
  using Key = std::pair<std::uint8_t, std::uint32_t>;

  // What is wrong with the message, or nothing.
  [[nodiscard]] std::string apply(std::span<const std::byte> bytes) {
    const ouch50::Outbound message = ouch50::decode_outbound(bytes);
    if (message.error() != ouch50::DecodeError::none) return "cannot be decoded";
    std::uint8_t channel = 0;
    for (const ouch50::Element element : message.appendage()) {
      if (belongs(element.tag, message.type())) continue;
      if (element.tag != ouch50::Tag::user_ref_index) return "has an option nobody asked for";
      channel = static_cast<std::uint8_t>(element.value[0]);
      if (channel == 0) return "names channel 0";
    }
    switch (message.type()) {
      case ouch50::Accepted::type: {
        const auto& accepted = message.as<ouch50::Accepted>();
        return born({channel, accepted.user_ref_num}, accepted.order_reference, accepted.quantity);
      }
      case ouch50::Replaced::type: {
        const auto& replaced = message.as<ouch50::Replaced>();
        if (live_.erase({channel, replaced.original_user_ref_num}) == 0) {
          return "replaces what is not live";
        }
        return born({channel, replaced.user_ref_num}, replaced.order_reference, replaced.quantity);
      }
      case ouch50::Rejected::type:
        return answer({channel, message.as<ouch50::Rejected>().user_ref_num});
      case ouch50::Executed::type: {
        const auto& executed = message.as<ouch50::Executed>();
        const Execution execution{executed.quantity, executed.price};
        const bool adds = executed.liquidity == ouch50::LiquidityFlag::added ||
                          executed.liquidity == ouch50::LiquidityFlag::added_hidden;
        if (adds || executed.liquidity == ouch50::LiquidityFlag::removed) {
          auto& side = adds ? added_ : removed_;
          if (!side.emplace(executed.match_number, execution).second) {
            return "executes one match twice on one side";
          }
        } else {
          crossed_.emplace(executed.match_number, execution);
        }
        return lowered({channel, executed.user_ref_num}, executed.quantity);
      }
      case ouch50::OrderRestated::type:
        return live_.contains({channel, message.as<ouch50::OrderRestated>().user_ref_num})
                   ? ""
                   : "restates what is not live";
      case ouch50::Canceled::type: {
        const auto& canceled = message.as<ouch50::Canceled>();
        return lowered({channel, canceled.user_ref_num}, canceled.quantity);
      }
      case ouch50::MassCancelResponse::type:
        return answer({channel, message.as<ouch50::MassCancelResponse>().user_ref_num});
      case ouch50::DisableResponse::type:
        return answer({channel, message.as<ouch50::DisableResponse>().user_ref_num});
      case ouch50::ProtectionStateTold::type: {
        const auto& told = message.as<ouch50::ProtectionStateTold>();
        if (told.state == ouch50::ProtectionState::withdrawn) return "";
        return answer({channel, told.user_ref_num});
      }
      case ouch50::EnableResponse::type:
        return answer({channel, message.as<ouch50::EnableResponse>().user_ref_num});
      default:
        return "";
    }
  }

  [[nodiscard]] const std::map<Key, Order>& live() const { return live_; }
  [[nodiscard]] bool answered(const Key& key) const { return answered_.contains(key); }
  // By match number: where this session was the maker, and where the taker.
  [[nodiscard]] const std::map<std::uint64_t, Execution>& added() const { return added_; }
  [[nodiscard]] const std::map<std::uint64_t, Execution>& removed() const { return removed_; }
  // Where it was one side of an uncross; twice where it was both.
  [[nodiscard]] const std::multimap<std::uint64_t, Execution>& crossed() const { return crossed_; }

 private:
  // Has a message of this type the option for what it tells?
  static bool belongs(ouch50::Tag tag, char type) {
    using ouch50::Tag;
    if (type == ouch50::OrderRestated::type) {
      return tag == Tag::display_quantity || tag == Tag::display_price;
    }
    if (type == ouch50::ProtectionStateTold::type) return tag == Tag::account;
    return is_of_firm(type) && (tag == Tag::side || tag == Tag::account || tag == Tag::group_id);
  }
  static bool is_of_firm(char type) {
    return type == ouch50::MassCancelResponse::type || type == ouch50::DisableResponse::type ||
           type == ouch50::EnableResponse::type;
  }
  std::string answer(const Key& key) {
    return answered_.insert(key).second ? "" : "answers a number twice";
  }
  std::string born(const Key& key, std::uint64_t reference, std::uint32_t quantity) {
    if (quantity == 0) return "has nothing open";
    if (!answered_.insert(key).second) return "answers a number twice";
    live_.emplace(key, Order{reference, quantity});
    return "";
  }
  std::string lowered(const Key& key, std::uint32_t quantity) {
    const auto order = live_.find(key);
    if (order == live_.end()) return "is about what is not live";
    if (quantity == 0 || quantity > order->second.open)
      return "takes more than is open, or nothing";
    order->second.open -= quantity;
    if (order->second.open == 0) live_.erase(order);
    return "";
  }

  std::map<Key, Order> live_;
  std::set<Key> answered_;  // Accepted, replaced, rejected, or answered of its firm.
  std::map<std::uint64_t, Execution> added_;
  std::map<std::uint64_t, Execution> removed_;
  std::multimap<std::uint64_t, Execution> crossed_;
};

}  // namespace basalt::oracle
