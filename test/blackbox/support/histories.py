"""Histories made at random, and what a server is told of them.

A Chronicle is one server, its clock, and what happens on the way: reports early,
late and twice, revisions, rates for the past and the future, ends learnt
late, samples released and discarded, periods closed by hand, restarts and
kill -9, while the months around a border are closed one after the other.
Every answer, document, line, correction and count of hours must be as the
books of support.books have them.
"""

import copy
import os
import random
import uuid

from .desk import Desk
from .money import (CURRENCY_DIGITS, GIB, HOUR_NANOS, HOUR_SECS, NANOS,
                    month_start, period_bounds, period_of)
from .report import new_uuid, rfc3339
from .usage import Payer, Sample

DAY_SECS = 86400
GRACE_SECS = 48 * HOUR_SECS

# A month's beginning around which everything happens.
BORDERS = ["2024-03", "2023-03", "2024-01", "2024-04", "2100-03", "2026-12",
           "2000-03", "2027-01", "2025-10"]
AGES = [5, 12, 24, 168, 720, 2160]
HUGE = 2**63 - 1


def pick(rng, **weights):
    """A name, by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def make_rate(rng):
    if rng.random() < 0.4:
        return rng.choice(["0.03", "0.067", "0.0235", "1"])
    digits = rng.choice([0, 1, 2, 3, 5, 9, 9, 12])
    whole = rng.choice([0, 0, 0, 1, 72, 123456])
    part = "".join(rng.choice("0123456789") for _ in range(digits))
    return f"{whole}.{part}" if part else str(whole)


class History:
    """Some accounts, and what is said of their volumes between first and
    last (unix seconds)."""

    def __init__(self, rng, tag, borders, first, last):
        self.rng = rng
        self.tag = tag
        self.borders = borders
        self.first = first
        self.last = last
        self.ages = rng.sample(AGES, 3)
        kind = pick(rng, mean=45, time_weighted=45, mixed=10)
        self.payers = [self.make_payer(i, kind)
                       for i in range(rng.choice([1, 1, 2, 3]))]
        self.volumes = [self.make_volume(i)
                        for i in range(rng.choice([1, 2, 3, 6]))]

    def instant(self):
        return self.rng.randrange(self.first, self.last)

    # --- accounts ---

    def make_payer(self, number, kind):
        rng = self.rng
        payer = Payer(
            f"{self.tag}-{number}",
            currency=rng.choice(list(CURRENCY_DIGITS)),
            average=rng.choice(["mean", "time_weighted"])
            if kind == "mixed" else kind,
            gap_policy=pick(rng, carry=3, zero=2, interpolate=3, hold=1),
            max_carry=rng.choice([0, 1, 2, 6, 6, 24, 72, 200]),
            rounding=rng.choice(["document", "document", "line"]),
            rounding_mode=rng.choice(["half_up", "half_even"]),
            period=pick(rng, month=4, quarter=1),
            net_days=rng.choice([0, 14, 30, 30, 365]))
        if rng.random() < 0.92:
            payer.add_rate(make_rate(rng))
        for age in [0] + self.ages[:rng.choice([0, 1, 1, 3])]:
            for _ in range(rng.choice([0, 1, 1, 2])):
                self.add_rate(payer, age)
        return payer

    def add_rate(self, payer, age):
        """A rate from some time on, unless that hour has one."""
        at = self.instant()
        if self.rng.random() < 0.3:
            at -= at % DAY_SECS
        if (age, -(-at // HOUR_SECS)) not in payer.orders:
            payer.add_rate(make_rate(self.rng), at, age)

    # --- volumes ---

    def make_volume(self, number):
        rng = self.rng
        self.volume = str(uuid.UUID(int=rng.getrandbits(128)))
        self.style = pick(rng, small=4, flat=1, grows=2, wild=2, huge=1,
                          tiny=1)
        self.size = rng.randrange(2**45)
        self.bin_style = pick(rng, none=4, fixed=2, wild=2)
        self.name = f"{self.tag}-v{number}"
        self.account = rng.choice(self.payers).name
        begin = self.instant()
        if rng.random() < 0.5:  # near a month's end
            begin = rng.choice(self.borders) - rng.randrange(6 * DAY_SECS)
        length = int(rng.choice([3, 20, 50, 100, 200, 900])
                     * rng.random()) + 1
        end = min(begin + length * HOUR_SECS, self.last)
        samples = []
        hour = begin // HOUR_SECS
        while hour * HOUR_SECS < end:
            self.maybe_change()
            samples += self.make_hour(hour)
            hour += 1
            if rng.random() < 0.08:
                hour += rng.choice([1, 1, 2, 3, 5, 6, 7, 8, 12, 24, 80, 250])
            elif rng.random() < 0.1:
                hour += rng.choice([0, 5, 20, 40])
        samples = [s for s in samples
                   if self.first * NANOS <= s.at < self.last * NANOS]
        if samples and rng.random() < 0.35:
            self.retire(samples)
        return samples + self.disturb(samples)

    def maybe_change(self):
        rng = self.rng
        if rng.random() < 0.02:
            self.name = f"{self.tag}-{rng.choice('abc')}"
        if rng.random() < 0.03:
            self.account = rng.choice(self.payers).name

    def make_hour(self, hour):
        rng = self.rng
        instants = {self.offset() for _ in range(
            rng.choices([1, 2, 3, 7], [80, 12, 6, 2])[0])}
        samples = []
        for offset in sorted(instants):
            if rng.random() < 0.01:
                self.account = rng.choice(self.payers).name
            samples.append(self.make_sample(hour * HOUR_NANOS + offset))
        return samples

    def offset(self):
        rng = self.rng
        return rng.choice([
            0, 0, rng.randrange(HOUR_SECS) * NANOS,
            rng.randrange(HOUR_NANOS), HOUR_NANOS - 10**6, HOUR_NANOS - 1,
            30 * 60 * NANOS])

    def make_sample(self, at):
        rng = self.rng
        byte_count = {
            "small": rng.choice([1, 1, 2, 5, 20]) * GIB,
            "flat": self.size,
            "grows": self.size + (at // HOUR_NANOS % 2000) * 2**31,
            "wild": rng.choice([0, 1, rng.randrange(2**50)]),
            "huge": rng.choice([HUGE, HUGE - 1, 2**53 + 1]),
            "tiny": rng.randrange(3)}[self.style]
        return Sample(self.volume, at, byte_count, self.account,
                      self.make_bins(byte_count),
                      self.name if rng.random() < 0.9 else None)

    def make_bins(self, byte_count):
        rng = self.rng
        if self.bin_style == "none":
            return None
        ages = self.ages + [0]
        if self.bin_style == "wild":
            ages = rng.sample(ages, rng.randrange(len(ages) + 1))
            if not ages:
                return rng.choice([None, []])
        bins, left = [], byte_count
        for age in ages[:-1]:
            part = rng.choice([0, left, rng.randrange(left + 1)])
            bins.append((age, part))
            left -= part
        return bins + [(ages[-1], left)]

    def retire(self, samples):
        """The end, said by one or two samples, near one of the last ones."""
        rng = self.rng
        said = rng.sample(samples, min(len(samples), rng.choice([1, 1, 2])))
        for sample in said:
            near = rng.choice(samples[-8:]).at // NANOS
            sample.retired_at = near + rng.choice(
                [0, 1, rng.randrange(HOUR_SECS), 3 * HOUR_SECS,
                 HOUR_SECS - near % HOUR_SECS, 30 * DAY_SECS])

    def disturb(self, samples):
        """Revisions, contradictions and bins that do not add up."""
        rng = self.rng
        more = []
        for sample in samples:
            chance = rng.random()
            if chance > 0.06:
                continue
            other = self.make_sample(sample.at)
            if chance < 0.04:
                other.revision = rng.choice([1, 1, 2, 2**31 - 1])
            if chance < 0.01:
                other.account = rng.choice(self.payers).name
            if chance > 0.05:
                other.bins = [(24, other.bytes // 2), (0, 7)]
            more.append(other)
        return more

    # --- deliveries ---

    def deliveries(self, instants):
        """For each of the instants (unix seconds) at which reports are sent,
        the samples of these."""
        rng = self.rng
        found = [[] for _ in instants]
        for volume in self.volumes:
            for sample in volume:
                turn = sum(at * NANOS < sample.at for at in instants)
                if turn == len(instants):
                    continue
                if rng.random() < 0.2:  # late
                    turn += rng.choice([1, 1, 2, 3])
                turn = min(turn, len(instants) - 1)
                found[turn].append(sample)
                if rng.random() < 0.1:  # again, by another source
                    found[min(turn + rng.choice([0, 0, 1, 2]),
                              len(instants) - 1)].append(sample)
                if rng.random() < 0.005:  # a clock that is wrong
                    found[0].append(sample)
                if rng.random() < 0.01:
                    found[-1].append(self.late_end(sample, volume))
        return found

    def late_end(self, sample, volume):
        """The same sample again, with an end that nobody knew of."""
        again = copy.copy(sample)
        again.retired_at = self.rng.choice(volume).at // NANOS \
            + self.rng.choice([0, 1, 1800, HOUR_SECS])
        return again

    def split(self, samples):
        rng = self.rng
        samples = list(samples)
        if rng.random() < 0.5:
            rng.shuffle(samples)
        while samples:
            count = rng.choice([1, 3, 20, 100, 300])
            yield rng.choice("ab"), samples[:count]
            samples = samples[count:]


class Chronicle:
    """One server and the histories that it is told."""

    def __init__(self, test, desk_type, rng, number, count):
        self.rng = rng
        self.border = month_start(rng.choice(BORDERS))
        self.borders = [self.border]
        for _ in range(2):
            self.borders.append(period_bounds(period_of(self.borders[-1]))[1])
        first = self.border - 34 * DAY_SECS
        self.instants = self.make_instants()
        last = min(self.instants[-1], self.borders[2])
        self.histories = [History(rng, f"h{number + i:03}", self.borders,
                                  first, last) for i in range(count)]
        self.desk = desk_type(test, self.instants[0])
        self.lines = self.samples = self.documents = self.corrections = 0

    def make_instants(self):
        """When something happens: before and at the end of the grace, and
        between closings; some servers sleep over one."""
        rng = self.rng
        found = [self.border - DAY_SECS - rng.randrange(DAY_SECS)]
        for border in self.borders:
            grace = border + GRACE_SECS
            if rng.random() < 0.7:
                found.append(rng.choice([
                    border, border + rng.randrange(GRACE_SECS), grace - 1]))
            if rng.random() < 0.8:
                found.append(grace + rng.choice([
                    0, 0, 1, rng.randrange(3 * DAY_SECS)]))
            if rng.random() < 0.8:
                found.append(border + rng.randrange(5 * DAY_SECS,
                                                    27 * DAY_SECS))
        if rng.random() < 0.5:
            found.append(found[-1] + HOUR_SECS * rng.choice([1, 2, 24, 1000]))
        return sorted(set(found))

    # --- all of it ---

    def run(self):
        desk = self.desk
        for history in self.histories:
            for payer in history.payers:
                desk.open(payer)
        for source in "ab":
            desk.source(source, *desk.books.payers)
        desk.start()
        turns = zip(*(history.deliveries(self.instants)
                      for history in self.histories))
        for at, turn in zip(self.instants, turns):
            if at > self.instants[0]:
                turn = self.move(at, turn)
            self.deliver(zip(self.histories, turn))
            self.decide()
            desk.close_due()
            if self.rng.random() < 0.15:
                desk.restart(hard=self.rng.random() < 0.5)
            self.compare(self.rng.sample(self.periods(), 2))
        self.compare(self.periods())
        for payer in desk.books.payers:
            desk.check_truth(payer)
        desk.verify()
        desk.close()

    def move(self, at, turn):
        """The clock moves: while the server runs, or while it is off.
        Returns what is still to be delivered."""
        how = pick(self.rng, runs=5, hasty=2, killed=1, off=2)
        if how in ("runs", "hasty", "killed"):
            self.desk.set_clock(at)
            if how == "hasty":  # reports come while periods are closed
                turn = self.deliver_hastily(turn)
            elif how == "killed":
                self.desk.stop(hard=True)
                self.desk.start()
        else:
            self.desk.stop(hard=self.rng.random() < 0.3)
            self.desk.set_clock(at)
            self.desk.start()
        self.desk.look()
        return turn

    def deliver_hastily(self, turn):
        """What cannot change what is being closed now: a period that is
        looked at for the first time rests on what came before the grace
        ended."""
        waits = {account for account, _ in self.desk.books.checked}
        safe = [not any(p.name in waits for p in history.payers)
                for history in self.histories]
        self.deliver((history, samples) for history, samples, now
                     in zip(self.histories, turn, safe) if now)
        return [[] if now else samples for samples, now in zip(turn, safe)]

    def deliver(self, turn):
        """The reports of all histories among each other, some again."""
        rng = self.rng
        queue = [report for history, samples in turn
                 for report in history.split(samples)]
        rng.shuffle(queue)
        sent = []
        for source, samples in queue:
            report_id = new_uuid()
            self.desk.send(source, samples, report_id)
            self.samples += len(samples)
            sent.append((source, samples, report_id))
            if rng.random() < 0.1:
                self.desk.send(*rng.choice(sent))

    # --- decisions ---

    def decide(self):
        """What operators do."""
        for history in self.histories:
            if self.rng.random() < 0.25:
                self.change_rate(history)
        soon = self.desk.now + HOUR_NANOS
        for item in self.desk.books.quarantine:
            if item.state == "open" and item.sample.at < soon and \
                    self.rng.random() < 0.1:
                if self.rng.random() < 0.7:
                    self.desk.release(item)
                else:
                    self.desk.discard(item)
        for account in self.desk.books.payers:
            if self.rng.random() < 0.1:
                found = self.desk.books.closable(account, self.desk.seconds())
                if found:
                    self.desk.close_by_hand(account, self.rng.choice(found))

    def change_rate(self, history):
        payer = self.rng.choice(history.payers)
        age = self.rng.choice([0, 0] + history.ages)
        at = history.instant()
        if (age, -(-at // HOUR_SECS)) not in payer.orders:
            self.desk.set_rate(payer.name, make_rate(self.rng), at, age)

    # --- comparing ---

    def periods(self):
        months = sorted({period_of(at) for at in self.borders
                         + [self.border - 1, self.border - 34 * DAY_SECS,
                            self.instants[-1]]})
        return months + sorted({period_of(month_start(month), "quarter")
                                for month in months})

    def compare(self, periods):
        for period in periods:
            for got in self.desk.check_all(period):
                self.lines += len(got["lines"])
                self.corrections += len(got["corrections"])
                self.documents += got["state"] == "closed"


class RandomHistories:
    """Mixed into a test case. MONEY_HISTORIES of them, PER_SERVER at a
    time."""

    desk_type = Desk
    PER_SERVER = 25

    def run_part(self, part):
        """A server's histories depend on the seed, the part and its first
        one's number alone; MONEY_FIRST is a number to begin with."""
        seed = int(os.environ.get("MONEY_SEED", "1"))
        begin = int(os.environ.get("MONEY_FIRST", "0"))
        end = begin + int(os.environ.get("MONEY_HISTORIES", "125"))
        told = dict.fromkeys(("samples", "lines", "corrections",
                              "documents"), 0)
        for first in range(begin, end, self.PER_SERVER):
            story = Chronicle(self, self.desk_type,
                          random.Random(f"{seed}/{part}/{first}"), first,
                          self.PER_SERVER)
            try:
                story.run()
            except AssertionError as e:
                e.add_note(
                    f"MONEY_SEED={seed} MONEY_FIRST={first}, part {part}, at "
                    f"{rfc3339(story.desk.seconds())} of "
                    f"{[rfc3339(at) for at in story.instants]}")
                raise
            for what in told:
                told[what] += getattr(story, what)
            self.doCleanups()  # thousands of servers would fill the disk
            self.forget_servers()
        print(f"# MONEY_SEED={seed}: " + ", ".join(
            f"{n} {what}" for what, n in told.items()), flush=True)
