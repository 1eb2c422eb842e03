#include "tools/book_words.h"

#include <algorithm>
#include <functional>

namespace basalt::tools::book_words {

std::vector<std::string_view> words_of(std::string_view text) {
  if (const auto comment = text.find('#'); comment != text.npos) text = text.substr(0, comment);
  std::vector<std::string_view> words;
  while (true) {
    const auto start = text.find_first_not_of(" \t\r");
    if (start == text.npos) return words;
    const auto end = std::min(text.find_first_of(" \t\r", start), text.size());
    words.push_back(text.substr(start, end - start));
    text.remove_prefix(end);
  }
}

Offer offer_of(std::string_view word) {
  const auto at = word.find('@');
  if (at == word.npos) throw Unreadable{"expected QTY@PRICE, found " + std::string(word)};
  Offer offer{quantity_of(word.substr(0, at)), {}};
  if (const auto price = word.substr(at + 1); price != "market") {
    offer.price = Price{number<std::int64_t>(price, "the price")};
  }
  return offer;
}

std::uint16_t self_trade_flags_of(std::string_view word) {
  constexpr std::string_view of_firm = "firm-";
  if (word.starts_with(of_firm)) {
    const unsigned flags = self_trade_flags_of(word.substr(of_firm.size())) | flag_by_firm;
    return static_cast<std::uint16_t>(flags);
  }
  if (word == "newest") return flags_of(SelfTradePrevention::newest);
  if (word == "oldest") return flags_of(SelfTradePrevention::oldest);
  if (word == "both") return flags_of(SelfTradePrevention::both);
  if (word == "decrement") return flags_of(SelfTradePrevention::decrement);
  throw Unreadable{"stp is newest, oldest, both or decrement, or one of these behind firm-: " +
                   std::string(word)};
}

Nanos time_of(std::string_view word) {
  const Nanos time{number<std::int64_t>(word, "the time")};
  if (time > last_time) throw Unreadable{"the time is beyond all that the venue knows"};
  return time;
}

std::string_view subject_of(std::string_view word) noexcept {
  if (time_in_force_of(word) || word.starts_with("gtd=")) return "time in force";
  return word.substr(0, word.find('='));
}

void Said::add(std::string_view subject) {
  if (std::find(subjects_.begin(), subjects_.end(), subject) != subjects_.end()) {
    throw Unreadable{std::string(subject) + " is said twice"};
  }
  subjects_.push_back(subject);
}

std::string printable(std::string_view text) {
  constexpr std::size_t most = 120;
  std::string shown(text.substr(0, most));
  const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  std::replace_if(shown.begin(), shown.end(), std::not_fn(is_printable), '?');
  return text.size() > most ? shown + "..." : shown;
}

InstrumentState phase_of(std::string_view word) {
  if (word == "open") return InstrumentState::open;
  if (word == "closed") return InstrumentState::closed;
  if (word == "halted") return InstrumentState::halted;
  if (word == "auction") return InstrumentState::opening_auction;
  if (word == "volatility") return InstrumentState::volatility_auction;
  if (word == "closing") return InstrumentState::closing_auction;
  throw Unreadable{"no such phase: " + std::string(word)};
}

std::optional<TimeInForce> time_in_force_of(std::string_view word) noexcept {
  if (word == "day") return TimeInForce::day;
  if (word == "gtc") return TimeInForce::gtc;
  if (word == "ioc") return TimeInForce::ioc;
  if (word == "fok") return TimeInForce::fok;
  if (word == "at-open") return TimeInForce::at_open;
  if (word == "at-close") return TimeInForce::at_close;
  if (word == "at-halt") return TimeInForce::at_halt;
  return {};
}

std::string_view word_for(InstrumentState phase) noexcept {
  switch (phase) {
    case InstrumentState::closed:
      return "closed";
    case InstrumentState::open:
      return "open";
    case InstrumentState::halted:
      return "halted";
    case InstrumentState::opening_auction:
      return "auction";
    case InstrumentState::volatility_auction:
      return "volatility";
    case InstrumentState::closing_auction:
      return "closing";
  }
  return "?";
}

std::string_view word_for(LimitState state) noexcept {
  switch (state) {
    case LimitState::none:
      return "none";
    case LimitState::buy:
      return "buy";
    case LimitState::sell:
      return "sell";
  }
  return "?";
}

std::string_view word_for(Reject reject) noexcept {
  switch (reject) {
    case Reject::invalid_quantity:
      return "quantity";
    case Reject::invalid_price:
      return "price";
    case Reject::invalid_max_floor:
      return "display";
    case Reject::invalid_min_quantity:
      return "min-quantity";
    case Reject::invalid_stop_price:
      return "stop-price";
    case Reject::invalid_expiry:
      return "expiry";
    case Reject::invalid_peg:
      return "peg";
    case Reject::invalid_link:
      return "link";
    case Reject::duplicate_order:
      return "duplicate";
    case Reject::not_live:
      return "not-live";
    case Reject::lowers_nothing:
      return "lowers-nothing";
    case Reject::would_cross:
      return "would-cross";
    case Reject::instrument_closed:
      return "closed";
    case Reject::instrument_halted:
      return "halted";
    case Reject::not_for_auction:
      return "auction";
    case Reject::outside_auction:
      return "outside-auction";
    case Reject::outside_collar:
      return "collar";
    case Reject::quotes_withdrawn:
      return "protected";
    case Reject::open_orders_exceeded:
      return "full";
    default:
      return "refused";
  }
}

std::string_view word_for(CancelReason reason) noexcept {
  switch (reason) {
    case CancelReason::user:
      return "user";
    case CancelReason::immediate:
      return "immediate";
    case CancelReason::self_match:
      return "self-match";
    case CancelReason::post_only:
      return "would-cross";
    case CancelReason::expired:
      return "expired";
    case CancelReason::collar:
      return "collar";
    case CancelReason::protection:
      return "protection";
    default:
      return "system";
  }
}

}  // namespace basalt::tools::book_words
