# timeout: 240
"""An upgrade that is killed, or finds no room, at whatever moment: a schema
between two steps or none at all, and the next try goes on from there.

SEED makes the moments of an earlier run again.
"""

import os
import random
import signal
import subprocess
import time

import support
from loading import Disk, shim
from support.past import NEWEST, Past, schema_of

SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 10**6)
KILLS = 25
FROM = 2


class FaultMigrateSurvives(support.TestCase):
    def begin(self):
        past = Past(FROM)
        server = self.server(args=past.clock())
        return server, past, past.write(server.db)

    def finish(self, server, past):
        """It goes on from where it was, and nothing is missing."""
        server.ok("migrate")
        bills = [server.ok("report", "--account", bill["account"], "--period",
                           bill["period"], "--format", "csv", *past.clock())
                 for bill in past.bills[::2]]
        self.assertNotIn("damaged", server.cli("verify", "--deep").stdout)
        return bills

    def test_every_kill_leaves_a_database_that_can_be_upgraded(self):
        chance = random.Random(SEED)
        server, past, _ = self.begin()
        begun = time.monotonic()
        expected = self.finish(server, past)
        longest = time.monotonic() - begun
        left = []
        for _ in range(KILLS):
            server, past, path = self.begin()
            process = subprocess.Popen(
                support.binary() + ["migrate", "--dbFolder", server.db],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, longest / 4))
            process.send_signal(signal.SIGKILL)
            process.wait()
            # What a reader, or a server, meets first.
            self.assertNotIn("damaged", server.cli("list", "rates").stderr)
            left.append(schema_of(path))
            self.assertIn(left[-1], range(FROM, NEWEST + 1))
            self.assertEqual(self.finish(server, past), expected)
        print(f"# seed {SEED}, schemas after kills: {sorted(left)}")

    def test_whichever_write_finds_no_room_the_next_try_goes_on(self):
        server, past, _ = self.begin()
        expected = self.finish(server, past)
        left = []
        for number in range(1000):
            server, past, path = self.begin()
            control = os.path.join(server.folder, "disk")
            disk = Disk(control)
            disk.fill(after=number)
            result = server.cli("migrate", env=shim(
                "disk_fails", DISK_CONTROL=control))
            if disk.write_faults == 0:
                break
            left.append(schema_of(path))
            if result.code != 0:  # the last write only folds the log back
                self.assertIn("full", result.stderr)
            self.assertEqual(self.finish(server, past), expected)
        print(f"# {number} writes; schemas after a failure: {left}")
        self.assertEqual(result.code, 0)
        self.assertGreater(number, NEWEST - FROM)
        self.assertEqual(left, sorted(left))


if __name__ == "__main__":
    support.main()
