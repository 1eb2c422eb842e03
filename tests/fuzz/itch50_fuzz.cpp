// Any bytes, as an ITCH 5.0 message: what decodes, rebuilt field by field, is the same bytes.
#include "feedhandlers/market_data/itch50.h"

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/assert.h"
#include "tests/unit/wire_fields.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace basalt;
  const auto bytes = std::as_bytes(std::span(data, size));
  const itch50::Decoded decoded = itch50::decode(bytes);
  if (decoded.error() != itch50::DecodeError::none) return 0;
  BASALT_ASSERT(decoded.type() == static_cast<char>(data[0]));
  BASALT_ASSERT(wire_fields::rebuilt(decoded) == wire_fields::to_bytes(bytes));
  return 0;
}
