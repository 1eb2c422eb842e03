// The only loop of the engine, and what it measures.
//
//   while not stopped:  for each stage of this core, in order of flow:  poll()
//                       nothing handled for long  ─►  nap, where the topology allows it
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/pipeline/stage.h"

namespace basalt::pipeline {

// It does not end but by `stop`, which a cold core sets.
template <Stage S, typename DutyCycle>
void run(S& stage, DutyCycle& duty_cycle, const std::atomic<bool>& stop) noexcept {
  while (!stop.load(std::memory_order_relaxed)) {  // Carries no data: relaxed is enough.
    duty_cycle.turn(stage.poll());  // Counts idle turns, keeps the longest busy one, naps.
  }
}

}  // namespace basalt::pipeline
