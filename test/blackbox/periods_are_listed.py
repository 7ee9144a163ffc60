"""`list periods`, `list invoices`, `show period` and `show invoice`: what
became of each period, and the frozen documents."""

import contextlib
import csv
import io
import json
import sqlite3
import time

import support
from support.desk import every, nanos
from support.explained import Story
from support.money import GIB
from support.usage import Payer, Sample


class PeriodsAreListed(support.TestCase):

    def setUp(self):
        acme = Payer("acme")
        acme.add_rate("0.744")
        held = Payer("held", gap_policy="hold")
        held.add_rate("1")
        self.story = Story(self, "2026-10-01T00:00:00Z")
        self.story.open(acme, held, Payer("norate"), Payer("silent")).start()

    def rows(self, *words):
        return json.loads(self.story.server.ok(
            *words, "--output", "json",
            *(self.story.clock_flags() if "period" in words[1] else ())))

    def live(self):
        """October is closed for acme, held for the others; November has
        nothing, December an hour of nothing stored, and a late sample that
        corrects October."""
        story = self.story
        story.clock("2026-11-01T00:30:00Z")
        self.volume = support.new_uuid()
        story.send("acme", *every(
            self.volume, "acme", 100 * GIB, "2026-10-01T00:00:00Z",
            "2026-11-01T00:00:00Z",
            retired_at=support.unix("2026-11-01T00:00:00Z")))
        for name in ("held", "norate"):
            story.send("acme", *every(
                support.new_uuid(), name, 100 * GIB, "2026-10-01T00:00:00Z",
                "2026-10-31T12:00:00Z",
                retired_at=support.unix("2026-11-01T00:00:00Z")))
        story.clock("2026-11-03T01:00:00Z")
        story.closed("acme", "2026-10")
        story.clock("2026-12-04T01:00:00Z")
        # Before that a correction stands on November.
        self.wait_until(
            lambda: self.query("SELECT count(*) FROM period_check"
                               " WHERE period = '2026-11'") == [(3,)],
            "November was looked at", 60)
        story.send("acme", Sample(
            self.volume, nanos("2026-10-31T05:30:00Z"), 2080 * GIB, "acme"),
            Sample(support.new_uuid(), nanos("2026-12-04T00:30:00Z"), 0,
                   "acme", retired_at=support.unix("2026-12-04T01:00:00Z")))

    def test_each_period_has_its_state(self):
        self.live()
        rows = self.rows("list", "periods")
        self.assertEqual(
            [(r["account"], r["period"], r["state"], r["reason"])
             for r in rows], [
                 ("acme", "2026-10", "closed", None),
                 ("acme", "2026-11", "empty", None),
                 ("acme", "2026-12", "open", None),
                 ("held", "2026-10", "held", "missing_hours"),
                 ("held", "2026-11", "empty", None),
                 ("held", "2026-12", "open", None),
                 ("norate", "2026-10", "held", "unrated_usage"),
                 ("norate", "2026-11", "empty", None),
                 ("norate", "2026-12", "open", None)])
        self.assertEqual(rows[0], {
            "account": "acme", "period": "2026-10", "state": "closed",
            "reason": None, "number": "2026-00001", "currency": "USD",
            "total": "74.40", "exact": None, "measured": None,
            "estimated": None, "unbilled": None, "forecast": None})
        self.assertEqual(
            (rows[2]["total"], rows[2]["exact"], rows[2]["forecast"],
             rows[2]["measured"]), ("0.99", "0", "0.99", 1))
        self.assertEqual(
            [rows[3][name] for name in ("measured", "estimated", "unbilled")],
            [732, 0, 12])
        self.assertIsNone(rows[6]["total"])
        self.assertEqual(self.rows("list", "periods", "--account", "acme"),
                         rows[:3])
        self.assertEqual(self.rows("list", "periods", "--account", "silent"),
                         [])

    def query(self, text):
        return self.story.query(text)

    def test_an_ended_period_is_a_draft_and_an_empty_one_is_found(self):
        """... also when nobody has looked at it."""
        story = self.story
        story.clock("2026-11-01T00:30:00Z")
        story.send("acme", *every(
            support.new_uuid(), "acme", GIB, "2026-10-01T00:00:00Z",
            "2026-11-01T00:00:00Z",
            retired_at=support.unix("2026-11-01T00:00:00Z")))
        self.assertEqual([r["state"] for r in self.rows("list", "periods")],
                         ["draft", "open"])
        story.server.stop()
        story.now = "2027-01-01T12:00:00Z"
        self.assertEqual(
            [(r["period"], r["state"]) for r in self.rows("list", "periods")],
            [("2026-10", "draft"), ("2026-11", "empty"),
             ("2026-12", "draft"), ("2027-01", "open")])

    def test_a_period_is_shown_with_its_months_and_corrections(self):
        self.live()
        period = self.rows("show", "period", "2026-12", "--account", "acme")
        correction, = period["corrections"]
        self.assertEqual(
            (period["state"], period["closes_at"], period["number"]),
            ("open", "2027-01-03T00:00:00Z", None))
        self.assertEqual(
            (correction["corrects"], correction["volume_id"],
             correction["amount"], correction["exact"], correction["from"]),
            ("2026-10", self.volume, "0.99", "0.99", "2026-10-31T05:00:00Z"))
        self.assertEqual(period["months"], [
            {"month": "2026-12", "hours_in_month": 744, "measured": 1,
             "estimated": 0, "unbilled": 0}])
        closed = self.rows("show", "period", "2026-10", "--account", "acme")
        self.assertEqual(
            {name: closed[name] for name in (
                "state", "closes_at", "number", "closed_at", "due", "total",
                "exact", "gib_months", "lines", "measured")},
            {"state": "closed", "closes_at": None, "number": "2026-00001",
             "closed_at": "2026-11-03T01:00:00Z", "due": "2026-12-03",
             "total": "74.40", "exact": "74.4", "gib_months": "100",
             "lines": 1, "measured": 744})
        quarter = self.rows("show", "period", "2026-Q4", "--account", "acme")
        self.assertEqual(len(quarter["months"]), 3)
        self.assertEqual(quarter["hours_in_period"], 2208)

    def test_invoices_are_listed_and_printed_as_they_were_closed(self):
        self.live()
        story = self.story
        story.server.ok("close", "period", "2026-10", "--account", "held",
                        "--reason", "as agreed", *story.clock_flags())
        story.clock("2027-01-03T01:00:00Z")
        story.closed("acme", "2026-12")
        invoices = self.rows("list", "invoices")
        self.assertEqual(
            [(i["number"], i["account"], i["period"], i["total"],
              i["corrections"]) for i in invoices],
            [("2026-00001", "acme", "2026-10", "74.40", 0),
             ("2026-00002", "held", "2026-10", "98.39", 0),
             ("2027-00001", "acme", "2026-12", "0.99", 1)])
        self.assertEqual((invoices[2]["closed_at"], invoices[2]["due"]),
                         ("2027-01-03T01:00:00Z", "2027-02-02"))
        self.assertEqual(
            self.rows("list", "invoices", "--account", "held"), invoices[1:2])
        for form in ("text", "html", "csv", "json"):
            shown = story.server.ok(
                "show", "invoice", "2027-00001", "--output", form)
            self.assertEqual(shown, story.server.ok(
                "report", "--account", "acme", "--period", "2026-12",
                "--format", form, *story.clock_flags()))
            self.assertIn("2026-10", shown)
        self.assertIn("2027-00001", story.server.ok(
            "show", "invoice", "2027-00001"))

    def test_money_below_zero_is_no_formula(self):
        self.live()
        self.story.send("acme", Sample(
            self.volume, nanos("2026-10-31T05:00:00Z"), 0, "acme",
            revision=1), Sample(
                self.volume, nanos("2026-10-31T05:30:00Z"), 0, "acme",
                revision=1))
        text = self.story.server.ok("list", "periods", "--account", "acme",
                                    "--output", "csv",
                                    *self.story.clock_flags())
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(rows[-1]["total"], "-0.10")

    def test_what_is_not_there_is_named(self):
        server = self.story.server
        for words, code, said in (
                (("list", "periods", "--account", "nobody"), 1, "nobody"),
                (("list", "invoices", "--account", "nobody"), 1, "nobody"),
                (("show", "invoice", "2026-00009"), 1,
                 "there is no invoice 2026-00009"),
                (("show", "invoice", "nine"), 1, "2026-00001"),
                (("show", "period", "2026-10", "--account", "nobody"), 1,
                 "nobody"),
                (("show", "period", "2026-10"), 2, "account"),
                (("show", "period", "10", "--account", "acme"), 2,
                 "a period is a month"),
                (("show", "invoice"), 2, "NUMBER")):
            with self.subTest(words=words):
                result = server.cli(*words)
                self.assertEqual((result.code, result.stdout), (code, ""))
                self.assertIn(said, result.stderr)

    def test_five_years_of_a_thousand_accounts_are_listed_at_once(self):
        """Closed periods are not looked into."""
        months = [f"{2022 + i // 12}-{i % 12 + 1:02}" for i in range(60)]
        with contextlib.closing(sqlite3.connect(
                f"{self.story.server.db}/stat.db")) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
                " FROM n WHERE i < 1000) INSERT INTO account SELECT"
                " NULL, printf('a%04d', i), '', 'USD', 'mean', 'carry', 6,"
                " 'document', 'half_up', 30, '', 0, 'month' FROM n")
            db.execute("INSERT INTO account_month SELECT id, 2022 * 12"
                       " FROM account WHERE name LIKE 'a0%'"
                       " OR name LIKE 'a1%'")
            for i, month in enumerate(months):
                db.execute(
                    "INSERT INTO invoice SELECT NULL, 2100, ?1 * 1000 + id,"
                    " id, ?2, ?3, ?4, 0, 0, 'USD', '1.00', 1, 1 FROM account"
                    " WHERE name LIKE 'a0%' OR name LIKE 'a1%'",
                    (i, month, support.month_start(month),
                     support.month_start(months[i + 1])
                     if i + 1 < len(months)
                     else support.month_start("2027-01")))
            db.commit()
        self.story.server.stop()
        self.story.now = "2027-01-01T12:00:00Z"
        begin = time.monotonic()
        rows = self.rows("list", "periods")
        took = time.monotonic() - begin
        self.assertEqual(len(rows), 1000 * 61)
        self.assertEqual({r["state"] for r in rows}, {"closed", "open"})
        self.assertEqual(len(self.rows("list", "invoices")), 60000)
        self.assertLess(took, 15)


if __name__ == "__main__":
    support.main()
