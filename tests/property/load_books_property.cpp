// Random flow through risk, matching and log: the load client's books, built from the feed alone,
// are the engine's; and what the feed did not tell does not stay unseen.
//
//   BASALT_SEED=N               the first seed (1)
//   BASALT_PROPERTY_SECONDS=N   how long it runs (6); at least four seeds
#include <gtest/gtest.h>

#include <chrono>

#include "tests/property/venue_flow.h"
#include "tests/property/venue_followers.h"
#include "tools/load/book_check.h"

namespace basalt::property {
namespace {

constexpr std::uint32_t commands_per_seed = 2'000;
constexpr std::uint64_t told_all = ~std::uint64_t{0};

std::size_t differences(const load::FeedBooks& books, const oracle::CoreVenue& venue) {
  std::size_t count = 0;
  for (const std::uint32_t id : {oracle::aapl, oracle::btc_usd, oracle::lively, oracle::banded}) {
    const InstrumentId instrument{id};
    count += load::compare_books(books, venue.book(instrument), venue.shard_of(instrument).memory(),
                                 instrument, oracle::wire_tick)
                 .size();
  }
  return count;
}

struct Outcome {
  std::size_t differences = 0;  // Summed over all comparisons.
  std::uint64_t impossible = 0;
  char untold = 0;  // The type of the message that was kept back.
};

// The books beside the venue's after each command. Message `untold` is kept from the books.
Outcome run(std::uint64_t seed, std::uint64_t untold) {
  oracle::SmallVenue small({.seed = seed});
  VenueFollowers followers(small.venue().settings().risk);
  load::FeedBooks books;
  Outcome outcome;
  std::uint64_t read = 0;
  const auto follow = [&](const oracle::LogRecord& record) {
    followers.follow(record);
    while (read < followers.feed.count(marketdata::feed_stream)) {
      const auto message = followers.feed.at(marketdata::feed_stream, ++read);
      if (read != untold) {
        books.apply(message.bytes);
      } else {
        outcome.untold = static_cast<char>(message.bytes[0]);
      }
    }
  };
  for (const oracle::LogRecord& record : small.log()) follow(record);
  VenueFlow flow(seed);
  for (std::uint32_t i = 0; i < commands_per_seed; ++i) {
    small.venue().set_time(small.venue().now() + Nanos{1'000});
    for (const oracle::LogRecord& record : small.tell(flow.next())) follow(record);
    outcome.differences += differences(books, small.venue());
  }
  outcome.impossible = books.impossible();
  return outcome;
}

TEST(LoadBooksProperty, books_from_the_feed_are_the_engines_after_every_command) {
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(setting("BASALT_PROPERTY_SECONDS", 6));
  const std::uint64_t first = setting("BASALT_SEED", 1);
  for (std::uint64_t seed = first; seed < first + 4 || std::chrono::steady_clock::now() < end;
       ++seed) {
    const Outcome outcome = run(seed, told_all);
    ASSERT_EQ(outcome.differences, 0U) << "BASALT_SEED=" << seed;
    ASSERT_EQ(outcome.impossible, 0U) << "BASALT_SEED=" << seed;
  }
}

TEST(LoadBooksProperty, one_message_less_is_seen) {
  const std::uint64_t seed = setting("BASALT_SEED", 1);
  std::uint64_t about_books = 0;
  for (std::uint64_t untold = 50; untold < 80; ++untold) {
    const Outcome outcome = run(seed, untold);
    if (std::string_view("AEXDU").find(outcome.untold) == std::string_view::npos) continue;
    ++about_books;
    // A part of a reserve may come and go with one command; then its execution is impossible.
    EXPECT_GT(outcome.differences + outcome.impossible, 0U)
        << "message " << untold << ", " << outcome.untold;
  }
  EXPECT_GT(about_books, 10U);
}

}  // namespace
}  // namespace basalt::property
