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
constexpr std::int64_t random_max = 4'294'967'295;
constexpr std::int64_t trail_max = 4'294'967'295;
constexpr std::int64_t time_max = std::int64_t{1} << 62;

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
    if (!later || *later * std::int64_t{1'000'000} > time_max - now_) return false;
    now_ += *later * std::int64_t{1'000'000};
    expire();
    tick();
    return true;
  }
  if (verb == "tick") {
    const auto until = words.size() == 2 ? number(words[1]) : now_;
    if (words.size() > 2 || !until || *until < now_ || *until > time_max) return false;
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
  if (says_twice(words, 4)) return false;
  for (std::size_t i = 4; i < words.size(); ++i) {
    if (words[i] == "day" || words[i] == "gtc" || words[i] == "ioc" || words[i] == "fok" ||
        words[i] == "at-open" || words[i] == "at-close" || words[i] == "at-halt") {
      order.life = words[i];
    } else if (words[i].starts_with("gtd=") && number(words[i].substr(4))) {
      order.life = "gtd";
      order.expiry = *number(words[i].substr(4));
    } else if (words[i] == "hidden") {
      order.hidden = true;
    } else if (words[i] == "peg=mid" || words[i] == "peg=primary") {
      order.peg = words[i].substr(4);
      order.hidden = true;
    } else if (words[i] == "post") {
      order.post = true;
    } else if (words[i] == "post=slide") {
      order.post = order.slides = true;
    } else if (words[i] == "rests" && order.market) {
      order.rests = true;
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
    } else if (value && words[i].starts_with("random=")) {
      order.random = *value;
    } else if (value && words[i].starts_with("min=")) {
      order.min = *value;
    } else if (value && words[i].starts_with("offset=") && *value >= -(std::int64_t{1} << 31) &&
               *value < std::int64_t{1} << 31) {
      order.offset = *value;
    } else if (value && words[i].starts_with("stop=")) {
      order.stop = *value;
      stops = true;
    } else if (value && words[i].starts_with("trail=")) {
      order.trail = *value;
    } else if (words[i].starts_with("oco=") && id_of(words[i].substr(4))) {
      order.partner = *id_of(words[i].substr(4));
    } else if (words[i].starts_with("account=") && id_of(words[i].substr(8))) {
      order.account = *id_of(words[i].substr(8));
    } else {
      return false;
    }
  }
  // A side of a quote asks for nothing that an order in the market does not have.
  const bool plain = !order.market && (order.life == "day" || order.life == "gtc") && !shows_less &&
                     order.random == 0 && order.min == 0 && !stops && !order.trail &&
                     !order.hidden && order.offset == 0 && !order.partner;
  if (order.quoted && !plain) return false;
  new_order(order, shows_less, stops);
  return true;
}

// Why an order may not enter, or nothing. `freed` leaves its side of the book in the same step.
std::string NaiveBook::refusal(const Order& order, std::int64_t freed) const {
  if (!order.peg.empty()) return refusal_of_peg(order, freed);
  const auto best = best_to_take(!order.buy, priced_pegs(!order.buy));
  const bool crosses = best && reaches(order, *best);
  if (order.life == "at-open" && phase_ != "auction") return "outside-auction";
  if (order.life == "at-close" && phase_ != "closing") return "outside-auction";
  if (order.life == "at-halt" && phase_ != "volatility") return "outside-auction";
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
  for (const Order& other : pegs(buy)) sum += other.open;
  return sum;
}

// An order at market reaches to the end of all prices, or to the collar where that refuses. Bands
// keep all orders.
NaiveBook::Order NaiveBook::priced(Order order) const {
  if (!order.peg.empty()) return order;
  if (order.market) order.price = order.buy ? price_max : 1;
  if (order.market && !gathers_ && volatility_ == 0) {
    order.price =
        order.buy ? std::min(order.price, collar_high_) : std::max(order.price, collar_low_);
  }
  keep_within_band(order);
  return order;
}

void NaiveBook::new_order(Order order, bool shows_less, bool stops) {
  if (phase_ == "halted" || (phase_ == "closed" && !may_wait(order))) {
    return rejected(order.id, phase_);
  }
  if (order.open < 1 || order.open > quantity_max) return rejected(order.id, "quantity");
  if (!order.market && (order.price < 1 || order.price > price_max)) {
    return rejected(order.id, "price");
  }
  if (shows_less && (order.display < 1 || order.display > quantity_max || order.hidden)) {
    return rejected(order.id, "display");
  }
  const bool varies = order.random != 0;
  if (varies && (order.random < 0 || order.random > random_max || order.random >= order.display)) {
    return rejected(order.id, "display");
  }
  if (order.min < 0 || order.min > order.open) return rejected(order.id, "min-quantity");
  const bool for_auction = order.life.starts_with("at-");
  if (stops && (order.stop < 1 || order.stop > price_max || for_auction)) {
    return rejected(order.id, "stop-price");
  }
  if (order.trail && (*order.trail < 1 || *order.trail > trail_max || for_auction)) {
    return rejected(order.id, "stop-price");
  }
  if (order.life == "gtd" && order.expiry <= now_) return rejected(order.id, "expiry");
  const bool follows = !order.market && !order.slides && !stops && !order.trail && !for_auction;
  const bool away = order.offset == 0 || (order.peg == "primary" && order.offset > 0);
  if (!away || (!order.peg.empty() && !follows)) return rejected(order.id, "peg");
  if (order.partner && !is_live(*order.partner)) return rejected(order.id, "link");
  if (is_live(order.id)) return rejected(order.id, "duplicate");
  Protection* const protection = order.quoted ? protection_of(order.account) : nullptr;
  if (protection != nullptr && protection->withdrawn) return rejected(order.id, "protected");
  if (!may_link(order)) return rejected(order.id, "link");
  if (!begins_to_trail(order)) return rejected(order.id, "stop-price");
  if (comes_early(order)) {
    const std::string why = refusal_to_keep(order, 0);
    if (!why.empty()) return rejected(order.id, why);
    out_ << "accepted " << order.id << '\n';
    kept_.push_back(order);
    return link(kept_.back());
  }
  stops = stops || order.trail;
  const bool waits = stops && !reached(order);
  slide(order);
  const std::string why = waits ? refusal_to_wait(order, 0) : refusal(priced(order), 0);
  if (!why.empty()) return rejected(order.id, why);
  out_ << "accepted " << order.id << '\n';
  if (waits) return wait(order);
  if (stops) {
    out_ << "triggered " << order.id << '\n';
    part(order);
  }
  take_and_rest(priced(order));
  cancel_partners();
  trigger_stops(order.buy);
  if (protection != nullptr && live_.contains(order.id)) {
    protection->latest[order.buy] = order.id;
  }
}

// An order that would cross, and may rest, asks for one tick less than the best it would cross.
// Stops do not.
void NaiveBook::slide(Order& order) const {
  const auto best = best_to_take(!order.buy, priced_pegs(!order.buy));
  if (!order.slides || order.stop != 0 || order.market || !best) return;
  if (!gathers_ && volatility_ == 0 && !within_collar(order.price)) return;
  if (order.life == "ioc" || order.life == "fok") return;
  if (!reaches(order, *best)) return;
  const std::int64_t price = order.buy ? *best - 1 : *best + 1;
  if (price >= 1 && price <= price_max) order.price = price;
}

NaiveBook::Order& NaiveBook::live_order(std::uint32_t id) {
  const auto found = live_.find(id);
  if (found != live_.end()) return *found->second;
  const auto named = [id](const Order& o) { return o.id == id; };
  const auto stop = std::find_if(stops_.begin(), stops_.end(), named);
  return stop != stops_.end() ? *stop : *std::find_if(kept_.begin(), kept_.end(), named);
}

void NaiveBook::replace(std::uint32_t id, std::uint32_t new_id, const Offer& offer) {
  if (!is_live(id)) return rejected(id, "not-live");
  if (phase_ == "closed" || phase_ == "halted") return rejected(new_id, phase_);
  if (offer.quantity < 1 || offer.quantity > quantity_max) return rejected(new_id, "quantity");
  if (offer.price < 1 || offer.price > price_max) return rejected(new_id, "price");
  if (is_live(new_id)) return rejected(new_id, "duplicate");
  Order order = live_order(id);
  if (offer.quantity <= order.executed) return cancel(id);
  const bool is_kept = kept(id) != kept_.end();
  const bool waits = order.stop != 0 || is_kept;
  const std::int64_t freed = order.open + order.reserve;
  order.id = new_id;
  order.price = offer.price;
  order.open = offer.quantity - order.executed;
  order.reserve = 0;
  order.market = false;
  order.quoted = false;
  if (!waits) {
    slide(order);
    order = priced(order);
  }
  const std::string why = is_kept ? refusal_to_keep(order, freed)
                          : waits ? refusal_to_wait(order, freed)
                                  : refusal(order, freed);
  if (why == "collar") {  // As what is invalid in itself, it takes its original with it.
    remove(id);
    out_ << "canceled " << id << ' ' << freed << " system\n";
    return;
  }
  if (!why.empty()) return rejected(new_id, why);
  remove(id);
  out_ << "replaced " << id << ' ' << new_id << '\n';
  if (is_kept) {
    kept_.push_back(order);
    return link(kept_.back());
  }
  if (waits) return wait(order);
  take_and_rest(order);
  cancel_partners();
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

void NaiveBook::take_and_rest(Order order) {
  entered_ = std::min(entered_ + order.open, resting_max);
  const std::int64_t limit = order.price;
  bool takes = !gathers_;
  if (!order.peg.empty()) {
    const auto price = price_of_peg(order);
    takes = price.has_value();
    order.price = price.value_or(limit);
  }
  const std::int64_t must_trade =
      order.life == "fok" ? order.open : std::min(order.min, order.open);
  const bool at_once = order.life == "ioc" || order.life == "fok";
  const bool fails = must_trade > 0 && (!takes || reachable(order) < must_trade);
  Taken taken;
  if (takes && !fails) taken = take(order, priced_pegs(!order.buy));
  order.price = limit;
  if (taken.traded) part(order);
  if (order.open == 0) return;
  if (taken.prevented) {
    out_ << "canceled " << order.id << ' ' << order.open << " self-match\n";
    return;
  }
  const bool too_far = taken.too_far && order.peg.empty();
  if (too_far) interrupt();
  const bool stays = order.market && (gathers_ ? too_far : order.rests && taken.traded && !at_once);
  const bool no_room =
      stays && (order.open > resting_max - resting(order.buy) || shows_too_often(order));
  if (stays && !gathers_) {
    order.market = false;
    order.price = last_trade_;
  }
  if (fails || no_room || (order.market && !gathers_) || at_once) {
    out_ << "canceled " << order.id << ' ' << order.open << " immediate\n";
    return;
  }
  order.min = 0;
  order.stop = 0;
  order.trail.reset();
  if (order.display > 0 && order.open > order.display) {
    order.reserve = order.open - order.display;
    order.open = order.display;
  }
  if (ends(order)) ending_.push_back(order.id);
  Level& level = order.peg.empty() ? side(order.buy)[rank(order)] : pegs(order.buy);
  const bool shows = order.peg.empty() && !order.hidden;
  live_[order.id] = level.insert(shows ? first_hidden(level) : level.end(), order);
  link(*live_[order.id]);
}

NaiveBook::Order NaiveBook::remove(std::uint32_t id) {
  if (const auto partner = live_order(id).partner) live_order(*partner).partner.reset();
  if (const auto stop = waiting(id); stop != stops_.end()) {
    Order order = *stop;
    stops_.erase(stop);
    return order;
  }
  if (const auto early = kept(id); early != kept_.end()) {
    Order order = *early;
    kept_.erase(early);
    return order;
  }
  ending_.remove(id);
  if (ending_.empty()) expiring_ = false;
  Order order = *live_[id];
  if (!order.peg.empty()) {
    pegs(order.buy).erase(live_[id]);
    live_.erase(id);
    return order;
  }
  auto& levels = side(order.buy);
  levels[rank(order)].erase(live_[id]);
  if (levels[rank(order)].empty()) levels.erase(rank(order));
  live_.erase(id);
  return order;
}

void NaiveBook::print() const {
  for (const bool hidden : {false, true}) {
    for (const bool buy : {true, false}) print_side(buy, hidden);
  }
  for (const bool buy : {true, false}) {
    std::int64_t sum = 0;
    for (const Order& order : pegs(buy)) sum += order.open;
    if (sum > 0)
      out_ << (buy ? "pegged bid " : "pegged ask ") << sum << ' ' << pegs(buy).size() << '\n';
  }
  out_ << "end\n";
}

void NaiveBook::print_side(bool buy, bool hidden) const {
  for (const auto& [rank, level] : side(buy)) {
    std::int64_t sum = 0;
    std::int64_t orders = 0;
    for (const Order& order : level) {
      if (order.hidden != hidden) continue;
      sum += order.open;
      ++orders;
    }
    if (orders == 0) continue;
    out_ << (hidden ? "hidden " : "") << (buy ? "bid " : "ask ") << sum << '@'
         << level.front().price << ' ' << orders << '\n';
  }
}

}  // namespace basalt::oracle
