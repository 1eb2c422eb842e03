// The tables, as numbered migrations. A database remembers how many it has had (user_version), and
// takes the rest, each in one transaction. A migration that was released is never changed.
//
// Units. Times: nanoseconds since 1970-01-01 UTC. Quantities: lots of the instrument. Prices:
// ticks, and beside them decimal text. Amounts: minor units of the asset as decimal text, because
// they may pass 64 bits; `decimals` of the asset says where the point goes. Sequences, epochs and
// order numbers are the engine's own.
#pragma once

#include <array>

namespace basalt::bridge {

inline constexpr std::array migrations{
    // 001_init
    R"sql(
CREATE TABLE cursor (             -- How far the tables are: one row.
  only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
  engine      INTEGER NOT NULL,
  epoch       INTEGER NOT NULL,
  sequence    INTEGER NOT NULL,
  fingerprint INTEGER NOT NULL    -- Of the command there: tells whether a journal is the one.
) STRICT;
INSERT INTO cursor VALUES (1, 0, 0, 0, 0);

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (         -- The books as of a command at or before the cursor: one row.
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  sequence INTEGER NOT NULL,
  books    BLOB NOT NULL
) STRICT;

CREATE TABLE assets (
  engine INTEGER NOT NULL, asset INTEGER NOT NULL,
  name TEXT NOT NULL,
  decimals INTEGER NOT NULL,      -- Of one minor unit: 8 is 0.00000001.
  PRIMARY KEY (engine, asset)
) STRICT, WITHOUT ROWID;

CREATE TABLE instruments (
  engine INTEGER NOT NULL, instrument INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  base TEXT NOT NULL, quote TEXT NOT NULL,
  tick TEXT NOT NULL,             -- What one tick is worth, as decimal text.
  lot_value TEXT NOT NULL,        -- Minor units of base in one lot.
  tick_lot_value TEXT NOT NULL,   -- Minor units of quote that one tick on one lot is worth.
  PRIMARY KEY (engine, instrument)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  engine INTEGER NOT NULL, account INTEGER NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,             -- participant, fees, external
  PRIMARY KEY (engine, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (             -- Each new order and each replacement, whatever came of it.
  engine INTEGER NOT NULL, sequence INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  order_number INTEGER,           -- Null: refused before it had one.
  session TEXT NOT NULL,          -- The user who asked,
  user_ref_num INTEGER NOT NULL,  --   his number for it,
  user_ref_index INTEGER NOT NULL,  -- on which order flow channel,
  client_order_id TEXT NOT NULL,  --   and his text.
  account INTEGER,
  symbol TEXT,                    -- Null: no such instrument.
  side TEXT NOT NULL,             -- buy, sell
  market INTEGER NOT NULL,        -- 1: a market order; price is then its protection price,
                                  --   or where what is left of it rests.
  post_only INTEGER NOT NULL,
  price_ticks INTEGER,            -- Null: refused because it is no whole number of ticks.
  price TEXT,                     -- As asked, or where it came to rest.
  quantity INTEGER NOT NULL,      -- As asked: of a replacement the new total.
  time_in_force TEXT NOT NULL,    -- day, gtc, ioc, fok, gtd
  replaces INTEGER,               -- Sequence of the order that it replaces or was to replace.
  status TEXT NOT NULL,           -- OPEN, FILLED, CANCELED, REJECTED, REPLACED
  executed INTEGER NOT NULL,      -- Of this order itself, not of what it replaced.
  open INTEGER NOT NULL,
  reject_reason TEXT,
  cancel_reason TEXT,
  entered INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (engine, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_open ON orders (engine, sequence) WHERE status = 'OPEN';

CREATE TABLE fills (              -- One maker meets one taker.
  engine INTEGER NOT NULL, sequence INTEGER NOT NULL, event_index INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  match_number INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  maker_sequence INTEGER NOT NULL,  -- The maker's row in orders; the taker's is `sequence`.
  maker_order INTEGER NOT NULL, taker_order INTEGER NOT NULL,
  maker_account INTEGER NOT NULL, taker_account INTEGER NOT NULL,
  taker_side TEXT NOT NULL,
  price_ticks INTEGER NOT NULL, price TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (engine, sequence, event_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_entries (     -- One amount of one asset moves. Those of one event are linked.
  engine INTEGER NOT NULL, sequence INTEGER NOT NULL, event_index INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  kind TEXT NOT NULL,             -- fill quote, fill base, taker fee, maker fee, deposit,
                                  --   withdrawal
  debit INTEGER NOT NULL,         -- The account that pays,
  credit INTEGER NOT NULL,        --   and the one that receives.
  asset TEXT NOT NULL,
  amount TEXT NOT NULL,
  match_number INTEGER,           -- Of the fill, where it is one's.
  time INTEGER NOT NULL,
  PRIMARY KEY (engine, sequence, event_index, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE obligations (        -- What settlement netted, by batch.
  engine INTEGER NOT NULL, batch INTEGER NOT NULL,
  account INTEGER NOT NULL, asset TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  sequence INTEGER NOT NULL,      -- Of the command that cut the batch.
  amount TEXT NOT NULL,           -- Above zero the account receives, below it pays.
  state TEXT NOT NULL,            -- PENDING, EXECUTING, COMPLETED, FAILED; FOLDED into a later cut
  cut INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (engine, batch, account, asset)
) STRICT, WITHOUT ROWID;
)sql",
};

}  // namespace basalt::bridge
