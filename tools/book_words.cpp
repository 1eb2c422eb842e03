#include "tools/book_words.h"

#include <algorithm>

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
  throw Unreadable{"stp is newest, oldest, both or decrement, found " + std::string(word)};
}

void take_instruction(std::string_view word, Asked& asked) {
  Order& order = asked.order;
  const auto starts = [word](std::string_view name) { return word.starts_with(name); };
  if (word == "day") {
    order.time_in_force = TimeInForce::day;
  } else if (word == "gtc") {
    order.time_in_force = TimeInForce::gtc;
  } else if (word == "ioc") {
    order.time_in_force = TimeInForce::ioc;
  } else if (word == "fok") {
    order.time_in_force = TimeInForce::fok;
  } else if (starts("gtd=")) {
    order.time_in_force = TimeInForce::gtd;
    asked.expiry = time_of(word.substr(4));
  } else if (word == "post") {
    order.flags |= flag_post_only;
  } else if (word == "post=slide") {
    order.flags |= flag_post_only | flag_slide;
  } else if (starts("account=")) {
    asked.account = number<std::uint32_t>(word.substr(8), "the account");
  } else if (starts("stp=")) {
    order.flags |= self_trade_flags_of(word.substr(4));
  } else if (starts("display=")) {
    asked.display = quantity_of(word.substr(8));
  } else if (starts("min=")) {
    asked.min_quantity = quantity_of(word.substr(4));
  } else if (starts("stop=")) {
    asked.stop = Price{number<std::int64_t>(word.substr(5), "the stop price")};
  } else {
    throw Unreadable{"no such instruction: " + std::string(word)};
  }
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
    default:
      return "system";
  }
}

}  // namespace basalt::tools::book_words
