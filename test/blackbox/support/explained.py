"""An explanation, reckoned from what it says itself and nothing else.

    check(json.loads(server.ok("explain", "acme/2026-10", "1",
                               "--output", "json")))

Everything in it is computed once more with fractions: weights from instants,
means from samples, estimates from the hours they rest on, costs from rates,
the sum from the hours, the amount from the sum. Returns the exact value, and
raises AssertionError where something comes out otherwise.
"""

import contextlib
import json
import sqlite3
from fractions import Fraction

from .money import (GIB, HOUR_NANOS, HOUR_SECS, NANOS, exact_text, fraction,
                    hours_in_month, round_to)
from .report import make_report, rfc3339, unix
from .usage import age_text


def same(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: {got}, but reckoned {want}")


def nanos_of(text):
    """2026-10-01T00:00:00.000000001Z in unix nanoseconds."""
    whole, part = text.rstrip("Z").split(".")
    same(len(part), 9, f"digits of {text}")
    return unix(whole + "Z") * NANOS + int(part)


def shown(value, decimal, name):
    """A decimal shows a value, with as many digits as it needs or 30."""
    same(decimal, exact_text(value), name)


class Hour:
    """A measured hour with its samples."""

    def __init__(self, explained, told, ended_at, by_bins):
        self.explained = explained
        self.begin = unix(told["hour"])
        self.told = told
        self.ended_at = ended_at
        self.by_bins = by_bins
        if not told["samples_removed"]:
            self.check_standing()
            self.check_weights()

    def own(self):
        return [s for s in self.told["samples"] if not s["runs_on"]]

    def check_standing(self):
        """Of an instant the highest revision counts, up to the end."""
        highest = {}
        for sample in self.own():
            at = nanos_of(sample["sampled_at"])
            same(at // HOUR_NANOS, self.begin // HOUR_SECS, "hour of sample")
            highest[at] = max(sample["revision"], highest.get(at, 0))
        for sample in self.own():
            at = nanos_of(sample["sampled_at"])
            want = "counts"
            if self.ended_at is not None and \
                    at // NANOS > unix(self.ended_at):
                want = "after_end"
            elif sample["revision"] < highest[at]:
                want = "superseded"
            same(sample["standing"], want, f"standing of {sample}")

    def check_weights(self):
        told = self.told["samples"]
        counted = [s for s in told if s["standing"] == "counts"]
        for sample in told:
            if sample["standing"] != "counts":
                same(sample["weight"], "0", "weight of what does not count")
        if int(self.told["weights"]) != HOUR_NANOS:
            same(self.told["weights"], str(len(counted)), "weights")
            for sample in counted:
                same(sample["weight"], "1", "weight")
                same(sample["runs_on"], False, "runs on in a mean")
            return
        begin = self.begin * NANOS
        end = HOUR_NANOS
        if self.ended_at is not None and \
                unix(self.ended_at) // HOUR_SECS * HOUR_SECS == self.begin:
            end = (unix(self.ended_at) - self.begin) * NANOS
        places = [0 if s["runs_on"] else
                  min(nanos_of(s["sampled_at"]) - begin, end)
                  for s in counted]
        for i, sample in enumerate(counted):
            until = places[i + 1] if i + 1 < len(places) else end
            same(sample["weight"], str(until - places[i]),
                 f"weight of {sample}")

    def size(self, sample, age):
        if not self.by_bins:
            return int(sample["bytes"])
        return sum(int(b["bytes"]) for b in sample["bins"]
                   if b["max_age"] == age)

    def mean(self, age, account=None):
        return sum((Fraction(int(s["weight"]) * self.size(s, age),
                             int(self.told["weights"]))
                    for s in self.told["samples"]
                    if account in (None, s["account"])), Fraction(0))


class Side:
    """Some hours, as they were known at a fact."""

    def __init__(self, explained, ended_at, sources, by_bins):
        self.explained = explained
        self.ended_at = ended_at
        self.by_bins = by_bins
        self.sources = {}
        for told in sources:
            hour = Hour(explained, told, ended_at, by_bins)
            if told["samples_removed"]:
                continue
            for told_bin in told["bins"]:
                if by_bins or told_bin["max_age"] == explained["max_age"]:
                    same(Fraction(told_bin["mean_bytes_fraction"]),
                         hour.mean(told_bin["max_age"]),
                         f"mean of {told['hour']}")
            self.sources[told["hour"]] = hour

    def mean(self, told, hour, age):
        """What the mean of a bin of an hour is; None when it cannot be
        reckoned."""
        if told["kind"] == "measured":
            if told["samples_removed"]:
                return None
            return Hour(self.explained, dict(told, hour=hour), self.ended_at,
                        self.by_bins).mean(age, self.explained["account"])
        gone = (unix(hour) - unix(told["last_measured"])) // HOUR_SECS
        carried = gone <= self.explained["max_carry_hours"]
        if told["kind"] == "unbilled":
            policy = self.explained["gap_policy"]
            same(told["policy"], policy, "policy")
            same(policy in ("zero", "hold") or not carried, True,
                 f"{hour} is unbilled")
            return Fraction(0)
        same(len(told["rests_on"]), 1 + (told["policy"] == "interpolate"),
             "hours that an estimate rests on")
        same(told["policy"] == "interpolate" or carried, True,
             f"{hour} is carried")
        return sum((self.sources[r["hour"]].mean(age)
                    * Fraction(int(r["weight"]), int(r["weights"]))
                    for r in told["rests_on"]), Fraction(0))

    def bin_cost(self, told, hour, age, rate, bin_told):
        """Checks one bin of an hour, and returns what it costs."""
        mean = self.mean(told, hour, age)
        said = Fraction(bin_told["mean_bytes_fraction"])
        if mean is not None:
            same(said, mean, f"mean of {hour}")
        shown(said, bin_told["mean_bytes"], "mean_bytes")
        cost = said / GIB / hours_in_month(hour[:7]) * fraction(rate or "0")
        shown(cost, bin_told["cost"], "cost")
        return cost


def check(explained):
    """The exact value of the line."""
    if explained["kind"] == "usage":
        exact = check_usage(explained)
    else:
        exact = check_correction(explained)
    told = explained["sum"]
    same(Fraction(told["exact_fraction"]), exact, "sum")
    shown(exact, told["exact"], "exact")
    same(told["adds_up"], True, "adds_up")
    if explained["amount"] is not None:
        check_amount(explained, exact)
    return exact


def check_usage(explained):
    side = Side(explained, explained["ended_at"], explained["sources"], False)
    same(explained["hours_in_month"], hours_in_month(explained["month"]),
         "hours_in_month")
    rate = explained["rate"]["rate"] if explained["rate"] else None
    counts = {"measured": 0, "estimated": 0, "unbilled": 0}
    exact = byte_hours = Fraction(0)
    for told in explained["hours"]:
        same(told["hour"][:7], explained["month"], "month of the hour")
        counts[told["kind"]] += 1
        exact += side.bin_cost(told, told["hour"], explained["max_age"], rate,
                               told)
        byte_hours += Fraction(told["mean_bytes_fraction"])
    told = explained["sum"]
    same(told["hours"], counts, "hours")
    same(Fraction(told["byte_hours_fraction"]), byte_hours, "byte_hours")
    shown(byte_hours, told["byte_hours"], "byte_hours")
    shown(byte_hours / GIB / explained["hours_in_month"], told["gib_months"],
          "gib_months")
    return exact


def check_correction(explained):
    before, now = (Side(explained, explained[name]["ended_at"],
                        explained[name]["sources"], True)
                   for name in ("before", "now"))
    exact = Fraction(0)
    for told in explained["hours"]:
        same(told["hours_in_month"], hours_in_month(told["hour"][:7]),
             "hours_in_month")
        difference = check_side(now, told["hour"], told["now"]) \
            - check_side(before, told["hour"], told["before"])
        same(Fraction(told["difference_fraction"]), difference,
             f"difference of {told['hour']}")
        shown(difference, told["difference"], "difference")
        same(difference != 0, True, "there is a difference")
        exact += difference
    check_span(explained)
    check_news(explained)
    return exact


def check_side(side, hour, told):
    if told is None:
        return Fraction(0)
    cost = sum((side.bin_cost(told, hour, b["max_age"], b["rate"], b)
                for b in told["bins"]), Fraction(0))
    shown(cost, told["cost"], "cost of a side")
    return cost


def check_span(explained):
    """The charge period goes from the first hour to behind the last."""
    if explained["hours"]:
        same([unix(at) for at in explained["charge_period"]],
             [unix(explained["hours"][0]["hour"]),
              unix(explained["hours"][-1]["hour"]) + HOUR_SECS],
             "charge_period")


def check_news(explained):
    """What is new came between the two sides."""
    old, new = (explained[name]["upto_fact"] for name in ("before", "now"))
    for told in explained["hours"]:
        for name in ("before", "now"):
            for sample in (told[name] or {}).get("samples", []):
                fact = (sample["released"] or sample["report"])["fact"]
                same(sample["new"], fact > old, f"new: {sample}")
                same(fact <= (new if name == "now" else old), True,
                     "known then")
    for stated in explained["rates"] + explained["ends"]:
        same(old < stated["fact"] <= new, True, f"{stated} is news")


def check_amount(explained, exact):
    rounding = explained["rounding"]
    digits, mode = rounding["digits"], rounding["mode"]
    amount = fraction(explained["amount"])
    billed = fraction(rounding.get("billed_before", "0"))
    if rounding["by"] == "line":
        if explained["kind"] == "usage":
            same(amount, round_to(exact, digits, mode), "amount")
        else:
            same(amount, fraction(rounding["rounded"]) - billed, "amount")
        return
    whole = Fraction(rounding["exact_fraction"])
    shown(whole, rounding["exact"], "exact of the document")
    same(fraction(rounding["rounded"]), round_to(whole, digits, mode),
         "rounded")
    unit = Fraction(1, 10**digits)
    cut = exact // unit * unit
    same(fraction(rounding["cut"]), cut, "cut")
    same(Fraction(rounding["lost_fraction"]), exact - cut, "lost")
    shown(exact - cut, rounding["lost"], "lost")
    each, rest = divmod(int(rounding["missing_units"]), rounding["of"])
    same(amount, cut + unit * (each + (rounding["rank"] <= rest)), "amount")


def check_against(explained, bill):
    """The line is the bill's."""
    lines = bill["lines"] + bill["corrections"]
    line = lines[explained["line"] - 1]
    same(explained["invoice"], bill["number"], "number")
    same(explained["rests_on"]["ledger_head"], bill["ledger_head"], "head")
    for name in ("volume_id", "name", "amount"):
        same(explained[name], line[name], name)
    same(explained["sum"]["exact"], line["exact"] or "0", "exact")
    if explained["kind"] == "correction":
        same(explained["corrects"]["period"], line["corrects"], "corrects")
        same(explained["charge_period"], line["charge_period"], "charged")
        return
    for name in ("former_names", "max_age"):
        same(explained[name], line[name], name)
    for name in ("byte_hours", "gib_months", "hours"):
        same(explained["sum"][name], line[name], name)
    rate = explained["rate"] or {"rate": None, "from": None}
    same((rate["rate"], rate["from"]), (line["rate"], line["rate_from"]),
         "rate")


class Story:
    """A server on a pretend clock, whose bills are explained line by line.
    Commands know the same time."""

    def __init__(self, test, start):
        self.now = start
        self.server = test.server(args=(
            "--mockTime", "--mockStart", start, "--mockRate", "0"))
        self.operator = self.server.create_token("op", "operator")
        self.tokens = {}
        self.looked = 0

    def open(self, *payers):
        """Accounts, rates, and a source of each name."""
        for payer in payers:
            self.server.create_account(payer.name, **payer.options())
            for age, rows in payer.rates.items():
                for hour, rate in rows:
                    self.server.create_rate(
                        payer.name, rate, max_age=age_text(age),
                        from_=rfc3339(hour * HOUR_SECS))
        for payer in payers:
            self.tokens[payer.name] = self.server.create_source(
                payer.name, *(p.name for p in payers))
        return self

    def start(self):
        self.server.start()
        return self

    def clock(self, at):
        """Moves the clock; what is due then is closed."""
        self.now = at
        self.looked = self.server.mark()
        self.server.set_clock(self.operator, at)

    def closed(self, account, period):
        """Waits until a period is closed, and returns its number."""
        return self.server.wait_log(
            "close.done", account=account, period=period).fields["invoice"]

    def clock_flags(self):
        return ("--mockTime", "--mockRate", "0", "--mockStart", self.now)

    def rate(self, account, rate, at, **options):
        """A rate that is stated now."""
        self.server.ok("create", "rate", "--account", account, "--rate", rate,
                       "--from", at, *self.clock_flags(),
                       *(["--maxAge", options["max_age"]] if options else []))

    def send(self, source, *samples):
        report = make_report([], sent_at=self.now)
        report["volumes"] = [s.as_json() for s in samples]
        answer = self.server.send_report(self.tokens[source], report)
        if answer.status != 201 or answer.json()["quarantined"]:
            raise AssertionError(answer.text())
        return report["report_id"], answer

    def query(self, text, *values):
        """Rows of the database as it is."""
        with contextlib.closing(sqlite3.connect(
                f"file:{self.server.db}/stat.db?mode=ro", uri=True)) as db:
            return db.execute(text, values).fetchall()

    def bill(self, account, period):
        return json.loads(self.server.ok(
            "report", "--account", account, "--period", period, "--format",
            "json", *self.clock_flags()))

    def explain(self, bill, line, *more):
        return json.loads(self.server.ok(
            "explain", bill, line, "--output", "json", *more,
            *self.clock_flags()))

    def check(self, account, period):
        """Every line of a bill, explained and reckoned; a closed one by both
        of its names."""
        bill = self.bill(account, period)
        found = []
        for i in range(len(bill["lines"]) + len(bill["corrections"])):
            explained = self.explain(f"{account}/{period}", i + 1)
            check(explained)
            check_against(explained, bill)
            found.append(explained)
        if bill["number"] and found:
            same(self.explain(bill["number"], 1), found[0], "by its number")
        return found
