"""list volumes and show volume: how each volume stands, whenever it was
sampled last."""

import csv
import io
import json

import support

NOW = support.unix("2026-11-20T12:30:00Z")
HOUR = 3600
DAY = 86400
GIB = support.GIB


class ListVolumes(support.TestCase):
    def setUp(self):
        self.it = self.server(args=[
            "--mockTime", "--mockStart", support.rfc3339(NOW),
            "--mockRate", "0"])
        self.it.create_account("acme")
        self.it.create_account("beta", gap_policy="zero")
        self.token = self.it.create_source("admin1", "acme", "beta")
        self.other = self.it.create_source("admin2", "acme", "beta")
        self.operator = self.it.create_token("kim", "operator")
        self.it.start()
        self.now = NOW

    def clock(self, at):
        self.now = at
        self.it.set_clock(self.operator, support.rfc3339(at))

    def send(self, *volumes, token=None):
        answer = self.it.send_report(
            token or self.token,
            support.make_report(volumes, sent_at=self.now))
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["quarantined"], [])

    def run_verb(self, *words, now=None):
        return self.it.ok(*words, "--mockTime", "--mockRate", "0",
                          "--mockStart", support.rfc3339(now or self.now))

    def rows(self, *words, now=None):
        return json.loads(self.run_verb("list", "volumes", "--output", "json",
                                        *words, now=now))

    def show(self, volume_id, now=None):
        return json.loads(self.run_verb("show", "volume", volume_id,
                                        "--output", "json", now=now))

    def test_a_row_tells_all(self):
        volume = support.make_volume(
            2**63 - 1, sampled_at="2026-11-20T12:00:00.25Z", account="acme",
            name="lab \"1\"", region="eu")
        self.send(volume)
        row = {"volume_id": volume["id"], "name": "lab \"1\"",
               "account": "acme", "source": "admin1",
               "last_sampled_at": "2026-11-20T12:00:00.250000000Z",
               "last_bytes": str(2**63 - 1), "state": "live",
               "missing_since": None, "missing_hours": 0, "retired_at": None,
               "region": "eu"}
        self.assertEqual(self.rows(), [row])
        table = list(csv.reader(io.StringIO(self.run_verb(
            "list", "volumes", "--output", "csv"))))
        self.assertEqual(table[0], list(row))
        self.assertEqual(table[1], [str(v) if v is not None else ""
                                    for v in row.values()])
        self.assertEqual(self.run_verb("list", "volumes"),
                         f"volume_id={volume['id']} name=\"lab '1'\" "
                         "account=acme source=admin1 last_sampled_at="
                         "2026-11-20T12:00:00.250000000Z "
                         f"last_bytes={2**63 - 1} state=live "
                         "missing_since=\"\" missing_hours=0 retired_at=\"\" "
                         "region=eu\n")

    def test_no_volumes(self):
        self.assertEqual(self.rows(), [])
        self.assertEqual(self.run_verb("list", "volumes"), "")

    def test_the_last_sample_is_found_however_old(self):
        ages = [0, 1, HOUR, 47 * HOUR, 48 * HOUR, 49 * HOUR, 3 * DAY,
                15 * DAY, 21 * DAY, 34 * DAY]
        volumes = [support.make_volume(i + 1, sampled_at=NOW - age,
                                       account="acme")
                   for i, age in enumerate(ages)]
        self.send(*volumes)
        # And an earlier one of each, which is not shown.
        self.send(*[support.make_volume(
            99, sampled_at=NOW - age - 7, account="acme", id=v["id"])
            for v, age in zip(volumes, ages)])
        for later in (0, 40 * DAY, 400 * DAY):
            found = {row["volume_id"]:
                     (row["last_sampled_at"], row["last_bytes"])
                     for row in self.rows(now=NOW + later)}
            self.assertEqual(found, {
                v["id"]: (support.rfc3339(NOW - age), v["bytes"])
                for v, age in zip(volumes, ages)})

    def test_the_highest_revision_counts_and_nothing_after_the_end(self):
        one, two = support.new_uuid(), support.new_uuid()
        self.send(support.make_volume(5, id=one, account="acme",
                                      sampled_at=NOW, revision=2),
                  support.make_volume(6, id=one, account="acme",
                                      sampled_at=NOW),
                  support.make_volume(7, id=two, account="acme",
                                      sampled_at=NOW - 7200),
                  support.make_volume(8, id=two, account="acme",
                                      sampled_at=NOW - 60))
        self.send(support.make_volume(7, id=two, account="acme",
                                      sampled_at=NOW - 7201,
                                      retired_at=NOW - 7100))
        found = {row["volume_id"]: row for row in self.rows()}
        self.assertEqual(found[one]["last_bytes"], 5)
        self.assertEqual(
            [found[two][name] for name in ("last_bytes", "last_sampled_at",
                                           "state", "retired_at")],
            [7, support.rfc3339(NOW - 7200), "retired",
             support.rfc3339(NOW - 7100)])
        self.assertEqual(
            [self.show(two)[name] for name in (
                "last_bytes", "last_sampled_at", "first_sampled_at")],
            [7, support.rfc3339(NOW - 7200), support.rfc3339(NOW - 7201)])

    def test_an_account_has_the_volumes_that_are_its_now(self):
        moved = support.new_uuid()
        self.send(support.make_volume(1, id=moved, account="acme",
                                      sampled_at=NOW - HOUR, name="z"),
                  support.make_volume(2, account="acme", sampled_at=NOW,
                                      name="b"),
                  support.make_volume(3, account="beta", sampled_at=NOW,
                                      name="a"),
                  support.make_volume(4, account="acme", sampled_at=NOW,
                                      name="a"))
        self.send(support.make_volume(5, id=moved, account="beta",
                                      sampled_at=NOW), token=self.other)
        self.assertEqual([(r["account"], r["name"], r["source"])
                          for r in self.rows()],
                         [("acme", "a", "admin1"), ("acme", "b", "admin1"),
                          ("beta", "a", "admin1"), ("beta", "z", "admin2")])
        self.assertEqual([r["name"] for r in self.rows("--account", "acme")],
                         ["a", "b"])
        done = self.it.cli("list", "volumes", "--account", "nobody")
        self.assertEqual(done.code, 1)
        self.assertIn("no account", done.stderr)

    def test_an_end_that_has_not_come(self):
        volume = support.make_volume(1, account="acme", sampled_at=NOW,
                                     retired_at=NOW + 10)
        self.send(volume)
        self.assertEqual(self.rows()[0]["state"], "live")
        self.assertEqual(self.rows(now=NOW + 10)[0]["state"], "retired")

    def test_show_tells_names_accounts_and_hours(self):
        one = support.new_uuid()

        def sample(byte_count, ago, name=None, account="acme"):
            return support.make_volume(
                byte_count, id=one, account=account, name=name, region="eu",
                sampled_at=NOW - ago, created_at="2026-01-01T00:00:00Z")

        self.send(sample(4, 30 * DAY, "old"), sample(6, 5 * HOUR, "new"),
                  sample(6, 5 * HOUR - 60, "old"), sample(9, 5 * HOUR + 60),
                  sample(10, 3 * HOUR, "new", "beta"),
                  sample(12, 0, "last", "beta"))
        got = self.show(one)
        self.assertEqual(got.pop("names"), [
            {"name": "old"}, {"name": "new"}, {"name": "last"}])
        self.assertEqual(got.pop("accounts"), [
            {"account": "acme", "first_month": "2026-10"},
            {"account": "beta", "first_month": "2026-11"}])
        self.assertEqual(got.pop("hours"), [
            {"from": support.rfc3339(NOW - 30 * 60 - ago * HOUR),
             "account": account, "kind": kind, "mean_bytes": mean,
             "samples": samples}
            for ago, account, kind, mean, samples in (
                *[(ago, "acme", "unbilled", "0", 0)
                  for ago in range(23, 5, -1)],
                (5, "acme", "measured", "7", 3),
                (4, "acme", "estimated", "7", 0),
                (3, "beta", "measured", "10", 1),
                (2, "beta", "unbilled", "0", 0),
                (1, "beta", "unbilled", "0", 0),
                (0, "beta", "measured", "12", 1))])
        self.assertEqual(got, {
            "volume_id": one, "name": "last", "account": "beta",
            "source": "admin1", "region": "eu", "state": "live",
            "created_at": "2026-01-01T00:00:00Z", "retired_at": None,
            "missing_since": None, "missing_hours": 0,
            "first_sampled_at": support.rfc3339(NOW - 30 * DAY),
            "last_sampled_at": support.rfc3339(NOW), "last_bytes": 12})
        text = self.run_verb("show", "volume", one).splitlines()
        self.assertTrue(text[0].startswith(f"volume_id={one} name=last "))
        self.assertEqual(text[1:4],
                         ["names name=old", "names name=new",
                          "names name=last"])
        self.assertEqual(text[4],
                         "accounts account=acme first_month=2026-10")
        self.assertEqual(len(text), 1 + 3 + 2 + 24)
        table = list(csv.reader(io.StringIO(self.run_verb(
            "show", "volume", one, "--output", "csv"))))
        self.assertEqual(table[:2], [["part", "row", "member", "value"],
                                     ["", "0", "volume_id", one]])
        self.assertIn(["names", "2", "name", "last"], table)
        self.assertIn(["hours", "23", "mean_bytes", "12"], table)

    def test_show_refuses_what_is_not_there(self):
        for word, said in ((support.new_uuid(), "there is no volume"),
                           ("lab", "a volume's id is a UUID")):
            done = self.it.cli("show", "volume", word)
            self.assertEqual((done.code, done.stdout), (1, ""))
            self.assertIn(said, done.stderr)

    def test_a_volume_that_was_only_ended(self):
        """Its only sample waits, since it came after the end it states."""
        volume = support.make_volume(5, account="acme", sampled_at=NOW,
                                     retired_at=NOW - 60)
        answer = self.it.send_report(self.token, support.make_report(
            [volume], sent_at=NOW))
        self.assertEqual(len(answer.json()["quarantined"]), 1)
        row, = self.rows()
        self.assertEqual((row["account"], row["source"], row["name"],
                          row["last_sampled_at"], row["last_bytes"],
                          row["state"]), ("", "", "", None, None, "retired"))
        got = self.show(volume["id"])
        self.assertEqual((got["first_sampled_at"], got["last_bytes"],
                          got["hours"], got["names"]), (None, None, [], []))
        self.it.ok("release", "1", "--reason", "r", "--mockTime",
                   "--mockRate", "0", "--mockStart", support.rfc3339(NOW))
        row, = self.rows()
        self.assertEqual((row["account"], row["source"], row["last_bytes"]),
                         ("acme", "admin1", 5))


if __name__ == "__main__":
    support.main()
