#include "net/uring/ring.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "engine/assert.h"

namespace basalt::net {
namespace {

constexpr std::uint32_t buffers_max = 32'768;

std::string cause_of(int error) {
  switch (error) {
    case EPERM:
      return "it is switched off here: see /proc/sys/kernel/io_uring_disabled, or the container's "
             "seccomp profile";
    case ENOSYS:
      return "this kernel has none: Linux 6.1 or newer is needed";
    case EINVAL:
      return "this kernel's is too old: Linux 6.1 or newer is needed";
    case ENOMEM:
      return "the memory that may be locked is used up: raise `ulimit -l`";
    case EMFILE:
      return "too many open files: raise `ulimit -n`";
    default:
      return std::strerror(error);
  }
}

}  // namespace

UringRing::UringRing(std::uint32_t submissions, std::uint32_t completions) {
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_R_DISABLED;  // So that the polling thread, not this one, owns it.
  params.cq_entries = completions;
  const int status = io_uring_queue_init_params(submissions, &ring_, &params);
  if (status < 0) throw std::runtime_error("io_uring is not available: " + cause_of(-status));
}

UringRing::~UringRing() {
  io_uring_queue_exit(&ring_);
}

void UringRing::adopt_now() noexcept {
  // By hand: liburing 2.3 declares io_uring_enable_rings() and does not export it.
  const long status =
      ::syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  BASALT_ASSERT(status == 0);
  adopted_ = true;
}

io_uring_sqe* UringRing::entry() noexcept {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe == nullptr) [[unlikely]] {
    submit();
    sqe = io_uring_get_sqe(&ring_);
    BASALT_ASSERT(sqe != nullptr);
  }
  return sqe;
}

void UringRing::submit() noexcept {
  // The kernel takes fewer than all when it is out of memory, or wants completions read first; the
  // rest stays queued and goes with the next call.
  io_uring_submit(&ring_);
}

std::uint32_t UringRing::ready() noexcept {
  const std::uint32_t waiting = io_uring_cq_ready(&ring_);
  if (waiting > 0) return waiting;
  // Relaxed: only a hint that the kernel has work; io_uring_enter orders what it then shows.
  const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
  if ((flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) == 0) return 0;
  io_uring_get_events(&ring_);
  return io_uring_cq_ready(&ring_);
}

const io_uring_cqe& UringRing::completion(std::uint32_t index) const noexcept {
  return ring_.cq.cqes[(*ring_.cq.khead + index) & ring_.cq.ring_mask];
}

std::size_t UringBuffers::mapped_bytes() const noexcept {
  return count_ * (sizeof(io_uring_buf) + std::size_t{bytes_each_});
}

UringBuffers::UringBuffers(std::uint32_t count, std::uint32_t bytes_each)
    : count_(count), bytes_each_(bytes_each) {
  if (!std::has_single_bit(count) || count > buffers_max) {
    throw std::invalid_argument("receive buffers: a power of two up to " +
                                std::to_string(buffers_max) + ", not " + std::to_string(count));
  }
  void* mapped = ::mmap(nullptr, mapped_bytes(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (mapped == MAP_FAILED) {
    throw std::runtime_error("no memory for " + std::to_string(mapped_bytes()) +
                             " bytes of receive buffers");
  }
  ring_ = static_cast<io_uring_buf_ring*>(mapped);
  memory_ = static_cast<std::byte*>(mapped) + count * sizeof(io_uring_buf);
  io_uring_buf_ring_init(ring_);
}

UringBuffers::~UringBuffers() {
  ::munmap(ring_, mapped_bytes());
}

void UringBuffers::lend_to(UringRing& ring) {
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(ring_);
  registration.ring_entries = count_;
  registration.bgid = group;
  const int status = io_uring_register_buf_ring(ring.raw(), &registration, 0);
  if (status < 0) {
    throw std::runtime_error("io_uring takes no receive buffers: " + cause_of(-status));
  }
  for (std::uint32_t i = 0; i < count_; ++i) give_back(static_cast<std::uint16_t>(i));
  publish();
}

void UringBuffers::give_back(std::uint16_t buffer) noexcept {
  io_uring_buf_ring_add(ring_, at(buffer), bytes_each_, buffer, io_uring_buf_ring_mask(count_),
                        pending_++);
}

void UringBuffers::publish() noexcept {
  if (pending_ > 0) io_uring_buf_ring_advance(ring_, pending_);
  pending_ = 0;
}

}  // namespace basalt::net
