// The engine's end of every wire that DPDK opens, against the kernel's UDP in a namespace or
// another process: 100,000 datagrams out and back, in order and unchanged, then round trips one at
// a time. The figures are printed; they hold for the machine and its load, and are not judged here.
#include <gtest/gtest.h>

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "net/open_port.h"
#include "veth_wire.h"

namespace basalt::net {
namespace {

using std::chrono::steady_clock;

constexpr std::uint32_t engine_ip = ipv4(10, 77, 0, 1);
constexpr std::uint32_t client_ip = ipv4(10, 77, 0, 2);
constexpr Endpoint orders{engine_ip, 7002};
constexpr Endpoint requests{engine_ip, 7103};
constexpr Endpoint feed{ipv4(239, 192, 77, 1), 7101};
constexpr Endpoint client_end{client_ip, 40'000};

constexpr std::uint64_t datagrams = 100'000;
constexpr std::uint64_t window = 64;
constexpr std::uint64_t round_trips = 20'000;
constexpr auto patience = std::chrono::seconds(60);

// What a child reports through its pipe. Text only when it failed.
struct Result {
  std::uint64_t returned = 0;
  std::uint64_t wrong = 0;
  std::uint64_t feed_received = 0;
  std::int64_t rate_per_s = 0;
  std::int64_t p50_ns = 0;
  std::int64_t p99_ns = 0;
  std::array<char, 1'024> error{};
};

class Child {
 public:
  explicit Child(const std::function<void(int to_parent)>& body) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // Else it would keep the guards' pipes open.
      ::close(ends[0]);
      try {
        body(ends[1]);
      } catch (const std::exception& error) {
        Result failed;
        std::snprintf(failed.error.data(), failed.error.size(), "%s", error.what());
        (void)!::write(ends[1], &failed, sizeof failed);
      }
      std::exit(0);  // Destructors of statics too: DPDK's directory goes.
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  ~Child() {
    stop(SIGTERM);
    ::close(from_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Result wait_for_result() const {
    Result result;
    std::size_t at = 0;
    while (at < sizeof result) {
      const ssize_t size = ::read(from_, reinterpret_cast<char*>(&result) + at, sizeof result - at);
      if (size <= 0) {
        std::snprintf(result.error.data(), result.error.size(), "the process died");
        break;
      }
      at += static_cast<std::size_t>(size);
    }
    return result;
  }
  // The status of waitpid().
  int stop(int signal) {
    if (pid_ < 0) return 0;
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  int from_ = -1;
};

void report(int to_parent, const Result& result) {
  (void)!::write(to_parent, &result, sizeof result);
}

volatile sig_atomic_t stopping = 0;

// Sends back what comes to `orders`, and copies what comes to `requests` to the feed.
void serve(const PortConfig& config, int to_parent) {
  ::signal(SIGTERM, [](int) { stopping = 1; });
  const auto port = open_port(config);
  report(to_parent, {});
  std::array<Datagram, 64> batch;
  while (stopping == 0) {
    const std::uint32_t count = port->receive(batch);
    for (const Datagram& datagram : std::span(batch).first(count)) {
      const auto room = port->claim();
      if (room.empty()) continue;
      std::memcpy(room.data(), datagram.payload.data(), datagram.payload.size());
      const Endpoint to = datagram.destination == requests ? feed : datagram.source;
      port->commit(datagram.destination, to, datagram.payload.size());
    }
    port->flush();
  }
}

void fill(std::span<std::byte> payload, std::uint64_t number) {
  std::memcpy(payload.data(), &number, sizeof number);
  for (std::size_t i = sizeof number; i < payload.size(); ++i) {
    payload[i] = static_cast<std::byte>(number + i);
  }
}

// From 8 bytes to the largest payload there is, mostly of an order's size.
std::size_t size_of(std::uint64_t number) {
  return number % 100 == 0 ? datagram_bytes_max : 8 + number % 120;
}

bool is_right(std::span<const std::byte> payload, std::uint64_t number) {
  std::array<std::byte, datagram_bytes_max> expected;
  const auto wanted = std::span(expected).first(size_of(number));
  fill(wanted, number);
  return std::equal(payload.begin(), payload.end(), wanted.begin(), wanted.end());
}

void send(DatagramPort& port, Endpoint to, std::uint64_t number) {
  const auto room = port.claim();
  if (room.empty()) throw std::runtime_error("the client's transmit side is full");
  fill(room.first(size_of(number)), number);
  port.commit(port.endpoints()[0], to, size_of(number));
}

void exchange_many(DatagramPort& port, Result& result) {
  std::array<Datagram, 64> batch;
  std::uint64_t sent = 0;
  const auto start = steady_clock::now();
  while (result.returned < datagrams && steady_clock::now() - start < patience) {
    // One goes ahead, so that ARP is done.
    while (sent < datagrams && sent - result.returned < (result.returned == 0 ? 1 : window)) {
      send(port, orders, sent++);
    }
    port.flush();
    const std::uint32_t count = port.receive(batch);
    for (const Datagram& datagram : std::span(batch).first(count)) {
      result.wrong += !is_right(datagram.payload, result.returned) || datagram.source != orders;
      ++result.returned;
    }
  }
  const std::chrono::duration<double> took = steady_clock::now() - start;
  result.rate_per_s =
      static_cast<std::int64_t>(static_cast<double>(result.returned) / took.count());
}

void exchange_singly(DatagramPort& port, Result& result) {
  std::array<Datagram, 64> batch;
  std::vector<std::int64_t> times;
  times.reserve(round_trips);
  const auto deadline = steady_clock::now() + patience;
  for (std::uint64_t number = 1; number <= round_trips; ++number) {
    const auto start = steady_clock::now();
    send(port, orders, number);
    port.flush();
    while (port.receive(batch) == 0) {
      if (steady_clock::now() > deadline) throw std::runtime_error("a round trip came to no end");
    }
    times.push_back((steady_clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  result.p50_ns = times[times.size() / 2];
  result.p99_ns = times[times.size() * 99 / 100];
}

void read_feed(DatagramPort& port, Result& result) {
  constexpr std::uint64_t messages = 1'000;
  std::array<Datagram, 64> batch;
  const auto deadline = steady_clock::now() + patience;
  for (std::uint64_t number = 0; number < messages; ++number) {
    send(port, requests, number);
    port.flush();
    std::uint32_t count = 0;
    while (count == 0 && steady_clock::now() < deadline) count = port.receive(batch);
    for (const Datagram& datagram : std::span(batch).first(count)) {
      const bool right = is_right(datagram.payload, number) && datagram.destination == feed &&
                         datagram.source == requests;
      result.feed_received += right;
    }
  }
}

void ask(DatagramPort& port, int to_parent) {
  Result result;
  exchange_many(port, result);
  exchange_singly(port, result);
  read_feed(port, result);
  report(to_parent, result);
}

void expect_all(const char* name, const Result& result) {
  ASSERT_STREQ(result.error.data(), "");
  EXPECT_EQ(result.returned, datagrams);
  EXPECT_EQ(result.wrong, 0u);
  EXPECT_EQ(result.feed_received, 1'000u);
  std::printf(
      "%-24s round trip p50 %6.2f us, p99 %6.2f us; %lld round trips/s with %llu under way\n", name,
      static_cast<double>(result.p50_ns) / 1e3, static_cast<double>(result.p99_ns) / 1e3,
      static_cast<long long>(result.rate_per_s), static_cast<unsigned long long>(window));
}

PortConfig engine_on(PortKind kind, const std::string& device, bool huge_pages) {
  return {.kind = kind,
          .device = device,
          .driver_arguments = "",
          .ip = engine_ip,
          .endpoints = {orders, requests},
          .huge_pages = huge_pages};
}

PortConfig client_of(PortKind kind, const std::string& device, bool huge_pages) {
  return {.kind = kind,
          .device = device,
          .driver_arguments = "",
          .ip = client_ip,
          .endpoints = {client_end, feed},
          .huge_pages = huge_pages};
}

// Empty: there is enough. DPDK asks for 96 MiB in each process.
std::string pages_are_missing(const HugePages* pages) {
  if (pages == nullptr || pages->enough()) return "";
  return "the kernel gave no 2 MiB pages: memory is too fragmented or too small";
}

struct Wire {
  const char* name;
  PortKind kind;
  bool huge_pages;
};

class DpdkWire : public testing::TestWithParam<Wire> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "veth pairs and namespaces need root";
    if (GetParam().huge_pages) pages_ = std::make_unique<HugePages>(128);
    const std::string missing = pages_are_missing(pages_.get());
    if (!missing.empty()) GTEST_SKIP() << missing;
  }
  std::unique_ptr<HugePages> pages_;
};

class DpdkVeth : public DpdkWire {};

TEST_P(DpdkVeth, kernel_udp_at_the_other_end_gets_everything_back_in_order) {
  const VethWire veth;
  Child engine([&](int to_parent) {
    serve(engine_on(GetParam().kind, veth.near_end(), GetParam().huge_pages), to_parent);
  });
  ASSERT_STREQ(engine.wait_for_result().error.data(), "");
  const Child client([&](int to_parent) {
    veth.move_to_far_end();
    const auto port = open_port(client_of(PortKind::uring, "", false));
    ask(*port, to_parent);
  });
  expect_all(GetParam().name, client.wait_for_result());
  const int status = engine.stop(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// A killed engine leaves its XDP program and its socket to the kernel; the next must start at once.
TEST_P(DpdkVeth, a_killed_engine_starts_again_on_the_same_wire) {
  const VethWire veth;
  const auto start = [&](int to_parent) {
    serve(engine_on(GetParam().kind, veth.near_end(), GetParam().huge_pages), to_parent);
  };
  for (int i = 0; i < 3; ++i) {
    Child engine(start);
    ASSERT_STREQ(engine.wait_for_result().error.data(), "") << "start " << i;
    engine.stop(SIGKILL);
  }
  const Child engine(start);
  ASSERT_STREQ(engine.wait_for_result().error.data(), "");
  const Child client([&](int to_parent) {
    veth.move_to_far_end();
    const auto port = open_port(client_of(PortKind::uring, "", false));
    Result result;
    exchange_singly(*port, result);
    report(to_parent, result);
  });
  EXPECT_STREQ(client.wait_for_result().error.data(), "");
}

INSTANTIATE_TEST_SUITE_P(, DpdkVeth,
                         testing::Values(Wire{"af_packet", PortKind::af_packet, false},
                                         Wire{"af_packet_huge_pages", PortKind::af_packet, true},
                                         Wire{"af_xdp", PortKind::af_xdp, false},
                                         Wire{"af_xdp_huge_pages", PortKind::af_xdp, true}),
                         [](const auto& wire) { return wire.param.name; });

// A new folder for the memif socket, gone at the end.
struct SocketFolder {
  SocketFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "basalt-test-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~SocketFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  [[nodiscard]] std::string socket() const { return (path / "memif.sock").string(); }
  std::filesystem::path path;
};

class DpdkMemif : public DpdkWire {};

TEST_P(DpdkMemif, another_process_gets_everything_back_in_order) {
  const SocketFolder folder;
  const bool huge_pages = GetParam().huge_pages;
  Child engine([&](int to_parent) {
    serve(engine_on(PortKind::memif_server, folder.socket(), huge_pages), to_parent);
  });
  ASSERT_STREQ(engine.wait_for_result().error.data(), "");
  const Child client([&](int to_parent) {
    const auto port = open_port(client_of(PortKind::memif_client, folder.socket(), huge_pages));
    ask(*port, to_parent);
  });
  expect_all(GetParam().name, client.wait_for_result());
  const int status = engine.stop(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path));
}

// All of the engine on one core: DPDK's interrupt thread then runs in the middle of a poll, which
// is when it must not take the memory away.
TEST_P(DpdkMemif, the_server_outlives_clients_that_are_killed_in_the_middle) {
  const SocketFolder folder;
  const bool huge_pages = GetParam().huge_pages;
  Child engine([&](int to_parent) {
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    ::sched_setaffinity(0, sizeof first, &first);
    serve(engine_on(PortKind::memif_server, folder.socket(), huge_pages), to_parent);
  });
  ASSERT_STREQ(engine.wait_for_result().error.data(), "");
  for (int i = 0; i < 10; ++i) {
    Child client([&](int to_parent) {
      const auto port = open_port(client_of(PortKind::memif_client, folder.socket(), huge_pages));
      report(to_parent, {});
      for (;;) {
        Result endless;
        exchange_many(*port, endless);
      }
    });
    ASSERT_STREQ(client.wait_for_result().error.data(), "") << "client " << i;
    ::usleep(static_cast<useconds_t>(5'000 + 3'000 * i));
    client.stop(SIGKILL);
  }
  const Child client([&](int to_parent) {
    const auto port = open_port(client_of(PortKind::memif_client, folder.socket(), huge_pages));
    Result result;
    exchange_singly(*port, result);
    report(to_parent, result);
  });
  EXPECT_STREQ(client.wait_for_result().error.data(), "");
  const int status = engine.stop(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

INSTANTIATE_TEST_SUITE_P(, DpdkMemif,
                         testing::Values(Wire{"memif", PortKind::memif_server, false},
                                         Wire{"memif_huge_pages", PortKind::memif_server, true}),
                         [](const auto& wire) { return wire.param.name; });

std::string refusal(const PortConfig& config) {
  const Child child([&](int to_parent) {
    const auto port = open_port(config);
    report(to_parent, {});
  });
  return child.wait_for_result().error.data();
}

TEST(DpdkErrors, what_is_wrong_is_said_in_words) {
  if (::geteuid() != 0) GTEST_SKIP() << "raw frames need root";
  const auto says = [](const PortConfig& config, const char* words) {
    const std::string text = refusal(config);
    EXPECT_NE(text.find(words), std::string::npos) << text;
  };
  says(engine_on(PortKind::af_packet, "basalt-none", false), "no such network interface");
  says(engine_on(PortKind::af_xdp, "basalt-none", false), "no such network interface");
  says(engine_on(PortKind::memif_server, "/nowhere/memif.sock", false), "/nowhere, does not exist");
  says(client_of(PortKind::memif_client, "/tmp/basalt-none.sock", false), "nobody serves");
  says(engine_on(PortKind::pci, "ffff:ff:1f.7", false), "ffff:ff:1f.7");
  PortConfig wrong_ip = engine_on(PortKind::af_packet, "lo", false);
  wrong_ip.ip = client_ip;
  says(wrong_ip, "neither a group nor this end");
}

}  // namespace
}  // namespace basalt::net
