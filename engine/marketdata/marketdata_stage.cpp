#include "engine/marketdata/marketdata_stage.h"

#include <cstring>
#include <limits>

namespace basalt::marketdata {
namespace {

// One slot of the log makes at most four messages, and a datagram holds some thirty: this many in a
// turn is more than a turn's batch of slots can add.
constexpr std::uint32_t datagrams_per_poll = 16;

static_assert(moldudp64::payload_bytes_default <= net::datagram_bytes_max);
static_assert(sizeof(moldudp64::Header) + moldudp64::block_header_bytes +
                      pipeline::StreamStore::message_bytes_max <=
                  moldudp64::payload_bytes_default,
              "every message fits an empty datagram");

}  // namespace

MarketData::MarketData(std::string_view name, pipeline::LogRing::Reader& log, MarketDataCore& core,
                       const pipeline::StreamStore& messages,
                       const std::atomic<Sequence>& durable_mark, net::DatagramPort& port,
                       const Settings& settings, pipeline::Clock& clock)
    : stage_(name, log, core),
      messages_(messages),
      durable_mark_(durable_mark),
      port_(port),
      settings_(settings),
      clock_(clock),
      next_number_(messages.count(feed_stream) + 1),
      sent_(next_number_ - 1) {}

std::uint32_t MarketData::poll() noexcept {
  now_ = clock_.now();
  const std::uint32_t followed = stage_.poll();
  const std::uint32_t sent = send_messages();
  keep_alive();
  port_.flush();
  // Pairs with the acquire in caught_up(): what was sent is with the port.
  if (sent > 0) sent_.store(next_number_ - 1, std::memory_order_release);
  return followed + sent;
}

std::uint32_t MarketData::send_messages() noexcept {
  const std::uint64_t count = messages_.count(feed_stream);
  if (next_number_ > count) return 0;
  // Pairs with the journal's release: what it says is durable is.
  const Sequence durable = settings_.wait_for_durable
                               ? durable_mark_.load(std::memory_order_acquire)
                               : std::numeric_limits<Sequence>::max();
  std::uint32_t sent = 0;
  for (std::uint32_t i = 0; i < datagrams_per_poll && next_number_ <= count; ++i) {
    moldudp64::PacketBuilder packet(datagram_, settings_.session, next_number_);
    while (packet.next_sequence() <= count) {  // Bounded: what fits a datagram.
      const auto message = messages_.at(feed_stream, packet.next_sequence());
      if (message.sequence > durable || !packet.add(message.bytes)) break;
    }
    const auto messages = static_cast<std::uint32_t>(packet.message_count());
    if (messages == 0) break;
    next_number_ += messages;
    send(packet.datagram(), messages);
    sent += messages;
  }
  return sent;
}

void MarketData::keep_alive() noexcept {
  const bool ending = ending_.load(std::memory_order_relaxed);  // A flag: carries no data.
  const bool ends_now = ending && !end_said_;
  if (!ends_now && now_ - last_sent_ < settings_.heartbeat) return;
  end_said_ = ending;
  const moldudp64::Header header = ending
                                       ? moldudp64::end_of_session(settings_.session, next_number_)
                                       : moldudp64::heartbeat(settings_.session, next_number_);
  send(std::as_bytes(std::span(&header, 1)), 0);
}

void MarketData::send(std::span<const std::byte> datagram, std::uint32_t messages) noexcept {
  last_sent_ = now_;
  for (std::size_t i = 0; i < feed_count; ++i) {
    const auto count = [](std::atomic<std::uint64_t>& counter, std::uint64_t more) {
      counter.fetch_add(more, std::memory_order_relaxed);  // A counter: carries no data.
    };
    const std::span<std::byte> room = port_.claim();
    if (room.size() < datagram.size()) {
      count(counters_[i].dropped, 1);
      continue;
    }
    std::memcpy(room.data(), datagram.data(), datagram.size());
    port_.commit(settings_.from, settings_.groups[i], datagram.size());
    count(counters_[i].datagrams, 1);
    count(counters_[i].messages, messages);
  }
}

}  // namespace basalt::marketdata
