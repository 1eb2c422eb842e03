#include "tools/load_verb.h"

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "engine/venue.h"
#include "net/open_port.h"
#include "net/uring/uring_stream_port.h"
#include "tools/load/load.h"

namespace basalt::tools {
namespace {

struct Options {
  load::LoadOptions load;
  std::string nic = "uring";
  std::string transport;  // Empty: tcp on uring, udp elsewhere.
  std::string device;
  std::string venue;  // Empty: the data directory's; neither: the demonstration venue's addresses.
  std::string own_ip;
  std::vector<std::uint32_t> accounts;
  std::string summary;
  net::DatagramPort* wire = nullptr;  // Loopback: the caller's.
};

// Where the demonstration venue is, seen from a client on this kind of wire.
constexpr std::uint32_t nic_client_ip = net::ipv4(10, 77, 0, 2);
constexpr std::uint32_t nic_venue_ip = net::ipv4(10, 77, 0, 1);
// A NIC of our own has no kernel to choose a port.
constexpr std::uint16_t own_port = 7'202;

std::atomic<int> stops{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler adds to it");

void on_signal(int) {
  stops.fetch_add(1, std::memory_order_relaxed);  // A flag: carries no data.
}

VenueEndpoints demonstration_endpoints() {
  return {.ouch_tcp = {net::loopback_ip, 7'001},
          .ouch_udp = {net::loopback_ip, 7'002},
          .ouch_udp_on_nic = {nic_venue_ip, 7'002},
          .rerequest = {net::loopback_ip, 7'103},
          .rerequest_on_nic = {nic_venue_ip, 7'103},
          .feed_a = {net::ipv4(239, 192, 77, 1), 7'101},
          .feed_b = {net::ipv4(239, 192, 77, 2), 7'102}};
}

// The accounts of the user's firm, in the order of the file: the first two are acted for.
std::vector<std::uint32_t> accounts_of(const VenueLoad& venue, const std::string& user) {
  std::vector<std::uint32_t> accounts;
  for (const Command& session : venue.definitions) {
    if (session.order.kind != CommandKind::define_session) continue;
    const auto defined = session.as<DefineSession>();
    if (std::string(defined.user.begin(), defined.user.end()).substr(0, user.size()) != user) {
      continue;
    }
    for (const Command& command : venue.definitions) {
      if (command.order.kind != CommandKind::define_account) continue;
      const auto account = command.as<DefineAccount>();
      if (account.firm == defined.firm) accounts.push_back(index_of(account.account));
    }
    return accounts;
  }
  throw std::runtime_error(venue.file + " has no user " + user);
}

VenueLoad venue_of(const Options& options) {
  VenueLoad venue;
  std::filesystem::path file = options.venue;
  if (file.empty() && !options.load.data.empty()) file = options.load.data / "venue.toml";
  if (file.empty()) {
    venue.endpoints = demonstration_endpoints();
    return venue;
  }
  venue = load_venue(file);
  if (venue.ok()) return venue;
  std::string text = "the venue file cannot be used:";
  for (const Finding& finding : venue.findings) text += "\n  " + to_text(finding);
  throw std::runtime_error(text);
}

void complete(Options& options) {
  const VenueLoad venue = venue_of(options);
  load::LoadOptions& load = options.load;
  const bool kernel_loopback = options.nic == "uring";
  const bool tcp = options.transport == "tcp";
  const VenueEndpoints& at = venue.endpoints;
  load.orders = tcp ? at.ouch_tcp : kernel_loopback ? at.ouch_udp : at.ouch_udp_on_nic;
  load.feed.groups = {at.feed_a, at.feed_b};
  load.feed.rerequest = kernel_loopback ? at.rerequest : at.rerequest_on_nic;
  if (!venue.definitions.empty() && options.accounts.empty()) {
    options.accounts = accounts_of(venue, load.login.user);
  }
  if (options.accounts.size() == 1) options.accounts.push_back(options.accounts.front());
  if (options.accounts.size() >= 2) load.accounts = {options.accounts[0], options.accounts[1]};
  load.nic = options.nic;
  load.transport = options.transport;
  // Without system calls to wait for, a look costs little: look more often.
  if (options.nic == "memif") load.nap = Nanos{2'000};
  load.stop = &stops;
}

std::unique_ptr<net::DatagramPort> open_wire(const Options& options) {
  const load::LoadOptions& load = options.load;
  const bool memif = options.nic == "memif";
  net::PortConfig config;
  config.kind = memif ? net::PortKind::memif_client : net::PortKind::uring;
  config.device = options.device;
  config.ip = options.nic == "uring" ? net::loopback_ip : nic_client_ip;
  if (!options.own_ip.empty()) {
    const auto ip = net::ip_from_text(options.own_ip);
    if (!ip) throw std::invalid_argument("not an address: " + options.own_ip);
    config.ip = *ip;
  }
  const std::uint16_t port = memif ? own_port : std::uint16_t{0};
  config.endpoints = {{config.ip, port}, load.feed.groups[0], load.feed.groups[1]};
  return net::open_port(config);
}

int run(Options& options) {
  complete(options);
  const load::LoadOptions& load = options.load;
  std::unique_ptr<net::DatagramPort> opened;
  if (options.wire == nullptr) opened = open_wire(options);
  net::DatagramPort& datagrams = options.wire == nullptr ? *opened : *options.wire;
  std::unique_ptr<net::StreamPort> streams;
  if (options.transport == "tcp") {
    streams = std::make_unique<net::UringStreamPort>(net::UringStreamConfig{.listen = {}});
  }
  if (options.wire == nullptr) {  // Otherwise they are the host's.
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
  }
  const load::LoadReport report = load::run_load(load, {datagrams, streams.get()});
  std::fputs(to_text(report).c_str(), stdout);
  if (!options.summary.empty()) {
    std::ofstream file(options.summary);
    file << to_json(report) << '\n';
    if (!file.flush()) throw std::runtime_error("cannot write " + options.summary);
  }
  return report.clean() ? 0 : 1;
}

void add_options(CLI::App& app, Options& options) {
  load::LoadOptions& load = options.load;
  app.add_option("--nic", options.nic, "how this end reaches the venue's wire")
      ->check(CLI::IsMember({"uring", "af_packet", "af_xdp", "memif"}))
      ->capture_default_str();
  app.add_option("--transport", options.transport, "of orders; default: tcp on uring, else udp")
      ->check(CLI::IsMember({"udp", "tcp"}));
  app.add_option("--device", options.device, "memif: the socket's path");
  app.add_option("--ip", options.own_ip, "this end's address; default: 127.0.0.1, or 10.77.0.2");
  app.add_option("--input", load.input, "a LOBSTER message file or Bitfinex feed, played whole");
  app.add_option("--symbol", load.symbol, "of the input; default: by its name");
  app.add_option("--seconds", load.seconds, "of generated flow")->capture_default_str();
  app.add_option("--rate", load.rate,
                 "orders (Enter) a second, from planned times; 0: as fast as the window allows");
  app.add_option("--window", load.window, "messages under way at most")
      ->check(CLI::Range(1, 65'536))
      ->capture_default_str();
  app.add_option("--seed", load.seed, "of generated flow")->capture_default_str();
  app.add_option("--instruments", load.instruments_max, "in generated flow, at most")
      ->check(CLI::Range(1, 1'024))
      ->capture_default_str();
  app.add_option("--user", load.login.user, "who logs in")->capture_default_str();
  app.add_option("--password", load.login.password)->capture_default_str();
  app.add_option("--accounts", options.accounts,
                 "numbers of the resting and the aggressive account; default: the first two of "
                 "the user's firm in the venue file, else 10 and 11")
      ->delimiter(',')
      ->expected(1, 2);
  app.add_option("--venue", options.venue,
                 "venue file with addresses and accounts; default: the data directory's");
  app.add_option("--data", load.data, "the engine's data directory: compare books with its own");
  app.add_flag("!--no-comparison", load.compares,
               "build the feed's books and compare them with none");
  app.add_option("--summary", options.summary, "write the figures as JSON");
}

}  // namespace

namespace {

int parse_and_run(int argc, char** argv, net::DatagramPort* wire) {
  CLI::App app("Trades over the wire, accounts for every answer, and compares books with the feed.",
               "basalt load");
  Options options;
  options.wire = wire;
  if (wire != nullptr) options.nic = "loopback";
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.transport.empty()) options.transport = options.nic == "uring" ? "tcp" : "udp";
  const char* misuse = nullptr;
  if (options.transport == "tcp" && options.nic != "uring") misuse = "tcp goes with --nic uring";
  if (options.nic == "memif" && options.device.empty()) misuse = "memif needs --device";
  if (options.load.seconds == 0) misuse = "--seconds is at least 1";
  if (misuse != nullptr) {
    std::fprintf(stderr, "basalt load: %s\n", misuse);
    return 2;
  }
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "basalt load: %s\n", error.what());
    return 1;
  }
}

}  // namespace

int load_verb(int argc, char** argv) {
  return parse_and_run(argc, argv, nullptr);
}

int load_over(net::DatagramPort& wire, int argc, char** argv) {
  return parse_and_run(argc, argv, &wire);
}

net::Endpoint client_endpoint() {
  return {nic_client_ip, own_port};
}

}  // namespace basalt::tools
