// One run of the client: its parts, and the phases that it goes through (load.h).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/load/book_check.h"
#include "tools/load/feed_queue.h"
#include "tools/load/feed_receiver.h"
#include "tools/load/load.h"
#include "tools/load/load_counts.h"
#include "tools/load/order_client.h"
#include "tools/load/order_session.h"

namespace basalt::load {

class LoadRun {
 public:
  enum class Phase : std::uint8_t {
    opening,      // Until the session is open and the feed was heard.
    catching_up,  // Until the feed is fetched, and applied where a flow starts from it.
    asking,       // For the next user reference number.
    sending,
    answering,  // Until everything sent is answered, or was waited for long enough.
    checking,   // Until the feed is here and the last comparison made.
    done,
  };

  // Throws std::exception for what cannot work: a user's name too long, data without a topology.
  LoadRun(const LoadOptions& options, const LoadWire& wire);

  // The whole life. After it, report().
  void run();
  [[nodiscard]] LoadReport report() const;

  // Any thread: how far things are, in one line.
  [[nodiscard]] std::string progress() const;

 private:
  static constexpr std::size_t queue_bytes = std::size_t{128} << 20;
  static constexpr std::uint32_t sends_a_turn_max = 64;

  std::uint32_t receive();
  // Each looks whether its phase is over, and does a turn's share of it. Returns what it handled.
  std::uint32_t turn_of_phase();
  void opening();
  void catching_up();
  std::uint32_t sending();
  void answering();
  void checking();
  void enter(Phase phase);

  [[nodiscard]] std::unique_ptr<Flow> make_flow() const;
  [[nodiscard]] std::uint64_t enters_max() const;
  // When the next message is to leave; nothing: as soon as there is room.
  [[nodiscard]] std::optional<Nanos> planned() const;
  void trouble(std::string text);
  [[nodiscard]] int stops() const noexcept;
  void rest(std::uint32_t handled);

  const LoadOptions options_;
  net::DatagramPort& port_;
  LoadCounts counts_;
  FeedQueue queue_;
  BookCheck check_;
  FeedReceiver feed_;
  OrderClient client_;
  std::unique_ptr<OrderSession> session_;
  std::unique_ptr<Flow> flow_;
  std::array<net::Datagram, 64> datagrams_;

  std::atomic<Phase> phase_{Phase::opening};  // The wire thread writes, progress() reads.
  Nanos now_;                                 // CLOCK_MONOTONIC, once or twice a turn.
  Nanos phase_began_;
  Nanos sending_began_;
  Nanos sending_ended_;
  Nanos last_answered_;
  std::optional<Action> next_;
  std::uint64_t enters_ = 0;
  std::uint64_t feed_before_ = 0;
  std::uint64_t check_seen_ = 0;  // How far the last comparison's thread was, and when.
  Nanos check_moved_;
  std::uint32_t idle_turns_ = 0;
  std::vector<std::string> troubles_;
};

[[nodiscard]] std::string_view to_text(LoadRun::Phase phase) noexcept;

}  // namespace basalt::load
