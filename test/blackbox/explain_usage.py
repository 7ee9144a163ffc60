"""`explain` shows of each line of usage what it comes from: from its JSON
alone, with fractions, the amount of the line comes out."""

import random
import uuid

import support
from support import explained
from support.desk import every, nanos
from support.explained import Story
from support.money import GIB, HOUR_NANOS, HOUR_SECS, NANOS
from support.usage import Payer, Sample

START = "2026-10-01T00:00:00Z"
FIRST = support.unix(START)


def payer(name, rate="0.03", **options):
    made = Payer(name, **options)
    made.add_rate(rate)
    return made


def at(hour, nanos_in=0):
    return FIRST * NANOS + hour * HOUR_NANOS + nanos_in


def hours(explanation, kind):
    return [h for h in explanation["hours"] if h["kind"] == kind]


class ExplainUsage(support.TestCase):

    def story(self, *payers, now="2026-10-03T00:00:00Z"):
        story = Story(self, now)
        return story.open(*payers).start()

    def test_the_mean_of_an_hour_is_that_of_its_samples(self):
        story = self.story(payer("acme"))
        volume = support.new_uuid()
        first, _ = story.send("acme", *every(
            volume, "acme", 7 * GIB + 1, START, "2026-10-01T04:00:00Z", 1200))
        second, _ = story.send("acme", Sample(
            volume, nanos("2026-10-01T02:20:00Z"), 3, "acme", revision=4))
        one, = story.check("acme", "2026-10")
        self.assertEqual(len(hours(one, "measured")), 4)
        third = one["hours"][2]
        self.assertEqual(third["mean_bytes_fraction"],
                         str(support.fraction(14 * GIB + 5) / 3))
        told = [(s["sampled_at"][11:19], s["revision"], s["standing"],
                 s["report"]["report_id"]) for s in third["samples"]]
        self.assertEqual(told, [
            ("02:00:00", 0, "counts", first),
            ("02:20:00", 0, "superseded", first),
            ("02:20:00", 4, "counts", second),
            ("02:40:00", 0, "counts", first)])

    def test_reports_and_rates_are_named_as_the_ledger_has_them(self):
        story = self.story(payer("acme"))
        _, answer = story.send("acme", Sample(
            support.new_uuid(), at(0), GIB, "acme"))
        one, = story.check("acme", "2026-10")
        report = one["hours"][0]["samples"][0]["report"]
        facts = {}
        for seq, kind, who, body in story.query(
                "SELECT seq, kind, who, hex(body_sha256) FROM fact"):
            facts[seq] = (kind, who, body.lower())
        self.assertEqual(facts[report["fact"]],
                         ("report.accepted", "source:acme",
                          report["body_sha256"]))
        self.assertEqual(report["source"], "source:acme")
        self.assertEqual(report["received_at"], story.now)
        self.assertEqual(facts[one["rate"]["fact"]][0], "rate.set")
        self.assertEqual(one["rate"]["stated_by"],
                         facts[one["rate"]["fact"]][1])
        self.assertEqual(one["rests_on"]["ledger_head"],
                         answer.json()["ledger_head"])

    def test_time_weighted_hours_show_how_long_each_sample_held(self):
        story = self.story(payer("acme", average="time_weighted"))
        volume = support.new_uuid()
        ends = support.unix("2026-10-01T09:30:00Z")
        samples = [Sample(volume, at(*place), size, "acme")
                   for place, size in (
                       ((0, 600 * NANOS), 1000), ((0, 1800 * NANOS), 77),
                       ((1, 1), 5), ((2, 0), 9), ((5, 30 * NANOS), 12),
                       ((9, 60 * NANOS), 13))]
        samples[-1].retired_at = ends
        story.send("acme", *samples)
        one, = story.check("acme", "2026-10")
        second = one["hours"][1]["samples"]
        self.assertEqual([(s["runs_on"], s["weight"]) for s in second],
                         [(True, "1"), (False, str(HOUR_NANOS - 1))])
        self.assertFalse(any(s["runs_on"]
                             for s in one["hours"][2]["samples"]))
        self.assertEqual(one["hours"][-1]["samples"][-1]["weight"],
                         str(1740 * NANOS))
        self.assertEqual(one["ended_at"], "2026-10-01T09:30:00Z")

    def test_the_carried_hour_of_an_end_is_cut_there(self):
        story = self.story(payer("acme", average="time_weighted"))
        volume = support.new_uuid()
        story.send("acme", Sample(
            volume, at(0), 999, "acme",
            retired_at=support.unix("2026-10-01T02:15:00Z")))
        one, = story.check("acme", "2026-10")
        self.assertEqual([h["rests_on"] for h in hours(one, "estimated")], [
            [{"hour": START, "weight": "1", "weights": "1"}],
            [{"hour": START, "weight": "900", "weights": "3600"}]])

    def test_what_came_after_the_end_does_not_count(self):
        story = self.story(payer("acme"))
        volume = support.new_uuid()
        story.send("acme", *every(volume, "acme", 50, START,
                                  "2026-10-01T01:00:00Z", 900))
        story.send("acme", Sample(
            volume, at(0), 60, "acme", revision=1,
            retired_at=support.unix("2026-10-01T00:20:00Z")))
        one, = story.check("acme", "2026-10")
        self.assertEqual([s["standing"] for s in one["hours"][0]["samples"]],
                         ["superseded", "counts", "counts", "after_end",
                          "after_end"])

    def test_each_gap_policy_says_what_an_hour_rests_on(self):
        policies = ("carry", "zero", "interpolate", "hold")
        story = self.story(*(payer(p, gap_policy=p, max_carry=2)
                             for p in policies))
        for policy in policies:
            volume = support.new_uuid()
            story.send(policy, *(
                Sample(volume, at(hour), size, policy)
                for hour, size in ((0, 1000), (7, 1234), (20, 10))))
        told = {p: story.check(p, "2026-10")[0] for p in policies}
        counts = {p: [len(hours(told[p], k))
                      for k in ("measured", "estimated", "unbilled")]
                  for p in policies}
        self.assertEqual(counts, {
            "carry": [3, 6, 39], "zero": [3, 0, 45],
            "interpolate": [3, 20, 25], "hold": [3, 0, 45]})
        line = hours(told["interpolate"], "estimated")[2]
        self.assertEqual(line["policy"], "interpolate")
        self.assertEqual(
            [(r["hour"][11:13], r["weight"], r["weights"])
             for r in line["rests_on"]], [("00", "4", "7"), ("07", "3", "7")])
        self.assertEqual([h["hour"][11:13]
                          for h in told["interpolate"]["sources"]],
                         ["00", "07", "20"])
        self.assertEqual({h["policy"] for h in hours(
            told["hold"], "unbilled")}, {"hold"})
        self.assertEqual(hours(told["carry"], "unbilled")[0]["last_measured"],
                         START)

    def test_an_estimate_may_rest_on_the_month_before(self):
        story = self.story(payer("acme", gap_policy="interpolate"),
                           now="2026-11-01T12:00:00Z")
        volume = support.new_uuid()
        last = nanos("2026-10-31T21:00:00Z")
        story.send("acme", Sample(volume, last, 500, "acme"),
                   Sample(volume, last + 5 * HOUR_NANOS, 1000, "acme"))
        october, = story.check("acme", "2026-10")
        november, = story.check("acme", "2026-11")
        for one in (october, november):
            self.assertEqual([s["hour"] for s in one["sources"]][0],
                             "2026-10-31T21:00:00Z")
        self.assertEqual(october["hours"][-1]["rests_on"][1]["hour"],
                         "2026-11-01T02:00:00Z")

    def test_age_bins_and_new_rates_have_lines_of_their_own(self):
        account = Payer("acme")
        account.add_rate("0.05", age_hours=720)
        account.add_rate("0.01")
        account.add_rate("0.02", support.unix("2026-10-01T05:30:00Z"))
        story = self.story(account)
        volume = support.new_uuid()
        story.send("acme", *(
            Sample(volume, at(hour), 900 + hour, "acme",
                   bins=[(720, 100), (2160, 300 + hour), (0, 500)])
            for hour in range(10)), Sample(
                volume, at(10), 900, "acme"))
        told = story.check("acme", "2026-10")
        self.assertEqual(
            [(e["max_age"], e["rate"]["rate"], e["rate"]["max_age"],
              e["hours"][0]["hour"][11:13], len(e["hours"])) for e in told],
            [("30d", "0.05", "30d", "00", 10), ("90d", "0.01", None, "00", 6),
             ("90d", "0.02", None, "06", 4), (None, "0.01", None, "00", 6),
             (None, "0.02", None, "06", 42)])

    def test_a_shared_hour_is_paid_by_samples(self):
        for average in ("mean", "time_weighted"):
            with self.subTest(average=average):
                self.share(average)

    def share(self, average):
        story = self.story(payer("acme", average=average),
                           payer("other", average=average))
        volume = support.new_uuid()
        story.send("acme", *(
            Sample(volume, at(*place), size, account)
            for place, size, account in (
                ((0, 0), 10, "acme"), ((1, 600 * NANOS), 20, "acme"),
                ((1, 1200 * NANOS), 33, "other"),
                ((2, 60 * NANOS), 50, "other"),
                ((3, 60 * NANOS), 50, "acme"))))
        mine, = story.check("acme", "2026-10")
        theirs, = story.check("other", "2026-10")
        both = [s["account"] for s in mine["hours"][1]["samples"]]
        self.assertEqual(both[-2:], ["acme", "other"])
        self.assertEqual(mine["hours"][1]["samples"],
                         theirs["hours"][0]["samples"])
        # The minutes until the next sample are still those of the payer
        # before; then there is an hour without a sample of one's own.
        self.assertEqual("2026-10-01T03:00:00Z" in [
            h["hour"] for h in theirs["hours"]], average == "time_weighted")

    def test_a_quarter_is_explained_month_by_month(self):
        story = self.story(payer("acme", max_carry=8760),
                           now="2026-11-04T00:00:00Z")
        story.send("acme", Sample(support.new_uuid(),
                                  nanos("2026-10-05T23:00:00Z"), GIB, "acme"))
        told = story.check("acme", "2026-Q4")
        self.assertEqual(
            [(e["month"], e["hours_in_month"], len(e["hours"]))
             for e in told],
            [("2026-10", 744, 26 * 24 + 1), ("2026-11", 720, 72)])

    def test_rounding_per_line_and_to_even_is_shown(self):
        story = self.story(
            payer("line", "372", rounding="line", max_carry=0),
            payer("even", "372", rounding_mode="half_even", currency="JPY",
                  max_carry=0))
        for account in ("line", "even"):
            story.send(account, *(
                Sample(support.new_uuid(), at(0), size * GIB // 100, account)
                for size in (1, 3, 99, 250)))
            told = story.check(account, "2026-10")
            self.assertEqual({e["rounding"]["by"] for e in told},
                             {"line" if account == "line" else "document"})

    def test_usage_without_a_rate_has_no_amount(self):
        story = self.story(Payer("acme"))
        story.send("acme", Sample(support.new_uuid(), at(0), GIB, "acme"))
        one, = story.check("acme", "2026-10")
        self.assertEqual((one["rate"], one["amount"], one["sum"]["exact"]),
                         (None, None, "0"))

    def test_the_largest_figures_come_out_exactly(self):
        story = self.story(payer("acme", "999999999999.123456789012",
                                 max_carry=8760))
        story.send("acme", *(Sample(support.new_uuid(), at(0),
                                    2**63 - 1 - i, "acme") for i in range(3)))
        self.assertEqual(len(story.check("acme", "2026-10")), 3)

    def test_histories_made_at_random_come_out(self):
        rng = random.Random(20261001)
        payers = [payer(f"p{i}", f"0.{rng.randrange(1, 10**9):09}",
                        average="mean" if i % 3 else "time_weighted",
                        gap_policy=rng.choice(["carry", "interpolate"]),
                        max_carry=rng.choice([0, 3, 6, 30]))
                  for i in range(6)]
        story = self.story(*payers)
        for _ in range(8):
            volume = str(uuid.UUID(int=rng.getrandbits(128)))
            samples = {}
            who = rng.choice(payers).name
            for _ in range(rng.choice([2, 20, 60])):
                who = rng.choice([who] * 8 + [rng.choice(payers).name])
                place = rng.choice([
                    (rng.randrange(46), 0),
                    (rng.randrange(46), rng.randrange(HOUR_NANOS))])
                size = rng.choice([0, rng.randrange(2**50)])
                samples[place] = Sample(
                    volume, at(*place), size, who,
                    bins=rng.choice([None, [(5, size // 3),
                                            (0, size - size // 3)]]))
            story.send("p0", *samples.values())
        told = [line for p in payers
                for line in story.check(p.name, "2026-10")]
        self.assertGreater(len(told), 20)


class ExplainSays(support.TestCase):
    """What else it prints, and what it refuses."""

    def setUp(self):
        self.story = Story(self, "2026-10-01T12:00:00Z")
        self.story.open(payer("acme")).start()
        self.volume = support.new_uuid()
        self.story.send("acme", *every(
            self.volume, "acme", 10 * GIB, START, "2026-10-01T03:00:00Z",
            name="a" * 200 + " \u202egnp.exe"))

    def run_explain(self, *words):
        return self.story.server.cli("explain", *words,
                                     *self.story.clock_flags())

    def test_text_has_every_figure_and_fits_100_columns(self):
        text = self.run_explain("acme/2026-10", "1").stdout
        one, = self.story.check("acme", "2026-10")
        for line in text.splitlines():
            self.assertLessEqual(len(line), 100, line)
        said = " ".join(text.split())
        for hour in one["hours"]:
            self.assertIn(hour["mean_bytes"], said)
            self.assertIn(hour["cost"], said)
            for sample in hour.get("samples", []):
                for figure in (sample["report"]["report_id"],
                               sample["report"]["body_sha256"],
                               sample["sampled_at"][11:-1]):
                    self.assertIn(figure, said)
        for figure in (one["sum"]["byte_hours"], one["sum"]["gib_months"],
                       one["sum"]["exact"], one["rate"]["rate"],
                       f"USD {one['amount']}", one["volume_id"],
                       one["rounding"]["lost"], one["rounding"]["exact"],
                       one["rests_on"]["ledger_head"],
                       one["rate"]["stated_by"], one["rate"]["stated_at"]):
            self.assertIn(figure, said)
        self.assertNotIn("\u202e", text)

    def test_hour_limits_what_is_shown_and_not_the_sum(self):
        whole = self.story.explain("acme/2026-10", 1)
        for when in ("2026-10-01T01:00:00Z", "2026-10-01T01:59:59Z"):
            one = self.story.explain("acme/2026-10", 1, "--hour", when)
            self.assertEqual(one["hours"], whole["hours"][1:2])
            self.assertEqual(one["sources"], [])
            self.assertEqual((one["sum"], one["amount"]),
                             (whole["sum"], whole["amount"]))
        one = self.story.explain(
            "acme/2026-10", 1, "--hour", "2026-10-01T04:00:00Z")
        self.assertEqual([s["hour"] for s in one["sources"]],
                         ["2026-10-01T02:00:00Z"])

    def test_what_is_not_there_is_named(self):
        for words, said in (
                (("acme/2026-10", "2"), "has 1 lines: there is no line 2"),
                (("acme/2026-10", "0"), "there is no line 0"),
                (("acme/2026-09", "1"), "has 0 lines"),
                (("acme/2026-13", "1"), "a period is a month"),
                (("nobody/2026-10", "1"), "nobody"),
                (("x" * 300 + "/2026-10", "1"), "no account"),
                (("2026-00001", "1"), "there is no invoice 2026-00001"),
                (("acme", "1"), "number is like 2026-00001"),
                (("acme/2026-10", "1", "--hour", "2026-10-02T00:00:00Z"),
                 "has no hour 2026-10-02T00:00:00Z")):
            with self.subTest(words=words):
                result = self.run_explain(*words)
                self.assertEqual((result.code, result.stdout), (1, ""))
                self.assertIn(said, result.stderr)

    def test_what_is_no_line_or_time_is_a_wrong_command_line(self):
        for words in (("acme/2026-10", "one"), ("acme/2026-10", "-1"),
                      ("acme/2026-10", "1x"), ("acme/2026-10",), (),
                      ("acme/2026-10", "1", "2"),
                      ("acme/2026-10", "1", "--hour", "noon")):
            with self.subTest(words=words):
                result = self.run_explain(*words)
                self.assertEqual((result.code, result.stdout), (2, ""))

    def test_a_number_of_a_line_beyond_64_bits_is_none(self):
        self.assertEqual(self.run_explain("acme/2026-10", "9" * 30).code, 1)


if __name__ == "__main__":
    support.main()
