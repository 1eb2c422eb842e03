// Cores that work together for a moment: oneTBB's scheduler, held to cores that nobody trades on.
//
//   cold_cores(machine) ─► Workers ─► each(count, task): task(0) … task(count - 1), on those alone
//
// For start-up and cold processes, never beside the hot side's loop: the scheduler's threads are
// started in each() and are gone when it returns.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace basalt::pinning {

class Workers {
 public:
  // One worker a core, the thread that calls each() among them. With less than two cores that
  // thread works alone, where it is.
  explicit Workers(std::vector<unsigned> cores = {});

  [[nodiscard]] std::size_t count() const noexcept { return cores_.empty() ? 1 : cores_.size(); }

  // Each task once, in no certain order, and several at a time. Throws what a task throws, or
  // std::runtime_error when a worker cannot be pinned; not all tasks have run then. Afterwards the
  // caller runs where it did before.
  void each(std::size_t tasks, const std::function<void(std::size_t)>& task) const;

 private:
  const std::vector<unsigned> cores_;
};

}  // namespace basalt::pinning
