// The edge: sessions, their logins and heartbeats, orders in, answers out.
//
//   datagrams, TCP ─► session ─► decode_order() ─► commands to risk
//   StreamStore (history) ─ up to the durable mark ─► sessions ─► datagrams, TCP
//
// A session is one user's. It has one stream of answers, numbered for ever; which transport it is
// read over, and how often it was resumed, changes nothing in it. The newest login has the session:
// an older connection is closed.
//
//   TCP   SoupBinTCP 3.00 (and 4.10's login)
//   UDP   MoldUDP64 both ways. A datagram with a blank session and one block, a SoupBinTCP Login
//         Request, opens it; the answer, with sequence 0, names the token that later datagrams
//         carry as their session. A login that comes twice from one endpoint, as the network or an
//         impatient client sends it, is answered with the same token. A MoldUDP64 request, sent to
//         the same port, asks for answers again.
//
// Sends by itself only logins, heartbeats and end of session. Everything else that it says was
// sequenced. A client that is silent for 15 s is gone (SoupBinTCP, section 2.2).
//
// Never blocks or decides anything about an order; allocates nothing but what OpenSSL takes at a
// login.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/arena.h"
#include "engine/gateway/order_decoder.h"
#include "engine/gateway/upstream_window.h"
#include "engine/pipeline/clock.h"
#include "engine/pipeline/counters.h"
#include "engine/pipeline/log_stage.h"
#include "engine/pipeline/outlet.h"
#include "engine/pipeline/stream_store.h"
#include "engine/reference.h"
#include "engine/ring/spsc_ring.h"
#include "feedhandlers/market_data/moldudp64.h"
#include "feedhandlers/order_entry/soupbintcp.h"
#include "net/datagram_port.h"
#include "net/stream_port.h"

namespace basalt::gateway {

// Written by the gateway's thread alone, read by any: each a relaxed counter that carries no data.
struct GatewayCounters {
  std::atomic<std::uint64_t> commands{0};
  std::atomic<std::uint64_t> answers{0};
  std::atomic<std::uint64_t> logins{0};
  std::atomic<std::uint64_t> logins_repeated{0};  // Answered with the token that was given.
  std::atomic<std::uint64_t> logins_refused{0};
  std::atomic<std::uint64_t> malformed{0};      // Not OUCH, SoupBinTCP or MoldUDP64.
  std::atomic<std::uint64_t> unsupported{0};    // OUCH messages that this venue does not take.
  std::atomic<std::uint64_t> wrong_session{0};  // A token that is nobody's, or not from there.
  std::atomic<std::uint64_t> late{0};           // Upstream messages that came twice or too late.
  std::atomic<std::uint64_t> requests_unanswered{0};  // For another session, or nothing that is.
  std::atomic<std::uint64_t> given_up{0};       // Upstream messages in holes that were given up.
  std::atomic<std::uint64_t> sessions_lost{0};  // Silent for too long, or their connection broke.
};

class Gateway {
 public:
  struct Wiring {
    pipeline::LogRing::Reader& log;  // Definitions only.
    ring::SpscRing<Slot>& commands_to_risk;
    const pipeline::StreamStore& answers;  // Stream number = session id.
    const pipeline::StreamStore& feed;     // Stream 0, for re-requests.
    const std::atomic<Sequence>& durable_mark;
    net::DatagramPort* datagrams;  // Either may be null.
    net::StreamPort* streams;
  };
  struct Settings {
    bool wait_for_durable = true;        // ack = durable.
    std::uint16_t order_port = 0;        // UDP order entry,
    std::uint16_t request_port = 0;      //   and MoldUDP64 requests about the feed.
    moldudp64::SessionName stream_name;  // Of every session's stream: SoupBinTCP's session.
    moldudp64::SessionName feed_name;
    std::uint64_t token_seed = 0;  // From the system's randomness.
    std::uint32_t udp_sessions_max = 64;
    std::uint32_t connections_max = 256;
  };

  Gateway(std::string_view name, const Wiring& wiring, const Settings& settings,
          const ReferenceLimits& limits, pipeline::Clock& clock, Arena& arena);
  static std::size_t memory_bytes(const Settings& settings, const ReferenceLimits& limits) noexcept;

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  std::uint32_t poll() noexcept;

  // Before the first poll: what was defined in earlier epochs.
  void recover(const Command& command) noexcept { reference_.apply(command); }

  // Any thread: orders and logins are taken from now on. Before, it only follows the log.
  void open_intake() noexcept { intake_closed_.store(false, std::memory_order_relaxed); }
  // Any thread: from now on takes no order and no login, and still sends answers.
  void close_intake() noexcept { intake_closed_.store(true, std::memory_order_relaxed); }
  // Any thread: tells every session that its stream ends for now, and stops sending.
  void end_sessions() noexcept { ending_.store(true, std::memory_order_relaxed); }
  // One thread, for orderly stops. look() asks for a whole turn, begun after it, at whose end all
  // that was read is with risk and all that may leave is with the wire; caught_up() says that it
  // was.
  void look() noexcept { looks_asked_.fetch_add(1, std::memory_order_release); }
  [[nodiscard]] bool caught_up() const noexcept {
    // Pairs with the release in poll(); our own count needs no order.
    return looks_answered_.load(std::memory_order_acquire) ==
           looks_asked_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] const GatewayCounters& counters() const noexcept { return counters_; }
  // From a command's arrival to its answer being handed to the wire, in nanoseconds.
  [[nodiscard]] const pipeline::TickHistogram& wire_to_wire_ns() const noexcept {
    return wire_to_wire_ns_;
  }

 private:
  enum class Transport : std::uint8_t { none, tcp, udp };

  struct Session {
    Transport transport = Transport::none;
    net::ConnectionId connection;   // TCP.
    net::Endpoint peer;             // UDP.
    std::uint16_t peer_window = 0;  // UDP: number of its window.
    moldudp64::SessionName token;   // UDP.
    std::uint64_t next_number = 1;  // Of its stream, to be sent.
    std::uint64_t live_from = 1;    // Messages below it were there at the login.
    Nanos opened;
    Nanos last_sent;
    Nanos last_heard;
  };
  // A TCP connection, from its opening on; before the login it is no session's.
  struct Connection {
    net::ConnectionId id;
    SessionId session = no_session;
    bool open = false;
    Nanos opened;
    soupbintcp::PacketReader<> packets;
  };

  // gateway.cpp
  std::uint32_t follow_log() noexcept;
  void accept_message(std::span<const std::byte> message, SessionId session,
                      Nanos received) noexcept;
  [[nodiscard]] SessionId authenticate(const soupbintcp::LoginRequest& login) const noexcept;
  void open_session(SessionId session, Transport transport, std::uint64_t next_number) noexcept;
  void drop_session(SessionId session) noexcept;
  [[nodiscard]] std::uint64_t first_wanted(const soupbintcp::LoginRequest& login,
                                           std::uint64_t count) const noexcept;
  [[nodiscard]] std::uint64_t sendable(std::uint32_t stream, std::uint64_t from,
                                       std::uint64_t at_most,
                                       const pipeline::StreamStore& store) const noexcept;
  [[nodiscard]] Sequence may_leave() const noexcept;
  std::uint32_t send_answers() noexcept;
  void note_latency(const Session& session, std::uint32_t stream, std::uint64_t first,
                    Nanos sent) noexcept;
  void keep_alive() noexcept;
  [[nodiscard]] Session& state(SessionId session) noexcept { return session_[index_of(session)]; }

  // gateway_udp.cpp
  std::uint32_t take_datagrams() noexcept;
  void on_datagram(const net::Datagram& datagram, std::uint32_t skip) noexcept;
  void on_udp_login(const net::Datagram& datagram, const moldudp64::Datagram& mold) noexcept;
  [[nodiscard]] bool is_repeated_login(const Session& session, net::Endpoint from) const noexcept;
  [[nodiscard]] bool has_window_for(const Session& session) const noexcept;
  void open_udp_session(SessionId id, net::Endpoint peer, std::uint64_t first) noexcept;
  void repeat_login(Session& session, std::uint64_t first) noexcept;
  void on_upstream(const net::Datagram& datagram, const moldudp64::Datagram& mold,
                   SessionId session, std::uint32_t skip) noexcept;
  void offer(SessionId session, UpstreamWindow& window, std::uint64_t number,
             std::span<const std::byte> message, Nanos received) noexcept;
  void drain_window(SessionId session, UpstreamWindow& window, Nanos received) noexcept;
  void give_up_holes() noexcept;
  void on_request(const net::Datagram& datagram, const moldudp64::Request& request) noexcept;
  [[nodiscard]] SessionId session_of(const moldudp64::SessionName& token,
                                     net::Endpoint peer) const noexcept;
  [[nodiscard]] moldudp64::SessionName make_token(SessionId session) noexcept;
  std::uint32_t send_udp(Session& session, std::uint32_t stream) noexcept;
  void send_header(const moldudp64::Header& header, net::Endpoint to) noexcept;

  // gateway_tcp.cpp
  std::uint32_t take_streams() noexcept;
  void on_stream(const net::StreamEvent& event) noexcept;
  void on_packet(Connection& connection, std::span<const std::byte> body, Nanos received) noexcept;
  void on_tcp_login(Connection& connection, const soupbintcp::Packet& packet) noexcept;
  void hang_up(Connection& connection) noexcept;
  void close(Connection& connection) noexcept;
  std::uint32_t send_tcp(Session& session, std::uint32_t stream) noexcept;
  void send_packet(net::ConnectionId connection, soupbintcp::PacketType type) noexcept;

  using CommandOutlet = pipeline::Outlet<ring::SpscRing<Slot>, Slot>;

  std::string_view name_;
  Wiring wiring_;
  Settings settings_;
  pipeline::Clock& clock_;
  ReferenceData reference_;
  pipeline::CommandAssembler assembler_;
  CommandOutlet commands_;
  std::span<Session> session_;        // By session id.
  std::span<UpstreamWindow> window_;  // Of sessions on UDP.
  std::span<bool> window_taken_;
  std::span<Connection> connection_;    // By slot of the connection id.
  std::vector<SessionId> live_places_;  // One for each session.
  std::span<SessionId> live_;           // The front of these: sessions with a transport.
  std::array<net::Datagram, 32> datagrams_;
  std::uint32_t datagrams_have_ = 0;
  std::uint32_t datagrams_done_ = 0;
  std::uint32_t blocks_done_ = 0;  // Of the current datagram, where the ring filled half-way.
  std::array<net::StreamEvent, 32> events_;
  std::uint32_t events_have_ = 0;
  std::uint32_t events_done_ = 0;
  bool streams_first_ = false;  // In this turn.
  bool chunk_offered_ = false;  // The current event's bytes are with their reader.
  std::uint64_t token_state_;
  Nanos now_;
  Nanos next_keep_alive_;
  std::atomic<bool> intake_closed_{true};
  std::atomic<bool> ending_{false};
  std::atomic<std::uint32_t> looks_asked_{0};
  std::atomic<std::uint32_t> looks_answered_{0};
  bool caught_up_ = false;  // Of this turn's answers.
  GatewayCounters counters_;
  pipeline::TickHistogram wire_to_wire_ns_;
};

}  // namespace basalt::gateway
