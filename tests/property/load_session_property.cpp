// The load client over UDP against a venue in memory, with a network between them that loses,
// doubles and swaps datagrams from a seed.
//
// What the venue took it must have answered, and each answer reaches the client's accounts exactly
// once, however the network was. What the network lost on the way in stays unanswered, and no more.
//
//   BASALT_SEED=N               the first seed (1)
//   BASALT_PROPERTY_SECONDS=N   how long it runs (6); at least 16 seeds
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>
#include <set>

#include "engine/gateway/upstream_window.h"
#include "feedhandlers/order_entry/ouch50.h"
#include "feedhandlers/order_entry/soupbintcp.h"
#include "tests/property/venue_followers.h"
#include "tests/unit/load_wire.h"
#include "tools/load/order_client.h"
#include "tools/load/udp_session.h"

namespace basalt::property {
namespace {

constexpr net::Endpoint client_at{net::ipv4(10, 77, 0, 2), 7'202};
constexpr net::Endpoint venue_at{net::ipv4(10, 77, 0, 1), 7'002};
constexpr Nanos step{100'000};

struct Weather {
  std::uint32_t lost_in = 0;   // Of a thousand datagrams, on the way to the venue,
  std::uint32_t lost_out = 0;  //   and from it.
  std::uint32_t doubled = 0;
  std::uint32_t swapped = 0;
};

// Orders are accepted, cancels are ignored or answered, queries are answered: as far as a client
// can tell, a venue. Its ears are the gateway's own.
class Venue {
 public:
  explicit Venue(std::uint64_t seed) : random_(seed), window_(std::make_unique<Window>()) {}

  std::uint32_t accepted = 0;
  std::uint64_t given_up = 0;

  void take(const test::Letter& letter, Nanos now, std::deque<test::Letter>& out) {
    const moldudp64::Request* request = moldudp64::decode_request(letter.bytes);
    if (request != nullptr && request->count != 0 &&
        request->count != moldudp64::end_of_session_count) {
      if (request->session == token_) send(request->sequence, request->count, out);
      return;
    }
    const auto mold = moldudp64::decode(letter.bytes);
    ASSERT_EQ(mold.error(), moldudp64::DecodeError::none);
    if (mold.header().session.blank()) return log_in(*mold.blocks().begin(), out);
    if (mold.header().session != token_) return;
    std::uint64_t number = mold.header().sequence;
    for (const auto message : mold.blocks()) offer(number++, message, now);
  }

  void turn(Nanos now, std::deque<test::Letter>& out) {
    if (window_->overdue(now)) {
      given_up += window_->give_up(window_->expected());
      drain(now);
    }
    if (sent_ < answers_.size()) sent_ += send(sent_ + 1, 0xFFFE, out);
    if (now - heartbeat_ > Nanos{1'000'000'000} && !token_.blank()) {
      heartbeat_ = now;
      out.push_back({venue_at, client_at, test::datagram_of(token_, sent_ + 1, {})});
    }
  }

 private:
  using Window = gateway::UpstreamWindow;

  void log_in(std::span<const std::byte> login, std::deque<test::Letter>& out) {
    const auto packet = soupbintcp::decode(login);
    const std::uint64_t wanted = packet.as<soupbintcp::LoginRequest>().sequence.value().value_or(1);
    token_ = test::session_name(std::to_string(++logins_));
    window_->reset(1);
    sent_ = wanted == 0 ? answers_.size() : wanted - 1;
    soupbintcp::LoginAccepted accepted_login{};
    accepted_login.session = token_;
    accepted_login.sequence = sent_ + 1;
    const auto body = std::as_bytes(std::span(&accepted_login, 1));
    out.push_back(
        {venue_at, client_at, test::datagram_of({}, 0, {std::vector(body.begin(), body.end())})});
  }
  void offer(std::uint64_t number, std::span<const std::byte> message, Nanos now) {
    auto offer = window_->offer(number, message, now);
    while (offer == Window::Offer::ahead) {
      given_up += window_->give_up(number);
      drain(now);
      offer = window_->offer(number, message, now);
    }
    if (offer != Window::Offer::deliver) return;
    deal_with(message);
    window_->delivered(now);
    drain(now);
  }
  void drain(Nanos now) {
    for (auto held = window_->next_held(); held.found; held = window_->next_held()) {
      deal_with(held.message);
      window_->delivered(now);
    }
  }
  void deal_with(std::span<const std::byte> bytes) {
    const auto message = ouch50::decode_inbound(bytes);
    switch (message.type()) {
      case ouch50::EnterOrder::type: {
        const std::uint32_t ref = message.as<ouch50::EnterOrder>().user_ref_num;
        if (ref <= last_ref_) return;
        last_ref_ = ref;
        ++accepted;
        ouch50::Accepted answer{};
        answer.user_ref_num = ref;
        return tell(answer);
      }
      case ouch50::CancelOrder::type: {
        if (random_() % 2 == 0) return;
        ouch50::Canceled answer{};
        answer.user_ref_num = message.as<ouch50::CancelOrder>().user_ref_num;
        return tell(answer);
      }
      case ouch50::AccountQuery::type: {
        ouch50::AccountQueryResponse answer{};
        answer.next_user_ref_num = last_ref_ + 1;
        return tell(answer);
      }
      default:
        FAIL() << "not what this client sends";
    }
  }
  template <typename M>
  void tell(const M& answer) {
    const auto bytes = std::as_bytes(std::span(&answer, 1));
    answers_.emplace_back(bytes.begin(), bytes.end());
  }
  // Returns how many messages went.
  std::uint64_t send(std::uint64_t first, std::uint64_t count, std::deque<test::Letter>& out) {
    if (first == 0 || first > answers_.size()) return 0;
    std::array<std::byte, net::datagram_bytes_max> room;
    moldudp64::PacketBuilder packet(room, token_, first);
    while (packet.next_sequence() <= answers_.size() && packet.message_count() < count &&
           packet.add(answers_[packet.next_sequence() - 1])) {
    }
    out.push_back({venue_at, client_at, {packet.datagram().begin(), packet.datagram().end()}});
    return packet.message_count();
  }

  std::mt19937_64 random_;
  std::unique_ptr<Window> window_;
  moldudp64::SessionName token_;
  std::uint32_t logins_ = 0;
  std::uint32_t last_ref_ = 40;  // Of earlier days.
  std::vector<std::vector<std::byte>> answers_ =
      std::vector<std::vector<std::byte>>(5, std::vector<std::byte>(10, std::byte{'S'}));
  std::uint64_t sent_ = 5;
  Nanos heartbeat_;
};

class Network {
 public:
  Network(const Weather& weather, std::uint64_t seed) : weather_(weather), random_(seed) {}

  void carry(std::deque<test::Letter>& from, std::deque<test::Letter>& to, std::uint32_t lost) {
    while (!from.empty()) {
      test::Letter letter = std::move(from.front());
      from.pop_front();
      if (chance(lost)) continue;
      if (chance(weather_.doubled)) to.push_back(letter);
      to.push_back(std::move(letter));
      if (to.size() > 1 && chance(weather_.swapped)) {
        std::swap(to.back(), to[random_() % to.size()]);
      }
    }
  }

 private:
  bool chance(std::uint32_t per_thousand) { return random_() % 1'000 < per_thousand; }

  const Weather weather_;
  std::mt19937_64 random_;
};

void run(std::uint64_t seed, const Weather& weather) {
  SCOPED_TRACE("BASALT_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  Network network(weather, seed + 1);
  Venue venue(seed + 2);
  test::HandPort port({client_at});
  load::LoadCounts counts;
  load::OrderClient client({.window = 1U + static_cast<std::uint32_t>(random() % 100)}, counts);
  load::UdpSession session(port, venue_at, {"LOAD01", "basalt"}, client);
  client.attach(session);

  std::deque<test::Letter> to_venue;
  std::array<net::Datagram, 16> datagrams;
  Nanos now{1'000'000'000};
  std::uint64_t order = 0;
  constexpr std::uint64_t orders = 2'000;
  constexpr int turns_max = 1'000'000;
  int turn = 0;
  for (; turn < turns_max; ++turn) {
    now += step;
    const std::uint32_t got = port.receive(datagrams);
    client.set_now(now);
    for (const auto& datagram : std::span(datagrams).first(got)) session.take(datagram, now);
    session.turn(now);
    ASSERT_NE(session.state(), load::OrderSession::State::closed) << session.trouble();
    if (session.state() == load::OrderSession::State::open && client.ready()) {
      for (std::uint64_t burst = random() % 30; burst > 0 && order < orders; --burst) {
        load::Action action{.kind = load::ActionKind::enter, .order = order, .quantity = 1};
        if (random() % 2 == 0 && order > 0) {
          action = {.kind = load::ActionKind::cancel, .order = random() % order};
        }
        if (!client.send(action, now)) break;
        order += action.kind == load::ActionKind::enter;
      }
      client.nudge();
    }
    session.flush(now);
    network.carry(port.sent, to_venue, weather.lost_in);
    for (; !to_venue.empty(); to_venue.pop_front()) {
      ASSERT_NO_FATAL_FAILURE(venue.take(to_venue.front(), now, port.sent));
    }
    venue.turn(now, port.sent);
    network.carry(port.sent, port.arriving, weather.lost_out);
    if (order == orders && client.settled()) break;
  }
  ASSERT_LT(turn, turns_max) << "the client stands still: " << order << " orders, "
                             << client.unanswered() << " unanswered, " << counts.probes.value()
                             << " probes, state " << static_cast<int>(session.state());
  EXPECT_EQ(counts.orders_sent.value(), orders);
  EXPECT_EQ(counts.orders_accepted.value(), venue.accepted);
  EXPECT_EQ(client.unanswered(), orders - venue.accepted);
  EXPECT_EQ(counts.answers_lost.value(), 0U);
  if (weather.lost_in == 0) {
    EXPECT_EQ(client.unanswered(), 0U);
    EXPECT_EQ(venue.given_up, 0U);
  }
}

TEST(LoadSessionProperty, every_answer_is_accounted_for_once_whatever_the_network_does) {
  constexpr Weather weathers[] = {
      {},
      {.lost_out = 100},
      {.doubled = 300},
      {.lost_out = 50, .doubled = 100, .swapped = 300},
      {.lost_in = 50},
      {.lost_in = 50, .lost_out = 200, .doubled = 50, .swapped = 200},
  };
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(setting("BASALT_PROPERTY_SECONDS", 6));
  const std::uint64_t first = setting("BASALT_SEED", 1);
  for (std::uint64_t seed = first; seed < first + 16 || std::chrono::steady_clock::now() < end;
       ++seed) {
    ASSERT_NO_FATAL_FAILURE(run(seed, weathers[seed % std::size(weathers)]));
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace basalt::property
