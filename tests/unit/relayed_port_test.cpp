// A port with a second sender: nothing of it is lost, doubled, out of order or shown too early.
#include "net/relayed_port.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "net/loopback/loopback_wire.h"
#include "net/udp_over_nic.h"

namespace basalt::net {
namespace {

constexpr std::uint32_t engine_ip = ipv4(10, 77, 0, 1);
constexpr std::uint32_t client_ip = ipv4(10, 77, 0, 2);
constexpr Endpoint orders{engine_ip, 7002};
constexpr Endpoint feed{ipv4(239, 192, 77, 1), 7101};
constexpr std::uint32_t wire_frames = 4;

struct Wire {
  explicit Wire(std::uint32_t datagrams) {
    auto [a, b] = make_loopback_wire(wire_frames, mac_from_ip(engine_ip), mac_from_ip(client_ip));
    ports = relay(std::make_unique<UdpOverNic>(std::move(a), engine_ip, std::vector{orders}),
                  datagrams);
    client = std::make_unique<UdpOverNic>(std::move(b), client_ip,
                                          std::vector{Endpoint{client_ip, 40'000}, feed});
  }
  std::vector<std::string> arrived() {
    std::vector<std::string> texts;
    std::array<Datagram, 16> batch;
    for (const Datagram& datagram : std::span(batch).first(client->receive(batch))) {
      EXPECT_EQ(datagram.source, orders);
      EXPECT_EQ(datagram.destination, feed);
      texts.emplace_back(reinterpret_cast<const char*>(datagram.payload.data()),
                         datagram.payload.size());
    }
    client->flush();
    return texts;
  }

  RelayedPorts ports;
  std::unique_ptr<UdpOverNic> client;
};

bool put(DatagramPort& port, std::string_view text) {
  const auto room = port.claim();
  if (room.size() < text.size()) return false;
  std::memcpy(room.data(), text.data(), text.size());
  port.commit(port.endpoints()[0], feed, text.size());
  return true;
}

using Texts = std::vector<std::string>;

TEST(RelayedPort, what_the_sender_flushed_leaves_with_the_owners_next_flush) {
  Wire wire(8);
  ASSERT_TRUE(put(*wire.ports.sender, "one"));
  wire.ports.owner->flush();
  EXPECT_EQ(wire.arrived(), Texts{});
  wire.ports.sender->flush();
  EXPECT_EQ(wire.arrived(), Texts{});
  ASSERT_TRUE(put(*wire.ports.owner, "own"));
  wire.ports.owner->flush();
  EXPECT_EQ(wire.arrived(), (Texts{"own", "one"}));
  EXPECT_EQ(wire.ports.sender->counters().sent, 1U);
  EXPECT_EQ(wire.ports.owner->counters().sent, 2U);
}

TEST(RelayedPort, a_claim_without_a_commit_is_never_seen) {
  Wire wire(8);
  ASSERT_TRUE(put(*wire.ports.sender, "one"));
  ASSERT_FALSE(wire.ports.sender->claim().empty());
  wire.ports.sender->flush();
  wire.ports.owner->flush();
  EXPECT_EQ(wire.arrived(), Texts{"one"});
}

TEST(RelayedPort, a_full_ring_has_no_room_and_counts_it) {
  Wire wire(2);
  ASSERT_TRUE(put(*wire.ports.sender, "one"));
  ASSERT_TRUE(put(*wire.ports.sender, "two"));
  EXPECT_FALSE(put(*wire.ports.sender, "three"));
  EXPECT_EQ(wire.ports.sender->counters().dropped_transmit_full, 1U);
  wire.ports.sender->flush();
  wire.ports.owner->flush();
  EXPECT_TRUE(put(*wire.ports.sender, "three"));
  EXPECT_EQ(wire.arrived(), (Texts{"one", "two"}));
}

TEST(RelayedPort, what_a_full_card_does_not_take_waits_and_keeps_its_order) {
  Wire wire(8);
  Texts sent;
  for (int i = 0; i < 8; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(put(*wire.ports.sender, sent.back()));
  }
  wire.ports.sender->flush();
  Texts got;
  for (int turn = 0; turn < 4; ++turn) {
    wire.ports.owner->flush();
    for (std::string& text : wire.arrived()) got.push_back(std::move(text));
  }
  EXPECT_EQ(got, sent);
  EXPECT_TRUE(put(*wire.ports.sender, "more"));
}

}  // namespace
}  // namespace basalt::net
