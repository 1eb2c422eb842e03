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
  explicit BookSession(std::ostream& out);
  ~BookSession();

  // Reads one line, writes what came of it. A line that cannot be read is answered with
  // "error LINE_NUMBER …" and changes nothing.
  void line(std::string_view text);

  // After each line, when `on`: check all invariants of the book (O(orders)).
  void verify(bool on) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// argv[0] is "book". Exit status: 0 at the end of input, 2 when used wrongly.
int book_verb(int argc, char** argv);

}  // namespace basalt::tools
