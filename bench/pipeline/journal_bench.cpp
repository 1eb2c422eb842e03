// What the journal writes in a second and how long a write takes, beside plain blocking writes of
// the same size on the same disk in the same run.
//
//   journal_bench [--data DIR] [--writes N] [--repetitions N]
//
// The journal's own writer and io_uring disk, kept full: each write is sealed from fresh records,
// and the next starts as soon as one completes. Latency is from submission to the completion being
// reaped. Contestants alternate within each repetition; all repetitions' writes make one set. At
// the end every journal is scanned, and must hold what was written. Not included: the rings, and
// the pace of real commands.
#include <fcntl.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/journal/block_writer.h"
#include "engine/journal/mark_page.h"
#include "engine/journal/scan.h"
#include "engine/journal/segment_maker.h"
#include "engine/journal/uring_disk.h"

namespace basalt::bench {
namespace {

using namespace journal;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string data = "/var/tmp";
  std::uint32_t writes = 2000;
  int repetitions = 5;
};

struct Contestant {
  std::uint32_t blocks = 1;     // Of one write.
  std::uint32_t in_flight = 0;  // 0: plain pwrite.
};

struct Sample {
  std::vector<double> latency_us;
  double seconds = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

// Passes everything on, and takes the time of each write.
class TimedDisk final : public Disk {
 public:
  TimedDisk(Disk& disk, std::vector<double>& latency_us) : disk_(disk), latency_us_(latency_us) {}

  void lend(FileKind kind, std::span<std::byte> buffers) override { disk_.lend(kind, buffers); }
  Segment next_segment(FileKind kind) noexcept override { return disk_.next_segment(kind); }
  void retire(FileKind kind, const Segment& segment) noexcept override {
    disk_.retire(kind, segment);
  }
  bool write(const Write& write) noexcept override {
    started_[write.tag] = Clock::now();
    return disk_.write(write);
  }
  void kick() noexcept override { disk_.kick(); }
  bool reap(Completion& completion) noexcept override {
    if (!disk_.reap(completion)) return false;
    latency_us_.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - started_[completion.tag]).count());
    return true;
  }

 private:
  Disk& disk_;
  std::vector<double>& latency_us_;
  std::array<Clock::time_point, writes_in_flight_max> started_{};
};

std::array<Slot, 2> record_of(Sequence sequence) {
  std::array<Slot, 2> slots;
  Order order;
  order.sequence = sequence;
  order.kind = CommandKind::new_order;
  order.slots = 2;
  order.price = Price{static_cast<std::int64_t>(sequence % 1000)};
  slots[0] = std::bit_cast<Slot>(order);
  return slots;
}

struct Folder {
  explicit Folder(const std::string& under) {
    std::string pattern = under + "/basalt-journal-bench-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot write to " + under);
    path = pattern;
    std::filesystem::create_directories(journal_directory(path));
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path path;
};

void journal_writes(const Contestant& contestant, const Options& options, Sample& sample) {
  const Folder folder(options.data);
  const BlockWriter::Limits limits{.buffer_blocks = 512,
                                   .writes_in_flight = contestant.in_flight,
                                   .write_blocks = contestant.blocks};
  const std::uint64_t blocks_all = std::uint64_t{options.writes} * contestant.blocks;
  Arena arena(SegmentMaker::memory_bytes() + BlockWriter::memory_bytes(limits));
  SegmentMaker maker(folder.path, first_segment, first_segment,
                     {.segment_bytes = (blocks_all + 1024) * block_bytes}, arena);
  UringDisk uring(maker);
  TimedDisk disk(uring, sample.latency_us);
  BlockWriter writer({FileKind::commands, 1, 1, {}}, limits, disk, arena);

  Sequence sequence = 1;
  const auto turn = [&] {
    if (writer.submit() > 0) disk.kick();
    Disk::Completion completion;
    bool any = false;
    while (disk.reap(completion)) {
      any = true;
      writer.completed(completion);
    }
    if (!any) ::sched_yield();  // See uring_disk.h: the kernel completes on a core, maybe ours.
    if (writer.error() != 0) throw std::runtime_error("a write failed");
  };
  // The first write takes the first segment, and the maker then makes a spare: not while we
  // measure.
  if (!writer.append(record_of(sequence), sequence)) throw std::runtime_error("no room");
  const auto spare =
      journal_directory(folder.path) / segment_name(FileKind::commands, first_segment + 1);
  while (!writer.idle() || !std::filesystem::exists(spare)) turn();
  sample.latency_us.pop_back();
  const auto begin = Clock::now();
  while (writer.durable_blocks() < blocks_all) {
    // Each write is full.
    const std::uint64_t burst = block_slots / 2 * std::uint64_t{contestant.blocks};
    while (writer.in_flight() < contestant.in_flight) {
      for (std::uint64_t i = 0; i < burst; ++i) {
        if (!writer.append(record_of(sequence + 1), sequence + 1)) break;
        ++sequence;
      }
      if (writer.submit() == 0) break;
      disk.kick();
    }
    turn();
  }
  sample.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
  sample.records += writer.durable_sequence();
  sample.bytes += writer.durable_blocks() * block_bytes;
  while (!writer.idle()) turn();
  const FileReport report =
      scan(open_segments(folder.path, FileKind::commands), FileKind::commands);
  if (report.damage || report.last_sequence != sequence) {
    throw std::runtime_error("the journal does not hold what was written");
  }
}

void plain_writes(const Contestant& contestant, const Options& options, Sample& sample) {
  const Folder folder(options.data);
  const std::string path = (folder.path / "plain").string();
  const std::size_t size = contestant.blocks * block_bytes;
  std::vector<Block> buffer(std::max<std::size_t>(contestant.blocks, 256));
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("cannot write " + path);
  const std::uint64_t file_bytes = std::uint64_t{options.writes} * size;
  for (std::uint64_t at = 0; at < file_bytes; at += buffer.size() * block_bytes) {
    if (::pwrite(file, buffer.data(), buffer.size() * block_bytes, static_cast<off_t>(at)) < 0) {
      throw std::runtime_error("cannot write " + path);
    }
  }
  ::fsync(file);
  ::close(file);
  file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_DIRECT | O_DSYNC);
  if (file < 0) file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_DSYNC);
  const auto begin = Clock::now();
  for (std::uint32_t i = 0; i < options.writes; ++i) {
    const auto started = Clock::now();
    if (::pwrite(file, buffer.data(), size, static_cast<off_t>(i * size)) !=
        static_cast<ssize_t>(size)) {
      throw std::runtime_error("cannot write " + path);
    }
    sample.latency_us.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - started).count());
  }
  sample.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
  sample.bytes += file_bytes;
  ::close(file);
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

void print(const Contestant& contestant, Sample& sample) {
  std::sort(sample.latency_us.begin(), sample.latency_us.end());
  const auto at = [&](double share) {
    return sample.latency_us[static_cast<std::size_t>(
        share * static_cast<double>(sample.latency_us.size() - 1))];
  };
  const std::string who =
      contestant.in_flight == 0 ? "pwrite" : "journal, " + std::to_string(contestant.in_flight);
  std::printf(
      "| %-11s | %3u KiB | %9.0f | %8.1f | %11.0f | %7.0f | %7.0f | %7.0f | %8.0f |\n", who.c_str(),
      contestant.blocks * 4, static_cast<double>(sample.latency_us.size()) / sample.seconds,
      static_cast<double>(sample.bytes) / sample.seconds / 1e6,
      static_cast<double>(sample.records) / sample.seconds, at(0.5), at(0.9), at(0.99), at(1));
}

int bench(int argc, char** argv) {
  Options options;
  CLI::App app("The journal's writes beside plain ones");
  app.add_option("--data", options.data, "Where to write; on the disk in question");
  app.add_option("--writes", options.writes, "Of each contestant in each repetition");
  app.add_option("--repetitions", options.repetitions);
  CLI11_PARSE(app, argc, argv);

  std::vector<Contestant> contestants;
  for (const std::uint32_t blocks : {1u, 16u}) {
    for (const std::uint32_t in_flight : {0u, 1u, 2u, 4u, 8u, 16u}) {
      contestants.push_back({blocks, in_flight});
    }
  }
  std::vector<Sample> samples(contestants.size());
  for (int repetition = 0; repetition < options.repetitions; ++repetition) {
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      std::fprintf(stderr, "\rrepetition %d of %d, contestant %zu of %zu ", repetition + 1,
                   options.repetitions, i + 1, contestants.size());
      if (contestants[i].in_flight == 0) {
        plain_writes(contestants[i], options, samples[i]);
      } else {
        journal_writes(contestants[i], options, samples[i]);
      }
    }
  }
  utsname kernel{};
  ::uname(&kernel);
  std::fprintf(stderr, "\n");
  std::printf("%s, %u cores, Linux %s, %s, %d x %u writes each\n\n", cpu_name().c_str(),
              std::thread::hardware_concurrency(), kernel.release, options.data.c_str(),
              options.repetitions, options.writes);
  std::printf(
      "| in flight   | write   | writes/s  | MB/s     | records/s   |"
      " p50 us  | p90 us  | p99 us  | max us   |\n");
  std::printf("|---|---|---|---|---|---|---|---|---|\n");
  for (std::size_t i = 0; i < contestants.size(); ++i) print(contestants[i], samples[i]);
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
