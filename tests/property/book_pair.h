// The engine's book and the naive one, side by side: told the same lines, they must answer the
// same.
//
//   line ─┬─► BookSession (the engine's core) ─► text ─┐
//         └─► NaiveBook (the judge) ─────────► text ─┴─► equal, byte by byte, or the difference
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/oracle/naive_book.h"
#include "tools/book_verb.h"

namespace basalt::property {

class BookPair {
 public:
  struct Shape {
    std::uint32_t orders_max;
    std::uint32_t slice_max = 0;  // As for a BookSession.
    std::uint32_t books_max = 1;  // Until the engine's side is built anew.
  };

  explicit BookPair(const Shape& shape) : shape_(shape) { begin(); }

  // Nothing when they agree, else what was asked and both answers.
  [[nodiscard]] std::optional<std::string> differ(const std::string& line) {
    const std::string_view said = tell_engine(line);
    judge_out_.str("");
    judge_->line(line);
    if (said == judge_out_.view()) return {};
    if (without_words_of_errors(said) == judge_out_.view()) return {};
    return line + "\nengine:\n" + std::string(said) + "judge:\n" + judge_out_.str();
  }

  // The engine's answer alone, until the next line.
  std::string_view tell_engine(const std::string& line) {
    engine_out_.str("");
    engine_->line(line);
    return engine_out_.view();
  }

  // What the engine answered last.
  [[nodiscard]] std::string_view said() const { return engine_out_.view(); }

  // From here on the engine's book is checked after each line, or no more.
  void verify(bool on) noexcept { engine_->verify(on); }
  [[nodiscard]] std::uint64_t hash() const { return engine_->state_hash(); }

  // Both go on with an empty book that nothing has traded in. What they take memory from stays.
  void next_book() {
    if (!engine_->next_book()) return begin();
    judge_.emplace(judge_out_, judge_slice_max());
  }

 private:
  void begin() {
    engine_.emplace(engine_out_, shape_.orders_max, shape_.slice_max, shape_.books_max);
    engine_->verify(true);
    judge_.emplace(judge_out_, judge_slice_max());
  }
  [[nodiscard]] std::int64_t judge_slice_max() const {
    return shape_.slice_max > 0 ? std::int64_t{shape_.slice_max}
                                : std::numeric_limits<std::int64_t>::max();
  }

  // What an unreadable line is told in words is the engine's own affair.
  static std::string without_words_of_errors(std::string_view text) {
    std::istringstream in{std::string(text)};
    std::string result;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("error ")) line.resize(std::min(line.find(' ', 6), line.size()));
      result += line + '\n';
    }
    return result;
  }

  Shape shape_;
  std::ostringstream engine_out_;
  std::ostringstream judge_out_;
  std::optional<tools::BookSession> engine_;
  std::optional<oracle::NaiveBook> judge_;
};

}  // namespace basalt::property
