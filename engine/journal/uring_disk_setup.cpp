#include <cerrno>
#include <string>
#include <system_error>

#include "engine/journal/uring_disk.h"

namespace basalt::journal {
namespace {

std::string cause_of(int error) {
  switch (error) {
    case ENOSYS:
      return "this kernel has no io_uring";
    case EPERM:
    case EACCES:
      return "io_uring is forbidden here (kernel.io_uring_disabled, or a container's seccomp "
             "profile)";
    case ENOMEM:
      return "io_uring may not lock enough memory (ulimit -l)";
    default:
      return "io_uring cannot be set up";
  }
}

}  // namespace

UringDisk::UringDisk(SegmentMaker& maker) : maker_(maker) {
  // With cooperative task work a completion does not interrupt the polling core; reap() enters the
  // kernel when the flag says that one waits. Older kernels do without.
  int result = ::io_uring_queue_init(queue_entries, &ring_,
                                     IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG);
  if (result == -EINVAL) result = ::io_uring_queue_init(queue_entries, &ring_, 0);
  if (result < 0) {
    throw std::system_error(-result, std::generic_category(),
                            "the journal needs io_uring: " + cause_of(-result));
  }
  table_ = ::io_uring_register_buffers_sparse(&ring_, 2) == 0;
}

UringDisk::~UringDisk() {
  ::io_uring_queue_exit(&ring_);
}

void UringDisk::lend(FileKind kind, std::span<std::byte> buffers) {
  if (!table_) return;
  const iovec region{buffers.data(), buffers.size()};
  const __u64 tag = 0;
  pinned_[index(kind)] = ::io_uring_register_buffers_update_tag(
                             &ring_, static_cast<unsigned>(index(kind)), &region, &tag, 1) == 1;
}

}  // namespace basalt::journal
