// Messages of random values survive the wire, and random bytes never break a decoder. The seeds are
// fixed; each failure prints the one it had. Run under the address sanitizer this also proves that
// nothing is read outside the bytes given: every input has an allocation of its own size.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <type_traits>
#include <vector>

#include "feedhandlers/market_data/itch50.h"
#include "feedhandlers/market_data/moldudp64.h"
#include "feedhandlers/order_entry/ouch50.h"
#include "feedhandlers/order_entry/soupbintcp.h"
#include "tests/unit/wire_fields.h"

namespace basalt {
namespace {

using wire_fields::Bytes;
using Random = std::mt19937_64;

constexpr std::uint64_t seeds = 200;

std::size_t below(Random& random, std::size_t bound) {
  return random() % bound;
}

Bytes random_bytes(Random& random, std::size_t size) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// Sets a field from a random value, through its own type, and answers that value.
template <typename T>
auto set_random(T& field, Random& random) {
  if constexpr (requires { field.value(); }) {
    using Value = decltype(field.value());
    auto value = Value{};
    if constexpr (std::is_same_v<T, wire::Nanos48>) {
      value = random() & wire::Nanos48::max;
    } else if constexpr (requires { value.data(); }) {
      for (std::uint8_t& byte : value) byte = static_cast<std::uint8_t>(random());
    } else if constexpr (std::is_same_v<T, wire::U128>) {
      value = (static_cast<uint128>(random()) << 64) | random();
    } else if constexpr (std::is_enum_v<Value>) {
      value = static_cast<Value>(static_cast<std::underlying_type_t<Value>>(random()));
    } else {
      value = static_cast<Value>(random());
    }
    field = value;
    return value;
  } else if constexpr (requires { field.view(); }) {
    std::string text(below(random, sizeof field + 1), ' ');
    for (char& c : text) c = static_cast<char>('!' + below(random, 94));
    EXPECT_TRUE(field.assign(text));
    return text;
  } else {
    field = static_cast<T>(random());
    return field;
  }
}

template <typename T, typename Value>
bool equals(const T& field, const Value& value) {
  if constexpr (requires { field.view(); }) {
    return field.view() == value;
  } else {
    return static_cast<Value>(field) == value;
  }
}

// Random values into every field of `to`, and a check that can be made of another message later.
template <typename M>
auto random_values(M& to, Random& random) {
  return std::apply(
      [&](auto... field) {
        auto values = std::tuple{set_random(to.*field, random)...};
        return [values = std::move(values)](const M& from) {
          return [&]<std::size_t... i>(std::index_sequence<i...>) {
            return (equals(from.*std::get<i>(wire_fields::fields<M>), std::get<i>(values)) && ...);
          }
          (std::make_index_sequence<sizeof...(field)>{});
        };
      },
      wire_fields::fields<M>);
}

template <typename M>
void round_trip_ouch(Random& random) {
  Bytes out(2'048);
  ouch50::Encoder<M> encoder(out);
  ASSERT_TRUE(encoder);
  const auto matches = random_values(*encoder, random);

  std::vector<std::pair<ouch50::Tag, Bytes>> options;
  if constexpr (M::tail != ouch50::Tail::none) {
    std::set<std::uint8_t> tags;
    for (std::size_t count = below(random, 6); count > 0; --count) {
      const ouch50::Tag tag{static_cast<std::uint8_t>(random())};
      if (!tags.insert(static_cast<std::uint8_t>(tag)).second) continue;
      const std::size_t known = ouch50::value_bytes(tag);
      options.emplace_back(tag, random_bytes(random, known != 0 ? known : below(random, 255)));
      const std::span<const std::byte> value = options.back().second;
      ASSERT_TRUE(encoder.add(tag, value));
    }
  }

  const Bytes message(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(encoder.size_bytes()));
  const auto decoded = ouch50::decode<M::direction>(message);
  ASSERT_EQ(decoded.error(), ouch50::DecodeError::none);
  ASSERT_EQ(decoded.type(), M::type);
  EXPECT_TRUE(matches(decoded.template as<M>()));
  std::size_t place = 0;
  for (const ouch50::Element element : decoded.appendage()) {
    ASSERT_LT(place, options.size());
    EXPECT_EQ(element.tag, options[place].first);
    EXPECT_EQ(wire_fields::to_bytes(element.value), options[place].second);
    ++place;
  }
  EXPECT_EQ(place, options.size());
  EXPECT_EQ(wire_fields::rebuilt(decoded), message);
}

TEST(Wire, ouch_messages_of_random_values_come_back_equal) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto check = [&random]<typename M>() { round_trip_ouch<M>(random); };
    wire_fields::for_each_message(wire_fields::OuchInbound{}, check);
    wire_fields::for_each_message(wire_fields::OuchOutbound{}, check);
    if (HasFailure()) return;
  }
}

TEST(Wire, itch_messages_of_random_values_come_back_equal) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    wire_fields::for_each_message(wire_fields::Itch{}, [&random]<typename M>() {
      Bytes message(sizeof(M));
      M* const made = wire::emplace<M>(message);
      ASSERT_NE(made, nullptr);
      const auto time = set_random(made->prefix.time, random);
      const auto locate = set_random(made->prefix.stock_locate, random);
      const auto matches = random_values(*made, random);
      const itch50::Decoded decoded = itch50::decode(message);
      ASSERT_EQ(decoded.error(), itch50::DecodeError::none);
      EXPECT_EQ(decoded.prefix().time, time);
      EXPECT_EQ(decoded.prefix().stock_locate, locate);
      EXPECT_TRUE(matches(decoded.as<M>()));
      EXPECT_EQ(wire_fields::rebuilt(decoded), message);
    });
    if (HasFailure()) return;
  }
}

TEST(Wire, datagrams_of_random_messages_come_back_equal) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Bytes out(sizeof(moldudp64::Header) + below(random, 3'000));
    moldudp64::SessionName session;
    ASSERT_TRUE(session.assign("SESSION"));
    const std::uint64_t sequence = random();
    moldudp64::PacketBuilder builder(out, session, sequence);
    std::vector<Bytes> messages;
    for (;;) {
      Bytes message = random_bytes(random, below(random, 100));
      if (!builder.add(message)) break;
      messages.push_back(std::move(message));
    }
    const Bytes datagram = wire_fields::to_bytes(builder.datagram());
    const moldudp64::Datagram decoded = moldudp64::decode(datagram);
    ASSERT_EQ(decoded.error(), moldudp64::DecodeError::none);
    EXPECT_EQ(decoded.header().sequence, sequence);
    EXPECT_EQ(decoded.header().session, session);
    std::vector<Bytes> found;
    for (const auto message : decoded.blocks()) found.push_back(wire_fields::to_bytes(message));
    EXPECT_EQ(found, messages);
  }
}

TEST(Wire, streams_of_random_packets_survive_random_cuts) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Bytes stream;
    std::vector<Bytes> sent;
    for (std::size_t count = below(random, 40); count > 0; --count) {
      sent.push_back(random_bytes(random, 1 + below(random, below(random, 4) == 0 ? 512 : 60)));
      const wire::U16 length = static_cast<std::uint16_t>(sent.back().size());
      const auto prefix = std::as_bytes(std::span(&length, 1));
      stream.insert(stream.end(), prefix.begin(), prefix.end());
      stream.insert(stream.end(), sent.back().begin(), sent.back().end());
    }
    soupbintcp::PacketReader<512> reader;
    std::vector<Bytes> received;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = std::min(stream.size() - at, below(random, 300));
      const Bytes chunk = wire_fields::to_bytes(std::span(stream).subspan(at, size));
      reader.offer(chunk);
      std::span<const std::byte> body;
      while (reader.next(body) == soupbintcp::ReadStatus::packet) {
        received.push_back(wire_fields::to_bytes(body));
      }
      at += size;
    }
    EXPECT_EQ(received, sent);
    EXPECT_EQ(reader.held_bytes(), 0U);
  }
}

// Whatever the decoders make of these bytes, what they accept is these bytes again.
void decode_with_all(const Bytes& bytes) {
  const auto inbound = ouch50::decode_inbound(bytes);
  if (inbound.error() == ouch50::DecodeError::none) {
    EXPECT_EQ(wire_fields::rebuilt(inbound), bytes);
  }
  const auto outbound = ouch50::decode_outbound(bytes);
  if (outbound.error() == ouch50::DecodeError::none) {
    EXPECT_EQ(wire_fields::rebuilt(outbound), bytes);
  }
  const auto itch = itch50::decode(bytes);
  if (itch.error() == itch50::DecodeError::none) {
    EXPECT_EQ(wire_fields::rebuilt(itch), bytes);
  }
  static_cast<void>(soupbintcp::decode(bytes));
  std::size_t in_blocks = 0;
  const auto datagram = moldudp64::decode(bytes);
  for (const auto message : datagram.blocks()) in_blocks += 2 + message.size();
  EXPECT_TRUE(in_blocks == 0 || in_blocks + sizeof(moldudp64::Header) == bytes.size());
}

TEST(Wire, random_bytes_are_refused_or_rebuilt) {
  Random random(1);
  for (int round = 0; round < 50'000; ++round) {
    Bytes bytes = random_bytes(random, below(random, 100));
    decode_with_all(bytes);
    // And as a datagram of few, short messages, since chance alone hardly makes one.
    if (bytes.size() > 22) {
      bytes[18] = std::byte{0};
      bytes[19] = static_cast<std::byte>(below(random, 3));
      bytes[20] = std::byte{0};
      bytes[21] = static_cast<std::byte>(below(random, 90));
      decode_with_all(bytes);
    }
  }
}

TEST(Wire, messages_with_a_byte_changed_are_refused_or_rebuilt) {
  const auto check = []<typename M>() {
    Bytes whole(sizeof(M) + 64);
    ouch50::Encoder<M> encoder(whole);
    if constexpr (M::tail != ouch50::Tail::none) {
      ASSERT_TRUE(encoder.add(ouch50::Tag::account, wire::U32(7)));
      ASSERT_TRUE(encoder.add(ouch50::Tag::post_only, 'P'));
    }
    whole.resize(encoder.size_bytes());
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        Bytes changed = whole;
        changed[at] = static_cast<std::byte>(value);
        decode_with_all(changed);
      }
    }
  };
  wire_fields::for_each_message(wire_fields::OuchInbound{}, check);
  wire_fields::for_each_message(wire_fields::OuchOutbound{}, check);
}

}  // namespace
}  // namespace basalt
