// SQLite in a few lines: a connection, prepared statements, and errors that say whether they pass.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "engine/assert.h"
#include "engine/types.h"

namespace basalt::bridge {

class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
  // Somebody else has it, or the disk is full or fails: the same may succeed later.
  [[nodiscard]] bool passes() const noexcept;
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

class Sqlite {
 public:
  enum class Open : std::uint8_t { reading, writing };

  Sqlite(const std::filesystem::path& path, Open how);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void run(const std::string& sql);
  [[nodiscard]] std::int64_t number(const std::string& sql);
  [[nodiscard]] int changes() const noexcept { return sqlite3_changes(connection_); }
  // Takes back what was begun, if anything. Never throws: it is what errors are answered with.
  void roll_back() noexcept;

  [[nodiscard]] sqlite3* connection() const noexcept { return connection_; }
  [[noreturn]] void fail(int code) const;

 private:
  const std::string path_;
  sqlite3* connection_ = nullptr;
};

// A prepared statement. Values are bound in order; text must outlive run() or step().
class Statement {
 public:
  Statement(Sqlite& database, std::string_view sql);
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  template <typename... Values>
  void run(const Values&... values) {
    bind_all(values...);
    const bool more = step();
    BASALT_ASSERT(!more);
    reset();
  }
  // For queries: bind_all(), then step() while it says so, then reset().
  template <typename... Values>
  void bind_all(const Values&... values) {
    reset();
    int place = 0;
    (bind(++place, values), ...);
  }
  [[nodiscard]] bool step();
  void reset() noexcept { sqlite3_reset(statement_); }

  [[nodiscard]] std::int64_t number(int column) const {
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] std::span<const std::byte> blob(int column) const;

 private:
  void bind(int place, std::int64_t value);
  void bind(int place, std::string_view value);
  void bind(int place, std::span<const std::byte> value);
  template <typename T>
  void bind(int place, const std::optional<T>& value) {
    value ? bind(place, *value) : check(sqlite3_bind_null(statement_, place));
  }
  void check(int code) const;

  Sqlite& database_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace basalt::bridge
