"""What closed months are corrected by, in figures made by hand: who gets
which cent, for which hours, on which document."""

import support
from support.desk import Desk, every
from support.money import GIB, month_start
from support.usage import Payer, Sample

DAY_SECS = 86400
JANUARY, FEBRUARY, MARCH = (month_start(f"2024-0{i}") for i in (1, 2, 3))
GRACE_SECS = 2 * DAY_SECS
# At 0.031 in January, so many GiB for the 24 hours of a day cost as many
# thousandths.
RATE = "0.031"
DAY = "2024-01-31T00:00:00Z", "2024-02-01T00:00:00Z"


class MoneyCorrections(support.TestCase):

    def desk(self, *payers):
        desk = Desk(self, FEBRUARY)
        for payer in payers:
            desk.open(payer)
        desk.source("s", *(payer.name for payer in payers))
        desk.start()
        return desk

    def payer(self, name="a", rate=RATE, **options):
        options.setdefault("gap_policy", "zero")
        payer = Payer(name, **options)
        if rate is not None:
            payer.add_rate(rate)
        return payer

    def volumes(self, count):
        """Names in the order of the document."""
        return {f"volume-{i:02}": support.new_uuid() for i in range(count)}

    def send(self, desk, volumes, thousandths, revision=0, account="a",
             day=DAY):
        """What each of the volumes costs on the last day of January."""
        for name, volume in volumes.items():
            if name in thousandths:
                desk.send("s", every(
                    volume, account, thousandths[name] * GIB, *day, name=name,
                    revision=revision))

    def corrections(self, bill):
        return [(c["corrects"], c["name"], c["exact"], c["amount"])
                for c in bill["corrections"]]

    # --- sharing ---

    def test_the_largest_remainders_get_the_cents(self):
        """0.024 more is two cents more than 10.00 was: c lost most when all
        were cut down, a and b as much as each other, and a is earlier."""
        desk = self.desk(self.payer())
        volumes = dict(zip("cab", self.volumes(3).values()))
        self.send(desk, volumes, {"a": 4000, "b": 3000, "c": 3000})
        desk.clock(FEBRUARY + GRACE_SECS)
        self.assertEqual(desk.check("a", "2024-01")["total"], "10.00")
        self.send(desk, volumes, {"a": 4007, "b": 3007, "c": 3010}, 1)
        self.assertEqual(
            self.corrections(desk.check("a", "2024-02")),
            [("2024-01", "a", "0.007", "0.01"),
             ("2024-01", "c", "0.01", "0.01")])
        desk.check_truth("a")

    def test_more_of_one_and_less_of_another_are_two_lines(self):
        """... also when they come to nothing together."""
        desk = self.desk(self.payer())
        volumes = self.volumes(2)
        up, down = volumes
        self.send(desk, volumes, {up: 500, down: 500})
        desk.clock(FEBRUARY + GRACE_SECS)
        self.send(desk, volumes, {up: 530, down: 470}, 1)
        bill = desk.check("a", "2024-02")
        self.assertEqual(self.corrections(bill),
                         [("2024-01", up, "0.03", "0.03"),
                          ("2024-01", down, "-0.03", "-0.03")])
        self.assertEqual(bill["total"], "0.00")

    def test_what_is_too_little_for_a_cent_is_billed_when_it_is_one(self):
        """0.004 more, twice, in two months: no line first, then one."""
        desk = self.desk(self.payer())
        volumes = self.volumes(1)
        name = "volume-00"
        self.send(desk, volumes, {name: 1000})
        desk.clock(FEBRUARY + GRACE_SECS)
        self.send(desk, volumes, {name: 1004}, 1)
        february = desk.check("a", "2024-02")
        self.assertEqual((february["corrections"], february["total"]),
                         ([], "0.00"))
        desk.clock(MARCH + GRACE_SECS)
        self.assertIsNone(desk.check("a", "2024-02")["number"])
        self.send(desk, volumes, {name: 1008}, 2)
        march = desk.check("a", "2024-03")
        self.assertEqual(self.corrections(march),
                         [("2024-01", name, "0.008", "0.01")])
        desk.check_truth("a")

    def test_cents_that_rounding_moved_are_given_back(self):
        """Ten volumes cost a thousandth more each: one of them gets the cent.
        When the other nine cost again what they did, nobody's cost differs
        from what was billed, and yet the cent is too much."""
        desk = self.desk(self.payer())
        volumes = self.volumes(10)
        self.send(desk, volumes, dict.fromkeys(volumes, 1000))
        desk.clock(FEBRUARY + GRACE_SECS)
        self.send(desk, volumes, dict.fromkeys(volumes, 1001), 1)
        self.assertEqual(self.corrections(desk.check("a", "2024-02")),
                         [("2024-01", "volume-00", "0.001", "0.01")])
        desk.clock(MARCH + GRACE_SECS)
        others = dict(list(volumes.items())[1:])
        self.send(desk, others, dict.fromkeys(others, 1000), 2)
        march = desk.check("a", "2024-03")
        self.assertEqual(self.corrections(march),
                         [("2024-01", "volume-00", "0", "-0.01")])
        desk.check_truth("a")

    def test_lines_that_are_rounded_each_are_corrected_each(self):
        """... by what each comes to now, less what was billed; also when the
        same price from the middle of the day on only cuts a line in two:
        0.005 is a cent, and twice 0.0025 is nothing."""
        desk = self.desk(self.payer(rounding="line"))
        volumes = self.volumes(3)
        names = list(volumes)
        self.send(desk, volumes, dict(zip(names, (5, 335, 1000))))
        desk.clock(FEBRUARY + GRACE_SECS)
        self.assertEqual(desk.check("a", "2024-01")["total"], "1.35")
        self.send(desk, volumes, {names[2]: 1004}, 1)
        desk.set_rate("a", RATE, FEBRUARY - DAY_SECS // 2)
        self.assertEqual(self.corrections(desk.check("a", "2024-02")),
                         [("2024-01", names[0], "0", "-0.01")])
        desk.check_truth("a")

    # --- hours ---

    def test_the_charge_period_spans_the_hours_that_cost_another(self):
        """A sample in the 7th hour of the 10th and one in the 3rd of the
        12th; of another volume one hour only."""
        desk = self.desk(self.payer(rate="744"))
        volumes = self.volumes(2)
        for volume in volumes.values():
            desk.send("s", every(volume, "a", GIB, JANUARY + 5 * DAY_SECS,
                                 JANUARY + 6 * DAY_SECS))
        desk.clock(FEBRUARY + GRACE_SECS)
        one, two = volumes.items()
        for (name, volume), at in ((one, "2024-01-12T02:30:00Z"),
                                   (one, "2024-01-10T06:59:59Z"),
                                   (two, "2024-01-31T23:59:59Z")):
            desk.send("s", [Sample(volume, support.unix(at) * 10**9, GIB,
                                   "a", name=name)])
        self.assertEqual(
            [c["charge_period"]
             for c in desk.check("a", "2024-02")["corrections"]],
            [["2024-01-10T06:00:00Z", "2024-01-12T03:00:00Z"],
             ["2024-01-31T23:00:00Z", "2024-02-01T00:00:00Z"]])

    def test_an_end_that_is_learnt_late_takes_the_estimates_back(self):
        """Six hours were carried and billed."""
        desk = self.desk(self.payer(rate="744", gap_policy="carry"))
        volume = support.new_uuid()
        samples = every(volume, "a", GIB, "2024-01-10T00:00:00Z",
                        "2024-01-20T00:00:00Z", name="gone")
        desk.send("s", samples)
        desk.clock(FEBRUARY + GRACE_SECS)
        self.assertEqual(desk.check("a", "2024-01")["total"], "246.00")
        samples[-1].retired_at = support.unix("2024-01-19T23:00:00Z")
        desk.send("s", samples[-1:])
        bill = desk.check("a", "2024-02")
        self.assertEqual(self.corrections(bill),
                         [("2024-01", "gone", "-6", "-6.00")])
        self.assertEqual(bill["corrections"][0]["charge_period"],
                         ["2024-01-20T00:00:00Z", "2024-01-20T06:00:00Z"])

    def test_a_rate_for_hours_that_are_closed_corrects_every_volume(self):
        """... of its account, and no other's."""
        desk = self.desk(self.payer(), self.payer("b"))
        volumes = self.volumes(3)
        self.send(desk, volumes, dict.fromkeys(volumes, 1000))
        self.send(desk, self.volumes(2), {"volume-00": 1000}, account="b")
        desk.clock(FEBRUARY + GRACE_SECS)
        desk.set_rate("a", "0.062", FEBRUARY - DAY_SECS)
        self.assertEqual(
            self.corrections(desk.check("a", "2024-02")),
            [("2024-01", name, "1", "1.00") for name in volumes])
        self.assertEqual(desk.check("b", "2024-02")["corrections"], [])

    # --- which document ---

    def test_several_closed_months_are_corrected_on_one_document(self):
        """In their order; and on none of the others."""
        desk = self.desk(self.payer(gap_policy="interpolate"))
        volume = support.new_uuid()

        def send(first, count, gib, **members):
            desk.send("s", every(volume, "a", gib * GIB, first,
                                 first + count * 3600, name="v", **members))

        send(JANUARY + 5 * DAY_SECS, 24 * 26, 100)
        desk.clock(FEBRUARY + GRACE_SECS)
        desk.clock(MARCH)
        send(FEBRUARY + 2 * 3600, 24 * 28, 100)
        desk.clock(MARCH + GRACE_SECS)
        # The hours over the border are a straight line now.
        send(JANUARY + 31 * DAY_SECS - 3600, 1, 10000, revision=1)
        bill = desk.check("a", "2024-03")
        self.assertEqual([c["corrects"] for c in bill["corrections"]],
                         ["2024-01", "2024-02"])
        for month in ("2024-04", "2024-02", "2024-01"):
            self.assertEqual(desk.check("a", month)["corrections"], [])
        desk.clock("2024-04-03T00:00:00Z")
        self.assertEqual(desk.check("a", "2024-03")["state"], "closed")
        desk.check_truth("a")

    def test_a_closed_month_without_a_rate_now_stops_the_next_bill(self):
        """A late sample in a bin that has no price: the next bill has no
        total until there is one, and is not closed without."""
        desk = self.desk(self.payer(rate=None))
        desk.set_rate("a", RATE, JANUARY, 720)
        volume = support.new_uuid()
        desk.send("s", every(volume, "a", 1000 * GIB, *DAY,
                             bins=[(720, 1000 * GIB)]))
        desk.clock(FEBRUARY + GRACE_SECS)
        self.assertEqual(desk.check("a", "2024-01")["total"], "1.00")
        desk.send("s", every(volume, "a", 2000 * GIB, *DAY, revision=1,
                             bins=[(720, 1000 * GIB), (0, 1000 * GIB)]))
        bill = desk.check("a", "2024-02")
        self.assertEqual((bill["total"], bill["reason"]),
                         (None, "unrated_usage"))
        desk.clock(MARCH + GRACE_SECS)
        self.assertEqual(desk.check("a", "2024-02")["state"], "held")
        desk.set_rate("a", "0.062", JANUARY)
        desk.clock(MARCH + GRACE_SECS + 3600)
        bill = desk.check("a", "2024-02")
        self.assertEqual((bill["state"], bill["total"]), ("closed", "2.00"))

    def test_a_held_month_does_not_hold_the_next_ones(self):
        """February is closed while January is held; January's corrections
        begin when an operator has closed it, and stand on what is open
        then."""
        desk = self.desk(self.payer(gap_policy="hold"), self.payer("b"))
        volume = support.new_uuid()
        desk.send("s", every(volume, "a", 1000 * GIB, *DAY)[:20])
        desk.clock(MARCH)
        desk.send("s", every(volume, "a", 1000 * GIB,
                             "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"))
        desk.clock(MARCH + GRACE_SECS)
        self.assertEqual(desk.check("a", "2024-01")["state"], "held")
        self.assertEqual(desk.check("a", "2024-02")["number"], "2024-00001")
        desk.close_by_hand("a", "2024-01", "the client knows")
        january = desk.check("a", "2024-01")
        self.assertEqual((january["number"], january["reason"]),
                         ("2024-00002", "missing_hours"))
        desk.send("s", every(volume, "a", 1000 * GIB, *DAY)[20:])
        self.assertEqual([c["corrects"] for c in
                          desk.check("a", "2024-03")["corrections"]],
                         ["2024-01"])
        desk.check_truth("a")

    def test_what_is_closed_by_hand_in_its_grace_rests_on_all_there_is(self):
        """... and what comes in the rest of the grace is late."""
        desk = self.desk(self.payer())
        volumes = self.volumes(2)
        self.send(desk, volumes, {"volume-00": 1000})
        desk.close_by_hand("a", "2024-01")
        self.assertEqual(desk.check("a", "2024-01")["total"], "1.00")
        self.send(desk, volumes, {"volume-01": 2000})
        self.assertEqual(self.corrections(desk.check("a", "2024-02")),
                         [("2024-01", "volume-01", "2", "2.00")])
        desk.clock(FEBRUARY + GRACE_SECS)
        desk.check("a", "2024-01")
        desk.check_truth("a")


if __name__ == "__main__":
    support.main()
