// A datagram port in memory for tests of the load client: what is sent is kept, what is to arrive
// is put in, and nothing happens by itself.
#pragma once

#include <array>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/assert.h"
#include "feedhandlers/market_data/moldudp64.h"
#include "net/datagram_port.h"
#include "tools/load/mold_receiver.h"

namespace basalt::test {

struct Letter {
  net::Endpoint from;
  net::Endpoint to;
  std::vector<std::byte> bytes;
};

class HandPort final : public net::DatagramPort {
 public:
  explicit HandPort(std::vector<net::Endpoint> endpoints) : endpoints_(std::move(endpoints)) {}

  std::deque<Letter> sent;
  std::deque<Letter> arriving;
  bool full = false;  // No room to send.

  std::uint32_t receive(std::span<net::Datagram> out) noexcept override {
    claimed_ = false;  // An unused claim needs no undoing; a later commit() of it is seen below.
    taken_.clear();
    while (!arriving.empty() && taken_.size() < out.size()) {
      taken_.push_back(std::move(arriving.front()));
      arriving.pop_front();
    }
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      out[i] = {taken_[i].from, taken_[i].to, taken_[i].bytes, Nanos{}};
    }
    return static_cast<std::uint32_t>(taken_.size());
  }
  std::span<std::byte> claim() noexcept override {
    if (full) return {};
    claimed_ = true;
    return room_;
  }
  void commit(net::Endpoint from, net::Endpoint to, std::size_t size) noexcept override {
    BASALT_ASSERT(claimed_);
    claimed_ = false;
    sent.push_back({from, to, {room_.begin(), room_.begin() + static_cast<std::ptrdiff_t>(size)}});
  }
  void flush() noexcept override {}
  std::span<const net::Endpoint> endpoints() const noexcept override { return endpoints_; }

 private:
  std::vector<net::Endpoint> endpoints_;
  std::vector<Letter> taken_;
  std::array<std::byte, net::datagram_bytes_max> room_;
  bool claimed_ = false;
};

inline moldudp64::SessionName session_name(std::string_view text) {
  moldudp64::SessionName name;
  BASALT_ASSERT(name.assign(text));
  return name;
}

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// A datagram with these messages from number `first` on; none: a heartbeat.
inline std::vector<std::byte> datagram_of(const moldudp64::SessionName& session,
                                          std::uint64_t first,
                                          const std::vector<std::vector<std::byte>>& messages) {
  std::array<std::byte, net::datagram_bytes_max> room;
  moldudp64::PacketBuilder packet(room, session, first);
  for (const auto& message : messages) BASALT_ASSERT(packet.add(message));
  return {packet.datagram().begin(), packet.datagram().end()};
}

// Keeps what a receiver gives out, as text: "3:c" or "lost 3+2".
class Notes final : public load::MessageSink {
 public:
  std::vector<std::string> list;
  bool roomy = true;

  bool has_room() const override { return roomy; }
  void message(std::uint64_t number, std::span<const std::byte> bytes) override {
    list.push_back(std::to_string(number) + ':' +
                   std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  void lost(std::uint64_t number, std::uint64_t count) override {
    list.push_back("lost " + std::to_string(number) + '+' + std::to_string(count));
  }
};

}  // namespace basalt::test
