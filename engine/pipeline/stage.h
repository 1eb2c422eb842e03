// A stage is everything one core does at one place of the flow: it owns some state, reads its
// input rings and writes its output rings.
//
// The rules that all stages keep:
//   - poll() handles at most one batch (limits::batch_max) and returns how many messages it
//     handled; it never waits, allocates, logs or throws. Zero means idle.
//   - Before it takes an input, it has room for all that this input can produce: its outlets
//     (outlet.h) are empty, and each is bounded by the largest single input.
//   - What it decides or derives lives in a core, a plain state machine without rings; the stage
//     only moves slots. Recovery and replay drive the same cores without the rings.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "engine/command.h"
#include "engine/event.h"

namespace basalt::pipeline {

template <typename S>
concept Stage = requires(S& stage) {
  { stage.name() } -> std::convertible_to<std::string_view>;  // matching[0]
  { stage.poll() }
  noexcept->std::same_as<std::uint32_t>;
};

// A state machine that follows the log: for each command on_command() once, then on_event() for
// each of its events, in order. The command is passed again with its events, since events never
// repeat it. Everything such a core derives is a function of the prefix that it has seen.
template <typename C>
concept LogFollower = requires(C& core, const Command& command, const Event& event) {
  { core.on_command(command) }
  noexcept;
  { core.on_event(command, event) }
  noexcept;
};

}  // namespace basalt::pipeline
