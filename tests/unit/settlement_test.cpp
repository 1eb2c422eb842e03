#include "engine/settlement/settlement.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "engine/arena.h"
#include "engine/ledger/ledger.h"
#include "engine/ledger/publishing_ledger.h"
#include "engine/settlement/domain.h"
#include "engine/settlement/settlement_stage.h"
#include "tests/property/reach_probes.h"
#include "tests/unit/venue_commands.h"

namespace basalt::settlement {
namespace {

constexpr ReferenceLimits reference_limits{
    .assets_max = 4, .instruments_max = 4, .accounts_max = 8, .sessions_max = 1, .firms_max = 1};
constexpr SettlementLimits limits_of_test{
    .reference = reference_limits, .batches_max = 4, .obligations_max = 64};

constexpr Nanos second{1'000'000'000};
constexpr Nanos day{86'400 * second.value};
constexpr AssetId usd{0};
constexpr AssetId aapl{1};
constexpr AccountId house{0};
constexpr AccountId outside{1};
constexpr AccountId alice{2};
constexpr AccountId bob{3};

// Instrument 0 settles with every Tick, instrument 1 daily; both are shares of AAPL in USD. Alice
// has 1,000 dollars, Bob 100 shares.
struct Venue {
  Arena arena;
  ledger::Ledger ledger{reference_limits, arena};
  Settlement settlement;
  test::CommandMaker make;

  explicit Venue(const SettlementLimits& limits = limits_of_test)
      : arena(ledger::Ledger::memory_bytes(reference_limits) + Settlement::memory_bytes(limits) +
              64 * 1024),
        settlement(limits, arena) {
    for (const Command& command :
         {make.asset(0, "USD"), make.asset(1, "AAPL", 0), make.firm(0),
          make.account(0, AccountRole::fees), make.account(1, AccountRole::external),
          make.account(2), make.account(3), make.instrument(0, "AAPL", 1, 0),
          make.instrument(1, "AAPL-D", 1, 0, day), make.fees(0, 0, 1'000),
          make.deposit(2, 0, 100'000), make.deposit(3, 1, 100)}) {
      follow(command);
    }
  }

  Command new_epoch(std::uint32_t batches_max, std::uint32_t obligations_max) {
    EpochStart start{};
    start.limits.settlement_batches_max = batches_max;
    start.limits.settlement_obligations_max = obligations_max;
    return make.next(CommandKind::epoch_start, start);
  }
  void follow(const Command& command) {
    ledger.on_command(command);
    if (settlement_follows(command.order)) settlement.on_command(command);
    pass_on();
  }
  // The maker sells when the taker buys.
  void fill(std::uint32_t instrument, std::uint32_t taker, Side side, std::uint32_t maker,
            std::int64_t price, std::int64_t quantity) {
    const Command command = make.order(instrument, taker, side);
    follow(command);
    ledger.on_event(command, test::fill_of(command, 0, maker, price, quantity));
    pass_on();
  }
  void pass_on() {
    for (const Transfer& transfer : ledger.posted()) settlement.on_transfer(transfer);
    settlement.assert_invariants();
    expect_positions_match_the_ledger();
  }
  // I1
  void expect_positions_match_the_ledger() {
    const std::vector<Position> positions = settlement.positions();
    for (std::uint32_t account = 0; account < reference_limits.accounts_max; ++account) {
      for (std::uint32_t asset = 0; asset < reference_limits.assets_max; ++asset) {
        ASSERT_EQ(position(positions, AccountId{account}, AssetId{asset}).sum(),
                  ledger.balance(AccountId{account}, AssetId{asset}));
      }
    }
  }
  static const Position& position(const std::vector<Position>& positions, AccountId account,
                                  AssetId asset) {
    return positions[index_of(account) * reference_limits.assets_max + index_of(asset)];
  }
  Position position(AccountId account, AssetId asset) {
    return position(settlement.positions(), account, asset);
  }
  BatchState state(std::uint64_t batch) { return settlement.state(BatchId{batch}); }
  void answer(std::uint64_t batch, bool settled) {
    follow(make.started(batch));
    follow(make.finished(batch, settled));
  }
  std::vector<Change> changes() {
    return {settlement.changes().begin(), settlement.changes().end()};
  }
  std::vector<Instruction> take_instructions() {
    std::vector<Instruction> result;
    while (settlement.has_instruction()) result.push_back(settlement.take_instruction());
    return result;
  }
  std::uint64_t hash() {
    StateHash hash;
    settlement.add_to_hash(hash);
    return hash.digest();
  }
};

struct SettlementTest : Venue, testing::Test {};

TEST_F(SettlementTest, deposits_and_withdrawals_settle_at_once) {
  EXPECT_EQ(settlement.settled(alice, usd), Money{100'000});
  EXPECT_EQ(settlement.settled(outside, usd), Money{-100'000});
  follow(make.withdraw(2, 0, 1));
  EXPECT_EQ(settlement.settled(alice, usd), Money{99'999});
  EXPECT_FALSE(settlement.outstanding());
}

TEST_F(SettlementTest, fills_and_fees_are_netted_and_nothing_is_settled_before_the_domain_says_so) {
  fill(0, 2, Side::buy, 3, 1'000, 10);
  fill(0, 2, Side::sell, 3, 1'100, 4);
  EXPECT_EQ(position(alice, usd).netting, Money{-10'000 + 4'400 - 10 - 5});
  EXPECT_EQ(position(alice, aapl).netting, Money{6});
  EXPECT_EQ(position(house, usd).netting, Money{15});
  EXPECT_EQ(settlement.settled(alice, usd), Money{100'000});
  EXPECT_TRUE(settlement.outstanding());

  follow(make.tick(second));
  EXPECT_EQ(state(1), BatchState::pending);
  EXPECT_EQ(position(alice, aapl).pending, Money{6});
  follow(make.started(1));
  EXPECT_EQ(state(1), BatchState::executing);
  EXPECT_EQ(position(alice, aapl).executing, Money{6});
  EXPECT_EQ(settlement.settled(alice, aapl), Money{0});
  follow(make.finished(1, true));
  EXPECT_EQ(state(1), BatchState::none);
  EXPECT_EQ(changes(), (std::vector<Change>{{BatchId{1}, BatchState::completed}}));
  EXPECT_EQ(settlement.settled(alice, aapl), Money{6});
  EXPECT_EQ(settlement.settled(house, usd), Money{15});
  EXPECT_FALSE(settlement.outstanding());
}

TEST_F(SettlementTest, the_domain_is_told_each_obligation_once_and_the_last_is_flagged) {
  fill(0, 2, Side::buy, 3, 1'000, 10);
  follow(make.tick(second));
  const std::vector<Obligation> owed = settlement.obligations(BatchId{1});
  const std::vector<Instruction> told = take_instructions();
  ASSERT_EQ(told.size(), 5U);  // Both accounts in both assets, and the house's fee.
  ASSERT_EQ(owed.size(), told.size());
  std::map<AssetId, Money> sums;
  for (std::uint32_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(told[i].batch, BatchId{1});
    EXPECT_EQ(told[i].number, i);
    EXPECT_EQ(told[i].count, told.size());
    EXPECT_EQ(told[i].last, i + 1 == told.size() ? 1 : 0);
    EXPECT_EQ(told[i].attempt, 0);
    EXPECT_EQ(owed[i], (Obligation{BatchId{1}, told[i].account, told[i].asset, told[i].amount()}));
    sums[told[i].asset] += told[i].amount();
  }
  for (const auto& [asset, sum] : sums) EXPECT_EQ(sum, Money{0});
}

TEST_F(SettlementTest, what_nets_to_nothing_makes_no_batch) {
  follow(make.fees(0, 0, 0));
  fill(0, 2, Side::buy, 3, 1'000, 10);
  fill(0, 2, Side::sell, 3, 1'000, 10);
  follow(make.tick(second));
  EXPECT_EQ(settlement.counters().batches_cut, 0U);
  EXPECT_FALSE(settlement.outstanding());
}

TEST_F(SettlementTest, each_cycle_is_cut_in_its_own_time) {
  fill(0, 2, Side::buy, 3, 1'000, 1);
  fill(1, 2, Side::buy, 3, 1'000, 1);
  follow(make.tick(second));
  EXPECT_EQ(settlement.counters().batches_cut, 1U);
  EXPECT_EQ(position(alice, aapl).pending, Money{1});
  EXPECT_EQ(position(alice, aapl).netting, Money{1});
  // To the last nanosecond of the day, and then one more.
  const Nanos left{day.value - 1 - make.now.value % day.value};
  follow(make.tick(left));
  EXPECT_EQ(settlement.counters().batches_cut, 1U);
  follow(make.tick(Nanos{1}));
  EXPECT_EQ(settlement.counters().batches_cut, 2U);
  EXPECT_EQ(position(alice, aapl).pending, Money{2});
}

TEST_F(SettlementTest, a_refused_batch_is_tried_three_times_after_growing_delays) {
  fill(0, 2, Side::buy, 3, 1'000, 1);
  follow(make.tick(second));
  answer(1, false);
  EXPECT_EQ(state(1), BatchState::failed);
  EXPECT_EQ(position(alice, aapl).failed, Money{1});
  (void)take_instructions();
  for (const std::int64_t seconds : {1, 2, 4}) {
    follow(make.tick(Nanos{seconds * second.value - 1}));
    EXPECT_EQ(state(1), BatchState::failed) << seconds;
    EXPECT_FALSE(settlement.has_instruction());
    follow(make.tick(Nanos{1}));
    EXPECT_EQ(state(1), BatchState::pending) << seconds;
    EXPECT_EQ(take_instructions().size(), 5U);
    answer(1, false);
  }
  follow(make.tick(Nanos{1'000 * second.value}));
  EXPECT_EQ(state(1), BatchState::failed);
  EXPECT_EQ(settlement.counters().retries, 3U);
  EXPECT_EQ(settlement.counters().failures, 4U);

  follow(make.next(CommandKind::settlement_cut));
  EXPECT_EQ(state(1), BatchState::pending);
  answer(1, true);
  EXPECT_EQ(settlement.settled(alice, aapl), Money{1});
}

TEST_F(SettlementTest, a_batch_whose_payer_cannot_pay_fails_whole) {
  // What Alice bought for settlement tomorrow she sells for settlement now.
  fill(1, 2, Side::buy, 3, 1'000, 10);
  fill(0, 2, Side::sell, 3, 1'000, 10);
  follow(make.tick(second));
  answer(1, true);
  EXPECT_EQ(state(1), BatchState::failed);
  EXPECT_EQ(settlement.counters().payers_short, 1U);
  EXPECT_EQ(settlement.settled(alice, aapl), Money{0});
  EXPECT_EQ(settlement.settled(bob, aapl), Money{100});
  EXPECT_EQ(settlement.settled(alice, usd), Money{100'000});
  // Once the daily batch has settled, it can.
  follow(make.tick(day));
  EXPECT_EQ(state(1), BatchState::pending);
  EXPECT_EQ(state(2), BatchState::pending);
  answer(2, true);
  answer(1, true);
  EXPECT_EQ(settlement.settled(bob, aapl), Money{100});
  EXPECT_FALSE(settlement.outstanding());
}

TEST_F(SettlementTest, batches_that_block_each_other_settle_as_one_at_a_settlement_cut) {
  follow(make.fees(0, 0, 0));
  // Batch 1: Alice pays all her money for shares. Batch 2: she sells them again, dearer.
  fill(0, 2, Side::buy, 3, 1'000, 100);
  follow(make.tick(second));
  fill(0, 2, Side::sell, 3, 2'000, 50);
  follow(make.tick(second));
  // She takes out what she has, and each batch then needs what the other brings.
  follow(make.withdraw(2, 0, 100'000));
  EXPECT_EQ(settlement.settled(alice, usd), Money{0});
  answer(1, true);
  answer(2, true);
  EXPECT_EQ(state(1), BatchState::failed);
  EXPECT_EQ(state(2), BatchState::failed);
  EXPECT_EQ(settlement.counters().payers_short, 2U);

  follow(make.next(CommandKind::settlement_cut));
  EXPECT_EQ(changes(), (std::vector<Change>{{BatchId{1}, BatchState::folded},
                                            {BatchId{2}, BatchState::folded},
                                            {BatchId{3}, BatchState::pending}}));
  answer(3, true);
  EXPECT_FALSE(settlement.outstanding());
  EXPECT_EQ(settlement.settled(alice, aapl), Money{50});
  EXPECT_EQ(settlement.settled(alice, usd), Money{0});
}

TEST_F(SettlementTest, settlement_cut_makes_one_batch_of_every_cycle) {
  fill(0, 2, Side::buy, 3, 1'000, 1);
  fill(1, 2, Side::buy, 3, 1'000, 1);
  follow(make.next(CommandKind::settlement_cut));
  EXPECT_EQ(settlement.counters().batches_cut, 1U);
  EXPECT_EQ(position(alice, aapl).pending, Money{2});
}

TEST_F(SettlementTest, late_repeated_and_unknown_answers_are_ignored_and_counted) {
  fill(0, 2, Side::buy, 3, 1'000, 1);
  follow(make.tick(second));
  follow(make.finished(1, true));  // Before it was started.
  EXPECT_EQ(state(1), BatchState::pending);
  follow(make.started(1));
  follow(make.started(1));
  follow(make.finished(1, true));
  follow(make.finished(1, true));
  follow(make.finished(1, false));
  follow(make.started(7));
  EXPECT_EQ(settlement.counters().answers_ignored, 5U);
  EXPECT_EQ(settlement.counters().batches_completed, 1U);
  EXPECT_EQ(settlement.settled(alice, aapl), Money{1});
}

TEST_F(SettlementTest, a_cut_without_room_waits_for_the_next_tick) {
  for (std::uint32_t i = 0; i < limits_of_test.batches_max; ++i) {
    fill(0, 2, Side::buy, 3, 1'000, 1);
    follow(make.tick(second));
  }
  fill(0, 2, Side::buy, 3, 1'000, 1);
  follow(make.tick(second));
  fill(0, 2, Side::buy, 3, 1'000, 1);
  follow(make.tick(second));
  EXPECT_EQ(settlement.counters().cuts_delayed, 2U);
  EXPECT_TRUE(property::probes_missed({"a cut waits for room"}).empty());
  EXPECT_EQ(position(alice, aapl).netting, Money{2});
  answer(2, true);
  follow(make.tick(Nanos{0}));
  EXPECT_EQ(position(alice, aapl).netting, Money{0});
  EXPECT_EQ(state(5), BatchState::pending);
}

TEST(SettlementRoomTest, a_cut_without_room_for_its_obligations_waits_too) {
  Venue few_obligations({.reference = reference_limits, .batches_max = 16, .obligations_max = 32});
  // Five obligations each: six batches fit.
  for (int i = 0; i < 8; ++i) {
    few_obligations.fill(0, 2, Side::buy, 3, 1'000, 1);
    few_obligations.follow(few_obligations.make.tick(second));
  }
  EXPECT_EQ(few_obligations.settlement.counters().batches_cut, 6U);
  EXPECT_EQ(few_obligations.settlement.counters().cuts_delayed, 2U);
  few_obligations.answer(3, true);
  few_obligations.follow(few_obligations.make.tick(second));
  EXPECT_EQ(few_obligations.settlement.counters().batches_cut, 7U);
  EXPECT_EQ(few_obligations.position(alice, aapl).netting, Money{0});
}

TEST_F(SettlementTest, a_new_epoch_tells_the_domain_again_what_it_may_have_lost) {
  fill(0, 2, Side::buy, 3, 1'000, 1);
  follow(make.tick(second));
  follow(make.started(1));
  (void)take_instructions();
  fill(0, 2, Side::buy, 3, 1'000, 1);
  follow(make.tick(second));
  (void)settlement.take_instruction();  // Half told.
  follow(new_epoch(limits_of_test.batches_max, limits_of_test.obligations_max));
  const std::vector<Instruction> told = take_instructions();
  ASSERT_EQ(told.size(), 10U);
  EXPECT_EQ(told[0].batch, BatchId{1});
  EXPECT_EQ(told[0].number, 0U);
  EXPECT_EQ(told[5].batch, BatchId{2});
  EXPECT_EQ(told[5].number, 0U);
  EXPECT_EQ(state(1), BatchState::executing);
}

TEST_F(SettlementTest, an_epochs_limits_bind_however_much_memory_there_is) {
  follow(new_epoch(1, limits_of_test.obligations_max));
  fill(0, 2, Side::buy, 3, 1'000, 1);
  follow(make.tick(second));
  fill(0, 2, Side::buy, 3, 1'000, 1);
  follow(make.tick(second));
  EXPECT_EQ(state(1), BatchState::pending);
  EXPECT_EQ(state(2), BatchState::none);
  EXPECT_EQ(settlement.counters().cuts_delayed, 1U);
  follow(new_epoch(4, settlement.obligations_in_use()));
  follow(make.tick(second));
  EXPECT_EQ(state(2), BatchState::none);
  follow(new_epoch(4, limits_of_test.obligations_max));
  follow(make.tick(second));
  EXPECT_EQ(state(2), BatchState::pending);
}

TEST_F(SettlementTest, the_oldest_batch_is_told_first) {
  for (int i = 0; i < 3; ++i) {
    fill(0, 2, Side::buy, 3, 1'000, 1);
    follow(make.tick(second));
  }
  answer(1, true);  // The fourth batch will take its place.
  fill(0, 2, Side::buy, 3, 1'000, 1);
  follow(make.tick(second));
  const auto told_in_order = [&] {
    std::vector<std::uint64_t> batches;
    for (const Instruction& instruction : take_instructions()) {
      if (instruction.last != 0) batches.push_back(static_cast<std::uint64_t>(instruction.batch));
    }
    return batches;
  };
  EXPECT_EQ(told_in_order(), (std::vector<std::uint64_t>{2, 3, 4}));
  follow(new_epoch(limits_of_test.batches_max, limits_of_test.obligations_max));
  EXPECT_EQ(told_in_order(), (std::vector<std::uint64_t>{2, 3, 4}));
}

TEST_F(SettlementTest, nobody_needs_to_take_instructions_for_the_state_to_move) {
  for (std::uint64_t batch = 1; batch <= 20; ++batch) {
    fill(0, 2, Side::buy, 3, 1'000, 1);
    follow(make.tick(second));
    answer(batch, true);
    EXPECT_FALSE(settlement.has_instruction());
  }
  EXPECT_EQ(settlement.settled(alice, aapl), Money{20});
}

TEST_F(SettlementTest, the_hash_tells_balances_and_the_state_of_obligations) {
  std::vector<std::uint64_t> hashes = {hash()};
  const auto expect_another = [&] {
    hashes.push_back(hash());
    EXPECT_NE(hashes.back(), hashes.at(hashes.size() - 2));
  };
  follow(make.deposit(2, 0, 1));
  expect_another();
  fill(0, 2, Side::buy, 3, 1'000, 1);
  expect_another();
  follow(make.tick(second));
  expect_another();
  follow(make.started(1));
  expect_another();
  follow(make.finished(1, false));
  expect_another();
  follow(make.tick(second));
  EXPECT_EQ(hash(), hashes.at(3));  // Pending again.
}

// The ledgers of these two differ as well; settlement must tell them apart by itself.
TEST(SettlementHashTest, the_hash_tells_how_much_is_in_each_state) {
  Venue one;
  Venue two;
  const auto both = [&](auto act) {
    act(one);
    act(two);
    EXPECT_NE(one.hash(), two.hash());
  };
  one.fill(0, 2, Side::buy, 3, 1'000, 1);
  two.fill(0, 2, Side::buy, 3, 1'000, 2);
  EXPECT_NE(one.hash(), two.hash());
  both([](Venue& venue) { venue.follow(venue.make.tick(second)); });
  both([](Venue& venue) { venue.follow(venue.make.started(1)); });
  both([](Venue& venue) { venue.follow(venue.make.finished(1, false)); });
}

TEST_F(SettlementTest, how_often_it_was_cut_does_not_show_in_the_hash_once_all_is_settled) {
  fill(0, 2, Side::buy, 3, 1'000, 3);
  follow(make.tick(second));
  answer(1, false);
  const std::uint64_t open = hash();
  follow(make.tick(second));
  answer(1, true);
  EXPECT_NE(hash(), open);
  fill(0, 2, Side::sell, 3, 1'000, 1);
  follow(make.next(CommandKind::settlement_cut));
  answer(2, true);
  const std::uint64_t in_two = hash();

  Venue other;
  other.fill(0, 2, Side::buy, 3, 1'000, 3);
  other.fill(0, 2, Side::sell, 3, 1'000, 1);
  other.follow(other.make.next(CommandKind::settlement_cut));
  other.answer(1, true);
  EXPECT_EQ(other.hash(), in_two);
}

// Ledger, settlement and domain with rings of two slots, and risk played by a loop that gives each
// request its place in the log.
TEST_F(SettlementTest, through_rings_of_two_slots_batches_fail_and_complete) {
  ring::SpscRing<Slot> postings(2, arena);
  InstructionRing instructions(2, arena);
  ring::SpscRing<Slot> requests(2, arena);
  SettlementStage stage("settlement", postings, instructions, settlement);
  const Refusal refusal{.account = bob, .batches = 1};
  InternalDomain domain({&refusal, 1});
  DomainStage domain_stage("domain", instructions, requests, domain, arena);
  ledger::PublishingLedger publishing(ledger, postings, arena);
  pipeline::CommandAssembler assembler;

  const auto turn = [&] {
    const std::uint32_t handled = stage.poll() + domain_stage.poll();
    while (const Slot* slot = requests.peek()) {
      if (!assembler.take(*slot)) continue;
      Command command = assembler.command();
      command.order.sequence = ++make.sequence;
      command.order.time = make.now;
      while (!publishing.ready()) stage.poll();
      publishing.on_command(command);
    }
    requests.consume();
    publishing.ready();
    return handled;
  };
  const auto settle_down = [&] {
    for (int idle = 0; idle < 10; ++idle) {
      if (turn() > 0) idle = 0;
    }
  };

  const Command taker = make.order(0, 2, Side::buy);
  publishing.on_command(taker);
  publishing.on_event(taker, test::fill_of(taker, 0, 3, 1'000, 10));
  settle_down();
  EXPECT_TRUE(stage.outstanding());
  publishing.on_command(make.tick(second));
  settle_down();
  EXPECT_EQ(state(1), BatchState::failed);
  publishing.on_command(make.tick(second));
  settle_down();
  EXPECT_EQ(settlement.counters().batches_completed, 1U);
  EXPECT_EQ(settlement.settled(alice, aapl), Money{10});
  EXPECT_FALSE(stage.outstanding());
  expect_positions_match_the_ledger();
}

}  // namespace
}  // namespace basalt::settlement
