// The two assertions of the engine, and the probe that shows that a test reached a rare branch.
//
//   BASALT_ASSERT(condition)   always on, cheap: our own mistake stops the process before it can
//   lie. BASALT_VERIFY(condition)   costly, on where BASALT_VERIFY_ON is defined: tests, fuzzers,
//   debug. BASALT_REACHED("sweep empties a level")   marks a branch that campaigns must have seen.
//
// None is ever about a client's mistake (that is a Reject) or the world's trouble (a value and a
// counter). A failed assertion writes one line to standard error without allocating, and aborts.
#pragma once

namespace basalt {

[[noreturn, gnu::cold, gnu::noinline]] void assertion_failed(const char* condition,
                                                             const char* file, int line) noexcept;

// Counts a visit to a probe. Only in builds that verify; see tests/property/reach_probes.h.
void probe_reached(const char* name) noexcept;

}  // namespace basalt

#define BASALT_ASSERT(condition)                     \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::basalt::assertion_failed(#condition, __FILE__, __LINE__))

#ifdef BASALT_VERIFY_ON
#define BASALT_VERIFY(condition) BASALT_ASSERT(condition)
#define BASALT_REACHED(name) ::basalt::probe_reached(name)
#else
#define BASALT_VERIFY(condition) static_cast<void>(0)
#define BASALT_REACHED(name) static_cast<void>(0)
#endif
