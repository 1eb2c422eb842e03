#include "bench/workloads/equity.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "bench/workloads/flow_maker.h"
#include "bench/workloads/random.h"

namespace basalt::bench {
namespace {

constexpr std::uint64_t quantity_max = 100;

// How many ticks from the middle an order is placed.
class Depth {
 public:
  Depth() {
    std::uint64_t sum = 0;
    for (std::uint64_t depth = 1; depth <= up_to_.size(); ++depth) {
      sum += weight(depth);
      up_to_[depth - 1] = sum;
    }
  }

  std::int64_t draw(Random& random) const {
    if (random.chance(25)) return hump_ticks + width(random) - width(random);
    const auto at = std::upper_bound(up_to_.begin(), up_to_.end(), random.below(up_to_.back()));
    return 1 + (at - up_to_.begin());
  }

 private:
  static constexpr std::int64_t hump_ticks = 8;
  static constexpr unsigned weight_bits = 40;

  static std::int64_t width(Random& random) { return static_cast<std::int64_t>(random.below(5)); }

  // depth^-2.23, with weight_bits: the number that has this logarithm.
  static std::uint64_t weight(std::uint64_t depth) {
    const std::uint64_t wanted =
        (std::uint64_t{weight_bits} << log2_bits) - log2_of(depth) * 223 / 100;
    std::uint64_t low = 1;
    std::uint64_t high = (std::uint64_t{1} << weight_bits) + 1;
    while (high - low > 1) {
      const std::uint64_t middle = (low + high) / 2;
      (log2_of(middle) <= wanted ? low : high) = middle;
    }
    return low;
  }

  std::array<std::uint64_t, depth_max_ticks> up_to_{};  // Sums of weights.
};

// In the order in which they come, where they come at the same nanosecond.
enum class Step : std::uint8_t { arrive, modify, cancel, modify_again, cancel_again };

struct Message {
  std::uint64_t time_ns;
  FlowMaker::Key key;
  Step step;
};

// All that is drawn of one order.
struct Draw {
  FlowMaker::Wanted wanted;
  Price move;
  Quantity raise;
};

class Clients {
 public:
  Clients(const EquityScenario& scenario, std::size_t orders, std::uint64_t seed)
      : random_(seed), duration_ns_(orders * order_gap_ns) {
    // A step for each 16 orders of an instrument.
    const std::size_t steps =
        std::clamp<std::size_t>(orders / scenario.instruments / 16, 64, 1 << 16);
    for (std::uint32_t i = 0; i < scenario.instruments; ++i) {
      walks_.emplace_back(scenario.shape, static_cast<std::uint32_t>(steps), random_);
    }
    draws_.reserve(orders);
    messages_.reserve(2 * orders + orders / 8);
    for (std::size_t i = 0; i < orders; ++i) draw_one(static_cast<FlowMaker::Key>(i));
    std::sort(messages_.begin(), messages_.end(), [](const Message& a, const Message& b) {
      return std::tie(a.time_ns, a.key, a.step) < std::tie(b.time_ns, b.key, b.step);
    });
  }

  [[nodiscard]] const std::vector<Message>& messages() const noexcept { return messages_; }
  [[nodiscard]] const Draw& draw(FlowMaker::Key key) const { return draws_[key]; }

 private:
  void draw_one(FlowMaker::Key key) {
    const std::uint64_t arrival = random_.below(duration_ns_);
    FlowMaker::Wanted wanted;
    wanted.instrument = static_cast<std::uint32_t>(random_.below(walks_.size()));
    wanted.side = random_.below(2) == 0 ? Side::buy : Side::sell;
    wanted.ioc = random_.chance(15);
    const std::int64_t depth = depth_.draw(random_);
    const bool below_middle = (wanted.side == Side::buy) != wanted.ioc;
    wanted.price = {walks_[wanted.instrument].middle(arrival, duration_ns_) +
                    (below_middle ? -depth : depth)};
    wanted.quantity = {random_.from_one_to(quantity_max)};
    Draw draw{wanted, {}, {}};
    messages_.push_back({arrival, key, Step::arrive});
    if (!wanted.ioc) draw_life(key, arrival, draw);
    draws_.push_back(draw);
  }

  void draw_life(FlowMaker::Key key, std::uint64_t arrival, Draw& draw) {
    const std::uint64_t life = random_.exponential(life_median_ns);
    const bool modified = random_.chance(20);
    const bool cancelled = random_.chance(95);
    const std::uint64_t end = arrival + life;
    if (modified) {
      draw.raise = {random_.from_one_to(quantity_max)};
      if (random_.chance(80)) draw.move = {random_.below(2) == 0 ? 1 : -1};
      messages_.push_back({arrival + random_.below(life + 1), key, Step::modify});
    }
    if (!cancelled) return;
    messages_.push_back({end, key, Step::cancel});
    if (random_.chance(2)) again(key, end, Step::cancel_again);
    if (modified && random_.chance(2)) again(key, end, Step::modify_again);
  }

  void again(FlowMaker::Key key, std::uint64_t end, Step step) {
    messages_.push_back({end + random_.exponential(life_median_ns), key, step});
  }

  Random random_;
  const std::uint64_t duration_ns_;
  const Depth depth_;
  std::vector<Walk> walks_;  // By instrument.
  std::vector<Draw> draws_;  // By key.
  std::vector<Message> messages_;
};

}  // namespace

Flow equity_flow(const EquityScenario& scenario, std::size_t orders, std::uint64_t seed) {
  const Clients clients(scenario, orders, seed);
  FlowMaker maker(std::string(scenario.name), scenario.instruments);
  for (const Message& message : clients.messages()) {
    maker.set_time({static_cast<std::int64_t>(message.time_ns)});
    const Draw& draw = clients.draw(message.key);
    switch (message.step) {
      case Step::arrive:
        maker.add(message.key, draw.wanted);
        break;
      case Step::modify:
      case Step::modify_again:
        maker.replace(message.key, draw.move, draw.raise);
        break;
      case Step::cancel:
      case Step::cancel_again:
        maker.cancel(message.key);
        break;
    }
  }
  return maker.finish();
}

}  // namespace basalt::bench
