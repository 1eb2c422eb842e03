// The wiring. Top to bottom is the life of an order.
#include "engine/exchange.h"

#include <sys/random.h>

#include "engine/engine_settings.h"
#include "net/relayed_port.h"
#include "pinning/workers.h"

namespace basalt {
namespace {

// Who reads the two broadcast rings.
enum CommandReader : std::uint32_t { to_journal, to_log, command_readers };
enum LogReader : std::uint32_t {
  back_to_risk,
  to_gateway,
  to_history,
  to_ledger,
  to_marketdata,
  events_to_journal,
  log_readers
};

// Datagrams of the feed between two threads: some 30 messages each.
constexpr std::uint32_t relayed_datagrams = 1'024;

// A port belongs to one thread: where marketdata has another than gateway, it sends by a relay.
Ports ports_of_threads(const pipeline::Topology& topology, Ports ports) {
  if (ports.feed || pipeline::share_thread(topology, "gateway", "marketdata")) return ports;
  net::RelayedPorts relayed = net::relay(std::move(ports.orders), relayed_datagrams);
  ports.orders = std::move(relayed.owner);
  ports.feed = std::move(relayed.sender);
  return ports;
}

// By a port of its own, or by the gateway's where they share a thread.
net::DatagramPort& feed_port(const Ports& ports) {
  return ports.feed ? *ports.feed : *ports.orders;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  static_cast<void>(::getrandom(&seed, sizeof seed, 0));  // Spreads tables and tokens; 0 serves.
  return seed;
}

}  // namespace

// clang-format off
Exchange::Exchange(const pipeline::Topology& topology, const VenueLoad& venue, Ports ports,
                   const Settings& settings, pipeline::Clock& clock)
    : topology_(topology), venue_(venue), settings_(settings), clock_(clock),
      ports_(ports_of_threads(topology, std::move(ports))),
      // 0. What was: the lock, and the state that the journal tells of. Room for what comes.
      mark_page_(settings.data),
      inspected_(journal::inspect(settings.data, pinning::Workers(settings.recovery_cores))),
      epochs_(inspected_), limits_(within_memory(topology, core_limits(topology, epochs_))),
      cores_(limits_, random_seed()),
      recovered_(recover(settings.data, std::move(inspected_), cores_, {}, settings.progress)),
      arena_(stages_memory_bytes(topology, limits_), topology.node),
      segments_(settings.data, recovered_.report.commands.resume.segment,
                recovered_.report.events.resume.segment, segment_options(topology), arena_),
      disk_(segments_),

      // Rings, named by payload and reader.
      commands_to_risk_(topology.rings.commands_to_risk, arena_),
      requests_to_risk_(topology.rings.requests_to_risk, arena_),
      admin_to_risk_(topology.rings.admin_to_risk, arena_),
      commands_(topology.rings.commands, command_readers, arena_),
      shards_(topology, limits_, cores_, arena_),
      log_ring_(topology.rings.log, log_readers, arena_),
      postings_to_settlement_(topology.rings.postings_to_settlement, arena_),
      instructions_to_domain_(topology.rings.instructions_to_domain, arena_),

      // 1. The journal, beside matching: commands become durable, and the mark says how far.
      journal_(commands_.reader(to_journal), log_ring_.reader(events_to_journal), disk_,
               journal_start(topology, recovered_), journal_limits(topology), arena_),
      // 2. The gateway: sessions; datagrams and bytes in, commands out, answers back.
      gateway_("gateway",
               {.log = log_ring_.reader(to_gateway), .commands_to_risk = commands_to_risk_,
                .answers = cores_.answers, .feed = cores_.feed,
                .durable_mark = journal_.durable_mark(),
                .datagrams = ports_.orders.get(), .streams = ports_.streams.get()},
               gateway_settings(topology, venue, recovered_.epoch + 1, random_seed()),
               reference_limits(topology), clock, arena_),
      // 3. Risk: checks, decides, numbers. From here the order of the world is fixed.
      risk_("risk",
            {.log = log_ring_.reader(back_to_risk),
             .inputs = {&commands_to_risk_, &requests_to_risk_, &admin_to_risk_},
             .commands = commands_, .shards = shards_.order_rings(),
             .shard_of_instrument = topology.shard_of_instrument,
             .durable_mark = journal_.durable_mark()},
            risk_settings(topology, recovered_), cores_.risk, clock, arena_),
      // 4. Matching (shards_): one shard, one core. 5. The log: commands and events in one order.
      log_("log", commands_.reader(to_log), shards_.event_rings(), topology.shard_of_instrument,
           log_ring_, cores_.log),
      // 6. History: each answer, encoded once; the gateway sends what the mark has passed.
      history_("history", log_ring_.reader(to_history), cores_.history),
      // 7. Market data: the feed, encoded once, sent as the mark moves.
      market_data_("marketdata", log_ring_.reader(to_marketdata), cores_.market_data, cores_.feed,
                   journal_.durable_mark(), feed_port(ports_),
                   feed_settings(topology, venue, recovered_.epoch + 1,
                                 feed_port(ports_).endpoints()[0]), clock),
      // 8. The ledger posts, settlement nets and drives, the domain answers with requests to risk.
      publishing_ledger_(cores_.ledger, postings_to_settlement_, arena_),
      ledger_("ledger", log_ring_.reader(to_ledger), publishing_ledger_),
      settlement_("settlement", postings_to_settlement_, instructions_to_domain_,
                  cores_.settlement),
      domain_stage_("domain", instructions_to_domain_, requests_to_risk_, domain_, arena_) {
  check_limits();
  plan_threads();
}
// clang-format on

}  // namespace basalt
