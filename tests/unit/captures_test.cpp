// Bytes of real venues decode, and encode to the same bytes again. The captures are reached through
// BASALT_DATA; the pcap reader and a session made here are tested without it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "feedhandlers/market_data/itch50.h"
#include "feedhandlers/market_data/moldudp64.h"
#include "feedhandlers/order_entry/ouch50.h"
#include "feedhandlers/order_entry/soupbintcp.h"
#include "tests/unit/pcap.h"
#include "tests/unit/wire_fields.h"

namespace basalt {
namespace {

using wire_fields::Bytes;
using wire_fields::rebuilt;
using wire_fields::to_bytes;

std::optional<std::filesystem::path> data_folder() {
  const char* const folder = std::getenv("BASALT_DATA");
  return folder == nullptr ? std::nullopt : std::optional<std::filesystem::path>(folder);
}

std::vector<std::filesystem::path> captures(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".pcap") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

// A datagram taken apart into its messages, and built again by the packet builder.
Bytes rebuilt(const moldudp64::Datagram& datagram, std::size_t size, std::map<char, int>& counted) {
  Bytes out(size);
  moldudp64::PacketBuilder builder(out, datagram.header().session, datagram.header().sequence);
  for (const auto message : datagram.blocks()) {
    const itch50::Decoded decoded = itch50::decode(message);
    EXPECT_EQ(decoded.error(), itch50::DecodeError::none);
    if (decoded.error() != itch50::DecodeError::none) return {};
    ++counted[decoded.type()];
    EXPECT_TRUE(builder.add(rebuilt(decoded)));
  }
  return to_bytes(builder.datagram());
}

// A TCP payload taken apart into packets and these into OUCH messages, and built again.
Bytes rebuilt(std::span<const std::byte> stream, std::map<char, int>& counted) {
  Bytes out;
  soupbintcp::PacketReader<> reader;
  std::span<const std::byte> body;
  reader.offer(stream);
  while (reader.next(body) == soupbintcp::ReadStatus::packet) {
    const soupbintcp::Packet packet = soupbintcp::decode(body);
    EXPECT_EQ(packet.error, soupbintcp::DecodeError::none);
    Bytes payload;
    if (packet.type == soupbintcp::PacketType::unsequenced_data) {
      const ouch50::Inbound decoded = ouch50::decode_inbound(packet.payload());
      EXPECT_EQ(decoded.error(), ouch50::DecodeError::none);
      payload = rebuilt(decoded);
      ++counted[decoded.type()];
    } else if (packet.type == soupbintcp::PacketType::sequenced_data) {
      const ouch50::Outbound decoded = ouch50::decode_outbound(packet.payload());
      EXPECT_EQ(decoded.error(), ouch50::DecodeError::none);
      payload = rebuilt(decoded);
      ++counted[decoded.type()];
    } else {
      ++counted[static_cast<char>(packet.type)];
    }
    const std::size_t at = out.size();
    out.resize(at + soupbintcp::header_bytes + payload.size());
    std::ranges::copy(payload, out.begin() + static_cast<std::ptrdiff_t>(at + 3));
    EXPECT_NE(soupbintcp::frame(std::span(out).subspan(at), packet.type, payload.size()), 0U);
  }
  EXPECT_EQ(reader.held_bytes(), 0U);
  return out;
}

TEST(Captures, itch_datagrams_of_real_venues_are_rebuilt_byte_for_byte) {
  const auto data = data_folder();
  if (!data) GTEST_SKIP() << "BASALT_DATA is not set";
  std::map<char, int> counted;
  int datagrams = 0;
  for (const auto& path : captures(*data / "captures" / "itch50")) {
    SCOPED_TRACE(path.filename().string());
    const auto payloads = pcap::read(path);
    ASSERT_FALSE(payloads.empty());
    for (const auto& payload : payloads) {
      ASSERT_EQ(payload.protocol, pcap::Protocol::udp);
      const auto datagram = moldudp64::decode(payload.bytes);
      ASSERT_EQ(datagram.error(), moldudp64::DecodeError::none);
      EXPECT_EQ(rebuilt(datagram, payload.bytes.size(), counted), payload.bytes);
      ++datagrams;
    }
  }
  int messages = 0;
  for (const auto& [type, count] : counted) messages += count;
  std::printf("%d datagrams, %d messages of %zu types\n", datagrams, messages, counted.size());
  EXPECT_GE(counted.size(), 7U);
}

TEST(Captures, ouch_packets_of_real_venues_are_rebuilt_byte_for_byte) {
  const auto data = data_folder();
  if (!data) GTEST_SKIP() << "BASALT_DATA is not set";
  std::map<char, int> counted;
  for (const auto& path : captures(*data / "captures" / "ouch50")) {
    SCOPED_TRACE(path.filename().string());
    const auto payloads = pcap::read(path);
    ASSERT_FALSE(payloads.empty());
    for (const auto& payload : payloads) {
      ASSERT_EQ(payload.protocol, pcap::Protocol::tcp);
      EXPECT_EQ(rebuilt(payload.bytes, counted), payload.bytes);
    }
  }
  EXPECT_THAT(counted, testing::ElementsAre(testing::Pair('A', 1), testing::Pair('O', 1),
                                            testing::Pair('R', 1)));
}

TEST(Captures, a_captured_order_reads_as_what_it_was) {
  const auto data = data_folder();
  if (!data) GTEST_SKIP() << "BASALT_DATA is not set";
  const auto payloads = pcap::read(*data / "captures" / "ouch50" / "EnterOrderMessage.pcap");
  ASSERT_EQ(payloads.size(), 1U);
  const auto decoded = ouch50::decode_inbound(std::span(payloads[0].bytes).subspan(3));
  ASSERT_EQ(decoded.error(), ouch50::DecodeError::none);
  const auto& enter = decoded.as<ouch50::EnterOrder>();
  EXPECT_EQ(enter.user_ref_num, 113U);
  EXPECT_EQ(enter.side, ouch50::Side::sell_short);
  EXPECT_EQ(enter.quantity, 225U);
  EXPECT_EQ(enter.symbol.view(), "CVLT");
  EXPECT_EQ(enter.price, 630'200U);
  EXPECT_EQ(enter.client_order_id.view(), "H8FUB8IV");
  const auto* const firm = decoded.appendage().find<wire::Alpha<4>>(ouch50::Tag::firm);
  ASSERT_NE(firm, nullptr);
  EXPECT_EQ(firm->view(), "LIME");
}

TEST(Captures, a_thousand_messages_of_a_real_day_are_rebuilt_byte_for_byte) {
  const auto data = data_folder();
  if (!data) GTEST_SKIP() << "BASALT_DATA is not set";
  std::size_t messages = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*data / "itch50")) {
    if (entry.path().extension() != ".itch") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> content((std::istreambuf_iterator<char>(file)), {});
    std::span<const std::byte> rest = std::as_bytes(std::span(content));
    while (!rest.empty()) {
      ASSERT_GE(rest.size(), sizeof(wire::U16));
      const std::size_t length = wire::overlay<wire::U16>(rest.data());
      ASSERT_GE(rest.size(), sizeof(wire::U16) + length);
      const auto message = rest.subspan(sizeof(wire::U16), length);
      const auto decoded = itch50::decode(message);
      ASSERT_EQ(decoded.error(), itch50::DecodeError::none) << "message " << messages;
      ASSERT_EQ(rebuilt(decoded), to_bytes(message)) << "message " << messages;
      rest = rest.subspan(sizeof(wire::U16) + length);
      ++messages;
    }
  }
  EXPECT_EQ(messages, 1'000U);
}

// What the reader is proven with where there are no captures: a frame of each kind, made here.
Bytes ethernet(bool vlan, pcap::Protocol protocol, const Bytes& payload, std::size_t trailer) {
  const std::size_t header = protocol == pcap::Protocol::udp ? 8 : 20;
  const std::size_t ip_at = vlan ? 18 : 14;
  Bytes frame(ip_at + 20 + header + payload.size() + trailer);
  const auto put = [&frame](std::size_t at, std::uint16_t value) {
    const wire::U16 field = value;
    std::memcpy(&frame[at], &field, sizeof field);
  };
  if (vlan) put(12, 0x8100);
  put(ip_at - 2, 0x0800);
  frame[ip_at] = std::byte{0x45};
  put(ip_at + 2, static_cast<std::uint16_t>(20 + header + payload.size()));
  frame[ip_at + 9] = static_cast<std::byte>(protocol);
  put(ip_at + 20, 1'111);
  put(ip_at + 22, 2'222);
  if (protocol == pcap::Protocol::tcp) frame[ip_at + 20 + 12] = std::byte{0x50};
  std::ranges::copy(payload, frame.begin() + static_cast<std::ptrdiff_t>(ip_at + 20 + header));
  return frame;
}

TEST(Pcap, finds_the_payload_behind_tags_and_before_trailers) {
  const Bytes payload{std::byte{1}, std::byte{2}, std::byte{3}};
  for (const bool vlan : {false, true}) {
    for (const auto protocol : {pcap::Protocol::udp, pcap::Protocol::tcp}) {
      const auto found = pcap::payload_of(ethernet(vlan, protocol, payload, 12));
      ASSERT_TRUE(found);
      EXPECT_EQ(found->bytes, payload);
      EXPECT_EQ(found->protocol, protocol);
      EXPECT_EQ(found->source_port, 1'111);
      EXPECT_EQ(found->destination_port, 2'222);
    }
  }
}

TEST(Pcap, a_frame_cut_anywhere_is_never_read_past_its_end) {
  const Bytes payload(5);
  for (const auto protocol : {pcap::Protocol::udp, pcap::Protocol::tcp}) {
    const Bytes whole = ethernet(true, protocol, payload, 0);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(pcap::payload_of(cut)) << size;
    }
  }
}

}  // namespace
}  // namespace basalt
