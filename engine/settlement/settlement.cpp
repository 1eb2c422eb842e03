#include "engine/settlement/settlement.h"

#include "engine/assert.h"

namespace basalt::settlement {
namespace {

std::size_t places(const ReferenceLimits& limits) noexcept {
  return std::size_t{limits.accounts_max} * limits.assets_max;
}

// One command changes a batch once, and may put a new one in the place of one that it folded.
std::uint32_t changes_max(const SettlementLimits& limits) noexcept {
  return 2 * limits.batches_max;
}

// Which of its periods a cycle is in. A cycle without length is cut by every Tick.
std::int64_t period_at(Nanos time, Nanos length) noexcept {
  return length == Nanos{0} ? time.value : time.value / length.value;
}

}  // namespace

Settlement::Settlement(const SettlementLimits& limits, Arena& arena)
    : reference_(limits.reference, arena),
      retry_delay_(limits.retry_delay),
      batches_max_(limits.batches_max),
      obligations_max_(limits.obligations_max),
      settled_(arena.take<Money>(places(limits.reference))),
      batches_(arena.take<Batch>(limits.batches_max)),
      entries_(arena.take<Entry>(limits.obligations_max)),
      asset_sums_(arena.take<Money>(limits.reference.assets_max)),
      changes_(arena.take<Change>(changes_max(limits))),
      entries_free_(limits.obligations_max) {
  BASALT_ASSERT(limits.batches_max > 0);
  BASALT_ASSERT(limits.obligations_max >= places(limits.reference));
  BASALT_ASSERT(limits.obligations_max < nothing);
  BASALT_ASSERT(limits.retry_delay > Nanos{0});
  for (Cycle& cycle : cycles_) {
    cycle.nets = arena.take<Money>(settled_.size());
    cycle.touched = arena.take<std::uint8_t>(settled_.size());
    cycle.places = arena.take<std::uint32_t>(settled_.size());
  }
  for (std::uint32_t i = limits.obligations_max; i > 0; --i) {
    entries_[i - 1].next = entry_free_;
    entry_free_ = i - 1;
  }
}

std::size_t Settlement::memory_bytes(const SettlementLimits& limits) noexcept {
  const std::size_t entries = places(limits.reference);
  const std::size_t cycle = Arena::cost<Money>(entries) + Arena::cost<std::uint8_t>(entries) +
                            Arena::cost<std::uint32_t>(entries);
  return ReferenceData::memory_bytes(limits.reference) + Arena::cost<Money>(entries) +
         Arena::cost<Batch>(limits.batches_max) + Arena::cost<Entry>(limits.obligations_max) +
         Arena::cost<Money>(limits.reference.assets_max) +
         Arena::cost<Change>(changes_max(limits)) + limits::settlement_cycles_max * cycle;
}

void Settlement::on_transfer(const Transfer& transfer) noexcept {
  const std::uint32_t payer = place(transfer.debit, transfer.asset);
  const std::uint32_t receiver = place(transfer.credit, transfer.asset);
  const Money amount = transfer.amount();
  BASALT_ASSERT(amount > Money{0});
  if (transfer.kind == TransferKind::deposit || transfer.kind == TransferKind::withdrawal) {
    settled_[payer] -= amount;
    settled_[receiver] += amount;
    return;
  }
  const std::uint8_t number = reference_.instrument(transfer.instrument).cycle;
  BASALT_ASSERT(number < cycles_count_);
  add_to_net(cycles_[number], payer, -amount);
  add_to_net(cycles_[number], receiver, amount);
}

void Settlement::add_to_net(Cycle& cycle, std::uint32_t place, Money amount) noexcept {
  if (cycle.touched[place] == 0) {
    cycle.touched[place] = 1;
    cycle.places[cycle.places_count++] = place;
  }
  cycle.nets[place] += amount;
}

void Settlement::on_command(const Command& command) noexcept {
  BASALT_ASSERT(settlement_follows(command.order));
  const Nanos time = command.order.time;
  changes_count_ = 0;
  switch (command.order.kind) {
    case CommandKind::tick:
      on_tick(time);
      break;
    case CommandKind::settlement_started:
      on_started(BatchId{command.as<Amendment>().batch});
      break;
    case CommandKind::settlement_finished: {
      const auto answer = command.as<Amendment>();
      on_finished(BatchId{answer.batch}, answer.settled != 0, time);
      break;
    }
    case CommandKind::settlement_cut:
      on_cut();
      break;
    case CommandKind::epoch_start:
      on_start(command.as<EpochStart>().limits);
      break;
    default:
      reference_.apply(command);
      start_new_cycles(time);
      break;
  }
}

void Settlement::on_start(const EpochLimits& limits) noexcept {
  BASALT_ASSERT(limits.settlement_batches_max <= batches_.size());
  BASALT_ASSERT(limits.settlement_obligations_max <= entries_.size());
  batches_max_ = limits.settlement_batches_max;
  obligations_max_ = limits.settlement_obligations_max;
  tell_again();
}

void Settlement::start_new_cycles(Nanos time) noexcept {
  const std::span<const Nanos> lengths = reference_.settlement_cycles();
  for (; cycles_count_ < lengths.size(); ++cycles_count_) {
    cycles_[cycles_count_].period = period_at(time, lengths[cycles_count_]);
  }
}

void Settlement::on_tick(Nanos time) noexcept {
  const std::span<const Nanos> lengths = reference_.settlement_cycles();
  for (std::uint32_t i = 0; i < cycles_count_; ++i) {
    const std::int64_t period = period_at(time, lengths[i]);
    BASALT_ASSERT(period >= cycles_[i].period);
    if (period > cycles_[i].period) cycles_[i].due = true;
    cycles_[i].period = period;
  }
  cut_due_cycles();
  for (Batch& batch : batches_) {
    if (batch.state != BatchState::failed || batch.attempt == retries_max) continue;
    if (batch.retry_at > time) continue;
    ++batch.attempt;
    retry(batch);
  }
}

// An operator wants everything settled now: also what has run out of retries.
void Settlement::on_cut() noexcept {
  for (Batch& batch : batches_) {
    if (batch.state == BatchState::failed && !payers_can_pay(batch)) fold(batch);
  }
  merge_nets();
  cycles_[0].due = true;
  cut_due_cycles();
  for (Batch& batch : batches_) {
    if (batch.state != BatchState::failed) continue;
    batch.attempt = 0;
    retry(batch);
  }
}

// All cycles' nets into the first one's.
void Settlement::merge_nets() noexcept {
  for (Cycle& cycle : std::span(cycles_).subspan(1)) {
    for (const std::uint32_t place : cycle.places.first(cycle.places_count)) {
      add_to_net(cycles_[0], place, cycle.nets[place]);
    }
    clear_nets(cycle);
  }
}

void Settlement::clear_nets(Cycle& cycle) noexcept {
  for (const std::uint32_t place : cycle.places.first(cycle.places_count)) {
    cycle.nets[place] = Money{0};
    cycle.touched[place] = 0;
  }
  cycle.places_count = 0;
}

void Settlement::cut_due_cycles() noexcept {
  for (Cycle& cycle : cycles_) {
    if (!cycle.due) continue;
    cycle.due = !cut(cycle);
    if (!cycle.due) continue;
    BASALT_REACHED("a cut waits for room");
    ++counters_.cuts_delayed;
  }
}

bool Settlement::cut(Cycle& cycle) noexcept {
  const std::span<const std::uint32_t> touched = cycle.places.first(cycle.places_count);
  std::uint32_t count = 0;
  for (const std::uint32_t place : touched) count += cycle.nets[place] != Money{0} ? 1 : 0;
  if (count > 0) {
    if (obligations_in_use() + count > obligations_max_) return false;
    if (batches_live_ >= batches_max_) return false;
    assert_nets_to_zero(cycle);
    make_batch(cycle, count);
  }
  clear_nets(cycle);
  return true;
}

void Settlement::make_batch(const Cycle& cycle, std::uint32_t count) noexcept {
  Batch* batch = batches_.data();
  while (batch->state != BatchState::none) ++batch;  // There is one: batches_live_ says so.
  *batch = Batch{.id = BatchId{++batches_made_}, .count = count};
  ++batches_live_;
  ++counters_.batches_cut;
  BASALT_REACHED("a batch is pending");
  std::uint32_t* link = &batch->first;
  for (const std::uint32_t place : cycle.places.first(cycle.places_count)) {
    if (cycle.nets[place] == Money{0}) continue;
    const std::uint32_t taken = entry_free_;
    Entry& entry = entries_[taken];
    entry_free_ = entry.next;
    entry = {.amount = cycle.nets[place], .place = place};
    *link = taken;
    link = &entry.next;
    --entries_free_;
  }
  enter(*batch, BatchState::pending);
  tell(*batch);
}

// I2. The sums are zero again when this has passed.
void Settlement::assert_nets_to_zero(const Cycle& cycle) noexcept {
  const std::span<const std::uint32_t> touched = cycle.places.first(cycle.places_count);
  for (const std::uint32_t place : touched) {
    asset_sums_[index_of(asset_at(place))] += cycle.nets[place];
  }
  for (const Money sum : asset_sums_) BASALT_ASSERT(sum == Money{0});
}

void Settlement::on_started(BatchId id) noexcept {
  Batch* batch = find(id);
  if (batch == nullptr || batch->state != BatchState::pending) {
    ++counters_.answers_ignored;
    return;
  }
  BASALT_REACHED("a batch is executing");
  enter(*batch, BatchState::executing);
  stop_telling(*batch);
}

void Settlement::on_finished(BatchId id, bool settled, Nanos time) noexcept {
  Batch* batch = find(id);
  if (batch == nullptr || batch->state != BatchState::executing) {
    ++counters_.answers_ignored;
    return;
  }
  stop_telling(*batch);
  if (!settled) {
    fail(*batch, time);
  } else if (!payers_can_pay(*batch)) {
    BASALT_REACHED("a payer cannot pay");
    ++counters_.payers_short;
    fail(*batch, time);
  } else {
    complete(*batch);
  }
}

// Delivery versus payment: nobody delivers what he has not, and nobody receives before all can.
bool Settlement::payers_can_pay(const Batch& batch) const noexcept {
  for (std::uint32_t i = batch.first; i != nothing; i = entries_[i].next) {
    const Entry& entry = entries_[i];
    if (entry.amount >= Money{0}) continue;
    if (reference_.account(account_at(entry.place)).is_venue()) continue;
    if (settled_[entry.place] + entry.amount < Money{0}) return false;
  }
  return true;
}

void Settlement::complete(Batch& batch) noexcept {
  BASALT_REACHED("a batch is completed");
  for (std::uint32_t i = batch.first; i != nothing; i = entries_[i].next) {
    settled_[entries_[i].place] += entries_[i].amount;
  }
  ++counters_.batches_completed;
  leave(batch, BatchState::completed);
}

void Settlement::fold(Batch& batch) noexcept {
  BASALT_REACHED("a batch is folded into a cut");
  for (std::uint32_t i = batch.first; i != nothing; i = entries_[i].next) {
    add_to_net(cycles_[0], entries_[i].place, entries_[i].amount);
  }
  ++counters_.batches_folded;
  leave(batch, BatchState::folded);
}

void Settlement::leave(Batch& batch, BatchState how) noexcept {
  BASALT_ASSERT(batches_live_ > 0);
  BASALT_ASSERT(!batch.to_tell);
  std::uint32_t last = batch.first;
  while (entries_[last].next != nothing) last = entries_[last].next;
  entries_[last].next = entry_free_;
  entry_free_ = batch.first;
  entries_free_ += batch.count;
  --batches_live_;
  changed(batch.id, how);
  batch = Batch{};
}

void Settlement::enter(Batch& batch, BatchState state) noexcept {
  batch.state = state;
  changed(batch.id, state);
}

void Settlement::changed(BatchId batch, BatchState state) noexcept {
  BASALT_ASSERT(changes_count_ < changes_.size());
  changes_[changes_count_++] = {batch, state};
}

void Settlement::fail(Batch& batch, Nanos time) noexcept {
  BASALT_ASSERT(batch.attempt <= retries_max);
  BASALT_REACHED("a batch has failed");
  enter(batch, BatchState::failed);
  batch.retry_at = time + Nanos{retry_delay_.value << batch.attempt};
  ++counters_.failures;
}

void Settlement::retry(Batch& batch) noexcept {
  BASALT_ASSERT(batch.state == BatchState::failed);
  BASALT_REACHED("a failed batch is tried again");
  enter(batch, BatchState::pending);
  ++counters_.retries;
  tell(batch);
}

// A new epoch: the domain's answers, or what we told it, may have been lost with the old one.
void Settlement::tell_again() noexcept {
  for (Batch& batch : batches_) {
    const bool open = batch.state == BatchState::pending || batch.state == BatchState::executing;
    if (!open) continue;
    stop_telling(batch);
    tell(batch);
  }
}

void Settlement::tell(Batch& batch) noexcept {
  BASALT_ASSERT(!batch.to_tell);
  batch.to_tell = true;
  ++batches_to_tell_;
}

void Settlement::stop_telling(Batch& batch) noexcept {
  if (!batch.to_tell) return;
  batch.to_tell = false;
  --batches_to_tell_;
  if (telling_ == &batch) telling_ = nullptr;
}

void Settlement::choose_whom_to_tell() noexcept {
  BASALT_ASSERT(telling_ == nullptr);
  for (Batch& batch : batches_) {
    if (!batch.to_tell) continue;
    if (telling_ == nullptr || batch.id < telling_->id) telling_ = &batch;
  }
  BASALT_ASSERT(telling_ != nullptr);
  telling_entry_ = telling_->first;
  telling_number_ = 0;
}

Instruction Settlement::take_instruction() noexcept {
  BASALT_ASSERT(has_instruction());
  if (telling_ == nullptr) choose_whom_to_tell();
  Batch& batch = *telling_;
  BASALT_ASSERT(batch.to_tell);
  BASALT_ASSERT(telling_entry_ != nothing);
  const Entry& entry = entries_[telling_entry_];
  Instruction instruction{.batch = batch.id,
                          .number = telling_number_++,
                          .count = batch.count,
                          .account = account_at(entry.place),
                          .asset = asset_at(entry.place),
                          .attempt = batch.attempt};
  instruction.set_amount(entry.amount);
  telling_entry_ = entry.next;
  if (telling_entry_ == nothing) {
    BASALT_ASSERT(telling_number_ == batch.count);
    instruction.last = 1;
    stop_telling(batch);
  }
  return instruction;
}

bool Settlement::outstanding() const noexcept {
  if (batches_live_ > 0) return true;
  for (const Cycle& cycle : cycles_) {
    if (cycle.places_count > 0) return true;
  }
  return false;
}

BatchState Settlement::state(BatchId id) const noexcept {
  for (const Batch& batch : batches_) {
    if (batch.state != BatchState::none && batch.id == id) return batch.state;
  }
  return BatchState::none;
}

Settlement::Batch* Settlement::find(BatchId id) noexcept {
  for (Batch& batch : batches_) {
    if (batch.state != BatchState::none && batch.id == id) return &batch;
  }
  return nullptr;
}

std::uint32_t Settlement::place(AccountId account, AssetId asset) const noexcept {
  BASALT_ASSERT(index_of(account) < reference_.limits().accounts_max);
  BASALT_ASSERT(index_of(asset) < reference_.limits().assets_max);
  return index_of(account) * reference_.limits().assets_max + index_of(asset);
}

AccountId Settlement::account_at(std::uint32_t place) const noexcept {
  return AccountId{place / reference_.limits().assets_max};
}

AssetId Settlement::asset_at(std::uint32_t place) const noexcept {
  return AssetId{place % reference_.limits().assets_max};
}

}  // namespace basalt::settlement
