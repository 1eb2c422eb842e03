#include "tools/load/tcp_session.h"

#include <cstring>

namespace basalt::load {
namespace {

const char* in_words(net::CloseCause cause) {
  switch (cause) {
    case net::CloseCause::refused:
      return "nobody listens there; is the engine running?";
    case net::CloseCause::timed_out:
      return "it does not answer";
    case net::CloseCause::reset:
      return "the venue reset the connection";
    case net::CloseCause::slow:
      return "it does not take what is sent";
    case net::CloseCause::none:
    case net::CloseCause::local:
    case net::CloseCause::failed:
      break;
  }
  return "the connection is gone";
}

}  // namespace

std::uint32_t TcpSession::turn(Nanos now) {
  if (state_ == State::closed) return 0;
  if (!opened_) {
    opened_ = last_heard_ = last_sent_ = now;
    connection_ = port_.connect(venue_);
  }
  const std::uint32_t count = port_.poll(events_);
  for (std::uint32_t i = 0; i < count && state_ != State::closed; ++i) on_event(events_[i], now);
  if (state_ == State::opening && now - *opened_ > login_patience) {
    fail("no answer to the login from " + to_text(venue_) + " (TCP)");
  } else if (state_ == State::open && now - last_heard_ > silence_max) {
    fail("the venue has been silent for " + std::to_string(silence_max.value / 1'000'000'000) +
         " s");
  } else if (state_ == State::open && now - last_sent_ >= heartbeat) {
    if (put(soupbintcp::PacketType::client_heartbeat, {})) flush(now);
  }
  return count;
}

void TcpSession::on_event(const net::StreamEvent& event, Nanos now) {
  if (event.connection != connection_) return;
  switch (event.kind) {
    case net::StreamEvent::Kind::opened: {
      std::array<std::byte, soupbintcp::length_bytes + sizeof(soupbintcp::LoginRequest)> packet{};
      *soupbintcp::emplace_packet<soupbintcp::LoginRequest>(packet) = login_request(login_);
      port_.send(connection_, packet);
      return;
    }
    case net::StreamEvent::Kind::data: {
      last_heard_ = now;
      packets_.offer(event.bytes);
      std::span<const std::byte> body;
      soupbintcp::ReadStatus status = packets_.next(body);
      for (; status == soupbintcp::ReadStatus::packet; status = packets_.next(body)) {
        on_packet(body, now);
      }
      if (status != soupbintcp::ReadStatus::needs_bytes) {
        fail("what comes from " + to_text(venue_) + " is not SoupBinTCP");
      }
      return;
    }
    case net::StreamEvent::Kind::ended:
      return fail(to_text(venue_) + ": the venue closed the connection; did " + login_.user +
                  " log in a second time?");
    case net::StreamEvent::Kind::closed:
      return fail(to_text(venue_) + " (TCP): " + in_words(event.cause));
  }
}

void TcpSession::on_packet(std::span<const std::byte> body, Nanos now) {
  const soupbintcp::Packet packet = soupbintcp::decode(body);
  if (packet.error != soupbintcp::DecodeError::none) {
    return fail("what comes from " + to_text(venue_) + " is not SoupBinTCP");
  }
  switch (packet.type) {
    case soupbintcp::PacketType::login_accepted:
      next_answer_ = packet.as<soupbintcp::LoginAccepted>().sequence.value().value_or(1);
      state_ = State::open;
      last_sent_ = now;
      return;
    case soupbintcp::PacketType::login_rejected:
      return fail(login_refused(packet.as<soupbintcp::LoginRejected>(), login_));
    case soupbintcp::PacketType::sequenced_data:
      return answers_.message(next_answer_++, packet.payload());
    case soupbintcp::PacketType::end_of_session:
      return fail("the venue has ended the session");
    default:
      return;
  }
}

bool TcpSession::put(soupbintcp::PacketType type, std::span<const std::byte> payload) {
  const std::size_t size = soupbintcp::header_bytes + payload.size();
  if (unsent_.size() - unsent_bytes_ < size ||
      port_.send_room(connection_) < unsent_bytes_ + size) {
    return false;
  }
  const std::span<std::byte> out = std::span(unsent_).subspan(unsent_bytes_);
  if (!payload.empty()) {
    std::memcpy(&out[soupbintcp::header_bytes], payload.data(), payload.size());
  }
  unsent_bytes_ += soupbintcp::frame(out, type, payload.size());
  return true;
}

bool TcpSession::send(std::span<const std::byte> message) {
  return state_ == State::open && put(soupbintcp::PacketType::unsequenced_data, message);
}

void TcpSession::flush(Nanos now) {
  if (unsent_bytes_ > 0) {
    port_.send(connection_, std::span(unsent_).first(unsent_bytes_));
    unsent_bytes_ = 0;
    last_sent_ = now;
  }
  port_.flush();
}

void TcpSession::log_out() {
  if (state_ != State::open) return;
  if (put(soupbintcp::PacketType::logout_request, {})) flush(last_sent_);
  port_.close(connection_);
  port_.flush();
  fail({});
}

}  // namespace basalt::load
