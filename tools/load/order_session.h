// A client's session with the venue: OUCH messages out, answers in, whatever carries them.
//
//   send(message) … flush() ─► SoupBinTCP, or MoldUDP64 both ways ─► the venue
//   answers, each once and in the order of the session's stream ◄── turn(), take()
//
// The two transports are in udp_session.h and tcp_session.h. A session asks for the newest part of
// its stream: what was answered in earlier runs is of no interest here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/types.h"
#include "feedhandlers/order_entry/soupbintcp.h"
#include "net/datagram_port.h"
#include "tools/load/mold_receiver.h"

namespace basalt::load {

struct Login {
  std::string user;
  std::string password;
};

// The packet body that both transports log in with: the current session, from the newest answer on.
[[nodiscard]] soupbintcp::LoginRequest login_request(const Login& login);
// Why a login was refused, in words.
[[nodiscard]] std::string login_refused(const soupbintcp::LoginRejected& rejected,
                                        const Login& login);

class OrderSession {
 public:
  enum class State : std::uint8_t {
    opening,
    open,
    closed,  // For good; trouble() says why, unless we logged out.
  };
  // How long the venue may take to answer the login, and be silent.
  static constexpr Nanos login_patience{5'000'000'000};
  static constexpr Nanos silence_max{15'000'000'000};
  static constexpr Nanos heartbeat{1'000'000'000};

  virtual ~OrderSession() = default;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

  // Once a turn, before anything is sent: logins, heartbeats, requests, and what TCP has brought.
  // Returns how many messages or packets it handled.
  virtual std::uint32_t turn(Nanos now) = 0;
  // A datagram from the venue's order endpoint.
  virtual void take(const net::Datagram& datagram, Nanos now) = 0;

  // Takes one OUCH message; false: there is no room now, and nothing was taken. What was taken
  // leaves with flush(), in as few datagrams or writes as it fits.
  [[nodiscard]] virtual bool send(std::span<const std::byte> message) = 0;
  virtual void flush(Nanos now) = 0;

  virtual void log_out() = 0;

  // Of the answers, over UDP.
  [[nodiscard]] virtual MoldReceiver::Counters counters() const { return {}; }

 protected:
  void fail(std::string trouble) {
    if (state_ == State::closed) return;
    state_ = State::closed;
    trouble_ = std::move(trouble);
  }

  State state_ = State::opening;

 private:
  std::string trouble_;
};

}  // namespace basalt::load
