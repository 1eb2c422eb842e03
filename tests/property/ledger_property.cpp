// Whatever the log, the ledger agrees with a naive one, money is conserved, and the same prefix
// gives the same transfers.
#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "tests/property/posting_flow.h"

namespace basalt::property {
namespace {

constexpr std::uint64_t seeds = 60;
constexpr int steps_of_a_run = 1'500;

void expect_same_balances(const Follower& follower, const oracle::NaiveVenue& naive) {
  for (std::uint32_t account = 0; account < flow_limits.accounts_max; ++account) {
    for (std::uint32_t asset = 0; asset < flow_limits.assets_max; ++asset) {
      ASSERT_EQ(follower.ledger.balance(AccountId{account}, AssetId{asset}).value,
                naive.balance(account, asset))
          << "account " << account << " asset " << asset;
    }
  }
}

std::vector<Step> steps_of(Flow& flow) {
  std::vector<Step> steps = flow.opening();
  for (int i = 0; i < steps_of_a_run; ++i) steps.push_back(flow.next());
  return steps;
}

TEST(LedgerProperty, balances_agree_with_the_naive_ledger_and_money_is_conserved) {
  std::uint64_t fills = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Flow flow(seed);
    Follower follower;
    for (const Step& step : flow.opening()) follower.follow(step);
    for (int i = 0; i < steps_of_a_run; ++i) {
      follower.follow(flow.next());
      ASSERT_NO_FATAL_FAILURE(expect_same_balances(follower, flow.naive()));
      ASSERT_EQ(follower.ledger.imbalance(), Money{0});
    }
    follower.ledger.assert_invariants();
    fills += follower.ledger.fills();
    EXPECT_EQ(follower.ledger.transfers(), follower.transfers.size());
  }
  EXPECT_GT(fills, seeds * steps_of_a_run / 4) << "the flow hardly trades: it proves little";
}

TEST(LedgerProperty, transfer_ids_rise_and_what_is_linked_is_numbered_without_gaps) {
  using Id = std::tuple<Sequence, std::uint32_t, std::uint8_t>;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Flow flow(seed);
    Follower follower;
    for (const Step& step : steps_of(flow)) follower.follow(step);
    Id previous{};
    bool last = true;
    for (const Transfer& transfer : follower.transfers) {
      const Id id{transfer.sequence, transfer.index, transfer.ordinal};
      ASSERT_GT(id, previous);
      ASSERT_EQ(transfer.ordinal, last ? 0 : std::get<2>(previous) + 1);
      ASSERT_GT(transfer.amount(), Money{0});
      previous = id;
      last = transfer.last != 0;
    }
    EXPECT_TRUE(last);
  }
}

TEST(LedgerProperty, the_same_prefix_gives_the_same_transfers_and_the_same_hash) {
  std::mt19937_64 random(7);
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Flow flow(seed);
    const std::vector<Step> steps = steps_of(flow);
    const std::size_t cut = std::uniform_int_distribution<std::size_t>(0, steps.size())(random);
    Follower live;
    std::uint64_t hash_at_cut = live.hash();
    std::size_t transfers_at_cut = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      live.follow(steps[i]);
      // Somebody takes the domain's instructions here, and nobody does in the replay.
      while (live.settlement.has_instruction()) (void)live.settlement.take_instruction();
      if (i + 1 != cut) continue;
      hash_at_cut = live.hash();
      transfers_at_cut = live.transfers.size();
    }
    Follower replay;
    for (std::size_t i = 0; i < cut; ++i) replay.follow(steps[i]);
    EXPECT_EQ(replay.hash(), hash_at_cut);
    live.transfers.resize(transfers_at_cut);
    EXPECT_TRUE(replay.transfers == live.transfers);
  }
}

}  // namespace
}  // namespace basalt::property
