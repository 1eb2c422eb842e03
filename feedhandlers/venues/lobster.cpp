#include "feedhandlers/venues/lobster.h"

#include <algorithm>
#include <charconv>

#include "engine/limits.h"

namespace basalt::venues {
namespace {

// Stands for a level that does not exist, as an ask and, negative, as a bid.
constexpr std::int64_t no_level_units = 9'999'999'999;

// Takes the text up to the next comma off the front.
std::string_view take_field(std::string_view& line) {
  const std::size_t comma = line.find(',');
  const std::string_view field = line.substr(0, comma);
  line.remove_prefix(comma == line.npos ? line.size() : comma + 1);
  return field;
}

std::int64_t take_number(std::string_view& line, const TextFile& file, const char* what) {
  const std::string_view field = take_field(line);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc{} || end != field.data() + field.size()) {
    file.fail(std::string("the ") + what + " is not a whole number: '" + std::string(field) + "'");
  }
  return value;
}

// Seconds since midnight, with up to nine decimals; more are of no clock and are cut.
Nanos take_time(std::string_view& line, const TextFile& file) {
  std::string_view field = take_field(line);
  const std::string text(field);
  const std::size_t point = field.find('.');
  std::string decimals(point == field.npos ? "" : field.substr(point + 1));
  decimals.resize(9, '0');
  std::string_view seconds_text = field.substr(0, point);
  std::string_view decimals_text = decimals;
  if (seconds_text.empty() || seconds_text.starts_with('-') || decimals_text.starts_with('-')) {
    file.fail("the time is not a number of seconds: '" + text + "'");
  }
  const std::int64_t seconds = take_number(seconds_text, file, "time");
  const std::int64_t nanos = take_number(decimals_text, file, "time");
  if (seconds > 1'000'000'000) file.fail("the time is out of range: '" + text + "'");
  return {seconds * 1'000'000'000 + nanos};
}

Quantity quantity_in_range(std::int64_t value, const TextFile& file) {
  if (value < 0 || value > 0xFFFF'FFFF) file.fail("the size is out of range");
  return {value};
}

}  // namespace

LobsterMessage LobsterMessages::parse(std::string_view line) const {
  const auto fields = std::count(line.begin(), line.end(), ',') + 1;
  if (fields != 6) {
    file_.fail("expected 6 fields (time, type, order, size, price, direction), found " +
               std::to_string(fields));
  }
  LobsterMessage message;
  message.time = take_time(line, file_);
  const std::int64_t type = take_number(line, file_, "type");
  if (type < 1 || type > 7) file_.fail("there is no type " + std::to_string(type));
  message.type = static_cast<LobsterType>(type);
  const std::int64_t order = take_number(line, file_, "order");
  if (order < 0) file_.fail("the order is negative");
  message.order = static_cast<std::uint64_t>(order);
  message.size = quantity_in_range(take_number(line, file_, "size"), file_);
  message.price_units = take_number(line, file_, "price");
  const std::int64_t direction = take_number(line, file_, "direction");
  if (direction != 1 && direction != -1) file_.fail("the direction is neither 1 nor -1");
  message.side = direction == 1 ? Side::buy : Side::sell;
  return message;
}

bool LobsterMessages::instruct(const LobsterMessage& message, Instruction& instruction) {
  switch (message.type) {
    case LobsterType::hidden_execution:
      return skip(Skip::hidden);
    case LobsterType::cross_trade:
      return skip(Skip::cross_trade);
    case LobsterType::halt:
      return skip(Skip::halt);
    default:
      break;
  }
  if (message.size == Quantity{0}) file_.fail("the size is 0");
  if (message.price_units <= 0) file_.fail("the price is not positive");
  if (message.price_units % lobster_units_per_tick != 0) return skip(Skip::off_tick);
  instruction = {};
  instruction.side = message.side;
  instruction.venue_order = message.order;
  instruction.price = {message.price_units / lobster_units_per_tick};
  if (instruction.price > limits::price_max) file_.fail("the price is out of range");
  instruction.quantity = message.size;
  instruction.time = message.time;
  instruction.row = file_.line_number();

  if (message.type == LobsterType::new_order) {
    const bool is_new = open_.emplace(message.order, Open{message.size, message.size}).second;
    return is_new ? true : skip(Skip::duplicate);
  }
  const auto found = open_.find(message.order);
  if (found == open_.end()) return skip(Skip::unknown_order);
  Open& order = found->second;
  order.open -= message.size;
  if (message.type == LobsterType::partial_cancel) {
    order.total = std::max(order.total - message.size, Quantity{0});
    instruction.kind = InstructionKind::reduce;
    instruction.quantity = order.total;
  } else if (message.type == LobsterType::full_cancel) {
    order.open = {};
    instruction.kind = InstructionKind::cancel;
  } else {
    instruction.side = opposite(message.side);
    instruction.ioc = true;
    instruction.aggressive = true;
  }
  if (order.open <= Quantity{0}) open_.erase(found);
  return true;
}

bool LobsterMessages::next_row(LobsterMessage& message, Instruction& instruction,
                               bool& has_instruction) {
  std::string_view line;
  if (!file_.line(line)) return false;
  message = parse(line);
  has_instruction = instruct(message, instruction);
  return true;
}

bool LobsterMessages::next(Instruction& instruction) {
  LobsterMessage message;
  for (bool has_instruction = false; next_row(message, instruction, has_instruction);) {
    if (has_instruction) return true;
  }
  return false;
}

std::vector<Count> LobsterMessages::skipped() const {
  const auto count = [this](const char* what, Skip cause) {
    return Count{what, skips_[static_cast<std::size_t>(cause)]};
  };
  return {count("names an order that did not enter in the file", Skip::unknown_order),
          count("enters an order that is open", Skip::duplicate),
          count("has a price off the tick", Skip::off_tick),
          count("executes a hidden order", Skip::hidden),
          count("is a trade of a cross", Skip::cross_trade),
          count("is about a halt", Skip::halt)};
}

bool LobsterBook::next(LobsterRow& row) {
  std::string_view line;
  if (!file_.line(line)) return false;
  const auto fields = static_cast<std::size_t>(std::count(line.begin(), line.end(), ',')) + 1;
  if (levels_ == 0) levels_ = fields / 4;
  if (fields % 4 != 0 || fields / 4 != levels_) {
    file_.fail("expected 4 fields for each of " + std::to_string(levels_) + " levels, found " +
               std::to_string(fields));
  }
  row.bids.clear();
  row.asks.clear();
  for (std::size_t level = 0; level < levels_; ++level) {
    for (auto* side : {&row.asks, &row.bids}) {
      const std::int64_t units = take_number(line, file_, "price");
      const Quantity quantity = quantity_in_range(take_number(line, file_, "size"), file_);
      if (units == no_level_units || units == -no_level_units) continue;
      if (units <= 0 || units % lobster_units_per_tick != 0) {
        file_.fail("the price of a level is not a whole number of ticks");
      }
      side->push_back({{units / lobster_units_per_tick}, quantity});
    }
  }
  return true;
}

}  // namespace basalt::venues
