// History and market data behind one log, with memory of their own: a second one that follows the
// same log must write the same bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/history/history.h"
#include "engine/marketdata/marketdata.h"
#include "tests/oracle/core_venue.h"

namespace basalt::property {

inline std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct VenueFollowers {
  static constexpr std::size_t store_bytes = std::size_t{256} << 20;  // Of address space.

  explicit VenueFollowers(const risk::RiskCore::Limits& limits)
      : arena(history::HistoryCore::memory_bytes(limits.reference, limits.orders_max) +
              marketdata::MarketDataCore::memory_bytes(limits.reference, limits.orders_max)),
        answers(limits.reference.sessions_max, store_bytes),
        feed(1, store_bytes),
        history(limits.reference, limits.orders_max, answers, arena),
        marketdata(limits.reference, limits.orders_max, feed, arena) {}

  void follow(const oracle::LogRecord& record) {
    oracle::follow(record, history);
    oracle::follow(record, marketdata);
  }

  Arena arena;
  pipeline::StreamStore answers;
  pipeline::StreamStore feed;
  history::HistoryCore history;
  marketdata::MarketDataCore marketdata;
};

// Where the streams first differ, or nothing.
inline std::string difference(const pipeline::StreamStore& a, const pipeline::StreamStore& b) {
  for (std::uint32_t stream = 0; stream < a.streams(); ++stream) {
    const std::string at = "stream " + std::to_string(stream) + ", message ";
    if (a.count(stream) != b.count(stream)) {
      return at + std::to_string(std::min(a.count(stream), b.count(stream)) + 1) +
             " is not in both";
    }
    for (std::uint64_t number = 1; number <= a.count(stream); ++number) {
      const auto one = a.at(stream, number);
      const auto other = b.at(stream, number);
      if (one.sequence != other.sequence || one.received != other.received ||
          !std::equal(one.bytes.begin(), one.bytes.end(), other.bytes.begin(), other.bytes.end())) {
        return at + std::to_string(number);
      }
    }
  }
  return "";
}

}  // namespace basalt::property
