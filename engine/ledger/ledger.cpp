#include "engine/ledger/ledger.h"

#include "engine/assert.h"

namespace basalt::ledger {
namespace {

void add(uint128& total, Money amount) noexcept {
  BASALT_ASSERT(amount > Money{0});
  const bool overflowed = __builtin_add_overflow(total, static_cast<uint128>(amount.value), &total);
  BASALT_ASSERT(!overflowed);
}

}  // namespace

Ledger::Ledger(const ReferenceLimits& limits, Arena& arena)
    : reference_(limits, arena),
      totals_(arena.take<Totals>(std::size_t{limits.accounts_max} * limits.assets_max)),
      asset_totals_(arena.take<Totals>(limits.assets_max)) {}

std::size_t Ledger::memory_bytes(const ReferenceLimits& limits) noexcept {
  return ReferenceData::memory_bytes(limits) +
         Arena::cost<Totals>(std::size_t{limits.accounts_max} * limits.assets_max) +
         Arena::cost<Totals>(limits.assets_max);
}

void Ledger::open(AccountId account, AssetId asset, const Totals& totals) noexcept {
  BASALT_ASSERT(transfers_ == 0);
  BASALT_ASSERT(reference_.has(account) && reference_.has(asset));
  Totals& own = totals_[place(account, asset)];
  BASALT_ASSERT(own.debits == 0 && own.credits == 0);
  own = totals;
  asset_totals_[index_of(asset)].debits += totals.debits;
  asset_totals_[index_of(asset)].credits += totals.credits;
}

void Ledger::on_command(const Command& command) noexcept {
  posted_count_ = 0;
  taker_ = no_account;
  if (command.order.verdict != Reject::none) return;
  switch (command.order.kind) {
    case CommandKind::deposit:
    case CommandKind::withdraw:
      post_payment(command);
      break;
    default:
      reference_.apply(command);
      break;
  }
}

void Ledger::post_payment(const Command& command) noexcept {
  const auto amendment = command.as<Amendment>();
  const AccountId outside = reference_.external_account();
  BASALT_ASSERT(outside != no_account);
  const bool in = command.order.kind == CommandKind::deposit;
  const Transfer entry{.sequence = command.order.sequence, .time = command.order.time};
  post(entry, in ? TransferKind::deposit : TransferKind::withdrawal,
       in ? outside : command.order.account, in ? command.order.account : outside, amendment.asset,
       amendment.amount());
  close_linked();
}

void Ledger::on_event(const Command& command, const Event& event) noexcept {
  posted_count_ = 0;
  if (event.kind == EventKind::crossing || event.kind == EventKind::triggered) {
    taker_ = event.account;
  }
  if (event.kind != EventKind::fill) return;
  BASALT_ASSERT(command.order.verdict == Reject::none);
  BASALT_ASSERT(command.order.sequence == event.sequence);
  BASALT_ASSERT(taker_ != no_account || command.order.kind == CommandKind::new_order ||
                command.order.kind == CommandKind::replace);
  BASALT_ASSERT(event.quantity > Quantity{0});
  const AccountId taker = taker_ != no_account ? taker_ : command.order.account;
  const Instrument& instrument = reference_.instrument(event.instrument);
  const bool maker_buys = event.side == Side::buy;
  const AccountId buyer = maker_buys ? event.account : taker;
  const AccountId seller = maker_buys ? taker : event.account;
  const Money paid = notional(event.price, event.quantity, instrument.tick_lot_value);

  const Transfer entry{.sequence = event.sequence,
                       .index = event.index,
                       .instrument = event.instrument,
                       .time = command.order.time,
                       .match_number = event.match_number};
  post(entry, TransferKind::fill_quote, buyer, seller, instrument.quote, paid);
  post(entry, TransferKind::fill_base, seller, buyer, instrument.base,
       base_amount(event.quantity, instrument));
  post_fee(entry, TransferKind::taker_fee, taker, instrument.quote,
           fee(paid, instrument.taker_ppm));
  post_fee(entry, TransferKind::maker_fee, event.account, instrument.quote,
           fee(paid, is_auction(event.auction()) ? instrument.taker_ppm : instrument.maker_ppm));
  close_linked();
  ++fills_;
}

// A fee that is nothing moves nothing. A rebate moves the other way.
void Ledger::post_fee(const Transfer& entry, TransferKind kind, AccountId payer, AssetId quote,
                      Money due) noexcept {
  if (due == Money{0}) return;
  const AccountId house = reference_.fee_account();
  BASALT_ASSERT(house != no_account);
  if (due > Money{0}) {
    post(entry, kind, payer, house, quote, due);
  } else {
    post(entry, kind, house, payer, quote, -due);
  }
}

void Ledger::post(const Transfer& entry, TransferKind kind, AccountId debit, AccountId credit,
                  AssetId asset, Money amount) noexcept {
  BASALT_ASSERT(posted_count_ < transfers_max);
  BASALT_ASSERT(reference_.has(debit));
  BASALT_ASSERT(reference_.has(credit));
  BASALT_ASSERT(reference_.has(asset));
  Totals& whole = asset_totals_[index_of(asset)];
  add(totals_[place(debit, asset)].debits, amount);
  add(whole.debits, amount);
  add(totals_[place(credit, asset)].credits, amount);
  add(whole.credits, amount);
  Transfer& transfer = posted_[posted_count_];
  transfer = entry;
  transfer.kind = kind;
  transfer.ordinal = static_cast<std::uint8_t>(posted_count_++);
  transfer.debit = debit;
  transfer.credit = credit;
  transfer.asset = asset;
  transfer.set_amount(amount);
}

void Ledger::close_linked() noexcept {
  BASALT_ASSERT(posted_count_ > 0);
  posted_[posted_count_ - 1].last = 1;
  transfers_ += posted_count_;
  for (const Transfer& transfer : posted()) {
    const Totals& asset = asset_totals_[index_of(transfer.asset)];
    BASALT_ASSERT(asset.debits == asset.credits);  // I1
    // I3: only who paid can be short, and only when all that is linked is done.
    if (reference_.account(transfer.debit).is_venue()) continue;
    BASALT_ASSERT(balance(transfer.debit, transfer.asset) >= Money{0});
  }
}

const Totals& Ledger::asset_totals(AssetId asset) const noexcept {
  BASALT_ASSERT(index_of(asset) < asset_totals_.size());
  return asset_totals_[index_of(asset)];
}

std::size_t Ledger::place(AccountId account, AssetId asset) const noexcept {
  BASALT_ASSERT(index_of(account) < reference_.limits().accounts_max);
  BASALT_ASSERT(index_of(asset) < reference_.limits().assets_max);
  return std::size_t{index_of(account)} * reference_.limits().assets_max + index_of(asset);
}

Money Ledger::imbalance() const noexcept {
  Money sum;
  for (std::uint32_t asset = 0; asset < reference_.limits().assets_max; ++asset) {
    Money off;
    for (std::uint32_t account = 0; account < reference_.limits().accounts_max; ++account) {
      off += balance(AccountId{account}, AssetId{asset});
    }
    sum += off < Money{0} ? -off : off;
  }
  return sum;
}

void Ledger::add_to_hash(StateHash& hash) const {
  for (std::uint32_t account = 0; account < reference_.limits().accounts_max; ++account) {
    for (std::uint32_t asset = 0; asset < reference_.limits().assets_max; ++asset) {
      const Totals& entry = totals(AccountId{account}, AssetId{asset});
      if (entry.debits == 0 && entry.credits == 0) continue;
      hash.add(account);
      hash.add(asset);
      hash.add(entry.debits);
      hash.add(entry.credits);
    }
  }
}

void Ledger::assert_invariants() const noexcept {
  BASALT_ASSERT(imbalance() == Money{0});  // I1
  for (std::uint32_t asset = 0; asset < reference_.limits().assets_max; ++asset) {
    Totals sum;
    for (std::uint32_t account = 0; account < reference_.limits().accounts_max; ++account) {
      const Totals& entry = totals(AccountId{account}, AssetId{asset});
      sum.debits += entry.debits;
      sum.credits += entry.credits;
      const bool touched = entry.debits != 0 || entry.credits != 0;
      if (!touched || reference_.account(AccountId{account}).is_venue()) continue;
      BASALT_ASSERT(entry.balance() >= Money{0});  // I3
    }
    BASALT_ASSERT(sum.debits == asset_totals_[asset].debits);
    BASALT_ASSERT(sum.credits == asset_totals_[asset].credits);
    BASALT_ASSERT(sum.debits == sum.credits);
  }
}

}  // namespace basalt::ledger
