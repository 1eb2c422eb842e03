#include "engine/bridge/bridge.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace basalt::bridge {
namespace {

using namespace std::chrono_literals;

constexpr auto nothing_new_nap = 2ms;
constexpr auto look_interval = 100ms;
// What has no rows (time passing) moves the cursor this often.
constexpr auto cursor_interval = 250ms;
constexpr auto retry_first = 10ms;
constexpr auto retry_last = 1000ms;
constexpr auto retry_when_stopping = 2000ms;
// Fewer commands than this are no lag to speak of.
constexpr Sequence lag_told_min = 20'000;
constexpr auto progress_interval = 2s;
constexpr std::uint64_t clock_each = 64;  // Commands between two looks at the clock.

}  // namespace

Bridge::Start Bridge::start_from(Store& store, const Say& say) {
  const std::optional<Store::Checkpoint> checkpoint = store.checkpoint();
  if (checkpoint && checkpoint->sequence <= store.cursor().sequence) {
    std::optional<Books> books = Books::restored(checkpoint->books);
    if (books) return {std::move(*books), checkpoint->sequence};
    say("the saved books cannot be used: they are made anew from the first command");
  }
  return {Books(), 0};
}

Bridge::Bridge(const std::filesystem::path& data, const Settings& settings, Say say)
    : data_(data),
      settings_(settings),
      say_(std::move(say)),
      store_(settings.database, settings.synchronous),
      start_(start_from(store_, say_)),
      derivation_(std::move(start_.books), store_.live_orders()),
      // The command at the cursor is looked at again, to see that it is the one.
      follower_(data, journal::Follower::Take::complete,
                std::max<Sequence>(1, std::min(start_.at + 1, store_.cursor().sequence))),
      view_(data) {}

Bridge::Outcome Bridge::run(Until until, const Stopping& stopping) {
  while (true) {
    const bool last = stopping();
    const Filled filled = last ? Filled::end : fill();
    if (filled == Filled::failed) return Outcome::failed;
    look_at_marks();
    const bool drained = until == Until::drained && is_drained(filled);
    const bool leaving = last || drained;
    if (batch_.commands > 0 && (leaving || worth_writing(filled)) && !write(leaving, stopping)) {
      return Outcome::failed;
    }
    tell(filled);
    if (drained && store_.cursor().sequence > followed_) {
      static_cast<void>(fail("the journal ends before the cursor at " +
                             std::to_string(store_.cursor().sequence) +
                             ": it is not the one that this database follows, or lost its end"));
      return Outcome::failed;
    }
    if (leaving) return Outcome::done;
    if (filled == Filled::end) std::this_thread::sleep_for(nothing_new_nap);
  }
}

Bridge::Filled Bridge::fill() {
  const auto until = Clock::now() + settings_.batch_time;
  journal::Follower::Entry entry;
  for (std::uint64_t read = 1;; ++read) {
    switch (follower_.next(entry)) {
      case journal::Read::end:
        return Filled::end;
      case journal::Read::damaged: {
        const journal::Finding& damage = follower_.damage();
        return fail("the journal is damaged: " + damage.file + ", offset " +
                    std::to_string(damage.offset) + ": " + damage.what);
      }
      case journal::Read::record:
        break;
    }
    if (const Filled taken = take(entry); taken != Filled::more) return taken;
    if (batch_.commands >= settings_.commands_max || batch_.rows() >= settings_.rows_max) break;
    if (read % clock_each == 0 && Clock::now() >= until) break;
  }
  return Filled::more;
}

Bridge::Filled Bridge::take(const journal::Follower::Entry& entry) {
  const Sequence sequence = entry.command.order.sequence;
  if (entry.command.order.kind == CommandKind::epoch_start) {
    const std::uint32_t rules = entry.command.as<EpochStart>().rules_version;
    if (rules != rules_version_now) {
      return fail("the journal has an epoch of rules version " + std::to_string(rules) +
                  ", and this bridge knows " + std::to_string(rules_version_now) + " alone");
    }
  }
  if (sequence <= store_.cursor().sequence) return follow_to_cursor(entry);
  if (sequence != read_to() + 1) {  // I1
    return fail("the journal goes on at " + std::to_string(sequence) + " and the tables end at " +
                std::to_string(read_to()) + ": it is not the one that this database follows");
  }
  derivation_.take(entry, batch_);
  last_command_ = entry.command;
  followed_ = sequence;
  ++since_checkpoint_;
  return Filled::more;
}

// I1
Bridge::Filled Bridge::follow_to_cursor(const journal::Follower::Entry& entry) {
  const Sequence sequence = entry.command.order.sequence;
  const Cursor& cursor = store_.cursor();
  if (sequence > start_.at) derivation_.follow(entry);
  followed_ = sequence;
  if (sequence < cursor.sequence) return Filled::more;
  const bool same = entry.engine == cursor.engine && entry.epoch == cursor.epoch &&
                    fingerprint_of(entry.command, entry.engine, entry.epoch) == cursor.fingerprint;
  if (same) return Filled::more;
  return fail("the journal has another command at the cursor (engine " +
              std::to_string(cursor.engine) + ", epoch " + std::to_string(cursor.epoch) +
              ", sequence " + std::to_string(sequence) +
              ") than this database: it is not the one that it follows, or an older copy of it");
}

bool Bridge::worth_writing(Filled filled) const {
  const bool has_rows = batch_.rows() > 0;
  if (!has_rows) {
    return Clock::now() - written_ >= cursor_interval || batch_.commands >= settings_.commands_max;
  }
  // While there is more to read a batch fills up; what is not full waits for company no longer than
  // batch_time.
  return filled == Filled::end || batch_.commands >= settings_.commands_max ||
         batch_.rows() >= settings_.rows_max || Clock::now() - written_ >= settings_.batch_time;
}

bool Bridge::write(bool last, const Stopping& stopping) {
  batch_.cursor.fingerprint =
      fingerprint_of(last_command_, batch_.cursor.engine, batch_.cursor.epoch);
  const bool due = last || since_checkpoint_ >= settings_.checkpoint_commands;
  const std::vector<std::byte> books = due ? derivation_.books().save() : std::vector<std::byte>{};
  std::optional<Clock::time_point> give_up;
  bool told = false;
  for (auto wait = retry_first;; wait = std::min<std::chrono::milliseconds>(2 * wait, retry_last)) {
    try {
      store_.write(batch_, derivation_.books().reference(), books);
      break;
    } catch (const SqliteError& error) {
      if (!error.passes()) {
        trouble_ = error.what();
        return false;
      }
      if (!told)
        say_(std::string(error.what()) + ": waiting, at " +
             std::to_string(store_.cursor().sequence));
      told = true;
      if (stopping() && !give_up) give_up = Clock::now() + retry_when_stopping;
      if (give_up && Clock::now() >= *give_up) {
        trouble_ = std::string(error.what()) + ": given up at " +
                   std::to_string(store_.cursor().sequence) + "; the next start goes on there";
        return false;
      }
      std::this_thread::sleep_for(wait);
    }
  }
  if (told) say_("the database takes rows again");
  batch_.clear();
  derivation_.batch_is_stored();
  written_ = Clock::now();
  if (due) since_checkpoint_ = 0;
  return true;
}

bool Bridge::is_drained(Filled filled) {
  // Of a running engine: what was durable when we first looked.
  if (marks_.live && !drain_to_ && !marks_.recovering) drain_to_ = marks_.durable;
  if (drain_to_ && read_to() >= *drain_to_) return true;
  return filled == Filled::end && !marks_.live && !follower_.live();
}

void Bridge::look_at_marks() {
  const auto now = Clock::now();
  if (now - looked_ < look_interval) return;
  looked_ = now;
  marks_ = view_.read();
}

void Bridge::tell(Filled filled) {
  const std::string at = std::to_string(store_.cursor().sequence);
  if (live_told_ != marks_.live || (marks_.live && marks_.epoch != epoch_told_)) {
    live_told_ = marks_.live;
    epoch_told_ = marks_.epoch;
    if (!marks_.live) {
      say_("no engine runs: waiting, at " + at);
    } else if (marks_.recovering) {
      say_("the engine is starting: waiting, at " + at);
    } else {
      say_("following engine " + std::to_string(marks_.engine) + ", epoch " +
           std::to_string(marks_.epoch) + ", at " + at);
    }
  }
  const auto now = Clock::now();
  const Sequence durable = std::max(marks_.live ? marks_.durable : 0, read_to());
  const Sequence lag = durable - std::min(followed_, durable);
  const bool nothing_left = filled == Filled::end && batch_.commands == 0 && followed_ > 0;
  if (nothing_left && !caught_up_told_) {
    caught_up_told_ = true;
    say_("caught up at " + at);
    told_ = now;
  } else if (filled != Filled::end && lag >= lag_told_min && now - told_ >= progress_interval) {
    caught_up_told_ = false;
    say_("behind by " + std::to_string(lag) + ", at " + std::to_string(followed_));
    told_ = now;
  } else if (settings_.report > 0s && now - told_ >= settings_.report) {
    say_("at " + at + ", behind by " + std::to_string(lag));
    told_ = now;
  }
}

Bridge::Filled Bridge::fail(std::string trouble) {
  trouble_ = std::move(trouble);
  return Filled::failed;
}

}  // namespace basalt::bridge
