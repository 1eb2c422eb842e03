#include "bench/workloads/recorded.h"

#include <unordered_map>

#include "bench/workloads/flow_maker.h"
#include "feedhandlers/venues/lobster.h"

namespace basalt::bench {

Flow recorded_flow(const std::string& path) {
  venues::LobsterMessages messages(path);
  FlowMaker maker("recorded", 1);
  std::unordered_map<std::uint64_t, FlowMaker::Key> key_of;  // By the venue's number.
  FlowMaker::Key next_key = 0;
  for (venues::Instruction each; messages.next(each);) {
    maker.set_time(each.time);
    switch (each.kind) {
      case venues::InstructionKind::cancel:
        maker.cancel(key_of.at(each.venue_order));
        break;
      case venues::InstructionKind::reduce:
        maker.reduce(key_of.at(each.venue_order), each.quantity);
        break;
      default:  // LOBSTER has no replacements.
        // An aggressive order bears the number of the one that it met.
        if (!each.aggressive) key_of[each.venue_order] = next_key;
        maker.add(next_key++, {0, each.side, each.ioc, each.price, each.quantity});
        break;
    }
  }
  return maker.finish();
}

}  // namespace basalt::bench
