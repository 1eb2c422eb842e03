// Bitfinex: the raw book ("R0") of one pair, order by order, as its WebSocket tells it.
//
//   [ {…}, [channel, [[order, price, amount], …]], [channel, [order, price, amount]], … ]
//      │              snapshot                            one order: amount > 0 a bid, < 0 an ask,
//      └ about the connection                             price 0: it is gone
//
// A new order is a new order; a smaller amount at the same price a reduction; any other change a
// replace; price 0 a cancel. Prices are rounded to the tick, bids down and asks up, so that
// rounding makes nothing cross; amounts are exact in lots. The feed shows some 25 orders a side and
// no trades, so an add may cross what rests there no longer: such orders are sent, and counted.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "feedhandlers/venues/instruction.h"

namespace basalt::venues {

// A tick is 0.01 and a lot 0.00000001: numbers are kept with eight decimals.
inline constexpr std::int64_t bitfinex_units_per_tick = 1'000'000;
// What the wire's 32 bits can carry.
inline constexpr Quantity bitfinex_quantity_max{0xFFFF'FFFF};

// A decimal number, such as -0.25 or 1.5e-06, in units of 0.00000001.
struct Decimal {
  std::int64_t units = 0;  // Rounded towards zero.
  bool exact = true;
};
// Nothing: not a number, or beyond 63 bits.
[[nodiscard]] std::optional<Decimal> parse_decimal(std::string_view text);

class BitfinexFeed : public InstructionSource {
 public:
  // Reads and checks the whole file: no instruction is given of one that is damaged at its end.
  // Throws BadInput, which names the frame.
  explicit BitfinexFeed(const std::string& path);

  bool next(Instruction& instruction) override;

  [[nodiscard]] std::vector<Count> skipped() const override;
  [[nodiscard]] std::uint64_t rows() const override { return row_; }
  [[nodiscard]] std::uint64_t crossed() const override { return crossed_; }

 private:
  enum class Skip {
    no_order,
    unknown_order,
    unchanged,
    amount_zero,
    amount_inexact,
    amount_too_large,
    price_below_tick,
    price_too_large,
    count
  };
  // One order of one frame.
  struct Row {
    std::uint64_t order;
    std::int64_t price_units;   // 0: gone. Rounded as the side's ticks are.
    std::int64_t amount_units;  // Its sign is the side's.
    std::uint32_t frame;
    bool amount_exact;
  };
  struct Open {
    Side side;
    std::int64_t price_units;
    Price price;
    Quantity quantity;
  };
  class Reader;

  bool instruct(const Row& row, Instruction& instruction);
  bool skip(Skip cause) {
    ++skips_[static_cast<std::size_t>(cause)];
    return false;
  }
  [[nodiscard]] std::optional<Skip> fault(const Row& row, Price price) const;
  void enter(std::uint64_t order, const Open& open);
  void leave(std::uint64_t order);

  std::vector<Row> row_list_;
  std::size_t at_ = 0;
  std::uint64_t row_ = 0;
  std::optional<Instruction> second_;  // An order that changed sides is a cancel and a new order.
  std::unordered_map<std::uint64_t, Open> open_;
  std::map<Price, std::uint32_t> bids_;  // How many open orders of the feed are at each price.
  std::map<Price, std::uint32_t> asks_;
  std::uint64_t crossed_ = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(Skip::count)> skips_{};
};

}  // namespace basalt::venues
