"""`forecast` prints what periods will come to; with --limit it exits with 2
when one is more."""

import json

import support
from support.desk import every
from support.explained import Story
from support.money import GIB
from support.usage import Payer, Sample


def payer(name, rate, **options):
    made = Payer(name, **options)
    if rate:
        made.add_rate(rate)
    return made


class ForecastMindsALimit(support.TestCase):

    def setUp(self):
        """Two accounts with 744 GiB on October 31st, at 1.00 and 2.00 a
        GiB-month: half of the day is reported."""
        self.story = Story(self, "2026-10-31T12:00:00Z")
        self.story.open(payer("acme", "1"), payer("other", "2"))
        server = self.story.server
        server.create_account("by-quarter", period="quarter",
                              currency="JPY")
        server.create_rate("by-quarter", "100")
        self.story.start()
        for name in ("acme", "other"):
            self.story.send(name, *every(
                support.new_uuid(), name, 744 * GIB, "2026-10-31T00:00:00Z",
                "2026-10-31T12:00:00Z"))

    def forecast(self, *words):
        return self.story.server.cli("forecast", *words,
                                     *self.story.clock_flags())

    def rows(self, *words):
        result = self.forecast("--output", "json", *words)
        self.assertEqual((result.code, result.stderr), (0, ""))
        return json.loads(result.stdout)

    def test_each_accounts_present_period_is_forecast(self):
        self.assertEqual(self.rows(), [
            {"account": "acme", "period": "2026-10", "state": "open",
             "currency": "USD", "to_date": "12.00", "forecast": "24.00",
             "passed_by": None},
            {"account": "by-quarter", "period": "2026-Q4", "state": "open",
             "currency": "JPY", "to_date": "0", "forecast": "0",
             "passed_by": None},
            {"account": "other", "period": "2026-10", "state": "open",
             "currency": "USD", "to_date": "24.00", "forecast": "48.00",
             "passed_by": None}])
        text = self.forecast().stdout.splitlines()
        self.assertEqual(len(text), 3)
        self.assertIn("to_date=12.00 forecast=24.00", text[0])

    def test_an_account_and_a_period_are_picked(self):
        row, = self.rows("--account", "acme", "--period", "2026-11")
        # 720 hours of 744 GiB.
        self.assertEqual((row["period"], row["to_date"], row["forecast"]),
                         ("2026-11", "0.00", "744.00"))
        self.assertEqual([row["period"] for row in
                          self.rows("--period", "2026-Q4")], ["2026-Q4"] * 3)

    def test_a_limit_that_is_reached_is_not_passed(self):
        for limit in ("48", "48.00", "1000000000000000000000"):
            self.assertEqual(self.forecast("--limit", limit).code, 0)
        self.assertEqual(
            self.forecast("--limit", "24", "--account", "acme").code, 0)

    def test_a_limit_that_would_be_passed_is_told_and_exits_with_2(self):
        result = self.forecast("--limit", "47.99")
        self.assertEqual(result.code, 2)
        self.assertEqual(
            result.stderr, "stat.flexfs forecast: other would pass USD 47.99 "
            "by 0.01 in 2026-10\n")
        self.assertEqual(len(result.stdout.splitlines()), 3)
        result = self.forecast("--limit", "0", "--output", "json")
        self.assertEqual(result.code, 2)
        self.assertEqual([row["passed_by"] for row in
                          json.loads(result.stdout)], ["24", None, "48"])
        self.assertEqual(len(result.stderr.splitlines()), 2)

    def test_what_is_over_is_measured_by_its_total(self):
        self.story.clock("2026-11-01T00:30:00Z")
        for limit, code in (("18.00", 0), ("17.99", 2)):
            self.assertEqual(self.forecast(
                "--period", "2026-10", "--account", "acme", "--limit",
                limit).code, code)

    def test_without_a_rate_a_limit_cannot_be_kept(self):
        self.story.server.create_account("norate")
        token = self.story.server.create_source("norate", "norate")
        self.story.tokens["norate"] = token
        self.story.send("norate", Sample(
            support.new_uuid(), 1793404800 * 10**9, GIB, "norate"))
        self.assertEqual(self.forecast().code, 0)
        result = self.forecast("--limit", "48")
        self.assertEqual(result.code, 1)
        self.assertIn("norate has usage without a rate", result.stderr)
        # What is known to pass it is worse.
        self.assertEqual(self.forecast("--limit", "1").code, 2)

    def test_wrong_words_are_refused(self):
        for words in (("--limit", "-1"), ("--limit", "much"),
                      ("--limit", "1e3"), ("--limit", ""),
                      ("--period", "October"), ("--output", "csv")):
            with self.subTest(words=words):
                result = self.forecast(*words)
                self.assertEqual((result.code, result.stdout), (2, ""))
        result = self.forecast("--account", "nobody")
        self.assertEqual((result.code, result.stdout), (1, ""))
        self.assertIn("nobody", result.stderr)


if __name__ == "__main__":
    support.main()
