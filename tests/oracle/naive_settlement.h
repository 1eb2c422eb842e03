// Ledger and settlement as one would write them on paper: maps, no limits, no hurry. What the real
// ones must agree with, for any log.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <utility>

#include "engine/types.h"

namespace basalt::oracle {

using Owner = std::pair<std::uint32_t, std::uint32_t>;  // Account, asset.
using Amounts = std::map<Owner, int128>;

enum class NaiveState { pending, executing, failed };

struct NaiveBatch {
  NaiveState state = NaiveState::pending;
  int attempt = 0;
  std::int64_t retry_at = 0;
  Amounts owed;
};

struct NaiveCounts {
  std::uint64_t cut = 0, completed = 0, failures = 0, short_of = 0, retries = 0, ignored = 0,
                folded = 0;
};

class NaiveVenue {
 public:
  static constexpr std::uint32_t fees = 0;
  static constexpr std::uint32_t outside = 1;
  static bool is_venue(std::uint32_t account) { return account <= outside; }

  // Of a positive or negative product, the quotient rounded up.
  static int128 fee(int128 worth, std::int64_t ppm) {
    const int128 product = worth * ppm;
    int128 quotient = product / 1'000'000;
    if (quotient * 1'000'000 < product) ++quotient;
    return quotient;
  }

  void pay(std::uint32_t from, std::uint32_t to, std::uint32_t asset, int128 amount, Amounts& how) {
    balances[{from, asset}] -= amount;
    balances[{to, asset}] += amount;
    how[{from, asset}] -= amount;
    how[{to, asset}] += amount;
  }
  void deposit(std::uint32_t account, std::uint32_t asset, int128 amount) {
    pay(outside, account, asset, amount, settled);
  }
  void withdraw(std::uint32_t account, std::uint32_t asset, int128 amount) {
    pay(account, outside, asset, amount, settled);
  }

  void define_cycle(std::int64_t length, std::int64_t now) {
    if (!period.contains(length)) period[length] = period_at(length, now);
  }
  void tick(std::int64_t now) {
    for (auto& [length, last] : period) {
      if (period_at(length, now) == last) continue;
      last = period_at(length, now);
      cut(nets[length]);
    }
    for (auto& [id, batch] : batches) {
      if (batch.state != NaiveState::failed || batch.attempt == 3 || batch.retry_at > now) continue;
      ++batch.attempt;
      batch.state = NaiveState::pending;
      ++counts.retries;
    }
  }
  void settlement_cut() {
    Amounts all;
    const auto fold_in = [&all](const Amounts& some) {
      for (const auto& [owner, amount] : some) all[owner] += amount;
    };
    for (auto& [length, net] : nets) {
      fold_in(net);
      net.clear();
    }
    for (auto at = batches.begin(); at != batches.end();) {
      const bool fold = at->second.state == NaiveState::failed && !can_pay(at->second.owed);
      if (fold) fold_in(at->second.owed);
      if (fold) ++counts.folded;
      at = fold ? batches.erase(at) : std::next(at);
    }
    cut(all);
    for (auto& [id, batch] : batches) {
      if (batch.state != NaiveState::failed) continue;
      batch.attempt = 0;
      batch.state = NaiveState::pending;
      ++counts.retries;
    }
  }
  void started(std::uint64_t id) {
    const auto at = batches.find(id);
    if (at == batches.end() || at->second.state != NaiveState::pending) {
      ++counts.ignored;
    } else {
      at->second.state = NaiveState::executing;
    }
  }
  void finished(std::uint64_t id, bool done, std::int64_t now) {
    const auto at = batches.find(id);
    if (at == batches.end() || at->second.state != NaiveState::executing) {
      ++counts.ignored;
      return;
    }
    NaiveBatch& batch = at->second;
    if (done && can_pay(batch.owed)) {
      for (const auto& [owner, amount] : batch.owed) settled[owner] += amount;
      ++counts.completed;
      batches.erase(at);
      return;
    }
    if (done) ++counts.short_of;
    ++counts.failures;
    constexpr std::array<std::int64_t, 4> delay = {1, 2, 4, 8};
    batch.state = NaiveState::failed;
    batch.retry_at = now + delay[static_cast<std::size_t>(batch.attempt)] * 1'000'000'000;
  }

  [[nodiscard]] int128 balance(std::uint32_t account, std::uint32_t asset) const {
    const auto at = balances.find({account, asset});
    return at == balances.end() ? 0 : at->second;
  }

  Amounts balances;
  Amounts settled;
  std::map<std::int64_t, Amounts> nets;         // By the length of the cycle.
  std::map<std::int64_t, std::int64_t> period;  // Likewise: the one that runs.
  std::map<std::uint64_t, NaiveBatch> batches;
  NaiveCounts counts;

 private:
  static std::int64_t period_at(std::int64_t length, std::int64_t now) {
    return length == 0 ? now : now / length;
  }
  [[nodiscard]] bool can_pay(const Amounts& owed) const {
    for (const auto& [owner, amount] : owed) {
      if (amount >= 0 || is_venue(owner.first)) continue;
      const auto at = settled.find(owner);
      if ((at == settled.end() ? 0 : at->second) + amount < 0) return false;
    }
    return true;
  }
  void cut(Amounts& net) {
    std::erase_if(net, [](const auto& entry) { return entry.second == 0; });
    if (!net.empty()) {
      batches[++counts.cut].owed = net;
    }
    net.clear();
  }
};

}  // namespace basalt::oracle
