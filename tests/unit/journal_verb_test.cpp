#include "tools/journal_verb.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include "engine/journal/block_writer.h"
#include "engine/journal/mark_page.h"
#include "tests/unit/journal_memory_disk.h"
#include "tools/journal_records.h"

namespace basalt::tools {
namespace {

using namespace journal;

// Ten commands in five blocks, an event for each, as files in a folder of its own.
class JournalVerb : public testing::Test {
 protected:
  JournalVerb() {
    std::string pattern = testing::TempDir() + "/basalt-journal-verb-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    data_ = pattern;
    std::filesystem::create_directories(journal_directory(data_));
    write(FileKind::commands);
    write(FileKind::events);
  }
  ~JournalVerb() override { std::filesystem::remove_all(data_); }

  void write(FileKind kind) {
    constexpr BlockWriter::Limits limits{
        .buffer_blocks = 8, .writes_in_flight = 1, .write_blocks = 1};
    test::MemoryDisk disk;
    disk.automatic = true;
    disk.segment_blocks = 8;
    Arena arena(BlockWriter::memory_bytes(limits));
    BlockWriter writer({kind, 1, 1, {}}, limits, disk, arena);
    for (Sequence sequence = 1; sequence <= 10; ++sequence) {
      std::vector<Slot> record = test::slots_of(test::command_with(sequence, 2));
      if (kind == FileKind::events) {
        record = {std::bit_cast<Slot>(test::event_with(sequence, 0, true))};
      }
      ASSERT_TRUE(writer.append(record, sequence));
      if (sequence % 2 != 0) continue;
      writer.submit();
      disk.kick();
      Disk::Completion completion;
      while (disk.reap(completion)) writer.completed(completion);
    }
    std::ofstream file(path(kind), std::ios::binary);
    const auto& bytes = disk.files.at(0).bytes;
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  [[nodiscard]] std::string path(FileKind kind) const {
    return (journal_directory(data_) / segment_name(kind, 1)).string();
  }

  int run(std::vector<std::string> words) {
    words.insert(words.begin(), "journal");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = journal_verb(static_cast<int>(argv.size()), argv.data());
    out_ = testing::internal::GetCapturedStdout();
    error_ = testing::internal::GetCapturedStderr();
    return status;
  }
  [[nodiscard]] std::size_t lines() const {
    return static_cast<std::size_t>(std::count(out_.begin(), out_.end(), '\n'));
  }

  std::filesystem::path data_;
  std::string out_;
  std::string error_;
};

TEST_F(JournalVerb, verify_of_whole_files_says_what_is_there) {
  EXPECT_EQ(run({"verify", "--data", data_}), 0);
  EXPECT_NE(out_.find("commands: 10 records in 5 blocks, up to sequence 10"), out_.npos) << out_;
  EXPECT_EQ(out_.find("torn"), out_.npos);
}

TEST_F(JournalVerb, verify_of_a_cut_end_says_so_and_how_many_went) {
  std::filesystem::resize_file(path(FileKind::commands), 3 * block_bytes + 17);
  EXPECT_EQ(run({"verify", "--data", data_}), 0);
  EXPECT_NE(out_.find("commands: torn tail at " + path(FileKind::commands)), out_.npos) << out_;
  EXPECT_NE(out_.find("4 commands are known to have gone"), out_.npos) << out_;
}

TEST_F(JournalVerb, verify_of_damage_names_the_file_and_the_offset) {
  std::fstream file(path(FileKind::events), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(block_bytes + 600);
  file.put('x');
  file.close();
  EXPECT_EQ(run({"verify", "--data", data_}), 1);
  EXPECT_NE(error_.find(path(FileKind::events) + ", offset 4608: a sector fails its check"),
            error_.npos)
      << error_;
  EXPECT_EQ(run({"list", "--data", data_}), 1);
  EXPECT_EQ(run({"dump", "--data", data_}), 1);
}

TEST_F(JournalVerb, verify_finds_a_byte_in_unused_space) {
  std::fstream file(path(FileKind::commands), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(6 * block_bytes + 5);
  file.put('x');
  file.close();
  EXPECT_EQ(run({"verify", "--data", data_}), 1);
}

TEST_F(JournalVerb, list_shows_each_segment) {
  EXPECT_EQ(run({"list", "--data", data_}), 0);
  EXPECT_EQ(lines(), 3u) << out_;
  EXPECT_NE(out_.find("commands-0000000001.seg"), out_.npos);
  EXPECT_NE(out_.find("events-0000000001.seg"), out_.npos);
}

TEST_F(JournalVerb, dump_prints_a_line_a_record_in_order_of_the_log) {
  EXPECT_EQ(run({"dump", "--data", data_}), 0);
  EXPECT_EQ(lines(), 20u);
  EXPECT_EQ(out_.rfind("sequence=1 command=new_order ", 0), 0u) << out_;
  EXPECT_EQ(run({"dump", "--data", data_, "--from", "4", "--to", "6"}), 0);
  EXPECT_EQ(lines(), 6u);
  EXPECT_EQ(out_.rfind("sequence=4 ", 0), 0u);
}

TEST_F(JournalVerb, dump_as_json_is_one_object_a_line) {
  EXPECT_EQ(run({"dump", "--data", data_, "--json", "--from", "10"}), 0);
  ASSERT_EQ(lines(), 2u);
  const auto command = nlohmann::json::parse(out_.substr(0, out_.find('\n')));
  const auto event = nlohmann::json::parse(out_.substr(out_.find('\n') + 1));
  EXPECT_EQ(command.at("sequence"), 10);
  EXPECT_EQ(command.at("command"), "new_order");
  EXPECT_EQ(event.at("event"), "rested");
  EXPECT_EQ(event.at("index"), 0);
}

TEST_F(JournalVerb, beside_a_running_engine_it_ends_at_the_mark) {
  Marks marks;
  MarkPage page(data_);
  EXPECT_EQ(run({"verify", "--data", data_}), 1) << "still recovering";
  marks.durable = 6;
  marks.command_blocks = 3;
  marks.event_blocks = 2;
  page.keep(1, 1, marks);
  EXPECT_EQ(run({"verify", "--data", data_}), 0) << error_;
  EXPECT_NE(out_.find("commands: 6 records"), out_.npos) << out_;
  EXPECT_EQ(run({"dump", "--data", data_}), 0);
  EXPECT_EQ(lines(), 6u + 4u);
}

TEST_F(JournalVerb, used_wrongly_it_says_how_with_status_2) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"verify"}), 2);
  EXPECT_EQ(run({"mend", "--data", data_}), 2);
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_EQ(run({"verify", "--data", "/nowhere"}), 1);
}

TEST(JournalRecords, money_and_names_are_text) {
  Command command;
  command.order.kind = CommandKind::deposit;
  Amendment amendment{};
  amendment.amount_high = -1;
  amendment.amount_low = ~std::uint64_t{0} - 11;
  command.set(amendment);
  EXPECT_EQ(fields_of(command).at("amount"), "-12");
  DefineAsset asset{};
  asset.name = {'U', 'S', 'D', ' ', ' ', '\x01'};
  command.order.kind = CommandKind::define_asset;
  command.set(asset);
  EXPECT_EQ(fields_of(command).at("name"), "USD  ?");
}

}  // namespace
}  // namespace basalt::tools
