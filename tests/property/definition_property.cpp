// Any definition is either refused, or whatever trades in it can be told: in OUCH's and ITCH's
// fields, to the last lot and the highest price.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "tests/oracle/small_venue.h"
#include "tests/property/venue_followers.h"

namespace basalt::property {
namespace {

using Random = std::mt19937_64;

constexpr std::uint32_t novel = 2;  // The instrument that is defined.

// Of any size, and often at an edge of 31, 32, 36 or 48 bits.
std::int64_t any(Random& random) {
  static constexpr std::array<int, 6> edges{1, 31, 32, 36, 48, 62};
  if (random() % 3 == 0) {
    const std::int64_t edge = std::int64_t{1} << edges[random() % edges.size()];
    return edge + static_cast<std::int64_t>(random() % 5) - 2;
  }
  return static_cast<std::int64_t>(random() >> (random() % 64));
}

DefineInstrument any_definition(Random& random) {
  static constexpr std::array<std::uint32_t, 6> wire_ticks{1, 3, 100, 10'000, 0x7FFF'FFFF, 0};
  DefineInstrument definition = test::CommandMaker::instrument_definition("NOVEL");
  if (random() % 8 == 0) definition.symbol[random() % 8] = static_cast<char>(random());
  definition.base = AssetId{oracle::stock + static_cast<std::uint32_t>(random() % 2)};
  definition.wire_tick = random() % 2 == 0 ? wire_ticks[random() % wire_ticks.size()]
                                           : static_cast<std::uint32_t>(any(random));
  if (random() % 2 == 0) {
    // Prices around what 32 bits hold, or around OUCH's word for the market.
    const std::int64_t most = random() % 2 == 0 ? 0xFFFF'FFFF : 0x7FFF'FFFF;
    definition.price_max = Price{most / std::max(definition.wire_tick, 1U) +
                                 static_cast<std::int64_t>(random() % 3) - 1};
  } else {
    definition.price_max = Price{any(random)};
  }
  if (random() % 2 == 0) definition.lot_value = any(random);
  if (random() % 2 == 0) definition.quantity_max = Quantity{any(random)};
  if (random() % 4 == 0) definition.tick_lot_value = any(random);
  definition.market_category = static_cast<std::uint8_t>(random());
  return definition;
}

struct Tried {
  bool defined = false;
  bool traded = false;
};

// Defines it in a venue of its own, and lets one lot and as many as there may be trade at the
// lowest and at the highest price. Followers assert that each field takes its value.
Tried try_out(const DefineInstrument& definition) {
  oracle::SmallVenue small;
  VenueFollowers followers(small.venue().settings().risk);
  for (const oracle::LogRecord& record : small.log()) followers.follow(record);
  const auto tell = [&](const Command& command) {
    const auto records = small.tell(command);
    for (const oracle::LogRecord& record : records) followers.follow(record);
    return records.empty() ? Reject::invalid_option : records.front().command.order.verdict;
  };
  test::CommandMaker make;
  Command command = make.instrument(novel, "NOVEL", oracle::stock, oracle::usd);
  command.set(definition);
  const std::uint64_t before = followers.feed.count(marketdata::feed_stream);
  Tried tried;
  tried.defined = tell(command) == Reject::none;
  if (!tried.defined) {
    EXPECT_EQ(followers.feed.count(marketdata::feed_stream), before) << "a refusal was told";
    return tried;
  }
  for (std::uint32_t trader = 0; trader < 2; ++trader) {
    for (const AssetId asset : {definition.base, definition.quote}) {
      const auto money = make.payment(CommandKind::deposit, oracle::traders_first + trader,
                                      index_of(asset), Money{static_cast<int128>(1) << 99});
      EXPECT_EQ(tell(money), Reject::none);
    }
  }
  const auto wire_price = [&](std::int64_t ticks) { return ticks * definition.wire_tick; };
  EXPECT_NE(wire_price(definition.price_max.value), limits::wire_price_market);
  const std::int64_t most = std::min<std::int64_t>(definition.quantity_max.value, 0xFFFF'FFFF);
  std::uint32_t ref = 0;
  for (const std::int64_t price : {std::int64_t{1}, definition.price_max.value}) {
    for (const std::int64_t quantity : {std::int64_t{1}, most}) {
      ++ref;
      for (std::uint32_t session = 0; session < 2; ++session) {
        const Reject verdict = tell(oracle::enter({.session = session,
                                                   .ref = ref,
                                                   .side = session == 0 ? Side::sell : Side::buy,
                                                   .quantity = quantity,
                                                   .price = price,
                                                   .instrument = novel}));
        tried.traded = tried.traded || (session == 1 && verdict == Reject::none);
      }
    }
  }
  return tried;
}

TEST(DefinitionProperty, what_is_not_refused_can_be_told) {
  const std::uint64_t seed = setting("BASALT_SEED", 20);
  const std::uint64_t rounds = setting("BASALT_ROUNDS", 3'000);
  Random random(seed);
  std::uint64_t defined = 0;
  std::uint64_t traded = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const DefineInstrument definition = any_definition(random);
    const Tried tried = try_out(definition);
    defined += tried.defined;
    traded += tried.traded;
    ASSERT_FALSE(HasFailure()) << "round " << round << " of seed " << seed;
  }
  EXPECT_GT(defined, rounds / 50);
  EXPECT_GT(rounds - defined, rounds / 50);
  EXPECT_GT(traded, rounds / 100);
}

}  // namespace
}  // namespace basalt::property
