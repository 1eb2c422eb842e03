// UDP and TCP at a ring of two slots that is full in every turn: neither keeps the other from being
// heard.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <string>
#include <vector>

#include "engine/gateway/gateway.h"
#include "engine/venue.h"
#include "feedhandlers/order_entry/ouch50.h"
#include "tests/unit/load_wire.h"
#include "tests/unit/venue_commands.h"

namespace basalt::gateway {
namespace {

using Bytes = std::vector<std::byte>;

constexpr net::Endpoint orders_at{net::ipv4(10, 77, 0, 1), 7'002};
constexpr net::Endpoint client_at{net::ipv4(10, 77, 0, 2), 40'001};
constexpr net::ConnectionId connection{0, 1};
constexpr std::uint32_t over_udp = 0;  // Sessions.
constexpr std::uint32_t over_tcp = 1;
constexpr ReferenceLimits limits{
    .assets_max = 2, .instruments_max = 1, .accounts_max = 1, .sessions_max = 2, .firms_max = 1};

template <typename M>
Bytes bytes_of(const M& message) {
  const auto bytes = std::as_bytes(std::span(&message, 1));
  return {bytes.begin(), bytes.end()};
}

Bytes framed(soupbintcp::PacketType type, const Bytes& payload) {
  Bytes packet(soupbintcp::header_bytes + payload.size());
  std::copy(payload.begin(), payload.end(), packet.begin() + soupbintcp::header_bytes);
  EXPECT_EQ(soupbintcp::frame(packet, type, payload.size()), packet.size());
  return packet;
}

Bytes login(std::string_view user) {
  soupbintcp::LoginRequest request{};
  EXPECT_TRUE(request.user.assign(user) && request.password.assign("basalt"));
  return bytes_of(request);
}

Bytes enter(std::uint32_t ref) {
  ouch50::EnterOrder order{};
  order.user_ref_num = ref;
  return bytes_of(order);
}

// What is put in arrives, and what is sent goes nowhere.
struct HandStreams final : net::StreamPort {
  std::deque<Bytes> arriving;
  bool opened = false;
  Bytes lent;

  std::uint32_t poll(std::span<net::StreamEvent> out) noexcept override {
    if (opened && arriving.empty()) return 0;
    out[0] = {};
    out[0].connection = connection;
    if (opened) {
      lent = std::move(arriving.front());
      arriving.pop_front();
      out[0].kind = net::StreamEvent::Kind::data;
      out[0].bytes = lent;
    }
    opened = true;
    return 1;
  }
  std::size_t send(net::ConnectionId, std::span<const std::byte> bytes) noexcept override {
    return bytes.size();
  }
  std::size_t send_room(net::ConnectionId) const noexcept override { return 1 << 16; }
  void close(net::ConnectionId) noexcept override {}
  net::ConnectionId connect(net::Endpoint) noexcept override { return net::no_connection; }
  void flush() noexcept override {}
  std::span<const net::Endpoint> listening() const noexcept override { return {}; }
};

class GatewayTurns : public testing::Test {
 protected:
  GatewayTurns() {
    basalt::test::CommandMaker make;
    gateway_.recover(make.firm(0));
    for (const auto& [id, user] : {std::pair{over_udp, "UDP"}, std::pair{over_tcp, "TCP"}}) {
      Command command = make.session(id);
      auto definition = command.as<DefineSession>();
      definition.user = basalt::test::padded<6>(user);
      definition.password_sha256 = password_hash(definition.salt, "basalt");
      command.set(definition);
      gateway_.recover(command);
    }
    gateway_.open_intake();
    datagrams_.arriving.push_back(
        {client_at, orders_at, basalt::test::datagram_of({}, 0, {login("UDP")})});
    streams_.arriving.push_back(login_over_tcp());
    for (int i = 0; i < 4; ++i) turn();
    for (const auto& letter : datagrams_.sent) {
      const auto mold = moldudp64::decode(letter.bytes);
      if (!mold.header().session.blank()) continue;
      token_ = soupbintcp::decode(*mold.blocks().begin()).as<soupbintcp::LoginAccepted>().session;
    }
    EXPECT_EQ(gateway_.counters().logins.load(std::memory_order_relaxed), 2U);  // One thread.
  }
  static Bytes login_over_tcp() {
    Bytes packet(soupbintcp::length_bytes + sizeof(soupbintcp::LoginRequest));
    auto* request = soupbintcp::emplace_packet<soupbintcp::LoginRequest>(packet);
    EXPECT_TRUE(request->user.assign("TCP") && request->password.assign("basalt"));
    return packet;
  }

  void put_by_udp(std::uint32_t orders) {
    std::vector<Bytes> messages;
    const std::uint64_t first = udp_sent_ + 1;
    for (std::uint32_t i = 0; i < orders; ++i) messages.push_back(enter(++udp_sent_));
    datagrams_.arriving.push_back(
        {client_at, orders_at, basalt::test::datagram_of(token_, first, messages)});
  }
  void put_by_tcp(std::uint32_t orders) {
    Bytes chunk;
    for (std::uint32_t i = 0; i < orders; ++i) {
      const Bytes packet = framed(soupbintcp::PacketType::unsequenced_data, enter(++tcp_sent_));
      chunk.insert(chunk.end(), packet.begin(), packet.end());
    }
    streams_.arriving.push_back(chunk);
  }
  // One turn, after which risk takes what the ring has.
  void turn() {
    gateway_.poll();
    while (const Slot* slot = commands_.peek()) {
      if (assembler_.take(*slot)) ++heard_[index_of(assembler_.command().origin.session)];
    }
    commands_.consume();
  }

  pipeline::SystemClock clock_;
  basalt::test::HandPort datagrams_{{orders_at}};
  HandStreams streams_;
  std::atomic<Sequence> durable_{0};
  Arena arena_{Gateway::memory_bytes(settings(), limits) + pipeline::LogRing::memory_bytes(2) +
               ring::SpscRing<Slot>::memory_bytes(2)};
  pipeline::LogRing log_{2, 1, arena_};
  ring::SpscRing<Slot> commands_{2, arena_};
  pipeline::StreamStore answers_{limits.sessions_max, std::size_t{1} << 20};
  pipeline::StreamStore feed_{1, std::size_t{1} << 20};
  pipeline::CommandAssembler assembler_;
  moldudp64::SessionName token_;
  std::uint32_t udp_sent_ = 0;
  std::uint32_t tcp_sent_ = 0;
  std::array<std::uint32_t, limits.sessions_max> heard_{};

  static Gateway::Settings settings() {
    Gateway::Settings settings;
    settings.order_port = orders_at.port;
    settings.udp_sessions_max = 1;
    settings.connections_max = 1;
    return settings;
  }
  Gateway gateway_{"gateway",
                   {.log = log_.reader(0),
                    .commands_to_risk = commands_,
                    .answers = answers_,
                    .feed = feed_,
                    .durable_mark = durable_,
                    .datagrams = &datagrams_,
                    .streams = &streams_},
                   settings(),
                   limits,
                   clock_,
                   arena_};
};

TEST_F(GatewayTurns, tcp_is_heard_while_udp_fills_the_ring_in_every_turn) {
  put_by_tcp(4);
  for (int i = 0; i < 64 && heard_[over_tcp] < 4; ++i) {
    put_by_udp(2);
    turn();
  }
  EXPECT_EQ(heard_[over_tcp], 4U);
  EXPECT_GE(heard_[over_udp], 2U);
}

TEST_F(GatewayTurns, udp_is_heard_while_tcp_fills_the_ring_in_every_turn) {
  put_by_udp(4);
  for (int i = 0; i < 64 && heard_[over_udp] < 4; ++i) {
    put_by_tcp(2);
    turn();
  }
  EXPECT_EQ(heard_[over_udp], 4U);
  EXPECT_GE(heard_[over_tcp], 2U);
}

TEST_F(GatewayTurns, a_look_is_answered_when_risk_has_all_that_was_taken_in) {
  EXPECT_TRUE(gateway_.caught_up()) << "nobody asked";
  put_by_udp(4);
  gateway_.poll();  // More than the ring holds, which nobody empties.
  gateway_.close_intake();
  gateway_.look();
  EXPECT_FALSE(gateway_.caught_up()) << "no turn has begun since";
  gateway_.poll();
  EXPECT_FALSE(gateway_.caught_up()) << "some wait for room";
  for (int i = 0; i < 64 && !gateway_.caught_up(); ++i) turn();
  ASSERT_TRUE(gateway_.caught_up());
  turn();  // Risk takes what is in the ring.
  const std::uint32_t heard = heard_[over_udp];
  EXPECT_GE(heard, 1U);
  for (int i = 0; i < 16; ++i) turn();
  EXPECT_EQ(heard_[over_udp], heard);
}

}  // namespace
}  // namespace basalt::gateway
