// The in-memory wire and UDP over it: order, ARP, filters, and what a full or silent side does.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "net/frames/udp.h"
#include "net/loopback/loopback_wire.h"
#include "net/udp_over_nic.h"

namespace basalt::net {
namespace {

constexpr std::uint32_t engine_ip = ipv4(10, 77, 0, 1);
constexpr std::uint32_t client_ip = ipv4(10, 77, 0, 2);
constexpr Endpoint orders{engine_ip, 7002};
constexpr Endpoint requests{engine_ip, 7103};
constexpr Endpoint feed_a{ipv4(239, 192, 77, 1), 7101};
constexpr Endpoint client{client_ip, 40'000};

Nanos test_time;
Nanos test_clock() noexcept {
  return test_time;
}

struct Ends {
  std::unique_ptr<UdpOverNic> engine;
  std::unique_ptr<UdpOverNic> client;
};

Ends make_ends(std::uint32_t frames, WireClock clock = realtime) {
  auto [a, b] = make_loopback_wire(frames, mac_from_ip(engine_ip), mac_from_ip(client_ip));
  return {
      std::make_unique<UdpOverNic>(std::move(a), engine_ip, std::vector{orders, requests}, clock),
      std::make_unique<UdpOverNic>(std::move(b), client_ip, std::vector{client, feed_a}, clock)};
}

bool send(DatagramPort& port, Endpoint from, Endpoint to, std::string_view text) {
  const auto room = port.claim();
  if (room.empty()) return false;
  std::memcpy(room.data(), text.data(), text.size());
  port.commit(from, to, text.size());
  port.flush();
  return true;
}

std::vector<std::string> receive_all(DatagramPort& port) {
  std::vector<std::string> texts;
  std::array<Datagram, 64> batch;
  for (int quiet = 0; quiet < 2;) {
    const std::uint32_t count = port.receive(batch);
    quiet = count == 0 ? quiet + 1 : 0;
    for (const Datagram& datagram : std::span(batch).first(count)) {
      texts.emplace_back(reinterpret_cast<const char*>(datagram.payload.data()),
                         datagram.payload.size());
    }
  }
  return texts;
}

// Lets ARP go to and fro.
std::vector<std::string> exchange(Ends& ends, DatagramPort& reader) {
  std::vector<std::string> texts;
  DatagramPort& other = &reader == ends.engine.get() ? static_cast<DatagramPort&>(*ends.client)
                                                     : static_cast<DatagramPort&>(*ends.engine);
  for (int turn = 0; turn < 4; ++turn) {
    for (std::string& text : receive_all(reader)) texts.push_back(std::move(text));
    EXPECT_TRUE(receive_all(other).empty());
  }
  return texts;
}

std::uint64_t not_delivered(const DatagramPort& port, FrameVerdict cause) {
  return port.counters().not_delivered_for(cause);
}

TEST(Loopback, the_first_datagram_waits_for_arp_and_the_answer_does_not) {
  Ends ends = make_ends(64);
  ASSERT_TRUE(send(*ends.client, client, orders, "login"));
  EXPECT_EQ(exchange(ends, *ends.engine), std::vector<std::string>{"login"});
  EXPECT_EQ(ends.client->counters().arp_requests_sent, 1u);
  EXPECT_EQ(ends.engine->counters().arp_requests_answered, 1u);

  ASSERT_TRUE(send(*ends.engine, orders, client, "accepted"));
  EXPECT_EQ(receive_all(*ends.client), std::vector<std::string>{"accepted"});
  EXPECT_EQ(ends.engine->counters().arp_requests_sent, 0u);
}

TEST(Loopback, a_datagram_says_whence_whither_and_when) {
  Ends ends = make_ends(64, test_clock);
  test_time = Nanos{5'000'000'000};
  ASSERT_TRUE(send(*ends.client, client, requests, "x"));
  std::array<Datagram, 4> batch;
  EXPECT_EQ(ends.engine->receive(batch), 0u);  // ARP's question.
  EXPECT_EQ(ends.client->receive(batch), 0u);  // Its answer.
  test_time = Nanos{5'000'000'777};
  ASSERT_EQ(ends.engine->receive(batch), 1u);
  EXPECT_EQ(batch[0].source, client);
  EXPECT_EQ(batch[0].destination, requests);
  EXPECT_EQ(batch[0].received, test_time);
}

TEST(Loopback, a_group_needs_no_arp_and_reaches_who_joined) {
  Ends ends = make_ends(64);
  ASSERT_TRUE(send(*ends.engine, requests, feed_a, "itch"));
  ASSERT_TRUE(send(*ends.engine, requests, {feed_a.ip, 7102}, "another port"));
  ASSERT_TRUE(send(*ends.engine, requests, {ipv4(239, 192, 77, 2), 7101}, "not joined"));
  EXPECT_EQ(receive_all(*ends.client), std::vector<std::string>{"itch"});
  EXPECT_EQ(not_delivered(*ends.client, FrameVerdict::other_port), 1u);
  EXPECT_EQ(not_delivered(*ends.client, FrameVerdict::other_mac), 1u);
}

TEST(Loopback, datagrams_held_for_arp_leave_in_order_and_the_overflow_is_counted) {
  Ends ends = make_ends(64);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(send(*ends.client, client, orders, std::to_string(i)));
  }
  std::vector<std::string> expected;
  for (int i = 4; i < 20; ++i) expected.push_back(std::to_string(i));
  EXPECT_EQ(exchange(ends, *ends.engine), expected);
  EXPECT_EQ(ends.client->counters().dropped_unresolved, 4u);
  EXPECT_EQ(ends.client->counters().arp_requests_sent, 1u);
}

TEST(Loopback, an_address_that_is_silent_is_asked_for_again_and_old_datagrams_are_not_sent) {
  Ends ends = make_ends(64, test_clock);
  test_time = Nanos{1'000'000'000};
  ASSERT_TRUE(send(*ends.client, client, orders, "old"));
  std::array<Datagram, 4> batch;
  test_time += Nanos{99'999'999};
  ASSERT_TRUE(send(*ends.client, client, orders, "too soon to ask"));
  EXPECT_EQ(ends.client->counters().arp_requests_sent, 1u);
  test_time += held_age_max;
  ASSERT_TRUE(send(*ends.client, client, orders, "new"));
  EXPECT_EQ(ends.client->counters().arp_requests_sent, 2u);
  EXPECT_EQ(ends.engine->receive(batch), 0u);
  EXPECT_EQ(ends.client->receive(batch), 0u);
  EXPECT_EQ(receive_all(*ends.engine), (std::vector<std::string>{"too soon to ask", "new"}));
  EXPECT_EQ(ends.client->counters().dropped_unresolved, 1u);
}

TEST(Loopback, a_full_wire_gives_no_room_and_counts) {
  Ends ends = make_ends(4);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(send(*ends.engine, requests, feed_a, "x"));
  EXPECT_FALSE(send(*ends.engine, requests, feed_a, "x"));
  EXPECT_EQ(ends.engine->counters().dropped_transmit_full, 1u);
  EXPECT_EQ(receive_all(*ends.client).size(), 4u);
  EXPECT_TRUE(send(*ends.engine, requests, feed_a, "x"));
}

TEST(Loopback, a_claim_without_commit_is_never_seen) {
  Ends ends = make_ends(4);
  ASSERT_TRUE(send(*ends.engine, requests, feed_a, "one"));
  const auto room = ends.engine->claim();
  ends.engine->flush();
  EXPECT_EQ(ends.engine->claim().data(), room.data());
  ASSERT_TRUE(send(*ends.engine, requests, feed_a, "two"));
  EXPECT_EQ(receive_all(*ends.client), (std::vector<std::string>{"one", "two"}));
}

TEST(Loopback, a_lost_arp_question_is_asked_again_without_a_further_datagram) {
  test_time = Nanos{1'000'000'000};
  auto [a, b] = make_loopback_wire(64, mac_from_ip(engine_ip), mac_from_ip(client_ip));
  UdpOverNic port(std::move(b), client_ip, {client}, test_clock);
  ASSERT_TRUE(send(port, client, orders, "login"));
  std::array<Frame, 4> frames;
  EXPECT_EQ(a->rx_burst(frames), 1u);
  std::array<Datagram, 4> batch;
  EXPECT_EQ(port.receive(batch), 0u);
  EXPECT_EQ(a->rx_burst(frames), 0u);
  test_time += arp_interval;
  EXPECT_EQ(port.receive(batch), 0u);
  EXPECT_EQ(a->rx_burst(frames), 1u);
  test_time += held_age_max;
  EXPECT_EQ(port.receive(batch), 0u);
  EXPECT_EQ(a->rx_burst(frames), 0u);
  EXPECT_EQ(port.counters().dropped_unresolved, 1u);
}

// A station of our own hand, to send what UdpOverNic would not.
struct RawPeer {
  explicit RawPeer(UdpOverNic*& out, std::unique_ptr<UdpOverNic>& owner) {
    auto [a, b] = make_loopback_wire(64, mac_from_ip(engine_ip), mac_from_ip(client_ip));
    owner = std::make_unique<UdpOverNic>(std::move(a), engine_ip, std::vector{orders, feed_a});
    out = owner.get();
    nic = std::move(b);
  }
  void send_udp(const MacAddress& to_mac, Endpoint from, Endpoint to) {
    const auto room = nic->claim();
    nic->commit(write_udp_frame(
        room.data(),
        {.source_mac = nic->mac(), .destination_mac = to_mac, .source = from, .destination = to},
        4));
    nic->tx_burst();
  }
  std::unique_ptr<Nic> nic;
};

TEST(Loopback, what_is_not_for_us_is_counted_by_cause) {
  std::unique_ptr<UdpOverNic> owner;
  UdpOverNic* port = nullptr;
  RawPeer peer(port, owner);
  const MacAddress engine_mac = mac_from_ip(engine_ip);
  peer.send_udp(mac_from_ip(7), client, orders);
  peer.send_udp(broadcast_mac, client, orders);
  EXPECT_TRUE(receive_all(*port).empty());
  EXPECT_EQ(not_delivered(*port, FrameVerdict::other_mac), 2u);
  peer.send_udp(engine_mac, client, {ipv4(10, 77, 0, 9), orders.port});
  peer.send_udp(multicast_mac(feed_a.ip), client, orders);  // A group's frame with our address.
  peer.send_udp(engine_mac, client, feed_a);                // And the other way round.
  peer.send_udp(multicast_mac(feed_a.ip), client, {ipv4(239, 64, 77, 1), 7101});  // Same MAC.
  EXPECT_TRUE(receive_all(*port).empty());
  EXPECT_EQ(not_delivered(*port, FrameVerdict::other_ip), 4u);
  peer.send_udp(engine_mac, client, {engine_ip, 7001});
  peer.send_udp(engine_mac, {engine_ip, 40'000}, orders);  // Pretends to be us.
  EXPECT_TRUE(receive_all(*port).empty());
  EXPECT_EQ(not_delivered(*port, FrameVerdict::other_port), 1u);
  EXPECT_EQ(not_delivered(*port, FrameVerdict::ip_source), 1u);
  peer.send_udp(engine_mac, client, orders);
  EXPECT_EQ(receive_all(*port).size(), 1u);
}

TEST(Loopback, arp_is_answered_for_our_address_alone) {
  std::unique_ptr<UdpOverNic> owner;
  UdpOverNic* port = nullptr;
  RawPeer peer(port, owner);
  const auto ask = [&](std::uint32_t sender_ip, std::uint32_t target_ip) {
    const auto room = peer.nic->claim();
    peer.nic->commit(write_arp_frame(room.data(), broadcast_mac,
                                     {.operation = ArpPacket::Operation::request,
                                      .sender_mac = peer.nic->mac(),
                                      .sender_ip = sender_ip,
                                      .target_ip = target_ip}));
    peer.nic->tx_burst();
    EXPECT_TRUE(receive_all(*port).empty());
    std::array<Frame, 4> frames;
    return peer.nic->rx_burst(frames);
  };
  EXPECT_EQ(ask(client_ip, engine_ip), 1u);
  EXPECT_EQ(ask(0, engine_ip), 1u);  // An address probe.
  EXPECT_EQ(ask(client_ip, ipv4(10, 77, 0, 9)), 0u);
  EXPECT_EQ(port->counters().arp_requests_answered, 2u);
  EXPECT_EQ(not_delivered(*port, FrameVerdict::other_ip), 1u);
}

TEST(Loopback, more_neighbours_than_the_table_holds_still_get_answers) {
  std::unique_ptr<UdpOverNic> owner;
  UdpOverNic* port = nullptr;
  RawPeer peer(port, owner);
  std::array<Frame, 64> frames;
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    const Endpoint from{ipv4(10, 78, 0, 1) + i, 40'000};
    peer.send_udp(mac_from_ip(engine_ip), from, orders);
    ASSERT_EQ(receive_all(*port).size(), 1u);
    ASSERT_TRUE(send(*port, orders, from, "answer"));
    ASSERT_EQ(peer.nic->rx_burst(frames), 1u);
  }
  EXPECT_EQ(port->counters().arp_requests_sent, 0u);
}

TEST(Loopback, wrong_endpoints_are_refused_in_words) {
  const auto make = [](std::vector<Endpoint> endpoints) {
    auto [a, b] = make_loopback_wire(2, mac_from_ip(1), mac_from_ip(2));
    UdpOverNic port(std::move(a), engine_ip, std::move(endpoints));
  };
  EXPECT_THROW(make({}), std::invalid_argument);
  EXPECT_THROW(make({{engine_ip, 0}}), std::invalid_argument);
  EXPECT_THROW(make({{client_ip, 7002}}), std::invalid_argument);
  EXPECT_THROW(make(std::vector<Endpoint>(local_endpoints_max + 1, orders)), std::invalid_argument);
  EXPECT_NO_THROW(make(std::vector<Endpoint>(local_endpoints_max, orders)));
}

// The echo side and the asking side each on a thread of their own, as engine and client are.
TEST(Loopback, a_million_datagrams_make_the_round_in_order) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  constexpr std::uint64_t rounds = 100'000;
#else
  constexpr std::uint64_t rounds = 1'000'000;
#endif
  constexpr std::uint64_t window = 256;
  Ends ends = make_ends(1024);
  std::thread echo([&port = *ends.engine] {
    std::array<Datagram, 64> batch;
    for (std::uint64_t echoed = 0; echoed < rounds;) {
      const std::uint32_t count = port.receive(batch);
      if (count == 0) std::this_thread::yield();
      for (const Datagram& datagram : std::span(batch).first(count)) {
        const auto room = port.claim();
        if (room.empty()) continue;  // The counts below will not match.
        std::memcpy(room.data(), datagram.payload.data(), datagram.payload.size());
        port.commit(datagram.destination, datagram.source, datagram.payload.size());
      }
      port.flush();
      echoed += count;
    }
  });

  std::uint64_t sent = 0;
  std::uint64_t returned = 0;
  std::uint64_t out_of_order = 0;
  std::array<Datagram, 64> batch;
  while (returned < rounds && out_of_order == 0) {
    // One goes ahead, for ARP.
    while (sent < rounds && sent - returned < (returned == 0 ? 1 : window)) {
      const auto room = ends.client->claim();
      if (room.empty()) break;
      std::memcpy(room.data(), &sent, sizeof sent);
      ends.client->commit(client, orders, sizeof sent + sent % 200);
      ++sent;
    }
    ends.client->flush();
    const std::uint32_t count = ends.client->receive(batch);
    if (count == 0) std::this_thread::yield();
    for (const Datagram& datagram : std::span(batch).first(count)) {
      std::uint64_t number = 0;
      std::memcpy(&number, datagram.payload.data(), sizeof number);
      out_of_order += number != returned || datagram.payload.size() != sizeof number + number % 200;
      ++returned;
    }
  }
  echo.join();
  EXPECT_EQ(out_of_order, 0u);
  EXPECT_EQ(returned, rounds);
  EXPECT_EQ(ends.engine->counters().sent, rounds);
  EXPECT_EQ(ends.engine->counters().dropped_transmit_full, 0u);
}

}  // namespace
}  // namespace basalt::net
