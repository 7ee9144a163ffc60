"""What a server must know, and what it must bill, from the published rules.

Books takes reports, rates and decisions one after the other as the server
does, says what the answer must be, closes periods when they are due, and
writes the bill of any period. It knows nothing of the program but its rules,
and does each thing in the plainest way.
"""

import copy
from fractions import Fraction

from .money import (CURRENCY_DIGITS, GIB, HOUR_SECS, MAX_AGE_NANOS,
                    MAX_FUTURE_NANOS, NANOS, date_text, decimal, exact_text,
                    hours_in_month, largest_remainder, month_cost,
                    month_start, months_of, next_period, period_bounds,
                    period_of, round_to)
from .usage import ALL, Track, age_text, rfc3339_nanos

GRACE_SECS = 48 * HOUR_SECS
# What was not closed is looked at again after so long.
AGAIN_SECS = {"held": HOUR_SECS, "empty": 24 * HOUR_SECS}
# An empty one for so long behind its end.
REVISIT_SECS = 400 * 24 * HOUR_SECS
LATER = 10**9  # an hour when all is over
FORECAST_HOURS = 24


class Quarantined:
    """A sample that was set aside."""

    def __init__(self, number, sample, reason):
        self.id = number
        self.sample = sample
        self.reason = reason
        self.state = "open"


class Closed:
    """A closed period of an account, and what was billed for it so far."""

    def __init__(self, bill, lines, known):
        self.account = bill["account"]
        self.period = bill["period"]
        self.bill = bill
        self.settled = known  # what its corrections rest on
        self.known = {}  # what each volume's last line rests on
        self.exact = {}  # by volume, of all lines and corrections
        self.amount = {}
        self.preset = known
        for line in lines:
            self.add(line["volume_id"], line["exact"] or Fraction(0),
                     Fraction(line["amount"] or 0), known)

    def add(self, volume, exact, amount, known):
        self.exact[volume] = self.exact.get(volume, 0) + exact
        self.amount[volume] = self.amount.get(volume, 0) + amount
        self.known[volume] = known


class Books:
    """All accounts, volumes, and documents."""

    def __init__(self):
        self.payers = {}
        self.tracks = {}
        self.names = {}  # of a volume, all ever stated: when first
        self.answers = {}  # by (source, report id): (body, answer)
        self.quarantine = []  # all Quarantined, in their order
        self.told = []  # unix seconds at which each thing was told
        self.closed = {}  # by account and period: Closed
        self.latest = {}  # by account: the latest closed period
        self.numbers = []  # of all documents
        self.checked = {}  # by account and period: (state, unix seconds)
        self.noted = []  # [(account, period, state)] since they were read
        self._rated = {}
        self._costs = {}

    # --- what is told ---

    def add_payer(self, payer):
        self.payers[payer.name] = payer
        return payer

    def tell(self, now):
        """The place of what is told at now (unix nanoseconds)."""
        self.told.append(now // NANOS)
        return len(self.told)

    def known_before(self, at):
        """The place of the last thing told before an instant (unix
        seconds)."""
        for place in range(len(self.told), 0, -1):
            if self.told[place - 1] < at:
                return place
        return 0

    def set_rate(self, account, rate, at, age_hours, now):
        self.payers[account].add_rate(rate, at, age_hours, self.tell(now))

    def take(self, source, report_id, samples, now):
        """Takes a report at now (unix nanoseconds). Returns (status, counts)
        with counts as in the answer: stored, duplicates, quarantined."""
        body = [sample.as_json() for sample in samples]
        if (source, report_id) in self.answers:
            first, answer = self.answers[source, report_id]
            return (200, answer) if first == body else (422, {})
        order = self.tell(now)
        answer = {"stored": 0, "duplicates": 0, "quarantined": []}
        for index, sample in enumerate(samples):
            result = self.take_sample(sample, now, order)
            if result in ("stored", "duplicates"):
                answer[result] += 1
            else:
                self.quarantine.append(Quarantined(
                    len(self.quarantine) + 1, sample, result))
                answer["quarantined"].append(
                    {"index": index, "volume_id": sample.volume,
                     "reason": result})
        self.answers[source, report_id] = (body, answer)
        return 201, answer

    def take_sample(self, sample, now, order):
        if sample.at > now + MAX_FUTURE_NANOS:
            return "future"
        if sample.at < now - MAX_AGE_NANOS:
            return "too_old"
        if not sample.adds_up():
            return "size_bins_mismatch"
        track = self.tracks.setdefault(sample.volume, Track())
        if sample.retired_at is not None:
            track.state_end(sample.retired_at, order)
        if track.is_over(sample.at):
            return "after_retirement"
        if sample.name:
            self.name(sample, order)
        known = track.samples.get((sample.at, sample.revision))
        if known is None:
            track.add(sample, order)
            return "stored"
        return "duplicates" if known[1].says_the_same(sample) else "conflict"

    def name(self, sample, order):
        self.names.setdefault(sample.volume, {}).setdefault(sample.name, order)

    def release(self, item, now):
        """What was set aside counts from now on. Returns what was done."""
        order = self.tell(now)
        item.state = "released"
        sample = copy.copy(item.sample)
        done = {"stored": True, "bins_dropped": not sample.adds_up(),
                "retired_at": None}
        if done["bins_dropped"]:
            sample.bins = None
        track = self.tracks.setdefault(sample.volume, Track())
        end = track.end()
        if sample.retired_at is not None and \
                item.reason not in ("conflict", "after_retirement"):
            track.state_end(sample.retired_at, order)
        if track.is_over(sample.at):
            track.live_until(sample.at // NANOS, order)
        if track.end() != end:
            done["retired_at"] = rfc3339_nanos(track.end() * NANOS)
        if sample.name:
            self.name(sample, order)
        known = track.samples.get((sample.at, sample.revision))
        if known is None:
            track.add(sample, order)
        elif known[1].says_the_same(sample):
            done["stored"] = False
        else:
            sample.revision = 1 + max(revision for at, revision
                                      in track.samples if at == sample.at)
            track.add(sample, order)
        return {**done, "revision": sample.revision}

    def discard(self, item, now):
        self.tell(now)
        item.state = "discarded"

    # --- hours into lines ---

    def month(self, account, month, over, known):
        """(lines, counts of volume-hours); a line is a dict of fractions."""
        payer = self.payers[account]
        first = month_start(month) // HOUR_SECS
        after = first + hours_in_month(month)
        over = min(over, after)
        tracks = {volume: track for volume, track in self.tracks.items()
                  if account in track.accounts}
        key = (account, month, over, payer.version(known),
               tuple(track.version(known) for track in tracks.values()))
        if key not in self._rated:
            lines = {}
            counts = {"measured": 0, "estimated": 0, "unbilled": 0}
            for volume, track in tracks.items():
                self.add_lines(lines, counts, payer, volume, [
                    run for run in track.runs(self.payers, first, after,
                                              over, known)
                    if run.account == account], known)
            for line in lines.values():
                finish_line(line, month)
            self._rated[key] = (list(lines.values()), counts)
        lines, counts = self._rated[key]
        return [dict(line) for line in lines], counts

    @staticmethod
    def add_lines(lines, counts, payer, volume, runs, known):
        names = []
        for run in runs:
            counts[run.kind] += run.count
            names += run.names
            for age, size in run.sizes.items():
                for rate, count in payer.rates_over(
                        age, run.hour, run.hour + run.count, known):
                    line = lines.setdefault((volume, age, rate), {
                        "volume_id": volume, "age": age, "rate": rate,
                        "names": names,
                        "sums": {},  # numerators, by denominator
                        "hours": {"measured": 0, "estimated": 0,
                                  "unbilled": 0}})
                    sums = line["sums"]
                    den = size.denominator
                    sums[den] = sums.get(den, 0) + size.numerator * count
                    line["hours"][run.kind] += count

    def lines(self, account, period, over, known, name_of):
        """(lines, counts) of a period, named, in their order."""
        lines = []
        counts = {"measured": 0, "estimated": 0, "unbilled": 0}
        for month in months_of(period):
            found, part = self.month(account, month, over, known)
            for line in found:
                line["month"] = month
                name_line(line, name_of)
            found.sort(key=line_order)
            lines += found
            counts = {k: counts[k] + part[k] for k in counts}
        return lines, counts

    def costs(self, account, period, volume, known):
        """{hour: what it cost} of an ended period."""
        payer, track = self.payers[account], self.tracks[volume]
        key = (account, period, volume, track.version(known),
               payer.version(known))
        if key not in self._costs:
            costs = self._costs[key] = {}
            for month in months_of(period):
                first = month_start(month) // HOUR_SECS
                after = first + hours_in_month(month)
                for run in track.runs(self.payers, first, after, after,
                                      known):
                    if run.account == account:
                        self.add_costs(costs, payer, run, month, known)
        return self._costs[key]

    @staticmethod
    def add_costs(costs, payer, run, month, known):
        for age, size in run.sizes.items():
            hour = run.hour
            for rate, count in payer.rates_over(age, hour, hour + run.count,
                                                known):
                if rate is not None and size:
                    cost = month_cost(size, rate[2], month)
                    for at in range(hour, hour + count):
                        costs[at] = costs.get(at, 0) + cost
                hour += count

    # --- bills ---

    def bill(self, account, period, now, name_of=None):
        """The bill of a period at now (unix seconds) with the members of
        `report --format json`. name_of(volume, month) settles the name of a
        volume that none of the month's samples names."""
        closed = self.closed.get((account, period))
        if closed is not None:
            return closed.bill
        return self.draft(account, period, now, ALL, name_of)

    def draft(self, account, period, now, known, name_of=None):
        """The bill of a period that is not closed."""
        payer = self.payers[account]
        digits = CURRENCY_DIGITS[payer.currency]
        lines, counts = self.lines(account, period, now // HOUR_SECS, known,
                                   name_of)
        unrated = is_unrated(lines)
        exacts = [line["exact"] or Fraction(0) for line in lines]
        own, shares = round_bill(payer, exacts, digits)
        for line, share in zip(lines, shares):
            line["amount"] = None if unrated or line["rate"] is None \
                else decimal(share, digits)
        corrections, no_total = [], unrated
        if period == self.carrier(account):
            corrections, late = self.corrections(account, known, name_of)
            no_total = unrated or late
        total = own + sum(c["share"] for c in corrections)
        state, reason = judge(payer, counts, no_total, period, now)
        months = [{"month": month, "hours_in_month": hours_in_month(month),
                   "hours": self.month(account, month, now // HOUR_SECS,
                                       known)[1]}
                  for month in months_of(period)]
        bill = {
            "account": account, "period": period, "state": state,
            "reason": reason, "currency": payer.currency,
            "hours_in_month": sum(map(hours_in_month, months_of(period))),
            "total": None if no_total else decimal(total, digits),
            "exact": None if unrated else exact_text(sum(exacts)),
            "usage_total": None if unrated else decimal(own, digits),
            "number": None, "closed_at": None, "due": None,
            "lines": [line_json(line, "Q" in period) for line in lines],
            "hours": counts, "months": months,
            "corrections": [correction_json(c, digits) for c in corrections]}
        bill["forecast"] = self.forecast(bill, sum(exacts), corrections, now,
                                         known)
        return bill

    def is_empty(self, account, period, known):
        """Whether it has no measured and no estimated hour."""
        counts = [self.month(account, month, LATER, known)[1]
                  for month in months_of(period)]
        return not any(c["measured"] or c["estimated"] for c in counts)

    # --- corrections ---

    def carrier(self, account):
        """The period whose document carries the corrections of closed ones,
        or None: the first behind the latest closed one that was not found to
        be empty when its grace was over."""
        period = self.latest.get(account)
        if period is None:
            return None
        period = next_period(period)
        while self.checked.get((account, period), ("",))[0] == "empty":
            period = next_period(period)
        return period

    def corrections(self, account, known, name_of=None):
        """(what closed periods cost otherwise than billed, in the order of
        the document; whether there is usage without a rate among it)."""
        found, unrated = [], False
        for period in sorted(period for name, period in self.closed
                             if name == account):
            closed = self.closed[account, period]
            if known > closed.settled:
                lines, _ = self.lines(account, period, LATER, known, name_of)
                if is_unrated(lines):
                    unrated = True
                else:
                    found += self.correct(closed, lines, known, name_of)
        return found, unrated

    def correct(self, closed, lines, known, name_of):
        payer = self.payers[closed.account]
        digits = CURRENCY_DIGITS[payer.currency]
        volumes = {*closed.exact, *(line["volume_id"] for line in lines)}
        changes = {volume: exact_of(lines, volume)
                   - closed.exact.get(volume, 0) for volume in volumes}
        open_name = name_of or (lambda volume, period: "")
        names = {volume: open_name(volume, closed.period)
                 for volume in volumes}
        for line in lines:  # that of its last month which has one
            volume = line["volume_id"]
            names[volume] = (line["name"] if line["names"] else open_name(
                volume, closed.period)) or names[volume]
        volumes = sorted(volumes, key=lambda v: (names[v].encode(), v))
        if payer.rounding == "line":
            shares = {volume: rounded_of(payer, lines, volume, digits)
                      - closed.amount.get(volume, 0) for volume in volumes}
        else:
            shares = self.share(closed, lines, volumes, changes)
        return [{"closed": closed, "volume": volume, "name": names[volume],
                 "share": shares[volume], "exact": changes[volume],
                 "charged": self.charge_period(closed, volume, known)}
                for volume in volumes if shares.get(volume)]

    def share(self, closed, lines, volumes, changes):
        """{volume: share} of what is missing to the rounded cost. When all
        cost again what was billed, but rounding moved units with earlier
        corrections, those that have them give them back."""
        payer = self.payers[closed.account]
        digits = CURRENCY_DIGITS[payer.currency]
        parts = {v: changes[v] for v in volumes if changes[v]}
        delta = round_to(sum(line["exact"] or 0 for line in lines), digits,
                         payer.rounding_mode) - sum(closed.amount.values())
        if not parts and delta:
            parts = {v: exact_of(lines, v) - closed.amount[v]
                     for v in volumes
                     if closed.known.get(v, closed.preset) != closed.preset}
        return dict(zip(parts, largest_remainder([*parts.values()], delta,
                                                 digits)))

    def charge_period(self, closed, volume, known):
        """From the first hour that costs otherwise to behind the last; or
        the whole period, when lines that are rounded each were only cut in
        another way."""
        old = self.costs(closed.account, closed.period, volume,
                         closed.known.get(volume, closed.preset))
        new = self.costs(closed.account, closed.period, volume, known)
        hours = [hour for hour in {*old, *new}
                 if old.get(hour, 0) != new.get(hour, 0)]
        if not hours:
            return [rfc3339_nanos(at * NANOS)
                    for at in period_bounds(closed.period)]
        return [rfc3339_nanos(hour * HOUR_SECS * NANOS)
                for hour in (min(hours), max(hours) + 1)]

    # --- closing ---

    def all_due(self, now):
        """[(account, period, known)] of the next document of each account
        that a look at now (unix seconds) closes. What is held is noted."""
        found = []
        for account in self.payers:
            for period in self.ended(account, now):
                known = self.look(account, period, now)
                if known is not None:
                    found.append((account, period, known))
                    break
        return found

    def ended(self, account, now, grace=GRACE_SECS):
        """Periods whose grace is over and that are not closed, in order."""
        kind = self.payers[account].period
        firsts = [track.accounts[account] for track in self.tracks.values()
                  if account in track.accounts]
        if not firsts:
            return
        period = period_of(min(firsts) // NANOS, kind)
        while period_bounds(period)[1] + grace <= now:
            if (account, period) not in self.closed:
                yield period
            period = next_period(period)

    def look(self, account, period, now):
        """What the document of a period rests on that can be closed now; or
        None, and why is noted."""
        state, checked_at = self.checked.get((account, period), (None, 0))
        known = ALL
        if state is None:
            known = self.known_before(period_bounds(period)[1] + GRACE_SECS)
        elif checked_at <= now < checked_at + AGAIN_SECS[state] or (
                state == "empty" and
                now >= period_bounds(period)[1] + REVISIT_SECS):
            return None
        bill = self.draft(account, period, now, known)
        if self.is_empty(account, period, known) and bill["total"] and \
                not bill["corrections"]:
            state = "empty"
        elif bill["reason"] is not None:
            state = "held"
        else:
            return min(known, len(self.told))
        self.noted.append((account, period, state))
        self.checked[account, period] = (state, now)
        return None

    def next_number(self, now):
        """Of the next document: gap-free within a year."""
        year = date_text(now)[:4]
        count = sum(number.startswith(year) for number in self.numbers)
        return f"{year}-{count + 1:05}"

    def gaps(self):
        """Numbers that are missing."""
        found = []
        for year in {number[:4] for number in self.numbers}:
            due = [number for number in self.numbers if number[:4] == year]
            found += {f"{year}-{i + 1:05}"
                      for i in range(len(due))} - set(due)
        return found

    def close(self, account, period, now, number, known=None, name_of=None):
        """Closes a period at now (unix seconds) under a number; by hand if
        known is not said. Returns the document."""
        if known is None:
            known = len(self.told)
        payer = self.payers[account]
        bill = self.draft(account, period, now, known, name_of)
        carries = period == self.carrier(account)
        corrections = self.corrections(account, known, name_of)[0] \
            if carries else []
        bill.update(
            state="closed", number=number,
            closed_at=rfc3339_nanos(now * NANOS),
            due=date_text(now + payer.net_days * 86400),
            forecast={"total": bill["total"], "exact": bill["exact"]})
        if number in self.numbers or not number.startswith(
                date_text(now)[:5]):
            raise AssertionError(f"{account} {period} must not be {number}")
        self.numbers.append(number)
        if carries:
            for c in corrections:
                c["closed"].add(c["volume"], c["exact"], c["share"], known)
            for (name, _), closed in self.closed.items():
                if name == account:
                    closed.settled = max(closed.settled, known)
        lines, _ = self.lines(account, period, LATER, known, name_of)
        for line, told in zip(lines, bill["lines"]):
            line["amount"] = told["amount"]
        self.closed[account, period] = Closed(bill, lines, known)
        self.latest[account] = max(period, self.latest.get(account, period))
        self.tell(now * NANOS)
        return bill

    def closable(self, account, now):
        """Periods of an account that an operator may close at now."""
        found = []
        for period in self.ended(account, now, 0):
            bill = self.draft(account, period, now, ALL)
            if bill["total"] is not None and (
                    bill["corrections"] or
                    not self.is_empty(account, period, ALL)):
                found.append(period)
        return found

    def account_for(self, account):
        """(what was billed for each closed period and is to be, what they
        cost as far as is known), which must be the same; and so must the
        last of each: the sum of all documents, and of what they bill."""
        payer = self.payers[account]
        digits = CURRENCY_DIGITS[payer.currency]
        corrections = self.corrections(account, ALL)[0]
        billed, truth = [], []
        all_closed = [closed for (name, _), closed in self.closed.items()
                      if name == account]
        for closed in all_closed:
            lines, _ = self.lines(account, closed.period, LATER, ALL, None)
            if not is_unrated(lines):
                billed.append(sum(closed.amount.values(), Fraction(0)) + sum(
                    c["share"] for c in corrections if c["closed"] is closed))
                truth.append(round_bill(
                    payer, [line["exact"] or Fraction(0) for line in lines],
                    digits)[0])
        billed.append(sum(Fraction(c.bill["total"]) for c in all_closed))
        truth.append(sum(sum(c.amount.values()) for c in all_closed))
        return billed, truth

    # --- forecast ---

    def forecast(self, bill, exact, corrections, now, known):
        """What an open period will come to."""
        if bill["total"] is None:
            return {"total": None, "exact": None}
        if bill["state"] != "open":
            return {"total": bill["total"], "exact": bill["exact"]}
        payer = self.payers[bill["account"]]
        digits = CURRENCY_DIGITS[payer.currency]
        for month in months_of(bill["period"]):
            for track in self.tracks.values():
                more = self.remaining(payer, track, month, now, known)
                if more is None:
                    return {"total": None, "exact": None}
                exact += more
        total = round_to(exact, digits, payer.rounding_mode) \
            + sum(c["share"] for c in corrections)
        return {"total": decimal(total, digits), "exact": exact_text(exact)}

    def remaining(self, payer, track, month, now, known):
        """What the hours of a month that are to come will cost, if the last
        measured ones are a guide; None if they have no rate."""
        measured = track.measured(self.payers, known)
        end = track.end(known)
        if not measured or measured[-1].last.account != payer.name or \
                (end is not None and end <= now):
            return 0
        begin = month_start(month) // HOUR_SECS
        first = max(begin, now // HOUR_SECS, measured[-1].hour + 1)
        after = begin + hours_in_month(month)
        if end is not None:
            after = min(after, -(-end // HOUR_SECS))
        last = measured[-FORECAST_HOURS:]
        cost = Fraction(0)
        for age in {age for hour in last for age in hour.whole}:
            mean = sum((Fraction(hour.whole.get(age, 0)) for hour in last),
                       Fraction(0)) / len(last)
            for rate, count in payer.rates_over(age, first,
                                                max(first, after), known):
                if mean and count and rate is None:
                    return None
                if mean and count:
                    cost += month_cost(mean * count, rate[2], month)
        return cost


def finish_line(line, month):
    """Sums into figures."""
    line["byte_hours"] = sum((Fraction(n, d) for d, n in
                              line.pop("sums").items()), Fraction(0))
    line["gib_months"] = line["byte_hours"] / GIB / hours_in_month(month)
    line["exact"] = None
    if line["rate"] is not None:
        line["exact"] = month_cost(line["byte_hours"], line["rate"][2], month)


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


def is_unrated(lines):
    return any(line["rate"] is None and line["byte_hours"] for line in lines)


def exact_of(lines, volume):
    return sum((line["exact"] or 0 for line in lines
                if line["volume_id"] == volume), Fraction(0))


def rounded_of(payer, lines, volume, digits):
    return sum((round_to(line["exact"], digits, payer.rounding_mode)
                for line in lines
                if line["volume_id"] == volume and line["exact"]),
               Fraction(0))


def round_bill(payer, exacts, digits):
    """(total, what each line gets), by the account's rounding."""
    if payer.rounding == "line":
        shares = [round_to(e, digits, payer.rounding_mode) for e in exacts]
        return sum(shares, Fraction(0)), shares
    total = round_to(sum(exacts, Fraction(0)), digits, payer.rounding_mode)
    return total, largest_remainder(exacts, total, digits)


def judge(payer, counts, unrated, period, now):
    """(state, reason) of a period that is not closed."""
    reason = None
    if payer.gap_policy == "hold" and counts["unbilled"] > 0:
        reason = "missing_hours"
    if counts["estimated"] * 20 > sum(counts.values()):
        reason = "too_many_estimates"
    if unrated:
        reason = "unrated_usage"
    if now < period_bounds(period)[1]:
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
        "rate_from": rfc3339_nanos(rate[1] * HOUR_SECS * NANOS)
        if rate else None,
        "byte_hours": exact_text(line["byte_hours"]),
        "gib_months": exact_text(line["gib_months"]),
        "exact": None if line["exact"] is None else exact_text(line["exact"]),
        "amount": line["amount"], "hours": line["hours"]}


def correction_json(correction, digits):
    return {"corrects": correction["closed"].period,
            "volume_id": correction["volume"], "name": correction["name"],
            "exact": exact_text(correction["exact"]),
            "amount": decimal(correction["share"], digits),
            "charge_period": correction["charged"]}
