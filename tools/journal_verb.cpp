#include "tools/journal_verb.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/journal/mark_page.h"
#include "engine/journal/reader.h"
#include "engine/journal/scan.h"
#include "engine/pipeline/topology.h"
#include "pinning/machine.h"
#include "pinning/workers.h"
#include "tools/journal_records.h"

namespace basalt::tools {
namespace {

using namespace journal;

struct Options {
  std::string data;
  Sequence from = 1;
  Sequence to = ~Sequence{0};
  bool json = false;
};

// A line that rewrites itself, at most five times a second and only when it takes long.
class ProgressLine {
 public:
  void operator()(std::uint64_t done, std::uint64_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < std::chrono::milliseconds(200)) return;
    shown_ = now;
    any_ = true;
    std::fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " MiB ", done >> 20, all >> 20);
  }
  ~ProgressLine() {
    if (any_) std::fputc('\n', stderr);
  }
  ProgressLine() = default;
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

 private:
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
  bool any_ = false;
};

// The cores that a running engine has: its topology lies beside its journal.
std::vector<unsigned> cores_in_use(const std::filesystem::path& data) {
  const pipeline::TopologyLoad load = pipeline::load_topology(data / "topology.toml");
  std::vector<unsigned> cores;
  for (const pipeline::ThreadPlan& thread : load.topology.threads) {
    if (thread.core) cores.push_back(*thread.core);
  }
  return cores;
}

// Both files; of a running engine only what is below its mark.
JournalReport look_at(const std::string& data) {
  if (!std::filesystem::is_directory(journal_directory(data))) {
    throw std::runtime_error("there is no journal in " + data);
  }
  const MarkView::Marks marks = MarkView(data).read();
  if (marks.live && marks.recovering) {
    throw std::runtime_error("process " + std::to_string(marks.pid) +
                             " is recovering this journal; try again when it runs");
  }
  ScanRanges ranges;
  std::vector<unsigned> hot;
  if (marks.live) {
    std::fprintf(stderr, "process %" PRIu64 " is running; up to its mark, sequence %" PRIu64 "\n",
                 marks.pid, marks.durable);
    ranges.commands.end_block = marks.command_blocks;
    ranges.events.end_block = marks.event_blocks;
    hot = cores_in_use(data);
  }
  ProgressLine line;
  const pinning::Workers workers(pinning::cold_cores(pinning::read_machine(), hot));
  return inspect(data, workers, ranges,
                 [&](std::uint64_t done, std::uint64_t all) { line(done, all); });
}

int say_damage(const journal::Finding& damage) {
  std::fprintf(stderr, "damaged: %s, offset %" PRIu64 ": %s\n", damage.file.c_str(), damage.offset,
               damage.what.c_str());
  return 1;
}

void say_torn(const FileReport& file) {
  if (!file.torn) return;
  std::printf("%s: torn tail at %s, offset %" PRIu64 ": %s; %" PRIu64 " unfinished blocks\n",
              name_of(file.kind), file.torn->file.c_str(), file.torn->offset,
              file.torn->what.c_str(), file.torn_blocks);
}

int verify(const Options& options) {
  const JournalReport report = look_at(options.data);
  if (const journal::Finding* damage = report.damage()) return say_damage(*damage);
  for (const FileReport* file : {&report.commands, &report.events}) {
    std::printf("%s: %" PRIu64 " records in %" PRIu64 " blocks, up to sequence %" PRIu64 "%s\n",
                name_of(file->kind), file->records, file->blocks, file->last_sequence,
                file->closed ? ", closed" : "");
    say_torn(*file);
  }
  if (report.torn()) {
    std::printf("%" PRIu64 " commands are known to have gone with the torn tail\n",
                report.commands_lost());
  }
  return 0;
}

const char* name_of(SegmentState state) {
  switch (state) {
    case SegmentState::full:
      return "full";
    case SegmentState::open:
      return "open";
    case SegmentState::torn:
      return "torn";
    case SegmentState::spare:
      return "spare";
  }
  return "unknown";
}

int list(const Options& options) {
  const JournalReport report = look_at(options.data);
  std::printf("%-28s %-6s %6s %12s %8s %10s %14s %14s\n", "segment", "state", "epoch",
              "first block", "blocks", "records", "first sequence", "last sequence");
  for (const FileReport* file : {&report.commands, &report.events}) {
    for (const SegmentReport& segment : file->segments) {
      std::printf("%-28s %-6s %6u %12" PRIu64 " %8" PRIu64 " %10" PRIu64 " %14" PRIu64 " %14" PRIu64
                  "\n",
                  std::filesystem::path(segment.file).filename().c_str(), name_of(segment.state),
                  segment.epoch, segment.first_block, segment.blocks, segment.records,
                  segment.first_sequence, segment.last_sequence);
    }
  }
  const journal::Finding* damage = report.damage();
  return damage == nullptr ? 0 : say_damage(*damage);
}

int dump(const Options& options) {
  const JournalReport report = look_at(options.data);
  if (const journal::Finding* damage = report.damage()) return say_damage(*damage);
  Follower follower(options.data, report, Follower::Take::all_commands, options.from);
  Follower::Entry entry;
  const auto print = [&](const nlohmann::ordered_json& fields, const char* indent) {
    if (options.json) {
      std::puts(fields.dump().c_str());
    } else {
      std::printf("%s%s\n", indent, line_of(fields).c_str());
    }
  };
  Read read = Read::end;
  while ((read = follower.next(entry)) == Read::record) {
    if (entry.command.order.sequence > options.to) break;
    print(fields_of(entry.command), "");
    for (const Event& event : entry.events) print(fields_of(event), "  ");
  }
  return read == Read::damaged ? say_damage(follower.damage()) : 0;
}

}  // namespace

int journal_verb(int argc, char** argv) {
  Options options;
  CLI::App app("What the journal's files are and what they hold.", "basalt journal");
  app.require_subcommand(1);
  const auto verb = [&](const char* name, const char* what) {
    CLI::App* sub = app.add_subcommand(name, what);
    sub->add_option("--data", options.data, "the engine's data directory")->required();
    return sub;
  };
  const CLI::App* verify_verb = verb("verify", "checks every block of both files");
  const CLI::App* list_verb = verb("list", "lists the segments");
  CLI::App* dump_verb = verb("dump", "prints the records in order of the log");
  dump_verb->add_option("--from", options.from, "the first sequence");
  dump_verb->add_option("--to", options.to, "the last sequence");
  dump_verb->add_flag("--json", options.json, "one JSON object a line");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    if (verify_verb->parsed()) return verify(options);
    if (list_verb->parsed()) return list(options);
    return dump(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "basalt journal: %s\n", error.what());
    return 1;
  }
}

}  // namespace basalt::tools
