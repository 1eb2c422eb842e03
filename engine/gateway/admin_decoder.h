// From one of the venue's administrative messages to one Command: what order_decoder.h is for
// orders.
//
// A session that is no administrator's gets the command that it sent, without what it names: risk
// refuses it, and nobody makes us search tables who may not use them.
#pragma once

#include "engine/command.h"
#include "engine/reference.h"
#include "feedhandlers/order_entry/ouch50.h"

namespace basalt::gateway {

// False: it is another kind of message, and `out` is as it was. Precondition: message.error() is
// none, and `out` is fresh but for who sent it and when.
[[nodiscard]] bool decode_admin(const ouch50::Inbound& message, const ReferenceData& reference,
                                Command& out) noexcept;

}  // namespace basalt::gateway
