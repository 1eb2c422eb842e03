// Which stage runs on which core, how large every ring and table is: the machine as data.
//
//   hw-config/topologies/*.toml ─► load_topology() ─► Topology, or every error in words
//
// Read and checked whole before a thread starts. Nothing of it shows in what the engine decides:
// the same orders give the same state under every topology, as long as no limit binds. The limits
// that may bind are journaled at each start (EpochLimits, which says what each decides).
//
//   I1  A topology without findings has every stage once, no core twice, every ring a power of two,
//       and every limit within engine/limits.h.
//   I2  The forward edges between stages have no cycle, so no ring can wait for itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/finding.h"
#include "engine/pipeline/duty_cycle.h"
#include "engine/pipeline/memory_part.h"
#include "engine/types.h"

namespace basalt::pipeline {

enum class Acknowledge : std::uint8_t {
  durable,    // An answer waits until its command survives a power cut.
  sequenced,  // An answer waits for nothing, and survives nothing.
};

struct ThreadPlan {
  std::string name;                   // At most 15 characters: what `top -H` shows.
  std::optional<std::uint32_t> core;  // None: wherever the kernel likes.
  int node = -1;                      // The NUMA node that the core must belong to; -1: any.
  IdlePolicy idle = IdlePolicy::nap;
  std::vector<std::string> stages;  // In the order in which they are polled.
};

// Slots of 64 bytes, each a power of two, at least 2. Named by payload and reader.
struct RingSlots {
  std::uint32_t commands_to_risk = 0;
  std::uint32_t requests_to_risk = 0;
  std::uint32_t admin_to_risk = 0;
  std::uint32_t commands = 0;            // Broadcast: journal, log.
  std::uint32_t orders_to_matching = 0;  // Each shard's.
  std::uint32_t events_to_log = 0;       // Each shard's.
  std::uint32_t log = 0;                 // Broadcast: everybody who follows.
  std::uint32_t postings_to_settlement = 0;
  std::uint32_t instructions_to_domain = 0;
};

// Journaled but for the last two, which only say how many may be connected.
struct TopologyLimits {
  std::uint32_t orders_max = 0;  // Live at once, over the whole venue.
  std::uint32_t accounts_max = 0;
  std::uint32_t assets_max = 0;
  std::uint32_t instruments_max = 0;
  std::uint32_t sessions_max = 0;
  std::uint32_t firms_max = 0;
  std::uint32_t external_ids_max = 0;
  std::uint32_t leaves_max = 0;  // Price levels by sixty-fours, of each shard.
  std::uint32_t inners_max = 0;
  std::uint32_t instructed_max = 0;  // Orders with details in the book, of each shard.
  std::uint32_t settlement_batches_max = 0;
  std::uint32_t settlement_obligations_max = 0;
  std::uint64_t history_bytes_max = 0;  // Of all sessions' answers; the feed has as much again.
  std::uint32_t udp_sessions_max = 0;
  std::uint32_t connections_max = 0;
};

// What the journal's format allows; the pipeline does not include roles, so topology_test.cpp holds
// these against engine/journal/format.h.
inline constexpr std::uint32_t topology_writes_in_flight_max = 16;
inline constexpr std::uint32_t topology_write_blocks_max = 16;

struct JournalPlan {
  std::uint64_t segment_bytes = 0;
  std::uint32_t buffer_blocks = 0;
  std::uint32_t writes_in_flight = 0;
  std::uint32_t write_blocks = 0;
};

struct Topology {
  std::string name;
  std::uint32_t engine = 0;
  int node = -1;  // Where memory is taken; -1: wherever.
  bool huge_pages = false;
  Acknowledge acknowledge = Acknowledge::durable;
  Nanos tick;
  Nanos idle_tick;
  Sequence undurable_max = 0;
  std::uint32_t shards = 0;
  std::vector<std::uint32_t> shard_of_instrument;  // By instrument id, instruments_max of them.
  std::vector<ThreadPlan> threads;
  RingSlots rings;
  TopologyLimits limits;
  JournalPlan journal;
};

struct TopologyLoad {
  Topology topology;  // Only to be used without findings.
  std::vector<Finding> findings;

  [[nodiscard]] bool ok() const noexcept { return findings.empty(); }
};

// Cold. Never throws about the file: whatever is wrong with it, unreadable included, is a finding.
[[nodiscard]] TopologyLoad load_topology(const std::filesystem::path& path);

// The memory that a topology needs, part by part, against what the machine has. The finding names
// the sum, the largest part and the keys to lower.
[[nodiscard]] std::optional<Finding> check_memory(const std::filesystem::path& path,
                                                  std::span<const MemoryPart> parts,
                                                  std::size_t machine_bytes);
[[nodiscard]] std::size_t machine_memory_bytes() noexcept;

// Does one thread run both stages?
[[nodiscard]] bool share_thread(const Topology& topology, std::string_view one,
                                std::string_view other);

// The names that threads list, in order of flow: gateway, risk, journal, matching[0] …, log,
// history, marketdata, ledger, settlement, domain.
[[nodiscard]] std::vector<std::string> stage_names(std::uint32_t shards);

// What leads from one stage to another.
struct Edge {
  enum class Kind : std::uint8_t {
    forward,   // Its writer may have to wait for room.
    feedback,  // Its reader drains it first in every turn, and needs no room anywhere for that.
    request,   // Tried, and asked again later: nobody waits.
  };
  std::string_view ring;
  std::string_view from;
  std::string_view to;  // "matching" stands for every shard.
  Kind kind{};
};
[[nodiscard]] std::span<const Edge> edges() noexcept;

// The stages that wait for each other in a circle along forward edges, with those that wait for
// them; empty: there is no circle.
[[nodiscard]] std::vector<std::string_view> forward_cycle(std::span<const Edge> edges);

}  // namespace basalt::pipeline
