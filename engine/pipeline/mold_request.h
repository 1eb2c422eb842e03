// Answers to receivers that lost something: MoldUDP64 1.00, request packets.
//
//   request (session, first number, count) ─► answer_request ─► an ordinary downstream datagram
//                                             └► nothing: silence is the protocol's answer
//
// For the feed and for sessions on UDP alike: a session's name, a stream, and what of it is
// durable. A pure function: the same request has the same answer for as long as the stream lives,
// and never more of it than the durable mark has passed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/pipeline/stream_store.h"
#include "engine/types.h"
#include "feedhandlers/market_data/moldudp64.h"

namespace basalt::pipeline {

// As many of the messages asked for as exist, may leave and fit `out`, from the first one on. Empty
// when that is none, when `request` is no request, and when it names another session. The result is
// the front of `out`, which has room for a header and the longest message at least.
[[nodiscard]] inline std::span<const std::byte> answer_request(
    std::span<const std::byte> request, const StreamStore& store, std::uint32_t stream,
    const moldudp64::SessionName& session, Sequence durable, std::span<std::byte> out) noexcept {
  const moldudp64::Request* wanted = moldudp64::decode_request(request);
  if (wanted == nullptr || wanted->session.view() != session.view()) return {};
  const std::uint64_t first = wanted->sequence;
  const std::uint64_t count = store.count(stream);
  if (first == 0 || first > count) return {};
  const std::uint64_t last = first + std::min<std::uint64_t>(wanted->count, count - first + 1) - 1;

  moldudp64::PacketBuilder packet(out, session, first);
  for (std::uint64_t number = first; number <= last; ++number) {  // Bounded: what fits `out`.
    const StreamStore::Message message = store.at(stream, number);
    if (message.sequence > durable || !packet.add(message.bytes)) break;
  }
  return packet.message_count() == 0 ? std::span<const std::byte>{} : packet.datagram();
}

}  // namespace basalt::pipeline
