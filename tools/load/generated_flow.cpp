#include "tools/load/generated_flow.h"

#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>

#include "engine/assert.h"

namespace basalt::load {
namespace {

// Of a thousand messages. The rest are cancels.
constexpr std::uint64_t adds = 430;
constexpr std::uint64_t takes = 140;
constexpr std::uint64_t moves = 100;
constexpr std::uint64_t reductions = 70;

// Below this many live orders an instrument gets only adds.
constexpr std::size_t live_min = 32;

// The walk stays within a fifth of where it started, well inside any dynamic collar.
constexpr std::int64_t walk_fraction = 5;
constexpr std::uint64_t messages_a_step = 16;

constexpr std::uint64_t usual_price = 100'0000;
constexpr std::array<std::pair<std::string_view, std::uint64_t>, 7> usual_prices{{
    {"AAPL", 585'0000},
    {"GOOG", 575'0000},
    {"BTC-USD", 65'000'0000},
    {"ETH-USD", 3'200'0000},
    {"MSFT", 30'5000},
    {"AMZN", 222'0000},
    {"INTC", 27'2000},
}};

std::uint64_t start_price(const GeneratedFlow::Instrument& instrument) {
  if (instrument.start_price != 0) return instrument.start_price;
  for (const auto& [symbol, price] : usual_prices) {
    if (symbol == instrument.listing.symbol.view()) return price;
  }
  return usual_price;
}

}  // namespace

GeneratedFlow::GeneratedFlow(const std::vector<Instrument>& instruments, std::uint64_t seed,
                             std::uint64_t enters_max)
    : state_(seed), enters_left_(enters_max) {
  BASALT_ASSERT(!instruments.empty());
  for (const Instrument& instrument : instruments) {
    Market market;
    market.listing = instrument.listing;
    const std::uint64_t price =
        std::min<std::uint64_t>(start_price(instrument), instrument.listing.price_max / 2);
    market.start = static_cast<std::int64_t>(price / instrument.listing.price_tick);
    market.start = std::max<std::int64_t>(market.start, 100);
    market.mid = market.start;
    // Thousandths of what is fine-grained, ones of what is not.
    for (int digit = 3; digit < instrument.listing.lot_decimals; ++digit) {
      market.quantity_unit *= 10;
    }
    market.live.reserve(live_max);
    markets_.push_back(std::move(market));
  }
}

// SplitMix64 (Steele, Lea and Flood, 2014): all seeds are good ones.
std::uint64_t GeneratedFlow::random() noexcept {
  state_ += 0x9E37'79B9'7F4A'7C15;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
  z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
  return z ^ (z >> 31);
}

std::int64_t GeneratedFlow::small() noexcept {
  return std::countr_zero(random() | (std::uint64_t{1} << 15));
}

std::uint32_t GeneratedFlow::quantity(const Market& market) noexcept {
  const std::uint64_t lots = (1 + below(100)) * market.quantity_unit;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(lots, market.listing.quantity_max));
}

std::uint64_t GeneratedFlow::wire_price(const Market& market, std::int64_t ticks) const noexcept {
  const auto price = static_cast<std::uint64_t>(std::max<std::int64_t>(ticks, 1));
  return std::min<std::uint64_t>(price * market.listing.price_tick, market.listing.price_max);
}

void GeneratedFlow::walk(Market& market) noexcept {
  if (below(messages_a_step) != 0) return;
  const std::int64_t reach = market.start / walk_fraction;
  const std::int64_t step = static_cast<std::int64_t>(below(3)) - 1;
  market.mid = std::clamp(market.mid + step, market.start - reach, market.start + reach);
}

void GeneratedFlow::enter(Market& market, bool takes_now, Action& action) {
  const bool buys = below(2) == 0;
  // An add stands behind the mid, what takes reaches beyond it.
  const std::int64_t distance = takes_now ? 2 + small() : -1 - small();
  action.kind = ActionKind::enter;
  action.side = buys ? Side::buy : Side::sell;
  action.ioc = action.aggressive = takes_now;
  action.order = ++orders_;
  action.symbol = market.listing.symbol;
  action.price = wire_price(market, buys ? market.mid + distance : market.mid - distance);
  action.quantity = quantity(market);
  if (!takes_now) market.live.push_back({action.order, action.side, action.quantity});
  --enters_left_;
}

void GeneratedFlow::change(Market& market, ActionKind kind, Action& action) {
  Live& live = market.live[below(market.live.size())];
  action.kind = kind;
  action.side = live.side;
  action.order = live.order;
  action.symbol = market.listing.symbol;
  if (kind == ActionKind::reduce) {
    if (live.total > 1) {
      action.quantity = live.total = live.total - live.total / 3 - (live.total < 3 ? 1 : 0);
      return;
    }
    action.kind = ActionKind::cancel;
  }
  if (action.kind == ActionKind::replace) {
    const std::int64_t behind = 1 + small();
    action.price =
        wire_price(market, live.side == Side::buy ? market.mid - behind : market.mid + behind);
    action.quantity = live.total = quantity(market);
    return;
  }
  live = market.live.back();
  market.live.pop_back();
}

bool GeneratedFlow::next(Action& action) {
  if (enters_left_ == 0) return false;
  action = Action{};
  // The first instruments are the busy ones, as anywhere.
  Market& market = markets_[std::min(below(markets_.size()), below(markets_.size()))];
  walk(market);
  const std::uint64_t choice = below(1'000);
  if (market.live.size() < live_min || choice < adds) {
    if (market.live.size() < live_max) {
      enter(market, false, action);
    } else {
      change(market, ActionKind::cancel, action);
    }
  } else if (choice < adds + takes) {
    enter(market, true, action);
  } else if (choice < adds + takes + moves) {
    change(market, ActionKind::replace, action);
  } else if (choice < adds + takes + moves + reductions) {
    change(market, ActionKind::reduce, action);
  } else {
    change(market, ActionKind::cancel, action);
  }
  return true;
}

}  // namespace basalt::load
