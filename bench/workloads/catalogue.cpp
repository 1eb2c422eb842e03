#include "bench/workloads/catalogue.h"

#include <cstdlib>
#include <filesystem>

#include "bench/workloads/equity.h"
#include "bench/workloads/recorded.h"
#include "bench/workloads/uniform.h"

namespace basalt::bench {
namespace {

Made made_from_recording() {
  const char* const folder = std::getenv("BASALT_DATA");
  if (folder == nullptr) return {std::nullopt, "BASALT_DATA names no folder with recorded flow"};
  const std::string path = std::string(folder) + "/lobster/GOOG_2012-06-21_message_10.csv.zst";
  if (!std::filesystem::exists(path)) return {std::nullopt, "there is no " + path};
  return {recorded_flow(path), {}};
}

}  // namespace

std::vector<std::string> flow_names() {
  std::vector<std::string> names;
  names.reserve(equity_scenarios.size() + 3);
  for (const EquityScenario& scenario : equity_scenarios) names.emplace_back(scenario.name);
  names.insert(names.end(), {"A", "B", "recorded"});
  return names;
}

Made make_flow(const std::string& name, std::size_t orders, std::uint64_t seed) {
  for (const EquityScenario& scenario : equity_scenarios) {
    if (name == scenario.name) return {equity_flow(scenario, orders, seed), {}};
  }
  if (name == "A") return {flow_a(orders, seed), {}};
  if (name == "B") return {flow_b(orders, seed), {}};
  if (name == "recorded") return made_from_recording();
  return {std::nullopt, "there is no flow of this name"};
}

}  // namespace basalt::bench
