// The client against the engine, over the in-memory wire, in one process: every ring of the engine
// has room for two, all of its stages share a thread, and every answer and every level is right.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/exchange.h"
#include "net/loopback/loopback_wire.h"
#include "net/udp_over_nic.h"
#include "pinning/allocator.h"
#include "tools/load/load.h"

namespace basalt {
namespace {

constexpr std::uint32_t client_ip = net::ipv4(10, 77, 0, 2);
constexpr std::uint16_t client_port = 7'202;
constexpr std::uint32_t frames = 1'024;

class LoadRunTest : public testing::Test {
 protected:
  LoadRunTest() {
    const std::filesystem::path config = BASALT_HW_CONFIG;
    topology_ = pipeline::load_topology(config / "topologies" / "tiny.toml");
    venue_ = load_venue(config / "venues" / "demo.toml");
    std::filesystem::create_directories(data_);
  }
  ~LoadRunTest() override {
    exchange_.reset();
    std::filesystem::remove_all(data_);
  }

  void start() {
    ASSERT_TRUE(topology_.ok() && venue_.ok());
    auto [near, far] = net::make_loopback_wire(frames, net::mac_from_ip(client_ip),
                                               net::mac_from_ip(at().ouch_udp_on_nic.ip));
    const std::vector<net::Endpoint> own = {{client_ip, client_port}, at().feed_a, at().feed_b};
    client_ = std::make_unique<net::UdpOverNic>(std::move(near), client_ip, own);
    Ports ports;
    ports.orders =
        std::make_unique<net::UdpOverNic>(std::move(far), at().ouch_udp_on_nic.ip,
                                          std::vector{at().ouch_udp_on_nic, at().rerequest_on_nic});
    exchange_ = std::make_unique<Exchange>(topology_.topology, venue_, std::move(ports),
                                           Exchange::Settings{data_, "test", {}}, clock_);
    exchange_->start();
  }
  load::LoadOptions options() const {
    load::LoadOptions options;
    options.seconds = 1;
    options.rate = 2'000;
    options.window = 64;
    options.orders = at().ouch_udp_on_nic;
    options.feed = {{at().feed_a, at().feed_b}, at().rerequest_on_nic};
    options.data = data_;
    options.progress = false;
    return options;
  }
  const VenueEndpoints& at() const { return venue_.endpoints; }

  pipeline::TopologyLoad topology_;
  VenueLoad venue_;
  const std::filesystem::path data_ =
      std::filesystem::temp_directory_path() / ("load_run_test." + std::to_string(::getpid()));
  pipeline::SystemClock clock_;
  std::unique_ptr<net::UdpOverNic> client_;
  std::unique_ptr<Exchange> exchange_;
};

TEST_F(LoadRunTest, every_order_is_answered_and_every_book_is_the_engines) {
  start();
  const load::LoadReport report = run_load(options(), {*client_});
  EXPECT_TRUE(report.clean()) << to_text(report);
  EXPECT_EQ(report.orders_sent, 2'000U);
  EXPECT_EQ(report.orders_accepted + report.orders_rejected, 2'000U);
  EXPECT_GT(report.fills, 500U);
  EXPECT_GT(report.book_checks, 1U);
  EXPECT_GT(report.levels_compared, 100U);
  const auto json = nlohmann::json::parse(to_json(report));
  EXPECT_EQ(json["orders_sent"], 2'000);
  EXPECT_GT(json["latency_ns"]["order_to_ack"]["p50"], 0);
  const Exchange::Report stopped = exchange_->stop();
  EXPECT_TRUE(stopped.orderly);
  EXPECT_EQ(stopped.feed_messages, report.feed_messages + report.feed_messages_before);
  ASSERT_EQ(exchange_->thread_reports().size(), 1U);
  // All stages are on this thread, and none asked an allocator.
  ASSERT_NE(pinning::allocator(), "");
  EXPECT_EQ(exchange_->thread_reports().front().allocated_bytes, 0U);
}

TEST_F(LoadRunTest, a_second_run_goes_on_where_the_first_ended) {
  start();
  ASSERT_TRUE(run_load(options(), {*client_}).clean());
  load::LoadOptions again = options();
  again.seed = 2;
  again.rate = 0;
  const load::LoadReport report = run_load(again, {*client_});
  EXPECT_TRUE(report.clean()) << to_text(report);
  EXPECT_GT(report.feed_messages_before, 2'000U);  // Fetched by re-requests.
  EXPECT_GT(report.feed.requests, 10U);
  EXPECT_EQ(report.orders_accepted + report.orders_rejected, report.orders_sent);
}

TEST_F(LoadRunTest, a_wrong_password_and_a_silent_venue_are_said) {
  start();
  load::LoadOptions wrong = options();
  wrong.login.password = "guess";
  const load::LoadReport refused = run_load(wrong, {*client_});
  ASSERT_FALSE(refused.clean());
  EXPECT_NE(refused.troubles.front().find("login refused"), std::string::npos);
  exchange_->stop();
  const load::LoadReport silent = run_load(options(), {*client_});
  ASSERT_FALSE(silent.clean());
  EXPECT_NE(silent.troubles.front().find("10.77.0.1:7002"), std::string::npos);
}

}  // namespace
}  // namespace basalt
