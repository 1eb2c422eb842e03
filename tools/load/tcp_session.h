// A session over TCP: SoupBinTCP 3.00.
//
// Numbers do not travel: what TCP brings is in order and complete, or the connection is gone.
#pragma once

#include <array>

#include "net/stream_port.h"
#include "tools/load/order_session.h"

namespace basalt::load {

class TcpSession final : public OrderSession {
 public:
  TcpSession(net::StreamPort& port, net::Endpoint venue, const Login& login, MessageSink& answers)
      : port_(port), venue_(venue), login_(login), answers_(answers) {}

  std::uint32_t turn(Nanos now) override;
  void take(const net::Datagram&, Nanos) override {}
  [[nodiscard]] bool send(std::span<const std::byte> message) override;
  void flush(Nanos now) override;
  void log_out() override;

 private:
  void on_event(const net::StreamEvent& event, Nanos now);
  void on_packet(std::span<const std::byte> body, Nanos now);
  [[nodiscard]] bool put(soupbintcp::PacketType type, std::span<const std::byte> payload);

  net::StreamPort& port_;
  const net::Endpoint venue_;
  const Login login_;
  MessageSink& answers_;

  net::ConnectionId connection_ = net::no_connection;
  std::optional<Nanos> opened_;
  soupbintcp::PacketReader<> packets_;
  std::uint64_t next_answer_ = 1;
  std::array<net::StreamEvent, 32> events_;
  std::array<std::byte, 16'384> unsent_;  // Framed, and handed over by flush().
  std::size_t unsent_bytes_ = 0;
  Nanos last_sent_;
  Nanos last_heard_;
};

}  // namespace basalt::load
