-- outbox.c: what is to be mailed, and how far it is.
CREATE TABLE mail (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  period TEXT NOT NULL,
  revision INTEGER NOT NULL,
  account INTEGER REFERENCES account(id),
  state TEXT NOT NULL
    CHECK (state IN ('due', 'sending', 'sent', 'failed', 'aside')),
  created_at INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  sent_at INTEGER,
  subject TEXT NOT NULL DEFAULT '',
  last_words TEXT NOT NULL DEFAULT '',
  addressed TEXT NOT NULL DEFAULT '',
  message BLOB,
  UNIQUE (name, period, revision)
) STRICT;
CREATE INDEX mail_due ON mail (state, next_at);

CREATE TABLE mail_recipient (
  mail INTEGER NOT NULL REFERENCES mail(id),
  address TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('due', 'sent', 'failed')),
  code INTEGER NOT NULL DEFAULT 0,
  last_words TEXT NOT NULL DEFAULT '',
  last_at INTEGER,
  PRIMARY KEY (mail, address)
) STRICT, WITHOUT ROWID;
