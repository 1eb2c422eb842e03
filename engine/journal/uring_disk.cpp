#include "engine/journal/uring_disk.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <ctime>

#include "engine/assert.h"

namespace basalt::journal {
namespace {

std::uint64_t now_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

Segment UringDisk::next_segment(FileKind kind) noexcept {
  return maker_.take(kind);
}

void UringDisk::retire(FileKind kind, const Segment& segment) noexcept {
  maker_.retire(kind, segment);
}

bool UringDisk::write(const Write& write) noexcept {
  BASALT_ASSERT(write.tag < writes_in_flight_max);
  io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
  if (entry == nullptr) return false;
  const auto size = static_cast<unsigned>(write.bytes.size());
  const std::size_t kind = index(write.kind);
  if (pinned_[kind]) {
    ::io_uring_prep_write_fixed(entry, write.file, write.bytes.data(), size, write.offset,
                                static_cast<int>(kind));
  } else {
    ::io_uring_prep_write(entry, write.file, write.bytes.data(), size, write.offset);
  }
  entry->user_data = kind * writes_in_flight_max + write.tag;
  started_ns_[kind][write.tag] = now_ns();
  ++queued_;
  return true;
}

void UringDisk::kick() noexcept {
  if (queued_ == 0 || broken_ != 0) return;
  const int submitted = ::io_uring_submit(&ring_);
  if (submitted >= 0) {
    queued_ -= static_cast<std::uint32_t>(submitted);
  } else if (submitted != -EAGAIN && submitted != -EBUSY && submitted != -EINTR) {
    // The kernel took none of them; the next reap() tells the writer. The three that are let pass
    // mean "not now": what is queued stays queued for the next kick.
    broken_ = -submitted;
  }
}

bool UringDisk::reap(Completion& completion) noexcept {
  if (broken_ != 0) {
    completion = {FileKind::commands, 0, -broken_};
    return true;
  }
  if (queued_ > 0) kick();
  io_uring_cqe* entry = nullptr;
  unsigned head = 0;
  unsigned ready = 0;
  io_uring_for_each_cqe(&ring_, head, entry) {
    ++ready;
    break;
  }
  if (ready == 0) {
    // Completed, but waiting for this thread to enter the kernel once. The kernel sets the flag
    // before it would have interrupted us; the kernel's own barriers order it.
    if ((IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) == 0) {
      return false;
    }
    ::io_uring_get_events(&ring_);
    if (::io_uring_peek_cqe(&ring_, &entry) != 0 || entry == nullptr) return false;
  }
  const std::uint64_t kind = entry->user_data / writes_in_flight_max;
  const std::uint64_t tag = entry->user_data % writes_in_flight_max;
  completion = {kind == 0 ? FileKind::commands : FileKind::events, static_cast<std::uint8_t>(tag),
                entry->res};
  ::io_uring_cqe_seen(&ring_, entry);
  const std::uint64_t took_ns = std::max<std::uint64_t>(1, now_ns() - started_ns_[kind][tag]);
  const auto bucket = std::min<std::size_t>(std::bit_width(took_ns) - 1, latency_[kind].size() - 1);
  ++latency_[kind][bucket];
  return true;
}

}  // namespace basalt::journal
