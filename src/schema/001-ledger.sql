-- Who pays, who reports, what it costs, and what was reported.
--
-- Instants are unix seconds (UTC); an hour is instant / 3600, a month is
-- year * 12 + month - 1. UUIDs are 16 bytes. Money and rates are decimal
-- text. Each table is written by the file of src/ that is named with it.

-- account.c
CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  currency TEXT NOT NULL,
  average TEXT NOT NULL CHECK (average IN ('mean', 'time_weighted')),
  gap_policy TEXT NOT NULL
    CHECK (gap_policy IN ('carry', 'zero', 'interpolate', 'hold')),
  max_carry_hours INTEGER NOT NULL CHECK (max_carry_hours >= 0),
  rounding TEXT NOT NULL CHECK (rounding IN ('document', 'line')),
  rounding_mode TEXT NOT NULL
    CHECK (rounding_mode IN ('half_up', 'half_even')),
  net_days INTEGER NOT NULL CHECK (net_days >= 0),
  report_to TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- source.c: an admin server, and the accounts it may report for
CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  disabled INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE source_account (
  source INTEGER NOT NULL REFERENCES source(id),
  account INTEGER NOT NULL REFERENCES account(id),
  PRIMARY KEY (source, account)
) STRICT, WITHOUT ROWID;

-- token.c: only SHA-256 of a token is kept
CREATE TABLE token (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  role TEXT NOT NULL CHECK (role IN ('source', 'reader', 'operator')),
  source INTEGER REFERENCES source(id),
  account INTEGER REFERENCES account(id),
  created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  last_used_at INTEGER,
  CHECK ((role = 'source') = (source IS NOT NULL))
) STRICT;

-- rate.c: never edited; a change is a new row. max_age '' is all ages.
CREATE TABLE rate (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account(id),
  max_age TEXT NOT NULL,
  from_hour INTEGER NOT NULL,
  rate TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (account, max_age, from_hour)
) STRICT;

-- fact.c: the append-only chain; hash covers the row and the hash before it
CREATE TABLE fact (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  who TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  body_sha256 BLOB,
  rows_sha256 BLOB,
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- ledger.c: a report is its row here and its fact; samples name the fact
CREATE TABLE report (
  source INTEGER NOT NULL REFERENCES source(id),
  report_id BLOB NOT NULL CHECK (length(report_id) = 16),
  fact INTEGER NOT NULL,
  sent_at INTEGER NOT NULL,
  skew_ms INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  quarantined INTEGER NOT NULL,
  unknown_members INTEGER NOT NULL,
  complete INTEGER NOT NULL,
  PRIMARY KEY (source, report_id)
) STRICT, WITHOUT ROWID;

-- volume.c
CREATE TABLE volume (
  id INTEGER PRIMARY KEY,
  volume_id BLOB NOT NULL UNIQUE CHECK (length(volume_id) = 16),
  region TEXT NOT NULL DEFAULT '',
  created_at INTEGER,
  retired_at INTEGER
) STRICT;

CREATE TABLE volume_name (
  id INTEGER PRIMARY KEY,
  volume INTEGER NOT NULL REFERENCES volume(id),
  name TEXT NOT NULL,
  UNIQUE (volume, name)
) STRICT;

-- The months in which a volume has samples: finds the hour before a gap.
CREATE TABLE volume_month (
  volume INTEGER NOT NULL REFERENCES volume(id),
  month INTEGER NOT NULL,
  PRIMARY KEY (volume, month)
) STRICT, WITHOUT ROWID;

-- volume.c: the months in which an account has samples.
CREATE TABLE account_month (
  account INTEGER NOT NULL REFERENCES account(id),
  month INTEGER NOT NULL,
  PRIMARY KEY (account, month)
) STRICT, WITHOUT ROWID;

-- sample.c: clustered by time, so that reports append. Of one key the highest revision
-- counts, the others stay. bins is NULL or text like "720:123 2160:45 0:6":
-- hours of age (0: open end) and bytes. fact is that of the report.
CREATE TABLE sample (
  hour INTEGER NOT NULL,
  volume INTEGER NOT NULL,
  nanos INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  account INTEGER NOT NULL,
  fact INTEGER NOT NULL,
  name INTEGER,
  bins TEXT,
  retired_bytes INTEGER,
  inodes INTEGER,
  PRIMARY KEY (hour, volume, nanos, revision)
) STRICT, WITHOUT ROWID;

-- quarantine.c: what could not be taken as it is; body is the volume's object as sent.
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY,
  fact INTEGER NOT NULL,
  position INTEGER NOT NULL,
  volume_id BLOB NOT NULL,
  account INTEGER NOT NULL REFERENCES account(id),
  reason TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open'
    CHECK (state IN ('open', 'released', 'discarded')),
  settled_fact INTEGER
) STRICT;
CREATE INDEX quarantine_fact ON quarantine (fact, position);
CREATE INDEX quarantine_open ON quarantine (state) WHERE state = 'open';
