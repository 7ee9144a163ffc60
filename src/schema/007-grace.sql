-- grace.c: how long periods that end at from_at or later wait to be closed;
-- of two rows the later one counts. Without a row: 48 hours.
CREATE TABLE grace (
  id INTEGER PRIMARY KEY,
  from_at INTEGER NOT NULL,
  secs INTEGER NOT NULL CHECK (secs >= 0)
) STRICT;
