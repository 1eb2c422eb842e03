// A venue of one instrument, and the bytes of orders and requests to decode for it.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/gateway/order_decoder.h"
#include "feedhandlers/order_entry/ouch50.h"
#include "tests/unit/venue_commands.h"

namespace basalt::gateway {

class OrderDecoding : public testing::Test {
 protected:
  OrderDecoding() : arena_(ReferenceData::memory_bytes(limits)), reference_(limits, arena_) {
    test::CommandMaker make;
    for (const Command& command : {make.asset(0, "USD"), make.asset(1, "AAPL"), make.firm(0),
                                   make.session(0), make.instrument(0, "AAPL", 1, 0)}) {
      reference_.apply(command);
    }
  }

  struct Option {
    ouch50::Tag tag;
    std::vector<std::uint8_t> value;
  };
  // Any other message, with number 9 and these options.
  template <typename M>
  Command decoded_as(const std::function<void(M&)>& fill,
                     const std::vector<Option>& options = {}) const {
    std::vector<std::byte> bytes(256);
    ouch50::Encoder<M> message(bytes);
    message->user_ref_num = 9;
    fill(*message);
    for (const Option& option : options) {
      EXPECT_TRUE(message.add(option.tag, std::as_bytes(std::span(option.value))));
    }
    bytes.resize(message.size_bytes());
    Command command;
    EXPECT_EQ(decode_order(bytes, SessionId{0}, Nanos{7}, reference_, command), Intake::command);
    EXPECT_EQ(command.origin.user_ref_num, 9U);
    EXPECT_EQ(command.origin.received, Nanos{7});
    return command;
  }
  // 100 at 2.00, a hundred ticks, with these options.
  Command decoded(const std::vector<Option>& options,
                  ouch50::TimeInForce time_in_force = ouch50::TimeInForce::day,
                  std::uint64_t price = 20'000,
                  ouch50::CrossType cross = ouch50::CrossType::continuous) const {
    std::vector<std::byte> bytes(sizeof(ouch50::EnterOrder));
    auto& order = *wire::emplace<ouch50::EnterOrder>(bytes);
    order.user_ref_num = 1;
    order.side = ouch50::Side::buy;
    order.quantity = 100;
    EXPECT_TRUE(order.symbol.assign("AAPL"));
    order.price = price;
    order.time_in_force = time_in_force;
    order.display = ouch50::Display::visible;
    order.cross_type = cross;
    std::vector<std::byte> appendage;
    for (const Option& option : options) {
      appendage.push_back(static_cast<std::byte>(option.value.size() + 1));
      appendage.push_back(static_cast<std::byte>(option.tag));
      for (const std::uint8_t byte : option.value)
        appendage.push_back(static_cast<std::byte>(byte));
    }
    order.appendage_length = static_cast<std::uint16_t>(appendage.size());
    bytes.insert(bytes.end(), appendage.begin(), appendage.end());
    Command command;
    EXPECT_EQ(decode_order(bytes, SessionId{0}, Nanos{7}, reference_, command), Intake::command);
    return command;
  }

  static constexpr ReferenceLimits limits{
      .assets_max = 2, .instruments_max = 1, .accounts_max = 1, .sessions_max = 1, .firms_max = 1};
  Arena arena_;
  ReferenceData reference_;
};

}  // namespace basalt::gateway
