#include "tools/book_verb.h"

#include <algorithm>
#include <cstring>
#include <iostream>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tools/book_session.h"

namespace basalt::tools {
namespace {

using namespace book_words;

// Nodes for levels: a path for every second order, each at a price far from all others.
MatchingCore::Limits limits_for(std::uint32_t orders_max, std::uint32_t slice_max,
                                std::uint32_t books_max) {
  const std::uint32_t leaves_max = orders_max / 2 + 64;
  const std::uint32_t instructed_max = std::min(64 * orders_max, 1U << 15);  // Room for parts, too.
  MatchingCore::Limits limits{orders_max, books_max, leaves_max,
                              matching::Levels::inners_wanted * leaves_max, instructed_max};
  limits.accounts_max = accounts_with_firms_max;
  limits.indicative_interval = Nanos{0};  // With each Tick.
  if (slice_max > 0) limits.uncross_fills_max = limits.expiries_max = slice_max;
  return limits;
}

std::string_view surplus_of(const Event& indicative) {
  if (indicative.remaining == Quantity{0}) return "none";
  return indicative.side == Side::buy ? "buy" : "sell";
}

}  // namespace

void BookSession::State::run(const std::vector<std::string_view>& words) {
  const std::string_view verb = words[0];
  const auto wants = [&](std::size_t count) {
    if (words.size() != count) {
      throw Unreadable{std::string(verb) + " takes " + std::to_string(count - 1) +
                       (count == 2 ? " word" : " words")};
    }
  };
  if (verb == "new") return new_order(words);
  if (verb == "replace") return replace(words);
  if (verb == "cancel") {
    wants(2);
    return cancel(id_of(words[1]), {});
  }
  if (verb == "reduce") {
    wants(3);
    return cancel(id_of(words[1]), quantity_of(words[2]));
  }
  if (verb == "phase") {
    wants(2);
    return phase(words[1]);
  }
  if (verb == "book") {
    wants(1);
    return print_book();
  }
  if (verb == "account") {
    wants(3);
    return define_account(number<std::uint32_t>(words[1], "the account"),
                          number<std::uint32_t>(words[2], "the firm"));
  }
  if (verb == "uncross") {
    wants(1);
    return uncross();
  }
  if (verb == "tick") {
    if (words.size() != 1) {
      wants(2);
      pass_time(words[1]);
    }
    return tick();
  }
  if (verb == "pass") {
    wants(2);
    pass_ms(words[1]);
    return tick();
  }
  if (verb == "rules") return rules(words);
  if (verb == "protect") return protect(words);
  if (verb == "halt") {
    if (words.size() != 1) wants(3);
    return halt(words);
  }
  throw Unreadable{"no such command: " + std::string(verb)};
}

void BookSession::State::take_instruction(std::string_view word, Asked& asked) {
  Order& order = asked.order;
  const auto starts = [word](std::string_view name) { return word.starts_with(name); };
  if (const auto time_in_force = time_in_force_of(word)) {
    order.time_in_force = *time_in_force;
  } else if (starts("gtd=")) {
    order.time_in_force = TimeInForce::gtd;
    asked.expiry = time_of(word.substr(4));
  } else if (word == "hidden") {
    order.flags |= flag_hidden;
  } else if (word == "post") {
    order.flags |= flag_post_only;
  } else if (word == "quote") {
    order.flags |= flag_quoted;
  } else if (word == "post=slide") {
    order.flags |= flag_post_only | flag_slide;
  } else if (word == "rests") {
    if ((order.flags & flag_market) == 0) throw Unreadable{"rests is for QTY@market"};
    order.flags |= flag_rests;
  } else if (starts("account=")) {
    order.account = account_of(number<std::uint32_t>(word.substr(8), "the account"));
  } else if (starts("stp=")) {
    order.flags |= self_trade_flags_of(word.substr(4));
  } else if (starts("display=")) {
    asked.display = quantity_of(word.substr(8));
  } else if (starts("random=")) {
    asked.random = number<std::int64_t>(word.substr(7), "the random part");
  } else if (starts("min=")) {
    asked.min_quantity = quantity_of(word.substr(4));
  } else if (starts("trail=")) {
    asked.trail = number<std::int64_t>(word.substr(6), "the trail");
  } else if (starts("oco=")) {
    asked.linked_to = id_of(word.substr(4));
  } else if (starts("stop=")) {
    asked.stop = Price{number<std::int64_t>(word.substr(5), "the stop price")};
  } else if (word == "peg=mid" || word == "peg=primary") {
    asked.price_type = word == "peg=mid" ? PriceType::midpoint : PriceType::primary;
    order.flags |= flag_hidden;
  } else if (starts("offset=")) {
    asked.offset = number<std::int32_t>(word.substr(7), "the offset");
  } else {
    throw Unreadable{"no such instruction, or not with its value: " + std::string(word)};
  }
}

bool BookSession::State::valid_trail(std::int64_t trail) {
  return trail > 0 && trail <= 0xFFFF'FFFF;
}

bool BookSession::State::valid_random(const Asked& asked) {
  constexpr std::int64_t most = 0xFFFF'FFFF;
  return asked.random > 0 && asked.random <= most &&
         Quantity{asked.random} < asked.display.value_or(Quantity{0});
}

// In order of precedence (engine/matching/RULES.md).
Reject BookSession::State::refusal_of(std::uint32_t id, const Asked& asked) const {
  const Order& order = asked.order;
  const bool waits = waits_for_auction(order.time_in_force);
  if (const Reject reject = refusal_of_phase(waits); reject != Reject::none) return reject;
  if (!valid(order.quantity)) return Reject::invalid_quantity;
  if (!valid(order.price)) return Reject::invalid_price;
  const bool hides = (order.flags & flag_hidden) != 0;
  if (asked.display && (!valid(*asked.display) || hides)) return Reject::invalid_max_floor;
  if (asked.random != 0 && !valid_random(asked)) return Reject::invalid_max_floor;
  if (const auto min = asked.min_quantity; min && (*min < Quantity{0} || *min > order.quantity)) {
    return Reject::invalid_min_quantity;
  }
  if (asked.stop && (!valid(*asked.stop) || is_for_auction(order.time_in_force))) {
    return Reject::invalid_stop_price;
  }
  if (asked.trail && (!valid_trail(*asked.trail) || is_for_auction(order.time_in_force))) {
    return Reject::invalid_stop_price;
  }
  if (asked.ends() && asked.expiry <= now) return Reject::invalid_expiry;
  if (!asked.is_peg_possible()) return Reject::invalid_peg;
  if (asked.linked_to && !live.contains(*asked.linked_to)) return Reject::invalid_link;
  if (live.contains(id)) return Reject::duplicate_order;
  return free_slots.empty() ? Reject::open_orders_exceeded : Reject::none;
}

void BookSession::State::new_order(const std::vector<std::string_view>& words) {
  if (words.size() < 4) throw Unreadable{"new takes ID buy|sell QTY@PRICE"};
  const std::uint32_t id = id_of(words[1]);
  Asked asked;
  Order& order = asked.order;
  order.kind = CommandKind::new_order;
  if (words[2] != "buy" && words[2] != "sell") throw Unreadable{"expected buy or sell"};
  order.side = words[2] == "buy" ? Side::buy : Side::sell;
  const Offer offer = offer_of(words[3]);
  order.quantity = offer.quantity;
  order.account = AccountId{0};
  if (!offer.price) order.flags |= flag_market;
  // Without a collar a market order is bounded by the ends of the price range alone.
  order.price = offer.price.value_or(order.side == Side::buy ? limits::price_max : Price{1});
  Said said;
  for (std::size_t i = 4; i < words.size(); ++i) {
    said.add(subject_of(words[i]));
    take_instruction(words[i], asked);
  }
  if ((order.flags & flag_quoted) != 0 && !asked.is_plain()) {
    throw Unreadable{"a side of a quote is a limit order for the day and nothing else"};
  }
  // No account is nobody's own.
  if (order.account == AccountId{0}) {
    order.flags = static_cast<std::uint16_t>(order.flags & ~(flag_self_trade_mask | flag_by_firm));
  }
  if (const Reject reject = refusal_of(id, asked); reject != Reject::none) {
    return rejected(id, reject);
  }
  order.order = take_slot(id);
  Command command;
  command.order = order;
  if (asked.linked_to) command.order.original = live.at(*asked.linked_to);
  if (asked.display || asked.min_quantity || asked.stop || asked.ends() || asked.linked_to ||
      asked.trail || asked.is_peg()) {
    command.order.flags |= flag_instructed;
    Instructions instructions{};
    instructions.display = asked.display.value_or(Quantity{});
    instructions.min_quantity = asked.min_quantity.value_or(Quantity{});
    instructions.stop = asked.stop.value_or(no_price);
    instructions.expiry = asked.ends() ? asked.expiry : no_time;
    instructions.trail = static_cast<std::uint32_t>(asked.trail.value_or(0));
    instructions.random = static_cast<std::uint32_t>(asked.random);
    instructions.price_type = asked.price_type;
    instructions.peg_offset = asked.offset;
    command.set(instructions);
  }
  apply(command, id);
}

void BookSession::State::replace(const std::vector<std::string_view>& words) {
  if (words.size() != 4) throw Unreadable{"replace takes ID NEWID QTY@PRICE"};
  const std::uint32_t id = id_of(words[1]);
  const std::uint32_t new_id = id_of(words[2]);
  const Offer offer = offer_of(words[3]);
  if (!offer.price) throw Unreadable{"a replacement needs a price"};
  const auto original = live.find(id);
  if (original == live.end()) return rejected(id, Reject::not_live);
  Command command;
  Order& order = command.order;
  order.kind = CommandKind::replace;
  order.original = original->second;
  order.quantity = offer.quantity;
  order.price = *offer.price;
  if (core.memory().is_hidden(slot_of(order.original))) order.flags = flag_hidden;
  order.verdict = refusal_of_phase();
  if (order.verdict == Reject::none) {
    if (!valid(offer.quantity)) return rejected(new_id, Reject::invalid_quantity);
    if (!valid(*offer.price)) return rejected(new_id, Reject::invalid_price);
    if (live.contains(new_id)) return rejected(new_id, Reject::duplicate_order);
    if (free_slots.empty()) return rejected(new_id, Reject::open_orders_exceeded);
    order.order = take_slot(new_id);
  }
  apply(command, new_id);
}

void BookSession::State::cancel(std::uint32_t id, std::optional<Quantity> total) {
  const auto found = live.find(id);
  if (found == live.end()) return rejected(id, Reject::not_live);
  if (total && *total < Quantity{0}) return rejected(id, Reject::invalid_quantity);
  Command command;
  Order& order = command.order;
  order.kind = total ? CommandKind::reduce : CommandKind::cancel;
  order.order = found->second;
  order.quantity = total.value_or(Quantity{0});
  apply(command, id);
}

void BookSession::State::send(Command& command) {
  command.order.sequence = ++sequence;
  command.order.time = now;
  command.order.instrument = instrument;
  core.apply(command, outlet);
}

void BookSession::State::apply_unheard(Command command) {
  send(command);
  for (bool more = true; more;) {
    outlet.flush();
    while (const Event* event = ring.peek()) more = event->last == 0;
    ring.consume();
  }
}

void BookSession::State::apply(Command& command, std::uint32_t wanted) {
  Order& order = command.order;
  send(command);
  taker = order.order;
  taker_open = order.quantity;
  bool first = true;
  for (bool more = true; more;) {
    outlet.flush();
    while (const Event* event = ring.peek()) {
      if (first && order.kind == CommandKind::new_order && event->kind != EventKind::rejected) {
        live.emplace(wanted, order.order);
        out << "accepted " << wanted << '\n';
      }
      first = false;
      tell(order, *event, wanted);
      more = event->last == 0;
    }
    ring.consume();
  }
  if (verify) core.assert_invariants();
}

void BookSession::State::tell(const Order& order, const Event& event, std::uint32_t wanted) {
  const std::uint32_t id = id_in_slot[slot_of(event.order)];
  switch (event.kind) {
    case EventKind::fill:
      out << "fill " << id_in_slot[slot_of(taker)] << ' ' << id << ' ' << event.quantity.value
          << '@' << event.price.value << '\n';
      taker_open -= event.quantity;
      if (event.remaining == Quantity{0}) gone(event.order);
      if (taker_open == Quantity{0}) gone(taker);
      return;
    case EventKind::canceled:
      out << "canceled " << id << ' ' << event.quantity.value << ' ' << word_for(event.reason())
          << '\n';
      if (event.order == taker) taker_open = event.remaining;
      if (event.remaining == Quantity{0}) gone(event.order);
      if (order.kind == CommandKind::replace && event.order == order.original) {
        give_slot(order.order);
      }
      return;
    case EventKind::replaced:
      out << "replaced " << id << ' ' << wanted << '\n';
      taker_open = event.remaining;
      gone(event.order);
      live.emplace(wanted, order.order);
      return;
    case EventKind::triggered:
    case EventKind::crossing:
      if (event.kind == EventKind::triggered) out << "triggered " << id << '\n';
      taker = event.order;
      taker_open = event.remaining;
      return;
    case EventKind::rejected:
      if (order.order != no_order) give_slot(order.order);
      return rejected(wanted, event.reject());
    case EventKind::nothing:
      if (order.kind == CommandKind::reduce) rejected(wanted, Reject::lowers_nothing);
      return;
    case EventKind::uncrossed:
      out << "uncrossed " << event.quantity.value << '@' << event.price.value << '\n';
      return;
    case EventKind::indicative:
      out << "indicative " << event.quantity.value << '@' << event.price.value << ' '
          << event.remaining.value << ' ' << surplus_of(event) << '\n';
      return;
    case EventKind::phase_changed:
      out << "phase " << word_for(event.auction()) << '\n';
      return;
    case EventKind::extended:
      out << "extended\n";
      return;
    case EventKind::bands_moved:
      out << "band " << event.low().value << ' ' << event.high().value << '\n';
      return;
    case EventKind::limit_state:
      out << "limit-state " << word_for(event.at_band()) << '\n';
      return;
    case EventKind::withdrawn:
      out << "withdrawn " << number_of_account[index_of(event.account)] << '\n';
      return;
    case EventKind::rested:
    case EventKind::restated:
    case EventKind::armed:
    case EventKind::repriced:
      return;
  }
}

bool BookSession::State::next_book() {
  for (const auto& [id, number] : live) {
    Command cancel;
    cancel.order.kind = CommandKind::cancel;
    cancel.order.order = number;
    apply_unheard(cancel);
    give_slot(number);
  }
  live.clear();
  line_number = 0;
  now = Nanos{};
  apply_unheard(of_phase(InstrumentState::open));
  if (index_of(instrument) + 1 == books_max) return false;
  instrument = InstrumentId{index_of(instrument) + 1};
  return true;
}

void BookSession::State::print_book() {
  const auto& memory = core.memory();
  const auto print_as = [&](std::string_view name) {
    return [&, name](Price price, const matching::Level& level) {
      std::uint32_t orders = 0;
      memory.each_order(level, [&](std::uint32_t, const matching::RestingOrder&) { ++orders; });
      out << name << ' ' << level.quantity.value << '@' << price.value << ' ' << orders << '\n';
    };
  };
  book().each_level(Side::buy, memory, print_as("bid"));
  book().each_level(Side::sell, memory, print_as("ask"));
  book().each_hidden_level(Side::buy, memory, print_as("hidden bid"));
  book().each_hidden_level(Side::sell, memory, print_as("hidden ask"));
  const auto print_pegs = [&](Side side, std::string_view name) {
    book().each_peg_level(side, memory, [&](const matching::Level& level) {
      std::uint32_t orders = 0;
      memory.each_order(level, [&](std::uint32_t, const matching::RestingOrder&) { ++orders; });
      out << name << ' ' << level.quantity.value << ' ' << orders << '\n';
    });
  };
  print_pegs(Side::buy, "pegged bid");
  print_pegs(Side::sell, "pegged ask");
  out << "end\n";
}

BookSession::BookSession(std::ostream& out, std::uint32_t orders_max, std::uint32_t slice_max,
                         std::uint32_t books_max)
    : state_(std::make_unique<State>(out, limits_for(orders_max, slice_max, books_max),
                                     slice_max > 0)) {
  state_->rules({});
}
BookSession::~BookSession() = default;

void BookSession::verify(bool on) noexcept {
  state_->verify = on;
}

bool BookSession::next_book() {
  return state_->next_book();
}

std::uint64_t BookSession::state_hash() const {
  StateHash hash;
  state_->core.add_to_hash(state_->instrument, hash);
  return hash.digest();
}

void BookSession::line(std::string_view text) {
  ++state_->line_number;
  try {
    if (const auto words = words_of(text); !words.empty()) state_->run(words);
  } catch (const Unreadable& error) {
    state_->out << "error " << state_->line_number << ' ' << printable(error.what) << '\n';
  }
}

void play_book(std::istream& in, std::ostream& out) {
  BookSession session(out);
  for (std::string text; out && std::getline(in, text);) {
    session.line(text);
    // Someone may be typing or driving line by line: answer before waiting for more.
    if (in.rdbuf()->in_avail() <= 0) out.flush();
  }
}

int book_verb(int argc, char** argv) {
  if (argc > 1) {
    const bool help = std::strcmp(argv[1], "--help") == 0;
    (help ? std::cout : std::cerr)
        << "basalt book: reads commands on standard input, writes events on standard output.\n"
           "  new ID buy|sell QTY@PRICE|QTY@market\n"
           "      [day|gtc|ioc|fok|gtd=T|at-open|at-close|at-halt]\n"
           "      [post|post=slide] [rests] [account=N] [stp=newest|oldest|both|decrement|firm-…]\n"
           "      [display=Q [random=R]|hidden|peg=mid|peg=primary [offset=N]] [min=Q]\n"
           "      [stop=P] [trail=N] [oco=ID] [quote]\n"
           "  cancel ID · reduce ID QTY · replace ID NEWID QTY@PRICE\n"
           "  phase open|closed|halted|auction|volatility|closing · uncross (auction only)\n"
           "  rules [collar=PPM] [static=PPM] [reference=P] [volatility=MS] [extension=MS]\n"
           "      [band=PPM] [limit-state=MS] [pause=MS] [seed=N] · pass MS · halt [MS MS]\n"
           "  protect ACCOUNT MS [quantity=Q] [fills=N] [delta=Q]\n"
           "  account N FIRM · tick [T] · book                 examples: tests/scenarios/*.book\n";
    return help ? 0 : 2;
  }
  std::ios::sync_with_stdio(false);
  std::cin.tie(nullptr);
  play_book(std::cin, std::cout);
  std::cout.flush();
  if (!std::cout) std::cerr << "basalt book: standard output takes no more\n";
  if (std::cin.bad()) std::cerr << "basalt book: standard input cannot be read\n";
  return std::cout && !std::cin.bad() ? 0 : 1;
}

}  // namespace basalt::tools
