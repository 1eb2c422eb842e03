// OUCH 5.0: the bytes of messages, the exactness of the decoder, appendages, and reject codes.
#include "feedhandlers/order_entry/ouch50.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <set>
#include <string_view>

#include "feedhandlers/order_entry/ouch50_reject.h"
#include "tests/unit/wire_fields.h"

namespace basalt::ouch50 {
namespace {

using wire_fields::Bytes;

Bytes operator""_hex(const char* digits, std::size_t size) {
  Bytes bytes;
  int high = -1;
  for (const char c : std::string_view(digits, size)) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : c - 'A' + 10;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<std::byte>(high * 16 + digit));
      high = -1;
    }
  }
  return bytes;
}

std::span<const std::byte> first(const Bytes& bytes, std::size_t size) {
  return std::span(bytes).first(size);
}

// A message as the encoder makes it, with these elements.
struct Option {
  Tag tag;
  Bytes value;
};
template <typename M>
Bytes made(std::initializer_list<Option> options = {}) {
  Bytes out(512);
  Encoder<M> encoder(out);
  EXPECT_TRUE(encoder);
  if constexpr (M::tail != Tail::none) {
    for (const Option& option : options) {
      EXPECT_TRUE(encoder.add(option.tag, std::span<const std::byte>(option.value)));
    }
  }
  out.resize(encoder.size_bytes());
  return out;
}

TEST(Ouch50, enter_order_has_the_published_bytes) {
  Bytes out(64);
  Encoder<EnterOrder> order(out);
  order->user_ref_num = 7;
  order->side = Side::buy;
  order->quantity = 100;
  order->symbol = "AAPL";
  order->price = 1'501'500;
  order->time_in_force = TimeInForce::day;
  order->display = Display::visible;
  order->capacity = Capacity::principal;
  order->intermarket_sweep = YesNo::no;
  order->cross_type = CrossType::continuous;
  order->client_order_id = "MINE 1";
  ASSERT_TRUE(order.add(Tag::account, wire::U32(513)));
  out.resize(order.size_bytes());
  EXPECT_EQ(out,
            "4F 00000007 42 00000064 4141504C20202020 000000000016E93C 30 59 50 4E 4E"
            "4D494E4520312020202020202020 0006 05 80 00000201"_hex);
}

TEST(Ouch50, rejected_has_the_published_bytes) {
  Bytes out(sizeof(Rejected));
  Rejected* const rejected = wire::emplace<Rejected>(out);
  rejected->time = 34'200'000'000'000;
  rejected->user_ref_num = 0x01020304;
  rejected->reason = RejectReason::invalid_price;
  rejected->client_order_id = "ABCDEFGHIJKLMN";
  EXPECT_EQ(out, "4A 00001F1ACED9F000 01020304 001D 4142434445464748494A4B4C4D4E"_hex);
}

TEST(Ouch50, canceled_and_executed_have_the_published_bytes) {
  Bytes out(sizeof(Canceled));
  Canceled* const canceled = wire::emplace<Canceled>(out);
  canceled->time = 1;
  canceled->user_ref_num = 2;
  canceled->quantity = 3;
  canceled->reason = CancelReason::user;
  EXPECT_EQ(out, "43 0000000000000001 00000002 00000003 55"_hex);

  out.assign(sizeof(Executed), std::byte{0xEE});
  Executed* const executed = wire::emplace<Executed>(out);
  executed->time = 1;
  executed->user_ref_num = 2;
  executed->quantity = 3;
  executed->price = 4;
  executed->liquidity = LiquidityFlag::removed;
  executed->match_number = 5;
  EXPECT_EQ(out,
            "45 0000000000000001 00000002 00000003 0000000000000004 52 0000000000000005 0000"_hex);
}

TEST(Ouch50, a_new_message_has_its_type_and_no_trace_of_what_lay_there) {
  const auto check = []<typename M>() {
    Bytes out(sizeof(M), std::byte{0xEE});
    ASSERT_NE(wire::emplace<M>(out), nullptr);
    EXPECT_EQ(static_cast<char>(out[0]), M::type);
    for (const std::byte byte : out) EXPECT_NE(byte, std::byte{0xEE}) << M::type;
  };
  wire_fields::for_each_message(wire_fields::OuchInbound{}, check);
  wire_fields::for_each_message(wire_fields::OuchOutbound{}, check);
}

TEST(Ouch50, the_fields_that_tests_walk_cover_every_byte) {
  const auto check = []<typename M>() {
    const std::size_t length_bytes = M::tail == Tail::always ? 2 : 0;
    EXPECT_EQ(1 + wire_fields::fields_bytes<M>() + length_bytes, sizeof(M)) << M::type;
  };
  wire_fields::for_each_message(wire_fields::OuchInbound{}, check);
  wire_fields::for_each_message(wire_fields::OuchOutbound{}, check);
}

template <typename M>
DecodeError error_of(std::span<const std::byte> bytes) {
  return decode<M::direction>(bytes).error();
}

TEST(Ouch50, every_message_cut_at_every_byte_is_refused) {
  const auto check = []<typename M>() {
    const Bytes whole = M::tail == Tail::none
                            ? made<M>()
                            : made<M>({{Tag::user_ref_index, Bytes(1)}, {Tag::firm, Bytes(4)}});
    EXPECT_EQ(error_of<M>(whole), DecodeError::none) << M::type;
    EXPECT_EQ(error_of<M>({}), DecodeError::empty);
    for (std::size_t size = 1; size < whole.size(); ++size) {
      // An optional tail may be left away as a whole, and in no other way.
      const bool whole_without_tail = M::tail == Tail::optional && size == sizeof(M);
      EXPECT_EQ(error_of<M>(first(whole, size)),
                whole_without_tail ? DecodeError::none : DecodeError::truncated)
          << M::type << ' ' << size;
    }
  };
  wire_fields::for_each_message(wire_fields::OuchInbound{}, check);
  wire_fields::for_each_message(wire_fields::OuchOutbound{}, check);
}

TEST(Ouch50, a_byte_behind_a_message_is_refused) {
  const auto check = []<typename M>() {
    Bytes message = made<M>({{Tag::user_ref_index, Bytes(1)}});
    message.push_back(std::byte{0});
    EXPECT_EQ(error_of<M>(message), DecodeError::trailing_bytes) << M::type;
  };
  wire_fields::for_each_message(wire_fields::OuchInbound{}, check);
  wire_fields::for_each_message(wire_fields::OuchOutbound{}, check);
}

TEST(Ouch50, types_that_no_message_has_are_unknown) {
  const auto unknown = [](auto messages, auto direction) {
    int known = 0;
    for (int type = 0; type < 256; ++type) {
      const Bytes bytes(256, static_cast<std::byte>(type));
      const bool expected =
          wire_fields::with_type(messages, static_cast<char>(type), []<typename>() {});
      known += expected ? 1 : 0;
      EXPECT_EQ(decode<decltype(direction)::value>(bytes).error() != DecodeError::unknown_type,
                expected)
          << type;
    }
    return known;
  };
  EXPECT_EQ(
      unknown(wire_fields::OuchInbound{}, std::integral_constant<Direction, Direction::inbound>{}),
      20);
  EXPECT_EQ(unknown(wire_fields::OuchOutbound{},
                    std::integral_constant<Direction, Direction::outbound>{}),
            19);
}

// The venue's own messages, as EXTENSIONS.md has them. What the standard has stays as it is.
template <typename M, typename Fill>
Bytes admin(Fill&& fill) {
  Bytes out(sizeof(M));
  M& message = *wire::emplace<M>(out);
  message.user_ref_num = 0x01020304;
  message.external_id = ExternalIdBytes::Bytes{0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7,
                                               0xA8, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF};
  fill(message);
  return out;
}

TEST(Ouch50, administrative_commands_have_the_specified_bytes) {
  const auto pay = [](auto& payment) {
    payment.account = "MAKER1";
    payment.asset = "USD";
    payment.amount = (static_cast<uint128>(0x0102) << 64) | 0x0304;
  };
  const Bytes paid =
      "01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 4D414B455231202020202020202020"
      "5553442020202020202020 0000000000000102 0000000000000304"_hex;
  Bytes deposit = "64"_hex;
  deposit.insert(deposit.end(), paid.begin(), paid.end());
  EXPECT_EQ(admin<Deposit>(pay), deposit);
  Bytes withdraw = "77"_hex;
  withdraw.insert(withdraw.end(), paid.begin(), paid.end());
  EXPECT_EQ(admin<Withdraw>(pay), withdraw);

  EXPECT_EQ(admin<SetFees>([](SetFees& fees) {
              fees.symbol = "AAPL";
              fees.maker_ppm = -2;
              fees.taker_ppm = 3;
            }),
            "66 01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 4141504C20202020 FFFFFFFE 00000003"_hex);
  EXPECT_EQ(admin<SetInstrumentState>([](SetInstrumentState& state) {
              state.symbol = "BTC-USD";
              state.state = TradingState::halted;
            }),
            "69 01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 4254432D55534420 48"_hex);
  EXPECT_EQ(admin<SetAccountState>([](SetAccountState& state) {
              state.account = "MAKER1";
              state.status = AccountStatus::suspended;
            }),
            "61 01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 4D414B455231202020202020202020 53"_hex);
  EXPECT_EQ(admin<SetLimit>([](SetLimit& limit) {
              limit.limit = LimitType::collar;
              limit.symbol = "AAPL";
              limit.value = 500'000;
            }),
            "6C 01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 43 202020202020202020202020202020"
            "4141504C20202020 0000000000000000000000000007A120"_hex);
  EXPECT_EQ(admin<TellMarketEvent>(
                [](TellMarketEvent& told) { told.event = MarketEventCode::end_of_day; }),
            "65 01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 45"_hex);
  EXPECT_EQ(admin<HaltMarket>([](HaltMarket& halt) {
              halt.level = HaltLevel::second;
              halt.halt_seconds = 900;
              halt.auction_seconds = 300;
            }),
            "62 01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 32 00000384 0000012C"_hex);
  EXPECT_EQ(admin<SetHaltLevels>([](SetHaltLevels& levels) {
              levels.level_1 = 465'000'000'000;
              levels.level_2 = 435'000'000'000;
              levels.level_3 = 400'000'000'000;
            }),
            "76 01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 0000006C4428EA00 0000006548053E00"
            "0000005D21DBA000"_hex);
  EXPECT_EQ(admin<CancelOrders>([](CancelOrders& cancel) {
              cancel.symbol = "AAPL";
              cancel.side = CancelSide::sell;
            }),
            "63 01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 202020202020202020202020202020"
            "4141504C20202020 53"_hex);
  EXPECT_EQ(admin<AdminResponse>([](AdminResponse& response) {
              response.time = 34'200'000'000'000;
              response.reason = 82;
            }),
            "72 00001F1ACED9F000 01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 0052"_hex);
}

TEST(Ouch50, administrative_commands_decode_to_what_was_written) {
  const Bytes bytes =
      "64 01020304 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF 4D414B455231202020202020202020"
      "5553442020202020202020 8000000000000000 0000000000000001"_hex;
  const Inbound decoded = decode_inbound(bytes);
  ASSERT_EQ(decoded.error(), DecodeError::none);
  const auto& deposit = decoded.as<Deposit>();
  EXPECT_EQ(deposit.user_ref_num, 0x01020304U);
  EXPECT_EQ(deposit.external_id.value()[0], 0xA0);
  EXPECT_EQ(deposit.external_id.value()[15], 0xAF);
  EXPECT_EQ(deposit.account.view(), "MAKER1");
  EXPECT_EQ(deposit.asset.view(), "USD");
  EXPECT_TRUE(deposit.amount.value() == ((static_cast<uint128>(1) << 127) | 1));
}

TEST(Ouch50, an_optional_tail_of_no_elements_is_whole) {
  Bytes out(sizeof(CancelOrder) + 2);
  Encoder<CancelOrder> cancel(out);
  EXPECT_EQ(cancel.size_bytes(), sizeof(CancelOrder));
  ASSERT_TRUE(cancel.add_empty_tail());
  EXPECT_EQ(cancel.size_bytes(), sizeof(CancelOrder) + 2);
  const Inbound decoded = decode_inbound(out);
  EXPECT_EQ(decoded.error(), DecodeError::none);
  EXPECT_TRUE(decoded.appendage().empty());
}

TEST(Ouch50, malformed_appendages_are_refused_and_the_order_can_still_be_named) {
  struct Case {
    Bytes appendage;
    DecodeError error;
  };
  const Case cases[] = {
      {"00"_hex, DecodeError::appendage_malformed},            // No tag.
      {"01"_hex, DecodeError::appendage_malformed},            // Runs over the end.
      {"05 02 4C494D"_hex, DecodeError::appendage_malformed},  // One byte short.
      {"02 0C 50 00"_hex, DecodeError::appendage_malformed},   // The second has no tag.
      {"FF 80 00"_hex, DecodeError::appendage_malformed},
      {"04 02 4C494D"_hex, DecodeError::appendage_value_size},
      {"06 80 0000000100"_hex, DecodeError::appendage_value_size},
      {"01 0C"_hex, DecodeError::appendage_value_size},
      {"02 0C 50 02 0C 4E"_hex, DecodeError::appendage_tag_repeats},
      {"02 C8 50 02 C8 4E"_hex, DecodeError::appendage_tag_repeats},  // Unknown ones too.
      {"01 C8"_hex, DecodeError::none},                               // Unknown, and well-formed.
      {"05 C8 00000000"_hex, DecodeError::none},
  };
  for (const Case& c : cases) {
    Bytes message = made<EnterOrder>();
    EnterOrder& order = *reinterpret_cast<EnterOrder*>(message.data());
    order.user_ref_num = 42;
    order.appendage_length = static_cast<std::uint16_t>(c.appendage.size());
    message.insert(message.end(), c.appendage.begin(), c.appendage.end());
    const Inbound decoded = decode_inbound(message);
    EXPECT_EQ(decoded.error(), c.error);
    EXPECT_TRUE(has_fixed_part(decoded.error()));
    EXPECT_EQ(decoded.as<EnterOrder>().user_ref_num, 42U);
    EXPECT_EQ(decoded.appendage().empty(), c.error != DecodeError::none);
  }
}

TEST(Ouch50, options_are_found_by_tag_whatever_their_order) {
  const Bytes message = made<EnterOrder>({{Tag::external_id, Bytes(16, std::byte{9})},
                                          {Tag::post_only, "50"_hex},
                                          {Tag::peg_offset, "FFFFFF9C"_hex},
                                          {Tag::account, "00000005"_hex}});
  const Inbound decoded = decode_inbound(message);
  ASSERT_EQ(decoded.error(), DecodeError::none);
  const Appendage options = decoded.appendage();
  ASSERT_NE(options.find<wire::U32>(Tag::account), nullptr);
  EXPECT_EQ(*options.find<wire::U32>(Tag::account), 5U);
  EXPECT_EQ(*options.find<wire::I32>(Tag::peg_offset), -100);
  EXPECT_EQ(*options.find<char>(Tag::post_only), 'P');
  EXPECT_EQ((*options.find<std::array<char, external_id_bytes>>(Tag::external_id))[15], 9);
  EXPECT_EQ(options.find<wire::U64>(Tag::account), nullptr);  // Not of this size.
  EXPECT_EQ(options.find<wire::U32>(Tag::min_quantity), nullptr);
}

TEST(Ouch50, the_encoder_writes_nothing_that_has_no_room) {
  Bytes untouched(sizeof(Accepted), std::byte{0xEE});
  for (std::size_t size = 0; size < sizeof(Accepted); ++size) {
    EXPECT_FALSE(Encoder<Accepted>(std::span(untouched).first(size)));
  }
  EXPECT_EQ(untouched, Bytes(sizeof(Accepted), std::byte{0xEE}));
  Bytes out(sizeof(Accepted) + 5);
  Encoder<Accepted> accepted(out);
  EXPECT_FALSE(accepted.add(Tag::account, wire::U32(1)));  // Needs six bytes.
  EXPECT_EQ(accepted.size_bytes(), sizeof(Accepted));
  EXPECT_TRUE(accepted.add(Tag::post_only, 'P'));
  EXPECT_EQ(accepted.size_bytes(), sizeof(Accepted) + 3);
  EXPECT_EQ(decode_outbound(first(out, accepted.size_bytes())).error(), DecodeError::none);

  Bytes short_tail(sizeof(CancelOrder) + 1);
  Encoder<CancelOrder> cancel(short_tail);
  EXPECT_TRUE(cancel);
  EXPECT_FALSE(cancel.add(Tag::user_ref_index, std::uint8_t{1}));
  EXPECT_FALSE(cancel.add_empty_tail());
  EXPECT_EQ(cancel.size_bytes(), sizeof(CancelOrder));
}

TEST(Ouch50, an_appendage_stops_at_what_its_length_can_say) {
  Bytes out(100'000);
  AppendageWriter writer(out);
  const Bytes longest(254);
  const Bytes longer(255);
  EXPECT_FALSE(writer.add(Tag{200}, std::span<const std::byte>(longer)));
  while (writer.add(Tag{200}, std::span<const std::byte>(longest))) {
  }
  EXPECT_LE(writer.size_bytes(), 65'535U);
  EXPECT_GT(writer.size_bytes(), 65'535U - 256);
}

TEST(Ouch50, every_refusal_of_the_engine_has_a_code_that_ouch_knows) {
  const std::pair<Reject, int> table[] = {
      {Reject::invalid_side, 0x09},          {Reject::invalid_time_in_force, 0x0F},
      {Reject::invalid_display, 0x03},       {Reject::invalid_cross_type, 0x14},
      {Reject::invalid_option, 0x0F},        {Reject::unknown_instrument, 0x17},
      {Reject::account_not_permitted, 0x0C}, {Reject::account_suspended, 0x0C},
      {Reject::instrument_closed, 0x02},     {Reject::instrument_halted, 0x07},
      {Reject::invalid_quantity, 0x13},      {Reject::invalid_price, 0x1D},
      {Reject::notional_exceeded, 0x30},     {Reject::no_reference_price, 0x2C},
      {Reject::insufficient_funds, 0x20},    {Reject::open_orders_exceeded, 0x20},
      {Reject::outside_collar, 0x06},        {Reject::not_live, 0x15},
      {Reject::would_cross, 0x12},           {Reject::lowers_nothing, 0x10},
      {Reject::duplicate_order, 0x0F},       {Reject::unknown_reference, 0x0F},
      {Reject::already_defined, 0x0F},       {Reject::duplicate_external_id, 0x0F},
      {Reject::limit_exceeded, 0x0F},        {Reject::invalid_value, 0x0F},
      {Reject::not_an_admin, 0x0F},          {Reject::not_for_auction, 0x14},
      {Reject::outside_auction, 0x14},       {Reject::not_in_auction, 0x0F},
      {Reject::invalid_expiry, 0x0F},        {Reject::invalid_peg, 0x05},
  };
  for (const auto& [reject, code] : table) {
    EXPECT_EQ(static_cast<int>(ouch_reject_code(reject)), code) << static_cast<int>(reject);
  }
  for (int value = 0; value < 256; ++value) {
    const auto code = static_cast<int>(ouch_reject_code(Reject{static_cast<std::uint8_t>(value)}));
    EXPECT_GE(code, 0x01);
    EXPECT_LE(code, 0x33);
  }
}

TEST(BigEndian, numbers_lie_most_significant_byte_first) {
  const wire::U64 wide = 0x0102'0304'0506'0708;
  EXPECT_EQ(wire_fields::to_bytes(std::as_bytes(std::span(&wide, 1))), "0102030405060708"_hex);
  const wire::I32 negative = -2;
  EXPECT_EQ(wire_fields::to_bytes(std::as_bytes(std::span(&negative, 1))), "FFFFFFFE"_hex);
  EXPECT_EQ(negative, -2);
  const wire::Nanos48 time = 0x0102'0304'0506;
  EXPECT_EQ(wire_fields::to_bytes(std::as_bytes(std::span(&time, 1))), "010203040506"_hex);
  EXPECT_EQ(wire::Nanos48(wire::Nanos48::max).value(), wire::Nanos48::max);
  EXPECT_EQ(wire::Nanos48(wire::Nanos48::max + 1).value(), 0U);
}

TEST(Alpha, text_is_padded_on_the_right_and_never_cut) {
  wire::Alpha<8> symbol = "AAPL";
  EXPECT_EQ(std::string_view(symbol.chars().data(), 8), "AAPL    ");
  EXPECT_EQ(symbol.view(), "AAPL");
  EXPECT_FALSE(symbol.assign("NINECHARS"));
  EXPECT_EQ(symbol.view(), "AAPL");
  EXPECT_TRUE(symbol.assign("BTC-USDT"));
  EXPECT_EQ(symbol.view(), "BTC-USDT");
  EXPECT_TRUE(symbol.assign("F"));  // Nothing of a longer text before stays.
  EXPECT_EQ(symbol.view(), "F");
  EXPECT_TRUE(wire::Alpha<8>().blank());
  EXPECT_EQ(wire::Alpha<4>("A B").view(), "A B");
}

}  // namespace
}  // namespace basalt::ouch50
