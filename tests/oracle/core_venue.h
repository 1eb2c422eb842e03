// The deciding half of the engine in one thread, without rings: risk, matching and log, driven by
// calls. Each call returns what it put into the log.
//
//   submit(command) ─► risk decides ─► matching ─► log numbers ─► LogRecord ─► whoever follows
//                          ▲                                         │
//                          └── feedback, `feedback_lag` records late ┘
//
// Between threads the log reaches risk late: orders that are gone still count as live there. The
// lag brings that about on purpose, and repeatably.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/arena.h"
#include "engine/log/log_core.h"
#include "engine/matching/matching.h"
#include "engine/pipeline/stage.h"
#include "engine/risk/risk_core.h"

namespace basalt::oracle {

// A decided command with its events: what lies between two commands of the log.
struct LogRecord {
  Command command;
  std::vector<Event> events;
};

template <pipeline::LogFollower Core>
void follow(const LogRecord& record, Core& core) noexcept {
  core.on_command(record.command);
  for (const Event& event : record.events) core.on_event(record.command, event);
}

class CoreVenue {
 public:
  struct Settings {
    risk::RiskCore::Limits risk{
        .reference = {.assets_max = 8,
                      .instruments_max = 8,
                      .accounts_max = 32,
                      .sessions_max = 16,
                      .firms_max = 4},
        .orders_max = 4096,
        .external_ids_max = 256,
    };
    std::uint32_t shards = 2;
    std::uint32_t feedback_lag = 0;
    std::uint64_t seed = 1;  // Of risk's hash tables: nothing may depend on it.
    std::uint32_t instructed_max = 512;
    // How many cancels of mass cancels come with one call; 0: all of them, at once.
    std::uint32_t mass_cancel_slice = 0;
  };

  explicit CoreVenue(const Settings& settings)
      : settings_(settings),
        arena_(memory_bytes(settings)),
        risk_(settings.risk, settings.seed, arena_),
        ring_(ring_slots, arena_),
        outlet_(ring_, matching::MatchingCore::events_max(matching_limits(settings)), arena_) {
    for (std::uint32_t shard = 0; shard < settings.shards; ++shard) {
      shards_.emplace_back(matching_limits(settings), arena_);
    }
  }

  // As if a gateway had handed it to risk. Empty: the protocol ignores it in silence. A session
  // that goes down is followed by the cancels of its orders, and then, or in the next calls, come
  // those of mass cancels.
  std::vector<LogRecord> submit(const Command& command) {
    std::vector<LogRecord> records = decide(command);
    work_off(settings_.mass_cancel_slice, records);
    return records;
  }

  // The next cancels of mass cancels under way, at most so many; 0: all.
  void work_off(std::uint32_t at_most, std::vector<LogRecord>& records) {
    Command command;
    for (std::uint32_t made = 0; risk_.has_mass_cancels() && (at_most == 0 || made < at_most);) {
      std::uint32_t looks = 3;  // Few, so that walks often rest.
      if (risk_.work_off_mass_cancels(looks, command)) {
        records.push_back(sequence(command));
        ++made;
      } else if (at_most != 0) {
        return;  // A turn that has looked enough.
      }
    }
  }

  // Time passes, and is told.
  LogRecord tick(Nanos later) {
    now_ += later;
    Command tick;
    tick.order.kind = CommandKind::tick;
    tick.order.slots = 1;
    tick.order.instrument = no_instrument;
    tick.order.account = no_account;
    return sequence(tick);
  }

  // A command that was decided before, from a journal. Not to be mixed with a lag.
  LogRecord replay(const Command& command) {
    sequence_ = command.order.sequence;
    now_ = command.order.time;
    risk_.apply(command);
    return take_effect(command);
  }
  // After the last replay(), before the next submit().
  void end_replay() { risk_.collect_free_slots(); }

  // Risk learns all that the log has to say.
  void catch_up() { feed_back(0); }

  void set_time(Nanos now) { now_ = now; }
  [[nodiscard]] Nanos now() const { return now_; }
  [[nodiscard]] Sequence sequence() const { return sequence_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const risk::RiskCore& risk() const { return risk_; }
  [[nodiscard]] const matching::MatchingCore& shard_of(InstrumentId instrument) const {
    return shards_[index_of(instrument) % shards_.size()];
  }
  [[nodiscard]] const matching::OrderBook& book(InstrumentId instrument) const {
    return shard_of(instrument).book(instrument);
  }
  // Precondition: the order rests in a book of this instrument's shard.
  [[nodiscard]] const matching::RestingOrder& resting(InstrumentId instrument,
                                                      std::uint32_t slot) const {
    return shard_of(instrument).memory().order(slot);
  }
  // Precondition: risk has caught up. O(everything).
  void assert_invariants() const {
    risk_.assert_invariants();
    for (const matching::MatchingCore& shard : shards_) shard.assert_invariants();
  }

  // Of each shard.
  static matching::MatchingCore::Limits matching_limits(const Settings& settings) {
    const std::uint32_t orders = settings.risk.orders_max;
    matching::MatchingCore::Limits limits{orders, settings.risk.reference.instruments_max,
                                          orders / 2 + 64, orders + 1024, settings.instructed_max};
    limits.accounts_max = settings.risk.reference.accounts_max;
    return limits;
  }

 private:
  static constexpr std::uint32_t ring_slots = 64;

  static std::size_t memory_bytes(const Settings& settings) {
    const auto limits = matching_limits(settings);
    return risk::RiskCore::memory_bytes(settings.risk) +
           settings.shards * matching::MatchingCore::memory_bytes(limits) +
           matching::EventRing::memory_bytes(ring_slots) +
           Arena::cost<Event>(matching::MatchingCore::events_max(limits));
  }

  std::vector<LogRecord> decide(Command command) {
    std::vector<LogRecord> records;
    command.order.time = now_;
    risk_.take(command, [&](const Command& taken) { records.push_back(sequence(taken)); });
    if (records.empty()) return records;
    const SessionId session = command.origin.session;
    if (command.order.kind == CommandKind::session_down &&
        risk_.reference().session(session).cancel_on_disconnect) {
      const Sequence until = records.front().command.order.sequence;
      for (OrderId order; (order = risk_.take_oldest_order(session, until)) != no_order;) {
        records.push_back(sequence(risk_.cancel_of(order)));
      }
    }
    return records;
  }

  LogRecord sequence(Command command) {
    command.order.sequence = ++sequence_;
    command.order.time = now_;
    risk_.apply(command);
    return take_effect(command);
  }

  LogRecord take_effect(const Command& command) {
    LogRecord record{command, {}};
    if (goes_to_every_shard(command.order)) {
      match_everywhere(record);
    } else if (goes_to_matching(command.order)) {
      match(command, command.order.instrument, record.events);
    }
    log_.begin();
    for (Event& event : record.events) log_.number(event);
    feedback_.push_back(record);
    feed_back(settings_.feedback_lag);
    return record;
  }

  void match(const Command& command, InstrumentId instrument, std::vector<Event>& events) {
    shards_[index_of(instrument) % shards_.size()].apply(command, outlet_);
    for (bool more = true; more;) {
      more = !outlet_.flush();
      while (const Event* event = ring_.peek()) events.push_back(*event);
      ring_.consume();
    }
  }

  // As the log does: effects by instrument, and the shards' Nothings fold into one (log.cpp).
  void match_everywhere(LogRecord& record) {
    for (std::uint32_t shard = 0; shard < shards_.size(); ++shard) {
      match(record.command, InstrumentId{shard}, record.events);
    }
    std::vector<Event>& events = record.events;
    const Event nothing = events.front();
    std::erase_if(events, [](const Event& event) { return event.kind == EventKind::nothing; });
    std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
      return index_of(a.instrument) < index_of(b.instrument);
    });
    if (events.empty()) {
      events.push_back(nothing);
      events.front().instrument = no_instrument;
    }
    for (Event& event : events) event.last = &event == &events.back() ? 1 : 0;
  }

  void feed_back(std::size_t lag) {
    for (; feedback_.size() > lag; feedback_.pop_front()) follow(feedback_.front(), risk_);
  }

  Settings settings_;
  Arena arena_;
  risk::RiskCore risk_;
  std::deque<matching::MatchingCore> shards_;
  matching::EventRing ring_;
  matching::EventOutlet outlet_;
  log::LogCore log_;
  std::deque<LogRecord> feedback_;
  Sequence sequence_ = 0;
  Nanos now_{1'700'000'000'000'000'000};
};

}  // namespace basalt::oracle
