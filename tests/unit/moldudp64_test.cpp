// MoldUDP64: datagrams built and taken apart, whole or not at all.
#include "feedhandlers/market_data/moldudp64.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "feedhandlers/market_data/itch50.h"

namespace basalt::moldudp64 {
namespace {

using Bytes = std::vector<std::byte>;

SessionName session_named(std::string_view text) {
  SessionName session;
  EXPECT_TRUE(session.assign(text));
  return session;
}

Bytes message_of(std::size_t size, unsigned char fill) {
  return Bytes(size, static_cast<std::byte>(fill));
}

std::vector<Bytes> messages_in(const Datagram& datagram) {
  std::vector<Bytes> messages;
  for (const auto block : datagram.blocks()) messages.emplace_back(block.begin(), block.end());
  return messages;
}

Bytes sent(const PacketBuilder& builder) {
  return {builder.datagram().begin(), builder.datagram().end()};
}

Bytes bytes_of(const Header& header) {
  const auto bytes = std::as_bytes(std::span(&header, 1));
  return {bytes.begin(), bytes.end()};
}

TEST(MoldUdp64, a_datagram_has_the_published_bytes) {
  std::array<std::byte, 64> buffer;
  PacketBuilder builder(buffer, session_named("000010059B"), 0x0102);
  ASSERT_TRUE(builder.add(message_of(2, 'x')));
  ASSERT_TRUE(builder.add({}));
  const char expected[] = "000010059B\0\0\0\0\0\0\x01\x02\0\x02\0\x02xx\0\0";
  ASSERT_EQ(builder.datagram().size(), sizeof expected - 1);
  EXPECT_EQ(std::memcmp(builder.datagram().data(), expected, sizeof expected - 1), 0);
}

TEST(MoldUdp64, messages_come_out_as_they_went_in_empty_ones_too) {
  std::array<std::byte, payload_bytes_default> buffer;
  PacketBuilder builder(buffer, session_named("S"), 10);
  const std::vector<Bytes> messages = {message_of(3, 1), {}, message_of(300, 2), {}, {}};
  for (const Bytes& message : messages) ASSERT_TRUE(builder.add(message));
  const Bytes bytes = sent(builder);
  const Datagram datagram = decode(bytes);
  ASSERT_EQ(datagram.error(), DecodeError::none);
  EXPECT_EQ(datagram.header().sequence, 10U);
  EXPECT_EQ(datagram.message_count(), 5U);
  EXPECT_FALSE(datagram.is_heartbeat());
  EXPECT_EQ(messages_in(datagram), messages);
  EXPECT_EQ(builder.next_sequence(), 15U);
}

TEST(MoldUdp64, a_datagram_cut_at_any_byte_gives_no_message_at_all) {
  std::array<std::byte, 256> buffer;
  PacketBuilder builder(buffer, session_named("S"), 1);
  for (unsigned char i = 0; i < 5; ++i) ASSERT_TRUE(builder.add(message_of(i * 7U, i)));
  const Bytes whole = sent(builder);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const Datagram datagram = decode(cut);
    EXPECT_EQ(datagram.error(), DecodeError::truncated) << size;
    EXPECT_TRUE(messages_in(datagram).empty());
  }
}

TEST(MoldUdp64, bytes_behind_the_last_message_are_refused) {
  std::array<std::byte, 64> buffer;
  PacketBuilder builder(buffer, session_named("S"), 1);
  ASSERT_TRUE(builder.add(message_of(4, 1)));
  Bytes bytes = sent(builder);
  bytes.push_back(std::byte{0});
  EXPECT_EQ(decode(bytes).error(), DecodeError::trailing_bytes);
  Bytes longer_heartbeat = bytes_of(heartbeat(session_named("S"), 1));
  longer_heartbeat.push_back(std::byte{0});
  EXPECT_EQ(decode(longer_heartbeat).error(), DecodeError::trailing_bytes);
  Bytes longer_end = bytes_of(end_of_session(session_named("S"), 1));
  longer_end.resize(longer_end.size() + 2);
  EXPECT_EQ(decode(longer_end).error(), DecodeError::trailing_bytes);
}

TEST(MoldUdp64, a_block_that_claims_more_than_there_is_is_refused) {
  std::array<std::byte, 64> buffer;
  PacketBuilder builder(buffer, session_named("S"), 1);
  ASSERT_TRUE(builder.add(message_of(4, 1)));
  Bytes bytes = sent(builder);
  for (const std::byte high : {std::byte{0}, std::byte{0x7F}, std::byte{0xFF}}) {
    bytes[20] = high;
    bytes[21] = std::byte{0xFF};
    EXPECT_EQ(decode(bytes).error(), DecodeError::truncated);
  }
}

TEST(MoldUdp64, heartbeat_and_end_of_session_carry_the_next_number_and_no_message) {
  const Bytes quiet = bytes_of(heartbeat(session_named("S"), 77));
  EXPECT_EQ(decode(quiet).error(), DecodeError::none);
  EXPECT_TRUE(decode(quiet).is_heartbeat());
  EXPECT_EQ(decode(quiet).header().sequence, 77U);
  const Bytes end = bytes_of(end_of_session(session_named("S"), 78));
  EXPECT_EQ(decode(end).error(), DecodeError::none);
  EXPECT_TRUE(decode(end).is_end_of_session());
  EXPECT_FALSE(decode(end).is_heartbeat());
  EXPECT_EQ(decode(end).message_count(), 0U);
  EXPECT_TRUE(messages_in(decode(end)).empty());
}

TEST(MoldUdp64, a_builder_without_messages_holds_a_heartbeat) {
  std::array<std::byte, 64> buffer;
  PacketBuilder builder(buffer, session_named("S"), 5);
  EXPECT_EQ(sent(builder), bytes_of(heartbeat(session_named("S"), 5)));
}

TEST(MoldUdp64, the_builder_fills_up_to_its_limit_and_no_further) {
  // 1,400 bytes are a header and 36 orders of 38 bytes; 12 are left.
  std::array<std::byte, payload_bytes_default + 8> buffer;
  buffer.fill(std::byte{0xEE});
  const std::span<std::byte> all(buffer);
  PacketBuilder builder(all.first(payload_bytes_default), session_named("S"), 1);
  while (builder.claim<itch50::AddOrder>() != nullptr) {
  }
  EXPECT_EQ(builder.message_count(), 36U);
  EXPECT_EQ(builder.datagram().size(), 20U + 36U * 38U);
  EXPECT_FALSE(builder.fits(11));
  ASSERT_TRUE(builder.fits(10));
  ASSERT_TRUE(builder.add(message_of(10, 1)));
  EXPECT_EQ(builder.datagram().size(), payload_bytes_default);
  EXPECT_FALSE(builder.add({}));  // Not even an empty one.
  for (std::size_t at = payload_bytes_default; at < buffer.size(); ++at) {
    EXPECT_EQ(buffer[at], std::byte{0xEE});
  }
  EXPECT_EQ(decode(sent(builder)).error(), DecodeError::none);

  builder.start_next();
  EXPECT_EQ(builder.message_count(), 0U);
  EXPECT_EQ(builder.next_sequence(), 38U);
  EXPECT_EQ(sent(builder), bytes_of(heartbeat(session_named("S"), 38)));
}

TEST(MoldUdp64, an_oversized_message_is_refused_and_the_datagram_stays_as_it_was) {
  Bytes buffer(70'000);
  PacketBuilder builder(buffer, session_named("S"), 1);
  EXPECT_FALSE(builder.add(Bytes(65'536)));
  EXPECT_EQ(sent(builder), bytes_of(heartbeat(session_named("S"), 1)));
  EXPECT_TRUE(builder.add(Bytes(65'535)));
  EXPECT_EQ(decode(sent(builder)).error(), DecodeError::none);
}

TEST(MoldUdp64, the_count_never_becomes_the_end_of_session) {
  Bytes buffer(200'000);
  PacketBuilder builder(buffer, session_named("S"), 1);
  std::size_t added = 0;
  while (builder.add({})) ++added;
  EXPECT_EQ(added, 0xFFFEU);
  EXPECT_FALSE(decode(sent(builder)).is_end_of_session());
  EXPECT_EQ(messages_in(decode(sent(builder))).size(), 0xFFFEU);
}

TEST(MoldUdp64, a_request_has_its_exact_length) {
  const Request request{session_named("S"), 1'000, 25};
  const auto span = std::as_bytes(std::span(&request, 1));
  const Bytes bytes(span.begin(), span.end());
  const Request* const decoded = decode_request(bytes);
  ASSERT_NE(decoded, nullptr);
  EXPECT_EQ(decoded->sequence, 1'000U);
  EXPECT_EQ(decoded->count, 25U);
  for (std::size_t size = 0; size < 40; ++size) {
    const Bytes other(size);
    EXPECT_EQ(decode_request(other) != nullptr, size == sizeof(Request));
  }
}

}  // namespace
}  // namespace basalt::moldudp64
