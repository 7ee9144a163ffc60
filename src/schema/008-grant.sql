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
