"""A doubtful sample waits in quarantine, with a reason; the rest of its
report counts. A higher revision takes the place of a sample."""

import sqlite3
import time

import support

HOUR = 3600
DAY = 86400


class IngestSetsAside(support.TestCase):
    def setUp(self):
        self.it = self.server()
        self.it.create_account("acme")
        self.token = self.it.create_source("admin1", "acme")
        self.it.start()
        self.now = int(time.time())

    def volume(self, size=7, ago=0, **members):
        return support.make_volume(size, sampled_at=self.now - ago, **members)

    def send(self, *volumes):
        answer = self.it.send_report(
            self.token, support.make_report(volumes))
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def expect(self, told, stored, *reasons, duplicates=0):
        """reasons: (index, volume, reason)."""
        self.assertEqual(told["stored"], stored)
        self.assertEqual(told["duplicates"], duplicates)
        self.assertEqual(told["quarantined"], [
            {"index": i, "volume_id": v["id"], "reason": r}
            for i, v, r in reasons])

    def query(self, text, *values):
        db = sqlite3.connect(f"file:{self.it.db}/stat.db?mode=ro", uri=True)
        try:
            return db.execute(text, values).fetchall()
        finally:
            db.close()

    def test_samples_of_the_future_and_of_long_ago(self):
        soon = self.volume(ago=-240)
        late = self.volume(ago=-600)
        good = self.volume()
        old = self.volume(ago=35 * DAY + HOUR)
        fine = self.volume(ago=35 * DAY - HOUR)
        self.expect(self.send(soon, late, good, old, fine), 3,
                    (1, late, "future"), (3, old, "too_old"))

    def test_bins_that_do_not_add_up(self):
        good = self.volume(10, size_bins=[
            {"max_age": "30d", "bytes": 4}, {"max_age": None, "bytes": "6"}])
        bad = self.volume(10, size_bins=[
            {"max_age": "30d", "bytes": 4}, {"max_age": None, "bytes": 5}])
        # A sum that would overflow 64 bits to the right value.
        wide = self.volume(0, size_bins=[
            {"max_age": f"{i}d", "bytes": str(2**62)} for i in range(1, 5)])
        none = self.volume(10, size_bins=[])
        self.expect(self.send(good, bad, wide, none), 2,
                    (1, bad, "size_bins_mismatch"),
                    (2, wide, "size_bins_mismatch"))

    def test_samples_after_the_end_of_a_volume(self):
        last = self.volume(ago=2 * HOUR, retired_at=self.now - 2 * HOUR)
        self.expect(self.send(last), 1)
        ghost = self.volume(ago=HOUR, id=last["id"])
        before = self.volume(ago=3 * HOUR, id=last["id"])
        self.expect(self.send(ghost, before), 1,
                    (0, ghost, "after_retirement"))

    def test_another_size_without_a_revision(self):
        first = self.volume(7)
        self.expect(self.send(first), 1)
        self.expect(self.send(first), 0, duplicates=1)
        other = dict(first, bytes=8)
        self.expect(self.send(other, self.volume()), 1,
                    (0, other, "conflict"))
        # Twice in one report, too.
        a = self.volume(1)
        b = dict(a, bytes=2)
        self.expect(self.send(a, b, a), 1, (1, b, "conflict"), duplicates=1)

    def test_a_revision_supersedes_and_the_old_row_stays(self):
        first = self.volume(2**30)
        later = dict(first, bytes=2**31, revision=2)
        stale = dict(first, bytes=5, revision=1)
        self.expect(self.send(first), 1)
        self.expect(self.send(later), 1)
        self.expect(self.send(stale), 1)
        self.expect(self.send(later), 0, duplicates=1)
        self.assertEqual(
            self.query("SELECT revision, bytes FROM sample"
                       " ORDER BY revision"),
            [(0, 2**30), (1, 5), (2, 2**31)])

    def test_one_instant_in_two_time_zones_is_one_sample(self):
        at = self.now - HOUR
        here = self.volume(7, ago=HOUR)
        there = dict(here, sampled_at=time.strftime(
            "%Y-%m-%dT%H:%M:%S.000+02:00", time.gmtime(at + 2 * HOUR)))
        self.expect(self.send(here), 1)
        self.expect(self.send(there), 0, duplicates=1)

    def test_what_waits_is_kept_as_it_was_sent(self):
        body = ('{"report_id":"%s","sent_at":"%s","volumes":'
                '[ {"id":"%s", "bytes" : 7,"odd":[1, 2],\n'
                '"sampled_at":"2020-01-01T00:00:00Z" } ]}' % (
                    support.new_uuid(), support.rfc3339(self.now),
                    support.new_uuid()))
        answer = self.it.curl(
            "/v1/reports", "-H", "Content-Type: application/json",
            token=self.token, data=body.encode())
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(
            self.query("SELECT body, reason, state FROM quarantine"),
            [(body[body.index('{"id"'):body.rindex("]") - 1], "too_old",
              "open")])

    def test_unknown_members_are_counted_and_harmless(self):
        volume = self.volume(7, colour="blue", nested={"a": [1, {"b": 2}]})
        answer = self.it.send_report(self.token, support.make_report(
            [volume, self.volume()], fashion="new", admin={"version": "9",
                                                           "moon": "full"}))
        self.assertEqual(answer.status, 201)
        told = answer.json()
        self.assertEqual((told["stored"], told["unknown_members"]), (2, 4))


if __name__ == "__main__":
    support.main()
