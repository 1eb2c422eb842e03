// Kernel UDP through io_uring, on the loopback interface.
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/uring/bound_socket.h"
#include "net/uring/socket_address.h"
#include "net/uring/uring_datagram_port.h"

namespace basalt::net {
namespace {

using std::chrono::steady_clock;

constexpr Endpoint any_port{loopback_ip, 0};
constexpr auto patience = std::chrono::seconds(10);

bool send(DatagramPort& port, Endpoint from, Endpoint to, std::string_view text) {
  const auto room = port.claim();
  if (room.empty()) return false;
  std::memcpy(room.data(), text.data(), text.size());
  port.commit(from, to, text.size());
  port.flush();
  return true;
}

struct Message {
  Endpoint source;
  Endpoint destination;
  std::string text;
};

std::vector<Message> receive(DatagramPort& port, std::size_t wanted) {
  std::vector<Message> messages;
  std::array<Datagram, 64> batch;
  const auto deadline = steady_clock::now() + patience;
  while (messages.size() < wanted && steady_clock::now() < deadline) {
    const std::uint32_t count = port.receive(batch);
    for (const Datagram& datagram : std::span(batch).first(count)) {
      messages.push_back({datagram.source, datagram.destination,
                          std::string(reinterpret_cast<const char*>(datagram.payload.data()),
                                      datagram.payload.size())});
    }
  }
  return messages;
}

TEST(UringDatagram, an_answer_comes_from_the_port_that_was_addressed) {
  UringDatagramPort engine({.endpoints = {any_port, any_port}});
  UringDatagramPort client({.endpoints = {any_port}});
  const Endpoint orders = engine.endpoints()[0];
  const Endpoint requests = engine.endpoints()[1];
  const Endpoint own = client.endpoints()[0];
  ASSERT_NE(orders.port, 0);
  ASSERT_NE(orders, requests);

  ASSERT_TRUE(send(client, own, orders, "order"));
  ASSERT_TRUE(send(client, own, requests, "request"));
  EXPECT_EQ(engine.receive({}), 0u);  // Nothing is lost for want of room.
  const auto asked = receive(engine, 2);
  ASSERT_EQ(asked.size(), 2u);
  for (const Message& message : asked) {
    EXPECT_EQ(message.source, own);
    EXPECT_EQ(message.destination, message.text == "order" ? orders : requests);
    ASSERT_TRUE(send(engine, message.destination, message.source, message.text + "ed"));
  }
  for (const Message& message : receive(client, 2)) {
    EXPECT_EQ(message.source, message.text == "ordered" ? orders : requests);
  }
  EXPECT_EQ(client.counters().received, 2u);
  EXPECT_EQ(engine.counters().sent, 2u);
}

TEST(UringDatagram, payloads_of_every_size_up_to_the_largest_pass_and_larger_ones_are_counted) {
  UringDatagramPort engine({.endpoints = {any_port}});
  UringDatagramPort client({.endpoints = {any_port}});
  const Endpoint to = engine.endpoints()[0];
  for (const std::size_t size : {0u, 1u, 1471u, 1472u}) {
    ASSERT_TRUE(send(client, client.endpoints()[0], to, std::string(size, 'x')));
    const auto messages = receive(engine, 1);
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(messages[0].text.size(), size);
  }
  const int raw = ::socket(AF_INET, SOCK_DGRAM, 0);
  const sockaddr_in address = to_socket_address(to);
  for (const std::size_t size : {1473u, 9'000u}) {
    const std::string large(size, 'x');
    ASSERT_EQ(::sendto(raw, large.data(), size, 0, reinterpret_cast<const sockaddr*>(&address),
                       sizeof address),
              static_cast<ssize_t>(size));
  }
  ::close(raw);
  ASSERT_TRUE(send(client, client.endpoints()[0], to, "after"));
  EXPECT_EQ(receive(engine, 1).at(0).text, "after");
  EXPECT_EQ(engine.counters().not_delivered_for(FrameVerdict::oversized), 2u);
}

TEST(UringDatagram, a_hundred_thousand_datagrams_make_the_round_in_order) {
  constexpr std::uint64_t rounds = 100'000;
  constexpr std::uint64_t window = 128;
  UringDatagramPort engine({.endpoints = {any_port}});
  UringDatagramPort client({.endpoints = {any_port}});
  std::thread echo([&engine] {
    std::array<Datagram, 64> batch;
    const auto deadline = steady_clock::now() + 6 * patience;
    for (std::uint64_t echoed = 0; echoed < rounds && steady_clock::now() < deadline;) {
      const std::uint32_t count = engine.receive(batch);
      for (const Datagram& datagram : std::span(batch).first(count)) {
        const auto room = engine.claim();
        std::memcpy(room.data(), datagram.payload.data(), datagram.payload.size());
        engine.commit(datagram.destination, datagram.source, datagram.payload.size());
      }
      engine.flush();
      echoed += count;
    }
  });
  std::uint64_t sent = 0;
  std::uint64_t returned = 0;
  std::uint64_t out_of_order = 0;
  std::array<Datagram, 64> batch;
  const auto deadline = steady_clock::now() + 6 * patience;
  while (returned < rounds && steady_clock::now() < deadline) {
    for (; sent < rounds && sent - returned < window; ++sent) {
      const auto room = client.claim();
      std::memcpy(room.data(), &sent, sizeof sent);
      client.commit(client.endpoints()[0], engine.endpoints()[0], sizeof sent + sent % 100);
    }
    client.flush();
    const std::uint32_t count = client.receive(batch);
    for (const Datagram& datagram : std::span(batch).first(count)) {
      std::uint64_t number = 0;
      std::memcpy(&number, datagram.payload.data(), sizeof number);
      out_of_order += number != returned++;
    }
  }
  echo.join();
  EXPECT_EQ(returned, rounds);
  EXPECT_EQ(out_of_order, 0u);
}

TEST(UringDatagram, groups_reach_everyone_who_joined_and_nobody_else) {
  constexpr Endpoint feed_a{ipv4(239, 192, 77, 101), 17'101};
  constexpr Endpoint feed_b{ipv4(239, 192, 77, 102), 17'102};
  UringDatagramPort engine({.endpoints = {any_port}});
  UringDatagramPort both({.endpoints = {any_port, feed_a, feed_b}});
  UringDatagramPort only_a({.endpoints = {feed_a}});
  ASSERT_TRUE(send(engine, engine.endpoints()[0], feed_a, "a"));
  ASSERT_TRUE(send(engine, engine.endpoints()[0], feed_b, "b"));
  auto messages = receive(both, 2);
  ASSERT_EQ(messages.size(), 2u);
  for (const Message& message : messages) {
    EXPECT_EQ(message.source, engine.endpoints()[0]);
    EXPECT_EQ(message.destination, message.text == "a" ? feed_a : feed_b);
  }
  ASSERT_TRUE(send(engine, engine.endpoints()[0], feed_a, "a again"));
  messages = receive(only_a, 2);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].text, "a");
  EXPECT_EQ(messages[1].text, "a again");
}

TEST(UringDatagram, a_burst_beyond_the_receive_buffers_is_read_in_turns_without_loss) {
  UringDatagramPort engine({.endpoints = {any_port}, .receive_buffers = 16});
  UringDatagramPort client({.endpoints = {any_port}});
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(send(client, client.endpoints()[0], engine.endpoints()[0], std::to_string(i)));
  }
  const auto messages = receive(engine, 500);
  ASSERT_EQ(messages.size(), 500u);
  for (std::size_t i = 0; i < 500; ++i) EXPECT_EQ(messages[i].text, std::to_string(i));
}

TEST(UringDatagram, what_the_kernel_dropped_is_counted) {
  UringDatagramPort engine({.endpoints = {any_port}});
  UringDatagramPort client({.endpoints = {any_port}});
  const std::string large(1'400, 'x');
  constexpr std::uint64_t flood = 20'000;  // More than the socket's buffer holds.
  for (std::uint64_t i = 0; i < flood; ++i) {
    ASSERT_TRUE(send(client, client.endpoints()[0], engine.endpoints()[0], large));
  }
  std::uint64_t received = 0;
  std::array<Datagram, 64> batch;
  for (int quiet = 0; quiet < 1'000;) {
    const std::uint32_t count = engine.receive(batch);
    quiet = count == 0 ? quiet + 1 : 0;
    received += count;
  }
  ASSERT_LT(received, flood);
  // The count rides on the next datagram.
  ASSERT_TRUE(send(client, client.endpoints()[0], engine.endpoints()[0], "last"));
  received += receive(engine, 1).size();
  EXPECT_EQ(received + engine.counters().dropped_receive_full, flood + 1);
}

TEST(UringDatagram, a_send_that_the_kernel_refuses_is_counted) {
  UringDatagramPort port({.endpoints = {any_port}});
  ASSERT_TRUE(send(port, port.endpoints()[0], {loopback_ip, 0}, "to port zero"));
  EXPECT_EQ(port.counters().sent, 0u);
  EXPECT_EQ(port.counters().dropped_send_refused, 1u);
}

std::string message_of(auto&& make) {
  try {
    make();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

TEST(UringDatagram, a_busy_port_is_reported_with_the_name_of_who_holds_it) {
  UringDatagramPort holder({.endpoints = {any_port}});
  const Endpoint taken = holder.endpoints()[0];
  const std::string text = message_of([&] { UringDatagramPort second({.endpoints = {taken}}); });
  EXPECT_NE(text.find(to_text(taken)), std::string::npos) << text;
  EXPECT_NE(text.find("held by uring_datagram"), std::string::npos) << text;
  EXPECT_NE(text.find("pid " + std::to_string(::getpid())), std::string::npos) << text;
}

TEST(UringDatagram, wrong_endpoints_are_refused_in_words) {
  const auto refusal = [](std::vector<Endpoint> endpoints) {
    return message_of([&] { UringDatagramPort port({.endpoints = std::move(endpoints)}); });
  };
  EXPECT_NE(refusal({}), "");
  EXPECT_NE(refusal({{0, 7002}}).find("name one address"), std::string::npos);
  EXPECT_NE(refusal({{ipv4(192, 0, 2, 1), 7002}}).find("no interface has this address"),
            std::string::npos);
  EXPECT_NE(refusal(std::vector<Endpoint>(local_endpoints_max + 1, any_port)), "");
}

TEST(UringDatagram, a_missing_io_uring_is_named) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  const rlimit none{.rlim_cur = 3, .rlim_max = files.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::string text = message_of([] { UringDatagramPort port({.endpoints = {any_port}}); });
  ::setrlimit(RLIMIT_NOFILE, &files);
  EXPECT_NE(text.find("io_uring is not available: too many open files"), std::string::npos) << text;
}

}  // namespace
}  // namespace basalt::net
