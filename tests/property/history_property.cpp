// Random flow through risk, matching and log: what clients can know from their streams is what is.
//
//   BASALT_SEED=N               the first seed (1)
//   BASALT_PROPERTY_SECONDS=N   how long each test runs (6); at least four seeds
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "tests/oracle/client_orders.h"
#include "tests/oracle/naive_mass_cancel.h"
#include "tests/property/reach_probes.h"
#include "tests/property/venue_flow.h"
#include "tests/property/venue_followers.h"

namespace basalt::property {
namespace {

constexpr std::uint32_t commands_per_seed = 3'000;
constexpr std::uint32_t lags[] = {0, 1, 7, 60};  // By seed: how late risk hears of events.

template <typename Run>
void for_seeds(Run run) {
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(setting("BASALT_PROPERTY_SECONDS", 6));
  const std::uint64_t first = setting("BASALT_SEED", 1);
  for (std::uint64_t seed = first;
       seed < first + std::size(lags) || std::chrono::steady_clock::now() < end; ++seed) {
    SCOPED_TRACE("BASALT_SEED=" + std::to_string(seed));
    run(seed);
    if (testing::Test::HasFailure()) return;
  }
}

oracle::CoreVenue::Settings settings_for(std::uint64_t seed) {
  return {.feedback_lag = lags[seed % std::size(lags)],
          .seed = seed,
          .mass_cancel_slice = static_cast<std::uint32_t>(seed % 3)};
}

// Clients of all sessions, reading as far as there is something to read.
class Clients {
 public:
  void read(const pipeline::StreamStore& answers) {
    for (std::uint32_t session = 0; session < oracle::small_sessions; ++session) {
      while (read_[session] < answers.count(session)) {
        const std::string wrong =
            client[session].apply(answers.at(session, ++read_[session]).bytes);
        ASSERT_EQ(wrong, "") << "session " << session << ", message " << read_[session];
      }
    }
  }

  oracle::ClientOrders client[oracle::small_sessions];

 private:
  std::uint64_t read_[oracle::small_sessions] = {};
};

// Are the orders that clients take for live the very ones in the books, with the same open
// quantity?
void expect_live_orders(const Clients& clients, const oracle::CoreVenue& venue) {
  std::size_t live = 0;
  for (const oracle::ClientOrders& client : clients.client) {
    for (const auto& [key, order] : client.live()) {
      const OrderId id{order.reference};
      bool rests = false;
      for (const std::uint32_t instrument : {oracle::aapl, oracle::btc_usd}) {
        const auto& memory = venue.shard_of(InstrumentId{instrument}).memory();
        const matching::RestingOrder& resting = memory.order(slot_of(id));
        rests = rests || (resting.generation == generation_of(id) &&
                          memory.open(slot_of(id)) == Quantity{order.open});
      }
      ASSERT_TRUE(rests) << "channel " << int{key.first} << ", number " << key.second;
      ++live;
    }
  }
  std::size_t resting = 0;
  for (const std::uint32_t instrument : {oracle::aapl, oracle::btc_usd}) {
    const auto& memory = venue.shard_of(InstrumentId{instrument}).memory();
    for (std::uint32_t slot = 0; slot < memory.orders_max(); ++slot) {
      resting += memory.order(slot).generation != 0;
    }
  }
  ASSERT_EQ(live, resting);
}

// Of an order and of what a firm asks of all of them always, of a replacement where the book took
// or refused it: Accepted, Replaced or Rejected under its own number.
bool must_be_answered(const oracle::LogRecord& record) {
  switch (record.command.order.kind) {
    case CommandKind::new_order:
    case CommandKind::mass_cancel:
    case CommandKind::disable_entry:
    case CommandKind::enable_entry:
    case CommandKind::set_protection:
      return true;
    default:
      break;
  }
  if (record.command.order.kind != CommandKind::replace) return false;
  const EventKind first = record.events.front().kind;
  return first == EventKind::replaced || first == EventKind::rejected;
}

// Each match is told once to its maker and once to its taker, alike, and is in the log as it was
// told; of an uncross, to both sides. Returns how many were of an uncross.
std::size_t expect_executions(const Clients& clients, const std::vector<oracle::LogRecord>& log) {
  std::map<std::uint64_t, oracle::ClientOrders::Execution> added;
  std::map<std::uint64_t, oracle::ClientOrders::Execution> removed;
  std::map<std::uint64_t, oracle::ClientOrders::Execution> filled;
  std::multimap<std::uint64_t, oracle::ClientOrders::Execution> told_of_crosses;
  std::multimap<std::uint64_t, oracle::ClientOrders::Execution> crossed;
  for (const oracle::ClientOrders& client : clients.client) {
    added.insert(client.added().begin(), client.added().end());
    removed.insert(client.removed().begin(), client.removed().end());
    told_of_crosses.insert(client.crossed().begin(), client.crossed().end());
  }
  for (const oracle::LogRecord& record : log) {
    for (const Event& event : record.events) {
      if (event.kind != EventKind::fill) continue;
      const oracle::ClientOrders::Execution execution{
          static_cast<std::uint32_t>(event.quantity.value),
          static_cast<std::uint64_t>(event.price.value) * 100};
      if (is_auction(event.auction())) {
        crossed.insert({{event.match_number, execution}, {event.match_number, execution}});
      } else {
        filled[event.match_number] = execution;
      }
    }
  }
  EXPECT_EQ(added, filled);
  EXPECT_EQ(removed, filled);
  EXPECT_EQ(told_of_crosses, crossed);
  return crossed.size();
}

TEST(HistoryProperty, clients_know_their_orders_from_their_streams_alone) {
  std::size_t crossed = 0;
  for_seeds([&crossed](std::uint64_t seed) {
    oracle::SmallVenue small(settings_for(seed));
    VenueFollowers followers(small.venue().settings().risk);
    for (const oracle::LogRecord& record : small.log()) followers.follow(record);
    Clients clients;
    oracle::NaiveMassCancels auditor;
    for (const oracle::LogRecord& record : small.log()) ASSERT_EQ(auditor.follow(record), "");
    VenueFlow flow(seed);
    for (std::uint32_t i = 0; i < commands_per_seed; ++i) {
      small.venue().set_time(small.venue().now() + Nanos{1'000});
      for (const oracle::LogRecord& record : small.tell(flow.next())) {
        ASSERT_TRUE(followers.history.ready());
        followers.follow(record);
        ASSERT_EQ(auditor.follow(record), "");
        ASSERT_NO_FATAL_FAILURE(clients.read(followers.answers));
        if (must_be_answered(record)) {
          // Exactly one: a second one is what ClientOrders refuses.
          const Origin& origin = record.command.origin;
          const auto key = std::pair(origin.user_ref_index, origin.user_ref_num);
          const auto& client = clients.client[index_of(origin.session)];
          ASSERT_TRUE(client.answered(key)) << "number " << key.second << " has no answer";
        }
      }
      if (i % 16 == 0) {
        const oracle::LogRecord tick = small.tick(Nanos{1'000'000});
        followers.follow(tick);
        ASSERT_EQ(auditor.follow(tick), "");
        ASSERT_NO_FATAL_FAILURE(clients.read(followers.answers));
      }
      if (i % 8 == 0) {
        ASSERT_NO_FATAL_FAILURE(expect_live_orders(clients, small.venue()));
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_live_orders(clients, small.venue()));
    crossed += expect_executions(clients, small.log());
    small.venue().catch_up();
    small.venue().assert_invariants();
  });
  EXPECT_GT(crossed, 0U);
}

// What a restart promises: a venue and followers with other memory and other seeds, which replay
// the commands so far, have written the same bytes under the same numbers, and go on from there.
TEST(HistoryProperty, a_restart_at_any_command_changes_no_byte_of_any_stream) {
  for_seeds([](std::uint64_t seed) {
    oracle::CoreVenue::Settings settings = settings_for(seed);
    auto venue = std::make_unique<oracle::CoreVenue>(settings);
    auto followers = std::make_unique<VenueFollowers>(settings.risk);
    std::vector<Command> journal;
    oracle::NaiveMassCancels auditor;
    const auto tell = [&](const Command& command) {
      for (const oracle::LogRecord& record : venue->submit(command)) {
        ASSERT_EQ(auditor.follow(record), "");
        journal.push_back(record.command);
        followers->follow(record);
      }
    };
    for (const Command& command : oracle::small_venue_definitions()) tell(command);
    VenueFlow flow(seed);
    for (std::uint32_t restart = 0; restart < 4; ++restart) {
      for (std::uint64_t i = flow.below(500); i > 0; --i) {
        tell(flow.next());
        if (i % 16 != 0) continue;
        const oracle::LogRecord tick = venue->tick(Nanos{1'000'000});
        ASSERT_EQ(auditor.follow(tick), "");
        journal.push_back(tick.command);
        followers->follow(tick);
      }

      oracle::CoreVenue::Settings other = settings;
      other.feedback_lag = 0;
      other.seed = seed + 1'000 + restart;
      other.shards = 1 + restart % 3;
      other.mass_cancel_slice = 1;
      auto replayed = std::make_unique<oracle::CoreVenue>(other);
      auto again = std::make_unique<VenueFollowers>(settings.risk);
      for (const Command& command : journal) again->follow(replayed->replay(command));
      replayed->end_replay();
      ASSERT_EQ(difference(followers->answers, again->answers), "");
      ASSERT_EQ(difference(followers->feed, again->feed), "");
      venue = std::move(replayed);
      followers = std::move(again);
    }
    venue->assert_invariants();
  });
}

TEST(HistoryProperty, the_flow_reaches_the_rare_branches) {
  oracle::SmallVenue small;
  VenueFollowers followers(small.venue().settings().risk);
  for (const oracle::LogRecord& record : small.log()) followers.follow(record);
  VenueFlow flow(setting("BASALT_SEED", 1));
  for (std::uint32_t i = 0; i < commands_per_seed; ++i) {
    for (const oracle::LogRecord& record : small.tell(flow.next())) followers.follow(record);
    if (i % 16 == 0) followers.follow(small.tick(Nanos{1'000'000}));
  }
  EXPECT_EQ(
      probes_missed(
          {"a mass cancel is done", "a post-only order that would cross is accepted and canceled",
           "a replacement trades, and is told as a deletion", "a reserve order goes to the back",
           "an order with details fills whole", "a stop is reached when it comes in",
           "an order that must trade at once cannot", "self-trade prevention cancels the oldest",
           "self-trade prevention decrements", "a stop that waits expires",
           "an order expires in an auction", "a post-only order slides",
           "self-trade prevention finds another account of the firm", "an order that hides trades",
           "an order that hides is replaced", "a replacement shows otherwise than its original",
           "a taker meets a peg", "a peg takes what it meets when it comes in",
           "pegs meet with a tick"}),
      std::vector<std::string>{});
}

}  // namespace
}  // namespace basalt::property
