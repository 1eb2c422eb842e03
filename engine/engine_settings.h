// What topology and venue file say, in the words of each role: one small function a role.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/cores.h"
#include "engine/gateway/gateway.h"
#include "engine/journal/journal.h"
#include "engine/journal/segment_maker.h"
#include "engine/marketdata/marketdata_stage.h"
#include "engine/pipeline/memory_part.h"
#include "engine/pipeline/topology.h"
#include "engine/recovery.h"
#include "engine/risk/risk.h"
#include "engine/venue.h"

namespace basalt {

[[nodiscard]] ReferenceLimits reference_limits(const pipeline::Topology& topology);
[[nodiscard]] journal::Journal::Start journal_start(const pipeline::Topology& topology,
                                                    const Recovered& recovered);
[[nodiscard]] journal::BlockWriter::Limits journal_limits(const pipeline::Topology& topology);
[[nodiscard]] journal::SegmentMaker::Options segment_options(const pipeline::Topology& topology);
[[nodiscard]] risk::Risk::Settings risk_settings(const pipeline::Topology& topology,
                                                 const Recovered& recovered);
[[nodiscard]] gateway::Gateway::Settings gateway_settings(const pipeline::Topology& topology,
                                                          const VenueLoad& venue,
                                                          std::uint32_t epoch,
                                                          std::uint64_t token_seed);
[[nodiscard]] marketdata::MarketData::Settings feed_settings(const pipeline::Topology& topology,
                                                             const VenueLoad& venue,
                                                             std::uint32_t epoch,
                                                             net::Endpoint from);

// Of the rings and stages, besides the cores (Cores::memory_parts).
[[nodiscard]] std::vector<pipeline::MemoryPart> stages_memory_parts(
    const pipeline::Topology& topology, const CoreLimits& cores);
[[nodiscard]] std::size_t stages_memory_bytes(const pipeline::Topology& topology,
                                              const CoreLimits& cores);

// Everything that the start takes from its limits.
[[nodiscard]] std::vector<pipeline::MemoryPart> memory_parts(const pipeline::Topology& topology,
                                                             const CoreLimits& cores);
// Passes `cores` on where this machine has the memory for them; otherwise throws
// std::runtime_error.
[[nodiscard]] CoreLimits within_memory(const pipeline::Topology& topology, CoreLimits cores);

}  // namespace basalt
