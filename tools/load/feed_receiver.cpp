#include "tools/load/feed_receiver.h"

#include <cstring>

#include "feedhandlers/market_data/itch50_messages.h"

namespace basalt::load {

bool FeedReceiver::owns(const net::Datagram& datagram) const noexcept {
  return datagram.destination == endpoints_.groups[0] ||
         datagram.destination == endpoints_.groups[1] || datagram.source == endpoints_.rerequest;
}

void FeedReceiver::take(const net::Datagram& datagram, Nanos now) {
  const moldudp64::Datagram mold = moldudp64::decode(datagram.payload);
  const bool sound = mold.error() == moldudp64::DecodeError::none;
  const bool ours = sound && (!heard() || mold.header().session == session_);
  if (!ours) {
    ++foreign_;
    return;
  }
  if (datagram.source != endpoints_.rerequest) {
    session_ = mold.header().session;
    heard_at_ = now;
    ++datagrams_[datagram.destination == endpoints_.groups[0] ? 0 : 1];
  }
  receiver_.take(mold, now);
}

std::uint32_t FeedReceiver::turn(Nanos now) {
  if (!heard()) return 0;
  std::uint32_t requests = 0;
  while (const auto range = receiver_.next_request(now)) {  // Bounded by the receiver.
    ++requests;
    const std::span<std::byte> room = port_.claim();
    if (room.empty()) break;  // It will be asked for again.
    const moldudp64::Request request{session_, range->first, range->count};
    std::memcpy(room.data(), &request, sizeof request);
    port_.commit(port_.endpoints()[0], endpoints_.rerequest, sizeof request);
  }
  queue_.publish();
  return requests;
}

void FeedReceiver::note_told(std::uint64_t messages, Nanos now) {
  if (heard()) receiver_.note_end(messages + 1, now);
}

void FeedReceiver::message(std::uint64_t, std::span<const std::byte> bytes) {
  queue_.push(bytes.first(std::min(bytes.size(), FeedQueue::message_bytes_max)));
  counts_.feed_messages.add(1);
  if (bytes.empty()) return;
  switch (static_cast<char>(bytes[0])) {
    case itch50::StockDirectory::type:
    case itch50::InstrumentScale::type:
    case itch50::TradingAction::type:
      return directory_.take(bytes);
    default:
      return;
  }
}

void FeedReceiver::lost(std::uint64_t, std::uint64_t count) {
  queue_.push_lost(count);
  counts_.feed_lost.add(count);
}

}  // namespace basalt::load
