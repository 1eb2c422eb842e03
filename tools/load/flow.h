// What a client wants to happen, one order message at a time, and where that comes from.
//
//   recorded_flow.h   a day of another venue, as it was
//   generated_flow.h  made up from a seed: the same seed, the same flow
//
// A flow is a function of its input alone, never of the venue's answers: so the same flow meets
// every venue, transport and speed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/types.h"
#include "feedhandlers/big_endian.h"

namespace basalt::load {

using Symbol = wire::Alpha<8>;

enum class ActionKind : std::uint8_t { enter, reduce, cancel, replace };

struct Action {
  ActionKind kind{};
  Side side{};
  bool ioc = false;
  bool aggressive = false;     // Acts for the second account.
  std::uint64_t order = 0;     // The flow's own number of it, which stays after a replace.
  Symbol symbol{};             // Of an enter.
  std::uint64_t price = 0;     // As on the wire, in units of 0.0001.
  std::uint32_t quantity = 0;  // Of a reduce or replace: the new total, executed included.
};

class Flow {
 public:
  virtual ~Flow() = default;
  // False: there is no more.
  virtual bool next(Action& action) = 0;
  // Rows of the input that gave no message, by cause, and what else is worth saying.
  struct Remark {
    std::string what;
    std::uint64_t count = 0;
  };
  [[nodiscard]] virtual std::vector<Remark> skipped() const { return {}; }
  [[nodiscard]] virtual std::vector<Remark> remarks() const { return {}; }
};

}  // namespace basalt::load
