#include "engine/pipeline/topology.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <set>

#include "engine/limits.h"
#include "engine/toml_table.h"

namespace basalt::pipeline {
namespace {

constexpr std::uint64_t ring_slots_max = std::uint64_t{1} << 24;  // 1 GiB.
// Slots of 32 bits, and tables of at most twice as many places, with room to spare.
constexpr std::uint64_t orders_max = std::uint64_t{1} << 28;
constexpr std::uint64_t accounts_max = std::uint64_t{1} << 24;
constexpr std::uint64_t nodes_max = std::uint64_t{1} << 28;
constexpr std::uint64_t instructed_max = 1 << 20;  // So that what one command tells has 32 bits.
constexpr std::uint64_t obligations_max = std::uint64_t{1} << 31;
constexpr std::uint64_t history_bytes_max = std::uint64_t{1} << 42;
// One price needs a whole path through the tree; the fewest that let a book have two sides.
constexpr std::uint64_t inners_min = 16;
constexpr std::uint64_t block_bytes = 4096;
constexpr std::uint64_t nanos_per_us = 1'000;

constexpr std::array forward_and_other_edges{
    Edge{"commands_to_risk", "gateway", "risk", Edge::Kind::forward},
    Edge{"admin_to_risk", "admin", "risk", Edge::Kind::forward},
    Edge{"commands", "risk", "journal", Edge::Kind::forward},
    Edge{"commands", "risk", "log", Edge::Kind::forward},
    Edge{"orders_to_matching", "risk", "matching", Edge::Kind::forward},
    Edge{"events_to_log", "matching", "log", Edge::Kind::forward},
    Edge{"log", "log", "risk", Edge::Kind::feedback},
    Edge{"log", "log", "gateway", Edge::Kind::feedback},  // Definitions.
    Edge{"log", "log", "journal", Edge::Kind::forward},
    Edge{"log", "log", "history", Edge::Kind::forward},
    Edge{"log", "log", "marketdata", Edge::Kind::forward},
    Edge{"log", "log", "ledger", Edge::Kind::forward},
    Edge{"postings_to_settlement", "ledger", "settlement", Edge::Kind::forward},
    Edge{"instructions_to_domain", "settlement", "domain", Edge::Kind::forward},
    Edge{"requests_to_risk", "domain", "risk", Edge::Kind::request},
};

std::uint32_t narrow(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);  // Bounded by who read it.
}

std::uint32_t power_of_two(TomlTable& table, std::string_view key, std::uint64_t most) {
  const std::uint64_t value = table.whole(key, 2, most);
  if (!std::has_single_bit(value)) {
    table.add(key, in_quotes(key) + " is " + std::to_string(value) + ", which is no power of two",
              "take " + std::to_string(std::bit_floor(value)) + " or " +
                  std::to_string(std::bit_ceil(value)));
  }
  return narrow(value);
}

RingSlots read_rings(TomlTable table) {
  RingSlots rings;
  rings.commands_to_risk = power_of_two(table, "commands_to_risk", ring_slots_max);
  rings.requests_to_risk = power_of_two(table, "requests_to_risk", ring_slots_max);
  rings.admin_to_risk = power_of_two(table, "admin_to_risk", ring_slots_max);
  rings.commands = power_of_two(table, "commands", ring_slots_max);
  rings.orders_to_matching = power_of_two(table, "orders_to_matching", ring_slots_max);
  rings.events_to_log = power_of_two(table, "events_to_log", ring_slots_max);
  rings.log = power_of_two(table, "log", ring_slots_max);
  rings.postings_to_settlement = power_of_two(table, "postings_to_settlement", ring_slots_max);
  rings.instructions_to_domain = power_of_two(table, "instructions_to_domain", ring_slots_max);
  table.finish();
  return rings;
}

TopologyLimits read_limits(TomlTable table) {
  TopologyLimits limits;
  limits.orders_max = narrow(table.whole("orders_max", 1, orders_max));
  limits.accounts_max = narrow(table.whole("accounts_max", 1, accounts_max));
  limits.assets_max = narrow(table.whole("assets_max", 2, limits::assets_max));
  limits.instruments_max = narrow(table.whole("instruments_max", 1, limits::instruments_max));
  limits.sessions_max = narrow(table.whole("sessions_max", 1, limits::sessions_max));
  limits.firms_max = narrow(table.whole("firms_max", 1, accounts_max));
  limits.external_ids_max = narrow(table.whole("external_ids_max", 1, orders_max));
  limits.leaves_max = narrow(table.whole("leaves_max", 2, nodes_max));
  limits.inners_max = narrow(table.whole("inners_max", inners_min, nodes_max));
  limits.instructed_max = narrow(table.whole("instructed_max", 0, instructed_max));
  limits.settlement_batches_max = narrow(table.whole("settlement_batches_max", 1, 65'536));
  limits.settlement_obligations_max =
      narrow(table.whole("settlement_obligations_max", 1, obligations_max));
  limits.history_bytes_max = table.whole("history_bytes_max", 1 << 20, history_bytes_max);
  limits.udp_sessions_max = narrow(table.whole("udp_sessions_max", 1, limits::sessions_max));
  limits.connections_max = narrow(table.whole("connections_max", 1, 65'536));
  // One cut nets at most every account in every asset, and must always fit.
  const std::uint64_t one_cut = std::uint64_t{limits.accounts_max} * limits.assets_max;
  if (limits.settlement_obligations_max < one_cut) {
    table.add("settlement_obligations_max",
              "'settlement_obligations_max' is below accounts_max times assets_max",
              "take at least " + std::to_string(one_cut) + ", or fewer accounts or assets");
  }
  table.finish();
  return limits;
}

JournalPlan read_journal(TomlTable table) {
  JournalPlan journal;
  journal.segment_bytes = table.whole("segment_bytes", 2 * block_bytes, std::uint64_t{1} << 40);
  if (journal.segment_bytes % block_bytes != 0) {
    table.add("segment_bytes", "'segment_bytes' is not a whole number of blocks",
              "take a multiple of " + std::to_string(block_bytes));
  }
  journal.buffer_blocks = power_of_two(table, "buffer_blocks", 1 << 20);
  journal.writes_in_flight =
      narrow(table.whole("writes_in_flight", 1, topology_writes_in_flight_max));
  journal.write_blocks = narrow(table.whole("write_blocks", 1, topology_write_blocks_max));
  table.finish();
  return journal;
}

// Where `lists` has no word about an instrument, shards take turns.
std::vector<std::uint32_t> read_shards(TomlTable& root, const Topology& topology) {
  std::vector<std::uint32_t> shard_of(topology.limits.instruments_max);
  for (std::uint32_t i = 0; i < shard_of.size(); ++i) shard_of[i] = i % topology.shards;
  constexpr std::string_view key = "instruments_of_shards";
  if (!root.has(key)) return shard_of;
  const std::vector<std::vector<std::uint64_t>> lists = root.lists_of_wholes(key);
  if (!lists.empty() && lists.size() != topology.shards) {
    root.add(key,
             "'instruments_of_shards' has " + std::to_string(lists.size()) + " lists for " +
                 std::to_string(topology.shards) + " shards",
             "give each shard one list, which may be empty");
    return shard_of;
  }
  std::set<std::uint64_t> seen;
  for (std::uint32_t shard = 0; shard < lists.size(); ++shard) {
    for (const std::uint64_t instrument : lists[shard]) {
      const std::string which = "instrument " + std::to_string(instrument);
      if (instrument >= shard_of.size()) {
        root.add(key, which + " is beyond instruments_max", "raise that, or leave it out");
      } else if (!seen.insert(instrument).second) {
        root.add(key, which + " belongs to two shards", "leave one of them");
      } else {
        shard_of[instrument] = shard;
      }
    }
  }
  return shard_of;
}

// What several threads may not share.
struct ThreadsSeen {
  std::set<std::string> names;
  std::map<std::uint32_t, std::string> thread_of_core;
  std::map<std::string, std::string> thread_of_stage;
};

void read_stages(TomlTable& table, ThreadPlan& thread, const std::vector<std::string>& known,
                 ThreadsSeen& seen) {
  thread.stages = table.texts("stages");
  for (const std::string& stage : thread.stages) {
    if (std::find(known.begin(), known.end(), stage) == known.end()) {
      std::string names;
      for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
      table.add("stages", "there is no stage " + in_quotes(stage), "the stages are: " + names);
      continue;
    }
    const auto [place, fresh] = seen.thread_of_stage.emplace(stage, thread.name);
    if (!fresh) {
      table.add("stages",
                "both " + in_quotes(place->second) + " and " + in_quotes(thread.name) + " run " +
                    in_quotes(stage),
                "name each stage once");
    }
  }
}

ThreadPlan read_thread(TomlTable& table, const std::vector<std::string>& known, ThreadsSeen& seen) {
  ThreadPlan thread;
  thread.name = table.text("name", 15);
  if (!thread.name.empty() && !seen.names.insert(thread.name).second) {
    table.add("name", "two threads are called " + in_quotes(thread.name),
              "give each a name of its own");
  }
  if (table.has("core")) {
    thread.core = narrow(table.whole("core", 0, 4095));
    const auto [place, fresh] = seen.thread_of_core.emplace(*thread.core, thread.name);
    if (!fresh) {
      table.add("core",
                "core " + std::to_string(*thread.core) + " runs both " + in_quotes(place->second) +
                    " and " + in_quotes(thread.name),
                "give each thread a core of its own, or put their stages into one thread");
    }
  }
  if (table.has("node")) {
    thread.node = static_cast<int>(table.whole("node", 0, 1023));
    if (!thread.core) {
      table.add("node", "a thread without a core has no node", "name its core, or no node");
    }
  }
  thread.idle = table.word("idle", {"spin", "nap"}) == 0 ? IdlePolicy::spin : IdlePolicy::nap;
  read_stages(table, thread, known, seen);
  table.finish();
  return thread;
}

void read_threads(TomlFile& file, TomlTable& root, Topology& topology) {
  const std::vector<std::string> known = stage_names(topology.shards);
  ThreadsSeen seen;
  std::vector<TomlTable> tables = root.tables("threads", true);
  for (TomlTable& table : tables) topology.threads.push_back(read_thread(table, known, seen));
  if (tables.empty()) return;
  for (const std::string& stage : known) {
    if (seen.thread_of_stage.contains(stage)) continue;
    file.add(0, "no thread runs " + in_quotes(stage), "add it to the stages of a thread");
  }
}

void read_all(TomlFile& file, TomlTable& root, Topology& topology) {
  topology.name = root.text("name", 64);
  topology.engine = narrow(root.whole_or("engine", 0, 65'535, 1));
  topology.node = root.has("node") ? static_cast<int>(root.whole("node", 0, 1023)) : -1;
  topology.huge_pages = root.truth("huge_pages");
  topology.acknowledge = root.word("acknowledge", {"durable", "sequenced"}) == 0
                             ? Acknowledge::durable
                             : Acknowledge::sequenced;
  const std::uint64_t tick_us = root.whole("tick_us", 1, 1'000'000);
  const std::uint64_t idle_tick_us = root.whole("idle_tick_us", 1, 60'000'000);
  if (idle_tick_us < tick_us) {
    root.add("idle_tick_us", "'idle_tick_us' is below 'tick_us'",
             "an idle venue needs no more ticks than a busy one: take at least " +
                 std::to_string(tick_us));
  }
  topology.tick = Nanos{static_cast<std::int64_t>(tick_us * nanos_per_us)};
  topology.idle_tick = Nanos{static_cast<std::int64_t>(idle_tick_us * nanos_per_us)};
  topology.undurable_max = root.whole("undurable_max", 1, limits::undurable_max);
  topology.shards = narrow(root.whole("shards", 1, limits::shards_max));
  topology.rings = read_rings(root.table("rings"));
  topology.limits = read_limits(root.table("limits"));
  topology.journal = read_journal(root.table("journal"));
  topology.shard_of_instrument = read_shards(root, topology);
  read_threads(file, root, topology);
  root.finish();
}

}  // namespace

TopologyLoad load_topology(const std::filesystem::path& path) {
  TopologyLoad load;
  TomlFile file(path);
  TomlTable root = file.root();
  if (!root.absent()) read_all(file, root, load.topology);
  const std::vector<std::string_view> cycle = forward_cycle(edges());
  if (!cycle.empty()) {
    std::string stages;
    for (const std::string_view stage : cycle)
      stages += (stages.empty() ? "" : ", ") + std::string(stage);
    file.add(0, "stages wait for each other in a circle: " + stages,
             "this is no fault of the file but of the engine: report it");
  }
  load.findings = file.take_findings();
  return load;
}

std::optional<Finding> check_memory(const std::filesystem::path& path,
                                    std::span<const MemoryPart> parts, std::size_t machine_bytes) {
  const std::size_t needed_bytes = sum_of(parts);
  if (needed_bytes <= machine_bytes) return {};
  const MemoryPart& largest =
      *std::max_element(parts.begin(), parts.end(),
                        [](const MemoryPart& a, const MemoryPart& b) { return a.bytes < b.bytes; });
  const auto mebibytes = [](std::size_t bytes) { return std::to_string(bytes >> 20) + " MiB"; };
  return Finding{path.string(), 0,
                 "its limits and rings need " + mebibytes(needed_bytes) +
                     " of memory at start, most of it, " + mebibytes(largest.bytes) + ", for " +
                     std::string(largest.name) + ", and this machine has " +
                     mebibytes(machine_bytes),
                 "lower " + std::string(largest.settings) + ", or take a larger machine"};
}

std::size_t machine_memory_bytes() noexcept {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return 0;
  return static_cast<std::size_t>(pages) * static_cast<std::size_t>(page_bytes);
}

bool share_thread(const Topology& topology, std::string_view one, std::string_view other) {
  return std::any_of(topology.threads.begin(), topology.threads.end(), [&](const ThreadPlan& plan) {
    const auto runs = [&](std::string_view stage) {
      return std::find(plan.stages.begin(), plan.stages.end(), stage) != plan.stages.end();
    };
    return runs(one) && runs(other);
  });
}

std::vector<std::string> stage_names(std::uint32_t shards) {
  std::vector<std::string> names{"gateway", "risk", "journal"};
  for (std::uint32_t i = 0; i < shards; ++i) names.push_back("matching[" + std::to_string(i) + "]");
  for (const char* name : {"log", "history", "marketdata", "ledger", "settlement", "domain"}) {
    names.emplace_back(name);
  }
  return names;
}

std::span<const Edge> edges() noexcept {
  return forward_and_other_edges;
}

std::vector<std::string_view> forward_cycle(std::span<const Edge> edges) {
  std::set<std::string_view> left;
  for (const Edge& edge : edges) left.insert({edge.from, edge.to});
  // Takes away, again and again, what waits for nobody that is left. Ends: `left` only shrinks.
  const auto waits = [&](std::string_view stage) {
    return std::any_of(edges.begin(), edges.end(), [&](const Edge& edge) {
      return edge.kind == Edge::Kind::forward && edge.from == stage && left.contains(edge.to);
    });
  };
  while (std::erase_if(left, [&](std::string_view stage) { return !waits(stage); }) > 0) {
  }
  return {left.begin(), left.end()};
}

}  // namespace basalt::pipeline
