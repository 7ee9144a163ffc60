"""The largest sizes for a whole month, and prices with nine and with twelve
decimals, come out exact. Reckoned here by the formula alone."""

from fractions import Fraction

import support
from support.desk import Desk, every
from support.money import (GIB, HOUR_SECS, exact_text, hours_in_month,
                           month_start, round_to)
from support.usage import Payer, Sample

HUGE = 2**63 - 1
MONTH = "2024-01"
HOURS = hours_in_month(MONTH)
BEGIN = month_start(MONTH)
END = BEGIN + HOURS * HOUR_SECS
RATES = ["0.123456789", "0.000000001", "72.999999999", "0.123456789012",
         "0.000000000001", "999999999999.999999999999"]


class MoneySizes(support.TestCase):

    def run_month(self, payers, samples_of):
        """{account: bill} of a month that was closed."""
        desk = Desk(self, END)
        for payer in payers:
            desk.open(payer)
        desk.source("s", *(payer.name for payer in payers))
        desk.start()
        for payer in payers:
            desk.send("s", samples_of(payer))
        desk.clock(END + 48 * HOUR_SECS)
        bills = {bill["account"]: bill for bill in desk.check_all(MONTH)}
        self.assertEqual({bill["state"] for bill in bills.values()},
                         {"closed"})
        return bills

    def payer(self, number, rate, **options):
        payer = Payer(f"a{number}", **options)
        payer.add_rate(rate)
        return payer

    def test_a_month_of_the_largest_size_is_exact(self):
        """2^63-1 bytes in each of 744 hours."""
        payers = [self.payer(i, rate) for i, rate in enumerate(RATES)]
        bills = self.run_month(payers, lambda payer: every(
            support.new_uuid(), payer.name, HUGE, BEGIN, END))
        for number, rate in enumerate(RATES):
            bill = bills[f"a{number}"]
            line, = bill["lines"]
            exact = Fraction(HUGE, GIB) * Fraction(rate)
            with self.subTest(rate=rate):
                self.assertEqual(line["rate"], rate)
                self.assertEqual(line["byte_hours"], str(HUGE * HOURS))
                self.assertEqual(line["gib_months"],
                                 exact_text(Fraction(HUGE, GIB)))
                self.assertEqual(bill["exact"], exact_text(exact))
                self.assertEqual(Fraction(bill["total"]), round_to(exact))

    def test_fifty_of_the_largest_are_fifty_times_as_much(self):
        """In one account, in three bins each, and in several samples an
        hour."""
        third = HUGE // 3
        volumes = [support.new_uuid() for _ in range(50)]
        payers = [self.payer(0, RATES[3])]
        bins = [(24, third), (720, third), (0, HUGE - 2 * third)]
        bill = self.run_month(payers, lambda payer: [
            sample for volume in volumes for sample in every(
                volume, payer.name, HUGE, END - 8 * HOUR_SECS, END, 1200,
                bins=bins)])["a0"]
        exact = Fraction(50 * HUGE * 8, GIB * HOURS) * Fraction(RATES[3])
        self.assertEqual(len(bill["lines"]), 150)
        self.assertEqual(bill["exact"], exact_text(exact))
        self.assertEqual(Fraction(bill["total"]), round_to(exact))
        self.assertEqual(
            {line["byte_hours"] for line in bill["lines"]},
            {str(8 * third), str(8 * (HUGE - 2 * third))})

    def test_thirds_of_hours_and_nanoseconds_are_exact(self):
        """Three samples an hour, of which one is a byte less; and weights of
        single nanoseconds."""
        payers = [self.payer(0, RATES[0]),
                  self.payer(1, RATES[4], average="time_weighted")]
        hour = END - HOUR_SECS

        def samples(payer):
            volume = support.new_uuid()
            first = 0 if payer.name == "a0" else 1
            return [Sample(volume, hour * 10**9 + at, size, payer.name)
                    for at, size in ((first, HUGE), (7, HUGE - 1),
                                     (3599999999999, 1))]

        bills = self.run_month(payers, samples)
        whole = 3600 * 10**9
        for name, byte_hours, rate in (
                ("a0", Fraction(HUGE + HUGE - 1 + 1, 3), RATES[0]),
                ("a1", Fraction(6 * HUGE + (whole - 8) * (HUGE - 1) + 1,
                                whole), RATES[4])):
            bill = bills[name]
            self.assertEqual(bill["lines"][0]["byte_hours"],
                             exact_text(byte_hours))
            exact = byte_hours / GIB / HOURS * Fraction(rate)
            self.assertEqual(bill["exact"], exact_text(exact))
            self.assertEqual(Fraction(bill["total"]), round_to(exact))

    def test_a_correction_of_the_largest_is_exact(self):
        """A byte less in one hour of a month of the largest, at the highest
        price."""
        payer = self.payer(0, RATES[5])
        desk = Desk(self, END)
        desk.open(payer)
        desk.source("s", "a0")
        desk.start()
        volume = support.new_uuid()
        desk.send("s", every(volume, "a0", HUGE, BEGIN, END))
        desk.clock(END + 48 * HOUR_SECS)
        january = desk.check("a0", MONTH)
        desk.send("s", [Sample(volume, BEGIN * 10**9, HUGE - 1, "a0",
                               revision=1)])
        february = desk.check("a0", "2024-02")
        less = Fraction(1, GIB * HOURS) * Fraction(RATES[5])
        exact = Fraction(HUGE, GIB) * Fraction(RATES[5])
        self.assertEqual(Fraction(january["total"]), round_to(exact))
        correction, = february["corrections"]
        self.assertEqual(correction["exact"], "-" + exact_text(less))
        self.assertEqual(Fraction(correction["amount"]),
                         round_to(exact - less) - round_to(exact))


if __name__ == "__main__":
    support.main()
