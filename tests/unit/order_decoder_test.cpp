// From the bytes of an order and its options to the command that risk decides.
#include <vector>

#include "tests/unit/order_decoding.h"

namespace basalt::gateway {
namespace {

using ouch50::Tag;

TEST_F(OrderDecoding, without_options_it_has_two_slots_and_nothing_for_the_book) {
  const Command command = decoded({});
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.slots, 2);
  EXPECT_EQ(command.order.flags, 0);
  EXPECT_EQ(command.order.price, Price{200});
}

TEST_F(OrderDecoding, options_that_ask_for_nothing_are_as_if_they_were_absent) {
  const Command command = decoded({{Tag::min_quantity, {0, 0, 0, 0}},
                                   {Tag::max_floor, {0, 0, 0, 0}},
                                   {Tag::random_reserves, {0, 0, 0, 0}},
                                   {Tag::self_trade_prevention, {' '}},
                                   {Tag::remainder, {' '}},
                                   {Tag::linked_to, {0, 0, 0, 0}},
                                   {Tag::trail, {0, 0, 0, 0, 0, 0, 0, 0}},
                                   {Tag::stop_price, {0, 0, 0, 0, 0, 0, 0, 0}},
                                   {Tag::expire_time, {0, 0, 0, 0}},
                                   {Tag::expiry, {0, 0, 0, 0, 0, 0, 0, 0}},
                                   {Tag::external_id, std::vector<std::uint8_t>(16, 0)}});
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.slots, 2);
  EXPECT_EQ(command.order.flags, 0);
}

TEST_F(OrderDecoding, instructions_go_with_the_order_and_to_the_book) {
  const Command command = decoded({{Tag::max_floor, {0, 0, 0, 10}},
                                   {Tag::random_reserves, {0, 0, 0, 9}},
                                   {Tag::min_quantity, {0, 0, 0, 20}},
                                   {Tag::stop_price, {0, 0, 0, 0, 0, 0, 0x4E, 0x20}},
                                   {Tag::external_id, std::vector<std::uint8_t>(16, 0xAB)}});
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.slots, 3);
  EXPECT_EQ(command.order.flags, flag_instructed);
  const auto asked = command.as<Instructions>();
  EXPECT_EQ(asked.display, Quantity{10});
  EXPECT_EQ(asked.random, 9U);
  EXPECT_EQ(asked.min_quantity, Quantity{20});
  EXPECT_EQ(asked.stop, Price{200});
  EXPECT_EQ(asked.external_id.bytes[15], 0xAB);
}

TEST_F(OrderDecoding, parts_of_random_sizes_without_a_part_are_for_risk_to_refuse) {
  const Command command = decoded({{Tag::random_reserves, {0, 0, 0, 9}}});
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.flags, flag_instructed);
  EXPECT_EQ(command.as<Instructions>().random, 9U);
}

TEST_F(OrderDecoding, a_key_alone_is_kept_and_does_not_go_to_the_book) {
  const Command command = decoded({{Tag::external_id, std::vector<std::uint8_t>(16, 1)}});
  EXPECT_EQ(command.order.slots, 3);
  EXPECT_EQ(command.order.flags, 0);
  EXPECT_EQ(command.as<Instructions>().external_id.bytes[0], 1);
}

TEST_F(OrderDecoding, an_order_is_shown_or_hides) {
  const auto decoded_as = [this](char display) {
    std::vector<std::byte> bytes(sizeof(ouch50::EnterOrder));
    auto& order = *wire::emplace<ouch50::EnterOrder>(bytes);
    order.side = ouch50::Side::buy;
    order.quantity = 100;
    EXPECT_TRUE(order.symbol.assign("AAPL"));
    order.price = std::uint64_t{20'000};
    order.time_in_force = ouch50::TimeInForce::day;
    order.display = ouch50::Display{display};
    order.cross_type = ouch50::CrossType::continuous;
    Command command;
    EXPECT_EQ(decode_order(bytes, SessionId{0}, Nanos{7}, reference_, command), Intake::command);
    EXPECT_EQ(command.origin.display, display);
    return command.order;
  };
  EXPECT_EQ(decoded_as('Y').flags, 0);
  EXPECT_EQ(decoded_as('A').flags, 0);
  EXPECT_EQ(decoded_as('N').flags, flag_hidden);
  EXPECT_EQ(decoded_as('N').verdict, Reject::none);
  EXPECT_EQ(decoded_as('Z').verdict, Reject::invalid_display);  // Only the venue may say so.
  EXPECT_EQ(decoded_as(' ').verdict, Reject::invalid_display);
}

TEST_F(OrderDecoding, a_peg_says_what_it_follows_and_how_far_away_it_stays) {
  const auto pegged = [this](char type, std::int32_t offset) {
    const auto bits = static_cast<std::uint32_t>(offset);
    const auto byte = [bits](int shift) { return static_cast<std::uint8_t>(bits >> shift); };
    return decoded({{Tag::price_type, {static_cast<std::uint8_t>(type)}},
                    {Tag::peg_offset, {byte(24), byte(16), byte(8), byte(0)}}});
  };
  const Command primary = pegged('R', -200);  // Of a buy, and so below.
  EXPECT_EQ(primary.order.verdict, Reject::none);
  EXPECT_EQ(primary.order.flags, flag_instructed);
  EXPECT_EQ(primary.as<Instructions>().price_type, PriceType::primary);
  EXPECT_EQ(primary.as<Instructions>().peg_offset, 2);
  EXPECT_EQ(pegged('M', 0).as<Instructions>().price_type, PriceType::midpoint);
  EXPECT_EQ(pegged('L', 0).order.slots, 2);
  EXPECT_EQ(pegged('R', 200).order.verdict, Reject::invalid_peg);   // Nearer to the other side.
  EXPECT_EQ(pegged('R', -150).order.verdict, Reject::invalid_peg);  // No whole tick.
  EXPECT_EQ(pegged('L', -200).order.verdict, Reject::invalid_peg);
  for (const char type : {'P', 'Q', 'm', ' '}) {
    EXPECT_EQ(pegged(type, 0).order.verdict, Reject::invalid_peg);
  }
}

TEST_F(OrderDecoding, a_group_is_kept_and_does_not_go_to_the_book) {
  const Command command = decoded({{Tag::group_id, {1, 2}}});
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.slots, 2);
  EXPECT_EQ(command.order.flags, 0);
  EXPECT_EQ(command.origin.group, 0x102);
}

TEST_F(OrderDecoding, all_of_an_immediate_order_as_its_minimum_is_fill_or_kill) {
  const std::vector<Option> all = {{Tag::min_quantity, {0, 0, 0, 100}}};
  const Command command = decoded(all, ouch50::TimeInForce::immediate_or_cancel);
  EXPECT_EQ(command.order.time_in_force, TimeInForce::fok);
  EXPECT_EQ(command.order.flags, 0);
  EXPECT_EQ(decoded(all).as<Instructions>().min_quantity, Quantity{100});
}

TEST_F(OrderDecoding, an_order_for_a_cross_is_for_that_auction_alone) {
  const auto decoded_for = [&](ouch50::CrossType cross, ouch50::TimeInForce time_in_force) {
    return decoded({}, time_in_force, ouch50::price_market, cross);
  };
  for (const auto wire : {ouch50::TimeInForce::day, ouch50::TimeInForce::immediate_or_cancel}) {
    const Command opening = decoded_for(ouch50::CrossType::opening, wire);
    EXPECT_EQ(opening.order.verdict, Reject::none);
    EXPECT_EQ(opening.order.time_in_force, TimeInForce::at_open);
    EXPECT_EQ(opening.order.flags, flag_market);
    EXPECT_EQ(opening.origin.cross_type, 'O');
    const Command closing = decoded_for(ouch50::CrossType::closing, wire);
    EXPECT_EQ(closing.order.time_in_force, TimeInForce::at_close);
    const Command halt = decoded_for(ouch50::CrossType::halt, wire);
    EXPECT_EQ(halt.order.verdict, Reject::none);
    EXPECT_EQ(halt.order.time_in_force, TimeInForce::at_halt);
  }
  for (const auto cross : {ouch50::CrossType::retail, ouch50::CrossType::supplemental}) {
    EXPECT_EQ(decoded_for(cross, ouch50::TimeInForce::day).order.verdict,
              Reject::invalid_cross_type);
  }
}

TEST_F(OrderDecoding, self_trade_prevention_has_four_modes_and_no_other) {
  const std::pair<char, SelfTradePrevention> modes[] = {{'N', SelfTradePrevention::newest},
                                                        {'O', SelfTradePrevention::oldest},
                                                        {'B', SelfTradePrevention::both},
                                                        {'D', SelfTradePrevention::decrement}};
  for (const auto& [letter, mode] : modes) {
    const Command command =
        decoded({{Tag::self_trade_prevention, {static_cast<std::uint8_t>(letter)}}});
    EXPECT_EQ(self_trade_prevention(command.order.flags), mode);
    EXPECT_EQ(command.order.flags & flag_by_firm, 0);
    EXPECT_EQ(command.order.slots, 2);
    const auto lower = static_cast<std::uint8_t>(letter | 0x20);
    EXPECT_EQ(decoded({{Tag::self_trade_prevention, {lower}}}).order.flags,
              flags_of(mode) | flag_by_firm);
  }
  for (const char other : {'\0', 'Y', 'y', '@', '`', '{', '\xFF'}) {
    EXPECT_EQ(
        decoded({{Tag::self_trade_prevention, {static_cast<std::uint8_t>(other)}}}).order.verdict,
        Reject::invalid_option);
  }
}

constexpr std::uint8_t seconds_60 = 60;

TEST_F(OrderDecoding, an_order_may_end_by_itself_at_a_time_or_after_so_many_seconds) {
  const std::vector<Option> at = {{Tag::expiry, {0x17, 0x97, 0x9C, 0xFE, 0x36, 0x2A, 0, 0}}};
  for (const auto letter : {ouch50::TimeInForce::day, ouch50::TimeInForce::good_till_time}) {
    const Command command = decoded(at, letter);
    EXPECT_EQ(command.order.verdict, Reject::none);
    EXPECT_EQ(command.order.time_in_force, TimeInForce::gtd);
    EXPECT_EQ(command.order.flags, flag_instructed);
    EXPECT_EQ(command.as<Instructions>().expiry, Nanos{1'700'000'000'000'000'000});
    EXPECT_EQ(command.origin.wire_time_in_force, static_cast<std::uint8_t>(letter));
  }
  const Command after =
      decoded({{Tag::expire_time, {0, 0, 0, seconds_60}}}, ouch50::TimeInForce::good_till_time);
  EXPECT_EQ(after.order.verdict, Reject::none);
  EXPECT_EQ(after.order.time_in_force, TimeInForce::gtd);
  EXPECT_EQ(after.order.flags, flag_instructed | flag_time_to_live);
  EXPECT_EQ(after.as<Instructions>().expiry, Nanos{60'000'000'000});
}

TEST_F(OrderDecoding, an_order_says_once_when_it_ends_and_only_where_it_may_rest) {
  const Option at{Tag::expiry, {0, 0, 0, 0, 0, 0, 0, 9}};
  const Option after{Tag::expire_time, {0, 0, 0, seconds_60}};
  const Option a_day{Tag::expire_time, {0, 1, 0x51, 0x80}};
  const Option beyond{Tag::expiry, {0x80, 0, 0, 0, 0, 0, 0, 0}};
  const Option nothing{Tag::expiry, std::vector<std::uint8_t>(8, 0)};
  const auto till_time = ouch50::TimeInForce::good_till_time;
  const auto immediate = ouch50::TimeInForce::immediate_or_cancel;
  EXPECT_EQ(decoded({}, till_time).order.verdict, Reject::invalid_expiry);
  EXPECT_EQ(decoded({nothing}, till_time).order.verdict, Reject::invalid_expiry);
  EXPECT_EQ(decoded({a_day}, till_time).order.verdict, Reject::invalid_expiry);
  EXPECT_EQ(decoded({beyond}, till_time).order.verdict, Reject::invalid_expiry);
  EXPECT_EQ(decoded({at, after}, till_time).order.verdict, Reject::invalid_option);
  EXPECT_EQ(decoded({after}).order.verdict, Reject::invalid_option);
  EXPECT_EQ(decoded({after}, immediate).order.verdict, Reject::invalid_option);
  EXPECT_EQ(decoded({at}, immediate).order.verdict, Reject::invalid_option);
  EXPECT_EQ(decoded({nothing}, immediate).order.verdict, Reject::none);
  EXPECT_EQ(decoded({}, ouch50::TimeInForce::after_hours).order.verdict,
            Reject::invalid_time_in_force);
}

TEST_F(OrderDecoding, only_what_is_post_only_may_slide) {
  const Option post{Tag::post_only, {'P'}};
  const Option slide{Tag::slide, {'S'}};
  EXPECT_EQ(decoded({slide, post}).order.flags, flag_post_only | flag_slide);
  EXPECT_EQ(decoded({slide, post}).order.verdict, Reject::none);
  EXPECT_EQ(decoded({post, {Tag::slide, {' '}}}).order.flags, flag_post_only);
  EXPECT_EQ(decoded({slide}).order.verdict, Reject::invalid_option);
  EXPECT_EQ(decoded({post, {Tag::slide, {'s'}}}).order.verdict, Reject::invalid_option);
}

TEST_F(OrderDecoding, only_what_is_at_the_market_has_a_remainder_that_may_rest) {
  constexpr auto day = ouch50::TimeInForce::day;
  const Option rests{Tag::remainder, {'R'}};
  EXPECT_EQ(decoded({rests}, day, ouch50::price_market).order.flags, flag_market | flag_rests);
  EXPECT_EQ(decoded({rests}, day, ouch50::price_market).order.verdict, Reject::none);
  EXPECT_EQ(decoded({{Tag::remainder, {' '}}}).order.verdict, Reject::none);
  EXPECT_EQ(decoded({rests}).order.verdict, Reject::invalid_option);
  EXPECT_EQ(decoded({{Tag::remainder, {'r'}}}, day, ouch50::price_market).order.verdict,
            Reject::invalid_option);
}

TEST_F(OrderDecoding, an_order_may_name_one_that_it_is_linked_to) {
  const Command command = decoded({{Tag::linked_to, {0, 0, 1, 2}}});
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.flags, flag_instructed) << "the book pairs them";
  EXPECT_EQ(command.order.slots, 3);
  EXPECT_EQ(command.origin.original_user_ref_num, 0x102U);
  EXPECT_EQ(decoded({{Tag::linked_to, {1, 2}}}).order.verdict, Reject::invalid_option);
}

TEST_F(OrderDecoding, a_stop_may_trail_by_a_distance_of_prices) {
  const Command command = decoded({{Tag::trail, {0, 0, 0, 0, 0, 0, 0x27, 0x10}}});
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.flags, flag_instructed);
  EXPECT_EQ(command.as<Instructions>().trail, 100U);
  EXPECT_EQ(command.as<Instructions>().stop, no_price);
  EXPECT_EQ(decoded({{Tag::trail, {0, 0, 0, 0, 0, 0, 0x27, 0x11}}}).order.verdict,
            Reject::invalid_stop_price);
  EXPECT_EQ(decoded({{Tag::trail, {0, 0, 0x7F, 0, 0, 0, 0, 0}}}).order.verdict,
            Reject::invalid_stop_price);
}

TEST_F(OrderDecoding, of_a_stop_price_that_is_no_price_it_is_the_stop_that_is_wrong) {
  const std::vector<Option> between_ticks = {{Tag::stop_price, {0, 0, 0, 0, 0, 0, 0x4E, 0x21}}};
  EXPECT_EQ(decoded(between_ticks).order.verdict, Reject::invalid_stop_price);
  const std::vector<Option> beyond = {{Tag::stop_price, std::vector<std::uint8_t>(8, 0x7F)}};
  EXPECT_EQ(decoded(beyond).order.verdict, Reject::invalid_stop_price);
  EXPECT_EQ(decoded(beyond, ouch50::TimeInForce::day, 20'001).order.verdict, Reject::invalid_price);
}

}  // namespace
}  // namespace basalt::gateway
