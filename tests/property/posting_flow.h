// A random log of a small venue: deposits, fills, withdrawals, ticks, a domain that answers late,
// twice, wrongly or not at all. The real ledger and settlement follow it, and the naive ones too.
#pragma once

#include <cstdint>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "engine/arena.h"
#include "engine/ledger/ledger.h"
#include "engine/settlement/settlement.h"
#include "tests/oracle/naive_settlement.h"
#include "tests/unit/venue_commands.h"

namespace basalt::property {

inline constexpr std::uint32_t assets = 4;  // 0 is money; instruments 0 … 5 trade 1 to 3 in it.
inline constexpr std::uint32_t instruments = 6;
inline constexpr std::uint32_t accounts = 9;  // 0 fees, 1 outside, 2 … 8 participants.

inline constexpr ReferenceLimits flow_limits{
    .assets_max = 5, .instruments_max = 8, .accounts_max = 10, .sessions_max = 1, .firms_max = 1};
inline constexpr settlement::SettlementLimits flow_settlement_limits{
    .reference = flow_limits, .batches_max = 4'096, .obligations_max = 4'096 * 50};

// One command and the fills that it caused.
struct Step {
  Command command;
  std::vector<Event> events;
};

// The two cores, as a follower without rings drives them.
struct Follower {
  Arena arena{ledger::Ledger::memory_bytes(flow_limits) +
              settlement::Settlement::memory_bytes(flow_settlement_limits)};
  ledger::Ledger ledger{flow_limits, arena};
  settlement::Settlement settlement{flow_settlement_limits, arena};
  std::vector<Transfer> transfers;

  void follow(const Step& step) {
    ledger.on_command(step.command);
    if (settlement_follows(step.command.order)) settlement.on_command(step.command);
    pass_on();
    for (const Event& event : step.events) {
      ledger.on_event(step.command, event);
      pass_on();
    }
  }
  void pass_on() {
    for (const Transfer& transfer : ledger.posted()) {
      settlement.on_transfer(transfer);
      transfers.push_back(transfer);
    }
  }
  [[nodiscard]] std::uint64_t hash() const {
    StateHash hash;
    ledger.add_to_hash(hash);
    settlement.add_to_hash(hash);
    return hash.digest();
  }
};

// Makes the steps, and keeps the naive venue up with them: its balances say what is affordable.
class Flow {
 public:
  explicit Flow(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] std::vector<Step> opening();
  [[nodiscard]] Step next();

  // Without chance, for the end: the domain accepts everything.
  [[nodiscard]] Step settlement_cut();
  [[nodiscard]] Step started(std::uint64_t batch);
  [[nodiscard]] Step finished(std::uint64_t batch, bool settled);

  [[nodiscard]] const oracle::NaiveVenue& naive() const { return naive_; }
  [[nodiscard]] oracle::NaiveVenue& naive() { return naive_; }

 private:
  struct Terms {
    std::uint32_t base = 1;
    std::int64_t tick_lot_value = 1;
    std::int64_t lot_value = 1;
    std::int64_t cycle = 0;
    std::int32_t maker_ppm = 0;
    std::int32_t taker_ppm = 0;
  };

  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  std::uint32_t pick_account() { return static_cast<std::uint32_t>(pick(2, accounts - 1)); }

  Step payment(CommandKind kind, std::uint32_t account, std::uint32_t asset, int128 amount);
  Step set_fees(std::uint32_t instrument);
  Step order();
  bool try_fill(const Command& taker, std::uint32_t index, std::vector<Event>& events);
  Step tick();
  Step answer();
  Step withdrawal();

  std::mt19937_64 random_;
  test::CommandMaker make_;
  std::vector<Terms> terms_;
  oracle::NaiveVenue naive_;
  std::uint64_t matches_ = 0;
};

}  // namespace basalt::property
