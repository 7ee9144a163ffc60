"""Histories made at random, billed by the program and by the independent
reckoning of support.money: every answer, line, amount and count of hours
must be the same.

    MONEY_SEED=7 MONEY_HISTORIES=300 python3 test/blackbox/money_random_...

Without MONEY_SEED the seed is 1, so that a plain run always does the same.
"""
# timeout: 600

import os
import random
import uuid

import support
from support.desk import Desk
from support.money import (CURRENCY_DIGITS, HOUR_NANOS, HOUR_SECS, NANOS,
                           month_start)
from support.usage import Payer, Sample

DAY_SECS = 86400
PER_SERVER = 6

# A month's beginning around which everything happens.
BORDERS = ["2024-03", "2023-03", "2024-01", "2024-05", "2100-03", "2026-11",
           "2000-03"]
AGES = [5, 12, 24, 168, 720, 2160]
HUGE = 2**63 - 1


def pick(rng, **weights):
    """A name, by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def make_rate(rng):
    digits = rng.choice([0, 1, 2, 3, 5, 9, 9, 12])
    whole = rng.choice([0, 0, 0, 1, 72, 123456])
    part = "".join(rng.choice("0123456789") for _ in range(digits))
    return f"{whole}.{part}" if part else str(whole)


class History:
    """Some accounts, and what two sources say of their volumes between
    first and last (unix seconds)."""

    def __init__(self, rng, tag, first, last):
        self.rng = rng
        self.tag = tag
        self.first = first
        self.last = last
        self.ages = rng.sample(AGES, 3)
        kind = pick(rng, mean=45, time_weighted=45, mixed=10)
        self.payers = [self.make_payer(i, kind)
                       for i in range(rng.choice([1, 2, 2, 3]))]
        self.volumes = [self.make_volume(i)
                        for i in range(rng.choice([1, 2, 3, 4]))]

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
            gap_policy=pick(rng, carry=3, zero=1, interpolate=3, hold=1),
            max_carry=rng.choice([0, 1, 2, 6, 6, 24, 72, 200]),
            rounding=rng.choice(["document", "document", "line"]),
            rounding_mode=rng.choice(["half_up", "half_even"]))
        if rng.random() < 0.92:
            payer.add_rate(make_rate(rng))
        for age in [0] + self.ages:
            taken = {hour for hour, _ in payer.rates.get(age, [])}
            for _ in range(rng.choice([0, 0, 1, 2])):
                at = self.instant()
                if rng.random() < 0.3:
                    at -= at % DAY_SECS
                if -(-at // HOUR_SECS) not in taken:
                    taken.add(-(-at // HOUR_SECS))
                    payer.add_rate(make_rate(rng), at, age)
        return payer

    # --- volumes ---

    def make_volume(self, number):
        rng = self.rng
        self.volume = str(uuid.UUID(int=rng.getrandbits(128)))
        self.style = pick(rng, flat=2, grows=2, wild=2, huge=1, tiny=1)
        self.size = rng.randrange(2**45)
        self.bin_style = pick(rng, none=4, fixed=2, wild=2)
        self.name = f"{self.tag}-v{number}"
        self.account = rng.choice(self.payers).name
        begin = self.instant()
        if rng.random() < 0.4:  # near the month's end
            begin = self.last - 5 * DAY_SECS - rng.randrange(5 * DAY_SECS)
        length = int(rng.choice([3, 20, 100, 300, 900, 900])
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
        samples = [s for s in samples
                   if begin * NANOS <= s.at < self.last * NANOS]
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

    def reports(self, phase_at):
        """Two lists of (source, samples): what comes before the clock moves
        from phase_at (unix seconds) on, and what comes after."""
        rng = self.rng
        early, late = [], []
        for volume in self.volumes:
            for sample in volume:
                chosen = early if sample.at < phase_at * NANOS and \
                    rng.random() < 0.9 else late
                chosen.append(sample)
                if rng.random() < 0.1:  # by two sources
                    rng.choice([chosen, late]).append(sample)
                if rng.random() < 0.005:  # a clock that is wrong
                    early.append(sample)
        return [list(self.split(part)) for part in (early, late)]

    def split(self, samples):
        rng = self.rng
        samples = list(samples)
        if rng.random() < 0.5:
            rng.shuffle(samples)
        while samples:
            count = rng.choice([1, 3, 20, 100, 300])
            yield rng.choice(["a", "b"]), samples[:count]
            samples = samples[count:]


class MoneyRandomHistories(support.TestCase):

    def test_every_history_is_billed_as_reckoned(self):
        seed = int(os.environ.get("MONEY_SEED", "1"))
        count = int(os.environ.get("MONEY_HISTORIES", "60"))
        print(f"# MONEY_SEED={seed} MONEY_HISTORIES={count}", flush=True)
        self.lines = self.reported = 0
        for start in range(0, count, PER_SERVER):
            # A server's histories depend on its number and the seed alone.
            rng = random.Random(f"{seed}/{start}")
            with self.subTest(seed=seed, first_history=start):
                self.run_server(rng, start, min(PER_SERVER, count - start))
        print(f"# {self.reported} samples sent, {self.lines} lines compared",
              flush=True)

    def run_server(self, rng, number, count):
        border = month_start(rng.choice(BORDERS))
        first = border - 34 * DAY_SECS
        phase_at = border - DAY_SECS - rng.randrange(DAY_SECS)
        last = border + 5 * DAY_SECS
        histories = [History(rng, f"h{number + i:03}", first, last)
                     for i in range(count)]
        desk = Desk(self, phase_at)
        for history in histories:
            for payer in history.payers:
                desk.open(payer)
            for source in "ab":
                desk.source(f"{history.tag}{source}",
                            *(p.name for p in history.payers))
        desk.start()
        phases = zip(*(h.reports(phase_at) for h in histories))
        for phase, of_histories in enumerate(phases):
            if phase == 1:
                desk.clock(last)
            self.deliver(rng, desk, histories, of_histories)
        self.compare(desk, {border, border - 1, first, last + 40 * DAY_SECS},
                     rng.choice([last, last + 45 * DAY_SECS]))
        desk.close()

    def deliver(self, rng, desk, histories, of_histories):
        """The reports of all histories among each other, some again."""
        queue = [(history.tag + source, samples)
                 for history, reports in zip(histories, of_histories)
                 for source, samples in reports]
        rng.shuffle(queue)
        sent = []
        for source, samples in queue:
            report_id = support.new_uuid()
            desk.send(source, samples, report_id)
            self.reported += len(samples)
            sent.append((source, samples, report_id))
            if rng.random() < 0.1:
                desk.send(*rng.choice(sent))

    def compare(self, desk, instants, now):
        periods = {support.rfc3339(at)[:7] for at in instants}
        periods |= {f"{p[:4]}-Q{(int(p[5:]) + 2) // 3}" for p in periods}
        for period in sorted(periods):
            for got in desk.bills(period, now):
                self.lines += len(got["lines"])
                found = desk.differences(got, now)
                if found:
                    payer = desk.books.payers[got["account"]]
                    self.fail("\n".join(
                        [f"bill of {got['account']} for {period}, asked at "
                         f"{support.rfc3339(now)}; {vars(payer)}"]
                        + found[:12]))
                self.add_up(got)

    def add_up(self, got):
        """Lines add up to the document."""
        if got["total"] is None:
            return
        self.assertEqual(
            sum(support.fraction(line["amount"] or "0")
                for line in got["lines"]), support.fraction(got["total"]))


if __name__ == "__main__":
    support.main()
