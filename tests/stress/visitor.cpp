#include "tests/stress/visitor.h"

#include <chrono>
#include <limits>
#include <optional>
#include <thread>
#include <vector>

#include "net/uring/uring_stream_port.h"
#include "tools/load/generated_flow.h"
#include "tools/load/order_client.h"
#include "tools/load/tcp_session.h"

namespace basalt::load {
namespace {

constexpr std::uint32_t window = 32;
constexpr Nanos patience{20'000'000'000};
constexpr auto nap = std::chrono::microseconds(50);

Nanos monotonic() {
  return Nanos{std::chrono::steady_clock::now().time_since_epoch().count()};
}

// As the demonstration venue defines them: ticks of a hundredth, on three shards.
std::vector<GeneratedFlow::Instrument> instruments() {
  std::vector<GeneratedFlow::Instrument> instruments;
  for (const auto* name : {"AAPL", "GOOG", "BTC-USD"}) {
    Listing listing;
    static_cast<void>(listing.symbol.assign(name));  // They fit.
    listing.price_tick = 100;
    listing.price_max = 1'999'999'900;
    listing.quantity_max = std::numeric_limits<std::uint32_t>::max();
    listing.lot_decimals = listing.symbol.view() == "BTC-USD" ? 8 : 0;
    instruments.push_back({listing, 0});
  }
  return instruments;
}

}  // namespace

Visitor::Seen Visitor::visit_until(const std::atomic<bool>& enough, std::uint32_t messages) {
  Seen seen;
  // Relaxed: a flag that carries no data.
  while (seen.trouble.empty() && (seen.visits < 2 || !enough.load(std::memory_order_relaxed))) {
    const bool hangs_up = seen.visits % 2 == 0;
    visit(messages, hangs_up, seen);
    ++seen.visits;
    seen.hung_up += hangs_up ? 1 : 0;
  }
  return seen;
}

// The port, and with it the connection, ends with the visit.
void Visitor::visit(std::uint32_t messages, bool hangs_up, Seen& seen) {
  const Guest& guest = hangs_up ? hasty_ : patient_;
  net::UringStreamPort port({.listen = {}, .connections_max = 2, .receive_buffers = 64});
  LoadCounts counts;
  OrderClient client({window, {guest.account, guest.account}}, counts);
  TcpSession session(port, venue_, guest.login, client);
  client.attach(session);
  // Another seed for each visit; the flow itself has no end.
  GeneratedFlow flow(instruments(), seen.visits, std::numeric_limits<std::uint64_t>::max());
  std::optional<Action> next;
  std::uint32_t sent = 0;
  const Nanos began = monotonic();
  for (bool over = false; !over; std::this_thread::sleep_for(nap)) {
    const Nanos now = monotonic();
    client.set_now(now);
    session.turn(now);
    if (session.state() == OrderSession::State::closed || now - began > patience) {
      seen.trouble = session.trouble().empty() ? "a visit took too long" : session.trouble();
      break;
    }
    if (session.state() == OrderSession::State::open && client.ready()) {
      for (; sent < messages; ++sent, next.reset()) {
        if (!next) static_cast<void>(flow.next(next.emplace()));
        if (!client.send(*next, now)) break;
      }
      client.nudge();
    }
    session.flush(now);
    over = sent == messages && (hangs_up || (client.settled() && client.unanswered() == 0));
  }
  seen.orders_sent += counts.orders_sent.value();
  seen.orders_answered += counts.orders_accepted.value() + counts.orders_rejected.value();
  if (!hangs_up) session.log_out();
}

}  // namespace basalt::load
