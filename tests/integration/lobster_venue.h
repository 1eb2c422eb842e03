// A venue that writes its day as LOBSTER does: what happened inside the best N levels, and the book
// after it. The day has orders from before the file, orders that come and go behind the N levels,
// hidden executions and halts, so that a replay meets everything that a real file holds.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace basalt::integration {

class LobsterVenue {
 public:
  struct Day {
    std::vector<std::string> messages;  // Lines without ends.
    std::vector<std::string> books;
  };

  LobsterVenue(std::uint64_t seed, std::size_t levels) : random_(seed), levels_(levels) {}

  // A day of at least `rows` rows.
  Day run(std::size_t rows);

 private:
  struct Order {
    std::uint64_t id;
    std::int64_t size;
  };
  // By rank: a lower one is a better price on either side.
  using Side = std::map<std::int64_t, std::list<Order>>;

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  void step();
  void add();
  void take_from_one_order();
  void execute();
  void tell(int type, std::uint64_t id, std::int64_t size, std::int64_t rank, bool buy, bool shown);
  [[nodiscard]] bool is_shown(bool buy, std::int64_t rank) const;
  [[nodiscard]] std::string book() const;

  std::mt19937_64 random_;
  std::size_t levels_;
  std::array<Side, 2> side_;  // Bids, asks.
  std::uint64_t last_id_ = 1000;
  std::int64_t middle_ = 10'000;  // In ticks.
  std::uint64_t time_ = 0;
  bool open_ = false;  // Before, nothing is written.
  Day day_;
};

}  // namespace basalt::integration
