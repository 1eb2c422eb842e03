// The client's books beside the engine's, level by level, in a thread of its own with low priority.
//
//   FeedQueue ─► FeedBooks ────────────────┐ after as many feed messages as the
//   journal ─► EngineBooks ─ at sequence S ┴► engine had told at S: every level equal
//
// At every 1,000th sequence, and at the end, the two are held against each other: all levels of all
// instruments that either has touched since the last time; at the end of all. The feed is not
// applied beyond where the journal has been followed to, so it waits in the queue, and where that
// is full, at the venue. Lagging behind the engine is fine.
//
// Without a data directory there is nothing to compare with, and the books are only built.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tools/load/engine_books.h"
#include "tools/load/feed_books.h"
#include "tools/load/feed_queue.h"

namespace basalt::load {

// How a level differs. Either side may have none of it.
struct LevelDifference {
  std::string symbol;
  Side side{};
  std::uint32_t price = 0;  // Wire units.
  std::uint64_t feed_quantity = 0;
  std::uint64_t engine_quantity = 0;
};
[[nodiscard]] std::string to_text(const LevelDifference& difference);

// All differences of one instrument's book, best first, both sides.
[[nodiscard]] std::vector<LevelDifference> compare_books(const FeedBooks& feed,
                                                         const matching::OrderBook& book,
                                                         const matching::BookMemory& memory,
                                                         InstrumentId instrument,
                                                         std::uint32_t wire_tick);

class BookCheck {
 public:
  static constexpr Sequence check_every = 1'000;
  static constexpr std::size_t shown_max = 10;  // Differences kept in words.

  // `data` empty: nothing to compare with. Throws std::runtime_error as EngineBooks does.
  BookCheck(FeedQueue& queue, const std::filesystem::path& data);
  ~BookCheck();

  // From now on the thread runs.
  void start();
  // Any thread: the last comparison is at the first command decided at `when` (CLOCK_REALTIME) or
  // later; where no engine runs any more, at the journal's end. Without data: when the queue is
  // empty.
  void finish(Nanos when) noexcept { finish_at_.store(when.value, std::memory_order_relaxed); }
  // Any thread: the last comparison is made, or cannot be; everything below is final.
  [[nodiscard]] bool done() const noexcept {
    // Pairs with the release at the thread's end: what it counted is visible.
    return done_.load(std::memory_order_acquire);
  }

  // Any thread, while it runs. Relaxed: for display and for hints.
  [[nodiscard]] Sequence sequence() const noexcept {
    return sequence_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t applied() const noexcept {
    return applied_.load(std::memory_order_relaxed);
  }
  // Feed messages that the engine has told at sequence().
  [[nodiscard]] std::uint64_t wanted() const noexcept {
    return wanted_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t checks() const noexcept {
    return checks_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t mismatches() const noexcept {
    return mismatches_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t last_trade(std::uint16_t locate) const noexcept {
    return books_.last_trade(locate);
  }
  [[nodiscard]] bool compares() const noexcept { return engine_ != nullptr; }

  // Once done().
  [[nodiscard]] const std::vector<std::string>& shown() const noexcept { return shown_; }
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }
  [[nodiscard]] std::uint64_t levels_compared() const noexcept { return levels_compared_; }
  [[nodiscard]] const FeedBooks& books() const noexcept { return books_; }

 private:
  void run();
  // Each returns whether anything moved.
  bool turn();
  bool follow_engine();
  bool apply_feed(std::uint64_t until);
  void compare(const std::vector<InstrumentId>& instruments);
  void compare_touched();
  void compare_all();
  [[nodiscard]] std::optional<Nanos> finish_at() const noexcept;

  FeedQueue& queue_;
  FeedBooks books_;
  std::unique_ptr<EngineBooks> engine_;
  bool stands_ = false;  // The engine's side waits at a place of comparison.
  bool last_ = false;    // Which is the last one.

  std::vector<std::string> shown_;
  std::string trouble_;
  std::uint64_t levels_compared_ = 0;
  std::uint64_t impossible_seen_ = 0;

  // The thread writes, others look.
  std::atomic<Sequence> sequence_{0};
  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> wanted_{0};
  std::atomic<std::uint64_t> checks_{0};
  std::atomic<std::uint64_t> mismatches_{0};
  std::atomic<bool> done_{false};
  // Others write.
  static constexpr std::int64_t not_yet = -1;
  std::atomic<std::int64_t> finish_at_{not_yet};
  std::atomic<bool> quit_{false};
  std::thread thread_;
};

}  // namespace basalt::load
