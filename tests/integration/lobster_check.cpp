#include "tests/integration/lobster_check.h"

#include <algorithm>
#include <set>

namespace basalt::integration {
namespace {

using venues::Instruction;
using venues::InstructionKind;
using venues::LobsterLevel;
using venues::LobsterMessage;
using venues::LobsterType;

constexpr std::uint64_t excuses_kept_of_a_kind = 4;
constexpr std::size_t unexplained_kept = 100;

bool is_about_one_order(LobsterType type) {
  return type == LobsterType::partial_cancel || type == LobsterType::full_cancel ||
         type == LobsterType::execution;
}

Price price_of(const LobsterMessage& message) {
  return {message.price_units / venues::lobster_units_per_tick};
}

Price price_of_rank(std::int64_t rank) {
  return {std::abs(rank)};
}

std::string words(Side side, std::int64_t rank) {
  return (side == Side::buy ? "bid " : "ask ") + std::to_string(std::abs(rank));
}

}  // namespace

// Which orders the file names without having let them in, so that an excuse can say their number,
// and until when it names each order, so that none is taken for gone before.
void LobsterCheck::look_ahead(const std::string& message_path) {
  venues::LobsterMessages messages(message_path);
  LobsterMessage message;
  Instruction instruction;
  for (bool known = false; messages.next_row(message, instruction, known);) {
    if (!is_about_one_order(message.type)) continue;
    last_named_[message.order] = messages.rows();
    if (known) continue;
    state(message.side).named[rank_of(message.side, price_of(message))][messages.rows()] =
        message.order;
  }
}

LobsterReport LobsterCheck::run(const std::string& message_path, const std::string& book_path,
                                std::uint64_t rows_max) {
  look_ahead(message_path);
  venues::LobsterMessages messages(message_path);
  venues::LobsterBook rows(book_path);
  LobsterMessage message;
  Instruction instruction;
  venues::LobsterRow row;
  bool known = false;
  while (report_.rows < rows_max && messages.next_row(message, instruction, known)) {
    ++report_.rows;
    if (!rows.next(row)) {
      unexplained("the book file is shorter than the message file");
      break;
    }
    play(message, instruction, known, row, rows.levels());
  }
  book_.core().assert_invariants();
  return report_;
}

void LobsterCheck::play(const LobsterMessage& message, const Instruction& instruction, bool known,
                        const venues::LobsterRow& row, std::size_t levels) {
  row_excused_ = false;
  row_unexplained_ = false;
  if (known) {
    apply(message, instruction);
  } else if (is_about_one_order(message.type)) {
    about_missing(message);
  }
  const bool bids_agree = judge(Side::buy, row.bids, levels);
  const bool asks_agree = judge(Side::sell, row.asks, levels);
  if (row_unexplained_) {
    ++report_.rows_unexplained;
  } else if (row_excused_ || !bids_agree || !asks_agree) {
    ++report_.excused;
  } else {
    ++report_.agreed;
    report_.alone += !any_missing_inside(Side::buy) && !any_missing_inside(Side::sell);
  }
}

void LobsterCheck::apply(const LobsterMessage& message, const Instruction& instruction) {
  if (message.type == LobsterType::new_order) return enter(instruction);
  const auto found = ours_.find(message.order);
  if (found == ours_.end()) return unexplained("the order should rest here and does not");
  if (found->second.price != instruction.price || found->second.side != message.side) {
    return unexplained("the order rests at another price");
  }
  message.type == LobsterType::execution ? execute(instruction) : lower(instruction, message.size);
}

void LobsterCheck::enter(const Instruction& instruction) {
  if (!rest(instruction.venue_order, instruction.side, instruction.price, instruction.quantity)) {
    unexplained("a new order did not come to rest whole");
  }
}

// A cancel of a part, or of all, which then tells how much was left there.
void LobsterCheck::lower(const Instruction& instruction, Quantity by) {
  const Ours order = ours_.at(instruction.venue_order);
  const bool all = instruction.kind == InstructionKind::cancel;
  if (by > order.open || (by == order.open && !all)) {
    return unexplained("more is canceled than is open");
  }
  if (!all) return take(instruction.venue_order, by);
  take(instruction.venue_order, order.open);
  if (by == order.open) return;
  // A part of it must have been canceled unseen.
  if (!order.was_out) unexplained("less is canceled than is open");
  change_beyond(order.side, rank_of(order.side, order.price), by - order.open);
}

void LobsterCheck::execute(const Instruction& instruction) {
  const std::uint64_t id = instruction.venue_order;
  const Side side = ours_.at(id).side;
  const std::int64_t rank = rank_of(side, ours_.at(id).price);
  // Time priority: who stands before it can rest no more. Unless the file names it later, or has
  // shown its price ever since it came: then it is still there.
  while (state(side).queue.at(rank).front() != id) {
    const std::uint64_t before = state(side).queue.at(rank).front();
    if (before >= first_missing_id) {
      // Its time is not known: it stands behind those whose time is.
      const Ours missing = ours_.at(before);
      take(before, missing.open);
      rest(before, side, missing.price, missing.open);
      ours_.at(before).was_out = missing.was_out;
      state(side).missing[rank] = before;
      continue;
    }
    if (is_named_later(before) || !ours_.at(before).was_out) return pass_over(before, instruction);
    remove_stray(before, ours_.at(before).open);
  }
  if (!fill(id, instruction.quantity)) {
    unexplained("an execution did not fill just the order that the file names");
  }
}

void LobsterCheck::pass_over(std::uint64_t older, const Instruction& instruction) {
  const std::uint64_t id = instruction.venue_order;
  excuse(++report_.passed_over, "order " + std::to_string(id) +
                                    " was executed there before order " + std::to_string(older) +
                                    ", which is older at the same price");
  if (instruction.quantity > ours_.at(id).open) return unexplained("more is executed than is open");
  take(id, instruction.quantity);
}

// A cancel or an execution of an order that did not enter in the file.
void LobsterCheck::about_missing(const LobsterMessage& message) {
  const std::int64_t rank = rank_of(message.side, price_of(message));
  SideState& side = state(message.side);
  if (rank > side.window) return;  // Nothing of it was seen, and nothing entered.
  Quantity rest_of_it = message.size;
  if (const auto found = side.missing.find(rank); found != side.missing.end()) {
    const std::uint64_t id = found->second;
    const Quantity quantity = std::min(rest_of_it, ours_.at(id).open);
    rest_of_it -= quantity;
    const bool in_front = side.queue.at(rank).front() == id && side.queue.begin()->first == rank;
    if (message.type == LobsterType::execution && in_front) {
      if (!fill(id, quantity)) unexplained("an execution did not fill the missing order");
    } else {
      take(id, quantity);
    }
  }
  // What was not entered was hidden by strays of the same quantity.
  if (rest_of_it > Quantity{0}) change_beyond(message.side, rank, rest_of_it);
}

bool LobsterCheck::rest(std::uint64_t id, Side side, Price price, Quantity quantity) {
  const auto events = book_.add(side, quantity.value, price.value);
  if (events.size() != 1 || events[0].kind != EventKind::rested) return false;
  const std::int64_t rank = rank_of(side, price);
  const std::int64_t window = state(side).window;
  ours_[id] = {book_.last_number(), side, price, quantity, window != nothing_seen && rank > window};
  state(side).queue[rank].push_back(id);
  return true;
}

// By a cancel, or by a reduction to the total that leaves the rest.
void LobsterCheck::take(std::uint64_t id, Quantity quantity) {
  Ours& order = ours_.at(id);
  const auto& memory = book_.core().memory();
  const Quantity total =
      memory.executed(slot_of(order.number)) + memory.order(slot_of(order.number)).open();
  const auto events = quantity == order.open ? book_.cancel(order.number)
                                             : book_.reduce(order.number, (total - quantity).value);
  order.open -= quantity;
  if (events.size() != 1 || events[0].kind != EventKind::canceled ||
      events[0].quantity != quantity || events[0].remaining != order.open) {
    unexplained("the core did not cancel what it should");
  }
  if (order.open == Quantity{0}) forget(id);
}

// By an aggressive order, which must fill just this one and nothing else.
bool LobsterCheck::fill(std::uint64_t id, Quantity quantity) {
  Ours& order = ours_.at(id);
  const auto events =
      book_.add(opposite(order.side), quantity.value, order.price.value, TimeInForce::ioc);
  book_.give_number(book_.last_number());
  const Event& event = events[0];
  if (events.size() != 1 || event.kind != EventKind::fill || event.order != order.number ||
      event.quantity != quantity || event.price != order.price) {
    return false;
  }
  ++report_.fills;
  order.open = event.remaining;
  if (order.open == Quantity{0}) forget(id);
  return true;
}

void LobsterCheck::forget(std::uint64_t id) {
  const auto found = ours_.find(id);
  const Ours& order = found->second;
  SideState& side = state(order.side);
  const std::int64_t rank = rank_of(order.side, order.price);
  auto& queue = side.queue.at(rank);
  queue.erase(std::find(queue.begin(), queue.end(), id));
  if (queue.empty()) side.queue.erase(rank);
  if (id >= first_missing_id) side.missing.erase(rank);
  book_.give_number(order.number);
  ours_.erase(found);
}

bool LobsterCheck::judge(Side side, const std::vector<LobsterLevel>& file, std::size_t levels) {
  SideState& now = state(side);
  const std::int64_t before = now.window;
  const std::int64_t window = file.size() < levels ? all_seen : rank_of(side, file.back().price);
  move_window(side, window);

  std::map<std::int64_t, Quantity> in_file;
  for (const LobsterLevel& level : file) in_file[rank_of(side, level.price)] = level.quantity;
  std::set<std::int64_t> ranks;
  for (const auto& [rank, quantity] : in_file) ranks.insert(rank);
  for (const auto& [rank, quantity] : now.beyond) ranks.insert(rank);
  for (const auto& [rank, queue] : now.queue) {
    if (rank > window) break;
    ranks.insert(rank);
  }
  for (const std::int64_t rank : ranks) {
    const auto found = in_file.find(rank);
    judge_price(side, rank, found == in_file.end() ? Quantity{0} : found->second, rank <= before);
  }
  const bool agrees = top(side, levels) == file;
  if (agrees) return true;
  if (now.beyond.empty()) unexplained("the book differs where nothing is excused");
  for (const auto& [rank, quantity] : now.beyond) {
    excuse(++report_.in_part, std::to_string(quantity.value) + " at " + words(side, rank) +
                                  " left while outside the window: a part of order " +
                                  std::to_string(now.queue.at(rank).front()) +
                                  " or of those behind it");
  }
  return false;
}

void LobsterCheck::judge_price(Side side, std::int64_t rank, Quantity in_file, bool was_inside) {
  const Quantity ours = ours_at(side, rank, false);
  const matching::Level* level =
      book_.book().find(side, price_of_rank(rank), book_.core().memory());
  if (ours != (level == nullptr ? Quantity{0} : level->quantity)) {
    unexplained("the core's level is not the sum of its orders at " + words(side, rank));
  }
  auto& beyond = state(side).beyond;
  const auto recorded = beyond.find(rank);
  const Quantity expected = recorded == beyond.end() ? Quantity{0} : recorded->second;
  const Quantity found = ours - in_file;
  if (was_inside && found != expected) {
    unexplained("at " + words(side, rank) + " the file has " + std::to_string(in_file.value) +
                ", we have " + std::to_string(ours.value) + ", of which strays have " +
                std::to_string(expected.value));
  }
  beyond.erase(rank);
  if (found < Quantity{0}) return enter_missing(side, rank, -found);
  if (found == Quantity{0}) return;
  beyond[rank] = found;
  if (found > ours_at(side, rank, true)) {
    unexplained("we have more at " + words(side, rank) + " than can have left unseen");
  }
  remove_strays(side, rank);
}

// Takes what is beyond from orders that can have left unseen and are never named again. Which of
// several it was, no later row can tell: the oldest go. What then is still beyond are parts of
// orders that the file names again.
void LobsterCheck::remove_strays(Side side, std::int64_t rank) {
  const auto queue = state(side).queue.at(rank);
  for (const std::uint64_t id : queue) {
    const auto beyond = state(side).beyond.find(rank);
    if (beyond == state(side).beyond.end()) return;
    const Ours& order = ours_.at(id);
    if (order.was_out && !is_named_later(id))
      remove_stray(id, std::min(beyond->second, order.open));
  }
}

// Prices that fall out of the window are no longer judged, and their orders may leave unseen.
void LobsterCheck::move_window(Side side, std::int64_t window) {
  SideState& now = state(side);
  if (window < now.window) {
    now.beyond.erase(now.beyond.upper_bound(window), now.beyond.end());
    const auto end = now.queue.upper_bound(now.window);
    for (auto level = now.queue.upper_bound(window); level != end; ++level) {
      for (const std::uint64_t id : level->second) ours_.at(id).was_out = true;
    }
  }
  now.window = window;
}

void LobsterCheck::enter_missing(Side side, std::int64_t rank, Quantity quantity) {
  SideState& now = state(side);
  const auto& names = now.named[rank];
  const auto named = names.lower_bound(report_.rows);
  const bool has_name = named != names.end();
  report_.missing_unnamed += !has_name;
  excuse(++report_.missing,
         std::to_string(quantity.value) + " at " + words(side, rank) + " are of " +
             (has_name ? "order " + std::to_string(named->second) + ", which did not enter"
                       : "an order that did not enter and is never named"));
  if (const auto found = now.missing.find(rank); found != now.missing.end()) {
    quantity += ours_.at(found->second).open;
    take(found->second, ours_.at(found->second).open);
  }
  const std::uint64_t id = next_missing_id_++;
  if (!rest(id, side, price_of_rank(rank), quantity)) {
    return unexplained("a missing order did not come to rest whole");
  }
  now.missing[rank] = id;
}

void LobsterCheck::remove_stray(std::uint64_t id, Quantity quantity) {
  const Ours order = ours_.at(id);
  const std::int64_t rank = rank_of(order.side, order.price);
  const std::string who = id < first_missing_id
                              ? "of order " + std::to_string(id)
                              : "of what was missing here since it came into the window,";
  excuse(++report_.strays, std::to_string(quantity.value) + ' ' + who + " at " +
                               words(order.side, rank) + " left while outside the window");
  take(id, quantity);
  change_beyond(order.side, rank, -quantity);
}

// Below zero for the rest of the row: more left there than was beyond, so something is missing.
void LobsterCheck::change_beyond(Side side, std::int64_t rank, Quantity by) {
  if (rank > state(side).window) return;
  auto& beyond = state(side).beyond;
  if ((beyond[rank] += by) == Quantity{0}) beyond.erase(rank);
}

Quantity LobsterCheck::ours_at(Side side, std::int64_t rank, bool only_was_out) {
  const auto level = state(side).queue.find(rank);
  Quantity sum;
  if (level == state(side).queue.end()) return sum;
  for (const std::uint64_t id : level->second) {
    if (!only_was_out || ours_.at(id).was_out) sum += ours_.at(id).open;
  }
  return sum;
}

std::vector<LobsterLevel> LobsterCheck::top(Side side, std::size_t levels) const {
  std::vector<LobsterLevel> result;
  const auto keep = [&](Price price, const matching::Level& level) {
    result.push_back({price, level.quantity});
  };
  book_.book().each_level(side, book_.core().memory(), keep, static_cast<std::uint32_t>(levels));
  return result;
}

bool LobsterCheck::any_missing_inside(Side side) {
  const SideState& now = state(side);
  return !now.missing.empty() && now.missing.begin()->first <= now.window;
}

bool LobsterCheck::is_named_later(std::uint64_t id) const {
  const auto found = last_named_.find(id);
  return found != last_named_.end() && found->second > report_.rows;
}

void LobsterCheck::excuse(std::uint64_t number_of_its_kind, const std::string& what) {
  row_excused_ = true;
  if (number_of_its_kind > excuses_kept_of_a_kind) return;
  report_.excuses.push_back("row " + std::to_string(report_.rows) + ": " + what);
}

void LobsterCheck::unexplained(const std::string& what) {
  row_unexplained_ = true;
  if (report_.unexplained.size() >= unexplained_kept) return;
  report_.unexplained.push_back("row " + std::to_string(report_.rows) + ": " + what);
}

}  // namespace basalt::integration
