# timeout: 240
"""kill -9 under load, again and again: what was answered is there, once.

KILLS is how often (50), SEED makes the moments of an earlier run again.
"""

import os
import random
import time

import support
from loading import Crowd, audit

KILLS = int(os.environ.get("KILLS", "50"))
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 10**6)
CLIENTS = 8
# Between the first answer after a start and the kill.
LONGEST_LIFE_SECS = 0.6


class FaultKill(support.TestCase):
    def test_what_was_answered_outlives_every_kill(self):
        chance = random.Random(SEED)
        # Small enough that kills fall into checkpoints, too.
        server = self.server(
            args=("--sqliteOpts", "wal_autocheckpoint=300"))
        server.create_account("acme")
        tokens = {name: server.create_source(name, "acme")
                  for name in ("admin1", "admin2")}
        server.start()
        port = server.port
        crowd = Crowd(port, tokens, CLIENTS, SEED)
        self.addCleanup(crowd.give_up)
        crowd.start()
        for _ in range(KILLS):
            before = crowd.count()
            self.wait_until(
                lambda: crowd.count() >= before + CLIENTS or crowd.faults,
                "reports are answered after a start", 60)
            time.sleep(chance.uniform(0, LONGEST_LIFE_SECS))
            server.kill()
            server.start(port=port)
        crowd.finish()
        server.stop()
        print(f"# seed {SEED}, {KILLS} kills: {crowd}")
        self.assertEqual(crowd.faults, [])
        self.assertEqual(audit(server.db, crowd.reports()), [])
        self.assertGreater(crowd.count("unlucky"), KILLS,
                           "the kills did not fall under load")
        self.assertGreater(crowd.count("stored_unheard"), 0,
                           "no kill fell between a commit and its answer")


if __name__ == "__main__":
    support.main()
