// Sessions over TCP as the gateway keeps them: what a stream that is not right gets, what of it is
// delivered to risk, and what leaves when.
#include "tests/unit/gateway_edge.h"

namespace basalt::gateway::test {
namespace {

using Refs = std::vector<std::uint32_t>;
using Kind = net::StreamEvent::Kind;

class GatewayTcp : public Edge {
 protected:
  net::ConnectionId connect(const Bytes& first) {
    const net::ConnectionId id = streams_.open();
    streams_.put(id, Kind::data, first);
    return id;
  }
  HandStreams::Connection& at(net::ConnectionId id) { return streams_.connections[id.slot]; }
  // What was sent since this was last asked.
  std::string sent(net::ConnectionId id) { return std::exchange(at(id).sent, {}); }

  net::ConnectionId log_in(std::string_view user) {
    const net::ConnectionId id = connect(packet(login(user)));
    EXPECT_TRUE(turn().empty());
    EXPECT_EQ(sent(id).substr(2, 11), "A    STREAM");
    return id;
  }
};

TEST_F(GatewayTcp, a_login_that_is_refused_says_why_and_ends_the_connection) {
  const std::pair<Bytes, char> rows[] = {{login("NOBODY"), 'A'},
                                         {login("USER0", "guess"), 'A'},
                                         {login("USER0", "basalt", "OTHER"), 'S'}};
  for (const auto& [request, reason] : rows) {
    const net::ConnectionId id = connect(joined({packet(request), data(enter(1))}));
    EXPECT_TRUE(turn().empty());
    EXPECT_EQ(sent(id), std::string("\0\2J", 3) + reason);
    EXPECT_TRUE(at(id).closed);
    EXPECT_EQ(counted(), (Counted{{"logins_refused", 1}}));
  }
}

// Each ends its connection without an answer; what came before is applied, what comes behind not.
TEST_F(GatewayTcp, a_stream_that_is_not_right_is_closed) {
  const Bytes right = packet(login("USER0"));
  struct Row {
    const char* what;
    Bytes stream;
    std::size_t applied = 0;
    bool logs_in = false;
  };
  const Row rows[] = {
      {"a packet of length zero", joined({right, Bytes(2), data(enter(1))}), 0, true},
      {"a packet that is too long", joined({right, {std::byte{2}, std::byte{1}}}), 0, true},
      {"a type that nobody knows", joined({right, packet(bytes_of("?"))}), 0, true},
      {"a packet that only we send", joined({right, packet(bytes_of("H"))}), 0, true},
      {"sequenced data", joined({right, packet(bytes_of("Sx"))}), 0, true},
      {"a heartbeat with a payload", joined({right, packet(bytes_of("R!"))}), 0, true},
      {"a second login", joined({right, data(enter(1)), right, data(enter(2))}), 1, true},
      {"data before the login", joined({data(enter(1)), right})},
      {"a login that is cut", packet(cut(login("USER0")))},
      {"a login that goes on", packet(longer(login("USER0")))},
      {"not SoupBinTCP", bytes_of("GET / HTTP/1.1\r\n\r\n")},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const net::ConnectionId id = connect(row.stream);
    std::vector<Command> commands = turn();
    if (row.logs_in) {
      ASSERT_FALSE(commands.empty());
      EXPECT_EQ(commands.back().order.kind, CommandKind::session_down);
      commands.pop_back();
    }
    EXPECT_EQ(commands.size(), row.applied);
    EXPECT_EQ(sent(id).empty(), !row.logs_in);
    EXPECT_TRUE(at(id).closed);
    const Counted all = counted();
    EXPECT_EQ(all.at("malformed"), 1U);
    EXPECT_EQ(all.contains("sessions_lost"), row.logs_in);
  }
}

TEST_F(GatewayTcp, a_message_that_is_not_ouch_is_counted_and_the_session_goes_on) {
  const net::ConnectionId id = log_in("USER0");
  static_cast<void>(counted());
  for (const Bytes& bad : {Bytes{}, bytes_of("?"), bytes_of("A"), cut(enter(1)), longer(enter(1)),
                           Bytes(500, std::byte{'O'})}) {
    streams_.put(id, Kind::data, data(bad));
  }
  streams_.put(id, Kind::data, joined({packet(bytes_of("+hello")), packet(bytes_of("R"))}));
  streams_.put(id, Kind::data, data(message(ouch50::ModifyOrder{})));
  streams_.put(id, Kind::data, data(enter(2)));
  EXPECT_EQ(refs(turn()), Refs{2});
  EXPECT_EQ(counted(), (Counted{{"commands", 1}, {"malformed", 6}, {"unsupported", 1}}));
  EXPECT_FALSE(at(id).closed);
  EXPECT_EQ(sent(id), "");
}

TEST_F(GatewayTcp, what_a_firm_asks_of_all_its_orders_goes_to_risk_like_an_order) {
  const net::ConnectionId id = log_in("USER0");
  static_cast<void>(counted());
  ouch50::MassCancel all{};
  all.user_ref_num = 3;
  ouch50::DisableOrderEntry off{};
  off.user_ref_num = 4;
  ouch50::EnableOrderEntry on{};
  on.user_ref_num = 5;
  streams_.put(id, Kind::data, joined({data(message(all)), data(message(off)), data(message(on))}));
  streams_.put(id, Kind::data, data(cut(message(all))));
  const std::vector<Command> commands = turn();
  EXPECT_EQ(refs(commands), (Refs{3, 4, 5}));
  EXPECT_EQ(commands[0].order.kind, CommandKind::mass_cancel);
  EXPECT_EQ(commands[1].order.kind, CommandKind::disable_entry);
  EXPECT_EQ(commands[2].order.kind, CommandKind::enable_entry);
  EXPECT_EQ(counted(), (Counted{{"commands", 3}, {"malformed", 1}}));
}

TEST_F(GatewayTcp, a_packet_that_the_end_of_the_stream_cuts_is_not_applied) {
  const net::ConnectionId id = log_in("USER0");
  streams_.put(id, Kind::data, joined({data(enter(1)), cut(data(enter(2)))}));
  streams_.put(id, Kind::ended, {});
  streams_.put(id, Kind::data, {std::byte{0}});  // Behind the end: of a connection that is gone.
  const std::vector<Command> commands = turn();
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_EQ(commands[0].origin.user_ref_num, 1U);
  EXPECT_EQ(commands[1].order.kind, CommandKind::session_down);
  EXPECT_TRUE(at(id).closed);
}

TEST_F(GatewayTcp, the_newest_login_has_the_session_and_the_older_one_says_nothing_more) {
  const net::ConnectionId older = log_in("USER0");
  const net::ConnectionId newer = log_in("USER0");
  EXPECT_TRUE(at(older).closed);
  streams_.put(older, Kind::data, data(enter(1)));
  streams_.put(older, Kind::closed, {});
  streams_.put(newer, Kind::data, data(enter(2)));
  EXPECT_EQ(refs(turn()), Refs{2}) << "and no word of a session that is down";
  EXPECT_FALSE(at(newer).closed);
}

TEST_F(GatewayTcp, over_either_transport_the_session_is_one) {
  const net::ConnectionId id = log_in("USER0");
  put(datagram_of({}, 0, {login("USER0")}));
  EXPECT_TRUE(turn().empty());
  EXPECT_EQ(logins().size(), 1U);
  EXPECT_TRUE(at(id).closed);
}

TEST_F(GatewayTcp, nothing_is_told_before_the_durable_mark_has_passed_it) {
  const net::ConnectionId id = log_in("USER0");
  tell(0, 10, "a");
  tell(0, 11, "b");
  tell(1, 11, "of another");
  durable_ = 9;
  turn();
  EXPECT_EQ(sent(id), "");
  durable_ = 10;
  turn();
  EXPECT_EQ(sent(id), std::string("\0\2Sa", 4));
  durable_ = 11;
  turn();
  EXPECT_EQ(sent(id), std::string("\0\2Sb", 4));
}

TEST_F(GatewayTcp, a_slow_reader_gets_everything_as_it_reads) {
  const net::ConnectionId id = log_in("USER0");
  for (const char* text : {"a", "b", "c"}) tell(0, 1, text);
  durable_ = 1;
  at(id).room = 9;  // Two of four bytes, and no third.
  turn();
  EXPECT_EQ(sent(id), std::string("\0\2Sa\0\2Sb", 8));
  at(id).room = 3;
  turn();
  EXPECT_EQ(sent(id), "");
  at(id).room = 4;
  turn();
  EXPECT_EQ(sent(id), std::string("\0\2Sc", 4));
  turn();
  EXPECT_EQ(sent(id), "");
}

TEST_F(GatewayTcp, a_stream_is_resumed_from_the_number_that_is_asked_for) {
  for (const char* text : {"a", "b", "c"}) tell(0, 1, text);
  durable_ = 1;
  const auto resumed = [&](std::uint64_t first) {
    const net::ConnectionId id = connect(packet(login("USER0", "basalt", "STREAM", first)));
    turn();
    turn();
    return sent(id).substr(2 + sizeof(soupbintcp::LoginAccepted));
  };
  EXPECT_EQ(resumed(1), std::string("\0\2Sa\0\2Sb\0\2Sc", 12));
  EXPECT_EQ(resumed(3), std::string("\0\2Sc", 4));
  EXPECT_EQ(resumed(4), "");
  EXPECT_EQ(resumed(0), "") << "0: from the newest on";
  EXPECT_EQ(resumed(99), "") << "beyond the end is read so too";
}

TEST_F(GatewayTcp, a_stranger_has_some_time_to_log_in) {
  const net::ConnectionId id = connect(packet(bytes_of("+hello")));
  turn();
  clock_.time += Nanos{soupbintcp::quiet_max_ms * millisecond.value};
  turn();
  EXPECT_FALSE(at(id).closed);
  clock_.time += second;
  EXPECT_TRUE(turn().empty());
  EXPECT_TRUE(at(id).closed);
}

}  // namespace
}  // namespace basalt::gateway::test
