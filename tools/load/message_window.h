// How many messages may be under way: sent, and not known to have been dealt with.
//
// The venue deals with a session's messages in order and tells its answers in order. So an answer
// to one message says that all before it were dealt with, those too that the protocol ignores in
// silence (a cancel of an order that is gone). Where only such messages were sent for a while, the
// window asks for a probe: a message that is always answered.
//
//   sent(certain) ─► its number ─────────► processed(number) when its answer comes
//   probe_due() ─► send one, also when the window is closed: it is what opens it again
//
// Invariant: among the last `messages_max / 4` messages one is certain to be answered, if every due
// probe is sent. So a closed window always has an answer to wait for.
#pragma once

#include <algorithm>
#include <cstdint>

namespace basalt::load {

class MessageWindow {
 public:
  explicit MessageWindow(std::uint32_t messages_max) noexcept
      : messages_max_(std::max(messages_max, 1U)) {}

  // The number of a message that leaves now. `certain`: it will be answered whatever happens.
  std::uint64_t sent(bool certain) noexcept {
    ++sent_;
    if (certain) last_certain_ = sent_;
    return sent_;
  }
  void processed(std::uint64_t number) noexcept { processed_ = std::max(processed_, number); }

  [[nodiscard]] bool open() const noexcept { return outstanding() < messages_max_; }
  [[nodiscard]] bool probe_due() const noexcept {
    return sent_ - std::max(last_certain_, processed_) >= std::max(messages_max_ / 4, 1U);
  }
  [[nodiscard]] std::uint64_t outstanding() const noexcept { return sent_ - processed_; }
  [[nodiscard]] std::uint64_t sent_count() const noexcept { return sent_; }

 private:
  const std::uint32_t messages_max_;
  std::uint64_t sent_ = 0;
  std::uint64_t processed_ = 0;
  std::uint64_t last_certain_ = 0;
};

}  // namespace basalt::load
