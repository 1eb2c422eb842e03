// A text file, plain or compressed by gzip or zstd (told by its first bytes), read as a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "feedhandlers/venues/instruction.h"

namespace basalt::venues {

class TextFile {
 public:
  // Longer lines are no lines, and larger texts no single text.
  static constexpr std::size_t line_bytes_max = 1 << 20;
  static constexpr std::size_t text_bytes_max = std::size_t{1} << 30;

  // Throws BadInput when the file cannot be opened.
  explicit TextFile(std::string path);
  ~TextFile();
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;

  // The next line without its end, which may be that of Windows; valid until the next call. False:
  // no more. Throws BadInput for what cannot be read or unpacked.
  bool line(std::string_view& text);
  // Of the last line, from 1.
  [[nodiscard]] std::uint64_t line_number() const noexcept { return line_number_; }

  // The first byte of the text that is no white space, which stays unread; 0 when there is none.
  [[nodiscard]] char first_byte();
  // All that is not read yet.
  [[nodiscard]] std::string rest();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[noreturn]] void fail(const std::string& fault) const {
    throw BadInput(path_, std::to_string(line_number_), fault);
  }

 private:
  class Unpacker;
  bool fill();  // Reads more behind what is there. False: there is no more.

  std::string path_;
  std::unique_ptr<Unpacker> unpacker_;
  std::string buffer_;
  std::size_t at_ = 0;  // Of the first unread byte in buffer_.
  std::uint64_t line_number_ = 0;
};

}  // namespace basalt::venues
