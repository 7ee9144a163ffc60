"""Samples into hours, as the published rules say, with what was known when.

Everything that is told has a place in the order of things told (a count: a
report's, a rate's, a decision's), and whatever is asked is asked as of such a
place: what came later does not count. An hour is a list of pieces of time (or
of samples), and all figures are fractions; hours that follow each other and
are alike are told as one run.
"""

import bisect
import datetime
from fractions import Fraction

from .money import HOUR_NANOS, HOUR_SECS, NANOS

ALL = float("inf")  # a place in the order behind everything


class Payer:
    """An account: who pays, and by which rules."""

    def __init__(self, name, currency="USD", average="mean",
                 gap_policy="carry", max_carry=6, rounding="document",
                 rounding_mode="half_up", period="month", net_days=30):
        self.name = name
        self.currency = currency
        self.average = average
        self.gap_policy = gap_policy
        self.max_carry = max_carry
        self.rounding = rounding
        self.rounding_mode = rounding_mode
        self.period = period
        self.net_days = net_days
        self.rates = {}  # age in hours (0: all ages): [(from hour, text)]
        self.orders = {}  # (age, from hour): when it became known
        self.told = []  # the same, ascending
        self._rows = {}

    def options(self):
        """For Server.create_account."""
        return {"currency": self.currency, "average": self.average,
                "gap_policy": self.gap_policy,
                "max_carry": f"{self.max_carry}h",
                "rounding": self.rounding,
                "rounding_mode": self.rounding_mode,
                "period": self.period, "net_days": self.net_days}

    def add_rate(self, rate, at=946684800, age_hours=0, order=0):
        """A rate that holds from the first whole hour at or after at."""
        rows = self.rates.setdefault(age_hours, [])
        hour = -(-at // HOUR_SECS)
        rows.append((hour, rate))
        rows.sort()
        self.orders[age_hours, hour] = order
        bisect.insort(self.told, order)
        self._rows.clear()

    def version(self, known):
        """How many rates were known."""
        return bisect.bisect_right(self.told, known)

    def rows(self, age_hours, known):
        """([from hour], [text]) of an age's rates as known."""
        key = (age_hours, self.version(known))
        if key not in self._rows:
            rows = [row for row in self.rates.get(age_hours, [])
                    if self.orders[age_hours, row[0]] <= known]
            self._rows[key] = ([row[0] for row in rows],
                               [row[1] for row in rows])
        return self._rows[key]

    def rate_at(self, age_hours, hour, known=ALL):
        """(age, from hour, rate) that a bin is charged at, or None."""
        for age in (age_hours, 0):
            hours, texts = self.rows(age, known)
            held = bisect.bisect_right(hours, hour)
            if held > 0:
                return age, hours[held - 1], texts[held - 1]
        return None

    def rates_over(self, age_hours, first, after, known=ALL):
        """[(rate or None, hours)] that follow each other in [first, after).
        """
        edges = {first, after}
        for age in {age_hours, 0}:
            edges |= {hour for hour in self.rows(age, known)[0]
                      if first < hour < after}
        edges = sorted(edges)
        return [(self.rate_at(age_hours, begin, known), end - begin)
                for begin, end in zip(edges, edges[1:])]


class Sample:
    """One volume's size at one instant (unix nanoseconds)."""

    def __init__(self, volume, at, byte_count, account, bins=None, name=None,
                 revision=0, retired_at=None):
        self.volume = volume
        self.at = at
        self.bytes = byte_count
        self.account = account
        self.bins = bins  # [(age in hours, 0 for the open end, bytes)]
        self.name = name
        self.revision = revision
        self.retired_at = retired_at  # unix seconds

    def sizes(self):
        """{age in hours: bytes}; the whole volume is age 0."""
        if not self.bins:
            return {0: self.bytes}
        sizes = {}
        for age, byte_count in self.bins:
            sizes[age] = sizes.get(age, 0) + byte_count
        return sizes

    def adds_up(self):
        return not self.bins or sum(b for _, b in self.bins) == self.bytes

    def says_the_same(self, other):
        return (self.bytes, self.account, self.bins or None) == \
            (other.bytes, other.account, other.bins or None)

    def as_json(self):
        """The volume's object in a report."""
        told = {"id": self.volume, "account": self.account,
                "sampled_at": rfc3339_nanos(self.at),
                "bytes": self.bytes if self.bytes < 2**53
                else str(self.bytes)}
        if self.bins is not None:
            told["size_bins"] = [
                {"max_age": age_text(age), "bytes": str(byte_count)}
                for age, byte_count in self.bins]
        if self.name is not None:
            told["name"] = self.name
        if self.revision:
            told["revision"] = self.revision
        if self.retired_at is not None:
            told["retired_at"] = rfc3339_nanos(self.retired_at * NANOS)
        return told


def rfc3339_nanos(at):
    """2026-10-01T00:00:00.5Z, with as many digits as it takes."""
    when = datetime.datetime.fromtimestamp(at // NANOS, datetime.timezone.utc)
    part = f".{at % NANOS:09}".rstrip("0").rstrip(".")
    return when.strftime("%Y-%m-%dT%H:%M:%S") + part + "Z"


def age_text(age_hours):
    """As reports write it: '30d', '5h', None for the open end."""
    if age_hours == 0:
        return None
    return f"{age_hours // 24}d" if age_hours % 24 == 0 else f"{age_hours}h"


class Run:
    """One account's part of so many hours of one volume, all alike."""

    def __init__(self, hour, count, account, kind, sizes, names=()):
        self.hour = hour
        self.count = count
        self.account = account
        self.kind = kind  # measured, estimated, unbilled
        self.sizes = sizes  # {age: byte-hours of each hour}
        self.names = names


class Measured:
    """An hour that has samples."""

    def __init__(self, hour, parts, samples):
        self.hour = hour
        self.parts = parts  # {account: {age: byte-hours}}
        self.whole = add_up(parts.values())
        self.last = samples[-1]
        self.names = {account: [s.name for s in samples
                                if s.account == account and s.name]
                      for account in parts}


class Track:
    """All that was told of a volume: samples, and its end."""

    def __init__(self):
        self.samples = {}  # (at, revision): (order, Sample)
        self.accounts = {}  # of all samples: the first instant
        self.ends = []  # (order, unix seconds); the last one counts
        self.lives_until = None  # what an operator insists on
        self.orders = []  # of all of it, ascending, each once
        self._measured = {}

    def note(self, order):
        if not self.orders or self.orders[-1] < order:
            self.orders.append(order)
        self._measured.pop(order, None)

    def add(self, sample, order):
        self.samples[sample.at, sample.revision] = (order, sample)
        self.accounts[sample.account] = min(
            sample.at, self.accounts.get(sample.account, sample.at))
        self.note(order)

    def state_end(self, at, order):
        """A report states an end: the earliest one counts, and none before
        what an operator insists on."""
        if self.lives_until is not None and at < self.lives_until:
            return
        if not self.ends or at < self.ends[-1][1]:
            self.ends.append((order, at))
            self.note(order)

    def live_until(self, at, order):
        """An operator says that it lived until then at least."""
        self.lives_until = max(at, self.lives_until or at)
        if self.ends and self.ends[-1][1] < at:
            self.ends.append((order, at))
            self.note(order)

    def version(self, known):
        """The place at which the last thing known was told, or 0."""
        found = bisect.bisect_right(self.orders, known)
        return self.orders[found - 1] if found else 0

    def end(self, known=ALL):
        """Unix seconds, or None."""
        at = None
        for order, said in self.ends:
            if order <= known:
                at = said
        return at

    def is_over(self, at, known=ALL):
        """Whether an instant is after the volume's end, which is known to
        the second: that second is still its own."""
        end = self.end(known)
        return end is not None and at // NANOS > end

    def counted(self, known):
        """By hour, in order: of an instant the highest revision, nothing
        after the end."""
        latest = {}
        for at, revision in sorted(self.samples):
            order, sample = self.samples[at, revision]
            if order <= known:
                latest[at] = sample
        hours = {}
        for at, sample in latest.items():
            if not self.is_over(at, known):
                hours.setdefault(at // HOUR_NANOS, []).append(sample)
        return hours

    def measured(self, payers, known=ALL):
        """Every Measured hour, in order."""
        version = self.version(known)
        if version not in self._measured:
            found = []
            for hour, samples in self.counted(version).items():
                parts = self.measure(payers, hour, samples,
                                     found[-1] if found else None, version)
                found.append(Measured(hour, parts, samples))
            self._measured[version] = found
        return self._measured[version]

    def measure(self, payers, hour, samples, before, known):
        """{account: sizes} of an hour that has samples."""
        pieces = []  # (weight, sample); the weights of a full hour are 1
        if any(payers[s.account].average == "mean" for s in samples):
            pieces = [(Fraction(1, len(samples)), s) for s in samples]
        else:
            begin = hour * HOUR_NANOS
            end = begin + HOUR_NANOS
            retired_at = self.end(known)
            if retired_at is not None:
                end = min(end, retired_at * NANOS)
            if self.runs_on(payers, hour, before) and samples[0].at > begin:
                stop = min(end, samples[0].at)
                pieces.append((Fraction(stop - begin, HOUR_NANOS),
                               before.last))
            for i, s in enumerate(samples):
                stop = min(end, samples[i + 1].at
                           if i + 1 < len(samples) else end)
                pieces.append((Fraction(max(0, stop - s.at), HOUR_NANOS), s))
        parts = {}
        for weight, sample in pieces:
            sizes = parts.setdefault(sample.account, {})
            for age, byte_count in sample.sizes().items():
                sizes[age] = sizes.get(age, 0) + weight * byte_count
        return parts

    @staticmethod
    def runs_on(payers, hour, before):
        """Whether the last sample still says something at the beginning of
        an hour: it is of the hour before, or is carried as far as here."""
        if before is None:
            return False
        payer = payers[before.last.account]
        return before.hour == hour - 1 or (
            payer.gap_policy == "carry" and
            hour - before.hour <= payer.max_carry)

    def runs(self, payers, first, after, over, known=ALL):
        """Every Run of [first, after); hours from over on are not over yet,
        and what has no sample there is not missing."""
        measured = self.measured(payers, known)
        begin = bisect.bisect_left(measured, first, key=lambda m: m.hour)
        for i in range(max(0, begin - 1), len(measured)):
            here = measured[i]
            if here.hour >= after:
                break
            if here.hour >= first:
                for account, sizes in here.parts.items():
                    yield Run(here.hour, 1, account, "measured", sizes,
                              here.names.get(account, ()))
            behind = measured[i + 1] if i + 1 < len(measured) else None
            until = over if behind is None else behind.hour
            yield from clip(self.fill(payers, here, until, behind, known),
                            first, after)

    def fill(self, payers, before, until, behind, known):
        """The hours between a measured one and the hour until; behind is the
        measured one there, or None."""
        payer = payers[before.last.account]
        retired_at = self.end(known)
        if retired_at is not None:
            until = min(until, -(-retired_at // HOUR_SECS))
        hour = before.hour + 1
        if payer.gap_policy == "interpolate" and behind is not None:
            for at in range(hour, until):
                share = Fraction(at - before.hour, behind.hour - before.hour)
                yield Run(at, 1, payer.name, "estimated",
                          add_up([scale(before.whole, 1 - share),
                                  scale(behind.whole, share)]))
            return
        carried = 0
        if payer.gap_policy not in ("zero", "hold"):
            carried = max(0, min(payer.max_carry, until - hour))
        cut = None  # the hour in which it ends
        if payer.average == "time_weighted" and retired_at is not None and \
                retired_at // HOUR_SECS == hour + carried - 1 and carried:
            cut = scale(before.whole, Fraction(retired_at % HOUR_SECS,
                                               HOUR_SECS))
        whole = carried - (cut is not None)
        yield Run(hour, whole, payer.name, "estimated", before.whole)
        if cut is not None:
            yield Run(hour + whole, 1, payer.name, "estimated", cut)
        yield Run(hour + carried, until - hour - carried, payer.name,
                  "unbilled", scale(before.whole, 0))


def clip(runs, first, after):
    """What of runs lies in [first, after)."""
    for run in runs:
        begin = max(run.hour, first)
        end = min(run.hour + run.count, after)
        if begin < end:
            yield Run(begin, end - begin, run.account, run.kind, run.sizes)


def scale(sizes, by):
    return {age: by * size for age, size in sizes.items()}


def add_up(parts):
    """The sum of several {age: size}."""
    total = {}
    for sizes in parts:
        for age, size in sizes.items():
            total[age] = total.get(age, 0) + size
    return total
