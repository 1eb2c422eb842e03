// Random flow through risk, matching and log: books rebuilt from the feed alone are the engine's.
//
//   BASALT_SEED=N               the first seed (1)
//   BASALT_PROPERTY_SECONDS=N   how long it runs (6); at least four seeds
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/oracle/feed_books.h"
#include "tests/property/venue_flow.h"
#include "tests/property/venue_followers.h"

namespace basalt::property {
namespace {

using Orders = std::vector<oracle::FeedBooks::Resting>;

constexpr std::uint32_t commands_per_seed = 3'000;

// As the feed numbers it.
Orders engine_book(const oracle::CoreVenue& venue, const marketdata::MarketDataCore& feed,
                   InstrumentId instrument, Side side) {
  Orders orders;
  const auto& memory = venue.shard_of(instrument).memory();
  venue.book(instrument).each_level(side, memory, [&](Price price, const matching::Level& level) {
    memory.each_order(level, [&](std::uint32_t slot, const matching::RestingOrder& order) {
      orders.push_back({feed.reference_of(order_id(slot, order.generation)),
                        static_cast<std::uint32_t>(order.open().value),
                        static_cast<std::uint32_t>(price.value * oracle::wire_tick)});
    });
  });
  return orders;
}

void expect_same_books(const oracle::FeedBooks& feed, const marketdata::MarketDataCore& core,
                       const oracle::CoreVenue& venue) {
  for (const std::uint32_t id : {oracle::aapl, oracle::btc_usd, oracle::lively, oracle::banded}) {
    const InstrumentId instrument{id};
    const std::uint16_t locate = marketdata::stock_locate(instrument);
    for (const Side side : {Side::buy, Side::sell}) {
      ASSERT_EQ(feed.book(locate, side == Side::buy), engine_book(venue, core, instrument, side))
          << "instrument " << id << (side == Side::buy ? ", bids" : ", asks");
    }
  }
}

// Each fill of the log, under its match number and at the maker's price, and no other: but what two
// orders that hide trade in an uncross is told of neither.
void expect_same_executions(const oracle::FeedBooks& feed,
                            const std::vector<oracle::LogRecord>& log) {
  std::size_t fills = 0;
  bool taker_hides = false;
  for (const oracle::LogRecord& record : log) {
    for (const Event& event : record.events) {
      if (event.kind == EventKind::crossing) taker_hides = event.hides();
      if (event.kind != EventKind::fill) continue;
      const bool crosses = is_auction(event.auction());
      if (crosses && taker_hides && event.hides()) continue;
      ++fills;
      const auto found = feed.executions().find(event.match_number);
      ASSERT_NE(found, feed.executions().end());
      const bool whole = found->second.reference >> 63 == 0;  // Else a part that showed anew.
      if (event.hides()) {
        EXPECT_EQ(found->second.reference == 0, !crosses);
      } else {
        EXPECT_TRUE(!whole || found->second.reference == static_cast<std::uint64_t>(event.order));
      }
      EXPECT_EQ(found->second.shares, event.quantity.value);
      EXPECT_EQ(found->second.price, event.price.value * oracle::wire_tick);
    }
  }
  EXPECT_EQ(fills, feed.executions().size());
}

void run(std::uint64_t seed) {
  SCOPED_TRACE("BASALT_SEED=" + std::to_string(seed));
  constexpr std::uint32_t lags[] = {0, 1, 7, 60};
  oracle::SmallVenue small({.feedback_lag = lags[seed % 4], .seed = seed});
  VenueFollowers followers(small.venue().settings().risk);
  oracle::FeedBooks books;
  std::uint64_t read = 0;
  const auto follow = [&](const oracle::LogRecord& record) {
    ASSERT_TRUE(followers.marketdata.ready());
    followers.follow(record);
    while (read < followers.feed.count(marketdata::feed_stream)) {
      const auto message = followers.feed.at(marketdata::feed_stream, ++read);
      ASSERT_EQ(books.apply(message.bytes), "") << "message " << read;
      ASSERT_EQ(message.sequence, record.command.order.sequence);
    }
  };
  for (const oracle::LogRecord& record : small.log()) ASSERT_NO_FATAL_FAILURE(follow(record));
  VenueFlow flow(seed);
  for (std::uint32_t i = 0; i < commands_per_seed; ++i) {
    small.venue().set_time(small.venue().now() + Nanos{1'000});
    for (const oracle::LogRecord& record : small.tell(flow.next())) {
      ASSERT_NO_FATAL_FAILURE(follow(record));
    }
    // Now and then so late that bands may move.
    if (i % 16 == 0) {
      const Nanos later{i % 512 == 0 ? 31'000'000'000 : 1'000'000};
      ASSERT_NO_FATAL_FAILURE(follow(small.tick(later)));
    }
    // Where a command had several records (a session that went down), after the last.
    ASSERT_NO_FATAL_FAILURE(expect_same_books(books, followers.marketdata, small.venue()));
  }
  expect_same_executions(books, small.log());
}

TEST(MarketDataProperty, books_rebuilt_from_the_feed_are_the_engines_after_every_command) {
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(setting("BASALT_PROPERTY_SECONDS", 6));
  const std::uint64_t first = setting("BASALT_SEED", 1);
  for (std::uint64_t seed = first; seed < first + 4 || std::chrono::steady_clock::now() < end;
       ++seed) {
    run(seed);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace basalt::property
