#include "engine/bridge/store.h"

#include <string>

#include "engine/bridge/schema.h"
#include "engine/bridge/words.h"

namespace basalt::bridge {
namespace {

constexpr int busy_timeout_ms = 100;  // Then the caller hears of it, and decides how long to wait.

std::int64_t signed_of(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value);
}
template <typename Id>
std::int64_t number_of(Id id) noexcept {
  return static_cast<std::int64_t>(index_of(id));
}
// Absent where there is no such thing.
std::optional<std::int64_t> number_or_null(OrderId order) noexcept {
  if (order == no_order) return {};
  return signed_of(static_cast<std::uint64_t>(order));
}
std::optional<std::int64_t> number_or_null(AccountId account) noexcept {
  if (account == no_account) return {};
  return number_of(account);
}
std::optional<std::int64_t> above_zero(std::uint64_t value) noexcept {
  if (value == 0) return {};
  return signed_of(value);
}
std::optional<std::string_view> not_empty(std::string_view text) noexcept {
  if (text.empty()) return {};
  return text;
}
std::string_view name_of(AssetId asset, const ReferenceData& reference) {
  return trimmed(reference.asset(asset).name);
}
std::string_view word(AccountRole role) noexcept {
  switch (role) {
    case AccountRole::participant:
      return "participant";
    case AccountRole::fees:
      return "fees";
    case AccountRole::external:
      return "external";
  }
  return "?";
}

Sqlite& prepared(Sqlite& database, Store::Synchronous synchronous) {
  sqlite3_busy_timeout(database.connection(), busy_timeout_ms);
  database.run("PRAGMA journal_mode = WAL");
  database.run(synchronous == Store::Synchronous::full ? "PRAGMA synchronous = FULL"
                                                       : "PRAGMA synchronous = NORMAL");
  return database;
}

}  // namespace

struct Store::Statements {
  explicit Statements(Sqlite& database)
      : begin(database, "BEGIN IMMEDIATE"),
        commit(database, "COMMIT"),
        cursor(database, "SELECT engine, epoch, sequence, fingerprint FROM cursor"),
        move_cursor(database,
                    "UPDATE cursor SET engine = ?, epoch = ?, sequence = ?, fingerprint = ?"),
        checkpoint(database, "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)"),
        asset(database, "INSERT OR IGNORE INTO assets VALUES (?, ?, ?, ?)"),
        instrument(database, "INSERT OR IGNORE INTO instruments VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
        account(database, "INSERT OR IGNORE INTO accounts VALUES (?, ?, ?, ?)"),
        order(database,
              "INSERT OR IGNORE INTO orders VALUES "
              "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        update(database,
               "UPDATE orders SET status = ?, executed = ?, open = ?, cancel_reason = ?, "
               "updated = ?, price_ticks = coalesce(?, price_ticks), price = coalesce(?, price) "
               "WHERE engine = ? AND sequence = ?"),
        fill(database,
             "INSERT OR IGNORE INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        entry(database,
              "INSERT OR IGNORE INTO ledger_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        obligation(database,
                   "INSERT OR IGNORE INTO obligations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        batch(database,
              "UPDATE obligations SET state = ?, updated = ? WHERE engine = ? AND batch = ?") {}

  Statement begin;
  Statement commit;
  Statement cursor;
  Statement move_cursor;
  Statement checkpoint;
  Statement asset;
  Statement instrument;
  Statement account;
  Statement order;
  Statement update;
  Statement fill;
  Statement entry;
  Statement obligation;
  Statement batch;
};

Store::Store(const std::filesystem::path& path, Synchronous synchronous)
    : database_(path, Sqlite::Open::writing) {
  prepared(database_, synchronous);
  migrate();
  statements_ = std::make_unique<Statements>(database_);
  cursor_ = read_cursor();
}

Store::~Store() = default;

void Store::migrate() {
  const std::int64_t had = database_.number("PRAGMA user_version");
  if (had > static_cast<std::int64_t>(migrations.size())) {
    throw SqliteError(SQLITE_MISMATCH, "the database has version " + std::to_string(had) +
                                           " and this program knows " +
                                           std::to_string(migrations.size()) +
                                           ": use the program that wrote it");
  }
  for (auto version = static_cast<std::size_t>(had); version < migrations.size(); ++version) {
    try {
      database_.run("BEGIN IMMEDIATE");
      // Another bridge may have been faster.
      if (database_.number("PRAGMA user_version") == static_cast<std::int64_t>(version)) {
        database_.run(migrations[version]);
        database_.run("PRAGMA user_version = " + std::to_string(version + 1));
      }
      database_.run("COMMIT");
    } catch (const SqliteError&) {
      database_.roll_back();
      throw;
    }
  }
}

Cursor Store::read_cursor() {
  Statement& query = statements_->cursor;
  query.bind_all();
  const bool there = query.step();
  BASALT_ASSERT(there);
  const Cursor cursor{.engine = static_cast<std::uint32_t>(query.number(0)),
                      .epoch = static_cast<std::uint32_t>(query.number(1)),
                      .sequence = static_cast<Sequence>(query.number(2)),
                      .fingerprint = static_cast<std::uint64_t>(query.number(3))};
  query.reset();
  return cursor;
}

// I2
bool Store::move_cursor(const Cursor& to) {
  const Cursor there = read_cursor();
  // A commit that failed may yet have happened.
  if (there == to && to != cursor_) return false;
  if (there != cursor_) {
    throw SqliteError(SQLITE_MISMATCH,
                      "the cursor is at " + std::to_string(there.sequence) + " and not at " +
                          std::to_string(cursor_.sequence) +
                          " where this bridge left it: another bridge writes this database; stop "
                          "one of them");
  }
  statements_->move_cursor.run(std::int64_t{to.engine}, std::int64_t{to.epoch},
                               signed_of(to.sequence), signed_of(to.fingerprint));
  return true;
}

void Store::write(const Batch& batch, const ReferenceData& reference,
                  std::span<const std::byte> books) {
  engine_ = batch.cursor.engine;
  try {
    statements_->begin.run();
    if (move_cursor(batch.cursor)) write_rows(batch, reference);
    if (!books.empty()) statements_->checkpoint.run(signed_of(batch.cursor.sequence), books);
    statements_->commit.run();
  } catch (const SqliteError&) {
    database_.roll_back();
    throw;
  }
  cursor_ = batch.cursor;
}

void Store::write_rows(const Batch& batch, const ReferenceData& reference) {
  for (const Command& command : batch.definitions) write_definition(command, reference);
  for (const OrderRow& row : batch.orders) write_order(row, reference);
  for (const OrderUpdate& update : batch.updates) write_update(update, reference);
  for (const FillRow& row : batch.fills) write_fill(row, reference);
  for (const EntryRow& row : batch.entries) write_entry(row, reference);
  for (const ObligationRow& row : batch.obligations) write_obligation(row, reference);
  for (const BatchChange& each : batch.changes) {
    statements_->batch.run(word(each.change.state), each.time.value, engine_,
                           signed_of(static_cast<std::uint64_t>(each.change.batch)));
    BASALT_ASSERT(database_.changes() > 0);
  }
}

void Store::write_definition(const Command& command, const ReferenceData& reference) {
  if (command.order.kind == CommandKind::define_asset) {
    const auto asset = command.as<DefineAsset>();
    statements_->asset.run(engine_, number_of(asset.asset), trimmed(asset.name),
                           std::int64_t{asset.decimals});
  } else if (command.order.kind == CommandKind::define_account) {
    const auto account = command.as<DefineAccount>();
    statements_->account.run(engine_, number_of(account.account), trimmed(account.name),
                             word(AccountRole{account.is_venue}));
  } else if (command.order.kind == CommandKind::define_instrument) {
    const Instrument& instrument = reference.instrument(command.order.instrument);
    const std::string tick = price_text(Price{1}, instrument);
    const std::string lot_value = decimal(instrument.lot_value);
    const std::string tick_lot_value = decimal(instrument.tick_lot_value);
    statements_->instrument.run(engine_, number_of(command.order.instrument),
                                trimmed(instrument.symbol), name_of(instrument.base, reference),
                                name_of(instrument.quote, reference), std::string_view(tick),
                                std::string_view(lot_value), std::string_view(tick_lot_value));
  }
}

void Store::write_order(const OrderRow& row, const ReferenceData& reference) {
  const Order& order = row.order;
  const Origin& origin = row.origin;
  std::optional<std::string_view> symbol;
  std::optional<std::int64_t> price_ticks;
  std::string price;
  if (reference.has(order.instrument)) {
    const Instrument& instrument = reference.instrument(order.instrument);
    symbol = trimmed(instrument.symbol);
    if (order.kind != CommandKind::replace || (order.flags & flag_wire_price) == 0) {
      price_ticks = order.price.value;
      price = price_text(order.price, instrument);
    }
  }
  const std::string_view user = reference.has(origin.session)
                                    ? trimmed(reference.session(origin.session).user)
                                    : std::string_view{};
  const OrderState& state = row.state;
  statements_->order.run(
      engine_, signed_of(order.sequence), std::int64_t{row.epoch}, number_or_null(order.order),
      user, std::int64_t{origin.user_ref_num}, std::int64_t{origin.user_ref_index},
      trimmed(origin.client_order_id), number_or_null(order.account), symbol, word(order.side),
      std::int64_t{(order.flags & flag_market) != 0},
      std::int64_t{(order.flags & flag_post_only) != 0}, price_ticks, not_empty(price),
      order.quantity.value, word(order.time_in_force), above_zero(row.replaces), word(state.status),
      state.executed.value, state.open.value, not_empty(word(state.reject)),
      not_empty(word(state.cancel)), order.time.value, state.updated.value);
}

void Store::write_update(const OrderUpdate& update, const ReferenceData& reference) {
  const OrderState& state = update.state;
  std::optional<std::int64_t> price_ticks;
  std::string price;
  if (state.price != no_price) {
    price_ticks = state.price.value;
    price = price_text(state.price, reference.instrument(update.instrument));
  }
  statements_->update.run(word(state.status), state.executed.value, state.open.value,
                          not_empty(word(state.cancel)), state.updated.value, price_ticks,
                          not_empty(price), engine_, signed_of(update.sequence));
  BASALT_ASSERT(database_.changes() == 1);  // I1: what changes is there.
}

void Store::write_fill(const FillRow& row, const ReferenceData& reference) {
  const Event& fill = row.fill;
  const Instrument& instrument = reference.instrument(fill.instrument);
  const std::string price = price_text(fill.price, instrument);
  statements_->fill.run(
      engine_, signed_of(fill.sequence), std::int64_t{fill.index}, std::int64_t{row.epoch},
      signed_of(fill.match_number), trimmed(instrument.symbol), signed_of(row.maker_sequence),
      number_or_null(fill.order), number_or_null(row.taker), number_of(fill.account),
      number_of(row.taker_account), word(opposite(fill.side)), fill.price.value,
      std::string_view(price), fill.quantity.value, row.time.value);
}

void Store::write_entry(const EntryRow& row, const ReferenceData& reference) {
  const Transfer& transfer = row.transfer;
  const std::string amount = decimal(transfer.amount().value);
  statements_->entry.run(engine_, signed_of(transfer.sequence), std::int64_t{transfer.index},
                         std::int64_t{transfer.ordinal}, std::int64_t{row.epoch},
                         word(transfer.kind), number_of(transfer.debit), number_of(transfer.credit),
                         name_of(transfer.asset, reference), std::string_view(amount),
                         above_zero(transfer.match_number), transfer.time.value);
}

void Store::write_obligation(const ObligationRow& row, const ReferenceData& reference) {
  const settlement::Obligation& obligation = row.obligation;
  const std::string amount = decimal(obligation.amount.value);
  statements_->obligation.run(engine_, signed_of(static_cast<std::uint64_t>(obligation.batch)),
                              number_of(obligation.account), name_of(obligation.asset, reference),
                              std::int64_t{row.epoch}, signed_of(row.sequence),
                              std::string_view(amount), word(settlement::BatchState::pending),
                              row.time.value, row.time.value);
}

std::optional<Store::Checkpoint> Store::checkpoint() {
  Statement query(database_, "SELECT sequence, books FROM checkpoint");
  if (!query.step()) return {};
  const auto books = query.blob(1);
  return Checkpoint{static_cast<Sequence>(query.number(0)), {books.begin(), books.end()}};
}

std::vector<LiveOrder> Store::live_orders() {
  // What is open has an index of its own: this does not read all orders that ever were.
  Statement query(database_,
                  "SELECT order_number, sequence, executed, open FROM orders "
                  "INDEXED BY orders_open WHERE status = 'OPEN'");
  std::vector<LiveOrder> live;
  while (query.step()) {
    live.push_back({.order = OrderId{static_cast<std::uint64_t>(query.number(0))},
                    .sequence = static_cast<Sequence>(query.number(1)),
                    .executed = Quantity{query.number(2)},
                    .open = Quantity{query.number(3)}});
  }
  return live;
}

StoreStatus status_of(const std::filesystem::path& path, std::optional<std::uint32_t> epoch) {
  StoreStatus status;
  if (!std::filesystem::exists(path)) return status;
  Sqlite database(path, Sqlite::Open::reading);
  sqlite3_busy_timeout(database.connection(), 5'000);
  // One transaction, so that cursor and counts are of one moment.
  database.run("BEGIN");
  if (database.number("PRAGMA user_version") == 0) return status;
  Statement cursor(database, "SELECT engine, epoch, sequence, fingerprint FROM cursor");
  if (cursor.step()) {
    status.cursor = {.engine = static_cast<std::uint32_t>(cursor.number(0)),
                     .epoch = static_cast<std::uint32_t>(cursor.number(1)),
                     .sequence = static_cast<Sequence>(cursor.number(2)),
                     .fingerprint = static_cast<std::uint64_t>(cursor.number(3))};
  }
  const auto count = [&](const std::string& table) {
    const std::string of = epoch ? " WHERE epoch = " + std::to_string(*epoch) : "";
    return static_cast<std::uint64_t>(database.number("SELECT count(*) FROM " + table + of));
  };
  status.rows = {.orders = count("orders"),
                 .fills = count("fills"),
                 .ledger_entries = count("ledger_entries"),
                 .obligations = count("obligations")};
  return status;
}

}  // namespace basalt::bridge
