// basalt-engine: read topology and venue, check them, build, run until told to stop, report.
#include <cstdio>
#include <exception>

#include "engine/engine_process.h"
#include "engine/exchange.h"
#include "engine/pipeline/clock.h"

int main(int argc, char** argv) {
  using namespace basalt;
  EngineOptions options;
  if (const int status = parse_options(argc, argv, options); status >= 0) return status;
  try {
    const Configuration configuration = load_configuration(options);
    if (options.check_only) {
      print_check(configuration);
      return 0;
    }
    keep_configuration(options);
    allocate_by_node(configuration);

    const StopSignal stop_signal;
    pipeline::SystemClock clock;
    Exchange exchange(configuration.topology, configuration.venue,
                      open_ports(options, configuration), exchange_settings(options, configuration),
                      clock);
    exchange.start();
    print_start(options, configuration, exchange);

    const std::int32_t fault = wait_for_stop(stop_signal, exchange);
    const Exchange::Report report = exchange.stop();
    write_report(options, configuration, exchange, report);
    return fault == 0 && report.orderly ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "basalt-engine: %s\n", error.what());
    return 1;
  }
}
