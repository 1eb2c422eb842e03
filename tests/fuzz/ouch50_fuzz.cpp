// Any bytes, as an OUCH 5.0 message of either direction: what decodes, rebuilt field by field and
// option by option, is the same bytes; what does not was read no further than it reaches.
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/assert.h"
#include "feedhandlers/order_entry/ouch50.h"
#include "tests/unit/wire_fields.h"

namespace basalt {
namespace {

template <ouch50::Direction direction>
void check(std::span<const std::byte> bytes) {
  const auto decoded = ouch50::decode<direction>(bytes);
  if (!ouch50::has_fixed_part(decoded.error())) return;
  BASALT_ASSERT(decoded.bytes().size() == bytes.size());
  if (decoded.error() != ouch50::DecodeError::none) {
    BASALT_ASSERT(decoded.appendage().empty());
    return;
  }
  BASALT_ASSERT(wire_fields::rebuilt(decoded) == wire_fields::to_bytes(bytes));
  std::size_t element_bytes = 0;
  for (const ouch50::Element element : decoded.appendage()) {
    const std::size_t known = ouch50::value_bytes(element.tag);
    BASALT_ASSERT(known == 0 || known == element.value.size());
    element_bytes += 2 + element.value.size();
  }
  BASALT_ASSERT(element_bytes == decoded.appendage().bytes().size());
}

}  // namespace
}  // namespace basalt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using basalt::ouch50::Direction;
  const auto bytes = std::as_bytes(std::span(data, size));
  basalt::check<Direction::inbound>(bytes);
  basalt::check<Direction::outbound>(bytes);
  return 0;
}
