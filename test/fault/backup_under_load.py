# timeout: 180
"""Copies that are made while reports come as fast as they can: each holds
what was answered before it was begun, and is what its ledger states.

BACKUPS is how many (10).
"""

import json
import os

import support
from loading import Crowd, audit, facts_of, open_database

BACKUPS = int(os.environ.get("BACKUPS", "10"))


class FaultBackupUnderLoad(support.TestCase):
    def check(self, place, answered, crowd):
        """Of those that were answered later some are in it, with the answer
        that they got."""
        db = open_database(place)
        there = {key[1] for key in facts_of(db)[0]}
        db.close()
        expected = {report.id: report for report in answered}
        expected.update((report.id, report) for report in crowd.reports()
                        if report.id in there)
        self.assertEqual(audit(place, expected.values()), [])

    def test_each_copy_holds_what_was_answered_before_it(self):
        # Small enough that the log is folded back, or wants to be, meanwhile.
        server = self.server(args=("--sqliteOpts", "wal_autocheckpoint=100"))
        server.create_account("acme")
        token = server.create_source("admin1", "acme")
        server.start()
        crowd = Crowd(server.port, {"admin1": token}, clients=4)
        self.addCleanup(crowd.give_up)
        crowd.start()
        copies = []
        for number in range(BACKUPS):
            before = crowd.count()
            self.wait_until(lambda: crowd.count() >= before + 20 or
                            crowd.faults, "reports are answered", 60)
            place = self.folder()
            copy = os.path.join(place, "stat.db")
            answered = crowd.reports()
            server.ok("backup", "-o", copy)
            verified = json.loads(server.ok(
                "verify", "--deep", "--output", "json", copy, db=False))
            self.assertTrue(verified["clean"])
            copies.append((place, answered))
        crowd.finish()
        server.stop()
        self.assertEqual(crowd.faults, [])
        self.assertEqual(audit(server.db, crowd.reports()), [])
        for place, answered in copies:
            self.check(place, answered, crowd)
        print(f"# {BACKUPS} copies, the last of {len(copies[-1][1])} reports "
              f"or more: {crowd}")


if __name__ == "__main__":
    support.main()
