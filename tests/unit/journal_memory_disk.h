// A Disk in memory for tests: completes when told, in the order told, with the result told, and
// keeps every byte. Checks what a Disk may rely on: nothing is written twice, nothing outside its
// segment, and no buffer changes under way.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "engine/assert.h"
#include "engine/event.h"
#include "engine/journal/disk.h"
#include "engine/journal/scan.h"
#include "engine/journal/segment_maker.h"

namespace basalt::journal::test {

class MemoryDisk final : public Disk {
 public:
  struct File {
    FileKind kind{};
    std::uint32_t number = 0;
    std::vector<std::byte> bytes;
    std::vector<bool> written;  // By block.
    bool retired = false;
  };
  struct Pending {
    Write write;
    std::vector<std::byte> bytes;
    bool kicked = false;
  };

  std::uint32_t segment_blocks = 64;
  std::uint32_t segments_left = 1000;  // Of both kinds.
  bool automatic = false;              // Whatever was kicked completes at the next reap.
  std::array<std::uint32_t, 2> next_number{first_segment, first_segment};
  std::vector<File> files;
  std::vector<Pending> pending;

  void lend(FileKind, std::span<std::byte> buffers) override {
    BASALT_ASSERT(reinterpret_cast<std::uintptr_t>(buffers.data()) % block_bytes == 0);
  }

  [[nodiscard]] Segment next_segment(FileKind kind) noexcept override {
    if (segments_left == 0) return {};
    --segments_left;
    File file;
    file.kind = kind;
    file.number = next_number[kind == FileKind::commands ? 0 : 1]++;
    file.bytes.resize(segment_blocks * block_bytes);
    file.written.resize(segment_blocks);
    files.push_back(std::move(file));
    return {files.back().number, static_cast<std::int32_t>(files.size() - 1), segment_blocks};
  }
  void retire(FileKind kind, const Segment& segment) noexcept override {
    File& file = files.at(static_cast<std::size_t>(segment.file));
    BASALT_ASSERT(file.kind == kind && !file.retired);
    file.retired = true;
  }

  [[nodiscard]] bool write(const Write& write) noexcept override {
    File& file = files.at(static_cast<std::size_t>(write.file));
    BASALT_ASSERT(file.kind == write.kind && !file.retired);
    BASALT_ASSERT(write.offset % block_bytes == 0 && write.bytes.size() % block_bytes == 0);
    BASALT_ASSERT(!write.bytes.empty());
    BASALT_ASSERT(write.offset + write.bytes.size() <= file.bytes.size());
    for (std::size_t at = 0; at < write.bytes.size(); at += block_bytes) {
      const std::size_t block = (write.offset + at) / block_bytes;
      BASALT_ASSERT(!file.written[block]);  // A block is never written twice.
      file.written[block] = true;
    }
    pending.push_back({write, {write.bytes.begin(), write.bytes.end()}, false});
    return true;
  }
  void kick() noexcept override {
    for (Pending& each : pending) each.kicked = true;
  }
  [[nodiscard]] bool reap(Completion& completion) noexcept override {
    if (completions_.empty() && automatic && !pending.empty()) complete(0);
    if (completions_.empty()) return false;
    completion = completions_.front();
    completions_.erase(completions_.begin());
    return true;
  }

  // The write at this place of `pending` arrives.
  void complete(std::size_t place) {
    const Pending done = take(place);
    store(done, 0, done.bytes.size());
    completions_.push_back(
        {done.write.kind, done.write.tag, static_cast<std::int32_t>(done.bytes.size())});
  }
  // It ends with `result`; only `arrived` bytes of it are on the disk.
  void end(std::size_t place, std::int32_t result, std::size_t arrived) {
    const Pending done = take(place);
    store(done, 0, arrived);
    completions_.push_back({done.write.kind, done.write.tag, result});
  }
  void complete_all() {
    while (!pending.empty()) complete(0);
  }
  // What the power cut leaves of a write that was under way: some of its sectors.
  void lose(std::size_t place, const std::vector<bool>& sectors_arrived) {
    const Pending done = take(place);
    for (std::size_t sector = 0; sector < sectors_arrived.size(); ++sector) {
      if (sectors_arrived[sector]) store(done, sector * sector_bytes, sector_bytes);
    }
  }

 private:
  Pending take(std::size_t place) {
    Pending done = std::move(pending.at(place));
    BASALT_ASSERT(done.kicked);
    BASALT_ASSERT(std::equal(done.bytes.begin(), done.bytes.end(), done.write.bytes.begin()));
    pending.erase(pending.begin() + static_cast<std::ptrdiff_t>(place));
    return done;
  }
  void store(const Pending& done, std::size_t from, std::size_t size) {
    if (size == 0) return;
    File& file = files.at(static_cast<std::size_t>(done.write.file));
    std::memcpy(file.bytes.data() + done.write.offset + from, done.bytes.data() + from, size);
  }

  std::vector<Completion> completions_;
};

// A segment's bytes in memory, as a scan sees them.
class MemoryBytes final : public SegmentBytes {
 public:
  MemoryBytes(FileKind kind, std::uint32_t number, std::span<const std::byte> bytes)
      : kind_(kind), number_(number), bytes_(bytes) {}

  [[nodiscard]] std::string name() const override { return segment_name(kind_, number_); }
  [[nodiscard]] std::uint32_t number() const override { return number_; }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> into) const override {
    const std::size_t there = offset < bytes_.size() ? bytes_.size() - offset : 0;
    const std::size_t size = std::min(there, into.size());
    if (size > 0) std::memcpy(into.data(), bytes_.data() + offset, size);
    if (size < into.size()) std::memset(into.data() + size, 0, into.size() - size);
    return true;
  }

 private:
  FileKind kind_;
  std::uint32_t number_;
  std::span<const std::byte> bytes_;
};

// The segments of one kind as the disk has them now.
inline Segments segments_of(const MemoryDisk& disk, FileKind kind) {
  Segments segments;
  for (const auto& file : disk.files) {
    if (file.kind == kind) {
      segments.push_back(std::make_unique<MemoryBytes>(kind, file.number, file.bytes));
    }
  }
  return segments;
}

// Records whose every byte depends on their sequence, so that no two are alike.
inline Command command_with(Sequence sequence, std::uint8_t slots) {
  Command command;
  auto* bytes = reinterpret_cast<std::uint8_t*>(&command);
  std::uint64_t state = sequence * 0x9E37'79B9'7F4A'7C15 + 1;
  for (std::size_t i = 0; i < slots * sizeof(Slot); ++i) {
    state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
    bytes[i] = static_cast<std::uint8_t>(state >> 56);
  }
  command.order.sequence = sequence;
  command.order.kind = slots == 1 ? CommandKind::tick : CommandKind::new_order;
  command.order.slots = slots;
  command.order.verdict = Reject::none;
  return command;
}

inline std::vector<Slot> slots_of(const Command& command) {
  std::vector<Slot> slots;
  for (std::uint32_t i = 0; i < command.order.slots; ++i) slots.push_back(command.slot(i));
  return slots;
}

inline Event event_with(Sequence sequence, std::uint32_t index, bool last) {
  Event event;
  event.sequence = sequence;
  event.kind = EventKind::rested;
  event.index = index;
  event.last = last ? 1 : 0;
  event.price = Price{static_cast<std::int64_t>(sequence * 7 + index)};
  event.match_number = sequence * 1000 + index;
  return event;
}

}  // namespace basalt::journal::test
