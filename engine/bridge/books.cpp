#include "engine/bridge/books.h"

#include <cstring>
#include <type_traits>

#include "engine/state_hash.h"

namespace basalt::bridge {
namespace {

constexpr std::uint64_t saved_version = 1;

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
  return saved;
}

}  // namespace

Books::State::State(const Limits& limits)
    : arena(ledger::Ledger::memory_bytes(limits.reference) +
            settlement::Settlement::memory_bytes(limits)),
      ledger(limits.reference, arena),
      settlement(limits, arena) {}

Books::Books(const Limits& limits) : limits_(limits), state_(std::make_unique<State>(limits)) {}

bool Books::has_room_for(const Command& command) const noexcept {
  if (command.order.verdict != Reject::none) return true;
  const ReferenceLimits& limits = limits_.reference;
  switch (command.order.kind) {
    case CommandKind::define_asset:
      return index_of(command.as<DefineAsset>().asset) < limits.assets_max;
    case CommandKind::define_instrument:
      return index_of(command.order.instrument) < limits.instruments_max;
    case CommandKind::define_firm:
      return index_of(command.as<DefineFirm>().firm) < limits.firms_max;
    case CommandKind::define_account:
      return index_of(command.as<DefineAccount>().account) < limits.accounts_max;
    case CommandKind::define_session:
      return index_of(command.as<DefineSession>().session) < limits.sessions_max;
    default:
      return true;
  }
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
  if (command.order.kind == CommandKind::set_fees) {
    fees_[index_of(command.order.instrument)] = command;
  }
  if (is_definition(command.order) && !is_known(command)) definitions_.push_back(command);
}

std::vector<std::byte> Books::save() const {
  Writer out;
  out.put(saved_version);
  out.put<std::uint64_t>(definitions_.size() + fees_.size());
  for (const Command& command : definitions_) {
    for (std::uint32_t i = 0; i < limits::command_slots_max; ++i) out.put(command.slot(i).bytes);
  }
  for (const auto& [instrument, command] : fees_) {
    for (std::uint32_t i = 0; i < limits::command_slots_max; ++i) out.put(command.slot(i).bytes);
  }
  put_totals(out, state_->ledger);
  put_settlement(out, state_->settlement.save());
  return out.finish();
}

std::optional<Books> Books::restored(const Limits& limits, std::span<const std::byte> saved) {
  if (saved.size() < 2 * sizeof(std::uint64_t)) return {};
  const auto fields = saved.first(saved.size() - sizeof(std::uint64_t));
  if (Reader(saved.last(sizeof(std::uint64_t))).take<std::uint64_t>() != hash_of(fields)) return {};
  Reader in(fields);
  if (in.take<std::uint64_t>() != saved_version) return {};
  Books books(limits);
  for (auto left = in.take<std::uint64_t>(); left > 0; --left) {
    const auto command = in.take<Command>();
    if (!books.has_room_for(command)) return {};
    books.follow(command, {}, [](const Transfer&) {});
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
