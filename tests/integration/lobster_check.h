// Replays a LOBSTER day through the matching core and holds the book against the file's, level by
// level, after each event.
//
//   message ─► instruction ─► matching core ─► its book ──┐
//   book row ─────────────────────────────────────────────┴─► agrees │ excused │ unexplained
//
// The file shows a window: the events and the orders of the best N levels since it began. So our
// book lacks *missing* orders, which are from before the file or came in behind the N levels, and
// keeps *strays*, which left the venue while behind them. A row is excused only by the name of one:
//
//   - A price is judged while it is inside the window. When it comes in, what the file has there
//     beyond our orders is missing; it is entered as one order, the row is excused by it, and from
//     then on that price must agree exactly. Messages about orders that did not enter in the file
//     take from it. More that appears inside the window is unexplained.
//   - What we have beyond the file can only be strays: orders whose price was outside the window
//     since they came. The row that shows it is excused by them. Those that the file never names
//     again are canceled here too, and also when a younger order at their price is executed.
//   - Each of our orders must rest whole on entry, and each execution must fill exactly the order,
//     quantity and price that the file names. One thing no book with time priority can repeat: now
//     and then the venue itself fills an order before an older one that must still be there (its
//     price never left the window, or a later message names it). That is taken as a cancel, and the
//     row is excused by the names of both.
//
// Everything else is unexplained.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "feedhandlers/venues/lobster.h"
#include "tests/oracle/one_book.h"

namespace basalt::integration {

struct LobsterReport {
  std::uint64_t rows = 0;
  std::uint64_t agreed = 0;  // The book is the file's, and nothing had to be excused in this row.
  std::uint64_t alone = 0;   //   Of these: by orders of the file alone, none missing in the window.
  std::uint64_t excused = 0;  // By a missing order, a stray or an order passed over, by name.
  std::uint64_t fills = 0;    // Each of the order, quantity and price that the file tells.
  std::uint64_t missing = 0;  // Entered by us when their price came into the window;
  std::uint64_t missing_unnamed = 0;  //   of these: the file never tells their number.
  std::uint64_t strays = 0;           // Canceled by us, whole or in part.
  std::uint64_t in_part = 0;  // Rows and prices where a part has left of what is named later.
  std::uint64_t passed_over = 0;
  std::vector<std::string> excuses;      // In words, each with its row: the first of each kind.
  std::vector<std::string> unexplained;  // Likewise, and all rows count, whatever is kept here.
  std::uint64_t rows_unexplained = 0;

  [[nodiscard]] double excused_share() const {
    return rows == 0 ? 0 : static_cast<double>(excused) / static_cast<double>(rows);
  }
};

class LobsterCheck {
 public:
  // Plays at most `rows_max` rows.
  LobsterReport run(const std::string& message_path, const std::string& book_path,
                    std::uint64_t rows_max = ~std::uint64_t{0});

 private:
  struct Ours {
    OrderId number;
    Side side;
    Price price;
    Quantity open;
    bool was_out = false;  // Its price was outside the window since it came.
  };
  // Keys are ranks: a lower one is a better price on either side.
  struct SideState {
    std::map<std::int64_t, std::vector<std::uint64_t>> queue;  // Our orders, oldest first.
    std::map<std::int64_t, std::uint64_t> missing;             // Of these: entered by us.
    std::map<std::int64_t, Quantity> beyond;  // Inside the window: what strays have there, if any.
    // Orders that never entered, by the row that names them.
    std::map<std::int64_t, std::map<std::uint64_t, std::uint64_t>> named;
    std::int64_t window = nothing_seen;  // The worst rank inside.
  };
  static constexpr std::int64_t nothing_seen = -(std::int64_t{1} << 40);
  static constexpr std::int64_t all_seen = std::int64_t{1} << 40;
  // Orders entered by us are numbered from here; the file's are far below.
  static constexpr std::uint64_t first_missing_id = std::uint64_t{1} << 63;

  static std::int64_t rank_of(Side side, Price price) {
    return side == Side::buy ? -price.value : price.value;
  }
  SideState& state(Side side) { return side_[static_cast<std::size_t>(side)]; }

  void look_ahead(const std::string& message_path);
  void play(const venues::LobsterMessage& message, const venues::Instruction& instruction,
            bool known, const venues::LobsterRow& row, std::size_t levels);

  // What a message does to our orders.
  void apply(const venues::LobsterMessage& message, const venues::Instruction& instruction);
  void enter(const venues::Instruction& instruction);
  void lower(const venues::Instruction& instruction, Quantity by);
  void execute(const venues::Instruction& instruction);
  void pass_over(std::uint64_t older, const venues::Instruction& instruction);
  void about_missing(const venues::LobsterMessage& message);

  // What the core does, and our notes of it.
  bool rest(std::uint64_t id, Side side, Price price, Quantity quantity);
  void take(std::uint64_t id, Quantity quantity);
  bool fill(std::uint64_t id, Quantity quantity);
  void forget(std::uint64_t id);

  // Holds one side against the file. True: it is the file's, level by level.
  bool judge(Side side, const std::vector<venues::LobsterLevel>& file, std::size_t levels);
  void judge_price(Side side, std::int64_t rank, Quantity in_file, bool was_inside);
  void move_window(Side side, std::int64_t window);
  void enter_missing(Side side, std::int64_t rank, Quantity quantity);
  void remove_strays(Side side, std::int64_t rank);
  void remove_stray(std::uint64_t id, Quantity quantity);
  void change_beyond(Side side, std::int64_t rank, Quantity by);

  [[nodiscard]] Quantity ours_at(Side side, std::int64_t rank, bool only_was_out);
  [[nodiscard]] std::vector<venues::LobsterLevel> top(Side side, std::size_t levels) const;
  [[nodiscard]] bool any_missing_inside(Side side);
  [[nodiscard]] bool is_named_later(std::uint64_t id) const;
  void excuse(std::uint64_t number_of_its_kind, const std::string& what);
  void unexplained(const std::string& what);

  oracle::OneBook book_{{1U << 16, 1, 1U << 12, 1U << 14}};
  std::unordered_map<std::uint64_t, Ours> ours_;
  std::unordered_map<std::uint64_t, std::uint64_t> last_named_;  // By order: the last row about it.
  std::array<SideState, 2> side_;
  std::uint64_t next_missing_id_ = first_missing_id;
  bool row_excused_ = false;
  bool row_unexplained_ = false;
  LobsterReport report_;
};

}  // namespace basalt::integration
