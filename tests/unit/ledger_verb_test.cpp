#include "tools/ledger_verb.h"

#include <gtest/gtest.h>

#include <bit>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/arena.h"
#include "engine/journal/journal.h"
#include "engine/journal/segment_maker.h"
#include "tests/unit/journal_memory_disk.h"
#include "tests/unit/venue_commands.h"

namespace basalt::tools {
namespace {

constexpr std::uint32_t ring_slots = 256;
constexpr journal::BlockWriter::Limits limits_of_test{
    .buffer_blocks = 64, .writes_in_flight = 8, .write_blocks = 16};

// A data directory whose journal an engine wrote and closed: commands and their fills.
class DataDirectory {
 public:
  DataDirectory() {
    std::string pattern = testing::TempDir() + "/basalt-ledger-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
    disk_.automatic = true;
  }
  ~DataDirectory() { std::filesystem::remove_all(path_); }
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  void put(const Command& command, const std::vector<Event>& events = {}) {
    for (std::uint32_t i = 0; i < command.order.slots; ++i) {
      *commands_.claim() = command.slot(i);
      *log_.claim() = command.slot(i);
    }
    for (const Event& event : events) *log_.claim() = std::bit_cast<Slot>(event);
    commands_.publish();
    log_.publish();
    while (journal_.poll() > 0) continue;
  }
  void write() {
    ASSERT_TRUE(journal_.finish(std::chrono::seconds(1)));
    std::filesystem::create_directories(path_ / "journal");
    for (const journal::test::MemoryDisk::File& file : disk_.files) {
      std::ofstream(path_ / "journal" / journal::segment_name(file.kind, file.number),
                    std::ios::binary)
          .write(reinterpret_cast<const char*>(file.bytes.data()),
                 static_cast<std::streamsize>(file.bytes.size()));
    }
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Arena arena_{2 * ring::BroadcastRing<Slot>::memory_bytes(ring_slots) +
               journal::Journal::memory_bytes(limits_of_test)};
  ring::BroadcastRing<Slot> commands_{ring_slots, 1, arena_};
  ring::BroadcastRing<Slot> log_{ring_slots, 1, arena_};
  journal::test::MemoryDisk disk_;
  journal::Journal journal_{commands_.reader(0), log_.reader(0), disk_, {}, limits_of_test, arena_};
};

struct LedgerVerbTest : testing::Test {
  DataDirectory data;
  test::CommandMaker make;

  void put_opening() {
    for (const Command& command :
         {make.asset(0, "USD"), make.asset(1, "AAPL", 0), make.firm(0),
          make.account(0, AccountRole::fees), make.account(1, AccountRole::external),
          make.account(2), make.account(3), make.instrument(0, "AAPL", 1, 0),
          make.deposit(2, 0, 1'000'000), make.deposit(3, 1, 100)}) {
      if (!goes_to_matching(command.order)) {
        data.put(command);
        continue;
      }
      Event nothing;
      nothing.sequence = command.order.sequence;
      nothing.kind = EventKind::nothing;
      nothing.last = 1;
      data.put(command, {nothing});
    }
  }
  // What the program prints, and its exit status.
  std::pair<std::string, int> run(std::vector<std::string> words) {
    words.insert(words.begin(), "ledger");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = ledger_verb(static_cast<int>(argv.size()), argv.data());
    (void)testing::internal::GetCapturedStderr();
    return {testing::internal::GetCapturedStdout(), status};
  }
};

TEST_F(LedgerVerbTest, it_adds_up_debits_and_credits_by_asset) {
  put_opening();
  const Command taker = make.order(0, 2, Side::buy);
  data.put(taker, {test::fill_of(taker, 0, 3, 10'000, 10)});
  data.write();
  const auto [out, status] = run({"--data", data.path().string(), "--trial-balance", "--json"});
  EXPECT_EQ(status, 0);
  EXPECT_EQ(out,
            "{\"assets\":[{\"asset\":\"USD\",\"debits\":\"1100000\",\"credits\":\"1100000\"},"
            "{\"asset\":\"AAPL\",\"debits\":\"110\",\"credits\":\"110\"}]}\n");
}

TEST_F(LedgerVerbTest, amounts_beyond_64_bits_are_printed_whole) {
  put_opening();
  data.put(make.payment(CommandKind::deposit, 2, 0, Money{int128{1} << 90}));
  data.write();
  const TrialBalance balance = trial_balance(data.path());
  EXPECT_TRUE(balance.balanced());
  const auto [out, status] = run({"--data", data.path().string(), "--trial-balance", "--json"});
  EXPECT_NE(out.find("\"1237940039285380274900124224\""), std::string::npos) << out;
}

TEST_F(LedgerVerbTest, a_command_without_its_events_ends_the_count) {
  put_opening();
  const Sequence through = make.sequence;
  const Command taker = make.order(0, 2, Side::buy);
  data.put(taker);
  data.put(make.deposit(2, 0, 5));
  data.write();
  const TrialBalance balance = trial_balance(data.path());
  EXPECT_EQ(balance.trouble, "");
  EXPECT_EQ(balance.through, through);
}

TEST_F(LedgerVerbTest, it_says_what_it_could_not_do) {
  EXPECT_EQ(run({"--data", data.path().string(), "--trial-balance"}).second, 1);  // No journal.
  EXPECT_EQ(run({"--data", data.path().string()}).second, 2);
  EXPECT_EQ(run({"--trial-balance"}).second, 2);
  EXPECT_EQ(run({"--help"}).second, 0);
}

TEST_F(LedgerVerbTest, damage_is_told_and_nothing_is_added_up) {
  put_opening();
  data.write();
  const std::filesystem::path file =
      data.path() / "journal" / journal::segment_name(journal::FileKind::commands, 1);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(200);
  stream.put('\x55');
  stream.close();
  const TrialBalance balance = trial_balance(data.path());
  EXPECT_NE(balance.trouble.find("commands-"), std::string::npos) << balance.trouble;
  EXPECT_TRUE(balance.lines.empty());
  EXPECT_EQ(run({"--data", data.path().string(), "--trial-balance", "--json"}).second, 1);
}

}  // namespace
}  // namespace basalt::tools
