#include "tests/property/posting_flow.h"

namespace basalt::property {
namespace {

constexpr std::int64_t second = 1'000'000'000;

}  // namespace

std::vector<Step> Flow::opening() {
  std::vector<Step> steps;
  const auto add = [&steps](const Command& command) { steps.push_back({command, {}}); };
  for (std::uint32_t id = 0; id < assets; ++id) add(make_.asset(id, "A"));
  add(make_.firm(0));
  for (std::uint32_t id = 0; id < accounts; ++id) {
    const AccountRole role = id == 0   ? AccountRole::fees
                             : id == 1 ? AccountRole::external
                                       : AccountRole::participant;
    add(make_.account(id, role));
  }
  for (std::uint32_t id = 0; id < instruments; ++id) {
    const Terms terms{.base = id % 3 + 1,
                      .tick_lot_value = pick(1, 1'000'000),
                      .lot_value = pick(1, 1'000'000),
                      .cycle = id % 3 * 5 * second};
    terms_.push_back(terms);
    Command command = make_.instrument(id, std::string(1, static_cast<char>('A' + id)), terms.base,
                                       0, Nanos{terms.cycle});
    auto definition = command.as<DefineInstrument>();
    definition.tick_lot_value = terms.tick_lot_value;
    definition.lot_value = terms.lot_value;
    command.set(definition);
    add(command);
    naive_.define_cycle(terms.cycle, make_.now.value);
    steps.push_back(set_fees(id));
  }
  for (std::uint32_t account = 2; account < accounts; ++account) {
    for (std::uint32_t asset = 0; asset < assets; ++asset) {
      const int128 scale = asset == 0 ? int128{1} << pick(40, 60) : int128{1} << pick(20, 30);
      steps.push_back(payment(CommandKind::deposit, account, asset, scale * pick(1, 1'000)));
    }
  }
  return steps;
}

Step Flow::next() {
  switch (pick(0, 19)) {
    case 0:
      return payment(CommandKind::deposit, pick_account(),
                     static_cast<std::uint32_t>(pick(0, assets - 1)), pick(1, 1'000'000'000));
    case 1:
    case 2:
      return withdrawal();
    case 3:
      return set_fees(static_cast<std::uint32_t>(pick(0, instruments - 1)));
    case 4:
    case 5:
    case 6:
      return tick();
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
      return answer();
    case 12:
      if (pick(0, 19) == 0) return settlement_cut();
      if (pick(0, 9) == 0) {
        EpochStart start{};
        start.limits.settlement_batches_max = flow_settlement_limits.batches_max;
        start.limits.settlement_obligations_max = flow_settlement_limits.obligations_max;
        return {make_.next(CommandKind::epoch_start, start), {}};
      }
      [[fallthrough]];
    default:
      return order();
  }
}

Step Flow::payment(CommandKind kind, std::uint32_t account, std::uint32_t asset, int128 amount) {
  Step step{make_.payment(kind, account, asset, Money{amount}), {}};
  // Now and then risk has refused it.
  if (pick(0, 9) == 0) {
    step.command.order.verdict = Reject::duplicate_external_id;
  } else if (kind == CommandKind::deposit) {
    naive_.deposit(account, asset, amount);
  } else {
    naive_.withdraw(account, asset, amount);
  }
  return step;
}

Step Flow::withdrawal() {
  const std::uint32_t account = pick_account();
  const auto asset = static_cast<std::uint32_t>(pick(0, assets - 1));
  const int128 has = naive_.balance(account, asset);
  // All of it, or a part: also what is not settled yet.
  const int128 amount = pick(0, 9) == 0 ? has : has / pick(2, 100);
  return amount > 0 ? payment(CommandKind::withdraw, account, asset, amount) : tick();
}

Step Flow::set_fees(std::uint32_t instrument) {
  Terms& terms = terms_[instrument];
  terms.taker_ppm = static_cast<std::int32_t>(pick(-50, 10'000));
  terms.maker_ppm = static_cast<std::int32_t>(pick(-5'000, 10'000));
  if (pick(0, 3) == 0) terms.maker_ppm = 0;
  return {make_.fees(instrument, terms.maker_ppm, terms.taker_ppm), {}};
}

Step Flow::order() {
  const auto instrument = static_cast<std::uint32_t>(pick(0, instruments - 1));
  const Side side = pick(0, 1) == 0 ? Side::buy : Side::sell;
  Step step{make_.order(instrument, pick_account(), side), {}};
  const auto index_max = static_cast<std::uint32_t>(pick(0, 4));
  for (std::uint32_t index = 0; index < index_max; ++index) {
    if (try_fill(step.command, index, step.events)) continue;
    Event event = test::fill_of(step.command, index, pick_account(), 1, 1);
    event.kind = EventKind::canceled;
    step.events.push_back(event);
  }
  return step;
}

bool Flow::try_fill(const Command& taker, std::uint32_t index, std::vector<Event>& events) {
  const Terms& terms = terms_[index_of(taker.order.instrument)];
  const std::uint32_t taking = index_of(taker.order.account);
  const std::uint32_t making = pick_account();  // It may be the taker himself.
  const bool taker_buys = taker.order.side == Side::buy;
  const std::uint32_t buyer = taker_buys ? taking : making;
  const std::uint32_t seller = taker_buys ? making : taking;
  const std::int64_t price = pick(1, 100'000);
  const std::int64_t quantity = pick(1, pick(0, 3) == 0 ? 100'000 : 100);
  const int128 worth = static_cast<int128>(price) * quantity * terms.tick_lot_value;
  const int128 lots = static_cast<int128>(quantity) * terms.lot_value;
  // Risk would have held this much; the naive balance covers it or there is no such fill.
  if (naive_.balance(buyer, 0) < worth + worth / 50 + 2) return false;
  if (naive_.balance(seller, terms.base) < lots) return false;
  events.push_back(test::fill_of(taker, index, making, price, quantity, ++matches_));

  const auto move = [&](std::uint32_t from, std::uint32_t to, std::uint32_t asset, int128 amount) {
    if (amount < 0) {
      std::swap(from, to);
      amount = -amount;
    }
    naive_.pay(from, to, asset, amount, naive_.nets[terms.cycle]);
  };
  move(buyer, seller, 0, worth);
  move(seller, buyer, terms.base, lots);
  move(taking, oracle::NaiveVenue::fees, 0, oracle::NaiveVenue::fee(worth, terms.taker_ppm));
  move(making, oracle::NaiveVenue::fees, 0, oracle::NaiveVenue::fee(worth, terms.maker_ppm));
  return true;
}

Step Flow::tick() {
  const Step step{make_.tick(Nanos{pick(0, 3) == 0 ? pick(0, 4 * second) : pick(0, second / 10)}),
                  {}};
  naive_.tick(make_.now.value);
  return step;
}

// Mostly of a batch that is, mostly in the right order; else anything.
Step Flow::answer() {
  auto batch =
      static_cast<std::uint64_t>(pick(0, static_cast<std::int64_t>(naive_.counts.cut) + 1));
  bool start = pick(0, 1) == 0;
  if (!naive_.batches.empty() && pick(0, 9) > 0) {
    auto at = naive_.batches.lower_bound(batch);
    if (at == naive_.batches.end()) at = naive_.batches.begin();
    batch = at->first;
    if (pick(0, 9) > 0) start = at->second.state == oracle::NaiveState::pending;
  }
  return start ? started(batch) : finished(batch, pick(0, 3) > 0);
}

Step Flow::settlement_cut() {
  naive_.settlement_cut();
  return {make_.next(CommandKind::settlement_cut), {}};
}

Step Flow::started(std::uint64_t batch) {
  naive_.started(batch);
  return {make_.started(batch), {}};
}

Step Flow::finished(std::uint64_t batch, bool settled) {
  naive_.finished(batch, settled, make_.now.value);
  return {make_.finished(batch, settled), {}};
}

}  // namespace basalt::property
