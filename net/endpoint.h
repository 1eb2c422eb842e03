// An IPv4 address and a port, both in host order. What a datagram or a connection comes from and
// goes to.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace basalt::net {

struct Endpoint {
  std::uint32_t ip = 0;
  std::uint16_t port = 0;

  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

constexpr std::uint32_t ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c,
                             std::uint8_t d) noexcept {
  return (std::uint32_t{a} << 24) | (std::uint32_t{b} << 16) | (std::uint32_t{c} << 8) | d;
}

inline constexpr std::uint32_t loopback_ip = ipv4(127, 0, 0, 1);

// 224.0.0.0/4 (RFC 5771).
constexpr bool is_multicast(std::uint32_t ip) noexcept {
  return (ip >> 28) == 0xE;
}

// Text is for start and for reports; it allocates.
[[nodiscard]] std::string to_text(std::uint32_t ip);
[[nodiscard]] std::string to_text(Endpoint endpoint);  // 10.77.0.1:7002
[[nodiscard]] std::optional<std::uint32_t> ip_from_text(std::string_view text);
[[nodiscard]] std::optional<Endpoint> endpoint_from_text(std::string_view text);

}  // namespace basalt::net
