// The bridge in one process with the journal it follows: rows against an independent computation,
// restarts, epochs, torn tails, a database that is locked, and journals that are not the one.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "engine/bridge/bridge.h"
#include "engine/bridge/bridge_settings.h"
#include "engine/bridge/words.h"
#include "engine/journal/segment_maker.h"
#include "tests/unit/bridge_flow.h"
#include "tests/unit/bridge_rows.h"

namespace basalt::bridge {
namespace {

using test::expected_of;
using test::FlowEngine;
using test::Folder;
using test::query;
using test::tables_in;

Settings small_batches(const std::filesystem::path& data) {
  Settings settings = default_settings(data);
  settings.commands_max = 100;
  settings.checkpoint_commands = 700;
  return settings;
}

const Bridge::Say quiet = [](const std::string&) {};
const Bridge::Stopping never = [] { return false; };

Bridge::Outcome drain(const std::filesystem::path& data, std::string* trouble = nullptr) {
  Bridge bridge(data, small_batches(data), quiet);
  const Bridge::Outcome outcome = bridge.run(Bridge::Until::drained, never);
  if (trouble != nullptr) *trouble = bridge.trouble();
  return outcome;
}

void make_journal(const std::filesystem::path& data, std::uint64_t seed, std::uint64_t rounds) {
  FlowEngine engine(data, seed);
  engine.run(rounds);
  ASSERT_TRUE(engine.finish());
}

void expect_tables(const std::filesystem::path& data) {
  const auto expected = expected_of(data);
  const test::Tables rows = tables_in(data / "bridge.sqlite");
  const test::Tables wanted = expected->tables();
  EXPECT_EQ(rows.orders, wanted.orders);
  EXPECT_EQ(rows.fills, wanted.fills);
  EXPECT_EQ(rows.entries, wanted.entries);
  EXPECT_EQ(rows.obligations, wanted.obligations);
  const StoreStatus status = status_of(data / "bridge.sqlite", {});
  EXPECT_EQ(status.cursor.sequence, expected->last());
  EXPECT_EQ(status.rows, expected->counter.total());
}

TEST(Bridge, rows_are_those_of_an_independent_computation) {
  std::set<std::string> reached;
  std::uint64_t failures = 0;
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    Folder folder;
    ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), seed, 1'000 + 50 * seed));
    ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
    expect_tables(folder.path());
    for (const char* column : {"status FROM orders", "state FROM obligations",
                               "cancel_reason FROM orders", "reject_reason FROM orders"}) {
      const auto found =
          query(folder.path() / "bridge.sqlite", std::string("SELECT DISTINCT ") + column);
      reached.insert(found.begin(), found.end());
    }
    failures += expected_of(folder.path())->settlement().counters().failures;
  }
  // The flow reached what it is to prove. A failed batch is tried again, so few end as FAILED.
  for (const char* word :
       {"OPEN", "FILLED", "CANCELED", "REJECTED", "REPLACED", "PENDING", "EXECUTING", "COMPLETED",
        "FOLDED", "user", "immediate", "supervisory", "system", "not live", "would cross",
        "unknown instrument", "invalid quantity"}) {
    EXPECT_TRUE(reached.contains(word)) << word;
  }
  EXPECT_GT(failures, 0u);
}

TEST(Bridge, entries_add_up_to_zero_by_asset_and_prices_are_decimals) {
  Folder folder;
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 4, 2'000));
  ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
  const auto database = folder.path() / "bridge.sqlite";
  // Every fill moves its quote once: the text of amounts says price times quantity.
  EXPECT_EQ(query(database,
                  "SELECT count(*) FROM fills f JOIN ledger_entries e USING (engine, sequence, "
                  "event_index) WHERE e.kind = 'fill quote' AND CAST(e.amount AS INTEGER) = "
                  "f.price_ticks * f.quantity"),
            query(database, "SELECT count(*) FROM fills"));
  for (const char* table : {"fills", "orders"}) {
    EXPECT_EQ(query(database, std::string("SELECT count(*) FROM ") + table +
                                  " WHERE CAST(price AS REAL) * 100 <> price_ticks"),
              std::vector<std::string>{"0"});
  }
  EXPECT_EQ(query(database, "SELECT name, decimals FROM assets ORDER BY asset"),
            (std::vector<std::string>{"USD|2", "AAPL|0", "BTC|8"}));
  EXPECT_EQ(
      query(database, "SELECT symbol, base, quote, tick FROM instruments ORDER BY instrument"),
      (std::vector<std::string>{"AAPL|AAPL|USD|0.01", "BTC-USD|BTC|USD|0.01"}));
  EXPECT_EQ(query(database,
                  "SELECT sum(CAST(amount AS INTEGER)) FROM obligations GROUP BY batch, "
                  "asset HAVING sum(CAST(amount AS INTEGER)) <> 0"),
            std::vector<std::string>{});
}

TEST(Bridge, draining_again_changes_nothing_at_all) {
  Folder folder;
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 5, 1'500));
  ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
  const auto database = folder.path() / "bridge.sqlite";
  const test::Tables before = tables_in(database);
  const auto version = query(database, "PRAGMA data_version");
  for (int i = 0; i < 3; ++i) ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
  EXPECT_EQ(tables_in(database), before);
  expect_tables(folder.path());
}

TEST(Bridge, goes_on_over_epochs_with_and_without_a_checkpoint) {
  Folder folder;
  const auto database = folder.path() / "bridge.sqlite";
  for (std::uint32_t epoch = 1; epoch <= 6; ++epoch) {
    ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 6, 600));
    if (epoch == 4) query(database, "DELETE FROM checkpoint");
    if (epoch == 5) query(database, "UPDATE checkpoint SET books = zeroblob(1000)");
    ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
    ASSERT_NO_FATAL_FAILURE(expect_tables(folder.path()));
  }
  const auto expected = expected_of(folder.path());
  for (std::uint32_t epoch = 1; epoch <= 7; ++epoch) {
    EXPECT_EQ(status_of(database, epoch).rows, expected->counter.of_epoch(epoch)) << epoch;
  }
  EXPECT_EQ(status_of(database, 7).rows, RowCounts{});
}

// A restart reads the journal from the checkpoint on: what lies before may even be gone.
TEST(Bridge, a_restart_does_not_read_what_lies_before_the_checkpoint) {
  Folder folder;
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 7, 4'000));
  ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
  Bridge again(folder.path(), small_batches(folder.path()), quiet);
  ASSERT_EQ(again.run(Bridge::Until::drained, never), Bridge::Outcome::done);
  Books from_first;
  journal::Follower follower(folder.path(), journal::inspect(folder.path()),
                             journal::Follower::Take::complete);
  journal::Follower::Entry entry;
  while (follower.next(entry) == journal::Read::record) {
    from_first.follow(entry.command, entry.events, [](const Transfer&) {});
  }
  EXPECT_EQ(again.derivation().books().save(), from_first.save());
  EXPECT_GT(again.derivation().orders_live(), 0u);
}

TEST(Bridge, saved_books_go_on_as_the_ones_they_were_taken_from) {
  Folder folder;
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 8, 3'000));
  Books whole;
  Books parted;
  journal::Follower follower(folder.path(), journal::inspect(folder.path()),
                             journal::Follower::Take::complete);
  journal::Follower::Entry entry;
  const auto ignore = [](const Transfer&) {};
  for (std::uint64_t count = 1; follower.next(entry) == journal::Read::record; ++count) {
    whole.follow(entry.command, entry.events, ignore);
    parted.follow(entry.command, entry.events, ignore);
    if (!settlement_follows(entry.command.order)) continue;
    ASSERT_TRUE(std::equal(whole.settlement().changes().begin(), whole.settlement().changes().end(),
                           parted.settlement().changes().begin(),
                           parted.settlement().changes().end()))
        << "at " << entry.command.order.sequence;
    if (count % 7 != 0) continue;
    const std::vector<std::byte> saved = parted.save();
    ASSERT_EQ(saved, whole.save());
    auto restored = Books::restored(saved);
    ASSERT_TRUE(restored);
    auto back = Books::restored(restored->save());
    ASSERT_TRUE(back);
    parted = std::move(*back);
  }
}

TEST(Bridge, damaged_books_are_not_taken) {
  Books books;
  for (const Command& command : oracle::small_venue_definitions()) {
    books.follow(command, {}, [](const Transfer&) {});
  }
  const std::vector<std::byte> saved = books.save();
  ASSERT_TRUE(Books::restored(saved));
  for (std::size_t at = 0; at < saved.size(); at += 13) {
    std::vector<std::byte> flipped = saved;
    flipped[at] ^= std::byte{16};
    EXPECT_FALSE(Books::restored(flipped)) << at;
    EXPECT_FALSE(Books::restored(std::span(saved).first(at))) << at;
  }
}

TEST(Bridge, a_torn_tail_is_waited_for_and_what_takes_its_place_is_written_once) {
  Folder folder;
  for (std::uint32_t epoch = 1; epoch <= 5; ++epoch) {
    ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 9, 400));
    // The power goes: the last blocks are lost, the events of some commands with them. Nobody had
    // read them.
    const journal::JournalReport whole = journal::inspect(folder.path());
    const auto cut = [](const journal::FileReport& file, std::uint64_t blocks) {
      const journal::SegmentReport* last = nullptr;
      for (const auto& segment : file.segments) {
        if (segment.blocks > 0) last = &segment;
      }
      if (last->blocks > blocks) {
        std::filesystem::resize_file(last->file,
                                     (last->blocks - blocks) * journal::block_bytes + 77);
      }
    };
    cut(whole.commands, epoch % 3);
    cut(whole.events, 2 + epoch % 2);
    ASSERT_EQ(journal::inspect(folder.path()).damage(), nullptr);
    ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
    ASSERT_NO_FATAL_FAILURE(expect_tables(folder.path()));
  }
}

TEST(Bridge, follows_an_engine_through_its_deaths_and_epochs_while_it_writes) {
  Folder folder;
  std::filesystem::create_directories(journal::journal_directory(folder.path()));
  std::atomic<bool> stop{false};
  std::atomic<bool> done{false};
  std::vector<std::string> said;
  std::thread following([&] {
    Bridge bridge(folder.path(), small_batches(folder.path()),
                  [&](const std::string& line) { said.push_back(line); });
    const Bridge::Outcome outcome =
        bridge.run(Bridge::Until::stopped, [&] { return stop.load(std::memory_order_acquire); });
    EXPECT_EQ(outcome, Bridge::Outcome::done) << bridge.trouble();
    done = true;
  });
  for (std::uint32_t epoch = 1; epoch <= 4; ++epoch) {
    FlowEngine engine(folder.path(), 10);
    engine.run(800);
    engine.lose_events(true);
    engine.run(50);
    engine.flush();
  }
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 10, 100));
  const Sequence last = expected_of(folder.path())->last();
  for (int i = 0;
       i < 20'000 && status_of(folder.path() / "bridge.sqlite", {}).cursor.sequence < last; ++i) {
    ::usleep(1'000);
  }
  stop.store(true, std::memory_order_release);
  following.join();
  expect_tables(folder.path());
  EXPECT_LT(said.size(), 60u) << "lines are for changes";
}

TEST(Bridge, a_locked_database_is_waited_for) {
  Folder folder;
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 11, 1'000));
  const auto database = folder.path() / "bridge.sqlite";
  { Store made(database, Store::Synchronous::normal); }
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(database.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::vector<std::string> said;
  std::thread following([&] {
    Bridge bridge(folder.path(), small_batches(folder.path()),
                  [&](const std::string& line) { said.push_back(line); });
    EXPECT_EQ(bridge.run(Bridge::Until::drained, never), Bridge::Outcome::done);
  });
  ::usleep(1'200'000);
  EXPECT_EQ(status_of(database, {}).cursor.sequence, 0u);
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  following.join();
  expect_tables(folder.path());
  EXPECT_EQ(std::count_if(
                said.begin(), said.end(),
                [](const std::string& line) { return line.find("locked") != std::string::npos; }),
            1);
}

TEST(Bridge, another_journal_than_the_one_it_follows_is_refused) {
  Folder folder;
  Folder other;
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 12, 500));
  ASSERT_NO_FATAL_FAILURE(make_journal(other.path(), 13, 900));
  ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
  std::filesystem::copy(folder.path() / "bridge.sqlite", other.path() / "bridge.sqlite");
  const test::Tables before = tables_in(other.path() / "bridge.sqlite");
  std::string trouble;
  EXPECT_EQ(drain(other.path(), &trouble), Bridge::Outcome::failed);
  EXPECT_NE(trouble.find("another command at the cursor"), std::string::npos) << trouble;
  EXPECT_EQ(tables_in(other.path() / "bridge.sqlite"), before);
}

TEST(Bridge, a_journal_that_lost_what_is_written_is_refused) {
  Folder folder;
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 14, 500));
  ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
  const journal::JournalReport report = journal::inspect(folder.path());
  std::filesystem::resize_file(report.commands.segments.front().file, 2 * journal::block_bytes);
  for (std::size_t i = 1; i < report.commands.segments.size(); ++i) {
    std::filesystem::remove(report.commands.segments[i].file);
  }
  std::string trouble;
  EXPECT_EQ(drain(folder.path(), &trouble), Bridge::Outcome::failed);
  EXPECT_NE(trouble.find("ends before the cursor"), std::string::npos) << trouble;
}

TEST(Bridge, a_second_writer_is_found_out) {
  Folder folder;
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 15, 300));
  Bridge first(folder.path(), small_batches(folder.path()), quiet);
  Bridge second(folder.path(), small_batches(folder.path()), quiet);
  EXPECT_EQ(second.run(Bridge::Until::drained, never), Bridge::Outcome::done);
  EXPECT_EQ(first.run(Bridge::Until::drained, never), Bridge::Outcome::failed);
  EXPECT_NE(first.trouble().find("another bridge"), std::string::npos) << first.trouble();
  expect_tables(folder.path());
}

TEST(Bridge, damage_is_named_with_file_and_offset) {
  Folder folder;
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 16, 2'000));
  const auto file = journal::journal_directory(folder.path()) /
                    journal::segment_name(journal::FileKind::commands, 2);
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(5'000);
  bytes.put('!');
  bytes.close();
  std::string trouble;
  EXPECT_EQ(drain(folder.path(), &trouble), Bridge::Outcome::failed);
  EXPECT_NE(trouble.find(file.string() + ", offset "), std::string::npos) << trouble;
}

// The books begin without any room: what the journal says is all that they go by.
TEST(Bridge, books_grow_with_the_epochs_limits_and_cut_as_the_engine_does) {
  Folder folder;
  ASSERT_NO_FATAL_FAILURE(make_journal(folder.path(), 17, 300));
  ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
  {
    EpochLimits larger = test::flow_limits();
    larger.accounts_max += 7;
    larger.assets_max += 3;
    larger.settlement_obligations_max *= 2;
    FlowEngine engine(folder.path(), 17, larger);
    engine.run(300);
    ASSERT_TRUE(engine.finish());
  }
  ASSERT_EQ(drain(folder.path()), Bridge::Outcome::done);
  expect_tables(folder.path());
}

TEST(Bridge, an_epoch_of_other_rules_is_refused) {
  Folder folder;
  {
    FlowEngine engine(folder.path(), 18, test::flow_limits(), rules_version_now + 1);
    ASSERT_TRUE(engine.finish());
  }
  std::string trouble;
  EXPECT_EQ(drain(folder.path(), &trouble), Bridge::Outcome::failed);
  EXPECT_NE(trouble.find("rules version " + std::to_string(rules_version_now + 1)),
            std::string::npos)
      << trouble;
}

TEST(Bridge, a_database_of_a_newer_program_is_refused) {
  Folder folder;
  const auto database = folder.path() / "bridge.sqlite";
  { Store made(database, Store::Synchronous::normal); }
  query(database, "PRAGMA user_version = 99");
  EXPECT_THROW(Store(database, Store::Synchronous::normal), SqliteError);
}

TEST(BridgeWords, decimals_are_exact) {
  EXPECT_EQ(decimal(0), "0");
  EXPECT_EQ(decimal(-1), "-1");
  EXPECT_EQ(decimal(static_cast<int128>(1) << 100), "1267650600228229401496703205376");
  EXPECT_EQ(decimal(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(decimal(12'345, 4, 0), "1.2345");
  EXPECT_EQ(decimal(12'300, 4, 0), "1.23");
  EXPECT_EQ(decimal(12'300, 4, 3), "1.230");
  EXPECT_EQ(decimal(10'000, 4, 0), "1");
  EXPECT_EQ(decimal(5, 4, 2), "0.0005");
  EXPECT_EQ(decimal(0, 4, 2), "0.00");
  EXPECT_EQ(decimal(-50, 4, 2), "-0.005");
}

TEST(BridgeSettings, the_file_that_ships_says_the_defaults) {
  const SettingsLoad load = load_settings(BASALT_BRIDGE_CONFIGS "/sqlite.toml", "/data");
  ASSERT_TRUE(load.findings.empty()) << to_text(load.findings.front());
  const Settings defaults = default_settings("/data");
  EXPECT_EQ(load.settings.database, "/data/bridge.sqlite");
  EXPECT_EQ(load.settings.synchronous, defaults.synchronous);
  EXPECT_EQ(load.settings.commands_max, defaults.commands_max);
  EXPECT_EQ(load.settings.rows_max, defaults.rows_max);
  EXPECT_EQ(load.settings.batch_time, defaults.batch_time);
  EXPECT_EQ(load.settings.checkpoint_commands, defaults.checkpoint_commands);
  EXPECT_EQ(load.settings.report, defaults.report);
}

TEST(BridgeSettings, all_that_is_wrong_is_listed) {
  Folder folder;
  const auto file = folder.path() / "wrong.toml";
  std::ofstream(file) << "synchronous = \"sometimes\"\nbatch_commands = 0\nbatch = 7\n";
  EXPECT_EQ(load_settings(file, folder.path()).findings.size(), 3u);
  EXPECT_EQ(load_settings(folder.path() / "none.toml", folder.path()).findings.size(), 1u);
}

}  // namespace
}  // namespace basalt::bridge
