#include "net/dpdk/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

// Read by the leak sanitizer where there is one: libxdp 1.3 forgets 80 bytes for each AF_XDP socket
// that is closed.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:xsk_umem__create";
}

namespace basalt::net {
namespace {

constexpr std::size_t words_max = 2048;

// DPDK logs from its interrupt thread too, so the tail has a lock; no hot thread logs.
class LogTail {
 public:
  static LogTail& instance() {
    static LogTail& tail = *new LogTail;  // For ever: DPDK's thread ends only with the process.
    return tail;
  }
  void add(const char* text, std::size_t size) {
    const std::lock_guard lock(mutex_);
    text_.append(text, size);
    if (text_.size() > words_max) text_.erase(0, text_.size() - words_max);
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

ssize_t write_to_tail(void*, const char* text, std::size_t size) {
  LogTail::instance().add(text, size);
  // What DPDK says before it aborts the process must not die with it.
  if (rte_log_cur_msg_loglevel() <= static_cast<int>(RTE_LOG_CRIT)) {
    std::fwrite(text, 1, size, stderr);
  }
  return static_cast<ssize_t>(size);
}

constexpr std::string_view prefix = "basalt-";

std::string file_prefix() {
  return std::string(prefix) + std::to_string(::getpid());
}

// DPDK keeps an empty directory per process, which a killed one leaves behind.
constexpr std::array<const char*, 2> run_folders{"/var/run/dpdk", "/tmp/dpdk"};

void sweep_run_folders() {
  for (const char* folder : run_folders) {
    std::error_code error;
    std::vector<std::filesystem::path> dead;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(prefix)) continue;
      if (!std::filesystem::exists("/proc/" + name.substr(prefix.size()))) {
        dead.push_back(entry.path());
      }
    }
    for (const auto& path : dead) std::filesystem::remove_all(path, error);
  }
}

std::uint64_t number_in(const char* path) {
  std::uint64_t number = 0;
  std::ifstream(path) >> number;
  return number;
}

constexpr const char* all_pages_path = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
constexpr const char* free_pages_path = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages";

void check_huge_pages(const EalConfig& config) {
  const std::uint64_t free = number_in(free_pages_path);
  const std::uint64_t wanted = config.memory_mb / 2;
  if (free >= wanted) return;
  throw std::runtime_error("huge pages: " + std::to_string(wanted) + " of 2 MiB are needed and " +
                           std::to_string(free) + " are free. As root: echo " +
                           std::to_string(number_in(all_pages_path) + wanted - free) + " > " +
                           all_pages_path + ", or start without huge pages");
}

std::vector<std::string> arguments_for(const EalConfig& config, int cpu) {
  std::vector<std::string> arguments{
      "basalt",   "--no-telemetry",           "--file-prefix=" + file_prefix(),
      "--lcores", "0@" + std::to_string(cpu), "--log-level=5"};
  if (config.huge_pages) {
    arguments.insert(arguments.end(), {"--in-memory"});
  } else {
    arguments.insert(arguments.end(),
                     {"--no-huge", "--no-shconf", "-m", std::to_string(config.memory_mb)});
  }
  if (config.pci_device.empty()) {
    arguments.insert(arguments.end(), {"--no-pci", "--iova-mode=va"});
  } else {
    arguments.insert(arguments.end(), {"-a", config.pci_device});
  }
  return arguments;
}

int first_cpu(const cpu_set_t& set) {
  int cpu = 0;
  while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &set)) ++cpu;
  return cpu;
}

// Lasts as long as the process, and takes DPDK's run-time directory along.
class Eal {
 public:
  explicit Eal(const EalConfig& config) : huge_pages_(config.huge_pages) {
    sweep_run_folders();
    if (config.huge_pages) check_huge_pages(config);
    cookie_io_functions_t functions{};
    functions.write = write_to_tail;
    log_ = ::fopencookie(nullptr, "w", functions);
    if (log_ != nullptr) {
      ::setvbuf(log_, nullptr, _IOLBF, 512);
      rte_openlog_stream(log_);
    }
    // DPDK pins whoever starts it to its first core; where threads sit is not for it to say.
    cpu_set_t affinity;
    const bool known = ::sched_getaffinity(0, sizeof affinity, &affinity) == 0;
    std::vector<std::string> arguments = arguments_for(config, known ? first_cpu(affinity) : 0);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    const int status = rte_eal_init(static_cast<int>(argv.size()), argv.data());
    const int error = rte_errno;
    if (known) ::sched_setaffinity(0, sizeof affinity, &affinity);
    if (status < 0) {
      throw std::runtime_error(std::string("DPDK does not start: ") + rte_strerror(error) +
                               ". It said: " + eal_last_words());
    }
  }
  // Without rte_eal_cleanup(): DPDK 22.11 unmaps its heap there while its interrupt thread still
  // reads it. Nothing of it outlives the process but this directory.
  ~Eal() {
    for (const char* folder : run_folders) {
      std::error_code ignored;
      std::filesystem::remove_all(std::filesystem::path(folder) / file_prefix(), ignored);
    }
  }
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  [[nodiscard]] bool huge_pages() const { return huge_pages_; }

 private:
  const bool huge_pages_;
  std::FILE* log_ = nullptr;  // DPDK's until the process ends.
};

}  // namespace

void start_eal(const EalConfig& config) {
  // DPDK can be started once in a process, also after it has failed.
  static std::optional<Eal> eal;
  static bool tried = false;
  if (eal) {
    if (eal->huge_pages() == config.huge_pages) return;
    throw std::runtime_error("DPDK runs already, with the other kind of pages");
  }
  if (tried) throw std::runtime_error("DPDK failed to start before: start the process again");
  tried = true;
  eal.emplace(config);
}

std::string eal_last_words() {
  return LogTail::instance().text();
}

}  // namespace basalt::net
