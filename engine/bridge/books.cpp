#include "engine/bridge/books.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "engine/state_hash.h"

namespace basalt::bridge {
namespace {

constexpr std::uint64_t saved_version = 2;
constexpr settlement::SettlementLimits no_room{.reference = {.assets_max = 1,
                                                             .instruments_max = 1,
                                                             .accounts_max = 1,
                                                             .sessions_max = 1,
                                                             .firms_max = 1},
                                               .batches_max = 1,
                                               .obligations_max = 1};

// Fields one after the other, little-endian, then a hash over them.
class Writer {
 public:
  template <typename T>
  requires std::has_unique_object_representations_v<T>
  void put(const T& value) {
    const auto* first = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), first, first + sizeof value);
  }
  void put_amounts(const std::vector<settlement::Saved::Amount>& amounts) {
    put<std::uint64_t>(amounts.size());
    for (const auto& each : amounts) {
      put(each.account);
      put(each.asset);
      put(each.amount.value);
    }
  }
  std::vector<std::byte> finish();

 private:
  std::vector<std::byte> bytes_;
};

std::uint64_t hash_of(std::span<const std::byte> bytes) {
  StateHash hash;
  for (const std::byte byte : bytes) hash.add(static_cast<std::uint8_t>(byte));
  return hash.digest();
}

std::vector<std::byte> Writer::finish() {
  put(hash_of(bytes_));
  return std::move(bytes_);
}

// Precondition of every call: the bytes are those of a Writer, as their hash has shown.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : left_(bytes) {}

  template <typename T>
  T take() {
    static_assert(std::is_trivially_copyable_v<T>);
    BASALT_ASSERT(left_.size() >= sizeof(T));
    T value;
    std::memcpy(static_cast<void*>(&value), left_.data(), sizeof value);
    left_ = left_.subspan(sizeof value);
    return value;
  }
  std::vector<settlement::Saved::Amount> take_amounts() {
    std::vector<settlement::Saved::Amount> amounts(take<std::uint64_t>());
    for (auto& each : amounts) {
      each.account = take<AccountId>();
      each.asset = take<AssetId>();
      each.amount.value = take<int128>();
    }
    return amounts;
  }

 private:
  std::span<const std::byte> left_;
};

// All of save() but the hash at its end.
std::span<const std::byte> fields_of(std::span<const std::byte> saved) {
  return saved.first(saved.size() - sizeof(std::uint64_t));
}

void put_limits(Writer& out, const settlement::SettlementLimits& limits) {
  out.put(limits.reference);
  out.put(limits.batches_max);
  out.put(limits.obligations_max);
}

settlement::SettlementLimits take_limits(Reader& in) {
  settlement::SettlementLimits limits{
      .reference = in.take<ReferenceLimits>(), .batches_max = 0, .obligations_max = 0};
  limits.batches_max = in.take<std::uint32_t>();
  limits.obligations_max = in.take<std::uint32_t>();
  return limits;
}

// Of what was ever touched.
void put_totals(Writer& out, const ledger::Ledger& ledger) {
  const ReferenceLimits& limits = ledger.reference().limits();
  const auto each = [&](auto&& visit) {
    for (std::uint32_t account = 0; account < limits.accounts_max; ++account) {
      for (std::uint32_t asset = 0; asset < limits.assets_max; ++asset) {
        const auto& totals = ledger.totals(AccountId{account}, AssetId{asset});
        if (totals.debits != 0 || totals.credits != 0) visit(account, asset, totals);
      }
    }
  };
  std::uint64_t count = 0;
  each([&](std::uint32_t, std::uint32_t, const ledger::Totals&) { ++count; });
  out.put(count);
  each([&](std::uint32_t account, std::uint32_t asset, const ledger::Totals& totals) {
    out.put(account);
    out.put(asset);
    out.put(totals.debits);
    out.put(totals.credits);
  });
}

void put_settlement(Writer& out, const settlement::Saved& saved) {
  out.put_amounts(saved.settled);
  out.put<std::uint64_t>(saved.cycles.size());
  for (const auto& cycle : saved.cycles) {
    out.put(cycle.period);
    out.put<std::uint8_t>(cycle.due ? 1 : 0);
    out.put_amounts(cycle.nets);
  }
  out.put<std::uint64_t>(saved.batches.size());
  for (const auto& batch : saved.batches) {
    out.put(batch.number);
    out.put(batch.id);
    out.put(batch.state);
    out.put(batch.attempt);
    out.put(batch.retry_at.value);
    out.put_amounts(batch.obligations);
  }
  out.put(saved.batches_made);
  out.put(saved.batches_max);
  out.put(saved.obligations_max);
}

settlement::Saved take_settlement(Reader& in) {
  settlement::Saved saved;
  saved.settled = in.take_amounts();
  saved.cycles.resize(in.take<std::uint64_t>());
  for (auto& cycle : saved.cycles) {
    cycle.period = in.take<std::int64_t>();
    cycle.due = in.take<std::uint8_t>() != 0;
    cycle.nets = in.take_amounts();
  }
  saved.batches.resize(in.take<std::uint64_t>());
  for (auto& batch : saved.batches) {
    batch.number = in.take<std::uint32_t>();
    batch.id = in.take<settlement::BatchId>();
    batch.state = in.take<settlement::BatchState>();
    batch.attempt = in.take<std::uint8_t>();
    batch.retry_at.value = in.take<std::int64_t>();
    batch.obligations = in.take_amounts();
  }
  saved.batches_made = in.take<std::uint64_t>();
  saved.batches_max = in.take<std::uint32_t>();
  saved.obligations_max = in.take<std::uint32_t>();
  return saved;
}

}  // namespace

Books::State::State(const settlement::SettlementLimits& limits)
    : arena(ledger::Ledger::memory_bytes(limits.reference) +
            settlement::Settlement::memory_bytes(limits)),
      ledger(limits.reference, arena),
      settlement(limits, arena) {}

Books::Books() : Books(no_room) {}

Books::Books(const settlement::SettlementLimits& limits)
    : limits_(limits), state_(std::make_unique<State>(limits)) {}

void Books::grow(const EpochLimits& told) {
  settlement::SettlementLimits wanted = limits_;
  const auto cover = [](std::uint32_t& limit, std::uint32_t by) { limit = std::max(limit, by); };
  cover(wanted.reference.assets_max, told.assets_max);
  cover(wanted.reference.instruments_max, told.instruments_max);
  cover(wanted.reference.accounts_max, told.accounts_max);
  cover(wanted.reference.sessions_max, told.sessions_max);
  cover(wanted.reference.firms_max, told.firms_max);
  cover(wanted.batches_max, told.settlement_batches_max);
  cover(wanted.obligations_max, told.settlement_obligations_max);
  cover(wanted.obligations_max, wanted.reference.accounts_max * wanted.reference.assets_max);
  if (wanted == limits_) return;
  const std::vector<std::byte> saved = save();
  *this = restored(wanted, fields_of(saved));
}

bool Books::is_known(const Command& command) const noexcept {
  switch (command.order.kind) {
    case CommandKind::define_asset:
      return reference().has(command.as<DefineAsset>().asset);
    case CommandKind::define_instrument:
      return reference().has(command.order.instrument);
    case CommandKind::define_firm:
      return reference().has(command.as<DefineFirm>().firm);
    case CommandKind::define_account:
      return reference().has(command.as<DefineAccount>().account);
    default:
      return reference().has(command.as<DefineSession>().session);
  }
}

void Books::keep_if_definition(const Command& command) {
  if (command.order.verdict != Reject::none) return;
  const CommandKind kind = command.order.kind;
  const bool moves = kind == CommandKind::set_fees || kind == CommandKind::set_limit ||
                     kind == CommandKind::set_instrument_state ||
                     kind == CommandKind::set_account_state;
  if (moves) {
    amendments_[{static_cast<std::uint32_t>(command.order.kind),
                 static_cast<std::uint32_t>(command.as<Amendment>().limit),
                 index_of(command.order.instrument), index_of(command.order.account)}] = command;
  }
  if (is_definition(command.order) && !is_known(command)) definitions_.push_back(command);
}

std::vector<std::byte> Books::save() const {
  Writer out;
  out.put(saved_version);
  put_limits(out, limits_);
  out.put<std::uint64_t>(definitions_.size() + amendments_.size());
  for (const Command& command : definitions_) {
    for (std::uint32_t i = 0; i < limits::command_slots_max; ++i) out.put(command.slot(i).bytes);
  }
  for (const auto& [what, command] : amendments_) {
    for (std::uint32_t i = 0; i < limits::command_slots_max; ++i) out.put(command.slot(i).bytes);
  }
  put_totals(out, state_->ledger);
  put_settlement(out, state_->settlement.save());
  return out.finish();
}

std::optional<Books> Books::restored(std::span<const std::byte> saved) {
  if (saved.size() < 2 * sizeof(std::uint64_t)) return {};
  const auto fields = fields_of(saved);
  if (Reader(saved.last(sizeof(std::uint64_t))).take<std::uint64_t>() != hash_of(fields)) return {};
  Reader in(fields);
  if (in.take<std::uint64_t>() != saved_version) return {};
  return restored(take_limits(in), fields);
}

Books Books::restored(const settlement::SettlementLimits& limits,
                      std::span<const std::byte> fields) {
  Reader in(fields);
  BASALT_ASSERT(in.take<std::uint64_t>() == saved_version);
  static_cast<void>(take_limits(in));  // Those that it had, not beyond `limits`.
  Books books(limits);
  for (auto left = in.take<std::uint64_t>(); left > 0; --left) {
    books.follow(in.take<Command>(), {}, [](const Transfer&) {});
  }
  for (auto left = in.take<std::uint64_t>(); left > 0; --left) {
    const auto account = in.take<AccountId>();
    const auto asset = in.take<AssetId>();
    const auto debits = in.take<uint128>();
    books.state_->ledger.open(account, asset, {debits, in.take<uint128>()});
  }
  books.state_->settlement.restore(take_settlement(in));
  books.state_->ledger.assert_invariants();
  books.state_->settlement.assert_invariants();
  return books;
}

}  // namespace basalt::bridge
