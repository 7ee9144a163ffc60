"""Whatever is changed at random in the database, in any table and column, is
found by verify; what is not covered is listed in the manual, with reasons."""
# timeout: 300

import gzip
import os
import random
import sqlite3
import zlib

import support
from support import manual, tamper
from support.story import Story

ROUNDS = int(os.environ.get("ROUNDS", "200"))

# Whole tables that the ledger does not state.
TABLES = {"mail", "mail_recipient", "schedule", "day_stale", "late",
          "late_from", "period_check"}

# Columns that it does not state.
COLUMNS = {
    "token.last_used_at", "report.sent_at", "report.skew_ms",
    "report.unknown_members", "report.complete", "volume.region",
    "volume.created_at", "volume.source", "volume.missing_since",
    "day_progress.working_day", "day_progress.next_volume",
}

# Those of which only --deep sees some changes.
DEEP = {"day"}


def unpack(data):
    """None when it cannot be read."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


class VerifyFindsAnyChange(support.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.story = Story.of_class(cls)

    def setUp(self):
        self.copy = tamper.Copy(self.story.server, self.folder())
        seed = int(os.environ.get("SEED", random.SystemRandom().getrandbits(
            32)))
        self.random = random.Random(seed)
        self.what = f"SEED={seed}"
        self.tables = {}  # name: ([(column, type)], key columns, rows)
        for name, in self.copy.query(
                "SELECT name FROM sqlite_schema WHERE type = 'table'"):
            info = self.copy.query(f"PRAGMA table_info({name})")
            self.tables[name] = (
                [(row[1], row[2]) for row in info],
                [row[1] for row in info if row[5]],
                self.copy.query(f"SELECT count(*) FROM {name}")[0][0])

    def filled(self):
        """Tables with rows that the ledger covers."""
        return [name for name, (_, _, rows) in self.tables.items()
                if rows > 0 and name not in TABLES]

    def rows(self, table, column="NULL"):
        """[(key, value)]"""
        keys = self.tables[table][1]
        return [(row[:-1], row[-1]) for row in self.copy.query(
            f"SELECT {', '.join(keys)}, {column} FROM {table}")]

    def where(self, table):
        return " AND ".join(f"{key} = ?" for key in self.tables[table][1])

    def other(self, value, kind):
        """Another value of the column's type."""
        rnd = self.random
        if kind == "INTEGER":
            return (value or 0) + rnd.choice(
                [1, -1, 2, 60, 3600, -7, 1000, -100])
        if kind == "BLOB":
            data = bytearray(value or bytes(32))
            data[rnd.randrange(len(data))] ^= 1 << rnd.randrange(8)
            return bytes(data)
        chars = list(value or "")
        at = rnd.randrange(len(chars) + 1)
        chars[at:at + rnd.randrange(2)] = rnd.choice("x0 9")
        return "".join(chars)

    def means_nothing(self, table, column, key, new):
        """Changes of what only costs time when it says too much."""
        if (table, column) == ("volume_account", "first_month"):
            return new < self.copy.query(
                "SELECT first_month FROM volume_account WHERE"
                f" {self.where(table)}", *key)[0][0]
        # Days without samples have no rows.
        if (table, column) == ("day_progress", "done_day"):
            done, = self.copy.query("SELECT done_day FROM day_progress")[0]
            first, last = sorted([done, new])
            return not self.copy.query(
                "SELECT 1 FROM sample WHERE hour >= ? AND hour < ? LIMIT 1",
                (first + 1) * 24, (last + 1) * 24)
        # A packed document may say how it was packed.
        if (table, column) == ("invoice_document", "bytes"):
            return unpack(new) == unpack(self.copy.query(
                f"SELECT bytes FROM {table} WHERE {self.where(table)}",
                *key)[0][0])
        # Corrections that are looked for again, and found to be billed.
        if (table, column) == ("invoice_settled", "fact") and new is not None:
            return self.is_early(*key, new)
        # Names and UUIDs that no sample has, of what was set aside.
        if table == "volume_name" or (table, column) == (
                "volume", "volume_id"):
            used = "name" if table == "volume_name" else "volume"
            return not self.copy.query(
                f"SELECT 1 FROM sample WHERE {used} = ? LIMIT 1", *key)
        return False

    def is_early(self, invoice, fact):
        """Whether it is that of an invoice behind which none corrects."""
        return bool(self.copy.query(
            "SELECT 1 FROM invoice i JOIN invoice mine ON mine.id = ?1"
            " WHERE i.account = mine.account AND i.id >= mine.id"
            " AND i.upto_fact = ?2 AND NOT EXISTS (SELECT 1 FROM invoice j"
            "   JOIN invoice_line l ON l.invoice = j.id AND l.corrects IS NOT"
            "   NULL WHERE j.account = mine.account AND j.id > mine.id AND"
            "   j.upto_fact > ?2)", invoice, fact))

    def check(self, table, column, what, text, *values):
        """Changes and verifies; a change that the schema refuses is none."""
        try:
            if self.copy.change(text, *values) == 0:
                return False
        except sqlite3.IntegrityError:
            return False
        found = self.copy.verify(*["--deep"] * (table in DEEP))
        if f"{table}.{column}" in COLUMNS:
            self.assertEqual(
                [f for f in found if not f.startswith("link: ")], [],
                f"{table}.{column} is covered now")
        else:
            self.assertTrue(found, f"{self.what}: {table}.{column}: {what}")
        self.copy.renew()
        return True

    def test_a_changed_value(self):
        done = 0
        while done < ROUNDS:
            table = self.random.choice(self.filled())
            column, kind = self.random.choice(self.tables[table][0])
            key, old = self.random.choice(self.rows(table, column))
            new = self.other(old, kind)
            if new == old or self.means_nothing(table, column, key, new):
                continue
            done += self.check(
                table, column, f"{key}: {old!r} became {new!r}",
                f"UPDATE {table} SET {column} = ? WHERE {self.where(table)}",
                new, *key)

    def test_every_column_once(self):
        for table in self.filled():
            for column, kind in self.tables[table][0]:
                rows = self.rows(table, column)
                self.random.shuffle(rows)
                for key, old in rows * (200 // len(rows) + 1):
                    new = self.other(old, kind)
                    if new != old and not self.means_nothing(
                            table, column, key, new) and self.check(
                            table, column, f"{key}: {old!r} became {new!r}",
                            f"UPDATE {table} SET {column} = ?"
                            f" WHERE {self.where(table)}", new, *key):
                        break
                else:
                    self.fail(f"no way to change {table}.{column}")

    def test_a_value_taken_from_another_row(self):
        done = 0
        while done < ROUNDS // 3:
            table = self.random.choice(self.filled())
            column, _ = self.random.choice(self.tables[table][0])
            rows = self.rows(table, column)
            (key, old), (other, new) = (
                self.random.choice(rows) for _ in range(2))
            if old == new or f"{table}.{column}" in COLUMNS or \
                    self.means_nothing(table, column, key, new):
                continue
            done += self.check(
                table, column, f"{key}: {old!r} became {new!r} of {other}",
                f"UPDATE {table} SET {column} = ? WHERE {self.where(table)}",
                new, *key)

    def test_a_deleted_row(self):
        for table in self.filled():
            rows = self.rows(table)
            for key, _ in self.random.sample(rows, min(3, len(rows))):
                if self.means_nothing(table, "volume_id", key, None):
                    continue
                self.check(table, "*", f"{key} was deleted",
                           f"DELETE FROM {table} WHERE {self.where(table)}",
                           *key)

    def test_an_inserted_row(self):
        """A copy of a row under another key."""
        extra = {"volume_name", "account_month", "volume_account", "volume",
                 "day_progress"}
        for table in self.filled():
            if table in extra:
                continue
            columns, keys, _ = self.tables[table]
            key, _ = self.random.choice(self.rows(table))
            kinds = dict(columns)
            names = [name for name, _ in columns]
            row = dict(zip(names, self.copy.query(
                f"SELECT * FROM {table} WHERE {self.where(table)}", *key)[0]))
            for name in names:
                if name in keys and (kinds[name] == "BLOB" or
                                     name == keys[-1]):
                    row[name] = (os.urandom(16) if kinds[name] == "BLOB"
                                 else 777)
                elif name in ("name", "hash") and table in (
                        "account", "source", "token"):
                    row[name] = self.other(row[name], kinds[name])
                elif name == "jti":
                    row[name] = self.other(row[name], kinds[name])
                elif table == "invoice" and name in ("serial", "period"):
                    row[name] = 99 if name == "serial" else "2026-12"
                elif name == "from_hour":
                    row[name] += 1
            marks = ", ".join("?" * len(names))
            self.assertTrue(self.check(
                table, "*", f"{row} was inserted",
                f"INSERT INTO {table} VALUES ({marks})", *row.values()),
                table)

    def test_the_manual_lists_what_is_not_covered(self):
        section = manual.section("stat.flexfs-ledger.8", "THE LEDGER",
                                 "What verify does not cover")
        listed = set()
        for item in section.items:
            listed |= set(item.head.removeprefix("Va ").split(" , "))
            self.assertGreater(len(item.text()), 20, item.head)
        rows = {"volume_name", "volume_account.first_month",
                "day_progress.done_day", "invoice_settled.fact",
                "invoice_document.bytes", "day.fact"}
        self.assertEqual(listed, COLUMNS | TABLES | rows)
        for name in listed:
            table, _, column = name.partition(".")
            self.assertIn(table, self.tables)
            if column:
                self.assertIn(column, dict(self.tables[table][0]))


if __name__ == "__main__":
    support.main()
