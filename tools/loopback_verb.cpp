#include "tools/loopback_verb.h"

#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine_process.h"
#include "engine/exchange.h"
#include "engine/pipeline/clock.h"
#include "net/loopback/loopback_wire.h"
#include "net/udp_over_nic.h"
#include "tools/load_verb.h"

namespace basalt::tools {
namespace {

constexpr std::uint32_t wire_frames = 4'096;  // In each direction: 8 MiB.
constexpr net::MacAddress engine_mac{{0x02, 0, 0, 0x4d, 0, 0x01}};
constexpr net::MacAddress client_mac{{0x02, 0, 0, 0x4d, 0, 0x02}};

struct Wire {
  Ports engine;
  std::unique_ptr<net::DatagramPort> client;
};

Wire make_wire(const Configuration& configuration) {
  const VenueEndpoints& at = configuration.venue.endpoints;
  auto [engine_end, client_end] = net::make_loopback_wire(wire_frames, engine_mac, client_mac);
  Wire wire;
  wire.engine.orders = std::make_unique<net::UdpOverNic>(
      std::move(engine_end), at.ouch_udp_on_nic.ip,
      std::vector<net::Endpoint>{at.ouch_udp_on_nic, at.rerequest_on_nic});
  wire.client = std::make_unique<net::UdpOverNic>(
      std::move(client_end), client_endpoint().ip,
      std::vector<net::Endpoint>{client_endpoint(), at.feed_a, at.feed_b});
  return wire;
}

// The client runs until it is done; a stop that comes before that ends the engine in order, and the
// client says what was not answered.
int trade(Exchange& exchange, const StopSignal& stop, net::DatagramPort& wire,
          std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  std::atomic<bool> done{false};
  int status = 1;
  std::thread client([&] {
    status = load_over(wire, static_cast<int>(arguments.size()), arguments.data());
    done.store(true, std::memory_order_release);  // Pairs with the acquire below: `status`.
  });
  while (!done.load(std::memory_order_acquire) && !stop.wait(50) && exchange.fault() == 0) {
  }
  client.join();
  return status;
}

}  // namespace

int loopback_verb(int argc, char** argv) {
  CLI::App app("Runs engine and client in one process, over an in-memory wire.", "basalt loopback");
  app.allow_extras();
  EngineOptions options;
  options.nic = "loopback";
  app.add_option("--venue", options.venue, "who may trade what")->required();
  app.add_option("--topology", options.topology, "threads, rings, limits")->required();
  app.add_option("--data", options.data, "journal and all else that must survive")->required();
  app.add_option("--report", options.report, "write the engine's report as JSON");
  app.footer("All other options are the client's: basalt load --help");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  // Whoever looks for the engine looks for this name.
  ::prctl(PR_SET_NAME, "basalt-engine");
  try {
    const Configuration configuration = load_configuration(options);
    keep_configuration(options);
    allocate_by_node(configuration);
    const StopSignal stop;
    pipeline::SystemClock clock;
    Wire wire = make_wire(configuration);
    Exchange exchange(configuration.topology, configuration.venue, std::move(wire.engine),
                      exchange_settings(options, configuration), clock);
    exchange.start();
    print_start(options, configuration, exchange);
    std::vector<std::string> words = app.remaining();
    words.insert(words.begin(), "load");
    words.insert(words.end(), {"--data", options.data.string()});
    const int status = trade(exchange, stop, *wire.client, std::move(words));
    const Exchange::Report report = exchange.stop();
    write_report(options, configuration, exchange, report);
    return report.orderly ? status : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "basalt loopback: %s\n", error.what());
    return 1;
  }
}

}  // namespace basalt::tools
