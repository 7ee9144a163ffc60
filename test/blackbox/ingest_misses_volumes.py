"""A report that says it is complete marks the live volumes of its source that
it leaves out as missing, at once; a later sample finds them again."""

import json

import support

START = support.unix("2026-11-02T06:00:00Z")
HOUR = 3600
LIVE = ("live", None, 0)


class IngestMissesVolumes(support.TestCase):
    def setUp(self):
        self.it = self.server(args=[
            "--mockTime", "--mockStart", support.rfc3339(START),
            "--mockRate", "0"])
        self.it.create_account("acme")
        self.tokens = [self.it.create_source("admin1", "acme"),
                       self.it.create_source("admin2", "acme")]
        self.operator = self.it.create_token("kim", "operator")
        self.it.start()
        self.now = START
        self.ids = [support.new_uuid() for _ in range(3)]

    def later(self, secs=HOUR):
        self.now += secs
        self.it.set_clock(self.operator, support.rfc3339(self.now))

    def send(self, *volumes, source=0, complete=True, **members):
        report = support.make_report(
            [support.make_volume(7, sampled_at=self.now, id=self.ids[i],
                                 **members) for i in volumes],
            sent_at=self.now, complete=complete)
        answer = self.it.send_report(self.tokens[source], report)
        self.assertEqual(answer.status, 201, answer)

    def states(self):
        """{index: (state, missing since, hours)}"""
        rows = json.loads(self.it.ok(
            "list", "volumes", "--output", "json", "--mockTime", "--mockRate",
            "0", "--mockStart", support.rfc3339(self.now)))
        return {self.ids.index(row["volume_id"]):
                (row["state"], row["missing_since"], row["missing_hours"])
                for row in rows}

    def test_left_out_and_found_again(self):
        self.send(0, 1, 2)
        self.assertEqual(self.states(), {0: LIVE, 1: LIVE, 2: LIVE})
        self.later()
        self.send(0, 2, complete=False)
        self.assertEqual(self.states()[1], LIVE)
        self.send(0, 2)
        since = support.rfc3339(self.now)
        self.assertEqual(self.states(),
                         {0: LIVE, 1: ("missing", since, 0), 2: LIVE})
        self.later(HOUR - 1)
        self.send(0, 2)
        self.assertEqual(self.states()[1], ("missing", since, 0))
        # A restart does not forget; anybody's sample ends it.
        self.it.stop()
        self.it.start("--mockStart", support.rfc3339(self.now))
        self.later(1)
        self.send(0, 2)
        self.assertEqual(self.states()[1], ("missing", since, 1))
        self.send(1, source=1, complete=False)
        self.assertEqual(self.states()[1], LIVE)
        # It is the other source's now.
        self.later()
        self.send(0, 2)
        self.assertEqual(self.states()[1], LIVE)
        self.send(source=1)
        self.assertEqual(self.states()[1],
                         ("missing", support.rfc3339(self.now), 0))

    def test_the_retired_are_not_missed(self):
        self.send(0, 1)
        self.later()
        self.send(0, retired_at=self.now)
        self.assertEqual(self.states()[1][0], "missing")
        self.later()
        self.send()
        self.assertEqual(self.states()[0], ("retired", None, 0))

    def test_it_changes_no_bill(self):
        self.it.create_rate("acme", "72")
        flags = ("report", "--period", "2026-11", "--account", "acme",
                 "--format", "json", "--mockTime", "--mockRate", "0",
                 "--mockStart")
        self.send(0, 1)
        self.later()
        self.send(0, complete=False)
        self.later()
        before = json.loads(self.it.ok(*flags, support.rfc3339(self.now)))
        self.later(1)
        self.send()
        after = json.loads(self.it.ok(*flags, support.rfc3339(self.now)))
        self.assertEqual(self.states()[1][0], "missing")
        self.assertEqual(after.pop("ledger_head") and after,
                         before.pop("ledger_head") and before)

    def test_a_change_beside_the_server_is_counted(self):
        """What the server keeps in memory is counted anew after it."""
        self.send(0, 1, 2)
        self.it.ok("create", "account", "--name", "more")
        self.later()
        self.send(0, 1)
        self.assertEqual(self.states()[2][0], "missing")
        self.it.ok("create", "account", "--name", "evenmore")
        self.later()
        self.send(0)
        self.assertEqual(self.states()[1][0], "missing")

    def test_the_ledger_says_so(self):
        self.send(0, 1)
        self.later()
        self.send(0)
        shown = self.it.ok("show", "volume", self.ids[1], "--mockTime",
                           "--mockRate", "0", "--mockStart",
                           support.rfc3339(self.now))
        self.assertIn(f"state=missing created_at=\"\" retired_at=\"\" "
                      f"missing_since={support.rfc3339(self.now)} "
                      "missing_hours=0 ", shown)


if __name__ == "__main__":
    support.main()
