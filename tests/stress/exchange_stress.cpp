// The whole engine with each stage on a thread of its own, so that every ring, mark and flag
// between two stages is crossed by two threads; and clients that trade, come and go meanwhile. Then
// what the engine promises is held against what happened. Built with TSan, which sees a missing
// pairing even where this machine forgives it.
//
//   trader    UDP over the in-memory wire: generated flow over three instruments, two sessions, the
//             feed, and the engine's books beside the client's
//   visitor   TCP over kernel sockets: visits that end in order or in the middle
//   onlooker  what the engine's owner reads of it while it runs
//
// What the kernel itself reads and writes by io_uring (the journal's blocks, TCP's buffers) TSan
// does not see: each such ring and its buffers belong to one thread, and that the journal gives no
// buffer away too early is tests/property/journal_property.cpp's to prove.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "engine/cores.h"
#include "engine/engine_settings.h"
#include "engine/epochs.h"
#include "engine/exchange.h"
#include "engine/journal/mark_page.h"
#include "engine/recovery.h"
#include "net/loopback/loopback_wire.h"
#include "net/udp_over_nic.h"
#include "net/uring/uring_stream_port.h"
#include "tests/stress/visitor.h"
#include "tools/load/load.h"

namespace basalt {
namespace {

constexpr std::uint32_t client_ip = net::ipv4(10, 77, 0, 2);
constexpr std::uint16_t client_port = 7'202;
constexpr std::uint32_t trader_sessions = 2;
// Of the demonstration venue. Their orders go when they go.
constexpr std::uint32_t maker5_account = 6;
constexpr std::uint32_t maker6_account = 7;

struct Shape {
  const char* name;
  std::optional<std::uint32_t> ring_slots;  // Of every ring; none: as the topology says.
  std::uint32_t wire_frames;
  std::uint64_t orders;  // Of each of the trader's sessions.
  std::uint32_t visit_messages;
};

#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t scale = 1;
#else
constexpr std::uint64_t scale = 4;
#endif

class ExchangeStress : public testing::TestWithParam<Shape> {
 protected:
  ExchangeStress()
      : topology_(pipeline::load_topology(BASALT_THREAD_PER_STAGE)),
        venue_(load_venue(BASALT_VENUE)) {
    std::filesystem::create_directories(data_);
    std::filesystem::copy_file(BASALT_THREAD_PER_STAGE, data_ / "topology.toml");
    if (const auto slots = GetParam().ring_slots) {
      topology_.topology.rings = {*slots, *slots, *slots, *slots, *slots,
                                  *slots, *slots, *slots, *slots};
    }
  }
  ~ExchangeStress() override {
    exchange_.reset();
    std::filesystem::remove_all(data_);
  }

  const VenueEndpoints& at() const { return venue_.endpoints; }

  void start() {
    ASSERT_TRUE(topology_.ok() && venue_.ok());
    for (const pipeline::ThreadPlan& thread : topology_.topology.threads) {
      ASSERT_EQ(thread.stages.size(), 1U);
    }
    const net::Endpoint venue = at().ouch_udp_on_nic;
    const net::MacAddress venue_mac = net::mac_from_ip(venue.ip);
    const net::MacAddress client_mac = net::mac_from_ip(client_ip);
    auto [near, far] = net::make_loopback_wire(GetParam().wire_frames, client_mac, venue_mac);
    const std::vector<net::Endpoint> own = {{client_ip, client_port}, at().feed_a, at().feed_b};
    client_ = std::make_unique<net::UdpOverNic>(std::move(near), client_ip, own);
    Ports ports;
    ports.orders = std::make_unique<net::UdpOverNic>(std::move(far), venue.ip,
                                                     std::vector{venue, at().rerequest_on_nic});
    auto streams = std::make_unique<net::UringStreamPort>(
        net::UringStreamConfig{.listen = {{net::loopback_ip, 0}},
                               .connections_max = topology_.topology.limits.connections_max});
    tcp_ = streams->listening()[0];
    ports.streams = std::move(streams);
    exchange_ = std::make_unique<Exchange>(topology_.topology, venue_, std::move(ports),
                                           Exchange::Settings{data_, "test", {}}, clock_);
    exchange_->start();
  }

  // One session of the trader, from its login to its logout.
  load::LoadReport trade(std::uint64_t seed) {
    load::LoadOptions options;
    options.seconds = 1;
    options.rate = GetParam().orders * scale;
    options.window = 64;
    options.seed = seed;
    options.orders = at().ouch_udp_on_nic;
    options.feed = {{at().feed_a, at().feed_b}, at().rerequest_on_nic};
    options.instruments_max = 3;  // One on each shard.
    options.data = data_;
    options.progress = false;
    load::LoadReport report = run_load(options, {*client_});
    EXPECT_TRUE(report.clean()) << to_text(report);
    EXPECT_EQ(report.orders_sent, options.rate);
    EXPECT_EQ(report.orders_accepted + report.orders_rejected, report.orders_sent);
    EXPECT_GT(report.fills, report.orders_sent / 20);
    EXPECT_GT(report.cancels, 0U);
    EXPECT_GT(report.replaces, 0U);
    EXPECT_GT(report.book_checks, 0U);
    EXPECT_EQ(report.answers_strange, 0U);
    return report;
  }

  // Reads whatever the engine shows of itself, as often as an owner would at most.
  void look_on(const std::atomic<bool>& done) {
    std::uint64_t messages = 0;
    // Pairs with the release of who is done: its results are visible.
    while (!done.load(std::memory_order_acquire)) {
      EXPECT_EQ(exchange_->fault(), 0);
      std::uint64_t now = exchange_->gateway().wire_to_wire_ns().percentile(990'000);
      for (const pipeline::StageReport& stage : exchange_->stage_reports()) now += stage.messages;
      messages = now;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_GT(messages, 0U);
  }

  // The journal alone gives the state with which the engine stopped.
  void expect_replay(const Exchange::Report& stopped) {
    const journal::MarkPage lock(data_);
    journal::JournalReport inspected = journal::inspect(data_);
    Cores cores(core_limits(Epochs(inspected)), 0);
    const Recovered recovered = recover(data_, std::move(inspected), cores);
    cores.assert_invariants();
    EXPECT_EQ(cores.state_hash(), stopped.state_hash);
    EXPECT_EQ(recovered.commands, stopped.commands);
    EXPECT_EQ(recovered.events, stopped.events);
    EXPECT_TRUE(recovered.missing_events.empty());
    EXPECT_FALSE(recovered.report.torn());
  }

  pipeline::TopologyLoad topology_;
  VenueLoad venue_;
  const std::filesystem::path data_ =
      std::filesystem::temp_directory_path() / ("exchange_stress." + std::to_string(::getpid()));
  pipeline::SystemClock clock_;
  std::unique_ptr<net::UdpOverNic> client_;
  net::Endpoint tcp_;
  std::unique_ptr<Exchange> exchange_;
};

TEST_P(ExchangeStress, stages_on_threads_of_their_own_keep_every_promise) {
  ASSERT_NO_FATAL_FAILURE(start());
  std::atomic<bool> traded{false};
  std::atomic<bool> done{false};
  load::LoadReport last;
  load::Visitor::Seen seen;
  std::thread visitor([&] {
    load::Visitor coming_and_going(tcp_, {{"MAKER5", "basalt"}, maker5_account},
                                   {{"MAKER6", "basalt"}, maker6_account});
    seen = coming_and_going.visit_until(traded, GetParam().visit_messages);
  });
  std::thread trader([&] {
    trade(1);
    traded.store(true, std::memory_order_relaxed);  // A flag: carries no data.
    visitor.join();
    last = trade(2);  // Alone, so that the feed's count is the engine's.
    done.store(true, std::memory_order_release);  // Pairs with look_on()'s acquire.
  });
  look_on(done);
  trader.join();
  EXPECT_EQ(seen.trouble, "");
  EXPECT_GE(seen.visits, 2U);
  EXPECT_GT(seen.hung_up, 0U);
  EXPECT_GT(seen.orders_answered, 0U);

  const Exchange::Report stopped = exchange_->stop();
  EXPECT_TRUE(stopped.orderly) << (stopped.complaints.empty() ? "" : stopped.complaints.front());
  EXPECT_EQ(stopped.holds_mismatched, 0U);
  EXPECT_EQ(stopped.imbalance, Money{0});
  EXPECT_EQ(stopped.feed_messages, last.feed_messages + last.feed_messages_before);
  for (const Exchange::ThreadReport& thread : exchange_->thread_reports()) {
    EXPECT_EQ(thread.allocated_bytes.value_or(0), 0U)
        << thread.name;  // TSan's malloc tells nothing.
  }
  // A visit that hung up may be known to be over only by the next login, which has its session.
  const std::uint64_t lost =
      exchange_->gateway().counters().sessions_lost.load(std::memory_order_relaxed);  // At rest.
  EXPECT_GE(lost, seen.visits - seen.hung_up + trader_sessions);
  EXPECT_LE(lost, seen.visits + trader_sessions);
  exchange_.reset();
  expect_replay(stopped);
}

INSTANTIATE_TEST_SUITE_P(Rings, ExchangeStress,
                         testing::Values(Shape{"as_the_topology_says", {}, 1'024, 600, 100},
                                         Shape{"of_two_slots", 2, 16, 150, 30}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace basalt
