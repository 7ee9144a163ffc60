# timeout: 180
"""A disk that is full or broken: 503, nothing is lied about, and on it goes.

build/test/fault/disk_fails.so makes the n-th write fail with ENOSPC, or the
n-th sync with EIO; a file size limit stops what grows; and where the test may
mount one, a small tmpfs is really full. Whatever is answered 2xx
meanwhile has to be in the database afterwards, and everything else is taken
once there is room.
"""

import collections
import errno
import os
import random
import resource
import subprocess
import sys
import time
import uuid

import support
from loading import Crowd, Disk, Report, audit, burst, shim

SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 10**6)
PRIVATE_MOUNTS = "PRIVATE_MOUNTS" in os.environ


def fill(path):
    """Takes the room that is left, to the last page."""
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError as e:
            assert e.errno == errno.ENOSPC, e


class FaultFullDisk(support.TestCase):
    def begin(self, *options):
        """A server under the shim, not started; its disk; its token."""
        server = self.server(args=("--sqliteOpts", "&".join(options))
                             if options else ())
        server.create_account("acme")
        token = server.create_source("admin1", "acme")
        control = os.path.join(server.folder, "disk")
        disk = Disk(control)
        server.env.update(shim("disk_fails", DISK_CONTROL=control))
        return server, disk, token

    def reports(self, count, **options):
        """Reports of volumes of their own."""
        base = int(time.time()) - 3600
        return [Report("admin1", [str(uuid.uuid4()) for _ in range(3)], base,
                       n, **options) for n in range(1, count + 1)]

    def crowd(self, server, token, **options):
        crowd = Crowd(server.port, {"admin1": token}, seed=SEED, **options)
        self.addCleanup(crowd.give_up)
        crowd.start()
        return crowd

    def finish(self, server, crowd):
        crowd.finish()
        server.stop()
        self.assertEqual(crowd.faults, [])
        self.assertEqual(audit(server.db, crowd.reports()), [])

    def send(self, server, token, report):
        answer = server.curl("/v1/reports", "-H",
                             "Content-Type: application/json",
                             token=token, data=report.body)
        if answer.status in (200, 201):
            report.answer = report.answer or answer.body
            self.assertEqual(answer.body, report.answer)
        return answer

    def assert_refused(self, answer):
        self.assertEqual(answer.status, 503, answer)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        self.assertEqual(answer.headers["Content-Type"],
                         "application/problem+json")
        self.assertEqual(answer.json()["type"],
                         "urn:flexfs-stat:problem:unavailable")

    def test_a_full_disk_refuses_until_there_is_room(self):
        server, disk, token = self.begin()
        server.start()
        early, late = self.reports(2)
        self.assertEqual(self.send(server, token, early).status, 201)
        disk.fill()
        for _ in range(3):
            answer = self.send(server, token, late)
            self.assert_refused(answer)
            self.assertIn("full", answer.json()["detail"])
        # What was taken is still known, and the server is alive.
        self.assertEqual(self.send(server, token, early).status, 200)
        self.assertEqual(server.curl("/healthz").status, 200)
        self.assert_refused(server.curl("/readyz"))
        self.assertEqual(
            server.curl("/v1/reports/" + late.id, token=token).status, 404)
        self.assertGreater(disk.write_faults, 0)
        disk.empty()
        self.assertEqual(server.curl("/readyz").status, 200)
        self.assertEqual(self.send(server, token, late).status, 201)
        server.stop()
        self.assertEqual(audit(server.db, [early, late]), [])

    def test_whichever_write_finds_no_room_nothing_is_lied_about(self):
        server, disk, token = self.begin("wal_autocheckpoint=20")
        server.start()
        chance = random.Random(SEED)
        crowd = self.crowd(server, token)
        for i in range(60):
            faults = disk.write_faults
            answered = crowd.count()
            disk.fill(after=i % 30, writes=chance.randrange(1, 12))
            self.wait_until(lambda: disk.write_faults > faults,
                            "a write finds no room")
            disk.empty()
            self.wait_until(lambda: crowd.count() > answered,
                            "reports are taken when there is room")
        self.finish(server, crowd)
        print(f"# seed {SEED}, {disk.write_faults} writes failed: {crowd}")
        self.assertGreater(crowd.count("refused"), 0)

    def test_whichever_sync_fails_nothing_is_lied_about(self):
        server, disk, token = self.begin("wal_autocheckpoint=20")
        server.start()
        crowd = self.crowd(server, token)
        for i in range(40):
            faults = disk.sync_faults
            answered = crowd.count()
            disk.sync_fails = disk.syncs + 1 + i % 5
            self.wait_until(lambda: disk.sync_faults > faults,
                            "a sync fails")
            self.wait_until(lambda: crowd.count() > answered,
                            "reports are taken when syncs work again")
        self.finish(server, crowd)
        print(f"# seed {SEED}, {disk.sync_faults} syncs failed: {crowd}")
        self.assertGreater(crowd.count("refused"), 0)

    def test_a_group_is_answered_as_one(self):
        """One report of a group is too large for the page cache, so pages
        are written before the commit; that fails once, and SQLite may roll
        back the others with it, while later writes work again."""
        server, disk, token = self.begin("cache_size=30")
        server.start()
        taken = []
        groups = []
        outcomes = collections.Counter()
        for i in range(24):
            # All of one length, so that they arrive side by side.
            large = self.reports(1, more=400)
            group = self.reports(6, pad=len(large[0].body))
            group[i % 7:i % 7] = large
            disk.fill(after=i * i // 6, writes=1 + i % 3)
            answers = burst(server, token, [r.body for r in group])
            disk.empty()
            for report, (status, headers, body) in zip(group, answers):
                outcomes[status] += 1
                if status == 201:
                    report.answer = body
                else:
                    self.assertEqual(status, 503, body)
                    self.assertGreater(int(headers["Retry-After"]), 0)
            for report, (status, _, _) in zip(group, answers):
                again = self.send(server, token, report)
                self.assertIn(again.status,
                              (200,) if status == 201 else (200, 201))
            taken += group
            groups.append(sum(a[0] == 503 for a in answers))
        server.stop()
        print(f"# answers {dict(outcomes)}, failed groups of {groups}")
        self.assertEqual(audit(server.db, taken), [])
        self.assertGreater(disk.write_faults, 0)
        self.assertGreater(outcomes[201], 0)
        self.assertGreater(max(groups, default=0), 1,
                           "no group of several reports failed")

    def test_files_that_may_not_grow_refuse_until_they_may(self):
        """A file size limit (EFBIG), which no mount is needed for."""
        server = self.server(
            args=("--sqliteOpts", "wal_autocheckpoint=50"))
        server.create_account("acme")
        token = server.create_source("admin1", "acme")
        server.start()
        crowd = self.crowd(server, token, pause_secs=0.05)
        unlimited = resource.RLIM_INFINITY
        for _ in range(5):
            refused = crowd.count("refused")
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE,
                             (4096, unlimited))
            self.wait_until(lambda: crowd.count("refused") >= refused + 8,
                            "the limit is met")
            self.assertEqual(server.curl("/healthz").status, 200)
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE,
                             (unlimited, unlimited))
            answered = crowd.count()
            self.wait_until(lambda: crowd.count() >= answered + 8,
                            "reports are taken when there is room")
        self.finish(server, crowd)
        print(f"# seed {SEED}: {crowd}")

    if PRIVATE_MOUNTS:
        def test_a_file_system_that_is_full_refuses_until_there_is_room(self):
            server = self.server(
                args=("--sqliteOpts", "wal_autocheckpoint=50"))
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700",
                            "tmpfs", server.db], check=True)
            self.addCleanup(subprocess.run, ["umount", server.db], check=True)
            self.addCleanup(server.close)
            server.create_account("acme")
            token = server.create_source("admin1", "acme")
            server.start()
            # Slow enough that the reports themselves do not need the 2 MB.
            crowd = self.crowd(server, token, pause_secs=0.05)
            filler = os.path.join(server.db, "filler")
            for _ in range(5):
                fill(filler)
                refused = crowd.count("refused")
                self.wait_until(lambda: crowd.count("refused") >= refused + 8,
                                "the full file system is met")
                self.assertEqual(server.curl("/healthz").status, 200)
                os.remove(filler)
                answered = crowd.count()
                self.wait_until(lambda: crowd.count() >= answered + 8,
                                "reports are taken when there is room")
            self.finish(server, crowd)
            print(f"# seed {SEED}: {crowd}")


def hide_mounts():
    """Starts this file again where nobody else sees its mounts, and where
    they are gone with it."""
    inside = ["unshare", "--mount"]
    if os.geteuid() == 0 and subprocess.run(
            inside + ["true"], stderr=subprocess.DEVNULL,
            check=False).returncode == 0:
        os.environ["PRIVATE_MOUNTS"] = "yes"
        os.execvp(inside[0], inside + [sys.executable] + sys.argv)


if __name__ == "__main__":
    if not PRIVATE_MOUNTS:
        hide_mounts()
    support.main()
