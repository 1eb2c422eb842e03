// Follows a journal into SQLite: exactly once, whoever is killed, and never in the engine's way.
//
//   journal files ─► Follower ─► Derivation ─► Batch ─► Store: rows and cursor, one transaction
//     (only read)                   ▲                     │
//                                   └── at start: live orders, books ◄── tables, checkpoint
//
// It takes what is there, at most a batch, and writes it; a database that is locked or full holds
// it back and nothing else. A restart reads the journal from the last checkpoint of the books on,
// so it costs what came since and not what the journal holds.
//
//   I1  What Follower gives was acknowledged or will stand: nothing that a recovery voids is ever
//       written. Should a journal tell another command at the cursor than the one that was written
//       (another journal, or one restored from an older copy), the bridge refuses to go on.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "engine/bridge/books.h"
#include "engine/bridge/derivation.h"
#include "engine/bridge/rows.h"
#include "engine/bridge/store.h"
#include "engine/journal/mark_page.h"
#include "engine/journal/reader.h"

namespace basalt::bridge {

struct Settings {
  std::filesystem::path database;
  Store::Synchronous synchronous = Store::Synchronous::normal;
  // A batch ends with whichever comes first. One command's rows are never parted, so a sweep of a
  // whole book may pass rows_max by its own.
  std::uint32_t commands_max = 10'000;
  std::uint32_t rows_max = 50'000;
  std::chrono::milliseconds batch_time{20};
  std::uint64_t checkpoint_commands = 500'000;  // Between two; what a restart reads again at most.
  std::chrono::seconds report{0};               // Between two lines while nothing changes; 0: none.
};

class Bridge {
 public:
  enum class Until : std::uint8_t {
    stopped,  // Follows until it is told to stop.
    drained,  // Until what is there now is written.
  };
  enum class Outcome : std::uint8_t {
    done,    // Stopped or drained: everything that was read is written.
    failed,  // trouble() says why.
  };
  using Say = std::function<void(const std::string&)>;
  using Stopping = std::function<bool()>;

  // Throws SqliteError when the database cannot be opened.
  Bridge(const std::filesystem::path& data, const Settings& settings, Say say);

  // `stopping` is asked between batches and while waiting.
  [[nodiscard]] Outcome run(Until until, const Stopping& stopping);

  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }
  [[nodiscard]] const Cursor& cursor() const noexcept { return store_.cursor(); }
  [[nodiscard]] const Derivation& derivation() const noexcept { return derivation_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Filled : std::uint8_t { more, end, failed };

  // The books to begin with, and the last command that they know.
  struct Start {
    Books books;
    Sequence at = 0;
  };
  [[nodiscard]] static Start start_from(Store& store, const Say& say);

  // Reads on until the batch is full, its time is over, or there is nothing more now.
  [[nodiscard]] Filled fill();
  [[nodiscard]] Filled take(const journal::Follower::Entry& entry);
  [[nodiscard]] Filled follow_to_cursor(const journal::Follower::Entry& entry);
  // Tries until it is done, or told to stop, or the trouble is one that does not pass.
  [[nodiscard]] bool write(bool last, const Stopping& stopping);
  [[nodiscard]] bool worth_writing(Filled filled) const;
  [[nodiscard]] bool is_drained(Filled filled);
  void look_at_marks();
  void tell(Filled filled);
  [[nodiscard]] Filled fail(std::string trouble);
  [[nodiscard]] Sequence read_to() const noexcept {
    return batch_.commands > 0 ? batch_.cursor.sequence : store_.cursor().sequence;
  }

  const std::filesystem::path data_;
  const Settings settings_;
  const Say say_;
  Store store_;
  Start start_;  // Its books move on into the derivation.
  Derivation derivation_;
  journal::Follower follower_;
  journal::MarkView view_;
  journal::MarkView::Marks marks_;
  Batch batch_;
  Command last_command_{};
  std::uint64_t since_checkpoint_ = 0;
  Clock::time_point written_{};
  Clock::time_point looked_{};
  Clock::time_point told_{};
  Sequence followed_ = 0;  // The last command that was read, in the tables or not.
  std::optional<Sequence> drain_to_;
  std::optional<bool> live_told_;
  std::uint32_t epoch_told_ = 0;
  bool caught_up_told_ = false;
  std::string trouble_;
};

}  // namespace basalt::bridge
