// What risk sets aside always covers what fills take, however an order is filled.
#include <gtest/gtest.h>

#include <random>

#include "engine/reference.h"

namespace basalt {
namespace {

using Random = std::mt19937_64;

// Small numbers and huge ones alike: `bits` chooses the size, not the value.
std::int64_t any_up_to(Random& random, std::int64_t most) {
  const int bits = std::uniform_int_distribution<>(1, 62)(random);
  return 1 + static_cast<std::int64_t>(random() & ((std::uint64_t{1} << bits) - 1)) % most;
}

struct Bid {
  Instrument instrument;
  Price limit;
  Quantity open;
};

Bid any_bid(Random& random) {
  Bid bid;
  bid.instrument.fee_cap_ppm = static_cast<std::uint32_t>(any_up_to(random, ppm_one));
  bid.instrument.tick_lot_value = any_up_to(random, limits::tick_lot_value_max);
  bid.instrument.lot_value = any_up_to(random, INT64_MAX >> 12);
  bid.limit = Price{any_up_to(random, limits::price_max.value)};
  // Keep within what one order may be worth.
  const int128 lots = limits::money_max.value /
                      notional(bid.limit, Quantity{1}, bid.instrument.tick_lot_value).value;
  const auto most = static_cast<std::int64_t>(std::min<int128>(lots, limits::quantity_max.value));
  bid.open = Quantity{any_up_to(random, most)};
  return bid;
}

// The highest rate and the lowest are where it would break; any other may come between.
std::int64_t any_rate(Random& random, const Instrument& instrument) {
  const std::int64_t cap = instrument.fee_cap_ppm;
  switch (random() % 4) {
    case 0:
      return cap;
    case 1:
      return std::uniform_int_distribution<std::int64_t>(-ppm_one, cap)(random);
    default:
      return std::uniform_int_distribution<std::int64_t>(0, cap)(random);
  }
}

TEST(HoldProperty, a_hold_covers_every_sequence_of_partial_fills) {
  Random random(1);
  for (int round = 0; round < 200'000; ++round) {
    const Bid bid = any_bid(random);
    Quantity open = bid.open;
    Money held = hold(Side::buy, bid.limit, open, bid.instrument);
    for (int fills = 0; fills < 50 && open > Quantity{0}; ++fills) {
      const bool one_lot = random() % 2 == 0;
      const Quantity filled{one_lot ? 1 : any_up_to(random, open.value)};
      // At the limit nothing is gained by the price; elsewhere anything better may come.
      const Price price{random() % 2 == 0 ? bid.limit.value : any_up_to(random, bid.limit.value)};
      const Money worth = notional(price, filled, bid.instrument.tick_lot_value);
      const Money paid = worth + fee(worth, any_rate(random, bid.instrument));
      open -= filled;
      const Money left = hold(Side::buy, bid.limit, open, bid.instrument);
      ASSERT_GE(held - left, paid) << "round " << round;
      held = left;
    }
    ASSERT_GE(held, Money{0});
  }
}

TEST(HoldProperty, nothing_is_held_for_nothing) {
  Random random(2);
  for (int round = 0; round < 1'000; ++round) {
    const Bid bid = any_bid(random);
    ASSERT_EQ(hold(Side::buy, bid.limit, Quantity{0}, bid.instrument), Money{0});
    ASSERT_EQ(hold(Side::sell, bid.limit, Quantity{0}, bid.instrument), Money{0});
  }
}

TEST(FeeProperty, a_fee_is_the_exact_quotient_rounded_up) {
  Random random(3);
  for (int round = 0; round < 500'000; ++round) {
    const Bid bid = any_bid(random);
    const Money worth = notional(bid.limit, bid.open, bid.instrument.tick_lot_value);
    const std::int64_t ppm = any_rate(random, bid.instrument);
    // 2^100 × 10^6 fits in 127 bits, so here the product may be taken whole.
    const int128 product = worth.value * ppm;
    const int128 due = fee(worth, ppm).value;
    ASSERT_GE(due * ppm_one, product);
    ASSERT_LT((due - 1) * ppm_one, product);
    ASSERT_LE(due, worth.value);
  }
}

}  // namespace
}  // namespace basalt
