// A gateway between hands: datagrams and TCP are put in and looked at, the stages behind it are a
// ring that is emptied and a store that is written to, and time moves when it is told to.
#pragma once

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/arena.h"
#include "engine/gateway/gateway.h"
#include "feedhandlers/order_entry/ouch50.h"
#include "tests/unit/load_wire.h"
#include "tests/unit/venue_commands.h"

namespace basalt::gateway::test {

using basalt::test::bytes_of;
using basalt::test::datagram_of;
using basalt::test::Letter;
using Bytes = std::vector<std::byte>;

inline constexpr net::Endpoint orders_at{net::ipv4(10, 77, 0, 1), 7'002};
inline constexpr net::Endpoint requests_at{net::ipv4(10, 77, 0, 1), 7'103};
inline constexpr net::Endpoint client_at{net::ipv4(10, 77, 0, 2), 40'001};
inline constexpr net::Endpoint other_at{net::ipv4(10, 77, 0, 2), 40'002};
inline constexpr Nanos millisecond{1'000'000};
inline constexpr Nanos second{1'000'000'000};

struct HandClock final : pipeline::Clock {
  [[nodiscard]] Nanos now() noexcept override { return time; }
  Nanos time{1'700'000'000'000'000'000};
};

// TCP in memory: what is to happen is put in, what is sent and closed is kept.
class HandStreams final : public net::StreamPort {
 public:
  struct Connection {
    std::string sent;
    std::size_t room = 1 << 16;  // Of what is not sent yet.
    bool closed = false;
  };
  std::map<std::uint32_t, Connection> connections;

  net::ConnectionId open() {
    const net::ConnectionId id{static_cast<std::uint32_t>(connections.size()), 1};
    connections[id.slot] = {};
    put(id, net::StreamEvent::Kind::opened, {});
    return id;
  }
  void put(net::ConnectionId id, net::StreamEvent::Kind kind, Bytes bytes) {
    kept_.push_back(std::move(bytes));
    net::StreamEvent& event = waiting_.emplace_back();
    event.kind = kind;
    event.connection = id;
    event.bytes = kept_.back();
  }

  std::uint32_t poll(std::span<net::StreamEvent> out) noexcept override {
    std::uint32_t count = 0;
    for (; count < out.size() && !waiting_.empty(); ++count) {
      out[count] = waiting_.front();
      waiting_.pop_front();
    }
    return count;
  }
  std::size_t send(net::ConnectionId id, std::span<const std::byte> bytes) noexcept override {
    EXPECT_LE(bytes.size(), connections[id.slot].room) << "the connection would be reset";
    connections[id.slot].sent.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return bytes.size();
  }
  std::size_t send_room(net::ConnectionId id) const noexcept override {
    return connections.at(id.slot).room;
  }
  void close(net::ConnectionId id) noexcept override { connections[id.slot].closed = true; }
  net::ConnectionId connect(net::Endpoint) noexcept override { return net::no_connection; }
  void flush() noexcept override {}
  std::span<const net::Endpoint> listening() const noexcept override { return {}; }

 private:
  std::deque<Bytes> kept_;
  std::deque<net::StreamEvent> waiting_;
};

template <typename M>
Bytes message(const M& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

inline Bytes login(std::string_view user, std::string_view password = "basalt",
                   std::string_view session = "", std::uint64_t first = 1) {
  soupbintcp::LoginRequest request{};
  EXPECT_TRUE(request.user.assign(user) && request.password.assign(password));
  EXPECT_TRUE(request.session.assign(session));
  request.sequence = first;
  return message(request);
}

inline Bytes enter(std::uint32_t ref) {
  ouch50::EnterOrder order{};
  order.user_ref_num = ref;
  order.side = ouch50::Side::buy;
  order.quantity = 1;
  EXPECT_TRUE(order.symbol.assign("AAPL"));
  order.price = 1'000'000;
  order.time_in_force = ouch50::TimeInForce::day;
  order.display = ouch50::Display::visible;
  order.cross_type = ouch50::CrossType::continuous;
  order.appendage_length = 0;
  return message(order);
}

inline Bytes cut(Bytes bytes, std::size_t by = 1) {
  bytes.resize(bytes.size() - by);
  return bytes;
}
inline Bytes longer(Bytes bytes, std::size_t by = 1) {
  bytes.resize(bytes.size() + by);
  return bytes;
}

// SoupBinTCP: a packet of this body, which begins with its type; and unsequenced data.
inline Bytes packet(const Bytes& body) {
  Bytes bytes(soupbintcp::length_bytes + body.size());
  const wire::U16 length = static_cast<std::uint16_t>(body.size());
  std::memcpy(bytes.data(), &length, sizeof length);
  std::copy(body.begin(), body.end(), bytes.begin() + sizeof length);
  return bytes;
}
inline Bytes data(const Bytes& payload) {
  Bytes bytes(soupbintcp::header_bytes + payload.size());
  std::copy(payload.begin(), payload.end(), bytes.begin() + soupbintcp::header_bytes);
  EXPECT_EQ(soupbintcp::frame(bytes, soupbintcp::PacketType::unsequenced_data, payload.size()),
            bytes.size());
  return bytes;
}
inline Bytes joined(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

class Edge : public testing::Test {
 protected:
  explicit Edge(std::uint32_t ring_slots = 4'096) : ring_slots_(ring_slots) {
    basalt::test::CommandMaker make;
    for (const Command& command :
         {make.asset(0, "USD"), make.asset(1, "AAPL", 0), make.firm(0), make.account(0),
          make.instrument(0, "AAPL", 1, 0), session(make, 0, "USER0"), session(make, 1, "USER1"),
          session(make, 2, "USER2")}) {
      gateway_.recover(command);
    }
    gateway_.open_intake();
    // The first turn's keep-alive is not in anybody's way.
    turn();
  }

  // One turn of the gateway, and what it asked of risk since the last.
  std::vector<Command> turn() {
    gateway_.poll();
    std::vector<Command> commands;
    while (const Slot* slot = commands_.peek()) {
      if (assembler_.take(*slot)) commands.push_back(assembler_.command());
    }
    commands_.consume();
    return commands;
  }
  static std::vector<std::uint32_t> refs(const std::vector<Command>& commands) {
    std::vector<std::uint32_t> refs;
    for (const Command& command : commands) refs.push_back(command.origin.user_ref_num);
    return refs;
  }

  void put(const Bytes& datagram, net::Endpoint from = client_at, net::Endpoint to = orders_at) {
    datagrams_.arriving.push_back({from, to, datagram});
  }
  std::vector<Letter> sent() {
    std::vector<Letter> letters(datagrams_.sent.begin(), datagrams_.sent.end());
    datagrams_.sent.clear();
    return letters;
  }
  // The tokens of all logins that were accepted over UDP, and otherwise the reason; the rest of
  // what was sent is forgotten.
  std::vector<std::string> logins(net::Endpoint peer = client_at) {
    std::vector<std::string> answers;
    for (const Letter& letter : sent()) {
      const auto mold = moldudp64::decode(letter.bytes);
      if (!mold.header().session.blank() || letter.to != peer) continue;
      EXPECT_EQ(letter.from, orders_at);
      EXPECT_EQ(mold.message_count(), 1U);
      const auto packet = soupbintcp::decode(*mold.blocks().begin());
      if (packet.type == soupbintcp::PacketType::login_accepted) {
        answers.emplace_back(packet.as<soupbintcp::LoginAccepted>().session.view());
      } else {
        answers.emplace_back(1, packet.as<soupbintcp::LoginRejected>().reason.letter());
      }
    }
    return answers;
  }
  moldudp64::SessionName log_in(std::string_view user, net::Endpoint from = client_at,
                                std::uint64_t first = 1) {
    put(datagram_of({}, 0, {login(user, "basalt", "", first)}), from);
    EXPECT_TRUE(turn().empty());
    const std::vector<std::string> answers = logins(from);
    EXPECT_EQ(answers.size(), 1U);
    return basalt::test::session_name(answers.front());
  }
  void tell(std::uint32_t session, Sequence sequence, std::string_view text) {
    const Bytes bytes = bytes_of(text);
    std::copy(bytes.begin(), bytes.end(), answers_.claim().begin());
    answers_.append(session, sequence, bytes.size());
  }

  // Every counter that is not zero, by name, and forgets it.
  std::map<std::string, std::uint64_t> counted() {
    std::map<std::string, std::uint64_t> values;
    const GatewayCounters& now = gateway_.counters();
    const std::pair<const char*, const std::atomic<std::uint64_t>*> all[] = {
        {"commands", &now.commands},
        {"logins", &now.logins},
        {"logins_repeated", &now.logins_repeated},
        {"logins_refused", &now.logins_refused},
        {"malformed", &now.malformed},
        {"unsupported", &now.unsupported},
        {"wrong_session", &now.wrong_session},
        {"late", &now.late},
        {"requests_unanswered", &now.requests_unanswered},
        {"given_up", &now.given_up},
        {"sessions_lost", &now.sessions_lost}};
    for (const auto& [name, counter] : all) {
      std::uint64_t& seen = seen_[name];
      const std::uint64_t value = counter->load(std::memory_order_relaxed);  // One thread.
      if (value != seen) values[name] = value - seen;
      seen = value;
    }
    return values;
  }
  using Counted = std::map<std::string, std::uint64_t>;

  static Command session(basalt::test::CommandMaker& make, std::uint32_t id,
                         std::string_view user) {
    Command command = make.session(id);
    auto definition = command.as<DefineSession>();
    definition.user = basalt::test::padded<6>(user);
    std::string salted(8, '\0');
    salted += "BASALT    ";
    SHA256(reinterpret_cast<const unsigned char*>(salted.data()), salted.size(),
           definition.password_sha256.data());
    command.set(definition);
    return command;
  }
  static Gateway::Settings settings() {
    Gateway::Settings settings;
    settings.order_port = orders_at.port;
    settings.request_port = requests_at.port;
    EXPECT_TRUE(settings.stream_name.assign("STREAM"));
    EXPECT_TRUE(settings.feed_name.assign("FEED"));
    settings.udp_sessions_max = 2;
    settings.connections_max = 32;
    return settings;
  }

  static constexpr ReferenceLimits limits{
      .assets_max = 2, .instruments_max = 1, .accounts_max = 1, .sessions_max = 3, .firms_max = 1};

  const std::uint32_t ring_slots_;  // Of the ring to risk.
  HandClock clock_;
  basalt::test::HandPort datagrams_{{orders_at, requests_at}};
  HandStreams streams_;
  std::atomic<Sequence> durable_{0};
  Arena arena_{Gateway::memory_bytes(settings(), limits) + pipeline::LogRing::memory_bytes(16) +
               ring::SpscRing<Slot>::memory_bytes(ring_slots_)};
  pipeline::LogRing log_{16, 1, arena_};
  ring::SpscRing<Slot> commands_{ring_slots_, arena_};
  pipeline::StreamStore answers_{limits.sessions_max, std::size_t{1} << 20};
  pipeline::StreamStore feed_{1, std::size_t{1} << 20};
  pipeline::CommandAssembler assembler_;
  Counted seen_;
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

}  // namespace basalt::gateway::test
