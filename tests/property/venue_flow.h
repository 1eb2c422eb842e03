// Random sessions on the small venue, from a seed: the same seed says the same on every machine.
//
//   VenueFlow flow(seed);  small.tell(flow.next()) … small.tell(flow.next())
//
// A flow knows nothing of what became of its orders: it names numbers that are live, dead, of
// another channel, or never were, and sends numbers again that were used.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "tests/oracle/small_venue.h"

namespace basalt::property {

class VenueFlow {
 public:
  explicit VenueFlow(std::uint64_t seed) : random_(seed), price_width_(2 + below(30)) {}

  Command next() {
    if (defined_ == 0) {
      ++defined_;
      return oracle::define_lively();
    }
    if (defined_ == 1) {
      ++defined_;
      return oracle::define_banded();
    }
    const std::uint64_t kind = below(1'000);
    if (kind < 520) return new_order();
    if (kind < 680) return oracle::cancel(some_order());
    if (kind < 770) return oracle::reduce(some_order(), number(60));
    if (kind < 930) return replace();
    if (kind < 950) return oracle::query(session(), channel());
    if (kind < 952) return again();
    if (kind < 961) return quote();
    if (kind < 963) return protect();
    if (kind < 965) return again();
    return venue_side(kind);
  }

  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

 private:
  static constexpr std::uint32_t channels = 3;
  static constexpr std::uint32_t recent = 40;

  std::int64_t number(std::uint64_t bound) { return static_cast<std::int64_t>(below(bound)); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  std::uint32_t session() { return static_cast<std::uint32_t>(below(oracle::small_sessions)); }
  std::uint8_t channel() { return static_cast<std::uint8_t>(chance(70) ? 0 : below(channels)); }
  // Mostly such that it rests behind the middle of the book, so that there is something to name.
  std::int64_t price(Side side) {
    const std::int64_t away = chance(75) ? 1 + number(price_width_) : -number(price_width_);
    return side == Side::buy ? 10'000 - away : 10'000 + away;
  }
  std::uint32_t& last_ref(std::uint32_t session, std::uint8_t channel) {
    return last_ref_[session][channel];
  }
  std::uint32_t next_ref(std::uint32_t session, std::uint8_t channel) {
    return last_ref(session, channel) += static_cast<std::uint32_t>(chance(95) ? 1 : 1 + below(9));
  }

  // Of what was entered as new: its replacements may be numbered otherwise, and are refused then.
  static bool hides(std::uint32_t ref) { return ref % 6 == 0; }

  oracle::Named some_order() {
    oracle::Named name{session(), 0, channel()};
    const std::uint32_t last = last_ref(name.session, name.channel);
    const auto back = static_cast<std::uint32_t>(below(recent));
    name.ref = last > back ? last - back : 0;
    return name;
  }

  Command new_order() {
    oracle::Entered entered;
    entered.session = session();
    entered.channel = channel();
    entered.ref = next_ref(entered.session, entered.channel);
    entered.side = chance(50) ? Side::buy : Side::sell;
    entered.quantity = chance(98) ? 1 + number(50) : number(3'000'000);
    entered.price = chance(98) ? price(entered.side) : number(40'000'000);
    entered.instrument = chance(50)   ? oracle::aapl
                         : chance(40) ? oracle::btc_usd
                         : chance(50) ? oracle::lively
                                      : oracle::banded;
    if (chance(15)) entered.time_in_force = chance(70) ? TimeInForce::ioc : TimeInForce::fok;
    if (chance(8)) {
      entered.time_in_force = chance(50)   ? TimeInForce::at_open
                              : chance(50) ? TimeInForce::at_close
                                           : TimeInForce::at_halt;
    }
    if (chance(5)) {
      entered.flags = static_cast<std::uint16_t>(flag_market | (chance(50) ? flag_rests : 0));
    }
    if (entered.flags == 0 && chance(12)) {
      entered.flags = static_cast<std::uint16_t>(flag_post_only | (chance(50) ? flag_slide : 0));
    }
    if (chance(20)) {
      entered.flags |= flags_of(static_cast<SelfTradePrevention>(1 + below(4)));
      if (chance(30)) entered.flags |= flag_by_firm;
    }
    if (hides(entered.ref)) entered.flags |= flag_hidden;
    if (chance(20)) entered.instructions = instructions(entered);
    if (chance(15)) {
      const std::uint32_t last = entered.ref - 1;
      entered.linked_to = last - std::min(last, static_cast<std::uint32_t>(below(6)));
    }
    if (entered.time_in_force == TimeInForce::day && chance(15)) {
      // Some are over before they begin.
      entered.time_in_force = TimeInForce::gtd;
      entered.flags |= flag_time_to_live;
      entered.instructions.expiry = Nanos{number(60) * 1'000'000};
    }
    if (hides(entered.ref) && chance(40)) peg(entered);
    Command command = oracle::enter(entered);
    if (chance(40)) command.origin.group = static_cast<std::uint16_t>(1 + below(2));
    if (chance(1)) command.order.verdict = Reject::invalid_option;
    if (chance(1)) command.order.instrument = no_instrument;
    return command;
  }

  // Some are refused: more than the order, or beyond the price cap.
  Instructions instructions(const oracle::Entered& entered) {
    Instructions asked{};
    if (chance(50)) {
      asked.display = Quantity{1 + number(20)};
      if (chance(30)) asked.random = static_cast<std::uint32_t>(number(20));
    }
    if (chance(25)) asked.min_quantity = Quantity{number(30)};
    if (chance(40)) asked.stop = Price{chance(98) ? price(opposite(entered.side)) : 40'000'000};
    if (chance(20)) asked.trail = static_cast<std::uint32_t>(1 + number(10));
    return asked;
  }

  // With a limit on the other side of the market, most of them.
  void peg(oracle::Entered& entered) {
    Instructions& asked = entered.instructions;
    asked = {};
    asked.price_type = chance(70) ? PriceType::midpoint : PriceType::primary;
    if (asked.price_type == PriceType::primary && chance(50)) asked.peg_offset = 1;
    entered.flags =
        static_cast<std::uint16_t>((entered.flags & ~(flag_market | flag_slide)) | flag_hidden);
    entered.time_in_force = chance(90) ? TimeInForce::day : TimeInForce::ioc;
    entered.price = price(opposite(entered.side));
  }

  Command replace() {
    const oracle::Named original = some_order();
    const bool as_original = chance(90);
    Command command = oracle::replace(original, next_ref(original.session, original.channel),
                                      number(60), price(chance(50) ? Side::buy : Side::sell),
                                      hides(original.ref) == as_original);
    if (chance(2)) command.order.verdict = Reject::invalid_time_in_force;
    return command;
  }

  // Mostly of both sides, around the middle of the book; some are crossed.
  Command quote() {
    oracle::Quoted quoted;
    quoted.session = session();
    quoted.channel = channel();
    quoted.ref = next_ref(quoted.session, quoted.channel);
    next_ref(quoted.session, quoted.channel);
    quoted.instrument = chance(60) ? oracle::aapl : oracle::btc_usd;
    if (chance(85)) quoted.bid_quantity = 1 + number(50);
    if (chance(85)) quoted.offer_quantity = chance(98) ? 1 + number(50) : 3'000'000;
    quoted.bid_price = price(Side::buy);
    quoted.offer_price = price(Side::sell);
    if (chance(20)) quoted.flags = flag_post_only;
    return oracle::quote(quoted);
  }

  Command protect() {
    oracle::Named name{session(), 0, channel()};
    name.ref = next_ref(name.session, name.channel);
    QuoteProtection protection{};
    if (chance(90)) protection.window = Nanos{(1 + number(20)) * 1'000'000};
    if (chance(50)) protection.quantity = Quantity{number(60)};
    if (chance(50)) protection.fills = static_cast<std::uint32_t>(below(4));
    return oracle::protect(name, protection, chance(60) ? oracle::aapl : oracle::btc_usd);
  }

  // A number that was used, or is about to be skipped.
  Command again() {
    const oracle::Named name = some_order();
    return oracle::enter({.session = name.session,
                          .ref = name.ref,
                          .quantity = 1,
                          .price = 10'000,
                          .channel = name.channel});
  }

  Command venue_side(std::uint64_t kind) {
    const auto instrument = static_cast<std::uint32_t>(below(4));
    if (kind < 967) return oracle::session_down(session());
    if (kind < 972) return oracle::market_event("SQME"[below(4)]);
    if (kind < 973) {
      return chance(50) ? oracle::set_state(instrument, InstrumentState::halted)
                        : oracle::halt_market(1, 1 + number(2), 2);
    }
    if (kind < 977) {
      constexpr InstrumentState auctions[] = {InstrumentState::opening_auction,
                                              InstrumentState::volatility_auction,
                                              InstrumentState::closing_auction};
      return oracle::set_state(instrument, auctions[below(3)]);
    }
    if (kind < 979) return oracle::uncross(instrument);
    if (kind < 988) return of_firm(kind);
    return oracle::set_state(instrument, InstrumentState::open);
  }

  // A mass cancel, mostly of a part, or order entry off; on again more often, and sometimes of what
  // is on.
  Command of_firm(std::uint64_t kind) {
    oracle::Named name{session(), 0, channel()};
    name.ref = next_ref(name.session, name.channel);
    const std::uint32_t of_account = kind < 980 ? 90 : 70;
    const AccountId account =
        chance(of_account) ? AccountId{oracle::traders_first + session()} : no_account;
    if (kind < 980) return oracle::disable_entry(name, account);
    if (kind < 984) return oracle::enable_entry(name, chance(50) ? account : no_account);
    oracle::Scope scope{.account = account};
    if (chance(70)) scope.instrument = InstrumentId{static_cast<std::uint32_t>(below(4))};
    if (chance(50)) scope.side = "BSTE"[below(4)];
    if (kind < 987) {
      if (chance(40)) scope.group = static_cast<std::uint16_t>(1 + below(2));
      return oracle::mass_cancel(name, scope);
    }
    return oracle::mass_cancel_by_venue(name, scope);
  }

  int defined_ = 0;  // Of the third and the fourth instrument.
  std::mt19937_64 random_;
  std::uint64_t price_width_;
  std::uint32_t last_ref_[oracle::small_sessions][channels] = {};
};

}  // namespace basalt::property
