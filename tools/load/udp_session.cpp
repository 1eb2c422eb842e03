#include "tools/load/udp_session.h"

#include <cstring>

namespace basalt::load {

std::uint32_t UdpSession::turn(Nanos now) {
  switch (state_) {
    case State::closed:
      return 0;
    case State::opening:
      if (token_.blank()) {
        if (!first_login_) first_login_ = now;
        if (now - *first_login_ > login_patience) {
          fail("no answer to the login from " + to_text(venue_) +
               " (UDP); is the engine running there, on the NIC that leads here?");
        } else if (logins_ == 0 || now - last_login_ > login_retry) {
          log_in(now);
        }
      } else if (now - accepted_at_ > (logins_ == 1 ? doubles_wait : stragglers_wait)) {
        state_ = State::open;
      }
      return 0;
    case State::open:
      break;
  }
  if (!confirmed_ && now - last_heard_ > word_wait) {
    token_ = moldudp64::SessionName{};
    logins_ = 0;
    first_login_.reset();
    state_ = State::opening;
    return 0;
  }
  if (now - last_heard_ > silence_max) {
    fail("the venue has been silent for " + std::to_string(silence_max.value / 1'000'000'000) +
         " s");
    return 0;
  }
  if (now - last_sent_ >= heartbeat) {
    send_header(moldudp64::heartbeat(token_, next_number_));
    last_sent_ = now;
  }
  std::uint32_t requests = 0;
  while (const auto range = receiver_->next_request(now)) {  // Bounded by the receiver.
    send_request(*range);
    ++requests;
  }
  return requests;
}

void UdpSession::log_in(Nanos now) {
  const std::span<std::byte> room = port_.claim();
  if (room.empty()) return;
  moldudp64::PacketBuilder packet(room, moldudp64::SessionName{}, 0);
  auto* request = packet.claim<soupbintcp::LoginRequest>();
  *request = login_request(login_);
  if (receiver_) request->sequence = receiver_->expected();
  port_.commit(port_.endpoints()[0], venue_, packet.datagram().size());
  last_login_ = now;
  ++logins_;
}

void UdpSession::take(const net::Datagram& datagram, Nanos now) {
  const moldudp64::Datagram mold = moldudp64::decode(datagram.payload);
  if (mold.error() != moldudp64::DecodeError::none || state_ == State::closed) return;
  if (mold.header().session.blank()) return on_login_answer(mold, now);
  if (mold.header().session != token_ || token_.blank()) return;
  confirmed_ = confirmed_ || now - last_login_ > doubles_age_max;
  last_heard_ = now;
  receiver_->take(mold, now);
  if (mold.is_end_of_session() && receiver_->complete()) fail("the venue has ended the session");
}

void UdpSession::on_login_answer(const moldudp64::Datagram& mold, Nanos now) {
  if (mold.message_count() != 1 || state_ != State::opening) return;
  const soupbintcp::Packet packet = soupbintcp::decode(*mold.blocks().begin());
  if (packet.error != soupbintcp::DecodeError::none) return;
  if (packet.type == soupbintcp::PacketType::login_rejected) {
    return fail(login_refused(packet.as<soupbintcp::LoginRejected>(), login_));
  }
  if (packet.type != soupbintcp::PacketType::login_accepted) return;
  const auto& accepted = packet.as<soupbintcp::LoginAccepted>();
  if (token_ == accepted.session) return;
  token_ = accepted.session;
  next_number_ = 1;
  if (!receiver_) {
    MoldReceiver::Settings settings;
    settings.first = accepted.sequence.value().value_or(1);
    receiver_.emplace(settings, answers_);
  }
  last_heard_ = last_sent_ = accepted_at_ = now;
}

bool UdpSession::send(std::span<const std::byte> message) {
  if (state_ != State::open) return false;
  if (packet_ && !packet_->fits(message.size())) flush(last_sent_);
  if (!packet_) {
    const std::span<std::byte> room = port_.claim();
    if (room.empty()) return false;
    packet_.emplace(room.first(moldudp64::payload_bytes_default), token_, next_number_);
  }
  return packet_->add(message);
}

void UdpSession::flush(Nanos now) {
  if (!packet_) return;
  next_number_ = packet_->next_sequence();
  port_.commit(port_.endpoints()[0], venue_, packet_->datagram().size());
  packet_.reset();
  last_sent_ = now;
}

void UdpSession::log_out() {
  if (state_ != State::open) return;
  send_header(moldudp64::end_of_session(token_, next_number_));
  fail({});
}

void UdpSession::send_header(const moldudp64::Header& header) {
  const std::span<std::byte> room = port_.claim();
  if (room.empty()) return;  // The next one says the same.
  std::memcpy(room.data(), &header, sizeof header);
  port_.commit(port_.endpoints()[0], venue_, sizeof header);
}

void UdpSession::send_request(const MoldReceiver::Range& range) {
  const std::span<std::byte> room = port_.claim();
  if (room.empty()) return;  // Asked for again after a while.
  const moldudp64::Request request{token_, range.first, range.count};
  std::memcpy(room.data(), &request, sizeof request);
  port_.commit(port_.endpoints()[0], venue_, sizeof request);
}

}  // namespace basalt::load
