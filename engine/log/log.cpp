#include "engine/log/log.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/assert.h"
#include "engine/limits.h"

namespace basalt::log {

Log::Log(std::string_view name, SlotBroadcast::Reader& commands, std::vector<EventRing*> shards,
         std::vector<std::uint32_t> shard_of_instrument, SlotBroadcast& log, LogCore& core)
    : name_(name),
      commands_(commands),
      shards_(std::move(shards)),
      shard_of_instrument_(std::move(shard_of_instrument)),
      log_(log),
      core_(core),
      head_(shards_.size(), nullptr),
      told_all_(shards_.size(), false) {}

std::uint32_t Log::poll() noexcept {
  std::uint32_t handled = 0;
  for (bool moved = true; moved && handled < limits::batch_max; handled += moved) {
    switch (doing_) {
      case Doing::command:
        moved = take_command();
        break;
      case Doing::slots:
        moved = forward_slot();
        break;
      case Doing::events_of_one:
        moved = forward_event();
        break;
      case Doing::events_of_all:
        moved = merge_event();
        break;
    }
  }
  if (handled > 0) {
    log_.publish();
    // Pairs with the acquire in told(): what is told has been published.
    told_.store(finished_, std::memory_order_release);
    commands_.consume();
    give_back();
  }
  return handled;
}

bool Log::take_command() noexcept {
  const Slot* slot = commands_.peek();
  if (slot == nullptr) return false;
  if (assembler_.take(*slot)) {
    doing_ = Doing::slots;
    slot_ = 0;
    core_.begin();
  }
  return true;
}

bool Log::forward_slot() noexcept {
  Slot* out = log_.claim();
  if (out == nullptr) return false;
  const Order& order = assembler_.command().order;
  *out = assembler_.command().slot(slot_++);
  if (slot_ < order.slots) return true;
  if (!goes_to_matching(order)) {
    finish_command();
  } else {
    doing_ = goes_to_every_shard(order) ? Doing::events_of_all : Doing::events_of_one;
  }
  return true;
}

const Event* Log::head(std::uint32_t shard) noexcept {
  if (head_[shard] == nullptr) head_[shard] = shards_[shard]->peek();
  return head_[shard];
}

void Log::take_head(std::uint32_t shard) noexcept {
  told_all_[shard] = head_[shard]->last != 0;
  head_[shard] = nullptr;
}

// Frees the shards' slots once a batch. A shard whose head is still looked at waits for the next:
// that head never depends on the shard's own progress, so nothing waits in a circle.
void Log::give_back() noexcept {
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    if (head_[shard] == nullptr) shards_[shard]->consume();
  }
}

bool Log::put(const Event& event) noexcept {
  Slot* out = log_.claim();
  if (out == nullptr) return false;
  Event numbered = event;
  core_.number(numbered);
  *out = std::bit_cast<Slot>(numbered);
  return true;
}

bool Log::forward_event() noexcept {
  const Order& order = assembler_.command().order;
  const std::uint32_t shard = shard_of_instrument_[index_of(order.instrument)];
  const Event* event = head(shard);
  if (event == nullptr) return false;
  BASALT_ASSERT(event->sequence == order.sequence);
  const bool last = event->last != 0;
  if (!put(*event)) return false;
  take_head(shard);
  if (last) finish_command();
  return true;
}

// The events of a command that all shards answer, by instrument.
bool Log::merge_event() noexcept {
  const auto count = static_cast<std::uint32_t>(shards_.size());
  std::uint32_t least = count;
  for (std::uint32_t shard = 0; shard < count; ++shard) {
    if (told_all_[shard]) continue;
    const Event* event = head(shard);
    if (event == nullptr) return false;  // It may still tell something that comes first.
    BASALT_ASSERT(event->sequence == assembler_.command().order.sequence);
    if (least == count || event->instrument < head_[least]->instrument) least = shard;
  }
  if (least < count) {
    if (head_[least]->kind != EventKind::nothing) {
      if (holds_ && !put(held_)) return false;
      held_ = *head_[least];
      held_.last = 0;
      holds_ = true;
    }
    take_head(least);
    return true;
  }
  // All have told: the last effect, or the one Nothing, closes the command.
  if (!holds_) {
    held_ = Event{};
    held_.sequence = assembler_.command().order.sequence;
    held_.kind = EventKind::nothing;
    held_.instrument = no_instrument;
  }
  held_.last = 1;
  if (!put(held_)) return false;
  finish_command();
  return true;
}

void Log::finish_command() noexcept {
  finished_ = assembler_.command().order.sequence;
  holds_ = false;
  std::fill(told_all_.begin(), told_all_.end(), false);
  doing_ = Doing::command;
}

}  // namespace basalt::log
