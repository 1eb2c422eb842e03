// A small venue with the history behind its log, and what its sessions were told, in words.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/arena.h"
#include "engine/history/history.h"
#include "tests/oracle/small_venue.h"
#include "tests/unit/wire_text.h"

namespace basalt::history {

inline constexpr std::size_t store_bytes = std::size_t{4} << 20;

// The venue with the core behind its log.
class History : public testing::Test {
 protected:
  explicit History(const oracle::CoreVenue::Settings& settings = {})
      : small_(settings),
        limits_(small_.venue().settings().risk.reference),
        orders_max_(small_.venue().settings().risk.orders_max),
        arena_(HistoryCore::memory_bytes(limits_, orders_max_)),
        answers_(limits_.sessions_max, store_bytes),
        core_(limits_, orders_max_, answers_, arena_) {
    for (const oracle::LogRecord& record : small_.log()) follow(record);
  }

  void follow(const oracle::LogRecord& record) { oracle::follow(record, core_); }
  void tell(const Command& command) {
    for (const oracle::LogRecord& record : small_.tell(command)) follow(record);
  }
  // Buys of session 0, sells of session 1 unless said otherwise.
  void buy(std::uint32_t ref, std::int64_t quantity, std::int64_t price) {
    tell(oracle::enter(
        {.session = 0, .ref = ref, .side = Side::buy, .quantity = quantity, .price = price}));
  }
  void sell(std::uint32_t ref, std::int64_t quantity, std::int64_t price) {
    tell(oracle::enter(
        {.session = 1, .ref = ref, .side = Side::sell, .quantity = quantity, .price = price}));
  }

  static Command sell_order(std::uint32_t ref, std::int64_t quantity, std::int64_t price,
                            std::uint16_t flags, const Instructions& instructions = {}) {
    return oracle::enter({.session = 1,
                          .ref = ref,
                          .side = Side::sell,
                          .quantity = quantity,
                          .price = price,
                          .flags = flags,
                          .instructions = instructions});
  }

  // All that the session has been told since it was asked last.
  std::vector<std::string> told(std::uint32_t session) {
    std::vector<std::string> texts;
    while (read_[session] < answers_.count(session)) {
      texts.push_back(test::text_of_ouch(answers_.at(session, ++read_[session]).bytes));
    }
    return texts;
  }

  oracle::SmallVenue small_;
  ReferenceLimits limits_;
  std::uint32_t orders_max_;
  Arena arena_;
  pipeline::StreamStore answers_;
  HistoryCore core_;
  std::array<std::uint64_t, 16> read_{};
};

}  // namespace basalt::history
