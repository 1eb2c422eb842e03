// UDP and TCP at a ring of two slots that is full in every turn: neither keeps the other from being
// heard.
#include "tests/unit/gateway_edge.h"

namespace basalt::gateway::test {
namespace {

constexpr std::uint32_t over_udp = 0;  // Sessions.
constexpr std::uint32_t over_tcp = 1;

class GatewayTurns : public Edge {
 protected:
  GatewayTurns() : Edge(2), token_(log_in("USER0")), connection_(streams_.open()) {
    streams_.put(connection_, net::StreamEvent::Kind::data, packet(login("USER1")));
    EXPECT_TRUE(turn().empty());
    EXPECT_EQ(counted()["logins"], 2U);
  }

  void put_by_udp(std::uint32_t orders) {
    const std::uint64_t first = udp_sent_ + 1;
    std::vector<Bytes> messages;
    for (std::uint32_t i = 0; i < orders; ++i) messages.push_back(enter(++udp_sent_));
    put(datagram_of(token_, first, messages));
  }
  void put_by_tcp(std::uint32_t orders) {
    std::vector<Bytes> packets;
    for (std::uint32_t i = 0; i < orders; ++i) packets.push_back(data(enter(++tcp_sent_)));
    streams_.put(connection_, net::StreamEvent::Kind::data, joined(packets));
  }
  // One turn, after which risk takes what the ring has.
  void hear() {
    for (const Command& command : turn()) ++heard_[index_of(command.origin.session)];
  }

  moldudp64::SessionName token_;
  net::ConnectionId connection_;
  std::uint32_t udp_sent_ = 0;
  std::uint32_t tcp_sent_ = 0;
  std::array<std::uint32_t, limits.sessions_max> heard_{};
};

TEST_F(GatewayTurns, tcp_is_heard_while_udp_fills_the_ring_in_every_turn) {
  put_by_tcp(4);
  for (int i = 0; i < 64 && heard_[over_tcp] < 4; ++i) {
    put_by_udp(2);
    hear();
  }
  EXPECT_EQ(heard_[over_tcp], 4U);
  EXPECT_GE(heard_[over_udp], 2U);
}

TEST_F(GatewayTurns, udp_is_heard_while_tcp_fills_the_ring_in_every_turn) {
  put_by_udp(4);
  for (int i = 0; i < 64 && heard_[over_udp] < 4; ++i) {
    put_by_tcp(2);
    hear();
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
  for (int i = 0; i < 64 && !gateway_.caught_up(); ++i) hear();
  ASSERT_TRUE(gateway_.caught_up());
  hear();  // Risk takes what is in the ring.
  const std::uint32_t heard = heard_[over_udp];
  EXPECT_GE(heard, 1U);
  for (int i = 0; i < 16; ++i) hear();
  EXPECT_EQ(heard_[over_udp], heard);
}

}  // namespace
}  // namespace basalt::gateway::test
