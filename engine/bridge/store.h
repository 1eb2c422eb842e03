// The tables in SQLite, and the cursor that moves with them.
//
//   Batch ─► write(): one transaction = rows + cursor (+ now and then the books) ─► the file
//
// Invariants
//   I1  The tables hold the rows of every command up to the cursor and of none beyond it, whatever
//       is killed and whenever. (A transaction has both, or neither.)
//   I2  The cursor only moves from where this store last saw it: a second writer is found out.
//
// The file is in WAL mode with synchronous = normal: after a power cut the last transactions may be
// gone, but whole and in order, and the cursor goes back with them. The journal, which is durable,
// then tells them again. So nothing is gained by waiting for the disk at each commit (full).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/bridge/derivation.h"
#include "engine/bridge/row_counts.h"
#include "engine/bridge/rows.h"
#include "engine/bridge/sqlite.h"
#include "engine/reference.h"

namespace basalt::bridge {

class Store {
 public:
  enum class Synchronous : std::uint8_t { normal, full };

  // Makes the file where it is missing, and brings its tables up to date. Throws SqliteError, also
  // for a file that a newer program has written.
  Store(const std::filesystem::path& path, Synchronous synchronous);

  [[nodiscard]] const Cursor& cursor() const noexcept { return cursor_; }

  // Writes a batch and moves the cursor to its end; with it, where given, the books as of there.
  // Throws SqliteError, having changed nothing: where the error passes, the same call can be made
  // again. What is there already is not written twice.
  void write(const Batch& batch, const ReferenceData& reference,
             std::span<const std::byte> books = {});

  struct Checkpoint {
    Sequence sequence = 0;
    std::vector<std::byte> books;
  };
  [[nodiscard]] std::optional<Checkpoint> checkpoint();
  [[nodiscard]] std::vector<LiveOrder> live_orders();

 private:
  struct Statements;

  void migrate();
  [[nodiscard]] Cursor read_cursor();
  // False: this very batch is there already.
  [[nodiscard]] bool move_cursor(const Cursor& to);
  void write_definition(const Command& command, const ReferenceData& reference);
  void write_order(const OrderRow& row, const ReferenceData& reference);
  void write_update(const OrderUpdate& update, const ReferenceData& reference);
  void write_fill(const FillRow& row, const ReferenceData& reference);
  void write_entry(const EntryRow& row, const ReferenceData& reference);
  void write_obligation(const ObligationRow& row, const ReferenceData& reference);
  void write_rows(const Batch& batch, const ReferenceData& reference);

  Sqlite database_;
  Cursor cursor_;
  std::unique_ptr<Statements> statements_;
  std::int64_t engine_ = 0;  // Of the batch that is being written.

 public:
  ~Store();
};

// What a database has, read beside whoever writes it. Nothing where there is no database.
struct StoreStatus {
  Cursor cursor;
  RowCounts rows;  // Of one epoch, or of all.
};
[[nodiscard]] StoreStatus status_of(const std::filesystem::path& path,
                                    std::optional<std::uint32_t> epoch);

}  // namespace basalt::bridge
