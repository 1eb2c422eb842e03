// What a start takes from its limits: every part is counted, by the keys that a finding names, and
// the topologies that ship take what their README says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/engine_settings.h"
#include "engine/epochs.h"

namespace basalt {
namespace {

pipeline::Topology topology(const std::string& name) {
  const std::filesystem::path file = std::filesystem::path(BASALT_TOPOLOGIES) / (name + ".toml");
  pipeline::TopologyLoad load = pipeline::load_topology(file);
  EXPECT_TRUE(load.ok()) << name;
  return load.topology;
}

std::map<std::string, std::size_t> parts_of(const pipeline::Topology& of) {
  std::map<std::string, std::size_t> parts;
  for (const pipeline::MemoryPart& part : memory_parts(of, core_limits(of, Epochs()))) {
    EXPECT_TRUE(parts.emplace(part.name, part.bytes).second) << part.name << " is there twice";
    EXPECT_FALSE(part.settings.empty());
  }
  return parts;
}

std::size_t sum_of(const std::map<std::string, std::size_t>& parts) {
  std::size_t sum = 0;
  for (const auto& [name, bytes] : parts) sum += bytes;
  return sum;
}

TEST(MemoryParts, each_limit_raises_the_parts_that_it_sizes_and_no_other) {
  using Limits = pipeline::TopologyLimits;
  struct Row {
    std::uint32_t Limits::*limit;
    std::vector<std::string> raises;
  };
  const pipeline::Topology tiny = topology("tiny");
  const auto before = parts_of(tiny);
  for (const Row& row : std::vector<Row>{
           {&Limits::leaves_max, {"books"}},
           {&Limits::inners_max, {"books"}},
           {&Limits::external_ids_max, {"risk"}},
           {&Limits::settlement_obligations_max, {"settlement"}},
           {&Limits::udp_sessions_max, {"sessions"}},
           {&Limits::connections_max, {"sessions"}},
           {&Limits::instructed_max, {"books", "replay", "rings"}},
           {&Limits::orders_max, {"books", "history", "replay", "rings", "risk", "the feed"}},
       }) {
    pipeline::Topology larger = tiny;
    larger.limits.*row.limit *= 8;
    std::vector<std::string> raised;
    for (const auto& [name, bytes] : parts_of(larger)) {
      EXPECT_GE(bytes, before.at(name));
      if (bytes > before.at(name)) raised.push_back(name);
    }
    EXPECT_EQ(raised, row.raises);
  }
}

TEST(MemoryParts, rings_shards_and_the_journals_buffers_count) {
  const pipeline::Topology tiny = topology("tiny");
  const auto before = parts_of(tiny);
  pipeline::Topology other = tiny;
  other.rings.log = 1 << 16;
  EXPECT_EQ(parts_of(other)["rings"] - before.at("rings"), ((1U << 16) - 2) * sizeof(Slot));
  other = tiny;
  other.shards = 4;
  EXPECT_EQ(parts_of(other)["books"], 2 * before.at("books"));
  other = tiny;
  other.journal.buffer_blocks = 1 << 10;
  EXPECT_GE(parts_of(other)["the journal"],
            before.at("the journal") + 2 * ((1U << 10) - 2) * journal::block_bytes);
}

TEST(MemoryParts, the_sum_is_what_the_arenas_are_made_with) {
  for (const char* name : {"tiny", "laptop", "latency", "throughput"}) {
    const pipeline::Topology of = topology(name);
    const CoreLimits limits = core_limits(of, Epochs());
    EXPECT_EQ(sum_of(parts_of(of)), Cores::memory_bytes(limits) + stages_memory_bytes(of, limits));
  }
}

// hw-config/topologies/README.md
TEST(MemoryParts, the_topologies_take_what_is_said_of_them) {
  constexpr double mebibyte = 1 << 20;
  const std::map<std::string, double> said{{"tiny", 47 * mebibyte},
                                           {"laptop", 720 * mebibyte},
                                           {"latency", 2.9 * 1024 * mebibyte},
                                           {"throughput", 38.5 * 1024 * mebibyte}};
  for (const auto& [name, bytes] : said) {
    EXPECT_NEAR(static_cast<double>(sum_of(parts_of(topology(name)))), bytes, bytes / 20) << name;
  }
}

TEST(MemoryParts, limits_that_fit_are_passed_on_and_others_refused) {
  pipeline::Topology tiny = topology("tiny");
  EXPECT_EQ(within_memory(tiny, core_limits(tiny, Epochs())).risk.orders_max, 16'384U);
  tiny.limits.leaves_max = 1U << 28;
  tiny.shards = 64;
  try {
    static_cast<void>(within_memory(tiny, core_limits(tiny, Epochs())));
    FAIL() << "no machine has so much";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("for books"));
    EXPECT_THAT(error.what(), testing::HasSubstr("leaves_max"));
  }
}

}  // namespace
}  // namespace basalt
