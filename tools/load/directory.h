// The instruments of a venue, as its feed tells them: ITCH 5.0 directory and trading action, and
// the venue's scale message (feedhandlers/order_entry/EXTENSIONS.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tools/load/flow.h"

namespace basalt::load {

struct Listing {
  bool listed = false;
  bool trading = false;
  Symbol symbol;
  std::uint16_t locate = 0;
  std::uint32_t price_tick = 0;  // In units of 0.0001.
  std::uint32_t price_max = 0;
  std::uint32_t quantity_max = 0;
  std::uint8_t lot_decimals = 0;  // Of the unit that quantities count.
};

class Directory {
 public:
  // Any ITCH message; all but three kinds are passed over at the cost of a comparison.
  void take(std::span<const std::byte> message);

  // nullptr: not listed, or its scale is not told.
  [[nodiscard]] const Listing* find(std::string_view symbol) const;
  // In the order of their locates.
  [[nodiscard]] std::vector<Listing> trading() const;

 private:
  [[nodiscard]] Listing& at(std::uint16_t locate);

  std::vector<Listing> listings_;  // By locate.
};

}  // namespace basalt::load
