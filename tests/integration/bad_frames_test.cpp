// An engine on a wire whose other end is a hand that spoils frames: whatever bit of an order's
// frame is wrong, and wherever the frame ends, it is silence and one counter, and the order is
// entered once, by the frame that is whole.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include "engine/exchange.h"
#include "feedhandlers/market_data/moldudp64.h"
#include "feedhandlers/order_entry/ouch50.h"
#include "feedhandlers/order_entry/soupbintcp.h"
#include "net/frames/udp.h"
#include "net/loopback/loopback_wire.h"
#include "net/udp_over_nic.h"

namespace basalt {
namespace {

constexpr net::Endpoint client{net::ipv4(10, 77, 0, 2), 7'202};
constexpr std::uint32_t frames_on_the_wire = 1'024;
constexpr std::size_t source_mac_at = 6;
constexpr std::size_t ethertype_at = 12;
constexpr std::size_t udp_checksum_at = 40;

using Bytes = std::vector<std::byte>;

class BadFramesTest : public testing::Test {
 protected:
  BadFramesTest() {
    const std::filesystem::path config = BASALT_HW_CONFIG;
    topology_ = pipeline::load_topology(config / "topologies" / "tiny.toml");
    venue_ = load_venue(config / "venues" / "demo.toml");
    std::filesystem::create_directories(data_);
  }
  ~BadFramesTest() override {
    exchange_.reset();
    std::filesystem::remove_all(data_);
  }

  void start() {
    ASSERT_TRUE(topology_.ok() && venue_.ok());
    auto [near, far] = net::make_loopback_wire(frames_on_the_wire, net::mac_from_ip(client.ip),
                                               net::mac_from_ip(orders_at().ip));
    hand_ = std::move(near);
    Ports ports;
    ports.orders = std::make_unique<net::UdpOverNic>(
        std::move(far), orders_at().ip,
        std::vector{orders_at(), venue_.endpoints.rerequest_on_nic});
    exchange_ = std::make_unique<Exchange>(topology_.topology, venue_, std::move(ports),
                                           Exchange::Settings{data_, "test", {}}, clock_);
    exchange_->start();
  }
  [[nodiscard]] net::Endpoint orders_at() const { return venue_.endpoints.ouch_udp_on_nic; }

  [[nodiscard]] Bytes frame_of(const moldudp64::SessionName& session, std::uint64_t number,
                               std::span<const std::byte> message) const {
    Bytes frame(net::frame_bytes_max);
    const std::span<std::byte> payload(frame.begin() + net::udp_payload_offset, frame.end());
    moldudp64::PacketBuilder packet(payload, session, number);
    EXPECT_TRUE(packet.add(message));
    const net::UdpRoute route{.source_mac = hand_->mac(),
                              .destination_mac = net::mac_from_ip(orders_at().ip),
                              .source = client,
                              .destination = orders_at()};
    frame.resize(net::write_udp_frame(frame.data(), route, packet.datagram().size()));
    return frame;
  }
  void send(const Bytes& frame) {
    std::span<std::byte> room = hand_->claim();
    for (; room.empty(); room = hand_->claim()) std::this_thread::yield();
    std::memcpy(room.data(), frame.data(), frame.size());
    hand_->commit(frame.size());
    hand_->tx_burst();
  }
  // The first message of the next datagram for us that has one, of this session.
  [[nodiscard]] std::optional<Bytes> receive(const moldudp64::SessionName& session) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
      std::array<net::Frame, 1> frames;
      if (hand_->rx_burst(frames) == 0) {
        std::this_thread::yield();
        continue;
      }
      net::EthernetPacket ethernet;
      net::UdpPacket udp;
      if (read_ethernet(frames[0], ethernet) != net::FrameVerdict::good) continue;
      if (read_udp(ethernet.payload, false, udp) != net::FrameVerdict::good) continue;
      if (udp.destination != client) continue;  // The feed.
      const auto mold = moldudp64::decode(udp.payload);
      if (mold.header().session != session || mold.message_count() == 0) continue;
      const std::span<const std::byte> first = *mold.blocks().begin();
      return Bytes(first.begin(), first.end());
    }
    return {};
  }

  pipeline::TopologyLoad topology_;
  VenueLoad venue_;
  const std::filesystem::path data_ =
      std::filesystem::temp_directory_path() / ("bad_frames_test." + std::to_string(::getpid()));
  pipeline::SystemClock clock_;
  std::unique_ptr<net::Nic> hand_;
  std::unique_ptr<Exchange> exchange_;
};

template <typename M>
std::span<const std::byte> bytes_of(const M& message) {
  return std::as_bytes(std::span(&message, 1));
}

// Every frame that differs from `whole` in one bit under a check, or ends before it does.
std::vector<Bytes> spoiled(const Bytes& whole) {
  std::vector<Bytes> frames;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    if (at >= source_mac_at && at < ethertype_at) continue;  // Nobody can know that it is wrong.
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes frame = whole;
      frame[at] ^= std::byte{1} << bit;
      const bool unchecked =
          frame[udp_checksum_at] == std::byte{0} && frame[udp_checksum_at + 1] == std::byte{0};
      if (!unchecked) frames.push_back(std::move(frame));  // A checksum of 0 is none (RFC 768).
    }
  }
  for (std::size_t size = net::frame_bytes_min; size < whole.size(); ++size) {
    frames.emplace_back(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return frames;
}

TEST_F(BadFramesTest, a_spoiled_frame_is_counted_and_nothing_of_it_is_applied) {
  start();
  soupbintcp::LoginRequest login{};
  ASSERT_TRUE(login.user.assign("MAKER1") && login.password.assign("basalt"));
  login.sequence = 1;
  const Bytes login_frame = frame_of({}, 0, bytes_of(login));
  std::uint64_t bad = 0;
  for (const Bytes& frame : spoiled(login_frame)) {
    send(frame);
    ++bad;
  }
  send(login_frame);
  const std::optional<Bytes> accepted = receive({});
  ASSERT_TRUE(accepted && accepted->size() == sizeof(soupbintcp::LoginAccepted));
  const moldudp64::SessionName token =
      wire::overlay<soupbintcp::LoginAccepted>(accepted->data()).session;

  ouch50::EnterOrder order{};
  order.user_ref_num = 1;
  order.side = ouch50::Side::buy;
  order.quantity = 1;
  ASSERT_TRUE(order.symbol.assign("AAPL"));
  order.price = 1'000'000;
  order.time_in_force = ouch50::TimeInForce::day;
  order.display = ouch50::Display::visible;
  order.cross_type = ouch50::CrossType::continuous;
  order.appendage_length = 0;
  const Bytes order_frame = frame_of(token, 1, bytes_of(order));
  for (const Bytes& frame : spoiled(order_frame)) {
    send(frame);
    ++bad;
  }
  send(order_frame);
  const std::optional<Bytes> answer = receive(token);
  ASSERT_TRUE(answer && !answer->empty());
  EXPECT_EQ(static_cast<char>(answer->front()), ouch50::Accepted::type);

  EXPECT_TRUE(exchange_->stop().orderly);
  const net::DatagramCounters& port = exchange_->datagrams();
  EXPECT_EQ(std::accumulate(port.not_delivered.begin(), port.not_delivered.end(), std::uint64_t{0}),
            bad);
  EXPECT_GT(bad, 1'500U);
  EXPECT_EQ(port.received, 2U);
  const gateway::GatewayCounters& edge = exchange_->gateway().counters();
  EXPECT_EQ(edge.logins.load(), 1U);
  EXPECT_EQ(edge.commands.load(), 1U);
  EXPECT_EQ(edge.malformed.load() + edge.wrong_session.load() + edge.late.load(), 0U);
}

}  // namespace
}  // namespace basalt
