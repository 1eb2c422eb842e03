#include "engine/gateway/gateway.h"

// What OpenSSL calls deprecated is what computes a digest without taking memory for it.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/assert.h"

namespace basalt::gateway {
namespace {

constexpr Nanos heartbeat_interval{std::int64_t{soupbintcp::heartbeat_ms} * 1'000'000};
constexpr Nanos quiet_max{std::int64_t{soupbintcp::quiet_max_ms} * 1'000'000};
constexpr Nanos keep_alive_interval{100'000'000};

// What one message taken in can produce: itself, and all that a window held behind it; and besides
// a word about every session that a turn finds gone.
std::uint32_t overflow_max(const ReferenceLimits& limits) {
  constexpr std::uint32_t slots_a_command = 3;
  return slots_a_command * (UpstreamWindow::messages + 1) + 2 * limits.sessions_max;
}

}  // namespace

Gateway::Gateway(std::string_view name, const Wiring& wiring, const Settings& settings,
                 const ReferenceLimits& limits, pipeline::Clock& clock, Arena& arena)
    : name_(name),
      wiring_(wiring),
      settings_(settings),
      clock_(clock),
      reference_(limits, arena),
      commands_(wiring.commands_to_risk, overflow_max(limits), arena),
      session_(arena.take<Session>(limits.sessions_max)),
      window_(arena.take<UpstreamWindow>(settings.udp_sessions_max)),
      window_taken_(arena.take<bool>(settings.udp_sessions_max)),
      connection_(arena.take<Connection>(settings.connections_max)),
      token_state_(settings.token_seed) {
  live_places_.resize(limits.sessions_max);
  live_ = std::span(live_places_).first(0);
}

std::size_t Gateway::memory_bytes(const Settings& settings,
                                  const ReferenceLimits& limits) noexcept {
  return ReferenceData::memory_bytes(limits) + Arena::cost<Slot>(overflow_max(limits)) +
         Arena::cost<Session>(limits.sessions_max) +
         Arena::cost<UpstreamWindow>(settings.udp_sessions_max) +
         Arena::cost<bool>(settings.udp_sessions_max) +
         Arena::cost<Connection>(settings.connections_max);
}

std::uint32_t Gateway::poll() noexcept {
  // Pairs with the release in look(): this turn sees what its asker saw.
  const std::uint32_t look = looks_asked_.load(std::memory_order_acquire);
  now_ = clock_.now();
  std::uint32_t handled = follow_log();
  if (commands_.flush()) {
    // Turn about: where the first fills the ring, the second has no room, turn after turn.
    streams_first_ = !streams_first_ && wiring_.streams != nullptr;
    if (streams_first_) handled += take_streams();
    if (wiring_.datagrams != nullptr) handled += take_datagrams();
    if (!streams_first_ && wiring_.streams != nullptr) handled += take_streams();
    give_up_holes();
  }
  handled += send_answers();
  if (now_ >= next_keep_alive_) keep_alive();
  const bool clear = commands_.flush();
  if (wiring_.datagrams != nullptr) wiring_.datagrams->flush();
  if (wiring_.streams != nullptr) wiring_.streams->flush();
  if (clear && caught_up_) looks_answered_.store(look, std::memory_order_release);
  return handled;
}

std::uint32_t Gateway::follow_log() noexcept {
  struct Definitions {
    ReferenceData& reference;
    void on_command(const Command& command) noexcept { reference.apply(command); }
    void on_event(const Command&, const Event&) noexcept {}
  } definitions{reference_};
  std::uint32_t slots = 0;
  while (slots < 8 * limits::batch_max) {  // The log carries several slots for each of ours.
    const Slot* slot = wiring_.log.peek();
    if (slot == nullptr) break;
    pipeline::feed(*slot, assembler_, definitions);
    ++slots;
  }
  if (slots > 0) wiring_.log.consume();
  return slots;
}

void Gateway::accept_message(std::span<const std::byte> message, SessionId session,
                             Nanos received) noexcept {
  Command command;
  switch (decode_order(message, session, received, reference_, command)) {
    case Intake::command:
      // Relaxed: a flag and counters that carry no data.
      if (intake_closed_.load(std::memory_order_relaxed)) return;
      pipeline::write_command(command, commands_);
      counters_.commands.fetch_add(1, std::memory_order_relaxed);
      return;
    case Intake::malformed:
      counters_.malformed.fetch_add(1, std::memory_order_relaxed);
      return;
    case Intake::unsupported:
      counters_.unsupported.fetch_add(1, std::memory_order_relaxed);
      return;
  }
}

// A login is rare and may cost some microseconds: a scan of the sessions and one SHA-256.
SessionId Gateway::authenticate(const soupbintcp::LoginRequest& login) const noexcept {
  const auto user = soupbintcp::upper_case(login.user).chars();
  const auto password = soupbintcp::upper_case(login.password).chars();
  for (std::uint32_t id = 0; id < reference_.limits().sessions_max; ++id) {
    if (!reference_.has(SessionId{id})) continue;
    const basalt::Session& session = reference_.session(SessionId{id});
    if (session.user != user) continue;
    std::array<unsigned char, 8 + 10> salted{};
    std::copy(session.salt.begin(), session.salt.end(), salted.begin());
    std::copy(password.begin(), password.end(), salted.begin() + 8);
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, salted.data(), salted.size());
    SHA256_Final(digest.data(), &state);
    return digest == session.password_sha256 ? SessionId{id} : no_session;
  }
  return no_session;
}

// Where the client's copy of the stream goes on (SoupBinTCP 3.00, 2.3.1: 0 means what comes next;
// beyond the end is read so too).
std::uint64_t Gateway::first_wanted(const soupbintcp::LoginRequest& login,
                                    std::uint64_t count) const noexcept {
  const std::uint64_t wanted = login.sequence.value().value_or(1);
  return wanted == 0 ? count + 1 : std::min(wanted, count + 1);
}

// The newest login has the session.
void Gateway::open_session(SessionId id, Transport transport, std::uint64_t next_number) noexcept {
  Session& session = state(id);
  if (session.transport == Transport::tcp) {
    Connection& old = connection_[session.connection.slot];
    old.session = no_session;
    close(old);
  } else if (session.transport == Transport::udp) {
    window_taken_[session.peer_window] = false;
  } else {
    BASALT_ASSERT(live_.size() < live_places_.size());
    live_ = std::span(live_places_).first(live_.size() + 1);
    live_.back() = id;
  }
  session = Session{};
  session.transport = transport;
  session.next_number = next_number;
  session.live_from = wiring_.answers.count(index_of(id)) + 1;
  session.opened = session.last_heard = session.last_sent = now_;
  counters_.logins.fetch_add(1, std::memory_order_relaxed);  // A counter.
}

// The session's connection is gone: risk hears of it, in its place among the commands.
void Gateway::drop_session(SessionId id) noexcept {
  Session& session = state(id);
  if (session.transport == Transport::udp) window_taken_[session.peer_window] = false;
  session.transport = Transport::none;
  const auto kept = std::remove(live_.begin(), live_.end(), id);
  live_ = live_.first(static_cast<std::size_t>(kept - live_.begin()));
  Command command;
  command.order.kind = CommandKind::session_down;
  command.order.slots = 2;
  command.order.instrument = no_instrument;
  command.order.account = no_account;
  command.origin.session = id;
  command.origin.received = now_;
  pipeline::write_command(command, commands_);
  counters_.sessions_lost.fetch_add(1, std::memory_order_relaxed);  // A counter.
}

// Up to which sequence answers may leave: everything with ack = sequenced.
Sequence Gateway::may_leave() const noexcept {
  if (!settings_.wait_for_durable) return ~Sequence{0};
  // Pairs with the journal's release: what it says is durable is.
  return wiring_.durable_mark.load(std::memory_order_acquire);
}

// How many messages from number `from` on may leave now.
std::uint64_t Gateway::sendable(std::uint32_t stream, std::uint64_t from, std::uint64_t at_most,
                                const pipeline::StreamStore& store) const noexcept {
  const std::uint64_t count = store.count(stream);
  if (from > count) return 0;
  std::uint64_t last = std::min(count, from + at_most - 1);
  // Sequences rise along a stream, so what may leave is a prefix.
  const Sequence durable = may_leave();
  while (last >= from && store.at(stream, last).sequence > durable) --last;
  return last - from + 1;
}

std::uint32_t Gateway::send_answers() noexcept {
  std::uint32_t sent = 0;
  bool caught_up = true;
  for (const SessionId id : live_) {
    const std::uint32_t stream = index_of(id);
    Session& session = state(id);
    if (session.next_number <= wiring_.answers.count(stream)) {
      const std::uint64_t first = session.next_number;
      sent += session.transport == Transport::tcp ? send_tcp(session, stream)
                                                  : send_udp(session, stream);
      if (session.next_number > first) note_latency(session, stream, first, clock_.now());
      caught_up = caught_up && session.next_number > wiring_.answers.count(stream);
    }
  }
  counters_.answers.fetch_add(sent, std::memory_order_relaxed);  // A counter.
  caught_up_ = caught_up;
  return sent;
}

// What was resumed or asked for again says nothing about how long an answer takes.
void Gateway::note_latency(const Session& session, std::uint32_t stream, std::uint64_t first,
                           Nanos sent) noexcept {
  for (std::uint64_t n = std::max(first, session.live_from); n < session.next_number; ++n) {
    const Nanos received = wiring_.answers.at(stream, n).received;
    if (received == Nanos{0} || received > sent) continue;
    wire_to_wire_ns_.record(static_cast<std::uint64_t>((sent - received).value));
  }
}

void Gateway::keep_alive() noexcept {
  next_keep_alive_ = now_ + keep_alive_interval;
  const bool ending = ending_.load(std::memory_order_relaxed);  // A flag: carries no data.
  for (std::size_t i = live_.size(); i > 0; --i) {
    const SessionId id = live_[i - 1];
    Session& session = state(id);
    if (now_ - session.last_heard > quiet_max) {
      if (session.transport == Transport::tcp) close(connection_[session.connection.slot]);
      drop_session(id);
      continue;
    }
    if (!ending && now_ - session.last_sent < heartbeat_interval) continue;
    session.last_sent = now_;
    if (session.transport == Transport::tcp) {
      send_packet(session.connection, ending ? soupbintcp::PacketType::end_of_session
                                             : soupbintcp::PacketType::server_heartbeat);
    } else {
      send_header(ending ? moldudp64::end_of_session(session.token, session.next_number)
                         : moldudp64::heartbeat(session.token, session.next_number),
                  session.peer);
    }
  }
  for (Connection& connection : connection_) {
    const bool stranger = connection.open && connection.session == no_session;
    if (stranger && now_ - connection.opened > quiet_max) close(connection);
  }
}

}  // namespace basalt::gateway
