// SoupBinTCP: packets out of a stream however TCP cuts it, and the fields of a login.
#include "feedhandlers/order_entry/soupbintcp.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace basalt::soupbintcp {
namespace {

using Bytes = std::vector<std::byte>;
using Bodies = std::vector<std::string>;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append(Bytes& stream, PacketType type, std::string_view payload = {}) {
  const std::size_t at = stream.size();
  const auto bytes = std::as_bytes(std::span(payload));
  stream.resize(at + header_bytes);
  stream.insert(stream.end(), bytes.begin(), bytes.end());
  EXPECT_EQ(frame(std::span(stream).subspan(at), type, payload.size()), 3 + payload.size());
}

template <typename M>
M& append(Bytes& stream) {
  const std::size_t at = stream.size();
  stream.resize(at + length_bytes + sizeof(M));
  M* const packet = emplace_packet<M>(std::span(stream).subspan(at));
  EXPECT_NE(packet, nullptr);
  return *packet;
}

// Every type of packet, and the shortest and the longest that the reader takes.
Bytes stream_of_every_type(std::size_t length_max) {
  Bytes stream;
  append<LoginRequest>(stream).sequence = 1;
  EXPECT_TRUE(append<LoginRequest410>(stream).heartbeat_timeout_ms.assign(5'000));
  append<LoginAccepted>(stream).sequence = 136;
  append<LoginRejected>(stream).reason = LoginRejectReason::not_authorized;
  append(stream, PacketType::server_heartbeat);
  append(stream, PacketType::client_heartbeat);
  append(stream, PacketType::sequenced_data, "a message");
  append(stream, PacketType::unsequenced_data);
  append(stream, PacketType::debug, std::string(length_max - 1, 'd'));
  append(stream, PacketType::end_of_session);
  append(stream, PacketType::logout_request);
  return stream;
}

template <typename Reader>
ReadStatus read(Reader& reader, std::span<const std::byte> chunk, Bodies& bodies) {
  // Memory of its own that ends with the chunk, and is gone after: a reader that keeps a pointer
  // into it, or reads behind it, is seen by the sanitizer.
  const auto copy = std::make_unique<std::byte[]>(chunk.size());
  std::copy(chunk.begin(), chunk.end(), copy.get());
  reader.offer({copy.get(), chunk.size()});
  std::span<const std::byte> body;
  ReadStatus status = reader.next(body);
  for (; status == ReadStatus::packet; status = reader.next(body)) bodies.push_back(text_of(body));
  return status;
}

constexpr std::size_t short_max = 64;
using ShortReader = PacketReader<short_max>;

TEST(SoupBinTcp, a_stream_gives_the_same_packets_however_it_is_cut) {
  const Bytes stream = stream_of_every_type(short_max);
  Bodies whole;
  ShortReader reader;
  ASSERT_EQ(read(reader, stream, whole), ReadStatus::needs_bytes);
  ASSERT_EQ(whole.size(), 11U);
  ASSERT_EQ(reader.held_bytes(), 0U);

  // Every pair of cuts, which has every single cut in it.
  for (std::size_t a = 0; a <= stream.size(); ++a) {
    for (std::size_t b = a; b <= stream.size(); ++b) {
      ShortReader cut;
      Bodies bodies;
      const std::span<const std::byte> all(stream);
      ASSERT_EQ(read(cut, all.first(a), bodies), ReadStatus::needs_bytes);
      ASSERT_EQ(read(cut, all.subspan(a, b - a), bodies), ReadStatus::needs_bytes);
      ASSERT_EQ(read(cut, all.subspan(b), bodies), ReadStatus::needs_bytes);
      ASSERT_EQ(bodies, whole) << a << ' ' << b;
      ASSERT_EQ(cut.held_bytes(), 0U);
    }
  }
}

TEST(SoupBinTcp, a_stream_one_byte_at_a_time_gives_the_same_packets) {
  const Bytes stream = stream_of_every_type(short_max);
  Bodies whole;
  Bodies bodies;
  ShortReader reader;
  EXPECT_EQ(read(reader, stream, whole), ReadStatus::needs_bytes);
  for (std::size_t at = 0; at < stream.size(); ++at) {
    ASSERT_EQ(read(reader, std::span(stream).subspan(at, 1), bodies), ReadStatus::needs_bytes);
  }
  EXPECT_EQ(bodies, whole);
}

TEST(SoupBinTcp, chunks_of_any_size_give_the_same_packets) {
  Bytes stream;
  for (int i = 0; i < 20; ++i) {
    const Bytes more = stream_of_every_type(short_max);
    stream.insert(stream.end(), more.begin(), more.end());
  }
  Bodies whole;
  ShortReader reader;
  EXPECT_EQ(read(reader, stream, whole), ReadStatus::needs_bytes);
  EXPECT_EQ(whole.size(), 220U);
  for (std::size_t size = 1; size < 200; ++size) {
    Bodies bodies;
    for (std::size_t at = 0; at < stream.size(); at += size) {
      const auto rest = std::span<const std::byte>(stream).subspan(at);
      ASSERT_EQ(read(reader, rest.first(std::min(size, rest.size())), bodies),
                ReadStatus::needs_bytes);
    }
    ASSERT_EQ(bodies, whole) << size;
  }
}

TEST(SoupBinTcp, a_stream_that_ends_within_a_packet_is_seen) {
  const Bytes stream = stream_of_every_type(short_max);
  ShortReader reader;
  Bodies bodies;
  EXPECT_EQ(read(reader, std::span(stream).first(stream.size() - 1), bodies),
            ReadStatus::needs_bytes);
  EXPECT_EQ(bodies.size(), 10U);
  EXPECT_EQ(reader.held_bytes(), 2U);
}

TEST(SoupBinTcp, an_oversized_packet_breaks_the_stream_for_good) {
  for (const std::size_t first_chunk : {1U, 2U, 3U, 80U}) {
    Bytes stream;
    append(stream, PacketType::debug, std::string(short_max, 'x'));  // One byte too long.
    append(stream, PacketType::client_heartbeat);
    ShortReader reader;
    Bodies bodies;
    const auto cut = std::min<std::size_t>(first_chunk, stream.size());
    const ReadStatus first = read(reader, std::span(stream).first(cut), bodies);
    EXPECT_EQ(first, first_chunk < 2 ? ReadStatus::needs_bytes : ReadStatus::oversize);
    EXPECT_EQ(read(reader, std::span(stream).subspan(cut), bodies), ReadStatus::oversize);
    EXPECT_TRUE(bodies.empty());
    reader.reset();
    Bytes heartbeat;
    append(heartbeat, PacketType::client_heartbeat);
    EXPECT_EQ(read(reader, heartbeat, bodies), ReadStatus::needs_bytes);
    EXPECT_EQ(bodies, Bodies{"R"});
  }
}

TEST(SoupBinTcp, a_packet_of_length_zero_breaks_the_stream_for_good) {
  Bytes stream;
  append(stream, PacketType::client_heartbeat);
  stream.resize(stream.size() + 2);
  append(stream, PacketType::client_heartbeat);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    ShortReader reader;
    Bodies bodies;
    static_cast<void>(read(reader, std::span(stream).first(cut), bodies));
    EXPECT_EQ(read(reader, std::span(stream).subspan(cut), bodies), ReadStatus::empty) << cut;
    EXPECT_EQ(bodies, Bodies{"R"});
  }
}

TEST(SoupBinTcp, packets_of_a_wrong_length_or_type_are_refused) {
  const auto decoded = [](std::string_view body) {
    return decode(std::as_bytes(std::span(body))).error;
  };
  EXPECT_EQ(decode({}).error, DecodeError::empty);
  EXPECT_EQ(decoded("x"), DecodeError::unknown_type);
  for (const char type : {'H', 'Z', 'R', 'O'}) {
    EXPECT_EQ(decoded(std::string(1, type)), DecodeError::none);
    EXPECT_EQ(decoded(std::string(2, type)), DecodeError::wrong_length);
  }
  for (const char type : {'+', 'S', 'U'}) {
    for (const std::size_t size : {1U, 2U, 500U}) {
      EXPECT_EQ(decoded(std::string(size, type)), DecodeError::none);
    }
  }
  for (std::size_t size = 1; size < 60; ++size) {
    EXPECT_EQ(decoded(std::string(size, 'L')) == DecodeError::none, size == 47 || size == 52);
    EXPECT_EQ(decoded(std::string(size, 'A')) == DecodeError::none, size == 31);
    EXPECT_EQ(decoded(std::string(size, 'J')) == DecodeError::none, size == 2);
  }
}

TEST(SoupBinTcp, a_login_has_the_published_bytes) {
  Bytes stream;
  LoginRequest& login = append<LoginRequest>(stream);
  ASSERT_TRUE(login.user.assign("MAKER1"));
  ASSERT_TRUE(login.password.assign("basalt"));
  ASSERT_TRUE(login.session.assign("7"));
  login.sequence = 135;
  EXPECT_EQ(text_of(stream), std::string("\0\x2F", 2) + "LMAKER1basalt             7" +
                                 std::string(17, ' ') + "135");

  stream.clear();
  LoginAccepted& accepted = append<LoginAccepted>(stream);
  ASSERT_TRUE(accepted.session.assign("ABCDEFGHIJ"));
  accepted.sequence = 0xFFFF'FFFF'FFFF'FFFF;
  EXPECT_EQ(text_of(stream), std::string("\0\x1F", 2) + "AABCDEFGHIJ18446744073709551615");

  stream.clear();
  append<LoginRejected>(stream).reason = LoginRejectReason::session_not_available;
  EXPECT_EQ(text_of(stream), std::string("\0\x02", 2) + "JS");
}

TEST(SoupBinTcp, a_login_of_either_version_reads_alike) {
  Bytes stream;
  LoginRequest410& login = append<LoginRequest410>(stream);
  ASSERT_TRUE(login.user.assign("MAKER1"));
  login.sequence = 9;
  ASSERT_TRUE(login.heartbeat_timeout_ms.assign(2'500));
  EXPECT_EQ(stream.size(), 2U + 52U);
  const Packet packet = decode(std::span(stream).subspan(2));
  ASSERT_EQ(packet.error, DecodeError::none);
  EXPECT_TRUE(packet.is_login_410());
  EXPECT_EQ(packet.as<LoginRequest>().user.view(), "MAKER1");
  EXPECT_EQ(packet.as<LoginRequest>().sequence.value(), 9U);
  EXPECT_EQ(packet.as<LoginRequest410>().heartbeat_timeout_ms.value(), 2'500U);
}

TEST(SoupBinTcp, a_frame_is_not_written_where_it_has_no_room) {
  Bytes out(10, std::byte{0xEE});
  EXPECT_EQ(frame(std::span(out).first(2), PacketType::server_heartbeat), 0U);
  EXPECT_EQ(frame(out, PacketType::sequenced_data, 8), 0U);
  EXPECT_EQ(emplace_packet<LoginRejected>(std::span(out).first(3)), nullptr);
  EXPECT_EQ(out, Bytes(10, std::byte{0xEE}));
  EXPECT_EQ(frame(out, PacketType::sequenced_data, 7), 10U);
  Bytes large(70'000);
  EXPECT_EQ(frame(large, PacketType::sequenced_data, 65'535), 0U);
  EXPECT_EQ(frame(large, PacketType::sequenced_data, 65'534), 65'537U);
}

TEST(SoupBinTcp, names_are_the_same_in_any_case_and_padding_counts_for_nothing) {
  using Name = wire::Alpha<6>;
  EXPECT_TRUE(equal_ignoring_case(Name("maker"), Name("MAKER")));
  EXPECT_TRUE(equal_ignoring_case(Name("MaKeR "), Name("mAkEr")));
  EXPECT_FALSE(equal_ignoring_case(Name("maker"), Name("maker1")));
  EXPECT_FALSE(equal_ignoring_case(Name(" maker"), Name("maker")));
  EXPECT_FALSE(equal_ignoring_case(Name("[maker"), Name("{maker")));  // Letters alone have a case.
  EXPECT_EQ(upper_case(Name("ab`{z")).view(), "AB`{Z");
}

TEST(SoupBinTcp, a_session_is_padded_on_the_left_and_read_from_either_side) {
  SessionName session;
  EXPECT_TRUE(session.blank());
  ASSERT_TRUE(session.assign("0001"));
  EXPECT_EQ(std::string(session.chars().data(), 10), "      0001");
  EXPECT_EQ(session.view(), "0001");
  EXPECT_FALSE(session.assign("ELEVENCHARS"));
  EXPECT_EQ(session.view(), "0001");
  ASSERT_TRUE(session.assign("2"));
  EXPECT_EQ(session.view(), "2");
  EXPECT_EQ(SessionName({'0', '0', '0', '1', ' ', ' ', ' ', ' ', ' ', ' '}).view(), "0001");
}

TEST(AsciiNumber, reads_what_is_a_number_and_nothing_else) {
  const auto read_20 = [](std::string_view text) {
    std::array<char, 20> chars;
    EXPECT_EQ(text.size(), chars.size());
    std::copy(text.begin(), text.end(), chars.begin());
    SequenceNumber number;
    std::memcpy(&number, chars.data(), sizeof number);
    return number.value();
  };
  EXPECT_EQ(read_20("                 135"), 135U);
  EXPECT_EQ(read_20("00000000000000000135"), 135U);
  EXPECT_EQ(read_20("                   0"), 0U);
  EXPECT_EQ(read_20("18446744073709551615"), 0xFFFF'FFFF'FFFF'FFFFU);
  EXPECT_FALSE(read_20("18446744073709551616"));
  EXPECT_FALSE(read_20("99999999999999999999"));
  EXPECT_FALSE(read_20("                    "));
  EXPECT_FALSE(read_20("135                 "));
  EXPECT_FALSE(read_20("               1 135"));
  EXPECT_FALSE(read_20("                -135"));
  EXPECT_FALSE(read_20("               0x135"));
}

TEST(AsciiNumber, writes_what_fits_and_is_blank_otherwise) {
  wire::AsciiNumber<5> number;
  EXPECT_FALSE(number.value());
  EXPECT_TRUE(number.assign(0));
  EXPECT_EQ(std::string(number.chars().data(), 5), "    0");
  EXPECT_TRUE(number.assign(99'999));
  EXPECT_EQ(number.value(), 99'999U);
  EXPECT_FALSE(number.assign(100'000));
  EXPECT_FALSE(number.value());
}

}  // namespace
}  // namespace basalt::soupbintcp
