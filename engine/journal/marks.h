// How far the journal is. Written by the journal's thread alone, read by any.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/types.h"

namespace basalt::journal {

struct Marks {
  // The durable mark: every command up to this sequence survives a power cut. Stored with release;
  // a reader's acquire therefore also sees whatever the journal did before.
  alignas(false_sharing_bytes) std::atomic<Sequence> durable{0};
  // The same for events: all events of all commands up to this sequence are in complete blocks.
  // (The last command's events may still be under way; readers look at Event::last.)
  alignas(false_sharing_bytes) std::atomic<Sequence> events{0};
  std::atomic<std::uint64_t> command_blocks{0};  // Complete without gap from block 0 on.
  std::atomic<std::uint64_t> event_blocks{0};
  // 0, or the errno of the write that failed. From then on nothing moves any more.
  std::atomic<std::int32_t> error{0};
};

}  // namespace basalt::journal
