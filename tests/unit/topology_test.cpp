#include "engine/pipeline/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "engine/journal/format.h"

namespace basalt::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

static_assert(topology_writes_in_flight_max == journal::writes_in_flight_max);
static_assert(topology_write_blocks_max == journal::write_blocks_max);

std::filesystem::path preset(const std::string& name) {
  return std::filesystem::path(BASALT_TOPOLOGIES) / (name + ".toml");
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TopologyLoad load_text(const std::string& text) {
  const std::string path = ::testing::TempDir() + std::to_string(::getpid()) + "_topology.toml";
  std::ofstream(path) << text;
  TopologyLoad load = load_topology(path);
  std::filesystem::remove(path);
  return load;
}

// The tiny preset with one piece of it exchanged.
std::string tiny_with(const std::string& old, const std::string& fresh) {
  std::string text = text_of(preset("tiny"));
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), fresh);
}

std::vector<std::string> texts(const std::vector<Finding>& findings) {
  std::vector<std::string> texts;
  for (const Finding& finding : findings) texts.push_back(to_text(finding));
  return texts;
}

TEST(topology, every_preset_is_whole) {
  for (const char* name : {"laptop", "tiny", "latency", "throughput"}) {
    const TopologyLoad load = load_topology(preset(name));
    EXPECT_THAT(texts(load.findings), IsEmpty()) << name;
    EXPECT_EQ(load.topology.name, name);
  }
}

TEST(topology, the_laptop_runs_all_stages_in_one_thread_on_core_0) {
  const Topology laptop = load_topology(preset("laptop")).topology;
  ASSERT_EQ(laptop.threads.size(), 1U);
  const ThreadPlan& hot = laptop.threads[0];
  EXPECT_EQ(hot.core, 0U);
  EXPECT_EQ(hot.idle, IdlePolicy::nap);
  EXPECT_THAT(hot.stages, ::testing::ElementsAreArray(stage_names(2)));
  EXPECT_EQ(laptop.shards, 2U);
  EXPECT_EQ(laptop.limits.orders_max, 1'048'576U);
  EXPECT_EQ(laptop.acknowledge, Acknowledge::durable);
  EXPECT_EQ(laptop.tick, Nanos{1'000'000});
  EXPECT_EQ(laptop.idle_tick, Nanos{100'000'000});
  EXPECT_EQ(laptop.undurable_max, 65'536U);
  EXPECT_EQ(laptop.node, -1);
  EXPECT_EQ(laptop.journal.segment_bytes, std::uint64_t{64} << 20);
}

TEST(topology, tiny_has_every_ring_at_two_slots_and_no_core) {
  const Topology tiny = load_topology(preset("tiny")).topology;
  const RingSlots& rings = tiny.rings;
  for (const std::uint32_t slots :
       {rings.commands_to_risk, rings.requests_to_risk, rings.admin_to_risk, rings.commands,
        rings.orders_to_matching, rings.events_to_log, rings.log, rings.postings_to_settlement,
        rings.instructions_to_domain}) {
    EXPECT_EQ(slots, 2U);
  }
  ASSERT_EQ(tiny.threads.size(), 1U);
  EXPECT_FALSE(tiny.threads[0].core.has_value());
}

TEST(topology, latency_gives_each_stage_that_anybody_waits_for_a_core_of_its_own) {
  const Topology latency = load_topology(preset("latency")).topology;
  for (const ThreadPlan& thread : latency.threads) {
    ASSERT_TRUE(thread.core.has_value());
    EXPECT_EQ(thread.idle, IdlePolicy::spin);
    EXPECT_EQ(thread.node, 0);
    EXPECT_LT(*thread.core, 16U);
    EXPECT_TRUE(thread.stages.size() == 1 || thread.stages[0] == "settlement");
  }
}

TEST(topology, says_which_stages_share_a_thread) {
  const Topology latency = load_topology(preset("latency")).topology;
  EXPECT_FALSE(share_thread(latency, "gateway", "marketdata"));
  EXPECT_TRUE(share_thread(latency, "domain", "settlement"));
  EXPECT_TRUE(share_thread(load_topology(preset("laptop")).topology, "gateway", "marketdata"));
}

TEST(topology, instruments_take_turns_over_the_shards) {
  const Topology tiny = load_topology(preset("tiny")).topology;
  ASSERT_EQ(tiny.shard_of_instrument.size(), tiny.limits.instruments_max);
  EXPECT_EQ(tiny.shard_of_instrument[0], 0U);
  EXPECT_EQ(tiny.shard_of_instrument[1], 1U);
  EXPECT_EQ(tiny.shard_of_instrument[2], 0U);
}

TEST(topology, a_list_puts_instruments_on_the_shard_that_it_names) {
  const TopologyLoad load =
      load_text(tiny_with("shards = 2\n", "shards = 2\ninstruments_of_shards = [[1, 3], [0]]\n"));
  ASSERT_THAT(texts(load.findings), IsEmpty());
  EXPECT_EQ(load.topology.shard_of_instrument[0], 1U);
  EXPECT_EQ(load.topology.shard_of_instrument[1], 0U);
  EXPECT_EQ(load.topology.shard_of_instrument[2], 0U);  // Not listed: by turns.
  EXPECT_EQ(load.topology.shard_of_instrument[3], 0U);
}

TEST(topology, a_file_that_is_not_there_is_a_finding) {
  const TopologyLoad load = load_topology("/nowhere/topology.toml");
  ASSERT_EQ(load.findings.size(), 1U);
  EXPECT_EQ(load.findings[0].file, "/nowhere/topology.toml");
  EXPECT_THAT(load.findings[0].wrong, HasSubstr("cannot be read"));
  EXPECT_FALSE(load_topology(::testing::TempDir()).ok());  // Nor is a folder.
}

TEST(topology, a_syntax_error_is_a_finding_with_its_line) {
  const TopologyLoad load = load_text("name = \"x\"\n\nshards = = 2\n");
  ASSERT_EQ(load.findings.size(), 1U);
  EXPECT_EQ(load.findings[0].line, 3U);
  EXPECT_THAT(load.findings[0].wrong, HasSubstr("not TOML"));
}

TEST(topology, an_empty_file_lists_everything_that_is_missing) {
  const TopologyLoad load = load_text("");
  std::string all;
  for (const std::string& text : texts(load.findings)) all += text + "\n";
  for (const char* key : {"name", "huge_pages", "acknowledge", "tick_us", "idle_tick_us",
                          "undurable_max", "shards", "rings", "limits", "journal", "threads"}) {
    EXPECT_THAT(all, HasSubstr(in_quotes(key) + " is missing"));
  }
}

constexpr const char* everything_wrong = R"(name = "wrong"
huge_pages = 1
acknowledge = "maybe"
tick_us = 0
idle_tick_us = 100_000
undurable_max = 65_537
shards = 2
instruments_of_shards = [[0, 1], [1, 99]]
colour = "blue"

[[threads]]
name = "one"
core = 3
idle = "sleep"
stages = ["gateway", "risk", "matching[0]", "matching[2]", "clearing"]

[[threads]]
name = "one"
core = 3
idle = "spin"
stages = ["log", "risk", "history", "marketdata", "ledger", "settlement", "domain"]

[[threads]]
name = "a name that top would cut"
node = 1
idle = "spin"
stages = []

[rings]
commands_to_risk = 1
requests_to_risk = 3
admin_to_risk = "two"
commands = 33_554_432
orders_to_matching = 2
events_to_log = 2
log = 2
postings_to_settlement = 2

[limits]
orders_max = -1
accounts_max = 64
assets_max = 257
instruments_max = 16
sessions_max = 1_025
firms_max = 4
external_ids_max = 0
leaves_max = 1
inners_max = 16
settlement_batches_max = 8
settlement_obligations_max = 4
history_bytes_max = 1.5
udp_sessions_max = 16
connections_max = 16

[journal]
segment_bytes = 10_000
buffer_blocks = 2
writes_in_flight = 17
write_blocks = 0
)";

TEST(topology, every_error_of_a_file_is_listed_at_once_with_its_line) {
  const TopologyLoad load = load_text(everything_wrong);
  std::vector<std::pair<std::uint32_t, std::string>> found;
  for (const Finding& finding : load.findings) {
    found.emplace_back(finding.line, finding.wrong);
    EXPECT_FALSE(finding.mend.empty()) << finding.wrong;
  }
  const auto expect = [&](std::uint32_t line, const std::string& wrong) {
    EXPECT_THAT(found, ::testing::Contains(::testing::Pair(line, HasSubstr(wrong))));
  };
  expect(0, "no thread runs 'journal'");
  expect(0, "no thread runs 'matching[1]'");
  expect(2, "'huge_pages'");
  expect(3, "'acknowledge'");
  expect(4, "'tick_us'");
  expect(6, "'undurable_max'");
  expect(8, "instrument 1 belongs to two shards");
  expect(8, "instrument 99 is beyond instruments_max");
  expect(9, "'colour' means nothing here");
  expect(14, "'threads[0].idle'");
  expect(15, "there is no stage 'matching[2]'");
  expect(15, "there is no stage 'clearing'");
  expect(18, "two threads are called 'one'");
  expect(19, "core 3 runs both 'one' and 'one'");
  expect(21, "both 'one' and 'one' run 'risk'");
  expect(24, "'threads[2].name'");
  expect(25, "a thread without a core has no node");
  expect(27, "'threads[2].stages'");
  expect(30, "'rings.commands_to_risk'");
  expect(31, "no power of two");
  expect(32, "'rings.admin_to_risk'");
  expect(33, "'rings.commands'");
  expect(29, "'rings.instructions_to_domain' is missing");
  expect(39, "'limits.instructed_max' is missing");
  expect(40, "'limits.orders_max'");
  expect(42, "'limits.assets_max'");
  expect(44, "'limits.sessions_max'");
  expect(46, "'limits.external_ids_max'");
  expect(47, "'limits.leaves_max'");
  expect(50, "below accounts_max times assets_max");
  expect(51, "'limits.history_bytes_max'");
  expect(56, "whole number of blocks");
  expect(58, "'journal.writes_in_flight'");
  expect(59, "'journal.write_blocks'");
  EXPECT_EQ(found.size(), 34U) << ::testing::PrintToString(texts(load.findings));
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end(),
                             [](const auto& a, const auto& b) { return a.first < b.first; }));
}

TEST(topology, lists_of_instruments_are_as_many_as_shards) {
  const TopologyLoad load =
      load_text(tiny_with("shards = 2\n", "shards = 2\ninstruments_of_shards = [[1]]\n"));
  ASSERT_EQ(load.findings.size(), 1U);
  EXPECT_THAT(load.findings[0].wrong, HasSubstr("1 lists for 2 shards"));
}

TEST(topology, an_idle_tick_is_not_shorter_than_a_tick) {
  const TopologyLoad load = load_text(tiny_with("idle_tick_us = 100_000", "idle_tick_us = 999"));
  ASSERT_EQ(load.findings.size(), 1U);
  EXPECT_THAT(load.findings[0].wrong, HasSubstr("'idle_tick_us' is below 'tick_us'"));
}

TEST(topology, a_finding_reads_as_file_line_what_and_mend) {
  const TopologyLoad load = load_text(tiny_with("\nlog = 2\n", "\nlog = 6\n"));
  ASSERT_EQ(load.findings.size(), 1U);
  EXPECT_THAT(to_text(load.findings[0]),
              ::testing::MatchesRegex(".*_topology.toml:[0-9]+: 'log' is 6, which is no power "
                                      "of two; take 4 or 8"));
}

TEST(topology, the_stages_do_not_wait_for_each_other_in_a_circle) {
  EXPECT_THAT(forward_cycle(edges()), IsEmpty());
}

TEST(topology, every_stage_has_an_edge_and_every_edge_known_ends) {
  std::vector<std::string> names = stage_names(1);
  for (const std::string& name : names) {
    const std::string role = name.substr(0, name.find('['));
    EXPECT_TRUE(std::any_of(edges().begin(), edges().end(), [&](const Edge& edge) {
      return edge.from == role || edge.to == role;
    })) << role;
  }
  names.insert(names.end(), {"matching", "admin"});
  for (const Edge& edge : edges()) {
    EXPECT_THAT(names, ::testing::Contains(edge.from));
    EXPECT_THAT(names, ::testing::Contains(edge.to));
  }
}

// If risk had to wait for room before it drains the log, the whole engine could stand still.
TEST(topology, the_feedback_to_risk_as_a_forward_edge_would_close_a_circle) {
  std::vector<Edge> changed(edges().begin(), edges().end());
  for (Edge& edge : changed) {
    if (edge.from == "log" && edge.to == "risk") edge.kind = Edge::Kind::forward;
  }
  const std::vector<std::string_view> cycle = forward_cycle(changed);
  for (const char* stage : {"risk", "matching", "log"}) {
    EXPECT_THAT(cycle, ::testing::Contains(stage));
  }
  EXPECT_THAT(cycle, ::testing::Not(::testing::Contains("history")));
}

TEST(topology, a_circle_of_two_is_named) {
  const std::vector<Edge> edges{{"x", "a", "b", Edge::Kind::forward},
                                {"y", "b", "a", Edge::Kind::forward},
                                {"z", "b", "c", Edge::Kind::forward}};
  EXPECT_THAT(forward_cycle(edges), ElementsAre("a", "b"));
}

TEST(topology, memory_beyond_the_machine_is_a_finding) {
  const std::vector<MemoryPart> parts{{"risk", 3 << 20, "orders_max"},
                                      {"books", 9 << 20, "leaves_max or shards"},
                                      {"rings", 1 << 20, "the rings"}};
  EXPECT_FALSE(check_memory("x.toml", parts, 13 << 20).has_value());
  const std::optional<Finding> finding = check_memory("x.toml", parts, (13 << 20) - 1);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(to_text(*finding),
            "x.toml: its limits and rings need 13 MiB of memory at start, most of it, 9 MiB, for "
            "books, and this machine has 12 MiB; lower leaves_max or shards, or take a larger "
            "machine");
  EXPECT_GT(machine_memory_bytes(), std::size_t{1} << 24);
}

}  // namespace
}  // namespace basalt::pipeline
