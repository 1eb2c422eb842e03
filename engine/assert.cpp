#include "engine/assert.h"

#include <sys/uio.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace basalt {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  char digits[16];
  const auto digits_end = std::to_chars(digits, digits + sizeof digits, line).ptr;
  const auto part = [](const char* text) {
    return iovec{const_cast<char*>(text), std::strlen(text)};
  };
  const iovec parts[] = {part(file),
                         part(":"),
                         {digits, static_cast<std::size_t>(digits_end - digits)},
                         part(": assertion failed: "),
                         part(condition),
                         part("\n")};
  // Nothing can be done about a failed write here: the process is about to stop.
  [[maybe_unused]] const auto written = ::writev(STDERR_FILENO, parts, 6);
  std::abort();
}

}  // namespace basalt
