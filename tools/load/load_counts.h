// What one run counts. Written by the wire thread alone, read by whoever shows progress: relaxed
// counters that carry no data (engine/pipeline/counters.h).
#pragma once

#include "engine/pipeline/counters.h"

namespace basalt::load {

struct LoadCounts {
  pipeline::Counter orders_sent;  // Enter messages.
  pipeline::Counter orders_accepted;
  pipeline::Counter orders_rejected;
  pipeline::Counter orders_written_off;  // Without an answer for so long that their place went.
  pipeline::Counter cancels;             // Cancel messages: of all, or down to a total.
  pipeline::Counter replaces;
  pipeline::Counter replaced;  // Answered by Replaced.
  pipeline::Counter canceled;  // Canceled messages: asked for, or what an IOC left.
  pipeline::Counter probes;    // Account queries, asked to know how far the venue is.
  pipeline::Counter fills;     // Each one maker meeting one taker, however many sides are ours.
  pipeline::Counter quantity_filled;
  pipeline::Counter answers;
  pipeline::Counter answers_lost;
  pipeline::Counter answers_strange;  // Not OUCH, or about nothing that this run sent.
  pipeline::Counter feed_messages;
  pipeline::Counter feed_lost;
  pipeline::Counter order_to_ack_max_ns;
  pipeline::TickHistogram order_to_ack_ns;  // Of accepted and rejected orders, in ns.
};

}  // namespace basalt::load
