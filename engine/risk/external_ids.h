// Which external ids have been applied: what makes deposits, withdrawals and administrative
// commands safe to send again. A bounded open-addressing set that is only ever added to.
#pragma once

#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/command.h"

namespace basalt::risk {

class ExternalIds {
 public:
  // Memory: 32 bytes an id.
  ExternalIds(std::uint32_t ids_max, std::uint64_t seed, Arena& arena);
  static std::size_t memory_bytes(std::uint32_t ids_max) noexcept;

  // An id of all zeros means "none": never contained, never added.
  [[nodiscard]] bool contains(const ExternalId& id) const noexcept;
  [[nodiscard]] bool full() const noexcept { return count_ == ids_max_; }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  // Not full, and not contained.
  void add(const ExternalId& id) noexcept;

 private:
  [[nodiscard]] std::uint32_t place_of(const ExternalId& id) const noexcept;

  std::span<ExternalId> id_;  // A power of two, at least twice ids_max.
  std::uint64_t seed_;
  std::uint32_t mask_;
  std::uint32_t ids_max_;
  std::uint32_t count_ = 0;
};

}  // namespace basalt::risk
