// A proof that may run for hours: parts handed out to threads, a line of progress, an end by Ctrl-C
// or by the first finding.
//
//   parts 0…n ─► each(part) on every thread ─► nothing, or a finding in words ─► exit status
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace basalt::property {

class LongRun {
 public:
  // `unit` is what done() counts, "messages", and `total` about how many there will be.
  LongRun(std::string unit, double total, unsigned threads);

  // Calls each(part) for the parts below `parts`, in order but for threads that overtake, until one
  // finds something. Returns the exit status: 0 when nothing was found, 1 for a finding, 130 after
  // Ctrl-C.
  int over(std::size_t parts, const std::function<std::optional<std::string>(std::size_t)>& each);

  // From any thread: so much more has been shown.
  void done(std::uint64_t count) noexcept;
  // Somebody wants it to end: a part that takes long looks now and then.
  [[nodiscard]] bool ending() const noexcept;

 private:
  struct State;
  void tell(const State& state) const;

  std::string unit_;
  double total_;
  unsigned threads_;
};

}  // namespace basalt::property
