// Any bytes, as a MoldUDP64 datagram: what decodes, put together again message by message, is the
// same bytes. And as a request.
#include "feedhandlers/market_data/moldudp64.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "engine/assert.h"

namespace basalt {
namespace {

void check_datagram(std::span<const std::byte> bytes) {
  const moldudp64::Datagram datagram = moldudp64::decode(bytes);
  if (datagram.error() != moldudp64::DecodeError::none) {
    BASALT_ASSERT(datagram.blocks().begin() == datagram.blocks().end());
    return;
  }
  const moldudp64::Header& header = datagram.header();
  if (datagram.is_end_of_session()) {
    const auto end = moldudp64::end_of_session(header.session, header.sequence);
    BASALT_ASSERT(bytes.size() == sizeof end && std::memcmp(&end, bytes.data(), sizeof end) == 0);
    return;
  }
  std::vector<std::byte> out(bytes.size());
  moldudp64::PacketBuilder builder(out, header.session, header.sequence);
  for (const auto message : datagram.blocks()) BASALT_ASSERT(builder.add(message));
  BASALT_ASSERT(builder.message_count() == datagram.message_count());
  BASALT_ASSERT(builder.datagram().size() == bytes.size());
  BASALT_ASSERT(std::memcmp(out.data(), bytes.data(), bytes.size()) == 0);
}

void check_request(std::span<const std::byte> bytes) {
  const moldudp64::Request* const request = moldudp64::decode_request(bytes);
  if (request == nullptr) return;
  const moldudp64::Request again{request->session, request->sequence.value(),
                                 request->count.value()};
  BASALT_ASSERT(std::memcmp(&again, bytes.data(), bytes.size()) == 0);
}

}  // namespace
}  // namespace basalt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  basalt::check_datagram(bytes);
  basalt::check_request(bytes);
  return 0;
}
