// Puts one session's numbered datagrams back in order, or gives up on what is missing.
//
//   offer(number, message) ─► in order: deliver at once ─► … and what it was waiting for
//                          ─► early:    kept, at most `messages` ahead
//                          ─► late:     dropped (it was delivered, or given up)
//   give_up() ─► the hole is counted as lost, delivery goes on behind it
//
// Delivered in order or not at all: OUCH ignores a user reference number below the last, so a
// message that came through late would be lost for ever anyway, and silently.
//
// Invariant: expected() only rises; a number is delivered at most once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "engine/gateway/order_decoder.h"
#include "engine/types.h"

namespace basalt::gateway {

class UpstreamWindow {
 public:
  static constexpr std::uint32_t messages = 1'024;  // How far ahead a message may be.
  // How long a hole is waited for, from when it is the next one and something came behind it.
  static constexpr Nanos patience{1'000'000};

  enum class Offer : std::uint8_t {
    deliver,  // It is the expected one: deliver it, call delivered(), then drain next_held().
    held,     // It is early, and kept.
    late,     // It came before, or its hole was given up.
    ahead,    // More than `messages` ahead: give_up() and offer it again.
    too_long,
  };

  void reset(std::uint64_t first_number) noexcept {
    first_ = expected_ = first_number;
    held_ = 0;
    present_.fill(0);
  }

  [[nodiscard]] Offer offer(std::uint64_t number, std::span<const std::byte> message,
                            Nanos now) noexcept {
    if (number < expected_) return Offer::late;
    if (number == expected_) return Offer::deliver;
    if (number - expected_ >= messages) return Offer::ahead;
    if (message.size() > message_bytes_max) return Offer::too_long;
    Cell& cell = cell_[number % messages];
    if (present(number)) return Offer::late;
    if (held_ == 0) hole_since_ = now;
    std::memcpy(cell.bytes.data(), message.data(), message.size());
    cell.size = static_cast<std::uint16_t>(message.size());
    mark(number, true);
    ++held_;
    return Offer::held;
  }

  // The expected message was delivered. A hole behind it has its own time to be filled.
  void delivered(Nanos now) noexcept {
    ++expected_;
    hole_since_ = now;
  }

  // The expected message, where it was held; empty() otherwise. Valid until the next offer().
  struct Held {
    bool found = false;
    std::span<const std::byte> message;
  };
  [[nodiscard]] Held next_held() noexcept {
    if (held_ == 0 || !present(expected_)) return {};
    const Cell& cell = cell_[expected_ % messages];
    mark(expected_, false);
    --held_;
    return {true, {cell.bytes.data(), cell.size}};
  }

  // Has the hole been waited for long enough?
  [[nodiscard]] bool overdue(Nanos now) const noexcept {
    return held_ > 0 && now - hole_since_ > patience;
  }

  // Moves behind the hole: to the oldest held message, which is to be delivered now, or to `number`
  // when none is held. Returns how many messages were given up.
  std::uint64_t give_up(std::uint64_t number) noexcept {
    const std::uint64_t from = expected_;
    if (held_ == 0) {
      expected_ = number;
    } else {
      while (!present(expected_)) ++expected_;  // Bounded by `messages`.
    }
    return expected_ - from;
  }

  // Has no message of any number come?
  [[nodiscard]] bool untouched() const noexcept { return expected_ == first_ && held_ == 0; }
  [[nodiscard]] std::uint64_t expected() const noexcept { return expected_; }
  [[nodiscard]] std::uint32_t held() const noexcept { return held_; }

 private:
  struct Cell {
    std::uint16_t size = 0;
    std::array<std::byte, message_bytes_max> bytes;
  };

  [[nodiscard]] bool present(std::uint64_t number) const noexcept {
    const std::uint64_t at = number % messages;
    return (present_[at / 64] >> (at % 64) & 1) != 0;
  }
  void mark(std::uint64_t number, bool on) noexcept {
    const std::uint64_t at = number % messages;
    const std::uint64_t bit = std::uint64_t{1} << (at % 64);
    present_[at / 64] = on ? present_[at / 64] | bit : present_[at / 64] & ~bit;
  }

  std::uint64_t first_ = 1;
  std::uint64_t expected_ = 1;
  Nanos hole_since_;
  std::uint32_t held_ = 0;
  std::array<std::uint64_t, messages / 64> present_{};
  std::array<Cell, messages> cell_;
};

}  // namespace basalt::gateway
