#include "tools/load/book_check.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <limits>

namespace basalt::load {
namespace {

// Commands, and feed messages, between two looks at the other side.
constexpr std::uint32_t batch = 512;
constexpr auto pause = std::chrono::microseconds(500);
constexpr int niceness = 10;

std::string price_text(std::uint32_t wire) {
  std::string digits = std::to_string(wire % 10'000);
  digits.insert(0, 4 - digits.size(), '0');
  return std::to_string(wire / 10'000) + '.' + digits;
}

}  // namespace

std::string to_text(const LevelDifference& difference) {
  return difference.symbol + (difference.side == Side::buy ? " bid " : " ask ") +
         price_text(difference.price) + ": " + std::to_string(difference.feed_quantity) +
         " by the feed, " + std::to_string(difference.engine_quantity) + " in the engine";
}

std::vector<LevelDifference> compare_books(const FeedBooks& feed, const matching::OrderBook& book,
                                           const matching::BookMemory& memory,
                                           InstrumentId instrument, std::uint32_t wire_tick) {
  std::vector<LevelDifference> differences;
  const std::uint16_t locate = marketdata::stock_locate(instrument);
  const auto differ = [&](Side side, std::uint32_t price, std::uint64_t mine, std::uint64_t its) {
    differences.push_back({feed.symbol(locate), side, price, mine, its});
  };
  for (const Side side : {Side::buy, Side::sell}) {
    const FeedBooks::Levels& levels = feed.levels(locate, side);
    std::size_t met = 0;
    book.each_level(side, memory, [&](Price price, const matching::Level& level) {
      const auto wire = static_cast<std::uint32_t>(price.value * wire_tick);
      const auto quantity = static_cast<std::uint64_t>(level.quantity.value);
      const auto found = levels.find(wire);
      if (found != levels.end()) ++met;
      const std::uint64_t mine = found == levels.end() ? 0 : found->second.quantity;
      if (mine != quantity) differ(side, wire, mine, quantity);
    });
    if (met == levels.size()) continue;
    for (const auto& [price, level] : levels) {
      const matching::Level* its = book.find(side, Price{price / wire_tick}, memory);
      if (its == nullptr || price % wire_tick != 0) differ(side, price, level.quantity, 0);
    }
  }
  return differences;
}

BookCheck::BookCheck(FeedQueue& queue, const std::filesystem::path& data) : queue_(queue) {
  if (!data.empty()) engine_ = std::make_unique<EngineBooks>(data);
}

BookCheck::~BookCheck() {
  quit_.store(true, std::memory_order_relaxed);  // A flag: carries no data.
  if (thread_.joinable()) thread_.join();
}

void BookCheck::start() {
  thread_ = std::thread([this] { run(); });
}

void BookCheck::run() {
  // What matters in time has its thread elsewhere; on one core this one takes what is left.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
  while (!quit_.load(std::memory_order_relaxed) && !last_) {
    if (!turn()) std::this_thread::sleep_for(pause);
  }
  done_.store(true, std::memory_order_release);  // Pairs with done().
}

std::optional<Nanos> BookCheck::finish_at() const noexcept {
  // A time and no more: what was sent before it is in the journal, not in memory of ours.
  const std::int64_t at = finish_at_.load(std::memory_order_relaxed);
  if (at == not_yet) return {};
  return Nanos{at};
}

bool BookCheck::turn() {
  if (engine_ != nullptr) return follow_engine();
  const std::optional<Nanos> end = finish_at();
  if (apply_feed(std::numeric_limits<std::uint64_t>::max())) return true;
  last_ = end.has_value();
  return false;
}

bool BookCheck::follow_engine() {
  bool moved = false;
  const Nanos until = finish_at().value_or(Nanos{std::numeric_limits<std::int64_t>::max()});
  bool at_end = engine_->time() >= until;
  if (!stands_ && !at_end) {
    const Sequence before = engine_->sequence();
    const EngineBooks::Step step = engine_->follow(batch, check_every, until);
    moved = engine_->sequence() != before;
    stands_ = step == EngineBooks::Step::arrived;
    at_end = engine_->time() >= until;
    if (step == EngineBooks::Step::damaged) {
      trouble_ = "the engine's journal cannot be followed: " + engine_->trouble();
      last_ = true;
      return false;
    }
    if (step == EngineBooks::Step::caught_up && !engine_->engine_lives()) {
      at_end = at_end || finish_at().has_value();
    }
    sequence_.store(engine_->sequence(), std::memory_order_relaxed);
    wanted_.store(engine_->feed_messages(), std::memory_order_relaxed);
  }
  moved = apply_feed(engine_->feed_messages()) || moved;
  if (applied() < engine_->feed_messages()) return moved;
  if (at_end) {
    compare_all();
    last_ = true;
  } else if (stands_) {
    compare_touched();
    stands_ = false;
    moved = true;
  }
  return moved;
}

bool BookCheck::apply_feed(std::uint64_t until) {
  FeedQueue::Item item;
  std::uint64_t count = applied();
  const std::uint64_t before = count;
  for (std::uint32_t done = 0; done < batch && count < until && queue_.next(item); ++done) {
    if (item.lost > 0) {
      count += item.lost;
    } else {
      books_.apply(item.message);
      ++count;
    }
  }
  applied_.store(count, std::memory_order_relaxed);
  return count != before;
}

void BookCheck::compare_touched() {
  std::vector<InstrumentId> instruments = engine_->take_touched();
  for (const std::uint16_t locate : books_.take_touched()) {
    const InstrumentId id{locate - 1U};
    bool known = locate == 0;
    for (const InstrumentId other : instruments) known = known || other == id;
    if (!known) instruments.push_back(id);
  }
  compare(instruments);
}

void BookCheck::compare_all() {
  compare(engine_->instruments());
}

void BookCheck::compare(const std::vector<InstrumentId>& instruments) {
  std::uint64_t found = 0;
  for (const InstrumentId id : instruments) {
    if (!engine_->has(id)) {
      ++found;  // The feed has a book of what the engine does not know.
      continue;
    }
    const std::uint16_t locate = marketdata::stock_locate(id);
    const auto differences =
        compare_books(books_, engine_->book(id), engine_->memory(id), id, engine_->wire_tick(id));
    levels_compared_ +=
        books_.levels(locate, Side::buy).size() + books_.levels(locate, Side::sell).size();
    found += differences.size();
    for (const LevelDifference& difference : differences) {
      if (shown_.size() == shown_max) break;
      shown_.push_back("sequence " + std::to_string(engine_->sequence()) + ", feed message " +
                       std::to_string(applied()) + ": " + to_text(difference));
    }
  }
  // What the feed said and cannot be is a difference too.
  found += books_.impossible() - impossible_seen_;
  impossible_seen_ = books_.impossible();
  mismatches_.fetch_add(found, std::memory_order_relaxed);
  checks_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace basalt::load
