// Risk under random flow with scarce funds, while the log reaches it late: whatever orders, fills,
// replacements and cancels are under way at once, a hold always covers what its order can cost, and
// in the end risk and the ledger agree on every balance.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "engine/ledger/ledger.h"
#include "tests/oracle/naive_mass_cancel.h"
#include "tests/oracle/naive_quotes.h"
#include "tests/oracle/small_venue.h"

namespace basalt::oracle {
namespace {

constexpr std::uint32_t assets[] = {usd, stock, bitcoin};

// Traders spend what they have: most orders are a large part of it.
class ScarceFlow {
 public:
  explicit ScarceFlow(std::uint64_t seed) : rng_(seed) {}

  Command next() {
    const std::uint32_t session = below(small_sessions);
    const std::uint32_t dice = below(100);
    if (dice < 55 || live_[session].empty()) return new_order(session);
    const std::uint32_t ref = pick(session);
    if (dice < 72) return changed(session, ref);
    if (dice < 84) return cancel({session, ref});
    if (dice < 97) return reduce({session, ref}, below(60));
    if (dice < 98) return below(3) == 0 ? session_down(session) : quoted(session);
    if (dice < 99) return of_firm(session);
    const std::uint32_t instrument = below(2) == 0 ? aapl : btc_usd;
    const std::uint32_t what = below(5);
    if (what == 0) return uncross(instrument);
    return set_state(instrument,
                     what < 3 ? InstrumentState::open : InstrumentState::opening_auction);
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(rng_() % bound); }
  std::uint32_t pick(std::uint32_t session) {
    // Recent ones mostly, so that many changes of one order are under way at once.
    const auto& refs = live_[session];
    const auto back = std::min<std::size_t>(refs.size(), 1 + below(5));
    return refs[refs.size() - back];
  }
  std::int64_t price() { return 95 + below(11); }

  Command new_order(std::uint32_t session) {
    const std::uint32_t ref = ++last_[session];
    live_[session].push_back(ref);
    const bool bitcoins = below(3) == 0;
    const bool market = below(20) == 0;
    Entered order{.session = session,
                  .ref = ref,
                  .side = below(2) == 0 ? Side::buy : Side::sell,
                  .quantity = 1 + below(bitcoins ? 900 : 90),
                  .price = price(),
                  .instrument = bitcoins ? btc_usd : aapl,
                  .time_in_force = below(5) == 0 ? TimeInForce::ioc : TimeInForce::day,
                  .flags = static_cast<std::uint16_t>(market          ? flag_market | flag_rests
                                                      : below(8) == 0 ? flag_post_only | flag_slide
                                                                      : 0)};
    order.group = static_cast<std::uint16_t>(below(3));
    if (order.time_in_force == TimeInForce::day && below(6) == 0) {
      order.time_in_force = TimeInForce::gtd;
      order.flags |= flag_time_to_live;
      order.instructions.expiry = Nanos{std::int64_t{1'000'000} * (1 + below(10))};
    }
    if (below(6) == 0) order.linked_to = ref - 1;
    return enter(order);
  }
  Command changed(std::uint32_t session, std::uint32_t ref) {
    const std::uint32_t new_ref = ++last_[session];
    live_[session].push_back(new_ref);
    return replace({session, ref}, new_ref, 1 + below(120), price());
  }

  Command quoted(std::uint32_t session) {
    const std::uint32_t ref = ++last_[session];
    live_[session].push_back(ref);
    live_[session].push_back(++last_[session]);
    const std::int64_t bid = price();
    return quote({.session = session,
                  .ref = ref,
                  .bid_quantity = below(60),
                  .bid_price = bid,
                  .offer_quantity = below(60),
                  .offer_price = bid + below(4),
                  .instrument = below(3) == 0 ? btc_usd : aapl});
  }
  Command of_firm(std::uint32_t session) {
    const Named name{session, ++last_[session]};
    const AccountId account =
        below(3) == 0 ? no_account : AccountId{traders_first + below(small_sessions)};
    Scope scope{.account = account};
    if (below(2) == 0) scope.instrument = InstrumentId{below(2) == 0 ? aapl : btc_usd};
    if (below(2) == 0) scope.side = below(2) == 0 ? 'B' : 'S';
    switch (below(10)) {
      case 0:
        return disable_entry(name, account);
      case 1:
      case 2:
        return enable_entry(name, account);
      case 3:
        return mass_cancel_by_venue(name, scope);
      default:
        scope.group = static_cast<std::uint16_t>(below(3));
        return mass_cancel(name, scope);
    }
  }

  std::mt19937_64 rng_;
  std::array<std::uint32_t, small_sessions> last_{};
  std::array<std::vector<std::uint32_t>, small_sessions> live_;
};

// Each trader starts with enough for a few orders, not for many.
void make_scarce(SmallVenue& small) {
  test::CommandMaker make;
  for (std::uint32_t trader = traders_first; trader < traders_first + small_sessions; ++trader) {
    const std::int64_t keep[] = {30'000, 300, 2'000'000};
    for (std::size_t i = 0; i < std::size(assets); ++i) {
      small.tell(make.withdraw(trader, assets[i], 1'000'000'000'000 - keep[i]));
    }
  }
}

struct Reached {
  std::uint64_t fills = 0;
  std::uint64_t no_funds = 0;
  std::uint64_t replaced = 0;
  std::uint64_t replacements_refused = 0;
  std::uint64_t overtaken = 0;  // Changes of an order that was gone by then.
  std::uint64_t crossed = 0;    // Fills of an uncross.
  std::uint64_t expired = 0;
  std::uint64_t mass_cancels = 0;
  std::uint64_t mass_cancelled = 0;
  std::uint64_t switched_off = 0;
  std::uint64_t quoted = 0;
  std::uint64_t cut_short = 0;  // Mass cancels that a recovery found under way.
};

void count(const LogRecord& record, Reached& reached) {
  const Order& order = record.command.order;
  reached.quoted += (order.flags & flag_quoted) != 0 && order.verdict == Reject::none;
  reached.no_funds += order.verdict == Reject::insufficient_funds;
  reached.replacements_refused +=
      order.kind == CommandKind::replace && order.verdict != Reject::none;
  for (const Event& event : record.events) {
    reached.fills += event.kind == EventKind::fill;
    reached.crossed += event.kind == EventKind::fill && is_auction(event.auction());
    reached.replaced += event.kind == EventKind::replaced;
    reached.expired += event.kind == EventKind::canceled && event.reason() == CancelReason::expired;
    reached.overtaken += event.kind == EventKind::nothing && order.order != no_order;
  }
}

void expect_ledger_agrees(const SmallVenue& small, const risk::RiskCore& risk) {
  const ReferenceLimits limits = risk.reference().limits();
  Arena arena(ledger::Ledger::memory_bytes(limits));
  ledger::Ledger ledger(limits, arena);
  for (const LogRecord& record : small.log()) follow(record, ledger);
  for (std::uint32_t trader = traders_first; trader < traders_first + small_sessions; ++trader) {
    for (const std::uint32_t asset : assets) {
      const risk::Balance& balance = risk.balance(AccountId{trader}, AssetId{asset});
      EXPECT_EQ(balance.free + balance.held, ledger.balance(AccountId{trader}, AssetId{asset}))
          << "account " << trader << ", asset " << asset;
    }
  }
  EXPECT_EQ(ledger.imbalance(), Money{0});
}

std::uint64_t hash_of(const risk::RiskCore& risk) {
  StateHash hash;
  risk.add_to_hash(hash);
  return hash.digest();
}

TEST(Risk, holds_cover_whatever_is_under_way_and_the_ledger_agrees) {
  constexpr std::uint32_t lags[] = {0, 1, 3, 12, 60, 300};
  const char* budget = std::getenv("BASALT_PROPERTY_SEEDS");
  const std::uint64_t seeds = budget == nullptr ? 48 : std::strtoull(budget, nullptr, 10);
  Reached reached;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    SmallVenue small({.feedback_lag = lags[seed % std::size(lags)],
                      .seed = seed,
                      .mass_cancel_slice = static_cast<std::uint32_t>(seed % 4)});
    make_scarce(small);
    NaiveMassCancels auditor;
    NaiveQuotes quotes;
    for (const LogRecord& record : small.log()) ASSERT_EQ(auditor.follow(record), "");
    ScarceFlow flow(seed);
    for (int i = 0; i < 3'000; ++i) {
      // R2, that no free balance falls below zero, is asserted by risk itself at each step.
      for (const LogRecord& record : small.tell(flow.next())) {
        count(record, reached);
        ASSERT_EQ(auditor.follow(record), "");
        ASSERT_EQ(quotes.follow(record), "");
      }
      if (i % 16 == 0) {
        const LogRecord tick = small.tick(Nanos{1'000'000});
        count(tick, reached);
        ASSERT_EQ(auditor.follow(tick), "");
      }
    }
    small.venue().catch_up();
    small.venue().assert_invariants();
    expect_ledger_agrees(small, small.venue().risk());

    // The journal alone leads to the same state.
    CoreVenue again({.seed = seed + 1'000});
    for (const LogRecord& record : small.log()) again.replay(record.command);
    again.end_replay();
    again.assert_invariants();
    EXPECT_EQ(hash_of(again.risk()), hash_of(small.venue().risk()));

    // And what was under way in it comes to its end.
    reached.cut_short += again.risk().has_mass_cancels();
    std::vector<LogRecord> rest;
    again.work_off(0, rest);
    for (const LogRecord& record : rest) ASSERT_EQ(auditor.follow(record), "");
    EXPECT_EQ(auditor.under_way(), 0U);
    again.assert_invariants();
    reached.mass_cancels += auditor.done();
    reached.mass_cancelled += auditor.cancels();
    reached.switched_off += auditor.switched_off();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(reached.fills, 10 * seeds);
  EXPECT_GT(reached.no_funds, 10 * seeds);
  EXPECT_GT(reached.replaced, 10 * seeds);
  EXPECT_GT(reached.replacements_refused, seeds);
  EXPECT_GT(reached.overtaken, seeds);
  EXPECT_GT(reached.crossed, 10 * seeds);
  EXPECT_GT(reached.expired, 10 * seeds);
  EXPECT_GT(reached.mass_cancels, 5 * seeds);
  EXPECT_GT(reached.mass_cancelled, 10 * seeds);
  EXPECT_GT(reached.switched_off, seeds);
  EXPECT_GT(reached.quoted, 10 * seeds);
  EXPECT_GT(reached.cut_short, 0U);
}

}  // namespace
}  // namespace basalt::oracle
