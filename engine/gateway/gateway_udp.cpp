// Sessions over UDP: MoldUDP64 both ways.
#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/gateway/gateway.h"
#include "engine/pipeline/mold_request.h"

namespace basalt::gateway {
namespace {

constexpr std::string_view token_digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::size_t token_index_digits = 3;  // The session's id, so that a token is an address.
static_assert(limits::sessions_max <= 36 * 36 * 36);

constexpr moldudp64::SessionName blank_name{};

// How long after a login its double may still be under way. A client that was killed and starts
// again at the same port takes longer than that.
constexpr Nanos doubled_login_max{100'000'000};

}  // namespace

std::uint32_t Gateway::take_datagrams() noexcept {
  if (datagrams_done_ == datagrams_have_) {
    datagrams_have_ = wiring_.datagrams->receive(datagrams_);
    datagrams_done_ = 0;
  }
  std::uint32_t handled = 0;
  while (datagrams_done_ < datagrams_have_ && commands_.clear()) {
    on_datagram(datagrams_[datagrams_done_], std::exchange(blocks_done_, 0));
    if (blocks_done_ > 0) break;  // The ring is full: the rest of this datagram waits.
    ++datagrams_done_;
    ++handled;
  }
  return handled;
}

void Gateway::on_datagram(const net::Datagram& datagram, std::uint32_t skip) noexcept {
  const auto malformed = [this] { counters_.malformed.fetch_add(1, std::memory_order_relaxed); };
  // A request is as long as a header, and names a count: a datagram of messages is longer, and a
  // heartbeat counts none.
  const moldudp64::Request* request = moldudp64::decode_request(datagram.payload);
  if (request != nullptr && request->count != 0 &&
      request->count != moldudp64::end_of_session_count) {
    return on_request(datagram, *request);
  }
  if (datagram.destination.port != settings_.order_port) return malformed();
  const moldudp64::Datagram mold = moldudp64::decode(datagram.payload);
  if (mold.error() != moldudp64::DecodeError::none) return malformed();
  if (mold.header().session.blank()) return on_udp_login(datagram, mold);
  const SessionId session = session_of(mold.header().session, datagram.source);
  if (session == no_session) {
    counters_.wrong_session.fetch_add(1, std::memory_order_relaxed);  // A counter.
    return;
  }
  on_upstream(datagram, mold, session, skip);
}

void Gateway::on_udp_login(const net::Datagram& datagram,
                           const moldudp64::Datagram& mold) noexcept {
  const auto refused = [this] {
    counters_.logins_refused.fetch_add(1, std::memory_order_relaxed);  // A counter.
  };
  if (mold.message_count() != 1) return refused();
  const soupbintcp::Packet packet = soupbintcp::decode(*mold.blocks().begin());
  if (packet.error != soupbintcp::DecodeError::none ||
      packet.type != soupbintcp::PacketType::login_request) {
    return refused();
  }
  const std::span<std::byte> room = wiring_.datagrams->claim();
  if (room.empty()) return refused();
  moldudp64::PacketBuilder answer(room, blank_name, 0);
  const auto& login = packet.as<soupbintcp::LoginRequest>();
  const SessionId id = authenticate(login);
  const bool closed = intake_closed_.load(std::memory_order_relaxed);  // A flag: carries no data.
  const bool named = login.session.blank() || login.session.view() == settings_.stream_name.view();
  if (id == no_session || closed || !named || !has_window_for(state(id))) {
    auto* rejected = answer.claim<soupbintcp::LoginRejected>();
    rejected->reason = id == no_session ? soupbintcp::LoginRejectReason::not_authorized
                                        : soupbintcp::LoginRejectReason::session_not_available;
    refused();
  } else {
    const std::uint64_t first = first_wanted(login, wiring_.answers.count(index_of(id)));
    if (is_repeated_login(state(id), datagram.source)) {
      repeat_login(state(id), first);
    } else {
      open_udp_session(id, datagram.source, first);
    }
    auto* accepted = answer.claim<soupbintcp::LoginAccepted>();
    accepted->session = state(id).token;
    accepted->sequence = first;
  }
  wiring_.datagrams->commit(datagram.destination, datagram.source, answer.datagram().size());
}

// A session that is on UDP already gives its window back before it takes one.
bool Gateway::has_window_for(const Session& session) const noexcept {
  return session.transport == Transport::udp ||
         std::find(window_taken_.begin(), window_taken_.end(), false) != window_taken_.end();
}

void Gateway::open_udp_session(SessionId id, net::Endpoint peer, std::uint64_t first) noexcept {
  open_session(id, Transport::udp, first);
  const auto window = std::find(window_taken_.begin(), window_taken_.end(), false);
  BASALT_ASSERT(window != window_taken_.end());
  *window = true;
  Session& session = state(id);
  session.peer = peer;
  session.peer_window = static_cast<std::uint16_t>(window - window_taken_.begin());
  window_[session.peer_window].reset(1);
  session.token = make_token(id);
}

// Nothing was sent under the token: whoever logs in there may as well have it. Something was: then
// only a double of the login is meant, since a client that starts anew numbers from 1 again, and
// must have a token of its own for that.
bool Gateway::is_repeated_login(const Session& session, net::Endpoint from) const noexcept {
  if (session.transport != Transport::udp || session.peer != from) return false;
  return window_[session.peer_window].untouched() || now_ - session.opened <= doubled_login_max;
}

void Gateway::repeat_login(Session& session, std::uint64_t first) noexcept {
  counters_.logins_repeated.fetch_add(1, std::memory_order_relaxed);  // A counter.
  session.last_heard = now_;
  // A client that has sent something has its token, and asks for what it misses. Another one may
  // have seen nothing of what went out under it.
  if (!window_[session.peer_window].untouched() || first >= session.next_number) return;
  session.live_from = std::max(session.live_from, session.next_number);
  session.next_number = first;
}

void Gateway::on_upstream(const net::Datagram& datagram, const moldudp64::Datagram& mold,
                          SessionId id, std::uint32_t skip) noexcept {
  Session& session = state(id);
  session.last_heard = now_;
  if (mold.is_end_of_session()) return drop_session(id);
  UpstreamWindow& window = window_[session.peer_window];
  std::uint32_t block = 0;
  for (const std::span<const std::byte> message : mold.blocks()) {
    if (block++ < skip) continue;
    // The overflow is bounded by what one message sets free: the next one waits for room.
    if (!commands_.clear()) {
      blocks_done_ = block - 1;
      return;
    }
    offer(id, window, mold.header().sequence + block - 1, message, datagram.received);
  }
}

void Gateway::offer(SessionId id, UpstreamWindow& window, std::uint64_t number,
                    std::span<const std::byte> message, Nanos received) noexcept {
  UpstreamWindow::Offer offer = window.offer(number, message, now_);
  while (offer == UpstreamWindow::Offer::ahead) {
    // Bounded: each turn moves behind at least one hole, and a window has no more than messages.
    counters_.given_up.fetch_add(window.give_up(number), std::memory_order_relaxed);
    drain_window(id, window, received);
    offer = window.offer(number, message, now_);
  }
  switch (offer) {
    case UpstreamWindow::Offer::deliver:
      accept_message(message, id, received);
      window.delivered(now_);
      return drain_window(id, window, received);
    case UpstreamWindow::Offer::late:
      counters_.late.fetch_add(1, std::memory_order_relaxed);  // A counter.
      return;
    case UpstreamWindow::Offer::too_long:
      counters_.malformed.fetch_add(1, std::memory_order_relaxed);  // A counter.
      return;
    case UpstreamWindow::Offer::held:
    case UpstreamWindow::Offer::ahead:
      return;
  }
}

void Gateway::drain_window(SessionId id, UpstreamWindow& window, Nanos received) noexcept {
  for (auto held = window.next_held(); held.found; held = window.next_held()) {
    accept_message(held.message, id, received);
    window.delivered(now_);
  }
}

void Gateway::give_up_holes() noexcept {
  for (const SessionId id : live_) {
    const Session& session = state(id);
    if (session.transport != Transport::udp || !commands_.clear()) continue;
    UpstreamWindow& window = window_[session.peer_window];
    if (!window.overdue(now_)) continue;
    counters_.given_up.fetch_add(window.give_up(window.expected()),
                                 std::memory_order_relaxed);  // A counter.
    drain_window(id, window, now_);
  }
}

// Answers again: a session's to its own peer, the feed's to anyone who names it.
void Gateway::on_request(const net::Datagram& datagram,
                         const moldudp64::Request& request) noexcept {
  const bool about_feed = datagram.destination.port == settings_.request_port;
  const SessionId id = about_feed ? no_session : session_of(request.session, datagram.source);
  if (!about_feed && id == no_session) {
    counters_.wrong_session.fetch_add(1, std::memory_order_relaxed);  // A counter.
    return;
  }
  if (!about_feed) state(id).last_heard = now_;
  const moldudp64::SessionName& name = about_feed ? settings_.feed_name : state(id).token;
  const std::span<std::byte> room = wiring_.datagrams->claim();
  if (room.empty()) return;  // The port has counted it; a receiver that still misses it asks again.
  const std::span<const std::byte> answer =
      pipeline::answer_request(datagram.payload, about_feed ? wiring_.feed : wiring_.answers,
                               about_feed ? 0 : index_of(id), name, may_leave(), room);
  if (answer.empty()) {
    counters_.requests_unanswered.fetch_add(1, std::memory_order_relaxed);  // A counter.
    return;
  }
  wiring_.datagrams->commit(datagram.destination, datagram.source, answer.size());
}

SessionId Gateway::session_of(const moldudp64::SessionName& token,
                              net::Endpoint peer) const noexcept {
  std::uint32_t index = 0;
  for (std::size_t i = 0; i < token_index_digits; ++i) {
    const auto digit = token_digits.find(token.chars()[i]);
    if (digit == token_digits.npos) return no_session;
    index = index * 36 + static_cast<std::uint32_t>(digit);
  }
  if (index >= session_.size()) return no_session;
  const Session& session = session_[index];
  const bool owns =
      session.transport == Transport::udp && session.token == token && session.peer == peer;
  return owns ? SessionId{index} : no_session;
}

// Not to be guessed, and good for one address: seven digits of SplitMix64 (Steele et al., 2014),
// seeded from the system's randomness.
moldudp64::SessionName Gateway::make_token(SessionId id) noexcept {
  token_state_ += 0x9E37'79B9'7F4A'7C15;
  std::uint64_t z = token_state_;
  z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
  z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
  z ^= z >> 31;
  std::array<char, 10> chars{};
  std::uint32_t index = index_of(id);
  for (std::size_t i = token_index_digits; i > 0; --i, index /= 36) {
    chars[i - 1] = token_digits[index % 36];
  }
  for (std::size_t i = token_index_digits; i < chars.size(); ++i, z /= 36) {
    chars[i] = token_digits[z % 36];
  }
  return moldudp64::SessionName(chars);
}

// Datagrams as full as they get. One that the transmit side has no room for goes next time.
std::uint32_t Gateway::send_udp(Session& session, std::uint32_t stream) noexcept {
  const std::uint64_t end = session.next_number + sendable(stream, session.next_number,
                                                           limits::batch_max, wiring_.answers);
  const net::Endpoint from{wiring_.datagrams->endpoints()[0].ip, settings_.order_port};
  std::uint32_t sent = 0;
  while (session.next_number < end) {
    const std::span<std::byte> room = wiring_.datagrams->claim();
    if (room.empty()) break;
    moldudp64::PacketBuilder packet(room.first(moldudp64::payload_bytes_default), session.token,
                                    session.next_number);
    while (packet.next_sequence() < end &&
           packet.add(wiring_.answers.at(stream, packet.next_sequence()).bytes)) {
    }
    wiring_.datagrams->commit(from, session.peer, packet.datagram().size());
    sent += static_cast<std::uint32_t>(packet.message_count());
    session.next_number = packet.next_sequence();
    session.last_sent = now_;
  }
  return sent;
}

void Gateway::send_header(const moldudp64::Header& header, net::Endpoint to) noexcept {
  const std::span<std::byte> room = wiring_.datagrams->claim();
  if (room.empty()) return;  // The port has counted it; the next heartbeat tells the same.
  std::memcpy(room.data(), &header, sizeof header);
  const net::Endpoint from{wiring_.datagrams->endpoints()[0].ip, settings_.order_port};
  wiring_.datagrams->commit(from, to, sizeof header);
}

}  // namespace basalt::gateway
