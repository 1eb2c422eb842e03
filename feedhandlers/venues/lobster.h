// LOBSTER: a Nasdaq day of one stock, rebuilt from TotalView-ITCH. Two files of equal length.
//
//   message file     time, type, order, size, price, direction        ─► LobsterMessages ─►
//   Instruction order book file  ask price, ask size, bid price, bid size, …      ─► LobsterBook ─►
//   the book after
//                    repeated for each level                             each message
//
// Prices are in units of 0.0001; here a tick is 0.01. An execution becomes an immediate-or-cancel
// order from the other side, of that size at that price, for the aggressive account. What names an
// order that did not enter in the file is skipped.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "feedhandlers/venues/instruction.h"
#include "feedhandlers/venues/text_file.h"

namespace basalt::venues {

inline constexpr std::int64_t lobster_units_per_tick = 100;

enum class LobsterType : std::uint8_t {
  new_order = 1,
  partial_cancel = 2,
  full_cancel = 3,
  execution = 4,
  hidden_execution = 5,
  cross_trade = 6,
  halt = 7,
};

// One row as it stands in the file.
struct LobsterMessage {
  Nanos time;  // Since midnight.
  LobsterType type{};
  std::uint64_t order = 0;
  Quantity size;
  std::int64_t price_units = 0;
  Side side{};  // Of the resting order.
};

class LobsterMessages : public InstructionSource {
 public:
  explicit LobsterMessages(const std::string& path) : file_(path) {}

  bool next(Instruction& instruction) override;
  // As next(), but also returns for a row that gives no instruction: `has_instruction` says.
  bool next_row(LobsterMessage& message, Instruction& instruction, bool& has_instruction);

  [[nodiscard]] std::vector<Count> skipped() const override;
  [[nodiscard]] std::uint64_t rows() const override { return file_.line_number(); }
  [[nodiscard]] std::uint64_t crossed() const override { return 0; }  // What crosses, traded there.

 private:
  enum class Skip { unknown_order, duplicate, off_tick, hidden, cross_trade, halt, count };
  struct Open {
    Quantity total;  // What reductions left of the first size, executed quantity included.
    Quantity open;
  };

  [[nodiscard]] LobsterMessage parse(std::string_view line) const;
  bool instruct(const LobsterMessage& message, Instruction& instruction);
  bool skip(Skip cause) {
    ++skips_[static_cast<std::size_t>(cause)];
    return false;
  }

  TextFile file_;
  std::unordered_map<std::uint64_t, Open> open_;
  std::array<std::uint64_t, static_cast<std::size_t>(Skip::count)> skips_{};
};

struct LobsterLevel {
  Price price;
  Quantity quantity;
  friend bool operator==(const LobsterLevel&, const LobsterLevel&) = default;
};

// The book after one message, best first, only levels that exist.
struct LobsterRow {
  std::vector<LobsterLevel> bids;
  std::vector<LobsterLevel> asks;
};

class LobsterBook {
 public:
  explicit LobsterBook(const std::string& path) : file_(path) {}

  // False: the file is at its end. Throws BadInput.
  bool next(LobsterRow& row);
  // How many levels a side the file tells; known after the first row.
  [[nodiscard]] std::size_t levels() const noexcept { return levels_; }
  [[nodiscard]] std::uint64_t rows() const noexcept { return file_.line_number(); }

 private:
  TextFile file_;
  std::size_t levels_ = 0;
};

}  // namespace basalt::venues
