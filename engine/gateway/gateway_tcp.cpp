// Sessions over TCP: SoupBinTCP.
#include <algorithm>
#include <array>
#include <cstring>

#include "engine/gateway/gateway.h"

namespace basalt::gateway {

std::uint32_t Gateway::take_streams() noexcept {
  if (events_done_ == events_have_) {
    events_have_ = wiring_.streams->poll(events_);
    events_done_ = 0;
    chunk_offered_ = false;
  }
  std::uint32_t handled = 0;
  while (events_done_ < events_have_ && commands_.clear()) {
    on_stream(events_[events_done_]);
    if (chunk_offered_) break;  // The ring is full and the chunk is not yet used up.
    ++events_done_;
    ++handled;
  }
  return handled;
}

void Gateway::on_stream(const net::StreamEvent& event) noexcept {
  BASALT_ASSERT(event.connection.slot < connection_.size());
  Connection& connection = connection_[event.connection.slot];
  switch (event.kind) {
    case net::StreamEvent::Kind::opened:
      connection.id = event.connection;
      connection.session = no_session;
      connection.open = true;
      connection.opened = now_;
      connection.packets.reset();
      return;
    case net::StreamEvent::Kind::data: {
      if (!connection.open || connection.id != event.connection) return;
      if (!chunk_offered_) connection.packets.offer(event.bytes);
      chunk_offered_ = true;
      std::span<const std::byte> body;
      while (commands_.clear() && connection.open) {
        const soupbintcp::ReadStatus status = connection.packets.next(body);
        if (status == soupbintcp::ReadStatus::packet) {
          on_packet(connection, body, event.received);
          continue;
        }
        chunk_offered_ = false;
        if (status == soupbintcp::ReadStatus::needs_bytes) return;
        counters_.malformed.fetch_add(1, std::memory_order_relaxed);  // A counter.
        return hang_up(connection);
      }
      if (!connection.open) chunk_offered_ = false;
      return;
    }
    case net::StreamEvent::Kind::ended:
      if (connection.open && connection.id == event.connection) hang_up(connection);
      return;
    case net::StreamEvent::Kind::closed:
      if (connection.id != event.connection) return;
      if (connection.session != no_session) drop_session(connection.session);
      connection.session = no_session;
      connection.open = false;
      return;
  }
}

void Gateway::on_packet(Connection& connection, std::span<const std::byte> body,
                        Nanos received) noexcept {
  const soupbintcp::Packet packet = soupbintcp::decode(body);
  const auto protest = [&] {
    counters_.malformed.fetch_add(1, std::memory_order_relaxed);  // A counter.
    hang_up(connection);
  };
  if (packet.error != soupbintcp::DecodeError::none) return protest();
  if (connection.session != no_session) state(connection.session).last_heard = now_;
  switch (packet.type) {
    case soupbintcp::PacketType::login_request:
      return connection.session == no_session ? on_tcp_login(connection, packet) : protest();
    case soupbintcp::PacketType::unsequenced_data:
      if (connection.session == no_session) return protest();
      return accept_message(packet.payload(), connection.session, received);
    case soupbintcp::PacketType::client_heartbeat:
    case soupbintcp::PacketType::debug:
      return;
    case soupbintcp::PacketType::logout_request:
      return hang_up(connection);
    default:
      return protest();  // Packets that only a server sends.
  }
}

void Gateway::on_tcp_login(Connection& connection, const soupbintcp::Packet& packet) noexcept {
  const auto& login = packet.as<soupbintcp::LoginRequest>();
  const SessionId id = authenticate(login);
  const bool closed = intake_closed_.load(std::memory_order_relaxed);  // A flag: carries no data.
  const bool named = login.session.blank() || login.session.view() == settings_.stream_name.view();
  if (id == no_session || closed || !named) {
    std::array<std::byte, soupbintcp::length_bytes + sizeof(soupbintcp::LoginRejected)> out{};
    auto* rejected = soupbintcp::emplace_packet<soupbintcp::LoginRejected>(out);
    rejected->reason = id == no_session ? soupbintcp::LoginRejectReason::not_authorized
                                        : soupbintcp::LoginRejectReason::session_not_available;
    wiring_.streams->send(connection.id, out);
    counters_.logins_refused.fetch_add(1, std::memory_order_relaxed);  // A counter.
    return close(connection);
  }
  const std::uint64_t first = first_wanted(login, wiring_.answers.count(index_of(id)));
  open_session(id, Transport::tcp, first);
  state(id).connection = connection.id;
  connection.session = id;
  std::array<std::byte, soupbintcp::length_bytes + sizeof(soupbintcp::LoginAccepted)> out{};
  auto* accepted = soupbintcp::emplace_packet<soupbintcp::LoginAccepted>(out);
  accepted->session = settings_.stream_name;
  accepted->sequence = first;
  wiring_.streams->send(connection.id, out);
}

// We end a connection that may have a session.
void Gateway::hang_up(Connection& connection) noexcept {
  if (connection.session != no_session) drop_session(connection.session);
  close(connection);
}

void Gateway::close(Connection& connection) noexcept {
  connection.session = no_session;
  connection.open = false;
  wiring_.streams->close(connection.id);
}

std::uint32_t Gateway::send_tcp(Session& session, std::uint32_t stream) noexcept {
  const std::uint64_t messages =
      sendable(stream, session.next_number, limits::batch_max, wiring_.answers);
  if (messages == 0) return 0;
  constexpr std::size_t packet_bytes_max =
      soupbintcp::header_bytes + pipeline::StreamStore::message_bytes_max;
  std::array<std::byte, 8 * packet_bytes_max> batch;
  std::size_t filled = 0;
  std::uint64_t sent = 0;
  const std::size_t room = std::min(wiring_.streams->send_room(session.connection), batch.size());
  // A slow reader costs nothing here: its stream waits in the store, and it resumes when it reads.
  for (; sent < messages; ++sent) {
    const auto message = wiring_.answers.at(stream, session.next_number + sent).bytes;
    if (room - filled < soupbintcp::header_bytes + message.size()) break;
    const std::span<std::byte> out = std::span(batch).subspan(filled);
    std::memcpy(&out[soupbintcp::header_bytes], message.data(), message.size());
    filled += soupbintcp::frame(out, soupbintcp::PacketType::sequenced_data, message.size());
  }
  if (sent == 0) return 0;
  wiring_.streams->send(session.connection, std::span(batch).first(filled));
  session.next_number += sent;
  session.last_sent = now_;
  return static_cast<std::uint32_t>(sent);
}

void Gateway::send_packet(net::ConnectionId connection, soupbintcp::PacketType type) noexcept {
  std::array<std::byte, soupbintcp::header_bytes> packet{};
  static_cast<void>(soupbintcp::frame(packet, type));
  if (wiring_.streams->send_room(connection) < packet.size()) return;  // It has enough to read.
  wiring_.streams->send(connection, packet);
}

}  // namespace basalt::gateway
