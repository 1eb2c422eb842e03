#include "pinning/machine.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace basalt::pinning {
namespace {

namespace fs = std::filesystem;

// A file's first line without what surrounds it; absent where there is no such file.
std::optional<std::string> line_of(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) return {};
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string::npos) return std::string();
  return line.substr(first, line.find_last_not_of(" \t") - first + 1);
}

unsigned number_in(std::string_view text, const std::string& where) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::runtime_error(where + ": '" + std::string(text) + "' is not a number");
  }
  return number;
}

std::optional<unsigned> number_at(const fs::path& path) {
  const auto line = line_of(path);
  if (!line) return {};
  return number_in(*line, path.string());
}

std::vector<unsigned> cores_at(const fs::path& path) {
  const auto line = line_of(path);
  // Some kernels write "(null)" for a list that was never set.
  if (!line || *line == "(null)") return {};
  try {
    return parse_core_list(*line);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(path.string() + ": " + error.what());
  }
}

bool contains(const std::vector<unsigned>& numbers, unsigned number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

// The numbers N of the folder's entries that are called prefixN, rising.
std::vector<unsigned> numbered_entries(const fs::path& folder, const std::string& prefix) {
  std::vector<unsigned> numbers;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (name.size() <= prefix.size() || !name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    if (rest.find_first_not_of("0123456789") != std::string_view::npos) continue;
    numbers.push_back(number_in(rest, entry.path().string()));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<HugePages> huge_pages_in(const fs::path& folder) {
  std::vector<HugePages> result;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();  // hugepages-2048kB
    constexpr std::string_view before = "hugepages-", after = "kB";
    if (!name.starts_with(before) || !name.ends_with(after)) continue;
    const auto kibibytes =
        std::string_view(name).substr(before.size(), name.size() - before.size() - after.size());
    result.push_back({std::uint64_t{1024} * number_in(kibibytes, entry.path().string()),
                      number_at(entry.path() / "nr_hugepages").value_or(0),
                      number_at(entry.path() / "free_hugepages").value_or(0)});
  }
  std::sort(result.begin(), result.end(),
            [](const HugePages& a, const HugePages& b) { return a.page_bytes < b.page_bytes; });
  return result;
}

// Absent where the kernel does not say: then no core is forbidden.
std::optional<std::vector<unsigned>> allowed_cores(const fs::path& status) {
  constexpr std::string_view key = "Cpus_allowed_list:\t";
  std::ifstream file(status);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return parse_core_list(line.substr(key.size()));
  }
  return {};
}

std::vector<Core> read_cores(const fs::path& cpus, const fs::path& status) {
  const std::vector<unsigned> isolated = cores_at(cpus / "isolated");
  const std::vector<unsigned> tickless = cores_at(cpus / "nohz_full");
  const auto allowed = allowed_cores(status);
  std::vector<Core> cores;
  for (const unsigned number : cores_at(cpus / "online")) {
    const fs::path folder = cpus / ("cpu" + std::to_string(number));
    Core core;
    core.number = number;
    core.socket = number_at(folder / "topology/physical_package_id").value_or(0);
    core.isolated = contains(isolated, number);
    core.tickless = contains(tickless, number);
    core.allowed = !allowed || contains(*allowed, number);
    core.siblings = cores_at(folder / "topology/thread_siblings_list");
    std::erase(core.siblings, number);
    core.governor = line_of(folder / "cpufreq/scaling_governor");
    cores.push_back(std::move(core));
  }
  return cores;
}

// Also says in each core on which node it is. Without NUMA everything is on node 0.
std::vector<Node> read_nodes(const fs::path& root, std::vector<Core>& cores) {
  const fs::path folder = root / "sys/devices/system/node";
  std::vector<Node> nodes;
  for (const unsigned number : numbered_entries(folder, "node")) {
    const fs::path node = folder / ("node" + std::to_string(number));
    nodes.push_back({number, cores_at(node / "cpulist"), huge_pages_in(node / "hugepages")});
  }
  if (nodes.empty()) {
    nodes.push_back({0, {}, huge_pages_in(root / "sys/kernel/mm/hugepages")});
    for (const Core& core : cores) nodes[0].cores.push_back(core.number);
  }
  for (const Node& node : nodes) {
    for (Core& core : cores) {
      if (contains(node.cores, core.number)) core.node = node.number;
    }
  }
  return nodes;
}

std::vector<Interrupt> read_interrupts(const fs::path& folder) {
  std::vector<Interrupt> interrupts;
  for (const unsigned number : numbered_entries(folder, "")) {
    const fs::path one = folder / std::to_string(number);
    Interrupt interrupt{number, {}, cores_at(one / "smp_affinity_list")};
    std::error_code none;
    // The kernel makes a folder for each driver that listens, called as the driver calls itself.
    for (const auto& entry : fs::directory_iterator(one, none)) {
      if (entry.is_directory()) interrupt.name = entry.path().filename().string();
    }
    // Without a name nobody listens, and it never comes.
    if (!interrupt.name.empty()) interrupts.push_back(std::move(interrupt));
  }
  return interrupts;
}

std::string model_name(const fs::path& cpuinfo) {
  std::ifstream file(cpuinfo);
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

// "always [madvise] never" -> "madvise".
std::string chosen_of(const std::string& choices) {
  const auto open = choices.find('[');
  const auto close = choices.find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return choices.substr(open + 1, close - open - 1);
}

}  // namespace

const Core* Machine::core(unsigned number) const noexcept {
  const auto found = std::find_if(cores.begin(), cores.end(),
                                  [number](const Core& core) { return core.number == number; });
  return found == cores.end() ? nullptr : &*found;
}

std::string Machine::isolated_list() const {
  std::vector<unsigned> isolated;
  for (const Core& core : cores) {
    if (core.isolated) isolated.push_back(core.number);
  }
  return isolated.empty() ? "none" : core_list(isolated);
}

Machine read_machine(const fs::path& root) {
  // An empty root is the machine itself: the paths below are then absolute.
  const fs::path top = root.empty() ? "/" : root;
  const fs::path cpus = top / "sys/devices/system/cpu";
  Machine machine;
  machine.cpu = model_name(top / "proc/cpuinfo");
  machine.kernel = line_of(top / "proc/sys/kernel/osrelease").value_or("unknown");
  machine.command_line = line_of(top / "proc/cmdline").value_or("");
  machine.cores = read_cores(cpus, top / "proc/self/status");
  if (machine.cores.empty()) {
    throw std::runtime_error((cpus / "online").string() + " names no core");
  }
  machine.nodes = read_nodes(top, machine.cores);
  machine.interrupts = read_interrupts(top / "proc/irq");
  machine.transparent_huge_pages =
      chosen_of(line_of(top / "sys/kernel/mm/transparent_hugepage/enabled").value_or(""));
  if (const auto active = number_at(cpus / "smt/active")) machine.smt_active = *active != 0;
  return machine;
}

std::vector<unsigned> cold_cores(const Machine& machine, const std::vector<unsigned>& hot) {
  std::vector<unsigned> cold;
  for (const Core& core : machine.cores) {
    if (core.allowed && !core.isolated && !contains(hot, core.number)) cold.push_back(core.number);
  }
  return cold;
}

std::vector<Remark> remarks_on(const Machine& machine, const std::vector<unsigned>& spinning) {
  std::vector<Remark> remarks;
  for (const unsigned number : spinning) {
    const std::string who = "core " + std::to_string(number);
    const Core* core = machine.core(number);
    if (core == nullptr) {
      remarks.push_back(
          {true, who + " is not online on this machine: choose another in the topology"});
      continue;
    }
    const auto tell = [&](const std::string& what) { remarks.push_back({false, who + what}); };
    if (!core->isolated) tell(" is not isolated, others may run on it: boot with isolcpus");
    if (core->isolated && !core->tickless) tell(" has a timer tick: boot with nohz_full");
    if (core->governor && *core->governor != "performance") {
      tell(" has the frequency governor " + *core->governor + ": set performance");
    }
    for (const unsigned sibling : core->siblings) {
      if (contains(spinning, sibling) && sibling < number) continue;  // Told with the other one.
      tell(" shares its physical core with core " + std::to_string(sibling) +
           (contains(spinning, sibling) ? ", which spins too: choose another in the topology"
                                        : ": leave that one idle, or switch it off"));
    }
    std::string interrupts;
    for (const Interrupt& interrupt : machine.interrupts) {
      if (!contains(interrupt.cores, number)) continue;
      interrupts += (interrupts.empty() ? "" : ", ") + std::to_string(interrupt.number) + " (" +
                    interrupt.name + ")";
    }
    if (!interrupts.empty()) {
      tell(" may be interrupted by " + interrupts + ": write other cores to smp_affinity_list");
    }
  }
  return remarks;
}

std::vector<unsigned> parse_core_list(const std::string& text) {
  std::vector<unsigned> cores;
  const std::string where = "list of cores '" + text + "'";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string_view part = std::string_view(text).substr(at, comma - at);
    const std::size_t dash = part.find('-');
    const unsigned first = number_in(part.substr(0, dash), where);
    const unsigned last =
        dash == std::string_view::npos ? first : number_in(part.substr(dash + 1), where);
    // No kernel has more; a typing error must not become a gigabyte of numbers.
    constexpr unsigned cores_max = 8192;
    if (last < first || last >= cores_max) throw std::runtime_error(where + " makes no sense");
    for (unsigned core = first; core <= last; ++core) cores.push_back(core);
    at = comma + 1;
  }
  std::sort(cores.begin(), cores.end());
  cores.erase(std::unique(cores.begin(), cores.end()), cores.end());
  return cores;
}

std::string core_list(const std::vector<unsigned>& rising) {
  std::string text;
  for (std::size_t first = 0; first < rising.size();) {
    std::size_t last = first;
    while (last + 1 < rising.size() && rising[last + 1] == rising[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(rising[first]);
    if (last > first) text += '-' + std::to_string(rising[last]);
    first = last + 1;
  }
  return text;
}

}  // namespace basalt::pinning
