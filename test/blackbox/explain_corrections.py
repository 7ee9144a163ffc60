"""`explain` of closed invoices and of what corrects them: a closed line is
explained as it was known when it was closed, a correction by both sides."""

import contextlib
import sqlite3

import support
from support.desk import every, nanos
from support.explained import Story, check
from support.money import GIB
from support.usage import Payer, Sample


def payer(name="acme", rate="0.744", **options):
    made = Payer(name, **options)
    made.add_rate(rate)
    return made


class ExplainCorrections(support.TestCase):

    def story(self, *payers, start="2026-10-01T00:00:00Z"):
        return Story(self, start).open(*payers).start()

    def month(self, story, account="acme", volumes=("lab",), size=100 * GIB):
        """October, reported in time, and closed."""
        ids = {}
        story.clock("2026-11-01T00:30:00Z")
        for i, name in enumerate(volumes):
            ids[name] = support.new_uuid()
            story.send(account, *every(
                ids[name], account, size + i, "2026-10-01T00:00:00Z",
                "2026-11-01T00:00:00Z", name=name))
        story.clock("2026-11-03T01:00:00Z")
        return ids, story.closed(account, "2026-10")

    def late(self, story, account, volume, at, size, **members):
        story.send(account, Sample(volume, nanos(at), size, account,
                                   **members))

    def test_a_closed_line_stays_as_it_was_known_then(self):
        story = self.story(payer())
        ids, number = self.month(story)
        first, = story.check("acme", "2026-10")
        self.late(story, "acme", ids["lab"], "2026-10-20T05:10:00Z", 7)
        story.rate("acme", "9", "2026-10-05T00:00:00Z")
        self.assertEqual(story.check("acme", "2026-10"), [first])
        self.assertEqual(story.explain(number, 1), first)
        self.assertEqual(first["invoice"], number)
        self.assertEqual(first["state"], "closed")
        self.assertEqual(first["amount"], "74.40")

    def test_a_late_sample_is_shown_on_both_sides(self):
        story = self.story(payer())
        ids, number = self.month(story)
        self.late(story, "acme", ids["lab"], "2026-10-20T05:10:00Z",
                  300 * GIB)
        one, = [e for e in story.check("acme", "2026-11")
                if e["kind"] == "correction"]
        self.assertEqual(one["corrects"], {"period": "2026-10",
                                           "invoice": number})
        hour, = one["hours"]
        self.assertEqual(hour["hour"], "2026-10-20T05:00:00Z")
        self.assertEqual(
            [[(s["sampled_at"][14:16], s["new"]) for s in
              hour[side]["samples"]] for side in ("before", "now")],
            [[("00", False)], [("00", False), ("10", True)]])
        self.assertEqual((one["sum"]["exact"], one["amount"]),
                         ("0.1", "0.10"))
        self.assertEqual((one["rates"], one["ends"]), ([], []))

    def test_each_correction_starts_where_the_one_before_ended(self):
        """Two corrections of one period, on two invoices: the first is
        explained as before when the second has come."""
        story = self.story(payer(max_carry=8760))
        ids, _ = self.month(story)
        self.late(story, "acme", ids["lab"], "2026-10-20T05:10:00Z",
                  300 * GIB)
        november, line = self.close_next(story, ids, "2026-11",
                                         "2026-12-03T01:00:00Z")
        first = story.explain(november, line)
        self.assertEqual(check(first), support.fraction("0.1"))
        story.send("acme", Sample(
            ids["lab"], nanos("2026-11-29T05:10:00Z"), GIB, "acme"))
        story.rate("acme", "1.488", "2026-10-31T12:00:00Z")
        december, line2 = self.close_next(story, ids, "2026-12",
                                          "2027-01-03T01:00:00Z")
        self.assertEqual(story.explain(november, line), first)
        second = story.explain(december, line2)
        check(second)
        self.assertEqual(second["before"]["upto_fact"],
                         first["now"]["upto_fact"])
        self.assertEqual([r["rate"] for r in second["rates"]], ["1.488"])
        self.assertEqual(len(second["hours"]), 12)
        self.assertEqual(second["amount"], "1.20")
        # November, with its own line at the new rate, is corrected, too.
        lines = story.check("acme", "2026-12")
        self.assertEqual([e["corrects"]["period"] for e in lines
                          if e["kind"] == "correction"],
                         ["2026-10", "2026-11"])

    def close_next(self, story, ids, period, when):
        """Closes a period in which lab is reported once; returns the number
        and its first correction's line."""
        story.clock(f"{period}-20T00:00:00Z")
        self.late(story, "acme", ids["lab"], f"{period}-10T00:00:00Z",
                  100 * GIB)
        story.clock(when)
        if not story.server.lines("close.done", after=story.looked):
            story.server.wait_log("close.held", account="acme",
                                  period=period, after=story.looked)
            story.server.ok("close", "period", period, "--account", "acme",
                            "--reason", "as agreed", *story.clock_flags())
        bill = story.bill("acme", period)
        return bill["number"], len(bill["lines"]) + 1

    def test_the_share_of_each_volume_is_shown(self):
        story = self.story(payer())
        ids, _ = self.month(story, volumes=("a", "b", "c"))
        for name in ids:
            self.late(story, "acme", ids[name], "2026-10-20T05:10:00Z",
                      107 * GIB)
        told = [e for e in story.check("acme", "2026-11")
                if e["kind"] == "correction"]
        # Nearly 3 * 0.0035 = 0.0105, all of it on the line that lost most.
        self.assertEqual([(e["name"], e["amount"], e["rounding"]["of"])
                          for e in told], [("a", "0.01", 3)])
        self.assertEqual(told[0]["rounding"]["billed_before"], "223.20")
        self.assertEqual(told[0]["rounding"]["rounded"], "223.21")

    def test_rounding_per_line_is_shown(self):
        story = self.story(payer(rounding="line"))
        ids, _ = self.month(story, volumes=("a", "b"))
        for name in ids:
            self.late(story, "acme", ids[name], "2026-10-20T05:10:00Z",
                      120 * GIB)
        told = [e for e in story.check("acme", "2026-11")
                if e["kind"] == "correction"]
        self.assertEqual(
            [(e["amount"], e["rounding"]["rounded"],
              e["rounding"]["billed_before"]) for e in told],
            [("0.01", "74.41", "74.40")] * 2)

    def test_an_end_that_is_stated_late_is_news(self):
        story = self.story(payer(max_carry=8760))
        volume = support.new_uuid()
        story.clock("2026-10-31T12:00:00Z")
        story.send("acme", *every(volume, "acme", GIB, "2026-10-01T00:00:00Z",
                                  "2026-10-31T12:00:00Z"))
        story.clock("2026-11-03T01:00:00Z")
        story.closed("acme", "2026-10")
        story.send("acme", Sample(
            volume, nanos("2026-10-31T11:30:00Z"), GIB, "acme",
            retired_at=support.unix("2026-10-31T11:40:00Z")))
        one, = [e for e in story.check("acme", "2026-11")
                if e["kind"] == "correction"]
        self.assertEqual([e["ended_at"] for e in one["ends"]],
                         ["2026-10-31T11:40:00Z"])
        self.assertEqual(len(one["hours"]), 12)
        self.assertTrue(all(h["now"] is None for h in one["hours"]))
        self.assertEqual(one["hours"][0]["before"]["policy"], "carry")

    def test_a_late_sample_may_move_estimates_around_it(self):
        story = self.story(payer(gap_policy="interpolate"))
        volume = support.new_uuid()
        story.clock("2026-10-31T23:00:00Z")
        samples = every(volume, "acme", GIB, "2026-10-01T00:00:00Z",
                        "2026-10-31T23:00:00Z")
        story.send("acme", *samples[:100], *samples[106:])
        story.clock("2026-11-03T01:00:00Z")
        story.closed("acme", "2026-10")
        gone = samples[102]
        gone.bytes = 5 * GIB
        story.send("acme", gone)
        one, = [e for e in story.check("acme", "2026-11")
                if e["kind"] == "correction"]
        self.assertEqual(
            [(h["before"]["kind"], h["now"]["kind"]) for h in one["hours"]],
            [("estimated", "estimated")] * 2 + [("estimated", "measured")]
            + [("estimated", "estimated")] * 3)
        self.assertEqual([len(one[side]["sources"]) for side in
                          ("before", "now")], [2, 3])

    def test_bins_of_a_quarter_are_corrected_by_hour(self):
        story = Story(self, "2026-10-01T00:00:00Z")
        story.server.create_account("q", period="quarter", max_carry="8760h")
        for age, rate in (("30d", "0.5"), (None, "0.25")):
            story.server.create_rate("q", rate, max_age=age)
        story.tokens["q"] = story.server.create_source("q", "q")
        story.start()
        volume = support.new_uuid()
        story.clock("2026-12-20T00:00:00Z")
        story.send("q", *every(volume, "q", 300 * GIB, "2026-11-20T00:00:00Z",
                               "2026-12-20T00:00:00Z",
                               bins=[(720, 100 * GIB), (0, 200 * GIB)]))
        story.clock("2027-01-03T01:00:00Z")
        story.server.wait_log("close.held", account="q")
        number = story.server.ok(
            "close", "period", "2026-Q4", "--account", "q", "--reason",
            "as agreed", *story.clock_flags()).strip()
        story.send("q", *(
            Sample(volume, nanos(at), 5000 * GIB, "q",
                   bins=[(720, 4800 * GIB), (0, 200 * GIB)])
            for at in ("2026-12-05T05:30:00Z", "2026-12-17T05:45:00Z")))
        self.assertEqual(
            [e["month"] for e in story.check("q", "2026-Q4")],
            ["2026-11"] * 2 + ["2026-12"] * 2)
        one, = [e for e in story.check("q", "2027-Q1")
                if e["kind"] == "correction"]
        self.assertEqual(one["corrects"]["invoice"], number)
        self.assertEqual([(h["hour"][:13], h["hours_in_month"])
                          for h in one["hours"]],
                         [("2026-12-05T05", 744), ("2026-12-17T05", 744)])

    def test_hour_picks_one_that_costs_another(self):
        story = self.story(payer())
        ids, _ = self.month(story)
        for at in ("2026-10-20T05:10:00Z", "2026-10-21T05:10:00Z"):
            self.late(story, "acme", ids["lab"], at, 300 * GIB)
        line = len(story.bill("acme", "2026-11")["lines"]) + 1
        whole = story.explain("acme/2026-11", line)
        one = story.explain("acme/2026-11", line, "--hour",
                            "2026-10-21T05:00:00Z")
        self.assertEqual(one["hours"], whole["hours"][1:])
        self.assertEqual(one["sum"], whole["sum"])
        result = story.server.cli("explain", "acme/2026-11", line, "--hour",
                                  "2026-10-21T06:00:00Z",
                                  *story.clock_flags())
        self.assertEqual(result.code, 1)
        self.assertIn("that costs another", result.stderr)
        text = story.server.ok("explain", "acme/2026-11", line,
                               *story.clock_flags())
        for line in text.splitlines():
            self.assertLessEqual(len(line), 100, line)
        for words in ("2026-10-21 05:00  +0.1", "now     measured, ",
                      str(300 * GIB), ", new", one["sum"]["exact"], "USD 0.20"):
            self.assertIn(words, text)

    def test_what_was_tampered_with_does_not_add_up(self):
        story = self.story(payer())
        _, number = self.month(story)
        story.server.stop()
        for change in (
                "UPDATE sample SET bytes = bytes + 1 WHERE nanos = 0 AND"
                " hour = (SELECT max(hour) FROM sample)",
                "UPDATE sample SET bytes = bytes - 1 WHERE nanos = 0 AND"
                " hour = (SELECT max(hour) FROM sample)",
                "UPDATE invoice_line SET exact = '1/2'"):
            with contextlib.closing(sqlite3.connect(
                    f"{story.server.db}/stat.db")) as db:
                db.execute(change)
                db.commit()
            result = story.server.cli("explain", number, 1)
            if "bytes - 1" in change:  # as it was
                self.assertEqual(result.code, 0, result.stderr)
                continue
            self.assertEqual((result.code, result.stdout), (1, ""))
            self.assertIn("does not add up; run `stat.flexfs verify`",
                          result.stderr)


if __name__ == "__main__":
    support.main()
