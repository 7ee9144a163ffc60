"""Months and quarters that are closed, one after the other: at the end of a
year, in leap years, by a server that was off, and by one whose clock was set
back. What comes later is a correction, and no document changes."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../blackbox"))

import support  # noqa: E402
from support.desk import Desk, every, nanos  # noqa: E402
from support.money import (GIB, HOUR_SECS, hours_in_month,  # noqa: E402
                           month_start, period_bounds)
from support.usage import Payer, Sample  # noqa: E402

DAY_SECS = 86400
GRACE_SECS = 48 * HOUR_SECS


class Closing(support.TestCase):

    def desk(self, start):
        desk = Desk(self, start)
        self.addCleanup(desk.server.close)
        return desk

    def open(self, desk, name, rate="1", **options):
        options.setdefault("gap_policy", "zero")
        payer = Payer(name, **options)
        payer.add_rate(rate)
        desk.open(payer)
        desk.source(name, name)
        return payer

    def send_hours(self, desk, payer, volume, first, count, gib=1,
                   **members):
        """One GiB, or more, in count hours."""
        begin = nanos(first)
        return desk.send(payer, every(
            volume, payer, gib * GIB, begin,
            begin + count * HOUR_SECS * 10**9, **members))

    # --- numbers ---

    def test_numbers_start_anew_with_the_year(self):
        """The year of the closing counts, not that of the period."""
        desk = self.desk("2025-11-20T00:00:00Z")
        names = ["c", "a", "b"]
        volumes = {}
        for name in names:
            self.open(desk, name)
            volumes[name] = support.new_uuid()
        desk.start()
        numbers = {}
        for month in ("2025-11", "2025-12", "2026-01"):
            begin, end = period_bounds(month)
            desk.clock(max(desk.seconds(), end - DAY_SECS))
            for name in names:
                self.send_hours(desk, name, volumes[name],
                                end - 2 * DAY_SECS, 24)
            desk.clock(end + GRACE_SECS)
            bills = [desk.check(name, month) for name in names]
            self.assertEqual({bill["state"] for bill in bills}, {"closed"})
            numbers[month] = sorted(bill["number"] for bill in bills)
        self.assertEqual(numbers, {
            "2025-11": ["2025-00001", "2025-00002", "2025-00003"],
            "2025-12": ["2026-00001", "2026-00002", "2026-00003"],
            "2026-01": ["2026-00004", "2026-00005", "2026-00006"]})

    def test_an_empty_month_takes_no_number(self):
        """... and the next one with usage has the next number."""
        desk = self.desk("2026-01-30T00:00:00Z")
        self.open(desk, "a")
        desk.start()
        volume = support.new_uuid()
        self.send_hours(desk, "a", volume, "2026-01-29T00:00:00Z", 24)
        desk.clock("2026-04-01T00:00:00Z")
        self.assertEqual(desk.check("a", "2026-01")["number"], "2026-00001")
        bill = desk.check("a", "2026-02")
        self.assertEqual((bill["number"], bill["lines"][0]["hours"]), (
            None, {"measured": 0, "estimated": 0, "unbilled": 672}))
        self.send_hours(desk, "a", volume, "2026-03-31T00:00:00Z", 24)
        desk.clock("2026-04-03T00:00:00Z")
        self.assertEqual(desk.check("a", "2026-03")["number"], "2026-00002")
        self.assertIsNone(desk.check("a", "2026-02")["number"])

    def test_a_month_that_was_empty_is_billed_when_it_is_not_any_more(self):
        """Late samples of the month before are carried into it; and a
        straight line leads through it when the volume reports again."""
        desk = self.desk("2024-03-01T00:00:00Z")
        self.open(desk, "carry", gap_policy="carry", rate="744")
        self.open(desk, "line", gap_policy="interpolate", max_carry=0)
        desk.start()
        volumes = {name: support.new_uuid() for name in ("carry", "line")}
        for name, volume in volumes.items():
            self.send_hours(desk, name, volume, "2024-02-10T00:00:00Z", 24)
        desk.clock("2024-04-03T00:00:00Z")
        for name in volumes:
            self.assertIsNone(desk.check(name, "2024-03")["number"])
        desk.clock("2024-04-03T12:00:00Z")
        self.send_hours(desk, "carry", volumes["carry"],
                        "2024-02-29T23:00:00Z", 1)
        self.send_hours(desk, "line", volumes["line"],
                        "2024-04-03T11:00:00Z", 1)
        desk.clock("2024-04-04T12:00:00Z")
        bill = desk.check("carry", "2024-03")
        self.assertEqual((bill["state"], bill["total"], bill["hours"]), (
            "closed", "6.00", {"measured": 0, "estimated": 6,
                               "unbilled": 738}))
        bill = desk.check("line", "2024-03")
        self.assertEqual((bill["state"], bill["hours"]["estimated"]),
                         ("held", 744))
        desk.close_by_hand("line", "2024-03")
        for name in volumes:
            desk.check_truth(name)

    # --- the end of a year ---

    def test_a_correction_reaches_over_the_years_end(self):
        """December is billed in January, and corrected in January's bill of
        the new year; the sum of all is what December cost."""
        desk = self.desk("2025-12-31T00:00:00Z")
        self.open(desk, "a", rate="0.744")
        desk.start()
        volume = support.new_uuid()
        self.send_hours(desk, "a", volume, "2025-12-30T00:00:00Z", 24, 10)
        desk.clock("2026-01-03T00:00:00Z")
        december = desk.check("a", "2025-12")
        self.assertEqual((december["number"], december["total"]),
                         ("2026-00001", "0.24"))
        self.send_hours(desk, "a", volume, "2025-12-31T22:00:00Z", 4, 1000)
        january = desk.check("a", "2026-01")
        self.assertEqual(january["state"], "open")
        self.assertEqual(january["usage_total"], "2.00")
        self.assertEqual(january["total"], "4.00")
        self.assertEqual([(c["corrects"], c["amount"], c["charge_period"])
                          for c in january["corrections"]],
                         [("2025-12", "2.00", ["2025-12-31T22:00:00Z",
                                               "2026-01-01T00:00:00Z"])])
        desk.clock("2026-02-03T00:00:00Z")
        january = desk.check("a", "2026-01")
        self.assertEqual((january["number"], january["total"]),
                         ("2026-00002", "4.00"))
        desk.check_truth("a")

    def test_a_gap_over_the_years_end_is_closed_and_then_filled(self):
        """Interpolated hours of December are known only when a sample of
        January is there, which comes when December is closed."""
        desk = self.desk("2025-12-31T23:30:00Z")
        self.open(desk, "a", gap_policy="interpolate", max_carry=2)
        desk.start()
        volume = support.new_uuid()
        self.send_hours(desk, "a", volume, "2025-12-01T00:00:00Z", 734, 100)
        desk.clock("2026-01-03T00:00:00Z")
        december = desk.check("a", "2025-12")
        self.assertEqual(december["hours"], {"measured": 734, "estimated": 2,
                                             "unbilled": 8})
        self.send_hours(desk, "a", volume, "2026-01-03T00:00:00Z", 1, 158)
        january = desk.check("a", "2026-01")
        self.assertEqual([(c["corrects"], c["charge_period"])
                          for c in january["corrections"]],
                         [("2025-12", ["2025-12-31T14:00:00Z",
                                       "2026-01-01T00:00:00Z"])])
        desk.check_truth("a")

    def test_a_quarter_is_one_document(self):
        """... of three months, and corrected by the next quarter's; its
        months are closed with it, and have no documents of their own."""
        desk = self.desk("2025-10-31T00:00:00Z")
        self.open(desk, "q", rate="0.0235", period="quarter", net_days=0)
        self.open(desk, "m", rate="0.0235")
        desk.start()
        volumes = {name: support.new_uuid() for name in "qm"}
        for month in ("2025-10", "2025-11", "2025-12"):
            begin, end = period_bounds(month)
            desk.clock(end - HOUR_SECS)
            for name, volume in volumes.items():
                self.send_hours(desk, name, volume, end - 3 * DAY_SECS, 48,
                                1111)
        desk.clock("2026-01-02T23:59:59Z")
        self.assertEqual(desk.check("q", "2025-Q4")["state"], "draft")
        desk.clock("2026-01-03T00:00:00Z")
        quarter = desk.check("q", "2025-Q4")
        self.assertEqual((quarter["state"], quarter["due"]),
                         ("closed", "2026-01-03"))
        self.assertEqual([line["month"] for line in quarter["lines"]],
                         ["2025-10", "2025-11", "2025-12"])
        self.send_hours(desk, "q", volumes["q"], "2025-12-31T12:00:00Z", 5,
                        99999)
        self.assertEqual(
            [c["corrects"] for c in
             desk.check("q", "2026-Q1")["corrections"]], ["2025-Q4"])
        desk.clock("2026-04-03T00:00:00Z")
        self.assertEqual(desk.check("q", "2026-Q1")["state"], "closed")
        desk.check_truth("q")

    # --- leap years ---

    def test_february_is_closed_on_the_third_of_march(self):
        """... 48 hours after an end that is the 28th's or the 29th's."""
        for start in ("2000-02", "2023-02", "2024-02", "2100-02"):
            desk = self.desk(month_start(start) + 20 * DAY_SECS)
            self.open(desk, "a", gap_policy="carry", max_carry=744)
            desk.start()
            volume = support.new_uuid()
            end = month_start(start) + hours_in_month(start) * HOUR_SECS
            desk.clock(end)
            self.send_hours(desk, "a", volume, month_start(start),
                            hours_in_month(start))
            with self.subTest(month=start):
                desk.clock(end + GRACE_SECS - 1)
                self.assertEqual(desk.check("a", start)["state"], "draft")
                desk.clock(end + GRACE_SECS)
                bill = desk.check("a", start)
                self.assertEqual(
                    (bill["state"], bill["closed_at"], bill["total"]),
                    ("closed", f"{start[:4]}-03-03T00:00:00Z", "1.00"))
            desk.close()

    # --- a server that was off, a clock that was wrong ---

    def test_a_server_that_was_off_for_three_days_closes_by_the_rule(self):
        """It rests on what was there before the grace ended; it is dated
        when it was made; and what was kept back meanwhile is a
        correction."""
        desk = self.desk("2024-01-31T12:00:00Z")
        self.open(desk, "a", gap_policy="carry", net_days=10)
        desk.start()
        volume = support.new_uuid()
        self.send_hours(desk, "a", volume, "2024-01-01T00:00:00Z", 732, 100)
        desk.stop()
        desk.set_clock("2024-02-03T12:00:00Z")
        desk.start()
        desk.look()
        january = desk.check("a", "2024-01")
        self.assertEqual(
            (january["state"], january["closed_at"], january["due"]),
            ("closed", "2024-02-03T12:00:00Z", "2024-02-13"))
        self.assertEqual(january["hours"], {"measured": 732, "estimated": 6,
                                            "unbilled": 6})
        self.send_hours(desk, "a", volume, "2024-01-31T12:00:00Z", 72, 100)
        february = desk.check("a", "2024-02")
        self.assertEqual([(c["amount"], c["charge_period"])
                          for c in february["corrections"]],
                         [("0.81", ["2024-01-31T18:00:00Z",
                                    "2024-02-01T00:00:00Z"])])
        desk.check_truth("a")

    def test_several_months_are_closed_at_once_in_their_order(self):
        """A server that was off for a quarter: what came between two ends of
        grace is a correction of the first in the second."""
        desk = self.desk("2023-12-31T00:00:00Z")
        self.open(desk, "a")
        desk.start()
        volume = support.new_uuid()
        self.send_hours(desk, "a", volume, "2023-12-30T00:00:00Z", 24, 31)
        desk.clock("2024-01-02T23:59:59Z")
        desk.stop(hard=True)
        # Started without the time to close, it takes one more report.
        desk.set_clock("2024-01-20T00:00:00Z")
        desk.start()
        self.send_hours(desk, "a", volume, "2023-12-31T00:00:00Z", 24, 31)
        self.send_hours(desk, "a", volume, "2024-01-10T00:00:00Z", 24, 62)
        desk.look()
        desk.stop()
        desk.set_clock("2024-04-05T00:00:00Z")
        desk.start()
        desk.look()
        bills = [desk.check("a", month)
                 for month in ("2023-12", "2024-01", "2024-02", "2024-03")]
        self.assertEqual([bill["number"] for bill in bills],
                         ["2024-00001", "2024-00002", None, None])
        self.assertEqual([bill["total"] for bill in bills],
                         ["1.00", "3.00", "0.00", "0.00"])
        desk.check_truth("a")

    def test_a_clock_that_is_set_back_changes_no_document(self):
        """Ahead by three weeks it has closed a month that was not over:
        what comes then is corrected in the next one."""
        desk = self.desk("2024-02-15T00:00:00Z")
        self.open(desk, "a", rate="696")
        desk.start()
        volume = support.new_uuid()
        self.send_hours(desk, "a", volume, "2024-02-14T00:00:00Z", 24)
        desk.clock("2024-03-08T00:00:00Z")
        february = desk.check("a", "2024-02")
        self.assertEqual((february["state"], february["total"]),
                         ("closed", "24.00"))
        desk.stop()
        desk.set_clock("2024-02-16T00:00:00Z")
        desk.start()
        desk.look()
        self.send_hours(desk, "a", volume, "2024-02-15T00:00:00Z", 24)
        self.assertEqual(desk.check("a", "2024-02"), february)
        march = desk.check("a", "2024-03")
        self.assertEqual((march["state"], march["total"]), ("open", "24.00"))
        desk.clock("2024-04-02T23:59:59Z")
        self.send_hours(desk, "a", volume, "2024-03-31T00:00:00Z", 31)
        desk.clock("2024-04-03T00:00:00Z")
        march = desk.check("a", "2024-03")
        self.assertEqual((march["number"], march["state"]),
                         ("2024-00002", "closed"))
        desk.check_truth("a")

    def test_a_clock_that_is_set_back_over_the_grace_closes_nothing_twice(
            self):
        """... and a held period is looked at again all the same."""
        desk = self.desk("2024-02-29T00:00:00Z")
        self.open(desk, "a")
        self.open(desk, "held", gap_policy="hold")
        desk.start()
        volumes = {name: support.new_uuid() for name in ("a", "held")}
        for name, volume in volumes.items():
            self.send_hours(desk, name, volume, "2024-02-28T00:00:00Z", 24)
        desk.clock("2024-03-03T00:00:01Z")
        self.assertEqual(desk.check("held", "2024-02")["state"], "held")
        desk.stop()
        desk.set_clock("2024-03-02T12:00:00Z")
        desk.start()
        desk.look()
        desk.check("a", "2024-02")
        self.send_hours(desk, "held", volumes["held"],
                        "2024-02-29T00:00:00Z", 24)
        desk.clock("2024-03-03T02:00:00Z")
        self.assertEqual(desk.check("held", "2024-02")["state"], "closed")
        desk.check("a", "2024-02")

    # --- for good ---

    def test_an_invoice_is_the_same_a_year_later(self):
        """In every format, byte for byte, after corrections, restarts and
        other closings."""
        desk = self.desk("2024-01-31T00:00:00Z")
        self.open(desk, "a", rate="0.37")
        desk.start()
        volume = support.new_uuid()
        self.send_hours(desk, "a", volume, "2024-01-01T00:00:00Z", 700, 31)
        desk.clock("2024-02-03T00:00:00Z")
        first = self.documents(desk)
        for text in first.values():
            self.assertIn("2024-00001", text)
        self.send_hours(desk, "a", volume, "2024-01-31T00:00:00Z", 24, 99,
                        revision=1, name="renamed")
        desk.set_rate("a", "0.5", month_start("2024-01") + 9 * DAY_SECS)
        for month in range(2, 14):
            desk.clock(month_start("2024-02") + month * 30 * DAY_SECS)
            desk.restart(hard=month % 2 == 0)
            self.send_hours(desk, "a", volume, desk.seconds() - DAY_SECS, 20)
        self.assertEqual(self.documents(desk), first)
        desk.check_truth("a")

    def documents(self, desk):
        return {format: desk.server.ok(
            "report", "--period", "2024-01", "--account", "a", "--format",
            format, *desk.clock_flags(None))
            for format in ("json", "text", "html", "csv")}


if __name__ == "__main__":
    support.main()
