// Participants who come and go: log in over TCP, trade, and leave orders behind, which the venue
// then cancels.
//
//   visit ─► log in ─► ask for the next number ─► send ─┬► wait for all answers, log out
//                                                       └► hang up in the middle
//
// The two ends take turns, each with a user of its own: whoever hangs up and comes back at once may
// be told the answers that it left behind, and take one for the answer to its first question.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "net/endpoint.h"
#include "tools/load/order_session.h"

namespace basalt::load {

class Visitor {
 public:
  struct Guest {
    Login login;
    std::uint32_t account;
  };
  struct Seen {
    std::uint32_t visits = 0;
    std::uint32_t hung_up = 0;  // Of them.
    std::uint64_t orders_sent = 0;
    std::uint64_t orders_answered = 0;
    std::string trouble;  // The first that kept a visit from going as it should.
  };

  Visitor(net::Endpoint venue, Guest patient, Guest hasty)
      : venue_(venue), patient_(std::move(patient)), hasty_(std::move(hasty)) {}

  // Visits of `messages` each until `enough`, two at least. The calling thread's.
  [[nodiscard]] Seen visit_until(const std::atomic<bool>& enough, std::uint32_t messages);

 private:
  void visit(std::uint32_t messages, bool hangs_up, Seen& seen);

  const net::Endpoint venue_;
  const Guest patient_;
  const Guest hasty_;
};

}  // namespace basalt::load
