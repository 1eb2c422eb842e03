// Flow made up from a seed: several instruments, each with a price that walks and orders around it.
//
//   per instrument:  mid, a walk ─► adds a few ticks behind it, cancels, reductions, moves,
//                                   and immediate-or-cancel orders that take
//
// It knows what it sent and never what became of it, so some of what it cancels is filled already:
// that is part of the mix. Entries are half of the messages or a little more, cancels and
// reductions up to two fifths, moves a tenth; one entry in four takes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "tools/load/directory.h"
#include "tools/load/flow.h"

namespace basalt::load {

class GeneratedFlow final : public Flow {
 public:
  struct Instrument {
    Listing listing;
    std::uint64_t start_price = 0;  // Where the walk starts, in wire units; 0: at a usual one.
  };

  // Ends after `enters_max` entries. At least one instrument.
  GeneratedFlow(const std::vector<Instrument>& instruments, std::uint64_t seed,
                std::uint64_t enters_max);

  bool next(Action& action) override;

 private:
  // As far as the flow knows.
  struct Live {
    std::uint64_t order = 0;
    Side side{};
    std::uint32_t total = 0;
  };
  struct Market {
    Listing listing;
    std::int64_t start = 0;  // Ticks.
    std::int64_t mid = 0;
    std::uint32_t quantity_unit = 1;
    std::vector<Live> live;
  };
  static constexpr std::size_t live_max = 1'024;  // An instrument.

  [[nodiscard]] std::uint64_t random() noexcept;
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept { return random() % bound; }
  // 0 half of the time, 1 a quarter, and so on, at most 15.
  [[nodiscard]] std::int64_t small() noexcept;
  [[nodiscard]] std::uint32_t quantity(const Market& market) noexcept;
  [[nodiscard]] std::uint64_t wire_price(const Market& market, std::int64_t ticks) const noexcept;

  void walk(Market& market) noexcept;
  void enter(Market& market, bool takes, Action& action);
  void change(Market& market, ActionKind kind, Action& action);

  std::vector<Market> markets_;
  std::uint64_t state_;
  std::uint64_t enters_left_;
  std::uint64_t orders_ = 0;
};

}  // namespace basalt::load
