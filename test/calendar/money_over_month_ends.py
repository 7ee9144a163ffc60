"""Gaps, averages and lives of volumes that reach over the ends of months and
years: what a month owes does not depend on where the one before ended."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../blackbox"))

import support  # noqa: E402
from support.desk import Desk, every, nanos  # noqa: E402
from support.money import (GIB, HOUR_SECS, hours_in_month,  # noqa: E402
                           month_start)
from support.usage import Payer, Sample  # noqa: E402

RATE = "0.037"


class Calendar(support.TestCase):

    def desk(self, start):
        desk = Desk(self, start)
        self.addCleanup(desk.server.close)
        return desk

    def open(self, desk, name, rate=RATE, **options):
        payer = Payer(name, **options)
        payer.add_rate(rate)
        desk.open(payer)
        desk.source(name, name)
        return payer

    def hours_of(self, bill):
        return tuple(bill["hours"][kind]
                     for kind in ("measured", "estimated", "unbilled"))

    # --- months ---

    def test_each_length_of_month_has_its_own_hours(self):
        """One GiB at 1.00 is 1.00 in every month of 2000, a leap year, of
        2099 to 2101, around one that is none, and at the year's end."""
        months = ["2000-01", "2000-02", "2000-03", "2000-04", "2000-12",
                  "2001-01", "2001-02", "2023-02", "2024-02", "2100-02",
                  "2100-12", "2101-01"]
        desk = self.desk(month_start(months[0]))
        self.open(desk, "a", rate="1", gap_policy="zero")
        desk.start()
        for month in months:
            begin = month_start(month)
            end = begin + hours_in_month(month) * HOUR_SECS
            desk.clock(end)
            desk.send("a", every(support.new_uuid(), "a", GIB, begin, end,
                                 retired_at=end))
            bill = desk.check("a", month)
            with self.subTest(month=month):
                self.assertEqual(bill["hours_in_month"] * HOUR_SECS,
                                 end - begin)
                self.assertEqual((bill["total"], bill["exact"]),
                                 ("1.00", "1"))
                self.assertEqual(bill["lines"][0]["hours"]["measured"],
                                 bill["hours_in_month"])
        self.assertEqual(desk.check("a", "2000-Q1")["total"], "3.00")

    def test_a_sample_just_before_midnight_is_the_old_months(self):
        """... at a year's end too, to the nanosecond."""
        desk = self.desk("2026-01-01T00:00:00Z")
        for name, average in (("mean", "mean"), ("tw", "time_weighted")):
            self.open(desk, name, gap_policy="zero", average=average)
        desk.start()
        for name in ("mean", "tw"):
            volume = support.new_uuid()
            desk.send(name, [
                Sample(volume, nanos(at), size * GIB, name)
                for at, size in (("2025-12-31T23:59:59.999Z", 3),
                                 ("2025-12-31T23:59:59.999999999Z", 5),
                                 ("2026-01-01T00:00:00Z", 7),
                                 ("2026-01-01T00:00:00.000000001Z", 9))])
            old = desk.check(name, "2025-12", "2026-01-02T00:00:00Z")
            new = desk.check(name, "2026-01", "2026-01-02T00:00:00Z")
            self.assertEqual(self.hours_of(old), (1, 0, 0))
            self.assertEqual(self.hours_of(new), (1, 0, 23))
            if name == "mean":
                self.assertEqual(old["lines"][0]["byte_hours"], str(4 * GIB))
                self.assertEqual(new["lines"][0]["byte_hours"], str(8 * GIB))

    # --- gaps ---

    def test_a_gap_over_the_months_end_is_carried_into_the_next_one(self):
        """Measured until 22:00 on the last day, then not before 05:00: one
        hour is carried in the old month, five in the new one."""
        desk = self.desk("2024-03-02T00:00:00Z")
        for average in ("mean", "time_weighted"):
            self.open(desk, average, average=average)
        desk.start()
        for name in ("mean", "time_weighted"):
            volume = support.new_uuid()
            for first, until in (("2024-02-29T10:30:00Z",
                                  "2024-02-29T23:00:00Z"),
                                 ("2024-03-01T05:20:00Z",
                                  "2024-03-01T09:00:00Z")):
                desk.send(name, every(volume, name, 10 * GIB, first, until))
            old = desk.check(name, "2024-02", "2024-03-01T09:00:00Z")
            new = desk.check(name, "2024-03", "2024-03-01T09:00:00Z")
            self.assertEqual(self.hours_of(old), (13, 1, 0))
            self.assertEqual(self.hours_of(new), (4, 5, 0))

    def test_a_gap_is_carried_no_further_than_it_may(self):
        """... counted from its beginning, in whichever month that was."""
        desk = self.desk("2024-05-03T00:00:00Z")
        self.open(desk, "short", max_carry=3)
        self.open(desk, "none", max_carry=0)
        desk.start()
        for name, old_hours, new_hours in (("short", (1, 2, 0), (1, 1, 8)),
                                           ("none", (1, 0, 2), (1, 0, 9))):
            volume = support.new_uuid()
            desk.send(name, every(volume, name, GIB, "2024-04-30T21:00:00Z",
                                  "2024-04-30T22:00:00Z"))
            desk.send(name, every(volume, name, GIB, "2024-05-01T09:00:00Z",
                                  "2024-05-01T10:00:00Z"))
            now = "2024-05-01T10:00:00Z"
            self.assertEqual(
                self.hours_of(desk.check(name, "2024-04", now)), old_hours)
            self.assertEqual(
                self.hours_of(desk.check(name, "2024-05", now)), new_hours)

    def test_three_days_are_carried_when_the_account_says_so(self):
        """A gap longer than 48 h under a limit of 72 h, over the border; the
        last hour's value rests on the sample before it."""
        desk = self.desk("2024-05-04T00:00:00Z")
        for average in ("mean", "time_weighted"):
            self.open(desk, average, average=average, max_carry=72)
        desk.start()
        for name in ("mean", "time_weighted"):
            volume = support.new_uuid()
            # 71 hours apart, then silence: the value of the second one's
            # hour begins with the first one's.
            desk.send(name, [
                Sample(volume, nanos(at), size * GIB, name)
                for at, size in (("2024-04-25T16:10:00Z", 11),
                                 ("2024-04-28T15:40:00Z", 17))])
            april = desk.check(name, "2024-04", "2024-05-04T00:00:00Z")
            may = desk.check(name, "2024-05", "2024-05-04T00:00:00Z")
            self.assertEqual(self.hours_of(april), (2, 70 + 56, 0))
            self.assertEqual(self.hours_of(may), (0, 16, 56))

    def test_a_straight_line_crosses_the_months_end(self):
        """100 GiB at 20:00, 180 GiB at 04:00: a step of 10 GiB an hour; the
        end decides, also while its month is the later one."""
        desk = self.desk("2024-02-02T00:00:00Z")
        self.open(desk, "line", gap_policy="interpolate")
        desk.start()
        volume = support.new_uuid()
        desk.send("line", [
            Sample(volume, nanos(at), size * GIB, "line")
            for at, size in (("2024-01-31T20:00:00Z", 100),
                             ("2024-02-01T04:00:00Z", 180))])
        now = "2024-02-01T05:00:00Z"
        old = desk.check("line", "2024-01", now)
        new = desk.check("line", "2024-02", now)
        self.assertEqual(old["lines"][0]["byte_hours"],
                         str((100 + 110 + 120 + 130) * GIB))
        self.assertEqual(new["lines"][0]["byte_hours"],
                         str((140 + 150 + 160 + 170 + 180) * GIB))
        self.assertEqual(self.hours_of(old), (1, 3, 0))
        self.assertEqual(self.hours_of(new), (1, 4, 0))

    def test_a_straight_line_has_the_same_ends_in_both_months(self):
        """The hour before the gap is time-weighted and begins with the
        sample before it, wherever it lies before the month's end."""
        desk = self.desk("2024-05-04T00:00:00Z")
        accounts = [f"a{hours}" for hours in range(1, 31)]
        for name in accounts:
            self.open(desk, name, gap_policy="interpolate",
                      average="time_weighted")
        desk.start()
        border = month_start("2024-05")
        for name in accounts:
            volume = support.new_uuid()
            last = border - int(name[1:]) * HOUR_SECS + 1800
            desk.send(name, every(volume, name, 64 * GIB,
                                  last - 3 * HOUR_SECS, last + 1)
                      + every(volume, name, 128 * GIB, border + 7 * HOUR_SECS,
                              border + 8 * HOUR_SECS))
        now = "2024-05-01T08:00:00Z"
        for name in accounts:
            with self.subTest(hours_before_the_end=int(name[1:])):
                desk.check(name, "2024-04", now)
                desk.check(name, "2024-05", now)

    # --- lives ---

    def test_a_volume_that_was_silent_for_months_is_still_there(self):
        """Nothing is billed, but its hours are told, and a straight line
        reaches over whole months."""
        desk = self.desk("2025-11-20T00:00:00Z")
        for policy in ("carry", "zero", "interpolate", "hold"):
            self.open(desk, policy, gap_policy=policy)
        desk.start()
        volumes = {}
        for policy in ("carry", "zero", "interpolate", "hold"):
            volumes[policy] = support.new_uuid()
            desk.send(policy, every(volumes[policy], policy, 8 * GIB,
                                    "2025-11-10T00:00:00Z",
                                    "2025-11-10T05:00:00Z"))
        desk.clock("2026-03-05T00:00:00Z")
        for policy, volume in volumes.items():
            self.assertEqual(
                self.hours_of(desk.check(policy, "2026-01")),
                (0, 0, 744))
            desk.send(policy, every(volume, policy, 24 * GIB,
                                    "2026-03-03T00:00:00Z",
                                    "2026-03-03T02:00:00Z"))
            for month in ("2025-11", "2025-12", "2026-01", "2026-02",
                          "2026-03", "2025-Q4", "2026-Q1"):
                bill = desk.check(policy, month)
                if month == "2026-01":
                    line = policy == "interpolate"
                    self.assertEqual(self.hours_of(bill),
                                     (0, 744, 0) if line else (0, 0, 744))
                    self.assertEqual(bill["state"],
                                     {"interpolate": "held",
                                      "hold": "held"}.get(policy, "draft"))

    def test_a_volume_that_appears_in_mid_month_owes_nothing_before(self):
        desk = self.desk("2024-02-20T00:00:00Z")
        self.open(desk, "a", gap_policy="interpolate")
        desk.start()
        volume = support.new_uuid()
        desk.send("a", [
            Sample(volume, nanos("2024-02-15T10:40:00Z"), 5 * GIB, "a"),
            Sample(volume, nanos("2024-02-15T13:10:00Z"), 8 * GIB, "a")])
        bill = desk.check("a", "2024-02", "2024-02-15T14:00:00Z")
        self.assertEqual(self.hours_of(bill), (2, 2, 0))
        self.assertEqual(bill["lines"][0]["byte_hours"],
                         str((5 + 6 + 7 + 8) * GIB))
        self.assertEqual(desk.check("a", "2024-01")["lines"], [])

    def test_nothing_is_owed_after_the_end_in_any_month(self):
        """Retired in mid-month, and just at the border."""
        desk = self.desk("2024-03-03T00:00:00Z")
        self.open(desk, "mid", max_carry=744)
        self.open(desk, "border", max_carry=744)
        desk.start()
        for name, last, end in (
                ("mid", "2024-02-20T10:00:00Z", "2024-02-20T12:30:00Z"),
                ("border", "2024-02-29T22:00:00Z", "2024-03-01T00:00:00Z")):
            desk.send(name, [Sample(support.new_uuid(), nanos(last), GIB,
                                    name, retired_at=support.unix(end))])
        desk.clock("2024-04-02T00:00:00Z")
        self.assertEqual(self.hours_of(desk.check("mid", "2024-02")),
                         (1, 2, 0))
        self.assertEqual(self.hours_of(desk.check("border", "2024-02")),
                         (1, 1, 0))
        for name in ("mid", "border"):
            bill = desk.check(name, "2024-03")
            self.assertEqual((bill["lines"], bill["total"]), ([], "0.00"))

    def test_what_is_not_over_is_not_missing(self):
        """An open month: hours until now are carried, the one that runs and
        those to come are not."""
        desk = self.desk("2024-02-10T03:30:00Z")
        self.open(desk, "a")
        desk.start()
        volume = support.new_uuid()
        desk.send("a", every(volume, "a", GIB, "2024-02-10T00:00:00Z",
                             "2024-02-10T01:00:00Z"))
        bill = desk.check("a", "2024-02")
        self.assertEqual(bill["state"], "open")
        self.assertEqual(self.hours_of(bill), (1, 2, 0))
        # A late report takes the place of what was carried.
        desk.send("a", every(volume, "a", 3 * GIB, "2024-02-10T01:59:59Z",
                             "2024-02-10T02:00:00Z"))
        bill = desk.check("a", "2024-02")
        self.assertEqual(self.hours_of(bill), (2, 1, 0))
        self.assertEqual(bill["lines"][0]["byte_hours"], str(7 * GIB))

    def test_a_rate_changes_at_the_months_first_hour(self):
        """... and one of 23:00:01 not before it."""
        desk = self.desk("2024-03-01T02:00:00Z")
        payer = Payer("a", gap_policy="zero")
        payer.add_rate("1")
        payer.add_rate("2", support.unix("2024-02-29T23:00:01Z"))
        desk.open(payer)
        desk.source("a", "a")
        desk.start()
        desk.send("a", every(support.new_uuid(), "a", GIB,
                             "2024-02-29T22:00:00Z", "2024-03-01T02:00:00Z"))
        old = desk.check("a", "2024-02")
        new = desk.check("a", "2024-03")
        self.assertEqual([line["rate"] for line in old["lines"]], ["1"])
        self.assertEqual([line["rate"] for line in new["lines"]], ["2"])
        self.assertEqual(new["lines"][0]["rate_from"],
                         "2024-03-01T00:00:00Z")


if __name__ == "__main__":
    support.main()
