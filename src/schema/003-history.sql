-- What closing, corrections and a compact history need.

-- rate.c: the fact that states the rate; 0: older than this column
ALTER TABLE rate ADD COLUMN fact INTEGER NOT NULL DEFAULT 0;

-- account.c: how long its periods are
ALTER TABLE account ADD COLUMN period TEXT NOT NULL DEFAULT 'month'
  CHECK (period IN ('month', 'quarter'));

-- volume.c: the source of its last sample; since when (unix seconds) a
-- complete report has left it out; the end that an operator insists on: an
-- earlier one that is stated does not count.
ALTER TABLE volume ADD COLUMN source INTEGER REFERENCES source(id);
ALTER TABLE volume ADD COLUMN missing_since INTEGER;
ALTER TABLE volume ADD COLUMN lives_until INTEGER;
CREATE INDEX volume_source ON volume (source);

-- volume.c: every end that counted, so that a closed bill can be computed
-- again as it was known then. fact is that of the report or release.
CREATE TABLE volume_end (
  volume INTEGER NOT NULL REFERENCES volume(id),
  fact INTEGER NOT NULL,
  retired_at INTEGER,
  PRIMARY KEY (volume, fact)
) STRICT, WITHOUT ROWID;
INSERT INTO volume_end (volume, fact, retired_at)
  SELECT id, 0, retired_at FROM volume WHERE retired_at IS NOT NULL;

-- volume.c: the volumes that an account has samples of, from which month on
CREATE TABLE volume_account (
  account INTEGER NOT NULL REFERENCES account(id),
  volume INTEGER NOT NULL REFERENCES volume(id),
  first_month INTEGER NOT NULL,
  PRIMARY KEY (account, volume)
) STRICT, WITHOUT ROWID;
INSERT INTO volume_account (account, volume, first_month)
  SELECT account, volume,
    CAST(strftime('%Y', min(hour) * 3600, 'unixepoch') AS INTEGER) * 12
    + CAST(strftime('%m', min(hour) * 3600, 'unixepoch') AS INTEGER) - 1
  FROM sample GROUP BY account, volume;

-- late.c: months that were closed when a sample, or an end, came that may
-- change what a volume cost in them; fact is the latest such
CREATE TABLE late (
  volume INTEGER NOT NULL REFERENCES volume(id),
  month INTEGER NOT NULL,
  fact INTEGER NOT NULL,
  PRIMARY KEY (volume, month)
) STRICT, WITHOUT ROWID;
CREATE INDEX late_fact ON late (fact);

-- late.c: one row. What ended up to this instant is closed, or is about to be.
CREATE TABLE late_from (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  to_at INTEGER NOT NULL
) STRICT;
INSERT INTO late_from VALUES (1, 0);

-- day.c: the samples of a closed day of one volume, as day.h describes them.
-- Clustered by day, so that rows append; fact is the highest of its samples.
CREATE TABLE day (
  day INTEGER NOT NULL,
  volume INTEGER NOT NULL,
  fact INTEGER NOT NULL,
  hours BLOB NOT NULL,
  PRIMARY KEY (day, volume)
) STRICT, WITHOUT ROWID;

-- day.c: rows of day (there or not) that do not say any more what the
-- samples say
CREATE TABLE day_stale (
  day INTEGER NOT NULL,
  volume INTEGER NOT NULL,
  PRIMARY KEY (day, volume)
) STRICT, WITHOUT ROWID;

-- day.c: one row. Every day up to done_day has its rows; those of
-- working_day are being written, from next_volume on; the samples of days up
-- to removed_day are gone. A day is unix seconds / 86400.
CREATE TABLE day_progress (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  done_day INTEGER NOT NULL,
  working_day INTEGER NOT NULL,
  next_volume INTEGER NOT NULL,
  removed_day INTEGER NOT NULL
) STRICT;
INSERT INTO day_progress VALUES (1, 0, 0, 0, 0);
