// Where flow comes from: seeds and files; the instruments it is about; the queue to the books.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "feedhandlers/market_data/itch50.h"
#include "tools/load/directory.h"
#include "tools/load/feed_queue.h"
#include "tools/load/generated_flow.h"
#include "tools/load/recorded_flow.h"

namespace basalt::load {
namespace {

Listing listing(std::uint16_t locate, const char* symbol, std::uint8_t lot_decimals = 0) {
  Listing result;
  result.listed = result.trading = true;
  EXPECT_TRUE(result.symbol.assign(symbol));
  result.locate = locate;
  result.price_tick = 100;
  result.price_max = 1'999'999'900;
  result.quantity_max = 0xFFFF'FFFF;
  result.lot_decimals = lot_decimals;
  return result;
}

std::vector<Action> actions(std::uint64_t seed, std::uint64_t enters) {
  GeneratedFlow flow({{listing(1, "AAPL"), 0}, {listing(2, "BTC-USD", 8), 123'4500}}, seed, enters);
  std::vector<Action> list;
  for (Action action; flow.next(action);) list.push_back(action);
  return list;
}

bool equal(const Action& a, const Action& b) {
  return a.kind == b.kind && a.side == b.side && a.order == b.order && a.price == b.price &&
         a.quantity == b.quantity && a.symbol == b.symbol && a.ioc == b.ioc;
}

TEST(GeneratedFlow, is_a_function_of_its_seed) {
  const auto one = actions(1, 5'000);
  EXPECT_TRUE(std::equal(one.begin(), one.end(), actions(1, 5'000).begin(), equal));
  EXPECT_FALSE(std::equal(one.begin(), one.end(), actions(2, 5'000).begin(), equal));
}

TEST(GeneratedFlow, is_a_sensible_mix) {
  std::map<ActionKind, int> kinds;
  std::map<std::string_view, int> symbols;
  int takes = 0;
  for (const Action& action : actions(3, 20'000)) {
    ++kinds[action.kind];
    takes += action.ioc;
    if (action.kind == ActionKind::enter) ++symbols[action.symbol.view() == "AAPL" ? "A" : "B"];
  }
  EXPECT_EQ(kinds[ActionKind::enter], 20'000);
  EXPECT_NEAR(takes, 5'200, 800);
  EXPECT_NEAR(kinds[ActionKind::cancel], 11'000, 3'000);
  EXPECT_NEAR(kinds[ActionKind::replace], 3'800, 500);
  EXPECT_NEAR(kinds[ActionKind::reduce], 2'600, 500);
  EXPECT_GT(symbols["B"], 3'000);
}

TEST(GeneratedFlow, names_only_orders_that_it_entered_and_prices_on_the_tick) {
  std::map<std::uint64_t, std::uint32_t> live;
  for (const Action& action : actions(4, 20'000)) {
    if (action.kind == ActionKind::enter || action.kind == ActionKind::replace) {
      EXPECT_EQ(action.price % 100, 0U);
      EXPECT_GT(action.price, 0U);
      EXPECT_GT(action.quantity, 0U);
    }
    switch (action.kind) {
      case ActionKind::enter:
        if (action.ioc) break;
        EXPECT_TRUE(live.emplace(action.order, action.quantity).second);
        break;
      case ActionKind::replace:
        ASSERT_EQ(live.count(action.order), 1U);
        live[action.order] = action.quantity;
        break;
      case ActionKind::reduce:
        ASSERT_EQ(live.count(action.order), 1U);
        EXPECT_LT(action.quantity, live[action.order]);
        EXPECT_GT(action.quantity, 0U);
        live[action.order] = action.quantity;
        break;
      case ActionKind::cancel:
        EXPECT_EQ(live.erase(action.order), 1U);
        break;
    }
  }
  EXPECT_LE(live.size(), 2'048U);
}

TEST(GeneratedFlow, starts_at_the_last_trade_and_stays_near) {
  for (const Action& action : actions(5, 50'000)) {
    if (action.kind != ActionKind::enter || action.symbol.view() == "AAPL") continue;
    EXPECT_GT(action.price, 98'0000U);
    EXPECT_LT(action.price, 149'0000U);
  }
}

TEST(RecordedFlow, plays_each_row_that_means_something) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("AAPL_" + std::to_string(::getpid()) + "_message_1.csv");
  std::ofstream(path) << "34200.1,1,11,100,5853300,1\n"
                         "34200.2,2,11,40,5853300,1\n"
                         "34200.3,4,11,10,5853300,1\n"
                         "34200.4,3,99,10,5853300,1\n"
                         "34200.5,3,11,50,5853300,1\n";
  RecordedFlow flow(path, listing(1, "AAPL"));
  std::vector<Action> list;
  for (Action action; flow.next(action);) list.push_back(action);
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0].kind, ActionKind::enter);
  EXPECT_EQ(list[0].price, 5'853'300U);
  EXPECT_EQ(list[0].side, Side::buy);
  EXPECT_EQ(list[1].kind, ActionKind::reduce);
  EXPECT_EQ(list[1].quantity, 60U);
  EXPECT_TRUE(list[2].ioc && list[2].aggressive);
  EXPECT_EQ(list[2].side, Side::sell);
  EXPECT_EQ(list[3].kind, ActionKind::cancel);
  EXPECT_EQ(list[3].order, 11U);
  std::uint64_t skipped = 0;
  for (const Flow::Remark& remark : flow.skipped()) skipped += remark.count;
  EXPECT_EQ(skipped, 1U);
  Listing coarse = listing(1, "AAPL");
  coarse.price_tick = 1'000;
  EXPECT_THROW(RecordedFlow(path, coarse), std::invalid_argument);
  std::filesystem::remove(path);
}

TEST(RecordedFlow, knows_a_files_symbol_by_its_name) {
  EXPECT_EQ(symbol_of_file("/data/AAPL_2012-06-21_message_1.csv.zst"), "AAPL");
  EXPECT_EQ(symbol_of_file("BTCUSD_L3_feed.json.gz"), "BTC-USD");
  EXPECT_EQ(symbol_of_file("messages.csv"), "");
}

template <typename M>
std::span<const std::byte> bytes(const M& message) {
  return std::as_bytes(std::span(&message, 1));
}

TEST(Directory, learns_instruments_from_the_feed) {
  Directory directory;
  itch50::StockDirectory stock{};
  stock.prefix.stock_locate = std::uint16_t{3};
  stock.stock = wire::Alpha<8>("ETH-USD");
  directory.take(bytes(stock));
  EXPECT_EQ(directory.find("ETH-USD"), nullptr);  // Its scale is not known yet.
  itch50::InstrumentScale scale{};
  scale.prefix.stock_locate = std::uint16_t{3};
  scale.price_tick = std::uint32_t{100};
  scale.lot_decimals = 8;
  directory.take(bytes(scale));
  ASSERT_NE(directory.find("ETH-USD"), nullptr);
  EXPECT_TRUE(directory.trading().empty());
  itch50::TradingAction action{};
  action.prefix.stock_locate = std::uint16_t{3};
  action.state = itch50::TradingState::trading;
  directory.take(bytes(action));
  ASSERT_EQ(directory.trading().size(), 1U);
  EXPECT_EQ(directory.trading()[0].lot_decimals, 8);
}

TEST(FeedQueue, gives_each_message_once_and_in_order_around_its_end) {
  constexpr std::uint32_t messages = 300'000;
  FeedQueue queue(1 << 14);
  std::thread writer([&] {
    for (std::uint32_t i = 0; i < messages; ++i) {
      while (queue.room() < 1'024) {
        queue.publish();
        std::this_thread::yield();
      }
      if (i % 1'000 == 999) {
        queue.push_lost(i);
        continue;
      }
      std::array<std::byte, 50> message{};
      std::memcpy(message.data(), &i, sizeof i);
      queue.push(std::span(message).first(4 + i % 46));
      if (i % 7 == 0) queue.publish();
    }
    queue.publish();
  });
  FeedQueue::Item item;
  for (std::uint32_t i = 0; i < messages;) {
    if (!queue.next(item)) {
      std::this_thread::yield();
      continue;
    }
    if (i % 1'000 == 999) {
      EXPECT_EQ(item.lost, i);
    } else {
      std::uint32_t value = 0;
      ASSERT_EQ(item.message.size(), 4 + i % 46);
      std::memcpy(&value, item.message.data(), sizeof value);
      ASSERT_EQ(value, i);
    }
    ++i;
  }
  EXPECT_FALSE(queue.next(item));
  writer.join();
}

}  // namespace
}  // namespace basalt::load
