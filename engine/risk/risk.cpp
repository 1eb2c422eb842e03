#include "engine/risk/risk.h"

#include <algorithm>
#include <utility>

#include "engine/assert.h"

namespace basalt::risk {
namespace {

// Cancels that one turn makes for sessions that went down, and again for mass cancels,
constexpr std::uint32_t purge_batch = 16;
// which look at no more orders than this to find them.
constexpr std::uint32_t mass_cancel_looks = 64;
// A turn that reads feedback reads at most this much: several batches, since the log carries a
// command and its events for each slot that we take in.
constexpr std::uint32_t feedback_batch = 8 * limits::batch_max;

}  // namespace

Risk::Risk(std::string_view name, Wiring wiring, const Settings& settings, RiskCore& core,
           pipeline::Clock& clock, Arena& arena)
    : name_(name),
      wiring_(std::move(wiring)),
      settings_(settings),
      core_(core),
      clock_(clock),
      commands_(wiring_.commands, limits::decided_slots_max, arena),
      sequence_(settings.first_sequence - 1),
      now_(settings.not_before),
      clock_read_(clock.now()),
      last_sequence_(settings.first_sequence - 1) {
  shards_.reserve(wiring_.shards.size());
  for (SlotRing* ring : wiring_.shards)
    shards_.emplace_back(*ring, limits::decided_slots_max, arena);
  for (SlotRing* ring : wiring_.inputs) inputs_.push_back({ring, {}});
  purges_.resize(core.reference().limits().sessions_max);
}

std::uint32_t Risk::poll() noexcept {
  read_clock();
  std::uint32_t handled = drain_feedback();
  if (!flush()) return handled;
  // Relaxed: a flag that carries no data.
  if (closed_.load(std::memory_order_relaxed) || overloaded()) return handled;
  if (tick_if_due()) ++handled;
  handled += purge();
  handled += work_off_mass_cancels();
  handled += take_inputs();
  [[maybe_unused]] const bool flushed = flush();
  return handled;
}

std::uint32_t Risk::drain_feedback() noexcept {
  std::uint32_t handled = 0;
  while (handled < feedback_batch) {
    const Slot* slot = wiring_.log.peek();
    if (slot == nullptr) break;
    pipeline::feed(*slot, feedback_, core_);
    ++handled;
  }
  if (handled > 0) wiring_.log.consume();
  return handled;
}

bool Risk::flush() noexcept {
  bool clear = commands_.flush();
  for (ShardOutlet& shard : shards_) clear = shard.flush() && clear;
  return clear;
}

bool Risk::clear() const noexcept {
  return commands_.clear() && std::all_of(shards_.begin(), shards_.end(),
                                          [](const auto& shard) { return shard.clear(); });
}

// May decisions not run further ahead of the disk?
bool Risk::overloaded() noexcept {
  // Pairs with the journal's release: what it says is durable is.
  const Sequence durable = wiring_.durable_mark.load(std::memory_order_acquire);
  if (durable >= sequence_) {
    undurable_ = false;
    return false;
  }
  if (!undurable_ || durable != undurable_from_) {
    undurable_ = true;
    undurable_from_ = durable;
    undurable_since_ = now_;
  }
  const bool too_far = sequence_ - durable >= settings_.undurable_max;
  const bool too_long = now_ - undurable_since_ > limits::undurable_age_max;
  if (!too_far && !too_long) return false;
  overloaded_turns_.fetch_add(1, std::memory_order_relaxed);  // A counter: carries no data.
  return true;
}

// Time never goes back, over a restart either, where the clock may: while the clock is behind, time
// goes at half its pace, so that what waits for a time is not held up.
void Risk::read_clock() noexcept {
  const Nanos clock = clock_.now();
  const Nanos elapsed = std::max(clock - clock_read_, Nanos{0});
  clock_read_ = clock;
  now_ = std::max(clock, now_ + Nanos{elapsed.value / 2});
}

bool Risk::tick_if_due() noexcept {
  // The first command of an epoch says which one it is: what a Tick causes belongs to it already.
  if (sequence_ < settings_.first_sequence) return false;
  const Nanos interval = core_.orders_live() > 0 ? settings_.tick : settings_.idle_tick;
  if (now_ < last_tick_ + interval) return false;
  last_tick_ = now_;
  Command tick;
  tick.order.kind = CommandKind::tick;
  tick.order.slots = 1;
  tick.order.instrument = no_instrument;
  tick.order.account = no_account;
  sequence(tick);
  return true;
}

std::uint32_t Risk::purge() noexcept {
  std::uint32_t made = 0;
  while (made < purge_batch && purges_pending_ > 0 && clear()) {
    const Purge& latest = purges_[purges_pending_ - 1];
    const OrderId order = core_.take_oldest_order(latest.session, latest.until);
    if (order == no_order) {
      --purges_pending_;
      continue;
    }
    Command cancel = core_.cancel_of(order);
    sequence(cancel);
    ++made;
  }
  return made;
}

std::uint32_t Risk::work_off_mass_cancels() noexcept {
  if (!core_.has_mass_cancels()) return 0;
  // Those that a recovery found wait for the epoch's first command, as Ticks do.
  if (sequence_ < settings_.first_sequence) return 0;
  std::uint32_t made = 0;
  std::uint32_t looks = mass_cancel_looks;
  Command command;
  while (made < purge_batch && clear() && core_.work_off_mass_cancels(looks, command)) {
    sequence(command);
    ++made;
  }
  return made == 0 && looks < mass_cancel_looks ? 1 : made;  // A turn that only looked was busy.
}

// Round robin, one command an input and round, so that a busy session cannot crowd out another.
std::uint32_t Risk::take_inputs() noexcept {
  std::uint32_t handled = 0;
  std::uint32_t idle_in_a_row = 0;
  const auto count = static_cast<std::uint32_t>(inputs_.size());
  while (handled < limits::batch_max && idle_in_a_row < count && clear()) {
    Input& input = inputs_[next_input_];
    next_input_ = (next_input_ + 1) % count;
    const Slot* slot = input.ring->peek();
    if (slot == nullptr) {
      ++idle_in_a_row;
      continue;
    }
    idle_in_a_row = 0;
    bool complete = input.assembler.take(*slot);
    while (!complete && (slot = input.ring->peek()) != nullptr) {
      complete = input.assembler.take(*slot);
    }
    input.ring->consume();
    if (!complete) continue;
    Command& command = input.assembler.command();
    command.order.time = now_;
    core_.take(command, [this](Command& decided) { sequence(decided); });
    ++handled;
  }
  return handled;
}

void Risk::sequence(Command& command) noexcept {
  command.order.sequence = ++sequence_;
  command.order.time = now_;
  core_.apply(command);
  note(command);
  emit(command);
}

// What the stage itself does about a command.
void Risk::note(const Command& command) noexcept {
  if (command.order.kind != CommandKind::session_down) return;
  const SessionId session = command.origin.session;
  if (!core_.reference().session(session).cancel_on_disconnect) return;
  const auto same = [&](const Purge& purge) { return purge.session == session; };
  const auto first = purges_.begin();
  const auto kept = std::remove_if(first, first + purges_pending_, same);
  purges_pending_ = static_cast<std::uint32_t>(kept - first);
  BASALT_ASSERT(purges_pending_ < purges_.size());
  purges_[purges_pending_++] = {session, command.order.sequence};
}

void Risk::emit(const Command& command) noexcept {
  pipeline::write_command(command, commands_);
  // Relaxed would do for a counter; release lets a stopping thread see what led to it.
  last_sequence_.store(command.order.sequence, std::memory_order_release);
  if (!goes_to_matching(command.order)) return;
  if (goes_to_every_shard(command.order)) {
    for (ShardOutlet& shard : shards_) write_to(shard, command);
    return;
  }
  write_to(shards_[wiring_.shard_of_instrument[index_of(command.order.instrument)]], command);
}

void Risk::write_to(ShardOutlet& shard, const Command& command) noexcept {
  if (goes_whole_to_matching(command.order)) {
    pipeline::write_command(command, shard);
  } else {
    *shard.claim() = command.slot(0);
  }
}

}  // namespace basalt::risk
