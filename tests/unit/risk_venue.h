// What risk holds on the small venue, and what it says to a command.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "tests/oracle/small_venue.h"

namespace basalt::oracle {

inline const risk::Balance& balance(SmallVenue& small, std::uint32_t session, std::uint32_t asset) {
  return small.venue().risk().balance(AccountId{traders_first + session}, AssetId{asset});
}

inline Reject verdict_of(SmallVenue& small, const Command& command) {
  const std::vector<LogRecord> records = small.tell(command);
  return records.empty() ? Reject::none : records.front().command.order.verdict;
}

// Leaves a trader exactly so much of an asset.
inline void leave(SmallVenue& small, std::uint32_t session, std::uint32_t asset,
                  std::int64_t amount) {
  test::CommandMaker make;
  const auto free = static_cast<std::int64_t>(balance(small, session, asset).free.value);
  small.tell(make.withdraw(traders_first + session, asset, free - amount));
  ASSERT_EQ(balance(small, session, asset).free, Money{amount});
}

}  // namespace basalt::oracle
