"""A database of a program that knew no rows of days gets them, the oldest day
first, and bills what it billed."""

import os
import sqlite3

import support
from support.desk import Desk
from support.books import Books
from support.money import HOUR_SECS, month_start
from support.usage import Payer, Sample
from support.rows import query, wait_for_rows

TOP = os.path.join(os.path.dirname(__file__), "../..")
BEGIN = month_start("2024-02")
FIRST_DAY = BEGIN // 86400
DAYS = 40
NOW = BEGIN + DAYS * 86400 + 3 * HOUR_SECS


def old_database(folder, samples, uuids):
    """What schema 2 had: one account, one rate, and samples."""
    path = os.path.join(folder, "stat.db")
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    db = sqlite3.connect(path)
    for step in ("001-ledger.sql", "002-outbox.sql"):
        with open(os.path.join(TOP, "src/schema", step),
                  encoding="utf-8") as f:
            db.executescript(f.read())
    db.execute("PRAGMA user_version = 2")
    db.execute("INSERT INTO account VALUES (1, 'a', 'a', 'USD', 'mean',"
               " 'carry', 6, 'document', 'half_up', 30, '', 0)")
    db.execute("INSERT INTO rate VALUES (1, 1, '', ?, '0.0371', 0)",
               (support.unix("2000-01-01T00:00:00Z") // HOUR_SECS,))
    db.execute("INSERT INTO fact VALUES (1, ?, 'report.accepted', 'x', 'x',"
               " '', NULL, NULL, ?)", (BEGIN, bytes(32)))
    db.executemany("INSERT INTO volume (id, volume_id) VALUES (?, ?)",
                   [(i + 1, bytes.fromhex(u.replace("-", "")))
                    for i, u in enumerate(uuids)])
    months = set()
    for s in samples:
        at = s.at // 10**9
        row = uuids.index(s.volume) + 1
        months.add((row, 24290 if at < month_start("2024-03") else 24291))
        db.execute("INSERT INTO sample VALUES (?, ?, ?, 0, ?, 1, 1, NULL,"
                   " NULL, NULL, NULL)",
                   (at // 3600, row, s.at % (3600 * 10**9), s.bytes))
    db.executemany("INSERT INTO volume_month VALUES (?, ?)", months)
    db.executemany("INSERT INTO account_month VALUES (1, ?)",
                   {(month,) for _, month in months})
    db.commit()
    db.close()


class OldDesk(Desk):
    """Books beside a server whose database was there before it."""

    def __init__(self, test, server):  # pylint: disable=W0231
        self.test, self.server, self.now = test, server, NOW * 10**9
        self.books = Books()
        payer = Payer("a")
        payer.add_rate("0.0371")
        self.books.add_payer(payer)


class HistoryAfterUpgrade(support.TestCase):

    def test_an_old_database_gets_its_rows(self):
        server = self.server(args=(
            "--mockTime", "--mockStart",
            support.rfc3339(NOW), "--mockRate", "0"))
        uuids = sorted(support.new_uuid() for _ in range(3))
        samples = [
            Sample(uuids[i % 3], (BEGIN + i * 1300) * 10**9,
                   (i * 7919 + 1) * 2**24, "a")
            for i in range(DAYS * 86400 // 1300)]
        old_database(server.db, samples, uuids)
        desk = OldDesk(self, server)
        for sample in samples:
            desk.books.take("s", support.new_uuid(), [sample],
                            sample.at)
        server.ok("migrate")
        march = desk.check("a", "2024-03", NOW)
        self.assertEqual(query(server, "SELECT count(*) FROM day"), [(0,)])
        server.start()
        wait_for_rows(server, FIRST_DAY + DAYS - 2)
        days = [line.fields["day"]
                for line in server.lines("history.day_compacted")]
        self.assertEqual(days, sorted(days))
        self.assertEqual((days[0], len(days)), ("2024-02-01", DAYS - 1))
        after = desk.check("a", "2024-03", NOW)
        after.pop("ledger_head")
        march.pop("ledger_head")
        self.assertEqual(after, march)


if __name__ == "__main__":
    support.main()
