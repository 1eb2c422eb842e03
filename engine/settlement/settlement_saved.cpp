// Settlement's state taken out, and put into a fresh core: for followers that stop and go on later.
// Cold: it allocates.
#include "engine/assert.h"
#include "engine/settlement/settlement.h"

namespace basalt::settlement {

Saved Settlement::save() const {
  Saved saved{.settled = {},
              .cycles = {},
              .batches = {},
              .batches_made = batches_made_,
              .batches_max = batches_max_,
              .obligations_max = obligations_max_};
  const auto amount_at = [this](std::uint32_t place, Money amount) {
    return Saved::Amount{account_at(place), asset_at(place), amount};
  };
  for (std::uint32_t place = 0; place < settled_.size(); ++place) {
    if (settled_[place] != Money{0}) saved.settled.push_back(amount_at(place, settled_[place]));
  }
  for (const Cycle& cycle : std::span(cycles_).first(cycles_count_)) {
    Saved::Cycle& out = saved.cycles.emplace_back();
    out.period = cycle.period;
    out.due = cycle.due;
    for (const std::uint32_t place : cycle.places.first(cycle.places_count)) {
      out.nets.push_back(amount_at(place, cycle.nets[place]));
    }
  }
  for (std::uint32_t number = 0; number < batches_.size(); ++number) {
    const Batch& batch = batches_[number];
    if (batch.state == BatchState::none) continue;
    saved.batches.push_back({number, batch.id, batch.state, batch.attempt, batch.retry_at, {}});
    for (std::uint32_t i = batch.first; i != nothing; i = entries_[i].next) {
      saved.batches.back().obligations.push_back(amount_at(entries_[i].place, entries_[i].amount));
    }
  }
  return saved;
}

void Settlement::restore(const Saved& saved) {
  BASALT_ASSERT(batches_made_ == 0 && batches_live_ == 0);
  BASALT_ASSERT(saved.cycles.size() == cycles_count_);
  for (const Saved::Amount& each : saved.settled) {
    settled_[place(each.account, each.asset)] = each.amount;
  }
  for (std::uint32_t i = 0; i < cycles_count_; ++i) {
    cycles_[i].period = saved.cycles[i].period;
    cycles_[i].due = saved.cycles[i].due;
    for (const Saved::Amount& net : saved.cycles[i].nets) {
      add_to_net(cycles_[i], place(net.account, net.asset), net.amount);
    }
  }
  for (const Saved::Batch& each : saved.batches) {
    BASALT_ASSERT(each.number < batches_.size());
    BASALT_ASSERT(each.obligations.size() <= entries_free_);
    Batch& batch = batches_[each.number];
    batch = Batch{.id = each.id,
                  .state = each.state,
                  .attempt = each.attempt,
                  .count = static_cast<std::uint32_t>(each.obligations.size()),
                  .retry_at = each.retry_at};
    std::uint32_t* link = &batch.first;
    for (const Saved::Amount& obligation : each.obligations) {
      const std::uint32_t taken = entry_free_;
      Entry& entry = entries_[taken];
      entry_free_ = entry.next;
      entry = {.amount = obligation.amount, .place = place(obligation.account, obligation.asset)};
      *link = taken;
      link = &entry.next;
      --entries_free_;
    }
    ++batches_live_;
  }
  batches_made_ = saved.batches_made;
  BASALT_ASSERT(saved.batches_max <= batches_.size());
  BASALT_ASSERT(saved.obligations_max <= entries_.size());
  batches_max_ = saved.batches_max;
  obligations_max_ = saved.obligations_max;
}

}  // namespace basalt::settlement
