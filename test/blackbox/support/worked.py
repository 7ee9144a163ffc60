"""The worked cases of test/golden/billing.json, told to a desk: reports in,
bills out. A case that is not run fails, and so does a member of a case's
expectations that nothing looks at."""

import json
import os
from fractions import Fraction

from .desk import every, nanos
from .focus import billed
from .money import (GIB, HOUR_SECS, NANOS, decimal, fraction, hours_in_month,
                    month_start, months_of, round_to)
from .report import new_uuid, rfc3339, unix
from .usage import Payer, Sample

GOLDEN = os.path.join(os.path.dirname(__file__), "../../golden/billing.json")

AVERAGES = {"mean": "mean", "timeWeighted": "time_weighted"}
REASONS = {"tooManyEstimates": "too_many_estimates",
           "unratedUsage": "unrated_usage", None: None}


class Watched(dict):
    """An expectation that knows which of its members were asked for."""

    def __init__(self, members):
        super().__init__(members)
        self.asked = set()

    def __getitem__(self, name):
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name, preset=None):
        self.asked.add(name)
        return super().get(name, preset)


def snake(text):
    """tooOld is too_old."""
    return "".join("_" + c.lower() if c.isupper() else c for c in text)


def age_hours(text):
    return 0 if text == "inf" else int(text[:-1]) * (
        24 if text[-1] == "d" else 1)


class Case:
    """One case at the desk. Volume ids stand for others, since many cases
    use the same ones; so do report ids."""

    def __init__(self, desk, case):
        self.desk = desk
        self.id = case["id"]
        self.given = case["given"]
        self.expect = Watched(case["expect"])
        self.must_not = case.get("mustNotEqual", {})
        self.period = None
        if "period" in self.given:
            self.period = self.given["period"][0][:7]
        self.ids = {}

    def id_of(self, text, *more):
        return self.ids.setdefault((text,) + more, new_uuid())

    def payer(self, variant="", **options):
        """An account with the case's currency and rates. Gaps are zero
        unless the case says otherwise."""
        options.setdefault("currency", self.given.get("currency", "USD"))
        options.setdefault("gap_policy", self.given.get("gapPolicy", "zero"))
        payer = Payer(f"{self.id}-{variant}".lower(), **options)
        for row in self.given.get("rates", []):
            payer.add_rate(row["rate"], unix(row["from"]))
        for row in self.given.get("rateBins", []):
            payer.add_rate(row["rate"], age_hours=age_hours(row["maxAge"]))
        if "rate" in self.given:
            payer.add_rate(self.given["rate"])
        return payer

    def payer_of(self, variant=""):
        return self.desk.books.payers[f"{self.id}-{variant}".lower()]

    def open(self, variant="", rate=None, sources=("admin",), hours=(),
             **options):
        """hours: the case's rate is stated anew at each, so that each has a
        line of its own."""
        payer = self.payer(variant, **options)
        for hour in hours:
            payer.add_rate(self.given["rates"][0]["rate"], hour)
        if rate is not None:
            payer.add_rate(rate)
        self.desk.open(payer)
        for source in sources:
            self.desk.source(f"{payer.name}-{source}", payer.name)
        return payer

    def samples(self, items, volume, payer, variant="", name=None):
        found = []
        for item in items:
            if "every" in item:
                found += every(self.id_of(volume, variant), payer.name,
                               item["bytes"], item["from"], item["to"],
                               item["every"], name=name)
            else:
                found.append(Sample(self.id_of(volume, variant),
                                    nanos(item["t"]), item["bytes"],
                                    payer.name, name=name,
                                    revision=item.get("revision", 0)))
        return found

    def send(self, payer, samples, source="admin", report_id=None):
        return self.desk.send(f"{payer.name}-{source}", samples, report_id)

    def send_volumes(self, payer, variant=""):
        """All of given.volumes."""
        for volume in self.given["volumes"]:
            self.send(payer, self.samples(volume["samples"], volume["id"],
                                          payer, variant, volume.get("name")))

    def bill(self, payer, now=None, period=None):
        return self.desk.check(payer.name, period or self.period, now)


def gib_hours(bill):
    return sum((fraction(line["byte_hours"]) for line in bill["lines"]),
               Fraction(0)) / GIB


class WorkedCases:
    """Mixed into a test case; desk_type is the desk that the cases are told
    to."""

    desk_type = None

    def same(self, got, want, what=""):
        """Numbers as text, compared as numbers: as many digits of got as
        the case has."""
        digits = len(want.partition(".")[2])
        self.assertEqual(round_to(fraction(got), digits), fraction(want),
                         what or got)

    def check_money(self, case, bill, expect):
        """exact and billed."""
        self.same(bill["exact"], expect["exact"], case.id)
        self.assertEqual(bill["total"], expect["billed"], case.id)
        self.assertNotEqual(bill["total"], case.must_not.get("billed"))
        self.assertEqual(sum(fraction(line["amount"])
                             for line in bill["lines"]),
                         fraction(bill["total"]))

    # --- a month, or an hour, of plain samples ---

    def run_plain(self, case):
        """M01, M02, M07, M09-zero-is-data, M12, M15-double."""
        expect = case.expect
        hours = sorted(map(unix, expect.get("hours", ())))
        payer = case.open(hours=hours)
        case.send_volumes(payer)
        bill = case.bill(payer)
        self.check_money(case, bill, expect)
        line = bill["lines"][0]
        if "hoursInMonth" in expect:
            self.assertEqual(bill["hours_in_month"], expect["hoursInMonth"])
        if "hoursRated" in expect:
            self.assertEqual(line["hours"]["measured"], expect["hoursRated"])
        if "byteHours" in expect:
            self.assertEqual(line["byte_hours"], expect["byteHours"])
        if "gibMonths" in expect:
            self.assertEqual(line["gib_months"], expect["gibMonths"])
        if "hourlyRate" in expect:
            month = bill["hours_in_month"]
            self.same(fraction(line["rate"]) / month, expect["hourlyRate"])
            self.same(fraction(line["exact"]) / line["hours"]["measured"],
                      expect["hourlyCost"])
        if "hoursEstimated" in expect:
            self.assertEqual(bill["hours"]["estimated"],
                             expect["hoursEstimated"])
        if "lines" in expect:
            self.check_lines(bill, expect["lines"])
        if "hours" in expect:
            self.check_hours(bill, hours[0], expect["hours"].values())

    def check_lines(self, bill, lines):
        self.assertEqual(len(bill["lines"]), len(lines))
        for got, want in zip(bill["lines"], lines):
            for name, value in want.items():
                if name == "hours":
                    self.assertEqual(got["hours"]["measured"], value)
                elif name == "billed":
                    self.assertEqual(got["amount"], value)
                elif name == "exact":
                    self.same(got["exact"], value)
                elif name == "maxAge":
                    self.assertEqual(got["max_age"],
                                     None if value == "inf" else value)
                else:
                    self.assertEqual(got[snake(name)], value, name)

    def check_hours(self, bill, first, gibs):
        """GiB of consecutive hours that have a rate of their own each."""
        got = {line["rate_from"]: fraction(line["byte_hours"]) / GIB
               for line in bill["lines"]}
        self.assertEqual(
            got, {rfc3339(first + i * HOUR_SECS): fraction(gib)
                  for i, gib in enumerate(gibs)})

    def run_averages(self, case):
        """M04, M10: once as mean, once time-weighted."""
        for variant, average in AVERAGES.items():
            expect = case.expect[variant]
            hours = {s.at // NANOS // HOUR_SECS * HOUR_SECS
                     for volume in case.given["volumes"]
                     for s in case.samples(volume["samples"], "", Payer(""))}
            payer = case.open(variant, average=average, hours=sorted(hours))
            retired = case.given.get("retiredAt")
            for volume in case.given["volumes"]:
                samples = case.samples(volume["samples"], volume["id"],
                                       payer, variant)
                if retired:
                    samples[-1].retired_at = unix(retired)
                case.send(payer, samples)
            if retired:
                late = case.given["afterRetirement"]
                answer = case.send(payer, case.samples(
                    [late], case.given["volumes"][0]["id"], payer,
                    variant))[1]
                self.assertEqual(answer["quarantined"][0]["reason"],
                                 snake(late["status"].partition(":")[2]))
            bill = case.bill(payer)
            if "exact" in expect:
                self.check_money(case, bill, expect)
                self.assertEqual(bill["hours"]["measured"],
                                 len(expect["gib"]))
                self.check_hours(
                    {"lines": [line for line in bill["lines"]
                               if line["hours"]["measured"]]},
                    min(hours), expect["gib"])
            else:
                self.same(bill["exact"], expect["cost"])
                self.same(gib_hours(bill), expect["gib"])
                self.same(bill["lines"][-1]["byte_hours"],
                          expect["avgBytes"])

    # --- deliveries ---

    def run_deliveries(self, case):
        """M06: the same ids again, other bodies, revisions, two sources."""
        given, expect = case.given, case.expect
        sources = {d.get("source", "admin") for d in given["deliveries"]}
        payer = case.open(sources=sorted(sources))
        statuses, results, costs, gibs = [], [], [], []
        for delivery in given["deliveries"]:
            samples = [sample for item in delivery["samples"] for sample in
                       case.samples([item], item["volumeId"], payer)]
            source = delivery.get("source", "admin")
            report_id = case.id_of(delivery["reportId"])
            status, answer = case.send(payer, samples, source, report_id)
            statuses.append(status)
            if status == 422:
                continue
            if status == 200:
                results.append("duplicate")
            elif answer["quarantined"]:
                results.append("quarantined:"
                               + answer["quarantined"][0]["reason"])
            else:
                results.append("stored")
            bill = case.bill(payer)
            costs.append(bill["exact"])
            gibs.append(decimal(gib_hours(bill), 0))
        self.assertEqual(statuses, expect["http"])
        self.assertEqual(results, expect.get("results", results))
        self.assertEqual(costs, expect.get("costAfterEach", costs))
        self.assertEqual(gibs, expect.get("gibAfterEach", gibs))
        if "gib" in expect:
            self.assertEqual(gibs[-1], expect["gib"])
            self.assertNotEqual(gibs[-1], case.must_not.get("gib"))
            self.check_money(case, case.bill(payer), expect)
        rows = expect.get("ledgerRows") or expect.get("samplesCounted")
        if rows is not None:
            volume = given["deliveries"][0]["samples"][0]["volumeId"]
            self.assertEqual(case.desk.rows(case.id_of(volume, "")), rows)

    def run_skew(self, case):
        """M08: the server stands at the case's instant."""
        payer = case.open()
        self.assertEqual(case.desk.now, nanos(case.given["now"]))
        status, answer = case.send(payer, [
            sample for item in case.given["samples"] for sample in
            case.samples([item], item["volumeId"], payer)])
        results = ["stored"] * len(case.given["samples"])
        for one in answer["quarantined"]:
            results[one["index"]] = "quarantined:" + one["reason"]
        self.assertEqual(status, 201)
        self.assertEqual(results, [snake(s) for s in case.expect["status"]])

    # --- gaps ---

    def run_gaps(self, case):
        """M09-gap-flat, M09-gap-growth: under each policy."""
        for variant in list(case.expect):
            expect = case.expect[variant]
            options = {"gap_policy": variant}
            if variant == "carryMax3":
                options = {"gap_policy": "carry", "max_carry": 3}
            first, until = map(unix, case.given["period"])
            hours = range(first, until, HOUR_SECS) \
                if "gibPerHour" in expect else ()
            payer = case.open(variant, hours=hours, **options)
            case.send_volumes(payer, variant)
            # The case's period ends there; nothing after it is missing.
            bill = case.bill(payer, until)
            self.check_money(case, bill, expect)
            if "gibPerHour" in expect:
                self.check_hours(bill, first, expect["gibPerHour"])
                continue
            self.assertEqual(bill["hours"], {
                "measured": expect["hoursMeasured"],
                "estimated": expect["hoursEstimated"],
                "unbilled": expect["hoursUnbilled"]})
            self.assertEqual(expect["hoursMissing"],
                             bill["hours"]["estimated"]
                             + bill["hours"]["unbilled"])

    def run_hold(self, case):
        """M09-hold: of April's 720 hours, the last ones are carried."""
        for count in case.given["hoursEstimated"]:
            payer = case.open(str(count), rate="0.03", gap_policy="carry",
                              max_carry=48)
            first = unix("2024-04-01T00:00:00Z")
            case.send(payer, every(case.id_of(str(count)), payer.name, GIB,
                                   first, first + (720 - count) * HOUR_SECS))

    def run_held(self, case):
        for count, state, reason in zip(case.given["hoursEstimated"],
                                        case.expect["state"],
                                        case.expect["reason"]):
            bill = case.bill(case.payer_of(str(count)), period="2024-04")
            self.assertEqual(bill["hours"]["estimated"], count)
            self.assertEqual((bill["state"], bill["reason"]),
                             (state, REASONS[reason]))

    # --- names and accounts ---

    def run_names(self, case):
        """M11-rename, M11-name-reuse."""
        payer = case.open()
        case.send_volumes(payer)
        bill = case.bill(payer)
        ids = {new: old[0] for old, new in case.ids.items()}
        for line in bill["lines"]:
            line["volume_id"] = ids[line["volume_id"]]
        bill["lines"].sort(key=lambda line: line["volume_id"])
        self.check_lines(bill, case.expect["lines"])
        self.assertEqual(bill["total"],
                         case.expect.get("total", bill["total"]))

    def run_transfer(self, case):
        for volume in case.given["volumes"]:
            payer = case.open(str(volume["account"]))
            case.send(payer, case.samples(volume["samples"], volume["id"],
                                          payer))
        for number, total in case.expect["accounts"].items():
            self.assertEqual(case.bill(case.payer_of(number))["total"],
                             total)

    # --- bins ---

    def bins_sample(self, case, payer, at, sample):
        return Sample(case.id_of("volume"), nanos(at), sample["bytes"],
                      payer.name,
                      [(age_hours(b["maxAge"]), b["bytes"])
                       for b in sample["sizeBins"]])

    def run_bins(self, case):
        payer = case.open()
        first, until = case.given["period"]
        case.send(payer, [
            self.bins_sample(case, payer, at,
                             case.given["volumes"][0]["everyHour"])
            for at in range(nanos(first), nanos(until),
                            HOUR_SECS * NANOS)])
        bill = case.bill(payer)
        self.check_money(case, bill, case.expect)
        self.check_lines(bill, case.expect["lines"])

    def run_bins_sum(self, case):
        payer = case.open(rate="0.03")
        good = Sample(case.id_of("good"), nanos("2024-04-10T10:00:00Z"),
                      GIB, payer.name)
        status, answer = case.send(payer, [
            self.bins_sample(case, payer, "2024-04-10T10:00:00Z",
                             case.given["sample"]), good])
        self.assertEqual(status, case.expect["http"])
        self.assertEqual(answer["stored"], 1)
        self.assertEqual(
            "quarantined:" + answer["quarantined"][0]["reason"],
            snake(case.expect["status"]))
        bill = case.bill(payer, period="2024-04")
        self.assertEqual([line["volume_id"] for line in bill["lines"]],
                         [good.volume])

    def run_unrated(self, case):
        payer = case.open()
        case.send(payer, [self.bins_sample(case, payer,
                                           "2024-04-10T10:00:00Z",
                                           case.given["sample"])])
        bill = case.bill(payer, period="2024-04")
        self.assertEqual(bill["state"], case.expect["periodState"])
        self.assertEqual(bill["reason"], REASONS[case.expect["reason"]])
        self.assertEqual(bill["exact"], case.expect["exact"])
        self.assertIsNone(bill["total"])

    # --- rounding: abstract amounts, made from samples and rates ---

    def month_of(self, case, payer, gibs, month="2024-04"):
        """Volumes that hold so many GiB for all of a month."""
        start = month_start(month)
        end = start + hours_in_month(month) * HOUR_SECS
        for i, gib in enumerate(gibs):
            case.send(payer, every(case.id_of(payer.name, str(i)),
                                   payer.name, gib * GIB, start, end,
                                   name=f"volume-{i}"))

    def run_tie(self, case):
        for variant in ("halfUp", "halfEven"):
            payer = case.open(variant, rounding_mode=snake(variant))
            case.send_volumes(payer, variant)
            bill = case.bill(payer)
            self.same(bill["exact"], case.expect["exact"])
            self.assertEqual(bill["total"], case.expect[variant])

    def run_negated_tie(self, case):
        """Closed, and then everything was zero."""
        for variant in ("halfUp", "halfEven"):
            payer = case.payer_of(variant)
            self.assertEqual(case.bill(payer)["state"], "closed")
            for volume in case.given["volumes"]:
                samples = case.samples(volume["samples"], volume["id"],
                                       payer, variant)
                for sample in samples:
                    sample.bytes, sample.revision = 0, 1
                case.send(payer, samples)
            bill = case.bill(payer, period="2024-05")
            negated = "negated" + variant[0].upper() + variant[1:]
            self.assertEqual(
                [c["amount"] for c in bill["corrections"]],
                [case.expect[negated]])
            self.same(bill["corrections"][0]["exact"],
                      "-" + case.expect["exact"])
            self.assertEqual(round_to(-fraction(case.expect["exact"]), 2,
                                      payer.rounding_mode),
                             fraction(case.expect[negated]))

    def run_line_or_document(self, case):
        """5 GiB at 0.067 are 0.335."""
        for variant, options in {
                "roundPerLine": {"rounding": "line"},
                "roundPerInvoice": {"rounding": "document"},
                "halfEvenPerLine": {"rounding": "line",
                                    "rounding_mode": "half_even"}}.items():
            payer = case.open(variant, rate="0.067", **options)
            self.month_of(case, payer, [5, 5, 5])
            bill = case.bill(payer, period="2024-04")
            self.assertEqual([line["exact"] for line in bill["lines"]],
                             case.given["lines"])
            self.assertEqual([line["amount"] for line in bill["lines"]],
                             case.expect[variant]["lines"])
            self.assertEqual(bill["total"], case.expect[variant]["total"])

    def run_thousand(self, case):
        """One sample each, carried through the month: 1000 lines of 744
        hours. On a server of its own, so that all the other bills do not
        have to look for what became of 1000 silent volumes."""
        given = case.given
        case.desk = self.desk_type(self, "2024-02-01T00:00:00Z")
        case.desk.start()
        payer = case.open(gap_policy="carry", max_carry=744)
        case.send(payer, [
            Sample(case.id_of(str(i)), nanos("2024-01-01T00:00:00Z"),
                   given["gibEach"] * GIB, payer.name)
            for i in range(given["volumes"])])
        bill = case.bill(payer, period="2024-01")
        self.assertEqual(bill["hours_in_month"], given["hoursInMonth"])
        self.assertEqual(len(bill["lines"]), given["volumes"])
        self.check_money(case, bill, case.expect)

    def run_currencies(self, case):
        """One GiB at the amount itself."""
        for currency in list(case.expect):
            for variant in ("halfUp", "halfEven"):
                payer = case.open(f"{currency}-{variant}", currency=currency,
                                  rate=case.given["exact"],
                                  rounding_mode=snake(variant))
                self.month_of(case, payer, [1])
                bill = case.bill(payer, period="2024-04")
                self.assertEqual(bill["exact"], case.given["exact"])
                self.assertEqual(bill["currency"], currency)
                self.assertEqual(bill["total"],
                                 case.expect[currency][variant])

    def run_payable(self, case):
        """3330, 6660 and 2331 GiB at 0.0001."""
        lines = case.given["lines"].values()
        payer = case.open(rate="0.0001")
        self.month_of(case, payer,
                      [int(fraction(line) * 10000) for line in lines])
        bill = case.bill(payer, period="2024-04")
        self.assertEqual([line["exact"] for line in bill["lines"]],
                         list(lines))
        self.assertEqual(bill["total"], case.expect["payable"])
        rows = case.desk.focus(payer.name, "2024-04")
        costs = {"Usage": [], "Adjustment": []}
        for row in rows:
            costs[row["ChargeCategory"]].append(row["BilledCost"])
        self.assertEqual(costs, {
            "Usage": case.expect["usageRows"],
            "Adjustment": [case.expect["adjustmentRow"]]})
        self.assertEqual(decimal(billed(rows), 12),
                         case.expect["sumBilledCost"])

    # --- exact ingest, quarters, to date ---

    def run_exact_ingest(self, case):
        payer = case.open(rate="1")
        want = json.loads(case.given["json"])["bytes"]
        self.assertEqual(want, case.expect["bytes"])
        sample = Sample(case.id_of("volume"), nanos("2024-04-10T10:00:00Z"),
                        int(want), payer.name)
        self.assertIn(f'"bytes": "{want}"', json.dumps(sample.as_json()))
        case.send(payer, [sample])
        line = case.bill(payer, period="2024-04")["lines"][0]
        self.assertEqual(line["byte_hours"], want)
        self.assertNotEqual(line["byte_hours"], case.must_not["bytes"])
        self.assertIn("422", case.expect["jsonNumber"])
        self.send_bare_number(case, payer, dict(
            sample.as_json(), id=new_uuid(),
            **json.loads(case.given["jsonNumber"])))
        self.assertEqual(len(case.bill(payer, period="2024-04")["lines"]), 1)

    def send_bare_number(self, case, payer, volume):
        """A desk that has a door can be shown what it must refuse."""

    def run_quarter_month(self, case, month):
        """M18-quarter: one month of the quarter; the last one is followed by
        the bill."""
        months = months_of(case.given["quarter"])
        if month == months[0]:
            case.open(period="quarter")
        payer = case.payer_of()
        self.month_of(case, payer,
                      [case.given["gibByMonth"][months.index(month)]], month)
        if month == months[-1]:
            self.check_quarter(case, payer)

    def check_quarter(self, case, payer):
        bill = case.bill(payer, period=case.given["quarter"])
        expect = case.expect
        self.check_lines(bill, expect["lines"])
        self.same(bill["exact"], expect["exact"])
        self.assertEqual(bill["total"], expect["total"])
        self.assertEqual(bill["hours_in_month"],
                         sum(line["hours"] for line in expect["lines"]))
        return bill

    def run_quarter_closed(self, case):
        self.assertEqual(rfc3339(case.desk.now // NANOS)[:10],
                         case.given["issued"])
        bill = self.check_quarter(case, case.payer_of())
        self.assertEqual(bill["state"], "closed")
        self.assertEqual(bill["closed_at"][:10], case.given["issued"])
        self.assertEqual(bill["due"], case.expect["due"])

    def run_to_date(self, case):
        payer = case.open()
        case.send_volumes(payer)
        bill = case.bill(payer, case.given["now"])
        self.assertEqual(bill["state"], "open")
        self.assertEqual(bill["hours"]["measured"],
                         case.expect["hoursElapsed"])
        self.check_money(case, bill, case.expect["toDate"])
        forecast = case.expect["forecast"]
        self.same(bill["forecast"]["exact"], forecast["exact"])
        self.assertEqual(bill["forecast"]["total"], forecast["billed"])
        self.assertNotEqual(bill["forecast"]["total"],
                            case.must_not["forecast"])

    # --- closing, and what comes later ---

    def run_late_day(self, case):
        """M17-late-day: January without its 20th, up to its close."""
        case.send_volumes(case.open())

    def run_late_day_closed(self, case):
        payer = case.payer_of()
        bill = case.bill(payer)
        self.assertEqual(bill["state"], "closed")
        self.assertEqual(bill["closed_at"], case.given["closedAt"])
        self.check_money(case, bill, case.expect["january"])

    def run_late_day_late(self, case):
        """The 20th comes: January stays, February corrects it."""
        payer = case.payer_of()
        self.assertEqual(case.desk.now, nanos(case.given["lateReceivedAt"]))
        for volume in case.given["late"]:
            case.send(payer, case.samples(volume["samples"], volume["id"],
                                          payer))
        self.run_late_day_closed(case)
        self.check_late_day(case, "open")

    def check_late_day(self, case, state):
        payer = case.payer_of()
        want = case.expect["correction"]
        bill = case.bill(payer, period=want["billingPeriod"])
        self.assertEqual(bill["state"], state)
        self.assertEqual(
            [(c["amount"], c["charge_period"], c["corrects"])
             for c in bill["corrections"]],
            [(want["amount"], want["chargePeriod"], want["corrects"])])
        self.assertEqual(want["chargeClass"], "Correction")
        self.assertEqual(bill["total"], want["amount"])
        self.same(fraction(case.bill(payer)["exact"])
                  + fraction(bill["corrections"][0]["exact"]),
                  case.expect["restatedExact"])

    def run_late_day_billed(self, case):
        """A month with nothing but a correction is a document, too."""
        self.check_late_day(case, "closed")
        self.assertEqual(
            case.bill(case.payer_of(), period="2024-03")["corrections"], [])

    def run_cumulative(self, case):
        """M17-cumulative: 10004 GiB on the last day of January, at 0.031,
        are 10.004."""
        case.open(rate="0.031")
        self.restate(case, case.given["closedExact"], 0)

    def restate(self, case, exact, revision):
        payer = case.payer_of()
        case.send(payer, every(case.id_of("volume"), payer.name,
                               int(fraction(exact) * 1000) * GIB,
                               "2024-01-31T00:00:00Z",
                               "2024-02-01T00:00:00Z", revision=revision))

    def run_cumulative_restated(self, case, revision):
        """What is late is corrected in the month that is open then."""
        payer = case.payer_of()
        bill = case.bill(payer, period="2024-01")
        self.assertEqual((bill["state"], bill["total"]),
                         ("closed", case.expect["billed"]))
        self.restate(case, case.given["restatedExact"][revision - 1],
                     revision)
        bill = case.bill(payer, period=f"2024-0{1 + revision}")
        self.assertEqual(
            [c["amount"] for c in bill["corrections"]],
            [case.expect["adjustments"][revision - 1]])

    def run_cumulative_billed(self, case):
        bills = [case.bill(case.payer_of(), period=f"2024-0{month}")
                 for month in (1, 2, 3)]
        self.assertEqual({bill["state"] for bill in bills}, {"closed"})
        self.assertEqual([bill["total"] for bill in bills[1:]],
                         case.expect["adjustments"])
        self.assertEqual(
            decimal(sum(fraction(bill["total"]) for bill in bills)),
            case.expect["sum"])

    def run_grace(self, case, number):
        """M18-grace: a report just before the end of the grace, and one at
        it."""
        payer = case.payer_of() if number else case.open(rate="72")
        self.assertEqual(case.desk.now,
                         nanos(case.given["receivedAt"][number]))
        case.send(payer, [Sample(case.id_of("volume"),
                                 nanos(f"2024-04-10T1{number}:00:00Z"),
                                 GIB, payer.name)])
        april = case.bill(payer, period="2024-04")
        corrections = case.bill(payer, period="2024-05")["corrections"]
        self.assertEqual(april["hours"]["measured"], 1)
        status = case.expect["status"][number]
        if status == "included":
            self.assertEqual((april["state"], corrections), ("draft", []))
        else:
            self.assertEqual(april["state"], "closed")
            self.assertEqual(april["closed_at"], case.expect["closesAt"])
            self.assertEqual([c["amount"] for c in corrections], ["0.10"])

    # --- all of them, in the order of time ---

    def plan(self):
        """[(instant, [(case id, how)])]: where the clock stands for it."""
        return [
            ("2023-03-01T00:00:00Z", [("M01-672", self.run_plain)]),
            ("2024-02-01T00:00:00Z", [
                ("M01-744", self.run_plain),
                ("M15-double-1", self.run_plain),
                ("M15-hourly-rounding", self.run_thousand),
                ("M17-cumulative", self.run_cumulative),
                ("M17-late-day", self.run_late_day),
                ("M18-quarter",
                 lambda c: self.run_quarter_month(c, "2024-01"))]),
            ("2024-02-03T00:00:00Z", [
                ("M17-late-day", self.run_late_day_closed)]),
            ("2024-02-10T09:00:00Z", [
                ("M17-cumulative",
                 lambda c: self.run_cumulative_restated(c, 1)),
                ("M17-late-day", self.run_late_day_late)]),
            ("2024-03-01T00:00:00Z", [
                ("M18-quarter",
                 lambda c: self.run_quarter_month(c, "2024-02"))]),
            ("2024-03-04T00:00:00Z", [
                ("M17-cumulative",
                 lambda c: self.run_cumulative_restated(c, 2)),
                ("M17-late-day", self.run_late_day_billed)]),
            ("2024-04-01T00:00:00Z", [
                ("M02-s3-faq", self.run_plain),
                ("M18-quarter",
                 lambda c: self.run_quarter_month(c, "2024-03"))]),
            ("2024-04-03T00:00:00Z", [
                ("M17-cumulative", self.run_cumulative_billed),
                ("M18-quarter", self.run_quarter_closed)]),
            ("2024-04-10T12:00:00Z", [("M08-skew", self.run_skew)]),
            ("2024-05-01T00:00:00Z", [
                ("M01-720", self.run_plain),
                ("M04-mean-vs-tw", self.run_averages),
                ("M06-dup", self.run_deliveries),
                ("M06-reuse", self.run_deliveries),
                ("M06-conflict", self.run_deliveries),
                ("M06-two-admins", self.run_deliveries),
                ("M07-boundary", self.run_plain),
                ("M09-gap-flat", self.run_gaps),
                ("M09-gap-growth", self.run_gaps),
                ("M09-zero-is-data", self.run_plain),
                ("M09-hold", self.run_hold),
                ("M10-created", self.run_averages),
                ("M10-retired", self.run_averages),
                ("M11-rename", self.run_names),
                ("M11-name-reuse", self.run_names),
                ("M11-transfer", self.run_transfer),
                ("M12-rate-change", self.run_plain),
                ("M14-bins", self.run_bins),
                ("M14-bins-sum", self.run_bins_sum),
                ("M14-unrated", self.run_unrated),
                ("M15-tie", self.run_tie),
                ("M15-line-vs-invoice", self.run_line_or_document),
                ("M16-2p53", self.run_exact_ingest),
                ("M19-minor-units-1", self.run_currencies),
                ("M20-focus-sum", self.run_payable),
                ("M21-forecast", self.run_to_date)]),
            ("2024-05-02T23:59:59Z", [
                ("M18-grace", lambda c: self.run_grace(c, 0))]),
            ("2024-05-03T00:00:00Z", [
                ("M09-hold", self.run_held),
                ("M15-tie", self.run_negated_tie),
                ("M18-grace", lambda c: self.run_grace(c, 1))]),
        ]

    def run_all(self):
        with open(GOLDEN, encoding="utf-8") as f:
            golden = {case["id"]: case for case in json.load(f)["cases"]}
        plan = self.plan()
        desk = self.desk_type(self, plan[0][0])
        desk.start()
        cases = {}
        for at, runs in plan:
            if nanos(at) > desk.now:
                desk.clock(at)
            for name, run in runs:
                if name not in cases:
                    cases[name] = Case(desk, golden[name])
                with self.subTest(case=name):
                    run(cases[name])
            desk.close_due()
        self.assertEqual(sorted(cases), sorted(golden), "each case is run")
        for name, case in cases.items():
            self.assertEqual(
                {*case.expect} - case.expect.asked, set(),
                f"{name}: not looked at")
