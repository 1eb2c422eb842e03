#include "engine/bridge/sqlite.h"

namespace basalt::bridge {

bool SqliteError::passes() const noexcept {
  switch (code_ & 0xFF) {  // The primary code; further ones say more in the higher bits.
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
      return true;
    default:
      return false;
  }
}

Sqlite::Sqlite(const std::filesystem::path& path, Open how) : path_(path.string()) {
  const int flags =
      how == Open::reading ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code =
      sqlite3_open_v2(path_.c_str(), &connection_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code == SQLITE_OK) return;
  const std::string what = path_ + ": " + sqlite3_errstr(code);
  sqlite3_close(connection_);
  throw SqliteError(code, what);
}

Sqlite::~Sqlite() {
  sqlite3_close(connection_);
}

void Sqlite::fail(int code) const {
  throw SqliteError(code, path_ + ": " + sqlite3_errmsg(connection_));
}

void Sqlite::run(const std::string& sql) {
  const int code = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(sqlite3_extended_errcode(connection_));
}

std::int64_t Sqlite::number(const std::string& sql) {
  Statement query(*this, sql);
  return query.step() ? query.number(0) : 0;
}

void Sqlite::roll_back() noexcept {
  // Some errors have rolled back already.
  if (sqlite3_get_autocommit(connection_) != 0) return;
  sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Statement::Statement(Sqlite& database, std::string_view sql) : database_(database) {
  const int code =
      sqlite3_prepare_v3(database.connection(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (code != SQLITE_OK) database.fail(code);
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const int extended = sqlite3_extended_errcode(database_.connection());
  reset();
  database_.fail(extended);
}

std::span<const std::byte> Statement::blob(int column) const {
  const auto* first = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  return {first, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Statement::bind(int place, std::int64_t value) {
  check(sqlite3_bind_int64(statement_, place, value));
}

void Statement::bind(int place, std::string_view value) {
  // Not null also when it is empty: a view of nothing has no address.
  check(sqlite3_bind_text(statement_, place, value.empty() ? "" : value.data(),
                          static_cast<int>(value.size()), SQLITE_STATIC));
}

void Statement::bind(int place, std::span<const std::byte> value) {
  check(sqlite3_bind_blob64(statement_, place, value.data(), value.size(), SQLITE_STATIC));
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_.fail(code);
}

}  // namespace basalt::bridge
