// How fast a journal is checked before an engine starts: by one core, and by all cold ones at once.
//
//   recovery_bench [--data DIR…] [--mebibytes N] [--segment-mebibytes N] [--repetitions N]
//                  [--table FILE]
//
// A journal of commands and of as many blocks of events is written into each DIR, then checked as
// recovery and `basalt journal verify` do: every block read (past the page cache where the file
// system allows it), every check computed. The two ways alternate within each repetition; medians,
// and the ratio of each repetition. Every report is compared with every other, and must hold what
// was written. Not included: replaying the commands, which is serial by nature.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/command.h"
#include "engine/event.h"
#include "engine/journal/mark_page.h"
#include "engine/journal/scan.h"
#include "engine/journal/segment_maker.h"
#include "pinning/machine.h"
#include "pinning/workers.h"

namespace basalt::bench {
namespace {

using namespace journal;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t command_slots = 2;
constexpr std::uint32_t commands_per_block = block_slots / command_slots;
constexpr std::uint64_t blocks_per_mebibyte = (1 << 20) / block_bytes;

struct Options {
  std::vector<std::string> data{"/var/tmp", "/dev/shm"};
  std::uint64_t mebibytes = 512;  // Of both files together.
  std::uint64_t segment_mebibytes = 64;
  int repetitions = 7;
  std::string table;

  [[nodiscard]] std::uint64_t blocks_each() const { return mebibytes * blocks_per_mebibyte / 2; }
};

struct Folder {
  explicit Folder(const std::string& under) {
    std::string pattern = under + "/basalt-recovery-bench-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot write to " + under);
    path = pattern;
    std::filesystem::create_directories(journal_directory(path));
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path path;
};

// A block as full as can be: commands of two slots, or the two events that each of them had.
Block block_of(FileKind kind, std::uint64_t number) {
  Block block;
  BlockHeader& header = block.header;
  header.kind = kind;
  header.slots_used = block_slots;
  header.engine = 1;
  header.epoch = 1;
  header.number = number;
  header.durable_blocks = number;
  header.first_sequence = number * commands_per_block + 1;
  header.last_sequence = (number + 1) * commands_per_block;
  for (std::uint32_t slot = 0; slot < block_slots; ++slot) {
    const Sequence sequence = header.first_sequence + slot / 2;
    if (kind == FileKind::events) {
      Event event;
      event.sequence = sequence;
      event.kind = EventKind::fill;
      event.index = slot % 2;
      event.last = static_cast<std::uint8_t>(slot % 2);
      event.price = Price{static_cast<std::int64_t>(sequence % 1000)};
      block.slots[slot] = std::bit_cast<Slot>(event);
    } else if (slot % command_slots == 0) {
      Order order;
      order.sequence = sequence;
      order.kind = CommandKind::new_order;
      order.slots = command_slots;
      order.price = Price{static_cast<std::int64_t>(sequence % 1000)};
      block.slots[slot] = std::bit_cast<Slot>(order);
    }
  }
  seal(block);
  return block;
}

void write_file(const std::filesystem::path& data, FileKind kind, const Options& options) {
  const std::uint64_t segment_blocks = options.segment_mebibytes * blocks_per_mebibyte;
  std::vector<Block> chunk;
  std::uint64_t number = 0;
  for (std::uint32_t segment = first_segment; number < options.blocks_each(); ++segment) {
    const std::string path = (journal_directory(data) / segment_name(kind, segment)).string();
    std::ofstream file(path, std::ios::binary);
    const std::uint64_t end = std::min(number + segment_blocks, options.blocks_each());
    while (number < end) {
      chunk.clear();
      while (number < end && chunk.size() < blocks_per_mebibyte) {
        chunk.push_back(block_of(kind, number++));
      }
      file.write(reinterpret_cast<const char*>(chunk.data()),
                 static_cast<std::streamsize>(chunk.size() * block_bytes));
    }
    file.close();
    if (!file) throw std::runtime_error("cannot write " + path);
    // So that nothing is written back while we measure, and nothing is read from the cache.
    const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ::fsync(opened);
    ::posix_fadvise(opened, 0, 0, POSIX_FADV_DONTNEED);
    ::close(opened);
  }
}

void require_what_was_written(const JournalReport& report, const Options& options) {
  const std::uint64_t blocks = options.blocks_each();
  const bool right = report.damage() == nullptr && !report.torn() &&
                     report.commands.blocks == blocks && report.events.blocks == blocks &&
                     report.commands.last_sequence == blocks * commands_per_block &&
                     report.events.resume.sequence == blocks * commands_per_block;
  if (!right) throw std::runtime_error("the journal does not hold what was written");
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Result {
  std::string data;
  bool direct = false;
  std::vector<double> serial;    // MB/s
  std::vector<double> parallel;  // MB/s
  std::vector<double> ratio;
};

double megabytes_per_second(const std::filesystem::path& data, const pinning::Workers& workers,
                            const Options& options, JournalReport& report) {
  const auto begin = Clock::now();
  report = inspect(data, workers);
  const std::chrono::duration<double> took = Clock::now() - begin;
  require_what_was_written(report, options);
  return static_cast<double>(2 * options.blocks_each() * block_bytes) / 1e6 / took.count();
}

Result measure(const std::string& under, const pinning::Workers& many, const Options& options) {
  const Folder folder(under);
  Result result;
  result.data = under;
  for (const FileKind kind : file_kinds) write_file(folder.path, kind, options);
  const std::string first =
      (journal_directory(folder.path) / segment_name(FileKind::commands, first_segment)).string();
  const int opened = ::open(first.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  result.direct = opened >= 0;
  if (opened >= 0) ::close(opened);
  for (int repetition = 0; repetition < options.repetitions; ++repetition) {
    std::fprintf(stderr, "\r%s: repetition %d of %d ", under.c_str(), repetition + 1,
                 options.repetitions);
    JournalReport by_one;
    JournalReport by_many;
    result.serial.push_back(megabytes_per_second(folder.path, pinning::Workers(), options, by_one));
    result.parallel.push_back(megabytes_per_second(folder.path, many, options, by_many));
    result.ratio.push_back(result.parallel.back() / result.serial.back());
    if (!(by_one == by_many)) throw std::runtime_error("the two reports differ");
  }
  std::fprintf(stderr, "\n");
  return result;
}

void print(std::FILE* out, const std::vector<Result>& results, std::size_t workers) {
  std::fprintf(out,
               "| journal in | read | 1 core, MB/s | %zu cores, MB/s | ratio | least | most |\n"
               "|---|---|--:|--:|--:|--:|--:|\n",
               workers);
  for (const Result& result : results) {
    std::fprintf(out, "| %s | %s | %.0f | %.0f | %.2f | %.2f | %.2f |\n", result.data.c_str(),
                 result.direct ? "past the cache" : "from memory", median(result.serial),
                 median(result.parallel), median(result.ratio),
                 *std::min_element(result.ratio.begin(), result.ratio.end()),
                 *std::max_element(result.ratio.begin(), result.ratio.end()));
  }
}

int bench(int argc, char** argv) {
  Options options;
  CLI::App app("The check of a journal, by one core and by all cold ones");
  app.add_option("--data", options.data, "where to write the journal; several are compared");
  app.add_option("--mebibytes", options.mebibytes, "of both files together");
  app.add_option("--segment-mebibytes", options.segment_mebibytes);
  app.add_option("--repetitions", options.repetitions);
  app.add_option("--table", options.table, "write the table to this file too");
  CLI11_PARSE(app, argc, argv);

  const pinning::Machine machine = pinning::read_machine();
  const std::vector<unsigned> cold = pinning::cold_cores(machine);
  const pinning::Workers workers(cold);
  std::vector<Result> results;
  for (const std::string& data : options.data) results.push_back(measure(data, workers, options));
  std::printf("%s, cold cores %s, Linux %s, %d x %zu MiB in segments of %zu MiB\n\n",
              machine.cpu.c_str(), pinning::core_list(cold).c_str(), machine.kernel.c_str(),
              options.repetitions, static_cast<std::size_t>(options.mebibytes),
              static_cast<std::size_t>(options.segment_mebibytes));
  print(stdout, results, workers.count());
  if (!options.table.empty()) {
    std::FILE* file = std::fopen(options.table.c_str(), "w");
    if (file == nullptr) throw std::runtime_error("cannot write " + options.table);
    print(file, results, workers.count());
    std::fclose(file);
  }
  return 0;
}

}  // namespace
}  // namespace basalt::bench

int main(int argc, char** argv) {
  try {
    return basalt::bench::bench(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
