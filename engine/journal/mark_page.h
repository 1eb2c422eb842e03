// DIR/journal/mark: one page through which other processes see how far a running engine's journal
// is, and the lock that lets only one engine have a journal.
//
//   Journal ─ Marks (this process) ─► copied each half millisecond ─► page ─ mmap ─► followers
//
// The copying has a thread of its own, because a store to a mapped file may fault and wait for the
// file system; the hot side never touches the page. The lock is an open-file-description lock: the
// kernel gives it back when the engine dies, however it dies.
//
// While the lock is held, followers read nothing beyond the page's counts (none during recovery).
// While it is free, the files' own valid prefix counts. Nothing on the page is ever evidence about
// the files: a power cut may leave any of its former contents.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <thread>

#include "engine/journal/marks.h"
#include "engine/types.h"

namespace basalt::journal {

// Where the segments and the page are.
[[nodiscard]] std::filesystem::path journal_directory(const std::filesystem::path& data);

// As it lies in the file. Little-endian; appended to, never moved.
struct MarkPageLayout {
  std::atomic<std::uint64_t> magic;
  std::atomic<std::uint64_t> version;
  std::atomic<std::uint64_t> pid;
  std::atomic<std::uint64_t> engine;
  std::atomic<std::uint64_t> epoch;  // 0: recovering.
  std::atomic<std::uint64_t> durable;
  std::atomic<std::uint64_t> events;
  std::atomic<std::uint64_t> command_blocks;
  std::atomic<std::uint64_t> event_blocks;
  std::atomic<std::uint64_t> error;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "shared between processes");

class MarkPage {
 public:
  // Makes DIR/journal where it is missing and takes the lock. Throws std::runtime_error, naming
  // the process that holds it, or std::system_error. Take it before the files are scanned: a
  // follower that sees no lock before and after its own scan then saw no more than that scan will.
  explicit MarkPage(const std::filesystem::path& data);
  ~MarkPage();
  MarkPage(const MarkPage&) = delete;
  MarkPage& operator=(const MarkPage&) = delete;

  // Starts the copying. `marks` must outlive the copying: call release() before the journal goes,
  // since the lock, and so this object, outlives the journal.
  void keep(std::uint32_t engine, std::uint32_t epoch, const Marks& marks);
  // Copies once more and stops copying; the lock stays until destruction.
  void release();

 private:
  void copy(const Marks& marks) noexcept;

  int file_ = -1;
  MarkPageLayout* page_ = nullptr;
  const Marks* marks_ = nullptr;
  std::jthread keeper_;
};

// A follower's view of the page, in any process.
class MarkView {
 public:
  struct Marks {
    bool live = false;  // An engine holds the lock. Otherwise the rest is what the last one left.
    bool recovering = false;
    std::uint64_t pid = 0;
    std::uint32_t engine = 0;
    std::uint32_t epoch = 0;
    Sequence durable = 0;
    Sequence events = 0;
    std::uint64_t command_blocks = 0;
    std::uint64_t event_blocks = 0;
  };

  explicit MarkView(const std::filesystem::path& data);
  ~MarkView();
  MarkView(const MarkView&) = delete;
  MarkView& operator=(const MarkView&) = delete;

  // Costs a system call. A page that does not exist (yet) is not live.
  [[nodiscard]] Marks read();

 private:
  std::filesystem::path path_;
  int file_ = -1;
  const MarkPageLayout* page_ = nullptr;
};

}  // namespace basalt::journal
