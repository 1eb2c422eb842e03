// `basalt book`: the matching core in text, for scenarios, outside checks and people.
//
//   commands, one a line ─► BookSession ─► MatchingCore (the engine's own) ─► events, one a line
//
// The words are those of tests/scenarios/*.book. Ids are the user's; the order numbers that the
// core wants are handed out here, as risk does in the engine.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string_view>

namespace basalt::tools {

class BookSession {
 public:
  // Live orders at most; memory for that many is taken at once.
  static constexpr std::uint32_t orders_max_default = 1U << 18;
  // `slice_max`: an uncross makes so many fills at a time, and so many orders expire; the next
  // `tick` goes on. 0: as many as in the engine, and an uncross goes on by itself. `books_max`: see
  // next_book().
  explicit BookSession(std::ostream& out, std::uint32_t orders_max = orders_max_default,
                       std::uint32_t slice_max = 0, std::uint32_t books_max = 1);
  ~BookSession();

  // Reads one line, writes what came of it. A line that cannot be read is answered with
  // "error LINE_NUMBER …" and changes nothing.
  void line(std::string_view text);

  // After each line, when `on`: check all invariants of the book (O(orders_max)).
  void verify(bool on) noexcept;

  // Lets go of all orders, and goes on with a book that nothing has traded in; lines and time begin
  // anew. False: it was the last of `books_max`.
  [[nodiscard]] bool next_book();

  // Of the book, by rank.
  [[nodiscard]] std::uint64_t state_hash() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Plays all lines of `in` to a new book.
void play_book(std::istream& in, std::ostream& out);

// argv[0] is "book". Exit status: 0 at the end of input, 2 when used wrongly.
int book_verb(int argc, char** argv);

}  // namespace basalt::tools
