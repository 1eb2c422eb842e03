// What the machine is, read once at start: cores and how they belong together, memory, and whatever
// the kernel does that would disturb a spinning thread.
//
//   /sys, /proc ─► read_machine(root) ─► Machine ─► the topology check, `basalt check`, bench
//   tables
//
// `root` is "" on the machine itself, and a folder with the same tree below it in tests. What a
// kernel or a container does not show is absent here (std::nullopt, or empty), never guessed: a
// check can then say "not known" instead of "fine".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace basalt::pinning {

struct Core {
  unsigned number = 0;
  unsigned node = 0;               // NUMA node; 0 where the kernel knows of none.
  unsigned socket = 0;             // physical_package_id.
  bool isolated = false;           // By isolcpus: the scheduler puts nothing here by itself.
  bool allowed = true;             // To this process; a container or taskset may hold it to others.
  bool tickless = false;           // By nohz_full.
  std::vector<unsigned> siblings;  // Other threads of the same physical core.
  std::optional<std::string>
      governor;  // cpufreq; absent where the kernel does not steer frequency.
};

struct HugePages {
  std::uint64_t page_bytes = 0;
  std::uint64_t total = 0;
  std::uint64_t free = 0;
};

struct Node {
  unsigned number = 0;
  std::vector<unsigned> cores;
  std::vector<HugePages> huge_pages;  // One entry for each size that the kernel offers.
};

struct Interrupt {
  unsigned number = 0;
  std::string name;             // The driver's, as /proc/interrupts and /proc/irq/N/ show it.
  std::vector<unsigned> cores;  // Where it may be delivered.
};

struct Machine {
  std::string cpu;           // Model name.
  std::string kernel;        // Release, as uname -r.
  std::string command_line;  // The kernel's.
  std::vector<Core> cores;   // Online ones, by rising number.
  std::vector<Node> nodes;   // At least one.
  std::vector<Interrupt> interrupts;
  std::string transparent_huge_pages;  // always, madvise, never; empty: not known.
  std::optional<bool> smt_active;

  [[nodiscard]] const Core* core(unsigned number) const noexcept;
  // "3-5,7", or "none".
  [[nodiscard]] std::string isolated_list() const;
};

// Throws std::runtime_error, naming the file, where the tree says nothing about cores at all, or
// what it says cannot be read.
[[nodiscard]] Machine read_machine(const std::filesystem::path& root = "");

// Where work may go that nobody waits for: cores that this process may use and that are neither
// isolated nor in `hot`, by rising number. None, where all are one or the other.
[[nodiscard]] std::vector<unsigned> cold_cores(const Machine&,
                                               const std::vector<unsigned>& hot = {});

// Something between these cores and steady latencies. What `prevents` must stop the start; the rest
// is told, since a laptop has all of it and still trades.
struct Remark {
  bool prevents = false;
  std::string text;  // One sentence that names the core and the mend.
};

// `spinning`: the cores on which a thread will poll and never sleep.
[[nodiscard]] std::vector<Remark> remarks_on(const Machine&, const std::vector<unsigned>& spinning);

// The kernel's list of cores, "0-3,8,10-11". Throws std::runtime_error where it is none.
[[nodiscard]] std::vector<unsigned> parse_core_list(const std::string& text);
// … and back.
[[nodiscard]] std::string core_list(const std::vector<unsigned>& rising);

}  // namespace basalt::pinning
