// Any bytes, as a TCP stream of SoupBinTCP packets: cut in any way it gives the same packets, and
// the packets, framed again, are the stream's own bytes. The input's first byte chooses the cuts.
#include "feedhandlers/order_entry/soupbintcp.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "engine/assert.h"

namespace basalt {
namespace {

using Bytes = std::vector<std::byte>;
using Reader = soupbintcp::PacketReader<128>;

// Room for many packets of the longest kind that the reader takes.
constexpr std::size_t stream_bytes_max = 1'024;

struct Reading {
  Bytes framed;  // Every packet that came out, framed again.
  std::size_t held_bytes = 0;
  soupbintcp::ReadStatus status = soupbintcp::ReadStatus::needs_bytes;

  friend bool operator==(const Reading&, const Reading&) = default;
};

void frame_again(std::span<const std::byte> body, Bytes& framed) {
  const std::size_t at = framed.size();
  framed.resize(at + soupbintcp::length_bytes + body.size());
  const std::span<std::byte> out = std::span(framed).subspan(at);
  std::copy(body.begin() + 1, body.end(), out.begin() + soupbintcp::header_bytes);
  const auto type = soupbintcp::PacketType{static_cast<char>(body[0])};
  BASALT_ASSERT(soupbintcp::frame(out, type, body.size() - 1) == out.size());
}

// The fields of a login survive being read and written again.
template <typename M>
void check_fields(const soupbintcp::Packet& packet) {
  M again;
  again.session = packet.as<M>().session;
  again.sequence = packet.as<M>().sequence;
  if constexpr (requires { again.user; }) {
    BASALT_ASSERT(again.user.assign(packet.as<M>().user.view()));
    BASALT_ASSERT(again.password.assign(packet.as<M>().password.view()));
  }
  BASALT_ASSERT(std::memcmp(&again, packet.body.data(), sizeof again) == 0);
  if (const auto number = again.sequence.value()) {
    again.sequence = *number;
    BASALT_ASSERT(again.sequence.value() == number);
  }
}

void check_packet(std::span<const std::byte> body) {
  const soupbintcp::Packet packet = soupbintcp::decode(body);
  if (packet.error != soupbintcp::DecodeError::none) return;
  if (packet.type == soupbintcp::PacketType::login_request) {
    check_fields<soupbintcp::LoginRequest>(packet);
  }
  if (packet.type == soupbintcp::PacketType::login_accepted) {
    check_fields<soupbintcp::LoginAccepted>(packet);
  }
}

Reading read(std::span<const std::byte> stream, std::size_t chunk_bytes) {
  Reading reading;
  Reader reader;
  // Each chunk lies at the end of this memory: a read behind the chunk is seen.
  Bytes memory(std::max<std::size_t>(chunk_bytes, 1));
  while (!stream.empty()) {
    const auto chunk = stream.first(std::min(chunk_bytes, stream.size()));
    const std::span<std::byte> copy = std::span(memory).last(chunk.size());
    std::copy(chunk.begin(), chunk.end(), copy.begin());
    reader.offer(copy);
    std::span<const std::byte> body;
    while ((reading.status = reader.next(body)) == soupbintcp::ReadStatus::packet) {
      check_packet(body);
      frame_again(body, reading.framed);
    }
    stream = stream.subspan(chunk.size());
  }
  // After an error the held bytes say nothing.
  if (reading.status == soupbintcp::ReadStatus::needs_bytes)
    reading.held_bytes = reader.held_bytes();
  return reading;
}

}  // namespace
}  // namespace basalt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace basalt;
  if (size == 0 || size > stream_bytes_max) return 0;
  const auto stream = std::as_bytes(std::span(data + 1, size - 1));
  const Reading whole = read(stream, size);
  BASALT_ASSERT(whole.framed.size() <= stream.size());
  BASALT_ASSERT(std::equal(whole.framed.begin(), whole.framed.end(), stream.begin()));
  if (whole.status == soupbintcp::ReadStatus::needs_bytes) {
    BASALT_ASSERT(whole.framed.size() + whole.held_bytes == stream.size());
  }
  BASALT_ASSERT(read(stream, 1) == whole);
  BASALT_ASSERT(read(stream, 1U + data[0]) == whole);
  return 0;
}
