// The journal on a real disk: segments made ahead, io_uring, the mark page, readers and followers.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/journal/journal.h"
#include "engine/journal/mark_page.h"
#include "engine/journal/reader.h"
#include "engine/journal/segment_maker.h"
#include "engine/journal/uring_disk.h"
#include "tests/unit/journal_memory_disk.h"

namespace basalt::journal {
namespace {

using test::command_with;
using test::event_with;
using test::slots_of;

class Folder {
 public:
  explicit Folder(const std::string& under = testing::TempDir()) {
    std::string pattern = under + "/basalt-journal-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(journal_directory(path_))) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::filesystem::path path_;
};

constexpr std::uint64_t segment_bytes = 32 * block_bytes;
constexpr BlockWriter::Limits limits_of_test{
    .buffer_blocks = 64, .writes_in_flight = 8, .write_blocks = 16};
constexpr std::uint32_t ring_slots = 256;

bool has_events(Sequence sequence) {
  return sequence % 4 != 0;
}
std::uint32_t events_of(Sequence sequence) {
  return has_events(sequence) ? static_cast<std::uint32_t>(1 + sequence % 3) : 0;
}
// Commands without events are ticks of one slot that matching refused; see goes_to_matching().
Command command_of(Sequence sequence) {
  Command command = command_with(sequence, static_cast<std::uint8_t>(2 + sequence % 3));
  if (!has_events(sequence)) command.order.verdict = Reject::invalid_price;
  return command;
}

// An engine as far as the journal is concerned.
class Engine {
 public:
  explicit Engine(const std::filesystem::path& data,
                  SegmentMaker::Options options = {segment_bytes})
      : page(data),
        found(inspect(data)),
        arena(SegmentMaker::memory_bytes() + Journal::memory_bytes(limits_of_test) +
              2 * ring::BroadcastRing<Slot>::memory_bytes(ring_slots)),
        commands(ring_slots, 1, arena),
        log(ring_slots, 1, arena),
        maker(data, found.commands.resume.segment, found.events.resume.segment, options, arena),
        disk(maker),
        journal(commands.reader(0), log.reader(0), disk,
                {7, std::max(found.commands.epoch, found.events.epoch) + 1, found.commands.resume,
                 found.events.resume},
                limits_of_test, arena) {
    next = found.commands.resume.sequence + 1;
    for (Sequence s = found.events.resume.sequence + 1; s < next; ++s) {
      for (std::uint32_t i = 0; i < events_of(s); ++i) {
        while (!journal.append_event(event_with(s, i, i + 1 == events_of(s)))) journal.poll();
      }
    }
    page.keep(7, std::max(found.commands.epoch, found.events.epoch) + 1, journal.marks());
  }

  ~Engine() { page.release(); }  // It copies from the journal, which goes before it.

  void run(std::uint64_t commands_more, bool with_events = true) {
    for (const Sequence end = next + commands_more; next < end; ++next) {
      const Command command = command_of(next);
      for (const Slot& slot : slots_of(command)) put(commands, slot);
      if (!with_events) continue;
      for (const Slot& slot : slots_of(command)) put(log, slot);
      for (std::uint32_t i = 0; i < events_of(next); ++i) {
        Event event = event_with(next, i, i + 1 == events_of(next));
        event.match_number += salt;
        put(log, std::bit_cast<Slot>(event));
      }
    }
  }
  void put(ring::BroadcastRing<Slot>& ring, const Slot& slot) {
    Slot* place = ring.claim();
    while (place == nullptr) {
      ring.publish();
      // Naps when idle, as the engine's loop does: the kernel may need this core to complete.
      if (journal.poll() == 0) ::usleep(20);
      place = ring.claim();
    }
    *place = slot;
    ring.publish();
  }

  MarkPage page;
  JournalReport found;
  Arena arena;
  ring::BroadcastRing<Slot> commands;
  ring::BroadcastRing<Slot> log;
  SegmentMaker maker;
  UringDisk disk;
  Journal journal;
  Sequence next = 1;
  std::uint64_t salt = 0;  // What tells this engine's events from another's.
};

void expect_entry(const Follower::Entry& entry, Sequence sequence, std::uint64_t salt = 0) {
  ASSERT_EQ(entry.command.order.sequence, sequence);
  const Command expected = command_of(sequence);
  ASSERT_EQ(std::memcmp(&entry.command, &expected, expected.order.slots * sizeof(Slot)), 0);
  ASSERT_TRUE(entry.complete);
  ASSERT_EQ(entry.events.size(), events_of(sequence));
  for (std::uint32_t i = 0; i < entry.events.size(); ++i) {
    ASSERT_EQ(entry.events[i].match_number, sequence * 1000 + i + salt);
  }
}

void expect_all(const std::filesystem::path& data, Sequence from, Sequence last) {
  Follower follower(data, Follower::Take::complete, from);
  Follower::Entry entry;
  for (Sequence sequence = from; sequence <= last; ++sequence) {
    ASSERT_EQ(follower.next(entry), Read::record) << sequence << ' ' << follower.damage().what;
    ASSERT_NO_FATAL_FAILURE(expect_entry(entry, sequence));
  }
  ASSERT_EQ(follower.next(entry), Read::end);
}

TEST(JournalFiles, what_was_written_is_read_back_merged_and_in_order) {
  Folder folder;
  {
    Engine engine(folder.path());
    engine.run(3000);
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
  }
  const JournalReport report = inspect(folder.path());
  ASSERT_EQ(report.damage(), nullptr) << report.damage()->what;
  EXPECT_FALSE(report.torn());
  EXPECT_GT(report.commands.segments.size(), 3u);
  EXPECT_TRUE(report.commands.closed && report.events.closed);
  for (const Sequence from : {1u, 2u, 777u, 1500u, 2999u, 3000u, 3001u}) {
    ASSERT_NO_FATAL_FAILURE(expect_all(folder.path(), from, 3000));
  }
}

TEST(JournalFiles, epochs_follow_one_another_and_missing_events_are_added) {
  Folder folder;
  for (std::uint32_t epoch = 1; epoch <= 4; ++epoch) {
    Engine engine(folder.path());
    EXPECT_EQ(engine.found.commands.epoch, epoch - 1);
    engine.run(300);
    engine.run(40, epoch % 2 == 0);  // Odd epochs die before their last events are written.
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
  }
  {
    Engine engine(folder.path());
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
  }
  ASSERT_NO_FATAL_FAILURE(expect_all(folder.path(), 1, 4 * 340));
  ASSERT_NO_FATAL_FAILURE(expect_all(folder.path(), 1000, 4 * 340));
}

TEST(JournalFiles, a_cut_end_of_commands_voids_the_events_beyond_it) {
  Folder folder;
  {
    Engine engine(folder.path());
    engine.run(100);
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
  }
  const auto file = journal_directory(folder.path()) / segment_name(FileKind::commands, 1);
  const JournalReport whole = inspect(folder.path());
  ASSERT_EQ(whole.commands.segments[0].blocks, whole.commands.blocks);
  std::filesystem::resize_file(file, (whole.commands.blocks - 2) * block_bytes + 1000);
  const JournalReport cut = inspect(folder.path());
  ASSERT_EQ(cut.damage(), nullptr);
  ASSERT_TRUE(cut.commands.torn);
  EXPECT_FALSE(cut.events.torn);
  EXPECT_EQ(cut.commands_lost(), 100 - cut.commands.last_sequence);
  const Sequence kept = cut.commands.last_sequence;
  ASSERT_LT(kept, 100u);
  ASSERT_NO_FATAL_FAILURE(expect_all(folder.path(), 1, kept));
  {
    Engine engine(folder.path());
    engine.salt = 100;  // Other commands take the numbers of those that went.
    engine.run(500);
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
  }
  Follower follower(folder.path());
  Follower::Entry entry;
  for (Sequence sequence = 1; sequence <= kept + 500; ++sequence) {
    ASSERT_EQ(follower.next(entry), Read::record);
    ASSERT_NO_FATAL_FAILURE(expect_entry(entry, sequence, sequence > kept ? 100 : 0));
  }
}

TEST(JournalFiles, events_of_a_command_that_were_cut_in_two_are_told_once) {
  Folder folder;
  {
    Engine engine(folder.path());
    engine.run(50);
    while (events_of(engine.next) < 3) engine.run(1);
    const Sequence half_told = engine.next;
    engine.run(1, false);
    engine.put(engine.log, std::bit_cast<Slot>(event_with(half_told, 0, false)));
    engine.put(engine.log, std::bit_cast<Slot>(event_with(half_told, 1, false)));
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
    EXPECT_LT(inspect(folder.path()).events.resume.sequence, half_told);
  }
  Sequence last = 0;
  {
    Engine engine(folder.path());
    engine.run(50);
    last = engine.next - 1;
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
  }
  ASSERT_NO_FATAL_FAILURE(expect_all(folder.path(), 1, last));
}

TEST(JournalFiles, recovery_reads_commands_whose_events_are_missing) {
  Folder folder;
  {
    Engine engine(folder.path());
    engine.run(50);
    engine.run(20, false);
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
  }
  MarkPage lock(folder.path());
  const JournalReport report = inspect(folder.path());
  Follower follower(folder.path(), report, Follower::Take::all_commands);
  Follower::Entry entry;
  for (Sequence sequence = 1; sequence <= 70; ++sequence) {
    ASSERT_EQ(follower.next(entry), Read::record);
    EXPECT_EQ(entry.command.order.sequence, sequence);
    EXPECT_EQ(entry.complete, sequence <= 50 || !has_events(sequence));
  }
  EXPECT_EQ(follower.next(entry), Read::end);
}

TEST(JournalFiles, a_follower_lives_through_an_engine_its_end_and_the_next_epoch) {
  Folder folder;
  std::filesystem::create_directories(journal_directory(folder.path()));
  constexpr Sequence last = 6000;
  std::atomic<Sequence> durable{0};
  std::thread following([&] {
    Follower follower(folder.path());
    Follower::Entry entry;
    for (Sequence sequence = 1; sequence <= last; ++sequence) {
      ASSERT_EQ(follower.wait(entry, std::chrono::seconds(30)), Read::record)
          << sequence << ' ' << follower.damage().file << ' ' << follower.damage().what;
      ASSERT_NO_FATAL_FAILURE(expect_entry(entry, sequence));
    }
    durable = last;
  });
  Sequence done = 0;
  for (std::uint32_t epoch = 1; epoch <= 3; ++epoch) {
    Engine engine(folder.path());
    engine.run(1900);
    // Killed rather than stopped: no closing block, and events may lag behind.
    while (!engine.journal.idle()) {
      if (engine.journal.poll() == 0) ::usleep(20);
    }
    if (epoch == 3) {
      engine.run(last - engine.next + 1);
      ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
    }
    done = engine.next - 1;
  }
  EXPECT_EQ(done, last);
  following.join();
  EXPECT_EQ(durable, last);
}

TEST(JournalFiles, one_engine_at_a_time_and_a_dead_ones_lock_does_not_block) {
  Folder folder;
  EXPECT_FALSE(MarkView(folder.path()).read().live);
  {
    MarkPage first(folder.path());
    EXPECT_TRUE(MarkView(folder.path()).read().live);
    EXPECT_TRUE(MarkView(folder.path()).read().recovering);
    try {
      MarkPage second(folder.path());
      FAIL() << "two engines on one journal";
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find(std::to_string(::getpid())), std::string::npos);
    }
  }
  EXPECT_FALSE(MarkView(folder.path()).read().live);
  MarkPage again(folder.path());
}

TEST(JournalFiles, the_mark_page_shows_what_the_journal_marks) {
  Folder folder;
  Marks marks;
  marks.durable = 41;
  MarkPage page(folder.path());
  page.keep(3, 5, marks);
  MarkView view(folder.path());
  EXPECT_EQ(view.read().durable, 41u);
  EXPECT_EQ(view.read().engine, 3u);
  EXPECT_EQ(view.read().epoch, 5u);
  marks.durable.store(42, std::memory_order_release);
  marks.command_blocks.store(9, std::memory_order_release);
  for (int i = 0; i < 1000 && view.read().durable != 42; ++i) ::usleep(1000);
  EXPECT_EQ(view.read().durable, 42u);
  EXPECT_EQ(view.read().command_blocks, 9u);
}

TEST(JournalFiles, spares_are_kept_ready_used_again_and_made_of_zeroes) {
  Folder folder;
  {
    Engine engine(folder.path());
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));  // Takes segment 1 of each.
    for (int i = 0; i < 2000 && folder.names().size() < 5; ++i) ::usleep(1000);
  }
  const std::vector<std::string> expected{"commands-0000000001.seg", "commands-0000000002.seg",
                                          "events-0000000001.seg", "events-0000000002.seg", "mark"};
  EXPECT_EQ(folder.names(), expected);
  const auto spare = journal_directory(folder.path()) / segment_name(FileKind::commands, 2);
  EXPECT_EQ(std::filesystem::file_size(spare), segment_bytes);
  const auto made = std::filesystem::last_write_time(spare);
  // A killed maker's leftovers, and a spare that is not whole.
  std::ofstream(spare.string() + ".making") << "half";
  std::filesystem::resize_file(journal_directory(folder.path()) / segment_name(FileKind::events, 2),
                               100);
  {
    Engine engine(folder.path());
    EXPECT_EQ(engine.found.commands.resume.segment, 2u);
    EXPECT_EQ(std::filesystem::last_write_time(spare), made);
    EXPECT_EQ(std::filesystem::file_size(journal_directory(folder.path()) /
                                         segment_name(FileKind::events, 2)),
              segment_bytes);
    engine.run(10);
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
  }
  for (const std::string& name : folder.names()) EXPECT_EQ(name.find(".making"), name.npos) << name;
  ASSERT_NO_FATAL_FAILURE(expect_all(folder.path(), 1, 10));
}

// A disk that is full from the n-th write of zeroes on, until space returns.
std::atomic<std::int64_t> writes_left{0};
ssize_t write_until_full(int file, const void* bytes, std::size_t size, off_t offset) {
  if (writes_left.fetch_sub(1) <= 0) {
    errno = ENOSPC;
    return -1;
  }
  return ::pwrite(file, bytes, size, offset);
}

TEST(JournalFiles, a_full_disk_is_told_holds_the_engine_back_and_passes) {
  for (std::int64_t full_after = 0; full_after < 6; ++full_after) {
    Folder folder;
    writes_left = full_after;
    const SegmentMaker::Options options{segment_bytes, true, write_until_full};
    if (full_after < 2) {
      EXPECT_THROW(Engine(folder.path(), options), std::system_error);
      for (const std::string& name : folder.names()) {
        EXPECT_EQ(name.find(".making"), name.npos) << "half a segment is left behind";
      }
      continue;
    }
    Engine engine(folder.path(), options);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    // Without waiting: push until nothing moves any more, and the maker has come to say why.
    std::vector<Slot> rest;
    std::uint64_t stuck = 0;
    while ((stuck < 3000 || engine.maker.error() == 0) &&
           std::chrono::steady_clock::now() < deadline) {
      if (rest.empty()) rest = slots_of(command_of(engine.next++));
      Slot* place = engine.commands.claim();
      if (place != nullptr) {
        *place = rest.front();
        rest.erase(rest.begin());
        engine.commands.publish();
        stuck = 0;
      } else {
        ++stuck;
        ::usleep(100);
      }
      engine.journal.poll();
    }
    EXPECT_EQ(engine.maker.error(), ENOSPC);
    EXPECT_EQ(engine.journal.error(), 0);
    const Sequence held = engine.journal.durable_mark().load();
    EXPECT_LT(held, engine.next - 1);
    writes_left = 1'000'000;
    for (const Slot& slot : rest) engine.put(engine.commands, slot);
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
    EXPECT_EQ(engine.journal.durable_mark().load(), engine.next - 1);
    EXPECT_EQ(engine.maker.error(), 0);
    EXPECT_EQ(inspect(folder.path()).damage(), nullptr);
  }
}

TEST(JournalFiles, a_bit_that_flips_in_a_file_is_found_and_named) {
  Folder folder;
  {
    Engine engine(folder.path());
    engine.run(1000);
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
  }
  const std::string file =
      (journal_directory(folder.path()) / segment_name(FileKind::commands, 2)).string();
  const int opened = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  char byte = 0;
  ASSERT_EQ(::pread(opened, &byte, 1, 5000), 1);
  byte = static_cast<char>(byte ^ 4);
  ASSERT_EQ(::pwrite(opened, &byte, 1, 5000), 1);
  ::close(opened);
  const JournalReport report = inspect(folder.path());
  ASSERT_NE(report.damage(), nullptr);
  EXPECT_EQ(report.damage()->file, file);
  EXPECT_EQ(report.damage()->offset / block_bytes, 1u);
  Follower follower(folder.path());
  Follower::Entry entry;
  Read read = Read::record;
  while (read == Read::record) read = follower.next(entry);
  EXPECT_EQ(read, Read::damaged);
  EXPECT_EQ(follower.damage().file, file);
}

TEST(JournalFiles, where_direct_writing_is_refused_it_goes_through_the_page_cache_and_says_so) {
  Folder folder;
  {
    Engine engine(folder.path(), {segment_bytes, false});
    EXPECT_FALSE(engine.maker.direct());
    engine.run(500);
    ASSERT_TRUE(engine.journal.finish(std::chrono::seconds(20)));
  }
  ASSERT_NO_FATAL_FAILURE(expect_all(folder.path(), 1, 500));
}

}  // namespace
}  // namespace basalt::journal
