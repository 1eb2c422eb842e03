#include "net/endpoint.h"

#include <charconv>

namespace basalt::net {
namespace {

// One decimal number without sign or leading zeros, up to `most`; takes it off the front.
std::optional<std::uint32_t> take_number(std::string_view& text, std::uint32_t most) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || value > most) return std::nullopt;
  if (digits > 1 && text.front() == '0') return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

std::optional<std::uint32_t> take_ip(std::string_view& text) {
  std::uint32_t ip = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (text.empty() || text.front() != '.') return std::nullopt;
      text.remove_prefix(1);
    }
    const auto value = take_number(text, 255);
    if (!value) return std::nullopt;
    ip = (ip << 8) | *value;
  }
  return ip;
}

}  // namespace

std::string to_text(std::uint32_t ip) {
  return std::to_string(ip >> 24) + '.' + std::to_string((ip >> 16) & 0xFF) + '.' +
         std::to_string((ip >> 8) & 0xFF) + '.' + std::to_string(ip & 0xFF);
}

std::string to_text(Endpoint endpoint) {
  return to_text(endpoint.ip) + ':' + std::to_string(endpoint.port);
}

std::optional<std::uint32_t> ip_from_text(std::string_view text) {
  const auto ip = take_ip(text);
  return text.empty() ? ip : std::nullopt;
}

std::optional<Endpoint> endpoint_from_text(std::string_view text) {
  const auto ip = take_ip(text);
  if (!ip || text.empty() || text.front() != ':') return std::nullopt;
  text.remove_prefix(1);
  const auto port = take_number(text, 65'535);
  if (!port || !text.empty()) return std::nullopt;
  return Endpoint{*ip, static_cast<std::uint16_t>(*port)};
}

}  // namespace basalt::net
