// Kernel TCP through io_uring, on the loopback interface, against plain sockets and against itself.
#include <gtest/gtest.h>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/uring/bound_socket.h"
#include "net/uring/socket_address.h"
#include "net/uring/uring_stream_port.h"

namespace basalt::net {
namespace {

using std::chrono::steady_clock;
using Kind = StreamEvent::Kind;

constexpr Endpoint any_port{loopback_ip, 0};
constexpr auto patience = std::chrono::seconds(10);

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

struct Event {
  Kind kind;
  ConnectionId connection;
  CloseCause cause;
  std::uint16_t local_port;
  Endpoint peer;
  std::string text;
};

// Polls one port and keeps what came, so that a test can wait for an event of one kind.
struct Side {
  explicit Side(const UringStreamConfig& config, WireClock clock = realtime)
      : port(config, clock) {}

  void turn() {
    std::array<StreamEvent, 16> batch;
    const std::uint32_t count = port.poll(batch);
    for (const StreamEvent& event : std::span(batch).first(count)) {
      events.push_back(
          {event.kind, event.connection, event.cause, event.local_port, event.peer,
           std::string(reinterpret_cast<const char*>(event.bytes.data()), event.bytes.size())});
    }
    port.flush();
  }
  bool until(const std::function<bool()>& done) {
    const auto deadline = steady_clock::now() + patience;
    while (!done()) {
      if (steady_clock::now() > deadline) return false;
      turn();
    }
    return true;
  }
  // The next event, which must be of this kind.
  Event next(Kind kind) {
    EXPECT_TRUE(until([&] { return !events.empty(); })) << "no event came";
    if (events.empty()) return {};
    Event event = events.front();
    events.pop_front();
    EXPECT_EQ(static_cast<int>(event.kind), static_cast<int>(kind));
    return event;
  }
  std::string text(std::size_t size) {
    std::string all;
    while (all.size() < size) {
      const Event event = next(Kind::data);
      if (event.text.empty()) break;
      all += event.text;
    }
    return all;
  }
  Endpoint listening() const { return port.listening()[0]; }

  UringStreamPort port;
  std::deque<Event> events;
};

// A plain blocking socket, so that the port is not only tested against itself.
struct Client {
  explicit Client(Endpoint to, int receive_buffer = 0) : fd(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const sockaddr_in address = to_socket_address(to);
    connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() {
    if (fd >= 0) ::close(fd);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  void send(std::string_view text) const {
    ASSERT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // 0 is the server's FIN, -errno an error.
  long receive(std::string& into) const {
    std::array<char, 65'536> bytes;
    const ssize_t size = ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0) return -errno;
    into.append(bytes.data(), static_cast<std::size_t>(size));
    return size;
  }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd);
    fd = -1;
  }
  int fd;
  bool connected = false;
};

// Turns the server while the client reads until `size` bytes or the end have come.
long read_to_client(Side& server, const Client& client, std::string& into, std::size_t size) {
  long result = 1;
  server.until([&] {
    do {
      result = client.receive(into);
    } while (result > 0);
    return into.size() >= size || result != -EAGAIN;
  });
  return result;
}

TEST(UringStream, bytes_sent_one_at_a_time_come_back_in_order) {
  Side server({.listen = {any_port}});
  const Client client(server.listening());
  ASSERT_TRUE(client.connected);
  const Event opened = server.next(Kind::opened);
  EXPECT_EQ(opened.local_port, server.listening().port);
  EXPECT_EQ(opened.peer, local_endpoint(client.fd));
  std::string echoed;
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (const char letter : text) {
    client.send({&letter, 1});
    const std::string one = server.text(1);
    ASSERT_EQ(server.port.send(opened.connection, bytes_of(one)), 1u);
  }
  read_to_client(server, client, echoed, text.size());
  EXPECT_EQ(echoed, text);
}

TEST(UringStream, ten_megabytes_make_the_round_through_a_small_buffer) {
  Side server({.listen = {any_port}, .unsent_bytes_max = 1 << 16, .receive_buffers = 16});
  const Client client(server.listening());
  const ConnectionId id = server.next(Kind::opened).connection;
  std::string sent(10 << 20, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 251);
  std::thread writer([&] {
    std::size_t at = 0;
    while (at < sent.size()) {
      const ssize_t size = ::send(client.fd, sent.data() + at, sent.size() - at, MSG_NOSIGNAL);
      if (size <= 0) return;
      at += static_cast<std::size_t>(size);
    }
  });
  std::string echoed;
  std::string waiting;
  const bool done = server.until([&] {
    while (!server.events.empty()) {
      waiting += server.events.front().text;
      server.events.pop_front();
    }
    const std::size_t part = std::min(waiting.size(), server.port.send_room(id));
    if (part > 0) {
      EXPECT_EQ(server.port.send(id, bytes_of(std::string_view(waiting).substr(0, part))), part);
      waiting.erase(0, part);
    }
    while (client.receive(echoed) > 0) {
    }
    return echoed.size() >= sent.size();
  });
  ::shutdown(client.fd, SHUT_RDWR);
  writer.join();
  EXPECT_TRUE(done);
  EXPECT_TRUE(echoed == sent);
  EXPECT_EQ(server.port.counters().closed_slow, 0u);
}

TEST(UringStream, a_half_closed_peer_still_gets_its_answer) {
  Side server({.listen = {any_port}});
  const Client client(server.listening());
  const ConnectionId id = server.next(Kind::opened).connection;
  client.send("question");
  ::shutdown(client.fd, SHUT_WR);
  EXPECT_EQ(server.text(8), "question");
  server.next(Kind::ended);
  ASSERT_EQ(server.port.send(id, bytes_of("answer")), 6u);
  server.port.close(id);
  EXPECT_EQ(server.port.send(id, bytes_of("too late")), 0u);
  std::string answer;
  EXPECT_EQ(read_to_client(server, client, answer, 7), 0);
  EXPECT_EQ(answer, "answer");
  EXPECT_EQ(server.next(Kind::closed).cause, CloseCause::local);
}

TEST(UringStream, close_delivers_what_was_sent_before_it_and_the_peers_bytes_are_dropped) {
  Side server({.listen = {any_port}});
  Client client(server.listening());
  const ConnectionId id = server.next(Kind::opened).connection;
  const std::string last(200'000, 'z');
  ASSERT_EQ(server.port.send(id, bytes_of(last)), last.size());
  server.port.close(id);
  client.send("never read");
  std::string received;
  EXPECT_EQ(read_to_client(server, client, received, last.size() + 1), 0);
  EXPECT_TRUE(received == last);
  EXPECT_TRUE(server.events.empty());
  ::close(client.fd);
  client.fd = -1;
  EXPECT_EQ(server.next(Kind::closed).cause, CloseCause::local);
}

TEST(UringStream, a_peer_that_resets_is_closed_with_its_cause) {
  Side server({.listen = {any_port}});
  Client client(server.listening());
  const ConnectionId id = server.next(Kind::opened).connection;
  client.reset();
  const Event closed = server.next(Kind::closed);
  EXPECT_EQ(closed.connection, id);
  EXPECT_EQ(closed.cause, CloseCause::reset);
  EXPECT_EQ(server.port.send(id, bytes_of("x")), 0u);
  EXPECT_EQ(server.port.send_room(id), 0u);
  server.port.close(id);
  EXPECT_EQ(server.port.counters().closed_reset, 1u);
}

TEST(UringStream, a_slow_reader_is_reset_at_its_limit_and_others_are_not) {
  Side server({.listen = {any_port}, .unsent_bytes_max = 1 << 16});
  const Client slow(server.listening(), 4'096);
  const ConnectionId slow_id = server.next(Kind::opened).connection;
  const Client good(server.listening());
  const ConnectionId good_id = server.next(Kind::opened).connection;
  const std::string block(10'000, 'x');
  std::string read_by_good;
  std::uint64_t taken = 0;
  const bool reset = server.until([&] {
    if (server.port.send(slow_id, bytes_of(block)) == 0) return true;
    taken += block.size();
    server.port.send(good_id, bytes_of(block));
    server.turn();
    while (good.receive(read_by_good) > 0) {
    }
    return false;
  });
  ASSERT_TRUE(reset);
  const Event closed = server.next(Kind::closed);
  EXPECT_EQ(closed.connection, slow_id);
  EXPECT_EQ(closed.cause, CloseCause::slow);
  EXPECT_EQ(server.port.counters().closed_slow, 1u);
  EXPECT_EQ(read_to_client(server, good, read_by_good, taken), -EAGAIN);
  EXPECT_EQ(read_by_good.size(), taken);
  std::string rest;
  EXPECT_EQ(read_to_client(server, slow, rest, taken), -ECONNRESET);
  EXPECT_LT(rest.size(), taken);
}

TEST(UringStream, an_owner_that_does_not_poll_closes_the_window_and_loses_nothing) {
  Side server({.listen = {any_port}, .receive_buffers = 16});
  const Client client(server.listening());
  server.next(Kind::opened);
  server.turn();  // The receive is armed.
  std::string sent;
  for (;;) {
    const std::string block = std::to_string(sent.size()) + std::string(5'000, '.');
    const ssize_t size = ::send(client.fd, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size > 0) sent += block.substr(0, static_cast<std::size_t>(size));
    if (size < 0) {
      pollfd writable{.fd = client.fd, .events = POLLOUT, .revents = 0};
      if (::poll(&writable, 1, 200) == 0) break;  // The window stays closed.
    }
    ASSERT_LT(sent.size(), std::size_t{64} << 20);
  }
  std::string received;
  while (received.size() < sent.size()) {
    const std::string part = server.text(1);
    ASSERT_FALSE(part.empty());
    received += part;
  }
  EXPECT_TRUE(received == sent);
}

TEST(UringStream, connections_beyond_the_limit_are_refused_and_slots_come_back) {
  Side server({.listen = {any_port}, .connections_max = 2});
  std::vector<ConnectionId> ids;
  for (int round = 0; round < 3; ++round) {
    Client one(server.listening());
    Client two(server.listening());
    ids = {server.next(Kind::opened).connection, server.next(Kind::opened).connection};
    EXPECT_EQ(ids[0].generation, static_cast<std::uint32_t>(round + 1));
    const Client three(server.listening());
    std::string nothing;
    EXPECT_EQ(read_to_client(server, three, nothing, 1), -ECONNRESET);
    EXPECT_EQ(server.port.counters().refused_full, static_cast<std::uint64_t>(round + 1));
    one.reset();
    two.reset();
    server.next(Kind::closed);
    server.next(Kind::closed);
  }
  EXPECT_EQ(server.port.send(ids[0], bytes_of("a dead id does nothing")), 0u);
}

TEST(UringStream, it_connects_and_talks_to_itself_over_several_ports) {
  Side server({.listen = {any_port, any_port}});
  Side client({});
  const ConnectionId at_client = client.port.connect(server.port.listening()[1]);
  ASSERT_NE(at_client, no_connection);
  const Event opened = client.next(Kind::opened);
  EXPECT_EQ(opened.connection, at_client);
  const Event accepted = server.next(Kind::opened);
  EXPECT_EQ(accepted.local_port, server.port.listening()[1].port);
  EXPECT_EQ(accepted.peer.port, opened.local_port);
  client.port.send(at_client, bytes_of("hello"));
  client.port.flush();
  EXPECT_EQ(server.text(5), "hello");
  client.port.close(at_client);
  client.turn();
  server.next(Kind::ended);
  server.port.close(accepted.connection);
  EXPECT_EQ(server.next(Kind::closed).cause, CloseCause::local);
  EXPECT_EQ(client.next(Kind::closed).cause, CloseCause::local);
}

TEST(UringStream, a_connect_that_nobody_takes_is_closed_as_refused) {
  Endpoint nobody;
  {
    const Side gone({.listen = {any_port}});
    nobody = gone.listening();
  }
  Side client({});
  const ConnectionId id = client.port.connect(nobody);
  const Event closed = client.next(Kind::closed);
  EXPECT_EQ(closed.connection, id);
  EXPECT_EQ(closed.cause, CloseCause::refused);
}

TEST(UringStream, a_connect_under_way_can_be_closed) {
  Side client({});
  const ConnectionId id = client.port.connect({ipv4(192, 0, 2, 1), 9});  // TEST-NET-1: no answer.
  client.port.close(id);
  const Event closed = client.next(Kind::closed);
  EXPECT_EQ(closed.connection, id);
}

Nanos late_clock_time;
Nanos late_clock() noexcept {
  return late_clock_time;
}

TEST(UringStream, a_peer_that_never_ends_is_let_go_after_the_close_wait) {
  late_clock_time = Nanos{1'000'000'000};
  Side server({.listen = {any_port}}, late_clock);
  const Client client(server.listening());
  const ConnectionId id = server.next(Kind::opened).connection;
  server.port.close(id);
  late_clock_time += close_wait - Nanos{1};
  for (int i = 0; i < 100; ++i) server.turn();
  EXPECT_TRUE(server.events.empty());
  late_clock_time += Nanos{1};
  EXPECT_EQ(server.next(Kind::closed).cause, CloseCause::local);
}

TEST(UringStream, a_port_binds_again_at_once_after_its_owner_was_killed) {
  Endpoint listening;
  std::array<int, 2> from_child{};
  ASSERT_EQ(::pipe(from_child.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Side server({.listen = {any_port}});
    const Endpoint own = server.listening();
    if (::write(from_child[1], &own, sizeof own) != sizeof own) ::_exit(1);
    for (;;) server.turn();
  }
  ASSERT_EQ(::read(from_child[0], &listening, sizeof listening),
            static_cast<ssize_t>(sizeof listening));
  Client client(listening);
  client.send("hello");
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const auto start = steady_clock::now();
  EXPECT_NO_THROW(Side({.listen = {listening}}));
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(1));
  ::close(from_child[0]);
  ::close(from_child[1]);
}

TEST(UringStream, a_busy_port_is_reported_with_the_name_of_who_holds_it) {
  const Side holder({.listen = {any_port}});
  try {
    const Side second({.listen = {holder.listening()}});
    FAIL() << "the port was given twice";
  } catch (const std::runtime_error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find(to_text(holder.listening())), std::string::npos) << text;
    EXPECT_NE(text.find("held by uring_stream"), std::string::npos) << text;
  }
}

TEST(UringStream, a_thousand_short_connections_leave_nothing_behind) {
  Side server({.listen = {any_port}, .connections_max = 8});
  for (int i = 0; i < 1'000; ++i) {
    Client client(server.listening());
    const ConnectionId id = server.next(Kind::opened).connection;
    client.send("x");
    ASSERT_EQ(server.text(1), "x");
    server.port.send(id, bytes_of("y"));
    if (i % 2 == 0) {
      server.port.close(id);
      std::string answer;
      EXPECT_EQ(read_to_client(server, client, answer, 2), 0);
      ::close(client.fd);
      client.fd = -1;
    } else {
      client.reset();
    }
    server.next(Kind::closed);
  }
  EXPECT_EQ(server.port.counters().opened, 1'000u);
  EXPECT_EQ(server.port.counters().closed, 1'000u);
}

}  // namespace
}  // namespace basalt::net
