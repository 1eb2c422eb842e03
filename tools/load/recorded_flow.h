// A recorded day of another venue as a flow (feedhandlers/venues has the rules): each row that
// means something here is one action, in the order of the file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "feedhandlers/venues/instruction.h"
#include "tools/load/directory.h"
#include "tools/load/flow.h"

namespace basalt::load {

class RecordedFlow final : public Flow {
 public:
  // Throws venues::BadInput, or std::invalid_argument when the listing's tick is not the file's.
  RecordedFlow(const std::string& path, const Listing& listing);

  bool next(Action& action) override;
  [[nodiscard]] std::vector<Remark> skipped() const override;
  [[nodiscard]] std::vector<Remark> remarks() const override;

 private:
  std::unique_ptr<venues::InstructionSource> source_;
  const Listing listing_;
};

// The symbol that a file is about, by its name: AAPL_2012-06-21_… is AAPL's, BTCUSD_… BTC-USD's.
// Empty: the name does not say.
[[nodiscard]] std::string symbol_of_file(std::string_view path);

}  // namespace basalt::load
