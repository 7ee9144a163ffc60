"""A sample that was set aside counts for no bill until an operator releases
it, by command or over HTTP; then it counts exactly, whatever its reason."""

import json
from fractions import Fraction

import support
from support.money import exact_text

GIB = support.GIB
HOUR = 3600
DAY = 86400
RATE = "0.0317"
# Where the pretend clock stands: within the second day of a month.
NOW = support.unix("2026-11-02T06:00:00Z")


class QuarantineCountsWhenReleased(support.TestCase):
    def setUp(self):
        self.it = self.server(args=[
            "--mockTime", "--mockStart", support.rfc3339(NOW),
            "--mockRate", "0"])
        self.it.create_account("acme", gap_policy="zero")
        self.it.create_rate("acme", RATE)
        self.token = self.it.create_source("admin1", "acme")
        self.operator = self.it.create_token("kim", "operator")
        self.it.start()
        self.now = NOW
        self.volume = support.new_uuid()

    def clock(self, at):
        self.now = at
        self.it.set_clock(self.operator, support.rfc3339(at))

    def send(self, byte_count, at, **members):
        """Sends one sample; returns the reason why it waits, or None."""
        answer = self.it.send_report(self.token, support.make_report(
            [support.make_volume(byte_count, sampled_at=at, id=self.volume,
                                 **members)], sent_at=self.now))
        self.assertEqual(answer.status, 201, answer)
        waits = answer.json()["quarantined"]
        return waits[0]["reason"] if waits else None

    def command(self, verb, number):
        self.it.ok(verb, number, "--reason", "it is right",
                   *self.clock_flags())

    def http(self, verb, number):
        answer = self.it.curl(f"/v1/quarantine/{number}/{verb}",
                              token=self.operator,
                              json={"reason": "it is right"})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def clock_flags(self):
        return ("--mockTime", "--mockRate", "0", "--mockStart",
                support.rfc3339(self.now))

    def expect(self, period, *hours):
        """The bill of acme is of these means, in bytes, of measured hours,
        and what they cost."""
        byte_hours = sum(hours, Fraction(0))
        cost = support.month_cost(byte_hours, RATE, period)
        bill = json.loads(self.it.ok(
            "report", "--period", period, "--account", "acme", "--format",
            "json", *self.clock_flags()))
        self.assertEqual(bill["exact"], exact_text(cost))
        self.assertEqual(bill["total"],
                         support.decimal(support.round_to(cost)))
        self.assertEqual(bill["hours"]["measured"], len(hours))
        self.assertEqual(
            sum(Fraction(line["byte_hours"]) for line in bill["lines"]),
            byte_hours)
        return bill

    def open_ids(self):
        return [row["id"] for row in json.loads(self.it.ok(
            "list", "quarantine", "--output", "json"))]

    def test_of_the_future(self):
        at = NOW + 600
        self.assertIsNone(self.send(700 * GIB, NOW))
        self.assertEqual(self.send(900 * GIB, at, name="lab"), "future")
        number, = self.open_ids()
        self.expect("2026-11", 700 * GIB)
        told = self.http("release", number)
        self.assertEqual((told["state"], told["stored"], told["revision"]),
                         ("released", True, 0))
        bill = self.expect("2026-11", 800 * GIB)
        self.assertEqual(bill["lines"][0]["name"], "lab")
        self.assertEqual(self.open_ids(), [])

    def test_too_old(self):
        at = NOW - 36 * DAY
        self.assertEqual(self.send(700 * GIB, at), "too_old")
        number, = self.open_ids()
        self.expect("2026-09")
        self.command("release", number)
        self.expect("2026-09", 700 * GIB)

    def test_bins_that_do_not_add_up(self):
        self.it.create_rate("acme", "0.99", max_age="30d")
        self.assertEqual(
            self.send(700 * GIB, NOW, size_bins=[
                {"max_age": "30d", "bytes": 600 * GIB},
                {"max_age": None, "bytes": 99 * GIB}]),
            "size_bins_mismatch")
        self.expect("2026-11")
        told = self.http("release", *self.open_ids())
        self.assertTrue(told["bins_dropped"])
        bill = self.expect("2026-11", 700 * GIB)
        self.assertEqual([line["max_age"] for line in bill["lines"]], [None])

    def test_after_retirement(self):
        end = NOW - 30
        self.assertIsNone(self.send(600 * GIB, NOW - 60, retired_at=end))
        self.assertEqual(self.send(800 * GIB, NOW), "after_retirement")
        self.expect("2026-11", 600 * GIB)
        number, = self.open_ids()
        told = self.http("release", number)
        self.assertEqual(told["retired_at"], support.rfc3339(NOW))
        self.expect("2026-11", 600 * GIB, 800 * GIB)
        # The earlier end is stated again, and does not count.
        self.assertIsNone(self.send(400 * GIB, NOW - 10, retired_at=end))
        self.assertEqual(self.send(1, NOW + 1), "after_retirement")
        self.expect("2026-11", 500 * GIB, 800 * GIB)

    def test_conflict(self):
        self.assertIsNone(self.send(600 * GIB, NOW))
        self.assertEqual(self.send(800 * GIB, NOW), "conflict")
        self.assertEqual(self.send(900 * GIB, NOW), "conflict")
        first, second = self.open_ids()
        self.command("discard", second)
        self.expect("2026-11", 600 * GIB)
        self.command("release", first)
        self.expect("2026-11", 800 * GIB)
        # A correction by the source goes on from there.
        self.assertEqual(self.send(700 * GIB, NOW, revision=1), "conflict")
        self.assertIsNone(self.send(700 * GIB, NOW, revision=2))
        self.expect("2026-11", 700 * GIB)

    def test_what_is_stored_already_counts_once(self):
        at = NOW + 600
        self.assertEqual(self.send(900 * GIB, at), "future")
        number, = self.open_ids()
        self.clock(at)
        self.assertIsNone(self.send(900 * GIB, at))
        self.assertIsNone(self.send(700 * GIB, at + 60))
        told = self.http("release", number)
        self.assertEqual((told["state"], told["stored"]), ("released", False))
        self.expect("2026-11", 800 * GIB)

    def test_the_stated_end_counts_with_the_release(self):
        self.assertIsNone(self.send(600 * GIB, NOW - HOUR))
        self.assertEqual(self.send(800 * GIB, NOW + 600,
                                   retired_at=NOW + 700), "future")
        self.clock(NOW + 3 * HOUR)
        self.assertIsNone(self.send(1 * GIB, NOW + 800))
        self.expect("2026-11", 600 * GIB, 1 * GIB)
        self.http("release", *self.open_ids())
        # What was stored for an instant after the end does not count now.
        self.expect("2026-11", 600 * GIB, 800 * GIB)

    def test_a_discarded_sample_never_counts(self):
        self.assertIsNone(self.send(700 * GIB, NOW))
        self.assertEqual(self.send(900 * GIB, NOW + 600), "future")
        self.http("discard", *self.open_ids())
        self.clock(NOW + 700)
        self.expect("2026-11", 700 * GIB)

    def test_a_release_survives_the_server(self):
        for at in (600, 1200):
            self.assertEqual(self.send(900 * GIB, NOW + at), "future")
        first, second = self.open_ids()
        self.http("release", first)
        self.it.kill()
        self.it.start()
        self.expect("2026-11", 900 * GIB)
        self.http("release", second)
        self.it.stop()
        self.expect("2026-11", 900 * GIB)
        self.it.start()
        # The samples are known, and their report's answer is the first one.
        self.clock(NOW + 1200)
        self.assertIsNone(self.send(900 * GIB, NOW + 1200))
        self.expect("2026-11", 900 * GIB)

    def test_a_closed_month_is_corrected(self):
        at = support.unix("2026-10-31T10:00:00Z")
        self.assertIsNone(self.send(70000 * GIB, at))
        self.assertEqual(self.send(90000 * GIB, at), "conflict")
        self.assertIsNone(self.send(1 * GIB, at + HOUR, retired_at=at + HOUR))
        self.clock(support.unix("2026-11-03T00:00:00Z"))
        self.it.wait_log("close.done", account="acme", period="2026-10")
        frozen = self.expect("2026-10", 70000 * GIB, 1 * GIB)
        self.assertEqual(frozen["state"], "closed")
        self.http("release", *self.open_ids())
        self.assertEqual(self.expect("2026-10", 70000 * GIB, 1 * GIB), frozen)
        due = support.round_to(support.month_cost(
            90001 * GIB, RATE, "2026-10")) - Fraction(frozen["total"])
        bill = json.loads(self.it.ok(
            "report", "--period", "2026-11", "--account", "acme", "--format",
            "json", *self.clock_flags()))
        self.assertEqual(
            [(c["corrects"], c["volume_id"], c["amount"])
             for c in bill["corrections"]],
            [("2026-10", self.volume, support.decimal(due))])

    def test_an_end_that_moves_corrects_a_closed_month(self):
        """A volume that is carried further than was billed."""
        self.it.create_account("carry", gap_policy="carry", max_carry="2h")
        self.it.create_rate("carry", RATE)
        token = self.it.create_source("admin2", "carry")
        at = support.unix("2026-10-31T10:00:00Z")
        reasons = []
        for sampled_at, end in ((at, at + HOUR), (at + 5 * HOUR, None)):
            answer = self.it.send_report(token, support.make_report(
                [support.make_volume(70000 * GIB, sampled_at=sampled_at,
                                     id=self.volume, retired_at=end)],
                sent_at=NOW))
            reasons += [q["reason"] for q in answer.json()["quarantined"]]
        self.assertEqual(reasons, ["after_retirement"])
        self.clock(support.unix("2026-11-03T00:00:00Z"))
        self.it.wait_log("close.done", account="carry", period="2026-10")
        self.command("release", *self.open_ids())
        bill = json.loads(self.it.ok(
            "report", "--period", "2026-11", "--account", "carry",
            "--format", "json", *self.clock_flags()))
        # One hour was billed; two carried ones and the last sample are new.
        due = support.round_to(support.month_cost(
            4 * 70000 * GIB, RATE, "2026-10")) - support.round_to(
                support.month_cost(70000 * GIB, RATE, "2026-10"))
        self.assertEqual([c["amount"] for c in bill["corrections"]],
                         [support.decimal(due)])

    def test_both_ways_do_the_same(self):
        """A release by command beside the running server is noticed by it."""
        self.assertIsNone(self.send(600 * GIB, NOW - 60, retired_at=NOW - 30))
        self.assertEqual(self.send(800 * GIB, NOW), "after_retirement")
        self.command("release", *self.open_ids())
        self.assertIsNone(self.send(700 * GIB, NOW - 5))
        self.expect("2026-11", 650 * GIB, 800 * GIB)


if __name__ == "__main__":
    support.main()
