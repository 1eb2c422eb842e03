#include "tests/oracle/naive_book.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace basalt::oracle {
namespace {

constexpr std::int64_t price_max = (std::int64_t{1} << 36) - 1;
constexpr std::int64_t quantity_max = (std::int64_t{1} << 48) - 1;
constexpr std::int64_t resting_max = std::int64_t{1} << 62;  // On one side of the book.
constexpr std::int64_t parts_max = 1000;                     // A reserve order shows anew so often.

// A whole number of 63 bits, which may be negative.
std::optional<std::int64_t> number(const std::string& word) {
  std::int64_t value = 0;
  const char* const end = word.data() + word.size();
  const auto [read, error] = std::from_chars(word.data(), end, value);
  if (error != std::errc{} || read != end) return {};
  return value;
}

std::optional<std::uint32_t> id_of(const std::string& word) {
  const auto value = number(word);
  if (!value || word.starts_with('-') || *value > 0xFFFF'FFFF) return {};
  return static_cast<std::uint32_t>(*value);
}

}  // namespace

void NaiveBook::line(const std::string& text) {
  ++line_number_;
  constexpr const char* blanks = " \t\r";
  const std::size_t end = std::min(text.find('#'), text.size());
  std::vector<std::string> words;
  for (std::size_t at = text.find_first_not_of(blanks); at < end;) {
    const std::size_t after = std::min(text.find_first_of(blanks, at), end);
    words.push_back(text.substr(at, after - at));
    at = text.find_first_not_of(blanks, after);
  }
  if (!words.empty() && !run(words)) out_ << "error " << line_number_ << '\n';
  withdraw();
}

// False: cannot be read.
bool NaiveBook::run(const std::vector<std::string>& words) {
  const auto offer_of = [](const std::string& word) -> std::optional<Offer> {
    const auto at = word.find('@');
    if (at == word.npos) return {};
    const auto quantity = number(word.substr(0, at));
    const std::string price_word = word.substr(at + 1);
    if (price_word == "market")
      return quantity ? Offer{*quantity, 0, true} : std::optional<Offer>{};
    const auto price = number(price_word);
    return quantity && price ? Offer{*quantity, *price, false} : std::optional<Offer>{};
  };
  const std::string& verb = words[0];
  if (verb == "book" && words.size() == 1) {
    print();
    return true;
  }
  if (verb == "rules") return set_rules(words);
  if (verb == "halt") return halt(words);
  if (verb == "protect") return protect(words);
  if (verb == "phase" || verb == "uncross" || verb == "tick" || verb == "pass") {
    return run_of_venue(words);
  }
  if (words.size() < 2) return false;
  const auto id = id_of(words[1]);
  if (!id) return false;
  if (verb == "cancel" && words.size() == 2) {
    cancel(*id);
    return true;
  }
  if (verb == "reduce" && words.size() == 3) {
    const auto total = number(words[2]);
    if (total) reduce(*id, *total);
    return total.has_value();
  }
  if (verb == "account" && words.size() == 3) {
    const auto firm = id_of(words[2]);
    if (!firm || *id == 0) return false;
    firms_[*id] = *firm;
    return true;
  }
  if (words.size() < 4) return false;
  const auto offer = offer_of(words[3]);
  if (!offer) return false;
  if (verb == "replace" && words.size() == 4) {
    const auto new_id = id_of(words[2]);
    if (!new_id || offer->market) return false;
    replace(*id, *new_id, *offer);
    return true;
  }
  return verb == "new" && enter(words, *id, *offer);
}

bool NaiveBook::run_of_venue(const std::vector<std::string>& words) {
  const std::string& verb = words[0];
  if (verb == "pass") {
    const auto later = words.size() == 2 ? id_of(words[1]) : std::nullopt;
    if (!later) return false;
    now_ += *later * std::int64_t{1'000'000};
    expire();
    tick();
    return true;
  }
  if (verb == "tick") {
    const auto until = words.size() == 2 ? number(words[1]) : now_;
    if (words.size() > 2 || !until || *until < now_) return false;
    now_ = *until;
    expire();
    tick();
    return true;
  }
  if (words.size() != (verb == "phase" ? 2u : 1u)) return false;
  if (verb == "uncross") {
    if (!is_auction(phase_)) return false;
    uncross();
    return true;
  }
  const std::string& phase = words[1];
  if (phase != "open" && phase != "closed" && phase != "halted" && !is_auction(phase)) return false;
  set_phase(phase);
  return true;
}

// A new order. False: cannot be read.
bool NaiveBook::enter(const std::vector<std::string>& words, std::uint32_t id, const Offer& offer) {
  if (words[2] != "buy" && words[2] != "sell") return false;
  Order order{id, words[2] == "buy", offer.market,   false, "day", 0,
              "", offer.price,       offer.quantity, 0};
  order.entered = line_number_;
  bool shows_less = false;
  bool stops = false;
  for (std::size_t i = 4; i < words.size(); ++i) {
    if (words[i] == "day" || words[i] == "gtc" || words[i] == "ioc" || words[i] == "fok" ||
        words[i] == "at-open" || words[i] == "at-close") {
      order.life = words[i];
    } else if (words[i].starts_with("gtd=") && number(words[i].substr(4))) {
      order.life = "gtd";
      order.expiry = *number(words[i].substr(4));
    } else if (words[i] == "post") {
      order.post = true;
    } else if (words[i] == "post=slide") {
      order.post = order.slides = true;
    } else if (words[i] == "quote") {
      order.quoted = true;
    } else if (words[i].starts_with("stp=")) {
      order.stp = words[i].substr(4);
      order.by_firm = order.stp.starts_with("firm-");
      if (order.by_firm) order.stp = order.stp.substr(5);
      if (order.stp != "newest" && order.stp != "oldest" && order.stp != "both" &&
          order.stp != "decrement") {
        return false;
      }
    } else if (const auto value = number(words[i].substr(words[i].find('=') + 1));
               value && words[i].starts_with("display=")) {
      order.display = *value;
      shows_less = true;
    } else if (value && words[i].starts_with("min=")) {
      order.min = *value;
    } else if (value && words[i].starts_with("stop=")) {
      order.stop = *value;
      stops = true;
    } else if (words[i].starts_with("account=") && id_of(words[i].substr(8))) {
      order.account = *id_of(words[i].substr(8));
    } else {
      return false;
    }
  }
  // A side of a quote asks for nothing that an order in the market does not have.
  const bool plain = !order.market && (order.life == "day" || order.life == "gtc") && !shows_less &&
                     order.min == 0 && !stops;
  if (order.quoted && !plain) return false;
  new_order(order, shows_less, stops);
  return true;
}

// Why an order may not enter, or nothing. `freed` leaves its side of the book in the same step.
std::string NaiveBook::refusal(const Order& order, std::int64_t freed) const {
  const auto& others = side(!order.buy);
  const bool crosses = !others.empty() && reaches(order, others.begin()->second.front().price);
  if (order.life == "at-open" && phase_ != "auction") return "outside-auction";
  if (order.life == "at-close" && phase_ != "closing") return "outside-auction";
  const bool at_once = order.life == "ioc" || order.life == "fok";
  const bool too_late = ends(order) && (!is_auction(phase_) || expiring_);
  if (gathers_ && (at_once || order.min > 0 || (uncrossing_ && crosses) || too_late)) {
    return "auction";
  }
  if (!gathers_ && volatility_ == 0 && !within_collar(order.price)) return "collar";
  if (order.post && crosses) return "would-cross";
  if (!gathers_ && (at_once || order.market)) return "";
  // Where less than may rest has ever come in, there is room whatever became of it.
  if (order.open > resting_max - entered_ &&
      order.open > resting_max - (resting(order.buy) - freed)) {
    return "full";
  }
  return shows_too_often(order) ? "display" : "";
}

std::int64_t NaiveBook::resting(bool buy) const {
  std::int64_t sum = 0;
  for (const auto& [rank, level] : side(buy)) {
    for (const Order& other : level) sum += other.open + other.reserve;
  }
  return sum;
}

// An order at market reaches to the end of all prices, or to the collar where that refuses.
NaiveBook::Order NaiveBook::priced(Order order) const {
  if (!order.market) return order;
  order.price = order.buy ? price_max : 1;
  if (gathers_ || volatility_ > 0) return order;
  order.price =
      order.buy ? std::min(order.price, collar_high_) : std::max(order.price, collar_low_);
  return order;
}

bool NaiveBook::shows_too_often(const Order& order) {
  if (order.display == 0 || order.open <= order.display) return false;
  return (order.open - order.display + order.display - 1) / order.display > parts_max;
}

void NaiveBook::new_order(Order order, bool shows_less, bool stops) {
  if (phase_ == "closed" || phase_ == "halted") return rejected(order.id, phase_);
  if (order.open < 1 || order.open > quantity_max) return rejected(order.id, "quantity");
  if (!order.market && (order.price < 1 || order.price > price_max)) {
    return rejected(order.id, "price");
  }
  if (shows_less && (order.display < 1 || order.display > quantity_max)) {
    return rejected(order.id, "display");
  }
  if (order.min < 0 || order.min > order.open) return rejected(order.id, "min-quantity");
  const bool for_auction = order.life == "at-open" || order.life == "at-close";
  if (stops && (order.stop < 1 || order.stop > price_max || for_auction)) {
    return rejected(order.id, "stop-price");
  }
  if (order.life == "gtd" && order.expiry <= now_) return rejected(order.id, "expiry");
  if (is_live(order.id)) return rejected(order.id, "duplicate");
  Protection* const protection = order.quoted ? protection_of(order.account) : nullptr;
  if (protection != nullptr && protection->withdrawn) return rejected(order.id, "protected");
  const bool waits = stops && !reached(order);
  slide(order);
  const std::string why = waits ? refusal_to_wait(order, 0) : refusal(priced(order), 0);
  if (!why.empty()) return rejected(order.id, why);
  out_ << "accepted " << order.id << '\n';
  if (waits) return stops_.push_back(order);
  if (stops) out_ << "triggered " << order.id << '\n';
  take_and_rest(priced(order));
  trigger_stops(order.buy);
  if (protection != nullptr && live_.contains(order.id)) {
    protection->latest[order.buy] = order.id;
  }
}

// An order that would cross, and may rest, asks for one tick less than the best it would cross.
// Stops do not.
void NaiveBook::slide(Order& order) const {
  const auto& others = side(!order.buy);
  if (!order.slides || order.stop != 0 || order.market || others.empty()) return;
  if (!gathers_ && volatility_ == 0 && !within_collar(order.price)) return;
  if (order.life == "ioc" || order.life == "fok") return;
  const std::int64_t best = others.begin()->second.front().price;
  if (!reaches(order, best)) return;
  const std::int64_t price = order.buy ? best - 1 : best + 1;
  if (price >= 1 && price <= price_max) order.price = price;
}

NaiveBook::Order& NaiveBook::live_order(std::uint32_t id) {
  const auto found = live_.find(id);
  if (found != live_.end()) return *found->second;
  return *std::find_if(stops_.begin(), stops_.end(), [id](const Order& o) { return o.id == id; });
}

// What an order does not show goes first.
void NaiveBook::take_away(Order& order, std::int64_t quantity) {
  const std::int64_t hidden = std::min(order.reserve, quantity);
  order.reserve -= hidden;
  order.open -= quantity - hidden;
}

void NaiveBook::replace(std::uint32_t id, std::uint32_t new_id, const Offer& offer) {
  if (!is_live(id)) return rejected(id, "not-live");
  if (phase_ == "closed" || phase_ == "halted") return rejected(new_id, phase_);
  if (offer.quantity < 1 || offer.quantity > quantity_max) return rejected(new_id, "quantity");
  if (offer.price < 1 || offer.price > price_max) return rejected(new_id, "price");
  if (is_live(new_id)) return rejected(new_id, "duplicate");
  Order order = live_order(id);
  if (offer.quantity <= order.executed) return cancel(id);
  const bool waits = order.stop != 0;
  const std::int64_t freed = order.open + order.reserve;
  order.id = new_id;
  order.price = offer.price;
  order.open = offer.quantity - order.executed;
  order.reserve = 0;
  order.market = false;
  order.quoted = false;
  slide(order);
  const std::string why = waits ? refusal_to_wait(order, freed) : refusal(order, freed);
  if (why == "collar") {  // As what is invalid in itself, it takes its original with it.
    remove(id);
    out_ << "canceled " << id << ' ' << freed << " system\n";
    return;
  }
  if (!why.empty()) return rejected(new_id, why);
  remove(id);
  out_ << "replaced " << id << ' ' << new_id << '\n';
  if (waits) return stops_.push_back(order);
  take_and_rest(order);
  trigger_stops(order.buy);
}

void NaiveBook::cancel(std::uint32_t id) {
  if (!is_live(id)) return rejected(id, "not-live");
  const Order order = remove(id);
  out_ << "canceled " << id << ' ' << order.open + order.reserve << " user\n";
}

void NaiveBook::reduce(std::uint32_t id, std::int64_t total) {
  if (!is_live(id)) return rejected(id, "not-live");
  if (total < 0) return rejected(id, "quantity");
  Order& order = live_order(id);
  const std::int64_t stays = std::max<std::int64_t>(total - order.executed, 0);
  const std::int64_t goes = order.open + order.reserve - stays;
  if (goes <= 0) return rejected(id, "lowers-nothing");
  if (stays == 0) return cancel(id);
  out_ << "canceled " << id << ' ' << goes << " user\n";
  take_away(order, goes);
}

// An account of which nothing else was said is of no firm but itself.
bool NaiveBook::own(const Order& taker, const Order& maker) const {
  if (taker.stp.empty() || taker.account == 0) return false;
  if (taker.account == maker.account) return true;
  const auto one = firms_.find(taker.account);
  const auto other = firms_.find(maker.account);
  return taker.by_firm && one != firms_.end() && other != firms_.end() &&
         one->second == other->second;
}

// How much of the other side the order could take, but no more than it wants. Where it would have
// to lose something to an order of its own account, it gets no further.
std::int64_t NaiveBook::reachable(const Order& taker) const {
  std::int64_t found = 0;
  for (const auto& [rank, level] : side(!taker.buy)) {
    if (!reaches(taker, level.front().price)) break;
    if (guarded() && !within_collar(level.front().price)) break;
    for (const Order& maker : level) {
      if (own(taker, maker) && taker.stp == "oldest") continue;
      if (own(taker, maker)) return found;
      found += maker.open + maker.reserve;
      if (found >= taker.open) return taker.open;
    }
  }
  return found;
}

void NaiveBook::take_and_rest(Order order) {
  entered_ = std::min(entered_ + order.open, resting_max);
  auto& makers = side(!order.buy);
  const std::int64_t must_trade =
      order.life == "fok" ? order.open : std::min(order.min, order.open);
  const bool takes = must_trade == 0 || reachable(order) >= must_trade;
  bool too_far = false;
  bool traded = false;
  while (takes && !gathers_ && order.open > 0 && !makers.empty()) {
    Level& best = makers.begin()->second;
    Order& maker = best.front();
    if (!reaches(order, maker.price)) break;
    if (guarded() && !within_collar(maker.price)) {
      too_far = true;
      break;
    }
    if (own(order, maker)) {
      if (prevents(order, maker)) continue;
      if (order.open > 0) out_ << "canceled " << order.id << ' ' << order.open << " self-match\n";
      if (traded) move_collar();
      return;
    }
    trade(order, best);
    traded = true;
  }
  if (traded) move_collar();
  if (order.open == 0) return;
  if (too_far) interrupt();
  const bool no_room = too_far && order.market &&
                       (order.open > resting_max - resting(order.buy) || shows_too_often(order));
  if (!takes || no_room || (order.market && !gathers_) || order.life == "ioc" ||
      order.life == "fok") {
    out_ << "canceled " << order.id << ' ' << order.open << " immediate\n";
    return;
  }
  order.min = 0;
  order.stop = 0;
  if (order.display > 0 && order.open > order.display) {
    order.reserve = order.open - order.display;
    order.open = order.display;
  }
  if (ends(order)) ending_.push_back(order.id);
  Level& level = side(order.buy)[rank(order)];
  live_[order.id] = level.insert(level.end(), order);
}

// With the first of a level.
void NaiveBook::trade(Order& taker, Level& level) {
  Order& maker = level.front();
  const std::int64_t quantity = std::min(taker.open, maker.open);
  out_ << "fill " << taker.id << ' ' << maker.id << ' ' << quantity << '@' << maker.price << '\n';
  last_trade_ = maker.price;
  trades_.push_back(maker.price);
  taker.open -= quantity;
  taker.executed += quantity;
  count(maker, quantity);
  lower_first(level, quantity);
}

// The first of a level has traded. One that has shown all shows anew, at the back.
void NaiveBook::lower_first(Level& level, std::int64_t quantity) {
  Order& order = level.front();
  order.open -= quantity;
  order.executed += quantity;
  if (order.open > 0) return;
  if (order.reserve == 0) {
    remove(order.id);
    return;
  }
  order.open = std::min(order.display, order.reserve);
  order.reserve -= order.open;
  level.splice(level.end(), level, level.begin());
}

// An order meets one of its own account. True: it goes on.
bool NaiveBook::prevents(Order& taker, Order& maker) {
  const auto cancel_some = [this](Order& order, std::int64_t quantity) {
    out_ << "canceled " << order.id << ' ' << quantity << " self-match\n";
    take_away(order, quantity);
    order.executed += quantity;  // It counts in the total that the client intends.
  };
  const std::int64_t all = maker.open + maker.reserve;
  const std::int64_t smaller = std::min(taker.open, all);
  if (taker.stp != "newest") cancel_some(maker, taker.stp == "decrement" ? smaller : all);
  if (taker.stp == "decrement") cancel_some(taker, smaller);
  if (maker.open == 0) remove(maker.id);
  return taker.stp == "oldest" || (taker.stp == "decrement" && taker.open > 0);
}

NaiveBook::Order NaiveBook::remove(std::uint32_t id) {
  if (const auto stop = waiting(id); stop != stops_.end()) {
    Order order = *stop;
    stops_.erase(stop);
    return order;
  }
  ending_.remove(id);
  if (ending_.empty()) expiring_ = false;
  Order order = *live_[id];
  auto& levels = side(order.buy);
  levels[rank(order)].erase(live_[id]);
  if (levels[rank(order)].empty()) levels.erase(rank(order));
  live_.erase(id);
  return order;
}

void NaiveBook::print() const {
  for (const bool buy : {true, false}) {
    for (const auto& [rank, level] : side(buy)) {
      std::int64_t sum = 0;
      for (const Order& order : level) sum += order.open;
      out_ << (buy ? "bid " : "ask ") << sum << '@' << level.front().price << ' ' << level.size()
           << '\n';
    }
  }
  out_ << "end\n";
}

}  // namespace basalt::oracle
