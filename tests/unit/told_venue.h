// The small venue with what its sessions are told.
//
//   ToldVenue venue;  venue.tell(enter({…}));  venue.told(0)  ─► {"C 1 1 U", …}
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/history/history.h"
#include "tests/oracle/small_venue.h"
#include "tests/unit/wire_text.h"

namespace basalt::test {

class ToldVenue {
 public:
  explicit ToldVenue(const oracle::CoreVenue::Settings& settings = {})
      : small_(settings),
        limits_(settings.risk.reference),
        arena_(history::HistoryCore::memory_bytes(limits_, settings.risk.orders_max)),
        answers_(limits_.sessions_max, store_bytes),
        history_(limits_, settings.risk.orders_max, answers_, arena_) {
    for (const oracle::LogRecord& record : small_.log()) oracle::follow(record, history_);
  }

  std::vector<oracle::LogRecord> tell(const Command& command) {
    std::vector<oracle::LogRecord> records = small_.tell(command);
    for (const oracle::LogRecord& record : records) oracle::follow(record, history_);
    return records;
  }
  Reject verdict_of(const Command& command) {
    const std::vector<oracle::LogRecord> records = tell(command);
    return records.empty() ? Reject::none : records.front().command.order.verdict;
  }
  // All that the session has been told since it was asked last.
  std::vector<std::string> all_told(std::uint32_t session) {
    std::vector<std::string> texts;
    while (read_[session] < answers_.count(session)) {
      texts.push_back(text_of_ouch(answers_.at(session, ++read_[session]).bytes));
    }
    return texts;
  }
  // Likewise, without what was accepted.
  std::vector<std::string> told(std::uint32_t session) {
    std::vector<std::string> texts = all_told(session);
    std::erase_if(texts, [](const std::string& text) { return text.front() == 'A'; });
    return texts;
  }
  [[nodiscard]] std::uint32_t live() { return small_.venue().risk().orders_live(); }

  [[nodiscard]] oracle::SmallVenue& small() { return small_; }
  [[nodiscard]] oracle::CoreVenue& venue() { return small_.venue(); }
  [[nodiscard]] const pipeline::StreamStore& answers() const { return answers_; }

 private:
  static constexpr std::size_t store_bytes = std::size_t{4} << 20;

  oracle::SmallVenue small_;
  ReferenceLimits limits_;
  Arena arena_;
  pipeline::StreamStore answers_;
  history::HistoryCore history_;
  std::array<std::uint64_t, 16> read_{};
};

}  // namespace basalt::test
