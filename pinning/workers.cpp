#include "pinning/workers.h"

#include <pthread.h>
#include <sched.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_scheduler_observer.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "pinning/allocator.h"
#include "pinning/thread.h"

namespace basalt::pinning {
namespace {

// Where the calling thread may run, given back on every way out.
class KeptAffinity {
 public:
  KeptAffinity() {
    kept_ = ::pthread_getaffinity_np(::pthread_self(), sizeof cores_, &cores_) == 0;
  }
  ~KeptAffinity() {
    if (kept_) ::pthread_setaffinity_np(::pthread_self(), sizeof cores_, &cores_);
  }
  KeptAffinity(const KeptAffinity&) = delete;
  KeptAffinity& operator=(const KeptAffinity&) = delete;

 private:
  cpu_set_t cores_{};
  bool kept_ = false;
};

// Ends the scheduler's threads on every way out, once whatever used it is gone.
class Scheduler {
 public:
  Scheduler() = default;
  // It refuses where somebody else in this process uses it too; then its threads sleep.
  ~Scheduler() { std::ignore = tbb::finalize(handle_, std::nothrow); }
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

 private:
  tbb::task_scheduler_handle handle_{tbb::attach{}};
};

// Each place of the arena is one core: whoever takes it is pinned there, before its first task.
class PinToPlace final : public tbb::task_scheduler_observer {
 public:
  PinToPlace(tbb::task_arena& arena, const std::vector<unsigned>& cores)
      : task_scheduler_observer(arena), cores_(cores), failures_(cores.size()) {
    observe(true);
  }
  ~PinToPlace() override { observe(false); }
  PinToPlace(const PinToPlace&) = delete;
  PinToPlace& operator=(const PinToPlace&) = delete;

  void on_scheduler_entry(bool is_worker) override {
    const auto place = static_cast<std::size_t>(tbb::this_task_arena::current_thread_index());
    failures_[place] = pin_calling_thread(cores_[place]);
    // The caller has chosen its memory already.
    if (!failures_[place] && is_worker) failures_[place] = allocate_where_pinned();
  }

  // On the worker itself, so that no task runs where it must not.
  void throw_if_failed() const {
    const auto place = static_cast<std::size_t>(tbb::this_task_arena::current_thread_index());
    if (failures_[place]) throw std::runtime_error(*failures_[place]);
  }

 private:
  const std::vector<unsigned>& cores_;
  std::vector<Failure> failures_;  // By place; each belongs to who has the place.
};

}  // namespace

Workers::Workers(std::vector<unsigned> cores) : cores_(std::move(cores)) {}

void Workers::each(std::size_t tasks, const std::function<void(std::size_t)>& task) const {
  if (cores_.size() < 2 || tasks < 2) {
    for (std::size_t i = 0; i < tasks; ++i) task(i);
    return;
  }
  const KeptAffinity affinity;
  const Scheduler scheduler;
  tbb::task_arena arena(static_cast<int>(std::min(cores_.size(), tasks)), 1);
  PinToPlace pins(arena, cores_);
  arena.execute([&] {
    tbb::parallel_for(
        std::size_t{0}, tasks,
        [&](std::size_t i) {
          pins.throw_if_failed();
          task(i);
        },
        tbb::simple_partitioner());
  });
}

}  // namespace basalt::pinning
