// Whatever the log, settlement agrees with a naive one, each position adds up to the ledger's
// balance, and everything settles in the end.
#include <gtest/gtest.h>

#include "tests/property/posting_flow.h"
#include "tests/property/reach_probes.h"

namespace basalt::property {
namespace {

using oracle::NaiveState;
using settlement::BatchId;
using settlement::BatchState;
using settlement::Position;

constexpr std::uint64_t seeds = 60;
constexpr int steps_of_a_run = 1'500;

BatchState state_of(NaiveState state) {
  switch (state) {
    case NaiveState::pending:
      return BatchState::pending;
    case NaiveState::executing:
      return BatchState::executing;
    case NaiveState::failed:
      return BatchState::failed;
  }
  return BatchState::none;
}

// The naive venue's batches and nets as positions.
std::vector<Position> positions_of(const oracle::NaiveVenue& naive) {
  std::vector<Position> positions(flow_limits.accounts_max * flow_limits.assets_max);
  const auto add = [&](const oracle::Amounts& amounts, Money Position::*sum) {
    for (const auto& [owner, amount] : amounts) {
      positions[owner.first * flow_limits.assets_max + owner.second].*sum += Money{amount};
    }
  };
  add(naive.settled, &Position::settled);
  for (const auto& [length, net] : naive.nets) add(net, &Position::netting);
  for (const auto& [id, batch] : naive.batches) {
    if (batch.state == NaiveState::pending) add(batch.owed, &Position::pending);
    if (batch.state == NaiveState::executing) add(batch.owed, &Position::executing);
    if (batch.state == NaiveState::failed) add(batch.owed, &Position::failed);
  }
  return positions;
}

void expect_agreement(const Follower& follower, const oracle::NaiveVenue& naive) {
  const std::vector<Position> positions = follower.settlement.positions();
  ASSERT_TRUE(positions == positions_of(naive));
  for (std::uint32_t place = 0; place < positions.size(); ++place) {
    const AccountId account{place / flow_limits.assets_max};
    const AssetId asset{place % flow_limits.assets_max};
    ASSERT_EQ(positions[place].sum(), follower.ledger.balance(account, asset));  // I1
  }
  for (std::uint64_t id = 0; id <= naive.counts.cut + 1; ++id) {
    const auto at = naive.batches.find(id);
    const BatchState expected =
        at == naive.batches.end() ? BatchState::none : state_of(at->second.state);
    ASSERT_EQ(follower.settlement.state(BatchId{id}), expected) << "batch " << id;
  }
  const settlement::Counters& counters = follower.settlement.counters();
  ASSERT_EQ(counters.batches_cut, naive.counts.cut);
  ASSERT_EQ(counters.batches_completed, naive.counts.completed);
  ASSERT_EQ(counters.batches_folded, naive.counts.folded);
  ASSERT_EQ(counters.failures, naive.counts.failures);
  ASSERT_EQ(counters.payers_short, naive.counts.short_of);
  ASSERT_EQ(counters.retries, naive.counts.retries);
  ASSERT_EQ(counters.answers_ignored, naive.counts.ignored);
}

// The domain settles whatever it is told, and an operator cuts until nothing is left.
void settle_everything(Flow& flow, Follower& follower) {
  for (int round = 0; follower.settlement.outstanding(); ++round) {
    ASSERT_LT(round, 10) << "batches block each other for ever";
    follower.follow(flow.settlement_cut());
    std::vector<std::pair<std::uint64_t, NaiveState>> open;
    for (const auto& [id, batch] : flow.naive().batches) open.emplace_back(id, batch.state);
    for (const auto& [id, state] : open) {
      if (state == NaiveState::pending) follower.follow(flow.started(id));
      follower.follow(flow.finished(id, true));
    }
  }
}

TEST(SettlementProperty, it_agrees_with_the_naive_one_and_everything_settles_in_the_end) {
  settlement::Counters sum;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Flow flow(seed);
    Follower follower;
    for (const Step& step : flow.opening()) follower.follow(step);
    for (int i = 0; i < steps_of_a_run; ++i) {
      follower.follow(flow.next());
      if (i % 8 == 0) {
        ASSERT_NO_FATAL_FAILURE(expect_agreement(follower, flow.naive())) << "step " << i;
      }
      if (i % 64 == 0) follower.settlement.assert_invariants();
    }
    ASSERT_NO_FATAL_FAILURE(expect_agreement(follower, flow.naive()));
    ASSERT_NO_FATAL_FAILURE(settle_everything(flow, follower));
    ASSERT_NO_FATAL_FAILURE(expect_agreement(follower, flow.naive()));
    for (const Position& position : follower.settlement.positions()) {
      ASSERT_EQ(position.settled, position.sum());
    }
    const settlement::Counters& counters = follower.settlement.counters();
    ASSERT_EQ(counters.cuts_delayed, 0U) << "the naive one knows no limit";
    sum.batches_completed += counters.batches_completed;
    sum.batches_folded += counters.batches_folded;
    sum.failures += counters.failures;
    sum.payers_short += counters.payers_short;
    sum.retries += counters.retries;
    sum.answers_ignored += counters.answers_ignored;
  }
  // All that can happen did, in any build.
  EXPECT_GT(sum.batches_completed, seeds);
  EXPECT_GT(sum.batches_folded, 0U);
  EXPECT_GT(sum.payers_short, 0U);
  EXPECT_GT(sum.failures, sum.payers_short);
  EXPECT_GT(sum.retries, seeds);
  EXPECT_GT(sum.answers_ignored, seeds);
  EXPECT_TRUE(probes_missed({"a batch is pending", "a batch is executing", "a batch is completed",
                             "a batch has failed", "a failed batch is tried again",
                             "a payer cannot pay", "a batch is folded into a cut"})
                  .empty());
}

// Timing changes which batches there were, and must not change what is left of them.
TEST(SettlementProperty, the_same_fills_give_the_same_hash_whenever_they_were_settled) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Flow flow(seed);
    Follower timely;
    Follower late;
    std::vector<Step> steps = flow.opening();
    for (int i = 0; i < steps_of_a_run; ++i) steps.push_back(flow.next());
    for (const Step& step : steps) {
      timely.follow(step);
      // The late one sees neither time nor answers until the end.
      const CommandKind kind = step.command.order.kind;
      const bool of_settlement =
          kind == CommandKind::tick || kind == CommandKind::settlement_started ||
          kind == CommandKind::settlement_finished || kind == CommandKind::settlement_cut;
      if (!of_settlement) late.follow(step);
    }
    ASSERT_NO_FATAL_FAILURE(settle_everything(flow, timely));
    test::CommandMaker make;
    late.follow({make.next(CommandKind::settlement_cut), {}});
    late.follow({make.started(1), {}});
    late.follow({make.finished(1, true), {}});
    EXPECT_FALSE(late.settlement.outstanding());
    EXPECT_EQ(timely.hash(), late.hash());
  }
}

}  // namespace
}  // namespace basalt::property
