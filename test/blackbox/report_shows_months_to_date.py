"""report --period with a day or a week is the month up to its end, whatever
has come since; exact to the cent."""

import json

import support
from support import GIB

RATE = "0.031"
MONTH = "2024-01"


class ReportShowsMonthsToDate(support.TestCase):
    def setUp(self):
        self.it = self.server(config="report = []\n", args=[
            "--mockTime", "--mockStart", "2024-02-01T01:00:00Z",
            "--mockRate", "0"])
        self.it.create_account("acme")
        self.it.create_account("globex", currency="JPY")
        for name in ("acme", "globex"):
            self.it.create_rate(name, RATE, from_="2023-01-01T00:00:00Z")
        self.token = self.it.create_source("admin1", "acme", "globex")
        self.it.start()

    def send(self, sizes, account="acme"):
        """{hour of the month: bytes}"""
        start = support.month_start(MONTH)
        volume = support.new_uuid()
        answer = self.it.send_report(self.token, support.make_report(
            [support.make_volume(size, id=volume, account=account,
                                 sampled_at=start + 3600 * hour + 60)
             for hour, size in sizes.items()],
            sent_at=start + 31 * 86400))
        self.assertEqual(answer.status, 201)

    def bill(self, period, now="2024-02-01T01:00:00Z", account="acme"):
        return json.loads(self.it.ok(
            "report", "--period", period, "--account", account, "--format",
            "json", "--mockTime", "--mockStart", now, "--mockRate", "0"))

    def check(self, bill, byte_hours, digits=2):
        self.assertEqual(
            support.fraction(bill["total"]),
            support.round_to(support.month_cost(byte_hours, RATE, MONTH),
                             digits))
        self.assertEqual(
            sum(support.fraction(l["byte_hours"]) for l in bill["lines"]),
            byte_hours)

    def test_every_day_is_the_sum_of_its_hours_so_far(self):
        sizes = {hour: GIB * 1000 + hour * hour * 7919
                 for hour in range(31 * 24)}
        self.send(sizes)
        self.send(sizes, "globex")
        for day in (1, 2, 9, 10, 30, 31):
            so_far = sum(size for hour, size in sizes.items()
                         if hour < day * 24)
            bill = self.bill(f"{MONTH}-{day:02}")
            self.check(bill, so_far)
            self.assertEqual(bill["period"], MONTH)
            self.assertEqual(bill["state"], "draft" if day == 31 else "open")
            self.assertEqual(bill["lines"][0]["hours"],
                             {"measured": day * 24, "estimated": 0,
                              "unbilled": 0})
            self.check(self.bill(f"{MONTH}-{day:02}", account="globex"),
                       so_far, digits=0)

    def test_a_week_ends_with_its_sunday(self):
        sizes = {hour: GIB + hour for hour in range(31 * 24)}
        self.send(sizes)
        # 2024-W02 is 8 to 14 January; W05 ends in February.
        self.check(self.bill("2024-W02"), sum(GIB + h for h in range(14 * 24)))
        whole = sum(GIB + h for h in range(31 * 24))
        bill = self.bill("2024-W05", now="2024-01-31T23:59:59Z")
        self.assertEqual(bill["period"], MONTH)
        self.check(bill, whole)
        self.assertEqual(
            self.bill("2024-W05", now="2024-02-01T01:00:00Z")["period"],
            "2024-02")

    def test_a_gap_over_the_end_is_filled_as_far_as_the_end(self):
        # Carried for six hours; those behind the day's end are not its.
        self.send({0: GIB, 1: GIB, 20: 3 * GIB, 30: GIB})
        bill = self.bill(f"{MONTH}-01")
        # 2..7 are estimated, 8..19 are not billed, 20 is measured, 21 and
        # 22 are estimated; the last hour is not over just before its end.
        self.assertEqual(bill["lines"][0]["hours"],
                         {"measured": 3, "estimated": 8, "unbilled": 12})
        self.check(bill, (2 + 6 + 3 + 2 * 3) * GIB)

    def test_now_is_the_end_while_the_day_goes_on(self):
        self.send({hour: GIB for hour in range(100)})
        bill = self.bill("2024-01-03", now="2024-01-03T06:30:00Z")
        self.assertEqual(bill["state"], "open")
        done = self.it.cli("report", "--period", "2024-01-04", "--mockTime",
                           "--mockStart", "2024-01-03T06:30:00Z",
                           "--mockRate", "0")
        self.assertEqual((done.code, done.stdout), (1, ""))
        self.assertIn("this day or week begins at 2024-01-04T00:00:00Z only",
                      done.stderr)

    def test_the_text_says_how_far_it_reaches(self):
        self.send({hour: GIB for hour in range(31 * 24)})
        text = self.it.ok("report", "--period", "2024-01-10", "--mockTime",
                          "--mockStart", "2024-02-01T01:00:00Z",
                          "--mockRate", "0")
        self.assertTrue(text.startswith("flexFS usage 2024-01 to 2024-01-10"))

    def test_a_closed_month_is_shown_as_it_was_closed(self):
        self.send({hour: GIB for hour in range(31 * 24)})
        operator = self.it.create_token("op", "operator")
        self.it.set_clock(operator, "2024-02-03T00:00:00Z")
        self.it.wait_log("close.done")
        now = "2024-02-03T00:00:00Z"
        self.assertEqual(self.bill("2024-01-10", now), self.bill(MONTH, now))


if __name__ == "__main__":
    support.main()
