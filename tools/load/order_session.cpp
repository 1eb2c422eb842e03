#include "tools/load/order_session.h"

#include <stdexcept>

namespace basalt::load {

soupbintcp::LoginRequest login_request(const Login& login) {
  soupbintcp::LoginRequest request;
  if (!request.user.assign(login.user) || !request.password.assign(login.password)) {
    throw std::invalid_argument("a user has at most 6 characters, a password 10: " + login.user);
  }
  request.sequence = soupbintcp::SequenceNumber(0);
  return request;
}

std::string login_refused(const soupbintcp::LoginRejected& rejected, const Login& login) {
  switch (rejected.reason.value()) {
    case soupbintcp::LoginRejectReason::not_authorized:
      return "login refused: the venue does not know " + login.user + ", or not that password";
    case soupbintcp::LoginRejectReason::session_not_available:
      return "login refused: the venue is stopping, or has no room for another session";
  }
  return "login refused";
}

}  // namespace basalt::load
