// basalt-bridge as a process: killed at any moment, while the engine that it follows is killed too;
// a disk that is full for a while; what it prints and how it exits.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>

#include "engine/bridge/store.h"
#include "engine/journal/segment_maker.h"
#include "tests/unit/bridge_flow.h"
#include "tests/unit/bridge_rows.h"

namespace basalt::bridge {
namespace {

using test::FlowEngine;
using test::Folder;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// A data directory, and a configuration with small batches, so that there is much to interrupt.
class Place {
 public:
  Place() {
    std::ofstream(config()) << "batch_commands = 100\ncheckpoint_commands = 2000\nbatch_ms = 5\n";
  }
  [[nodiscard]] const std::filesystem::path& data() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path config() const { return data() / "bridge.toml"; }
  [[nodiscard]] std::filesystem::path database() const { return data() / "bridge.sqlite"; }
  [[nodiscard]] std::filesystem::path said() const { return data() / "said.txt"; }

  // `prepare` runs in the child, before the bridge does.
  template <typename Prepare>
  pid_t start(std::vector<std::string> arguments, Prepare prepare) const {
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int out = ::open(said().c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0644);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    prepare();
    arguments.insert(arguments.begin(),
                     {BASALT_BRIDGE, "--config", config().string(), "--data", data().string()});
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    ::execv(BASALT_BRIDGE, words.data());
    ::_exit(127);
  }
  pid_t start(std::vector<std::string> arguments) const {
    return start(std::move(arguments), [] {});
  }
  int run(std::vector<std::string> arguments) const;
  [[nodiscard]] nlohmann::json status(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), "--status");
    EXPECT_EQ(run(more), 0) << text_of(said());
    return nlohmann::json::parse(text_of(said()));
  }

 private:
  Folder folder_;
};

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int Place::run(std::vector<std::string> arguments) const {
  return wait_for(start(std::move(arguments)));
}

void kill_hard(pid_t child) {
  ::kill(child, SIGKILL);
  wait_for(child);
}

// An engine that writes for as long as it is let.
pid_t start_engine(const std::filesystem::path& data, std::uint64_t seed) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  FlowEngine engine(data, seed);
  while (true) {
    engine.run(40);
    engine.flush();
    ::usleep(1'000);
  }
}

void make_journal(const std::filesystem::path& data, std::uint64_t seed, std::uint64_t rounds) {
  FlowEngine engine(data, seed);
  engine.run(rounds);
  ASSERT_TRUE(engine.finish());
}

void expect_tables(const Place& place) {
  const auto expected = test::expected_of(place.data());
  const test::Tables rows = test::tables_in(place.database());
  const test::Tables wanted = expected->tables();
  EXPECT_TRUE(rows.orders == wanted.orders);
  EXPECT_TRUE(rows.fills == wanted.fills);
  EXPECT_TRUE(rows.entries == wanted.entries);
  EXPECT_TRUE(rows.obligations == wanted.obligations);
  const nlohmann::json status = place.status();
  EXPECT_EQ(status["cursor"], expected->last());
  EXPECT_EQ(status["lag"], 0);
  const RowCounts counts = expected->counter.total();
  EXPECT_EQ(status["rows"]["orders"], counts.orders);
  EXPECT_EQ(status["rows"]["fills"], counts.fills);
  EXPECT_EQ(status["rows"]["ledger_entries"], counts.ledger_entries);
  EXPECT_EQ(status["rows"]["obligations"], counts.obligations);
}

Sequence cursor_of(const Place& place) {
  try {
    return std::stoull(test::query(place.database(), "SELECT sequence FROM cursor").at(0));
  } catch (const std::runtime_error&) {
    return 0;  // There are no tables yet.
  }
}

void wait_until_it_moves(const Place& place, Sequence from) {
  for (int i = 0; i < 5'000 && cursor_of(place) <= from; ++i) ::usleep(1'000);
}

TEST(BridgeProcess, kill_of_either_side_at_any_moment_loses_and_doubles_no_row) {
  const Place place;
  // Much to catch up with at first; then the engine's own pace.
  ASSERT_NO_FATAL_FAILURE(make_journal(place.data(), 21, 60'000));
  std::mt19937_64 random(1);
  pid_t engine = start_engine(place.data(), 21);
  std::set<Sequence> cursors{0};
  constexpr int kills = 60;
  for (int i = 0; i < kills; ++i) {
    const pid_t bridge = place.start({});
    ::usleep(static_cast<useconds_t>(random() % 60'000));
    // Every other one is killed wherever it is, the others in the midst of writing.
    if (i % 2 == 1) wait_until_it_moves(place, *cursors.rbegin());
    if (i % 10 == 9) {
      kill_hard(engine);
      ::usleep(static_cast<useconds_t>(random() % 40'000));
      engine = start_engine(place.data(), 21);
      ::usleep(static_cast<useconds_t>(random() % 40'000));
    }
    kill_hard(bridge);
    cursors.insert(cursor_of(place));
  }
  kill_hard(engine);
  ASSERT_NO_FATAL_FAILURE(make_journal(place.data(), 21, 500));
  ASSERT_EQ(place.run({"--once"}), 0) << text_of(place.said());
  expect_tables(place);
  // Otherwise nothing was interrupted.
  EXPECT_GT(cursors.size(), kills / 3);
  std::printf("%d kills of the bridge, %d of the engine, cursors seen: %zu, commands: %s\n", kills,
              kills / 10, cursors.size(), place.status()["cursor"].dump().c_str());
  const auto epochs = test::query(place.database(), "SELECT max(epoch) FROM orders");
  const nlohmann::json last = place.status({"--epoch", epochs.front()});
  const RowCounts counts =
      test::expected_of(place.data())
          ->counter.of_epoch(static_cast<std::uint32_t>(std::stoul(epochs.front())));
  EXPECT_EQ(last["rows"]["orders"], counts.orders);
  EXPECT_EQ(last["rows"]["ledger_entries"], counts.ledger_entries);
}

TEST(BridgeProcess, a_full_disk_is_told_waited_for_and_passes) {
  const Place place;
  ASSERT_NO_FATAL_FAILURE(make_journal(place.data(), 22, 6'000));
  // No file may pass this size: SQLite is told so at a write, as a full disk tells it.
  const pid_t bridge = place.start({"--once"}, [] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{300'000, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &small);
  });
  const auto told = [&] { return text_of(place.said()).find("waiting, at ") != std::string::npos; };
  for (int i = 0; i < 10'000 && !told(); ++i) ::usleep(1'000);
  EXPECT_TRUE(told()) << text_of(place.said());
  ::usleep(300'000);
  const Sequence held = status_of(place.database(), {}).cursor.sequence;
  EXPECT_LT(held, test::expected_of(place.data())->last());
  const rlimit large{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(bridge, RLIMIT_FSIZE, &large, nullptr), 0);
  ASSERT_EQ(wait_for(bridge), 0) << text_of(place.said());
  EXPECT_NE(text_of(place.said()).find("takes rows again"), std::string::npos);
  expect_tables(place);
}

TEST(BridgeProcess, a_database_locked_by_another_process_is_waited_for) {
  const Place place;
  ASSERT_NO_FATAL_FAILURE(make_journal(place.data(), 23, 3'000));
  ASSERT_EQ(place.run({"--once"}), 0);
  ASSERT_NO_FATAL_FAILURE(make_journal(place.data(), 23, 3'000));
  const pid_t locker = ::fork();
  if (locker == 0) {
    sqlite3* connection = nullptr;
    sqlite3_open(place.database().c_str(), &connection);
    sqlite3_exec(connection, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr);
    ::pause();
    ::_exit(0);
  }
  ::usleep(200'000);
  const pid_t bridge = place.start({"--once"});
  ::usleep(700'000);
  EXPECT_EQ(::waitpid(bridge, nullptr, WNOHANG), 0) << text_of(place.said());
  kill_hard(locker);
  ASSERT_EQ(wait_for(bridge), 0) << text_of(place.said());
  expect_tables(place);
}

TEST(BridgeProcess, waits_for_an_engine_that_is_not_there_yet_and_stops_when_told) {
  const Place place;
  const pid_t bridge = place.start({});
  const auto said = [&](const char* words) {
    for (int i = 0; i < 10'000; ++i) {
      if (text_of(place.said()).find(words) != std::string::npos) return true;
      ::usleep(1'000);
    }
    return false;
  };
  EXPECT_TRUE(said("there is no engine's data"));
  std::filesystem::create_directories(journal::journal_directory(place.data()));
  EXPECT_TRUE(said("no engine runs: waiting"));
  const pid_t engine = start_engine(place.data(), 24);
  EXPECT_TRUE(said("following engine 1, epoch 1"));
  EXPECT_TRUE(said("caught up"));
  const Sequence before = cursor_of(place);
  wait_until_it_moves(place, before);
  EXPECT_GT(cursor_of(place), before);
  ::kill(bridge, SIGTERM);
  EXPECT_EQ(wait_for(bridge), 0);
  EXPECT_TRUE(said("stopped at"));
  EXPECT_EQ(place.run({"--once"}), 0) << "with the engine running";
  kill_hard(engine);
}

TEST(BridgeProcess, says_what_is_wrong_and_exits_with_it) {
  const Place place;
  EXPECT_EQ(place.run({"--help"}), 0);
  EXPECT_EQ(place.run({"--version"}), 0);
  EXPECT_EQ(place.run({"--wrong"}), 2);
  EXPECT_EQ(place.run({"--epoch", "3"}), 2);
  ASSERT_NO_FATAL_FAILURE(make_journal(place.data(), 25, 2'000));
  EXPECT_EQ(place.status()["cursor"], 0);
  EXPECT_EQ(place.status()["lag"], test::expected_of(place.data())->last());
  std::fstream bytes(journal::journal_directory(place.data()) /
                         journal::segment_name(journal::FileKind::commands, 1),
                     std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(9'000);
  bytes.put('!');
  bytes.close();
  EXPECT_EQ(place.run({}), 1);
  EXPECT_NE(text_of(place.said()).find("commands-0000000001.seg, offset "), std::string::npos)
      << text_of(place.said());
  std::ofstream(place.config()) << "batch_commands = 0\nnothing = 1\n";
  EXPECT_EQ(place.run({}), 1);
  EXPECT_NE(text_of(place.said()).find("bridge.toml:2: "), std::string::npos)
      << text_of(place.said());
}

TEST(BridgeProcess, a_hundred_thousand_orders_are_written_in_well_under_a_minute) {
  const Place place;
  std::ofstream(place.config()) << "";  // The defaults.
  ASSERT_NO_FATAL_FAILURE(make_journal(place.data(), 26, 180'000));
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(place.run({"--once"}), 0) << text_of(place.said());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const auto again = std::chrono::steady_clock::now();
  ASSERT_EQ(place.run({"--once"}), 0) << text_of(place.said());
  const std::chrono::duration<double> restart = std::chrono::steady_clock::now() - again;
  const nlohmann::json status = place.status();
  std::uint64_t rows = 0;
  for (const auto& count : status["rows"]) rows += count.get<std::uint64_t>();
  std::printf("%s rows of %s commands, %s of them orders, in %.2f s; started again in %.2f s\n",
              std::to_string(rows).c_str(), status["cursor"].dump().c_str(),
              status["rows"]["orders"].dump().c_str(), took.count(), restart.count());
  EXPECT_GT(status["rows"]["orders"], 100'000);
  EXPECT_LT(took.count(), 30.0);
}

}  // namespace
}  // namespace basalt::bridge
