#include "tests/property/command_stream.h"

#include <algorithm>
#include <array>

namespace basalt::property {
namespace {

constexpr std::int64_t price_cap = (std::int64_t{1} << 36) - 1;
constexpr std::int64_t quantity_cap = (std::int64_t{1} << 48) - 1;

// clang-format off
constexpr std::array<Flow, 36> flows{{
    // name, low, width, wide, quantity, ids; of 100: can red rep tak odd own ins, auctions, stops,
    // expiring, firms, rules, hidden, pegs, passes
    {"tight spread", 1000, 6, false, 20, 60,                       15, 5, 10, 20, 1, 10, 5},
    {"wide prices", 1, 1, true, 100, 200,                          20, 5, 10, 5, 1, 10, 5},
    {"few ids", 500, 10, false, 50, 4,                             15, 15, 25, 10, 1, 10, 5},
    {"many replacements", 1000, 20, false, 30, 40,                 5, 20, 50, 10, 1, 10, 5},
    {"deep levels", 77, 3, false, 9, 900,                          8, 5, 3, 3, 0, 10, 5},
    {"empty books", 100, 4, false, 10, 10,                         30, 5, 5, 50, 1, 10, 5},
    {"leaf edges", 4096 - 5, 10, false, 40, 50,                    25, 5, 15, 15, 1, 10, 5},
    {"far end", price_cap - 200, 201, false, quantity_cap, 60,     20, 10, 15, 15, 2, 10, 0},
    {"own accounts", 1000, 4, false, 20, 60,                       10, 5, 15, 30, 1, 90, 0},
    {"reserves and stops", 1000, 8, false, 30, 60,                 10, 5, 10, 25, 1, 30, 60},
    {"many stops", 1000, 40, false, 10, 200,                       5, 3, 8, 30, 1, 10, 80},
    {"auctions", 1000, 12, false, 20, 60,                          8, 5, 12, 8, 1, 20, 0, 10},
    {"auctions of reserves", 1000, 6, false, 30, 60,         8, 5, 10, 5, 1, 20, 40, 10, false},
    {"auctions and stops", 1000, 16, false, 12, 120,               5, 3, 8, 10, 2, 20, 50, 8},
    {"expiring", 1000, 10, false, 30, 90,                    5, 5, 10, 15, 1, 30, 40, 0, true, 60},
    {"expiring in auctions", 1000, 8, false, 30, 60,         4, 5, 10, 8, 2, 20, 30, 8, true, 50},
    {"own firms", 1000, 5, false, 20, 60,            8, 5, 10, 30, 1, 90, 25, 0, true, 0, true},
    {"auctions of equals", 1000, 5, false, 3, 24,                  8, 5, 12, 4, 1, 20, 0, 25},
    {"far auctions", price_cap - 60, 61, false, quantity_cap, 40,  8, 5, 10, 5, 3, 0, 0, 15},
    {"collars", 1000, 30, false, 20, 60,             8, 5, 12, 30, 1, 20, 30, 3, true, 0, false,
        "rules collar=6000 seed=7"},
    {"volatility", 1000, 30, false, 20, 60,          8, 5, 12, 30, 1, 20, 30, 12, true, 0, false,
        "rules collar=6000 volatility=3 extension=2"},
    {"hidden", 1000, 6, false, 20, 60,  10, 5, 12, 30, 1, 40, 25, 0, true, 0, false, nullptr, 50},
    {"hidden of firms", 1000, 5, false, 20, 60,  8, 5, 10, 30, 1, 90, 25, 0, true, 20, true,
        nullptr, 50},
    {"hidden in auctions", 1000, 8, false, 20, 60,  8, 5, 12, 8, 1, 20, 20, 12, true, 0, false,
        nullptr, 40},
    {"hidden and volatile", 1000, 30, false, 20, 60,  8, 5, 12, 30, 1, 20, 30, 12, true, 0, false,
        "rules collar=6000 volatility=3 extension=2", 40},
    {"pegs", 1000, 9, false, 20, 60,  12, 5, 12, 25, 1, 40, 15, 3, true, 8, true, nullptr, 25, 40},
    {"many pegs", 1000, 24, false, 9, 600,  2, 2, 6, 4, 1, 20, 5, 2, true, 3, false, nullptr, 10,
        85},
    {"pegs at a collar", 1000, 30, false, 20, 60,  8, 5, 12, 20, 1, 30, 20, 8, true, 0, false,
        "rules collar=8000 volatility=3 extension=2", 30, 40},
    {"linked pegs", 1000, 12, false, 20, 20,  8, 2, 5, 3, 0, 80, 0, 0, false, 0, false, nullptr,
        5, 60, 15, false, 70},
    {"linked in auctions", 1000, 5, false, 20, 16,   6, 4, 8, 3, 1, 70, 5, 14, false, 0, false,
        nullptr, 5, 0, 0, false, 70},
    {"static collars", 1000, 30, false, 20, 60,      8, 5, 12, 30, 1, 20, 30, 6, true, 0, false,
        "rules collar=9000 static=11000 reference=1015"},
    {"static volatility", 1000, 30, false, 20, 60,   8, 5, 12, 30, 1, 20, 30, 12, true, 0, false,
        "rules static=9000 reference=1010 volatility=3 extension=2"},
    {"bands", 100, 16, false, 20, 60,                8, 5, 12, 30, 1, 20, 30, 3, true, 0, false,
        "rules band=40000 reference=107 limit-state=4000 pause=3000 volatility=2000 extension=1500",
        10, 10, 12},
    {"bands of own firms", 50, 12, false, 30, 40,    8, 5, 12, 30, 1, 80, 40, 1, true, 10, true,
        "rules band=70000 limit-state=0 pause=5 volatility=2500", 20, 0, 5},
    {"quotes", 1000, 8, false, 20, 60,               8, 5, 10, 30, 1, 90, 5, 4, true, 0, true,
        "protect 1 3 quantity=40", 0, 0, 0, true},
    {"extremes", 1, 100, true, quantity_cap, 30,                   15, 10, 15, 15, 30, 10, 0},
}};
// clang-format on

// What nobody can read, or no rule takes.
constexpr std::array<const char*, 60> unreadable{"new",
                                                 "new 1",
                                                 "new 1 buy",
                                                 "new x buy 1@1",
                                                 "new 1 hold 1@1",
                                                 "new 1 buy 1",
                                                 "new 1 buy @",
                                                 "new 1 buy 1@",
                                                 "new 1 buy @1",
                                                 "new 1 buy 1@x",
                                                 "new 1 buy 1.5@2",
                                                 "new -1 buy 1@1",
                                                 "new 4294967296 buy 1@1",
                                                 "new 1 buy 1@1 maybe",
                                                 "new 1 buy 1@1 account=",
                                                 "cancel",
                                                 "cancel 1 2",
                                                 "reduce 1",
                                                 "replace 1 2 3@market",
                                                 "new 1 buy 1@1 account=1 stp=all",
                                                 "new 1 buy 5@1 display=",
                                                 "new 1 buy 5@1 display=0",
                                                 "new 1 buy 5@1 random=1",
                                                 "new 1 buy 5@1 display=3 random=3",
                                                 "new 1 buy 5@1 display=3 random=-1",
                                                 "new 1 buy 5@1 display=3 random=",
                                                 "new 1 buy 5@1 rests",
                                                 "new 1 buy 5@1 oco=-1",
                                                 "new 1 buy 5@1 trail=",
                                                 "new 1 buy 5@1 trail=-1",
                                                 "new 1 buy 5@1 trail=4294967296",
                                                 "new 1 buy 5@1 min=6",
                                                 "new 1 buy 5@1 min=-1",
                                                 "new 1 buy 5@1 stop=0",
                                                 "new 1 buy 5001@1 display=5",
                                                 "new 1 buy 5@1 gtd=",
                                                 "new 1 buy 5@1 gtd=-1",
                                                 "new 1 buy 1@1 stop=2 at-open",
                                                 "tick -1",
                                                 "tick 1 2",
                                                 "pass",
                                                 "pass -1",
                                                 "rules collar",
                                                 "rules collar=1000001",
                                                 "rules seed=",
                                                 "halt 1",
                                                 "halt 0 1",
                                                 "halt 1 86400001",
                                                 "new 1 buy 1@1 peg=market",
                                                 "new 1 buy 1@1 offset=1",
                                                 "new 1 buy 1@1 peg=mid offset=1",
                                                 "new 1 buy 1@1 peg=primary offset=-1",
                                                 "rules static=1000001",
                                                 "rules reference=0",
                                                 "rules band=1000001",
                                                 "rules band=5 collar=5",
                                                 "rules band=5 pause=0",
                                                 "rules limit-state=5",
                                                 "rules reference=68719476736",
                                                 "sell everything"};

}  // namespace

std::span<const Flow> all_flows() {
  return flows;
}

std::string CommandStream::price() {
  if (!flow_.price_wide) {
    return std::to_string(flow_.price_low + static_cast<std::int64_t>(below(
                                                static_cast<std::uint64_t>(flow_.price_width))));
  }
  const std::uint64_t bits = 5 + below(32);
  return std::to_string(1 +
                        below(std::uint64_t{1} << bits) % static_cast<std::uint64_t>(price_cap));
}

std::string CommandStream::quantity() {
  return std::to_string(1 + below(static_cast<std::uint64_t>(flow_.quantity_max)));
}

std::string CommandStream::new_order() {
  const bool market = chance(flow_.takers) && chance(30);
  std::string line = "new " + id() + (chance(50) ? " buy " : " sell ") +
                     (market ? quantity() + "@market" : offer());
  if (market && chance(40)) line += " rests";
  line += life();
  if (chance(1)) line += life();  // Seldom twice, which nobody can read.
  if (chance(15)) line += chance(50) ? " post" : " post=slide";
  if (flow_.hidden > 0 && chance(flow_.hidden)) line += " hidden";
  if (flow_.pegs > 0 && chance(flow_.pegs)) line += peg();
  if (chance(flow_.owned)) {
    static constexpr std::array<const char*, 4> modes{"newest", "oldest", "both", "decrement"};
    line += " account=" + std::to_string(flow_.linked > 0 ? 1 : below(3));
    if (chance(flow_.linked > 0 ? 30 : 70)) {
      line += flow_.firms && chance(75) ? " stp=firm-" : " stp=";
      line += modes[below(modes.size())];
    }
  }
  if (flow_.quotes && chance(40)) {
    // Seldom with what no side of a quote may have.
    if (!chance(3)) line = "new " + id() + (chance(50) ? " buy " : " sell ") + offer();
    return line + " quote account=" + std::to_string(1 + below(2));
  }
  if (chance(flow_.instructed)) line += instructions();
  if (flow_.linked > 0 && chance(flow_.linked)) line += " oco=" + id();
  return line;
}

std::string CommandStream::life() {
  std::string word;
  if (chance(flow_.takers)) word = chance(50) ? " ioc" : " fok";
  if (chance(5)) word = " gtc";
  // Now and then already past.
  if (flow_.expiring > 0 && chance(flow_.expiring)) {
    word = " gtd=" + std::to_string(now_ + below(40));
  }
  if (flow_.auctions > 0 && chance(15)) {
    word = chance(50) ? " at-open" : chance(50) ? " at-close" : " at-halt";
  }
  return word;
}

std::string CommandStream::instructions() {
  std::string words;
  if (chance(40)) {
    const std::uint64_t display = 1 + below(5);
    words += " display=" + std::to_string(display);
    // Now and then too much.
    if (chance(40)) words += " random=" + std::to_string(below(display + 1));
  }
  if (chance(20)) words += " min=" + std::to_string(below(8));
  if (flow_.stops && chance(60)) words += " stop=" + price();
  if (flow_.stops && chance(20)) words += " trail=" + std::to_string(below(8));
  if (flow_.linked == 0 && chance(30)) words += " oco=" + id();
  return words;
}

std::string CommandStream::peg() {
  if (chance(65)) return " peg=mid";
  return chance(60) ? " peg=primary" : " peg=primary offset=" + std::to_string(below(4));
}

// Set often, since what withdraws a quote takes no other until it is.
std::string CommandStream::protect() {
  std::string line = "protect " + std::to_string(1 + below(2)) + ' ' +
                     std::to_string(chance(10) ? 0 : 1 + below(4));
  if (chance(50)) line += " quantity=" + std::to_string(below(60));
  if (chance(50)) line += " fills=" + std::to_string(below(6));
  if (chance(50)) line += " delta=" + std::to_string(below(30));
  return line;
}

std::string CommandStream::odd() {
  static constexpr std::array<std::int64_t, 14> prices{
      -1,           0, 1, 2, 63, 64, 65, 4095, 4096, 262'143, 262'144, price_cap - 1, price_cap,
      price_cap + 1};
  static constexpr std::array<std::int64_t, 9> quantities{
      -5, 0, 1, 2, 0xFFFF'FFFF, 0x1'0000'0000, quantity_cap - 1, quantity_cap, quantity_cap + 1};
  const auto any_of = [this](const auto& values) { return values[below(values.size())]; };
  const std::string quantity = std::to_string(any_of(quantities));
  const std::string offer = quantity + '@' + std::to_string(any_of(prices));
  switch (below(8)) {
    case 0:
      return any_of(unreadable);
    case 1:
      return chance(70) ? "phase open" : chance(50) ? "phase closed" : "phase halted";
    case 2:
      return "  # only a comment";
    case 3:
      return "reduce " + id() + ' ' + quantity;
    case 4:
      return "replace " + id() + ' ' + id() + ' ' + offer;
    default:
      return "new " + id() + (chance(50) ? " buy " : " sell ") + offer + (chance(20) ? " fok" : "");
  }
}

std::string CommandStream::of_auction() {
  switch (below(12)) {
    case 0:
    case 1:
      return "phase auction";
    case 2:
      return chance(50) ? "phase volatility" : "phase closing";
    case 3:
      return chance(50) ? "phase halted" : "phase closed";
    case 4:
    case 5:
    case 6:
      return "phase open";
    case 7:
      return "uncross";
    case 8:
      return flow_.expiring > 0 ? tick() : "pass " + std::to_string(below(4));
    case 9:
      if (chance(60) || flow_.expiring > 0) return tick();
      return chance(80) ? "halt " + std::to_string(1 + below(3)) + " 2" : "halt";
    default:
      return tick();
  }
}

// Seldom so far that more expire than are told at once.
std::string CommandStream::tick() {
  if (flow_.expiring == 0 || chance(10)) return "tick";
  return "tick " + std::to_string(now_ += chance(85) ? below(4) : below(60));
}

std::string CommandStream::next() {
  if (chance(flow_.odd)) return odd();
  if (flow_.auctions > 0 && chance(flow_.auctions)) return of_auction();
  if (flow_.passes > 0 && chance(flow_.passes)) {
    const std::uint64_t ms = chance(70) ? 3'000 : 20'000;
    now_ += ms * 1'000'000;
    return "pass " + std::to_string(ms);
  }
  if (flow_.expiring > 0 && chance(10)) return tick();
  if (flow_.pegs > 0 && chance(6)) return "tick";
  if (flow_.quotes && chance(4)) return protect();
  if (flow_.firms && chance(2)) {
    return "account " + std::to_string(below(3)) + ' ' + std::to_string(below(2));
  }
  const std::uint64_t kind = below(100);
  std::uint64_t bound = flow_.cancels;
  if (kind < bound) return "cancel " + id();
  if (kind < (bound += flow_.reduces)) return "reduce " + id() + ' ' + quantity();
  if (kind < (bound += flow_.replaces)) return "replace " + id() + ' ' + id() + ' ' + offer();
  return new_order();
}

}  // namespace basalt::property
