-- What mails besides an account's draft need, and since when they are due.

-- outbox.c: the accounts that it shows, names between commas, '' for all
-- (mail.account is the one account of an invoice); what is attached to it.
-- Recipients that are its own are in mail_recipient from the beginning.
ALTER TABLE mail ADD COLUMN accounts TEXT NOT NULL DEFAULT '';
ALTER TABLE mail ADD COLUMN attach TEXT NOT NULL DEFAULT 'csv';

-- schedule.c: since when a report's instants count, and up to which invoice
-- its mails are planned. every is day, week, month, quarter, or close.
CREATE TABLE schedule (
  name TEXT NOT NULL,
  every TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  upto_invoice INTEGER NOT NULL,
  PRIMARY KEY (name, every)
) STRICT, WITHOUT ROWID;
