// The rules of one limit order book, so plainly that they are right by reading: a map of lists.
//
//   command, one line of text ─► NaiveBook ─► the events, in the words of `basalt book`
//
// The judge in property tests. Written from the rules and not from the engine, shares no code with
// it, and is never optimised. Where the engine has a limit of its size, the judge has one only
// where a client can meet it (resting_max).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace basalt::oracle {

class NaiveBook {
 public:
  // `slice_max`: how many fills one line makes of an uncross, and how many orders expire with it;
  // "tick" goes on.
  explicit NaiveBook(std::ostream& out,
                     std::int64_t slice_max = std::numeric_limits<std::int64_t>::max())
      : out_(out), slice_max_(slice_max) {}

  // A line that cannot be read is answered with "error LINE_NUMBER"; what is wrong is left out.
  void line(const std::string& text);

 private:
  struct Order {
    std::uint32_t id;
    bool buy;
    bool market;
    bool post;              // Never takes.
    std::string life;       // day, gtc, ioc, fok, gtd, at-open, at-close or at-halt.
    std::uint32_t account;  // 0: nobody's.
    std::string stp;        // newest, oldest, both, decrement, or empty: trades with its own.
    std::int64_t price;
    std::int64_t open;  // Of a reserve order: what it shows.
    std::int64_t executed;
    std::int64_t display = 0;   // 0: shows all.
    std::int64_t random = 0;    // Of display: a part shown anew is more or less by up to so much.
    std::int64_t reserve = 0;   // What it does not show.
    std::int64_t min = 0;       // Must trade at once.
    std::int64_t stop = 0;      // 0: does not wait.
    bool slides = false;        // Of post.
    bool rests = false;         // Of market: what is left does, at the price of the last fill.
    bool by_firm = false;       // Of stp: what is of its firm is its own.
    std::int64_t expiry = 0;    // Of gtd.
    std::uint64_t entered = 0;  // The line that brought it, or the first of its chain.
    bool hidden = false;        // Shows nothing.
    std::string peg{};          // mid, primary, or empty: has a price of its own.
    std::int64_t offset = 0;    // Of a primary peg.
    std::optional<std::int64_t> trail{};     // Of a stop: stays no further behind the market.
    std::optional<std::uint32_t> partner{};  // Linked: where this one trades, that one goes.
    bool quoted = false;                     // A side of a quote.
  };
  using Level = std::list<Order>;  // Oldest first; what hides behind all others.
  struct Offer {
    std::int64_t quantity;
    std::int64_t price;
    bool market;
  };
  // A peg, with the price that it has when somebody asks.
  struct Peg {
    std::int64_t price;
    std::uint32_t id;
  };
  // What became of an order that took.
  struct Taken {
    bool traded = false;
    bool too_far = false;    // The next trade would be beyond the collar.
    bool prevented = false;  // Self-trade prevention ended it.
  };
  // What an account's quotes are protected by: at most so much against them in a window.
  struct Protection {
    std::uint32_t account = 0;
    std::int64_t window = 0;
    std::int64_t quantity = 0;  // 0, here and below: any.
    std::int64_t fills = 0;
    std::int64_t delta = 0;
    std::map<bool, std::uint32_t> latest;  // Of the quote's buys (true) and sells that rested.
    bool withdrawn = false;
    bool reached = false;
    std::optional<std::int64_t> since;
    std::int64_t bought = 0;
    std::int64_t sold = 0;
    std::int64_t filled = 0;
  };
  // What would trade at a price, and how much more would be bought than sold there.
  struct Prospect {
    std::int64_t price = 0;  // 0: nothing trades.
    std::int64_t quantity = 0;
    std::int64_t surplus = 0;
  };

  static bool says_twice(const std::vector<std::string>& words, std::size_t from);
  bool run(const std::vector<std::string>& words);
  bool run_of_venue(const std::vector<std::string>& words);
  bool enter(const std::vector<std::string>& words, std::uint32_t id, const Offer& offer);
  void new_order(Order order, bool shows_less, bool stops);
  void replace(std::uint32_t id, std::uint32_t new_id, const Offer& offer);
  void cancel(std::uint32_t id);
  void reduce(std::uint32_t id, std::int64_t total);
  void print() const;
  void print_side(bool buy, bool hidden) const;
  static Level::iterator first_hidden(Level& level);

  void take_and_rest(Order order);
  Taken take(Order& order, std::vector<Peg> others);
  void trade(Order& taker, Order& maker, std::int64_t price);
  void lower_first(Level& level, std::int64_t quantity);
  std::string refusal(const Order& order, std::int64_t freed) const;
  std::string refusal_to_wait(const Order& order, std::int64_t freed) const;
  static bool shows_too_often(const Order& order);
  std::int64_t next_part(const Order& order);
  void slide(Order& order) const;
  void wait(const Order& order);
  bool begins_to_trail(Order& order) const;
  void follow_market();
  bool reached(const Order& stop) const;
  void trigger_stops(bool incoming_buys);
  bool is_live(std::uint32_t id) const {
    return live_.contains(id) || waiting(id) != stops_.end() || kept(id) != kept_.end();
  }
  Level::const_iterator waiting(std::uint32_t id) const;
  Order& live_order(std::uint32_t id);
  static void take_away(Order& order, std::int64_t quantity);
  void rejected(std::uint32_t id, const std::string& why) {
    out_ << "rejected " << id << ' ' << why << '\n';
  }

  // naive_pairs.cpp
  bool may_link(const Order& order);
  void link(Order& order);
  void part(Order& order);
  void part_both(Order& one, Order& other);
  void cancel_partners();

  // Both sides are sorted best first: asks by price, bids by its negative.
  static std::int64_t rank(const Order& order) { return order.buy ? -order.price : order.price; }
  static bool reaches(const Order& taker, std::int64_t price) {
    return taker.buy ? price <= taker.price : price >= taker.price;
  }
  // Where trades beyond the collar start an auction, may it trade at this price?
  bool guarded() const { return volatility_ > 0 && band_ppm_ == 0 && !gathers_; }
  bool within_collar(std::int64_t price) const {
    return price >= collar_low_ && price <= collar_high_;
  }
  Order priced(Order order) const;
  std::int64_t resting(bool buy) const;
  std::map<std::int64_t, Level>& side(bool buy) { return buy ? bids_ : asks_; }
  const std::map<std::int64_t, Level>& side(bool buy) const { return buy ? bids_ : asks_; }
  std::int64_t reachable(const Order& taker) const;

  // naive_pegs.cpp
  std::optional<std::int64_t> best_shown(bool buy) const;
  std::optional<std::int64_t> price_of_peg(const Order& peg) const;
  std::vector<Peg> priced_pegs(bool buy) const;
  std::optional<std::int64_t> best_to_take(bool buy, const std::vector<Peg>& pegs) const;
  std::string refusal_of_peg(const Order& order, std::int64_t freed) const;
  void pair_pegs();
  bool pair_peg(const Peg& peg, std::vector<Peg>& others);
  Level& pegs(bool buy) { return pegs_[buy ? 1 : 0]; }
  const Level& pegs(bool buy) const { return pegs_[buy ? 1 : 0]; }

  bool own(const Order& taker, const Order& maker) const;
  bool prevents(Order& taker, Order& maker);

  // naive_quotes.cpp
  bool protect(const std::vector<std::string>& words);
  Protection* protection_of(std::uint32_t account);
  void count(const Order& maker, std::int64_t quantity);
  void withdraw();

  // naive_auction.cpp
  static bool is_auction(const std::string& phase) {
    return phase == "auction" || phase == "volatility" || phase == "closing";
  }
  bool set_rules(const std::vector<std::string>& words);
  void move_collar();
  void interrupt();
  void end_in_time();
  bool halt(const std::vector<std::string>& words);
  void set_phase(const std::string& phase);
  void uncross();
  void tick();
  void expire();
  bool uncross_some();
  void tell_uncrossed();
  // Is it only for the auction that it would rest in?
  static bool ends(const Order& order) { return order.market || order.life.starts_with("at-"); }
  bool end_some(std::int64_t& most);
  void end_all();
  void cross_once(std::optional<std::uint32_t>& taker);
  Prospect at(std::int64_t price) const;
  Prospect prospect() const;

  // naive_kept.cpp
  static bool may_wait(const Order& order) {
    return order.life == "at-open" || order.life == "at-close";
  }
  // The phase that such an order is for.
  static std::string auction_of(const Order& order) {
    return order.life == "at-open" ? "auction" : "closing";
  }
  bool comes_early(const Order& order) const;
  std::string refusal_to_keep(const Order& order, std::int64_t freed) const;
  Level::const_iterator kept(std::uint32_t id) const;
  bool let_in_some(std::int64_t& most);
  bool let_in_all();

  // naive_bands.cpp
  struct Band {
    std::int64_t low;
    std::int64_t high;
  };
  void set_bands(std::int64_t ppm, std::int64_t limit_state, std::int64_t pause);
  void take_band(std::int64_t reference, std::int64_t since);
  Band band_around(std::int64_t reference) const;
  void keep_within_band(Order& order) const;
  void note_trade();
  void restart_band(std::int64_t price);
  void open_band(std::int64_t now);
  std::string at_band() const;
  void renew_band();
  void tick_band();

  Order remove(std::uint32_t id);

  std::ostream& out_;
  std::int64_t slice_max_;
  std::int64_t now_ = 0;
  std::map<std::int64_t, Level> bids_;
  std::map<std::int64_t, Level> asks_;
  std::map<std::uint32_t, Level::iterator> live_;
  Level pegs_[2];  // By whether they buy, in the order in which they came to rest.
  Level stops_;    // That wait, in the order in which they began to.
  Level kept_;     // For their auction, likewise.
  std::map<std::uint32_t, std::uint32_t> firms_;  // By account.
  std::vector<std::uint32_t> partners_;           // To be cancelled, behind what has traded.
  std::int64_t entered_ = 0;  // Of all orders so far, as long as it is less than may rest.
  std::int64_t last_trade_ = 0;
  std::int64_t auctioned_ = 0;        // What the latest uncross that traded did so at.
  std::vector<std::int64_t> trades_;  // Prices of the present command's.
  std::string phase_ = "open";
  bool gathers_ = false;  // From an auction's start until trading opens.
  bool uncrossing_ = false;
  std::int64_t uncross_price_ = 0;
  std::int64_t uncrossed_ = 0;
  std::string indicated_;            // As it was told.
  std::string auction_;              // The latest.
  std::list<std::uint32_t> ending_;  // Orders that end with it, the longest there first.
  bool expiring_ = false;            // It has ended, and they go.
  // The rules of the instrument; these times are in milliseconds, all others in nanoseconds.
  std::int64_t collar_ppm_ = 0;
  std::int64_t static_ppm_ = 0;
  std::int64_t reference_ = 0;
  std::int64_t volatility_ = 0;
  std::int64_t extension_ = 0;
  std::int64_t seed_ = 0;
  std::int64_t collar_low_ = 0;
  std::int64_t collar_high_ = std::numeric_limits<std::int64_t>::max();
  std::optional<std::int64_t> deadline_;  // When the phase ends by itself.
  bool extended_ = false;
  std::int64_t reopening_ = 0;  // How long the auction is behind a halt.
  std::uint64_t drawn_ = 0;     // Parts of a random size until now.
  // Bands, in place of collars.
  std::int64_t band_ppm_ = 0;
  std::int64_t limit_state_ms_ = 0;
  std::int64_t pause_ms_ = 0;
  std::int64_t band_reference_ = 0;
  std::int64_t band_since_ = 0;
  std::int64_t band_told_ = 0;                                      // The reference.
  std::vector<std::pair<std::int64_t, std::int64_t>> band_trades_;  // Time and price.
  std::string limit_state_ = "none";                                // As it was told.
  std::int64_t limit_since_ = 0;
  bool paused_ = false;                // The halt is a pause.
  std::list<Protection> protections_;  // In the order in which they were set first.
  std::uint64_t line_number_ = 0;
};

}  // namespace basalt::oracle
