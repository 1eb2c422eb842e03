// ITCH 5.0: the bytes of messages and the exactness of the decoder.
#include "feedhandlers/market_data/itch50.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <utility>

#include "tests/unit/wire_fields.h"

namespace basalt::itch50 {
namespace {

using wire_fields::Bytes;

template <std::size_t size>
Bytes bytes_of(const char (&text)[size]) {
  return wire_fields::to_bytes(std::as_bytes(std::span(text, size - 1)));
}

TEST(Itch50, every_message_has_its_published_length) {
  const std::pair<char, int> table[] = {
      {'S', 12}, {'R', 39}, {'H', 25}, {'Y', 20}, {'L', 26}, {'V', 35},
      {'W', 12}, {'K', 28}, {'J', 35}, {'h', 21}, {'A', 36}, {'F', 40},
      {'E', 31}, {'C', 36}, {'X', 23}, {'D', 19}, {'U', 35}, {'P', 44},
      {'Q', 40}, {'B', 19}, {'I', 50}, {'N', 20}, {'O', 48}, {'z', 37},  // The last two are this
      {'b', 32},                                                         //   venue's own.
  };
  int known = 0;
  for (const std::uint8_t length : length_of) known += length != 0 ? 1 : 0;
  EXPECT_EQ(known, static_cast<int>(std::size(table)));
  for (const auto& [type, length] : table) {
    EXPECT_EQ(length_of[static_cast<unsigned char>(type)], length) << type;
  }
}

TEST(Itch50, the_fields_that_tests_walk_cover_every_byte) {
  wire_fields::for_each_message(wire_fields::Itch{}, []<typename M>() {
    EXPECT_EQ(sizeof(Prefix) + wire_fields::fields_bytes<M>(), sizeof(M)) << M::type;
  });
}

TEST(Itch50, add_order_has_the_published_bytes) {
  Bytes out(sizeof(AddOrder));
  AddOrder* const add = wire::emplace<AddOrder>(out);
  add->prefix.stock_locate = 0x0102;
  add->prefix.tracking_number = 0x0304;
  add->prefix.time = 0x0506'0708'090A;
  add->order_reference = 0x1112'1314'1516'1718;
  add->side = Side::sell;
  add->shares = 0x2122'2324;
  add->stock = "AAPL";
  add->price = 0x3132'3334;
  EXPECT_EQ(out, bytes_of("A\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A"
                          "\x11\x12\x13\x14\x15\x16\x17\x18S\x21\x22\x23\x24"
                          "AAPL    \x31\x32\x33\x34"));
}

TEST(Itch50, instrument_scale_has_the_documented_bytes) {
  Bytes out(sizeof(InstrumentScale));
  InstrumentScale* const scale = wire::emplace<InstrumentScale>(out);
  scale->prefix.stock_locate = 2;
  scale->stock = "BTC-USD";
  scale->price_decimals = 4;
  scale->price_tick = 100;
  scale->lot_decimals = 8;
  scale->lot = 1;
  scale->price_max = 0x7735'939C;
  scale->shares_max = 0xFFFF'FFFF;
  EXPECT_EQ(out, bytes_of("z\0\x02\0\0\0\0\0\0\0\0BTC-USD \x04\0\0\0\x64\x08\0\0\0\x01"
                          "\x77\x35\x93\x9C\xFF\xFF\xFF\xFF"));
}

TEST(Itch50, price_bands_have_the_documented_bytes) {
  Bytes out(sizeof(PriceBands));
  PriceBands* const bands = wire::emplace<PriceBands>(out);
  bands->prefix.stock_locate = 1;
  bands->stock = "AAPL";
  bands->reference_price = 0x0102'0304;
  bands->upper_price = 0x1112'1314;
  bands->lower_price = 0x2122'2324;
  bands->limit_state = 'B';
  EXPECT_EQ(out, bytes_of("b\0\x01\0\0\0\0\0\0\0\0AAPL    \x01\x02\x03\x04"
                          "\x11\x12\x13\x14\x21\x22\x23\x24"
                          "B"));
}

TEST(Itch50, a_message_of_any_other_length_is_refused) {
  wire_fields::for_each_message(wire_fields::Itch{}, []<typename M>() {
    Bytes message(sizeof(M) + 1);
    ASSERT_NE(wire::emplace<M>(message), nullptr);
    for (std::size_t size = 1; size < sizeof(M); ++size) {
      // A copy of its own, so that a read behind the end is one behind the allocation.
      const Bytes cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(decode(cut).error(), DecodeError::truncated) << M::type << ' ' << size;
    }
    EXPECT_EQ(decode(message).error(), DecodeError::trailing_bytes);
    message.pop_back();
    const Decoded decoded = decode(message);
    ASSERT_EQ(decoded.error(), DecodeError::none);
    EXPECT_EQ(decoded.type(), M::type);
  });
}

TEST(Itch50, nothing_and_unknown_types_are_told_apart) {
  EXPECT_EQ(decode({}).error(), DecodeError::empty);
  for (int type = 0; type < 256; ++type) {
    const Bytes message(64, static_cast<std::byte>(type));
    EXPECT_EQ(decode(message).error() == DecodeError::unknown_type,
              length_of[static_cast<std::size_t>(type)] == 0)
        << type;
  }
}

TEST(Itch50, a_message_is_not_made_where_it_has_no_room) {
  Bytes out(sizeof(OrderReplace) - 1, std::byte{0xEE});
  EXPECT_EQ(wire::emplace<OrderReplace>(out), nullptr);
  EXPECT_EQ(out, Bytes(sizeof(OrderReplace) - 1, std::byte{0xEE}));
}

}  // namespace
}  // namespace basalt::itch50
