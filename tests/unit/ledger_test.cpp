#include "engine/ledger/ledger.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/arena.h"
#include "engine/ledger/publishing_ledger.h"
#include "engine/pipeline/log_stage.h"
#include "tests/unit/venue_commands.h"

namespace basalt::ledger {
namespace {

constexpr ReferenceLimits limits_of_test{
    .assets_max = 4, .instruments_max = 4, .accounts_max = 8, .sessions_max = 1, .firms_max = 1};

constexpr AssetId usd{0};
constexpr AssetId aapl{1};
constexpr AccountId house{0};
constexpr AccountId outside{1};
constexpr AccountId alice{2};
constexpr AccountId bob{3};

// Alice has 1,000,000 cents, Bob 100 shares. A lot is one share, a tick one cent.
struct LedgerTest : testing::Test {
  Arena arena{Ledger::memory_bytes(limits_of_test) + 64 * 1024};
  Ledger ledger{limits_of_test, arena};
  test::CommandMaker make;

  LedgerTest() {
    for (const Command& command : opening()) ledger.on_command(command);
  }
  std::vector<Command> opening() {
    return {make.asset(0, "USD"),
            make.asset(1, "AAPL", 0),
            make.firm(0),
            make.account(0, AccountRole::fees),
            make.account(1, AccountRole::external),
            make.account(2),
            make.account(3),
            make.instrument(0, "AAPL", 1, 0),
            make.fees(0, 100, 300),
            make.deposit(2, 0, 1'000'000),
            make.deposit(3, 1, 100)};
  }
  std::vector<Transfer> posted() const { return {ledger.posted().begin(), ledger.posted().end()}; }
  Money balance(AccountId account, AssetId asset) const { return ledger.balance(account, asset); }
};

Transfer transfer_of(const Order& cause, std::uint32_t index, std::uint8_t ordinal, bool last,
                     TransferKind kind, AccountId debit, AccountId credit, AssetId asset,
                     std::int64_t amount) {
  Transfer transfer{.sequence = cause.sequence,
                    .kind = kind,
                    .ordinal = ordinal,
                    .last = last ? std::uint8_t{1} : std::uint8_t{0},
                    .index = index,
                    .debit = debit,
                    .credit = credit,
                    .asset = asset,
                    .time = cause.time};
  transfer.set_amount(Money{amount});
  return transfer;
}

TEST_F(LedgerTest, a_deposit_comes_from_the_outside_and_a_withdrawal_goes_there) {
  EXPECT_EQ(balance(alice, usd), Money{1'000'000});
  EXPECT_EQ(balance(outside, usd), Money{-1'000'000});
  const Command command = make.withdraw(2, 0, 250'000);
  ledger.on_command(command);
  EXPECT_EQ(posted(),
            (std::vector<Transfer>{transfer_of(command.order, 0, 0, true, TransferKind::withdrawal,
                                               alice, outside, usd, 250'000)}));
  EXPECT_EQ(balance(alice, usd), Money{750'000});
  EXPECT_EQ(balance(outside, usd), Money{-750'000});
  ledger.assert_invariants();
}

TEST_F(LedgerTest, a_fill_moves_quote_and_base_and_both_fees) {
  // Alice takes Bob's offer of 10 at 100.01: 100,010 cents; 300 ppm are 30.003, 100 ppm 10.001.
  const Command taker = make.order(0, 2, Side::buy);
  ledger.on_command(taker);
  EXPECT_TRUE(posted().empty());
  ledger.on_event(taker, test::fill_of(taker, 3, 3, 10'001, 10, 77));

  std::vector<Transfer> expected = {
      transfer_of(taker.order, 3, 0, false, TransferKind::fill_quote, alice, bob, usd, 100'010),
      transfer_of(taker.order, 3, 1, false, TransferKind::fill_base, bob, alice, aapl, 10),
      transfer_of(taker.order, 3, 2, false, TransferKind::taker_fee, alice, house, usd, 31),
      transfer_of(taker.order, 3, 3, true, TransferKind::maker_fee, bob, house, usd, 11)};
  for (Transfer& transfer : expected) {
    transfer.instrument = InstrumentId{0};
    transfer.match_number = 77;
  }
  EXPECT_EQ(posted(), expected);
  EXPECT_EQ(balance(alice, usd), Money{1'000'000 - 100'010 - 31});
  EXPECT_EQ(balance(bob, usd), Money{100'010 - 11});
  EXPECT_EQ(balance(house, usd), Money{42});
  EXPECT_EQ(balance(alice, aapl), Money{10});
  EXPECT_EQ(balance(bob, aapl), Money{90});
  EXPECT_EQ(ledger.imbalance(), Money{0});
  EXPECT_EQ(ledger.fills(), 1U);
}

TEST_F(LedgerTest, the_maker_may_be_the_buyer) {
  const Command taker = make.order(0, 3, Side::sell);
  ledger.on_event(taker, test::fill_of(taker, 0, 2, 10'001, 10));
  EXPECT_EQ(balance(alice, usd), Money{1'000'000 - 100'010 - 11});
  EXPECT_EQ(balance(bob, usd), Money{100'010 - 31});
  EXPECT_EQ(balance(alice, aapl), Money{10});
}

TEST_F(LedgerTest, a_negative_maker_fee_is_paid_by_the_venue_and_rounds_in_its_favour) {
  ledger.on_command(make.fees(0, -100, 300));
  const Command taker = make.order(0, 2, Side::buy);
  ledger.on_event(taker, test::fill_of(taker, 0, 3, 10'001, 10));
  ASSERT_EQ(posted().size(), 4U);
  EXPECT_EQ(posted()[3].debit, house);
  EXPECT_EQ(posted()[3].credit, bob);
  EXPECT_EQ(posted()[3].amount(), Money{10});
  EXPECT_EQ(balance(house, usd), Money{31 - 10});
  EXPECT_EQ(balance(bob, usd), Money{100'010 + 10});
  ledger.assert_invariants();
}

// Nobody makes in an uncross, and the command is nobody's order.
TEST_F(LedgerTest, in_an_uncross_the_order_told_before_takes_and_both_pay_the_takers_rate) {
  ledger.on_command(make.fees(0, -100, 300));
  Amendment amendment{};
  amendment.instrument_state = InstrumentState::opening_auction;
  Command auction = make.next(CommandKind::set_instrument_state, amendment);
  auction.order.instrument = InstrumentId{0};
  ledger.on_command(auction);
  Command uncross = make.next(CommandKind::uncross, Amendment{});
  uncross.order.instrument = InstrumentId{0};
  ledger.on_command(uncross);
  Event crossing = test::fill_of(uncross, 0, 2, 10'001, 10);
  crossing.kind = EventKind::crossing;
  crossing.side = Side::buy;
  ledger.on_event(uncross, crossing);
  EXPECT_TRUE(posted().empty());
  Event fill = test::fill_of(uncross, 0, 3, 10'001, 10);
  fill.side = Side::sell;
  fill.detail = static_cast<std::uint8_t>(InstrumentState::opening_auction);
  ledger.on_event(uncross, fill);
  EXPECT_EQ(balance(alice, usd), Money{1'000'000 - 100'010 - 31});
  EXPECT_EQ(balance(bob, usd), Money{100'010 - 31});
  EXPECT_EQ(balance(house, usd), Money{62});
  EXPECT_EQ(balance(alice, aapl), Money{10});
  ledger.assert_invariants();
}

TEST_F(LedgerTest, the_venue_may_pay_more_rebate_than_it_took) {
  ledger.on_command(make.fees(0, -1'000, 0));
  const Command taker = make.order(0, 2, Side::buy);
  ledger.on_event(taker, test::fill_of(taker, 0, 3, 10'000, 10));
  EXPECT_EQ(balance(house, usd), Money{-100});
  ledger.assert_invariants();
}

TEST_F(LedgerTest, a_fee_of_nothing_posts_nothing) {
  ledger.on_command(make.fees(0, 0, 0));
  const Command taker = make.order(0, 2, Side::buy);
  ledger.on_event(taker, test::fill_of(taker, 0, 3, 10'000, 10));
  ASSERT_EQ(posted().size(), 2U);
  EXPECT_EQ(posted()[1].last, 1);
}

TEST_F(LedgerTest, the_rate_at_the_fill_counts) {
  const Command first = make.order(0, 2, Side::buy);
  ledger.on_event(first, test::fill_of(first, 0, 3, 10'000, 1));
  ledger.on_command(make.fees(0, 0, 10'000));
  const Command second = make.order(0, 2, Side::buy);
  ledger.on_event(second, test::fill_of(second, 0, 3, 10'000, 1));
  EXPECT_EQ(balance(house, usd), Money{3 + 1 + 100});
}

TEST_F(LedgerTest, an_account_that_fills_itself_keeps_all_but_the_fees) {
  ledger.on_command(make.deposit(2, 1, 5));
  const Command taker = make.order(0, 2, Side::buy);
  ledger.on_event(taker, test::fill_of(taker, 0, 2, 10'000, 5));
  EXPECT_EQ(balance(alice, aapl), Money{5});
  EXPECT_EQ(balance(alice, usd), Money{1'000'000 - 15 - 5});
  ledger.assert_invariants();
}

TEST_F(LedgerTest, a_command_with_a_verdict_posts_nothing) {
  Command command = make.deposit(2, 0, 1);
  command.order.verdict = Reject::duplicate_external_id;
  ledger.on_command(command);
  EXPECT_TRUE(posted().empty());
  EXPECT_EQ(balance(alice, usd), Money{1'000'000});
}

TEST_F(LedgerTest, events_that_are_no_fills_post_nothing) {
  const Command taker = make.order(0, 2, Side::buy);
  Event event = test::fill_of(taker, 0, 3, 10'000, 1);
  for (const EventKind kind : {EventKind::nothing, EventKind::rejected, EventKind::rested,
                               EventKind::canceled, EventKind::replaced}) {
    event.kind = kind;
    ledger.on_event(taker, event);
    EXPECT_TRUE(posted().empty());
  }
}

TEST_F(LedgerTest, amounts_beyond_64_bits_are_exact) {
  const Money much{(int128{1} << 90) + 1};
  ledger.on_command(make.payment(CommandKind::deposit, 2, 0, much));
  EXPECT_EQ(posted()[0].amount(), much);
  EXPECT_EQ(balance(alice, usd), much + Money{1'000'000});
  ledger.on_command(make.payment(CommandKind::withdraw, 2, 0, much));
  EXPECT_EQ(balance(alice, usd), Money{1'000'000});
  EXPECT_EQ(ledger.totals(alice, usd).debits, static_cast<uint128>(much.value));
  ledger.assert_invariants();
}

TEST_F(LedgerTest, the_hash_tells_what_was_posted_and_not_how_large_the_tables_are) {
  const auto hash_of = [](const Ledger& ledger) {
    StateHash hash;
    ledger.add_to_hash(hash);
    return hash.digest();
  };
  ReferenceLimits larger = limits_of_test;
  larger.accounts_max = 64;
  larger.assets_max = 16;
  Arena other_arena{Ledger::memory_bytes(larger)};
  Ledger other{larger, other_arena};
  make = {};
  for (const Command& command : opening()) other.on_command(command);
  EXPECT_EQ(hash_of(ledger), hash_of(other));
  other.on_command(make.deposit(2, 0, 1));
  EXPECT_NE(hash_of(ledger), hash_of(other));
}

using LedgerDeathTest = LedgerTest;

TEST_F(LedgerDeathTest, a_participant_below_zero_stops_the_process) {
  EXPECT_DEATH(ledger.on_command(make.withdraw(2, 0, 1'000'001)), "assertion failed");
  const Command taker = make.order(0, 2, Side::buy);
  EXPECT_DEATH(ledger.on_event(taker, test::fill_of(taker, 0, 3, 10'000, 100)), "assertion failed");
}

TEST_F(LedgerTest, through_rings_of_two_slots_settlement_gets_everything_in_order) {
  pipeline::LogRing log(2, 1, arena);
  PostingRing postings(2, arena);
  Ledger piped{limits_of_test, arena};
  PublishingLedger core(piped, postings, arena);
  pipeline::LogStage<PublishingLedger> stage("ledger", log.reader(0), core);

  make = {};
  std::vector<Slot> slots;
  const auto put = [&](const Command& command) {
    for (std::uint32_t i = 0; i < command.order.slots; ++i) slots.push_back(command.slot(i));
  };
  for (const Command& command : opening()) put(command);
  const Command taker = make.order(0, 2, Side::buy);
  put(taker);
  slots.push_back(std::bit_cast<Slot>(test::fill_of(taker, 0, 3, 10'000, 1)));
  put(make.tick());
  put(make.started(1));

  std::vector<std::uint8_t> kinds;
  std::size_t written = 0;
  pipeline::CommandAssembler assembler;
  for (int turn = 0; turn < 200; ++turn) {
    while (written < slots.size()) {
      Slot* slot = log.claim();
      if (slot == nullptr) break;
      *slot = slots[written++];
    }
    log.publish();
    stage.poll();
    // What is given back has been passed on.
    const bool gave_back = log.reader(0).drained();
    EXPECT_TRUE(!gave_back || core.ready());
    while (const Slot* slot = postings.peek()) {
      if (!assembler.pending() && is_transfer(slot->kind())) {
        kinds.push_back(slot->kind());
      } else if (assembler.take(*slot)) {
        kinds.push_back(static_cast<std::uint8_t>(assembler.command().order.kind));
      }
    }
    postings.consume();
  }
  ASSERT_EQ(written, slots.size());
  // Assets, firm, accounts, instrument; no fees; two deposits; the fill's four; tick; answer.
  EXPECT_EQ(kinds, (std::vector<std::uint8_t>{49, 49, 51, 52, 52, 52, 52, 50, 196, 196, 192, 193,
                                              194, 195, 32, 64}));
}

}  // namespace
}  // namespace basalt::ledger
