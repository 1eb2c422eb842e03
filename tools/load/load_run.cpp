#include "tools/load/load_run.h"

#include <sys/prctl.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <limits>

#include "net/wire_clock.h"
#include "tools/load/generated_flow.h"
#include "tools/load/recorded_flow.h"
#include "tools/load/tcp_session.h"
#include "tools/load/udp_session.h"

namespace basalt::load {
namespace {

constexpr Nanos second{1'000'000'000};
constexpr Nanos feed_patience{6 * second.value};    // Until it must be heard: after the login.
constexpr Nanos answer_patience{5 * second.value};  // At the end, without any news.
constexpr Nanos lost_patience{1 * second.value};    // Once the venue has dealt with everything.
constexpr Nanos check_patience{30 * second.value};  // Without the comparison moving.
constexpr Nanos quiet_feed{1'200'000'000};          // More than the time between heartbeats.
constexpr std::uint32_t idle_turns_before_nap = 32;

Nanos monotonic() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return {time.tv_sec * second.value + time.tv_nsec};
}

}  // namespace

std::string_view to_text(LoadRun::Phase phase) noexcept {
  switch (phase) {
    case LoadRun::Phase::opening:
      return "logging in";
    case LoadRun::Phase::catching_up:
      return "fetching the feed";
    case LoadRun::Phase::asking:
      return "asking for the next number";
    case LoadRun::Phase::sending:
      return "sending";
    case LoadRun::Phase::answering:
      return "waiting for answers";
    case LoadRun::Phase::checking:
      return "checking books";
    case LoadRun::Phase::done:
      return "done";
  }
  return "";
}

LoadRun::LoadRun(const LoadOptions& options, const LoadWire& wire)
    : options_(options),
      port_(wire.datagrams),
      queue_(queue_bytes),
      check_(queue_, options.compares ? options.data : std::filesystem::path{}),
      feed_(wire.datagrams, options.feed, queue_, counts_),
      client_({options.window, options.accounts}, counts_) {
  static_cast<void>(login_request(options.login));  // Throws now rather than in the middle.
  if (wire.streams != nullptr) {
    session_ = std::make_unique<TcpSession>(*wire.streams, options.orders, options.login, client_);
  } else {
    session_ = std::make_unique<UdpSession>(port_, options.orders, options.login, client_);
  }
  client_.attach(*session_);
}

void LoadRun::run() {
  ::prctl(PR_SET_TIMERSLACK, 1'000UL, 0UL, 0UL, 0UL);  // Naps of this thread end when they should.
  now_ = phase_began_ = monotonic();
  check_.start();
  while (phase_.load(std::memory_order_relaxed) != Phase::done && stops() < 2) {
    now_ = monotonic();
    std::uint32_t handled = receive();
    client_.set_now(now_);
    handled += session_->turn(now_);
    handled += turn_of_phase();
    session_->flush(now_);
    handled += feed_.turn(now_);
    port_.flush();
    rest(handled);
  }
  if (stops() >= 2) trouble("stopped before everything was waited for");
  session_->log_out();
  port_.flush();
  last_answered_ = client_.last_news();
}

std::uint32_t LoadRun::receive() {
  const std::uint32_t count = port_.receive(datagrams_);
  if (count > 0) now_ = monotonic();
  client_.set_now(now_);
  for (const net::Datagram& datagram : std::span(datagrams_).first(count)) {
    if (feed_.owns(datagram)) {
      feed_.take(datagram, now_);
    } else if (datagram.source == options_.orders) {
      session_->take(datagram, now_);
    }
  }
  return count;
}

std::uint32_t LoadRun::turn_of_phase() {
  const Phase phase = phase_.load(std::memory_order_relaxed);  // Its own.
  if (session_->state() == OrderSession::State::closed && phase < Phase::checking) {
    trouble(session_->trouble());
    enter(Phase::checking);
    if (counts_.orders_sent.value() == 0) enter(Phase::done);
    return 0;
  }
  if (stops() > 0 && phase < Phase::sending) {
    trouble("stopped before anything was sent");
    enter(Phase::done);
    return 0;
  }
  switch (phase) {
    case Phase::opening:
      opening();
      return 0;
    case Phase::catching_up:
      catching_up();
      return 0;
    case Phase::asking:
      if (client_.ready()) {
        sending_began_ = now_;
        feed_before_ = counts_.feed_messages.value() + counts_.feed_lost.value();
        enter(Phase::sending);
      } else if (now_ - phase_began_ > answer_patience) {
        trouble("the venue does not answer an account query");
        enter(Phase::done);
      }
      return 0;
    case Phase::sending:
      return sending();
    case Phase::answering:
      answering();
      return 0;
    case Phase::checking:
      checking();
      return 0;
    case Phase::done:
      return 0;
  }
  return 0;
}

void LoadRun::opening() {
  if (!feed_.heard() && now_ - phase_began_ > feed_patience) {
    trouble("nothing came over the feed, neither from " + net::to_text(options_.feed.groups[0]) +
            " nor from " + net::to_text(options_.feed.groups[1]) +
            "; does multicast of the venue's NIC lead to " + net::to_text(port_.endpoints()[0].ip) +
            "?");
    enter(Phase::done);
  } else if (session_->state() == OrderSession::State::open && feed_.heard()) {
    enter(Phase::catching_up);
  }
}

// Generated flow starts at the last trades, so the books must be there too.
void LoadRun::catching_up() {
  if (!feed_.stream().complete()) return;
  const std::uint64_t here = counts_.feed_messages.value() + counts_.feed_lost.value();
  if (options_.input.empty() && check_.applied() < here) return;
  try {
    flow_ = make_flow();
    enter(Phase::asking);
  } catch (const std::exception& error) {
    trouble(error.what());
    enter(Phase::done);
  }
}

std::unique_ptr<Flow> LoadRun::make_flow() const {
  if (options_.input.empty()) {
    std::vector<GeneratedFlow::Instrument> instruments;
    for (const Listing& listing : feed_.directory().trading()) {
      if (instruments.size() == options_.instruments_max) break;
      instruments.push_back({listing, check_.last_trade(listing.locate)});
    }
    if (instruments.empty()) throw std::runtime_error("the venue trades no instrument");
    return std::make_unique<GeneratedFlow>(instruments, options_.seed, enters_max());
  }
  const std::string symbol =
      options_.symbol.empty() ? symbol_of_file(options_.input) : options_.symbol;
  const Listing* listing = feed_.directory().find(symbol);
  if (listing == nullptr) {
    throw std::runtime_error("the venue lists no '" + symbol + "', which " + options_.input +
                             " is about; name another by --symbol");
  }
  return std::make_unique<RecordedFlow>(options_.input, *listing);
}

std::uint64_t LoadRun::enters_max() const {
  return options_.rate == 0 ? std::numeric_limits<std::uint64_t>::max()
                            : options_.rate * options_.seconds;
}

std::optional<Nanos> LoadRun::planned() const {
  if (options_.rate == 0) return {};
  const auto offset = static_cast<uint128>(enters_) * static_cast<std::uint64_t>(second.value);
  return sending_began_ + Nanos{static_cast<std::int64_t>(offset / options_.rate)};
}

std::uint32_t LoadRun::sending() {
  const bool over = options_.input.empty() && options_.rate == 0 &&
                    now_ - sending_began_ >= Nanos{options_.seconds * second.value};
  if (over || stops() > 0) {
    enter(Phase::answering);
    return 0;
  }
  std::uint32_t sent = 0;
  for (; sent < sends_a_turn_max; ++sent) {
    const std::optional<Nanos> at = planned();
    if (at && *at > now_) break;
    if (!next_) {
      Action action;
      try {
        if (!flow_->next(action)) {
          enter(Phase::answering);
          break;
        }
      } catch (const std::exception& error) {
        trouble(error.what());
        enter(Phase::answering);
        break;
      }
      next_ = action;
    }
    if (!client_.send(*next_, at.value_or(now_))) {
      client_.nudge();
      break;
    }
    if (next_->kind == ActionKind::enter) ++enters_;
    next_.reset();
  }
  return sent;
}

void LoadRun::answering() {
  client_.nudge();
  const Nanos quiet = now_ - std::max(client_.last_news(), phase_began_);
  const bool all = client_.settled() && client_.unanswered() == 0;
  if (!all && quiet < (client_.settled() ? lost_patience : answer_patience)) return;
  enter(Phase::checking);
}

void LoadRun::checking() {
  feed_.note_told(check_.wanted(), now_);
  if (check_.compares()) {
    const std::uint64_t at = check_.sequence() + check_.applied();
    if (at != check_seen_) check_moved_ = now_;
    check_seen_ = at;
    if (check_.done()) return enter(Phase::done);
    if (now_ - check_moved_ < check_patience) return;
    trouble("the comparison of books stands still at sequence " +
            std::to_string(check_.sequence()) + ", " + std::to_string(check_.applied()) + " of " +
            std::to_string(check_.wanted()) + " feed messages applied");
    return enter(Phase::done);
  }
  // Without the engine's journal, a heartbeat that says there is no more is the end.
  const bool whole = feed_.stream().complete() && feed_.heard_at().value_or(Nanos{}) > phase_began_;
  if (now_ - phase_began_ < quiet_feed || (!whole && now_ - phase_began_ < check_patience)) return;
  if (!whole) trouble("the feed's end was not reached");
  check_.finish(Nanos{0});
  if (check_.done()) enter(Phase::done);
}

void LoadRun::enter(Phase phase) {
  if (phase == Phase::answering) sending_ended_ = now_;
  if (phase == Phase::checking) {
    check_moved_ = now_;
    if (check_.compares()) check_.finish(net::realtime());
  }
  phase_began_ = now_;
  phase_.store(phase, std::memory_order_relaxed);  // Others only show it.
}

void LoadRun::trouble(std::string text) {
  if (!text.empty()) troubles_.push_back(std::move(text));
}

int LoadRun::stops() const noexcept {
  // A flag: carries no data.
  return options_.stop == nullptr ? 0 : options_.stop->load(std::memory_order_relaxed);
}

// A little patience first: the next answer is often near. Then a nap, however short: the kernel's
// own work on this core, the completion of the engine's disk writes among it, was measured to wait
// for seconds behind a thread that only looks, or only yields.
void LoadRun::rest(std::uint32_t handled) {
  idle_turns_ = handled > 0 ? 0 : idle_turns_ + 1;
  if (idle_turns_ < idle_turns_before_nap) return;
  timespec time{0, options_.nap.value};
  ::nanosleep(&time, nullptr);
}

}  // namespace basalt::load
