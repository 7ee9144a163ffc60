"""A week of an admin server that reports each hour by contrib/report-usage,
while the statistics server is down, busy or out of reach, answers are lost,
the disk is full and runs are killed: each hour is there, once."""
# timeout: 900

import json
import os
import random
import sqlite3
import time

import support
from support.reporter import Gateway, Reporter, nap

START = "2026-03-02T00:00:00Z"
HOURS = 7 * 24
VOLUMES = [support.new_uuid() for _ in range(4)]


def size_of(hour, n):
    return [10**9 * hour, 2**62 + hour, 0, 7 * hour * hour][n]


class ReporterOutlivesOutages(support.TestCase):
    def setUp(self):
        self.start = support.unix(START)
        self.it = self.server(args=["--mockTime", "--mockRate", "0"])
        clock = {"mock_time": True, "mock_rate": 0, "mock_start": START}
        self.it.create_account("acme", **clock)
        self.it.create_rate("acme", "0.03", **clock)
        token = self.it.create_source("admin1", "acme", **clock)
        self.now = self.start
        self.up()
        self.gateway = Gateway(self.it.port)
        self.addCleanup(self.gateway.close)
        shell = os.environ.get("REPORTER_SHELL", "sh")
        self.reporter = Reporter(self.folder(), self.gateway.url(), token,
                                 shell=shell)
        seed = int(os.environ.get(
            "SEED", random.SystemRandom().getrandbits(32)))
        self.random = random.Random(seed)
        self.what = f"SEED={seed}"
        self.secs = 0.2  # what a run takes, as far as is known

    def up(self):
        """Starts the server at the present time, on a port that stays."""
        self.it.args[3:] = ["--mockStart", support.rfc3339(self.now)]
        self.it.start(port=self.it.port or support.free_port())

    def hour(self, n):
        """What the admin server has in that hour."""
        self.reporter.list([
            (uuid, size_of(n, i), f'v{i} "x" \\ \u00e4\u20ac', "acme")
            for i, uuid in enumerate(VOLUMES)])
        return self.start + n * 3600 + 321

    def trouble(self):
        """What goes wrong for some hours: a mood and for how long."""
        mood = self.random.choice(
            ["down", "busy", "cut", "lose", "kill", "kill", "full", "portal",
             "pass"])
        return mood, self.random.randint(1, 9)

    def run_killed(self, at):
        """A run that is killed at any moment, and the one after it."""
        process = self.reporter.start(at)
        nap(self.random.uniform(0, 1.2 * self.secs))
        self.reporter.kill(process, self.random.random() < 0.5)

    def one_hour(self, n, mood):
        at = self.hour(n)
        self.gateway.mood = mood if mood in (
            "busy", "cut", "lose", "portal") else "pass"
        if mood == "kill":
            self.run_killed(at)
        elif mood == "full":
            run = self.reporter.run(at, limit=self.random.choice(
                [0, 10, 200, 400, 600, 700, 900]))
            self.assertIn(run.code, (0, 1), f"{self.what}: {run}")
        before = time.monotonic()
        run = self.reporter.run(at)
        self.secs = time.monotonic() - before
        well = mood in ("pass", "kill", "full")
        self.assertEqual(run.code, 0 if well else 3, f"{self.what}: {run}")
        self.assertEqual(self.reporter.leftovers(), [])
        if well:
            self.assertEqual(self.reporter.waiting(), [])

    def week(self):
        left, mood = 0, "pass"
        moods = set()
        for n in range(HOURS):
            if left == 0:
                mood, left = self.trouble()
            left -= 1
            moods.add(mood)
            self.now = self.start + n * 3600 + 330
            if mood == "down":
                if self.it.running():
                    # As a crash does, every other time.
                    self.random.choice([self.it.stop, self.it.kill])()
            elif not self.it.running():
                self.up()
            else:
                self.it.set_clock(self.operator, support.rfc3339(self.now))
            self.one_hour(n, mood)
        if not self.it.running():
            self.up()
        return moods

    def check(self):
        self.assertEqual(self.reporter.waiting(), [])
        self.assertEqual(self.reporter.rejected(), [])
        db = sqlite3.connect(os.path.join(self.it.db, "stat.db"))
        rows = db.execute(
            "SELECT hour, lower(hex(volume_id)), bytes FROM sample s"
            " JOIN volume v ON v.id = s.volume ORDER BY 1, 2").fetchall()
        self.assertEqual(
            db.execute("SELECT count(*) FROM quarantine").fetchone(), (0,))
        db.close()
        first = self.start // 3600
        self.assertEqual(rows, sorted(
            (first + n, uuid.replace("-", ""), size_of(n, i))
            for n in range(HOURS) for i, uuid in enumerate(VOLUMES)),
            self.what)
        bill = json.loads(self.it.ok(
            "report", "--period", "2026-03", "--account", "acme", "--format",
            "json", "--mockTime", "--mockRate", 0, "--mockStart",
            support.rfc3339(self.start + HOURS * 3600)))
        for line in bill["lines"]:
            n = VOLUMES.index(line["volume_id"])
            self.assertEqual(line["hours"], {
                "measured": HOURS, "estimated": 0, "unbilled": 0})
            self.assertEqual(line["byte_hours"], str(sum(
                size_of(hour, n) for hour in range(HOURS))))
        self.assertEqual(self.it.cli("verify").code, 0)

    def test_a_week_of_outages(self):
        self.operator = self.it.create_token("op", "operator")
        moods = self.week()
        self.gateway.mood = "pass"
        run = self.reporter.run(None, "--sendOnly")
        self.assertEqual(run.code, 0, f"{self.what}: {run}")
        self.check()
        self.assertGreater(len(moods), 4, self.what)


if __name__ == "__main__":
    support.main()
