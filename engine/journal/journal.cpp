#include "engine/journal/journal.h"

#include <cstring>
#include <thread>

#include "engine/assert.h"
#include "engine/limits.h"

namespace basalt::journal {
namespace {

Sequence sequence_of(const Slot& slot) noexcept {
  Sequence sequence;
  std::memcpy(&sequence, slot.bytes.data(), sizeof sequence);
  return sequence;
}

}  // namespace

Journal::Journal(Reader& commands, Reader& log, Disk& disk, const Start& start,
                 const BlockWriter::Limits& limits, Arena& arena)
    : commands_in_(commands),
      log_in_(log),
      disk_(disk),
      commands_({FileKind::commands, start.engine, start.epoch, start.commands}, limits, disk,
                arena),
      events_({FileKind::events, start.engine, start.epoch, start.events}, limits, disk, arena),
      command_sequence_(start.commands.sequence),
      event_sequence_(start.events.sequence),
      events_present_(start.events.sequence) {
  BASALT_ASSERT(start.epoch >= 1);
  BASALT_ASSERT(start.events.sequence <= start.commands.sequence);
  publish_marks();
}

std::uint32_t Journal::poll() noexcept {
  if (error() != 0) return 0;
  // Commands first, and handed over at once: answers wait for them, and for nothing else here.
  std::uint32_t handled = take_commands();
  if (commands_.submit() > 0) disk_.kick();
  handled += reap();
  publish_marks();
  handled += take_log();
  if (events_.submit() > 0) disk_.kick();
  return handled;
}

std::uint32_t Journal::take_commands() noexcept {
  std::uint32_t taken = 0;
  bool peeked = false;
  while (taken < limits::batch_max) {
    while (command_.need == 0 || command_.have < command_.need) {
      const Slot* slot = commands_in_.peek();
      if (slot == nullptr) break;
      peeked = true;
      if (command_.need == 0) {
        BASALT_ASSERT(!is_event(slot->kind()));
        command_.need = record_slots(*slot);
        BASALT_ASSERT(command_.need >= 1);
        BASALT_ASSERT(command_.need <= limits::command_slots_max);
        BASALT_ASSERT(sequence_of(*slot) == command_sequence_ + 1);  // I2
      }
      command_.slots[command_.have++] = *slot;
    }
    if (command_.need == 0 || command_.have < command_.need) break;
    const Sequence sequence = sequence_of(command_.slots[0]);
    if (!commands_.append({command_.slots.data(), command_.need}, sequence)) break;
    command_sequence_ = sequence;
    command_.have = 0;
    command_.need = 0;
    ++taken;
  }
  if (peeked) commands_in_.consume();
  return taken;
}

std::uint32_t Journal::take_log() noexcept {
  const Sequence durable = commands_.durable_sequence();
  std::uint32_t taken = 0;
  bool peeked = false;
  while (taken < limits::batch_max) {
    if (event_held_) {
      const Sequence sequence = sequence_of(event_);
      if (sequence > durable || !events_.append({&event_, 1}, sequence)) break;
      event_held_ = false;
      ++taken;
    }
    const Slot* slot = log_in_.peek();
    if (slot == nullptr) break;
    peeked = true;
    if (log_skip_ > 0) {
      --log_skip_;
    } else if (!is_event(slot->kind())) {
      log_skip_ = record_slots(*slot) - 1;
      ++taken;
    } else {
      const Sequence sequence = sequence_of(*slot);
      BASALT_ASSERT(sequence >= event_sequence_ || sequence <= events_present_);  // I2
      if (sequence > events_present_) {
        event_sequence_ = sequence;
        event_ = *slot;
        event_held_ = true;
      } else {
        ++taken;
      }
    }
  }
  if (peeked) log_in_.consume();
  return taken;
}

std::uint32_t Journal::reap() noexcept {
  std::uint32_t reaped = 0;
  Disk::Completion completion;
  while (reaped < 2 * writes_in_flight_max && disk_.reap(completion)) {
    (completion.kind == FileKind::commands ? commands_ : events_).completed(completion);
    ++reaped;
  }
  return reaped;
}

void Journal::publish_marks() noexcept {
  const std::int32_t error = commands_.error() != 0 ? commands_.error() : events_.error();
  if (error != 0) {
    marks_.error.store(error, std::memory_order_release);  // Pairs with error().
    return;                                                // I3
  }
  // Relaxed loads: only this thread stores. Each store pairs with the readers' acquire.
  const auto raise = [](auto& mark, auto value) {
    if (mark.load(std::memory_order_relaxed) != value) mark.store(value, std::memory_order_release);
  };
  raise(marks_.command_blocks, commands_.durable_blocks());
  raise(marks_.durable, commands_.durable_sequence());
  raise(marks_.event_blocks, events_.durable_blocks());
  raise(marks_.events, events_.durable_sequence());
}

bool Journal::idle() const noexcept {
  return commands_.idle() && events_.idle() && command_.need == 0 && !event_held_;
}

bool Journal::append_event(const Event& event) noexcept {
  BASALT_ASSERT(event.sequence > events_present_);
  BASALT_ASSERT(event.sequence >= event_sequence_);
  BASALT_ASSERT(event.sequence <= commands_.durable_sequence());
  Slot slot;
  std::memcpy(slot.bytes.data(), &event, sizeof event);
  if (!events_.append({&slot, 1}, event.sequence)) return false;
  event_sequence_ = event.sequence;
  return true;
}

bool Journal::drain_until(std::chrono::steady_clock::time_point deadline) {
  while (poll() > 0 || !idle()) {
    if (error() != 0 || std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  }
  return true;
}

bool Journal::finish(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  if (!drain_until(deadline)) return false;
  commands_.append_closing_block();
  events_.append_closing_block();
  return drain_until(deadline);
}

}  // namespace basalt::journal
