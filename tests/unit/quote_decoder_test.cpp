// From the bytes of a quote, and of what a firm asks of all its orders, to the command that risk
// takes.
#include <functional>
#include <vector>

#include "tests/unit/order_decoding.h"

namespace basalt::gateway {
namespace {

using ouch50::Tag;

// 5 at 1.99 and 6 at 2.01, with these options.
class QuoteDecoding : public OrderDecoding {
 protected:
  Command asked(const std::function<void(ouch50::Quote&)>& fill,
                const std::vector<Option>& options = {}) const {
    const Command command = decoded_as<ouch50::Quote>(
        [&](ouch50::Quote& quote) {
          EXPECT_TRUE(quote.symbol.assign("AAPL"));
          quote.bid_quantity = 5;
          quote.bid_price = 19'900;
          quote.offer_quantity = 6;
          quote.offer_price = 20'100;
          quote.capacity = ouch50::Capacity::principal;
          fill(quote);
        },
        options);
    EXPECT_EQ(command.order.kind, CommandKind::quote);
    EXPECT_EQ(command.order.slots, 3);
    return command;
  }
  static void nothing(ouch50::Quote&) {}
};

TEST_F(QuoteDecoding, has_both_sides_in_ticks_and_the_letters_of_a_day_order) {
  const Command command = asked(nothing);
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.instrument, InstrumentId{0});
  EXPECT_EQ(command.order.flags, 0);
  EXPECT_EQ(command.origin.user_ref_num, 9U);
  EXPECT_EQ(command.origin.wire_time_in_force, '0');
  EXPECT_EQ(command.origin.display, 'Y');
  EXPECT_EQ(command.origin.capacity, 'P');
  EXPECT_EQ(command.origin.cross_type, 'N');
  const auto quote = command.as<basalt::Quote>();
  EXPECT_EQ(quote.bid.price, Price{199});
  EXPECT_EQ(quote.bid.quantity, Quantity{5});
  EXPECT_EQ(quote.offer.price, Price{201});
  EXPECT_EQ(quote.offer.quantity, Quantity{6});
}

TEST_F(QuoteDecoding, takes_the_options_that_hold_for_both_sides) {
  const Command command = asked(nothing, {{Tag::post_only, {'P'}},
                                          {Tag::slide, {'S'}},
                                          {Tag::self_trade_prevention, {'O'}},
                                          {Tag::group_id, {0, 3}},
                                          {Tag::account, {0, 0, 0, 5}},
                                          {Tag::user_ref_index, {2}}});
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.flags,
            flag_post_only | flag_slide | flags_of(SelfTradePrevention::oldest));
  EXPECT_EQ(command.order.account, AccountId{5});
  EXPECT_EQ(command.origin.group, 3);
  EXPECT_EQ(command.origin.user_ref_index, 2);
}

TEST_F(QuoteDecoding, what_has_no_meaning_is_refused) {
  const auto verdict = [&](const std::function<void(ouch50::Quote&)>& fill,
                           const std::vector<Option>& options = {}) {
    return asked(fill, options).order.verdict;
  };
  EXPECT_EQ(verdict([](auto& quote) { quote.bid_price = 19'950; }), Reject::invalid_price);
  EXPECT_EQ(verdict([](auto& quote) { quote.offer_price = 20'150; }), Reject::invalid_price);
  EXPECT_EQ(verdict([](auto& quote) {
              quote.offer_price = 20'150;
              quote.offer_quantity = 0;
            }),
            Reject::none)
      << "a side that is not quoted has no price";
  EXPECT_EQ(verdict([](auto& quote) { quote.bid_price = ouch50::price_market; }),
            Reject::invalid_price);
  EXPECT_EQ(verdict(nothing, {{Tag::slide, {'S'}}}), Reject::invalid_option);
  EXPECT_EQ(verdict(nothing, {{Tag::max_floor, {0, 0, 0, 1}}}), Reject::invalid_option);
  EXPECT_EQ(verdict(nothing, {{Tag::stop_price, {0, 0, 0, 0, 0, 0, 0, 100}}}),
            Reject::invalid_option);
}

TEST_F(QuoteDecoding, a_protection_has_its_window_in_milliseconds_and_its_limits_in_lots) {
  const Command command = decoded_as<ouch50::ProtectQuote>([](ouch50::ProtectQuote& message) {
    EXPECT_TRUE(message.symbol.assign("AAPL"));
    message.window_ms = 250;
    message.quantity = 11;
    message.fills = 12;
    message.delta = 13;
  });
  EXPECT_EQ(command.order.kind, CommandKind::set_protection);
  EXPECT_EQ(command.order.instrument, InstrumentId{0});
  const auto wanted = command.as<QuoteProtection>();
  EXPECT_EQ(wanted.window, Nanos{250'000'000});
  EXPECT_EQ(wanted.quantity, Quantity{11});
  EXPECT_EQ(wanted.fills, 12U);
  EXPECT_EQ(wanted.delta, Quantity{13});
}

// What a firm asks of all its orders, with these options.
class FirmDecoding : public OrderDecoding {
 protected:
  template <typename M>
  Command asked(const std::function<void(M&)>& fill,
                const std::vector<Option>& options = {}) const {
    const Command command = decoded_as<M>(fill, options);
    EXPECT_EQ(command.order.slots, 2);
    EXPECT_EQ(command.order.flags, 0);
    return command;
  }
  static void nothing(ouch50::MassCancel&) {}
};

TEST_F(FirmDecoding, a_blank_mass_cancel_is_of_everything) {
  const Command command = asked<ouch50::MassCancel>(nothing);
  EXPECT_EQ(command.order.kind, CommandKind::mass_cancel);
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.account, no_account);
  EXPECT_EQ(command.order.instrument, no_instrument);
  EXPECT_EQ(command.origin.wire_side, 0);
}

TEST_F(FirmDecoding, a_mass_cancel_may_name_firm_symbol_side_group_account_and_channel) {
  const Command command = asked<ouch50::MassCancel>(
      [](auto& message) {
        message.firm = "FIRM";
        message.symbol = "AAPL";
      },
      {{Tag::side, {'T'}},
       {Tag::group_id, {1, 4}},
       {Tag::account, {0, 0, 1, 2}},
       {Tag::user_ref_index, {3}}});
  EXPECT_EQ(command.origin.group, 0x104);
  EXPECT_EQ(command.order.verdict, Reject::none);
  EXPECT_EQ(command.order.instrument, InstrumentId{0});
  EXPECT_EQ(command.order.account, AccountId{0x102});
  EXPECT_EQ(command.order.side, Side::sell);
  EXPECT_EQ(command.origin.wire_side, 'T');
  EXPECT_EQ(command.origin.user_ref_index, 3);
}

TEST_F(FirmDecoding, what_a_mass_cancel_names_wrongly_does_not_widen_it) {
  const auto verdict = [&](const std::function<void(ouch50::MassCancel&)>& fill,
                           const std::vector<Option>& options = {}) {
    return asked<ouch50::MassCancel>(fill, options).order.verdict;
  };
  EXPECT_EQ(verdict([](auto& message) { message.firm = "FIR"; }), Reject::account_not_permitted);
  EXPECT_EQ(verdict([](auto& message) { message.symbol = "AAP"; }), Reject::unknown_instrument);
  EXPECT_EQ(verdict(nothing, {{Tag::side, {'b'}}}), Reject::invalid_side);
  EXPECT_EQ(verdict(nothing, {{Tag::side, {' '}}}), Reject::none);
  EXPECT_EQ(verdict(nothing, {{Tag::group_id, {0, 0}}}), Reject::none);
  EXPECT_EQ(verdict(nothing, {{Tag::group_id, {1}}}), Reject::invalid_option);
  EXPECT_EQ(verdict(nothing, {{Tag::min_quantity, {0, 0, 0, 1}}}), Reject::invalid_option);
  EXPECT_EQ(verdict(nothing, {{Tag{200}, {0}}}), Reject::invalid_option);
  EXPECT_EQ(verdict(nothing, {{Tag::account, {0xFF, 0xFF, 0xFF, 0xFF}}}),
            Reject::account_not_permitted);
}

TEST_F(FirmDecoding, order_entry_is_switched_for_a_firm_or_an_account) {
  const Command off =
      asked<ouch50::DisableOrderEntry>([](auto& message) { message.firm = "FIRM"; });
  EXPECT_EQ(off.order.kind, CommandKind::disable_entry);
  EXPECT_EQ(off.order.verdict, Reject::none);
  EXPECT_EQ(off.order.account, no_account);
  const Command on = asked<ouch50::EnableOrderEntry>([](auto&) {}, {{Tag::account, {0, 0, 0, 4}}});
  EXPECT_EQ(on.order.kind, CommandKind::enable_entry);
  EXPECT_EQ(on.order.account, AccountId{4});
  const Command others =
      asked<ouch50::DisableOrderEntry>([](auto& message) { message.firm = "OTHR"; });
  EXPECT_EQ(others.order.verdict, Reject::account_not_permitted);
  const std::vector<Option> sided = {{Tag::side, {'B'}}};
  EXPECT_EQ(asked<ouch50::DisableOrderEntry>([](auto&) {}, sided).order.verdict,
            Reject::invalid_option);
}

}  // namespace
}  // namespace basalt::gateway
