#include "engine/engine_settings.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "engine/epochs.h"
#include "engine/ledger/publishing_ledger.h"
#include "engine/settlement/domain.h"

namespace basalt {
namespace {

// With ack = sequenced a restart may take back what was told, so it opens streams of another name.
moldudp64::SessionName stream_name(const pipeline::Topology& topology, std::string base,
                                   std::uint32_t epoch) {
  moldudp64::SessionName name;
  if (topology.acknowledge == pipeline::Acknowledge::sequenced) {
    const std::string digits = std::to_string(epoch);
    base = base.substr(0, name.chars().size() - std::min<std::size_t>(digits.size(), 6)) + digits;
  }
  static_cast<void>(name.assign(base));  // load_venue() has seen that it fits.
  return name;
}

}  // namespace

ReferenceLimits reference_limits(const pipeline::Topology& topology) {
  return basalt::reference_limits(epoch_limits(topology));
}

journal::Journal::Start journal_start(const pipeline::Topology& topology,
                                      const Recovered& recovered) {
  return {.engine = topology.engine,
          .epoch = recovered.epoch + 1,
          .commands = recovered.report.commands.resume,
          .events = recovered.report.events.resume};
}

journal::BlockWriter::Limits journal_limits(const pipeline::Topology& topology) {
  return {.buffer_blocks = topology.journal.buffer_blocks,
          .writes_in_flight = topology.journal.writes_in_flight,
          .write_blocks = topology.journal.write_blocks};
}

journal::SegmentMaker::Options segment_options(const pipeline::Topology& topology) {
  journal::SegmentMaker::Options options;
  options.segment_bytes = topology.journal.segment_bytes;
  return options;
}

risk::Risk::Settings risk_settings(const pipeline::Topology& topology, const Recovered& recovered) {
  return {.tick = topology.tick,
          .idle_tick = topology.idle_tick,
          .undurable_max = topology.undurable_max,
          .first_sequence = recovered.last_sequence + 1,
          .not_before = recovered.last_time};
}

gateway::Gateway::Settings gateway_settings(const pipeline::Topology& topology,
                                            const VenueLoad& venue, std::uint32_t epoch,
                                            std::uint64_t token_seed) {
  return {.wait_for_durable = topology.acknowledge == pipeline::Acknowledge::durable,
          .order_port = venue.endpoints.ouch_udp.port,
          .request_port = venue.endpoints.rerequest.port,
          .stream_name = stream_name(topology, venue.stream_name, epoch),
          .feed_name = stream_name(topology, venue.feed_name, epoch),
          .token_seed = token_seed,
          .udp_sessions_max = topology.limits.udp_sessions_max,
          .connections_max = topology.limits.connections_max};
}

marketdata::MarketData::Settings feed_settings(const pipeline::Topology& topology,
                                               const VenueLoad& venue, std::uint32_t epoch,
                                               net::Endpoint from) {
  marketdata::MarketData::Settings settings;
  settings.wait_for_durable = topology.acknowledge == pipeline::Acknowledge::durable;
  settings.session = stream_name(topology, venue.feed_name, epoch);
  settings.from = from;
  settings.groups = {venue.endpoints.feed_a, venue.endpoints.feed_b};
  return settings;
}

std::vector<pipeline::MemoryPart> stages_memory_parts(const pipeline::Topology& topology,
                                                      const CoreLimits& cores) {
  using SlotRing = ring::SpscRing<Slot>;
  using SlotBroadcast = ring::BroadcastRing<Slot>;
  const pipeline::RingSlots& rings = topology.rings;
  const std::size_t command_outlet = Arena::cost<Slot>(limits::command_slots_max);
  const std::size_t shard = SlotRing::memory_bytes(rings.orders_to_matching) +
                            matching::EventRing::memory_bytes(rings.events_to_log) +
                            command_outlet +
                            Arena::cost<Event>(matching::MatchingCore::events_max(cores.matching));
  return {
      {"rings",
       SlotRing::memory_bytes(rings.commands_to_risk) +
           SlotRing::memory_bytes(rings.requests_to_risk) +
           SlotRing::memory_bytes(rings.admin_to_risk) +
           SlotBroadcast::memory_bytes(rings.commands) + SlotBroadcast::memory_bytes(rings.log) +
           ledger::PostingRing::memory_bytes(rings.postings_to_settlement) +
           settlement::InstructionRing::memory_bytes(rings.instructions_to_domain) +
           topology.shards * shard + command_outlet + ledger::PublishingLedger::memory_bytes() +
           settlement::DomainStage::memory_bytes(),
       "the rings, orders_max or shards"},
      {"sessions",
       gateway::Gateway::memory_bytes(gateway_settings(topology, {}, 0, 0),
                                      reference_limits(topology)),
       "udp_sessions_max or connections_max"},
      {"the journal",
       journal::Journal::memory_bytes(journal_limits(topology)) +
           journal::SegmentMaker::memory_bytes(),
       "buffer_blocks"},
  };
}

std::size_t stages_memory_bytes(const pipeline::Topology& topology, const CoreLimits& cores) {
  return pipeline::sum_of(stages_memory_parts(topology, cores));
}

std::vector<pipeline::MemoryPart> memory_parts(const pipeline::Topology& topology,
                                               const CoreLimits& cores) {
  std::vector<pipeline::MemoryPart> parts = Cores::memory_parts(cores);
  for (const pipeline::MemoryPart& part : stages_memory_parts(topology, cores)) {
    parts.push_back(part);
  }
  return parts;
}

CoreLimits within_memory(const pipeline::Topology& topology, CoreLimits cores) {
  const auto finding = pipeline::check_memory(topology.name, memory_parts(topology, cores),
                                              pipeline::machine_memory_bytes());
  if (finding) {
    throw std::runtime_error(to_text(*finding) + " (limits that the journal has had count too)");
  }
  return cores;
}

}  // namespace basalt
