"""Exact money, reckoned here a second time and in another way.

All figures are fractions; nothing in this file is a floating point number.
"""

import bisect
import calendar
import datetime
from fractions import Fraction

GIB = 2**30
HOUR_SECS = 3600
NANOS = 10**9
HOUR_NANOS = HOUR_SECS * NANOS

# Decimals of the currencies that tests use (ISO 4217).
CURRENCY_DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4}

MAX_FUTURE_NANOS = 300 * NANOS
MAX_AGE_NANOS = 35 * 86400 * NANOS


def fraction(text):
    """'380.0163' exactly. Takes text and integers, never a float."""
    if isinstance(text, float):
        raise TypeError("money is never a float")
    return Fraction(text)


def round_to(value, digits=2, mode="half_up"):
    """Rounds to so many digits: half_up (away from zero) or half_even."""
    scaled = abs(value) * 10**digits
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = Fraction(2 * rest, scaled.denominator)
    if twice > 1 or (twice == 1 and (mode == "half_up" or whole % 2 == 1)):
        whole += 1
    rounded = Fraction(whole, 10**digits)
    return -rounded if value < 0 else rounded


def decimal(value, digits=2):
    """Text with exactly so many digits; value must not need more."""
    scaled = value * 10**digits
    if scaled.denominator != 1:
        raise ValueError(f"{value} has more than {digits} digits")
    sign = "-" if scaled < 0 else ""
    text = str(abs(scaled.numerator)).rjust(digits + 1, "0")
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)


def month_start(month):
    """Unix seconds of a month's beginning: '2026-10'."""
    when = datetime.datetime.strptime(month, "%Y-%m")
    return int(when.replace(tzinfo=datetime.timezone.utc).timestamp())


def hours_in_month(month):
    year, number = map(int, month.split("-"))
    return 24 * calendar.monthrange(year, number)[1]


def months_of(period):
    """The months of a period: '2026-10' is one, '2026-Q4' three."""
    if "Q" not in period:
        return [period]
    year, quarter = period.split("-Q")
    return [f"{year}-{3 * int(quarter) - 2 + i:02}" for i in range(3)]


def exact_text(value, digits=30):
    """As many digits as it needs, at most so many; the last one rounded."""
    text = decimal(round_to(value, digits), digits)
    return text.rstrip("0").rstrip(".")


def month_cost(byte_hours, rate, month):
    """What so many byte-hours of one month cost at rate per GiB-month."""
    return (Fraction(byte_hours) / GIB * fraction(rate)
            / hours_in_month(month))


def largest_remainder(parts, total, digits=2):
    """Splits total (already rounded) over exact parts: each gets its floor,
    what is left goes to the largest remainders, ties to the earlier."""
    unit = Fraction(1, 10**digits)
    floors = [part // unit * unit for part in parts]
    left = int((total - sum(floors)) / unit)
    order = sorted(range(len(parts)),
                   key=lambda i: (floors[i] - parts[i], i))
    for i in order[:left]:
        floors[i] += unit
    return floors


# --- the bill, reckoned from the published rules -----------------------------
#
# A history is accounts, rates and reports; Books takes the reports one after
# the other as the server does, says what the answer must be, and writes the
# bill of any period. It knows nothing of the program but its rules, and does
# each thing in the plainest way: an hour is a list of pieces of time (or of
# samples), and all figures are fractions.


class Payer:
    """An account: who pays, and by which rules."""

    def __init__(self, name, currency="USD", average="mean",
                 gap_policy="carry", max_carry=6, rounding="document",
                 rounding_mode="half_up"):
        self.name = name
        self.currency = currency
        self.average = average
        self.gap_policy = gap_policy
        self.max_carry = max_carry
        self.rounding = rounding
        self.rounding_mode = rounding_mode
        self.rates = {}  # age in hours (0: all ages): [(from hour, text)]

    def options(self):
        """For Server.create_account."""
        return {"currency": self.currency, "average": self.average,
                "gap_policy": self.gap_policy,
                "max_carry": f"{self.max_carry}h",
                "rounding": self.rounding,
                "rounding_mode": self.rounding_mode}

    def add_rate(self, rate, at=946684800, age_hours=0):
        """A rate that holds from the first whole hour at or after at."""
        rows = self.rates.setdefault(age_hours, [])
        rows.append((-(-at // HOUR_SECS), rate))
        rows.sort()

    def rate_at(self, age_hours, hour):
        """(age, from hour, rate) that a bin is charged at, or None."""
        for age in (age_hours, 0):
            rows = self.rates.get(age, [])
            held = bisect.bisect_right([row[0] for row in rows], hour)
            if held > 0:
                return (age,) + rows[held - 1]
        return None


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


class Hour:
    """One account's part of one hour of one volume."""

    def __init__(self, hour, account, kind, sizes, names=()):
        self.hour = hour
        self.account = account
        self.kind = kind  # measured, estimated, unbilled
        self.sizes = sizes  # {age: byte-hours as a fraction}
        self.names = names


class Track:
    """All samples of a volume, and its end."""

    def __init__(self):
        self.samples = {}  # (at, revision): Sample
        self.accounts = set()  # of all samples
        self.retired_at = None

    def is_over(self, at):
        """Whether an instant is after the volume's end, which is known to
        the second: that second is still its own."""
        return self.retired_at is not None and at // NANOS > self.retired_at

    def counted(self):
        """By hour, in order: of an instant the highest revision, nothing
        after the end."""
        latest = {}
        for (at, revision) in sorted(self.samples):
            latest[at] = self.samples[at, revision]
        hours = {}
        for at, sample in latest.items():
            if not self.is_over(at):
                hours.setdefault(at // HOUR_NANOS, []).append(sample)
        return hours

    def hours(self, payers, until_hour):
        """Every Hour from the first sample on; until_hour is the first one
        that is not over yet."""
        found = []
        last = None  # (hour, sizes of all payers, last sample)
        for hour, samples in self.counted().items():
            parts = self.measure(payers, hour, samples, last)
            whole = add_up(parts)
            if last is not None:
                found += self.fill(payers, last, hour, (hour, whole))
            for account, sizes in parts.items():
                names = [s.name for s in samples
                         if s.account == account and s.name]
                found.append(Hour(hour, account, "measured", sizes, names))
            last = (hour, whole, samples[-1])
        if last is not None:
            found += self.fill(payers, last, until_hour, None)
        return found

    def measure(self, payers, hour, samples, last):
        """{account: sizes} of an hour that has samples."""
        pieces = []  # (weight, sample); the weights of a full hour are 1
        if any(payers[s.account].average == "mean" for s in samples):
            pieces = [(Fraction(1, len(samples)), s) for s in samples]
        else:
            begin = hour * HOUR_NANOS
            end = begin + HOUR_NANOS
            if self.retired_at is not None:
                end = min(end, self.retired_at * NANOS)
            if self.runs_on(payers, hour, last) and samples[0].at > begin:
                stop = min(end, samples[0].at)
                pieces.append((Fraction(stop - begin, HOUR_NANOS), last[2]))
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
    def runs_on(payers, hour, last):
        """Whether the last sample still says something at the beginning of
        an hour: it is of the hour before, or is carried as far as here."""
        if last is None:
            return False
        payer = payers[last[2].account]
        return last[0] == hour - 1 or (
            payer.gap_policy == "carry" and
            hour - last[0] <= payer.max_carry)

    def fill(self, payers, last, until_hour, end):
        """The hours between the last measured one and until_hour. end is
        (hour, sizes) of the measured one behind them, or None."""
        last_hour, before, sample = last
        payer = payers[sample.account]
        if self.retired_at is not None:
            until_hour = min(until_hour, -(-self.retired_at // HOUR_SECS))
        for hour in range(last_hour + 1, until_hour):
            step = hour - last_hour
            kind, sizes = "estimated", before
            if payer.gap_policy == "interpolate" and end is not None:
                share = Fraction(step, end[0] - last_hour)
                sizes = add_up({0: scale(before, 1 - share),
                                1: scale(end[1], share)})
            elif payer.gap_policy in ("zero", "hold") or \
                    step > payer.max_carry:
                kind, sizes = "unbilled", scale(before, 0)
            elif payer.average == "time_weighted" and \
                    self.retired_at is not None and \
                    hour == self.retired_at // HOUR_SECS:
                sizes = scale(before, Fraction(self.retired_at % HOUR_SECS,
                                               HOUR_SECS))
            yield Hour(hour, payer.name, kind, sizes)


def scale(sizes, by):
    return {age: by * size for age, size in sizes.items()}


def add_up(parts):
    """The sum of several {age: size}."""
    total = {}
    for sizes in parts.values():
        for age, size in sizes.items():
            total[age] = total.get(age, 0) + size
    return total


class Books:
    """What a server must know, and what it must bill."""

    def __init__(self):
        self.payers = {}
        self.tracks = {}
        self.names = {}  # of a volume, all ever stated
        self.answers = {}  # by (source, report id)
        self._hours = {}  # cache: volume: (until hour, [Hour])

    def add_payer(self, payer):
        self.payers[payer.name] = payer
        return payer

    def take(self, source, report_id, samples, now):
        """Takes a report at now (unix nanoseconds). Returns (status, counts)
        with counts as in the answer: stored, duplicates, quarantined."""
        if (source, report_id) in self.answers:
            return 200, self.answers[source, report_id]
        answer = {"stored": 0, "duplicates": 0, "quarantined": []}
        for index, sample in enumerate(samples):
            result = self.take_sample(sample, now)
            if result in ("stored", "duplicates"):
                answer[result] += 1
            else:
                answer["quarantined"].append(
                    {"index": index, "volume_id": sample.volume,
                     "reason": result})
        self.answers[source, report_id] = answer
        return 201, answer

    def take_sample(self, sample, now):
        if sample.at > now + MAX_FUTURE_NANOS:
            return "future"
        if sample.at < now - MAX_AGE_NANOS:
            return "too_old"
        if sample.bins and sum(b for _, b in sample.bins) != sample.bytes:
            return "size_bins_mismatch"
        track = self.tracks.setdefault(sample.volume, Track())
        self._hours.pop(sample.volume, None)
        if sample.retired_at is not None:
            track.retired_at = min(track.retired_at or sample.retired_at,
                                   sample.retired_at)
        if track.is_over(sample.at):
            return "after_retirement"
        key = (sample.at, sample.revision)
        known = track.samples.get(key)
        if sample.name:
            self.names.setdefault(sample.volume, set()).add(sample.name)
        if known is None:
            track.samples[key] = sample
            track.accounts.add(sample.account)
            return "stored"
        same = (known.bytes, known.account, known.bins or None) == \
            (sample.bytes, sample.account, sample.bins or None)
        return "duplicates" if same else "conflict"

    def hours(self, volume, until_hour):
        kept = self._hours.get(volume)
        if kept is None or kept[0] != until_hour:
            kept = (until_hour,
                    self.tracks[volume].hours(self.payers, until_hour))
            self._hours[volume] = kept
        return kept[1]

    def month(self, account, month, now):
        """(lines, counts of volume-hours); a line is a dict of fractions."""
        payer = self.payers[account]
        first = month_start(month) // HOUR_SECS
        after = first + hours_in_month(month)
        lines = {}
        counts = {"measured": 0, "estimated": 0, "unbilled": 0}
        names = {}
        for volume, track in self.tracks.items():
            if account not in track.accounts:
                continue
            for hour in self.hours(volume, now // HOUR_SECS):
                if hour.account != account or not first <= hour.hour < after:
                    continue
                counts[hour.kind] += 1
                names.setdefault(volume, []).extend(hour.names)
                for age, size in hour.sizes.items():
                    rate = payer.rate_at(age, hour.hour)
                    line = lines.setdefault((volume, age, rate), {
                        "volume_id": volume, "age": age, "rate": rate,
                        "sums": {},  # numerators, by denominator
                        "hours": {"measured": 0, "estimated": 0,
                                  "unbilled": 0}})
                    sums = line["sums"]
                    den = size.denominator
                    sums[den] = sums.get(den, 0) + size.numerator
                    line["hours"][hour.kind] += 1
        for line in lines.values():
            line["byte_hours"] = sum(
                (Fraction(n, d) for d, n in line.pop("sums").items()),
                Fraction(0))
            line["names"] = names.get(line["volume_id"], [])
            line["gib_months"] = (line["byte_hours"] / GIB
                                  / hours_in_month(month))
            line["exact"] = None
            if line["rate"] is not None:
                line["exact"] = month_cost(line["byte_hours"],
                                           line["rate"][2], month)
        return list(lines.values()), counts

    def bill(self, account, period, now, name_of=None):
        """The bill of a period at now (unix seconds) with the members of
        `report --format json`. name_of(volume, month) settles the name of a
        volume that none of the month's samples names."""
        payer = self.payers[account]
        digits = CURRENCY_DIGITS[payer.currency]
        lines = []
        counts = {"measured": 0, "estimated": 0, "unbilled": 0}
        for month in months_of(period):
            found, part = self.month(account, month, now)
            for line in found:
                line["month"] = month
                name_line(line, name_of)
            found.sort(key=line_order)
            lines += found
            counts = {k: counts[k] + part[k] for k in counts}
        unrated = any(line["rate"] is None and line["byte_hours"]
                      for line in lines)
        exacts = [line["exact"] or Fraction(0) for line in lines]
        total, shares = round_bill(payer, exacts, digits)
        for line, share in zip(lines, shares):
            line["amount"] = None if unrated or line["rate"] is None \
                else decimal(share, digits)
        state, reason = judge(payer, counts, unrated, period, now)
        return {
            "account": account, "period": period, "state": state,
            "reason": reason, "currency": payer.currency,
            "hours_in_month": sum(map(hours_in_month, months_of(period))),
            "total": None if unrated else decimal(total, digits),
            "exact": None if unrated else exact_text(sum(exacts)),
            "lines": [line_json(line, "Q" in period) for line in lines],
            "hours": counts}


def name_line(line, name_of):
    """The latest name of the month, and the others in the order in which
    they were left."""
    names = line["names"]
    line["name"], line["former_names"] = "", []
    if names:
        line["name"] = names[-1]
        for at, name in enumerate(names):
            if name != names[-1] and name not in names[at + 1:]:
                line["former_names"].append(name)
    elif name_of is not None:
        line["name"] = name_of(line["volume_id"], line["month"])


def line_order(line):
    """By name, UUID, age (the open end last), rate."""
    return (line["name"].encode(), line["volume_id"],
            line["age"] or float("inf"),
            line["rate"][1] if line["rate"] else -1)


def round_bill(payer, exacts, digits):
    """(total, what each line gets), by the account's rounding."""
    if payer.rounding == "line":
        shares = [round_to(e, digits, payer.rounding_mode) for e in exacts]
        return sum(shares, Fraction(0)), shares
    total = round_to(sum(exacts, Fraction(0)), digits, payer.rounding_mode)
    return total, largest_remainder(exacts, total, digits)


def judge(payer, counts, unrated, period, now):
    """(state, reason)"""
    reason = None
    if payer.gap_policy == "hold" and counts["unbilled"] > 0:
        reason = "missing_hours"
    if counts["estimated"] * 20 > sum(counts.values()):
        reason = "too_many_estimates"
    if unrated:
        reason = "unrated_usage"
    last = months_of(period)[-1]
    if now < month_start(last) + hours_in_month(last) * HOUR_SECS:
        return "open", reason
    return ("held" if reason else "draft"), reason


def line_json(line, with_month):
    rate = line["rate"]
    return {
        **({"month": line["month"]} if with_month else {}),
        "volume_id": line["volume_id"], "name": line["name"],
        "former_names": line["former_names"],
        "max_age": age_text(line["age"]),
        "rate": rate[2] if rate else None,
        "rate_from": rfc3339_nanos(rate[1] * HOUR_NANOS) if rate else None,
        "byte_hours": exact_text(line["byte_hours"]),
        "gib_months": exact_text(line["gib_months"]),
        "exact": None if line["exact"] is None else exact_text(line["exact"]),
        "amount": line["amount"], "hours": line["hours"]}
