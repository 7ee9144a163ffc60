# timeout: 240
"""Power cuts under load: a kill, and what was not synced is gone.

The server runs under build/test/fault/powercut.so, which notes what stood
where it writes; after each kill everything since the last sync of a file is
undone, or, every other time, a random part of it. CUTS is how often (50),
SEED makes the moments of an earlier run again.
"""

import os
import random
import time

import support
from loading import Crowd, audit, cut_power, shim

CUTS = int(os.environ.get("CUTS", "50"))
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 10**6)
CLIENTS = 8
# Between the first answers after a start and the cut.
LONGEST_LIFE_SECS = 0.5


class FaultPowercut(support.TestCase):
    def setUp(self):
        self.log = os.path.join(self.folder(), "powercut.log")

    def begin(self, **options):
        """A server under the shim, not started, and its tokens."""
        # Small enough that cuts fall into checkpoints, too.
        server = self.server(
            args=("--sqliteOpts", "wal_autocheckpoint=300"))
        server.create_account("acme")
        tokens = {name: server.create_source(name, "acme")
                  for name in ("admin1", "admin2")}
        server.env.update(shim("powercut", POWERCUT_LOG=self.log, **options))
        return server, tokens

    def cut(self, server, crowd, life_secs, chance=None):
        """One life under load and its end; returns the changes undone."""
        before = crowd.count()
        self.wait_until(
            lambda: crowd.count() >= before + CLIENTS or crowd.faults,
            "reports are answered after a start", 60)
        time.sleep(life_secs)
        server.kill()
        return cut_power(self.log, server.db, chance)

    def test_what_was_answered_outlives_every_power_cut(self):
        chance = random.Random(SEED)
        server, tokens = self.begin(POWERCUT_SLOW_US="3000")
        server.start()
        port = server.port
        crowd = Crowd(port, tokens, CLIENTS, SEED)
        self.addCleanup(crowd.give_up)
        crowd.start()
        undone = []
        for i in range(CUTS):
            undone.append(self.cut(
                server, crowd, chance.uniform(0, LONGEST_LIFE_SECS),
                chance if i % 2 else None))
            server.start(port=port)
        crowd.finish()
        server.stop()
        print(f"# seed {SEED}, {CUTS} cuts, "
              f"{sum(n > 0 for n in undone)} of them took away "
              f"{sum(undone)} changes: {crowd}")
        self.assertEqual(crowd.faults, [])
        self.assertEqual(audit(server.db, crowd.reports()), [])
        self.assertGreater(crowd.count("unlucky"), CUTS,
                           "the cuts did not fall under load")
        self.assertGreater(sum(undone), 0, "no cut took anything away")

    def test_what_a_command_has_done_outlives_a_power_cut(self):
        """The very first one makes the database, too."""
        server = self.server()
        server.env.update(shim("powercut", POWERCUT_LOG=self.log))
        server.create_account("acme")
        cut_power(self.log, server.db)
        self.assertIn("acme", server.ok("list", "accounts"))
        token = server.create_source("admin1", "acme")
        cut_power(self.log, server.db)
        server.start()
        answer = server.send_report(
            token, support.make_report([support.make_volume(1)]))
        self.assertEqual(answer.status, 201, answer)

    def test_a_first_start_outlives_a_power_cut(self):
        server = self.server()
        server.env.update(shim("powercut", POWERCUT_LOG=self.log))
        for _ in range(3):
            server.start()
            server.kill()
            cut_power(self.log, server.db)
        server.start()
        self.assertEqual(server.curl("/readyz").status, 200)

    def test_a_sync_that_is_not_believed_shows_as_loss(self):
        """The test of the test: with syncs of the WAL left out, as under
        synchronous=NORMAL, answered reports are lost, and it is noticed."""
        server, tokens = self.begin(POWERCUT_LAX="-wal")
        server.args = ["--sqliteOpts", "wal_autocheckpoint=0"]
        server.start()
        crowd = Crowd(server.port, tokens, CLIENTS, SEED)
        self.addCleanup(crowd.give_up)
        crowd.start()
        taken = self.cut(server, crowd, LONGEST_LIFE_SECS)
        answered = crowd.count()
        server.start(port=server.port)
        crowd.finish()
        server.stop()
        found = audit(server.db, crowd.reports())
        print(f"# {taken} changes taken away from {answered} answered "
              f"reports: {found[:1]}")
        self.assertGreater(taken, 0)
        self.assertTrue(
            any("was answered and is not there" in f for f in found), found)


if __name__ == "__main__":
    support.main()
