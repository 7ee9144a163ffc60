# timeout: 240
"""kill -9 in the middle of making rows and removing samples, again and again:
the bills stay what they were, and in the end all of it is done.

KILLS is how often at most (60), SEED makes the moments of an earlier run
again.
"""

import os
import random
import sqlite3
import time

import support
from support.desk import Desk, every
from support.money import GIB, HOUR_SECS, month_start
from support.rows import query, wait_for_rows
from support.usage import Payer, Sample

KILLS = int(os.environ.get("KILLS", "60"))
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 10**6)
BEGIN = month_start("2024-02")
FIRST_DAY = BEGIN // 86400
DAYS = 6
VOLUMES = 400
# So long, at most, is a server let be at its work: making rows, and comparing
# days before their samples are removed, which begins anew each time.
LONGEST_LIFE_SECS = 0.1, 0.4


class HistorySurvivesKill(support.TestCase):

    def fill(self, desk):
        """DAYS days of many volumes, of two payers, one of them missing
        hours for good, so that the bill is computed anew each time."""
        rng = random.Random(SEED)
        for payer in (Payer("mean", gap_policy="hold"),
                      Payer("tw", gap_policy="hold",
                            average="time_weighted")):
            payer.add_rate("0.0371")
            desk.open(payer)
        desk.source("s", "mean", "tw")
        desk.start()
        for number in range(VOLUMES):
            name = "tw" if number % 8 == 0 else "mean"
            volume = support.new_uuid()
            if number % 40 == 0:
                samples = [
                    Sample(volume, (BEGIN + at) * 10**9, rng.randrange(2**43),
                           name)
                    for at in range(100, DAYS * 86400, 1000)]
            else:
                samples = every(volume, name, rng.randrange(2**40),
                                BEGIN + 60, BEGIN + DAYS * 86400)
            desk.send("s", samples)

    def forget_rows(self, server):
        """As a database is before its first row, after an upgrade."""
        db = sqlite3.connect(os.path.join(server.db, "stat.db"))
        db.executescript(
            "DELETE FROM day; DELETE FROM day_stale; UPDATE day_progress"
            " SET done_day = 0, working_day = 0, next_volume = 0")
        db.close()

    def money(self, desk, now):
        bills = []
        for name in ("mean", "tw"):
            bill = desk.bill(name, "2024-02", now)
            bill.pop("ledger_head")
            bills.append(bill)
        return bills

    def test_no_kill_changes_a_bill(self):
        rng = random.Random(SEED)
        print(f"# seed {SEED}")
        now = BEGIN + DAYS * 86400 + HOUR_SECS
        desk = Desk(self, now)
        desk.server.args += ("--keepSamples", "62d")
        self.fill(desk)
        desk.server.kill()
        self.forget_rows(desk.server)
        before = self.money(desk, now)
        for step, life, done in (
                (DAYS + 1, LONGEST_LIFE_SECS[0], lambda: query(
                    desk.server, "SELECT done_day FROM day_progress")[0][0]
                 >= FIRST_DAY + DAYS - 1),
                (DAYS + 70, LONGEST_LIFE_SECS[1], lambda: query(
                    desk.server, "SELECT count(*) FROM sample") == [(0,)])):
            desk.server.kill()  # nothing, the first time
            desk.now = (BEGIN + step * 86400) * 10**9
            kills = 0
            while kills < KILLS and not done():
                desk.start()
                time.sleep(rng.uniform(0, life))
                desk.server.kill()
                kills += 1
                if kills % 5 == 0:
                    self.assertEqual(self.money(desk, now), before)
            print(f"# killed {kills} times")
            self.assertGreater(kills, 3, "the kills did not fall into it")
            desk.start()
            if step < DAYS + 2:
                wait_for_rows(desk.server, FIRST_DAY + DAYS - 1)
            self.wait_until(done, "it is done", 120)
            self.assertEqual(self.money(desk, now), before)
        self.assertEqual(
            query(desk.server, "SELECT count(*) FROM day"),
            [(VOLUMES * DAYS,)])
        facts = query(desk.server, "SELECT subject FROM fact"
                      " WHERE kind = 'samples.removed' ORDER BY seq")
        self.assertEqual(facts, [(f"2024-02-{day + 1:02}",)
                                 for day in range(DAYS)])


if __name__ == "__main__":
    support.main()
