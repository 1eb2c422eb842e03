#include "bench/workloads/uniform.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "bench/workloads/flow_maker.h"
#include "bench/workloads/random.h"

namespace basalt::bench {
namespace {

constexpr std::uint64_t spread_ticks = 100;
constexpr std::uint64_t steps_every = 50;  // Orders that rest, for one step of the middle.
constexpr std::uint64_t quantity_max = 1'000;

class Clients {
 public:
  Clients(std::string name, std::uint32_t instruments, std::uint64_t seed)
      : random_(seed), maker_(std::move(name), instruments), middle_(instruments, 100'000) {}

  void fill_to(std::size_t live) {
    while (maker_.live().size() < live) add();
    maker_.begin_timing();
  }

  // Takers leave at least so many live: a number that goes evenly from the present one to `live`.
  void run(std::size_t messages, std::size_t live_at_end) {
    const std::size_t live_at_start = maker_.live().size();
    for (std::size_t i = 0; i < messages; ++i) {
      wanted_live_ = live_at_start + (live_at_end - live_at_start) * i / messages;
      const std::uint64_t kind = random_.below(100);
      kind < 60 ? add() : kind < 90 ? cancel() : take();
    }
  }

  Flow finish() { return maker_.finish(); }

 private:
  FlowMaker::Wanted of_any_instrument() {
    FlowMaker::Wanted wanted;
    wanted.instrument = static_cast<std::uint32_t>(random_.below(middle_.size()));
    wanted.side = random_.below(2) == 0 ? Side::buy : Side::sell;
    return wanted;
  }

  void add() { add(of_any_instrument()); }
  void add(FlowMaker::Wanted wanted) {
    std::int64_t& middle = middle_[wanted.instrument];
    if (random_.below(steps_every) == 0) middle += random_.below(2) == 0 ? 1 : -1;
    const std::int64_t distance = random_.from_one_to(spread_ticks);
    const bool buy = wanted.side == Side::buy;
    wanted.price = {buy ? middle - distance : middle + distance};
    // Passive also where the middle has walked past what rests.
    const MapBook::Levels& others = maker_.book(wanted.instrument).side(opposite(wanted.side));
    if (!others.empty()) {
      const std::int64_t best = std::abs(others.begin()->first);
      wanted.price.value =
          buy ? std::min(wanted.price.value, best - 1) : std::max(wanted.price.value, best + 1);
    }
    wanted.quantity = {random_.from_one_to(quantity_max)};
    maker_.add(next_key_++, wanted);
  }

  void take() {
    FlowMaker::Wanted wanted = of_any_instrument();
    const MapBook::Levels& makers = maker_.book(wanted.instrument).side(opposite(wanted.side));
    if (makers.empty()) return add(wanted);
    // A maker is taken whole while more are live than wanted; the first in any case by one lot.
    std::uint64_t levels = 1 + random_.below(3);
    std::size_t live = maker_.live().size();
    for (auto level = makers.begin(); level != makers.end() && levels > 0; ++level, --levels) {
      wanted.price = {std::abs(level->first)};
      for (const MapBook::Resting& maker : level->second) {
        if (live <= wanted_live_) {
          levels = 1;
          break;
        }
        wanted.quantity += maker.open;
        --live;
      }
    }
    if (wanted.quantity == Quantity{0}) wanted.quantity = {1};
    wanted.ioc = true;
    maker_.add(next_key_++, wanted);
  }

  void cancel() {
    const std::vector<FlowMaker::Key>& live = maker_.live();
    if (live.empty()) return add();
    maker_.cancel(live[random_.below(live.size())]);
  }

  Random random_;
  FlowMaker maker_;
  std::vector<std::int64_t> middle_;  // By instrument.
  FlowMaker::Key next_key_ = 0;
  std::size_t wanted_live_ = 0;
};

}  // namespace

Flow flow_a(std::size_t messages, std::uint64_t seed) {
  Clients clients("A", 1, seed);
  clients.fill_to(10'000);
  clients.run(messages, 10'000);
  return clients.finish();
}

Flow flow_b(std::size_t messages, std::uint64_t seed) {
  Clients clients("B", 100, seed);
  clients.fill_to(100'000);
  clients.run(messages, 260'000);
  return clients.finish();
}

}  // namespace basalt::bench
