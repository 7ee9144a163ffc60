"""What must hold for any input: how reports are cut, repeated and ordered,
when the server stops and how, changes no bill and no document; parts add up,
and documents to the rounded truth."""

import random

import support
from support.desk import Desk, every, nanos
from support.money import GIB, HOUR_SECS, NANOS, fraction, month_start
from support.usage import Payer, Sample

BEGIN = month_start("2024-02")
NOW = BEGIN + 20 * 86400


def history(account, volume, rng):
    """A few days of one volume: gaps, several samples an hour, bins, a
    revision, a new name and an end."""
    samples = []
    for hour in range(200):
        if hour % 31 in (7, 8, 9):
            continue
        for offset in sorted({0, rng.randrange(3600), rng.randrange(3600)}):
            at = (BEGIN + hour * HOUR_SECS + offset) * NANOS
            size = rng.randrange(2**44)
            samples.append(Sample(
                volume, at, size, account,
                [(720, size // 3), (0, size - size // 3)] if hour % 50 > 20
                else None, "new" if hour > 90 else "old"))
    for sample in samples[::40]:
        samples.append(Sample(volume, sample.at, sample.bytes // 2, account,
                              None, sample.name, revision=1))
    samples[-1].retired_at = BEGIN + 210 * HOUR_SECS
    return samples


class MoneyProperties(support.TestCase):

    def desk(self, *payers):
        desk = Desk(self, NOW)
        for payer in payers:
            desk.open(payer)
        return desk

    def money(self, bill):
        """A bill without what tells one server from another."""
        return {k: v for k, v in bill.items() if k != "ledger_head"}

    def close_months(self, desk, early, late, send):
        """February with what came in time, and March with what was late.
        Returns their documents, and the bill of April."""
        send(desk, early)
        desk.clock("2024-03-03T00:00:00Z")
        self.assertEqual(desk.check("a", "2024-02")["state"], "closed")
        send(desk, late)
        desk.check("a", "2024-03")
        desk.clock("2024-04-03T00:00:00Z")
        self.assertEqual(desk.check("a", "2024-03")["state"], "closed")
        desk.check_truth("a")
        return [self.money(desk.check("a", month))
                for month in ("2024-02", "2024-03", "2024-04")]

    def payer(self, name="a", **options):
        payer = Payer(name, **options)
        payer.add_rate("0.0371")
        payer.add_rate("0.5", BEGIN + 100 * HOUR_SECS + 5, 720)
        return payer

    def parted(self, samples, rng):
        """Two parts: what is in time, and what is late."""
        late = rng.sample(samples, len(samples) // 4)
        return [s for s in samples if s not in late], late

    def test_no_way_of_delivery_changes_a_document(self):
        """What came before February was closed is in its document, however
        it came, and what came later is corrected in March's."""
        for average in ("mean", "time_weighted"):
            payer = self.payer(average=average, max_carry=9)
            samples = history("a", support.new_uuid(), random.Random(6))
            early, late = self.parted(samples, random.Random(7))
            found = []
            for way in ("plain", "shuffled", "single", "sources", "stopped"):
                with self.subTest(average=average, way=way):
                    desk = self.desk(payer)
                    desk.source("one", "a")
                    desk.source("two", "a")
                    desk.start()
                    found.append(self.close_months(
                        desk, early, late, getattr(self, f"send_{way}")))
                    self.assertEqual(found[-1], found[0])
                    self.assertTrue(found[-1][1]["corrections"])
                    desk.close()

    def test_documents_add_up_to_what_one_in_time_would_have_been(self):
        """Two servers: one is told everything before it closes, the other
        three times something late, for documents of three months."""
        samples = [history("a", support.new_uuid(), random.Random(i))
                   for i in range(3)]
        samples = [s for part in samples for s in part]
        whole = self.desk(self.payer(gap_policy="zero"))
        whole.source("one", "a")
        whole.start()
        self.send_plain(whole, samples)
        whole.clock("2024-03-03T00:00:00Z")
        parted = self.desk(self.payer(gap_policy="zero"))
        parted.source("one", "a")
        parted.start()
        left = list(samples)
        random.Random(8).shuffle(left)
        for at in ("2024-02-20T00:00:00Z", "2024-03-03T00:00:00Z",
                   "2024-03-06T00:00:00Z"):
            if nanos(at) > parted.now:
                parted.clock(at)
            oldest = parted.now - 35 * 86400 * NANOS
            part = [s for s in left[:len(samples) // 3] if s.at >= oldest]
            left = [s for s in left if s not in part]
            self.send_plain(parted, part)
        self.send_plain(parted, left)  # of what is too old by now, none is
        for item in parted.books.quarantine:
            if item.reason == "too_old":
                parted.release(item)
        parted.clock("2024-04-03T00:00:00Z")
        one = fraction(whole.check("a", "2024-02")["total"])
        bills = [parted.check("a", month)
                 for month in ("2024-02", "2024-03", "2024-04")]
        self.assertEqual([b["state"] for b in bills[:2]], ["closed"] * 2)
        self.assertNotEqual(fraction(bills[0]["total"]), one)
        self.assertEqual(
            fraction(bills[0]["total"])
            + sum(fraction(c["amount"]) for bill in bills[1:]
                  for c in bill["corrections"]), one)

    def test_closing_and_reopening_changes_nothing(self):
        """Bills of open, closed and coming months, stopped and killed, by
        the server and by commands of their own."""
        desk = self.desk(self.payer(gap_policy="interpolate", max_carry=99))
        desk.source("one", "a")
        desk.start()
        samples = history("a", support.new_uuid(), random.Random(11))
        early, late = self.parted(samples, random.Random(12))
        self.send_plain(desk, early)
        desk.clock("2024-03-03T00:00:00Z")
        if desk.check("a", "2024-02")["state"] == "held":
            desk.close_by_hand("a", "2024-02")
        self.send_plain(desk, late)
        months = ("2024-02", "2024-03", "2024-Q1", "2024-04")
        before = [desk.check("a", month) for month in months]
        for hard in (False, True, True, False):
            desk.restart(hard)
            self.assertEqual([desk.check("a", month) for month in months],
                             before)
        desk.stop()
        self.assertEqual([desk.check("a", month) for month in months], before)

    def test_no_way_of_delivery_changes_money(self):
        """The same samples in one report and in order; shuffled; one by one,
        backwards, each twice; by two sources; with a restart, and with
        kill -9, in between."""
        for average in ("mean", "time_weighted"):
            payer = Payer("a", average=average, gap_policy="interpolate")
            payer.add_rate("0.0371")
            payer.add_rate("0.5", BEGIN + 100 * HOUR_SECS + 5, 720)
            samples = history("a", support.new_uuid(), random.Random(5))
            bills = []
            for way in ("plain", "shuffled", "single", "sources", "stopped"):
                with self.subTest(average=average, way=way):
                    desk = self.desk(payer)
                    desk.source("one", "a")
                    desk.source("two", "a")
                    desk.start()
                    getattr(self, f"send_{way}")(desk, samples)
                    bills.append(self.money(desk.check("a", "2024-02")))
                    self.assertEqual(bills[-1], bills[0])
                    desk.close()

    def send_plain(self, desk, samples):
        desk.send("one", sorted(samples, key=lambda s: s.at))

    def send_shuffled(self, desk, samples):
        samples = list(samples)
        random.Random(1).shuffle(samples)
        for i in range(0, len(samples), 50):
            desk.send("one", samples[i:i + 50])

    def send_single(self, desk, samples):
        for sample in samples[::-1]:
            report_id = support.new_uuid()
            desk.send("one", [sample], report_id)
            self.assertEqual(desk.send("one", [sample], report_id)[0], 200)

    def send_sources(self, desk, samples):
        for i in range(0, len(samples), 40):
            desk.send("one", samples[i:i + 50])
            desk.send("two", samples[i:i + 60])

    def send_stopped(self, desk, samples):
        for i in range(0, len(samples), 100):
            report_id = support.new_uuid()
            desk.send("one", samples[i:i + 100], report_id)
            before = self.money(desk.check("a", "2024-02"))
            desk.restart(hard=i % 200 == 0)
            self.assertEqual(self.money(desk.check("a", "2024-02")), before)
            # The client that never saw the answer sends it again.
            desk.send("one", samples[i:i + 100], report_id)
            self.assertEqual(self.money(desk.check("a", "2024-02")), before)

    def test_accounts_that_share_hours_pay_together_what_one_would(self):
        """A volume that changes its payer again and again, inside hours; in
        drafts, and in documents and their corrections."""
        for average in ("mean", "time_weighted"):
            payers = [Payer(name, average=average, gap_policy="zero")
                      for name in ("a", "b", "c", "whole")]
            for payer in payers:
                payer.add_rate("0.123456789")
            desk = self.desk(*payers)
            desk.source("s", *(p.name for p in payers))
            desk.start()
            samples = history("whole", support.new_uuid(), random.Random(3))
            early, late = self.parted(samples, random.Random(4))
            other = support.new_uuid()

            def part(some):
                return [Sample(other, s.at, s.bytes,
                               "abc"[s.at // NANOS // 1000 % 3], s.bins,
                               s.name, s.revision, s.retired_at)
                        for s in some]

            def add_up(period, member, lines="lines"):
                bills = {p.name: desk.check(p.name, period) for p in payers}
                sums = [sum(fraction(line[member])
                            for line in bills[name][lines])
                        for name in bills]
                self.assertNotEqual(sums[3], 0)
                # Printed with 30 decimals each.
                self.assertLess(abs(sum(sums[:3]) - sums[3]),
                                fraction("1e-28"), (average, member))
                return bills

            desk.send("s", early + part(early))
            self.assertEqual(len(add_up("2024-02", "exact")["c"]["lines"]),
                             2)
            add_up("2024-02", "byte_hours")
            desk.clock("2024-03-03T00:00:00Z")
            add_up("2024-02", "exact")
            desk.send("s", late + part(late))
            add_up("2024-03", "exact", "corrections")
            desk.clock("2024-04-03T00:00:00Z")
            add_up("2024-03", "exact", "corrections")
            desk.close()

    def test_lines_add_up_to_the_document(self):
        """Hundreds of lines of a third of a cent and the like, under each
        rounding."""
        rng = random.Random(9)
        ways = [(r, m, c) for r in ("document", "line")
                for m in ("half_up", "half_even") for c in ("USD", "JPY")]
        payers = []
        for number, (rounding, mode, currency) in enumerate(ways):
            payer = Payer(f"a{number}", currency, rounding=rounding,
                          rounding_mode=mode, max_carry=48)
            payer.add_rate("0.005")
            payers.append(payer)
        desk = self.desk(*payers)
        desk.source("s", *(p.name for p in payers))
        desk.start()
        for payer in payers:
            desk.send("s", [
                Sample(support.new_uuid(), BEGIN * NANOS,
                       rng.choice([1, 7, 15, 29, 101]) * 29
                       * GIB, payer.name) for _ in range(100)])
            bill = desk.check(payer.name, "2024-02")
            self.assertEqual(sum(fraction(line["amount"])
                                 for line in bill["lines"]),
                             fraction(bill["total"]))
            exact = sum(fraction(line["exact"]) for line in bill["lines"])
            self.assertLess(abs(exact - fraction(bill["exact"])),
                            fraction("1e-27"))

    def test_the_documentation_adds_up(self):
        """1 TiB at 0.03 for a month of 672, 696, 720 and 744 hours each;
        5 GiB at 0.067; 100 GiB for 15 days and 102400 GiB for 16."""
        desk = Desk(self, "2023-03-01T00:00:00Z")
        for name, rate in (("tib", "0.03"), ("small", "0.067"),
                           ("faq", "0.03")):
            payer = Payer(name, gap_policy="zero")
            payer.add_rate(rate)
            desk.open(payer)
            desk.source(name, name)
        desk.start()
        for first, until, hours in (
                ("2023-02-01", "2023-03-01", 672),
                ("2024-01-01", "2024-02-01", 744),
                ("2024-02-01", "2024-03-01", 696),
                ("2024-04-01", "2024-05-01", 720)):
            until += "T00:00:00Z"
            if nanos(until) > desk.now:
                desk.clock(until)
            first += "T00:00:00Z"
            desk.send("tib", every(support.new_uuid(), "tib", 1024 * GIB,
                                   first, until,
                                   retired_at=support.unix(until)))
            bill = desk.check("tib", first[:7])
            self.assertEqual((bill["total"], bill["exact"]),
                             ("30.72", "30.72"))
            self.assertEqual(bill["hours_in_month"], hours)
            if hours == 744:
                desk.send("small", every(support.new_uuid(), "small",
                                         5 * GIB, first, until))
                bill = desk.check("small", "2024-01")
                self.assertEqual((bill["total"], bill["exact"]),
                                 ("0.34", "0.335"))
            if hours == 696:
                desk.clock("2024-04-01T00:00:00Z")
                volume = support.new_uuid()
                desk.send("faq", every(volume, "faq", 100 * GIB,
                                       "2024-03-01T00:00:00Z",
                                       "2024-03-16T00:00:00Z")
                          + every(volume, "faq", 102400 * GIB,
                                  "2024-03-16T00:00:00Z",
                                  "2024-04-01T00:00:00Z"))
                bill = desk.check("faq", "2024-03")
                self.assertEqual(bill["lines"][0]["gib_months"], "52900")
                self.assertEqual(bill["total"], "1587.00")

    def test_a_sample_in_the_last_second_is_not_lost(self):
        """What the ledger took as stored is billed; a second later it is
        quarantined."""
        payer = Payer("a", gap_policy="zero")
        payer.add_rate("1")
        desk = self.desk(payer)
        desk.source("s", "a")
        desk.start()
        volume = support.new_uuid()
        end = support.unix("2024-02-10T14:15:00Z")
        _, answer = desk.send("s", [
            Sample(volume, nanos("2024-02-10T14:15:00.7Z"), 6 * GIB, "a",
                   retired_at=end),
            Sample(volume, nanos("2024-02-10T14:15:01Z"), 9 * GIB, "a")])
        self.assertEqual(answer["stored"], 1)
        self.assertEqual(answer["quarantined"][0]["reason"],
                         "after_retirement")
        bill = desk.check("a", "2024-02")
        self.assertEqual(bill["lines"][0]["byte_hours"], str(6 * GIB))

    def test_only_hours_that_a_line_has_are_told(self):
        """A payer and a bin that end with an hour have none of the next; a
        bin that begins behind a gap has the gap's hours."""
        payers = [Payer(name, average="time_weighted",
                        gap_policy="interpolate") for name in ("a", "b")]
        for payer in payers:
            payer.add_rate("1")
        desk = self.desk(*payers)
        desk.source("s", "a", "b")
        desk.start()
        volume = support.new_uuid()
        start = BEGIN * NANOS
        hour = HOUR_SECS * NANOS
        desk.send("s", [
            Sample(volume, start, GIB, "a", [(24, GIB)]),
            Sample(volume, start + hour, GIB, "b"),
            Sample(volume, start + 4 * hour, GIB, "b", [(24, GIB)])])
        now = BEGIN + 5 * HOUR_SECS
        a = desk.check("a", "2024-02", now)
        b = desk.check("b", "2024-02", now)
        self.assertEqual(a["hours"],
                         {"measured": 1, "estimated": 0, "unbilled": 0})
        self.assertEqual(
            [(line["max_age"], line["hours"]["measured"],
              line["hours"]["estimated"]) for line in b["lines"]],
            [("1d", 1, 2), (None, 1, 2)])


if __name__ == "__main__":
    support.main()
