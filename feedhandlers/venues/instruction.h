// Recorded order flow of other venues, as instructions that any venue could be given.
//
//   file of a venue ─► InstructionSource ─► next() … next() ─► a client sends them over the wire
//                            └─► counts(): what was read, and what was skipped, by cause
//
// Cold code: it allocates, and bad input throws BadInput.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types.h"

namespace basalt::venues {

enum class InstructionKind : std::uint8_t {
  new_order,
  reduce,   // quantity = the new intended total, executed quantity included.
  cancel,   // Of all that is open.
  replace,  // Price and quantity are new; quantity is the total, executed quantity included.
};

struct Instruction {
  InstructionKind kind{};
  Side side{};
  bool ioc = false;         // Immediate or cancel; else it rests for the day.
  bool aggressive = false;  // Acts for the aggressive account: fills are between two accounts.
  // The venue's number of the order, also after a replace. Of an aggressive order: the number of
  // the resting order that it met there.
  std::uint64_t venue_order = 0;
  Price price;
  Quantity quantity;
  Nanos time;             // Since midnight there; 0 where the file tells no time.
  std::uint64_t row = 0;  // Of the file, from 1: a line, or a frame.

  friend bool operator==(const Instruction&, const Instruction&) = default;
};

// What happened so often: a cause in words, for people.
struct Count {
  std::string_view what;
  std::uint64_t count = 0;
};

// The file is not what it should be. what() names the file and the place in it.
class BadInput : public std::runtime_error {
 public:
  BadInput(const std::string& file, const std::string& place, const std::string& fault)
      : std::runtime_error(file + ':' + place + ": " + fault) {}
};

class InstructionSource {
 public:
  virtual ~InstructionSource() = default;

  // The next instruction. False: the file is at its end. Throws BadInput.
  virtual bool next(Instruction& instruction) = 0;

  // Rows that gave no instruction, by cause, in a fixed order, zeros included.
  [[nodiscard]] virtual std::vector<Count> skipped() const = 0;
  // Rows so far.
  [[nodiscard]] virtual std::uint64_t rows() const = 0;
  // Instructions so far that trade here although they did not there.
  [[nodiscard]] virtual std::uint64_t crossed() const = 0;
};

// Opens a LOBSTER message file or a Bitfinex L3 feed, plain or compressed by gzip or zstd, by what
// is in it and not by its name. Throws BadInput.
[[nodiscard]] std::unique_ptr<InstructionSource> open_recorded_flow(const std::string& path);

}  // namespace basalt::venues
