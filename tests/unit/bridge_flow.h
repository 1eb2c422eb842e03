// A venue with random flow whose log goes into a real journal, for tests of what follows it: an
// engine as far as cold readers can tell, that can be killed and started again on its own data.
//
//   random commands ─► CoreVenue (risk, matching, log) ─► Journal ─► files
//                        └─► ledger, settlement: they say when batches can be answered
#pragma once

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/bridge/books.h"
#include "engine/journal/journal.h"
#include "engine/journal/mark_page.h"
#include "engine/journal/reader.h"
#include "engine/journal/segment_maker.h"
#include "engine/journal/uring_disk.h"
#include "tests/oracle/core_venue.h"
#include "tests/oracle/small_venue.h"

namespace basalt::bridge::test {

class Folder {
 public:
  Folder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "basalt-bridge-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline EpochLimits flow_limits() {
  EpochLimits limits = oracle::small_venue_limits();
  limits.settlement_batches_max = 16;
  limits.settlement_obligations_max = 4096;
  return limits;
}

class FlowEngine {
 public:
  static constexpr std::uint32_t engine_id = 1;

  explicit FlowEngine(const std::filesystem::path& data, std::uint64_t seed,
                      const EpochLimits& limits = flow_limits(),
                      std::uint32_t rules = rules_version_now)
      : limits_(limits),
        rules_(rules),
        page_(data),
        found_(journal::inspect(data)),
        epoch_(std::max(found_.commands.epoch, found_.events.epoch) + 1),
        arena_(journal::SegmentMaker::memory_bytes() + journal::Journal::memory_bytes(writer) +
               2 * ring::BroadcastRing<Slot>::memory_bytes(ring_slots)),
        commands_(ring_slots, 1, arena_),
        log_(ring_slots, 1, arena_),
        maker_(data, found_.commands.resume.segment, found_.events.resume.segment,
               {64 * journal::block_bytes}, arena_),
        disk_(maker_),
        journal_(commands_.reader(0), log_.reader(0), disk_,
                 {engine_id, epoch_, found_.commands.resume, found_.events.resume}, writer, arena_),
        venue_(venue_settings(found_, limits)),
        random_(seed * 1000 + epoch_) {
    recover(data);
    page_.keep(engine_id, epoch_, journal_.marks());
    begin_epoch();
  }
  ~FlowEngine() { page_.release(); }  // It copies from the journal, which goes before it.

  void run(std::uint64_t rounds) {
    for (; rounds > 0; --rounds) round();
  }
  // Everything durable, events too.
  bool flush() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!journal_.idle() && std::chrono::steady_clock::now() < deadline) journal_.poll();
    return journal_.idle();
  }
  bool finish() { return journal_.finish(std::chrono::seconds(20)); }
  [[nodiscard]] Sequence sequence() const { return venue_.sequence(); }
  [[nodiscard]] Sequence durable() const {
    return journal_.durable_mark().load(std::memory_order_acquire);
  }
  // The last commands' events stay unwritten, as when an engine dies.
  void lose_events(bool lose) { events_lost_ = lose; }

 private:
  static constexpr journal::BlockWriter::Limits writer{
      .buffer_blocks = 64, .writes_in_flight = 8, .write_blocks = 16};
  static constexpr std::uint32_t ring_slots = 1024;

  // Between threads the log reaches risk late, so that some name orders that are gone by then. What
  // replays a journal cannot have that.
  static oracle::CoreVenue::Settings venue_settings(const journal::JournalReport& found,
                                                    const EpochLimits& limits) {
    oracle::CoreVenue::Settings settings;
    settings.risk.reference = reference_limits(limits);
    settings.feedback_lag = found.commands.records == 0 ? 4 : 0;
    return settings;
  }

  void recover(const std::filesystem::path& data) {
    journal::Follower follower(data, found_, journal::Follower::Take::all_commands);
    journal::Follower::Entry entry;
    while (follower.next(entry) == journal::Read::record) {
      const oracle::LogRecord record = venue_.replay(entry.command);
      if (record.command.order.sequence > found_.events.resume.sequence) {
        for (const Event& event : record.events) {
          while (!journal_.append_event(event)) journal_.poll();
        }
      }
      note(record);
    }
    venue_.end_replay();
  }

  void begin_epoch() {
    EpochStart start{};
    start.engine = engine_id;
    start.epoch = epoch_;
    start.rules_version = rules_;
    start.limits = limits_;
    say(oracle_command(CommandKind::epoch_start, start));
    // A first start that was cut short is completed: what is there is only said again.
    for (const Command& command : oracle::small_venue_definitions()) {
      if (command.order.kind != CommandKind::epoch_start && !defined_) say(command);
    }
    defined_ = true;
  }
  template <typename Definition>
  static Command oracle_command(CommandKind kind, const Definition& definition) {
    return basalt::test::CommandMaker{}.next(kind, definition);
  }

  void round() {
    const std::uint32_t session = pick(oracle::small_sessions);
    const auto any_ref = [&] {
      return refs_[session] - std::min(refs_[session] - 1, std::uint32_t{pick(12)});
    };
    const std::uint32_t what = pick(100);
    if (what < 60 || refs_[session] == 0) {
      Instructions asked{};
      if (pick(6) == 0) {
        asked.display = Quantity{static_cast<std::int64_t>(1 + pick(9))};
        asked.random = pick(4);
      }
      if (pick(8) == 0) asked.stop = Price{static_cast<std::int64_t>(9'990 + pick(20))};
      const auto time_in_force = static_cast<TimeInForce>(pick(5));
      if (time_in_force == TimeInForce::gtd) {
        asked.expiry = Nanos{static_cast<std::int64_t>(1 + pick(50)) * 1'000'000};
      }
      const auto prevention = static_cast<SelfTradePrevention>(pick(5));
      say(oracle::enter(
          {.session = session,
           .ref = ++refs_[session],
           .side = pick(2) == 0 ? Side::buy : Side::sell,
           .quantity = static_cast<std::int64_t>(pick(50)),  // 0 is refused.
           .price = static_cast<std::int64_t>(9'990 + pick(20)),
           .instrument = pick(20) == 0 ? 7 : pick(2),  // 7 does not exist.
           .time_in_force = time_in_force,
           .flags = static_cast<std::uint16_t>(
               flags_of(prevention) | (pick(8) == 0 ? flag_post_only | (pick(2) * flag_slide) : 0) |
               (pick(8) == 0 ? flag_market | flag_rests : 0) |
               (asked.expiry != no_time ? flag_time_to_live : 0)),
           .instructions = asked,
           .linked_to = pick(8) == 0 ? any_ref() - 1 : 0}));
    } else if (what < 61) {
      const std::uint32_t instrument = pick(2);
      const std::uint32_t to = pick(6);
      say(to == 0  ? oracle::uncross(instrument)
          : to < 4 ? oracle::set_state(instrument, InstrumentState::open)
                   : oracle::set_state(instrument, InstrumentState::volatility_auction));
    } else if (what < 70) {
      say(oracle::cancel({.session = session, .ref = any_ref()}));
    } else if (what < 76) {
      say(oracle::reduce({.session = session, .ref = any_ref()}, pick(30)));
    } else if (what < 90) {
      const std::uint32_t original = any_ref();
      say(oracle::replace({.session = session, .ref = original}, ++refs_[session],
                          static_cast<std::int64_t>(pick(60)),
                          static_cast<std::int64_t>(9'990 + pick(20))));
    } else if (what < 91) {
      const oracle::Named name{.session = session, .ref = ++refs_[session]};
      say(pick(2) == 0   ? oracle::session_down(session)
          : pick(2) == 0 ? oracle::mass_cancel(name, {.side = pick(2) == 0 ? 'B' : 'S'})
                         : oracle::mass_cancel_by_venue(name, {.instrument = InstrumentId{0}}));
    } else if (what < 92) {
      // Most of a fortune leaves once; then batches find payers short.
      basalt::test::CommandMaker make;
      const std::uint32_t account = oracle::traders_first + session;
      say(pick(2) == 0 ? make.deposit(account, pick(3), 20'000'000)
                       : make.withdraw(account, pick(3), 999'990'000'000));
    } else {
      put(venue_.tick(Nanos{pick(3) == 0 ? 1'000'000'000 : 1'000'000}));
      answer_batches();
    }
  }

  // As a domain would: it refuses some batches, and takes its time with others.
  void answer_batches() {
    for (const settlement::Change& change : books_.settlement().changes()) {
      if (change.state == settlement::BatchState::pending) asked_.push_back(change.batch);
    }
    std::vector<settlement::BatchId> later;
    for (const settlement::BatchId batch : std::exchange(asked_, {})) {
      if (pick(4) == 0) {
        later.push_back(batch);
        continue;
      }
      Amendment amendment{};
      amendment.batch = static_cast<std::uint64_t>(batch);
      say(oracle_command(CommandKind::settlement_started, amendment));
      amendment.settled = pick(6) == 0 ? 0 : 1;
      if (pick(5) == 0) {
        later.push_back(batch);
      } else {
        say(oracle_command(CommandKind::settlement_finished, amendment));
      }
    }
    asked_ = std::move(later);
    if (pick(5) == 0) say(oracle_command(CommandKind::settlement_cut, Amendment{}));
  }

  void say(const Command& command) {
    for (const oracle::LogRecord& record : venue_.submit(command)) put(record);
  }
  void put(const oracle::LogRecord& record) {
    note(record);
    for (std::uint32_t i = 0; i < record.command.order.slots; ++i) {
      put(commands_, record.command.slot(i));
    }
    if (events_lost_) return;
    for (std::uint32_t i = 0; i < record.command.order.slots; ++i) {
      put(log_, record.command.slot(i));
    }
    for (const Event& event : record.events) put(log_, std::bit_cast<Slot>(event));
  }
  void put(ring::BroadcastRing<Slot>& ring, const Slot& slot) {
    Slot* place = ring.claim();
    while (place == nullptr) {
      ring.publish();
      journal_.poll();
      place = ring.claim();
    }
    *place = slot;
    ring.publish();
  }
  void note(const oracle::LogRecord& record) {
    books_.follow(record.command, record.events, [](const Transfer&) {});
    const Order& order = record.command.order;
    const bool last_definition =
        order.kind == CommandKind::deposit && index_of(order.account) == oracle::traders_first + 3;
    defined_ = defined_ || last_definition;
    if (order.kind != CommandKind::new_order && order.kind != CommandKind::replace) return;
    std::uint32_t& last = refs_[index_of(record.command.origin.session)];
    last = std::max(last, record.command.origin.user_ref_num);
  }
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  const EpochLimits limits_;
  const std::uint32_t rules_;
  journal::MarkPage page_;
  journal::JournalReport found_;
  std::uint32_t epoch_;
  Arena arena_;
  ring::BroadcastRing<Slot> commands_;
  ring::BroadcastRing<Slot> log_;
  journal::SegmentMaker maker_;
  journal::UringDisk disk_;
  journal::Journal journal_;
  oracle::CoreVenue venue_;
  Books books_;
  std::mt19937_64 random_;
  std::array<std::uint32_t, oracle::small_sessions> refs_{};
  std::vector<settlement::BatchId> asked_;  // Batches that the domain has not finished.
  bool defined_ = false;
  bool events_lost_ = false;
};

}  // namespace basalt::bridge::test
