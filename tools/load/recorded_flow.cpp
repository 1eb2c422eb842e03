#include "tools/load/recorded_flow.h"

#include <cctype>
#include <filesystem>
#include <stdexcept>

namespace basalt::load {
namespace {

// The readers' ticks are 0.01.
constexpr std::uint32_t wire_units_per_tick = 100;

}  // namespace

RecordedFlow::RecordedFlow(const std::string& path, const Listing& listing)
    : source_(venues::open_recorded_flow(path)), listing_(listing) {
  if (wire_units_per_tick % listing.price_tick != 0) {
    throw std::invalid_argument(std::string(listing.symbol.view()) +
                                " has a coarser tick than the prices of " + path);
  }
}

bool RecordedFlow::next(Action& action) {
  venues::Instruction instruction;
  if (!source_->next(instruction)) return false;
  action = Action{};
  switch (instruction.kind) {
    case venues::InstructionKind::new_order:
      action.kind = ActionKind::enter;
      break;
    case venues::InstructionKind::reduce:
      action.kind = ActionKind::reduce;
      break;
    case venues::InstructionKind::cancel:
      action.kind = ActionKind::cancel;
      break;
    case venues::InstructionKind::replace:
      action.kind = ActionKind::replace;
      break;
  }
  action.side = instruction.side;
  action.ioc = instruction.ioc;
  action.aggressive = instruction.aggressive;
  action.order = instruction.venue_order;
  action.symbol = listing_.symbol;
  action.price = static_cast<std::uint64_t>(instruction.price.value) * wire_units_per_tick;
  action.quantity = static_cast<std::uint32_t>(instruction.quantity.value);
  return true;
}

std::vector<Flow::Remark> RecordedFlow::skipped() const {
  std::vector<Remark> result;
  for (const venues::Count& count : source_->skipped()) {
    result.push_back({std::string(count.what), count.count});
  }
  return result;
}

std::vector<Flow::Remark> RecordedFlow::remarks() const {
  return {{"rows read", source_->rows()},
          {"orders that trade here and did not there", source_->crossed()}};
}

std::string symbol_of_file(std::string_view path) {
  const std::string name = std::filesystem::path(path).filename().string();
  const std::string symbol = name.substr(0, name.find_first_of("_."));
  for (const char c : symbol) {
    if (std::isupper(static_cast<unsigned char>(c)) == 0) return {};
  }
  // Pairs of currencies are written without a dash in file names.
  if (symbol.size() != 6 || !symbol.ends_with("USD")) return symbol;
  std::string pair = symbol.substr(0, 3);
  pair += "-USD";
  return pair;
}

}  // namespace basalt::load
