// From one OUCH message, or one of the venue's own, to one Command, with the client's part filled
// in.
//
//   bytes ─► layout checked (feedhandlers) ─► values mapped ─► Command ─► risk
//                 └ unreadable: ignored, counted     └ a value without a meaning: the command
//                                                      carries the reject, and risk sequences it
//
// A pure function of the bytes, the session and the reference data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/command.h"
#include "engine/reference.h"
#include "engine/types.h"

namespace basalt::gateway {

enum class Intake : std::uint8_t {
  command,      // `out` is for risk.
  malformed,    // Neither OUCH nor the venue's own: OUCH 5.0 has no answer to it.
  unsupported,  // A message that this venue does not take yet.
};

// Longest inbound message: an Enter with every option has 192 bytes.
inline constexpr std::size_t message_bytes_max = 256;

[[nodiscard]] Intake decode_order(std::span<const std::byte> message, SessionId session,
                                  Nanos received, const ReferenceData& reference,
                                  Command& out) noexcept;

}  // namespace basalt::gateway
