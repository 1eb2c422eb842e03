// The stage that publishes: follows the log, and sends what may leave as MoldUDP64 multicast.
//
//   log ═► core ─► feed (stream 0) ─ up to the durable mark ─► datagram ─┬► feed A
//                                                                        └► feed B
//
// A message leaves in the first turn that finds it durable, with all others that wait then: no
// timer holds it back for company. Both feeds carry the same datagrams; a receiver takes whichever
// comes first. What one feed's transmit side has no room for is dropped there and counted: the
// other has it, or a request brings it (pipeline/mold_request.h).
//
// Sends by itself only heartbeats, each second in which nothing else was sent, and the end of the
// session. Both name the next number that will leave, never one that is not durable yet.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/marketdata/marketdata.h"
#include "engine/pipeline/clock.h"
#include "engine/pipeline/log_stage.h"
#include "engine/pipeline/stream_store.h"
#include "feedhandlers/market_data/moldudp64.h"
#include "net/datagram_port.h"

namespace basalt::marketdata {

// Of one feed. Written by the stage's thread alone, read by any: each a relaxed counter that
// carries no data.
struct FeedCounters {
  std::atomic<std::uint64_t> datagrams{0};  // Heartbeats too.
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> dropped{0};  // Datagrams that the transmit side had no room for.
};

class MarketData {
 public:
  static constexpr std::size_t feed_count = 2;  // A and B.

  struct Settings {
    bool wait_for_durable = true;  // ack = durable.
    moldudp64::SessionName session;
    net::Endpoint from;  // One of the port's.
    std::array<net::Endpoint, feed_count> groups;
    Nanos heartbeat{1'000'000'000};
  };

  // `messages` is what the core writes. What it has already was published in an earlier epoch: a
  // receiver that missed the end of that sees so from the next number, and asks.
  MarketData(std::string_view name, pipeline::LogRing::Reader& log, MarketDataCore& core,
             const pipeline::StreamStore& messages, const std::atomic<Sequence>& durable_mark,
             net::DatagramPort& port, const Settings& settings, pipeline::Clock& clock);

  [[nodiscard]] std::string_view name() const noexcept { return stage_.name(); }
  std::uint32_t poll() noexcept;

  // Any thread, for orderly stops: is every message handed to the port? The whole log is, when
  // this is asked after the stage's reader of it was seen drained.
  [[nodiscard]] bool caught_up() const noexcept {
    // Pairs with the release in poll().
    return sent_.load(std::memory_order_acquire) >= messages_.count(feed_stream);
  }
  // Any thread: from now on, end of session takes the place of heartbeats, and is said at once.
  void end_session() noexcept { ending_.store(true, std::memory_order_relaxed); }

  [[nodiscard]] const FeedCounters& counters(std::size_t feed) const noexcept {
    return counters_[feed];
  }

 private:
  std::uint32_t send_messages() noexcept;
  void keep_alive() noexcept;
  void send(std::span<const std::byte> datagram, std::uint32_t messages) noexcept;

  pipeline::LogStage<MarketDataCore> stage_;
  const pipeline::StreamStore& messages_;
  const std::atomic<Sequence>& durable_mark_;
  net::DatagramPort& port_;
  Settings settings_;
  pipeline::Clock& clock_;
  std::uint64_t next_number_;
  Nanos now_;
  Nanos last_sent_;
  bool end_said_ = false;
  std::array<std::byte, moldudp64::payload_bytes_default> datagram_;
  std::array<FeedCounters, feed_count> counters_;
  std::atomic<std::uint64_t> sent_;  // The stage writes, any reads.
  std::atomic<bool> ending_{false};
};

}  // namespace basalt::marketdata
