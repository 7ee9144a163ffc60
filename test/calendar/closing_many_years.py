"""Months that each have as many GiB in one of their hours as they have hours,
at 1.00: by the formula they come to 1.00 each, leap years and all. The clock
runs ahead of the closing, which catches up. MONEY_YEARS of them, the last of
which is 2103."""
# timeout: 300

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../blackbox"))

import support  # noqa: E402
from support.desk import Desk  # noqa: E402
from support.money import (GIB, HOUR_SECS, NANOS,  # noqa: E402
                           hours_in_month, month_start)
from support.usage import Payer, Sample  # noqa: E402


class ManyYears(support.TestCase):

    def test_every_month_of_many_years_comes_to_one(self):
        years = int(os.environ.get("MONEY_YEARS", "8"))
        months = [f"{year}-{month:02}"
                  for year in range(2104 - years, 2104)
                  for month in range(1, 13)]
        desk = Desk(self, month_start(months[0]))
        payer = Payer("a", gap_policy="zero")
        payer.add_rate("1")
        desk.open(payer)
        desk.source("a", "a")
        desk.start()
        volume = support.new_uuid()
        for number, month in enumerate(months):
            at = month_start(month) + number * 7919 % 672 * HOUR_SECS
            desk.set_clock(max(at, desk.seconds()))
            desk.send("a", [Sample(volume, at * NANOS,
                                   hours_in_month(month) * GIB, "a")])
        desk.set_clock("2104-01-03T00:00:00Z")
        self.wait_until(lambda: desk.query(
            "SELECT count(*) FROM invoice")[0][0] >= len(months),
            "all are closed", 200)
        found = desk.query("SELECT period, total, year, serial FROM invoice"
                           " ORDER BY to_at")
        self.assertEqual([row[0] for row in found], months)
        self.assertEqual({row[1] for row in found}, {"1.00"})
        for year in {row[2] for row in found}:
            serials = [row[3] for row in found if row[2] == year]
            self.assertEqual(sorted(serials),
                             list(range(1, len(serials) + 1)), year)
        desk.close()


if __name__ == "__main__":
    support.main()
