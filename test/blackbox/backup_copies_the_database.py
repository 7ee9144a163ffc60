"""backup: one file of one state, whole or not at all, that verify knows and
that takes over for the database."""

import os
import re
import resource
import signal
import stat
import subprocess

import support
from support.rows import query

PRINTED = re.compile(
    r"ledger_head=(sha256:[0-9a-f]{64}) facts=(\d+) size_bytes=(\d+)\n")


def read(path):
    with open(path, "rb") as f:
        return f.read()


class BackupCopiesTheDatabase(support.TestCase):
    def begin(self):
        """A server that runs, with a report; its token."""
        server = self.server()
        server.create_account("acme")
        server.create_rate("acme", "0.03")
        token = server.create_source("admin1", "acme")
        server.start()
        self.head = self.send(server, token)
        return server, token

    def send(self, server, token, report=None):
        report = report or support.make_report([support.make_volume(2**40)])
        answer = server.send_report(token, report)
        self.assertEqual(answer.status, 201)
        return answer.json()["ledger_head"]

    def backup(self, server, path, *words):
        """(head, facts) as printed."""
        said = PRINTED.fullmatch(server.ok("backup", "-o", path, *words))
        self.assertEqual(int(said.group(3)), os.path.getsize(path))
        return said.group(1), int(said.group(2))

    def refused(self, server, path, *words, **options):
        """What is said, when nothing is done."""
        before = set(os.listdir(server.folder))
        result = server.cli("backup", "-o", path, *words, **options)
        self.assertEqual((result.code, result.stdout), (1, ""))
        self.assertEqual(set(os.listdir(server.folder)), before)
        return result.stderr

    def test_a_copy_is_of_one_state_and_has_the_ledgers_head(self):
        server, token = self.begin()
        copy = os.path.join(server.folder, "copy.db")
        head, facts = self.backup(server, copy)
        self.assertEqual(head, self.head)
        self.send(server, token)
        said = server.ok("verify", "--deep", "--anchor", head, copy, db=False)
        self.assertIn(f"ledger head, of fact {facts}: {head}\n", said)
        # By its folder, too.
        place = os.path.join(server.folder, "place")
        os.mkdir(place, 0o700)
        os.rename(copy, os.path.join(place, "stat.db"))
        self.assertIn(head, server.ok("verify", "--dbFolder", place, db=False))

    def test_a_copy_is_for_its_owner_alone(self):
        server, _ = self.begin()
        copy = os.path.join(server.folder, "copy.db")
        old = os.umask(0)
        try:
            self.backup(server, copy)
        finally:
            os.umask(old)
        self.assertEqual(stat.S_IMODE(os.stat(copy).st_mode), 0o600)
        self.assertEqual([name for name in os.listdir(server.folder)
                          if "copy" in name], ["copy.db"])

    def test_a_file_that_is_there_is_overwritten_by_force_only(self):
        server, token = self.begin()
        copy = os.path.join(server.folder, "copy.db")
        with open(copy, "wb") as f:
            f.write(b"mine")
        self.assertIn("--force", self.refused(server, copy))
        self.assertEqual(read(copy), b"mine")
        self.assertEqual(self.backup(server, copy, "--force")[0], self.head)
        after = self.send(server, token)
        self.assertEqual(self.backup(server, copy, "--force")[0], after)

    def test_a_database_is_never_overwritten(self):
        server, _ = self.begin()
        own = os.path.join(server.db, "stat.db")
        self.assertIn("in use", self.refused(server, own, "--force"))
        server.stop()
        before = read(own)
        link = os.path.join(server.folder, "link")
        os.symlink(server.db, link)
        for path in (own, os.path.join(link, "stat.db")):
            self.refused(server, path, "--force")
        self.assertEqual(read(own), before)

    def test_a_folder_behind_a_link_is_a_folder(self):
        server, _ = self.begin()
        os.mkdir(os.path.join(server.folder, "far"))
        os.symlink("far", os.path.join(server.folder, "near"))
        self.backup(server, os.path.join(server.folder, "near", "copy.db"))
        self.assertEqual(os.listdir(os.path.join(server.folder, "far")),
                         ["copy.db"])

    def test_paths_that_cannot_be_written_are_named(self):
        server, _ = self.begin()
        for path in (server.folder, server.folder + "/", "nowhere/copy.db"):
            self.assertIn(path.rstrip("/").split("/")[0],
                          self.refused(server, path))
        self.assertEqual(server.cli("backup").code, 2)

    def test_a_signal_leaves_nothing(self):
        server, _ = self.begin()
        copy = os.path.join(server.folder, "copy.db")

        def end_at_once():
            # It waits until somebody looks.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            os.kill(os.getpid(), signal.SIGTERM)

        before = set(os.listdir(server.folder))
        done = subprocess.run(
            support.binary() + ["backup", "-o", copy, "--dbFolder", server.db],
            preexec_fn=end_at_once, capture_output=True, text=True,
            check=False, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("stopped by a signal", done.stderr)
        self.assertEqual(set(os.listdir(server.folder)), before)

    def test_a_disk_without_room_leaves_nothing(self):
        server, _ = self.begin()
        copy = os.path.join(server.folder, "copy.db")

        def little_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

        before = set(os.listdir(server.folder))
        done = subprocess.run(
            support.binary() + ["backup", "-o", copy, "--dbFolder", server.db],
            preexec_fn=little_room, capture_output=True, text=True,
            check=False, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("no room for the copy", done.stderr)
        self.assertEqual(set(os.listdir(server.folder)), before)

    def test_a_server_goes_on_with_an_older_copy(self):
        server, token = self.begin()
        copy = os.path.join(server.folder, "copy.db")
        self.backup(server, copy)
        late = support.make_report([support.make_volume(2**41)])
        head = self.send(server, token, late)
        server.stop()
        for name in os.listdir(server.db):
            os.remove(os.path.join(server.db, name))
        os.rename(copy, os.path.join(server.db, "stat.db"))
        server.start()
        # What the copy does not know is new, with another receipt or not.
        self.send(server, token, late)
        self.assertEqual(server.send_report(token, late).status, 200)
        self.assertEqual(query(server, "SELECT count(*) FROM sample"), [(2,)])
        server.stop()
        server.ok("verify", "--deep")
        self.assertTrue(head)


if __name__ == "__main__":
    support.main()
