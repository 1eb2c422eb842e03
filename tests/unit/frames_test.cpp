// Frames as they come off a wire, right and wrong: what is refused, and for which cause.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "net/datagram_port.h"
#include "net/frames/arp.h"
#include "net/frames/big_endian.h"
#include "net/frames/ethernet.h"
#include "net/frames/internet_checksum.h"
#include "net/frames/udp.h"

namespace basalt::net {
namespace {

constexpr MacAddress client_mac{0x02, 0, 0, 0, 0, 2};
constexpr MacAddress engine_mac{0x02, 0, 0, 0, 0, 1};
constexpr Endpoint client{ipv4(10, 77, 0, 2), 40'000};
constexpr Endpoint engine{ipv4(10, 77, 0, 1), 7002};

constexpr std::size_t ip_at = 14;
constexpr std::size_t udp_at = 34;

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view text) {
  Bytes bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

Bytes udp_frame(std::string_view payload, Endpoint to = engine) {
  Bytes frame(frame_bytes_max);
  std::memcpy(frame.data() + udp_payload_offset, payload.data(), payload.size());
  const UdpRoute route{
      .source_mac = client_mac, .destination_mac = engine_mac, .source = client, .destination = to};
  frame.resize(write_udp_frame(frame.data(), route, payload.size()));
  return frame;
}

void set_byte(Bytes& frame, std::size_t at, unsigned value) {
  frame[at] = static_cast<std::byte>(value);
}

// So that a test of one field is not refused for the checksum over it.
void repair_ip_checksum(Bytes& frame) {
  store_be16(frame.data() + ip_at + 10, 0);
  const std::size_t header_bytes = (std::to_integer<std::size_t>(frame[ip_at]) & 0xF) * 4;
  InternetChecksum checksum;
  checksum.add(std::span(frame).subspan(ip_at, header_bytes));
  const std::uint16_t sum = checksum.finish();
  std::memcpy(frame.data() + ip_at + 10, &sum, sizeof sum);
}

FrameVerdict read_whole(const Bytes& bytes, UdpPacket& udp, bool checksums_verified = false) {
  // A buffer of exactly the frame's size, so that the address sanitizer sees a read past its end.
  const auto exact = std::make_unique<std::byte[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), exact.get());
  EthernetPacket ethernet;
  const Frame frame{.data = exact.get(), .size = static_cast<std::uint16_t>(bytes.size())};
  const FrameVerdict verdict = read_ethernet(frame, ethernet);
  if (verdict != FrameVerdict::good) return verdict;
  return read_udp(ethernet.payload, checksums_verified, udp);
}

FrameVerdict verdict_of(const Bytes& bytes, bool checksums_verified = false) {
  UdpPacket udp;
  return read_whole(bytes, udp, checksums_verified);
}

TEST(Frames, a_frame_that_was_written_reads_back) {
  for (const std::size_t size : {0u, 1u, 17u, 18u, 19u, 100u, 1471u, 1472u}) {
    const std::string payload(size, 'x');
    const Bytes bytes = udp_frame(payload);
    EXPECT_EQ(bytes.size(), std::max<std::size_t>(60, 42 + size));
    EthernetPacket ethernet;
    ASSERT_EQ(
        read_ethernet({.data = bytes.data(), .size = static_cast<std::uint16_t>(bytes.size())},
                      ethernet),
        FrameVerdict::good);
    EXPECT_EQ(ethernet.source, client_mac);
    EXPECT_EQ(ethernet.destination, engine_mac);
    UdpPacket udp;
    ASSERT_EQ(read_udp(ethernet.payload, false, udp), FrameVerdict::good);
    EXPECT_EQ(udp.source, client);
    EXPECT_EQ(udp.destination, engine);
    ASSERT_EQ(udp.payload.size(), size);
    EXPECT_EQ(std::memcmp(udp.payload.data(), payload.data(), size), 0);
  }
}

// From RFC 1071's own example: 0001 f203 f4f5 f6f7 sum to ddf2 (with the carry), so to ~ddf2.
TEST(Frames, the_checksum_is_that_of_the_rfc) {
  const Bytes bytes = bytes_of(std::string_view("\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8));
  InternetChecksum whole;
  whole.add(bytes);
  EXPECT_EQ(__builtin_bswap16(whole.finish()), 0x220D);

  InternetChecksum odd;  // The last byte is the high half of its word.
  odd.add(std::span(bytes).first(3));
  EXPECT_EQ(__builtin_bswap16(odd.finish()), static_cast<std::uint16_t>(~(0x0001 + 0xf200)));
}

// A frame as Linux 6.18 sent it from a socket over veth, its checksums not offloaded.
TEST(Frames, a_frame_of_another_stack_reads_and_its_checksums_are_the_ones_we_compute) {
  const Bytes bytes = bytes_of(std::string_view(
      "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"
      "\x45\x00\x00\x21\x04\x9e\x40\x00\x40\x11\x21\x92\x0a\x4d\x00\x02\x0a\x4d\x00\x01"
      "\x9c\x40\x1b\x5a\x00\x0d\xef\xca"
      "hello",
      47));
  UdpPacket udp;
  ASSERT_EQ(read_whole(bytes, udp), FrameVerdict::good);
  EXPECT_EQ(udp.source, client);
  EXPECT_EQ(udp.destination, engine);

  Bytes ours = udp_frame("hello");
  ours.resize(47);
  EXPECT_EQ(load_be16(&ours[udp_at + 6]), load_be16(&bytes[udp_at + 6]));
  store_be16(&ours[ip_at + 4], load_be16(&bytes[ip_at + 4]));  // The kernel numbers its packets.
  repair_ip_checksum(ours);
  EXPECT_EQ(ours, bytes);
}

TEST(Frames, a_frame_cut_at_any_byte_is_refused) {
  const Bytes whole = udp_frame("a payload that needs no padding");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const FrameVerdict expected =
        size < 34 ? FrameVerdict::truncated : FrameVerdict::ip_total_length;
    EXPECT_EQ(verdict_of(cut), expected) << "cut to " << size;
  }
  EXPECT_EQ(verdict_of(whole), FrameVerdict::good);
}

TEST(Frames, every_flipped_bit_under_a_checksum_is_seen) {
  const Bytes whole = udp_frame("a payload that needs no padding");
  for (std::size_t at = ip_at; at < whole.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes flipped = whole;
      flipped[at] ^= std::byte{1} << bit;
      EXPECT_NE(verdict_of(flipped), FrameVerdict::good) << "byte " << at << " bit " << bit;
    }
  }
}

enum class Then { leave, repair_ip_checksum, drop_udp_checksum };

// 16 bits (wide: 32) of a good frame overwritten, at `at`.
struct Fault {
  const char* name;
  std::size_t at;
  std::uint32_t value;
  FrameVerdict verdict;
  Then then = Then::leave;
  bool wide = false;
};

constexpr std::uint32_t group = ipv4(239, 192, 77, 1);

const std::vector<Fault> faults{
    {"vlan", 12, 0x8100, FrameVerdict::vlan_tagged},
    {"service_vlan", 12, 0x88A8, FrameVerdict::vlan_tagged},
    {"ipv6", 12, 0x86DD, FrameVerdict::other_ethertype},
    {"version_six", ip_at, 0x6500, FrameVerdict::ip_version},
    {"short_header", ip_at, 0x4400, FrameVerdict::ip_header_length},
    {"header_beyond_frame", ip_at, 0x4F00, FrameVerdict::ip_header_length},
    {"total_below_header", ip_at + 2, 19, FrameVerdict::ip_total_length},
    {"total_beyond_frame", ip_at + 2, 33, FrameVerdict::ip_total_length},
    {"ip_checksum", ip_at + 10, 0xABCD, FrameVerdict::ip_checksum},
    {"first_fragment", ip_at + 6, 0x2000, FrameVerdict::ip_fragment, Then::repair_ip_checksum},
    {"last_fragment", ip_at + 6, 0x0001, FrameVerdict::ip_fragment, Then::repair_ip_checksum},
    {"group_source", ip_at + 12, group, FrameVerdict::ip_source, Then::repair_ip_checksum, true},
    {"no_source", ip_at + 12, 0, FrameVerdict::ip_source, Then::repair_ip_checksum, true},
    {"tcp", ip_at + 8, 0x4006, FrameVerdict::other_ip_protocol, Then::repair_ip_checksum},
    {"udp_header_cut", ip_at + 2, 27, FrameVerdict::truncated, Then::repair_ip_checksum},
    {"udp_longer_than_ip", udp_at + 4, 13, FrameVerdict::udp_length},
    {"udp_shorter_than_ip", udp_at + 4, 11, FrameVerdict::udp_length},
    {"udp_shorter_than_header", udp_at + 4, 7, FrameVerdict::udp_length},
    {"udp_checksum", udp_at + 6, 0xABCD, FrameVerdict::udp_checksum},
    {"no_source_port", udp_at, 0, FrameVerdict::udp_port_zero, Then::drop_udp_checksum},
    {"no_port", udp_at + 2, 0, FrameVerdict::udp_port_zero, Then::drop_udp_checksum},
};

// "four" in a frame without padding, so that a length can be wrong by one.
Bytes frame_to_spoil() {
  Bytes frame = udp_frame("four");
  frame.resize(46);
  return frame;
}

TEST(Frames, each_fault_is_named) {
  for (const Fault& fault : faults) {
    Bytes frame = frame_to_spoil();
    if (fault.wide) {
      store_be32(&frame[fault.at], fault.value);
    } else {
      store_be16(&frame[fault.at], static_cast<std::uint16_t>(fault.value));
    }
    if (fault.then == Then::repair_ip_checksum) repair_ip_checksum(frame);
    if (fault.then == Then::drop_udp_checksum) store_be16(&frame[udp_at + 6], 0);
    EXPECT_EQ(name_of(verdict_of(frame)), name_of(fault.verdict)) << fault.name;
  }
  EXPECT_EQ(verdict_of(Bytes(frame_bytes_max + 1)), FrameVerdict::oversized);
  EXPECT_EQ(verdict_of(frame_to_spoil()), FrameVerdict::good);
}

TEST(Frames, of_several_faults_the_outermost_is_named) {
  Bytes frame = frame_to_spoil();
  store_be16(&frame[udp_at + 4], 13);
  EXPECT_EQ(verdict_of(frame), FrameVerdict::udp_length);
  store_be16(&frame[ip_at + 6], 0x2000);
  repair_ip_checksum(frame);
  EXPECT_EQ(verdict_of(frame), FrameVerdict::ip_fragment);
  frame[ip_at + 10] ^= std::byte{1};
  EXPECT_EQ(verdict_of(frame), FrameVerdict::ip_checksum);
  set_byte(frame, ip_at, 0x65);
  EXPECT_EQ(verdict_of(frame), FrameVerdict::ip_version);
  store_be16(&frame[12], 0x8100);
  EXPECT_EQ(verdict_of(frame), FrameVerdict::vlan_tagged);
}

TEST(Frames, ip_options_are_skipped) {
  Bytes frame = udp_frame("four");
  frame.resize(46);
  frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(udp_at), 4, std::byte{1});  // No-ops.
  set_byte(frame, ip_at, 0x46);
  store_be16(&frame[ip_at + 2], 36);
  repair_ip_checksum(frame);
  UdpPacket udp;
  ASSERT_EQ(read_whole(frame, udp), FrameVerdict::good);
  EXPECT_EQ(udp.payload.size(), 4u);
  EXPECT_EQ(udp.source, client);
}

TEST(Frames, a_udp_checksum_of_zero_is_none) {
  Bytes frame = udp_frame("payload");
  store_be16(&frame[udp_at + 6], 0);
  frame[udp_payload_offset] ^= std::byte{0xFF};
  EXPECT_EQ(verdict_of(frame), FrameVerdict::good);
}

TEST(Frames, a_card_that_verified_the_checksums_is_believed) {
  Bytes frame = udp_frame("payload");
  frame[udp_at + 6] ^= std::byte{1};
  frame[ip_at + 10] ^= std::byte{1};
  EXPECT_EQ(verdict_of(frame, false), FrameVerdict::ip_checksum);
  EXPECT_EQ(verdict_of(frame, true), FrameVerdict::good);
}

// The one payload in 65,536 whose checksum comes out as zero must not look as if it had none.
TEST(Frames, a_computed_checksum_of_zero_is_sent_as_all_ones) {
  bool seen = false;
  for (unsigned value = 0; value <= 0xFFFF; ++value) {
    const std::string payload{static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
    Bytes frame = udp_frame(payload);
    const std::uint16_t sum = load_be16(&frame[udp_at + 6]);
    ASSERT_NE(sum, 0);
    if (sum != 0xFFFF) continue;
    seen = true;
    EXPECT_EQ(verdict_of(frame), FrameVerdict::good);
  }
  EXPECT_TRUE(seen);
}

TEST(Frames, a_group_maps_to_its_low_23_bits_and_is_sent_one_hop) {
  EXPECT_EQ(multicast_mac(ipv4(239, 192, 77, 1)), (MacAddress{0x01, 0, 0x5E, 0x40, 77, 1}));
  EXPECT_EQ(multicast_mac(ipv4(224, 128, 0, 5)), (MacAddress{0x01, 0, 0x5E, 0, 0, 5}));
  const Bytes to_group = udp_frame("x", {ipv4(239, 192, 77, 1), 7101});
  EXPECT_EQ(to_group[ip_at + 8], std::byte{1});
  EXPECT_EQ(udp_frame("x")[ip_at + 8], std::byte{64});
}

TEST(Frames, arp_reads_back_and_is_refused_when_malformed_or_cut) {
  const ArpPacket request{.operation = ArpPacket::Operation::request,
                          .sender_mac = client_mac,
                          .sender_ip = client.ip,
                          .target_ip = engine.ip};
  Bytes frame(frame_bytes_min);
  ASSERT_EQ(write_arp_frame(frame.data(), broadcast_mac, request), frame_bytes_min);
  const auto arp_of = [](const Bytes& bytes) { return std::span(bytes).subspan(ip_at, arp_bytes); };
  ArpPacket read;
  ASSERT_EQ(read_arp(arp_of(frame), read), FrameVerdict::good);
  EXPECT_EQ(read.operation, request.operation);
  EXPECT_EQ(read.sender_mac, request.sender_mac);
  EXPECT_EQ(read.sender_ip, request.sender_ip);
  EXPECT_EQ(read.target_ip, request.target_ip);

  for (std::size_t size = 0; size < arp_bytes; ++size) {
    EXPECT_EQ(read_arp(arp_of(frame).first(size), read), FrameVerdict::truncated);
  }
  for (const std::size_t at : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u}) {
    Bytes wrong = frame;
    wrong[ip_at + at] ^= std::byte{0x80};
    EXPECT_EQ(read_arp(arp_of(wrong), read), FrameVerdict::arp_malformed) << at;
  }
  Bytes group_sender = frame;
  group_sender[ip_at + 8] |= std::byte{1};
  EXPECT_EQ(read_arp(arp_of(group_sender), read), FrameVerdict::arp_malformed);
}

TEST(Frames, every_verdict_has_a_name) {
  for (std::size_t i = 0; i < frame_verdicts; ++i) {
    EXPECT_NE(name_of(static_cast<FrameVerdict>(i)), "unknown");
  }
}

TEST(Endpoints, text_reads_back_and_wrong_text_is_refused) {
  EXPECT_EQ(endpoint_from_text("10.77.0.1:7002"), engine);
  EXPECT_EQ(to_text(engine), "10.77.0.1:7002");
  EXPECT_EQ(ip_from_text("239.192.77.1"), ipv4(239, 192, 77, 1));
  for (const char* wrong : {"", "10.77.0", "10.77.0.1.2", "256.0.0.1", "10.77.0.01", "a.b.c.d",
                            "10.77.0.1 ", "-1.0.0.0", "10..0.1"}) {
    EXPECT_FALSE(ip_from_text(wrong)) << wrong;
  }
  for (const char* wrong : {"10.77.0.1", "10.77.0.1:", "10.77.0.1:65536", "10.77.0.1:x", ":7002"}) {
    EXPECT_FALSE(endpoint_from_text(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace basalt::net
