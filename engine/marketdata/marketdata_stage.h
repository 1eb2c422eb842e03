// The stage that publishes: follows the log, and sends what may leave as MoldUDP64 multicast.
//
//   log ═► core ─► feed (stream 0) ─ up to the durable mark ─► datagram ─┬► feed A
//                                                                        └► feed B
//
// A message leaves in the first turn that finds it durable, with all others that wait then: no
// timer holds it back for company. Both feeds carry the same datagrams; a receiver takes whichever
// comes first. What one feed's transmit side has no room for is dropped there and counted: the
// other has it, or a request brings it (requests.h).
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

#include "engine/history/stream_store.h"
#include "engine/marketdata/marketdata.h"
#include "engine/pipeline/clock.h"
#include "engine/pipeline/log_stage.h"
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

  struct Feed {
    net::DatagramPort& port;  // Of this stage's thread. Both feeds may share one.
    net::Endpoint from;
    net::Endpoint group;
  };
  struct Wiring {
    pipeline::LogRing::Reader& log;
    MarketDataCore& core;
    const history::StreamStore& messages;  // What the core writes.
    const std::atomic<Sequence>& durable_mark;
    std::array<Feed, feed_count> feeds;
  };
  struct Settings {
    bool wait_for_durable = true;  // ack = durable.
    moldudp64::SessionName session;
    Nanos heartbeat{1'000'000'000};
  };

  MarketData(std::string_view name, const Wiring& wiring, const Settings& settings,
             pipeline::Clock& clock);

  [[nodiscard]] std::string_view name() const noexcept { return stage_.name(); }
  std::uint32_t poll() noexcept;

  // Before the first poll: what the stream has now was published in an earlier epoch. A receiver
  // that missed the end of it sees so from the next number, and asks.
  void recovered() noexcept {
    next_number_ = wiring_.messages.count(feed_stream) + 1;
    sent_.store(next_number_ - 1, std::memory_order_release);  // As in poll().
  }

  // Any thread, for orderly stops: is every message handed to the ports? The whole log is, when
  // this is asked after the stage's reader of it was seen drained.
  [[nodiscard]] bool caught_up() const noexcept {
    // Pairs with the release in poll().
    return sent_.load(std::memory_order_acquire) >= wiring_.messages.count(feed_stream);
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
  Wiring wiring_;
  Settings settings_;
  pipeline::Clock& clock_;
  std::uint64_t next_number_ = 1;
  Nanos now_;
  Nanos last_sent_;
  bool end_said_ = false;
  std::array<std::byte, moldudp64::payload_bytes_default> datagram_;
  std::array<FeedCounters, feed_count> counters_;
  std::atomic<bool> ending_{false};
  std::atomic<std::uint64_t> sent_{0};  // The stage writes, any reads.
};

}  // namespace basalt::marketdata
