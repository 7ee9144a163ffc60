"""`export` prints what was stored in every hour, day or month, and what it
costs exactly: as reckoned from the published rules, in fractions, for
histories made at random."""
# timeout: 600

import csv
import datetime
import io
import json
import random
from fractions import Fraction

import support
from support.histories import DAY_SECS, Chronicle
from support.desk import Desk
from support.money import (GIB, HOUR_SECS, exact_text, fraction,
                           hours_in_month, period_of)
from support.report import rfc3339
from support.usage import age_text

STEPS = ["hour", "day", "month"]
GROUPS = ["account", "volume", "bin"]
SUMS = ["byte_hours", "gib_hours", "gib_months"]


def step_bounds(step, at):
    """Unix seconds of the hour, day or month that at lies in."""
    if step != "month":
        length = HOUR_SECS if step == "hour" else DAY_SECS
        return at - at % length, at - at % length + length
    when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    begin = when.replace(day=1, hour=0, minute=0, second=0)
    after = (begin + datetime.timedelta(days=32)).replace(day=1)
    return int(begin.timestamp()), int(after.timestamp())


class Row:
    """Sums of what is reckoned."""

    def __init__(self):
        self.byte_hours = Fraction(0)
        self.months = Fraction(0)
        self.cost = Fraction(0)
        self.unrated = False
        self.hours = {"measured": 0, "estimated": 0, "unbilled": 0}
        self.counted = set()
        self.name = None

    def add(self, payer, run, at, volume, age):
        month = period_of(at)
        rate = payer.rate_at(age, at // HOUR_SECS)
        size = Fraction(run.sizes[age])
        self.byte_hours += size
        self.months += size / GIB / hours_in_month(month)
        if rate is None:
            self.unrated = self.unrated or size != 0
        else:
            self.cost += size / GIB / hours_in_month(month) \
                * fraction(rate[2])
        if (volume, at) not in self.counted:
            self.counted.add((volume, at))
            self.hours[run.kind] += 1


def reckon(books, payer, first, after, now, step, group):
    """{(from, to, key): Row}, the key as a row has it."""
    rows = {}
    for volume, track in books.tracks.items():
        for run in track.runs(books.payers, first // HOUR_SECS,
                              after // HOUR_SECS, now // HOUR_SECS):
            if run.account != payer.name:
                continue
            for hour in range(run.hour, run.hour + run.count):
                at = hour * HOUR_SECS
                begin, end = step_bounds(step, at)
                for age in run.sizes:
                    key = {"account": None, "volume": volume,
                           "bin": age_text(age)}[group]
                    row = rows.setdefault(
                        (max(begin, first), min(end, after), key), Row())
                    row.add(payer, run, at, volume, age)
                    if run.names:
                        row.name = run.names[-1]
    return rows


class ExportAddsUp(support.TestCase):

    def setUp(self):
        self.rng = random.Random("export")

    def export(self, desk, *words):
        return desk.server.ok("export", *words, *desk.clock_flags(None))

    def check_row(self, got, want, begun):
        self.assertEqual(got["byte_hours"], exact_text(want.byte_hours))
        self.assertEqual(got["gib_hours"], exact_text(want.byte_hours / GIB))
        self.assertEqual(got["gib"],
                         exact_text(want.byte_hours / GIB / begun))
        self.assertEqual(got["gib_months"], exact_text(want.months))
        self.assertEqual(got["cost"], None if want.unrated
                         else exact_text(want.cost))
        self.assertEqual(got["hours"], want.hours)
        if want.name is not None and "name" in got:
            self.assertEqual(got["name"], want.name)

    def check(self, desk, payer, first, after, step, group):
        got = json.loads(self.export(
            desk, "--from", rfc3339(first), "--to", rfc3339(after), "--step",
            step, "--groupBy", group, "--account", payer.name, "--format",
            "json"))
        now = desk.seconds()
        want = reckon(desk.books, payer, first, after, now, step, group)
        found = {}
        for row in got:
            begin, end = support.unix(row["from"]), support.unix(row["to"])
            key = row.get({"account": "none", "volume": "volume_id",
                           "bin": "max_age"}[group])
            self.assertNotIn((begin, end, key), found)
            found[begin, end, key] = row
            self.assertEqual((row["account"], row["currency"]),
                             (payer.name, payer.currency))
        self.assertEqual(sorted(found, key=str), sorted(want, key=str))
        self.assertEqual([row["from"] for row in got],
                         sorted(row["from"] for row in got))
        for (begin, end, key), row in found.items():
            begun = min(end, now - now % HOUR_SECS + HOUR_SECS) - begin
            self.check_row(row, want[begin, end, key],
                           max(1, begun // HOUR_SECS))
        return len(got)

    def check_state(self, desk, payer, at):
        """As a bill has it."""
        period = period_of(at, payer.period)
        bill = desk.check(payer.name, period)
        rows = json.loads(self.export(
            desk, "--from", rfc3339(at), "--to", rfc3339(at + DAY_SECS),
            "--groupBy", "account", "--account", payer.name, "--format",
            "json"))
        for row in rows:
            if row["state"] != "empty":
                self.assertEqual(row["state"], bill["state"])

    def somewhere(self, story, payer):
        """Before a month's end, or before a rate changes."""
        changes = [hour * HOUR_SECS for _, hour in payer.orders
                   if hour * HOUR_SECS > story.border - 34 * DAY_SECS]
        at = self.rng.choice(changes or story.borders[:2])
        return at - at % HOUR_SECS - HOUR_SECS * self.rng.randrange(1, 200)

    def test_every_row_is_as_reckoned(self):
        count = 0
        for number in (0, 100):
            story = Chronicle(self, Desk, self.rng, number, 8)
            story.run()
            desk = story.desk
            for payer in desk.books.payers.values():
                at = self.somewhere(story, payer)
                after = at + HOUR_SECS * self.rng.choice([1, 200, 300, 900])
                for step in STEPS:
                    count += self.check(desk, payer, at, after, step,
                                        self.rng.choice(GROUPS))
                self.check_state(desk, payer, story.border - DAY_SECS)
        self.assertGreater(count, 500)

    def test_csv_says_the_same_as_json(self):
        story = Chronicle(self, Desk, self.rng, 200, 3)
        story.run()
        for group in GROUPS:
            words = ["--from", rfc3339(story.border - 3 * DAY_SECS),
                     "--to", rfc3339(story.border + 3 * DAY_SECS),
                     "--groupBy", group]
            text = self.export(story.desk, *words)
            self.assertEqual(text.count("\r\n"), text.count("\n"))
            rows = list(csv.DictReader(io.StringIO(text, newline="")))
            self.assertGreater(len(rows), 3)
            wanted = json.loads(self.export(
                story.desk, *words, "--format", "json"))
            self.assertEqual(rows, [
                {name: value or "" for name, value in {
                    **{n: v for n, v in row.items()
                       if n not in ("hours", "state")},
                    **{f"hours_{kind}": str(n)
                       for kind, n in row["hours"].items()},
                    "state": row["state"]}.items()} for row in wanted])

    def test_what_is_wrong_is_said(self):
        server = self.server()
        server.create_account("acme")
        for words, why in [
                (("2026-10-01", "2026-10-01"), "ends before it begins"),
                (("2026-10-02", "2026-10-01"), "ends before it begins"),
                (("2026-10", "2026-10-01"), "--from is a date"),
                (("2026-10-01", "tomorrow"), "--to is a date"),
                (("2026-10-01T00:30:00Z", "2026-10-02"), "whole hours"),
                (("2026-10-01", "2026-10-02", "--account", "none"),
                 "none")]:
            result = server.cli("export", "--from", words[0], "--to",
                                *words[1:])
            self.assertEqual((result.code, result.stdout.count("acme")),
                             (1, 0), words)
            self.assertIn(why, result.stderr)
        result = server.cli("export", "--from", "2026-10-01", "--to",
                            "2026-10-02", "--format", "json")
        self.assertEqual((result.code, result.stdout), (0, "[]\n"))

    def test_a_full_disk_is_not_done(self):
        server = self.server()
        server.create_account("acme")
        result = support.server.subprocess.run(
            support.binary() + ["export", "--from", "2026-10-01", "--to",
                                "2026-10-02", "--dbFolder", server.db],
            stdout=open("/dev/full", "w"), stderr=-1, text=True,
            timeout=60, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot write to standard output", result.stderr)


if __name__ == "__main__":
    support.main()
