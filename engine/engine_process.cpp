#include "engine/engine_process.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "engine/engine_settings.h"
#include "engine/epochs.h"
#include "engine/money_json.h"
#include "net/open_port.h"
#include "net/uring/uring_stream_port.h"
#include "pinning/allocator.h"

namespace basalt {
namespace {

std::uint64_t load(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);  // A counter: carries no data.
}

nlohmann::json latency_json(const pipeline::TickHistogram& histogram) {
  return {{"p50", histogram.percentile(500'000)},    {"p90", histogram.percentile(900'000)},
          {"p99", histogram.percentile(990'000)},    {"p99_9", histogram.percentile(999'000)},
          {"p99_99", histogram.percentile(999'900)}, {"max", histogram.percentile(1'000'000)}};
}

nlohmann::json stage_json(const pipeline::StageReport& stage) {
  return {
      {"name", stage.name},
      {"core", stage.core ? nlohmann::json(*stage.core) : nlohmann::json()},
      {"messages", stage.messages},
      {"busy_share", stage.busy_share},
      {"cycle_ns",
       {{"p50", stage.cycle_ns_p50}, {"p99", stage.cycle_ns_p99}, {"max", stage.cycle_ns_max}}}};
}

nlohmann::json thread_json(const Exchange::ThreadReport& thread, const pinning::Machine& machine) {
  nlohmann::json json = {
      {"name", thread.name}, {"core", nullptr}, {"node", nullptr}, {"allocated_bytes", nullptr}};
  if (thread.core) json["core"] = *thread.core;
  if (const auto* core = thread.core ? machine.core(*thread.core) : nullptr) {
    json["node"] = core->node;
  }
  if (thread.allocated_bytes) json["allocated_bytes"] = *thread.allocated_bytes;
  return json;
}

// malloc, beside the engine's own arenas; without a name it is the system's or a sanitizer's.
nlohmann::json allocator_json(const pinning::Machine& machine) {
  nlohmann::json json = {{"name", nullptr}, {"arenas", nlohmann::json::array()}};
  if (const std::string name = pinning::allocator(); !name.empty()) json["name"] = name;
  for (const pinning::NodeArena& arena : pinning::node_arenas(machine)) {
    json["arenas"].push_back({{"node", arena.node}, {"bound", arena.bound}});
  }
  return json;
}

std::string allocator_text(const pinning::Machine& machine) {
  std::string text = pinning::allocator();
  if (text.empty()) return "the system's";
  for (const pinning::NodeArena& arena : pinning::node_arenas(machine)) {
    text += ", node " + std::to_string(arena.node) + (arena.bound ? " bound" : " by first touch");
  }
  return text;
}

// What came to the port and what became of it. Of the causes only those that occurred.
nlohmann::json datagrams_json(const net::DatagramCounters& counters) {
  nlohmann::json not_delivered = nlohmann::json::object();
  for (std::size_t i = 0; i < net::frame_verdicts; ++i) {
    if (counters.not_delivered[i] == 0) continue;
    not_delivered[std::string(name_of(net::FrameVerdict{static_cast<std::uint8_t>(i)}))] =
        counters.not_delivered[i];
  }
  return {{"received", counters.received},
          {"sent", counters.sent},
          {"dropped_receive_full", counters.dropped_receive_full},
          {"dropped_transmit_full", counters.dropped_transmit_full},
          {"dropped_unresolved", counters.dropped_unresolved},
          {"dropped_send_refused", counters.dropped_send_refused},
          {"not_delivered", not_delivered}};
}

}  // namespace

int parse_options(int argc, char** argv, EngineOptions& options) {
  CLI::App app("The exchange engine: gateway, risk, matching, journal, ledger, settlement, feed.",
               "basalt-engine");
  app.set_version_flag("--version", "basalt-engine " BASALT_VERSION " " + build_commit());
  app.add_option("--venue", options.venue, "who may trade what (hw-config/venues)")->required();
  app.add_option("--topology", options.topology, "threads, rings, limits (hw-config/topologies)")
      ->required();
  app.add_option("--data", options.data, "journal and all else that must survive")->required();
  app.add_option("--nic", options.nic, "how datagrams come in")
      ->check(CLI::IsMember({"af_packet", "af_xdp", "memif", "pci", "uring"}))
      ->capture_default_str();
  app.add_option("--device", options.device,
                 "the NIC's interface (af_packet, af_xdp), socket path (memif), address (pci)");
  app.add_option("--report", options.report, "write a JSON report at an orderly stop");
  app.add_flag("--check", options.check_only, "check topology and venue, and start nothing");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.nic != "uring" && options.device.empty() && !options.check_only) {
    std::fprintf(stderr, "basalt-engine: --nic %s needs --device\n", options.nic.c_str());
    return 2;
  }
  return -1;
}

Configuration load_configuration(const EngineOptions& options) {
  pipeline::TopologyLoad topology = pipeline::load_topology(options.topology);
  VenueLoad venue = load_venue(options.venue);
  const auto list = [](const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) std::fprintf(stderr, "%s\n", to_text(finding).c_str());
  };
  std::size_t memory_bytes = 0;
  if (topology.ok()) {
    const std::vector<pipeline::MemoryPart> parts =
        memory_parts(topology.topology, core_limits(topology.topology, Epochs()));
    memory_bytes = pipeline::sum_of(parts);
    const auto finding =
        pipeline::check_memory(options.topology, parts, pipeline::machine_memory_bytes());
    if (finding) topology.findings.push_back(*finding);
  }
  list(topology.findings);
  list(venue.findings);
  const std::size_t count = topology.findings.size() + venue.findings.size();
  if (count > 0) {
    throw std::runtime_error(std::to_string(count) + (count == 1 ? " error" : " errors") +
                             " in the configuration; nothing was started");
  }
  return {std::move(topology.topology), std::move(venue), pinning::read_machine(), memory_bytes};
}

void print_check(const Configuration& configuration) {
  std::printf("topology and venue are sound; of %zu MiB of memory the start takes %zu\n",
              pipeline::machine_memory_bytes() >> 20, configuration.memory_bytes >> 20);
}

void keep_configuration(const EngineOptions& options) {
  std::filesystem::create_directories(options.data);
  const auto keep = [&](const std::string& from, const char* name) {
    const std::filesystem::path to = options.data / name;
    if (std::filesystem::exists(to) && std::filesystem::equivalent(from, to)) return;
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  };
  keep(options.topology, "topology.toml");
  keep(options.venue, "venue.toml");
}

void allocate_by_node(const Configuration& configuration) {
  const std::vector<pinning::Node>& nodes = configuration.machine.nodes;
  pinning::node_arenas(configuration.machine);
  int node = configuration.topology.node;
  if (node < 0 && nodes.size() == 1) node = static_cast<int>(nodes.front().number);
  if (node < 0) return;  // Wherever it is touched first, as the topology has it.
  const pinning::Failure failure = pinning::allocate_on_node(static_cast<unsigned>(node));
  if (failure) throw std::runtime_error(*failure);
}

Exchange::Settings exchange_settings(const EngineOptions& options,
                                     const Configuration& configuration) {
  return {.data = options.data,
          .build = build_commit(),
          .progress = {},
          .recovery_cores = pinning::cold_cores(configuration.machine)};
}

Ports open_ports(const EngineOptions& options, const Configuration& configuration) {
  const VenueEndpoints& at = configuration.venue.endpoints;
  const bool kernel = options.nic == "uring";
  net::PortConfig datagrams;
  datagrams.kind =
      options.nic == "memif" ? net::PortKind::memif_server : *net::port_kind_from_text(options.nic);
  datagrams.device = options.device;
  datagrams.ip = kernel ? at.ouch_udp.ip : at.ouch_udp_on_nic.ip;
  datagrams.endpoints = kernel ? std::vector{at.ouch_udp, at.rerequest}
                               : std::vector{at.ouch_udp_on_nic, at.rerequest_on_nic};
  datagrams.huge_pages = configuration.topology.huge_pages;
  Ports ports;
  ports.orders = net::open_port(datagrams);
  ports.streams = std::make_unique<net::UringStreamPort>(net::UringStreamConfig{
      .listen = {at.ouch_tcp}, .connections_max = configuration.topology.limits.connections_max});
  return ports;
}

std::string build_commit() {
  return BASALT_COMMIT;
}

void print_start(const EngineOptions& options, const Configuration& configuration,
                 const Exchange& exchange) {
  const Recovered& recovered = exchange.recovered();
  if (recovered.commands > 0) {
    std::printf("recovered   %" PRIu64 " commands, %" PRIu64 " events, epoch %u\n",
                recovered.commands, recovered.events, recovered.epoch);
  }
  if (recovered.report.torn()) {
    std::printf("torn tail   %" PRIu64 " records known to have gone, none acknowledged\n",
                recovered.report.commands_lost());
  }
  std::printf("memory      %zu MiB taken of %zu MiB, and up to %zu MiB of history to come\n",
              exchange.memory_bytes() >> 20, pipeline::machine_memory_bytes() >> 20,
              exchange.history_bytes_max() >> 20);
  std::printf("allocator   %s\n", allocator_text(configuration.machine).c_str());
  std::printf("journal     %s, %s\n", options.data.c_str(),
              exchange.direct_writes()
                  ? "O_DIRECT and O_DSYNC"
                  : "O_DSYNC through the page cache (O_DIRECT is refused here)");
  const VenueEndpoints& at = configuration.venue.endpoints;
  const bool kernel = options.nic == "uring";
  if (options.nic != "loopback") {
    std::printf("OUCH 5.0    SoupBinTCP %s\n", to_text(at.ouch_tcp).c_str());
  }
  std::printf("OUCH 5.0    MoldUDP64  %s (%s)\n",
              to_text(kernel ? at.ouch_udp : at.ouch_udp_on_nic).c_str(), options.nic.c_str());
  std::printf("ITCH 5.0    MoldUDP64  %s and %s, re-request %s\n", to_text(at.feed_a).c_str(),
              to_text(at.feed_b).c_str(),
              to_text(kernel ? at.rerequest : at.rerequest_on_nic).c_str());
  std::puts("ready");
  std::fflush(stdout);
}

StopSignal::StopSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  file_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (file_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

bool StopSignal::wait(int milliseconds) const {
  pollfd one{file_, POLLIN, 0};
  return ::poll(&one, 1, milliseconds) > 0;
}

std::int32_t wait_for_stop(const StopSignal& signal, Exchange& exchange) {
  while (!signal.wait(100)) {
    if (const std::int32_t fault = exchange.fault(); fault != 0) {
      std::fprintf(stderr, "basalt-engine: the journal failed (%s); nothing more is acknowledged\n",
                   std::strerror(fault));
      return fault;
    }
  }
  return 0;
}

void write_report(const EngineOptions& options, const Configuration& configuration,
                  const Exchange& exchange, const Exchange::Report& report) {
  for (const std::string& complaint : report.complaints) {
    std::fprintf(stderr, "basalt-engine: not orderly: %s\n", complaint.c_str());
  }
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016" PRIx64, report.state_hash);
  std::printf("stopped     %" PRIu64 " commands, %" PRIu64 " events, state hash %s\n",
              report.commands, report.events, hash);
  if (options.report.empty()) return;
  const gateway::GatewayCounters& gateway = exchange.gateway().counters();
  nlohmann::json json = {
      {"version", BASALT_VERSION},
      {"commit", build_commit()},
      {"nic", options.nic},
      {"topology", configuration.topology.name},
      {"epoch", exchange.recovered().epoch + 1},
      {"orderly", report.orderly},
      {"state_hash", hash},
      {"commands_journaled", report.commands},
      {"events_journaled", report.events},
      {"holds_outstanding_mismatch", report.holds_mismatched},
      {"ledger_imbalance", money_json(report.imbalance)},
      {"feed_messages", report.feed_messages},
      {"gateway",
       {{"commands", load(gateway.commands)},
        {"answers", load(gateway.answers)},
        {"logins", load(gateway.logins)},
        {"logins_repeated", load(gateway.logins_repeated)},
        {"logins_refused", load(gateway.logins_refused)},
        {"malformed", load(gateway.malformed)},
        {"unsupported", load(gateway.unsupported)},
        {"wrong_session", load(gateway.wrong_session)},
        {"late", load(gateway.late)},
        {"requests_unanswered", load(gateway.requests_unanswered)},
        {"given_up", load(gateway.given_up)},
        {"sessions_lost", load(gateway.sessions_lost)}}},
      {"datagrams", datagrams_json(exchange.datagrams())},
      {"wire_in_to_wire_out_ns", latency_json(exchange.gateway().wire_to_wire_ns())},
      {"overloaded_turns", exchange.risk().overloaded_turns()},
      {"memory_bytes", exchange.memory_bytes()},
      {"allocator", allocator_json(configuration.machine)},
      {"threads", nlohmann::json::array()},
      {"stages", nlohmann::json::array()}};
  for (const Exchange::ThreadReport& thread : exchange.thread_reports()) {
    json["threads"].push_back(thread_json(thread, configuration.machine));
  }
  for (const pipeline::StageReport& stage : exchange.stage_reports()) {
    json["stages"].push_back(stage_json(stage));
  }
  std::ofstream file(options.report);
  file << json.dump(2) << '\n';
  if (!file) std::fprintf(stderr, "basalt-engine: cannot write %s\n", options.report.c_str());
}

}  // namespace basalt
