"""Closed days become rows, and samples go: no bill changes by it, and what
comes late is in it all the same."""

import json
import random

import support
from support.desk import Desk, every, nanos
from support.money import GIB, HOUR_SECS, NANOS, month_start
from support.rows import query, wait_for_rows
from support.tamper import Copy
from support.usage import Payer, Sample

MONTH = "2024-02"
BEGIN = month_start(MONTH)
FIRST_DAY = BEGIN // 86400
DAY = 86400
NOW = BEGIN + 12 * DAY


def history(account, volume, rng):
    """Some days of one volume: gaps, several samples an hour, bins, names,
    revisions."""
    samples = []
    for hour in range(11 * 24):
        if hour % 31 in (7, 8, 9) or 100 < hour < 130:
            continue
        for offset in sorted({rng.randrange(3600)
                              for _ in range(rng.choice((1, 1, 1, 3)))}):
            at = (BEGIN + hour * HOUR_SECS + offset) * NANOS
            size = rng.randrange(2**44)
            samples.append(Sample(
                volume, at, size, account,
                [(720, size // 3), (0, size - size // 3)] if hour % 50 > 20
                else None, "new" if hour > 90 else "old"))
    for sample in samples[::40]:
        samples.append(Sample(volume, sample.at, sample.bytes // 2, account,
                              None, sample.name, revision=1))
    return samples


class HistoryKeepsBills(support.TestCase):

    def desk(self, *args):
        """Accounts of both averages, several volumes, and one that moves."""
        desk = Desk(self, NOW)
        desk.server.args += args
        rng = random.Random(8)
        names = []
        for average in ("mean", "time_weighted"):
            for policy in ("carry", "interpolate", "hold"):
                payer = Payer(f"{average[0]}-{policy}", average=average,
                              gap_policy=policy)
                payer.add_rate("0.0371")
                payer.add_rate("0.5", BEGIN + 100 * HOUR_SECS + 5, 720)
                desk.open(payer)
                names.append(payer.name)
        desk.source("s", *names)
        desk.start()
        self.volumes = []
        for name in names:
            for _ in range(2):
                self.volumes.append(support.new_uuid())
                desk.send("s", history(name, self.volumes[-1], rng))
        moving = support.new_uuid()
        desk.send("s", [
            Sample(moving, (BEGIN + i * 1700) * NANOS, i * GIB,
                   names[i // 9 % 6]) for i in range(400)])
        self.names = names
        return desk

    def money(self, desk):
        """Each bill as it is known at NOW, whatever the server's clock says,
        without the head of the chain, which counts what is stated."""
        bills = {}
        for name in self.names:
            bill = desk.bill(name, MONTH, NOW)
            bill.pop("ledger_head")
            bills[name] = bill
        return bills

    def check(self, desk):
        for name in self.names:
            desk.check(name, MONTH, NOW)

    def test_rows_and_late_news_keep_every_bill(self):
        desk = self.desk()
        wait_for_rows(desk.server, FIRST_DAY + 10)
        rows = query(desk.server, "SELECT count(*) FROM day")[0][0]
        self.assertGreater(rows, 80)
        self.check(desk)
        late = self.volumes[0], self.volumes[6]
        # A sample, a revision, another size and an end, in days long closed.
        desk.send("s", [Sample(late[0], nanos("2024-02-02T10:30:00Z"),
                               3 * GIB, self.names[0])])
        self.check(desk)
        desk.send("s", [
            Sample(late[0], nanos("2024-02-02T10:30:00Z"), 5 * GIB,
                   self.names[0], revision=4),
            Sample(late[1], nanos("2024-02-06T10:00:00Z"), 7 * GIB,
                   self.names[3],
                   retired_at=support.unix("2024-02-08T12:20:00Z"))])
        self.check(desk)
        wait_for_rows(desk.server, FIRST_DAY + 10)
        self.check(desk)
        # An earlier end, and what it leaves of its hour.
        desk.send("s", [
            Sample(late[1], nanos("2024-02-07T06:10:00Z"), 9 * GIB,
                   self.names[3],
                   retired_at=support.unix("2024-02-07T06:30:00Z"))])
        self.check(desk)
        wait_for_rows(desk.server, FIRST_DAY + 10)
        self.check(desk)

    def test_days_are_compacted_as_they_close(self):
        """The same bill an hour before a day is closed and when it has its
        rows; volumes that report on have no other sample in between."""
        desk = Desk(self, BEGIN + 20 * HOUR_SECS)
        payer = Payer("a")
        payer.add_rate("0.03")
        desk.open(payer)
        desk.source("s", "a")
        desk.start()
        for hours in (20, 29, 54):
            now = BEGIN + hours * HOUR_SECS
            desk.clock(now)
            desk.send("s", every(self.volume(hours), "a", 9 * GIB,
                                 now - 19 * HOUR_SECS, now))
            before = desk.check("a", MONTH)
            if hours == 29:
                self.assertEqual(
                    query(desk.server, "SELECT * FROM day"), [])
        desk.server.wait_log("history.day_compacted")
        wait_for_rows(desk.server, FIRST_DAY + 1)
        self.assertEqual(desk.check("a", MONTH), before)

    def volume(self, number):
        return f"7b1d2c7e-90a1-4c3e-8f00-{number:012}"

    def test_bills_outlive_their_samples(self):
        """Everything is rated from rows alone, and closed periods need no
        correction by it."""
        desk = self.desk("--keepSamples", "62d")
        wait_for_rows(desk.server, FIRST_DAY + 10)
        before = self.money(desk)
        self.check(desk)
        mark = desk.server.mark()
        desk.clock(BEGIN + 80 * DAY)
        desk.server.wait_log("history.samples_removed", 60, after=mark)
        self.wait_until(
            lambda: query(desk.server, "SELECT count(*) FROM sample")
            == [(0,)], "all samples are gone", 60)
        facts = query(desk.server, "SELECT subject, rows_sha256 FROM fact"
                      " WHERE kind = 'samples.removed' ORDER BY seq")
        self.assertEqual(facts[0][0], "2024-02-01")
        self.assertEqual(len(facts), 11)
        self.assertEqual(len({digest for _, digest in facts}), 11)
        after = self.money(desk)
        for name in self.names:
            # Hours are missing, so these are held, and computed anew.
            if name.endswith("hold"):
                self.assertEqual(after[name], before[name])
            for month in ("2024-03", "2024-04"):
                self.assertEqual(desk.bill(name, month)["corrections"], [])
        self.check_verify(desk)

    def test_what_cannot_be_computed_again_is_counted(self):
        """A late sample is in the row of its day; when the samples go,
        nobody can tell the row that the invoice rests on."""
        desk = Desk(self, BEGIN + 9 * DAY)
        desk.server.args += ("--keepSamples", "62d")
        payer = Payer("a")
        payer.add_rate("0.03")
        desk.open(payer)
        desk.source("s", "a")
        desk.start()
        desk.send("s", every(self.volume(1), "a", 9 * GIB, BEGIN,
                             BEGIN + 9 * DAY))
        desk.send("s", [Sample(self.volume(1),
                               (BEGIN + 9 * DAY - HOUR_SECS) * NANOS, 9 * GIB,
                               "a", retired_at=BEGIN + 9 * DAY - 1)])
        self.assertEqual(desk.clock(support.unix("2024-03-03T00:00:00Z")),
                         [("a", MONTH)])
        self.assertEqual(self.skipped(desk), 0)
        desk.send("s", [Sample(self.volume(1),
                               (BEGIN + 8 * DAY + 600) * NANOS, 3 * GIB,
                               "a")])
        self.assertEqual(self.skipped(desk), 0)
        desk.clock(BEGIN + 80 * DAY)
        self.wait_until(
            lambda: query(desk.server, "SELECT count(*) FROM sample")
            == [(0,)], "all samples are gone", 60)
        self.assertEqual(self.skipped(desk), 1)
        self.assertIn("1 invoices were not, or not wholly, computed again",
                      desk.server.ok("verify", "--deep"))

    def skipped(self, desk):
        return json.loads(desk.server.ok(
            "verify", "--deep", "--output", "json"))["skipped_invoices"]

    def check_verify(self, desk):
        """Rows that are all that is left are covered by the ledger."""
        desk.server.ok("verify", "--deep")
        desk.server.stop()
        copy = Copy(desk.server, self.folder())
        for change, what in (
                ("UPDATE day SET hours = (SELECT d.hours FROM day d WHERE"
                 " d.day = day.day + 1 AND d.hours <> day.hours LIMIT 1)"
                 " WHERE day = ? AND volume = (SELECT min(volume) FROM day)",
                 "rows are not those of fact"),
                ("DELETE FROM day WHERE day = ? AND volume ="
                 " (SELECT min(volume) FROM day)", "rows were deleted")):
            copy.renew()
            self.assertEqual(copy.change(change, FIRST_DAY + 2), 1)
            found = copy.verify()
            self.assertEqual(len(found), 1, found)
            self.assertRegex(found[0], "^day: day 2024-02-03: .*" + what)


if __name__ == "__main__":
    support.main()
