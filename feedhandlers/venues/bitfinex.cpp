#include "feedhandlers/venues/bitfinex.h"

#include <simdjson.h>

#include <charconv>
#include <cstdlib>
#include <limits>

#include "engine/limits.h"
#include "feedhandlers/venues/text_file.h"

namespace basalt::venues {
namespace {

constexpr int decimals_kept = 8;

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  int exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != text.npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (error != std::errc{} || end != digits.data() + digits.size()) return {};
    if (exponent < -1000 || exponent > 1000) return {};
    text = text.substr(0, e);
  }
  const auto point = text.find('.');
  std::string digits(text.substr(0, point));
  if (digits.empty()) return {};
  if (point != text.npos) {
    if (point + 1 == text.size()) return {};
    digits += text.substr(point + 1);
    exponent -= static_cast<int>(text.size() - point - 1);
  }
  if (digits.find_first_not_of("0123456789") != digits.npos) return {};
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return Decimal{};  // Zero.

  Decimal result;
  const int shift = exponent + decimals_kept;
  if (shift >= 0) {
    if (digits.size() + static_cast<std::size_t>(shift) > 18) return {};
    digits.append(static_cast<std::size_t>(shift), '0');
  } else {
    const std::size_t cut = std::min(static_cast<std::size_t>(-shift), digits.size());
    const std::string_view lost = std::string_view(digits).substr(digits.size() - cut);
    result.exact = lost.find_first_not_of('0') == lost.npos;
    digits.resize(digits.size() - cut);
    if (digits.size() > 18) return {};
  }
  std::from_chars(digits.data(), digits.data() + digits.size(), result.units);
  if (negative) result.units = -result.units;
  return result;
}

// Walks the JSON once. simdjson's errors arrive as exceptions.
class BitfinexFeed::Reader {
 public:
  Reader(const std::string& path, BitfinexFeed& feed) : path_(path), feed_(feed) {}

  void read(std::string text) {
    namespace ondemand = simdjson::ondemand;
    try {
      const std::size_t size = text.size();
      text.resize(size + simdjson::SIMDJSON_PADDING);
      ondemand::parser parser;
      ondemand::document document = parser.iterate(text.data(), size, text.size());
      for (ondemand::value frame : document.get_array()) {
        if (++frame_ == std::numeric_limits<std::uint32_t>::max()) fail("too many frames");
        read_frame(frame);
      }
      const char* more = nullptr;
      if (document.current_location().get(more) == simdjson::SUCCESS) {
        fail("there is more after the end of the list of frames");
      }
    } catch (const simdjson::simdjson_error& error) {
      fail(error.what());
    }
  }

 private:
  using Value = simdjson::ondemand::value;
  using Type = simdjson::ondemand::json_type;

  [[noreturn]] void fail(const std::string& fault) const {
    throw BadInput(path_, "frame " + std::to_string(frame_), fault);
  }

  // {…}, [channel, "hb"], [channel, [order, price, amount]] or [channel, [[…], …]].
  void read_frame(Value& frame) {
    if (frame.type() == Type::object) {
      feed_.skip(Skip::no_order);
      return;
    }
    std::uint32_t part = 0;
    for (Value value : frame.get_array()) {
      if (part == 0) {
        if (value.type() != Type::number) fail("a frame does not begin with its channel");
      } else if (part == 1 && value.type() == Type::array) {
        read_orders(value);
      } else if (part == 1 && value.type() == Type::string) {
        feed_.skip(Skip::no_order);  // A heartbeat.
      } else {
        fail("a frame is not [channel, order]");
      }
      ++part;
    }
    if (part != 2) fail("a frame is not [channel, order]");
  }

  void read_orders(Value& orders) {
    std::array<std::string_view, 3> field;
    std::uint32_t fields = 0;
    std::uint32_t rows = 0;
    for (Value value : orders.get_array()) {
      if (value.type() == Type::array) {
        if (fields != 0) fail("an order has a list in it");
        std::uint32_t row_fields = 0;
        for (Value number : value.get_array()) take(number, field, row_fields);
        add_row(field, row_fields);
        ++rows;
      } else {
        if (rows != 0) fail("a snapshot holds something that is no order");
        take(value, field, fields);
      }
    }
    if (rows == 0) {
      if (fields == 0) {
        feed_.skip(Skip::no_order);  // A snapshot of an empty book.
      } else {
        add_row(field, fields);
      }
    }
  }

  void take(Value& value, std::array<std::string_view, 3>& field, std::uint32_t& fields) const {
    if (fields == field.size()) fail("an order has more than 3 fields");
    if (value.type() != Type::number) fail("an order has a field that is no number");
    std::string_view token = value.raw_json_token();
    token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
    field[fields++] = token;
  }

  void add_row(const std::array<std::string_view, 3>& field, std::uint32_t fields) {
    if (fields != 3) fail("an order has fewer than 3 fields");
    Row row{};
    row.frame = frame_;
    const char* const id_end = field[0].data() + field[0].size();
    const auto [end, error] = std::from_chars(field[0].data(), id_end, row.order);
    if (error != std::errc{} || end != id_end)
      fail("not an order number: " + std::string(field[0]));
    const auto price = parse_decimal(field[1]);
    const auto amount = parse_decimal(field[2]);
    if (!price || price->units < 0) fail("not a price: " + std::string(field[1]));
    if (!amount) fail("not an amount: " + std::string(field[2]));
    row.amount_units = amount->units;
    row.amount_exact = amount->exact;
    // Asks go up, here already, so that digits beyond the eighth are not lost; bids were cut.
    row.price_units = price->units + (row.amount_units < 0 && !price->exact ? 1 : 0);
    feed_.row_list_.push_back(row);
  }

  const std::string& path_;
  BitfinexFeed& feed_;
  std::uint32_t frame_ = 0;
};

BitfinexFeed::BitfinexFeed(const std::string& path) {
  TextFile file(path);
  Reader(path, *this).read(file.rest());
}

void BitfinexFeed::enter(std::uint64_t order, const Open& open) {
  const bool crosses = open.side == Side::buy
                           ? !asks_.empty() && asks_.begin()->first <= open.price
                           : !bids_.empty() && bids_.rbegin()->first >= open.price;
  crossed_ += crosses;
  ++(open.side == Side::buy ? bids_ : asks_)[open.price];
  open_.emplace(order, open);
}

void BitfinexFeed::leave(std::uint64_t order) {
  const auto found = open_.find(order);
  auto& prices = found->second.side == Side::buy ? bids_ : asks_;
  const auto price = prices.find(found->second.price);
  if (--price->second == 0) prices.erase(price);
  open_.erase(found);
}

// Why an order cannot be sent as it stands, if so.
std::optional<BitfinexFeed::Skip> BitfinexFeed::fault(const Row& row, Price price) const {
  if (row.amount_units == 0 && row.amount_exact) return Skip::amount_zero;
  if (!row.amount_exact) return Skip::amount_inexact;
  if (std::abs(row.amount_units) > bitfinex_quantity_max.value) return Skip::amount_too_large;
  if (price == no_price) return Skip::price_below_tick;
  if (price > limits::price_max) return Skip::price_too_large;
  return {};
}

bool BitfinexFeed::instruct(const Row& row, Instruction& instruction) {
  const auto found = open_.find(row.order);
  const bool known = found != open_.end();
  instruction = {};
  instruction.venue_order = row.order;
  instruction.row = row.frame;
  if (row.price_units == 0) {
    if (!known) return skip(Skip::unknown_order);
    instruction.kind = InstructionKind::cancel;
    instruction.side = found->second.side;
    instruction.price = found->second.price;
    instruction.quantity = found->second.quantity;
    leave(row.order);
    return true;
  }

  Open now{};
  now.side = row.amount_units > 0 ? Side::buy : Side::sell;
  now.price_units = row.price_units;
  const std::int64_t up = now.side == Side::buy ? 0 : bitfinex_units_per_tick - 1;
  now.price = {(row.price_units + up) / bitfinex_units_per_tick};
  now.quantity = {std::abs(row.amount_units)};
  if (const auto why = fault(row, now.price)) return skip(*why);
  instruction.side = now.side;
  instruction.price = now.price;
  instruction.quantity = now.quantity;
  if (!known) {
    enter(row.order, now);
    return true;
  }

  const Open before = found->second;
  const bool same_price = now.price_units == before.price_units;
  if (now.side != before.side) {
    leave(row.order);
    second_ = instruction;
    instruction.kind = InstructionKind::cancel;
    instruction.side = before.side;
    instruction.price = before.price;
    instruction.quantity = before.quantity;
    enter(row.order, now);
  } else if (same_price && now.quantity == before.quantity) {
    return skip(Skip::unchanged);
  } else if (same_price && now.quantity < before.quantity) {
    instruction.kind = InstructionKind::reduce;
    found->second.quantity = now.quantity;
  } else {
    instruction.kind = InstructionKind::replace;
    leave(row.order);
    enter(row.order, now);
  }
  return true;
}

bool BitfinexFeed::next(Instruction& instruction) {
  if (second_) {
    instruction = *second_;
    second_.reset();
    return true;
  }
  while (at_ < row_list_.size()) {
    const Row& row = row_list_[at_++];
    row_ = row.frame;
    if (instruct(row, instruction)) return true;
  }
  return false;
}

std::vector<Count> BitfinexFeed::skipped() const {
  const auto count = [this](const char* what, Skip cause) {
    return Count{what, skips_[static_cast<std::size_t>(cause)]};
  };
  return {count("is not about an order", Skip::no_order),
          count("removes an order that is not open", Skip::unknown_order),
          count("changes nothing", Skip::unchanged),
          count("has amount 0", Skip::amount_zero),
          count("has an amount finer than a lot", Skip::amount_inexact),
          count("has an amount above the quantity cap", Skip::amount_too_large),
          count("has a price below one tick", Skip::price_below_tick),
          count("has a price above the price cap", Skip::price_too_large)};
}

}  // namespace basalt::venues
