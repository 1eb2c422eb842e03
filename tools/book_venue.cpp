// The lines of `basalt book` that are the venue's: phases, halts, time and rules.
#include <algorithm>
#include <string>

#include "engine/limits.h"
#include "engine/reference.h"
#include "tools/book_session.h"

namespace basalt::tools {

using namespace book_words;

void BookSession::State::phase(std::string_view name) {
  Command command = of_phase(phase_of(name));
  out << "phase " << name << '\n';
  apply(command, 0);
  while (!uncrosses_in_slices && book().uncrossing()) tick();
}

Command BookSession::State::of_phase(InstrumentState wanted) {
  Command command;
  command.order.kind = CommandKind::set_instrument_state;
  Amendment amendment{};
  amendment.instrument_state = wanted;
  command.set(amendment);
  return command;
}

// Of the whole market, for so many milliseconds and with an auction behind it, or without an end.
void BookSession::State::halt(const std::vector<std::string_view>& words) {
  const auto duration = [&](std::size_t word) {
    const auto ms = number<std::uint32_t>(words[word], "the time");
    if (ms == 0 || ms > limits::auction_ms_max) throw Unreadable{"the time is 1 to 86400000 ms"};
    return Nanos{std::int64_t{ms} * 1'000'000};
  };
  Amendment amendment{};
  amendment.halt_level = words.size() == 1 ? 3 : 1;
  if (words.size() > 1) amendment.set_halt({duration(1), duration(2)});
  Command command;
  command.order.kind = CommandKind::halt_market;
  command.set(amendment);
  apply(command, 0);
}

void BookSession::State::uncross() {
  if (!is_auction(book().phase())) throw Unreadable{"uncross is for phase auction"};
  Command command;
  command.order.kind = CommandKind::uncross;
  apply(command, 0);
  while (!uncrosses_in_slices && book().uncrossing()) tick();
}

// Until it is said, an account is of no firm but itself.
void BookSession::State::define_account(std::uint32_t who, std::uint32_t firm) {
  const AccountId id = account_of(who);
  if (who == 0) throw Unreadable{"account 0 is nobody's"};
  if (index_of(id) >= accounts_with_firms_max) throw Unreadable{"too many accounts"};
  Command command;
  command.order.kind = CommandKind::define_account;
  DefineAccount definition{};
  definition.account = id;
  definition.firm = FirmId{firm};
  command.set(definition);
  apply(command, 0);
}

void BookSession::State::pass_time(std::string_view until) {
  const Nanos wanted = time_of(until);
  if (wanted < now) throw Unreadable{"time does not go back"};
  now = wanted;
}

void BookSession::State::tick() {
  Command command;
  command.order.kind = CommandKind::tick;
  apply(command, 0);
}

void BookSession::State::pass_ms(std::string_view ms) {
  const Nanos passed{std::int64_t{number<std::uint32_t>(ms, "the time")} * 1'000'000};
  if (passed > last_time - now) throw Unreadable{"the time is beyond all that the venue knows"};
  now += passed;
}

// What a rule is, which is named before its `=`.
void BookSession::State::take_rule(std::string_view word, Rules& rules) {
  const std::size_t equals = std::min(word.find('='), word.size());
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = word.substr(std::min(equals + 1, word.size()));
  DefineInstrument& definition = rules.definition;
  const auto ppm = [&] {
    const auto millionths = number<std::uint32_t>(value, name);
    if (millionths > ppm_one) throw Unreadable{std::string(name) + " is at most 1000000"};
    return millionths;
  };
  if (name == "collar") {
    definition.collar_ppm = ppm();
  } else if (name == "static") {
    definition.static_collar_ppm = ppm();
  } else if (name == "band") {
    definition.band_ppm = ppm();
  } else if (name == "reference") {
    definition.reference = Price{number<std::int64_t>(value, name)};
    if (!valid(definition.reference)) throw Unreadable{"the reference is no price"};
  } else if (name == "volatility") {
    rules.volatility_ms = number<std::uint32_t>(value, name);
  } else if (name == "extension") {
    definition.volatility_extension_ms = number<std::uint32_t>(value, name);
  } else if (name == "limit-state") {
    rules.limit_state_ms = number<std::uint32_t>(value, name);
  } else if (name == "pause") {
    rules.pause_ms = number<std::uint32_t>(value, name);
  } else if (name == "seed") {
    definition.reserve_seed = number<std::uint32_t>(value, name);
  } else {
    throw Unreadable{"no such rule: " + std::string(word)};
  }
}

// Of an account's quotes. 0 ms: no more.
void BookSession::State::protect(const std::vector<std::string_view>& words) {
  if (words.size() < 3)
    throw Unreadable{"protect takes ACCOUNT MS [quantity=Q] [fills=N] [delta=Q]"};
  const auto who = number<std::uint32_t>(words[1], "the account");
  if (who == 0) throw Unreadable{"account 0 is nobody's"};
  QuoteProtection wanted{};
  wanted.window = Nanos{std::int64_t{number<std::uint32_t>(words[2], "the window")} * 1'000'000};
  Said said;
  for (std::size_t i = 3; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    said.add(name);
    const std::string_view digits = equals == word.npos ? "" : word.substr(equals + 1);
    const auto limit = number<std::uint32_t>(digits, name);
    if (name == "quantity") {
      wanted.quantity = Quantity{limit};
    } else if (name == "fills") {
      wanted.fills = limit;
    } else if (name == "delta") {
      wanted.delta = Quantity{limit};
    } else {
      throw Unreadable{"no such limit: " + std::string(word)};
    }
  }
  Command command;
  command.order.kind = CommandKind::set_protection;
  command.order.account = account_of(who);
  command.set(wanted);
  apply(command, 0);
}

void BookSession::State::rules(const std::vector<std::string_view>& words) {
  Rules said;
  Said once;
  for (std::size_t i = 1; i < words.size(); ++i) {
    once.add(subject_of(words[i]));
    take_rule(words[i], said);
  }
  DefineInstrument& definition = said.definition;
  const bool bands = definition.band_ppm > 0;
  definition.limit_state_ms = said.limit_state_ms.value_or(bands ? 15'000 : 0);
  definition.pause_ms = said.pause_ms.value_or(bands ? 300'000 : 0);
  definition.volatility_auction_ms = said.volatility_ms.value_or(bands ? 300'000 : 0);
  if (bands) {
    if (definition.collar_ppm > 0 || definition.static_collar_ppm > 0) {
      throw Unreadable{"an instrument has collars or bands"};
    }
    if (definition.pause_ms == 0 || definition.volatility_auction_ms == 0) {
      throw Unreadable{"a pause and the auction behind it take some time"};
    }
  } else if (definition.limit_state_ms > 0 || definition.pause_ms > 0) {
    throw Unreadable{"there are no bands to stand at"};
  }
  definition.price_max = limits::price_max;
  definition.state = book().phase();
  Command command;
  command.order.kind = CommandKind::define_instrument;
  command.set(definition);
  apply(command, 0);
}

}  // namespace basalt::tools
