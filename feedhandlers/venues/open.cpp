#include "feedhandlers/venues/bitfinex.h"
#include "feedhandlers/venues/lobster.h"

namespace basalt::venues {

std::unique_ptr<InstructionSource> open_recorded_flow(const std::string& path) {
  const char first = TextFile(path).first_byte();
  if (first == '[') return std::make_unique<BitfinexFeed>(path);
  if (first >= '0' && first <= '9') return std::make_unique<LobsterMessages>(path);
  throw BadInput(path, "1", "neither LOBSTER messages nor a Bitfinex feed");
}

}  // namespace basalt::venues
