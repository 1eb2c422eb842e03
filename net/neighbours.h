// Who on this wire has which hardware address: a bounded table, learned from what the neighbours
// send and from the answers to our ARP requests.
//
// 256 sets of 4 ways. When a set is full, the way that was used longest ago gives way, so that a
// flood of invented addresses costs a live neighbour at most one ARP exchange.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "engine/types.h"
#include "net/nic.h"

namespace basalt::net {

inline constexpr std::uint32_t neighbour_sets = 256;
inline constexpr std::uint32_t neighbour_ways = 4;
// An address that does not answer is asked for at most this often.
inline constexpr Nanos arp_interval{100'000'000};

class Neighbours {
 public:
  Neighbours() : sets_(std::make_unique<Set[]>(neighbour_sets)) {}

  // The hardware address of `ip`, or nullptr. Lives until the next learn() or may_ask().
  [[nodiscard]] const MacAddress* find(std::uint32_t ip) noexcept;

  // True when `ip` was not known before.
  bool learn(std::uint32_t ip, const MacAddress& mac) noexcept;

  // True at most once per arp_interval for one unknown address.
  [[nodiscard]] bool may_ask(std::uint32_t ip, Nanos now) noexcept;

 private:
  struct Entry {
    std::uint32_t ip = 0;  // Never a neighbour's: marks a free way.
    bool known = false;
    MacAddress mac{};
    std::uint64_t used = 0;
    Nanos asked;
  };
  using Set = std::array<Entry, neighbour_ways>;

  [[nodiscard]] Entry* look_up(std::uint32_t ip) noexcept;
  [[nodiscard]] Entry& take(std::uint32_t ip) noexcept;
  [[nodiscard]] Set& set_of(std::uint32_t ip) noexcept;

  std::unique_ptr<Set[]> sets_;
  std::uint64_t uses_ = 0;
};

}  // namespace basalt::net
