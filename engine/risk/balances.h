// What every account may spend: free and held amounts of each asset. Sums that commute, so that
// decisions and the releases that follow them may interleave in any order.
#pragma once

#include <cstdint>
#include <span>

#include "engine/arena.h"
#include "engine/assert.h"
#include "engine/types.h"

namespace basalt::risk {

struct Balance {
  Money free;
  Money held;
};

class Balances {
 public:
  Balances(std::uint32_t accounts_max, std::uint32_t assets_max, Arena& arena)
      : balance_(arena.take<Balance>(std::size_t{accounts_max} * assets_max)),
        assets_max_(assets_max) {}

  static std::size_t memory_bytes(std::uint32_t accounts_max, std::uint32_t assets_max) noexcept {
    return Arena::cost<Balance>(std::size_t{accounts_max} * assets_max);
  }

  [[nodiscard]] Balance& of(AccountId account, AssetId asset) noexcept {
    BASALT_ASSERT(index_of(asset) < assets_max_);
    return balance_[std::size_t{index_of(account)} * assets_max_ + index_of(asset)];
  }
  [[nodiscard]] const Balance& of(AccountId account, AssetId asset) const noexcept {
    return const_cast<Balances*>(this)->of(account, asset);
  }

 private:
  std::span<Balance> balance_;
  std::uint32_t assets_max_;
};

}  // namespace basalt::risk
