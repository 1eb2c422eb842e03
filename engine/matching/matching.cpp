#include "engine/matching/matching.h"

#include <bit>

#include "engine/matching/emit.h"

namespace basalt::matching {
namespace {

// How far ahead of a command the line of its order is asked for: a book that does not fit the cache
// waits for memory about as long as it takes to handle so many.
constexpr ring::Position prefetch_commands = 8;

}  // namespace

MatchingCore::MatchingCore(const Limits& limits, Arena& arena)
    : memory_(limits.books(), arena), book_(arena.take<OrderBook>(limits.instruments_max)) {}

std::size_t MatchingCore::memory_bytes(const Limits& limits) noexcept {
  return BookMemory::memory_bytes(limits.books()) + Arena::cost<OrderBook>(limits.instruments_max);
}

void MatchingCore::apply(const Command& command, EventOutlet& out) noexcept {
  if (command.order.kind == CommandKind::define_instrument) {
    const auto definition = command.as<DefineInstrument>();
    book_[index_of(command.order.instrument)].define(
        {command.order.instrument, definition.collar_ppm});
  } else if (command.order.kind == CommandKind::set_limit) {
    const auto amendment = command.as<Amendment>();
    if (amendment.limit == LimitKind::collar_ppm) {
      book_[index_of(command.order.instrument)].set_collar(
          static_cast<std::uint32_t>(amendment.amount_low));
    }
  }
  if (command.order.kind == CommandKind::new_order &&
      (command.order.flags & flag_instructed) != 0) {
    book_[index_of(command.order.instrument)].new_order(command.order, command.as<Instructions>(),
                                                        memory_, out);
    out.latest().last = 1;
    return;
  }
  apply(command.order, out);
}

void MatchingCore::apply(const Order& order, EventOutlet& out) noexcept {
  apply_unmarked(order, out);
  out.latest().last = 1;
}

void MatchingCore::apply_unmarked(const Order& order, EventOutlet& out) noexcept {
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
      return emit_nothing(order, out);  // No book depends on it; the log still waits for an answer.
  }
}

void MatchingCore::assert_invariants() const {
  std::uint32_t in_books = 0;
  for (const OrderBook& book : book_) in_books += book.assert_invariants(memory_);
  std::uint32_t live = 0;
  for (std::uint32_t slot = 0; slot < memory_.orders_max(); ++slot) {
    live += memory_.order(slot).generation != 0;
  }
  BASALT_ASSERT(live == in_books);  // I4 of the books
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
