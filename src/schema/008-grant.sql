-- grant.c: licenses that were signed for a source, each as it was signed:
-- text is a JWS, whose payload says the rest. key_id is the signing key's.
CREATE TABLE license_grant (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES source(id),
  issued_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  jti TEXT NOT NULL UNIQUE,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX license_grant_source ON license_grant (source);

-- ledger.c: the one that the answer to a report has; NULL: none.
ALTER TABLE report ADD COLUMN license_grant INTEGER REFERENCES license_grant(id);

-- day.c: rows that earlier programs wrote say the same in other bytes. They
-- are made again, so that a byte that differs is one that was changed. Those
-- of days whose samples are gone stay as the ledger states them.
INSERT OR IGNORE INTO day_stale (day, volume)
  SELECT day, volume FROM day
    WHERE day > (SELECT removed_day FROM day_progress);
