-- Closed periods. Nothing here is ever changed or deleted, but settled.

-- close.c: a closed period of an account; its number is year-serial, without
-- gaps within a year. total is what is to be paid, corrections included.
-- upto_fact is the last fact that it rests on, fact the one that closed it.
CREATE TABLE invoice (
  id INTEGER PRIMARY KEY,
  year INTEGER NOT NULL,
  serial INTEGER NOT NULL,
  account INTEGER NOT NULL REFERENCES account(id),
  period TEXT NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  closed_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  currency TEXT NOT NULL,
  total TEXT NOT NULL,
  upto_fact INTEGER NOT NULL,
  fact INTEGER NOT NULL,
  UNIQUE (year, serial),
  UNIQUE (account, period)
) STRICT;

-- close.c: what each line charged, in the order of the document. corrects is
-- the invoice that a line corrects, NULL for usage of the period itself;
-- exact is the whole fraction "num/den" of money, 0 without a rate.
CREATE TABLE invoice_line (
  invoice INTEGER NOT NULL REFERENCES invoice(id),
  line INTEGER NOT NULL,
  corrects INTEGER REFERENCES invoice(id),
  volume INTEGER NOT NULL REFERENCES volume(id),
  exact TEXT NOT NULL,
  amount TEXT NOT NULL,
  PRIMARY KEY (invoice, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX invoice_line_corrects ON invoice_line (corrects)
  WHERE corrects IS NOT NULL;

-- close.c: the document as it was made, gzip; format is json, text, html, csv
-- or pdf
CREATE TABLE invoice_document (
  invoice INTEGER NOT NULL REFERENCES invoice(id),
  format TEXT NOT NULL,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  bytes BLOB NOT NULL,
  PRIMARY KEY (invoice, format)
) STRICT, WITHOUT ROWID;

-- close.c: up to which fact an invoice's corrections have been billed
CREATE TABLE invoice_settled (
  invoice INTEGER PRIMARY KEY REFERENCES invoice(id),
  fact INTEGER NOT NULL
) STRICT;

-- close.c: what was found when a period was due to be closed and was not:
-- held, with a reason, or empty
CREATE TABLE period_check (
  account INTEGER NOT NULL REFERENCES account(id),
  period TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('held', 'empty')),
  reason TEXT NOT NULL,
  checked_at INTEGER NOT NULL,
  PRIMARY KEY (account, period)
) STRICT, WITHOUT ROWID;
