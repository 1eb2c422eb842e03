// What looks at all of settlement at once: for followers, stopped engines and tests. It allocates,
// so it stands apart from what runs on a pinned core.
#include "engine/assert.h"
#include "engine/settlement/settlement.h"

namespace basalt::settlement {

std::vector<Position> Settlement::positions() const {
  std::vector<Position> positions(settled_.size());
  for (std::size_t place = 0; place < settled_.size(); ++place) {
    positions[place].settled = settled_[place];
    for (const Cycle& cycle : cycles_) positions[place].netting += cycle.nets[place];
  }
  const auto add = [&](const Batch& batch, Money Position::*sum) {
    for (std::uint32_t i = batch.first; i != nothing; i = entries_[i].next) {
      positions[entries_[i].place].*sum += entries_[i].amount;
    }
  };
  for (const Batch& batch : batches_) {
    if (batch.state == BatchState::pending) add(batch, &Position::pending);
    if (batch.state == BatchState::executing) add(batch, &Position::executing);
    if (batch.state == BatchState::failed) add(batch, &Position::failed);
  }
  return positions;
}

std::vector<Obligation> Settlement::obligations(BatchId id) const {
  std::vector<Obligation> result;
  for (const Batch& batch : batches_) {
    if (batch.state == BatchState::none || batch.id != id) continue;
    for (std::uint32_t i = batch.first; i != nothing; i = entries_[i].next) {
      const std::uint32_t place = entries_[i].place;
      result.push_back({id, account_at(place), asset_at(place), entries_[i].amount});
    }
  }
  return result;
}

void Settlement::add_to_hash(StateHash& hash) const {
  const std::vector<Position> all = positions();
  for (std::uint32_t place = 0; place < all.size(); ++place) {
    const Position& position = all[place];
    if (position == Position{}) continue;
    hash.add(account_at(place));
    hash.add(asset_at(place));
    hash.add(position.settled);
    hash.add(position.netting);
    hash.add(position.pending);
    hash.add(position.executing);
    hash.add(position.failed);
  }
}

void Settlement::assert_invariants() const {
  const std::uint32_t assets_max = reference_.limits().assets_max;
  std::vector<Position> sums(assets_max);
  const std::vector<Position> all = positions();
  for (std::uint32_t place = 0; place < all.size(); ++place) {
    Position& sum = sums[index_of(asset_at(place))];
    sum.settled += all[place].settled;
    sum.netting += all[place].netting;
    sum.pending += all[place].pending;
    sum.executing += all[place].executing;
    sum.failed += all[place].failed;
  }
  for (const Position& sum : sums) BASALT_ASSERT(sum == Position{});  // I2
  for (const Money sum : asset_sums_) BASALT_ASSERT(sum == Money{0});

  std::uint32_t live = 0;
  std::uint32_t in_batches = 0;
  std::uint32_t to_tell = 0;
  for (const Batch& batch : batches_) {
    if (batch.state == BatchState::none) continue;
    ++live;
    to_tell += batch.to_tell ? 1 : 0;
    std::vector<Money> batch_sums(assets_max);
    std::uint32_t count = 0;
    for (std::uint32_t i = batch.first; i != nothing; i = entries_[i].next) {
      batch_sums[index_of(asset_at(entries_[i].place))] += entries_[i].amount;
      ++count;
      BASALT_ASSERT(count <= batch.count);
    }
    BASALT_ASSERT(count == batch.count);
    for (const Money sum : batch_sums) BASALT_ASSERT(sum == Money{0});  // I2
    in_batches += count;
  }
  BASALT_ASSERT(live == batches_live_);
  BASALT_ASSERT(to_tell == batches_to_tell_);

  std::uint32_t free = 0;
  for (std::uint32_t i = entry_free_; i != nothing; i = entries_[i].next) {
    ++free;
    BASALT_ASSERT(free <= entries_.size());
  }
  BASALT_ASSERT(free == entries_free_);
  BASALT_ASSERT(free + in_batches == entries_.size());  // I3
}

}  // namespace basalt::settlement
