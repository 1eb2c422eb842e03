// `basalt load`: a client that trades over the wire and proves what it was told.
//
//   flow ─► OrderClient ─► OrderSession (UDP or TCP) ─► the venue ─► answers, each accounted for
//   feed A, B, re-requests ─► FeedReceiver ─► BookCheck: the books, and the engine's beside them
//
// One run in one call, over ports that the caller has opened: by `basalt load` in a process of its
// own, or by the engine's process over the in-memory wire. The calling thread is the client's; a
// second one builds books, a third says each second how far things are.
//
// Phases: log in and hear the feed; fetch the feed from its first message; ask for the next user
// reference number; send; wait for answers; wait for the feed and the last comparison.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "net/datagram_port.h"
#include "net/stream_port.h"
#include "tools/load/feed_receiver.h"
#include "tools/load/flow.h"
#include "tools/load/order_session.h"

namespace basalt::load {

struct LoadOptions {
  // What to send. Without an input the flow is generated.
  std::string input;
  std::string symbol;  // Of the input; empty: as its name says.
  std::uint32_t seconds = 10;
  std::uint64_t rate = 0;  // Enters a second from planned times; 0: as fast as the window allows.
  std::uint32_t window = 1'024;
  std::uint64_t seed = 1;
  std::uint32_t instruments_max = 8;  // Of generated flow.

  // As whom, and where.
  Login login{"LOAD01", "basalt"};
  std::array<std::uint32_t, 2> accounts{10, 11};  // As the demonstration venue numbers them.
  net::Endpoint orders;
  FeedEndpoints feed;
  std::filesystem::path data;  // The engine's; empty: no comparison.
  bool compares = true;

  // How.
  Nanos nap{20'000};     // In idle turns. Below a second.
  bool progress = true;  // A line each second on standard error.
  // Raised once: send no more, wait for answers. Twice: wait for nothing. May be null.
  const std::atomic<int>* stop = nullptr;

  // Only repeated in the summary.
  std::string nic;
  std::string transport;
};

struct LoadWire {
  // Its first endpoint is the client's own; both of the feed's groups are among the others.
  net::DatagramPort& datagrams;
  net::StreamPort* streams = nullptr;  // Orders over TCP; null: over UDP, by `datagrams`.
};

struct Percentiles {
  std::uint64_t p50 = 0;
  std::uint64_t p90 = 0;
  std::uint64_t p99 = 0;
  std::uint64_t p99_9 = 0;
  std::uint64_t p99_99 = 0;
  std::uint64_t max = 0;
};

struct LoadReport {
  std::string nic;
  std::string transport;
  std::string input;
  double seconds = 0;  // From the first message sent to the last answer.
  std::uint64_t orders_sent = 0;
  std::uint64_t orders_accepted = 0;
  std::uint64_t orders_rejected = 0;
  std::uint64_t orders_unanswered = 0;
  std::uint64_t cancels = 0;
  std::uint64_t replaces = 0;
  std::uint64_t fills = 0;
  std::uint64_t quantity_filled = 0;
  std::uint64_t feed_messages = 0;  // Of this run: what was fetched from before is not among them.
  std::uint64_t feed_messages_before = 0;
  std::uint64_t feed_gaps = 0;
  std::uint64_t feed_book_mismatches = 0;
  std::uint64_t book_checks = 0;
  std::uint64_t levels_compared = 0;
  bool books_compared = false;
  std::map<std::string, std::uint64_t> rejected_by_reason;
  std::vector<Flow::Remark> skipped_by_cause;
  std::vector<Flow::Remark> remarks;
  Percentiles order_to_ack_ns;

  // Of the wire, for people.
  MoldReceiver::Counters answers;
  MoldReceiver::Counters feed;
  std::uint64_t answers_lost = 0;
  std::uint64_t answers_strange = 0;
  std::uint64_t probes = 0;
  std::array<std::uint64_t, 2> feed_datagrams{};

  std::vector<std::string> mismatches;  // The first few, in words.
  std::vector<std::string> troubles;    // What kept the run from being what it should be.

  // Nothing unanswered, no gap, no mismatch, no trouble.
  [[nodiscard]] bool clean() const noexcept {
    return troubles.empty() && orders_unanswered == 0 && feed_gaps == 0 &&
           feed_book_mismatches == 0;
  }
};

// Never throws for what the world does: that is a trouble in the report.
[[nodiscard]] LoadReport run_load(const LoadOptions& options, const LoadWire& wire);

[[nodiscard]] std::string to_json(const LoadReport& report);
[[nodiscard]] std::string to_text(const LoadReport& report);

}  // namespace basalt::load
