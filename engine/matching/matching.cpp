#include "engine/matching/matching.h"

#include <bit>

#include "engine/matching/emit.h"
#include "engine/matching/order_book-inl.h"

namespace basalt::matching {
namespace {

// How far ahead of a command the lines of its orders are asked for: a book that does not fit the
// cache waits for memory about as long as it takes to handle so many. Nearer than what the ring
// asks for by itself, or each command would wait for its slot to arrive from another core.
constexpr ring::Position prefetch_commands = 4;
static_assert(prefetch_commands < ring::lookahead_slots);

constexpr std::uint32_t bits_of_word = 64;

constexpr std::uint32_t words_for(std::uint32_t instruments) noexcept {
  return (instruments + bits_of_word - 1) / bits_of_word;
}

}  // namespace

MatchingCore::MatchingCore(const Limits& limits, Arena& arena)
    : memory_(limits.books(), arena),
      book_(arena.take<OrderBook>(limits.instruments_max)),
      waiting_(arena.take<std::uint64_t>(words_for(limits.instruments_max))),
      banded_(arena.take<std::uint64_t>(words_for(limits.instruments_max))),
      uncross_fills_max_(limits.uncross_fills_max) {
  BASALT_ASSERT(uncross_fills_max_ > 0);
}

std::size_t MatchingCore::memory_bytes(const Limits& limits) noexcept {
  return BookMemory::memory_bytes(limits.books()) + Arena::cost<OrderBook>(limits.instruments_max) +
         2 * Arena::cost<std::uint64_t>(words_for(limits.instruments_max));
}

void MatchingCore::apply(const Command& command, EventOutlet& out) noexcept {
  const auto book = [&]() -> OrderBook& { return book_[index_of(command.order.instrument)]; };
  switch (command.order.kind) {
    case CommandKind::define_instrument:
      define(command);
      break;
    case CommandKind::define_account: {
      const auto definition = command.as<DefineAccount>();
      memory_.set_firm(definition.account, definition.firm);
      break;
    }
    case CommandKind::set_limit: {
      const auto amendment = command.as<Amendment>();
      const auto ppm = static_cast<std::uint32_t>(amendment.amount_low);
      if (amendment.limit == LimitKind::collar_ppm) book().set_collar(ppm);
      if (amendment.limit == LimitKind::static_collar_ppm) book().set_static_collar(ppm);
      break;
    }
    case CommandKind::set_instrument_state:
      book().set_phase(command.order, command.as<Amendment>().instrument_state, memory_,
                       uncross_fills_max_, out);
      book().withdraw_quotes(command.order, memory_, out);
      note_waiting(command.order.instrument);
      out.latest().last = 1;
      return;
    case CommandKind::set_protection:
      protect(command, out);
      out.latest().last = 1;
      return;
    case CommandKind::halt_market:
      halt(command, out);
      out.latest().last = 1;
      return;
    case CommandKind::new_order:
      if ((command.order.flags & flag_instructed) == 0) break;
      book().new_order(command.order, command.as<Instructions>(), memory_, out);
      look_after(command.order, out);  // A peg waits for ticks.
      out.latest().last = 1;
      return;
    default:
      break;
  }
  apply(command.order, out);
}

[[gnu::always_inline]] inline void MatchingCore::apply_unmarked(const Order& order,
                                                                EventOutlet& out) noexcept {
  const auto book = [&]() -> OrderBook& { return book_[index_of(order.instrument)]; };
  switch (order.kind) {
    case CommandKind::new_order:
      return book().new_order(order, memory_, out);
    case CommandKind::replace:
      return book().replace(order, memory_, out);
    case CommandKind::cancel:
      return book().cancel(order, memory_, out);
    case CommandKind::reduce:
      return book().reduce(order, memory_, out);
    default:
      return apply_of_few(order, out);
  }
}

void MatchingCore::apply_of_few(const Order& order, EventOutlet& out) noexcept {
  switch (order.kind) {
    case CommandKind::uncross:
      return book_[index_of(order.instrument)].uncross(order, memory_, uncross_fills_max_, out);
    case CommandKind::tick:
      return tick(order, out);
    default:
      return emit_nothing(order, out);  // No book depends on it; the log still waits for an answer.
  }
}

void MatchingCore::apply(const Order& order, EventOutlet& out) noexcept {
  apply_unmarked(order, out);
  if (watched_ > 0) [[unlikely]]
    look_after(order, out);
  out.latest().last = 1;
}

void MatchingCore::tick(const Order& order, EventOutlet& out) noexcept {
  if (watched_ + banded_books_ > 0 || memory_.expiries().any_due(order.time)) [[unlikely]] {
    return tick_of_books(order, out);
  }
  emit_nothing(order, out);
}

// In the order of instruments, as the log merges shards. What expires in a book is out of the
// uncross, and of the prospect of one, that the same Tick tells.
void MatchingCore::tick_of_books(const Order& order, EventOutlet& out) noexcept {
  std::span<const Expiry> due = memory_.expiries().take_due(order.time);
  bool told = !due.empty();
  Order of_book = order;
  const auto expire_up_to = [&](InstrumentId last) {
    for (; !due.empty() && due.front().instrument <= last; due = due.subspan(1)) {
      of_book.instrument = due.front().instrument;
      OrderBook& book = book_[index_of(of_book.instrument)];
      book.expire(of_book, due.front().slot, memory_, out);
      book.mark_changed();
    }
  };
  std::uint32_t fills_left = uncross_fills_max_;
  for (std::uint32_t word = 0; word < waiting_.size() && watched_ + banded_books_ > 0; ++word) {
    for (std::uint64_t bits = waiting_[word] | banded_[word]; bits != 0; bits &= bits - 1) {
      const InstrumentId instrument{word * bits_of_word +
                                    static_cast<std::uint32_t>(std::countr_zero(bits))};
      expire_up_to(instrument);
      of_book.instrument = instrument;
      OrderBook& book = book_[index_of(instrument)];
      told = book.tick(of_book, memory_, fills_left, out) || told;
      book.withdraw_quotes(of_book, memory_, out);
      note_waiting(instrument);
    }
  }
  expire_up_to(no_instrument);
  if (!told) emit_nothing(order, out);
}

void MatchingCore::define(const Command& command) noexcept {
  const auto definition = command.as<DefineInstrument>();
  constexpr auto duration = [](std::uint32_t ms) { return Nanos{std::int64_t{ms} * 1'000'000}; };
  OrderBook& book = book_[index_of(command.order.instrument)];
  if (book.moves_by_itself()) --watched_;
  book.define({.volatility_auction = duration(definition.volatility_auction_ms),
               .band_ppm = definition.band_ppm,
               .collar_ppm = definition.collar_ppm,
               .static_collar_ppm = definition.static_collar_ppm,
               .instrument = command.order.instrument,
               .reference = definition.reference,
               .price_max = definition.price_max,
               .volatility_extension = duration(definition.volatility_extension_ms),
               .limit_state = duration(definition.limit_state_ms),
               .pause = duration(definition.pause_ms),
               .reserve_seed = definition.reserve_seed},
              definition.state);
  if (book.moves_by_itself()) ++watched_;
  note_banded(command.order.instrument);
  note_waiting(command.order.instrument);
}

void MatchingCore::protect(const Command& command, EventOutlet& out) noexcept {
  OrderBook& book = book_[index_of(command.order.instrument)];
  const Origin& origin = command.origin;
  const std::uint64_t asked_by =
      AskedBy{origin.session, origin.user_ref_index, origin.user_ref_num}.packed();
  if (book.is_protected()) --watched_;
  book.protect(command.order, command.as<QuoteProtection>(), asked_by, memory_, out);
  if (book.is_protected()) ++watched_;
}

// In the order of instruments, as the log merges shards. O(instruments_max).
void MatchingCore::halt(const Command& command, EventOutlet& out) noexcept {
  const Amendment::Halt times = command.as<Amendment>().halt();
  Order of_book = command.order;
  bool told = false;
  for (std::uint32_t i = 0; i < book_.size(); ++i) {
    of_book.instrument = InstrumentId{i};
    told = book_[i].halt(of_book, times, memory_, out) || told;
    note_waiting(of_book.instrument);
  }
  if (!told) emit_nothing(command.order, out);
}

void MatchingCore::note_waiting(InstrumentId instrument) noexcept {
  std::uint64_t& word = waiting_[index_of(instrument) / bits_of_word];
  const std::uint64_t bit = std::uint64_t{1} << (index_of(instrument) % bits_of_word);
  const bool waited = (word & bit) != 0;
  if (book_[index_of(instrument)].waits_for_ticks() == waited) return;
  word ^= bit;
  if (waited) {
    --watched_;
  } else {
    ++watched_;
  }
}

void MatchingCore::note_banded(InstrumentId instrument) noexcept {
  std::uint64_t& word = banded_[index_of(instrument) / bits_of_word];
  const std::uint64_t bit = std::uint64_t{1} << (index_of(instrument) % bits_of_word);
  const bool banded = book_[index_of(instrument)].has_bands();
  if (banded == ((word & bit) != 0)) return;
  word ^= bit;
  if (banded) {
    ++banded_books_;
  } else {
    --banded_books_;
  }
}

void MatchingCore::look_after(const Order& order, EventOutlet& out) noexcept {
  if (index_of(order.instrument) >= book_.size()) return;
  OrderBook& book = book_[index_of(order.instrument)];
  book.withdraw_quotes(order, memory_, out);
  book.mark_changed();
  note_waiting(order.instrument);
}

void MatchingCore::assert_invariants() const {
  std::uint32_t in_books = 0;
  std::uint32_t watched = 0;
  std::uint32_t banded = 0;
  std::uint32_t guards = 0;
  for (const OrderBook& book : book_) {
    banded += static_cast<std::uint32_t>(book.has_bands());
    in_books += book.assert_invariants(memory_);
    guards += book.guards(memory_);
    watched += static_cast<std::uint32_t>(book.waits_for_ticks()) +
               static_cast<std::uint32_t>(book.moves_by_itself()) +
               static_cast<std::uint32_t>(book.is_protected());
  }
  BASALT_ASSERT(watched == watched_);
  BASALT_ASSERT(banded == banded_books_);
  BASALT_ASSERT(guards == memory_.guards().in_use());
  std::uint32_t live = 0;
  std::uint32_t ending = 0;
  std::uint32_t paired = 0;
  for (std::uint32_t slot = 0; slot < memory_.orders_max(); ++slot) {
    const RestingOrder& order = memory_.order(slot);
    if (order.generation == 0) continue;
    ++live;
    ending += order.time_in_force() == TimeInForce::gtd;
    const bool instructed = (order.flags() & flag_instructed) != 0;
    paired += instructed && memory_.details(slot).partner != no_order;
  }
  BASALT_ASSERT(live == in_books);  // I4 of the books
  BASALT_ASSERT(ending == memory_.expiries().size());
  BASALT_ASSERT(paired == memory_.paired());
  BASALT_ASSERT(paired == memory_.partners());  // None is still to be cancelled.
  memory_.expiries().assert_invariants();
  BASALT_ASSERT(live > 0 || memory_.leaves_in_use() + memory_.inners_in_use() == 0);  // M1
}

std::uint32_t Matching::poll() noexcept {
  std::uint32_t handled = 0;
  if (!out_.flush()) return 0;
  while (handled < limits::batch_max && out_.clear()) {
    const Slot* slot = orders_.peek();
    if (slot == nullptr) break;
    ++handled;
    // Behind definitions this may be no command's first slot; then it asks for a line in vain.
    if (const Slot* later = orders_.ahead(prefetch_commands)) {
      core_.prefetch(std::bit_cast<Order>(*later));
    }
    if (assembler_.pending() || goes_whole_to_matching(std::bit_cast<Order>(*slot))) {
      if (assembler_.take(*slot)) core_.apply(assembler_.command(), out_);
    } else {
      core_.apply(std::bit_cast<Order>(*slot), out_);
    }
  }
  if (handled > 0) {
    orders_.consume();
    out_.flush();
  }
  return handled;
}

}  // namespace basalt::matching
