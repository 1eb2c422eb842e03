// Turns what a flow wants into OUCH messages, and accounts for every answer.
//
//   Action ─► send() ─► Enter, Replace, Cancel ─► OrderSession
//   answers ─► message() ─► counts, latencies; the window moves on
//
// Every Enter has exactly one Accepted or Rejected; cancels and replaces may rightly get silence.
// Latency is measured from the time at which the order was to be sent, not from when there was room
// for it, so a slow venue cannot hide behind the orders that it kept us from sending.
//
// Speaks the wire and nothing else: of the engine it knows neither structs nor numbers, but for the
// accounts that it acts for.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "feedhandlers/big_endian.h"
#include "feedhandlers/order_entry/ouch50_codes.h"
#include "tools/load/flow.h"
#include "tools/load/load_counts.h"
#include "tools/load/message_window.h"
#include "tools/load/mold_receiver.h"
#include "tools/load/order_session.h"

namespace basalt::load {

struct OrderClientSettings {
  std::uint32_t window = 1'024;
  // Who orders act for: those that rest, and the aggressive ones.
  std::array<std::uint32_t, 2> accounts{};
};

class OrderClient final : public MessageSink {
 public:
  OrderClient(const OrderClientSettings& settings, LoadCounts& counts);

  // Before anything else: the answers of `session` come to message().
  void attach(OrderSession& session) noexcept { session_ = &session; }

  // Once a turn, with the time of what message() will be given, and then is sent.
  void set_now(Nanos now) noexcept { now_ = now; }

  // Asks for the next free user reference number, and once more where nothing came back. True: it
  // is known, orders may be sent.
  [[nodiscard]] bool ready();

  // False: the window is closed or the session has no room, and nothing happened.
  [[nodiscard]] bool send(const Action& action, Nanos planned);
  // Moves a window on that waits for an answer which is lost, and at the end tells when all is
  // done: sends a probe where nothing was heard for a while.
  void nudge();
  // Everything sent was dealt with, and its answers are here.
  [[nodiscard]] bool settled() const noexcept { return window_.outstanding() == 0; }
  // Enters without an answer.
  [[nodiscard]] std::uint64_t unanswered() const noexcept { return unanswered_; }
  // When something was sent or answered last.
  [[nodiscard]] Nanos last_news() const noexcept { return std::max(last_answer_, last_sent_); }
  [[nodiscard]] const std::map<ouch50::RejectReason, std::uint64_t>& rejections() const {
    return rejections_;
  }

  void message(std::uint64_t number, std::span<const std::byte> bytes) override;
  void lost(std::uint64_t number, std::uint64_t count) override;

 private:
  enum class Awaited : std::uint8_t { nothing, enter, replace };
  struct Pending {
    Awaited awaited = Awaited::nothing;
    std::uint32_t user_ref = 0;
    std::uint64_t number = 0;  // Of the message.
    Nanos planned;
  };
  struct Probe {
    std::uint64_t number = 0;
    std::uint64_t behind = 0;    // The last message before it that was no probe.
    std::uint32_t next_ref = 0;  // When it was sent.
  };
  // User references that may be pending at once. One that is pending when its place is needed again
  // is written off.
  static constexpr std::uint32_t pending_max = 1U << 18;
  static constexpr Nanos nudge_after{50'000'000};

  [[nodiscard]] bool send_enter(const Action& action, Nanos planned);
  [[nodiscard]] bool send_replace(const Action& action, Nanos planned);
  [[nodiscard]] bool send_cancel(const Action& action);
  bool send_probe();
  void await(Awaited what, Nanos planned, std::uint64_t number);

  Pending* answered(std::uint32_t user_ref);
  void on_answered_enter(const Pending& pending);
  void on_executed(std::uint64_t match_number, std::uint32_t quantity);
  void on_query_response(std::uint32_t next_ref);

  const OrderClientSettings settings_;
  LoadCounts& counts_;
  OrderSession* session_ = nullptr;
  MessageWindow window_;
  Nanos now_;
  Nanos last_answer_;
  Nanos last_sent_;
  Nanos last_probe_;
  std::uint32_t next_ref_ = 0;  // 0: not known yet.
  std::vector<Pending> pending_;
  std::uint64_t unanswered_ = 0;
  std::deque<Probe> probes_;        // Not answered yet, or lost.
  std::uint64_t last_message_ = 0;  // The number of the last that was no probe.
  std::unordered_map<std::uint64_t, std::uint32_t> ref_of_order_;  // By the flow's number.
  std::uint64_t last_match_ = 0;
  std::map<ouch50::RejectReason, std::uint64_t> rejections_;
};

}  // namespace basalt::load
