// Random commands for one book, as lines of text, from a seed: the same seed gives the same lines
// on every machine.
//
//   Flow (what kind of trouble) + seed ─► CommandStream ─► next() … next()
//
// A stream knows nothing of the book: it names ids that are live, dead or never were, and now and
// then says what no rule allows or nobody can read.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>

namespace basalt::property {

struct Flow {
  const char* name;
  std::int64_t price_low;  // Prices lie in [price_low, price_low + price_width);
  std::int64_t price_width;
  bool price_wide;  //   or, when wide, are as likely of 5 bits as of 36.
  std::int64_t quantity_max;
  std::uint32_t ids;  // Orders are called 1 to ids, which bounds how many can be live.
  // Out of 100: what a command is; the rest are new orders.
  std::uint32_t cancels;
  std::uint32_t reduces;
  std::uint32_t replaces;
  std::uint32_t takers;         // Of new orders: market, immediate-or-cancel or fill-or-kill.
  std::uint32_t odd;            // Of all: extremes, phases and what cannot be read.
  std::uint32_t owned;          // Of new orders: of one of three accounts, most with prevention.
  std::uint32_t instructed;     // Of new orders: with a reserve, a least quantity or a stop.
  std::uint32_t auctions = 0;   // Of all: phases, uncrosses and ticks.
  bool stops = true;            // Among the instructions.
  std::uint32_t expiring = 0;   // Of new orders: until a time, which passes.
  bool firms = false;           // Accounts are of firms, and prevention looks at these.
  const char* rules = nullptr;  // Of the instrument: the first line.
  std::uint32_t hidden = 0;     // Of new orders: show nothing.
  std::uint32_t pegs = 0;       // Of new orders: follow what is shown.
  std::uint32_t passes = 0;     // Of all: seconds pass.
  bool quotes = false;          // Accounts quote, under protections.
  std::uint32_t linked = 0;     // Of new orders: each to another, most of one account.
};

[[nodiscard]] std::span<const Flow> all_flows();

class CommandStream {
 public:
  CommandStream(const Flow& flow, std::uint64_t seed) : flow_(flow), random_(seed) {}

  [[nodiscard]] std::string next();

 private:
  // Not by std::uniform_int_distribution, which each library draws differently.
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance(std::uint32_t percent) { return below(100) < percent; }

  std::string id() { return std::to_string(1 + below(flow_.ids)); }
  std::string price();
  std::string quantity();
  std::string offer() { return quantity() + '@' + price(); }
  std::string new_order();
  std::string life();
  std::string instructions();
  std::string peg();
  std::string protect();
  std::string odd();
  std::string of_auction();
  std::string tick();

  const Flow& flow_;
  std::mt19937_64 random_;
  std::uint64_t now_ = 0;
};

}  // namespace basalt::property
