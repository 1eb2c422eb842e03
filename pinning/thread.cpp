#include "pinning/thread.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <cstring>

namespace basalt::pinning {

Failure pin_calling_thread(unsigned core) {
  const std::string what = "cannot pin this thread to core " + std::to_string(core) + ": ";
  if (core >= CPU_SETSIZE) return what + "no machine that we serve has so many";
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  CPU_SET(core, &wanted);
  // pthread_setaffinity_np returns the errno; it never returns -1.
  if (const int error = ::pthread_setaffinity_np(::pthread_self(), sizeof wanted, &wanted)) {
    return what + std::strerror(error);
  }
  // The kernel takes what is left of the set after cpusets, so ask what came of it.
  cpu_set_t given;
  if (const int error = ::pthread_getaffinity_np(::pthread_self(), sizeof given, &given)) {
    return what + std::strerror(error);
  }
  if (!CPU_EQUAL(&wanted, &given)) return what + "the kernel chose other cores";
  return {};
}

Failure name_calling_thread(std::string_view name) {
  if (::gettid() == ::getpid()) return {};
  const std::string text(name);
  if (const int error = ::pthread_setname_np(::pthread_self(), text.c_str())) {
    return "cannot name a thread '" + text + "': " + std::strerror(error);
  }
  return {};
}

}  // namespace basalt::pinning
