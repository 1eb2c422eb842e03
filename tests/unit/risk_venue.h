// What risk holds on the small venue, and what it says to a command.
#pragma once

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

}  // namespace basalt::oracle
