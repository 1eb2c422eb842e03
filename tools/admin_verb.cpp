#include "tools/admin_verb.h"

#include <sys/random.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/decimal.h"
#include "engine/limits.h"
#include "engine/pipeline/clock.h"
#include "engine/reject.h"
#include "feedhandlers/order_entry/ouch50.h"
#include "net/uring/uring_stream_port.h"
#include "tools/load/tcp_session.h"

namespace basalt::tools {
namespace {

using ExternalIdBytes = ouch50::ExternalIdBytes::Bytes;

constexpr Nanos answer_patience{10'000'000'000};
constexpr std::chrono::microseconds nap{200};

struct Misuse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  load::Login login;
  std::string host = "127.0.0.1";
  std::uint16_t port = 7'001;
  std::string id;  // Empty: from the system's randomness.
  std::string account;
  std::string asset;
  std::string symbol;
  std::string amount;
  std::uint32_t decimals = 0;
  std::int32_t maker_ppm = 0;
  std::int32_t taker_ppm = 0;
  std::string word;
  std::uint32_t halt_seconds = 0;
  std::uint32_t auction_seconds = 0;
  std::vector<std::string> levels;
  std::string side = "both";
};

const std::map<std::string, ouch50::TradingState> trading_states{
    {"open", ouch50::TradingState::open},
    {"halted", ouch50::TradingState::halted},
    {"closed", ouch50::TradingState::closed},
    {"auction", ouch50::TradingState::opening_auction},
    {"volatility", ouch50::TradingState::volatility_auction},
    {"closing", ouch50::TradingState::closing_auction},
    {"uncross", ouch50::TradingState::uncross}};
const std::map<std::string, ouch50::AccountStatus> account_states{
    {"active", ouch50::AccountStatus::active}, {"suspended", ouch50::AccountStatus::suspended}};
const std::map<std::string, ouch50::MarketEventCode> market_events{
    {"start-of-day", ouch50::MarketEventCode::start_of_day},
    {"start-of-market-hours", ouch50::MarketEventCode::start_of_market_hours},
    {"end-of-market-hours", ouch50::MarketEventCode::end_of_market_hours},
    {"end-of-day", ouch50::MarketEventCode::end_of_day}};
const std::map<std::string, ouch50::LimitType> limit_types{
    {"open-orders", ouch50::LimitType::open_orders},
    {"quantity", ouch50::LimitType::quantity},
    {"notional", ouch50::LimitType::notional},
    {"collar", ouch50::LimitType::collar},
    {"static-collar", ouch50::LimitType::static_collar},
    {"protection", ouch50::LimitType::protection}};

const std::map<std::string, ouch50::CancelSide> cancel_sides{{"buy", ouch50::CancelSide::buy},
                                                             {"sell", ouch50::CancelSide::sell},
                                                             {"both", ouch50::CancelSide::both}};

template <typename Value>
std::vector<std::string> words_of(const std::map<std::string, Value>& values) {
  std::vector<std::string> words;
  for (const auto& [word, value] : values) words.push_back(word);
  return words;
}

template <std::size_t size>
void assign(wire::Alpha<size>& field, const std::string& text) {
  if (text.empty() || !field.assign(text)) {
    throw Misuse("'" + text + "' is no name of at most " + std::to_string(size) + " characters");
  }
}

uint128 units_of(const std::string& text, std::uint32_t decimals) {
  const std::optional<Decimal> decimal = decimal_from_text(text);
  const std::optional<int128> units =
      decimal ? in_units(*decimal, decimals) : std::optional<int128>{};
  if (!units) {
    throw Misuse("'" + text + "' is no whole number of units with " + std::to_string(decimals) +
                 " decimals");
  }
  return static_cast<uint128>(*units);
}

ExternalIdBytes id_of(const std::string& hex) {
  ExternalIdBytes id{};
  if (hex.empty()) {
    if (::getrandom(id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) {
      throw std::runtime_error("the system gives no random numbers; give an id with --id");
    }
    return id;
  }
  const auto digit = [&hex](std::size_t place) {
    const std::size_t value = std::string_view("0123456789abcdefABCDEF").find(hex[place]);
    if (value == std::string_view::npos) throw Misuse("an external id has hexadecimal digits");
    return value < 16 ? value : value - 6;
  };
  if (hex.size() != 2 * id.size()) throw Misuse("an external id has 32 hexadecimal digits");
  for (std::size_t i = 0; i < id.size(); ++i) {
    id[i] = static_cast<std::uint8_t>(digit(2 * i) * 16 + digit(2 * i + 1));
  }
  if (id == ExternalIdBytes{}) throw Misuse("an external id of zeros means none");
  return id;
}

std::string text_of(const ExternalIdBytes& id) {
  std::string text;
  for (const std::uint8_t byte : id) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// The message without its number and its id.
using Message = std::vector<std::byte>;

template <typename M, typename Fill>
Message make(Fill&& fill) {
  Message bytes(sizeof(M));
  fill(*wire::emplace<M>(bytes));
  return bytes;
}

template <typename Payment>
Message payment(const Options& options) {
  return make<Payment>([&](Payment& message) {
    assign(message.account, options.account);
    assign(message.asset, options.asset);
    message.amount = units_of(options.amount, options.decimals);
  });
}

Message fees(const Options& options) {
  return make<ouch50::SetFees>([&](ouch50::SetFees& message) {
    assign(message.symbol, options.symbol);
    message.maker_ppm = options.maker_ppm;
    message.taker_ppm = options.taker_ppm;
  });
}

Message instrument_state(const Options& options) {
  return make<ouch50::SetInstrumentState>([&](ouch50::SetInstrumentState& message) {
    assign(message.symbol, options.symbol);
    message.state = trading_states.at(options.word);
  });
}

Message account_state(const Options& options) {
  return make<ouch50::SetAccountState>([&](ouch50::SetAccountState& message) {
    assign(message.account, options.account);
    message.status = account_states.at(options.word);
  });
}

Message market_event(const Options& options) {
  return make<ouch50::TellMarketEvent>(
      [&](ouch50::TellMarketEvent& message) { message.event = market_events.at(options.word); });
}

Message halt(const Options& options) {
  return make<ouch50::HaltMarket>([&](ouch50::HaltMarket& message) {
    message.level = ouch50::HaltLevel{options.word[0]};
    message.halt_seconds = options.halt_seconds;
    message.auction_seconds = options.auction_seconds;
  });
}

Message halt_levels(const Options& options) {
  constexpr std::uint32_t index_decimals = 8;
  const auto level = [&](std::size_t i) {
    const uint128 units = units_of(options.levels.at(i), index_decimals);
    if (units > std::numeric_limits<std::uint64_t>::max()) throw Misuse("a level is too high");
    return static_cast<std::uint64_t>(units);
  };
  return make<ouch50::SetHaltLevels>([&](ouch50::SetHaltLevels& message) {
    message.level_1 = level(0);
    message.level_2 = level(1);
    message.level_3 = level(2);
  });
}

Message limit(const Options& options) {
  return make<ouch50::SetLimit>([&](ouch50::SetLimit& message) {
    message.limit = limit_types.at(options.word);
    if (message.limit == ouch50::LimitType::open_orders) {
      assign(message.account, options.account);
    } else {
      assign(message.symbol, options.account);
    }
    message.value = units_of(options.amount, 0);
  });
}

Message cancel_orders(const Options& options) {
  if (options.account.empty() && options.symbol.empty()) {
    throw Misuse("of whose orders, or in what? Give --account, --symbol or both");
  }
  return make<ouch50::CancelOrders>([&](ouch50::CancelOrders& message) {
    if (!options.account.empty()) assign(message.account, options.account);
    if (!options.symbol.empty()) assign(message.symbol, options.symbol);
    message.side = cancel_sides.at(options.side);
  });
}

const char* in_words(Reject reject) {
  switch (reject) {
    case Reject::invalid_value:
      return "a value in it has no meaning";
    case Reject::insufficient_funds:
      return "the account has not so much that nothing holds";
    case Reject::unknown_reference:
      return "the venue knows no such account, asset or instrument, or cannot pay or charge it";
    case Reject::limit_exceeded:
      return "the value, one more external id or one more mass cancel is beyond what the venue "
             "takes";
    case Reject::not_an_admin:
      return "the user may not administer";
    case Reject::not_in_auction:
      return "the instrument is in no auction";
    default:
      return "the venue gives another reason";
  }
}

// Asks for the next number, sends, and waits for the one answer.
class Conversation final : public load::MessageSink {
 public:
  Conversation(Message message, const ExternalIdBytes& id) : message_(std::move(message)), id_(id) {
    std::memcpy(&message_[offsetof(ouch50::Deposit, external_id)], id_.data(), id_.size());
  }

  void message(std::uint64_t, std::span<const std::byte> bytes) override {
    const ouch50::Outbound told = ouch50::decode_outbound(bytes);
    if (told.error() != ouch50::DecodeError::none) return;
    if (told.type() == ouch50::AccountQueryResponse::type && asked_ && !number_) {
      number_ = told.as<ouch50::AccountQueryResponse>().next_user_ref_num;
    }
    if (told.type() != ouch50::AdminResponse::type || !sent_) return;
    const auto& response = told.as<ouch50::AdminResponse>();
    if (response.user_ref_num != *number_ || response.external_id.value() != id_) return;
    answer_ = Reject{static_cast<std::uint8_t>(response.reason.value())};
  }
  void lost(std::uint64_t, std::uint64_t) override {}

  // Sends what is due. Every message carries its number and its id at the same places.
  void turn(load::OrderSession& session) {
    if (!asked_) {
      const char query = ouch50::AccountQuery::type;
      asked_ = session.send(std::as_bytes(std::span(&query, 1)));
    } else if (number_ && !sent_) {
      const wire::U32 number = *number_;
      std::memcpy(&message_[offsetof(ouch50::Deposit, user_ref_num)], &number, sizeof number);
      sent_ = session.send(message_);
    }
  }

  [[nodiscard]] bool sent() const { return sent_; }
  [[nodiscard]] std::optional<Reject> answer() const { return answer_; }

 private:
  Message message_;
  const ExternalIdBytes id_;
  std::optional<std::uint32_t> number_;
  bool asked_ = false;
  bool sent_ = false;
  std::optional<Reject> answer_;
};

Reject converse(const Options& options, net::Endpoint venue, Conversation& conversation) {
  net::UringStreamPort port(net::UringStreamConfig{.listen = {}});
  load::TcpSession session(port, venue, options.login, conversation);
  pipeline::SystemClock clock;
  const Nanos deadline = clock.now() + answer_patience;
  while (!conversation.answer()) {
    const Nanos now = clock.now();
    session.turn(now);
    if (session.state() == load::OrderSession::State::open) conversation.turn(session);
    session.flush(now);
    const bool closed = session.state() == load::OrderSession::State::closed;
    if (!conversation.answer() && (closed || now > deadline)) {
      const std::string why = closed ? session.trouble() : "no answer in time";
      throw std::runtime_error(!conversation.sent()
                                   ? why
                                   : why +
                                         "; whether it was applied is not known: send it again "
                                         "with the same --id");
    }
    std::this_thread::sleep_for(nap);
  }
  session.log_out();
  return *conversation.answer();
}

int run(const Options& options, Message message) {
  const std::optional<std::uint32_t> ip = net::ip_from_text(options.host);
  if (!ip) throw Misuse("'" + options.host + "' is no IPv4 address");
  const ExternalIdBytes id = id_of(options.id);
  std::printf("external id %s\n", text_of(id).c_str());
  std::fflush(stdout);
  Conversation conversation(std::move(message), id);
  const Reject answer = converse(options, {*ip, options.port}, conversation);
  switch (answer) {
    case Reject::none:
      std::puts("applied");
      return 0;
    case Reject::duplicate_external_id:
      std::puts("applied before");
      return 0;
    default:
      std::printf("refused: %s (%u)\n", in_words(answer), static_cast<unsigned>(answer));
      return 1;
  }
}

using Maker = Message (*)(const Options&);

void add_payments(CLI::App& app, Options& options, std::map<const CLI::App*, Maker>& makers) {
  const std::pair<const char*, Maker> payments[] = {{"deposit", payment<ouch50::Deposit>},
                                                    {"withdraw", payment<ouch50::Withdraw>}};
  for (const auto& [name, maker] : payments) {
    CLI::App* verb = app.add_subcommand(
        name, maker == payments[0].second ? "pays into an account" : "pays out of an account");
    verb->add_option("ACCOUNT", options.account)->required();
    verb->add_option("ASSET", options.asset)->required();
    verb->add_option("AMOUNT", options.amount, "an exact decimal")->required();
    verb->add_option("--decimals", options.decimals,
                     "of the asset, as the venue file says; 0: AMOUNT counts minor units")
        ->check(CLI::Range(0, 18))
        ->capture_default_str();
    makers[verb] = maker;
  }
}

void add_mass_cancel(CLI::App& app, Options& options, std::map<const CLI::App*, Maker>& makers) {
  CLI::App* verb =
      app.add_subcommand("mass-cancel",
                         "cancels what rests of an account, in an instrument, or of the one in the "
                         "other; new orders are taken on");
  verb->add_option("--account", options.account, "default: of every account");
  verb->add_option("--symbol", options.symbol, "default: in every instrument");
  verb->add_option("--side", options.side)
      ->check(CLI::IsMember(words_of(cancel_sides)))
      ->capture_default_str();
  makers[verb] = cancel_orders;
}

void add_verbs(CLI::App& app, Options& options, std::map<const CLI::App*, Maker>& makers) {
  add_payments(app, options, makers);
  CLI::App* verb = app.add_subcommand("fees", "what trades in an instrument cost");
  verb->add_option("SYMBOL", options.symbol)->required();
  verb->add_option("MAKER_PPM", options.maker_ppm, "millionths; negative: a rebate")->required();
  verb->add_option("TAKER_PPM", options.taker_ppm)->required();
  makers[verb] = fees;

  verb = app.add_subcommand("state", "opens, halts or closes an instrument, or its auction");
  verb->add_option("SYMBOL", options.symbol)->required();
  verb->add_option("STATE", options.word)
      ->required()
      ->check(CLI::IsMember(words_of(trading_states)));
  makers[verb] = instrument_state;

  verb = app.add_subcommand("account", "switches the order entry of an account on or off");
  verb->add_option("ACCOUNT", options.account)->required();
  verb->add_option("STATE", options.word)
      ->required()
      ->check(CLI::IsMember(words_of(account_states)));
  makers[verb] = account_state;

  verb = app.add_subcommand("event", "tells sessions and the feed what time of day it is");
  verb->add_option("EVENT", options.word)
      ->required()
      ->check(CLI::IsMember(words_of(market_events)));
  makers[verb] = market_event;

  verb = app.add_subcommand("halt", "halts the whole market");
  verb->add_option("LEVEL", options.word)->required()->check(CLI::IsMember({"1", "2", "3"}));
  verb->add_option("HALT_SECONDS", options.halt_seconds, "of levels 1 and 2");
  verb->add_option("AUCTION_SECONDS", options.auction_seconds,
                   "of the auctions that open it again");
  makers[verb] = halt;

  verb = app.add_subcommand("halt-levels", "tells the feed when the market will be halted");
  verb->add_option("LEVELS", options.levels, "three values of the index, exact decimals")
      ->required()
      ->expected(3);
  makers[verb] = halt_levels;

  verb = app.add_subcommand("limit", "changes a limit of an account or of an instrument");
  verb->add_option("LIMIT", options.word)->required()->check(CLI::IsMember(words_of(limit_types)));
  verb->add_option("NAME", options.account, "the account's (open-orders), or the symbol")
      ->required();
  verb->add_option("VALUE", options.amount, "orders, lots, minor units or millionths")->required();
  makers[verb] = limit;
  add_mass_cancel(app, options, makers);
}

}  // namespace

int admin_verb(int argc, char** argv) {
  CLI::App app("Sends one administrative command to a running venue, and prints its answer.",
               "basalt admin");
  app.require_subcommand(1);
  app.fallthrough();
  Options options;
  app.add_option("--user", options.login.user, "an administrator")->required();
  app.add_option("--password", options.login.password)->required();
  app.add_option("--host", options.host, "the venue's IPv4 address")->capture_default_str();
  app.add_option("--port", options.port, "of OUCH over TCP")->capture_default_str();
  app.add_option("--id", options.id,
                 "external id, 32 hexadecimal digits; default: a random one. The venue applies one "
                 "id once");
  std::map<const CLI::App*, Maker> makers;
  add_verbs(app, options, makers);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return run(options, makers.at(app.get_subcommands().front())(options));
  } catch (const Misuse& error) {
    std::fprintf(stderr, "basalt admin: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "basalt admin: %s\n", error.what());
    return 1;
  }
}

}  // namespace basalt::tools
