#include "net/neighbours.h"

#include <algorithm>

namespace basalt::net {

Neighbours::Set& Neighbours::set_of(std::uint32_t ip) noexcept {
  // Fibonacci hashing: neighbours differ in their low bits, the product's high bits mix them all.
  return sets_[(ip * 0x9E37'79B9u) >> 24];
}

Neighbours::Entry* Neighbours::look_up(std::uint32_t ip) noexcept {
  for (Entry& entry : set_of(ip)) {
    if (entry.ip == ip) return &entry;
  }
  return nullptr;
}

Neighbours::Entry& Neighbours::take(std::uint32_t ip) noexcept {
  Set& set = set_of(ip);
  Entry& oldest = *std::min_element(set.begin(), set.end(),
                                    [](const Entry& a, const Entry& b) { return a.used < b.used; });
  oldest = Entry{};
  oldest.ip = ip;
  oldest.used = ++uses_;
  return oldest;
}

const MacAddress* Neighbours::find(std::uint32_t ip) noexcept {
  Entry* entry = look_up(ip);
  if (entry == nullptr || !entry->known) return nullptr;
  entry->used = ++uses_;
  return &entry->mac;
}

bool Neighbours::learn(std::uint32_t ip, const MacAddress& mac) noexcept {
  Entry* entry = look_up(ip);
  if (entry == nullptr) entry = &take(ip);
  const bool is_new = !entry->known;
  entry->known = true;
  entry->mac = mac;
  entry->used = ++uses_;
  return is_new;
}

bool Neighbours::may_ask(std::uint32_t ip, Nanos now) noexcept {
  Entry* entry = look_up(ip);
  if (entry != nullptr && now - entry->asked < arp_interval) return false;
  if (entry == nullptr) entry = &take(ip);
  entry->asked = now;
  return true;
}

}  // namespace basalt::net
