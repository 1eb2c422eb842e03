// Sessions over UDP as the gateway keeps them: who has a token, what a datagram that is not right
// gets, what is delivered to risk, and what leaves when.
#include <set>

#include "tests/unit/gateway_edge.h"

namespace basalt::gateway::test {
namespace {

using moldudp64::SessionName;
using Refs = std::vector<std::uint32_t>;
using Texts = std::vector<std::string>;

class GatewayUdp : public Edge {
 protected:
  // Each answer that was sent as "number:text"; heartbeats are left out.
  Texts told(const SessionName& token) {
    Texts texts;
    for (const Letter& letter : sent()) {
      const auto mold = moldudp64::decode(letter.bytes);
      EXPECT_EQ(mold.error(), moldudp64::DecodeError::none);
      if (mold.header().session.blank()) continue;
      EXPECT_EQ(mold.header().session, token);
      std::uint64_t number = mold.header().sequence;
      for (const auto block : mold.blocks()) {
        texts.push_back(std::to_string(number++) + ':' +
                        std::string(reinterpret_cast<const char*>(block.data()), block.size()));
      }
    }
    return texts;
  }
};

Bytes request(const SessionName& session, std::uint64_t first, std::uint16_t count) {
  return message(moldudp64::Request{session, first, count});
}
Bytes header(const SessionName& session, std::uint64_t number, std::uint16_t count) {
  return message(moldudp64::Header{session, number, count});
}

TEST_F(GatewayUdp, a_doubled_login_has_one_token) {
  for (int i = 0; i < 2; ++i) put(datagram_of({}, 0, {login("USER0")}));
  EXPECT_TRUE(turn().empty());
  const Texts tokens = logins();
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[0], tokens[1]);
  EXPECT_EQ(counted(), (Counted{{"logins", 1}, {"logins_repeated", 1}}));
  put(datagram_of(basalt::test::session_name(tokens[0]), 1, {enter(7)}));
  EXPECT_EQ(refs(turn()), Refs{7});
}

TEST_F(GatewayUdp, a_login_is_repeated_for_as_long_as_nothing_was_sent_under_its_token) {
  const SessionName token = log_in("USER0");
  clock_.time += Nanos{10 * second.value};
  EXPECT_EQ(log_in("USER0"), token);
  put(header(token, 1, 0));  // A heartbeat is no message.
  put(datagram_of(token, 1, {enter(1)}));
  EXPECT_EQ(refs(turn()), Refs{1});
}

// The network may keep a double back for a while: what was sent meanwhile keeps its numbers.
TEST_F(GatewayUdp, a_login_that_comes_again_behind_the_first_orders_changes_nothing) {
  const SessionName token = log_in("USER0");
  put(datagram_of(token, 1, {enter(1), enter(2)}));
  EXPECT_EQ(turn().size(), 2U);
  clock_.time += Nanos{100 * millisecond.value};
  EXPECT_EQ(log_in("USER0"), token);
  put(datagram_of(token, 2, {enter(2), enter(3)}));
  EXPECT_EQ(refs(turn()), Refs{3});
  EXPECT_EQ(counted(),
            (Counted{{"commands", 3}, {"late", 1}, {"logins", 1}, {"logins_repeated", 1}}));
}

// A client that starts again at its old port numbers from 1: its old token would swallow that.
TEST_F(GatewayUdp, a_client_that_starts_again_has_a_token_of_its_own) {
  const SessionName old = log_in("USER0");
  put(datagram_of(old, 1, {enter(1), enter(2)}));
  EXPECT_EQ(turn().size(), 2U);
  clock_.time += Nanos{100 * millisecond.value + 1};
  const SessionName fresh = log_in("USER0");
  EXPECT_NE(fresh, old);
  put(datagram_of(old, 3, {enter(3)}));
  put(datagram_of(fresh, 1, {enter(4)}));
  EXPECT_EQ(refs(turn()), Refs{4});
  EXPECT_EQ(counted(), (Counted{{"commands", 3}, {"logins", 2}, {"wrong_session", 1}}));
}

TEST_F(GatewayUdp, from_another_endpoint_it_is_another_login) {
  const SessionName old = log_in("USER0");
  const SessionName fresh = log_in("USER0", other_at);
  EXPECT_NE(fresh, old);
  put(datagram_of(old, 1, {enter(1)}));
  put(datagram_of(fresh, 1, {enter(2)}));  // The right token, from the wrong place.
  put(datagram_of(fresh, 1, {enter(3)}), other_at);
  EXPECT_EQ(refs(turn()), Refs{3});
  EXPECT_EQ(counted(), (Counted{{"commands", 1}, {"logins", 2}, {"wrong_session", 2}}));
}

TEST_F(GatewayUdp, when_all_windows_are_taken_whoever_has_one_may_still_move) {
  log_in("USER0");
  log_in("USER1");
  put(datagram_of({}, 0, {login("USER2")}));
  turn();
  EXPECT_EQ(logins(), Texts{"S"});
  const SessionName token = log_in("USER0", other_at);
  put(datagram_of(token, 1, {enter(1)}), other_at);
  EXPECT_EQ(refs(turn()), Refs{1});
}

TEST_F(GatewayUdp, another_user_at_the_endpoint_is_another_session) {
  const SessionName one = log_in("USER0");
  const SessionName two = log_in("USER1");
  EXPECT_NE(one, two);
  put(datagram_of(one, 1, {enter(1)}));
  put(datagram_of(two, 1, {enter(1)}));
  const std::vector<Command> commands = turn();
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_EQ(commands[0].origin.session, SessionId{0});
  EXPECT_EQ(commands[1].origin.session, SessionId{1});
}

// The first answer may be lost, and with it what was sent under its token.
TEST_F(GatewayUdp, a_repeated_login_gets_its_answers_again) {
  tell(0, 1, "a");
  tell(0, 2, "b");
  durable_ = 2;
  const SessionName token = log_in("USER0", client_at, 2);
  turn();
  static_cast<void>(sent());
  put(datagram_of({}, 0, {login("USER0", "basalt", "", 1)}));
  turn();
  EXPECT_EQ(told(token), (Texts{"1:a", "2:b"}));
}

TEST_F(GatewayUdp, a_login_that_is_refused_says_why) {
  struct Row {
    Bytes login;
    std::string answer;
  };
  const Row rows[] = {{login("NOBODY"), "A"},
                      {login("USER0", "guess"), "A"},
                      {login("USER0", "basalt", "OTHER"), "S"},
                      {longer(login("USER0")), ""},
                      {cut(login("USER0")), ""},
                      {bytes_of("U"), ""},
                      {{}, ""},
                      {enter(1), ""}};
  for (const Row& row : rows) {
    SCOPED_TRACE(&row - rows);
    put(datagram_of({}, 0, {row.login}));
    EXPECT_TRUE(turn().empty());
    EXPECT_EQ(logins(), row.answer.empty() ? Texts{} : Texts{row.answer});
    EXPECT_EQ(counted(), (Counted{{"logins_refused", 1}}));
  }
  put(datagram_of({}, 0, {login("USER0"), login("USER1")}));
  put(datagram_of({}, 0, {}));
  EXPECT_TRUE(turn().empty());
  EXPECT_EQ(logins(), Texts{});
  EXPECT_EQ(counted(), (Counted{{"logins_refused", 2}}));
  // Right again, and a repeat that is wrong takes nothing away.
  const SessionName token = log_in("USER0");
  put(datagram_of({}, 0, {login("USER0", "guess")}));
  put(datagram_of(token, 1, {enter(1)}));
  EXPECT_EQ(refs(turn()), Refs{1});
}

TEST_F(GatewayUdp, when_intake_is_closed_nobody_logs_in) {
  const SessionName token = log_in("USER0");
  gateway_.close_intake();
  put(datagram_of({}, 0, {login("USER0")}));
  put(datagram_of({}, 0, {login("USER1")}));
  put(datagram_of(token, 1, {enter(1)}));
  EXPECT_TRUE(turn().empty());
  EXPECT_EQ(logins(), (Texts{"S", "S"}));
}

// Each of these is silence and one counter; the session goes on as if they had not been.
TEST_F(GatewayUdp, a_datagram_that_is_not_right_is_counted_and_nothing_of_it_is_applied) {
  const SessionName token = log_in("USER0");
  SessionName guess = basalt::test::session_name("0010000000");
  const Bytes good = datagram_of(token, 1, {enter(1), enter(2)});
  struct Row {
    const char* what;
    Bytes datagram;
    Counted counted;
    net::Endpoint to = orders_at;
  };
  const Row rows[] = {
      {"empty", {}, {{"malformed", 1}}},
      {"shorter than a header", cut(header(token, 1, 0)), {{"malformed", 1}}},
      {"cut within its last message", cut(good), {{"malformed", 1}}},
      {"cut within a length", cut(good, enter(2).size() + 1), {{"malformed", 1}}},
      {"without its last message", cut(good, enter(2).size() + 2), {{"malformed", 1}}},
      {"goes on behind its last message", longer(good), {{"malformed", 1}}},
      {"a heartbeat that goes on", longer(header(token, 1, 0)), {{"malformed", 1}}},
      {"an end that goes on", longer(header(token, 1, 0xFFFF)), {{"malformed", 1}}},
      {"nobody's token", datagram_of(guess, 1, {enter(1)}), {{"wrong_session", 1}}},
      {"no digits",
       datagram_of(basalt::test::session_name("*"), 1, {enter(1)}),
       {{"wrong_session", 1}}},
      {"beyond the last session",
       datagram_of(basalt::test::session_name("ZZZ0000000"), 1, {}),
       {{"wrong_session", 1}}},
      {"messages to the feed's port", good, {{"malformed", 1}}, requests_at},
      {"a login to the feed's port",
       datagram_of({}, 0, {login("USER1")}),
       {{"malformed", 1}},
       requests_at},
      {"a request for nobody's answers", request(guess, 1, 1), {{"wrong_session", 1}}},
      {"a request without a session", request({}, 1, 1), {{"wrong_session", 1}}},
      {"a request for what is not there", request(token, 1, 1), {{"requests_unanswered", 1}}},
      {"a request for message 0", request(token, 0, 1), {{"requests_unanswered", 1}}},
      {"a request for the last number", request(token, ~0ULL, 9), {{"requests_unanswered", 1}}},
      {"a request for another feed",
       request(token, 1, 1),
       {{"requests_unanswered", 1}},
       requests_at},
  };
  static_cast<void>(counted());
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    put(row.datagram, client_at, row.to);
    EXPECT_TRUE(turn().empty());
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(counted(), row.counted);
  }
  put(good);
  EXPECT_EQ(refs(turn()), (Refs{1, 2}));
}

// The datagram is right and its messages have numbers; what is not OUCH among them uses its own.
TEST_F(GatewayUdp, a_message_that_is_not_right_leaves_its_neighbours_alone) {
  const SessionName token = log_in("USER0");
  static_cast<void>(counted());
  put(datagram_of(token, 1,
                  {enter(1),
                   {},
                   bytes_of("?"),
                   cut(enter(2)),
                   longer(enter(3)),
                   bytes_of("A"),
                   Bytes(700, std::byte{'O'}),
                   enter(4)}));
  EXPECT_EQ(refs(turn()), (Refs{1, 4}));
  EXPECT_EQ(counted(), (Counted{{"commands", 2}, {"malformed", 6}}));
  // Too long to be kept for later: it is its own hole.
  put(datagram_of(token, 10, {Bytes(700, std::byte{'O'}), enter(6)}));
  put(datagram_of(token, 9, {enter(5)}));
  EXPECT_EQ(refs(turn()), Refs{5});
  clock_.time += UpstreamWindow::patience + Nanos{1};
  EXPECT_EQ(refs(turn()), Refs{6});
  EXPECT_EQ(counted(), (Counted{{"commands", 2}, {"malformed", 1}, {"given_up", 1}}));
}

TEST_F(GatewayUdp, messages_are_delivered_in_order_and_once) {
  const SessionName token = log_in("USER0");
  static_cast<void>(counted());
  for (const std::uint32_t number : {3U, 2U, 3U, 0U})
    put(datagram_of(token, number, {enter(number)}));
  EXPECT_TRUE(turn().empty());
  clock_.time += UpstreamWindow::patience;
  EXPECT_TRUE(turn().empty()) << "a hole is waited for as long as was promised";
  put(datagram_of(token, 1, {enter(1)}));
  put(datagram_of(token, 1, {enter(1), enter(2)}));
  EXPECT_EQ(refs(turn()), (Refs{1, 2, 3}));
  EXPECT_EQ(counted(), (Counted{{"commands", 3}, {"late", 4}}));
}

TEST_F(GatewayUdp, a_hole_is_given_up_after_its_time_and_what_fills_it_later_is_late) {
  const SessionName token = log_in("USER0");
  static_cast<void>(counted());
  put(datagram_of(token, 3, {enter(3)}));
  EXPECT_TRUE(turn().empty());
  clock_.time += UpstreamWindow::patience + Nanos{1};
  EXPECT_EQ(refs(turn()), Refs{3});
  put(datagram_of(token, 1, {enter(1), enter(2)}));
  EXPECT_TRUE(turn().empty());
  // Further ahead than a window: what is missing up to there is given up at once.
  put(datagram_of(token, 4 + UpstreamWindow::messages, {enter(4)}));
  EXPECT_EQ(refs(turn()), Refs{4});
  EXPECT_EQ(counted(),
            (Counted{{"commands", 2}, {"late", 2}, {"given_up", 2 + UpstreamWindow::messages}}));
}

TEST_F(GatewayUdp, nothing_is_told_before_the_durable_mark_has_passed_it) {
  tell(0, 10, "a");
  tell(0, 11, "b");
  const SessionName token = log_in("USER0");
  turn();
  EXPECT_EQ(told(token), Texts{});
  durable_ = 9;
  turn();
  put(request(token, 1, 2));
  turn();
  EXPECT_EQ(told(token), Texts{});
  durable_ = 10;
  turn();
  EXPECT_EQ(told(token), Texts{"1:a"});
  put(request(token, 1, 2));
  turn();
  EXPECT_EQ(told(token), Texts{"1:a"}) << "asked for again, it is no more than that";
  durable_ = 11;
  turn();
  EXPECT_EQ(told(token), Texts{"2:b"});
}

TEST_F(GatewayUdp, a_client_ends_its_session_or_is_silent_for_too_long) {
  const auto down = [&] {
    const std::vector<Command> commands = turn();
    return commands.size() == 1 && commands[0].order.kind == CommandKind::session_down;
  };
  const SessionName token = log_in("USER0");
  put(header(token, 1, 0xFFFF), other_at);
  EXPECT_TRUE(turn().empty()) << "an end that a stranger says";
  put(header(token, 1, 0xFFFF));
  EXPECT_TRUE(down());
  put(datagram_of(token, 1, {enter(1)}));
  EXPECT_TRUE(turn().empty());

  const SessionName next = log_in("USER0");
  clock_.time += Nanos{soupbintcp::quiet_max_ms * millisecond.value};
  EXPECT_TRUE(turn().empty());
  put(header(next, 1, 0));
  EXPECT_TRUE(turn().empty());
  clock_.time += Nanos{soupbintcp::quiet_max_ms * millisecond.value + 1};
  EXPECT_TRUE(down());
  EXPECT_EQ(counted(), (Counted{{"logins", 2}, {"sessions_lost", 2}, {"wrong_session", 2}}));
}

TEST_F(GatewayUdp, a_token_is_not_to_be_guessed_from_another) {
  std::set<std::string> tails;
  for (int i = 0; i < 50; ++i) {
    const SessionName token =
        log_in("USER0", {client_at.ip, static_cast<std::uint16_t>(1'000 + i)});
    tails.insert(std::string(token.chars().begin() + 3, token.chars().end()));
  }
  EXPECT_EQ(tails.size(), 50U);
}

}  // namespace
}  // namespace basalt::gateway::test
