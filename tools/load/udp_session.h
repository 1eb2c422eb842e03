// A session over UDP: MoldUDP64 both ways.
//
//   login    a blank session and one block, a SoupBinTCP Login Request; answered with the token
//   orders   numbered by us from 1, as many a datagram as are ready at once
//   answers  numbered by the venue; put in order, and asked for again at the same port
//
// The login is said again until it is answered. The venue answers a repeat with the token that it
// gave, but what comes late it may take for a new login, whose token displaces the old; and the
// network may double one login, lose one answer and swap two. So stragglers get time to come before
// anything is sent, and a token under which the venue falls silent within a second of the login is
// given up for a new login. One that it spoke under later is not: whoever logged in since has the
// session by right.
#pragma once

#include <optional>

#include "feedhandlers/market_data/moldudp64.h"
#include "net/datagram_port.h"
#include "tools/load/order_session.h"

namespace basalt::load {

class UdpSession final : public OrderSession {
 public:
  // `port`'s first endpoint is ours, and answers come to it.
  UdpSession(net::DatagramPort& port, net::Endpoint venue, const Login& login, MessageSink& answers)
      : port_(port), venue_(venue), login_(login), answers_(answers) {}

  std::uint32_t turn(Nanos now) override;
  void take(const net::Datagram& datagram, Nanos now) override;
  [[nodiscard]] bool send(std::span<const std::byte> message) override;
  void flush(Nanos now) override;
  void log_out() override;
  [[nodiscard]] MoldReceiver::Counters counters() const override {
    return receiver_ ? receiver_->counters() : MoldReceiver::Counters{};
  }

 private:
  static constexpr Nanos login_retry{250'000'000};
  // After the answer to the only login, and to one of several.
  static constexpr Nanos doubles_wait{10'000'000};
  static constexpr Nanos stragglers_wait{100'000'000};
  static constexpr Nanos doubles_age_max{1'000'000'000};
  static constexpr Nanos word_wait{2'500'000'000};  // Heartbeats come each second.

  void log_in(Nanos now);
  void on_login_answer(const moldudp64::Datagram& mold, Nanos now);
  void send_header(const moldudp64::Header& header);
  void send_request(const MoldReceiver::Range& range);

  net::DatagramPort& port_;
  const net::Endpoint venue_;
  const Login login_;
  MessageSink& answers_;

  std::optional<Nanos> first_login_;
  Nanos last_login_;
  Nanos accepted_at_;
  std::uint32_t logins_ = 0;
  moldudp64::SessionName token_;  // Blank: none yet.
  bool confirmed_ = false;        // No login of ours can have displaced it any more.
  std::optional<MoldReceiver> receiver_;

  std::uint64_t next_number_ = 1;
  std::optional<moldudp64::PacketBuilder> packet_;  // In the port's claimed room.
  Nanos last_sent_;
  Nanos last_heard_;
};

}  // namespace basalt::load
