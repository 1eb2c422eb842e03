#include "engine/journal/reader.h"

#include <algorithm>
#include <cstring>

#include "engine/assert.h"

namespace basalt::journal {
namespace {

constexpr std::uint64_t chunk_blocks_max = 64;

Sequence sequence_of(const Slot& slot) noexcept {
  Sequence sequence;
  std::memcpy(&sequence, slot.bytes.data(), sizeof sequence);
  return sequence;
}

}  // namespace

RecordReader::RecordReader(std::filesystem::path data, FileKind kind)
    : data_(std::move(data)), kind_(kind) {}

void RecordReader::allow(std::uint64_t end_block) noexcept {
  if (end_block <= allowed_) return;
  allowed_ = end_block;
  may_have_begun_ = true;
}

// Segments are begun in order of number; a spare, or one that a crash kept from beginning, is
// passed over, and looked at again until a later one has begun. Whatever is allowed was complete
// before, so the folder already shows each segment that it needs.
void RecordReader::look_for_segments() {
  may_have_begun_ = false;
  const std::uint32_t known = segments_.empty() ? 0 : segments_.back()->number();
  for (auto& segment : open_segments(data_, kind_, known + 1)) {
    segments_.push_back(std::move(segment));
  }
  for (std::size_t i = begun_.empty() ? 0 : begun_.back().segment + 1; i < segments_.size(); ++i) {
    note_if_begun(i);
  }
}

void RecordReader::note_if_begun(std::size_t segment) {
  Block block;
  if (!segments_[segment]->read(0, std::as_writable_bytes(std::span(&block, 1)))) return;
  const std::uint64_t number = block.header.number;
  if (number >= allowed_ || (!begun_.empty() && number < begun_.back().first_block)) return;
  if (open_block(block, kind_, number).state != BlockState::valid) return;
  begun_.push_back({segment, number, block.header.first_sequence});
}

const RecordReader::Begun* RecordReader::begun_with(std::uint64_t number) {
  if (may_have_begun_) look_for_segments();
  const auto after =
      std::upper_bound(begun_.begin(), begun_.end(), number,
                       [](std::uint64_t wanted, const Begun& b) { return wanted < b.first_block; });
  return after == begun_.begin() ? nullptr : &*std::prev(after);
}

Read RecordReader::load(std::uint64_t number) {
  BASALT_ASSERT(number < allowed_);
  const Begun* begun = begun_with(number);
  if (begun == nullptr) {
    return fail(
        journal_directory(data_).string(), 0,
        "no segment of " + std::string(name_of(kind_)) + " holds block " + std::to_string(number));
  }
  const SegmentBytes& segment = *segments_[begun->segment];
  const std::uint64_t offset = (number - begun->first_block) * block_bytes;
  if (number < chunk_first_ || number >= chunk_first_ + chunk_count_) {
    std::uint64_t end = allowed_;
    if (begun != &begun_.back()) end = std::min(end, (begun + 1)->first_block);
    chunk_first_ = number;
    chunk_count_ = std::min(chunk_blocks_max, end - number);
    chunk_.resize(chunk_count_);
    if (!segment.read(offset, std::as_writable_bytes(std::span(chunk_)))) {
      return fail(segment.name(), offset, "cannot be read");
    }
  }
  block_ = chunk_[number - chunk_first_];
  block_file_ = segment.name();
  block_offset_ = offset;
  const Judgement judgement = open_block(block_, kind_, number);
  if (judgement.state == BlockState::valid) return Read::record;
  return fail(segment.name(), offset + judgement.offset, judgement.why);
}

Read RecordReader::seek(Sequence sequence) {
  BASALT_ASSERT(last_epoch_ == 0);
  wanted_ = sequence;
  if (may_have_begun_) look_for_segments();
  // Where an epoch resumed below the end of the one before, the later segment counts.
  const auto begun = std::find_if(begun_.rbegin(), begun_.rend(), [&](const Begun& candidate) {
    return candidate.first_sequence < sequence;
  });
  if (begun == begun_.rend()) return Read::record;
  // The last block whose first record is earlier than the wanted one: `first` always is.
  std::uint64_t first = begun->first_block;
  std::uint64_t end = begun == begun_.rbegin() ? allowed_ : std::prev(begun)->first_block;
  while (end - first > 1) {
    const std::uint64_t middle = first + (end - first) / 2;
    if (load(middle) != Read::record) return Read::damaged;
    (block_.header.first_sequence < sequence ? first : end) = middle;
  }
  number_ = first;
  slot_ = 0;
  block_.header.slots_used = 0;
  return Read::record;
}

Read RecordReader::next(Record& record) {
  if (!damage_.what.empty()) return Read::damaged;
  while (true) {
    while (slot_ >= block_.header.slots_used) {
      if (number_ >= allowed_) return Read::end;
      if (load(number_) != Read::record) return Read::damaged;
      ++number_;
      slot_ = 0;
    }
    const Slot* first = &block_.slots[slot_];
    const std::uint32_t slots = record_slots(*first);
    const BlockHeader& header = block_.header;
    record = {
        {first, slots}, sequence_of(*first), header.engine, header.epoch, header.resumes_after};
    const Read order = check_order(record);
    if (order != Read::record) return order;
    slot_ += slots;
    last_sequence_ = record.sequence;
    last_epoch_ = record.epoch;
    if (record.sequence >= wanted_) return Read::record;
  }
}

Read RecordReader::check_order(const Record& record) {
  if (last_epoch_ == 0) return Read::record;
  const bool new_epoch = record.epoch > last_epoch_;
  bool follows = record.epoch >= last_epoch_;
  if (kind_ == FileKind::commands) {
    follows = follows && record.sequence == last_sequence_ + 1;
  } else {
    follows = follows && (new_epoch ? record.sequence > record.resumes_after
                                    : record.sequence >= last_sequence_);
  }
  if (follows) return Read::record;
  return fail(block_file_, block_offset_, "the sequence does not follow from the block before");
}

FileReport RecordReader::scan_from_here() {
  may_have_begun_ = true;
  allowed_ = std::max(allowed_, number_);
  // From the segment of the last block that was read: what is before is known.
  const Begun* begun = number_ == 0 ? nullptr : begun_with(number_ - 1);
  if (begun == nullptr) return scan(open_segments(data_, kind_), kind_);
  const Segments rest = open_segments(data_, kind_, segments_[begun->segment]->number());
  return scan(rest, kind_, {.first_block = begun->first_block});
}

Read RecordReader::fail(std::string file, std::uint64_t offset, std::string what) {
  damage_ = {std::move(file), offset, std::move(what)};
  return Read::damaged;
}

}  // namespace basalt::journal
